//! How the cards of a lot lie: runs of serials, each in one account. Whoever paints a range over them can neither lose a serial nor
//! have one twice, so the sets of the accounts are apart and together the lot, by construction.

use card::BatchId;
use serde::{Deserialize, Serialize};

use crate::entry::{Account, DestructionAsked, SerialRange, StockReceived};

/// Serials that lie together and alike.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Run {
    pub serials: SerialRange,
    pub account: Account,
    /// The batch they were given out to.
    pub batch: Option<BatchId>,
    /// A destruction of them was asked for: its number.
    pub destruction: Option<u64>,
    /// And witnessed.
    pub destroyed: bool,
}

impl Run {
    fn alike(&self, other: &Self) -> bool {
        let rest = |run: &Self| (run.account, run.destruction, run.destroyed);
        rest(self) == rest(other) && self.batch == other.batch
    }
}

/// A lot of blank cards.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct LotState {
    pub received: StockReceived,
    /// Journal sequence of the entry it came with.
    pub seq: u64,
    /// All serials of the lot, in order, without a gap.
    pub runs: Vec<Run>,
}

/// Cards by account. What is destroyed stays in its account.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Tally {
    pub vault: u64,
    pub line: u64,
    pub good: u64,
    pub spoiled: u64,
    pub test: u64,
    pub returned: u64,
    /// Of all of these.
    pub destroyed: u64,
    /// Of the spoiled ones.
    pub spoiled_destroyed: u64,
}

impl Tally {
    fn account(&mut self, account: Account) -> &mut u64 {
        match account {
            Account::Vault => &mut self.vault,
            Account::Line => &mut self.line,
            Account::Good => &mut self.good,
            Account::Spoiled => &mut self.spoiled,
            Account::Test => &mut self.test,
            Account::Returned => &mut self.returned,
        }
    }

    fn add(&mut self, run: &Run) {
        let count = run.serials.count();
        *self.account(run.account) += count;
        if run.destroyed {
            self.destroyed += count;
            if run.account == Account::Spoiled {
                self.spoiled_destroyed += count;
            }
        }
    }

    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            vault: self.vault + other.vault,
            line: self.line + other.line,
            good: self.good + other.good,
            spoiled: self.spoiled + other.spoiled,
            test: self.test + other.test,
            returned: self.returned + other.returned,
            destroyed: self.destroyed + other.destroyed,
            spoiled_destroyed: self.spoiled_destroyed + other.spoiled_destroyed,
        }
    }

    #[must_use]
    pub fn sum(&self) -> u64 {
        self.vault + self.line + self.good + self.spoiled + self.test + self.returned
    }
}

impl LotState {
    pub(super) fn of(seq: u64, e: &StockReceived) -> Self {
        let whole = Run { serials: e.serials, account: Account::Vault, batch: None, destruction: None, destroyed: false };
        Self { received: e.clone(), seq, runs: vec![whole] }
    }

    /// Changes the serials of these ranges; what lies outside the lot is left out. One walk over runs and ranges.
    pub(super) fn paint(&mut self, ranges: &[SerialRange], change: impl Fn(&mut Run)) {
        let mut ranges = ranges.to_vec();
        ranges.sort_unstable();
        let mut painted: Vec<Run> = Vec::with_capacity(self.runs.len() + 2 * ranges.len());
        let mut push = |run: Run| match painted.last_mut() {
            Some(last) if last.alike(&run) => last.serials.last = run.serials.last,
            _ => painted.push(run),
        };
        let mut next = 0;
        for run in &self.runs {
            let mut from = run.serials.first;
            let mut piece = |first: u64, last: u64, within: bool| {
                let mut part = Run { serials: SerialRange { first, last }, ..run.clone() };
                if within {
                    change(&mut part);
                }
                push(part);
            };
            while ranges.get(next).is_some_and(|r| r.last < from) {
                next += 1;
            }
            let mut at = next;
            while let Some(range) = ranges.get(at).filter(|r| r.first <= run.serials.last) {
                let (first, last) = (range.first.max(from), range.last.min(run.serials.last));
                if first <= last {
                    if from < first {
                        piece(from, first - 1, false);
                    }
                    piece(first, last, true);
                    from = last.saturating_add(1);
                }
                at += 1;
            }
            if from <= run.serials.last {
                piece(from, run.serials.last, false);
            }
        }
        self.runs = painted;
    }

