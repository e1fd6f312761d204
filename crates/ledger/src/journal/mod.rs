//! The journal: what happened, in order, never rewritten. Segments `ledger/journal-000001.log` of checksummed records, each carrying
//! the SHA-256 of the one before it. Format: FORMAT.md §2. It knows nothing of what entries mean.
//!
//! `append` buffers, `commit` writes everything buffered and syncs once: that is the commit point, all of it or none of it.
//! Opening checks every record. Only an incomplete last commit may be cut; anything else wrong refuses to start with its offset.

mod format;
mod read;
mod scan;
mod write;

use std::sync::Arc;

use card::Digest;
use serde::{Deserialize, Serialize};

use crate::disk::{Bytes, Disk};
use crate::envelope::Form;
use crate::fault::Fault;

pub use format::{ENTRY_SCHEMA, FORMAT_VERSION, RECORD_BYTES_MAX, RECORD_HEADER_BYTES, SEGMENT_HEADER_BYTES, SEGMENT_MAGIC, genesis};
pub use read::{JournalReader, Record};
pub use write::Journal;

/// Folder of the journal in the plant.
pub const FOLDER: &str = "ledger";
/// The head at the last clean stop: records up to it were acknowledged, so none of them may be missing.
pub const MARK_PATH: &str = "ledger/head";
/// A segment is closed by the commit that would take it past this length.
pub const SEGMENT_BYTES: u64 = 32 << 20;
const MARK_FORM: Form = Form { kind: 1, schema: 1, bytes_max: 64 };

/// A place in the journal: the number and hash of a record, counted from 1. Number 0 is the place before the first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Head {
    pub seq: u64,
    pub hash: Digest,
}

/// What opening found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OpenReport {
    pub head: Head,
    pub segments: usize,
    pub len_bytes: u64,
    /// The last run stopped cleanly: nothing was written after its mark.
    pub clean: bool,
    /// What an interrupted commit left behind. Cut by [`Journal::open`], passed over by [`JournalView::open`].
    pub torn_tail_cut: Option<TornTail>,
}

/// An incomplete last commit: never acknowledged, so nothing is lost with it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TornTail {
    pub segment: String,
    pub offset: u64,
    pub len_bytes: u64,
    pub why: &'static str,
}

/// A sound journal, read-only: the records up to its head at the time of opening. Writes nothing, cuts nothing, and may be
/// used while another process appends.
#[derive(Clone)]
pub struct JournalView {
    disk: Arc<dyn Disk>,
    plant_id: String,
    segments: Vec<Segment>,
    head: Head,
}

/// A segment and the place before its first record.
#[derive(Clone, Copy)]
struct Segment {
    number: u32,
    before: Head,
    /// Up to the end of its last complete commit.
    len_bytes: u64,
}

impl JournalView {
    /// Reads and checks the whole journal.
    ///
    /// # Errors
    /// No journal, a damaged one (with segment and offset), one of a later version, or the disk's error.
    pub fn open(disk: Arc<dyn Disk>) -> Result<(Self, OpenReport), Fault> {
        scan::open(disk)
    }

    #[must_use]
    pub fn head(&self) -> Head {
        self.head
    }

    /// The id the plant was created with.
    #[must_use]
    pub fn plant_id(&self) -> &str {
        &self.plant_id
    }

    /// The records from `seq` (1-based) to the head, in order, one at a time. Empty when `seq` is past the head.
    #[must_use]
    pub fn read_from(&self, seq: u64) -> JournalReader {
        JournalReader::new(self.clone(), seq)
    }

    /// Whether this place, written down elsewhere earlier, is in this journal. If it isn't, this is an older copy or another history.
    ///
    /// # Errors
    /// The journal can't be read.
    pub fn holds(&self, place: Head) -> Result<bool, Fault> {
        if place.seq == 0 {
            return Ok(place == genesis(&self.plant_id));
        }
        Ok(self.read_from(place.seq).next().transpose()?.is_some_and(|record| record.head() == place))
    }
}

/// True when the plant has a journal at all.
///
/// # Errors
/// The disk's.
pub fn exists(disk: &dyn Disk) -> Result<bool, Fault> {
    Ok(!segment_numbers(disk)?.is_empty())
}

/// Path of a segment.
#[must_use]
pub fn segment_path(number: u32) -> String {
    format!("{FOLDER}/journal-{number:06}.log")
}

fn segment_number(name: &str) -> Option<u32> {
    let digits = name.strip_prefix("journal-")?.strip_suffix(".log")?;
    let number = digits.parse().ok()?;
    (segment_path(number).strip_prefix("ledger/") == Some(name)).then_some(number)
}

/// Numbers of the segments on disk, ascending.
fn segment_numbers(disk: &dyn Disk) -> Result<Vec<u32>, Fault> {
    let names = disk.list(FOLDER).map_err(Fault::on("list", FOLDER))?;
    let mut numbers: Vec<u32> = names.iter().filter(|e| !e.is_dir).filter_map(|e| segment_number(&e.name)).collect();
    numbers.sort_unstable();
    Ok(numbers)
}

fn map(disk: &dyn Disk, path: &str) -> Result<Bytes, Fault> {
    disk.map(path).map_err(Fault::on("read", path))
}

#[cfg(test)]
mod tests;
