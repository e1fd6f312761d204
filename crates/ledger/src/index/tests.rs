//! What every index promises, run on both; and what happens to a sled that can't be trusted.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::entry::{Entry, Note};
use crate::journal::{Head, Journal};
use crate::memory_disk::MemoryDisk;

const CACHE_BYTES: u64 = 4 << 20;

fn open(folder: &Path) -> (SledIndex, IndexOpened) {
    SledIndex::open(folder, CACHE_BYTES, "boot-1").unwrap()
}

fn batch(changes: &[(&str, Option<&str>)]) -> IndexBatch {
    let mut batch = IndexBatch::default();
    for (key, value) in changes {
        match value {
            Some(value) => batch.put(*key, *value),
            None => batch.delete(*key),
        }
    }
    batch
}

fn keys(index: &dyn Index, prefix: &str) -> Vec<String> {
    let mut seen = Vec::new();
    let mut see = |key: &[u8], _: &[u8]| {
        seen.push(String::from_utf8(key.to_vec()).unwrap());
        ControlFlow::Continue(())
    };
    let end = [prefix.as_bytes(), b"\xFF"].concat();
    index.scan_range(prefix.as_bytes(), &end, &mut see).unwrap();
    seen
}

fn conforms(index: &mut dyn Index) {
    index.apply(batch(&[("a/1", Some("x")), ("a/2", Some("y")), ("b/1", Some("z")), ("a/1", Some("w"))])).unwrap();
    assert_eq!(index.get(b"a/1").unwrap().as_deref(), Some(&b"w"[..]));
    assert_eq!(keys(index, "a/"), ["a/1", "a/2"]);
    index.apply(batch(&[("a/1", None), ("a/0", Some("v"))])).unwrap();
    assert_eq!(keys(index, "a/"), ["a/0", "a/2"]);
    let mut first = Vec::new();
    let mut see = |key: &[u8], _: &[u8]| {
        first.push(key.to_vec());
        ControlFlow::Break(())
    };
    index.scan_range(b"", b"\xFF", &mut see).unwrap();
    assert_eq!(first, [b"a/0"]);
    index.flush().unwrap();
    assert_eq!(cursor(index).unwrap(), None);
    let head = Head { seq: 7, hash: card::Digest::of(b"7") };
    let mut with_cursor = batch(&[("c", Some("1"))]);
    with_cursor.set_cursor(head);
    index.apply(with_cursor).unwrap();
    assert_eq!(cursor(index).unwrap(), Some(head));
    let mut none = |_: &[u8], _: &[u8]| panic!("an empty range");
    index.scan_range(b"b", b"a", &mut none).unwrap();
    index.clear().unwrap();
    assert_eq!((keys(index, ""), cursor(index).unwrap()), (vec![], None));
    index.apply(batch(&[("a", Some("after"))])).unwrap();
    assert_eq!(keys(index, ""), ["a"]);
}

#[test]
fn both_indexes_conform() {
    conforms(&mut MemIndex::default());
    let folder = tempfile::tempdir().unwrap();
    conforms(&mut open(&folder.path().join("index")).0);
}

#[test]
fn what_was_flushed_is_there_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    let (mut index, opened) = open(&path);
    assert_eq!(opened, IndexOpened::Created);
    index.apply(batch(&[("k", Some("v"))])).unwrap();
    assert!(path.join("dirty").exists());
    index.flush().unwrap();
    assert!(!path.join("dirty").exists());
    drop(index);
    let (index, opened) = open(&path);
    assert_eq!((opened, keys(&index, "")), (IndexOpened::Reopened, vec!["k".to_owned()]));
}

#[test]
fn after_a_reboot_in_the_middle_of_writing_it_is_not_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    let (mut index, _) = open(&path);
    index.apply(batch(&[("k", Some("v"))])).unwrap();
    drop(index);
    assert_eq!(open(&path).1, IndexOpened::Reopened, "the same boot: a kill takes back whole batches only");
    let (index, opened) = SledIndex::open(&path, CACHE_BYTES, "boot-2").unwrap();
    assert!(matches!(opened, IndexOpened::SetAside { .. }), "{opened:?}");
    assert_eq!(keys(&index, ""), [""; 0]);
}

