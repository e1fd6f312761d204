//! A job made again is compared with what was written down: the same to the byte, or named.

use std::sync::Arc;

use card::Digest;
use ledger::book::Book;
use ledger::index::MemIndex;
use line::job::JobMaker;
use line::personalise::{BatchRules, Chips};
use line::vault::Vault;
use testkit::world::{SimClock, SimDisk};

use super::plant::{NOW, plan, run, stocked, world};

#[test]
fn a_job_made_again_is_the_same_and_one_that_was_written_down_otherwise_is_named() {
    let disk = SimDisk::of(stocked(24, 5, Some(0.0)));
    let plan = plan(1);
    run(&disk, &plan).unwrap_or_else(|e| panic!("{e}"));
    let world = world(&disk, &SimClock::at(NOW)).unwrap_or_else(|e| panic!("{e}"));
    let book = Book::look(Arc::new(disk.clone()), Box::new(MemIndex::default())).unwrap_or_else(|e| panic!("{e}"));
    let batch = book.batches().unwrap_or_else(|e| panic!("{e}")).remove(0);
    let cut = book.cut_of(&batch).unwrap_or_else(|e| panic!("{e}"));
    let registers = line::registers::open(&*world.shelf, &cut.registers).unwrap_or_else(|e| panic!("{e}"));
    let (vault, faces, scratch) = (Vault::new(&world, &book), artwork::Faces::new(&plan.profile.face).unwrap(), SimDisk::default());
    let rules = BatchRules { profile: &plan.profile, pepper: &world.pepper, issued_on: plan.day(NOW), cards_per_job: plan.cards_per_job };
    let chips = Chips::of(&plan.profile, None).unwrap_or_else(|e| panic!("{e}"));
    let maker = JobMaker {
        out: &scratch,
        vault: &vault,
        registers: &*registers,
        batch: &batch,
        cut: &cut,
        rules,
        chips: &chips,
        keys: None,
        faces: &faces,
        press: Default::default(),
    };
    maker.make_folders().unwrap_or_else(|e| panic!("{e}"));
    let before = disk.state();
    for mut made in book.jobs(&batch.batch).unwrap_or_else(|e| panic!("{e}")) {
        assert_eq!(maker.differs(&book, &made).unwrap_or_else(|e| panic!("{e}")), None);
        made.files[1].digest = Digest::of(b"other bytes");
        let named = maker.differs(&book, &made).unwrap_or_else(|e| panic!("{e}")).expect("a difference");
        assert!(named.contains(&made.files[1].path), "{named}");
        made.records.pop();
        assert!(maker.differs(&book, &made).unwrap_or_else(|e| panic!("{e}")).is_some_and(|d| d.contains("records")));
    }
    assert!(batch.jobs >= 2 && super::plant::outputs(&before) == super::plant::outputs(&disk.state()), "made elsewhere, nothing touched");
}
