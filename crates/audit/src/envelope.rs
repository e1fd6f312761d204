//! Reading the envelopes around stored values (crates/ledger/FORMAT.md §1), written anew from that page: magic, schema, kind,
//! length, CRC32C, bincode with fixed-width integers.

use bincode::Options as _;
use ledger::envelope::{HEADER_BYTES, MAGIC};
use serde::de::DeserializeOwned;

/// Longest payload looked at.
const PAYLOAD_BYTES_MAX: u64 = 64 << 20;

/// The payload of an envelope of that kind and schema that is exactly `bytes` long.
///
/// # Errors
/// What is wrong with it, without any of its content.
pub fn open(kind: u8, schema: u8, bytes: &[u8]) -> Result<&[u8], &'static str> {
    let (header, payload) = bytes.split_at_checked(HEADER_BYTES).ok_or("shorter than an envelope")?;
    let length = u32::from_le_bytes([header[4], header[5], header[6], header[7]]);
    let crc = crc32c::crc32c_append(crc32c::crc32c(&header[..8]), payload);
    if header[..2] != MAGIC {
        return Err("not an envelope");
    }
    if length as usize != payload.len() {
        return Err("of another length than it says");
    }
    if crc.to_le_bytes() != header[8..12] {
        return Err("checksum wrong");
    }
    if (header[3], header[2]) != (kind, schema) {
        return Err("of another kind or schema");
    }
    Ok(payload)
}

/// A value that takes up the whole payload.
///
/// # Errors
/// The payload hasn't the type's shape; its content is not quoted.
pub fn decode<T: DeserializeOwned>(payload: &[u8]) -> Result<T, &'static str> {
    bincode::DefaultOptions::new().with_fixint_encoding().with_limit(PAYLOAD_BYTES_MAX).deserialize(payload).map_err(|_| "not of its schema's shape")
}

/// The first fields of a value; what follows them is not looked at.
///
/// # Errors
/// The payload doesn't begin with the type's shape; its content is not quoted.
pub fn decode_front<T: DeserializeOwned>(payload: &[u8]) -> Result<T, &'static str> {
    let options = bincode::DefaultOptions::new().with_fixint_encoding().with_limit(PAYLOAD_BYTES_MAX).allow_trailing_bytes();
    options.deserialize(payload).map_err(|_| "not of its schema's shape")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_ledger_seals_opens_and_any_flipped_bit_is_noticed() {
        let sealed = ledger::envelope::encode(16, 1, &("Wuhan".to_owned(), 7_u32)).unwrap();
        let (name, n): (String, u32) = decode(open(16, 1, &sealed).unwrap()).unwrap();
        assert_eq!((name.as_str(), n), ("Wuhan", 7));
        for bit in 0..sealed.len() * 8 {
            let mut flipped = sealed.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(open(16, 1, &flipped).is_err(), "bit {bit}");
        }
        assert!(open(17, 1, &sealed).is_err() && open(16, 2, &sealed).is_err());
    }

    #[test]
    fn the_front_of_a_value_is_enough_where_it_is_asked_for() {
        let payload = bincode::serialize(&(7_u32, "more".to_owned())).unwrap();
        assert_eq!(decode_front::<u32>(&payload), Ok(7));
        assert!(decode::<u32>(&payload).is_err());
    }
}