#[test]
fn a_garbled_index_is_set_aside_and_an_empty_one_takes_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    for round in 1..=2 {
        let (mut index, _) = open(&path);
        index.apply(batch(&[("k", Some("v"))])).unwrap();
        index.flush().unwrap();
        drop(index);
        for file in fs::read_dir(&path).unwrap().map(|e| e.unwrap().path()).filter(|p| p.is_file()) {
            fs::write(file, [0x5A; 3000]).unwrap();
        }
        let (mut index, opened) = open(&path);
        let IndexOpened::SetAside { set_aside, why } = opened else { panic!("{opened:?}") };
        assert_eq!(set_aside, folder.path().join(format!("index.bad-{round}")));
        assert!(!why.is_empty() && set_aside.is_dir());
        index.apply(batch(&[("k", Some("new"))])).unwrap();
        index.flush().unwrap();
        drop(index);
    }
}

/// Keys enough for several of sled's segments of 512 KiB.
fn many_keys() -> IndexBatch {
    let mut batch = IndexBatch::default();
    for n in 0..12_000_u32 {
        batch.put(n.to_be_bytes(), [n.to_le_bytes(); 20].concat());
    }
    batch
}

#[test]
fn a_bit_flipped_anywhere_in_a_closed_index_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    let (mut index, _) = open(&path);
    index.apply(many_keys()).unwrap();
    index.close().unwrap();
    drop(index);
    let sealed = fs::read(path.join("sealed")).unwrap();
    let sound = fs::read(path.join("db")).unwrap();
    assert!(sound.len() > 1 << 20, "several segments: {}", sound.len());
    for at in (0..sound.len()).step_by(sound.len() / 50) {
        let mut spoilt = sound.clone();
        spoilt[at] ^= 1;
        fs::write(path.join("db"), spoilt).unwrap();
        let (index, opened) = open(&path);
        let IndexOpened::SetAside { set_aside, why } = opened else { panic!("byte {at}: {opened:?}") };
        assert!(why.contains("not as they were"), "{why}");
        assert_eq!(cursor(&index).unwrap(), None);
        drop(index);
        fs::remove_dir_all(&path).unwrap();
        fs::rename(set_aside, &path).unwrap();
        fs::write(path.join("sealed"), &sealed).unwrap();
    }
    fs::write(path.join("db"), &sound).unwrap();
    assert_eq!(open(&path).1, IndexOpened::Reopened);
    assert!(!path.join("sealed").exists(), "from here on it may be written");
}

#[test]
fn an_index_that_was_not_closed_is_opened_without_a_seal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    let (mut index, _) = open(&path);
    index.apply(batch(&[("k", Some("v"))])).unwrap();
    index.close().unwrap();
    let (mut index, opened) = open(&path);
    assert_eq!(opened, IndexOpened::Reopened);
    index.apply(batch(&[("l", Some("w"))])).unwrap();
    index.flush().unwrap();
    drop(index);
    let (index, opened) = open(&path);
    assert_eq!((opened, keys(&index, "")), (IndexOpened::Reopened, vec!["k".to_owned(), "l".to_owned()]));
}

#[test]
fn an_index_that_failed_in_use_is_set_aside_next_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    let (mut index, _) = SledIndex::open(&path, 1 << 20, "boot-1").unwrap();
    index.apply(many_keys()).unwrap();
    index.flush().unwrap();
    // The disk has lost what isn't in the page cache.
    fs::File::options().write(true).open(path.join("db")).unwrap().set_len(0).unwrap();
    let read = (0..12_000_u32).find_map(|n| index.get(&n.to_be_bytes()).err());
    assert!(matches!(read, Some(Fault::Index(_))), "{read:?}");
    drop(index);
    let (_, opened) = SledIndex::open(&path, 1 << 20, "boot-1").unwrap();
    assert!(matches!(&opened, IndexOpened::SetAside { why, .. } if why.contains("failed when it was used last")), "{opened:?}");
}

