//! Attempts to encode cards in the book: their fold, and what the line asks of it. Only the last attempt at a card is kept; the journal
//! has them all. Which card may be attempted, and again, is the line's business.

use card::BatchId;

use super::handovers::agreed;
use super::state::{AttemptStage, AttemptState};
use super::{Book, after_prefix, keys};
use crate::entry::{AttemptEnded, AttemptResolved, AttemptResult, CardAttempted};
use crate::fault::Fault;

impl Book {
    pub(super) fn fold_attempted(&mut self, e: &CardAttempted) -> Result<(), Fault> {
        let key = keys::attempt(&e.batch, e.job, e.position);
        // Folded again, it may have ended, or another may have followed.
        if self.get::<AttemptState>(&key)?.is_none_or(|known| known.attempted.attempt < e.attempt) {
            let state = AttemptState { attempted: e.clone(), stage: AttemptStage::InDoubt, written: true, reason: None };
            self.put(key.clone(), &state);
            self.put(keys::attempt_in_doubt(&e.number, e.generation), &key);
        }
        Ok(())
    }

    pub(super) fn fold_attempt_ended(&mut self, e: &AttemptEnded) -> Result<(), Fault> {
        let stage = match e.result {
            AttemptResult::Good => AttemptStage::Good,
            AttemptResult::Spoiled => AttemptStage::Spoiled,
            AttemptResult::InDoubt => AttemptStage::InDoubt,
        };
        self.change_attempt(&e.number, e.generation, e.attempt, |state| {
            (state.stage, state.written) = (stage, e.written);
            state.reason.clone_from(&e.reason);
        })
    }

    pub(super) fn fold_attempt_resolved(&mut self, e: &AttemptResolved) -> Result<(), Fault> {
        self.put(keys::attempt_word(&e.number, e.generation, e.attempt, &e.person), e);
        let words = self.attempt_words(&e.number, e.generation, e.attempt)?;
        match agreed(words.iter().map(|w| (w.good, w.role))) {
            Some(true) => self.change_attempt(&e.number, e.generation, e.attempt, |state| (state.stage, state.written) = (AttemptStage::Good, true)),
            Some(false) => self.change_attempt(&e.number, e.generation, e.attempt, |state| state.stage = AttemptStage::Spoiled),
            None => Ok(()),
        }
    }

    /// Changes the last attempt at a card, if it is the one meant: of an earlier one all is said.
    fn change_attempt(&mut self, number: &str, generation: u32, attempt: u32, change: impl FnOnce(&mut AttemptState)) -> Result<(), Fault> {
        let missing = || Fault::Invariant(format!("attempt {attempt} at card {number} generation {generation} ended but was never begun"));
        let mut state = self.attempt(number, generation)?.ok_or_else(missing)?;
        if state.attempted.attempt != attempt {
            return Ok(());
        }
        change(&mut state);
        let CardAttempted { batch, job, position, .. } = &state.attempted;
        let (key, open) = (keys::attempt(batch, *job, *position), keys::attempt_in_doubt(number, generation));
        match state.stage {
            AttemptStage::InDoubt => self.put(open, &key),
            AttemptStage::Good | AttemptStage::Spoiled => self.delete(open),
        }
        self.put(key, &state);
        self.card(number, generation)?.map_or(Ok(()), |card| self.fold_owed(&card))
    }

    /// The last attempt to encode a card.
    ///
    /// # Errors
    /// The index fails.
    pub fn attempt(&self, number: &str, generation: u32) -> Result<Option<AttemptState>, Fault> {
        let Some(card) = self.card(number, generation)? else { return Ok(None) };
        let Some(batch) = self.batch(&card.batch)? else { return Ok(None) };
        let job = card.position / batch.cards_per_job.max(1) + 1;
        self.get(&keys::attempt(&card.batch, job, card.position))
    }

    /// The last attempt at each card of a job that was attempted, by position.
    ///
    /// # Errors
    /// The index fails.
    pub fn attempts_of(&self, batch: &BatchId, job: u32) -> Result<Vec<AttemptState>, Fault> {
        let prefix = keys::attempt_prefix(batch, job);
        self.collect(&prefix, &after_prefix(&prefix))
    }

