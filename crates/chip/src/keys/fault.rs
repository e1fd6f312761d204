//! Why keys can't be had. Names a key by label and version; a value never gets here.

use std::fmt;

use card::Code;

/// A key that isn't there or isn't itself, or a card that can't be given keys.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum KeyFault {
    /// No key of this label and version (and algorithm) is held.
    Missing { label: String, version: u8 },
    /// The key held under this label isn't the one its check value is of.
    WrongCheck { label: String, version: u8 },
    /// What wraps this key isn't the key it was wrapped with, or the bytes were changed.
    Unwrap { label: String, version: u8 },
    /// The file asks for a transport key and none is held.
    NoTransport,
    /// A MAC was asked for and no MAC key is held.
    NoMac,
    /// The factors of a card's keys can't be had: what is missing.
    Factor(&'static str),
    /// The device that holds the keys failed: its words, or its code.
    Device(String),
    /// The device can't do what these keys need: the mechanism's name.
    Lacks(String),
}

impl KeyFault {
    /// What people find it under.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Device(_) => Code::Key06,
            Self::Lacks(_) => Code::Key07,
            _ => Code::Key03,
        }
    }
}

impl fmt::Display for KeyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { label, version } => write!(f, "key {label} version {version}: missing"),
            Self::WrongCheck { label, version } => write!(f, "key {label} version {version}: not the key its check value is of"),
            Self::Unwrap { label, version } => write!(f, "key {label} version {version}: can't be unwrapped"),
            Self::NoTransport => f.write_str("no transport key"),
            Self::NoMac => f.write_str("no MAC key"),
            Self::Factor(what) => write!(f, "no factor for the card's keys: {what}"),
            Self::Device(what) => write!(f, "the key device failed: {what}"),
            Self::Lacks(what) => write!(f, "the key device has no {what}"),
        }
    }
}

impl std::error::Error for KeyFault {}
