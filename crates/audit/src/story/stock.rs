//! Blank cards told again card by card (docs/formats/stock.md): every move takes cards out of the account they are in (I-04), is booked
//! twice and leaves no account below zero (I-06), and a card is destroyed when two people saw it (I-05). Closes are `closes.rs`'.

use std::collections::{BTreeMap, HashMap, HashSet};

use card::{BatchId, Digest};
use ledger::entry::{Account, CardEvent, DestructionAsked, DestructionWitnessed, Role, SerialRange, StockLeg, StockMoved, StockReceived};

use super::people::i24;
use super::{Batch, Story};
use crate::proof::{Invariant, Proofs};

/// A lot has no more cards; more is not believed.
const LOT_CARDS_MAX: u64 = 1_000_000;
/// People who must have seen a destruction.
const WITNESSES: usize = 2;
const NO_BATCH: u32 = u32::MAX;

type Found = Result<(), &'static str>;

fn fits(holds: bool, why: &'static str) -> Found {
    if holds { Ok(()) } else { Err(why) }
}

#[derive(Default)]
pub struct Stock {
    lots: BTreeMap<String, Lot>,
    moves: u64,
    destructions: BTreeMap<u64, Destruction>,
    /// What lies where for each batch, by its index.
    batches: HashMap<u32, [i64; 6]>,
    /// Serials that became cards.
    serials: HashMap<(String, u32), Vec<(String, u64)>>,
    /// Unclaimed cards that are destroyed or about to be.
    doomed: HashSet<(String, u32)>,
    /// Batches that had been cut when the first lot came.
    before_stock: Option<usize>,
}

struct Lot {
    prefix: String,
    digits: u8,
    serials: SerialRange,
    cells: Vec<Cell>,
    /// Booked: taken from one account, put into another.
    booked: [i64; 6],
}

/// One card of a lot.
#[derive(Clone, Copy)]
struct Cell {
    account: Account,
    batch: u32,
    doomed: bool,
    destroyed: bool,
}

struct Destruction {
    asked: DestructionAsked,
    witnesses: BTreeMap<String, Role>,
    done: bool,
}

impl Destruction {
    fn seen(&self) -> bool {
        self.witnesses.len() >= WITNESSES && self.witnesses.values().any(|role| *role == Role::Supervisor)
    }
}

impl Lot {
    /// The cards of these ranges, which are in order, apart and within the lot.
    fn cells(&mut self, ranges: &[SerialRange]) -> Result<Vec<&mut Cell>, &'static str> {
        let mut after = None;
        let mut wanted = Vec::new();
        for range in ranges {
            fits(range.first <= range.last && after.is_none_or(|last| last < range.first), "with serials twice or out of order")?;
            fits(self.serials.first <= range.first && range.last <= self.serials.last, "with serials its lot hasn't")?;
            after = Some(range.last);
            wanted.push((range.first - self.serials.first) as usize..=(range.last - self.serials.first) as usize);
        }
        let mut wanted = wanted.into_iter().peekable();
        let mut found = Vec::new();
        for (at, cell) in self.cells.iter_mut().enumerate() {
            while wanted.next_if(|range| *range.end() < at).is_some() {}
            if wanted.peek().is_some_and(|range| range.contains(&at)) {
                found.push(cell);
            }
        }
        fits(!found.is_empty(), "of nothing")?;
        Ok(found)
    }

    fn account_of(&self, serial: u64) -> Option<Account> {
        let at = serial.checked_sub(self.serials.first)?;
        self.cells.get(usize::try_from(at).ok()?).map(|cell| cell.account)
    }
}

/// Whether cards go this way, and for a batch or for none.
fn is_a_way(from: Account, to: Account, of_batch: bool, counted: bool) -> bool {
    use Account::{Good, Line, Returned, Spoiled, Test, Vault};
    match (from, to) {
        (Vault, Line) => of_batch && !counted,
        (Line, Good | Spoiled | Test | Returned) | (Good, Spoiled) => of_batch && counted,
        (Vault, Returned) | (Returned, Vault) => !of_batch && !counted,
        _ => false,
    }
}

impl Stock {
    fn received(&mut self, e: &StockReceived, batches: usize) -> Found {
        let SerialRange { first, last } = e.serials;
        let count = last.checked_sub(first).and_then(|more| more.checked_add(1)).filter(|count| *count <= LOT_CARDS_MAX).ok_or("of too many cards, or none")?;
        let apart = |l: &Lot| l.serials.last < first || last < l.serials.first || (l.prefix.as_str(), l.digits) != (e.prefix.as_str(), e.digits);
        fits(!self.lots.contains_key(&e.lot), "under an id that was given before")?;
        fits(self.lots.values().all(apart), "with serials of another lot")?;
        let mut booked = [0; 6];
        booked[Account::Vault as usize] = count as i64;
        let blank = Cell { account: Account::Vault, batch: NO_BATCH, doomed: false, destroyed: false };
        let (prefix, digits, cells) = (e.prefix.clone(), e.digits, vec![blank; count as usize]);
        self.lots.insert(e.lot.clone(), Lot { prefix, digits, serials: e.serials, cells, booked });
        self.before_stock.get_or_insert(batches);
        Ok(())
    }

