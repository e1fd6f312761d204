//! Mapping an immutable file: with `allocator.rs`, `locked.rs`, `write_back.rs` and `pkcs11/mechanism.rs` the only unsafe
//! code of the project, in one function with its contract.

use std::fs::File;
use std::io;
use std::sync::Arc;

use ledger::disk::Bytes;

/// Shorter files are read instead: a mapping costs more than it saves.
const MAP_BYTES_MIN: u64 = 64 * 1024;

/// The bytes of a file that nobody shortens or rewrites in place while they are in use.
///
/// # Errors
/// The file can't be mapped or read.
pub(crate) fn map_immutable(mut file: File) -> io::Result<Bytes> {
    let len_bytes = file.metadata()?.len();
    if len_bytes < MAP_BYTES_MIN {
        let mut content = Vec::with_capacity(usize::try_from(len_bytes).unwrap_or(0));
        io::Read::read_to_end(&mut file, &mut content)?;
        return Ok(Arc::new(content));
    }
    Ok(Arc::new(map(&file)?))
}

/// The contract, kept by `RealDisk`: only files below the plant's folder (mode 0700, ours) on a local file system are mapped. Those
/// are published whole by rename and never written again, or are journal segments, which only grow: the mapping covers the
/// length at this moment. Replacing by rename and unlinking leave the mapped file whole. Nothing outsiders can write is mapped.
#[allow(unsafe_code, reason = "the one reviewed mapping; engine.md §3")]
fn map(file: &File) -> io::Result<memmap2::Mmap> {
    // SAFETY: by the contract above no byte of the mapping changes and the file is never cut below its length.
    unsafe { memmap2::Mmap::map(file) }
}
