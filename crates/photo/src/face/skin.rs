//! Which pixels look like this sitter's own skin: compared with patches that are nearly always bare, with lightness weighing less than
//! colour, so that light and shade don't count as cover. No tone is assumed.

use card::profile::photo::face::FaceRules;

use super::landmarks::{self, Landmarks};
use super::plate::{Lab, Plate};
use super::region::Region;
use crate::pixels::lab::PARTS;
use crate::refusal::Area;

/// Patches that show skin on most people.
pub(super) struct Patches {
    pub right_cheek: Region,
    pub left_cheek: Region,
    pub between_brows: Region,
    pub forehead: Region,
}

impl Patches {
    pub(super) fn of(face: &Landmarks, bounds: Area) -> Self {
        let patch = |points: &[usize]| Region::polygon(&face.corners(points, (1.0, 1.0)), bounds);
        Self {
            right_cheek: patch(&landmarks::RIGHT_CHEEK),
            left_cheek: patch(&landmarks::LEFT_CHEEK),
            between_brows: patch(&landmarks::BETWEEN_BROWS),
            forehead: patch(&landmarks::FOREHEAD),
        }
    }

    pub(super) fn cheeks(&self) -> Region {
        self.right_cheek.clone().and(self.left_cheek.clone())
    }
}

/// How near a colour must be to a reference to be skin.
pub(super) struct Likeness {
    /// Both × `SCALE`.
    lightness_weight: i64,
    distance_square_max: i64,
    /// A pixel so much darker than skin and so colourless is a hair of the beard.
    hair_darker_by: i64,
    hair_chroma_max: i64,
}

const SCALE: i64 = 1_000;

impl Likeness {
    pub(super) fn new(rules: &FaceRules) -> Self {
        let scaled = |v: f64| (v * SCALE as f64).round() as i64;
        let parts = |v: f64| (v * f64::from(PARTS)).round() as i64;
        let distance = scaled(rules.skin_distance_max) * i64::from(PARTS);
        Self {
            lightness_weight: scaled(rules.skin_lightness_weight),
            distance_square_max: distance.saturating_mul(distance),
            hair_darker_by: parts(rules.beard_darker_by_min),
            hair_chroma_max: parts(rules.beard_chroma_max),
        }
    }

    pub(super) fn is_skin(&self, colour: Lab, reference: Lab) -> bool {
        let [l, a, b]: [i64; 3] = std::array::from_fn(|i| i64::from(colour[i]) - i64::from(reference[i]));
        let (l, a, b) = (l * self.lightness_weight, a * SCALE, b * SCALE);
        l * l + a * a + b * b <= self.distance_square_max
    }

    fn is_beard(&self, colour: Lab, reference: Lab) -> bool {
        let [l, a, b] = colour.map(i64::from);
        i64::from(reference[0]) - l >= self.hair_darker_by && a * a + b * b <= self.hair_chroma_max * self.hair_chroma_max
    }
}

/// Share of the forehead that looks like the cheeks.
pub(super) fn forehead_share(plate: &Plate, patches: &Patches, likeness: &Likeness) -> f64 {
    let Some(cheeks) = plate.median_colour(&patches.cheeks()) else { return 0.0 };
    share(plate, &patches.forehead, |colour| likeness.is_skin(colour, cheeks))
}

/// Share of the lower face that looks like the skin between the brows: of the nose, or of mouth and chin with their beard, whichever is
/// less. Cheeks can't be asked: a mask covers them too.
pub(super) fn lower_face_share(plate: &Plate, face: &Landmarks, patches: &Patches, likeness: &Likeness) -> (f64, Region) {
    let zone = |points: &[usize]| Region::polygon(&face.corners(points, (1.0, 1.0)), plate.area);
    let (nose, mouth) = (zone(&landmarks::NOSE_ZONE), zone(&landmarks::MOUTH_ZONE));
    let Some(skin) = plate.median_colour(&patches.between_brows) else { return (0.0, mouth) };
    let of_nose = share(plate, &nose, |colour| likeness.is_skin(colour, skin));
    let of_mouth = share(plate, &mouth, |colour| likeness.is_skin(colour, skin) || likeness.is_beard(colour, skin));
    (of_nose.min(of_mouth), nose.and(mouth))
}

fn share(plate: &Plate, region: &Region, is: impl Fn(Lab) -> bool) -> f64 {
    plate.places(region).filter(|i| is(plate.lab[*i])).count() as f64 / region.pixels().max(1) as f64
}
