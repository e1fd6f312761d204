//! Which pixels of the plate are plain facial skin: inside the outline, without eyes, brows, lips and nostrils.

use super::landmarks::{self, Landmarks};
use super::plate::Plate;
use super::region::Region;

/// The outline drawn in, so that hair and background at its edge don't count.
const DRAWN_IN: f64 = 0.93;
/// Features with their shadows and lashes.
const EYE: (f64, f64) = (1.45, 2.6);
const BROW: (f64, f64) = (1.2, 1.8);
const LIPS: (f64, f64) = (1.15, 1.3);
const NOSE: (f64, f64) = (1.15, 1.3);

pub(super) struct Stencil {
    /// Per plate pixel.
    pub skin: Vec<bool>,
    pub pixels: u64,
}

impl Stencil {
    pub(super) fn of(face: &Landmarks, plate: &Plate) -> Self {
        let mut stencil = Self { skin: vec![false; plate.luma.len()], pixels: 0 };
        stencil.set(face, plate, &landmarks::OVAL, (DRAWN_IN, DRAWN_IN), true);
        for (points, stretch) in features() {
            stencil.set(face, plate, points, stretch, false);
        }
        stencil.pixels = stencil.skin.iter().filter(|s| **s).count() as u64;
        stencil
    }

    fn set(&mut self, face: &Landmarks, plate: &Plate, points: &[usize], stretch: (f64, f64), to: bool) {
        let region = Region::polygon(&face.corners(points, stretch), plate.area);
        plate.runs(&region).for_each(|run| self.skin[run].fill(to));
    }
}

fn features() -> [(&'static [usize], (f64, f64)); 6] {
    use landmarks::*;
    [(&RIGHT_EYE, EYE), (&LEFT_EYE, EYE), (&RIGHT_BROW, BROW), (&LEFT_BROW, BROW), (&OUTER_LIPS, LIPS), (&NOSE_BASE, NOSE)]
}
