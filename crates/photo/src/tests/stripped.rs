//! The validated JPEG: the same pixels, nothing else, always the same bytes.

use card::Code;

use crate::forge::examine;
use crate::forge::{after_start, before_marker, exif_segment, good, icc_profile, icc_segment, profile, segment, srgb_primaries};
use crate::sample::{Coding, portrait};
use crate::{decode, strip, thumbnail};

fn bytes(result: Result<Vec<u8>, crate::Refusal>) -> Vec<u8> {
    result.unwrap_or_else(|r| panic!("{r}"))
}

fn talkative() -> Vec<u8> {
    let jpeg = after_start(&good(), &segment(0xE1, &exif_segment(1, 0, true)));
    let jpeg = before_marker(&jpeg, 0xDB, &icc_segment(&icc_profile(srgb_primaries(), 563)));
    let jpeg = before_marker(&jpeg, 0xDA, &segment(0xFE, b"a comment with a canary in it"));
    before_marker(&jpeg, 0xC4, &[0xFF, 0xFF, 0xFF])
}

#[test]
fn nothing_but_the_picture_stays() {
    let stripped = bytes(strip(&talkative()));
    assert_eq!(stripped, bytes(strip(&good())));
    for gone in [&b"canary"[..], b"Exif", b"ICC_PROFILE"] {
        assert!(memchr::memmem::find(&talkative(), gone).is_some() && memchr::memmem::find(&stripped, gone).is_none());
    }
}

#[test]
fn the_pixels_stay_the_same() {
    let rules = profile().photo;
    for (progressive, restart_interval) in [(false, 0), (false, 45), (true, 0), (true, 9)] {
        let coding = Coding { progressive, restart_interval, ..Coding::default() };
        let jpeg = after_start(&portrait(2).jpeg(coding), &segment(0xED, b"Photoshop 3.0\0"));
        let (before, after) = (decode(&jpeg, &rules).ok().unwrap(), decode(&bytes(strip(&jpeg)), &rules).ok().unwrap());
        assert!(before == after, "{progressive} {restart_interval}");
    }
}

#[test]
fn coded_data_is_copied_untouched() {
    let (whole, stripped) = (talkative(), bytes(strip(&talkative())));
    let scan = |b: &[u8]| b[memchr::memmem::rfind(b, &[0xFF, 0xDA]).unwrap()..].to_vec();
    assert_eq!(scan(&whole), scan(&stripped));
}

#[test]
fn stripping_twice_changes_nothing() {
    for jpeg in [good(), talkative(), portrait(0).jpeg(Coding { progressive: true, ..Coding::default() })] {
        let once = bytes(strip(&jpeg));
        assert_eq!(bytes(strip(&once)), once);
    }
}

#[test]
fn density_stays_and_a_jfif_thumbnail_goes() {
    let at = crate::forge::place_of(&good(), 0xE0);
    let jfif = [&good()[at + 4..at + 16], &[2, 1], &[9; 6]].concat();
    let without = [&good()[..at], &good()[at + 18..]].concat();
    let with_thumbnail = after_start(&without, &segment(0xE0, &jfif));
    assert_eq!(bytes(strip(&with_thumbnail)), bytes(strip(&good())));
    assert_eq!(examine(&bytes(strip(&with_thumbnail)), &profile()).measurements.container.density_dpi, Some(350));
}

#[test]
fn an_unusual_colour_transform_is_kept() {
    let adobe = segment(0xEE, b"Adobe\0\x64\0\0\0\0\x00");
    let stripped = bytes(strip(&after_start(&good(), &adobe)));
    assert!(memchr::memmem::find(&stripped, &adobe).is_some());
    let usual = after_start(&good(), &segment(0xEE, b"Adobe\0\x64\0\0\0\0\x01"));
    assert_eq!(bytes(strip(&usual)), bytes(strip(&good())));
}

#[test]
fn what_cannot_be_followed_cannot_be_stripped() {
    assert_eq!(strip(b"GIF89a").err().map(|r| r.code), Some(Code::Pho02));
    assert_eq!(strip(&good()[..3_000]).err().map(|r| r.code), Some(Code::Pho04));
}

#[test]
fn the_examination_gives_the_stripped_file() {
    let examined = examine(&talkative(), &profile());
    let stripped = examined.stripped.unwrap();
    assert_eq!(stripped.bytes, bytes(strip(&good())));
    assert_eq!(stripped.digest(), card::Digest::of(&stripped.bytes));
    assert_eq!(examined.measurements.container.image_bytes, Some(stripped.bytes.len() as u64));
}

#[test]
fn the_same_photo_gives_the_same_examination() {
    let measured = |jpeg: &[u8]| serde_json::to_string(&examine(jpeg, &profile()).measurements).unwrap();
    assert_eq!(measured(&talkative()), measured(&talkative()));
}

#[test]
fn thumbnails_have_their_size_and_the_picture_in_it() {
    let rgb = decode(&good(), &profile().photo).ok().unwrap();
    let small = thumbnail(&rgb, 90, 110);
    assert_eq!((small.width(), small.height(), small.bytes().len()), (90, 110, 90 * 110 * 3));
    let at = |x: usize, y: usize| &small.bytes()[(y * 90 + x) * 3..][..3];
    assert_eq!(at(2, 2), [255u8; 3], "white corner");
    assert!(at(45, 45)[0] < 252, "a face in the middle");
    assert_eq!(thumbnail(&rgb, 0, 0).bytes().len(), 3);
}
