//! Batches: cut in one entry from what is accepted, made job by job, sealed, released, dispatched, reported on. Numbers are unique
//! for ever (I-07), people have one card (I-08), every number is a card or void (I-09), every card has one result (I-03).

use std::collections::{BTreeMap, HashSet};

use card::{BusinessType, Code, Keyed, Outcome, card_number};
use ledger::entry::{BatchCut, BatchSealed, CardEvent, CardEventKind, Entry, JobMade, MachineResult, Results};

use super::{Application, Batch, CutCard, Slot, Stage, Story};
use crate::proof::{Invariant, Proofs};

impl Story {
    pub(super) fn batch_cut(&mut self, seq: u64, e: &BatchCut, proofs: &mut Proofs) {
        let closed = self.batches.last().is_none_or(|b| b.stage == Stage::Dispatched);
        proofs.check(Invariant::I22, closed, || format!("record {seq}: {} was cut while another batch was open", e.batch));
        let fresh = !self.batch_at.contains_key(&e.batch) && e.cards_per_job > 0 && !e.cards.is_empty();
        if !proofs.check(Invariant::I22, fresh, || format!("record {seq}: {} was cut twice, or is empty", e.batch)) {
            return;
        }
        let batch = self.batches.len() as u32;
        let mut people = HashSet::new();
        for (position, cut) in e.cards.iter().enumerate() {
            let slot = Slot { batch, position: position as u32, void: false };
            self.number_taken(e, cut, slot, proofs);
            self.one_live_card(e, cut, &mut people, proofs);
        }
        self.counters_go_on(e, proofs);
        for (position, cut) in e.cards.iter().enumerate() {
            self.give_place(e, cut, Slot { batch, position: position as u32, void: false }, proofs);
        }
        self.push_batch(e);
    }

    fn push_batch(&mut self, e: &BatchCut) {
        let card =
            |c: &ledger::entry::CutCard| CutCard { ordinal: c.ordinal, number: c.number.as_str().into(), generation: c.generation, result: None, events: 0 };
        self.batch_at.insert(e.batch.clone(), self.batches.len());
        self.batches.push(Batch {
            id: e.batch.clone(),
            stage: Stage::Cut,
            frozen_at: e.frozen_at,
            profile: e.profile.clone(),
            release_id: e.release_id,
            cards_per_job: e.cards_per_job,
            cards: e.cards.iter().map(card).collect(),
            jobs: BTreeMap::new(),
            sealed: None,
            arrived_from: std::mem::replace(&mut self.arrived_until, e.arrived_until),
            arrived_until: e.arrived_until,
            purged: false,
        });
    }

    /// I-07: a right number, never given in this generation, and to nobody else in an earlier one.
    fn number_taken(&mut self, e: &BatchCut, cut: &ledger::entry::CutCard, slot: Slot, proofs: &mut Proofs) {
        let detail = |what: &str| format!("{} generation {} in {}: {what}", cut.number, cut.generation, e.batch);
        proofs.check(Invariant::I07, card_number::is_valid(&cut.number), || detail("wrong check character"));
        let earlier = self.numbers.entry(cut.number.clone()).or_default();
        let newer = earlier.iter().all(|(generation, _)| *generation < cut.generation);
        proofs.check(Invariant::I07, newer && cut.generation > 0, || detail("given before"));
        let holders: Vec<Slot> = earlier.iter().map(|(_, slot)| *slot).collect();
        earlier.push((cut.generation, slot));
        for holder in holders {
            let same = self.same_person(e, holder, cut.ordinal);
            proofs.check(Invariant::I07, same, || detail("another person's"));
        }
    }

    /// One of the three keys agrees, or a person has looked at it (DUP-06).
    fn same_person(&self, e: &BatchCut, holder: Slot, ordinal: card::Ordinal) -> bool {
        let in_this_batch = || e.cards.get(holder.position as usize).map(|c| c.ordinal);
        let other = self.batches.get(holder.batch as usize).map(|b| b.cards[holder.position as usize].ordinal).or_else(in_this_batch);
        let (Some(other), Some(mine)) = (other.and_then(|o| self.application(o)), self.application(ordinal)) else { return false };
        let (Some(a), Some(b)) = (other.facts, mine.facts) else { return false };
        a.document == b.document || a.ssn == b.ssn || a.likeness == b.likeness || mine.has_code(Code::Dup06)
    }

