//! A vault file, read by the ledger and by the auditor's own reader, with the key it claims to be sealed with. They agree on every input:
//! both refuse it, or both find the same entries with the same contents. Inputs of the first kind are sealed first, index and entries,
//! so that what lies under the seals is reached.
#![no_main]

use std::sync::Arc;

use ledger::segment::{DataKey, KEY_BYTES, SegmentReader};
use libfuzzer_sys::fuzz_target;
use zeroize::Zeroizing;

#[allow(dead_code)]
#[path = "../../crates/audit/src/keys.rs"]
mod keys;
#[allow(dead_code)]
#[path = "../../tests/it/tamper/vault.rs"]
mod sealer;
#[allow(dead_code)]
#[path = "../../crates/audit/src/vault.rs"]
mod vault;

/// As tests/it/seeds.rs seals the seeds that are taken as they are.
const KEY: [u8; KEY_BYTES] = [7; KEY_BYTES];
/// Longest content compared: what is packed may claim a gigabyte.
const CONTENT_BYTES_MAX: u64 = 1 << 20;

/// The key as the auditor gets one: out of a package's key file.
fn auditors_key() -> keys::PackageKey {
    let key = |bytes| DataKey::new(Zeroizing::new(bytes));
    let wrapped = ledger::vault_key::wrap(&key([1; KEY_BYTES]), "fuzz", 0, &key(KEY), [2; ledger::vault_key::NONCE_BYTES]);
    keys::unwrap(&wrapped, &keys::PlantKey::new([1; KEY_BYTES]), "fuzz", 0).unwrap_or_else(|why| panic!("{why}"))
}

fuzz_target!(|data: &[u8]| {
    let Some((which, bytes)) = data.split_first() else { return };
    let sealed = if which % 2 == 0 { sealer::sealed(bytes, &KEY) } else { None };
    let bytes = sealed.unwrap_or_else(|| bytes.to_vec());
    let ours = SegmentReader::open(Arc::new(bytes.clone()), &DataKey::new(Zeroizing::new(KEY)));
    let theirs = vault::VaultFile::open(&bytes, &auditors_key());
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