    /// Runs that have serials of this range, cut to it.
    #[must_use]
    pub fn within(&self, range: SerialRange) -> Vec<Run> {
        let start = self.runs.partition_point(|run| run.serials.last < range.first);
        let met = self.runs[start..].iter().take_while(|run| run.serials.first <= range.last);
        let cut = |run: &Run| Run { serials: SerialRange { first: run.serials.first.max(range.first), last: run.serials.last.min(range.last) }, ..run.clone() };
        met.map(cut).collect()
    }

    #[must_use]
    pub fn tally(&self) -> Tally {
        self.tally_where(|_| true)
    }

    /// Only of this batch's cards.
    #[must_use]
    pub fn tally_of(&self, batch: &BatchId) -> Tally {
        self.tally_where(|run| run.batch.as_ref() == Some(batch))
    }

    /// Serials of this batch in an account.
    #[must_use]
    pub fn serials_of(&self, batch: &BatchId, account: Account) -> Vec<SerialRange> {
        self.runs.iter().filter(|run| run.account == account && run.batch.as_ref() == Some(batch)).map(|run| run.serials).collect()
    }

    fn tally_where(&self, wanted: impl Fn(&Run) -> bool) -> Tally {
        let mut tally = Tally::default();
        self.runs.iter().filter(|run| wanted(run)).for_each(|run| tally.add(run));
        tally
    }

    /// A serial as it is printed on the card.
    #[must_use]
    pub fn written(&self, serial: u64) -> String {
        format!("{}{serial:0width$}", self.received.prefix, width = usize::from(self.received.digits))
    }
}

/// Cards that are to be destroyed, and whether two people saw it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Destruction {
    pub asked: DestructionAsked,
    pub done: bool,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lot() -> LotState {
        let serials = SerialRange { first: 100, last: 199 };
        LotState::of(1, &StockReceived { lot: "L1".into(), prefix: "A".into(), digits: 6, serials, who: "cu".into(), signature: None, at: 1 })
    }

    #[test]
    fn a_range_is_painted_over_what_lies_there_and_like_runs_join() {
        let mut lot = lot();
        let r = |first, last| SerialRange { first, last };
        lot.paint(&[r(110, 119), r(130, 130)], |run| run.account = Account::Line);
        assert_eq!(lot.runs.len(), 5);
        assert_eq!((lot.tally().line, lot.tally().vault), (11, 89));
        lot.paint(&[r(90, 250)], |run| run.account = Account::Vault);
        assert_eq!((lot.runs.len(), lot.tally().sum()), (1, 100), "one run again, and nothing outside the lot");
        assert_eq!(lot.written(100), "A000100");
        assert_eq!(lot.within(r(195, 999)).iter().map(|run| run.serials.count()).sum::<u64>(), 5);
    }

    proptest! {
        /// Against the plainest model there is: an account for every serial.
        #[test]
        fn runs_are_what_single_serials_would_be(moves in proptest::collection::vec((90_u64..210, 0_u64..30, 0_usize..6, proptest::bool::ANY), 0..40)) {
            let mut lot = lot();
            let mut model = [(Account::Vault, false); 100];
            for (first, more, account, destroyed) in moves {
                let (last, account) = (first + more, Account::ALL[account]);
                lot.paint(&[SerialRange { first, last }], |run| (run.account, run.destroyed) = (account, destroyed));
                (first.max(100)..=last.min(199)).for_each(|serial| model[(serial - 100) as usize] = (account, destroyed));
            }
            let mut next = 100;
            for run in &lot.runs {
                prop_assert_eq!(run.serials.first, next);
                for serial in run.serials.first..=run.serials.last {
                    prop_assert_eq!((run.account, run.destroyed), model[(serial - 100) as usize]);
                }
                next = run.serials.last + 1;
            }
            prop_assert_eq!((next, lot.tally().sum()), (200, 100));
            prop_assert!(lot.runs.windows(2).all(|pair| !pair[0].alike(&pair[1])));
        }
    }
}
