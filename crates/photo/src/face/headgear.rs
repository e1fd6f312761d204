//! What is above the forehead: hair, bare scalp, or cloth. Cloth is smooth without being skin, or has a colour hair doesn't grow in.
//! Black, brown and patterned caps look like hair to this; declared or not is the application's business.

use card::profile::photo::face::FaceRules;

use super::landmarks::{HAIRLINE, Landmarks, PARTS};
use super::plate::Plate;
use super::region::Region;
use super::skin::{Likeness, Patches};
use crate::pixels::lab;

/// How far above the hairline is looked, as shares of T: past the fringe's soft edge, below the crown.
pub(super) const FROM: f64 = 0.06;
pub(super) const TO: f64 = 0.22;

/// The band above the hairline.
pub(super) fn band(face: &Landmarks, plate: &Plate) -> Region {
    let t = face.eyes_to_chin();
    let [cx, cy] = face.at(super::landmarks::CHIN);
    let up = {
        let [x, y] = face.at(HAIRLINE[HAIRLINE.len() / 2]);
        let length = super::landmarks::between([x, y], [cx, cy]).max(1.0);
        [(x - cx) / length, (y - cy) / length]
    };
    let raised = |i: &usize, by: f64| {
        let [x, y] = face.at(*i);
        [x + up[0] * by * t, y + up[1] * by * t].map(|v| (v * f64::from(PARTS)).round() as i32)
    };
    let inner = &HAIRLINE[1..HAIRLINE.len() - 1];
    let corners: Vec<_> = inner.iter().map(|i| raised(i, FROM)).chain(inner.iter().rev().map(|i| raised(i, TO))).collect();
    Region::polygon(&corners, plate.area)
}

/// Share of the band's pixels, background left out, that look like cloth; 0 where nothing but background is above the forehead.
pub(super) fn cloth_share(plate: &Plate, band: &Region, patches: &Patches, likeness: &Likeness, rules: &FaceRules) -> f64 {
    let skins: Vec<_> = [&patches.forehead, &patches.cheeks()].into_iter().filter_map(|p| plate.median_colour(p)).collect();
    let judge = Cloth::new(rules);
    let (mut cloth, mut all) = (0u64, 0u64);
    for i in plate.places(band) {
        let colour = plate.lab[i];
        if judge.is_background(colour) {
            continue;
        }
        all += 1;
        let skin = skins.iter().any(|s| likeness.is_skin(colour, *s));
        cloth += u64::from(judge.has_strange_hue(colour) || (!skin && judge.is_smooth(plate, i)));
    }
    if all * 2 < band.pixels() { 0.0 } else { cloth as f64 / all as f64 }
}

struct Cloth {
    chroma_square: i64,
    lightness_min: i16,
    step_max: u32,
    background_lightness: i16,
}

impl Cloth {
    fn new(rules: &FaceRules) -> Self {
        let parts = |v: f64| (v * f64::from(lab::PARTS)) as i16;
        let chroma = i64::from(parts(rules.cloth_chroma_min));
        Self {
            chroma_square: chroma * chroma,
            lightness_min: parts(rules.cloth_lightness_min),
            step_max: rules.cloth_step_max,
            background_lightness: parts(rules.cloth_background_lightness_min),
        }
    }

    fn is_background(&self, [l, ..]: [i16; 3]) -> bool {
        l >= self.background_lightness
    }

    /// Hair is yellow to red where it has any colour: b* isn't negative, a* not far below 0.
    fn has_strange_hue(&self, [_, a, b]: [i16; 3]) -> bool {
        let (a, b) = (i64::from(a), i64::from(b));
        a * a + b * b > self.chroma_square && (b < 0 || (a < 0 && -a > b))
    }

    /// Hardly a step between this pixel and those around; very dark pixels say nothing, black hair drowns there too.
    fn is_smooth(&self, plate: &Plate, i: usize) -> bool {
        let (width, n) = (plate.width(), plate.luma.len());
        if plate.lab[i][0] < self.lightness_min || i < 2 * width + 2 || i + 2 * width + 2 >= n {
            return false;
        }
        let step = |j: usize, k: usize| u32::from(plate.luma[j].abs_diff(plate.luma[k]));
        let sum = step(i - 2, i) + step(i, i + 2) + step(i - 2 * width, i) + step(i, i + 2 * width) + step(i - 1, i + 1) + step(i - width, i + width);
        sum <= self.step_max
    }
}
