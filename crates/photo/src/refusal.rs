//! One broken rule, before the profile says what it does to the application. Only numbers and format names go in: both
//! texts reach the ledger and the outlet.

use std::fmt;

use card::{Code, Effect};
use serde::{Deserialize, Serialize};

/// A rectangle of the photo in pixels, for showing where a rule was broken.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Area {
    pub left: u32,
    pub top: u32,
    pub width: u32,
    pub height: u32,
}

/// A broken rule: its code, what was measured, the limit, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    pub code: Code,
    pub value: String,
    pub limit: String,
    pub area: Option<Area>,
    /// The band the measured value fell in, for rules with two bands; `None` leaves it to the code.
    pub band: Option<Effect>,
}

impl Refusal {
    pub(crate) fn new(code: Code, value: impl Into<String>, limit: impl Into<String>) -> Self {
        Self { code, value: value.into(), limit: limit.into(), area: None, band: None }
    }

    pub(crate) fn at(mut self, area: Area) -> Self {
        self.area = Some(area);
        self
    }

    pub(crate) fn banded(mut self, effect: Effect) -> Self {
        self.band = Some(effect);
        self
    }

    /// PHO-04: the file breaks the JPEG format at a place or in a way `what` names.
    pub(crate) fn damaged(what: impl Into<String>) -> Self {
        Self::new(Code::Pho04, what, "a complete, valid JPEG")
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} (limit: {})", self.code, self.value, self.limit)
    }
}

impl std::error::Error for Refusal {}
