//! Where the person must be, by the face's mesh: blocked for the growing, and what tells that it leaked. Without a mesh nothing is known.

use super::cells::{SIDE, Size};
use crate::nets::Mesh;

/// The face's outline in the mesh, clockwise from the forehead.
const OVAL: [usize; 36] = [
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21,
    54, 103, 67, 109,
];
const CHIN: usize = 152;
/// Outer and inner corners of both eyes.
const EYE_CORNERS: [usize; 4] = [33, 133, 362, 263];

/// How far long hair stands off the cheeks, as a share of the face's width.
const HAIR_WIDTH_SHARE: f64 = 0.2;

/// The face in photo pixels.
pub(super) struct Face {
    pub left: f64,
    pub right: f64,
    pub chin: f64,
    pub eye_line: f64,
    outline: Vec<[f64; 2]>,
}

impl Face {
    /// `None` for a mesh with too few points or one that isn't made of numbers.
    pub(super) fn of(mesh: &Mesh) -> Option<Self> {
        let point = |i: usize| mesh.points.get(i).map(|p| [p[0], p[1]].map(|v| steady(f64::from(v)))).filter(|p| p.iter().all(|v| v.is_finite()));
        let outline = OVAL.iter().map(|i| point(*i)).collect::<Option<Vec<_>>>()?;
        let eyes = EYE_CORNERS.iter().map(|i| point(*i)).collect::<Option<Vec<_>>>()?;
        let left = outline.iter().map(|p| p[0]).fold(f64::MAX, f64::min);
        let right = outline.iter().map(|p| p[0]).fold(f64::MIN, f64::max);
        Some(Self { left, right, chin: point(CHIN)?[1], eye_line: steady(eyes.iter().map(|p| p[1]).sum::<f64>() / 4.0), outline })
    }

    /// Cells whose middle lies inside the outline.
    pub(super) fn cells(&self, size: Size) -> Vec<bool> {
        let mut inside = vec![false; size.count()];
        for row in 0..size.rows {
            let y = (row * SIDE) as f64 + SIDE as f64 / 2.0;
            let (from, to) = self.span(y);
            for column in 0..size.columns {
                let x = (column * SIDE) as f64 + SIDE as f64 / 2.0;
                inside[row * size.columns + column] = x >= from && x <= to;
            }
        }
        inside
    }

    /// The outline's leftmost and rightmost crossing of a row; nothing where there is none.
    fn span(&self, y: f64) -> (f64, f64) {
        let mut span = (f64::MAX, f64::MIN);
        for (i, a) in self.outline.iter().enumerate() {
            let b = self.outline[(i + 1) % self.outline.len()];
            if (a[1] <= y) != (b[1] <= y) {
                let x = a[0] + (y - a[1]) / (b[1] - a[1]) * (b[0] - a[0]);
                span = (span.0.min(x), span.1.max(x));
            }
        }
        span
    }

    /// Whether a cell lies beside cheeks and neck, where long hair hangs: the mask network takes grey or light hair there for background.
    pub(super) fn beside_cheeks(&self, (column, row): (usize, usize)) -> bool {
        let (x, y) = ((column * SIDE) as f64, (row * SIDE) as f64);
        let hair = (self.right - self.left) * HAIR_WIDTH_SHARE;
        y + SIDE as f64 > self.eye_line && x + SIDE as f64 > self.left - hair && x < self.right + hair
    }

    /// Whether a cell lies in the neck or chest: below the chin by a quarter of the face's width, no wider than the face.
    pub(super) fn body(&self, (column, row): (usize, usize)) -> bool {
        let (x, y) = ((column * SIDE) as f64, (row * SIDE) as f64);
        y > self.chin + (self.right - self.left) / 4.0 && x >= self.left && x <= self.right
    }
}

/// Rounded so that small differences between processors don't show (infer.md §4).
fn steady(v: f64) -> f64 {
    (v * 1_000.0).round() / 1_000.0
}
