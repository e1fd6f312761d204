//! Container rules (photo.md §4.1, faults.md D01–D15): one fault, its code, and nothing else.

use card::{Code, Effect};
use jpeg_encoder::{ColorType, SamplingFactor};

use crate::forge::examine;
use crate::forge::{
    DISPLAY_P3, NONE, after_start, before_marker, exif_segment, good, icc_profile, icc_segment, judged, judged_file, patched, place_of, profile, segment,
    srgb_primaries,
};
use crate::sample::{Coding, HEIGHT, WIDTH, encode, portrait};

/// A good photo brought to an exact size by a comment (up to 65,537 bytes of it).
fn of_size(bytes: usize) -> Vec<u8> {
    let good = good();
    let comment = bytes - good.len() - 4;
    after_start(&good, &segment(0xFE, &vec![b' '; comment]))
}

#[test]
fn conforming_photos_have_no_finding() {
    for seed in 0..4 {
        for sampling in [SamplingFactor::F_1_1, SamplingFactor::F_2_1, SamplingFactor::F_2_2, SamplingFactor::F_1_2] {
            for (optimised, restart_interval) in [(false, 0), (true, 0), (true, 45), (false, 7)] {
                // The encoder writes optimised photos in one scan a component: refused where colour is coarser.
                let optimised = optimised && sampling == SamplingFactor::F_1_1;
                let jpeg = portrait(seed).jpeg(Coding { quality: 97, sampling, optimised, restart_interval, ..Coding::default() });
                let examined = examine(&jpeg, &profile());
                assert!(
                    examined.reasons.is_empty(),
                    "seed {seed} {sampling:?} {optimised} {restart_interval}: {:?} {:?}",
                    examined.reasons,
                    examined.measurements
                );
                assert!(examined.pixels.is_some() && examined.stripped.is_some());
            }
        }
    }
}

#[test]
fn the_byte_limits_hold_on_both_sides() {
    let rules = profile().photo;
    let code = |bytes| crate::container::rules::file_size(bytes, &rules).map(|r| r.code);
    let expected = [
        (0, Some(Code::Pho01)),
        (39_999, Some(Code::Pho01)),
        (40_000, Some(Code::Pho23)),
        (40_959, Some(Code::Pho23)),
        (40_960, None),
        (100_000, None),
        (100_001, Some(Code::Pho23)),
        (102_400, Some(Code::Pho23)),
        (102_401, Some(Code::Pho01)),
    ];
    for (bytes, expected) in expected {
        assert_eq!(code(bytes), expected, "{bytes} bytes");
    }
}

#[test]
fn size_is_judged_on_the_file_as_it_came() {
    assert_eq!(judged(&[]), [Code::Pho01]);
    let doubtful = examine(&of_size(100_001), &profile());
    assert!(doubtful.reasons.iter().any(|r| r.code == Code::Pho23 && r.effect == Effect::Warn && r.value == "100001 bytes"));
    assert!(judged(&of_size(102_401)).contains(&Code::Pho01));
    let huge = vec![0xFF; 2 << 20];
    assert_eq!(judged(&huge), [Code::Pho01], "not read at all");
}

#[test]
fn other_formats_are_known_by_their_first_bytes() {
    let pad = |head: &[u8]| [head, &vec![0; 50_000][..]].concat();
    let formats: [(&[u8], &str); 8] = [
        (b"\x89PNG\r\n\x1A\n", "PNG"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "WebP"),
        (b"\0\0\0\x18ftypheic", "HEIC"),
        (b"GIF89a", "GIF"),
        (b"\n<svg xmlns", "SVG, XML or HTML"),
        (b"%PDF-1.7", "PDF"),
        (b"hello", "unknown format"),
        (b"\xFF\xD8\x00", "unknown format"),
    ];
    for (head, name) in formats {
        let examined = examine(&pad(head), &profile());
        assert_eq!((examined.reasons.len(), examined.reasons[0].code, examined.reasons[0].value.as_str()), (1, Code::Pho02, name));
        assert!(examined.stripped.is_none() && examined.measurements.pixels.is_none());
    }
}

#[test]
fn bytes_after_the_end_are_refused_and_left_behind() {
    for tail in [&b"\0"[..], b"PK\x03\x04zip inside", b"<html>"] {
        let jpeg = [&good()[..], tail].concat();
        let examined = examine(&jpeg, &profile());
        assert_eq!(crate::forge::codes(&examined), [Code::Pho03]);
        assert_eq!(examined.reasons[0].value, format!("{} bytes", tail.len()));
        assert_eq!(examined.stripped.unwrap().bytes, crate::strip(&good()).unwrap());
    }
}

