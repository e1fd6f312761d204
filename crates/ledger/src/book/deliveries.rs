//! What became of mail and boxes in the book: the fold, and what the line asks of it. Only the last word about each is kept; the journal
//! has them all. Which word may follow which is the line's business.

use std::ops::ControlFlow;

use card::{BatchId, Digest};

use super::state::decode;
use super::{Book, keys};
use crate::entry::{Deliveries, DeliveryLine, Millis, Order};
use crate::fault::Fault;

impl Book {
    pub(super) fn fold_deliveries(&mut self, e: &Deliveries) -> Result<(), Fault> {
        self.put(keys::deliveries_file(&e.file), &e.at);
        for line in &e.lines {
            self.put(keys::delivery(&line.batch, &line.order), line);
            self.spill_while_folding()?;
        }
        Ok(())
    }

    /// When a file (by its digest) was imported.
    ///
    /// # Errors
    /// The index fails.
    pub fn deliveries_file(&self, digest: &Digest) -> Result<Option<Millis>, Fault> {
        self.get(&keys::deliveries_file(digest))
    }

    /// The last word about something that was sent.
    ///
    /// # Errors
    /// The index fails.
    pub fn delivery(&self, batch: &BatchId, order: &Order) -> Result<Option<DeliveryLine>, Fault> {
        self.get(&keys::delivery(batch, order))
    }

    /// The last word about the letter or box the card at a 0-based position went with.
    ///
    /// # Errors
    /// The index fails.
    pub fn delivery_of(&self, batch: &BatchId, position: u32) -> Result<Option<DeliveryLine>, Fault> {
        if let Some(mailed) = self.get(&keys::delivery_of(batch, keys::MAIL, position))? {
            return Ok(Some(mailed));
        }
        let (from, to) = (keys::delivery_of(batch, keys::BUNDLE, position), keys::delivery_of(batch, keys::BUNDLE, u32::MAX));
        let mut next = None;
        self.scan(&from, &to, &mut |_, value| {
            next = Some(decode::<DeliveryLine>(value));
            ControlFlow::Break(())
        })?;
        let holds = |line: &DeliveryLine| matches!(line.order, Order::Bundle { first, .. } if first <= position);
        Ok(next.transpose()?.filter(holds))
    }

    /// The last word about everything for which `wanted` holds, batch by batch.
    ///
    /// # Errors
    /// The index fails.
    pub fn deliveries_where(&self, wanted: &dyn Fn(&DeliveryLine) -> bool) -> Result<Vec<DeliveryLine>, Fault> {
        let mut found = Vec::new();
        self.scan(b"U", b"V", &mut |_, value| {
            match decode::<DeliveryLine>(value) {
                Ok(line) if !wanted(&line) => {}
                other => found.push(other),
            }
            ControlFlow::Continue(())
        })?;
        found.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::entry::{DeliveryCause, DeliveryState, Entry};
    use crate::index::MemIndex;
    use crate::memory_disk::MemoryDisk;

    fn batch(n: u32) -> BatchId {
        BatchId::parse(&format!("B20250115-{n:02}")).unwrap()
    }

    fn line(order: Order, state: DeliveryState, at: Millis) -> DeliveryLine {
        let cause = (state != DeliveryState::Delivered).then_some(DeliveryCause::Other);
        DeliveryLine { batch: batch(1), order, state, cause, at }
    }

    fn said(file: u8, lines: &[DeliveryLine]) -> Entry {
        Entry::Deliveries(Deliveries { file: Digest([file; 32]), lines: lines.to_vec(), who: "li".into(), at: 50 + Millis::from(file) })
    }

    fn told(entries: &[Entry]) -> Book {
        let mut book = Book::create(Arc::new(MemoryDisk::default()), Box::new(MemIndex::default()), "p").unwrap();
        for entry in entries {
            book.record(entry).unwrap();
        }
        book
    }

    const MAIL: Order = Order::Mail { position: 7 };
    const BOX: Order = Order::Bundle { number: 2, first: 3, last: 5 };

    #[test]
    fn a_card_is_found_in_its_letter_or_its_box_and_nowhere_else() {
        let book = told(&[said(1, &[line(MAIL, DeliveryState::Returned, 1), line(BOX, DeliveryState::Delivered, 2)])]);
        let order = |position| book.delivery_of(&batch(1), position).unwrap().map(|l| l.order);
        assert_eq!([2, 3, 5, 6, 7, 8].map(order), [None, Some(BOX), Some(BOX), None, Some(MAIL), None]);
        assert_eq!(book.delivery_of(&batch(2), 7).unwrap(), None);
        assert_eq!(book.deliveries_where(&|l| l.state == DeliveryState::Returned).unwrap().len(), 1);
        assert_eq!(book.deliveries_where(&|_| true).unwrap().len(), 2);
    }

    #[test]
    fn the_last_word_stands_and_a_file_is_known_by_its_digest() {
        let book = told(&[said(1, &[line(MAIL, DeliveryState::Failed, 1)]), said(2, &[line(MAIL, DeliveryState::Delivered, 2)])]);
        assert_eq!(book.delivery(&batch(1), &MAIL).unwrap().unwrap().state, DeliveryState::Delivered);
        assert_eq!([1, 2, 3].map(|n| book.deliveries_file(&Digest([n; 32])).unwrap()), [Some(51), Some(52), None]);
    }

    #[test]
    fn folding_any_suffix_again_changes_nothing() {
        let entries = [
            said(1, &[line(MAIL, DeliveryState::Failed, 1), line(BOX, DeliveryState::Returned, 1)]),
            said(2, &[line(MAIL, DeliveryState::Returned, 2)]),
            said(3, &[line(BOX, DeliveryState::Delivered, 3)]),
        ];
        for from in 0..entries.len() {
            let mut book = told(&entries);
            let before = book.deliveries_where(&|_| true).unwrap();
            for (seq, entry) in (2..).zip(&entries).skip(from) {
                book.fold(seq, entry).unwrap();
            }
            assert_eq!(book.deliveries_where(&|_| true).unwrap(), before, "from entry {from}");
        }
    }
}
