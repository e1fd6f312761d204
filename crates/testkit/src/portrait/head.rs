//! One invented head: the canonical mesh with a seeded identity and expression, turned and projected as the camera sees it.
//! Geometry and constants follow the reference renderer; colours and paint are `paint.rs`.

use super::canvas::Point;
use super::{Look, WIDTH, mesh};
use crate::dice::Dice;

pub type Point3 = [f64; 3];

/// Canvas pixels per picture pixel: painted large, shrunk at the end for smooth edges.
pub const SUPERSAMPLE: f64 = 2.0;
/// Centre the head turns about, in centimetres.
const PIVOT: Point3 = [0.0, -3.0, -4.0];
/// Widths of faces, cheek to cheek, in picture pixels (photo.md §1.2: 179 to 255).
const FACE_WIDTH: std::ops::Range<f64> = 193.0..212.0;
/// Upper edges of hair or headgear in picture pixels (photo.md §1.2: 7 to 21): room is left for the gallery's shifts of 3.
const HAIR_TOP: std::ops::Range<f64> = 12.5..15.5;
/// How far the middle of the eyes may be from the picture's (photo.md §1.2: 17).
const OFF_MIDDLE: std::ops::Range<f64> = -3.0..3.0;
/// Distance of the camera from the pivot, in centimetres.
const CAMERA_CM: f64 = 60.0;

/// How a head is turned and where it lands on the canvas.
pub struct Camera {
    rotation: [Point3; 3],
    centre: Point,
    /// Canvas pixels per centimetre in the plane of the pivot.
    scale: f64,
}

impl Camera {
    /// Places the head so that, held straight, it meets the geometry rule; the look then turns it about its pivot and may misplace it.
    /// `top` is the highest point of hair or headgear.
    pub fn new(look: &Look, points: &[Point3], top: Point3, dice: &mut Dice) -> Self {
        let mut camera = Self { rotation: rotation(0.0, 0.0, 0.0), centre: [0.0; 2], scale: SUPERSAMPLE };
        let width = camera.project(points[mesh::CHEEKS[1]])[0] - camera.project(points[mesh::CHEEKS[0]])[0];
        let [wanted, upper, aside] = [FACE_WIDTH, HAIR_TOP, OFF_MIDDLE].map(|r| dice.between(r.start, r.end) * SUPERSAMPLE);
        camera.scale *= wanted / width;
        let middle = [mesh::RIGHT_EYE, mesh::LEFT_EYE].map(|eye| camera.project(centre_of(points, &eye))[0]);
        let reach = camera.project(top)[1];
        camera.centre = [f64::from(WIDTH) / 2.0 * SUPERSAMPLE + aside - (middle[0] + middle[1]) / 2.0, upper - reach];
        camera.scale *= look.placing.scale;
        camera.centre[0] += look.placing.right * SUPERSAMPLE;
        camera.centre[1] += look.placing.down * SUPERSAMPLE;
        camera.rotation = rotation(look.yaw, look.pitch, look.roll);
        camera
    }

    /// Turned about the pivot, still in centimetres.
    pub fn turn(&self, p: Point3) -> Point3 {
        let q = [p[0] - PIVOT[0], p[1] - PIVOT[1], p[2] - PIVOT[2]];
        self.rotation.map(|row| row[0] * q[0] + row[1] * q[1] + row[2] * q[2])
    }

    pub fn project(&self, p: Point3) -> Point {
        let q = self.turn(p);
        let scale = self.scale * CAMERA_CM / (CAMERA_CM - q[2]);
        [self.centre[0] + q[0] * scale, self.centre[1] - q[1] * scale]
    }

    pub fn outline(&self, points: impl IntoIterator<Item = Point3>) -> Vec<Point> {
        points.into_iter().map(|p| self.project(p)).collect()
    }
}

fn rotation(yaw: f64, pitch: f64, roll: f64) -> [Point3; 3] {
    let [(ys, yc), (ps, pc), (rs, rc)] = [yaw, -pitch, -roll].map(|d| d.to_radians().sin_cos());
    let yaw = [[yc, 0.0, ys], [0.0, 1.0, 0.0], [-ys, 0.0, yc]];
    let pitch = [[1.0, 0.0, 0.0], [0.0, pc, -ps], [0.0, ps, pc]];
    let roll = [[rc, -rs, 0.0], [rs, rc, 0.0], [0.0, 0.0, 1.0]];
    product(&product(&roll, &yaw), &pitch)
}

fn product(a: &[Point3; 3], b: &[Point3; 3]) -> [Point3; 3] {
    std::array::from_fn(|i| std::array::from_fn(|j| (0..3).map(|k| a[i][k] * b[k][j]).sum()))
}

/// Points on an ellipse facing the viewer, in centimetres.
pub fn ellipse(centre: Point3, rx: f64, ry: f64, from_turn: f64, to_turn: f64, n: usize) -> impl Iterator<Item = Point3> {
    (0..n).map(move |i| {
        let t = std::f64::consts::TAU * (from_turn + (to_turn - from_turn) * i as f64 / (n - 1) as f64);
        [centre[0] + rx * t.cos(), centre[1] + ry * t.sin(), centre[2]]
    })
}

