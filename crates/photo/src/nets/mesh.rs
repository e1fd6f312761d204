//! The mesh of one face: the square the network wants around a detected box, turned so that the eyes are level, and its 468 points back
//! in the photo. What the points say about the face is `face`'s business.

use super::input::{Range, Square};
use super::{EngineFault, FaceBox, MESH_POINTS, MESH_SIDE, Mesh, Networks, probability, rounded};
use crate::rgb::Rgb;

/// The square's side as a multiple of the box's longer side: MediaPipe's number, part of the network.
const SQUARE_PER_BOX: f32 = 1.5;

/// The mesh in a detected box. Its presence may be small: then there is no face there.
///
/// # Errors
/// The engine fails.
pub fn of(rgb: &Rgb, face: &FaceBox, networks: &dyn Networks) -> Result<Mesh, EngineFault> {
    let square = around(face);
    let answer = networks.mesh(&input(rgb, face))?;
    if answer.points.len() != MESH_POINTS * 3 || answer.points.iter().any(|n| !n.is_finite()) {
        return Err(EngineFault("the mesh network's answer has another size, or isn't made of numbers".to_owned()));
    }
    let points = answer.points.as_chunks::<3>().0.iter().map(|point| in_photo(&square, *point)).collect();
    Ok(Mesh { points, presence: probability(answer.presence) })
}

/// What the network is shown of a box.
pub(crate) fn input(rgb: &Rgb, face: &FaceBox) -> Vec<f32> {
    around(face).sampled(rgb, MESH_SIDE, Range::UNIT)
}

/// The square around a box: its rows run from the sitter's right eye to the left one.
fn around(face: &FaceBox) -> Square {
    let [right, left] = [face.points[0], face.points[1]];
    let [x, y] = [left[0] - right[0], left[1] - right[1]];
    let length = (x * x + y * y).sqrt();
    // Eyes in one place, or in none, say nothing about how the head is held.
    let along = if length > 0.0 && length.is_finite() { [x / length, y / length] } else { [1.0, 0.0] };
    let centre = [face.left + face.width / 2.0, face.top + face.height / 2.0];
    Square { centre, side: face.width.max(face.height) * SQUARE_PER_BOX, along }
}

/// A point of the network's input in the photo, with depth in the same unit.
fn in_photo(square: &Square, point: [f32; 3]) -> [f32; 3] {
    let [x, y, z] = point.map(|n| n / MESH_SIDE as f32);
    let [x, y] = square.place(x, y);
    [x, y, z * square.side].map(rounded)
}
