//! By when something is to happen after an answer, as data. No document at hand names a term: all three are unverified and the
//! centre's own to set. They are told in letters; nothing is refused or destroyed because of them.

use jiff::civil::Date;
use serde::Deserialize;

use crate::reason::AnswerLane;

/// Longest term a letter names.
pub const DAYS_MAX: u32 = 180;

/// Calendar days from the day an application came to its outcome.
#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Answers {
    /// The outlet has put right what is asked of it.
    pub outlet_days: u32,
    /// An application that still waits for a register or a day is asked after.
    pub retry_days: u32,
    /// The centre has settled what is its own fault or task.
    pub centre_days: u32,
}

impl Default for Answers {
    fn default() -> Self {
        Self { outlet_days: 15, retry_days: 30, centre_days: 5 }
    }
}

impl Answers {
    /// The last day of a lane's term, counted from `settled_on`; the calendar's last day if it would lie beyond.
    #[must_use]
    pub fn by(&self, lane: AnswerLane, settled_on: Date) -> Date {
        let days = match lane {
            AnswerLane::FixAtOutlet => self.outlet_days,
            AnswerLane::WeWillRetry => self.retry_days,
            AnswerLane::OurSide => self.centre_days,
        };
        settled_on.checked_add(jiff::Span::new().days(i64::from(days.min(DAYS_MAX)))).unwrap_or(Date::MAX)
    }

    /// All within 1 to [`DAYS_MAX`].
    pub(super) fn check(&self) -> Result<(), String> {
        for (name, days) in [("outlet_days", self.outlet_days), ("retry_days", self.retry_days), ("centre_days", self.centre_days)] {
            if !(1..=DAYS_MAX).contains(&days) {
                return Err(format!("answers.{name}: {days} is not within 1 to {DAYS_MAX}"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_lane_has_its_own_term() {
        let terms = Answers { outlet_days: 10, retry_days: 28, centre_days: 1 };
        let by = |lane| terms.by(lane, jiff::civil::date(2025, 2, 1)).to_string();
        assert_eq!(by(AnswerLane::FixAtOutlet), "2025-02-11");
        assert_eq!(by(AnswerLane::WeWillRetry), "2025-03-01");
        assert_eq!(by(AnswerLane::OurSide), "2025-02-02");
        assert_eq!(terms.by(AnswerLane::OurSide, Date::MAX), Date::MAX);
    }

    #[test]
    fn terms_out_of_range_are_refused() {
        assert!(Answers::default().check().is_ok());
        for wrong in [0, 181] {
            assert!(Answers { centre_days: wrong, ..Answers::default() }.check().unwrap_err().contains("centre_days"));
        }
    }
}
