//! What `verify` hands back besides its findings: totals, notes, and what nothing was proved of.

use std::collections::BTreeMap;

use card::Outcome;

use crate::journal::Walked;
use crate::proof::{Finding, Proofs};
use crate::story::Story;

/// Invariants of faults.md §7 that have nothing to be proved from yet.
const NOT_YET: [&str; 11] = [
    "I-04, I-05, I-06 stock and destruction: no stock ledger yet",
    "I-13 names on print, chip and MRZ from one text: held together by the record digest only",
    "I-18 signed checkpoints; witnessed places only where they are given (--witness)",
    "I-19 the index (sled) against the journal",
    "I-20 files made again from the vault and compared byte by byte (--sample)",
    "I-24 approvals of purges and take-overs; I-25 roles over a period",
    "I-27 whether an envelope's recipient is the device's alone: only the device can open it",
    "I-28 personal data outside the vault",
    "I-29 whether something should have been purged by now: the days are the profile's",
    "I-30 approved release ids",
    "I-31 resource budgets",
];

/// What became of the applications of one outlet.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct OutletTotal {
    pub received: u64,
    /// Accepted and waiting for a cut.
    pub waiting: u64,
    /// A card was made or is being made.
    pub produced: u64,
    pub held: u64,
    pub rejected: u64,
    /// Received but not judged: the last run was stopped.
    pub unjudged: u64,
}

/// What was proved, and what was not.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Summary {
    /// Every invariant that was looked at holds.
    pub ok: bool,
    pub findings: Vec<Finding>,
    pub journal_records: u64,
    pub packages: u64,
    pub applications: u64,
    pub batches: u64,
    /// Of these, packages and batches whose retention is over: counted and chained, their files gone.
    pub purged_packages: u64,
    pub purged_batches: u64,
    /// Cards made, in all batches.
    pub cards: u64,
    pub bytes_read: u64,
    pub outlets: BTreeMap<String, OutletTotal>,
    /// Worth knowing and no violation: a torn tail, files taken away, packages not finished.
    pub notes: Vec<String>,
    /// Invariants that are not checked yet, and why.
    pub not_checked: Vec<&'static str>,
}

fn totals(story: &Story) -> BTreeMap<String, OutletTotal> {
    let mut outlets: BTreeMap<String, OutletTotal> = BTreeMap::new();
    for application in &story.applications {
        let total = outlets.entry(story.package_of(application).outlet.to_string()).or_default();
        total.received += 1;
        *match application.outcome {
            None => &mut total.unjudged,
            Some(_) if application.has_card() => &mut total.produced,
            Some(Outcome::Accepted) => &mut total.waiting,
            Some(Outcome::Held) => &mut total.held,
            Some(Outcome::Rejected) => &mut total.rejected,
        } += 1;
    }
    outlets
}

pub(crate) fn of(story: &Story, walked: &Walked, findings: Vec<Finding>, proofs: Proofs) -> Summary {
    Summary {
        ok: findings.iter().all(|f| f.ok),
        findings,
        journal_records: walked.records,
        packages: story.packages.len() as u64,
        applications: story.applications.len() as u64,
        batches: story.batches.len() as u64,
        purged_packages: story.packages.iter().filter(|p| p.purged).count() as u64,
        purged_batches: story.batches.iter().filter(|b| b.purged).count() as u64,
        cards: story.batches.iter().map(|b| u64::from(b.made())).sum(),
        bytes_read: proofs.bytes_read,
        outlets: totals(story),
        notes: proofs.notes,
        not_checked: NOT_YET.to_vec(),
    }
}
