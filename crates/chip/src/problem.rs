//! Why a card can't be encoded. Says which field and what was measured, never the field's content.

use std::fmt;

use card::Code;

/// A field that doesn't go into its record or column.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChipProblem {
    /// The published code an application gets for it.
    pub code: Code,
    pub field: String,
    /// What was measured, and the limit where there is one.
    pub what: String,
}

impl ChipProblem {
    /// A text that doesn't fit or can't be written (REC-09).
    #[must_use]
    pub fn new(field: &str, what: impl fmt::Display) -> Self {
        Self { code: Code::Rec09, field: field.to_owned(), what: what.to_string() }
    }
}

impl fmt::Display for ChipProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.what)
    }
}

impl std::error::Error for ChipProblem {}
