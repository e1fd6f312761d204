//! Looking at a plant's files without changing any: presence, digests, and a note of how much was read.

use card::Digest;
use ledger::disk::{Bytes, Disk};
use ledger::entry::FileDigest;
use ledger::fault::Fault;

use crate::proof::{Invariant, Proofs};

/// The file's bytes, mapped; `None` if there is no such file.
///
/// # Errors
/// The disk's.
pub fn open(disk: &dyn Disk, path: &str) -> Result<Option<Bytes>, Fault> {
    if disk.len(path).map_err(Fault::on("read", path))?.is_none() {
        return Ok(None);
    }
    disk.map(path).map(Some).map_err(Fault::on("read", path))
}

/// The file's bytes if they are exactly those written down; anything else is a violation of `invariant`.
///
/// # Errors
/// The disk's.
pub fn expect(disk: &dyn Disk, path: &str, digest: Digest, invariant: Invariant, proofs: &mut Proofs) -> Result<Option<Bytes>, Fault> {
    let Some(bytes) = open(disk, path)? else {
        proofs.broken(Invariant::I21, format!("{path} is missing"));
        return Ok(None);
    };
    let content = (*bytes).as_ref();
    proofs.bytes_read += content.len() as u64;
    let same = proofs.check(invariant, Digest::of(content) == digest, || format!("{path} is not the file that was written"));
    Ok(same.then_some(bytes))
}

/// As [`expect`], for a file with its length.
///
/// # Errors
/// The disk's.
pub fn expect_file(disk: &dyn Disk, path: &str, file: &FileDigest, invariant: Invariant, proofs: &mut Proofs) -> Result<Option<Bytes>, Fault> {
    let bytes = expect(disk, path, file.digest, invariant, proofs)?;
    if let Some(bytes) = &bytes {
        proofs.check(invariant, (**bytes).as_ref().len() as u64 == file.len_bytes, || format!("{path} has another length than written down"));
    }
    Ok(bytes)
}

/// Every file below a folder, as paths relative to it, sorted.
///
/// # Errors
/// The disk's.
pub fn below(disk: &dyn Disk, folder: &str) -> Result<Vec<String>, Fault> {
    let mut found = Vec::new();
    let mut folders = vec![String::new()];
    while let Some(inner) = folders.pop() {
        let path = if inner.is_empty() { folder.to_owned() } else { format!("{folder}/{inner}") };
        for entry in disk.list(&path).map_err(Fault::on("list", &path))? {
            let relative = if inner.is_empty() { entry.name } else { format!("{inner}/{}", entry.name) };
            if entry.is_dir { folders.push(relative) } else { found.push(relative) }
        }
    }
    found.sort();
    Ok(found)
}
