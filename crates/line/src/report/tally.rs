//! Counts of one night from the ledger: what came, how it stands now, and why what was stopped was stopped. Bounded by outlets and codes.

use std::collections::BTreeMap;

use card::{Code, Ordinal, Outcome, OutletCode};
use ledger::book::Book;
use ledger::book::state::BatchState;
use ledger::entry::{BatchCut, Millis, PackageSetAside};
use ledger::fault::Fault;

/// Earlier nights the report looks back on.
const NIGHTS_MAX: usize = 7;

/// One outlet's part of a night.
#[derive(Clone, Default)]
pub struct OutletNight {
    /// By [`Outcome`].
    pub outcomes: [u64; 3],
    /// Cards of the batch, whenever their applications came.
    pub made: u64,
    pub void: u64,
}

impl OutletNight {
    pub fn arrived(&self) -> u64 {
        self.outcomes.iter().sum()
    }
}

/// A night's counts.
#[derive(Default)]
pub struct Tally {
    pub batch: String,
    pub outcomes: [u64; 3],
    /// Of those that came tonight, how many are in the batch.
    pub in_batch: u64,
    pub outlets: BTreeMap<OutletCode, OutletNight>,
    /// Stopped applications by the code that stands first, and of these, by outlet.
    pub codes: BTreeMap<Code, BTreeMap<OutletCode, u64>>,
}

impl Tally {
    /// What came between the night before and this one.
    pub fn of(book: &Book, batch: &BatchState) -> Result<Self, Fault> {
        let mut tally = Self { batch: batch.batch.to_string(), ..Self::default() };
        for ordinal in (batch.arrived_from.0..batch.arrived_until.0).map(Ordinal) {
            let Some(a) = book.application(ordinal)? else { continue };
            tally.outcomes[a.outcome as usize] += 1;
            tally.in_batch += u64::from(a.place_in(&batch.batch).is_some());
            tally.outlets.entry(a.outlet.clone()).or_default().outcomes[a.outcome as usize] += 1;
            if let Some(headline) = a.reasons.first().filter(|_| a.outcome != Outcome::Accepted) {
                *tally.codes.entry(headline.code).or_default().entry(a.outlet).or_default() += 1;
            }
        }
        Ok(tally)
    }

    /// Adds what became of the numbers taken at the cut.
    pub fn add_cards(&mut self, book: &Book, batch: &BatchState, cut: &BatchCut) -> Result<(), Fault> {
        for card in &cut.cards {
            let Some(a) = book.application(card.ordinal)? else { continue };
            let void = a.place_in(&batch.batch).is_none_or(|p| p.void);
            let outlet = self.outlets.entry(a.outlet).or_default();
            if void { outlet.void += 1 } else { outlet.made += 1 }
        }
        Ok(())
    }

    pub fn arrived(&self) -> u64 {
        self.outcomes.iter().sum()
    }

    pub fn outcome(&self, outcome: Outcome) -> u64 {
        self.outcomes[outcome as usize]
    }

    pub fn stopped_by(&self, code: Code) -> u64 {
        self.codes.get(&code).map_or(0, |outlets| outlets.values().sum())
    }
}

/// Packages that came since the batch before this one was cut.
pub struct Packages {
    /// Taken in, also those without a single application.
    pub received: u64,
    /// Not let in.
    pub set_aside: Vec<PackageSetAside>,
}

impl Packages {
    pub fn of(book: &Book, batch: &BatchState) -> Result<Self, Fault> {
        let before = book.batches()?.into_iter().filter(|b| b.cut_seq < batch.cut_seq).max_by_key(|b| b.cut_seq);
        let since = before.map_or(Millis::MIN, |b| b.frozen_at);
        let tonight = |at: Millis| since < at && at <= batch.frozen_at;
        let mut received = 0;
        // Numbered as they came: the first of an earlier night ends the search.
        for number in (0..book.next_numbers()?.0).rev() {
            let Some(package) = book.package(number)? else { continue };
            if package.received.received_at <= since {
                break;
            }
            received += u64::from(tonight(package.received.received_at));
        }
        let mut set_aside = book.set_aside()?;
        set_aside.retain(|p| tonight(p.at));
        Ok(Self { received, set_aside })
    }
}

/// The nights before a batch, oldest first.
pub fn earlier(book: &Book, batch: &BatchState) -> Result<Vec<Tally>, Fault> {
    let mut before = book.batches()?;
    before.retain(|b| b.cut_seq < batch.cut_seq);
    before.sort_by_key(|b| b.cut_seq);
    let skip = before.len().saturating_sub(NIGHTS_MAX);
    before.iter().skip(skip).map(|b| Tally::of(book, b)).collect()
}
