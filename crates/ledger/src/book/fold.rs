//! What each entry means for the index. Every step writes absolute values, so folding an entry twice changes nothing:
//! that is what lets the index be pushed early and rebuilt at any moment.

use card::{Digest, Ordinal, Outcome};

use super::sightings::{Family, half};
use super::state::{ApplicationState, BatchStage, BatchState, CardState, HandoverStage, PackageState, PersonState, Place, Purged, RunState, SequenceState};
use super::{Book, keys};
use crate::entry::{
    BatchCut, BatchDispatched, CardEvent, Cause, Entry, Judged, JudgedApplication, Millis, Moved, PackagePurged, PackageReceived, PersonRemoved, Results,
    RunEnded, RunStarted,
};
use crate::fault::Fault;

/// Exit codes from here on are faults: what the run was doing may be half done (sysexits, faults.md §3).
const EXIT_FAULT: u8 = 64;

impl Book {
    pub(super) fn fold(&mut self, seq: u64, entry: &Entry) -> Result<(), Fault> {
        self.fold_time(entry)?;
        match entry {
            Entry::PlantCreated(e) => self.put(keys::meta("plant"), &e.plant_id),
            Entry::RunStarted(e) => self.fold_run_started(e)?,
            Entry::RunEnded(e) => self.fold_run_ended(e)?,
            Entry::RegisterImported(e) => self.put(keys::register(&e.kind), e),
            Entry::PackageReceived(e) => self.fold_received(e)?,
            Entry::PackageSetAside(e) => {
                self.put(keys::set_aside(&e.quarantine_path), e);
                self.put(keys::meta("last-set-aside"), &(e.name.clone(), e.quarantine_path.clone()));
                self.put(keys::meta("unfinished-move"), &e.quarantine_path);
            }
            Entry::PackageRepeated(_) | Entry::Note(_) => {}
            Entry::Judged(e) => self.fold_judged(e)?,
            Entry::PackageAnswered(e) => self.fold_answered(e.package, e)?,
            Entry::Moved(e) => self.fold_moved(e)?,
            Entry::BatchCut(e) => self.fold_cut(seq, e)?,
            Entry::JobMade(e) => self.put(keys::job(&e.batch, e.job), e),
            Entry::BatchSealed(e) => {
                self.change_batch(&e.batch, |b| (b.stage, b.manifest, b.bundles) = (b.stage.max(BatchStage::Sealed), Some(e.manifest), e.bundles))?
            }
            Entry::BatchReleased(e) => self.change_batch(&e.batch, |b| (b.stage, b.released_by) = (b.stage.max(BatchStage::Released), e.by.clone()))?,
            Entry::BatchDispatched(e) => self.fold_dispatched(e)?,
            Entry::Results(e) => self.fold_results(e)?,
            Entry::CardEvent(e) => self.fold_card_event(e)?,
            Entry::PersonAdded(e) => self.put(keys::person_of_plant(&e.person), &PersonState::of(e)),
            Entry::PersonRemoved(e) => self.fold_person_removed(e)?,
            Entry::ReleaseSigned(e) => self.put(keys::release_signature(&e.batch, &e.person), e),
            Entry::PackagePurged(e) => self.fold_package_purged(e)?,
            Entry::BatchPurged(e) => {
                let purged = Purged { who: e.who.clone(), reason: e.reason.clone(), at: e.at };
                self.change_batch(&e.batch, |b| b.purged = Some(purged))?;
            }
            Entry::DeviceAdded(e) => self.fold_device_added(e)?,
            Entry::DeviceRemoved(e) => self.change_device(&e.device, |d| d.removed = true)?,
            Entry::HandoverBegun(e) => self.fold_handover_begun(e)?,
            Entry::HandoverDone(e) => self.settle_handover(&e.device, e.number, HandoverStage::Arrived)?,
            Entry::HandoverResolved(e) => self.fold_handover_resolved(e)?,
            Entry::CardAttempted(e) => self.fold_attempted(e)?,
            Entry::AttemptEnded(e) => self.fold_attempt_ended(e)?,
            Entry::AttemptResolved(e) => self.fold_attempt_resolved(e)?,
            Entry::PrinterAdded(e) => self.fold_printer_added(e)?,
            Entry::PrintEnded(e) => self.fold_print_ended(e)?,
            Entry::RemakeRequested(e) => self.fold_remake_requested(e)?,
            Entry::RemakeApproved(e) => self.fold_remake_approved(e)?,
            Entry::RemakeRefused(e) => self.fold_remake_refused(e)?,
            Entry::CardRevoked(e) => self.fold_card_revoked(e),
            Entry::StockReceived(e) => self.fold_stock_received(seq, e)?,
            Entry::StockMoved(e) => self.fold_stock_moved(e)?,
            Entry::DestructionAsked(e) => self.fold_destruction_asked(e)?,
            Entry::DestructionWitnessed(e) => self.fold_destruction_witnessed(e)?,
            Entry::BatchReconciled(e) => self.fold_reconciled(e)?,
            Entry::Deliveries(e) => self.fold_deliveries(e)?,
        }
        Ok(())
    }

