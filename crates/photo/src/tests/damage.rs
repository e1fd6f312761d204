//! Damaged files: a cut is found wherever it is, and nothing an enemy or a bad disk writes makes the examination panic.

use std::sync::LazyLock;

use card::Code;
use jpeg_encoder::SamplingFactor;
use proptest::prelude::*;

use crate::forge::examine;
use crate::forge::{before_marker, good, judged, place_of, profile, segment};
use crate::sample::{Coding, portrait};
use crate::{decode, strip};

/// Written by libjpeg with successive approximation, which the test encoder can't do: a drawn portrait (no real person).
const REFINED: &[u8] = include_bytes!("../../fixtures/progressive-refined.jpg");

/// Small files of every kind of coding, by name.
static VARIANTS: LazyLock<Vec<(&'static str, Vec<u8>)>> = LazyLock::new(|| {
    let small = Coding { quality: 60, ..Coding::default() };
    let write = |coding: Coding| portrait(3).jpeg(coding);
    vec![
        ("baseline", write(small)),
        ("optimised 4:2:0", write(Coding { sampling: SamplingFactor::F_2_2, optimised: true, ..small })),
        ("restarts", write(Coding { restart_interval: 45, ..small })),
        ("progressive", write(Coding { progressive: true, ..small })),
        ("progressive 4:2:0 restarts", write(Coding { progressive: true, sampling: SamplingFactor::F_2_2, restart_interval: 23, ..small })),
        ("progressive, refined", REFINED.to_vec()),
    ]
});

fn damaged(jpeg: &[u8]) -> bool {
    judged(jpeg).contains(&Code::Pho04)
}

#[test]
fn whole_files_are_not_damaged() {
    for (name, jpeg) in &*VARIANTS {
        assert!(!damaged(jpeg), "{name}: {:?}", examine(jpeg, &profile()).reasons);
    }
}

#[test]
fn the_refined_file_really_refines() {
    let scans = examine(REFINED, &profile()).measurements.container.scans;
    assert_eq!(scans, Some(10));
}

/// Cuts at some 60 places, bare and with a false EOI.
#[test]
fn every_cut_is_found() {
    for (name, jpeg) in &*VARIANTS {
        for i in 1..60 {
            let cut = &jpeg[..(jpeg.len() - 2) * i / 60];
            assert!(cut.len() < 3 || damaged(cut), "{name} cut at {}", cut.len());
            let closed = [cut, &[0xFF, 0xD9]].concat();
            assert!(damaged(&closed), "{name} cut at {} and closed", cut.len());
        }
    }
}

#[test]
fn the_last_bytes_matter() {
    for (name, jpeg) in &*VARIANTS {
        for missing in 1..12 {
            let cut = &jpeg[..jpeg.len() - 2 - missing];
            assert!(damaged(cut) && damaged(&[cut, &[0xFF, 0xD9]].concat()), "{name} lacks {missing} bytes");
        }
        assert!(damaged(&jpeg[..jpeg.len() - 1]) && damaged(&jpeg[..jpeg.len() - 2]), "{name} lacks its end marker");
    }
}

#[test]
fn a_progressive_file_cut_between_scans_is_incomplete() {
    for name in ["progressive", "progressive, refined"] {
        let (_, jpeg) = VARIANTS.iter().find(|v| v.0 == name).unwrap();
        let last_scan = memchr::memmem::rfind(jpeg, &[0xFF, 0xDA]).unwrap();
        let tables = memchr::memmem::rfind(&jpeg[..last_scan], &[0xFF, 0xC4]).filter(|at| last_scan - at < 200).unwrap_or(last_scan);
        let cut = [&jpeg[..tables], &[0xFF, 0xD9]].concat();
        assert!(damaged(&cut), "{name}");
    }
}

