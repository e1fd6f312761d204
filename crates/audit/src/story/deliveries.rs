//! Mail and boxes as the journal tells them (I-37): each line is of something a dispatched batch sent, no state goes back, no time lies
//! before the dispatch, before the line before it, or after the entry.

use std::collections::{HashMap, HashSet};

use card::{Digest, Lane, OutletCode};
use ledger::entry::{CardEvent, CardEventKind, Deliveries as Told, DeliveryLine, DeliveryState, MachineResult, Millis, Order};

use super::{Batch, Stage, Story};
use crate::proof::{Invariant, Proofs};

#[derive(Default)]
pub struct Deliveries {
    files: HashSet<Digest>,
    /// The last line about each thing, by batch (as counted here).
    last: HashMap<(u32, Order), DeliveryLine>,
    /// When an outlet said it has a mailed card.
    handed_in: HashMap<(u32, u32), Millis>,
    /// When each batch was dispatched.
    dispatched_at: HashMap<u32, Millis>,
    /// Places in batches whose letter or box was delivered: that word is the last.
    arrived: HashSet<(u32, u32)>,
}

/// Whose cards lie together.
type Destination<'a> = (Lane, bool, &'a OutletCode, Option<&'a str>);

impl Story {
    /// Remembers what lines are held against.
    pub(super) fn batch_left(&mut self, batch: &card::BatchId, at: Millis) {
        if let Some(index) = self.batch_at.get(batch) {
            self.deliveries.dispatched_at.insert(*index as u32, at);
        }
    }

    pub(super) fn handed_in(&mut self, e: &CardEvent) {
        let slot = self.numbers.get(&e.number).and_then(|all| all.iter().find(|(generation, _)| *generation == e.generation));
        if let (CardEventKind::Received, Some((_, slot))) = (e.kind, slot) {
            self.deliveries.handed_in.insert((slot.batch, slot.position), e.at);
        }
    }

    pub(super) fn delivered(&mut self, seq: u64, e: &Told, proofs: &mut Proofs) {
        let new = self.deliveries.files.insert(e.file);
        proofs.check(Invariant::I37, new, || format!("record {seq}: a file of deliveries was counted twice"));
        let who = !e.who.trim().is_empty() && (!self.people.any() || self.people.role_in_force(&e.who).is_some());
        proofs.check(Invariant::I24, who, || format!("record {seq}: deliveries of {} who is not of the register", e.who));
        let mut once = HashSet::new();
        for line in &e.lines {
            let found = if once.insert((&line.batch, line.order)) { self.line_fits(line, e.at) } else { Err("said twice in one file") };
            let why = found.err();
            proofs.check(Invariant::I37, why.is_none(), || format!("record {seq}: {} {:?} {}", line.batch, line.order, why.unwrap_or_default()));
            if let Some(batch) = self.batch_at.get(&line.batch) {
                self.deliveries.last.insert((*batch as u32, line.order), line.clone());
                let (first, last) = match line.order {
                    Order::Mail { position } => (position, position),
                    Order::Bundle { first, last, .. } => (first, last),
                };
                if line.state == DeliveryState::Delivered && why.is_none() {
                    self.deliveries.arrived.extend((first..=last).map(|position| (*batch as u32, position)));
                }
            }
        }
    }

    /// The courier says that its letter or box arrived.
    pub(super) fn courier_delivered(&self, batch: u32, position: u32) -> bool {
        self.deliveries.arrived.contains(&(batch, position))
    }

    fn line_fits(&self, line: &DeliveryLine, told_at: Millis) -> Result<(), &'static str> {
        let index = *self.batch_at.get(&line.batch).ok_or("of a batch that was never cut")?;
        let batch = &self.batches[index];
        if batch.stage != Stage::Dispatched {
            return Err("of a batch that was not dispatched");
        }
        let was_sent = match line.order {
            Order::Mail { position } => self.is_letter(batch, position),
            Order::Bundle { number, first, last } => self.box_at(batch, number) == Some((first, last)),
        };
        if !was_sent {
            return Err("is nothing this batch sent");
        }
        if line.cause.is_none() != (line.state == DeliveryState::Delivered) {
            return Err("has a cause it can't have, or none");
        }
        let dispatched_at = self.deliveries.dispatched_at.get(&(index as u32)).copied().unwrap_or(Millis::MAX);
        if line.at < dispatched_at || line.at > told_at {
            return Err("before its dispatch, or in the future");
        }
        self.follows(index as u32, line)
    }

    fn is_letter(&self, batch: &Batch, position: u32) -> bool {
        let Some(cut) = batch.cards.get(position as usize).filter(|_| batch.record(position).is_some()) else { return false };
        let mail = self.application(cut.ordinal).and_then(|a| a.facts).is_some_and(|f| f.mail);
        mail && cut.result != Some(MachineResult::Spoiled)
    }

    /// First and last position of a bundle that went in a box, counted anew from what was cut.
    fn box_at(&self, batch: &Batch, number: u32) -> Option<(u32, u32)> {
        let (mut count, mut open): (u32, Option<(Destination, u32, u32)>) = (0, None);
        for position in (0..batch.cards.len() as u32).filter(|p| batch.record(*p).is_some()) {
            let application = self.application(batch.cards[position as usize].ordinal)?;
            let (facts, package) = (application.facts?, self.package_of(application));
            let to = (facts.lane, facts.mail, &package.outlet, package.employer_code.as_deref());
            open = match open {
                Some((same, first, _)) if same == to => Some((same, first, position)),
                Some(_) if count == number => break,
                _ => {
                    count += 1;
                    Some((to, position, position))
                }
            };
        }
        open.filter(|(to, ..)| count == number && !to.1).map(|(_, first, last)| (first, last))
    }

    fn follows(&self, batch: u32, line: &DeliveryLine) -> Result<(), &'static str> {
        let Some(before) = self.deliveries.last.get(&(batch, line.order)) else { return Ok(()) };
        if line.at < before.at {
            return Err("before the line before it");
        }
        let again = match line.order {
            Order::Mail { position } => self.deliveries.handed_in.get(&(batch, position)).is_some_and(|at| *at >= before.at),
            Order::Bundle { .. } => true,
        };
        match before.state {
            DeliveryState::Delivered => Err("after it was delivered"),
            DeliveryState::Returned if !again => Err("after it was returned, and no outlet received it since"),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