    fn fold_time(&mut self, entry: &Entry) -> Result<(), Fault> {
        let Some(at) = entry.at() else { return Ok(()) };
        let latest = self.latest()?;
        if entry.is_clock_note() || latest.is_none_or(|latest| latest < at) {
            self.put(keys::meta("latest"), &at);
        }
        Ok(())
    }

    fn fold_run_started(&mut self, e: &RunStarted) -> Result<(), Fault> {
        // A run that resumes another keeps the time that one froze: outputs must not depend on how often we were killed.
        let before: Option<RunState> = self.get(&keys::meta("run"))?;
        let deaths_before = match &before {
            Some(before) if before.run == e.run => before.deaths_before,
            Some(before) if before.ended.is_none() => {
                if before.judged {
                    1
                } else {
                    before.deaths_before + 1
                }
            }
            _ => 0,
        };
        let inherited = before.filter(|r| e.resumes == Some(r.run) || r.run == e.run).map(|r| r.frozen_at);
        let state = RunState {
            run: e.run,
            started_at: e.at,
            who: e.who.clone(),
            command: e.command.clone(),
            ended: None,
            frozen_at: inherited.unwrap_or(e.at),
            judged: false,
            deaths_before,
        };
        self.put(keys::meta("run"), &state);
        Ok(())
    }

    fn fold_run_ended(&mut self, e: &RunEnded) -> Result<(), Fault> {
        if let Some(mut run) = self.get::<RunState>(&keys::meta("run"))? {
            run.ended = Some(e.exit);
            self.put(keys::meta("run"), &run);
            if e.exit < EXIT_FAULT {
                self.delete(keys::meta("unfinished-move"));
            }
        }
        Ok(())
    }

    fn fold_received(&mut self, e: &PackageReceived) -> Result<(), Fault> {
        let mut sequence: SequenceState = self.get(&keys::sequence(&e.outlet))?.unwrap_or(SequenceState {
            // The first package of an outlet may carry any number: that is where its sequence starts.
            contiguous: e.sequence.saturating_sub(1),
            beyond: Vec::new(),
        });
        sequence.add(e.sequence);
        self.put(keys::sequence(&e.outlet), &sequence);
        self.put(keys::package_id(&e.outlet, &e.package_id), &e.package);
        let already: Option<PackageState> = self.get(&keys::package(e.package))?;
        if already.is_none() {
            self.put(keys::package(e.package), &PackageState { received: e.clone(), judged: 0, answer: None, answered_at: None, purged: None });
            self.put(keys::package_open(b'y', e.package), &());
            if e.count > 0 {
                self.put(keys::package_open(b'j', e.package), &());
            }
        }
        self.raise_meta("next-package", e.package + 1)?;
        self.raise_meta("next-ordinal", e.first_ordinal.0 + u64::from(e.count))?;
        self.put(keys::meta("last-received"), &(e.container.clone(), e.package));
        // Arrivals are taken in one after the other.
        self.delete(keys::meta("unfinished-move"));
        Ok(())
    }

    fn raise_meta(&mut self, name: &str, at_least: u64) -> Result<(), Fault> {
        let now: u64 = self.get(&keys::meta(name))?.unwrap_or(0);
        self.put(keys::meta(name), &now.max(at_least));
        Ok(())
    }

    fn fold_judged(&mut self, e: &Judged) -> Result<(), Fault> {
        let mut package: PackageState =
            self.get(&keys::package(e.package))?.ok_or_else(|| Fault::Invariant(format!("judged package {} was never received", e.package)))?;
        for (i, judged) in e.applications.iter().enumerate() {
            let known: Option<ApplicationState> = self.get(&keys::application(judged.ordinal))?;
            // A later entry may already have moved it on when the index was pushed early and is folded again.
            if known.is_none() {
                self.fold_judged_application(&package.received, e.first_row + i as u32, judged, e.at)?;
            }
        }
        if let Some(run) = self.get::<RunState>(&keys::meta("run"))?.filter(|run| !run.judged) {
            self.put(keys::meta("run"), &RunState { judged: true, ..run });
        }
        package.judged = package.judged.max(e.first_row + e.applications.len() as u32);
        if package.judged >= package.received.count {
            self.delete(keys::package_open(b'j', e.package));
        }
        self.put(keys::package(e.package), &package);
        Ok(())
    }

