//! A painted face for tests: the canonical mesh turned and projected flat, skin inside its outline, eyes, brows and lips as plain patches.

use super::landmarks::{self, Landmarks};
use super::region::Region;
use crate::nets::{FaceBox, Faces, Mesh, canonical};
use crate::refusal::Area;
use crate::rgb::Rgb;

pub(super) const PHOTO: Area = Area { left: 0, top: 0, width: 358, height: 441 };
const PIXELS_PER_CM: f64 = 13.0;
pub(super) const SKIN: [[u8; 3]; 4] = [[236, 196, 172], [198, 140, 104], [110, 72, 52], [84, 56, 42]];
const HAIR: [u8; 3] = [40, 32, 28];

#[derive(Clone, Copy, Default)]
pub(super) struct Turn {
    pub yaw: f64,
    pub pitch: f64,
    pub roll: f64,
    /// Pixels to the right and down from a conforming place.
    pub right: f64,
    pub down: f64,
}

pub(super) fn mesh(turn: &Turn) -> Mesh {
    let [(ys, yc), (ps, pc), (rs, rc)] = [turn.yaw, -turn.pitch, -turn.roll].map(|d| d.to_radians().sin_cos());
    let project = |[x, y, z]: &[f64; 3]| {
        let (y, z) = (pc * y - ps * z, ps * y + pc * z);
        let (x, z) = (yc * x + ys * z, -ys * x + yc * z);
        let (x, y) = (rc * x - rs * y, rs * x + rc * y);
        [179.0 + turn.right + x * PIXELS_PER_CM, 250.0 + turn.down - y * PIXELS_PER_CM, -z * PIXELS_PER_CM].map(|v| v as f32)
    };
    Mesh { points: with_open_eyes().iter().map(project).collect(), presence: 0.999 }
}

/// The canonical face looks out of narrow eyes.
fn with_open_eyes() -> Vec<[f64; 3]> {
    let mut points = canonical().vertices.clone();
    for eye in [&landmarks::RIGHT_EYE, &landmarks::LEFT_EYE] {
        let middle = eye.iter().map(|i| points[*i][1]).sum::<f64>() / eye.len() as f64;
        eye.iter().for_each(|i| points[*i][1] = middle + (points[*i][1] - middle) * 1.35);
    }
    points
}

pub(super) fn landmarks(turn: &Turn) -> Landmarks {
    Landmarks::of(&mesh(turn)).unwrap()
}

pub(super) fn faces(mesh: Mesh) -> Faces {
    let face = FaceBox { left: 80.0, top: 140.0, width: 200.0, height: 200.0, score: 0.9, points: [[0.0; 2]; 6] };
    Faces { boxes: vec![face], mesh: Some(mesh) }
}

/// A picture of any pixels, to paint on.
pub(super) struct Paint {
    pub pixels: Vec<[u8; 3]>,
    pub face: Landmarks,
}

impl Paint {
    pub(super) fn portrait(turn: &Turn, skin: [u8; 3]) -> Self {
        let mut paint = Self { pixels: vec![[255; 3]; (PHOTO.width * PHOTO.height) as usize], face: landmarks(turn) };
        paint.fill(&landmarks::OVAL, (1.12, 1.2), HAIR);
        paint.fill(&landmarks::OVAL, (1.0, 1.0), skin);
        for brow in [&landmarks::RIGHT_BROW, &landmarks::LEFT_BROW] {
            paint.fill(brow, (1.0, 1.0), HAIR);
        }
        for eye in [&landmarks::RIGHT_EYE, &landmarks::LEFT_EYE] {
            paint.fill(eye, (1.0, 1.0), [200, 195, 190]);
            paint.fill(eye, (0.4, 0.9), HAIR);
        }
        paint.fill(&landmarks::OUTER_LIPS, (1.0, 1.0), skin.map(|v| v / 4 * 3));
        paint
    }

    pub(super) fn fill(&mut self, points: &[usize], stretch: (f64, f64), colour: [u8; 3]) {
        let region = Region::polygon(&self.face.corners(points, stretch), PHOTO);
        self.cover(&region, |_| colour);
    }

    /// A rectangle about a mesh point.
    pub(super) fn block(&mut self, about: usize, moved: [f64; 2], half: (f64, f64), colour: [u8; 3]) {
        let [x, y] = self.face.at(about);
        self.cover(&Region::around([x + moved[0], y + moved[1]], half, PHOTO), |_| colour);
    }

    pub(super) fn cover(&mut self, region: &Region, colour: impl Fn([u8; 3]) -> [u8; 3]) {
        for (y, x) in region.spans() {
            for x in x.clone() {
                let pixel = &mut self.pixels[(y * PHOTO.width + x) as usize];
                *pixel = colour(*pixel);
            }
        }
    }

    pub(super) fn rgb(&self) -> Rgb {
        Rgb::new(PHOTO.width, PHOTO.height, self.pixels.concat()).unwrap()
    }
}
