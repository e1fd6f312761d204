//! What the journal promises: commits are whole, torn tails are cut, anything else is refused with its place.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::entry::{Note, RunEnded};
use crate::memory_disk::MemoryDisk;
use crate::{Entry, Journal};

const PLANT: &str = "plant-1";
const FIRST: &str = "ledger/journal-000001.log";

fn note(text: &str) -> Entry {
    Entry::Note(Note { code: "T".into(), text: text.into(), at: 5 })
}

fn shared(disk: &MemoryDisk) -> Arc<dyn Disk> {
    Arc::new(disk.clone())
}

fn open(disk: &MemoryDisk) -> Result<(Journal, OpenReport), Fault> {
    Journal::open(shared(disk))
}

/// A journal of three commits with two records each, not closed. Lengths of the segment after each commit, header first.
fn three_commits(disk: &MemoryDisk) -> (Journal, Vec<usize>) {
    let mut journal = Journal::create(shared(disk), PLANT).unwrap();
    let mut ends = vec![disk.read(FIRST).unwrap().len()];
    for commit in 0..3 {
        journal.append(&note(&format!("first of {commit}"))).unwrap();
        journal.append(&note(&format!("second of {commit}"))).unwrap();
        journal.commit().unwrap();
        ends.push(disk.read(FIRST).unwrap().len());
    }
    (journal, ends)
}

fn texts(reader: JournalReader) -> Vec<String> {
    let entries = reader.map(|record| record.unwrap().entry);
    entries.map(|entry| if let Entry::Note(note) = entry { note.text } else { "?".into() }).collect()
}

fn damage_of(disk: &MemoryDisk) -> (String, u64) {
    match open(disk) {
        Err(Fault::JournalDamaged { segment, offset, .. }) => (segment, offset),
        Err(other) => panic!("another fault: {other}"),
        Ok((_, report)) => panic!("opened: {report:?}"),
    }
}

#[test]
fn what_was_committed_is_read_back_in_order() {
    let disk = MemoryDisk::default();
    let (journal, _) = three_commits(&disk);
    let head = journal.close().unwrap();
    let (journal, report) = open(&disk).unwrap();
    assert_eq!((report.head, report.clean, report.torn_tail_cut), (head, true, None));
    assert_eq!(texts(journal.read_from(1)).len(), 6);
    assert_eq!(texts(journal.read_from(5)), ["first of 2", "second of 2"]);
    assert_eq!(journal.read_from(7).count(), 0);
    assert_eq!(journal.read_from(6).next().unwrap().unwrap().head(), head);
}

#[test]
fn nothing_is_written_before_the_commit_and_a_commit_is_one_write_and_one_sync() {
    let disk = MemoryDisk::default();
    let mut journal = Journal::create(shared(&disk), PLANT).unwrap();
    let before = disk.operations().len();
    for n in 0..10 {
        assert_eq!(journal.append(&note("x")).unwrap(), n + 1);
    }
    assert_eq!(disk.operations().len(), before);
    assert_eq!((journal.head().seq, journal.read_from(1).count()), (0, 0));
    assert_eq!(journal.commit().unwrap().seq, 10);
    assert_eq!(disk.operations()[before..], [format!("write {FIRST}"), format!("sync {FIRST}")]);
    journal.commit().unwrap();
    assert_eq!(disk.operations().len(), before + 2, "an empty commit writes nothing");
}

#[test]
fn room_for_a_commit_is_taken_before_it_is_written() {
    let disk = MemoryDisk::default();
    let mut journal = Journal::create(shared(&disk), PLANT).unwrap();
    let reserved = || disk.operations().into_iter().filter(|o| o.starts_with("reserve")).collect::<Vec<_>>();
    assert_eq!(reserved(), [format!("reserve 1048576 {FIRST}")]);
    journal.append(&note(&"x".repeat(2 << 20))).unwrap();
    disk.fail_next(&format!("write {FIRST}"));
    assert!(journal.commit().is_err());
    assert_eq!(reserved().len(), 2, "the room came before the write");
    // A disk that has no room for it lets nobody begin.
    disk.fail_next(&format!("reserve 1048576 {FIRST}"));
    assert!(matches!(open(&disk), Err(Fault::Io { op: "reserve", .. })));
    assert!(open(&disk).is_ok());
}