    fn fold_judged_application(&mut self, package: &PackageReceived, row: u32, judged: &JudgedApplication, at: Millis) -> Result<(), Fault> {
        let state = ApplicationState {
            ordinal: judged.ordinal,
            package: package.package,
            row,
            outlet: package.outlet.clone(),
            application_id: judged.application_id.clone(),
            employer_code: package.employer_code.clone(),
            outcome: judged.outcome,
            reasons: judged.reasons.clone(),
            cause: None,
            settled_at: at,
            waived: Vec::new(),
            photo: judged.photo,
            photo_validated: judged.photo_validated,
            facts: judged.facts.clone(),
            place: None,
            earlier: Vec::new(),
            remaking: false,
        };
        if !judged.application_id.is_empty() {
            self.sight(Family::ApplicationId, half(&Digest::of(judged.application_id.as_bytes())), judged.ordinal)?;
        }
        if let Some(facts) = &judged.facts {
            self.sight(Family::Document, facts.document_key.0, judged.ordinal)?;
            self.sight(Family::SocialSecurityNumber, facts.ssn_key.0, judged.ordinal)?;
            self.sight(Family::Likeness, facts.likeness_key.0, judged.ordinal)?;
        }
        if let Some(photo) = &judged.photo {
            self.sight(Family::Photo, half(photo), judged.ordinal)?;
        }
        self.put_application(None, &state);
        Ok(())
    }

    /// Writes an application's state and keeps the pool and the held list in step with it.
    fn put_application(&mut self, before: Option<&ApplicationState>, now: &ApplicationState) {
        if let Some(key) = before.and_then(pool_key) {
            self.delete(key);
        }
        if let Some(before) = before
            && before.outcome == Outcome::Held
        {
            self.delete(keys::held(&before.outlet, before.ordinal));
        }
        if let Some(key) = pool_key(now) {
            self.put(key, &());
        }
        if now.outcome == Outcome::Held {
            self.put(keys::held(&now.outlet, now.ordinal), &());
        }
        self.put(keys::application(now.ordinal), now);
    }

    pub(super) fn change_application(&mut self, ordinal: Ordinal, change: impl FnOnce(&mut ApplicationState)) -> Result<(), Fault> {
        let before: ApplicationState =
            self.get(&keys::application(ordinal))?.ok_or_else(|| Fault::Invariant(format!("application #{} was never judged", ordinal.0)))?;
        let mut now = before.clone();
        change(&mut now);
        self.put_application(Some(&before), &now);
        Ok(())
    }

    fn fold_moved(&mut self, e: &Moved) -> Result<(), Fault> {
        self.change_application(e.ordinal, |a| {
            if e.cause == Cause::Resolved && e.outcome == Outcome::Accepted {
                a.waived.extend(a.reasons.iter().map(|r| r.code.text().to_owned()));
                a.waived.sort();
                a.waived.dedup();
            }
            if e.cause == Cause::Spoilt
                && let Some(place) = &mut a.place
            {
                place.void = true;
            }
            (a.outcome, a.reasons, a.cause, a.settled_at) = (e.outcome, e.reasons.clone(), Some(e.cause), e.at);
        })
    }

    fn fold_answered(&mut self, package: u64, e: &crate::entry::PackageAnswered) -> Result<(), Fault> {
        if let Some(mut state) = self.get::<PackageState>(&keys::package(package))? {
            state.answer = Some(e.files.clone());
            let not_before = self.not_before(e.at)?;
            state.answered_at.get_or_insert(not_before);
            self.put(keys::package(package), &state);
        }
        self.delete(keys::package_open(b'y', package));
        Ok(())
    }

