//! Blank cards, destructions and closes in the book: their fold, and what the line asks of it. When two people's words make a
//! destruction or a close is fixed here, because every fold must come to the same; what may move where is the line's business.

use card::{BatchId, Digest};

use super::handovers::agreed;
use super::state::{Destruction, LotState};
use super::{Book, after_prefix, keys};
use crate::entry::{Account, BatchReconciled, ClosingCounts, DestructionAsked, DestructionWitnessed, SerialRange, StockMoved, StockReceived};
use crate::fault::Fault;

/// The counts two people, a supervisor among them, say alike. A later word of a person takes the place of the earlier one.
#[must_use]
pub fn closed_at(words: &[BatchReconciled]) -> Option<ClosingCounts> {
    let said_by_two = |counts: &ClosingCounts| agreed(words.iter().map(|w| (w.counts == *counts, w.role))) == Some(true);
    words.iter().map(|w| w.counts).find(said_by_two)
}

impl Book {
    pub(super) fn fold_stock_received(&mut self, seq: u64, e: &StockReceived) -> Result<(), Fault> {
        // Folded again, its cards may have moved already.
        if self.lot(&e.lot)?.is_none() {
            self.put(keys::lot(&e.lot), &LotState::of(seq, e));
        }
        Ok(())
    }

    pub(super) fn fold_stock_moved(&mut self, e: &StockMoved) -> Result<(), Fault> {
        for leg in &e.legs {
            let batch = e.batch.clone().filter(|_| leg.to != Account::Vault);
            self.paint(&leg.lot, &leg.serials, |run| {
                (run.account, run.batch) = (leg.to, batch.clone());
                (run.destruction, run.destroyed) = (None, false);
            })?;
        }
        for card in &e.cards {
            self.put(keys::serial_of(&card.number, card.generation, &card.lot, card.serial), &(card.lot.clone(), card.serial));
        }
        if let Some(sheet) = &e.sheet {
            self.put(keys::sheet(sheet), &e.number);
        }
        self.raise("stock-moves", e.number)
    }

    fn paint(&mut self, lot: &str, ranges: &[SerialRange], change: impl Fn(&mut super::state::Run)) -> Result<(), Fault> {
        let mut state = self.lot(lot)?.ok_or_else(|| Fault::Invariant(format!("cards of lot {lot} moved, but it was never received")))?;
        state.paint(ranges, change);
        self.put(keys::lot(lot), &state);
        Ok(())
    }

    /// A counter of the plant; folded again it stays.
    fn raise(&mut self, counter: &str, number: u64) -> Result<(), Fault> {
        let known: u64 = self.get(&keys::meta(counter))?.unwrap_or(0);
        self.put(keys::meta(counter), &known.max(number));
        Ok(())
    }

    pub(super) fn fold_destruction_asked(&mut self, e: &DestructionAsked) -> Result<(), Fault> {
        let done = self.destruction(e.number)?.is_some_and(|known| known.done);
        self.put(keys::destruction(e.number), &Destruction { asked: e.clone(), done });
        self.mark(e, done)?;
        for card in &e.cards {
            self.put(keys::destroyed_card(&card.number, card.generation), &e.number);
        }
        self.raise("destructions", e.number)
    }

    fn mark(&mut self, e: &DestructionAsked, done: bool) -> Result<(), Fault> {
        for share in &e.shares {
            self.paint(&share.lot, &share.serials, |run| (run.destruction, run.destroyed) = (Some(e.number), done))?;
        }
        Ok(())
    }

    pub(super) fn fold_destruction_witnessed(&mut self, e: &DestructionWitnessed) -> Result<(), Fault> {
        self.put(keys::witness(e.number, &e.person), e);
        if agreed(self.witnesses(e.number)?.iter().map(|w| (true, w.role))) != Some(true) {
            return Ok(());
        }
        let missing = || Fault::Invariant(format!("destruction {} was witnessed but never asked for", e.number));
        let state = self.destruction(e.number)?.ok_or_else(missing)?;
        self.put(keys::destruction(e.number), &Destruction { done: true, ..state.clone() });
        self.mark(&state.asked, true)
    }

    pub(super) fn fold_reconciled(&mut self, e: &BatchReconciled) -> Result<(), Fault> {
        self.put(keys::closing_word(&e.batch, &e.person), e);
        if let Some(counts) = closed_at(&self.closing_words(&e.batch)?) {
            self.put(keys::closed(&e.batch), &counts);
        }
        Ok(())
    }

