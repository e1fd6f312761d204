//! What goes wrong with the person rather than the file: pose, place, expression, covering, marks, light, and who else is there.
//! Each fault draws its own portrait, because pose and headgear can't be put into a finished picture.

use super::background::background_share;
use super::{Shot, optics};
use crate::dice::Dice;
use crate::jpeg;
use crate::portrait::{Look, Placing, Truth, portrait, portrait_with_truth};
use crate::rgb::Rgb;

/// Share of a pixel from which it counts as background.
const BACKGROUND: f64 = 0.99;

/// The sitter's portrait with a changed look, as a file.
pub fn looking(shot: &Shot, change: impl FnOnce(&mut Look)) -> Vec<u8> {
    let mut look = shot.look.clone();
    change(&mut look);
    jpeg::jpeg(&portrait(shot.seed, &look))
}

pub fn placed(shot: &Shot, scale: f64, right: f64, down: f64) -> Vec<u8> {
    looking(shot, |look| look.placing = Placing { scale, right, down })
}

/// Changes the finished portrait, knowing where the face is.
fn drawn_over(shot: &Shot, change: impl FnOnce(Rgb, &Truth, &mut Dice) -> Rgb) -> Vec<u8> {
    let (picture, truth) = portrait_with_truth(shot.seed, shot.look);
    jpeg::jpeg(&change(picture, &truth, &mut Dice::new(shot.seed, "mark", 0)))
}

/// A ballpoint's stroke from cheek to cheek.
pub fn pen_line(shot: &Shot) -> Vec<u8> {
    drawn_over(shot, |mut picture, truth, dice| {
        let ([x, y], width) = (truth.eye_middle(), truth.face_width());
        let (rise, bend) = (dice.between(-30.0, 30.0), dice.between(-25.0, 25.0));
        let down = dice.between(20.0, 70.0);
        for step in 0..=400 {
            let t = f64::from(step) / 200.0 - 1.0;
            blot(&mut picture, [x + 0.46 * width * t, y + down + rise * t + bend * t * t], 1.4, [28, 44, 160], 0.92);
        }
        picture
    })
}

/// A round office stamp over a cheek: two rings and marks between them.
pub fn stamp(shot: &Shot, ink: [u8; 3]) -> Vec<u8> {
    drawn_over(shot, |mut picture, truth, dice| {
        let ([x, y], side) = (truth.eye_middle(), if dice.chance(0.5) { 1.0 } else { -1.0 });
        let centre = [x + side * dice.between(35.0, 60.0), y + dice.between(45.0, 80.0)];
        for (radius, thick) in [(38.0, 1.8), (24.0, 1.2)] {
            ring(&mut picture, centre, radius, thick, ink);
        }
        for i in 0..24 {
            let turn = f64::from(i) / 24.0 * std::f64::consts::TAU;
            for out in [28.0, 31.0, 34.0] {
                blot(&mut picture, [centre[0] + out * turn.cos(), centre[1] + out * turn.sin()], 1.6, ink, 0.8);
            }
        }
        picture
    })
}

fn ring(picture: &mut Rgb, centre: [f64; 2], radius: f64, thick: f64, ink: [u8; 3]) {
    for i in 0..360 {
        let turn = f64::from(i).to_radians();
        blot(picture, [centre[0] + radius * turn.cos(), centre[1] + radius * turn.sin()], thick, ink, 0.8);
    }
}

/// Dark specks on cheeks, forehead and chin, clear of eyes, nose and mouth.
pub fn spots_on_face(shot: &Shot, count: usize) -> Vec<u8> {
    drawn_over(shot, |mut picture, truth, dice| {
        let ([x, y], width) = (truth.eye_middle(), truth.face_width());
        for i in 0..count {
            let side = if i % 2 == 0 { 1.0 } else { -1.0 };
            let place = [x + side * width * dice.between(0.19, 0.33), y + width * dice.between(0.16, 0.50)];
            blot(&mut picture, place, dice.between(1.8, 3.0), [40, 30, 28], 0.95);
        }
        picture
    })
}

/// Dark specks on the wall, well away from the head and the edges.
pub fn spots_on_background(shot: &Shot, count: usize) -> Vec<u8> {
    drawn_over(shot, |mut picture, _, dice| {
        let share = background_share(&picture);
        let (width, height) = (picture.width as usize, picture.height as usize);
        let clear = |x: usize, y: usize| (y - 9..=y + 9).all(|v| (x - 9..=x + 9).all(|u| share[v * width + u] > BACKGROUND));
        let mut left = count;
        for _ in 0..20_000 {
            let (x, y) = (dice.within(10, width as i64 - 11) as usize, dice.within(10, height as i64 - 11) as usize);
            if left == 0 || !clear(x, y) {
                continue;
            }
            blot(&mut picture, [x as f64, y as f64], dice.between(2.0, 3.4), [110, 104, 98], 0.95);
            left -= 1;
        }
        picture
    })
}

/// Mixes ink into a disc with a soft edge.
fn blot(picture: &mut Rgb, [x, y]: [f64; 2], radius: f64, ink: [u8; 3], strength: f64) {
    let reach = radius.ceil() as i64 + 1;
    for v in y as i64 - reach..=y as i64 + reach {
        for u in x as i64 - reach..=x as i64 + reach {
            if !(0..i64::from(picture.width)).contains(&u) || !(0..i64::from(picture.height)).contains(&v) {
                continue;
            }
            let away = (u as f64 + 0.5 - x).hypot(v as f64 + 0.5 - y);
            let share = strength * (radius + 0.5 - away).clamp(0.0, 1.0);
            let old = picture.at(u as u32, v as u32);
            picture.set(u as u32, v as u32, std::array::from_fn(|k| mix(old[k], ink[k], share)));
        }
    }
}

