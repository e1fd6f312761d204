//! Purges as the journal tells them (I-29): only what had come to its end was let go, once, by someone who said why.

use card::Outcome;
use ledger::entry::{BatchPurged, MachineResult, PackagePurged};

use super::{Application, Package, Stage, Story};
use crate::proof::{Invariant, Proofs};

impl Story {
    pub(super) fn package_purged(&mut self, seq: u64, e: &PackagePurged, proofs: &mut Proofs) {
        let number = usize::try_from(e.package).unwrap_or(usize::MAX);
        let ended = self.packages.get(number).is_some_and(|p| self.has_ended(p));
        proofs.check(Invariant::I29, ended, || format!("record {seq}: package {} was purged before all of it had come to its end", e.package));
        explained(seq, &e.who, &e.reason, proofs);
        if let Some(package) = self.packages.get_mut(number) {
            proofs.check(Invariant::I29, !package.purged, || format!("record {seq}: package {number} was purged twice"));
            package.purged = true;
        }
        self.purge_settled = false;
    }

    pub(super) fn batch_purged(&mut self, seq: u64, e: &BatchPurged, proofs: &mut Proofs) {
        let batch = self.batch_at.get(&e.batch).map(|i| &mut self.batches[*i]);
        let ended = batch.as_ref().is_some_and(|b| b.stage == Stage::Dispatched && !b.purged);
        proofs.check(Invariant::I29, ended, || format!("record {seq}: {} was purged before its dispatch, or twice", e.batch));
        explained(seq, &e.who, &e.reason, proofs);
        if let Some(batch) = batch {
            batch.purged = true;
        }
        self.purge_settled = false;
    }

    /// Judged, answered, and every application refused for good or made into a card that went out and is not waited for.
    fn has_ended(&self, package: &Package) -> bool {
        let first = package.first_ordinal.0 as usize;
        let mine = self.applications.get(first..first + package.count as usize);
        package.answer.is_some() && mine.is_some_and(|all| all.iter().all(|a| self.is_final(a)))
    }

    fn is_final(&self, application: &Application) -> bool {
        let Some(slot) = application.place.filter(|p| !p.void) else { return application.outcome == Some(Outcome::Rejected) };
        if application.remaking {
            return application.outcome == Some(Outcome::Rejected);
        }
        let batch = &self.batches[slot.batch as usize];
        let cut = &batch.cards[slot.position as usize];
        if self.remakes.is_asked_for(&cut.number, cut.generation) {
            return false;
        }
        let good = self.remakes.is_refused(&cut.number, cut.generation) || !matches!(cut.result, Some(MachineResult::Spoiled | MachineResult::Unknown));
        batch.stage == Stage::Dispatched && (good || self.made_again(&cut.number, cut.generation))
    }

    fn made_again(&self, number: &str, generation: u32) -> bool {
        let later = self.numbers.get(number).into_iter().flatten().filter(|(g, _)| *g > generation);
        later.into_iter().any(|(_, slot)| {
            let cut = &self.batches[slot.batch as usize].cards[slot.position as usize];
            self.application(cut.ordinal).is_some_and(|a| a.place.is_some_and(|p| !p.void && (p.batch, p.position) == (slot.batch, slot.position)))
        })
    }
}

fn explained(seq: u64, who: &str, reason: &str, proofs: &mut Proofs) {
    let said = !who.trim().is_empty() && !reason.trim().is_empty();
    proofs.check(Invariant::I29, said, || format!("record {seq}: a purge without who and why"));
}
