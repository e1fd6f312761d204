//! Whether two photos are the same picture, also after small edits: a perceptual hash of the face with its eyes put in one place, and
//! an index over all hashes seen. It finds a photo used again, not a person: two pictures of one man are as far apart as two men's
//! (photo.md §4.4). Hashes of faces are personal data: no `Debug`.

mod dct;
mod index;

pub use index::{HashIndex, QUICK_BITS_MAX};

use serde::{Deserialize, Serialize};

use crate::nets::Mesh;
use crate::rgb::Rgb;

/// Corners of the right and the left eye in the mesh.
const EYES: [[usize; 2]; 2] = [[33, 133], [362, 263]];
/// The aligned square's side in distances between the eyes, and where the eyes' middle lies in it, as a share of its height.
const SIDE_IN_EYES: f64 = 2.4;
const EYES_DOWN: f64 = 0.40;
/// Samples along each side of a cell: the square is sampled finely and averaged, so that noise and resizing don't count.
const FINE: usize = 4;
const SAMPLES: usize = dct::SIDE * FINE;
/// Positions are fixed-point pixels with so many bits after the point.
const POINT: u32 = 16;

/// 256 bits of one face.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FaceHash(pub [u64; 4]);

impl FaceHash {
    /// The same bits for the same pixels and mesh on every machine. A mesh without eyes hashes the middle of the picture.
    #[must_use]
    pub fn of(rgb: &Rgb, mesh: &Mesh) -> Self {
        let coefficients = dct::low(&aligned(rgb, &Grid::of(rgb, mesh)));
        let mut sorted = coefficients;
        let median = *sorted.select_nth_unstable(dct::KEPT / 2).1;
        let mut bits = [0u64; 4];
        for (k, value) in coefficients.iter().enumerate() {
            // Neighbouring frequencies go into different 16-bit words, by which the index looks.
            let bit = k % 16 * 16 + k / 16;
            bits[bit / 64] |= u64::from(*value >= median) << (bit % 64);
        }
        Self(bits)
    }

    /// Differing bits, 0..=256.
    #[must_use]
    pub fn distance(&self, other: &Self) -> u32 {
        self.0.iter().zip(other.0).map(|(a, b)| (a ^ b).count_ones()).sum()
    }

    /// One of the sixteen words the index looks by.
    fn word(&self, n: usize) -> u16 {
        (self.0[n / 4] >> (n % 4 * 16)) as u16
    }
}

/// Where the aligned square lies in the photo: first sample, and the way to the next along a row and down a column, in fixed point.
struct Grid {
    first: [i64; 2],
    along: [i64; 2],
    down: [i64; 2],
}

impl Grid {
    fn of(rgb: &Rgb, mesh: &Mesh) -> Self {
        let [right, left] = EYES.map(|corners| middle(mesh, corners));
        let (centre, eyes) = match (right, left) {
            (Some(r), Some(l)) if (l[0] - r[0]).abs() + (l[1] - r[1]).abs() >= 1.0 => ([(r[0] + l[0]) / 2.0, (r[1] + l[1]) / 2.0], [l[0] - r[0], l[1] - r[1]]),
            _ => ([f64::from(rgb.width()) / 2.0, f64::from(rgb.height()) / 2.0], [f64::from(rgb.width()) / 4.0, 0.0]),
        };
        let step = eyes.map(|v| v * SIDE_IN_EYES / SAMPLES as f64);
        let (half, above) = (SAMPLES as f64 / 2.0, SAMPLES as f64 * EYES_DOWN);
        let first = [centre[0] - half * step[0] + above * step[1], centre[1] - half * step[1] - above * step[0]];
        let fixed = |v: f64| (v * f64::from(1u32 << POINT)).round() as i64;
        Self { first: first.map(fixed), along: step.map(fixed), down: [fixed(-step[1]), fixed(step[0])] }
    }
}

/// The middle of two points, rounded so that small differences between processors don't show (infer.md §4).
fn middle(mesh: &Mesh, corners: [usize; 2]) -> Option<[f64; 2]> {
    let [a, b] = corners.map(|i| mesh.points.get(i).filter(|p| p[0].is_finite() && p[1].is_finite() && p[0].abs().max(p[1].abs()) < 1e6));
    let (a, b) = (a?, b?);
    Some(std::array::from_fn(|k| ((f64::from(a[k]) + f64::from(b[k])) / 2.0 * 1_000.0).round() / 1_000.0))
}

/// Luma sums of the square's cells. Outside the picture its edge goes on.
fn aligned(rgb: &Rgb, grid: &Grid) -> [i32; dct::SIDE * dct::SIDE] {
    let mut cells = [0; dct::SIDE * dct::SIDE];
    for row in 0..SAMPLES {
        for column in 0..SAMPLES {
            let at = |k: usize| grid.first[k] + grid.along[k] * column as i64 + grid.down[k] * row as i64;
            cells[row / FINE * dct::SIDE + column / FINE] += sample(rgb, at(0), at(1));
        }
    }
    cells
}

/// The luma between four pixels, × 256.
fn sample(rgb: &Rgb, x: i64, y: i64) -> i32 {
    let split = |v: i64| (v >> POINT, ((v >> (POINT - 4)) & 15) as i32);
    let ((column, right), (row, below)) = (split(x), split(y));
    let clamp = |v: i64, side: u32| v.clamp(0, i64::from(side) - 1) as usize;
    let luma = |dx: i64, dy: i64| {
        let [r, g, b] = rgb.row(clamp(row + dy, rgb.height()) as u32)[clamp(column + dx, rgb.width())].map(i32::from);
        (77 * r + 150 * g + 29 * b) >> 8
    };
    let across = |dy: i64| luma(0, dy) * (16 - right) + luma(1, dy) * right;
    across(0) * (16 - below) + across(1) * below
}

#[cfg(test)]
mod tests;
