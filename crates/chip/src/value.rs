//! One value in one record: digits, ASCII or GBK, left-aligned and filled (card-and-rules.md 3.9).

use std::fmt;

use card::name::{ChipTextFault, from_gbk, gbk};
use card::profile::chip::ValueKind;

use crate::image::{hex, unhex};

/// Why a text can't stand in a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ValueFault {
    /// Bytes it needs, and the record's.
    TooLong { bytes: usize, bytes_max: usize },
    /// Bytes it has, and the record's: a kind without filler.
    OtherLength { bytes: usize, bytes_wanted: usize },
    /// A character its kind doesn't have.
    Character(char),
}

impl fmt::Display for ValueFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { bytes, bytes_max } => write!(f, "{bytes} bytes, at most {bytes_max}"),
            Self::OtherLength { bytes, bytes_wanted } => write!(f, "{bytes} bytes, not {bytes_wanted}"),
            Self::Character(c) => f.write_str(&card::text::code_point(*c)),
        }
    }
}

impl From<ChipTextFault> for ValueFault {
    fn from(fault: ChipTextFault) -> Self {
        match fault {
            ChipTextFault::TooLong { bytes, bytes_max } => Self::TooLong { bytes, bytes_max },
            ChipTextFault::NoReading(c) => Self::Character(c),
        }
    }
}

/// The record of a text: exactly `len_bytes` bytes.
///
/// # Errors
/// The text is too long, or holds a character its kind doesn't have.
pub fn encode_value(kind: ValueKind, len_bytes: usize, text: &str) -> Result<Vec<u8>, ValueFault> {
    match kind {
        ValueKind::Cn => digits(text, len_bytes),
        ValueKind::An => fill(ascii(text)?.to_vec(), len_bytes),
        ValueKind::Gbk => fill(gbk(text)?, len_bytes),
        ValueKind::Bin => binary(text, len_bytes),
    }
}

fn ascii(text: &str) -> Result<&[u8], ValueFault> {
    let other = text.chars().find(|c| !(' '..='~').contains(c));
    other.map_or(Ok(text.as_bytes()), |c| Err(ValueFault::Character(c)))
}

/// Bytes filled with `00` to the record's length.
pub fn fill(mut bytes: Vec<u8>, len_bytes: usize) -> Result<Vec<u8>, ValueFault> {
    if bytes.len() > len_bytes {
        return Err(ValueFault::TooLong { bytes: bytes.len(), bytes_max: len_bytes });
    }
    bytes.resize(len_bytes, 0);
    Ok(bytes)
}

fn digits(text: &str, len_bytes: usize) -> Result<Vec<u8>, ValueFault> {
    if let Some(c) = text.chars().find(|c| !c.is_ascii_digit()) {
        return Err(ValueFault::Character(c));
    }
    if text.len() > 2 * len_bytes {
        return Err(ValueFault::TooLong { bytes: text.len().div_ceil(2), bytes_max: len_bytes });
    }
    let mut out = vec![0xFF; len_bytes];
    for (i, digit) in text.bytes().enumerate() {
        let nibble = digit - b'0';
        out[i / 2] = if i % 2 == 0 { nibble << 4 | 0x0F } else { out[i / 2] & 0xF0 | nibble };
    }
    Ok(out)
}

fn binary(text: &str, len_bytes: usize) -> Result<Vec<u8>, ValueFault> {
    if let Some(c) = text.chars().find(|c| !c.is_ascii_hexdigit()) {
        return Err(ValueFault::Character(c));
    }
    let wrong = ValueFault::OtherLength { bytes: text.len().div_ceil(2), bytes_wanted: len_bytes };
    unhex(text).filter(|bytes| bytes.len() == len_bytes).ok_or(wrong)
}

/// The text of a record; `None` if the bytes aren't what [`encode_value`] writes.
#[must_use]
pub fn decode_value(kind: ValueKind, bytes: &[u8]) -> Option<String> {
    match kind {
        ValueKind::Cn => from_digits(bytes),
        ValueKind::An => unfill(bytes).filter(|v| v.iter().all(|b| (b' '..=b'~').contains(b))).and_then(|v| String::from_utf8(v.to_vec()).ok()),
        ValueKind::Gbk => unfill(bytes).and_then(from_gbk),
        ValueKind::Bin => Some(hex(bytes)),
    }
}

/// The bytes before the filler, which has to be `00` to the end.
fn unfill(bytes: &[u8]) -> Option<&[u8]> {
    let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
    bytes[end..].iter().all(|b| *b == 0).then_some(&bytes[..end])
}

