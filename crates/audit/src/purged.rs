//! What was purged is gone (I-29): of a package its key, every vault file and the letter its outlet got, of a batch every file but manifest and signature. A purge
//! a stop interrupted is finished by the next run: until then what it left is a note. It ends being one with the next clean stop.

use ledger::disk::Disk;
use ledger::fault::Fault;

use crate::files;
use crate::proof::{Invariant, Proofs};

/// Nothing may be left below `folder` but `stays`.
///
/// # Errors
/// The disk's.
pub fn check(disk: &dyn Disk, folder: &str, stays: &[&str], unfinished: bool, proofs: &mut Proofs) -> Result<(), Fault> {
    let left = files::below(disk, folder)?.into_iter().find(|path| !stays.contains(&path.as_str()));
    match left {
        Some(path) if unfinished => proofs.note(format!("{folder}/{path}: the purge was interrupted; run again")),
        left => {
            proofs.check(Invariant::I29, left.is_none(), || format!("{folder}/{} was purged and is still there", left.unwrap_or_default()));
        }
    }
    Ok(())
}

/// A file that shows something personal outside the vault goes with its package.
///
/// # Errors
/// The disk's.
pub fn check_file(disk: &dyn Disk, path: &str, unfinished: bool, proofs: &mut Proofs) -> Result<(), Fault> {
    let there = disk.len(path).map_err(Fault::on("read", path))?.is_some();
    if there && unfinished {
        proofs.note(format!("{path}: the purge was interrupted; run again"));
    } else {
        proofs.check(Invariant::I29, !there, || format!("{path} was purged and is still there"));
    }
    Ok(())
}
