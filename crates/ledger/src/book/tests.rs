//! People in the book, and two books compared.

use std::sync::Arc;

use card::{BatchId, Digest};

use super::{Book, keys};
use crate::entry::{Approval, Entry, Note, PackageSetAside, PersonAdded, PersonRemoved, ReleaseSigned, Role, RunEnded, RunStarted};
use crate::index::{Index as _, IndexBatch, MemIndex};
use crate::journal::Head;
use crate::memory_disk::MemoryDisk;

fn added(person: &str) -> Entry {
    Entry::PersonAdded(PersonAdded { person: person.into(), name: "N".into(), role: Role::Supervisor, key: "K".into(), approval: None, at: 1 })
}

fn signed(batch: &str, person: &str) -> Entry {
    let batch = BatchId::parse(batch).unwrap();
    Entry::ReleaseSigned(ReleaseSigned { batch, manifest: Digest([1; 32]), person: person.into(), role: Role::Operator, signature: "s".into(), at: 2 })
}

fn book(disk: &Arc<MemoryDisk>) -> Book {
    Book::create(disk.clone(), Box::new(MemIndex::default()), "p").unwrap()
}

#[test]
fn people_and_signatures_are_found_and_a_removed_person_stays_on_record() {
    let disk = Arc::new(MemoryDisk::default());
    let mut book = book(&disk);
    for entry in [added("li"), added("wu"), signed("B20250115-01", "wu"), signed("B20250115-01", "li"), signed("B20250115-02", "li")] {
        book.record(&entry).unwrap();
    }
    let approval = Approval { person: "li".into(), signature: "s".into() };
    book.record(&Entry::PersonRemoved(PersonRemoved { person: "wu".into(), approval, at: 3 })).unwrap();
    let people: Vec<_> = book.people().unwrap().into_iter().map(|p| (p.person, p.removed)).collect();
    assert_eq!(people, [("li".to_owned(), false), ("wu".to_owned(), true)]);
    let signers = |id: &str| book.release_signatures(&BatchId::parse(id).unwrap()).unwrap().into_iter().map(|s| s.person).collect::<Vec<_>>();
    assert_eq!((signers("B20250115-01"), signers("B20250115-02")), (vec!["li".into(), "wu".into()], vec!["li".to_owned()]));
    assert!(book.person("nobody").unwrap().is_none());
}

#[test]
fn books_of_one_journal_are_alike_and_a_changed_value_or_key_too_many_is_found() {
    let disk = Arc::new(MemoryDisk::default());
    let mut first = book(&disk);
    first.record(&added("li")).unwrap();
    first.record(&added("wu")).unwrap();
    let look = || Book::look(disk.clone(), Box::new(MemIndex::default())).unwrap();
    let (alike, compared) = first.differences(&look()).unwrap();
    assert_eq!((alike, compared), (0, 4), "two people, the version of the fold and the latest time");
    let mut other = look();
    let mut batch = IndexBatch::default();
    batch.put(keys::person_of_plant("li"), *b"x");
    batch.put(keys::person_of_plant("zz"), *b"x");
    other.index.apply(batch).unwrap();
    assert_eq!((first.differences(&other).unwrap().0, other.differences(&first).unwrap().0), (2, 2));
}

#[test]
fn a_move_to_the_quarantine_is_unfinished_until_the_run_ends_without_a_fault() {
    let aside = |name: &str| {
        let quarantine_path = format!("quarantine/{name}");
        Entry::PackageSetAside(PackageSetAside { name: name.into(), outlet: None, package_id: None, quarantine_path, reasons: vec![], at: 1 })
    };
    let started = |run| {
        let (command, who) = ("run".into(), "w".into());
        Entry::RunStarted(RunStarted { run, command, who, reason: None, resumes: None, release_id: Digest([0; 32]), at: 1 })
    };
    let ended = |run, exit| Entry::RunEnded(RunEnded { run, exit, at: 2 });
    let disk = Arc::new(MemoryDisk::default());
    let mut book = book(&disk);
    let mut after = |entry: Entry| {
        book.record(&entry).unwrap();
        book.unfinished_move().unwrap().map(|aside| aside.name)
    };
    assert_eq!(after(started(1)), None);
    assert_eq!(after(aside("a")).as_deref(), Some("a"));
    assert_eq!(after(aside("b")).as_deref(), Some("b"));
    assert_eq!(after(ended(1, 74)).as_deref(), Some("b"), "a disk that fails may have stopped the move");
    assert_eq!(after(started(2)).as_deref(), Some("b"));
    assert_eq!(after(ended(2, 0)), None);
    assert_eq!(book.last_set_aside().unwrap().unwrap().name, "b", "the next one's number follows it");
}

#[test]
fn a_copy_of_the_index_is_folded_on_and_one_of_another_history_is_refused() {
    let disk = Arc::new(MemoryDisk::default());
    let mut written = book(&disk);
    written.record(&added("li")).unwrap();
    let before = written.view().head();
    let mut behind = MemIndex::default();
    let mut batch = IndexBatch::default();
    batch.put(keys::meta("fold"), super::state::FOLD_VERSION.to_be_bytes());
    batch.set_cursor(before);
    behind.apply(batch).unwrap();
    written.record(&Entry::Note(Note { code: "T".into(), text: String::new(), at: 4 })).unwrap();
    assert_eq!(Book::look_on(disk.clone(), Box::new(behind)).unwrap().1, 1);
    let mut foreign = MemIndex::default();
    let mut batch = IndexBatch::default();
    batch.set_cursor(Head { seq: 1, hash: Digest([9; 32]) });
    foreign.apply(batch).unwrap();
    assert!(matches!(Book::look_on(disk, Box::new(foreign)), Err(crate::Fault::Index(_))));
}

#[test]
fn a_journal_holds_its_own_places_and_no_others() {
    let disk = Arc::new(MemoryDisk::default());
    let mut book = book(&disk);
    let start = book.view().head();
    book.record(&added("li")).unwrap();
    let first = book.view().head();
    book.record(&added("wu")).unwrap();
    let view = book.view();
    assert!(view.holds(start).unwrap() && view.holds(first).unwrap() && view.holds(view.head()).unwrap());
    assert!(!view.holds(Head { seq: 1, hash: Digest([0; 32]) }).unwrap() && !view.holds(Head { seq: 3, hash: first.hash }).unwrap());
}

#[test]
fn an_index_folded_from_nothing_is_not_folded_again() {
    let disk = Arc::new(MemoryDisk::default());
    book(&disk).record(&added("li")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let open = || {
        let (index, _) = crate::index::SledIndex::open(&folder.path().join("index"), 1 << 20, "boot").unwrap();
        let (book, opened) = Book::open(disk.clone(), Box::new(index)).unwrap();
        book.close().unwrap();
        (opened.folded, opened.refolded)
    };
    assert_eq!(open(), (1, None));
    assert_eq!(open(), (0, None));
}