#[test]
fn the_bytes_are_the_published_ones() {
    let disk = MemoryDisk::default();
    let mut journal = Journal::create(shared(&disk), PLANT).unwrap();
    journal.record(&Entry::RunEnded(RunEnded { run: 3, exit: 75, at: 9 })).unwrap();
    journal.close().unwrap();
    let hex = |bytes: &[u8]| -> String { bytes.iter().map(|b| format!("{b:02x}")).collect() };
    let bytes = disk.read(FIRST).unwrap();
    let genesis = hex(&genesis(PLANT).hash.0);
    assert_eq!(hex(&bytes[..64]), format!("434c4a524e4c0d0a01000000010000000000000000000000{genesis}07706c616e742d31"));
    let payload = "0200000003000000000000004b0900000000000000";
    let header = format!("15000000311b32e401000000000000000100000000000000{genesis}01020100");
    assert_eq!(hex(&bytes[128..]), header + payload);
    let record = Digest::of(&bytes[128..]);
    let mark = disk.read(MARK_PATH).unwrap();
    assert_eq!(hex(&mark[..8]) + &hex(&mark[12..]), format!("c4d10101280000000100000000000000{record}"));
}

#[test]
fn a_last_commit_cut_anywhere_is_gone_as_a_whole_and_the_journal_goes_on() {
    let (disk, ends) = {
        let disk = MemoryDisk::default();
        let (_, ends) = three_commits(&disk);
        (disk, ends)
    };
    let whole = disk.read(FIRST).unwrap();
    for len in ends[2]..ends[3] {
        disk.put(FIRST, &whole[..len]);
        let (mut journal, report) = open(&disk).unwrap();
        assert_eq!(journal.head().seq, 4, "cut at {len}");
        let torn = report.torn_tail_cut.map(|t| (t.offset, t.len_bytes));
        assert_eq!(torn, (len > ends[2]).then_some((ends[2] as u64, (len - ends[2]) as u64)));
        journal.record(&note("after")).unwrap();
        assert_eq!(texts(open(&disk).unwrap().0.read_from(4)), ["second of 1", "after"]);
    }
}

#[test]
fn after_an_unclean_stop_the_last_segment_rests_on_a_new_file() {
    let disk = MemoryDisk::default();
    let (journal, _) = three_commits(&disk);
    drop(journal);
    let before = disk.operations().len();
    let (_, report) = open(&disk).unwrap();
    assert!(!report.clean);
    assert!(disk.operations()[before..].contains(&format!("rename {FIRST}.part {FIRST}")));
}

#[test]
fn blocks_of_the_last_commit_written_out_of_order_are_a_torn_tail() {
    let disk = MemoryDisk::default();
    let (_, ends) = three_commits(&disk);
    disk.change(FIRST, |bytes| bytes[ends[2]..ends[2] + 40].fill(0));
    let (journal, report) = open(&disk).unwrap();
    assert_eq!(journal.head().seq, 4);
    assert_eq!(report.torn_tail_cut.unwrap().offset, ends[2] as u64);
}

#[test]
fn a_file_made_longer_without_content_is_a_torn_tail() {
    let disk = MemoryDisk::default();
    let (_, ends) = three_commits(&disk);
    disk.change(FIRST, |bytes| bytes.resize(bytes.len() + 5000, 0));
    let (journal, report) = open(&disk).unwrap();
    assert_eq!((journal.head().seq, report.torn_tail_cut.unwrap().offset), (6, ends[3] as u64));
    assert_eq!(disk.read(FIRST).unwrap().len(), ends[3]);
}

#[test]
fn damage_before_the_last_commit_is_refused_with_its_place() {
    let disk = MemoryDisk::default();
    let (_, ends) = three_commits(&disk);
    for at in ends[1]..ends[2] {
        disk.change(FIRST, |bytes| bytes[at] ^= 0x10);
        let (segment, offset) = damage_of(&disk);
        assert_eq!(segment, FIRST);
        assert!((ends[1] as u64..ends[2] as u64).contains(&offset), "byte {at}: reported {offset}");
        disk.change(FIRST, |bytes| bytes[at] ^= 0x10);
    }
}

