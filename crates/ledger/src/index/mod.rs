//! The index: what the journal says, arranged for looking up. Never the truth: it may be deleted at any moment and is folded
//! again from the journal. The cursor, written in the same batch as the keys, says up to which record it has folded.
//! Which keys there are is the book's business, not this file's.

mod memory;
mod seal;
mod sled_index;

use std::ops::ControlFlow;

use crate::envelope::{self, Form};
use crate::fault::Fault;
use crate::journal::{Head, JournalView};

pub use memory::MemIndex;
pub use sled_index::{IndexOpened, SledIndex};

/// Key of the cursor. Keys of the book never start with a zero byte.
const CURSOR_KEY: &[u8] = b"\0cursor";
const CURSOR_FORM: Form = Form { kind: 2, schema: 1, bytes_max: 64 };

/// Shown each key and its value; says whether to go on.
pub type See<'a> = dyn FnMut(&[u8], &[u8]) -> ControlFlow<()> + 'a;

/// A store of small keys and values, ordered by key. After an error it is used no more: [`Index::clear`] or rebuild.
pub trait Index: Send + Sync {
    /// # Errors
    /// [`Fault::Index`] when the store is unusable, [`Fault::DiskFull`] when there is no room.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault>;
    /// Applies a batch: all of it or none. Durable after the next [`Index::flush`]; until then a kill takes back whole batches,
    /// the latest first.
    ///
    /// # Errors
    /// As [`Index::get`].
    fn apply(&mut self, batch: IndexBatch) -> Result<(), Fault>;
    /// Shows the keys of `from..to` and their values in order, until told to stop.
    ///
    /// # Errors
    /// As [`Index::get`].
    fn scan_range(&self, from: &[u8], to: &[u8], see: &mut See<'_>) -> Result<(), Fault>;
    /// Makes applied batches durable: also against a power cut.
    ///
    /// # Errors
    /// As [`Index::get`].
    fn flush(&mut self) -> Result<(), Fault>;
    /// Flushes and forgets what it keeps in memory of what it has shown and taken.
    ///
    /// # Errors
    /// As [`Index::get`].
    fn renew(&mut self) -> Result<(), Fault> {
        self.flush()
    }
    /// Flushes for the last time. It is used no more.
    ///
    /// # Errors
    /// As [`Index::get`].
    fn close(&mut self) -> Result<(), Fault> {
        self.flush()
    }
    /// Forgets everything, cursor included.
    ///
    /// # Errors
    /// As [`Index::get`].
    fn clear(&mut self) -> Result<(), Fault>;
}

/// Changes that belong together. A later change of a key wins.
#[derive(Default)]
pub struct IndexBatch {
    changes: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

impl IndexBatch {
    pub fn put(&mut self, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) {
        self.changes.push((key.into(), Some(value.into())));
    }

    pub fn delete(&mut self, key: impl Into<Vec<u8>>) {
        self.changes.push((key.into(), None));
    }

    /// Says that with this batch everything up to and with `head` is folded.
    pub fn set_cursor(&mut self, head: Head) {
        let sealed = envelope::seal(CURSOR_FORM, &head).expect("a head is shorter than the limit");
        self.put(CURSOR_KEY, sealed);
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.changes.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
}

/// Up to where the index has folded the journal; `None` when it is empty.
///
/// # Errors
/// [`Fault::Index`] when the store is unusable or the cursor is not one.
pub fn cursor(index: &dyn Index) -> Result<Option<Head>, Fault> {
    let Some(bytes) = index.get(CURSOR_KEY)? else { return Ok(None) };
    envelope::open(CURSOR_FORM, &bytes).map(Some).map_err(|e| Fault::Index(format!("cursor {e}")))
}

/// The first record the index has still to fold (1-based), after making sure that index and journal are of one history.
///
/// # Errors
/// [`Fault::Index`] when they are not (the index must be rebuilt), or the store's or journal's own.
pub fn next_to_fold(index: &dyn Index, journal: &JournalView) -> Result<u64, Fault> {
    let Some(cursor) = cursor(index)? else { return Ok(1) };
    let at_head = cursor.seq == journal.head().seq;
    let known = if at_head { Some(journal.head()) } else { journal.read_from(cursor.seq).next().transpose()?.map(|record| record.head()) };
    if known == Some(cursor) {
        return Ok(cursor.seq + 1);
    }
    Err(Fault::Index(format!("it has folded record {} of another history; the journal ends with record {}", cursor.seq, journal.head().seq)))
}

#[cfg(test)]
mod tests;
