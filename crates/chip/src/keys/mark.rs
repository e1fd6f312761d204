//! What may be said about a key: its label, version and check value; and what an encode file declares of the keys it was made with.

use super::diversify::CHECK_BYTES;

pub const LABEL_CHARS_MAX: usize = 32;

/// Names a key without its value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyMark {
    label: String,
    version: u8,
    check: [u8; CHECK_BYTES],
}

impl KeyMark {
    /// # Errors
    /// The label isn't 1–32 of `A-Z a-z 0-9 - _`.
    pub fn new(label: &str, version: u8, check: [u8; CHECK_BYTES]) -> Result<Self, String> {
        let charset = label.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
        if !(1..=LABEL_CHARS_MAX).contains(&label.len()) || !charset {
            return Err(format!("a key's label is 1-{LABEL_CHARS_MAX} of A-Z a-z 0-9 - _"));
        }
        Ok(Self { label: label.to_owned(), version, check })
    }

    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    #[must_use]
    pub fn version(&self) -> u8 {
        self.version
    }

    #[must_use]
    pub fn check(&self) -> [u8; CHECK_BYTES] {
        self.check
    }
}

/// How card keys are kept from sight on the way to the device.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TransportMode {
    /// SM4 in CBC over a block of the card's nonce and then the keys, chained from a block of zeros: no padding.
    Sm4Cbc,
    /// Each key by itself, wrapped with AES-256 (RFC 5649).
    AesKwp,
}

impl TransportMode {
    /// The byte CMODE of an encode file: `10` is CPS' own for CBC, `12` is ours.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Sm4Cbc => 0x10,
            Self::AesKwp => 0x12,
        }
    }

    #[must_use]
    pub fn of_code(code: u8) -> Option<Self> {
        [Self::Sm4Cbc, Self::AesKwp].into_iter().find(|mode| mode.code() == code)
    }

    /// Bytes of the cryptogram of so many keys.
    #[must_use]
    pub fn cryptogram_bytes(self, keys: usize) -> usize {
        match self {
            Self::Sm4Cbc => 16 * (keys + 1),
            Self::AesKwp => super::wrap::WRAPPED_BYTES * keys,
        }
    }
}

/// How the data of a card is sealed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MacMode {
    Sm4Cmac,
    AesCmac,
}

impl MacMode {
    /// Its byte in the header of an encode file.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Sm4Cmac => 1,
            Self::AesCmac => 2,
        }
    }

    #[must_use]
    pub fn of_code(code: u8) -> Option<Self> {
        [Self::Sm4Cmac, Self::AesCmac].into_iter().find(|mode| mode.code() == code)
    }
}

/// What an encode file says about the keys it was made with; nothing where there are none.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Declared {
    pub transport: Option<(TransportMode, KeyMark)>,
    pub mac: Option<(MacMode, KeyMark)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_short_and_plain() {
        assert!(KeyMark::new("RKSSSE", 1, [0; 3]).is_ok());
        assert!(KeyMark::new(&"A".repeat(32), 1, [0; 3]).is_ok());
        for bad in ["", "A B", "Ä", "a\n", &"A".repeat(33)] {
            assert!(KeyMark::new(bad, 1, [0; 3]).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn codes_read_back() {
        for mode in [TransportMode::Sm4Cbc, TransportMode::AesKwp] {
            assert_eq!(TransportMode::of_code(mode.code()), Some(mode));
        }
        for mode in [MacMode::Sm4Cmac, MacMode::AesCmac] {
            assert_eq!(MacMode::of_code(mode.code()), Some(mode));
        }
        assert_eq!((TransportMode::of_code(0x11), MacMode::of_code(0)), (None, None), "ECB is never taken");
    }
}
