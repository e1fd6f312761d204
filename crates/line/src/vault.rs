//! Reading the vault: a package's contents and the stored records of its rows, by package and row. Keeps a few files open;
//! every byte comes checked (CRC of the entry, and the caller compares the photo's digest). Writing is the intake's business.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use ledger::disk::Disk;
use ledger::envelope;
use ledger::fault::Fault;
use ledger::segment::SegmentReader;

use crate::validate::stored::{FORM, StoredRecord, contents_path, entry_name, records_path};

/// Open vault files kept at hand; each is a mapping, not memory.
const OPEN_FILES_MAX: usize = 64;

type Shelf = VecDeque<(String, Arc<SegmentReader>)>;

pub struct Vault {
    disk: Arc<dyn Disk>,
    open: Mutex<Shelf>,
}

impl Vault {
    #[must_use]
    pub fn new(disk: Arc<dyn Disk>) -> Self {
        Self { disk, open: Mutex::new(VecDeque::new()) }
    }

    /// Everything a package contained, as it was received.
    ///
    /// # Errors
    /// The file is missing or damaged.
    pub fn contents(&self, package: u64) -> Result<Arc<SegmentReader>, Fault> {
        self.segment(&contents_path(package))
    }

    /// The stored record of a row.
    ///
    /// # Errors
    /// The file is missing or damaged, or holds no such row.
    pub fn record(&self, package: u64, row: u32) -> Result<StoredRecord, Fault> {
        let path = records_path(package, row);
        let segment = self.segment(&path)?;
        let damaged = |why: String| Fault::FileDamaged { path: path.clone(), offset: 0, why };
        let bytes = segment.get(&entry_name(row)).map_err(|e| e.at(&path))?.ok_or_else(|| damaged(format!("no row {row}")))?;
        envelope::open(FORM, &bytes).map_err(|e| damaged(e.to_string()))
    }

    fn segment(&self, path: &str) -> Result<Arc<SegmentReader>, Fault> {
        let mut open = self.open.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(at) = open.iter().position(|(name, _)| name == path)
            && let Some(entry) = open.remove(at)
        {
            let reader = entry.1.clone();
            open.push_back(entry);
            return Ok(reader);
        }
        let bytes = self.disk.map(path).map_err(|e| Fault::io("map", path, e))?;
        let reader = Arc::new(SegmentReader::open(bytes).map_err(|e| e.at(path))?);
        if open.len() >= OPEN_FILES_MAX {
            open.pop_front();
        }
        open.push_back((path.to_owned(), reader.clone()));
        Ok(reader)
    }
}