fn from_digits(bytes: &[u8]) -> Option<String> {
    let nibbles: Vec<u8> = bytes.iter().flat_map(|b| [b >> 4, b & 0x0F]).collect();
    let end = nibbles.iter().position(|n| *n == 0x0F).unwrap_or(nibbles.len());
    let well_formed = nibbles[..end].iter().all(|n| *n <= 9) && nibbles[end..].iter().all(|n| *n == 0x0F);
    well_formed.then(|| nibbles[..end].iter().map(|n| char::from(b'0' + n)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_published_padding() {
        let ssn = encode_value(ValueKind::An, 18, "UTO0X12345678").unwrap();
        let hex: String = ssn.iter().map(|b| format!("{b:02X}")).collect();
        assert_eq!(hex, "55544F305831323334353637380000000000", "card-and-rules.md §1");
        assert_eq!(encode_value(ValueKind::Cn, 4, "20250612"), Ok(vec![0x20, 0x25, 0x06, 0x12]));
        assert_eq!(encode_value(ValueKind::Cn, 3, "42010"), Ok(vec![0x42, 0x01, 0x0F]));
        assert_eq!(encode_value(ValueKind::Cn, 2, ""), Ok(vec![0xFF, 0xFF]));
        assert_eq!(encode_value(ValueKind::Gbk, 4, "中"), Ok(vec![0xD6, 0xD0, 0, 0]));
    }

    #[test]
    fn what_does_not_fit_says_why() {
        assert_eq!(encode_value(ValueKind::Cn, 1, "123"), Err(ValueFault::TooLong { bytes: 2, bytes_max: 1 }));
        assert_eq!(encode_value(ValueKind::Cn, 1, "1A"), Err(ValueFault::Character('A')));
        assert_eq!(encode_value(ValueKind::An, 2, "é"), Err(ValueFault::Character('é')));
        assert_eq!(encode_value(ValueKind::An, 2, "a\n"), Err(ValueFault::Character('\n')));
        assert_eq!(encode_value(ValueKind::Bin, 2, "0A"), Err(ValueFault::OtherLength { bytes: 1, bytes_wanted: 2 }));
        assert_eq!(encode_value(ValueKind::Bin, 2, "0A0"), Err(ValueFault::OtherLength { bytes: 2, bytes_wanted: 2 }));
        assert_eq!(encode_value(ValueKind::Bin, 1, "0G"), Err(ValueFault::Character('G')));
        assert_eq!(encode_value(ValueKind::Gbk, 3, "中文"), Err(ValueFault::TooLong { bytes: 4, bytes_max: 3 }));
    }

    #[test]
    fn malformed_records_are_not_read() {
        assert_eq!(decode_value(ValueKind::Cn, &[0x1F, 0x12]), None, "digits after filler");
        assert_eq!(decode_value(ValueKind::Cn, &[0x1A]), None);
        assert_eq!(decode_value(ValueKind::An, b"a\0b"), None);
        assert_eq!(decode_value(ValueKind::Gbk, &[0xD6, 0]), None, "half a character");
    }

    proptest! {
        #[test]
        fn every_value_reads_back(digits in "[0-9]{0,24}", ascii in "[ -~]{0,20}", hex in "([0-9A-F]{2}){12}", text in "[A-Za-z中文示例é·]{0,15}") {
            prop_assert_eq!(decode_value(ValueKind::Cn, &encode_value(ValueKind::Cn, 12, &digits).unwrap()), Some(digits));
            prop_assert_eq!(decode_value(ValueKind::An, &encode_value(ValueKind::An, 20, &ascii).unwrap()), Some(ascii));
            prop_assert_eq!(decode_value(ValueKind::Gbk, &encode_value(ValueKind::Gbk, 30, &text).unwrap()), Some(text));
            prop_assert_eq!(decode_value(ValueKind::Bin, &encode_value(ValueKind::Bin, 12, &hex).unwrap()), Some(hex));
        }

        /// What is read is exactly what would be written: no two byte strings read as one text.
        #[test]
        fn only_what_is_written_is_read(bytes in proptest::collection::vec(any::<u8>(), 0..12)) {
            for kind in [ValueKind::Cn, ValueKind::An, ValueKind::Gbk, ValueKind::Bin] {
                if let Some(text) = decode_value(kind, &bytes) {
                    prop_assert_eq!(encode_value(kind, bytes.len(), &text).ok(), Some(bytes.clone()));
                }
            }
        }
    }
}
