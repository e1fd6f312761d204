//! The book: the journal and its index as one thing. `append` writes an entry down and folds it at once (an overlay makes it
//! readable), `commit` makes both durable: the journal first, then the index. What the answers mean is the line's business.

mod attempts;
mod deliveries;
mod fold;
mod handovers;
pub mod keys;
mod printing;
pub mod queries;
mod remakes;
mod sightings;
pub mod state;
mod stock;
mod stock_state;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use card::seeded::{Bug, has};

use crate::disk::Disk;
use crate::entry::{Entry, Note};
use crate::fault::Fault;
use crate::index::{Index, IndexBatch, See, next_to_fold};
use crate::journal::{Journal, JournalView, OpenReport};

/// Overlay entries kept before they are pushed to the index even without a commit (a cut touches every card of a batch).
/// Pushing early is safe: folding is idempotent and the cursor only moves at a commit. sled keeps what a batch replaces until long
/// after it: with 8,192 the cut of 18,733 cards left 20 MB more behind.
const OVERLAY_ENTRIES_MAX: usize = 1_024;

/// Commits between two flushes of the index: what a kill makes the next start fold again.
const COMMITS_PER_FLUSH: u32 = 64;

pub struct Book {
    journal: Source,
    index: Box<dyn Index>,
    overlay: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    commits_unflushed: u32,
}

/// A journal to append to, or one that is only looked at while another process may append.
enum Source {
    Open(Journal),
    Looked(JournalView),
}

/// What opening the book found.
pub struct BookOpened {
    pub journal: OpenReport,
    /// Why the index was emptied and folded anew, if it was (IDX-01).
    pub refolded: Option<String>,
    /// Entries folded to bring the index up to the journal.
    pub folded: u64,
}

impl Book {
    /// Makes the book of a new plant.
    ///
    /// # Errors
    /// There is a journal already, or the disk fails.
    pub fn create(disk: Arc<dyn Disk>, index: Box<dyn Index>, plant_id: &str) -> Result<Self, Fault> {
        let journal = Journal::create(disk, plant_id)?;
        let mut book = Self { journal: Source::Open(journal), index, overlay: BTreeMap::new(), commits_unflushed: 0 };
        book.refold()?;
        Ok(book)
    }

    /// Opens the journal, checks that the index continues it and folds what the index lacks; an index that disagrees is
    /// emptied and folded anew.
    ///
    /// # Errors
    /// The journal is damaged (anything but a torn tail), or the disk fails.
    pub fn open(disk: Arc<dyn Disk>, index: Box<dyn Index>) -> Result<(Self, BookOpened), Fault> {
        let (journal, report) = Journal::open(disk)?;
        let mut book = Self { journal: Source::Open(journal), index, overlay: BTreeMap::new(), commits_unflushed: 0 };
        let (folded, refolded) = match book.start_of_fold() {
            // An empty index: folding from the start also says by which version, or the next opening would fold it all again.
            Ok(1) => (book.refold()?, None),
            Ok(next) => (book.fold_from(next)?, None),
            Err(Fault::Index(why)) => (book.refold()?, Some(why)),
            Err(fault) => return Err(fault),
        };
        Ok((book, BookOpened { journal: report, refolded, folded }))
    }

    /// Looks at a plant without its lock: folds the journal as it is now into an index of its own. Nothing can be appended.
    ///
    /// # Errors
    /// The journal is damaged, or the disk fails.
    pub fn look(disk: Arc<dyn Disk>, index: Box<dyn Index>) -> Result<Self, Fault> {
        let (view, _) = JournalView::open(disk)?;
        let mut book = Self { journal: Source::Looked(view), index, overlay: BTreeMap::new(), commits_unflushed: 0 };
        book.refold()?;
        Ok(book)
    }

    /// Looks at a plant on a copy of its index: folds only what the copy lacks.
    ///
    /// # Errors
    /// The journal is damaged, the index is of another history or unusable (`Fault::Index`), or the disk fails.
    pub fn look_on(disk: Arc<dyn Disk>, index: Box<dyn Index>) -> Result<(Self, u64), Fault> {
        let (view, _) = JournalView::open(disk)?;
        let mut book = Self { journal: Source::Looked(view), index, overlay: BTreeMap::new(), commits_unflushed: 0 };
        let folded = match book.start_of_fold()? {
            1 => book.refold()?,
            next => book.fold_from(next)?,
        };
        Ok((book, folded))
    }

