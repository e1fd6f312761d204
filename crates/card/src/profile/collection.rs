//! How long a card may wait at its outlet, as data. Who has waited longer is listed by `line::unclaimed`; nothing happens by itself.

use serde::Deserialize;

/// Longest wait a profile may name: as long as a card is valid.
pub const DAYS_MAX: u32 = 3_650;

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Collection {
    /// Days of 24 hours after the outlet received a card; not collected by then, it is unclaimed.
    pub unclaimed_days: u32,
}

/// One year. Unverified: no document at hand names the term.
impl Default for Collection {
    fn default() -> Self {
        Self { unclaimed_days: 365 }
    }
}

impl Collection {
    /// Within 1 to [`DAYS_MAX`].
    pub(super) fn check(&self) -> Result<(), String> {
        match self.unclaimed_days {
            1..=DAYS_MAX => Ok(()),
            days => Err(format!("collection.unclaimed_days: {days} is not within 1 to {DAYS_MAX}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_out_of_range_are_refused() {
        assert!(Collection::default().check().is_ok());
        for unclaimed_days in [0, DAYS_MAX + 1] {
            assert!(Collection { unclaimed_days }.check().unwrap_err().contains("unclaimed_days"));
        }
    }
}
