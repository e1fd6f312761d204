//! A file among a batch's outputs that nobody here wrote (faults.md E13): put there before the seal it is set aside and told, and the
//! batch is the same as without it.

use std::sync::Arc;

use ledger::book::Book;
use ledger::entry::Entry;
use ledger::index::MemIndex;
use testkit::world::{Failure, SimDisk};

use super::plant::{broken, difference, outputs, plan, run, stocked};

const EIO: i32 = 5;

#[test]
fn a_file_nobody_wrote_is_set_aside_before_the_seal() {
    let (start, plan) = (stocked(40, 5, Some(0.0)), plan(2));
    let undisturbed = SimDisk::of(start.clone());
    undisturbed.record();
    run(&undisturbed, &plan).unwrap_or_else(|e| panic!("{e}"));
    let (_, names) = undisturbed.recorded();
    // Stopped while the batch's folder is being filled: that is when somebody may put something in.
    let at = names.iter().position(|n| n.starts_with("create batches/") && n.contains("/dispatch/")).expect("lists are written");
    let disk = SimDisk::of(start);
    disk.fail(at as u64 + 1, Failure::From(EIO));
    assert!(run(&disk, &plan).is_err());
    let disk = SimDisk::of(disk.state());
    let staging = "batches/B20261122-01.staging";
    for stray in ["print/job-0001 (copy).pdf", "print/job-9999.pdf", "autorun.inf", "tools/x/y.exe"] {
        disk.put(&format!("{staging}/{stray}"), b"nobody wrote this");
    }
    run(&disk, &plan).unwrap_or_else(|e| panic!("{e}"));

    let mut after = outputs(&disk.state());
    let aside: Vec<String> = after.keys().filter(|p| p.starts_with("quarantine/B20261122-01-")).cloned().collect();
    assert_eq!(
        aside,
        [
            "quarantine/B20261122-01-autorun.inf",
            "quarantine/B20261122-01-print_job-0001__copy_.pdf",
            "quarantine/B20261122-01-print_job-9999.pdf",
            "quarantine/B20261122-01-tools/x/y.exe",
        ]
    );
    after.retain(|path, _| !aside.contains(path));
    assert_eq!(difference(&outputs(&undisturbed.state()), &after), None, "everything else is as it would have been");
    assert_eq!(broken(&disk), Vec::<String>::new());
    let book = Book::look(Arc::new(disk.clone()), Box::new(MemIndex::default())).unwrap_or_else(|e| panic!("{e}"));
    let told = book.view().read_from(1).flatten().filter(|r| matches!(&r.entry, Entry::Note(note) if note.code == "OUT-02")).count();
    assert_eq!(told, 4);
}