    /// Keys that are not the same in both books, and keys compared. Both must be folded up to one head.
    ///
    /// # Errors
    /// An index fails.
    pub fn differences(&self, other: &Self) -> Result<(u64, u64), Fault> {
        let missing_there = self.keys_unlike(other, |mine, theirs| theirs != Some(mine))?;
        let missing_here = other.keys_unlike(self, |_, theirs| theirs.is_none())?;
        Ok((missing_there.0 + missing_here.0, missing_there.1.max(missing_here.1)))
    }

    /// Keys of this book whose value the other's is unlike, and all its keys.
    fn keys_unlike(&self, other: &Self, unlike: impl Fn(&[u8], Option<&[u8]>) -> bool) -> Result<(u64, u64), Fault> {
        let (mut count, mut seen, mut failed) = (0, 0, None);
        // Keys of the book never start with a zero byte: that is the cursor, which the caller has looked at.
        self.scan(&[1], &[u8::MAX; 2], &mut |key, value| {
            seen += 1;
            match other.get_raw(key) {
                Ok(theirs) => count += u64::from(unlike(value, theirs.as_deref())),
                Err(fault) => failed = Some(fault),
            }
            if failed.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        failed.map_or(Ok((count, seen)), Err)
    }

    fn start_of_fold(&self) -> Result<u64, Fault> {
        let mut next = next_to_fold(&*self.index, &self.view());
        if has(Bug::IndexBelieved) && next.is_err() {
            next = Ok(self.view().head().seq + 1);
        }
        let next = next?;
        match self.index.get(&keys::meta("fold"))? {
            Some(version) if version == state::FOLD_VERSION.to_be_bytes() => Ok(next),
            None if next == 1 => Ok(next),
            _ => Err(Fault::Index("it was folded by another version of the program".to_owned())),
        }
    }

    /// Empties the index and folds the whole journal. Returns the entries folded.
    ///
    /// # Errors
    /// The index can't even be emptied, or the journal can't be read.
    pub fn refold(&mut self) -> Result<u64, Fault> {
        self.overlay.clear();
        self.index.clear()?;
        self.overlay.insert(keys::meta("fold"), Some(state::FOLD_VERSION.to_be_bytes().to_vec()));
        self.fold_from(1)
    }

    fn fold_from(&mut self, next: u64) -> Result<u64, Fault> {
        let mut folded = 0_u64;
        for record in self.view().read_from(next) {
            let record = record?;
            self.fold(record.seq, &record.entry)?;
            self.spill_if_large()?;
            folded += 1;
        }
        self.push_to_index(true)?;
        self.index.flush()?;
        Ok(folded)
    }

    /// Writes an entry into the journal's buffer and folds it. Not durable before [`Book::commit`]. One that shows an earlier time than
    /// those before it, other than the time its run or batch froze, gets a note before it: the clock went back.
    ///
    /// # Errors
    /// The disk or the index fails.
    pub fn append(&mut self, entry: &Entry) -> Result<u64, Fault> {
        if let Some(note) = self.clock_note(entry)? {
            self.write(&Entry::Note(note))?;
        }
        self.write(entry)
    }

    fn clock_note(&self, entry: &Entry) -> Result<Option<Note>, Fault> {
        let (Some(at), Some(latest)) = (entry.at(), self.latest()?) else { return Ok(None) };
        if at >= latest || entry.is_clock_note() {
            return Ok(None);
        }
        let frozen = self.run()?.is_some_and(|r| r.frozen_at == at) || self.open_batch()?.is_some_and(|b| b.frozen_at == at);
        Ok((!frozen).then(|| Note::clock_went_back(latest, at)))
    }

    fn write(&mut self, entry: &Entry) -> Result<u64, Fault> {
        let seq = self.writer()?.append(entry)?;
        self.fold(seq, entry)?;
        Ok(seq)
    }

    /// Makes everything appended durable: this is the commit point.
    ///
    /// # Errors
    /// The disk fails; after a failed sync the process must end (house rule 7).
    pub fn commit(&mut self) -> Result<(), Fault> {
        self.writer()?.commit()?;
        self.push_to_index(true)?;
        self.commits_unflushed += 1;
        if self.commits_unflushed >= COMMITS_PER_FLUSH {
            self.index.flush()?;
            self.commits_unflushed = 0;
        }
        Ok(())
    }

    /// `append` and `commit` in one.
    ///
    /// # Errors
    /// As for both.
    pub fn record(&mut self, entry: &Entry) -> Result<u64, Fault> {
        let seq = self.append(entry)?;
        self.commit()?;
        Ok(seq)
    }

    /// Commits, and lets the index forget what it keeps in memory: between two rooms, when much was looked at that comes no more.
    ///
    /// # Errors
    /// As [`Book::commit`].
    pub fn renew(&mut self) -> Result<(), Fault> {
        self.commit()?;
        self.commits_unflushed = 0;
        self.index.renew()
    }

    /// Commits, makes the index durable and marks the clean stop.
    ///
    /// # Errors
    /// The disk fails.
    pub fn close(mut self) -> Result<(), Fault> {
        self.commit()?;
        self.index.close()?;
        match self.journal {
            Source::Open(journal) => journal.close().map(|_| ()),
            Source::Looked(_) => Ok(()),
        }
    }

    /// The journal as it is committed.
    #[must_use]
    pub fn view(&self) -> JournalView {
        match &self.journal {
            Source::Open(journal) => journal.view(),
            Source::Looked(view) => view.clone(),
        }
    }

    fn writer(&mut self) -> Result<&mut Journal, Fault> {
        match &mut self.journal {
            Source::Open(journal) => Ok(journal),
            Source::Looked(_) => Err(Fault::Invariant("a book that is only looked at was written to".to_owned())),
        }
    }

    /// Only entries that are committed may be spilled: an index ahead of a journal that then loses its tail would lie.
    fn spill_if_large(&mut self) -> Result<(), Fault> {
        if self.overlay.len() > OVERLAY_ENTRIES_MAX { self.push_to_index(false) } else { Ok(()) }
    }

    /// For a fold that touches every card of a batch: commits the entry being folded, then spills.
    pub(super) fn spill_while_folding(&mut self) -> Result<(), Fault> {
        if self.overlay.len() > OVERLAY_ENTRIES_MAX {
            if let Source::Open(journal) = &mut self.journal {
                journal.commit()?;
            }
            self.push_to_index(false)?;
        }
        Ok(())
    }

    fn push_to_index(&mut self, move_cursor: bool) -> Result<(), Fault> {
        let mut batch = IndexBatch::default();
        for (key, value) in std::mem::take(&mut self.overlay) {
            match value {
                Some(value) => batch.put(key, value),
                None => batch.delete(key),
            }
        }
        if move_cursor {
            batch.set_cursor(self.view().head());
        }
        self.index.apply(batch)
    }

    fn get_raw(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        match self.overlay.get(key) {
            Some(value) => Ok(value.clone()),
            None => self.index.get(key),
        }
    }

    fn get<T: serde::de::DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, Fault> {
        self.get_raw(key)?.map(|bytes| state::decode(&bytes)).transpose()
    }

    fn put<T: serde::Serialize>(&mut self, key: Vec<u8>, value: &T) {
        self.overlay.insert(key, Some(state::encode(value)));
    }

    fn delete(&mut self, key: Vec<u8>) {
        self.overlay.insert(key, None);
    }

    /// Walks keys `from..to` in order, what is not yet pushed included.
    fn scan(&self, from: &[u8], to: &[u8], each: &mut See<'_>) -> Result<(), Fault> {
        let mut fresh = self.overlay.range::<[u8], _>((std::ops::Bound::Included(from), std::ops::Bound::Excluded(to))).peekable();
        let mut stopped = false;
        self.index.scan_range(from, to, &mut |key, value| {
            while let Some((k, v)) = fresh.next_if(|(k, _)| k.as_slice() < key) {
                if let Some(v) = v
                    && each(k, v).is_break()
                {
                    stopped = true;
                    return ControlFlow::Break(());
                }
            }
            let flow = match fresh.next_if(|(k, _)| k.as_slice() == key) {
                Some((_, None)) => ControlFlow::Continue(()),
                Some((k, Some(v))) => each(k, v),
                None => each(key, value),
            };
            stopped = flow.is_break();
            flow
        })?;
        if !stopped {
            for (k, v) in fresh {
                if let Some(v) = v
                    && each(k, v).is_break()
                {
                    break;
                }
            }
        }
        Ok(())
    }

    fn scan_prefix(&self, prefix: &[u8], each: &mut See<'_>) -> Result<(), Fault> {
        self.scan(prefix, &after_prefix(prefix), each)
    }
}

/// The smallest key after all keys with this prefix.
fn after_prefix(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            return end;
        }
    }
    vec![u8::MAX; prefix.len() + 1]
}

#[cfg(test)]
mod tests;