#[test]
fn after_a_clean_stop_every_flipped_bit_is_refused() {
    let disk = MemoryDisk::default();
    let (journal, _) = three_commits(&disk);
    journal.close().unwrap();
    for path in [FIRST, MARK_PATH] {
        for bit in 0..disk.read(path).unwrap().len() * 8 {
            disk.change(path, |bytes| bytes[bit / 8] ^= 1 << (bit % 8));
            assert!(open(&disk).is_err(), "{path} bit {bit}");
            disk.change(path, |bytes| bytes[bit / 8] ^= 1 << (bit % 8));
        }
    }
    assert!(open(&disk).is_ok());
}

#[test]
fn a_record_acknowledged_before_a_clean_stop_may_not_be_missing_or_another() {
    let disk = MemoryDisk::default();
    let (journal, ends) = three_commits(&disk);
    journal.close().unwrap();
    let whole = disk.read(FIRST).unwrap();
    disk.put(FIRST, &whole[..ends[2]]);
    assert_eq!(damage_of(&disk), (FIRST.to_owned(), ends[2] as u64));

    let forked = MemoryDisk::default();
    let mut journal = Journal::create(shared(&forked), PLANT).unwrap();
    for n in 0..6 {
        journal.append(&note(&n.to_string())).unwrap();
    }
    journal.commit().unwrap();
    disk.put(FIRST, &forked.read(FIRST).unwrap());
    assert_eq!(damage_of(&disk).0, FIRST);
}

#[test]
fn records_removed_reordered_or_repeated_are_refused() {
    let disk = MemoryDisk::default();
    let (_, ends) = three_commits(&disk);
    let whole = disk.read(FIRST).unwrap();
    let (header, a, b, c) = (&whole[..ends[0]], &whole[ends[0]..ends[1]], &whole[ends[1]..ends[2]], &whole[ends[2]..]);
    for edited in [[header, a, c].concat(), [header, b, a, c].concat(), [header, a, a, b, c].concat(), [header, b, c].concat()] {
        disk.put(FIRST, &edited);
        assert_eq!(damage_of(&disk).0, FIRST);
    }
}

#[test]
fn a_full_segment_is_followed_by_another_and_all_are_chained() {
    let disk = MemoryDisk::default();
    let mut journal = Journal::create(shared(&disk), PLANT).unwrap().with_segment_bytes(1000);
    for n in 0..40 {
        journal.record(&note(&n.to_string())).unwrap();
    }
    journal.close().unwrap();
    let (journal, report) = open(&disk).unwrap();
    assert!(report.segments > 3, "{report:?}");
    assert_eq!(texts(journal.read_from(1)), (0..40).map(|n| n.to_string()).collect::<Vec<_>>());
    for seq in 1..=40 {
        assert_eq!(journal.read_from(seq).next().unwrap().unwrap().seq, seq);
    }
    let second = disk.read("ledger/journal-000002.log").unwrap();
    disk.remove("ledger/journal-000002.log").unwrap();
    assert_eq!(damage_of(&disk).0, "ledger/journal-000002.log");
    disk.put("ledger/journal-000002.log", &second[..second.len() - 1]);
    assert_eq!(damage_of(&disk).0, "ledger/journal-000002.log", "a torn tail exists only in the last segment");
}

#[test]
fn a_commit_larger_than_a_segment_is_kept_whole() {
    let disk = MemoryDisk::default();
    let mut journal = Journal::create(shared(&disk), PLANT).unwrap().with_segment_bytes(1000);
    journal.record(&note("small")).unwrap();
    for _ in 0..40 {
        journal.append(&note(&"x".repeat(100))).unwrap();
    }
    journal.commit().unwrap();
    journal.record(&note("after")).unwrap();
    assert_eq!(open(&disk).unwrap().1.segments, 3);
}

