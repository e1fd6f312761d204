//! How long things took, by the wall clock: for the report and the closing line alone.

use card::Message;
use card::messages::{Said, count};

/// Items remembered as the slowest.
const SLOWEST_MAX: usize = 8;

/// Wall time of the stages so far and what went through them.
#[derive(Clone, Default)]
pub struct Throughput {
    /// Stage, items, seconds.
    pub stages: Vec<(Message, u64, f64)>,
    pub slowest: Slowest,
}

impl Throughput {
    /// Seconds of all stages.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.stages.iter().map(|(_, _, seconds)| seconds).sum()
    }
}

/// What a clock can be held to. Ids only.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Timed {
    /// An application being examined: its package, and its row there from 0.
    Row {
        package: u64,
        row: u32,
    },
    Job(u32),
}

impl Timed {
    /// For people.
    #[must_use]
    pub fn said(self) -> Said {
        match self {
            Self::Row { package, row } => Message::TimedRow.said_with(&[("package", &count(package)), ("row", &count(u64::from(row) + 1))]),
            Self::Job(job) => Message::TimedJob.said_with(&[("job", &count(job.into()))]),
        }
    }
}

/// The items that took longest, slowest first.
#[derive(Clone, Default)]
pub struct Slowest(Vec<(Timed, f64)>);

impl Slowest {
    /// Takes an item in if it belongs among the slowest.
    pub fn note(&mut self, seconds: f64, what: Timed) {
        let at = self.0.partition_point(|(_, other)| *other >= seconds);
        if at < SLOWEST_MAX {
            self.0.insert(at, (what, seconds));
            self.0.truncate(SLOWEST_MAX);
        }
    }

    pub fn merge(&mut self, other: Self) {
        other.0.into_iter().for_each(|(what, seconds)| self.note(seconds, what));
    }

    pub fn iter(&self) -> impl Iterator<Item = (Timed, f64)> {
        self.0.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::{Slowest, Timed};

    #[test]
    fn only_the_slowest_are_kept_slowest_first() {
        let mut slowest = Slowest::default();
        (0..100_u32).for_each(|n| slowest.note(f64::from(n * 37 % 100), Timed::Job(n)));
        let kept: Vec<f64> = slowest.iter().map(|(_, seconds)| seconds).collect();
        assert_eq!(kept, [99.0, 98.0, 97.0, 96.0, 95.0, 94.0, 93.0, 92.0]);
        let mut more = Slowest::default();
        more.note(98.5, Timed::Row { package: 7, row: 0 });
        slowest.merge(more);
        let (what, seconds) = slowest.iter().nth(1).unwrap();
        assert_eq!((what.said()[0].as_str(), seconds), ("Package 7, row 1", 98.5));
    }
}
