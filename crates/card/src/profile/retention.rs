//! How long what is personal is kept, as data (faults.md §1.1 R3, §8 retention table). When it is over is decided by `line::purge`.

use serde::Deserialize;

/// Nothing may be kept longer after it has served its purpose (faults.md R3: six months).
pub const DAYS_MAX: u32 = 180;

/// Days of 24 hours, counted from the end of what the data was needed for.
#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retention {
    /// After the dispatch of its batch: an application of which a card was made, and the batch's files.
    pub produced_days: u32,
    /// After the answer (or the later decision): an application that was rejected or withdrawn.
    pub refused_days: u32,
}

/// The defaults of faults.md §8.
impl Default for Retention {
    fn default() -> Self {
        Self { produced_days: 30, refused_days: 30 }
    }
}

impl Retention {
    /// Both within 1 to [`DAYS_MAX`].
    pub(super) fn check(&self) -> Result<(), String> {
        for (name, days) in [("produced_days", self.produced_days), ("refused_days", self.refused_days)] {
            if !(1..=DAYS_MAX).contains(&days) {
                return Err(format!("retention.{name}: {days} is not within 1 to {DAYS_MAX}"));
            }
        }
        Ok(())
    }
}
