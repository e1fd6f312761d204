//! The versioned, checksummed envelope around every bincode payload (FORMAT.md §1): bincode itself notices neither swapped fields
//! nor flipped bits nor another version. Frozen layouts are the callers' business: a changed struct is a new schema number.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// First two bytes of every envelope.
pub const MAGIC: [u8; 2] = [0xC4, 0xD1];
/// magic 2 | schema 1 | kind 1 | payload length 4 | crc32c 4; integers little-endian.
pub const HEADER_BYTES: usize = 12;
/// Limit of [`encode`] and [`decode`].
pub const BYTES_MAX: u32 = 16 << 20;

/// One kind of payload in its newest schema. Kinds are given out in FORMAT.md §1 and never reused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Form {
    pub kind: u8,
    pub schema: u8,
    /// Longest payload that is read or written.
    pub bytes_max: u32,
}

/// Why an envelope could not be made or opened.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum EnvelopeError {
    #[error("not an envelope")]
    Magic,
    #[error("shorter than it says")]
    Short,
    #[error("longer than it says")]
    Trailing,
    #[error("of kind {found} instead of {expected}")]
    Kind { found: u8, expected: u8 },
    #[error("of schema {found}; this program reads up to {known}")]
    TooNew { found: u8, known: u8 },
    #[error("{len_bytes} bytes, over the limit of {bytes_max}")]
    TooLong { len_bytes: u64, bytes_max: u32 },
    #[error("checksum wrong")]
    Checksum,
    #[error("content doesn't have its schema's shape: {0}")]
    Shape(String),
}

/// A payload whose checksum is right.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Opened<'a> {
    pub schema: u8,
    pub kind: u8,
    pub payload: &'a [u8],
}

/// [`seal`] with the limit [`BYTES_MAX`].
///
/// # Errors
/// As [`seal`].
pub fn encode<T: Serialize>(kind: u8, schema: u8, value: &T) -> Result<Vec<u8>, EnvelopeError> {
    seal(Form { kind, schema, bytes_max: BYTES_MAX }, value)
}

/// [`open`] with the limit [`BYTES_MAX`].
///
/// # Errors
/// As [`open`].
pub fn decode<T: DeserializeOwned>(kind: u8, schema: u8, bytes: &[u8]) -> Result<T, EnvelopeError> {
    open(Form { kind, schema, bytes_max: BYTES_MAX }, bytes)
}

/// Encodes a value in its form's schema.
///
/// # Errors
/// The payload is longer than the form allows.
pub fn seal<T: Serialize>(form: Form, value: &T) -> Result<Vec<u8>, EnvelopeError> {
    let payload = encode_payload(value, form.bytes_max)?;
    let mut out = Vec::with_capacity(HEADER_BYTES + payload.len());
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&[form.schema, form.kind]);
    out.extend_from_slice(&len_u32(payload.len(), form.bytes_max)?.to_le_bytes());
    out.extend_from_slice(&checksum(&out, &payload).to_le_bytes());
    out.extend_from_slice(&payload);
    Ok(out)
}

/// Decodes a whole envelope of the form's kind and newest schema. Older schemas: [`unseal`] and a `match`.
///
/// # Errors
/// Anything but exactly one sound envelope of that kind and schema.
pub fn open<T: DeserializeOwned>(form: Form, bytes: &[u8]) -> Result<T, EnvelopeError> {
    let (opened, rest) = unseal(form, bytes)?;
    if !rest.is_empty() {
        return Err(EnvelopeError::Trailing);
    }
    if opened.schema != form.schema {
        return Err(EnvelopeError::Shape(format!("schema {} is no longer read", opened.schema)));
    }
    decode_payload(opened.payload, form.bytes_max)
}

/// Takes one envelope of the form's kind, of any schema up to the form's, off the front of `bytes`: its payload and the rest.
///
/// # Errors
/// Bad magic, kind, length or checksum, or a later schema.
pub fn unseal(form: Form, bytes: &[u8]) -> Result<(Opened<'_>, &[u8]), EnvelopeError> {
    let (header, body) = bytes.split_at_checked(HEADER_BYTES).ok_or(EnvelopeError::Short)?;
    if header[..2] != MAGIC {
        return Err(EnvelopeError::Magic);
    }
    let (schema, kind) = (header[2], header[3]);
    let len_bytes = u32::from_le_bytes([header[4], header[5], header[6], header[7]]);
    if len_bytes > form.bytes_max {
        return Err(EnvelopeError::TooLong { len_bytes: len_bytes.into(), bytes_max: form.bytes_max });
    }
    let (payload, rest) = body.split_at_checked(len_bytes as usize).ok_or(EnvelopeError::Short)?;
    if header[8..] != checksum(&header[..8], payload).to_le_bytes() {
        return Err(EnvelopeError::Checksum);
    }
    if kind != form.kind {
        return Err(EnvelopeError::Kind { found: kind, expected: form.kind });
    }
    if schema > form.schema {
        return Err(EnvelopeError::TooNew { found: schema, known: form.schema });
    }
    Ok((Opened { schema, kind, payload }, rest))
}