#[test]
fn a_segment_of_another_plant_does_not_fit() {
    let (disk, other) = (MemoryDisk::default(), MemoryDisk::default());
    for (disk, plant) in [(&disk, PLANT), (&other, "plant-2")] {
        let mut journal = Journal::create(shared(disk), plant).unwrap().with_segment_bytes(1);
        for _ in 0..3 {
            journal.record(&note("x")).unwrap();
        }
    }
    assert_eq!(open(&other).unwrap().0.view().plant_id(), "plant-2");
    let path = "ledger/journal-000002.log";
    disk.put(path, &other.read(path).unwrap());
    assert_eq!(damage_of(&disk), (path.to_owned(), 0));
}

#[test]
fn after_a_failed_commit_nothing_more_is_written_and_opening_again_finds_all_that_was_acknowledged() {
    for failing in ["write", "sync"] {
        let disk = MemoryDisk::default();
        let (mut journal, _) = three_commits(&disk);
        disk.fail_next(&format!("{failing} {FIRST}"));
        let fault = journal.record(&note("lost")).unwrap_err();
        assert_eq!(matches!(fault, Fault::SyncFailed { .. }), failing == "sync");
        assert!(matches!(journal.append(&note("more")), Err(Fault::Invariant(_))));
        assert!(matches!(journal.commit(), Err(Fault::Invariant(_))));
        assert!(open(&disk).unwrap().0.head().seq >= 6);
    }
}

#[test]
fn looking_writes_nothing_and_passes_over_a_torn_tail() {
    let disk = MemoryDisk::default();
    let (_, ends) = three_commits(&disk);
    disk.change(FIRST, |bytes| bytes.truncate(ends[3] - 1));
    let before = disk.operations().len();
    let (view, report) = JournalView::open(shared(&disk)).unwrap();
    assert_eq!((view.head().seq, view.read_from(1).count()), (4, 4));
    assert!(report.torn_tail_cut.is_some());
    assert_eq!(disk.operations().len(), before);
}

#[test]
fn no_journal_two_journals_and_later_versions_are_told_apart() {
    let disk = MemoryDisk::default();
    assert!(matches!(open(&disk), Err(Fault::Missing(_))));
    drop(three_commits(&disk));
    assert!(matches!(Journal::create(shared(&disk), PLANT), Err(Fault::Usage(_))));
    disk.change(FIRST, |bytes| {
        bytes[8] = 2;
        let crc = crc32c::crc32c(&bytes[..124]);
        bytes[124..128].copy_from_slice(&crc.to_le_bytes());
    });
    assert!(matches!(open(&disk), Err(Fault::TooNew { found: 2, known: 1, .. })));
}

proptest! {
    #[test]
    fn arbitrary_bytes_behind_a_header_never_panic(tail in proptest::collection::vec(any::<u8>(), 0..300)) {
        let disk = MemoryDisk::default();
        drop(Journal::create(shared(&disk), PLANT).unwrap());
        disk.change(FIRST, |bytes| bytes.extend_from_slice(&tail));
        prop_assert_eq!(open(&disk).unwrap().0.head().seq, 0);
    }

    #[test]
    fn a_commit_interrupted_anyhow_is_there_whole_or_not_at_all(sizes in proptest::collection::vec(0usize..300, 1..8), cut: prop::sample::Index, zero: prop::sample::Index) {
        let disk = MemoryDisk::default();
        let (mut journal, ends) = three_commits(&disk);
        for &n in &sizes {
            journal.append(&note(&"y".repeat(n))).unwrap();
        }
        journal.commit().unwrap();
        disk.change(FIRST, |bytes| {
            let tail = bytes.len() - ends[3];
            bytes.truncate(ends[3] + cut.index(tail + 1));
            let from = ends[3] + zero.index(bytes.len() - ends[3] + 1);
            let to = bytes.len().min(from + 64);
            bytes[from..to].fill(0);
        });
        let seq = open(&disk).unwrap().0.head().seq;
        prop_assert!(seq == 6 || seq == 6 + sizes.len() as u64);
    }
}
