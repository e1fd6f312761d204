//! The eyes: how far open, whether behind dark glass, whether light is mirrored in them.

use card::profile::photo::face::FaceRules;

use super::blobs;
use super::landmarks::{LEFT_LIDS, Landmarks, RIGHT_LIDS};
use super::plate::Plate;
use super::region::Region;
use super::skin::Patches;
use crate::pixels::lab::PARTS;

/// Half sides of the zone a glass covers, and of the eye with its lids, as shares of the distance between the eyes.
const GLASS: (f64, f64) = (0.30, 0.20);
const EYE: (f64, f64) = (0.22, 0.13);

/// The larger gap between the lids of the eye that is less open, as a share of T.
pub(super) fn openness(face: &Landmarks) -> f64 {
    face.widest(&RIGHT_LIDS).min(face.widest(&LEFT_LIDS))
}

/// Both zones a glass covers.
pub(super) fn glasses(face: &Landmarks, plate: &Plate) -> [Region; 2] {
    zones(face, plate, GLASS)
}

fn zones(face: &Landmarks, plate: &Plate, (x, y): (f64, f64)) -> [Region; 2] {
    let between = face.eye_distance();
    face.eyes().map(|eye| Region::around(eye, (x * between, y * between), plate.area))
}

/// Light part of the lighter eye's surroundings beside the skin: the middle of cheeks, forehead and between the brows, because a mask
/// or a cap covers one of them at most two.
pub(super) fn luma_ratio(face: &Landmarks, plate: &Plate, patches: &Patches) -> f64 {
    let light = zones(face, plate, EYE).map(|zone| plate.luma_at(&zone, 75)).into_iter().max().unwrap_or(0);
    let mut skin = [&patches.cheeks(), &patches.forehead, &patches.between_brows].map(|patch| plate.luma_at(patch, 50));
    skin.sort_unstable();
    f64::from(light) / f64::from(skin[1].max(1))
}

/// The largest connected white blob of either zone as a share of the zone.
pub(super) fn glare(plate: &Plate, zones: &[Region; 2], rules: &FaceRules) -> f64 {
    let chroma = (rules.glare_chroma_max * f64::from(PARTS)) as i64;
    let white = |i: usize| {
        let [_, a, b] = plate.lab[i].map(i64::from);
        u32::from(plate.luma[i]) >= rules.glare_luma_min && a * a + b * b <= chroma * chroma
    };
    let share = |zone: &Region| {
        let marked: Vec<usize> = plate.places(zone).filter(|i| white(*i)).collect();
        let largest = blobs::connected(&marked, plate.width(), plate.height()).iter().map(|b| b.pixels).max().unwrap_or(0);
        f64::from(largest) / zone.pixels().max(1) as f64
    };
    zones.iter().map(share).fold(0.0, f64::max)
}
