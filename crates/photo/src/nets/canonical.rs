//! The canonical face mesh (MediaPipe, Apache-2.0, models/NOTICE): 468 vertices of a face at rest and their triangles, read from its
//! protobuf. Pose is measured against it; testkit's invented heads are grown from it.

use std::sync::OnceLock;

static FILE: &[u8] = include_bytes!("../../models/canonical_face_mesh.binarypb");

/// Vertices in centimetres (x right, y up, z towards the viewer) in the order of the mesh network's points, and triangles as vertex numbers.
pub struct CanonicalMesh {
    pub vertices: Vec<[f64; 3]>,
    pub triangles: Vec<[usize; 3]>,
}

/// The mesh, read once.
pub fn canonical() -> &'static CanonicalMesh {
    static MESH: OnceLock<CanonicalMesh> = OnceLock::new();
    MESH.get_or_init(|| read(FILE).expect("the vendored mesh reads: tested"))
}

/// `Geometry3d`: packed message whose field 3 (repeated float) holds x y z u v per vertex and field 4 (repeated uint32) the triangles.
fn read(file: &[u8]) -> Option<CanonicalMesh> {
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
    Some(CanonicalMesh { vertices, triangles })
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
    use super::super::MESH_POINTS;
    use super::*;

    #[test]
    fn the_vendored_mesh_is_whole() {
        let mesh = canonical();
        assert_eq!((mesh.vertices.len(), mesh.triangles.len()), (MESH_POINTS, 898));
        assert!(mesh.triangles.iter().flatten().all(|v| *v < MESH_POINTS));
        let [right, left] = [mesh.vertices[33], mesh.vertices[263]];
        assert!(right[0] < 0.0 && left[0] > 0.0 && (right[0] + left[0]).abs() < 1e-3, "eyes are mirrored");
    }

    #[test]
    fn a_cut_mesh_is_refused() {
        assert!(read(&FILE[..FILE.len() - 7]).is_none());
    }
}
