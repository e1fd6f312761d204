//! How the face is lit. Nothing here says a face is too dark: deep skin would fail (photo.md §4.3).

use card::profile::photo::face::FaceRules;

use super::plate::{Plate, histogram};
use super::region::Region;
use super::skin::Patches;
use crate::pixels::lab::PARTS;

/// Mean luma of the darker cheek beside the lighter one: 1 is even light. A ratio, so that skin tone cancels out.
pub(super) fn evenness(plate: &Plate, patches: &Patches) -> f64 {
    let (right, left) = (plate.mean_luma(&patches.right_cheek), plate.mean_luma(&patches.left_cheek));
    right.min(left) / right.max(left).max(1.0)
}

/// Common part of both cheeks' luminance histograms, 0..1 (ISO/IEC 29794-5 illumination uniformity).
pub(super) fn uniformity(plate: &Plate, patches: &Patches) -> f64 {
    let [right, left] = [&patches.right_cheek, &patches.left_cheek].map(|cheek| (histogram(luminance(plate, cheek)), cheek.pixels().max(1)));
    let common = right.0.iter().zip(&left.0).map(|(r, l)| (u64::from(*r) * left.1).min(u64::from(*l) * right.1)).sum::<u64>();
    common as f64 / (right.1 * left.1) as f64
}

/// Distance of the cheeks' mean colour from the natural range of a* and b*.
pub(super) fn colour_distance(plate: &Plate, patches: &Patches, rules: &FaceRules) -> f64 {
    let cheeks = patches.cheeks();
    let mean = |axis: usize| {
        let sum: i64 = plate.places(&cheeks).map(|i| i64::from(plate.lab[i][axis])).sum();
        sum as f64 / (cheeks.pixels().max(1) as f64 * f64::from(PARTS))
    };
    let outside = |value: f64, low: f64, high: f64| (low - value).max(value - high).max(0.0);
    let a = outside(mean(1), rules.natural_a_min, rules.natural_a_max);
    a.hypot(outside(mean(2), rules.natural_b_min, rules.natural_b_max))
}

/// Luminance inside the face's outline, for the quality components of ISO/IEC 29794-5.
pub(super) struct Luminance {
    pub mean: f64,
    pub variance: f64,
    pub under: f64,
    pub over: f64,
    pub entropy_bits: f64,
}

/// Luminance up to this is under-exposed, and from that over-exposed, by definition of the components.
const UNDER: usize = 25;
const OVER: usize = 247;

pub(super) fn luminance_of(plate: &Plate, outline: &Region) -> Luminance {
    let counts = histogram(luminance(plate, outline));
    let n = outline.pixels().max(1);
    let (sum, squares) = (0u64..).zip(&counts).fold((0, 0), |(s, q), (v, c)| (s + v * u64::from(*c), q + v * v * u64::from(*c)));
    let scaled_variance = (n * squares).saturating_sub(sum * sum);
    let share = |part: &[u32]| part.iter().map(|c| u64::from(*c)).sum::<u64>() as f64 / n as f64;
    let bits = |c: &u32| if *c == 0 { 0.0 } else { -(f64::from(*c) / n as f64) * (f64::from(*c) / n as f64).log2() };
    Luminance {
        mean: sum as f64 / (n as f64 * 255.0),
        variance: scaled_variance as f64 / (n as f64 * n as f64 * 255.0 * 255.0),
        under: share(&counts[..=UNDER]),
        over: share(&counts[OVER..]),
        entropy_bits: counts.iter().map(bits).sum(),
    }
}

fn luminance<'a>(plate: &'a Plate, region: &'a Region) -> impl Iterator<Item = u8> + 'a {
    plate.places(region).map(|i| plate.luminance[i])
}
