//! Runs and time: who started what after which stop (I-26), and that no time goes back unless a run or batch froze it (I-23).

use ledger::entry::{Entry, Millis, RunEnded, RunStarted};

use super::Story;
use crate::proof::{Invariant, Proofs};

/// Exit code of a run that was asked to stop and can be resumed (faults.md §3).
const EXIT_STOPPED: u8 = 75;
/// Exit codes of a run that did all there was to do.
const EXIT_COMPLETE: [u8; 2] = [0, 3];

#[derive(Default)]
pub struct Runs {
    last: Option<Run>,
    /// The latest time any entry shows.
    latest: Option<Millis>,
    /// Packages below this were found finished.
    settled: usize,
}

struct Run {
    number: u64,
    takes_in: bool,
    ended: Option<u8>,
    frozen_at: Millis,
}

impl Story {
    pub(super) fn run_started(&mut self, e: &RunStarted, proofs: &mut Proofs) {
        let before = self.run.last.as_ref();
        let expected = before.map_or(1, |r| r.number + 1);
        proofs.check(Invariant::I22, e.run == expected, || format!("run {} follows run {}", e.run, expected - 1));
        let killed = before.is_some_and(|r| r.ended.is_none());
        let unfinished = before.filter(|r| r.ended.is_none_or(|exit| exit == EXIT_STOPPED));
        let named = !e.who.trim().is_empty();
        let explained = !killed || e.reason.as_ref().is_some_and(|r| !r.trim().is_empty());
        let resumes = e.resumes == unfinished.map(|r| r.number);
        proofs.check(Invariant::I26, named, || format!("run {} names nobody", e.run));
        proofs.check(Invariant::I26, explained, || format!("run {} was started after an unclean stop without a reason", e.run));
        proofs.check(Invariant::I26, resumes, || format!("run {} doesn't say which unfinished run it resumes", e.run));
        let frozen_at = unfinished.map_or(e.at, |r| r.frozen_at);
        // `produce` alone leaves unfinished packages to the next intake.
        let takes_in = e.command != "produce";
        self.run.last = Some(Run { number: e.run, takes_in, ended: None, frozen_at });
    }

    pub(super) fn run_ended(&mut self, e: &RunEnded, proofs: &mut Proofs) {
        let Some(run) = self.run.last.as_mut() else {
            proofs.broken(Invariant::I22, format!("run {} ended without a start", e.run));
            return;
        };
        proofs.check(Invariant::I22, run.number == e.run && run.ended.is_none(), || format!("run {} ended, but run {} was on", e.run, run.number));
        run.ended = Some(e.exit);
        self.purge_settled |= EXIT_COMPLETE.contains(&e.exit);
        if run.takes_in && EXIT_COMPLETE.contains(&e.exit) {
            self.nothing_left_open(proofs);
        }
    }

    /// A run that took in and ended well has judged and answered everything it received.
    fn nothing_left_open(&mut self, proofs: &mut Proofs) {
        let from = std::mem::replace(&mut self.run.settled, self.packages.len());
        for (number, package) in self.packages.iter().enumerate().skip(from) {
            proofs.check(Invariant::I01, package.judged == package.count, || {
                format!("package {number}: {} of {} judged when its run ended", package.judged, package.count)
            });
            proofs.check(Invariant::I32, package.answer.is_some(), || format!("package {number} not answered when its run ended"));
        }
    }

    /// The last run didn't come to its end: what is open then is no violation.
    pub fn is_unfinished(&self) -> bool {
        self.run.last.as_ref().is_some_and(|r| !r.ended.is_some_and(|exit| EXIT_COMPLETE.contains(&exit)))
    }

    /// Frozen time of the run that is on.
    fn run_froze(&self, at: Millis) -> bool {
        self.run.last.as_ref().is_some_and(|r| r.frozen_at == at)
    }

    pub(super) fn keep_time(&mut self, seq: u64, entry: &Entry, proofs: &mut Proofs) {
        let Some(at) = time_of(entry) else { return };
        if matches!(entry, Entry::Note(note) if note.code == ledger::entry::CLOCK_WENT_BACK) {
            self.run.latest = Some(at);
            return;
        }
        let back = self.run.latest.is_some_and(|latest| at < latest);
        let frozen = self.run_froze(at) || self.batches.last().is_some_and(|b| b.frozen_at == at);
        proofs.check(Invariant::I23, !back || frozen, || format!("record {seq} shows an earlier time than one before it"));
        self.run.latest = self.run.latest.max(Some(at));
    }
}

fn time_of(entry: &Entry) -> Option<Millis> {
    Some(match entry {
        Entry::PlantCreated(e) => e.at,
        Entry::RunStarted(e) => e.at,
        Entry::RunEnded(e) => e.at,
        Entry::RegisterImported(e) => e.at,
        Entry::PackageReceived(e) => e.received_at,
        Entry::PackageSetAside(e) => e.at,
        Entry::PackageRepeated(e) => e.at,
        Entry::Judged(e) => e.at,
        Entry::PackageAnswered(e) => e.at,
        Entry::Moved(e) => e.at,
        Entry::BatchCut(e) => e.frozen_at,
        Entry::JobMade(_) => return None,
        Entry::BatchSealed(e) => e.at,
        Entry::BatchReleased(e) => e.at,
        Entry::BatchDispatched(e) => e.at,
        Entry::Results(e) => e.at,
        Entry::CardEvent(e) => e.at,
        Entry::Note(e) => e.at,
        Entry::PersonAdded(e) => e.at,
        Entry::PersonRemoved(e) => e.at,
        Entry::ReleaseSigned(e) => e.at,
        Entry::PackagePurged(e) => e.at,
        Entry::BatchPurged(e) => e.at,
        Entry::DeviceAdded(e) => e.at,
        Entry::DeviceRemoved(e) => e.at,
        Entry::HandoverBegun(e) => e.at,
        Entry::HandoverDone(e) => e.at,
        Entry::HandoverResolved(e) => e.at,
        Entry::CardAttempted(e) => e.at,
        Entry::AttemptEnded(e) => e.at,
        Entry::AttemptResolved(e) => e.at,
        Entry::PrinterAdded(e) => e.at,
        Entry::PrintEnded(e) => e.at,
        Entry::RemakeRequested(e) => e.at,
        Entry::RemakeApproved(e) => e.at,
        Entry::RemakeRefused(e) => e.at,
        Entry::CardRevoked(e) => e.at,
        Entry::StockReceived(e) => e.at,
        Entry::StockMoved(e) => e.at,
        Entry::DestructionAsked(e) => e.at,
        Entry::DestructionWitnessed(e) => e.at,
        Entry::BatchReconciled(e) => e.at,
        Entry::Deliveries(e) => e.at,
    })
}
