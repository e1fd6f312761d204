//! Applications: judged once, moved only along the published paths, never once a card of theirs is under way.

use card::reason::{Effect, Reason};
use card::{Keyed, Outcome};
use ledger::entry::{Cause, JudgedApplication, Moved};

use super::{Application, Facts, Story, codes_of};
use crate::proof::{Invariant, Proofs};

impl Story {
    pub(super) fn judge(&mut self, seq: u64, e: &JudgedApplication, proofs: &mut Proofs) {
        reasons_fit(seq, e.ordinal.0, e.outcome, &e.reasons, proofs);
        let understood = e.outcome != Outcome::Accepted || (e.facts.is_some() && e.photo_validated.is_some());
        proofs.check(Invariant::I22, understood, || format!("application #{} was accepted without record or photo", e.ordinal.0));
        let Some(application) = self.application_mut(e.ordinal) else { return };
        application.outcome = Some(e.outcome);
        application.codes = codes_of(&e.reasons);
        (application.photo, application.photo_validated) = (e.photo, e.photo_validated);
        application.facts = e.facts.as_ref().map(|f| Facts {
            business_type: f.business_type,
            lane: f.lane,
            mail: f.mail,
            document: f.document_key,
            ssn: f.ssn_key,
            likeness: f.likeness_key,
        });
    }

    pub(super) fn moved(&mut self, seq: u64, e: &Moved, proofs: &mut Proofs) {
        reasons_fit(seq, e.ordinal.0, e.outcome, &e.reasons, proofs);
        proofs.check(Invariant::I22, !e.who.is_empty(), || format!("record {seq}: nobody moved application #{}", e.ordinal.0));
        let open = self.batches.last().filter(|b| b.sealed.is_none()).map(|_| self.batches.len() as u32 - 1);
        let unmade = |a: &Application| a.place.is_some_and(|p| Some(p.batch) == open && !self.batches[p.batch as usize].jobs.contains_key(&self.job_of(p)));
        let spoilable = self.application(e.ordinal).is_some_and(unmade);
        let Some(application) = self.application_mut(e.ordinal) else {
            proofs.broken(Invariant::I22, format!("record {seq}: application #{} was moved but never received", e.ordinal.0));
            return;
        };
        let legal = may_move(application, e, spoilable);
        proofs.check(Invariant::I22, legal, || format!("record {seq}: application #{} can't go this way ({:?} to {:?})", e.ordinal.0, e.cause, e.outcome));
        application.outcome = Some(e.outcome);
        application.codes = codes_of(&e.reasons);
        if e.cause == Cause::Spoilt
            && let Some(place) = &mut application.place
        {
            place.void = true;
            let freed = application.facts;
            self.no_longer_live(freed, e.ordinal);
        }
    }

    fn job_of(&self, place: super::Slot) -> u32 {
        place.position / self.batches[place.batch as usize].cards_per_job.max(1) + 1
    }

    fn no_longer_live(&mut self, facts: Option<Facts>, ordinal: card::Ordinal) {
        let keys: Vec<Keyed> = facts.iter().flat_map(|f| [f.document, f.ssn]).collect();
        for key in keys {
            if self.live.get(&key) == Some(&ordinal) {
                self.live.remove(&key);
            }
        }
    }
}

/// An outcome needs a reason of its weight, and an accepted application none that is graver than a warning.
fn reasons_fit(seq: u64, ordinal: u64, outcome: Outcome, reasons: &[Reason], proofs: &mut Proofs) {
    let gravest = reasons.iter().map(|r| r.effect).max();
    let fits = match outcome {
        Outcome::Accepted => gravest.is_none_or(|e| e == Effect::Warn),
        Outcome::Held => gravest.is_some_and(|e| e >= Effect::Hold),
        Outcome::Rejected => gravest == Some(Effect::Reject),
    };
    proofs.check(Invariant::I02, fits, || format!("record {seq}: application #{ordinal} has no reason for its outcome, or one against it"));
}

/// The published paths (docs/formats/batch.md): who may move what where.
fn may_move(a: &Application, e: &Moved, spoilable: bool) -> bool {
    if a.has_card() {
        return e.cause == Cause::Spoilt && spoilable && e.outcome == Outcome::Held;
    }
    match (e.cause, a.outcome) {
        (Cause::Spoilt, _) | (_, None | Some(Outcome::Rejected)) => false,
        (Cause::Resolved, from) => from == Some(Outcome::Held) && e.outcome != Outcome::Held,
        (Cause::Rejudged, from) => from == Some(Outcome::Held),
        (Cause::Neighbour | Cause::Cut, from) => from == Some(Outcome::Accepted) && (e.cause == Cause::Neighbour || e.outcome != Outcome::Accepted),
        (Cause::Withdrawn | Cause::Superseded, _) => e.outcome == Outcome::Rejected,
    }
}