    /// Attempts nobody knows the end of, by card.
    ///
    /// # Errors
    /// The index fails.
    pub fn attempts_in_doubt(&self) -> Result<Vec<AttemptState>, Fault> {
        let open: Vec<Vec<u8>> = self.collect(b"D", b"E")?;
        open.iter().map(|key| self.get(key)).filter_map(Result::transpose).collect()
    }

    /// What people said about an attempt, by person.
    ///
    /// # Errors
    /// The index fails.
    pub fn attempt_words(&self, number: &str, generation: u32, attempt: u32) -> Result<Vec<AttemptResolved>, Fault> {
        let prefix = keys::attempt_word_prefix(number, generation, attempt);
        self.collect(&prefix, &after_prefix(&prefix))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use card::reason::Reason;
    use card::{BusinessType, Code, Digest, Keyed, Lane, Ordinal, Outcome, OutletCode};

    use super::*;
    use crate::entry::{BatchCut, CutCard, Entry, Facts, FileDigest, Judged, JudgedApplication, PackageReceived, Role};
    use crate::index::MemIndex;
    use crate::memory_disk::MemoryDisk;

    const NUMBERS: [&str; 2] = ["H00000012", "H00000020"];

    fn batch() -> BatchId {
        BatchId::parse("B20250115-01").unwrap()
    }

    /// Two applications, judged and cut into a batch of two jobs.
    fn night() -> Vec<Entry> {
        let outlet = OutletCode::parse("WH-01").unwrap();
        let received = PackageReceived {
            package: 0,
            outlet,
            package_id: "P".into(),
            sequence: 1,
            channel: "individual".into(),
            employer_code: None,
            manifest: Digest([1; 32]),
            signed_by: None,
            submitted_at: 1,
            received_at: 1,
            first_ordinal: Ordinal(0),
            count: 2,
            vault_path: "vault/0".into(),
            vault_digest: Digest([2; 32]),
            container: "P".into(),
            reasons: Vec::new(),
        };
        let key = |n: u8| Keyed([n; 16]);
        let facts = |n: u8| Facts {
            business_type: BusinessType::New,
            lane: Lane::Normal,
            mail: false,
            document_key: key(n),
            ssn_key: key(n + 10),
            likeness_key: key(n + 20),
            content_key: key(n + 30),
            supersedes: None,
        };
        let application = |n: u8| JudgedApplication {
            ordinal: Ordinal(u64::from(n)),
            application_id: format!("A{n}"),
            outcome: Outcome::Accepted,
            reasons: Vec::new(),
            photo: None,
            photo_validated: None,
            facts: Some(facts(n)),
        };
        let judged = Judged {
            package: 0,
            first_row: 0,
            vault_path: "vault/1".into(),
            vault_digest: Digest([3; 32]),
            applications: vec![application(0), application(1)],
            at: 1,
        };
        let cut = |n: usize| CutCard { ordinal: Ordinal(n as u64), number: NUMBERS[n].into(), generation: 1 };
        let cut = BatchCut {
            batch: batch(),
            frozen_at: 1,
            release_id: Digest([4; 32]),
            profile: "p".into(),
            cards_per_job: 1,
            numbers_next: Vec::new(),
            registers: Vec::new(),
            arrived_until: Ordinal(2),
            cards: vec![cut(0), cut(1)],
        };
        vec![Entry::PackageReceived(received), Entry::Judged(judged), Entry::BatchCut(cut)]
    }

    fn begun(n: usize, attempt: u32) -> Entry {
        let file = FileDigest { path: "encode/job-0001.cps".into(), len_bytes: 1, digest: Digest([5; 32]) };
        Entry::CardAttempted(CardAttempted {
            batch: batch(),
            job: n as u32 + 1,
            position: n as u32,
            number: NUMBERS[n].into(),
            generation: 1,
            attempt,
            file,
            reader: "R".into(),
            test_keys: false,
            who: "wu".into(),
            at: 2,
        })
    }

    fn ended(n: usize, attempt: u32, result: AttemptResult, written: bool) -> Entry {
        let reason = (result != AttemptResult::Good).then(|| Reason::new(Code::Enc01, "v", "l"));
        Entry::AttemptEnded(AttemptEnded { number: NUMBERS[n].into(), generation: 1, attempt, result, written, reason, at: 3 })
    }

    fn said(n: usize, person: &str, role: Role, good: bool) -> Entry {
        let (number, person) = (NUMBERS[n].to_owned(), person.to_owned());
        Entry::AttemptResolved(AttemptResolved { number, generation: 1, attempt: 1, good, person, role, reason: "seen".into(), signature: "s".into(), at: 4 })
    }

    fn told(entries: &[Entry]) -> Book {
        let mut book = Book::create(Arc::new(MemoryDisk::default()), Box::new(MemIndex::default()), "p").unwrap();
        for entry in night().iter().chain(entries) {
            book.record(entry).unwrap();
        }
        book
    }

    fn stands(book: &Book, n: usize) -> (u32, AttemptStage, bool) {
        let state = book.attempt(NUMBERS[n], 1).unwrap().unwrap();
        (state.attempted.attempt, state.stage, state.written)
    }

    #[test]
    fn an_attempt_without_its_end_is_in_doubt_and_so_is_one_that_ended_so() {
        let book = told(&[begun(0, 1), ended(0, 1, AttemptResult::Good, true), begun(1, 1)]);
        assert_eq!(stands(&book, 0), (1, AttemptStage::Good, true));
        assert_eq!(stands(&book, 1), (1, AttemptStage::InDoubt, true), "nobody knows what is on it");
        assert_eq!(book.attempts_in_doubt().unwrap().len(), 1);
        assert_eq!(book.attempts_of(&batch(), 2).unwrap(), book.attempts_in_doubt().unwrap());
        let book = told(&[begun(0, 1), ended(0, 1, AttemptResult::InDoubt, false)]);
        assert_eq!(stands(&book, 0), (1, AttemptStage::InDoubt, false));
        assert_eq!((book.attempts_in_doubt().unwrap().len(), book.attempts_of(&batch(), 2).unwrap().len()), (1, 0));
    }

    #[test]
    fn two_who_say_the_same_settle_it_and_what_was_written_stays_known() {
        let doubt = [begun(0, 1), ended(0, 1, AttemptResult::InDoubt, false)];
        let words = |good| [said(0, "li", Role::Supervisor, good), said(0, "wu", Role::Operator, good)];
        assert_eq!(stands(&told(&[&doubt[..], &words(false)[..1]].concat()), 0).1, AttemptStage::InDoubt, "one is not enough");
        let mixed = [said(0, "li", Role::Supervisor, true), said(0, "wu", Role::Operator, false)];
        assert_eq!(stands(&told(&[&doubt[..], &mixed].concat()), 0).1, AttemptStage::InDoubt, "two who disagree");
        let book = told(&[&doubt[..], &words(false)].concat());
        assert_eq!(stands(&book, 0), (1, AttemptStage::Spoiled, false));
        assert!(book.attempts_in_doubt().unwrap().is_empty());
        assert_eq!(stands(&told(&[&doubt[..], &words(true)].concat()), 0), (1, AttemptStage::Good, true));
    }

    #[test]
    fn folding_any_suffix_again_changes_nothing() {
        let entries = [
            begun(0, 1),
            ended(0, 1, AttemptResult::Spoiled, false),
            begun(0, 2),
            ended(0, 2, AttemptResult::Good, true),
            begun(1, 1),
            ended(1, 1, AttemptResult::InDoubt, false),
            said(1, "li", Role::Supervisor, false),
            said(1, "he", Role::Operator, true),
            said(1, "wu", Role::Operator, false),
            begun(1, 2),
        ];
        let whole = night().len() as u64 + 1;
        for from in 0..entries.len() {
            let mut book = told(&entries);
            let before = (stands(&book, 0), stands(&book, 1), book.attempts_in_doubt().unwrap());
            for (seq, entry) in (whole..).zip(&entries).skip(from) {
                book.fold(seq, entry).unwrap();
            }
            assert_eq!((stands(&book, 0), stands(&book, 1), book.attempts_in_doubt().unwrap()), before, "from entry {from}");
        }
    }
}