#[test]
fn more_data_than_units_is_found() {
    let jpeg = good();
    let end = jpeg.len() - 2;
    let longer = [&jpeg[..end], &[0x55, 0x55], &jpeg[end..]].concat();
    assert!(damaged(&longer));
}

#[test]
fn structure_must_be_in_order() {
    let good = good();
    let cases = [
        ("two frames", before_marker(&good, 0xDA, &segment(0xC0, &[8, 1, 185, 1, 102, 1, 1, 0x11, 0]))),
        ("second start", before_marker(&good, 0xC0, &[0xFF, 0xD8])),
        ("restart outside a scan", before_marker(&good, 0xC0, &[0xFF, 0xD0])),
        ("garbage between segments", before_marker(&good, 0xC0, b"garbage")),
        ("no scan", [&good[..place_of(&good, 0xDA)], &[0xFF, 0xD9]].concat()),
        ("a height after the scan", [&good[..good.len() - 2], &segment(0xDC, &[1, 185]), &[0xFF, 0xD9]].concat()),
        ("the scan again", [&good[..good.len() - 2], &good[place_of(&good, 0xDA)..]].concat()),
        ("a table of impossible codes", before_marker(&good, 0xC0, &segment(0xC4, &[&[0u8, 3][..], &[0; 15], &[1, 2, 3]].concat()))),
        ("a zero in a quantisation table", before_marker(&good, 0xC0, &segment(0xDB, &[0; 65]))),
        ("segment length 1", before_marker(&good, 0xC0, &[0xFF, 0xE5, 0, 1])),
    ];
    for (name, jpeg) in cases {
        assert!(damaged(&jpeg), "{name}: {:?}", judged(&jpeg));
    }
}

#[test]
fn restart_markers_must_count() {
    let jpeg = portrait(1).jpeg(Coding { restart_interval: 45, ..Coding::default() });
    let second = memchr::memmem::find(&jpeg, &[0xFF, 0xD1]).unwrap();
    let mut wrong = jpeg.clone();
    wrong[second + 1] = 0xD5;
    assert!(damaged(&wrong), "out of order");
    let third = memchr::memmem::find(&jpeg, &[0xFF, 0xD2]).unwrap();
    let lost = [&jpeg[..second], &jpeg[third..]].concat();
    assert!(damaged(&lost), "an interval lost");
    let unannounced = before_marker(&good(), 0xDA, &segment(0xDD, &[0, 45]));
    assert!(damaged(&unannounced), "an interval without markers");
}

#[test]
fn decode_gives_pixels_or_a_reason() {
    let rules = profile().photo;
    let rgb = decode(&good(), &rules).unwrap_or_else(|r| panic!("{r}"));
    assert_eq!((rgb.width(), rgb.height()), (358, 441));
    assert_eq!(decode(b"\x89PNG", &rules).err().map(|r| r.code), Some(Code::Pho02));
    let half = good();
    assert_eq!(decode(&half[..half.len() / 2], &rules).err().map(|r| r.code), Some(Code::Pho04));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    /// Bytes changed anywhere, mostly in headers: any outcome but a panic (PHO-99).
    #[test]
    fn changed_bytes_never_break_the_examination(which in 0usize..6, changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), any::<bool>()), 1..12)) {
        let mut jpeg = VARIANTS[which].1.clone();
        for (place, value, early) in changes {
            let reach = if early { 700 } else { jpeg.len() };
            let at = place.index(reach);
            jpeg[at] = value;
        }
        prop_assert!(!judged(&jpeg).contains(&Code::Pho99));
        if let Ok(once) = strip(&jpeg) {
            prop_assert_eq!(strip(&once).ok(), Some(once));
        }
    }

    #[test]
    fn random_bytes_never_break_the_examination(tail in prop::collection::vec(any::<u8>(), 0..600)) {
        let jpeg = [&[0xFF, 0xD8, 0xFF][..], &tail].concat();
        prop_assert!(!judged(&jpeg).contains(&Code::Pho99));
    }
}
