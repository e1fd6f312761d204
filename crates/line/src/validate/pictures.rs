//! Every photo judged so far by its face hash, to know a picture again that comes a second time: read from the vault when the first photo
//! of an intake asks, added to in order of arrival, and forgotten with the process. What being alike means is said in `neighbours.rs`.

use std::io::ErrorKind;
use std::sync::Mutex;

use card::Ordinal;
use ledger::book::Book;
use ledger::book::state::PackageState;
use ledger::fault::Fault;
use photo::likeness::{FaceHash, HashIndex, QUICK_BITS_MAX};

use super::stored::{Nearest, ROWS_PER_FILE};
use crate::jobs::lock;
use crate::vault::Vault;

/// About 104 bytes a photo (`photo::likeness::HashIndex`).
pub struct Pictures {
    index: HashIndex,
    /// Records files whose hashes couldn't be read: their photos are compared with nothing.
    pub unreadable: u64,
}

impl Pictures {
    /// The hashes of every package that is judged and not purged. A file that is damaged or whose key is gone is counted and left out: one
    /// old package must not stop today's, and `verify` tells of it.
    ///
    /// # Errors
    /// The book or the disk fails.
    pub fn read(book: &Mutex<&mut Book>, vault: &Vault) -> Result<Self, Fault> {
        let packages = lock(book).next_numbers()?.0;
        let (mut index, mut unreadable, mut failed) = (HashIndex::new(), 0, None);
        let of = |number: u64| {
            let state = lock(book).package(number)?;
            state.filter(|s| s.purged.is_none()).map_or_else(|| Ok(Vec::new()), |s| hashes(&s, vault, &mut unreadable))
        };
        index.extend((0..packages).map(of).map_while(|read| read.map_err(|fault| failed = Some(fault)).ok()).flatten());
        failed.map_or(Ok(Self { index, unreadable }), Err)
    }

    /// Photos at most `bits_max` away, nearest first, then oldest; with less than [`QUICK_BITS_MAX`] asked for, those up to there: they cost
    /// nothing more, and how near the nearest was is kept.
    #[must_use]
    pub fn near(&self, hash: &FaceHash, bits_max: u32) -> Vec<Nearest> {
        let near = self.index.near(hash, bits_max.max(QUICK_BITS_MAX));
        near.into_iter().map(|(ordinal, bits)| Nearest { ordinal: Ordinal(ordinal), bits }).collect()
    }

    pub fn add(&mut self, hash: FaceHash, ordinal: Ordinal) {
        self.index.insert(hash, ordinal.0);
    }
}

/// The hashes of a package's judged rows.
fn hashes(package: &PackageState, vault: &Vault, unreadable: &mut u64) -> Result<Vec<(FaceHash, u64)>, Fault> {
    let received = &package.received;
    let mut found = Vec::new();
    for row in (0..package.judged).step_by(ROWS_PER_FILE as usize) {
        match vault.face_hashes(received.package, row) {
            Ok(stored) => found.extend(stored.iter().map(|s| (s.hash, received.first_ordinal.0 + u64::from(s.row)))),
            Err(fault) if is_lost(&fault) => *unreadable += 1,
            Err(fault) => return Err(fault),
        }
    }
    Ok(found)
}

/// Whether a file's content is lost, which trying again doesn't change.
fn is_lost(fault: &Fault) -> bool {
    match fault {
        Fault::FileDamaged { .. } | Fault::Refused { .. } => true,
        Fault::Io { source, .. } => source.kind() == ErrorKind::NotFound,
        _ => false,
    }
}
