//! Closes (docs/formats/stock.md), counted again from what the journal says of every card: two people, a supervisor among them, at counts
//! that are so (I-03, I-04), signed (I-24), and nothing of the batch afterwards.

use std::collections::{BTreeMap, HashMap, HashSet};

use card::BatchId;
use ledger::entry::{Account, BatchReconciled, ClosingCounts, Role};

use super::people::i24;
use super::remakes::Fate;
use super::{Batch, Slot, Stage, Story};
use crate::proof::{Invariant, Proofs};

/// People who must say that a batch balances.
const WORDS: usize = 2;

#[derive(Default)]
pub struct Closes {
    closed: HashSet<BatchId>,
    words: HashMap<BatchId, BTreeMap<String, (ClosingCounts, Role)>>,
}

impl Closes {
    /// Takes a word, and closes the batch if it is the second alike.
    fn said(&mut self, e: &BatchReconciled) -> bool {
        let words = self.words.entry(e.batch.clone()).or_default();
        let again = words.insert(e.person.clone(), (e.counts, e.role)).is_some_and(|(counts, _)| counts == e.counts);
        let alike: Vec<Role> = words.values().filter(|(counts, _)| *counts == e.counts).map(|(_, role)| *role).collect();
        if alike.len() >= WORDS && alike.contains(&Role::Supervisor) {
            self.closed.insert(e.batch.clone());
        }
        !again
    }
}

impl Story {
    pub(super) fn batch_reconciled(&mut self, seq: u64, e: &BatchReconciled, proofs: &mut Proofs) {
        let may = |role: Role| matches!(role, Role::Operator | Role::Supervisor);
        let allowed = match self.people.role_in_force(&e.person) {
            Some(role) if role == e.role && may(role) => self.people.signature(&e.person, &text(self.people.plant(), e), &e.signature),
            _ => Err("said by nobody of the register, or in a role that may not"),
        };
        i24(proofs, allowed, || format!("record {seq}: balance of {} by {}", e.batch, e.person));
        self.still_open(seq, &e.batch, "closed", proofs);
        let counted = self.batch_at.get(&e.batch).copied().ok_or("a batch that was never cut").and_then(|index| self.counted(index));
        let right = counted == Ok(e.counts);
        proofs.check(Invariant::I03, right, || {
            let why = counted.err().unwrap_or("counts that are not so");
            format!("record {seq}: {} balances, says {}: {why}", e.batch, e.person)
        });
        let fresh = self.closes.said(e);
        proofs.check(Invariant::I03, fresh, || format!("record {seq}: {} said twice that {} balances", e.person, e.batch));
    }

    /// A batch's counts at this moment, if there is nothing left to settle.
    fn counted(&self, index: usize) -> Result<ClosingCounts, &'static str> {
        let batch = &self.batches[index];
        if batch.stage != Stage::Dispatched {
            return Err("it isn't dispatched");
        }
        if self.in_doubt().any(|h| h.batch == batch.id) {
            return Err("a hand-over of it is in doubt");
        }
        let mut counts = ClosingCounts { cut: batch.cards.len() as u32, good: 0, spoiled: 0, void: 0, stock: None };
        for position in 0..batch.cards.len() {
            match self.good(index, batch, position) {
                None if batch.record(position as u32).is_none() => counts.void += 1,
                Some(true) => counts.good += 1,
                Some(false) if batch.cards[position].is_out() => return Err("a card that isn't good is out"),
                Some(false) => counts.spoiled += 1,
                None => return Err("a card of it has no end"),
            }
        }
        counts.stock = self.blanks(index, &counts)?;
        Ok(counts)
    }

    /// Whether a card is good, `None` as long as nobody can say. Spoiled is what either the machine or the encoding here says is spoiled.
    fn good(&self, index: usize, batch: &Batch, position: usize) -> Option<bool> {
        batch.record(position as u32)?;
        let card = &batch.cards[position];
        match self.fate(Slot { batch: index as u32, position: position as u32, void: false }) {
            Fate::Good => Some(true),
            Fate::Spoiled => Some(false),
            Fate::InDoubt => None,
            // No blank here could become it, and none is left for it.
            Fate::Open => self.has_no_blank_left(&card.number, card.generation).then_some(false),
        }
    }

    fn blanks(&self, index: usize, counts: &ClosingCounts) -> Result<Option<ledger::entry::ClosingStock>, &'static str> {
        let Some(lying) = self.stock.of_batch(index) else { return Ok(None) };
        let of = |account: Account| u64::try_from(lying[account as usize]).unwrap_or_default();
        if of(Account::Line) > 0 || of(Account::Vault) > 0 {
            return Err("blanks of it are still on the line");
        }
        let (good, spoiled, test, returned) = (of(Account::Good), of(Account::Spoiled), of(Account::Test), of(Account::Returned));
        if good != u64::from(counts.good) || spoiled < u64::from(counts.spoiled) {
            return Err("serials and cards are not as many");
        }
        Ok(Some(ledger::entry::ClosingStock { issued: good + spoiled + test + returned, good, spoiled, test, returned }))
    }

    /// I-03: a closed batch takes nothing more.
    pub(super) fn still_open(&self, seq: u64, batch: &BatchId, what: &str, proofs: &mut Proofs) {
        let open = !self.closes.closed.contains(batch);
        proofs.check(Invariant::I03, open, || format!("record {seq}: {what} after {batch} was closed"));
    }
}

pub(super) fn text(plant: &str, e: &BatchReconciled) -> String {
    let c = &e.counts;
    let stock = match &c.stock {
        Some(s) => format!("{} = {} good + {} spoiled + {} test + {} returned", s.issued, s.good, s.spoiled, s.test, s.returned),
        None => "none kept".to_owned(),
    };
    let cards = format!("{} = {} good + {} spoiled + {} void", c.cut, c.good, c.spoiled, c.void);
    let (batch, person, role) = (&e.batch, &e.person, e.role.name());
    format!("cardline batch closed\nplant: {plant}\nbatch: {batch}\ncards: {cards}\nstock: {stock}\nperson: {person}\nrole: {role}\n")
}