    /// I-08.
    fn one_live_card(&self, e: &BatchCut, cut: &ledger::entry::CutCard, people: &mut HashSet<Keyed>, proofs: &mut Proofs) {
        let Some((application, facts)) = self.application(cut.ordinal).and_then(|a| Some((a, a.facts?))) else { return };
        let newest = self.newest_of(application, cut.ordinal);
        let fresh = people.insert(facts.document) & people.insert(facts.ssn);
        proofs.check(Invariant::I08, fresh, || format!("application #{} is its person's second in {}", cut.ordinal.0, e.batch));
        let replaces = facts.business_type != BusinessType::New && !application.remaking;
        let settled = replaces || newest || application.has_code(Code::Dup05);
        proofs.check(Invariant::I08, settled, || format!("application #{} in {} is new, but its person has a card", cut.ordinal.0, e.batch));
    }

    /// No counter goes back, and every new number lies below the counter written down for its range.
    fn counters_go_on(&mut self, e: &BatchCut, proofs: &mut Proofs) {
        for (prefix, next) in &e.numbers_next {
            let before = self.counters.insert(prefix.clone(), *next).unwrap_or(0);
            proofs.check(Invariant::I09, *next >= before, || format!("{}: the counter of range {prefix} goes back", e.batch));
        }
        // A card under its holder's old number (generation 2 and later) draws from no range.
        for cut in e.cards.iter().filter(|c| c.generation == 1) {
            let below = e.numbers_next.iter().any(|(prefix, next)| counter_of(&cut.number, prefix).is_some_and(|counter| counter < *next));
            proofs.check(Invariant::I09, below, || format!("{} in {} lies beyond the counter of its range", cut.number, e.batch));
        }
    }

    fn give_place(&mut self, e: &BatchCut, cut: &ledger::entry::CutCard, slot: Slot, proofs: &mut Proofs) {
        let Some(application) = self.application_mut(cut.ordinal) else {
            proofs.broken(Invariant::I22, format!("{}: application #{} was cut but never received", e.batch, cut.ordinal.0));
            return;
        };
        let ready = |a: &Application| a.outcome == Some(Outcome::Accepted) && !a.has_card() && a.facts.is_some();
        proofs.check(Invariant::I22, ready(application), || format!("{}: application #{} was cut without being accepted and free", e.batch, cut.ordinal.0));
        let remaking = std::mem::take(&mut application.remaking);
        if let Some(before) = application.place.replace(slot) {
            self.earlier.entry(cut.ordinal).or_default().push(before);
            self.remade(cut, before, remaking, proofs);
        }
        let Some(application) = self.application(cut.ordinal) else { return };
        if let Some(facts) = application.facts {
            self.will_replace(cut, facts);
            self.live.insert(facts.document, cut.ordinal);
            self.live.insert(facts.ssn, cut.ordinal);
        }
    }

    pub(super) fn job_made(&mut self, seq: u64, e: &JobMade, proofs: &mut Proofs) {
        let Some(index) = self.batch_at.get(&e.batch).copied() else {
            proofs.broken(Invariant::I22, format!("record {seq}: a job of {} that was never cut", e.batch));
            return;
        };
        let batch = &self.batches[index];
        let span = batch.span(e.job);
        let fits = e.job >= 1 && e.job <= batch.job_count() && e.records.len() == span.len() && !batch.jobs.contains_key(&e.job);
        proofs.check(Invariant::I22, batch.stage == Stage::Cut, || format!("record {seq}: job {} of {} after its seal", e.job, e.batch));
        if !proofs.check(Invariant::I09, fits, || format!("job {} of {} is made twice or has other slots than were cut", e.job, e.batch)) {
            return;
        }
        for (cut, record) in batch.cards[span].iter().zip(&e.records) {
            let void = self.application(cut.ordinal).and_then(|a| a.place).is_none_or(|p| p.void || p.batch as usize != index);
            proofs.check(Invariant::I09, record.is_some() != void, || format!("{} in {}: neither a card nor void, or both", cut.number, e.batch));
        }
        self.batches[index].jobs.insert(e.job, e.clone());
    }

    /// Entries that only move a batch on, and those that move nothing.
    pub(super) fn tell_stage(&mut self, seq: u64, entry: &Entry, proofs: &mut Proofs) {
        let (id, from, to) = match entry {
            Entry::BatchSealed(e) => (&e.batch, Stage::Cut, Stage::Sealed),
            Entry::BatchReleased(e) => (&e.batch, Stage::Sealed, Stage::Released),
            Entry::BatchDispatched(e) => (&e.batch, Stage::Released, Stage::Dispatched),
            Entry::PlantCreated(_) => {
                proofs.check(Invariant::I22, seq == 1, || format!("record {seq}: the plant was created again"));
                return;
            }
            _ => return,
        };
        let Some(batch) = self.batch_at.get(id).map(|i| &mut self.batches[*i]) else {
            proofs.broken(Invariant::I22, format!("record {seq}: {id} was never cut"));
            return;
        };
        proofs.check(Invariant::I22, batch.stage == from, || format!("record {seq}: {id} goes from {:?} to {to:?}", batch.stage));
        batch.stage = to;
        match entry {
            Entry::BatchSealed(e) => sealed(batch, e, proofs),
            Entry::BatchReleased(e) => {
                let same = batch.sealed.as_ref().is_some_and(|s| s.manifest == e.manifest);
                proofs.check(Invariant::I20, same, || format!("{id} was released with another manifest than it was sealed with"));
                proofs.check(Invariant::I22, !e.by.is_empty(), || format!("{id} was released by nobody"));
            }
            _ => {}
        }
    }

