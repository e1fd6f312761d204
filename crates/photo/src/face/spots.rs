//! Specks on the face: small, compact, much darker or lighter than the smooth skin around (photo.md §4.3). Moles look the same, so one
//! is nothing and more are for a person to judge.

use card::profile::photo::face::FaceRules;

use super::blobs::{self, Blob, places_of};
use super::plate::Plate;
use super::stencil::Stencil;

/// What is narrower than two of these and one more is a speck.
const RADIUS: usize = 4;
/// Gap between a speck and the ring that must be smooth.
const GAP: usize = 2;

/// All specks, the largest first.
pub(super) fn find(plate: &Plate, stencil: &Stencil, rules: &FaceRules) -> Vec<Blob> {
    let (width, height) = (plate.width(), plate.height());
    let (filled, shaved) = (closed(&plate.luma, width), opened(&plate.luma, width));
    let mut spots = Vec::new();
    for (higher, lower) in [(&filled, &plate.luma), (&plate.luma, &shaved)] {
        let stands_out = higher.iter().zip(lower).map(|(h, l)| u32::from(h - l) > rules.spot_depth_min);
        let marked = places_of(stands_out.zip(&stencil.skin).map(|(stands_out, skin)| stands_out && *skin));
        spots.extend(blobs::connected(&marked, width, height).into_iter().filter(|b| is_speck(b, rules) && has_smooth_ring(b, plate, stencil, rules)));
    }
    spots.sort_by_key(|b| (std::cmp::Reverse(b.pixels), b.top, b.left));
    spots
}

/// Compact: neither a scratch nor a single noisy pixel.
fn is_speck(blob: &Blob, rules: &FaceRules) -> bool {
    let (long, short) = (blob.width().max(blob.height()), blob.width().min(blob.height()));
    let filled = f64::from(blob.pixels) / (blob.width() * blob.height()) as f64;
    blob.pixels >= rules.spot_pixels_min && long <= 2 * RADIUS + 1 && long <= 2 * short && filled >= rules.spot_filled_min
}

/// The frame around the speck is all plain skin and hardly changes.
fn has_smooth_ring(blob: &Blob, plate: &Plate, stencil: &Stencil, rules: &FaceRules) -> bool {
    let reach = GAP + 1;
    if blob.left < reach || blob.top < reach || blob.right + reach >= plate.width() || blob.bottom + reach >= plate.height() {
        return false;
    }
    let (left, right, top, bottom) = (blob.left - reach, blob.right + reach, blob.top - reach, blob.bottom + reach);
    let sides = (left..=right).flat_map(|x| [(x, top), (x, bottom)]).chain((top..=bottom).flat_map(|y| [(left, y), (right, y)]));
    let (mut low, mut high) = (u8::MAX, u8::MIN);
    for i in sides.map(|(x, y)| y * plate.width() + x) {
        if !stencil.skin[i] {
            return false;
        }
        (low, high) = (low.min(plate.luma[i]), high.max(plate.luma[i]));
    }
    u32::from(high - low) <= rules.spot_ring_spread_max
}

/// Morphological closing with a square: the largest value nearby, then the smallest of those.
fn closed(plane: &[u8], width: usize) -> Vec<u8> {
    let dilated = square(plane, width, u8::max);
    square(&dilated, width, u8::min)
}

/// The same for what is lighter: the smallest value nearby, then the largest of those.
fn opened(plane: &[u8], width: usize) -> Vec<u8> {
    let eroded = square(plane, width, u8::min);
    square(&eroded, width, u8::max)
}

fn square(plane: &[u8], width: usize, pick: impl Fn(u8, u8) -> u8 + Copy) -> Vec<u8> {
    let down = down(plane, width, pick);
    let mut out = down.clone();
    for (row, from) in out.chunks_exact_mut(width.max(1)).zip(down.chunks_exact(width.max(1))) {
        for shift in 1..=RADIUS.min(from.len().saturating_sub(1)) {
            row.iter_mut().zip(&from[shift..]).for_each(|(a, b)| *a = pick(*a, *b));
            row[shift..].iter_mut().zip(from).for_each(|(a, b)| *a = pick(*a, *b));
        }
    }
    out
}

/// Each value with those up to `RADIUS` rows above and below.
fn down(plane: &[u8], width: usize, pick: impl Fn(u8, u8) -> u8 + Copy) -> Vec<u8> {
    let mut out = plane.to_vec();
    for shift in 1..=RADIUS {
        let by = (shift * width).min(plane.len());
        out.iter_mut().zip(&plane[by..]).for_each(|(a, b)| *a = pick(*a, *b));
        out[by..].iter_mut().zip(plane).for_each(|(a, b)| *a = pick(*a, *b));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_fills_what_is_smaller_than_the_square_and_leaves_what_is_larger() {
        let dark = |x: usize, y: usize| (x == 5 && y == 5) || (x > 20 && y > 8);
        let plane: Vec<u8> = (0..40 * 30).map(|i| if dark(i % 40, i / 40) { 10 } else { 90 }).collect();
        let filled = closed(&plane, 40);
        assert_eq!((filled[5 * 40 + 5], filled[20 * 40 + 30], filled[0]), (90, 10, 90));
    }
}
