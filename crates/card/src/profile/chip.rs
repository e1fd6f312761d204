//! The chip image as data: which field goes to which file and tag, how long, in which type (card-and-rules.md §3.3).

use serde::Deserialize;

/// Files of the chip, in the order they are written.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChipLayout {
    pub file: Vec<ChipFile>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChipFile {
    /// For example `EF05`.
    pub id: String,
    /// Short file identifier, 1–30.
    pub sfi: u8,
    pub record: Vec<ChipRecord>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChipRecord {
    /// Two hex digits.
    pub tag: String,
    pub field: String,
    pub len_bytes: usize,
    pub kind: String,
}
