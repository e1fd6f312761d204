//! The finishing hour: when the run ended, whether that was in time, and how long a night would still have fitted.

use card::Message;
use card::messages::{Said, count};
use ledger::entry::Millis;

const DAY_MS: i64 = 86_400_000;
const MINUTE_MS: i64 = 60_000;

/// What is known about the run's end. All times are UTC.
pub struct Finish {
    pub now: Millis,
    /// Seconds of the stages of this run.
    pub seconds: f64,
    pub cards: u64,
    /// Minutes after midnight, by the centre's clock, by which a night must be over.
    pub by_minutes: u32,
    pub utc_offset_minutes: i32,
}

impl Finish {
    /// The first finishing hour after the run began.
    fn limit(&self) -> Millis {
        let began = self.local(self.began());
        let today = began.div_euclid(DAY_MS) * DAY_MS + i64::from(self.by_minutes) * MINUTE_MS;
        let limit = if today > began { today } else { today + DAY_MS };
        limit - i64::from(self.utc_offset_minutes) * MINUTE_MS
    }

    fn began(&self) -> Millis {
        self.now.saturating_sub((self.seconds * 1000.0) as i64)
    }

    fn local(&self, at: Millis) -> Millis {
        at.saturating_add(i64::from(self.utc_offset_minutes) * MINUTE_MS)
    }

    fn clock(&self, at: Millis) -> String {
        let minutes = self.local(at).rem_euclid(DAY_MS) / MINUTE_MS;
        format!("{:02}:{:02}", minutes / 60, minutes % 60)
    }

    pub fn in_time(&self) -> bool {
        self.now <= self.limit()
    }

    /// When it ended and how much time was left, or how much was lacking.
    pub fn said(&self) -> Said {
        let (limit, early) = (self.limit(), self.in_time());
        let message = if early { Message::FinishedEarly } else { Message::FinishedLate };
        let minutes = (limit - self.now).abs() / MINUTE_MS;
        let [hours, minutes] = [minutes / 60, minutes % 60].map(|n| n.to_string());
        let spare = Message::HoursMinutes.said_with(&[("hours", &hours), ("minutes", &minutes)]);
        let filled =
            |n: usize| message.filled(card::Language::BOTH[n], &[("time", &self.clock(self.now)), ("limit", &self.clock(limit)), ("spare", &spare[n])]);
        [filled(0), filled(1)]
    }

    /// How many cards a night of this pace has room for; `None` if there is no pace to tell it by.
    pub fn fits(&self) -> Option<Said> {
        let pace = self.cards as f64 / self.seconds;
        let room_seconds = (self.limit() - self.began()) as f64 / 1000.0;
        let cards = pace * room_seconds;
        (cards.is_finite() && cards >= 1.0).then(|| Message::Fits.said_with(&[("cards", &count(cards as u64)), ("limit", &self.clock(self.limit()))]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-22T18:00:00Z: 02:00 on the 23rd in Wuhan.
    const NOW: Millis = 1_795_370_400_000;

    fn finish(seconds: f64, by_minutes: u32) -> Finish {
        Finish { now: NOW, seconds, cards: 1000, by_minutes, utc_offset_minutes: 480 }
    }

    #[test]
    fn the_margin_is_counted_by_the_centres_clock() {
        let early = finish(3600.0, 360);
        assert!(early.in_time());
        assert_eq!(early.said()[0], "Finished at 02:00, 4 h 0 min before 06:00.");
        // Begun at 23:00 the day before: still the same 06:00; 7 hours at 1,000 cards an hour … of 3 hours.
        assert_eq!(finish(10_800.0, 360).fits().unwrap()[0], "At tonight's pace about 2,333 cards fit between the start of the run and 06:00.");
    }

    #[test]
    fn a_run_past_its_hour_is_late() {
        // Begun at 00:30, to be over by 01:15, over at 02:00.
        let late = finish(5_400.0, 75);
        assert!(!late.in_time());
        assert_eq!(late.said()[0], "Finished at 02:00, 0 h 45 min after 01:15: the night was too long.");
    }

    #[test]
    fn without_a_pace_nothing_is_foretold() {
        assert!(Finish { cards: 0, ..finish(10.0, 360) }.fits().is_none());
        assert!(finish(0.0, 360).fits().is_none());
    }
}
