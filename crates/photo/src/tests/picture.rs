//! Pixel rules on drawn portraits and their degradations (photo.md §4.3). Every portrait is tried, deep skin included.

use card::{Code, Effect};

use crate::forge::examine;
use crate::forge::{NONE, codes, profile};
use crate::sample::{Coding, HEIGHT, Picture, WIDTH, portrait};

const SEEDS: std::ops::Range<u32> = 0..4;

/// Codes of a picture's own faults: its file size is another matter.
fn faults(picture: &Picture) -> Vec<Code> {
    let examined = examine(&picture.jpeg(Coding::default()), &profile());
    assert!(examined.pixels.is_some());
    codes(&examined).into_iter().filter(|c| !matches!(c, Code::Pho01 | Code::Pho23)).collect()
}

/// Replaces white by a colour, lets the rest be.
fn on(picture: &Picture, background: impl Fn(usize, usize) -> [u8; 3]) -> Picture {
    picture.map(|x, y, p| if p == [255; 3] { background(x, y) } else { p })
}

fn scaled(picture: &Picture, percent: u32) -> Picture {
    picture.map(|_, _, p| p.map(|v| (u32::from(v) * percent / 100).min(255) as u8))
}

fn grey_of(p: [u8; 3]) -> u32 {
    (u32::from(p[0]) * 77 + u32::from(p[1]) * 150 + u32::from(p[2]) * 29) >> 8
}

/// A box blur, three times: close to a Gaussian.
fn blurred(picture: &Picture, half: isize) -> Picture {
    let once = |from: &Picture| {
        from.map(|x, y, _| {
            let mut sums = [0u32; 3];
            let around = |at: usize, side: usize| (-half..=half).map(move |d| at.saturating_add_signed(d).min(side - 1));
            for (x, y) in around(y, HEIGHT).flat_map(|y| around(x, WIDTH).map(move |x| (x, y))) {
                for (sum, v) in sums.iter_mut().zip(&from.0[(y * WIDTH + x) * 3..]) {
                    *sum += u32::from(*v);
                }
            }
            sums.map(|s| (s / (2 * half + 1).pow(2) as u32) as u8)
        })
    };
    once(&once(&once(picture)))
}

#[test]
fn backgrounds_that_are_not_white() {
    let colours = [("grey", [225; 3]), ("dark grey", [120; 3]), ("cream", [255, 245, 220]), ("pale blue", [215, 232, 255]), ("blue", [67, 142, 219])];
    for seed in SEEDS {
        for (name, colour) in colours {
            assert!(faults(&on(&portrait(seed), |_, _| colour)).contains(&Code::Pho13), "{name}, seed {seed}");
        }
        let gradient = on(&portrait(seed), |x, _| [255 - (x / 4) as u8; 3]);
        assert!(faults(&gradient).contains(&Code::Pho13), "gradient, seed {seed}");
        assert_eq!(faults(&on(&portrait(seed), |_, _| [246, 247, 246])), NONE, "nearly white, seed {seed}");
    }
}

#[test]
fn the_finding_says_where_the_background_fails() {
    let right = on(&portrait(1), |x, _| if x > 250 { [150; 3] } else { [255; 3] });
    let examined = examine(&right.jpeg(Coding::default()), &profile());
    let finding = examined.reasons.iter().find(|r| r.code == Code::Pho13).expect("PHO-13");
    assert!(finding.area.is_some_and(|a| a.left > 179), "{:?}", finding.area);
}

#[test]
fn tall_hair_and_wide_shoulders_do_not_spoil_the_background() {
    let tall = portrait(1).map(|x, y, p| if y < 40 && (80..278).contains(&x) { [30, 26, 24] } else { p });
    assert_eq!(faults(&tall), NONE);
    let shoulders = portrait(1).map(|x, y, p| if y > 200 + x.abs_diff(179) / 4 && p == [255; 3] { [50, 60, 90] } else { p });
    assert!(!faults(&shoulders).contains(&Code::Pho13));
}