fn mix(old: u8, new: u8, share: f64) -> u8 {
    (f64::from(old) * (1.0 - share) + f64::from(new) * share).round() as u8
}

/// Somebody else looks in from an upper corner, behind the sitter; their face is `wide` pixels from cheek to cheek.
pub fn second_face(shot: &Shot, wide: f64) -> Vec<u8> {
    drawn_over(shot, |picture, _, dice| {
        let (other, truth) = portrait_with_truth(shot.seed ^ 0x5EC0, &Look::default());
        let by = wide / truth.face_width();
        let size = |side: u32| (f64::from(side) * by).round() as u32;
        let small = optics::resized(&other, size(other.width), size(other.height));
        let [x, y] = truth.eye_middle().map(|v| v * by);
        let place = [0.5 * wide + dice.between(6.0, 10.0), 0.75 * wide + dice.between(6.0, 14.0)];
        let from_right = dice.chance(0.5);
        let left = if from_right { f64::from(picture.width) - place[0] - x } else { place[0] - x };
        behind(&picture, &small, left.round() as i64, (place[1] - y).round() as i64)
    })
}

/// A small picture before white, put behind the sitter.
fn behind(picture: &Rgb, small: &Rgb, left: i64, top: i64) -> Rgb {
    let share = background_share(picture);
    picture.map(|x, y, old| {
        let (u, v) = (i64::from(x) - left, i64::from(y) - top);
        let inside = (0..i64::from(small.width)).contains(&u) && (0..i64::from(small.height)).contains(&v);
        if !inside {
            return old;
        }
        let new = small.at(u as u32, v as u32);
        let share = share[(y * picture.width + x) as usize];
        std::array::from_fn(|k| mix(old[k], new[k].min(old[k]), share))
    })
}

/// A jug on a table.
pub fn object(shot: &Shot) -> Vec<u8> {
    let mut dice = Dice::new(shot.seed, "object", 0);
    let colour: [f64; 3] = [dice.between(40.0, 200.0), dice.between(40.0, 200.0), dice.between(40.0, 200.0)];
    let waist = dice.between(45.0, 80.0);
    let jug = Rgb::filled(crate::portrait::WIDTH, crate::portrait::HEIGHT, [255; 3]).map(|x, y, old| {
        let (dx, up) = (f64::from(x) - 179.0, f64::from(y) / 441.0);
        let half = waist + 45.0 * (up * 7.0).sin() + 20.0 * up;
        let inside = dx.abs() < half && (0.1..0.8).contains(&up);
        let table = up >= 0.8;
        let light = 0.75 + 0.25 * (1.0 - dx / half.max(1.0)).clamp(0.0, 1.5);
        if inside {
            colour.map(|c| (c * light).min(255.0) as u8)
        } else if table {
            [112, 78, 50]
        } else {
            old
        }
    });
    jpeg::jpeg(&jpeg::with_noise(&jug, 2.0))
}

/// Changes what isn't background; at the head's soft edge in part.
fn on_person(picture: &Rgb, change: impl Fn(u32, u32, [u8; 3]) -> [f64; 3]) -> Rgb {
    let share = background_share(picture);
    picture.map(|x, y, old| {
        let new = change(x, y, old);
        let person = 1.0 - share[(y * picture.width + x) as usize];
        std::array::from_fn(|k| mix(old[k], new[k].clamp(0.0, 255.0) as u8, person))
    })
}

/// One lamp from the side: half of the face lies in the dark, the wall stays white.
pub fn side_light(shot: &Shot) -> Vec<u8> {
    drawn_over(shot, |picture, truth, dice| {
        let (middle, side) = (truth.eye_middle()[0], if dice.chance(0.5) { 1.0 } else { -1.0 });
        on_person(&picture, |x, _, old| {
            let t = side * (f64::from(x) - middle) / 22.0;
            let light = 0.28 + 0.80 / (1.0 + (-t).exp());
            old.map(|c| f64::from(c) * light)
        })
    })
}

/// Coloured light on the person only, as a bad cut-out before a white wall has it.
pub fn cast_on_person(shot: &Shot, by: [f64; 3]) -> Vec<u8> {
    drawn_over(shot, |picture, _, _| on_person(&picture, |_, _, old| std::array::from_fn(|k| f64::from(old[k]) * by[k])))
}

/// A shadow too small to make the wall anything but white, too deep to overlook.
pub fn soft_shadow(shot: &Shot) -> Vec<u8> {
    drawn_over(shot, |picture, _, _| {
        super::background::behind(&picture, |x, y| {
            let away = ((f64::from(x) - 358.0) / 46.0).hypot((f64::from(y) - 190.0) / 70.0);
            [1.0 - 0.42 / (1.0 + ((away - 0.8) * 6.0).exp()); 3]
        })
    })
}

/// The wall falls off in the upper corners.
pub fn dark_corners(shot: &Shot) -> Vec<u8> {
    drawn_over(shot, |picture, _, _| {
        super::background::behind(&picture, |x, y| {
            let corner = (f64::from(x)).min(357.0 - f64::from(x)).hypot(f64::from(y));
            [1.0 - 0.45 * (1.0 - corner / 60.0).max(0.0); 3]
        })
    })
}
