//! How the head is held: the turn that lays the canonical face best on the measured one (weighted least squares, Horn 1987), as
//! yaw, pitch and roll. The camera's distance isn't taken into account.

use super::landmarks::Landmarks;

/// Degrees: yaw positive to the viewer's right, pitch up, roll clockwise.
#[derive(Clone, Copy, Default, PartialEq, Debug)]
pub(super) struct Pose {
    pub yaw: f64,
    pub pitch: f64,
    pub roll: f64,
}

/// Points that hold still while the face moves, their weights and their place on the canonical face in centimetres, x to the viewer's
/// right, y up, z towards the viewer (canonical mesh of MediaPipe, Apache-2.0).
const BASIS: [(usize, f64, [f64; 3]); 33] = [
    (4, 0.070910, [0.0000, -0.4632, 7.5866]),
    (6, 0.032100, [0.0000, 2.4733, 5.7886]),
    (10, 0.008447, [0.0000, 8.2618, 4.4815]),
    (33, 0.058724, [-4.4459, 2.6640, 3.1734]),
    (54, 0.007667, [-6.2793, 6.6154, 1.4259]),
    (67, 0.009078, [-3.5240, 8.0060, 3.7292]),
    (117, 0.009792, [-5.2587, 0.9458, 2.9743]),
    (119, 0.014565, [-3.3007, 0.8616, 3.8728]),
    (121, 0.018591, [-1.8207, 1.4680, 4.2241]),
    (127, 0.005198, [-7.7431, 2.3650, -2.0052]),
    (129, 0.120625, [-1.7858, -0.9783, 4.8505]),
    (132, 0.005560, [-7.2709, -2.8909, -2.2525]),
    (133, 0.053286, [-1.8564, 2.5852, 3.7579]),
    (136, 0.066890, [-5.0853, -7.1786, 0.7147]),
    (143, 0.014817, [-6.4076, 2.2360, 1.5608]),
    (147, 0.014263, [-6.2349, -1.9444, 1.6635]),
    (198, 0.025462, [-1.2468, 0.2303, 5.6810]),
    (205, 0.047252, [-3.8329, -1.5373, 4.1377]),
    (263, 0.058724, [4.4459, 2.6640, 3.1734]),
    (284, 0.007667, [6.2793, 6.6154, 1.4259]),
    (297, 0.009078, [3.5240, 8.0060, 3.7292]),
    (346, 0.009792, [5.2587, 0.9458, 2.9743]),
    (348, 0.014565, [3.3007, 0.8616, 3.8728]),
    (350, 0.018591, [1.8207, 1.4680, 4.2241]),
    (356, 0.005198, [7.7431, 2.3650, -2.0052]),
    (358, 0.120625, [1.7858, -0.9783, 4.8505]),
    (361, 0.005560, [7.2709, -2.8909, -2.2525]),
    (362, 0.053286, [1.8564, 2.5852, 3.7579]),
    (365, 0.066890, [5.0853, -7.1786, 0.7147]),
    (372, 0.014817, [6.4076, 2.2360, 1.5608]),
    (376, 0.014263, [6.2349, -1.9444, 1.6635]),
    (420, 0.025462, [1.2468, 0.2303, 5.6810]),
    (425, 0.047252, [3.8329, -1.5373, 4.1377]),
];

type Symmetric = [[f64; 4]; 4];

pub(super) fn measure(face: &Landmarks) -> Pose {
    let seen = BASIS.map(|(i, ..)| in_space(face, i));
    of_quaternion(largest_eigenvector(horn(&covariance(&seen))))
}

/// The mesh's y goes down and its z away from the viewer.
fn in_space(face: &Landmarks, i: usize) -> [f64; 3] {
    let [x, y] = face.at(i);
    [x, -y, -face.depth(i)]
}

