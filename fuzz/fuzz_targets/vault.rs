//! A vault file, read by the ledger and by the auditor's own reader. They agree on every input: both refuse it, or both find the same
//! entries with the same contents. Inputs of the first kind get sound checksums first, so that the index is reached.
#![no_main]

use std::sync::Arc;

use ledger::segment::{ROW_BYTES, SegmentReader, TRAILER_BYTES};
use libfuzzer_sys::fuzz_target;

#[allow(dead_code)]
#[path = "../../crates/audit/src/vault.rs"]
mod vault;

/// Longest content compared: what is packed may claim a gigabyte.
const CONTENT_BYTES_MAX: u64 = 1 << 20;

/// Checksums of the index, the trailer and every row whose bounds fit.
fn mended(bytes: &mut [u8]) -> Option<()> {
    let trailer_at = bytes.len().checked_sub(TRAILER_BYTES)?;
    let index_at = usize::try_from(u64::from_le_bytes(bytes[trailer_at..trailer_at + 8].try_into().ok()?)).ok()?;
    let rows = u32::from_le_bytes(bytes[trailer_at + 8..trailer_at + 12].try_into().ok()?).min(64) as usize;
    for row in 0..rows {
        let at = index_at.checked_add(row * ROW_BYTES)?;
        let of = |bytes: &[u8]| Some(u64::from_le_bytes(*bytes.first_chunk()?) as usize);
        let (from, stored) = (of(bytes.get(at..)?)?, of(bytes.get(at..)?.get(8..)?)?);
        let crc = crc32c::crc32c(bytes.get(from..from.checked_add(stored)?)?);
        bytes.get_mut(at + 32..at + 36)?.copy_from_slice(&crc.to_le_bytes());
    }
    let index = crc32c::crc32c(bytes.get(index_at..trailer_at)?);
    bytes[trailer_at + 16..trailer_at + 20].copy_from_slice(&index.to_le_bytes());
    let trailer = crc32c::crc32c(&bytes[trailer_at..trailer_at + 24]);
    bytes[trailer_at + 24..trailer_at + 28].copy_from_slice(&trailer.to_le_bytes());
    Some(())
}

fuzz_target!(|data: &[u8]| {
    let Some((which, bytes)) = data.split_first() else { return };
    let mut bytes = bytes.to_vec();
    if which % 2 == 0 {
        let _ = mended(&mut bytes);
    }
    let shared = Arc::new(bytes.clone());
    let (ours, theirs) = (SegmentReader::open(shared), vault::VaultFile::open(&bytes));
    assert_eq!(ours.is_ok(), theirs.is_ok(), "one of them refuses: {:?} and {:?}", ours.err(), theirs.err());
    let (Ok(ours), Ok(theirs)) = (ours, theirs) else { return };
    assert_eq!(ours.count(), theirs.count());
    for (a, b) in ours.entries().zip(theirs.entries()) {
        assert_eq!((a.name(), a.len_bytes(), a.digest()), (b.name, b.len_bytes, b.digest));
        if a.len_bytes() <= CONTENT_BYTES_MAX {
            // The ledger compares the digest where it is asked to, the auditor always.
            let (sound, theirs) = (a.verify().is_ok(), b.content(CONTENT_BYTES_MAX).ok());
            assert_eq!((sound, b.verify().is_ok()), (theirs.is_some(), sound), "one of them takes an entry");
            assert!(theirs.is_none_or(|theirs| a.content().is_ok_and(|ours| ours == theirs)), "two contents of an entry");
        }
        assert!(ours.find(a.name()).is_some() && theirs.find(b.name).is_some());
    }
});
