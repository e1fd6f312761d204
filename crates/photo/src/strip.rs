//! Makes the validated JPEG: the same picture without metadata. Tables, headers and entropy-coded data are copied byte for
//! byte; APPn and COM segments, fill bytes and anything after EOI are left out. Two exceptions are rewritten in their
//! shortest form: JFIF's APP0 (keeps the density and says YCbCr to every reader; a JFIF thumbnail goes) and Adobe's APP14
//! where its colour transform isn't the default, because dropping that would change the picture's colours.

use card::Digest;

use crate::container::layout::Layout;
use crate::container::marker;
use crate::container::rules::not_a_jpeg;
use crate::refusal::Refusal;

/// Far beyond any real file; keeps the list of segments small for hostile ones.
const SEGMENTS_MAX: u32 = 4_096;

/// A photo without metadata, byte for byte the same for the same picture data.
pub struct Stripped {
    pub bytes: Vec<u8>,
}

impl Stripped {
    /// SHA-256 of the bytes.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&self.bytes)
    }
}

/// The same picture without metadata. Decodes to the same pixels; stripping twice changes nothing more.
///
/// # Errors
/// PHO-02 or PHO-04 if the file isn't a JPEG whose markers can be followed to EOI (its coded data isn't looked at).
pub fn strip(jpeg: &[u8]) -> Result<Vec<u8>, Refusal> {
    if let Some(refusal) = not_a_jpeg(jpeg) {
        return Err(refusal);
    }
    let layout = Layout::read(jpeg, SEGMENTS_MAX);
    match layout.broken {
        Some(refusal) => Err(refusal),
        None => Ok(write(&layout, jpeg.len())),
    }
}

/// Writes a complete layout without its metadata; `hint` is the size of the original.
pub(crate) fn write(layout: &Layout<'_>, hint: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(hint);
    out.extend_from_slice(&[0xFF, marker::SOI]);
    if let Some(payload) = layout.all(marker::APP0).find_map(|s| short_jfif(s.payload)) {
        put_segment(&mut out, marker::APP0, &payload);
    }
    if let Some(payload) = layout.all(marker::APP14).find_map(|s| needed_adobe(s.payload)) {
        put_segment(&mut out, marker::APP14, payload);
    }
    for segment in layout.segments.iter().filter(|s| !marker::is_metadata(s.marker)) {
        put_segment(&mut out, segment.marker, segment.payload);
        out.extend_from_slice(segment.entropy);
    }
    out.extend_from_slice(&[0xFF, marker::EOI]);
    out
}

fn put_segment(out: &mut Vec<u8>, marker: u8, payload: &[u8]) {
    let length = u16::try_from(payload.len() + 2).expect("a payload was cut by a 16-bit length that counts itself");
    out.extend_from_slice(&[0xFF, marker]);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(payload);
}

/// JFIF 1.01 with the density of the original and no thumbnail.
fn short_jfif(payload: &[u8]) -> Option<[u8; 14]> {
    let [_, _, unit, x1, x0, y1, y0] = *payload.strip_prefix(b"JFIF\0")?.first_chunk::<7>()?;
    Some([b'J', b'F', b'I', b'F', 0, 1, 1, unit, x1, x0, y1, y0, 0, 0])
}

fn needed_adobe(payload: &[u8]) -> Option<&[u8]> {
    let short = payload.get(..12).filter(|p| p.starts_with(b"Adobe"))?;
    (short[11] != 1).then_some(short)
}
