//! Identifiers and digests that cross crate borders. They carry no personal data and may be logged.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::seeded::{Bug, has};

/// Position of an application in the order of arrival, over the whole life of a plant (0-based, never reused).
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Ordinal(pub u64);

/// Code of an outlet as the outlet register spells it: 2–20 of `A-Z 0-9 -`, safe as a folder name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OutletCode(String);

impl OutletCode {
    /// # Errors
    /// The text is not 2–20 characters of `A-Z`, `0-9` and inner `-`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let inner = text.len() >= 2 && text.len() <= 20 && !text.starts_with('-') && !text.ends_with('-');
        let charset = text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-');
        if inner && charset { Ok(Self(text.to_owned())) } else { Err(format!("not an outlet code: {text:?}")) }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for OutletCode {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl From<OutletCode> for String {
    fn from(code: OutletCode) -> Self {
        code.0
    }
}

impl fmt::Display for OutletCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Name of a batch: `BYYYYMMDD-NN`, the production date and a counter within it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BatchId(String);

impl BatchId {
    /// # Errors
    /// The text is not of the form `B20250115-01`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let bytes = text.as_bytes();
        let digits = |range: std::ops::Range<usize>| bytes[range].iter().all(u8::is_ascii_digit);
        let ok = bytes.len() == 12 && bytes[0] == b'B' && bytes[9] == b'-' && digits(1..9) && digits(10..12);
        if ok { Ok(Self(text.to_owned())) } else { Err(format!("not a batch id (BYYYYMMDD-NN): {text:?}")) }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for BatchId {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl From<BatchId> for String {
    fn from(id: BatchId) -> Self {
        id.0
    }
}

impl fmt::Display for BatchId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// SHA-256 of bytes that are not personal by themselves (files, manifests, profiles). Shown as 64 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

/// A digest keyed with the plant's pepper (HMAC-SHA-256, first 16 bytes): the only form in which anything
/// about a person is written outside the vault (faults.md §3.2). Shown as 32 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Keyed(pub [u8; 16]);

impl Digest {
    /// SHA-256 of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        use sha2::Digest as _;
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// # Errors
    /// Not 64 lower-case hex digits.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut out = [0; 32];
        unhex(text, &mut out)?;
        Ok(Self(out))
    }
}

impl Keyed {
    /// HMAC-SHA-256 over `domain`, a zero byte and the parts, each followed by a zero byte; first 16 bytes.
    #[must_use]
    pub fn of(pepper: &[u8; 32], domain: &str, parts: &[&[u8]]) -> Self {
        use hmac::{KeyInit as _, Mac as _};
        let pepper = if has(Bug::UnkeyedDigest) { &[0; 32] } else { pepper };
        let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(pepper).expect("HMAC takes any key length");
        mac.update(domain.as_bytes());
        mac.update(&[0]);
        for part in parts {
            mac.update(&(part.len() as u32).to_be_bytes());
            mac.update(part);
        }
        let full = mac.finalize().into_bytes();
        let mut out = [0; 16];
        out.copy_from_slice(&full[..16]);
        Self(out)
    }

    /// # Errors
    /// Not 32 lower-case hex digits.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut out = [0; 16];
        unhex(text, &mut out)?;
        Ok(Self(out))
    }
}

fn unhex(text: &str, out: &mut [u8]) -> Result<(), String> {
    let bytes = text.as_bytes();
    let lower = bytes.iter().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(b));
    if bytes.len() != out.len() * 2 || !lower {
        return Err(format!("not {} lower-case hex digits", out.len() * 2));
    }
    let nibble = |b: u8| if b.is_ascii_digit() { b - b'0' } else { b - b'a' + 10 };
    for (target, pair) in out.iter_mut().zip(bytes.chunks_exact(2)) {
        *target = nibble(pair[0]) << 4 | nibble(pair[1]);
    }
    Ok(())
}

macro_rules! shown_as_hex {
    ($($name:ty),*) => { $(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
        // Bare bytes in what the ledger stores, hex in what people and other programs read.
        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                if s.is_human_readable() { s.collect_str(self) } else { self.0.serialize(s) }
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                if !d.is_human_readable() {
                    return Deserialize::deserialize(d).map(Self);
                }
                Self::parse(&String::deserialize(d)?).map_err(serde::de::Error::custom)
            }
        }
    )* };
}
shown_as_hex!(Digest, Keyed);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_round_trip_as_hex() {
        let d = Digest::of(b"abc");
        assert_eq!(d.to_string(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(Digest::parse(&d.to_string()), Ok(d));
        assert!(Digest::parse("BA").is_err());
    }

    #[test]
    fn keyed_digests_separate_their_parts() {
        let k = [7; 32];
        assert_ne!(Keyed::of(&k, "p", &[b"ab", b"c"]), Keyed::of(&k, "p", &[b"a", b"bc"]));
        assert_ne!(Keyed::of(&k, "p", &[b"ab"]), Keyed::of(&[8; 32], "p", &[b"ab"]));
    }

    #[test]
    fn codes_that_could_leave_a_folder_are_refused() {
        for bad in ["", "A", "../X", "a1", "WH-", "X".repeat(21).as_str()] {
            assert!(OutletCode::parse(bad).is_err(), "{bad}");
        }
        assert!(BatchId::parse("B20250115-01").is_ok());
        assert!(BatchId::parse("../../x").is_err());
    }
}