/// Weighted products of canonical and seen coordinates about their means.
fn covariance(seen: &[[f64; 3]; 33]) -> [[f64; 3]; 3] {
    let total: f64 = BASIS.iter().map(|(_, w, _)| w).sum();
    let mean = |of: &dyn Fn(usize) -> f64| BASIS.iter().enumerate().map(|(n, (_, w, _))| w * of(n)).sum::<f64>() / total;
    let here: [f64; 3] = std::array::from_fn(|k| mean(&|n| BASIS[n].2[k]));
    let there: [f64; 3] = std::array::from_fn(|k| mean(&|n| seen[n][k]));
    std::array::from_fn(|j| std::array::from_fn(|k| mean(&|n| (BASIS[n].2[j] - here[j]) * (seen[n][k] - there[k]))))
}

/// Horn's matrix: its eigenvector of the largest eigenvalue is the turn's quaternion.
fn horn(s: &[[f64; 3]; 3]) -> Symmetric {
    let [[xx, xy, xz], [yx, yy, yz], [zx, zy, zz]] = *s;
    [
        [xx + yy + zz, yz - zy, zx - xz, xy - yx],
        [yz - zy, xx - yy - zz, xy + yx, zx + xz],
        [zx - xz, xy + yx, yy - xx - zz, yz + zy],
        [xy - yx, zx + xz, yz + zy, zz - xx - yy],
    ]
}

/// Jacobi's method; a dozen sweeps are more than a 4 × 4 matrix needs.
fn largest_eigenvector(mut m: Symmetric) -> [f64; 4] {
    let mut vectors: Symmetric = std::array::from_fn(|i| std::array::from_fn(|j| f64::from(u8::from(i == j))));
    for _ in 0..12 {
        for (p, q) in [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)] {
            rotate(&mut m, &mut vectors, p, q);
        }
    }
    let best = (0..4).max_by(|a, b| m[*a][*a].total_cmp(&m[*b][*b])).unwrap_or(0);
    std::array::from_fn(|i| vectors[i][best])
}

/// Makes `m[p][q]` zero.
fn rotate(m: &mut Symmetric, vectors: &mut Symmetric, p: usize, q: usize) {
    if m[p][q] == 0.0 {
        return;
    }
    let (sin, cos) = (0.5 * (2.0 * m[p][q]).atan2(m[p][p] - m[q][q])).sin_cos();
    for row in m.iter_mut().chain(vectors.iter_mut()) {
        (row[p], row[q]) = (cos * row[p] + sin * row[q], cos * row[q] - sin * row[p]);
    }
    let (first, second) = (m[p], m[q]);
    for k in 0..4 {
        m[p][k] = cos * first[k] + sin * second[k];
        m[q][k] = cos * second[k] - sin * first[k];
    }
}

/// The turn is roll after yaw after pitch.
fn of_quaternion([w, x, y, z]: [f64; 4]) -> Pose {
    let (right_right, up_right, near_right) = (1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y + w * z), 2.0 * (x * z - w * y));
    let (near_up, near_near) = (2.0 * (y * z + w * x), 1.0 - 2.0 * (x * x + y * y));
    Pose {
        yaw: (-near_right).clamp(-1.0, 1.0).asin().to_degrees(),
        pitch: -near_up.atan2(near_near).to_degrees(),
        roll: -up_right.atan2(right_right).to_degrees(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sitter::{self, Turn};
    use super::*;

    #[test]
    fn a_turned_face_measures_its_turn() {
        for (yaw, pitch, roll) in
            [(0.0, 0.0, 0.0), (10.0, 0.0, 0.0), (-12.0, 0.0, 0.0), (0.0, 15.0, 0.0), (0.0, -20.0, 0.0), (0.0, 0.0, 9.0), (8.0, -6.0, -11.0)]
        {
            let pose = measure(&sitter::landmarks(&Turn { yaw, pitch, roll, ..Turn::default() }));
            let off = (pose.yaw - yaw).abs().max((pose.pitch - pitch).abs()).max((pose.roll - roll).abs());
            assert!(off < 0.1, "{yaw} {pitch} {roll}: {pose:?}");
        }
    }
}
