//! Devices and hand-overs in the book: their fold, and what the line asks of it. When two people's words settle a hand-over is
//! fixed here, because every fold of the journal must come to the same; who may say a word at all is the line's business.

use card::BatchId;

use super::state::{DeviceState, HandoverStage, HandoverState};
use super::{Book, after_prefix, keys};
use crate::entry::{DeviceAdded, HandoverBegun, HandoverResolved, Role};
use crate::fault::Fault;

/// People who must say the same about a hand-over in doubt.
pub const WORDS: usize = 2;

/// What the words said so far come to: two people, a supervisor among them, who say the same. A person has one word and it stays, so
/// that folding any of them again changes nothing.
#[must_use]
pub fn settled_by(words: &[HandoverResolved]) -> Option<bool> {
    agreed(words.iter().map(|w| (w.arrived, w.role)))
}

/// What two people, a supervisor among them, say alike.
pub(super) fn agreed(words: impl Iterator<Item = (bool, Role)> + Clone) -> Option<bool> {
    let enough = |said: bool| {
        let agreeing = words.clone().filter(|(word, _)| *word == said);
        agreeing.clone().count() >= WORDS && agreeing.clone().any(|(_, role)| role == Role::Supervisor)
    };
    [true, false].into_iter().find(|said| enough(*said))
}

impl Book {
    pub(super) fn fold_device_added(&mut self, e: &DeviceAdded) -> Result<(), Fault> {
        // Folded again, the device may have tokens already.
        if self.device(&e.device)?.is_none() {
            self.put(keys::device(&e.device), &DeviceState::of(e));
        }
        Ok(())
    }

    pub(super) fn change_device(&mut self, device: &str, change: impl FnOnce(&mut DeviceState)) -> Result<(), Fault> {
        let mut state = self.device(device)?.ok_or_else(|| Fault::Invariant(format!("device {device} was never added")))?;
        change(&mut state);
        self.put(keys::device(device), &state);
        Ok(())
    }

    pub(super) fn fold_handover_begun(&mut self, e: &HandoverBegun) -> Result<(), Fault> {
        let known = self.handover(&e.device, e.number)?;
        let stage = known.map_or(HandoverStage::InDoubt, |h| h.stage);
        self.put(keys::handover(&e.device, e.number), &HandoverState { begun: e.clone(), stage });
        self.put(keys::handed_over(&e.batch, e.job, &e.file.path), &(e.device.clone(), e.number));
        self.change_device(&e.device, |d| {
            d.tokens = d.tokens.max(e.number);
            if stage == HandoverStage::InDoubt {
                d.in_doubt = Some(e.number);
            }
        })
    }

    pub(super) fn settle_handover(&mut self, device: &str, number: u64, stage: HandoverStage) -> Result<(), Fault> {
        let missing = || Fault::Invariant(format!("hand-over {number} to {device} ended but was never begun"));
        let mut state = self.handover(device, number)?.ok_or_else(missing)?;
        state.stage = stage;
        self.put(keys::handover(device, number), &state);
        self.change_device(device, |d| {
            d.in_doubt = d.in_doubt.filter(|open| *open != number);
            if stage == HandoverStage::Arrived {
                d.previous = Some(state.begun.header);
            }
        })
    }

    pub(super) fn fold_handover_resolved(&mut self, e: &HandoverResolved) -> Result<(), Fault> {
        self.put(keys::handover_word(&e.device, e.number, &e.person), e);
        match settled_by(&self.handover_words(&e.device, e.number)?) {
            Some(true) => self.settle_handover(&e.device, e.number, HandoverStage::Arrived),
            Some(false) => self.settle_handover(&e.device, e.number, HandoverStage::Void),
            None => Ok(()),
        }
    }

    /// Every device that ever was registered, by name.
    ///
    /// # Errors
    /// The index fails.
    pub fn devices(&self) -> Result<Vec<DeviceState>, Fault> {
        self.collect(b"d", b"e")
    }

    /// # Errors
    /// The index fails.
    pub fn device(&self, device: &str) -> Result<Option<DeviceState>, Fault> {
        self.get(&keys::device(device))
    }

    /// # Errors
    /// The index fails.
    pub fn handover(&self, device: &str, number: u64) -> Result<Option<HandoverState>, Fault> {
        self.get(&keys::handover(device, number))
    }

    /// Every hand-over to a device, in order.
    ///
    /// # Errors
    /// The index fails.
    pub fn handovers_to(&self, device: &str) -> Result<Vec<HandoverState>, Fault> {
        let prefix = keys::handover_prefix(device);
        self.collect(&prefix, &after_prefix(&prefix))
    }

    /// The last hand-over of each file of a job, to whichever device, by path.
    ///
    /// # Errors
    /// The index fails.
    pub fn handovers_of(&self, batch: &BatchId, job: u32) -> Result<Vec<HandoverState>, Fault> {
        let prefix = keys::handed_over_prefix(batch, job);
        let tokens: Vec<(String, u64)> = self.collect(&prefix, &after_prefix(&prefix))?;
        let states = tokens.iter().map(|(device, number)| self.handover(device, *number));
        states.filter_map(Result::transpose).collect()
    }

    /// Hand-overs nobody knows the end of, by device.
    ///
    /// # Errors
    /// The index fails.
    pub fn handovers_in_doubt(&self) -> Result<Vec<HandoverState>, Fault> {
        let open: Vec<(String, u64)> = self.devices()?.into_iter().filter_map(|d| Some((d.device, d.in_doubt?))).collect();
        open.iter().map(|(device, number)| self.handover(device, *number)).filter_map(Result::transpose).collect()
    }

