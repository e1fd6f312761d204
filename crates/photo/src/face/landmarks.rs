//! The mesh's points as the measurements use them, and which of the 468 make eyes, lips, cheeks and the rest. Rounded, so that engines
//! that differ in the last bits give one and the same face.

use crate::nets::{MESH_POINTS, Mesh};

/// Points are kept in these parts of a pixel.
pub(super) const PARTS: i32 = 64;
/// Far outside every photo; also where a point that is no number goes.
const FAR: f32 = 16_384.0;

pub(super) const RIGHT_EYE: [usize; 16] = [33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246];
pub(super) const LEFT_EYE: [usize; 16] = [263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466];
/// Upper and lower lid across from each other, each eye.
pub(super) const RIGHT_LIDS: [[usize; 2]; 7] = [[246, 7], [161, 163], [160, 144], [159, 145], [158, 153], [157, 154], [173, 155]];
pub(super) const LEFT_LIDS: [[usize; 2]; 7] = [[466, 249], [388, 390], [387, 373], [386, 374], [385, 380], [384, 381], [398, 382]];
/// Inner edge of upper and lower lip across from each other.
pub(super) const LIP_GAPS: [[usize; 2]; 9] = [[191, 95], [80, 88], [81, 178], [82, 87], [13, 14], [312, 317], [311, 402], [310, 318], [415, 324]];
pub(super) const OUTER_LIPS: [usize; 20] = [61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185];
pub(super) const RIGHT_BROW: [usize; 10] = [46, 53, 52, 65, 55, 107, 66, 105, 63, 70];
pub(super) const LEFT_BROW: [usize; 10] = [276, 283, 282, 295, 285, 336, 296, 334, 293, 300];
/// The face's outline, from the middle of the forehead clockwise as the viewer sees it.
pub(super) const OVAL: [usize; 36] = [
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21,
    54, 103, 67, 109,
];
/// The outline above the temples, from the sitter's right to left.
pub(super) const HAIRLINE: [usize; 9] = [54, 103, 67, 109, 10, 338, 297, 332, 284];
/// Nostrils and the shadow below.
pub(super) const NOSE_BASE: [usize; 12] = [129, 102, 48, 115, 220, 45, 4, 275, 440, 344, 331, 358];
#[cfg(test)]
pub(super) const NOSE_TIP: usize = 4;
pub(super) const CHIN: usize = 152;
pub(super) const RIGHT_EAR: usize = 234;
pub(super) const LEFT_EAR: usize = 454;
/// The cheek below the eye, beside the nose.
pub(super) const RIGHT_CHEEK: [usize; 8] = [117, 118, 119, 100, 36, 205, 187, 123];
pub(super) const LEFT_CHEEK: [usize; 8] = [346, 347, 348, 329, 266, 425, 411, 352];
/// Skin between the brows: free above any mask, below most fringes.
pub(super) const BETWEEN_BROWS: [usize; 6] = [9, 107, 55, 8, 285, 336];
/// Forehead between brows and hairline.
pub(super) const FOREHEAD: [usize; 14] = [109, 10, 338, 297, 333, 334, 296, 336, 9, 107, 66, 105, 104, 67];
/// Nose below its bridge and the cheeks beside it: nobody's beard grows there.
pub(super) const NOSE_ZONE: [usize; 10] = [5, 281, 279, 358, 326, 2, 97, 129, 49, 51];
/// From the nose to the chin without the lips' corners: lip, mouth, chin.
pub(super) const MOUTH_ZONE: [usize; 12] = [2, 326, 423, 426, 436, 432, 430, 152, 210, 212, 216, 206];

/// All points of one face, in parts of a pixel.
pub(super) struct Landmarks {
    points: Vec<[i32; 3]>,
}

impl Landmarks {
    /// `None` unless the mesh has all its points.
    pub(super) fn of(mesh: &Mesh) -> Option<Self> {
        let part = |v: f32| (if v.is_finite() { v.clamp(-FAR, FAR) } else { FAR } * PARTS as f32).round() as i32;
        let points: Vec<_> = mesh.points.iter().map(|p| p.map(part)).collect();
        (points.len() == MESH_POINTS).then_some(Self { points })
    }

    /// In pixels.
    pub(super) fn at(&self, i: usize) -> [f64; 2] {
        let [x, y, _] = self.points[i];
        [x, y].map(|v| f64::from(v) / f64::from(PARTS))
    }

    pub(super) fn depth(&self, i: usize) -> f64 {
        f64::from(self.points[i][2]) / f64::from(PARTS)
    }

    pub(super) fn distance(&self, a: usize, b: usize) -> f64 {
        between(self.at(a), self.at(b))
    }

    pub(super) fn centre(&self, of: &[usize]) -> [f64; 2] {
        let sum = of.iter().fold([0.0; 2], |s, i| [s[0] + self.at(*i)[0], s[1] + self.at(*i)[1]]);
        sum.map(|v| v / of.len().max(1) as f64)
    }

    /// Sitter's right and left.
    pub(super) fn eyes(&self) -> [[f64; 2]; 2] {
        [self.centre(&RIGHT_EYE), self.centre(&LEFT_EYE)]
    }

    pub(super) fn eye_middle(&self) -> [f64; 2] {
        let [right, left] = self.eyes();
        middle(right, left)
    }

    pub(super) fn eye_distance(&self) -> f64 {
        let [right, left] = self.eyes();
        between(right, left)
    }

    /// Eye midpoint to chin: the T of ISO/IEC 29794-5.
    pub(super) fn eyes_to_chin(&self) -> f64 {
        between(self.eye_middle(), self.at(CHIN))
    }

    /// The largest gap between points across from each other as a share of T.
    pub(super) fn widest(&self, gaps: &[[usize; 2]]) -> f64 {
        let gap = gaps.iter().map(|[a, b]| self.distance(*a, *b)).fold(0.0, f64::max);
        gap / self.eyes_to_chin().max(1.0)
    }

    /// Corners of a polygon in parts of a pixel, stretched about its middle along both axes.
    pub(super) fn corners(&self, of: &[usize], stretch: (f64, f64)) -> Vec<[i32; 2]> {
        let [cx, cy] = self.centre(of);
        let part = |v: f64| (v * f64::from(PARTS)).round() as i32;
        let stretched = |[x, y]: [f64; 2]| [part(cx + (x - cx) * stretch.0), part(cy + (y - cy) * stretch.1)];
        of.iter().map(|i| stretched(self.at(*i))).collect()
    }
}

pub(super) fn between(a: [f64; 2], b: [f64; 2]) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

pub(super) fn middle(a: [f64; 2], b: [f64; 2]) -> [f64; 2] {
    [(a[0] + b[0]) / 2.0, (a[1] + b[1]) / 2.0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mesh_with_points_missing_is_none_and_one_with_nonsense_is_bounded() {
        let of = |n: usize, v: f32| Landmarks::of(&Mesh { points: vec![[v; 3]; n], presence: 1.0 });
        assert!(of(467, 1.0).is_none());
        assert_eq!(of(468, f32::NAN).unwrap().at(0), [f64::from(FAR); 2]);
        assert_eq!(of(468, -1e30).unwrap().at(0), [-f64::from(FAR); 2]);
        assert_eq!(of(468, 0.5001).unwrap().at(3), [0.5; 2]);
    }
}