    fn leg(&mut self, leg: &StockLeg, batch: Option<u32>, counted: bool) -> Found {
        fits(is_a_way(leg.from, leg.to, batch.is_some(), counted), "on a way no card goes")?;
        let lot = self.lots.get_mut(&leg.lot).ok_or("of a lot that was never received")?;
        let mut taken = 0;
        for cell in lot.cells(&leg.serials)? {
            fits(cell.account == leg.from && !cell.doomed, "of cards that are elsewhere, or to be destroyed")?;
            fits(leg.from == Account::Vault || batch.is_none_or(|b| b == cell.batch), "of another batch's cards")?;
            if let Some(mine) = self.batches.get_mut(&cell.batch) {
                mine[leg.from as usize] -= 1;
            }
            let of = if leg.to == Account::Vault { NO_BATCH } else { batch.unwrap_or(NO_BATCH) };
            if of != NO_BATCH {
                self.batches.entry(of).or_default()[leg.to as usize] += 1;
            }
            (cell.account, cell.batch, taken) = (leg.to, of, taken + 1);
        }
        lot.booked[leg.from as usize] -= taken;
        lot.booked[leg.to as usize] += taken;
        Ok(())
    }

    /// Cards beside serials: made by the batch, beside a serial of this very move, good at one serial alone.
    fn cards(&mut self, e: &StockMoved, batch: Option<&Batch>) -> Found {
        for card in &e.cards {
            let here = |l: &StockLeg| l.lot == card.lot && l.serials.iter().any(|r| (r.first..=r.last).contains(&card.serial));
            let to = e.legs.iter().find(|l| here(l)).map(|l| l.to).ok_or("with a card beside a serial that doesn't move")?;
            let made = batch.and_then(|b| Some((b, b.cards.iter().position(|c| (&*c.number, c.generation) == (card.number.as_str(), card.generation))?)));
            fits(made.is_some_and(|(b, at)| b.record(at as u32).is_some()), "with a card its batch hasn't")?;
            let known = self.serials.entry((card.number.clone(), card.generation)).or_default();
            known.push((card.lot.clone(), card.serial));
            let good = known.iter().filter(|(lot, serial)| self.lots.get(lot).and_then(|l| l.account_of(*serial)) == Some(Account::Good)).count();
            fits(to != Account::Good || good == 1, "with a card that is two good ones")?;
        }
        Ok(())
    }

    fn asked(&mut self, e: &DestructionAsked) -> Found {
        fits(e.number == self.destructions.len() as u64 + 1, "under a number that isn't the next")?;
        fits(!(e.shares.is_empty() && e.cards.is_empty()), "of nothing")?;
        for share in &e.shares {
            let may = matches!(share.account, Account::Spoiled | Account::Test | Account::Returned) || (share.account == Account::Good && !e.cards.is_empty());
            fits(may, "of cards that are not destroyed")?;
            for cell in self.lots.get_mut(&share.lot).ok_or("of a lot that was never received")?.cells(&share.serials)? {
                fits(cell.account == share.account && !cell.doomed, "of cards that are elsewhere, or to be destroyed already")?;
                cell.doomed = true;
            }
        }
        let fresh = e.cards.iter().all(|c| self.doomed.insert((c.number.clone(), c.generation)));
        self.destructions.insert(e.number, Destruction { asked: e.clone(), witnesses: BTreeMap::new(), done: false });
        fits(fresh, "of a card that is to be destroyed already")
    }

    fn witnessed(&mut self, e: &DestructionWitnessed) -> Found {
        let known = self.destructions.get_mut(&e.number).ok_or("of what was never asked for")?;
        fits(!known.done, "of what is done")?;
        fits(known.asked.person != e.person, "by who asked for it")?;
        fits(known.witnesses.insert(e.person.clone(), e.role).is_none(), "twice by one person")?;
        if known.seen() {
            known.done = true;
            for share in &known.asked.shares {
                let lot = self.lots.get_mut(&share.lot).ok_or("of a lot that was never received")?;
                lot.cells(&share.serials)?.into_iter().for_each(|cell| cell.destroyed = true);
            }
        }
        Ok(())
    }

