//! The canonical face mesh (MediaPipe, Apache-2.0, see data/NOTICE): 468 vertices and their triangles, read from its protobuf,
//! and the vertex numbers of eyes, lips, brows and the face's outline.

use std::sync::OnceLock;

static FILE: &[u8] = include_bytes!("../../data/canonical_face_mesh.binarypb");

#[cfg(test)]
const VERTICES: usize = 468;
pub const RIGHT_EYE: [usize; 16] = [33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246];
pub const LEFT_EYE: [usize; 16] = [263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466];
pub const OUTER_LIPS: [usize; 20] = [61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185];
pub const INNER_LIPS: [usize; 20] = [78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80, 191];
/// From corner to corner where the lips meet.
pub const UPPER_OF_INNER_LIPS: [usize; 11] = [78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308];
/// Eyes less open than this are closed: the lids meet.
pub const LIDS_MEET: f64 = 0.15;
pub const RIGHT_BROW: [usize; 10] = [46, 53, 52, 65, 55, 107, 66, 105, 63, 70];
pub const LEFT_BROW: [usize; 10] = [276, 283, 282, 295, 285, 336, 296, 334, 293, 300];
pub const OVAL: [usize; 36] = [
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21,
    54, 103, 67, 109,
];
/// Where the face ends at the ears, right and left of the sitter.
pub const CHEEKS: [usize; 2] = [234, 454];
pub const NOSTRILS: [usize; 2] = [98, 327];
pub const NOSE_BASE: [usize; 7] = [129, 98, 97, 2, 326, 327, 358];
/// Outline of a surgical mask: jaw from ear to ear, closed over the nose.
pub const MASK_OUTLINE: [usize; 24] = [234, 93, 132, 58, 172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397, 288, 361, 323, 454, 347, 6, 118];

/// Vertices in centimetres (x right, y up, z towards the viewer) and triangles as vertex numbers.
pub struct Mesh {
    pub vertices: Vec<[f64; 3]>,
    pub triangles: Vec<[usize; 3]>,
}

/// The mesh, read once.
pub fn canonical() -> &'static Mesh {
    static MESH: OnceLock<Mesh> = OnceLock::new();
    MESH.get_or_init(|| read(FILE).expect("the vendored mesh reads: tested"))
}

/// `Geometry3d`: packed message whose field 3 (repeated float) holds x y z u v per vertex and field 4 (repeated uint32) the triangles.
fn read(file: &[u8]) -> Option<Mesh> {
    let mut floats = Vec::new();
    let mut indices = Vec::new();
    let mut top = Fields(file);
    while let Some((_, value)) = top.next_field()? {
        let Value::Bytes(inner) = value else { continue };
        if inner.len() < 1000 {
            continue;
        }
        collect(inner, &mut floats, &mut indices)?;
    }
    let vertices = floats.chunks_exact(5).map(|v| [f64::from(v[0]), f64::from(v[1]), f64::from(v[2])]).collect();
    let triangles = indices.chunks_exact(3).map(|t| [t[0], t[1], t[2]]).collect();
    Some(Mesh { vertices, triangles })
}

fn collect(message: &[u8], floats: &mut Vec<f32>, indices: &mut Vec<usize>) -> Option<()> {
    let mut fields = Fields(message);
    while let Some((number, value)) = fields.next_field()? {
        match (number, value) {
            (3, Value::Fixed32(bits)) => floats.push(f32::from_bits(bits)),
            (4, Value::Varint(index)) => indices.push(index as usize),
            _ => {}
        }
    }
    Some(())
}

enum Value<'a> {
    Varint(u64),
    Bytes(&'a [u8]),
    Fixed32(u32),
}

struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    /// The next field; `Some(None)` at the end, `None` when the bytes are no protobuf.
    fn next_field(&mut self) -> Option<Option<(u64, Value<'a>)>> {
        if self.0.is_empty() {
            return Some(None);
        }
        let key = self.varint()?;
        let value = match key & 7 {
            0 => Value::Varint(self.varint()?),
            2 => {
                let length = self.varint()? as usize;
                Value::Bytes(self.take(length)?)
            }
            5 => Value::Fixed32(u32::from_le_bytes(self.take(4)?.try_into().ok()?)),
            _ => return None,
        };
        Some(Some((key >> 3, value)))
    }

    fn varint(&mut self) -> Option<u64> {
        let mut out = 0;
        for shift in (0..63).step_by(7) {
            let byte = self.take(1)?[0];
            out |= u64::from(byte & 127) << shift;
            if byte < 128 {
                return Some(out);
            }
        }
        None
    }

    fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(n)?;
        self.0 = tail;
        Some(head)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vendored_mesh_is_whole() {
        let mesh = canonical();
        assert_eq!((mesh.vertices.len(), mesh.triangles.len()), (VERTICES, 898));
        assert!(mesh.triangles.iter().flatten().all(|v| *v < VERTICES));
        let [right, left] = [mesh.vertices[33], mesh.vertices[263]];
        assert!(right[0] < 0.0 && left[0] > 0.0 && (right[0] + left[0]).abs() < 1e-3, "eyes are mirrored");
    }

    #[test]
    fn a_cut_mesh_is_refused() {
        assert!(read(&FILE[..FILE.len() - 7]).is_none());
    }
}