#[test]
fn frames_and_lines() {
    let frame = |inset: usize, thickness: usize, colour: [u8; 3]| {
        move |x: usize, y: usize, p: [u8; 3]| {
            let edge = x.min(y).min(WIDTH - 1 - x).min(HEIGHT - 1 - y);
            if (inset..inset + thickness).contains(&edge) { colour } else { p }
        }
    };
    for seed in SEEDS {
        for (inset, thickness, colour) in [(0, 2, [0; 3]), (0, 4, [200, 0, 0]), (6, 2, [60; 3]), (0, 3, [215; 3])] {
            let codes = faults(&portrait(seed).map(frame(inset, thickness, colour)));
            assert!(codes.contains(&Code::Pho16), "{thickness} px at {inset}, seed {seed}: {codes:?}");
        }
    }
    let line = portrait(0).map(|x, y, p| if (3..5).contains(&x) && y < 440 { [0; 3] } else { p });
    let examined = examine(&line.jpeg(Coding::default()), &profile());
    let finding = examined.reasons.iter().find(|r| r.code == Code::Pho16).expect("PHO-16");
    assert!(finding.area.is_some_and(|a| a.left == 0 && a.height == 441 && a.width < 9), "{:?}", finding.area);
}

#[test]
fn grey_and_sepia_in_colour_clothes() {
    for seed in SEEDS {
        let grey = portrait(seed).map(|_, _, p| [grey_of(p) as u8; 3]);
        assert!(faults(&grey).contains(&Code::Pho20), "grey, seed {seed}");
        let sepia = portrait(seed).map(|_, _, p| [107, 95, 74].map(|w| (grey_of(p) * w / 100).min(255) as u8));
        assert!(faults(&sepia).contains(&Code::Pho20), "sepia, seed {seed}");
    }
}

#[test]
fn blank_pictures() {
    for value in [0, 128, 255] {
        let blank = Picture(vec![value; WIDTH * HEIGHT * 3]);
        assert!(faults(&blank).contains(&Code::Pho11), "all {value}");
    }
}

#[test]
fn blur_is_held_when_mild_and_refused_when_strong() {
    let effect = |picture: &Picture| {
        let examined = examine(&picture.jpeg(Coding::default()), &profile());
        examined.reasons.iter().find(|r| r.code == Code::Pho14).map(|r| r.effect)
    };
    for seed in SEEDS {
        assert_eq!(effect(&portrait(seed)), None, "sharp, seed {seed}");
        let blurred = effect(&blurred(&portrait(seed), 3));
        // In deep skin the file's own quantisation is the last detail left, which counts as some sharpness.
        assert!(blurred == Some(Effect::Reject) || (blurred == Some(Effect::Hold) && seed == 3), "blurred, seed {seed}: {blurred:?}");
    }
}

#[test]
fn a_hard_first_compression_shows_after_saving_again() {
    for seed in SEEDS {
        let hard = portrait(seed).jpeg(Coding { quality: 10, ..Coding::default() });
        let pixels = crate::decode::strictly(&hard, &profile().photo).ok().expect("decodes").into_bytes();
        assert!(faults(&Picture(pixels)).contains(&Code::Pho19), "seed {seed}");
    }
}

#[test]
fn over_exposure_is_held_and_dark_skin_is_not_a_fault() {
    let bright = scaled(&portrait(0), 160);
    assert!(faults(&bright).contains(&Code::Pho18));
    assert_eq!(faults(&portrait(3)), NONE, "deep skin");
    assert!(faults(&scaled(&portrait(1), 55)).contains(&Code::Pho13), "an under-exposed photo shows in its background");
}

#[test]
fn every_number_is_kept_where_nothing_is_wrong() {
    let examined = examine(&portrait(1).jpeg(Coding::default()), &profile());
    let json = serde_json::to_value(&examined.measurements).unwrap();
    let pixels = json["pixels"].as_object().unwrap();
    assert_eq!(pixels.len(), 9);
    assert!(pixels.values().all(|v| v.as_f64().is_some_and(f64::is_finite)));
    let back: crate::Measurements = serde_json::from_value(json).unwrap();
    assert_eq!(back.container, examined.measurements.container);
}