    /// A batch's cards by account, if stock counts for it: it got some, or lots were there before it was cut.
    pub(super) fn of_batch(&self, batch: usize) -> Option<[i64; 6]> {
        let got = self.batches.get(&(batch as u32)).copied().filter(|all| all.iter().any(|n| *n != 0));
        got.or_else(|| self.before_stock.filter(|before| *before <= batch).map(|_| [0; 6]))
    }

    /// Destructions that wait for a witness.
    pub fn waiting(&self) -> usize {
        self.destructions.values().filter(|d| !d.done).count()
    }
}

impl Story {
    pub(super) fn stock_received(&mut self, seq: u64, e: &StockReceived, proofs: &mut Proofs) {
        let StockReceived { lot, prefix, digits, serials: SerialRange { first, last }, who, .. } = e;
        let plant = self.people.plant();
        let text = format!("cardline stock received\nplant: {plant}\nlot: {lot}\nprefix: {prefix}\ndigits: {digits}\nserials: {first}-{last}\nby: {who}\n");
        i24(proofs, self.signed_in(who, e.signature.as_deref(), &text, custodian), || format!("record {seq}: lot {lot} received"));
        let batches = self.batches.len();
        found(proofs, Invariant::I04, self.stock.received(e, batches), || format!("record {seq}: lot {lot} received"));
    }

    pub(super) fn stock_moved(&mut self, seq: u64, e: &StockMoved, proofs: &mut Proofs) {
        let may = if e.sheet.is_some() { counts } else { custodian };
        i24(proofs, self.signed_in(&e.who, e.signature.as_deref(), &moved_text(self.people.plant(), e), may), || {
            format!("record {seq}: stock move {}", e.number)
        });
        let what = || format!("record {seq}: stock move {}", e.number);
        let next = e.number == self.stock.moves + 1;
        self.stock.moves = self.stock.moves.max(e.number);
        found(proofs, Invariant::I04, fits(next && !e.legs.is_empty(), "under a number that isn't the next, or of nothing"), what);
        if let Some(batch) = &e.batch {
            self.still_open(seq, batch, "stock moved", proofs);
        }
        let index = e.batch.as_ref().and_then(|b| self.batch_at.get(b)).copied();
        found(proofs, Invariant::I04, fits(e.batch.is_some() == index.is_some(), "for a batch that was never cut"), what);
        for leg in &e.legs {
            found(proofs, Invariant::I04, self.stock.leg(leg, index.map(|i| i as u32), e.sheet.is_some()), what);
        }
        let batch = index.map(|i| &self.batches[i]);
        found(proofs, Invariant::I04, self.stock.cards(e, batch), what);
        let below = self.stock.lots.values().any(|lot| lot.booked.iter().any(|n| *n < 0));
        found(proofs, Invariant::I06, fits(!below, "leaves an account below zero"), what);
        let good = index.and_then(|i| self.stock.batches.get(&(i as u32))).map_or(0, |all| all[Account::Good as usize]);
        let more = batch.is_some_and(|b| good > i64::from(b.made()));
        found(proofs, Invariant::I04, fits(!more, "leaves more good serials than cards"), what);
    }

    pub(super) fn destruction_asked(&mut self, seq: u64, e: &DestructionAsked, proofs: &mut Proofs) {
        let allowed = match self.people.role_in_force(&e.person) {
            Some(role) if role == e.role && takes_part(role) => self.people.signature(&e.person, &asked_text(self.people.plant(), e), &e.signature),
            _ => Err("asked for by nobody of the register, or in a role that may not"),
        };
        i24(proofs, allowed, || format!("record {seq}: destruction {}", e.number));
        for card in &e.cards {
            let free = self.uncollected(&card.number, card.generation);
            proofs.check(Invariant::I05, free, || format!("record {seq}: card {} destroyed, though collected or never made", card.number));
        }
        found(proofs, Invariant::I05, self.stock.asked(e), || format!("record {seq}: destruction {}", e.number));
    }

    /// The card was made and nobody has it.
    fn uncollected(&self, number: &str, generation: u32) -> bool {
        let slot = self.numbers.get(number).and_then(|all| all.iter().find(|(g, _)| *g == generation)).map(|(_, slot)| *slot);
        slot.is_some_and(|slot| {
            let batch = &self.batches[slot.batch as usize];
            batch.record(slot.position).is_some() && batch.stage == super::Stage::Dispatched && !batch.cards[slot.position as usize].is_collected()
        })
    }

