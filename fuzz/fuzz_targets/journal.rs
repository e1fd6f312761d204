//! A journal segment, read by the ledger and by the auditor's own reader. They agree on every input: both refuse it, or both end with
//! the same record. Inputs of the first kind are records to which checksums and chain are made, so that their insides are reached.
#![no_main]

use std::sync::Arc;

use ledger::disk::Disk as _;
use ledger::journal::{JournalView, RECORD_HEADER_BYTES, SEGMENT_HEADER_BYTES};
use libfuzzer_sys::fuzz_target;
use testkit::world::SimDisk;

#[allow(dead_code)]
#[path = "../../crates/audit/src/envelope.rs"]
mod envelope;
#[allow(dead_code)]
#[path = "../../tests/it/tamper/journal.rs"]
mod forger;
#[allow(dead_code)]
#[path = "../../crates/audit/src/journal.rs"]
mod journal;

const PATH: &str = "ledger/journal-000001.log";
const GOOD: &[u8] = include_bytes!("../seeds/plant/journal.log");

/// Payloads, each after its length in two bytes, whose highest bit ends a commit.
fn forged(mut bytes: &[u8]) -> Vec<u8> {
    let mut records = Vec::new();
    while let Some((head, rest)) = bytes.split_first_chunk::<2>() {
        let head = u16::from_le_bytes(*head);
        let (payload, rest) = rest.split_at(usize::from(head & 0x7FFF).min(rest.len()));
        bytes = rest;
        let mut record = vec![0; RECORD_HEADER_BYTES];
        (record[56], record[58]) = (1, u8::from(head & 0x8000 != 0));
        record.extend_from_slice(if payload.is_empty() { &[0] } else { payload });
        records.push(record);
    }
    let mut taken = forger::Taken::of(&GOOD[..SEGMENT_HEADER_BYTES], records);
    taken.chain_anew();
    taken.together()
}

fuzz_target!(|data: &[u8]| {
    let Some((which, bytes)) = data.split_first() else { return };
    let bytes = if which % 2 == 0 { forged(bytes) } else { bytes.to_vec() };
    let disk = SimDisk::default();
    disk.create_dir("ledger").expect("a folder");
    disk.put(PATH, &bytes);
    let ours = JournalView::open(Arc::new(disk.clone()));
    let mut entries = 0;
    let theirs = journal::walk(&disk, &mut |_, _| {
        entries += 1;
        Ok(())
    });
    let theirs = theirs.unwrap_or_else(|e| panic!("damage is no error of the disk: {e}"));
    match (&ours, &theirs.damage) {
        (Ok((view, report)), None) => {
            assert_eq!((view.head().seq, view.head().hash), (theirs.head.seq, theirs.head.hash));
            assert_eq!(report.torn_tail_cut.is_some(), theirs.torn.is_some());
            assert_eq!(entries, theirs.records);
            assert_eq!(view.read_from(1).filter(Result::is_ok).count() as u64, theirs.records);
        }
        // The auditor decodes what it reads; the ledger when it is asked for.
        (Ok((view, _)), Some(why)) => assert!(view.read_from(1).any(|record| record.is_err()), "only the auditor refuses: {why}"),
        (Err(why), None) => panic!("only the ledger refuses: {why}"),
        (Err(_), Some(_)) => {}
    }
});