    /// Every lot, by id.
    ///
    /// # Errors
    /// The index fails.
    pub fn lots(&self) -> Result<Vec<LotState>, Fault> {
        self.collect(b"Ll", b"Lm")
    }

    /// # Errors
    /// The index fails.
    pub fn lot(&self, lot: &str) -> Result<Option<LotState>, Fault> {
        self.get(&keys::lot(lot))
    }

    /// Numbers of the last move and the last destruction, 0 if there was none.
    ///
    /// # Errors
    /// The index fails.
    pub fn stock_numbers(&self) -> Result<(u64, u64), Fault> {
        let counter = |name: &str| -> Result<u64, Fault> { Ok(self.get(&keys::meta(name))?.unwrap_or(0)) };
        Ok((counter("stock-moves")?, counter("destructions")?))
    }

    /// The move a count sheet was written down as.
    ///
    /// # Errors
    /// The index fails.
    pub fn sheet_counted(&self, sheet: &Digest) -> Result<Option<u64>, Fault> {
        self.get(&keys::sheet(sheet))
    }

    /// Serials that became a card, by lot and number; the spoiled ones too.
    ///
    /// # Errors
    /// The index fails.
    pub fn serials_of(&self, number: &str, generation: u32) -> Result<Vec<(String, u64)>, Fault> {
        let prefix = keys::serial_of_prefix(number, generation);
        self.collect(&prefix, &after_prefix(&prefix))
    }

    /// # Errors
    /// The index fails.
    pub fn destruction(&self, number: u64) -> Result<Option<Destruction>, Fault> {
        self.get(&keys::destruction(number))
    }

    /// Every destruction, in order.
    ///
    /// # Errors
    /// The index fails.
    pub fn destructions(&self) -> Result<Vec<Destruction>, Fault> {
        self.collect(b"Ld", b"Le")
    }

    /// The destruction an unclaimed card is in.
    ///
    /// # Errors
    /// The index fails.
    pub fn destruction_of(&self, number: &str, generation: u32) -> Result<Option<u64>, Fault> {
        self.get(&keys::destroyed_card(number, generation))
    }

    /// Who witnessed a destruction, by person.
    ///
    /// # Errors
    /// The index fails.
    pub fn witnesses(&self, number: u64) -> Result<Vec<DestructionWitnessed>, Fault> {
        let prefix = keys::witness_prefix(number);
        self.collect(&prefix, &after_prefix(&prefix))
    }

    /// What people said about a batch's balance, by person.
    ///
    /// # Errors
    /// The index fails.
    pub fn closing_words(&self, batch: &BatchId) -> Result<Vec<BatchReconciled>, Fault> {
        let prefix = keys::closing_word_prefix(batch);
        self.collect(&prefix, &after_prefix(&prefix))
    }