    /// I-03: a result is of a card this batch made, and doesn't contradict an earlier one.
    pub(super) fn results(&mut self, seq: u64, e: &Results, proofs: &mut Proofs) {
        let Some(index) = self.batch_at.get(&e.batch).copied() else {
            proofs.broken(Invariant::I22, format!("record {seq}: results of {} that was never cut", e.batch));
            return;
        };
        let stage = self.batches[index].stage;
        proofs.check(Invariant::I22, stage >= Stage::Released, || format!("record {seq}: results of {} before its release", e.batch));
        let known = self.results_files.insert(e.file, index);
        proofs.check(Invariant::I03, known.is_none(), || format!("record {seq}: a result file was counted twice"));
        for result in &e.cards {
            let position = self.position_in(index, &result.number);
            let made = position.is_some_and(|p| self.batches[index].record(p).is_some());
            if !proofs.check(Invariant::I03, made, || format!("{} in {}: a result without a card", result.number, e.batch)) {
                continue;
            }
            let card = &mut self.batches[index].cards[position.unwrap_or_default() as usize];
            let agrees = card.result.is_none_or(|r| r == MachineResult::Unknown || r == result.result);
            proofs.check(Invariant::I03, agrees, || format!("{} in {}: results contradict each other", result.number, e.batch));
            card.result = Some(result.result);
        }
    }

    fn position_in(&self, batch: usize, number: &str) -> Option<u32> {
        let (_, slot) = self.numbers.get(number)?.iter().find(|(_, slot)| slot.batch as usize == batch)?;
        Some(slot.position)
    }

    pub(super) fn card_event(&mut self, seq: u64, e: &CardEvent, proofs: &mut Proofs) {
        let slot = self.numbers.get(&e.number).and_then(|all| all.iter().find(|(generation, _)| *generation == e.generation)).map(|(_, slot)| *slot);
        let Some(slot) = slot else {
            proofs.broken(Invariant::I22, format!("record {seq}: an event of {} that was never cut", e.number));
            return;
        };
        let made_again = self.remakes.ends(&e.number, e.generation);
        let batch = &mut self.batches[slot.batch as usize];
        let made = batch.record(slot.position).is_some() && batch.stage == Stage::Dispatched;
        let card = &mut batch.cards[slot.position as usize];
        let bit = |kind: CardEventKind| 1_u8 << kind as u8;
        let good = !matches!(card.result, Some(MachineResult::Spoiled | MachineResult::Unknown));
        let collected = card.events & bit(CardEventKind::Collected) != 0;
        let in_turn = match e.kind {
            CardEventKind::Received | CardEventKind::Collected => true,
            CardEventKind::ActivatedSocialSecurity | CardEventKind::ActivatedBank => collected,
        };
        let legal = made && good && in_turn && !made_again && card.events & bit(e.kind) == 0;
        proofs.check(Invariant::I22, legal, || format!("record {seq}: card {} generation {} can't be {:?} now", e.number, e.generation, e.kind));
        card.events |= bit(e.kind);
    }
}

impl CutCard {
    /// Its outlet or holder has had it.
    pub(super) fn delivered(&self) -> bool {
        self.events & (1 << CardEventKind::Received as u8 | 1 << CardEventKind::Collected as u8) != 0
    }
}

/// I-01 and I-09 of a batch: cut = made + void, as the seal says.
fn sealed(batch: &mut Batch, e: &BatchSealed, proofs: &mut Proofs) {
    let (cut, made) = (batch.cards.len() as u32, batch.made());
    let complete = batch.jobs.len() as u32 == batch.job_count() && e.jobs == batch.job_count();
    proofs.check(Invariant::I01, complete, || format!("{} was sealed without all its jobs", e.batch));
    proofs.check(Invariant::I01, e.cards == made && e.void == cut - made.min(cut), || {
        format!("{}: {} cut is not {} made + {} void", e.batch, cut, e.cards, e.void)
    });
    batch.sealed = Some(e.clone());
}

/// The counter of a number of this range: the digits between prefix and check character.
fn counter_of(number: &str, prefix: &str) -> Option<u64> {
    let body = number.get(..card_number::BODY_CHARS)?;
    body.strip_prefix(prefix)?.parse().ok()
}
