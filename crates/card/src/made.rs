//! One card to be produced: everything the four views of it (print, chip, job sheet, dispatch line) are made from.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::application::Application;
use crate::ids::{BatchId, Keyed, OutletCode};

/// A card that is made again, and where it was made: so that people know which one lies there instead.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RemakeOf {
    pub number: String,
    pub generation: u32,
    pub batch: BatchId,
}

impl RemakeOf {
    /// As lists name it.
    #[must_use]
    pub fn mark(&self) -> String {
        format!("{} generation {} {}", self.number, self.generation, self.batch)
    }
}

/// One card of a cut batch. Personal: no `Debug`.
#[derive(Clone, Serialize, Deserialize)]
pub struct Card {
    pub batch: BatchId,
    /// 1-based position in the batch; also the order of the job files.
    pub position: u32,
    /// 1-based job and 1-based slot within it.
    pub job: u32,
    pub slot: u32,
    /// 1-based tray of the job's box.
    pub tray: u32,
    /// 卡号, 9 characters with its check character (card-and-rules.md §3.4).
    pub number: String,
    /// 1 for a person's first card under this number, counted up for same-number replacements and remakes.
    pub generation: u32,
    /// The card this one is made for again, if it is.
    pub remake_of: Option<RemakeOf>,
    pub outlet: OutletCode,
    /// Administrative division of the outlet, 6 digits (GB/T 2260).
    pub division: String,
    pub application: Application,
    pub issued_on: Date,
    pub expires_on: Date,
    /// Opaque, length-limited by the profile; never personal data (card-and-rules.md §7).
    pub qr_payload: String,
    /// Keyed digest over the canonical application, the validated photo and the number: carried by all four views.
    pub record_digest: Keyed,
}