#[test]
fn a_second_picture_is_refused() {
    let twice = [good(), good()].concat();
    assert!(judged(&twice).contains(&Code::Pho03));
    let announced = after_start(&good(), &segment(0xE2, b"MPF\0MM\0*"));
    assert_eq!(judged(&announced), [Code::Pho04]);
}

#[test]
fn wrong_sizes_are_refused_before_decoding() {
    for (width, height) in [(357, 441), (358, 440), (441, 358), (600, 800)] {
        let jpeg = encode(&vec![180; width * height * 3], (width, height), ColorType::Rgb, Coding::default());
        let examined = examine(&jpeg, &profile());
        let finding = examined.reasons.iter().find(|r| r.code == Code::Pho05).expect("PHO-05");
        assert_eq!(finding.value, format!("{width}x{height}"));
        assert!(examined.pixels.is_none());
    }
}

#[test]
fn bombs_are_refused_in_the_header() {
    for (height, width) in [(16_384u16, 16_384u16), (65_535, 65_535), (441, 65_535)] {
        let size = [height.to_be_bytes(), width.to_be_bytes()].concat();
        assert_eq!(judged(&patched(&good(), 0xC0, 5, &size)), [Code::Pho06]);
    }
    assert_eq!(judged(&patched(&good(), 0xC0, 5, &[0, 0])), [Code::Pho05], "a height told later (DNL)");
}

#[test]
fn only_24_bit_colour_passes() {
    let coding = Coding { quality: 100, ..Coding::default() };
    let grey = encode(&vec![99; WIDTH * HEIGHT], (WIDTH, HEIGHT), ColorType::Luma, coding);
    let cmyk = encode(&vec![99; WIDTH * HEIGHT * 4], (WIDTH, HEIGHT), ColorType::Cmyk, coding);
    for jpeg in [grey, cmyk] {
        let codes = judged(&jpeg);
        assert!(codes.contains(&Code::Pho07), "{codes:?}");
    }
    assert_eq!(judged(&patched(&good(), 0xC0, 4, &[12])), [Code::Pho07], "12 bits");
    for (process, what) in [(0xC1, "extended"), (0xC3, "lossless"), (0xC5, "hierarchical"), (0xC9, "arithmetic")] {
        assert_eq!(judged(&patched(&good(), 0xC0, 1, &[process])), [Code::Pho07], "{what}");
    }
    assert_eq!(judged(&before_marker(&good(), 0xC0, &segment(0xDE, &[8, 1, 185, 1, 102, 0]))), [Code::Pho07], "hierarchical");
}

#[test]
fn progressive_is_held_and_judged_all_the_same() {
    let jpeg = portrait(2).jpeg(Coding { progressive: true, quality: 97, ..Coding::default() });
    let examined = examine(&jpeg, &profile());
    assert_eq!(crate::forge::codes(&examined), [Code::Pho22]);
    assert_eq!(examined.effect(), Some(Effect::Hold));
    assert!(examined.pixels.is_some() && examined.measurements.container.scans.unwrap() > 1);
}

#[test]
fn more_segments_tables_restarts_or_metadata_than_a_photo_needs() {
    let many = after_start(&good(), &segment(0xE5, b"x").repeat(10_000));
    assert!(judged(&many).contains(&Code::Pho08), "10,000 segments");
    let icc = after_start(&good(), &segment(0xE2, &vec![0; 60_000]));
    assert!(judged(&icc).contains(&Code::Pho08), "60 KB in one segment");
    let tables = [0u8; 17].repeat(900);
    assert!(judged(&before_marker(&good(), 0xC0, &segment(0xC4, &tables))).contains(&Code::Pho08), "900 Huffman tables");
    let storm = portrait(1).jpeg(Coding { restart_interval: 1, ..Coding::default() });
    assert!(judged(&storm).contains(&Code::Pho08), "a restart after every unit");
}

#[test]
fn coarser_colour_in_scans_of_its_own_is_not_left_to_the_decoder() {
    let jpeg = portrait(0).jpeg(Coding { sampling: SamplingFactor::F_2_2, optimised: true, ..Coding::default() });
    let examined = examine(&jpeg, &profile());
    assert_eq!(examined.measurements.container.scans, Some(3));
    assert!(crate::forge::codes(&examined).contains(&Code::Pho08) && examined.pixels.is_none());
    assert_eq!(crate::decode(&jpeg, &profile().photo).err().map(|r| r.code), Some(Code::Pho08));
}