    fn fold_cut(&mut self, seq: u64, e: &BatchCut) -> Result<(), Fault> {
        let arrived_from = self.get::<Ordinal>(&keys::meta("answered-until"))?.unwrap_or(Ordinal(0));
        let known: Option<BatchState> = self.get(&keys::batch(&e.batch))?;
        let jobs = (e.cards.len() as u32).div_ceil(e.cards_per_job);
        let state = BatchState {
            batch: e.batch.clone(),
            stage: known.as_ref().map_or(BatchStage::Cut, |b| b.stage),
            frozen_at: e.frozen_at,
            release_id: e.release_id,
            profile: e.profile.clone(),
            cards_per_job: e.cards_per_job,
            cards: e.cards.len() as u32,
            jobs,
            cut_seq: seq,
            arrived_from: known.map_or(arrived_from, |b| b.arrived_from),
            arrived_until: e.arrived_until,
            bundles: 0,
            manifest: None,
            released_by: Vec::new(),
            dispatched_at: None,
            purged: None,
        };
        self.put(keys::batch(&e.batch), &state);
        self.put(keys::meta("open-batch"), &e.batch);
        self.put(keys::meta("answered-until"), &e.arrived_until);
        for (prefix, next) in &e.numbers_next {
            self.put(keys::number_range(prefix), next);
        }
        for (position, cut) in e.cards.iter().enumerate() {
            let position = position as u32;
            let place = Place { batch: e.batch.clone(), position, number: cut.number.clone(), generation: cut.generation, void: false, remake_of: None };
            self.change_application(cut.ordinal, |a| a.take_place(place))?;
            self.fold_remade(cut, &e.batch)?;
            let card = CardState {
                ordinal: cut.ordinal,
                number: cut.number.clone(),
                generation: cut.generation,
                batch: e.batch.clone(),
                position,
                result: None,
                card_identification: None,
                failure: None,
                events: Vec::new(),
            };
            self.put(keys::card(&cut.number, cut.generation), &card);
            self.spill_while_folding()?;
        }
        Ok(())
    }

    fn change_batch(&mut self, batch: &card::BatchId, change: impl FnOnce(&mut BatchState)) -> Result<(), Fault> {
        let mut state: BatchState = self.get(&keys::batch(batch))?.ok_or_else(|| Fault::Invariant(format!("batch {batch} was never cut")))?;
        change(&mut state);
        self.put(keys::batch(batch), &state);
        Ok(())
    }

    fn fold_dispatched(&mut self, e: &BatchDispatched) -> Result<(), Fault> {
        let signed_at = self.release_signatures(&e.batch)?.iter().map(|s| s.at).max();
        let not_before = self.not_before(e.at)?.max(signed_at.unwrap_or(e.at));
        self.change_batch(&e.batch, |b| {
            b.stage = BatchStage::Dispatched;
            // Folded again, a later run may have started already: the first word stays.
            b.dispatched_at.get_or_insert(not_before);
        })?;
        if self.get::<card::BatchId>(&keys::meta("open-batch"))?.as_ref() == Some(&e.batch) {
            self.delete(keys::meta("open-batch"));
        }
        Ok(())
    }

    /// A run that resumes another writes the time that one froze; what it does it does after its own start.
    fn not_before(&self, at: Millis) -> Result<Millis, Fault> {
        Ok(self.get::<RunState>(&keys::meta("run"))?.map_or(at, |run| run.started_at.max(at)))
    }

    fn fold_package_purged(&mut self, e: &PackagePurged) -> Result<(), Fault> {
        let mut state: PackageState =
            self.get(&keys::package(e.package))?.ok_or_else(|| Fault::Invariant(format!("purged package {} was never received", e.package)))?;
        state.purged = Some(Purged { who: e.who.clone(), reason: e.reason.clone(), at: e.at });
        self.put(keys::package(e.package), &state);
        Ok(())
    }

    fn fold_person_removed(&mut self, e: &PersonRemoved) -> Result<(), Fault> {
        let key = keys::person_of_plant(&e.person);
        let mut person: PersonState = self.get(&key)?.ok_or_else(|| Fault::Invariant(format!("{} was removed but never added", e.person)))?;
        person.removed = true;
        self.put(key, &person);
        Ok(())
    }

    fn fold_results(&mut self, e: &Results) -> Result<(), Fault> {
        self.put(keys::results_file(&e.file), &e.batch);
        for result in &e.cards {
            let Some(mut card) = self.card_in_batch(&result.number, &e.batch)? else { continue };
            card.result = Some(result.result);
            card.card_identification.clone_from(&result.card_identification);
            card.failure.clone_from(&result.failure);
            self.put(keys::card(&card.number, card.generation), &card);
            self.fold_owed(&card)?;
            self.spill_while_folding()?;
        }
        Ok(())
    }

    fn fold_card_event(&mut self, e: &CardEvent) -> Result<(), Fault> {
        let Some(mut card) = self.get::<CardState>(&keys::card(&e.number, e.generation))? else {
            return Err(Fault::Invariant("event for a card that was never cut".to_owned()));
        };
        let event = (e.kind, e.at, e.who.clone());
        if !card.events.contains(&event) {
            card.events.push(event);
        }
        self.put(keys::card(&e.number, e.generation), &card);
        Ok(())
    }
}

fn pool_key(a: &ApplicationState) -> Option<Vec<u8>> {
    let facts = a.facts.as_ref().filter(|_| a.in_pool())?;
    Some(keys::pool(facts.lane, facts.mail, &a.outlet, a.employer_code.as_deref(), a.remaking, a.ordinal))
}
