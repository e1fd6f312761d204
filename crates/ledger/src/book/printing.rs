//! Printers reached over IPP and the ends of their jobs in the book. The token of a print job is that of a hand-over and is folded there
//! (`handovers.rs`); which printer may be asked what is the line's business.

use super::state::{DeviceState, HandoverStage};
use super::{Book, keys};
use crate::entry::{PrintEnded, PrintOutcome, PrinterAdded};
use crate::fault::Fault;

impl Book {
    pub(super) fn fold_printer_added(&mut self, e: &PrinterAdded) -> Result<(), Fault> {
        // Folded again, the printer may have tokens already.
        if self.device(&e.device)?.is_none() {
            self.put(keys::device(&e.device), &DeviceState::of_printer(e));
        }
        Ok(())
    }

    pub(super) fn fold_print_ended(&mut self, e: &PrintEnded) -> Result<(), Fault> {
        match e.outcome {
            PrintOutcome::Completed => self.settle_handover(&e.device, e.number, HandoverStage::Arrived),
            PrintOutcome::Refused => self.settle_handover(&e.device, e.number, HandoverStage::Void),
            // How much of it is on cards is for people to find out.
            PrintOutcome::Aborted | PrintOutcome::Canceled => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use card::{BatchId, Digest};

    use super::*;
    use crate::book::state::Reached;
    use crate::entry::{Entry, FileDigest, HandoverBegun, HandoverResolved, Role};
    use crate::index::MemIndex;
    use crate::memory_disk::MemoryDisk;

    const URI: &str = "ipp://localhost/ipp/print";

    fn added() -> Entry {
        Entry::PrinterAdded(PrinterAdded { device: "pr-1".into(), uri: URI.into(), who: "li".into(), signature: None, at: 1 })
    }

    fn begun(number: u64, previous: Option<Digest>) -> Entry {
        let file = FileDigest { path: "print/job-0001.pdf".into(), len_bytes: 1, digest: Digest([3; 32]) };
        Entry::HandoverBegun(HandoverBegun {
            device: "pr-1".into(),
            number,
            batch: BatchId::parse("B20250115-01").unwrap(),
            job: 1,
            file,
            cards: 1,
            manifest: Digest([1; 32]),
            previous,
            header: Digest([number as u8; 32]),
            not_after: 9_000,
            who: "li".into(),
            at: 2,
        })
    }

    fn ended(number: u64, outcome: PrintOutcome) -> Entry {
        let (device, status) = ("pr-1".to_owned(), (outcome == PrintOutcome::Refused).then_some(0x40b));
        Entry::PrintEnded(PrintEnded { device, number, outcome, status, printer_job: Some(7), impressions: Some(2), at: 3 })
    }

    fn said(number: u64, person: &str, role: Role) -> Entry {
        let (device, person) = ("pr-1".to_owned(), person.to_owned());
        Entry::HandoverResolved(HandoverResolved { device, number, arrived: false, person, role, reason: "seen".into(), signature: "s".into(), at: 4 })
    }

    fn told(entries: &[Entry]) -> Book {
        let mut book = Book::create(Arc::new(MemoryDisk::default()), Box::new(MemIndex::default()), "p").unwrap();
        for entry in entries {
            book.record(entry).unwrap();
        }
        book
    }

    fn stands(book: &Book, number: u64) -> (HandoverStage, Option<u64>, Option<Digest>) {
        let d = book.device("pr-1").unwrap().unwrap();
        assert_eq!((d.reached, d.tokens), (Reached::Ipp(URI.into()), number));
        (book.handover("pr-1", number).unwrap().unwrap().stage, d.in_doubt, d.previous)
    }

    #[test]
    fn what_the_printer_says_settles_a_token_only_where_nothing_is_left_to_doubt() {
        let first = Some(Digest([1; 32]));
        let after = |outcome| stands(&told(&[added(), begun(1, None), ended(1, outcome)]), 1);
        assert_eq!(stands(&told(&[added(), begun(1, None)]), 1), (HandoverStage::InDoubt, Some(1), None));
        assert_eq!(after(PrintOutcome::Completed), (HandoverStage::Arrived, None, first));
        assert_eq!(after(PrintOutcome::Refused), (HandoverStage::Void, None, None));
        for unclear in [PrintOutcome::Aborted, PrintOutcome::Canceled] {
            assert_eq!(after(unclear), (HandoverStage::InDoubt, Some(1), None), "{}", unclear.name());
        }
    }

    #[test]
    fn folding_any_suffix_again_changes_nothing() {
        let entries = [
            added(),
            begun(1, None),
            ended(1, PrintOutcome::Refused),
            begun(2, None),
            ended(2, PrintOutcome::Aborted),
            said(2, "li", Role::Supervisor),
            said(2, "wu", Role::Operator),
            begun(3, None),
            ended(3, PrintOutcome::Completed),
        ];
        for from in 0..entries.len() {
            let mut book = told(&entries);
            let before = (stands(&book, 3), book.handovers_to("pr-1").unwrap());
            for (seq, entry) in (1..).zip(&entries).skip(from) {
                book.fold(seq, entry).unwrap();
            }
            assert_eq!((stands(&book, 3), book.handovers_to("pr-1").unwrap()), before, "from entry {from}");
        }
    }
}