    /// What people said about a hand-over, by person.
    ///
    /// # Errors
    /// The index fails.
    pub fn handover_words(&self, device: &str, number: u64) -> Result<Vec<HandoverResolved>, Fault> {
        let prefix = keys::handover_word_prefix(device, number);
        self.collect(&prefix, &after_prefix(&prefix))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use card::Digest;

    use super::*;
    use crate::entry::{DeviceKind, Entry, FileDigest, HandoverDone};
    use crate::index::MemIndex;
    use crate::memory_disk::MemoryDisk;

    fn added(device: &str) -> Entry {
        let (device, recipient) = (device.to_owned(), format!("age1{device}"));
        Entry::DeviceAdded(DeviceAdded { device, kind: DeviceKind::Printer, recipient, sealed_only: true, who: "li".into(), signature: None, at: 1 })
    }

    fn begun(number: u64, previous: Option<Digest>) -> Entry {
        let file = FileDigest { path: format!("print/job-{number:04}.pdf"), len_bytes: 1, digest: Digest([3; 32]) };
        Entry::HandoverBegun(HandoverBegun {
            device: "pr-1".into(),
            number,
            batch: BatchId::parse("B20250115-01").unwrap(),
            job: number as u32,
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

    fn done(number: u64) -> Entry {
        Entry::HandoverDone(HandoverDone { device: "pr-1".into(), number, envelope_len_bytes: 1, envelope: Digest([2; 32]), at: 3 })
    }

    fn word(number: u64, person: &str, role: Role, arrived: bool) -> HandoverResolved {
        let (device, person) = ("pr-1".to_owned(), person.to_owned());
        HandoverResolved { device, number, arrived, person, role, reason: "seen".into(), signature: "s".into(), at: 4 }
    }

    fn said(number: u64, person: &str, role: Role, arrived: bool) -> Entry {
        Entry::HandoverResolved(word(number, person, role, arrived))
    }

    fn told(entries: &[Entry]) -> Book {
        let mut book = Book::create(Arc::new(MemoryDisk::default()), Box::new(MemIndex::default()), "p").unwrap();
        for entry in entries {
            book.record(entry).unwrap();
        }
        book
    }

    fn stands(book: &Book) -> (u64, Option<u64>, Option<Digest>) {
        let d = book.device("pr-1").unwrap().unwrap();
        (d.tokens, d.in_doubt, d.previous)
    }

    #[test]
    fn a_token_without_its_end_is_in_doubt_and_its_end_goes_into_the_chain() {
        let first = Some(Digest([1; 32]));
        let mut book = told(&[added("pr-1"), begun(1, None), done(1), begun(2, first)]);
        assert_eq!(stands(&book), (2, Some(2), first));
        assert_eq!(book.handovers_in_doubt().unwrap().len(), 1);
        book.record(&done(2)).unwrap();
        assert_eq!(stands(&book), (2, None, Some(Digest([2; 32]))));
        assert_eq!(book.handovers_to("pr-1").unwrap().len(), 2);
        let of_job = book.handovers_of(&BatchId::parse("B20250115-01").unwrap(), 2).unwrap();
        assert_eq!((of_job.len(), of_job[0].begun.number, of_job[0].stage), (1, 2, HandoverStage::Arrived));
    }

    #[test]
    fn two_who_say_the_same_settle_it_one_of_them_a_supervisor() {
        let say = |words: &[(&str, Role, bool)]| settled_by(&words.iter().map(|(p, r, a)| word(1, p, *r, *a)).collect::<Vec<_>>());
        let (op, su) = (Role::Operator, Role::Supervisor);
        assert_eq!(say(&[("li", su, true)]), None);
        assert_eq!(say(&[("li", su, true), ("wu", op, false)]), None, "two who disagree");
        assert_eq!(say(&[("he", op, true), ("wu", op, true)]), None, "no supervisor");
        assert_eq!(say(&[("li", su, true), ("wu", op, true)]), Some(true));
        assert_eq!(say(&[("li", su, false), ("wu", op, true), ("he", op, false)]), Some(false));
    }

    #[test]
    fn a_void_token_stays_out_of_the_chain_and_its_number_is_not_given_again() {
        let void = [said(1, "li", Role::Supervisor, false), said(1, "wu", Role::Operator, false)];
        let book = told(&[&[added("pr-1"), begun(1, None)][..], &void].concat());
        assert_eq!(stands(&book), (1, None, None));
        let arrived = [said(1, "li", Role::Supervisor, true), said(1, "wu", Role::Operator, true)];
        let book = told(&[&[added("pr-1"), begun(1, None)][..], &arrived].concat());
        assert_eq!(stands(&book), (1, None, Some(Digest([1; 32]))));
    }

    #[test]
    fn folding_any_suffix_again_changes_nothing() {
        let first = Some(Digest([1; 32]));
        let entries = [
            added("pr-1"),
            begun(1, None),
            done(1),
            begun(2, first),
            said(2, "li", Role::Supervisor, false),
            said(2, "he", Role::Operator, true),
            said(2, "wu", Role::Operator, false),
            begun(3, first),
            done(3),
            begun(4, Some(Digest([3; 32]))),
        ];
        for from in 0..entries.len() {
            let mut book = told(&entries);
            let before = (stands(&book), book.handovers_to("pr-1").unwrap());
            for (seq, entry) in (1..).zip(&entries).skip(from) {
                book.fold(seq, entry).unwrap();
            }
            assert_eq!((stands(&book), book.handovers_to("pr-1").unwrap()), before, "from entry {from}");
        }
    }
}
