//! Ink across the face: thin strokes of a colour skin never has (photo.md §4.3). Broad patches of such a colour are no ink but a mask,
//! a veil or coloured light, which have their own rules.

use card::profile::photo::face::FaceRules;

use super::blobs::{self, Blob, places_of};
use super::plate::{Lab, Plate};
use super::stencil::Stencil;
use crate::pixels::lab::PARTS;

pub(super) struct Ink {
    /// Share of the plain skin.
    pub share: f64,
    pub worst: Option<Blob>,
}

pub(super) fn measure(plate: &Plate, stencil: &Stencil, rules: &FaceRules) -> Ink {
    let colour = Unskinlike::new(rules);
    // Width is that of the colour itself, also over brows and eyes, where strokes aren't counted.
    let inky: Vec<bool> = plate.lab.iter().map(|c| colour.is(*c)).collect();
    let mut places = places_of(inky.iter().zip(&stencil.skin).map(|(inky, skin)| *inky && *skin));
    places.retain(|i| is_thin(*i, &inky, plate, rules.ink_width_max_px as usize));
    let worst = blobs::connected(&places, plate.width(), plate.height()).into_iter().max_by_key(|b| b.pixels);
    Ink { share: places.len() as f64 / stencil.pixels.max(1) as f64, worst }
}

/// Chroma above a limit and hue outside a range.
struct Unskinlike {
    chroma_square: i32,
    /// Directions of both ends of the range, × 4,096.
    from: [i32; 2],
    to: [i32; 2],
}

impl Unskinlike {
    fn new(rules: &FaceRules) -> Self {
        let direction = |degrees: f64| {
            let (sin, cos) = degrees.to_radians().sin_cos();
            [cos, sin].map(|v| (v * 4_096.0).round() as i32)
        };
        let chroma = (rules.ink_chroma_min * f64::from(PARTS)) as i32;
        Self { chroma_square: chroma.saturating_mul(chroma), from: direction(rules.skin_hue_from_deg), to: direction(rules.skin_hue_to_deg) }
    }

    fn is(&self, [_, a, b]: Lab) -> bool {
        // Neither is as much as 16,384: no product leaves 32 bits.
        let (a, b) = (i32::from(a), i32::from(b));
        // The range is less than half a turn: skin lies left of its start and right of its end.
        let skin = || self.from[0] * b - self.from[1] * a >= 0 && self.to[0] * b - self.to[1] * a <= 0;
        a * a + b * b > self.chroma_square && !skin()
    }
}

/// Whether the run of marked pixels through this one is short along either axis.
fn is_thin(i: usize, inky: &[bool], plate: &Plate, width_max: usize) -> bool {
    let (x, y) = (i % plate.width(), i / plate.width());
    let run = |room_before: usize, room_after: usize, step: usize| {
        let before = (1..=room_before.min(width_max)).take_while(|n| inky[i - n * step]).count();
        let after = (1..=room_after.min(width_max)).take_while(|n| inky[i + n * step]).count();
        before + 1 + after
    };
    run(x, plate.width() - 1 - x, 1) <= width_max || run(y, plate.height() - 1 - y, plate.width()) <= width_max
}
