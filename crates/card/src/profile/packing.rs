//! How made cards are laid into their box, as data: a box is a job, and trays lie in it one after the other.

use serde::Deserialize;

/// Most cards a tray may hold: as many as the largest job.
pub const CARDS_PER_TRAY_MAX: u32 = 2_000;

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Packing {
    /// Cards in a tray, in the order of the job's slots; the last tray of a box holds what is left.
    pub cards_per_tray: u32,
}

/// Unverified: no document at hand says what a tray holds.
impl Default for Packing {
    fn default() -> Self {
        Self { cards_per_tray: 100 }
    }
}

impl Packing {
    /// Within 1 to [`CARDS_PER_TRAY_MAX`].
    pub(super) fn check(&self) -> Result<(), String> {
        match self.cards_per_tray {
            1..=CARDS_PER_TRAY_MAX => Ok(()),
            cards => Err(format!("packing.cards_per_tray: {cards} is not within 1 to {CARDS_PER_TRAY_MAX}")),
        }
    }

    /// 1-based tray of a 1-based slot.
    #[must_use]
    pub fn tray_of(&self, slot: u32) -> u32 {
        slot.saturating_sub(1) / self.cards_per_tray.max(1) + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trays_are_filled_one_after_the_other() {
        let packing = Packing { cards_per_tray: 50 };
        assert_eq!([1, 50, 51, 100, 101].map(|slot| packing.tray_of(slot)), [1, 1, 2, 2, 3]);
        for cards_per_tray in [0, CARDS_PER_TRAY_MAX + 1] {
            assert!(Packing { cards_per_tray }.check().unwrap_err().contains("cards_per_tray"));
        }
    }
}