    /// What a batch was closed at, if it is closed.
    ///
    /// # Errors
    /// The index fails.
    pub fn closed(&self, batch: &BatchId) -> Result<Option<ClosingCounts>, Fault> {
        self.get(&keys::closed(batch))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::entry::{DestructionMethod, Entry, Role, SerialCard, StockLeg, StockShare};
    use crate::index::MemIndex;
    use crate::memory_disk::MemoryDisk;

    fn batch() -> BatchId {
        BatchId::parse("B20250115-01").unwrap()
    }

    fn r(first: u64, last: u64) -> SerialRange {
        SerialRange { first, last }
    }

    fn received() -> Entry {
        let (lot, prefix) = ("L1".to_owned(), "A".to_owned());
        Entry::StockReceived(StockReceived { lot, prefix, digits: 4, serials: r(1, 100), who: "cu".into(), signature: None, at: 1 })
    }

    fn moved(number: u64, from: Account, to: Account, serials: SerialRange) -> Entry {
        let legs = vec![StockLeg { lot: "L1".into(), from, to, serials: vec![serials] }];
        let batch = (from != Account::Returned).then(batch);
        let cards = (to == Account::Good).then(|| SerialCard { lot: "L1".into(), serial: serials.first, number: "H00000012".into(), generation: 1 });
        let cards = cards.into_iter().collect();
        Entry::StockMoved(StockMoved { number, batch, legs, cards, sheet: Some(Digest([number as u8; 32])), who: "cu".into(), signature: None, at: 2 })
    }

    fn asked(number: u64, serials: SerialRange) -> Entry {
        let shares = vec![StockShare { lot: "L1".into(), account: Account::Spoiled, serials: vec![serials] }];
        let (method, role, signature) = (DestructionMethod::Shredded, Role::Custodian, "s".to_owned());
        Entry::DestructionAsked(DestructionAsked { number, method, shares, cards: Vec::new(), person: "cu".into(), role, signature, at: 3 })
    }

    fn saw(number: u64, person: &str, role: Role) -> Entry {
        Entry::DestructionWitnessed(DestructionWitnessed { number, person: person.into(), role, signature: "s".into(), at: 4 })
    }

    fn balanced(person: &str, role: Role, good: u32) -> Entry {
        let counts = ClosingCounts { cut: good, good, spoiled: 0, void: 0, stock: None };
        Entry::BatchReconciled(BatchReconciled { batch: batch(), counts, person: person.into(), role, signature: "s".into(), at: 5 })
    }

    fn told(entries: &[Entry]) -> Book {
        let mut book = Book::create(Arc::new(MemoryDisk::default()), Box::new(MemIndex::default()), "p").unwrap();
        for entry in entries {
            book.record(entry).unwrap();
        }
        book
    }

    fn night() -> Vec<Entry> {
        use Account::{Good, Line, Returned, Spoiled, Vault};
        vec![
            received(),
            moved(1, Vault, Line, r(1, 20)),
            moved(2, Line, Good, r(1, 10)),
            moved(3, Line, Spoiled, r(11, 14)),
            asked(1, r(11, 12)),
            saw(1, "wu", Role::Operator),
            moved(4, Line, Returned, r(15, 20)),
            moved(5, Returned, Vault, r(18, 20)),
            saw(1, "li", Role::Supervisor),
            balanced("wu", Role::Operator, 9),
            balanced("li", Role::Supervisor, 10),
            balanced("wu", Role::Operator, 10),
            moved(6, Vault, Line, r(18, 19)),
        ]
    }

    #[test]
    fn cards_go_from_account_to_account_and_stay_the_lot() {
        let book = told(&night());
        let t = book.lot("L1").unwrap().unwrap().tally();
        assert_eq!((t.vault, t.line, t.good, t.spoiled, t.returned, t.destroyed, t.sum()), (81, 2, 10, 4, 3, 2, 100));
        assert_eq!(book.stock_numbers().unwrap(), (6, 1));
        assert_eq!(book.serials_of("H00000012", 1).unwrap(), [("L1".to_owned(), 1)]);
        assert_eq!(book.sheet_counted(&Digest([3; 32])).unwrap(), Some(3));
        let of_batch = book.lot("L1").unwrap().unwrap().tally_of(&batch());
        assert_eq!(of_batch.sum(), 19, "what went back to the vault is the batch's no longer");
    }

    #[test]
    fn two_witnesses_one_a_supervisor_and_two_who_say_the_same() {
        let done = |last: &[Entry]| {
            let start = [received(), moved(1, Account::Vault, Account::Spoiled, r(1, 5)), asked(1, r(1, 2))];
            told(&[&start[..], last].concat()).destruction(1).unwrap().unwrap().done
        };
        assert!(!done(&[saw(1, "li", Role::Supervisor), saw(1, "li", Role::Supervisor)]), "one person twice");
        assert!(!done(&[saw(1, "wu", Role::Operator), saw(1, "he", Role::Operator)]), "no supervisor");
        assert!(done(&[saw(1, "wu", Role::Operator), saw(1, "li", Role::Supervisor)]));
        let closed = |words: &[Entry]| told(words).closed(&batch()).unwrap().map(|c| c.good);
        assert_eq!(closed(&[balanced("wu", Role::Operator, 9), balanced("li", Role::Supervisor, 10)]), None, "not the same counts");
        assert_eq!(closed(&[balanced("wu", Role::Operator, 9), balanced("li", Role::Supervisor, 10), balanced("wu", Role::Operator, 10)]), Some(10));
    }

    #[test]
    fn folding_any_suffix_again_changes_nothing() {
        let entries = night();
        let stands = |book: &Book| (book.lots().unwrap(), book.destructions().unwrap(), book.closed(&batch()).unwrap(), book.stock_numbers().unwrap());
        for from in 0..entries.len() {
            let mut book = told(&entries);
            let before = stands(&book);
            for (seq, entry) in (1..).zip(&entries).skip(from) {
                book.fold(seq, entry).unwrap();
            }
            assert_eq!(stands(&book), before, "from entry {from}");
        }
    }
}