/// bincode 1.3.3, fixed integers: the bytes of plain `bincode::serialize`.
pub(crate) fn encode_payload<T: Serialize>(value: &T, bytes_max: u32) -> Result<Vec<u8>, EnvelopeError> {
    let payload = bincode::serialize(value).map_err(|e| shape(&e))?;
    len_u32(payload.len(), bytes_max)?;
    Ok(payload)
}

/// The same bytes back, with a limit, and nothing left over.
pub(crate) fn decode_payload<T: DeserializeOwned>(payload: &[u8], bytes_max: u32) -> Result<T, EnvelopeError> {
    use bincode::Options as _;
    bincode::DefaultOptions::new().with_fixint_encoding().with_limit(bytes_max.into()).deserialize(payload).map_err(|e| shape(&e))
}

/// Only the error's own kind: a message with the offending text could carry personal data out of a payload.
fn shape(error: &bincode::ErrorKind) -> EnvelopeError {
    use bincode::ErrorKind::{Custom, Io, SizeLimit};
    EnvelopeError::Shape(match error {
        Io(e) => e.kind().to_string(),
        SizeLimit => "over its size limit".to_owned(),
        Custom(_) => "a value out of its domain".to_owned(),
        _ => "not this type".to_owned(),
    })
}

fn len_u32(len: usize, bytes_max: u32) -> Result<u32, EnvelopeError> {
    u32::try_from(len).ok().filter(|&n| n <= bytes_max).ok_or(EnvelopeError::TooLong { len_bytes: len as u64, bytes_max })
}

fn checksum(header: &[u8], payload: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(header), payload)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;

    const FORM: Form = Form { kind: 200, schema: 1, bytes_max: 1000 };

    #[derive(PartialEq, Debug, Serialize, Deserialize)]
    struct Sample {
        name: String,
        number: u32,
        maybe: Option<u8>,
    }

    fn sample() -> Sample {
        Sample { name: "Wuhan".into(), number: 7, maybe: Some(1) }
    }

    #[test]
    fn the_bytes_are_the_published_ones() {
        let hex: String = seal(FORM, &sample()).unwrap().iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(hex, "c4d101c8130000002b1bdfe50500000000000000577568616e070000000101");
    }

    #[test]
    fn anything_but_the_exact_envelope_is_refused() {
        let sealed = seal(FORM, &sample()).unwrap();
        let refused = |form, bytes: &[u8]| open::<Sample>(form, bytes).unwrap_err();
        assert_eq!(open::<Sample>(FORM, &sealed), Ok(sample()));
        assert_eq!(refused(FORM, &[&sealed[..], b"x"].concat()), EnvelopeError::Trailing);
        assert_eq!(refused(FORM, &sealed[..sealed.len() - 1]), EnvelopeError::Short);
        assert_eq!(refused(Form { kind: 201, ..FORM }, &sealed), EnvelopeError::Kind { found: 200, expected: 201 });
        assert_eq!(refused(Form { schema: 0, ..FORM }, &sealed), EnvelopeError::TooNew { found: 1, known: 0 });
        assert!(matches!(refused(Form { schema: 2, ..FORM }, &sealed), EnvelopeError::Shape(_)));
        assert!(matches!(refused(Form { bytes_max: 5, ..FORM }, &sealed), EnvelopeError::TooLong { .. }));
        assert!(matches!(seal(Form { bytes_max: 5, ..FORM }, &sample()), Err(EnvelopeError::TooLong { .. })));
    }

    #[test]
    fn a_payload_of_another_shape_is_refused_without_quoting_it() {
        let long = seal(FORM, &(String::from("SECRETNAME"), 7u32, Some(1u8), 9u8)).unwrap();
        let error = open::<Sample>(FORM, &long).unwrap_err();
        assert!(matches!(error, EnvelopeError::Shape(_)));
        assert!(!error.to_string().contains("SECRET"));
    }

    #[test]
    fn envelopes_in_a_row_are_taken_one_by_one() {
        let two = [seal(FORM, &1u64).unwrap(), seal(FORM, &2u64).unwrap()].concat();
        let (first, rest) = unseal(FORM, &two).unwrap();
        assert_eq!(first.payload, 1u64.to_le_bytes());
        assert_eq!(open::<u64>(FORM, rest), Ok(2));
    }

    proptest! {
        #[test]
        fn every_flipped_bit_is_noticed(name in ".{0,20}", number: u32, bit in 0usize..4000) {
            let mut sealed = seal(FORM, &Sample { name, number, maybe: None }).unwrap();
            let bit = bit % (sealed.len() * 8);
            sealed[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(open::<Sample>(FORM, &sealed).is_err());
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(open::<Sample>(FORM, &bytes).is_err());
        }
    }
}