#[test]
fn scans_are_limited() {
    let jpeg = portrait(2).jpeg(Coding { progressive: true, quality: 97, ..Coding::default() });
    let mut profile = profile();
    profile.photo.scans_max = 3;
    assert!(crate::forge::codes(&examine(&jpeg, &profile)).contains(&Code::Pho08));
}

#[test]
fn a_turned_photo_is_refused_whatever_the_byte_order() {
    for big in [true, false] {
        let turned = after_start(&good(), &segment(0xE1, &exif_segment(6, 0, big)));
        let examined = examine(&turned, &profile());
        assert_eq!(crate::forge::codes(&examined), [Code::Pho09]);
        assert_eq!(examined.measurements.container.orientation, Some(6));
        let upright = after_start(&good(), &segment(0xE1, &exif_segment(1, 0, big)));
        assert_eq!(judged(&upright), NONE);
    }
    let endless = after_start(&good(), &segment(0xE1, &exif_segment(1, 8, true)));
    assert_eq!(judged(&endless), [Code::Pho08]);
}

#[test]
fn colour_must_be_srgb_and_ycbcr() {
    let with = |bytes: &[u8]| judged(&after_start(&good(), bytes));
    assert_eq!(with(&icc_segment(&icc_profile(srgb_primaries(), 563))), NONE);
    assert_eq!(with(&icc_segment(&icc_profile(DISPLAY_P3, 563))), [Code::Pho10]);
    assert_eq!(with(&icc_segment(b"junk")), [Code::Pho10]);
    assert_eq!(with(&segment(0xEE, b"Adobe\0\x64\0\0\0\0\x01")), NONE);
    assert_eq!(with(&segment(0xEE, b"Adobe\0\x64\0\0\0\0\x00")), [Code::Pho10]);
}

#[test]
fn components_named_rgb_are_refused() {
    let mut jpeg = good();
    let (frame, scan) = (place_of(&jpeg, 0xC0), place_of(&jpeg, 0xDA));
    for (i, id) in b"RGB".iter().enumerate() {
        jpeg[frame + 10 + i * 3] = *id;
        jpeg[scan + 5 + i * 2] = *id;
    }
    assert_eq!(judged(&jpeg), [Code::Pho10]);
}

#[test]
fn a_declared_density_other_than_350_is_told() {
    let at = place_of(&good(), 0xE0);
    let density = |unit: u8, value: u16| {
        let mut jpeg = good();
        jpeg[at + 11] = unit;
        jpeg[at + 12..at + 14].copy_from_slice(&value.to_be_bytes());
        jpeg[at + 14..at + 16].copy_from_slice(&value.to_be_bytes());
        examine(&jpeg, &profile())
    };
    assert_eq!(crate::forge::codes(&density(1, 72)), [Code::Pho24]);
    assert_eq!(density(1, 72).effect(), Some(Effect::Warn));
    for (unit, value) in [(1, 350), (2, 138), (0, 1)] {
        assert!(density(unit, value).reasons.is_empty(), "unit {unit}, {value}");
    }
}

#[test]
fn padding_does_not_make_a_photo_large_enough() {
    let small = portrait(1).jpeg(Coding { quality: 80, ..Coding::default() });
    assert!(small.len() < 39_000, "{}", small.len());
    assert_eq!(judged_file(&small), [Code::Pho01]);
    let missing = 42_000 - small.len();
    let comment = after_start(&small, &segment(0xFE, &vec![b'.'; missing]));
    assert_eq!(judged_file(&comment), [Code::Pho21]);
    let fills = before_marker(&small, 0xC0, &vec![0xFF; missing]);
    assert_eq!(judged_file(&fills), [Code::Pho21]);
    let tail = [&small[..], &vec![0; missing][..]].concat();
    assert_eq!(judged_file(&tail), [Code::Pho03, Code::Pho21]);
}

#[test]
fn several_faults_are_all_told() {
    let small = portrait(1).jpeg(Coding { quality: 80, ..Coding::default() });
    let turned = after_start(&small, &segment(0xE1, &exif_segment(8, 0, true)));
    let framed = [&turned[..], b"tail"].concat();
    assert_eq!(judged_file(&framed), [Code::Pho01, Code::Pho03, Code::Pho09]);
}

#[test]
fn the_profile_may_change_an_effect() {
    let mut profile = profile();
    profile.effects.insert("PHO-09".to_string(), Effect::Warn);
    let turned = after_start(&good(), &segment(0xE1, &exif_segment(6, 0, true)));
    assert_eq!(examine(&turned, &profile).effect(), Some(Effect::Warn));
}
