//! Conforming portraits against the card's geometry, by where they were truly drawn and by what is seen in the picture.

use rayon::prelude::*;

use super::*;

/// Looks that conform; small turns included.
fn conforming() -> Vec<Look> {
    let plain = Look::default();
    vec![
        plain.clone(),
        Look { glasses: Glasses::Clear, ..plain.clone() },
        Look { headwear: Headwear::Scarf, ..plain.clone() },
        Look { old: true, skin: Some(6), ..plain.clone() },
        Look { yaw: 2.0, pitch: -2.0, roll: 2.0, ..plain },
    ]
}

/// First row with several pixels of another colour than white.
fn top_row(picture: &Rgb) -> u32 {
    let coloured = |y: u32| (0..picture.width).filter(|x| picture.at(*x, y).into_iter().min() < Some(190)).count();
    (0..picture.height).find(|y| coloured(*y) >= 5).unwrap_or(picture.height)
}

/// Room kept to each limit: the gallery moves portraits by 3 pixels.
const ROOM: f64 = 3.5;

fn complaints(seed: u64, look: &Look) -> Vec<String> {
    let (picture, truth) = portrait_with_truth(seed, look);
    let [x, y] = truth.eye_middle();
    let within = |what: &str, value: f64, from: f64, to: f64| (!(from..=to).contains(&value)).then(|| format!("seed {seed} {look:?}: {what} {value:.1}"));
    [
        within("eye middle", x, 162.0 + ROOM, 196.0 - ROOM),
        within("eye line from the bottom", f64::from(HEIGHT) - y, 207.0 + 5.0 + ROOM, 330.0),
        within("face width", truth.face_width(), 185.0, 225.0),
        within("hair top", truth.hair_top, 7.0 + ROOM, 21.0 - ROOM),
        within("hair top as seen", f64::from(top_row(&picture)), 7.0 + ROOM, 21.0 - ROOM),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[test]
fn conforming_portraits_meet_the_geometry_rule_with_room_to_spare() {
    let bad: Vec<String> = (0..40u64).into_par_iter().flat_map_iter(|seed| conforming().into_iter().flat_map(move |look| complaints(seed, &look))).collect();
    assert!(bad.is_empty(), "{bad:#?}");
}

#[test]
fn a_straight_head_has_level_eyes_and_roll_tilts_them_by_its_angle() {
    let tilt = |roll: f64| {
        let [right, left] = portrait_with_truth(3, &Look { roll, ..Look::default() }).1.eyes();
        (left[1] - right[1]).atan2(left[0] - right[0]).to_degrees()
    };
    assert!(tilt(0.0).abs() < 0.3, "{}", tilt(0.0));
    assert!((tilt(12.0) - 12.0).abs() < 0.6, "{}", tilt(12.0));
}

#[test]
fn placing_moves_and_enlarges_the_face() {
    let truth = |placing| portrait_with_truth(4, &Look { placing, ..Look::default() }).1;
    let straight = truth(Placing { scale: 1.0, right: 0.0, down: 0.0 });
    let moved = truth(Placing { scale: 0.7, right: 30.0, down: 5.0 });
    assert!((moved.eye_middle()[0] - straight.eye_middle()[0] - 30.0).abs() < 2.0);
    assert!((moved.face_width() / straight.face_width() - 0.7).abs() < 0.01);
}
