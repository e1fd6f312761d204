//! Files no camera makes: segments put in, bytes cut or changed, metadata made by hand. For tests.

use card::{Code, Profile};

use crate::examination::Examination;
use crate::nets::Absent;
use crate::sample::{Coding, portrait};
use crate::sitting::Sitting;

/// The built-in rules about files and pixels; the drawn samples show no face.
pub(crate) fn profile() -> Profile {
    Profile::built_in("hubei-foreigner-2025", jiff::civil::date(2025, 6, 1)).expect("the built-in profile reads").without_faces()
}

pub(crate) fn examine(jpeg: &[u8], profile: &Profile) -> Examination {
    crate::examine(jpeg, &Sitting { profile, networks: &Absent, religious_headgear: false })
}

/// A conforming photo.
pub(crate) fn good() -> Vec<u8> {
    portrait(1).jpeg(Coding::default())
}

pub(crate) fn codes(examination: &Examination) -> Vec<Code> {
    examination.reasons.iter().map(|r| r.code).collect()
}

/// No findings.
pub(crate) const NONE: [Code; 0] = [];

/// The codes of bytes under the built-in profile.
pub(crate) fn judged(jpeg: &[u8]) -> Vec<Code> {
    codes(&examine(jpeg, &profile()))
}

/// The codes about the file, not about the picture in it.
pub(crate) fn judged_file(jpeg: &[u8]) -> Vec<Code> {
    let of_picture = [Code::Pho11, Code::Pho13, Code::Pho14, Code::Pho16, Code::Pho18, Code::Pho19, Code::Pho20];
    judged(jpeg).into_iter().filter(|c| !of_picture.contains(c)).collect()
}

pub(crate) fn segment(marker: u8, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u16 + 2).to_be_bytes();
    [&[0xFF, marker][..], &length, payload].concat()
}

/// Puts bytes right after SOI.
pub(crate) fn after_start(jpeg: &[u8], bytes: &[u8]) -> Vec<u8> {
    [&jpeg[..2], bytes, &jpeg[2..]].concat()
}

/// Where the marker first stands. Only for markers in front of the coded data.
pub(crate) fn place_of(jpeg: &[u8], marker: u8) -> usize {
    jpeg.windows(2).position(|w| w == [0xFF, marker]).expect("the marker is there")
}

pub(crate) fn before_marker(jpeg: &[u8], marker: u8, bytes: &[u8]) -> Vec<u8> {
    let at = place_of(jpeg, marker);
    [&jpeg[..at], bytes, &jpeg[at..]].concat()
}

/// Overwrites bytes of the first segment of this kind, counted from its marker.
pub(crate) fn patched(jpeg: &[u8], marker: u8, offset: usize, bytes: &[u8]) -> Vec<u8> {
    let mut out = jpeg.to_vec();
    let at = place_of(jpeg, marker) + offset;
    out[at..at + bytes.len()].copy_from_slice(bytes);
    out
}

/// An EXIF payload with an orientation; `next` is the offset of the next directory (8 = itself, 0 = none).
pub(crate) fn exif_segment(orientation: u16, next: u32, big_endian: bool) -> Vec<u8> {
    let two = |v: u16| if big_endian { v.to_be_bytes() } else { v.to_le_bytes() };
    let four = |v: u32| if big_endian { v.to_be_bytes() } else { v.to_le_bytes() };
    let head: &[u8] = if big_endian { b"MM\0*" } else { b"II*\0" };
    let entry = [&two(0x0112)[..], &two(3), &four(1), &two(orientation), &[0, 0]].concat();
    [&b"Exif\0\0"[..], head, &four(8), &two(1), &entry, &four(next)].concat()
}

pub(crate) const DISPLAY_P3: [[i32; 3]; 3] = [[33_759, 15_807, -72], [19_161, 45_364, 2_745], [10_298, 4_365, 68_645]];

pub(crate) fn srgb_primaries() -> [[i32; 3]; 3] {
    [[28_574, 14_582, 911], [25_238, 46_983, 6_364], [9_378, 3_972, 46_799]]
}

/// A minimal matrix profile; gamma is u8Fixed8 (563 = 2.2).
pub(crate) fn icc_profile(primaries: [[i32; 3]; 3], gamma: u16) -> Vec<u8> {
    let mut profile = vec![0u8; 128];
    profile[16..20].copy_from_slice(b"RGB ");
    profile[36..40].copy_from_slice(b"acsp");
    profile.extend(6u32.to_be_bytes());
    let data = 132 + 6 * 12;
    for (i, tag) in [b"rXYZ", b"gXYZ", b"bXYZ"].iter().enumerate() {
        put_tag(&mut profile, tag, data + i as u32 * 20, 20);
    }
    for tag in [b"rTRC", b"gTRC", b"bTRC"] {
        put_tag(&mut profile, tag, data + 60, 14);
    }
    for xyz in primaries {
        profile.extend(*b"XYZ \0\0\0\0");
        profile.extend(xyz.iter().flat_map(|v| v.to_be_bytes()));
    }
    profile.extend(*b"curv\0\0\0\0\0\0\0\x01");
    profile.extend(gamma.to_be_bytes());
    profile
}

fn put_tag(profile: &mut Vec<u8>, tag: &[u8; 4], offset: u32, size: u32) {
    profile.extend(tag);
    profile.extend(offset.to_be_bytes());
    profile.extend(size.to_be_bytes());
}

/// One APP2 with a whole ICC profile.
pub(crate) fn icc_segment(profile: &[u8]) -> Vec<u8> {
    segment(0xE2, &[&b"ICC_PROFILE\0\x01\x01"[..], profile].concat())
}