    pub(super) fn destruction_witnessed(&mut self, seq: u64, e: &DestructionWitnessed, proofs: &mut Proofs) {
        let plant = self.people.plant();
        let text = self.stock.destructions.get(&e.number).map(|d| {
            let asked = Digest::of(asked_text(plant, &d.asked).as_bytes());
            let (number, person, role) = (e.number, &e.person, e.role.name());
            format!("cardline destruction witnessed\nplant: {plant}\ndestruction: {number}\nasked: {asked}\nperson: {person}\nrole: {role}\n")
        });
        let allowed = match self.people.role_in_force(&e.person) {
            Some(role) if role == e.role && takes_part(role) => text.map_or(Ok(()), |text| self.people.signature(&e.person, &text, &e.signature)),
            _ => Err("by nobody of the register, or in a role that may not"),
        };
        i24(proofs, allowed, || format!("record {seq}: destruction {} witnessed by {}", e.number, e.person));
        found(proofs, Invariant::I05, self.stock.witnessed(e), || format!("record {seq}: destruction {} witnessed", e.number));
    }

    /// A destroyed card is nobody's any more.
    pub(super) fn not_destroyed(&self, seq: u64, e: &CardEvent, proofs: &mut Proofs) {
        if self.stock.doomed.contains(&(e.number.clone(), e.generation)) {
            proofs.broken(Invariant::I05, format!("record {seq}: card {} is {} after its destruction was asked for", e.number, e.kind.name()));
        }
    }

    /// Every lot at the end: what is booked is what lies there, and it is the lot; spoiled = destroyed + waiting.
    pub fn stock_settled(&self, proofs: &mut Proofs) {
        for (id, lot) in &self.stock.lots {
            let mut lying = [0_i64; 6];
            lot.cells.iter().for_each(|cell| lying[cell.account as usize] += 1);
            let whole: i64 = lying.iter().sum();
            let size = (lot.serials.last - lot.serials.first + 1) as i64;
            proofs.check(Invariant::I04, whole == size, || format!("lot {id}: {size} cards, {whole} accounted for"));
            proofs.check(Invariant::I06, lying == lot.booked, || format!("lot {id}: {lying:?} lie there, {:?} are booked", lot.booked));
            proofs.held(Invariant::I04, size as u64);
            let spoiled = lot.cells.iter().filter(|c| c.account == Account::Spoiled);
            let (destroyed, all) = (spoiled.clone().filter(|c| c.destroyed).count(), spoiled.count());
            proofs
                .check(Invariant::I05, lot.cells.iter().all(|c| !c.destroyed || c.doomed), || format!("lot {id}: {destroyed} of {all} spoiled ones destroyed"));
        }
    }

    pub fn destructions_waiting(&self) -> usize {
        self.stock.waiting()
    }

    /// In a plant without people anyone; afterwards a signature of a role that may.
    fn signed_in(&self, who: &str, signature: Option<&str>, text: &str, may: fn(Role) -> bool) -> Found {
        match signature {
            None => fits(!self.people.any(), "signed by nobody"),
            Some(signature) => {
                fits(self.people.role_in_force(who).is_some_and(may), "signed by nobody of the register, or a role that may not")?;
                self.people.signature(who, text, signature)
            }
        }
    }
}

fn custodian(role: Role) -> bool {
    role == Role::Custodian
}

fn counts(role: Role) -> bool {
    matches!(role, Role::Operator | Role::Supervisor)
}

fn takes_part(role: Role) -> bool {
    role != Role::Auditor
}

fn found(proofs: &mut Proofs, invariant: Invariant, found: Found, what: impl FnOnce() -> String) {
    let why = found.err();
    proofs.check(invariant, why.is_none(), || format!("{} {}", what(), why.unwrap_or_default()));
}

fn ranges(serials: &[SerialRange]) -> String {
    serials.iter().map(|r| format!("{}-{}", r.first, r.last)).collect::<Vec<_>>().join(",")
}

fn moved_text(plant: &str, e: &StockMoved) -> String {
    let mut text = format!("cardline stock moved\nplant: {plant}\nmove: {}\nbatch: {}\n", e.number, e.batch.as_ref().map_or("-", BatchId::as_str));
    for l in &e.legs {
        text.push_str(&format!("leg: {} {} {} {}\n", l.lot, l.from.name(), l.to.name(), ranges(&l.serials)));
    }
    let mut cards = String::new();
    for c in &e.cards {
        cards.push_str(&format!("{} {} {} {}\n", c.lot, c.serial, c.number, c.generation));
    }
    text.push_str(&format!("cards: {}\nby: {}\n", Digest::of(cards.as_bytes()), e.who));
    text
}

fn asked_text(plant: &str, e: &DestructionAsked) -> String {
    let mut text = format!("cardline destruction asked\nplant: {plant}\ndestruction: {}\nmethod: {}\n", e.number, e.method.name());
    for s in &e.shares {
        text.push_str(&format!("share: {} {} {}\n", s.lot, s.account.name(), ranges(&s.serials)));
    }
    for c in &e.cards {
        text.push_str(&format!("card: {} {}\n", c.number, c.generation));
    }
    text.push_str(&format!("person: {}\nrole: {}\n", e.person, e.role.name()));
    text
}

#[cfg(test)]
mod tests;