#[test]
fn an_index_taken_away_while_it_is_in_use_is_noticed_when_it_is_renewed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    let (mut index, _) = open(&path);
    let mut changes = batch(&[("k", Some("v"))]);
    changes.set_cursor(Head { seq: 7, hash: card::Digest([1; 32]) });
    index.apply(changes).unwrap();
    index.renew().unwrap();
    assert_eq!(keys(&index, "k"), ["k"]);
    index.flush().unwrap();
    fs::rename(&path, folder.path().join("elsewhere")).unwrap();
    fs::create_dir(&path).unwrap();
    let renewed = index.renew();
    assert!(matches!(&renewed, Err(Fault::Index(why)) if why.contains("taken away")), "{renewed:?}");
}

#[test]
fn an_index_in_use_is_not_set_aside() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    let (index, _) = open(&path);
    let second = SledIndex::open(&path, CACHE_BYTES, "boot-1");
    assert!(matches!(second, Err(Fault::Locked(_))));
    assert!(!folder.path().join("index.bad-1").exists());
    drop(index);
}

#[test]
fn the_cursor_tells_where_to_go_on_and_refuses_another_history() {
    let journal = |texts: &[&str]| {
        let mut journal = Journal::create(Arc::new(MemoryDisk::default()), "p").unwrap();
        for text in texts {
            journal.record(&Entry::Note(Note { code: "T".into(), text: (*text).into(), at: 0 })).unwrap();
        }
        journal
    };
    let (ours, shorter, other) = (journal(&["a", "b", "c"]), journal(&["a"]), journal(&["a", "x", "c"]));
    let mut index = MemIndex::default();
    assert_eq!(next_to_fold(&index, &ours.view()).unwrap(), 1);
    for record in ours.read_from(1).take(2) {
        let mut batch = IndexBatch::default();
        batch.set_cursor(record.unwrap().head());
        index.apply(batch).unwrap();
    }
    assert_eq!(next_to_fold(&index, &ours.view()).unwrap(), 3);
    assert!(matches!(next_to_fold(&index, &shorter.view()), Err(Fault::Index(_))));
    assert!(matches!(next_to_fold(&index, &other.view()), Err(Fault::Index(_))));
}

/// Anonymous memory of this process in KiB.
fn anonymous_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    line.trim().trim_end_matches("kB").trim().parse().unwrap()
}

/// A measurement, several seconds long: `cargo test -p ledger --release index -- --ignored --nocapture --test-threads 1`.
#[test]
#[ignore = "measures memory; alone in its process"]
fn memory_stays_flat_from_ten_to_a_hundred_thousand_applications() {
    let folder = tempfile::tempdir().unwrap();
    let (mut index, _) = SledIndex::open(&folder.path().join("index"), 16 << 20, "boot-1").unwrap();
    let mut peaks = [0; 2];
    for chunk in 0..391_u64 {
        let mut batch = IndexBatch::default();
        for n in chunk * 1792..(chunk + 1) * 1792 {
            batch.put([&b"k/"[..], &card::Digest::of(&n.to_be_bytes()).0, &n.to_be_bytes()[..6]].concat(), [5_u8; 60]);
        }
        index.apply(batch).unwrap();
        if chunk % 16 == 15 {
            index.flush().unwrap();
        }
        let peak = &mut peaks[usize::from(chunk >= 39)];
        *peak = anonymous_kib().max(*peak);
    }
    println!("70,000 keys: {} KiB, 700,000 keys: {} KiB", peaks[0], peaks[1]);
    assert!(peaks[1] < peaks[0] + 64 * 1024, "{peaks:?}");
}