/// A head's vertices in centimetres, with the seeded identity and the look's expression.
pub fn vertices(dice: &mut Dice, look: &Look) -> Vec<Point3> {
    let mut points = mesh::canonical().vertices.clone();
    proportions(&mut points, dice);
    features(&mut points, dice);
    eyelids(&mut points, look.eyes);
    lips(&mut points, look.mouth);
    points
}

fn proportions(points: &mut [Point3], dice: &mut Dice) {
    let (wide, tall, jaw) = (1.0 + dice.normal(0.0, 0.03), 1.0 + dice.normal(0.0, 0.025), dice.normal(0.0, 0.055));
    for p in points {
        p[0] *= wide;
        p[1] *= tall;
        p[0] *= 1.0 + jaw * (-p[1] / 9.0).clamp(0.0, 1.0);
    }
}

/// Centre, reach (standard deviation per axis), axis moved and standard deviation of the move, all in centimetres:
/// nose length, nose width, mouth height, forehead, chin.
const BUMPS: [(Point3, Point3, usize, f64); 5] = [
    ([0.0, -1.0, 7.0], [1.6, 2.0, 3.0], 2, 0.5),
    ([0.0, -3.0, 6.0], [2.2, 1.2, 3.0], 0, 0.01),
    ([0.0, -4.5, 5.0], [3.0, 1.2, 3.0], 1, 0.35),
    ([0.0, 5.0, 5.0], [4.0, 2.0, 4.0], 2, 0.3),
    ([0.0, -8.0, 5.0], [3.0, 2.0, 3.0], 2, 0.4),
];

fn features(points: &mut [Point3], dice: &mut Dice) {
    for (centre, reach, axis, sd) in BUMPS {
        let amount = dice.normal(0.0, sd);
        points.iter_mut().for_each(|p| p[axis] += amount * nearness(*p, centre, reach));
    }
    let eye_size = dice.normal(0.0, 0.05);
    for eye in [mesh::RIGHT_EYE, mesh::LEFT_EYE] {
        let c = centre_of(points, &eye);
        for p in points.iter_mut() {
            let g = nearness(*p, c, [1.6, 1.3, 3.0]) * eye_size;
            *p = std::array::from_fn(|i| p[i] + g * (p[i] - c[i]));
        }
    }
    let nose_width = dice.normal(0.0, 0.1);
    points.iter_mut().for_each(|p| p[0] *= 1.0 + nose_width * nearness(*p, [0.0, -2.0, 6.0], [2.0, 1.2, 3.0]));
}

fn nearness(p: Point3, centre: Point3, reach: Point3) -> f64 {
    let d: f64 = (0..3).map(|i| (p[i] - centre[i]).powi(2) / (2.0 * reach[i] * reach[i])).sum();
    (-d).exp()
}

pub fn centre_of(points: &[Point3], of: &[usize]) -> Point3 {
    std::array::from_fn(|axis| of.iter().map(|i| points[*i][axis]).sum::<f64>() / of.len() as f64)
}

/// 1 is a natural opening (a little wider than the canonical mesh's), below 0.15 the lids meet.
fn eyelids(points: &mut [Point3], open: f64) {
    let factor = if open > mesh::LIDS_MEET { 1.35 * open } else { 0.12 };
    for eye in [mesh::RIGHT_EYE, mesh::LEFT_EYE] {
        let middle = centre_of(points, &eye)[1];
        eye.iter().for_each(|i| points[*i][1] = middle + (points[*i][1] - middle) * factor);
    }
}

/// What is left of the gap between the canonical mesh's lips: shut beyond doubt.
const LIPS_APART: f64 = 0.08;

/// The canonical mesh's lips stand slightly apart: 0 closes them, larger values lower the jaw by so many centimetres.
fn lips(points: &mut [Point3], open: f64) {
    let middle = centre_of(points, &mesh::INNER_LIPS)[1];
    for i in mesh::INNER_LIPS {
        points[i][1] = middle + (points[i][1] - middle) * LIPS_APART;
    }
    for (n, p) in points.iter_mut().enumerate() {
        p[1] -= open * drop(n, p[1], middle);
    }
}

/// How far a vertex goes with the lowered jaw: the lower lip most in its middle and not at the corners, what lies below it wholly.
fn drop(number: usize, y: f64, middle: f64) -> f64 {
    let along = [&mesh::INNER_LIPS, &mesh::OUTER_LIPS].into_iter().find_map(|lips| lips.iter().position(|i| *i == number));
    match along {
        // The rings run from corner to corner along the lower lip first.
        Some(n) if n < 10 => (std::f64::consts::PI * n as f64 / 10.0).sin(),
        Some(_) => 0.0,
        None => ((middle - 0.6 - y) * 2.0).clamp(0.0, 1.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closed_eyes_have_no_gap() {
        let gap = |eyes| {
            let points = vertices(&mut Dice::new(3, "head", 0), &Look { eyes, ..Look::default() });
            points[159][1] - points[145][1]
        };
        assert!(gap(1.0) > 0.5 && gap(0.05) < 0.2, "{} {}", gap(1.0), gap(0.05));
    }

    #[test]
    fn the_mouth_is_shut_until_it_is_opened() {
        let gap = |mouth| {
            let points = vertices(&mut Dice::new(3, "head", 0), &Look { mouth, ..Look::default() });
            points[13][1] - points[14][1]
        };
        assert!(gap(0.0).abs() < 0.08 && gap(1.0) > 0.9, "{} {}", gap(0.0), gap(1.0));
    }
}
