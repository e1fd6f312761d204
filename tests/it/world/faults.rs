//! A disk that refuses: full, read-only, out of descriptors, failing once, writing half; and clocks that are wrong. The run may stop;
//! the run after it, on a disk that works, must end as if nothing had been.

use std::sync::atomic::{AtomicI64, Ordering};

use ledger::book::Book;
use ledger::entry::Millis;
use ledger::index::MemIndex;
use line::ports::Clock;
use line::run::{Halves, Starter};
use testkit::world::{Failure, Loss, SimClock, SimDisk, State};

use super::plant::{NOW, broken, difference, outputs, plan, run, run_at, stocked, world};

const EIO: i32 = 5;
const EMFILE: i32 = 24;
const ENOSPC: i32 = 28;
const EROFS: i32 = 30;
const EDQUOT: i32 = 122;
const FAILURES: [Failure; 7] = [
    Failure::Once(EIO),
    Failure::Once(EMFILE),
    Failure::From(ENOSPC),
    Failure::From(EDQUOT),
    Failure::From(EROFS),
    Failure::ShortThen(ENOSPC),
    Failure::ShortThen(EIO),
];

/// Every `stride`-th operation fails in one of the ways, taking turns.
fn refuse(start: &State, stride: u64) -> u32 {
    let plan = plan(2);
    let undisturbed = SimDisk::of(start.clone());
    run(&undisturbed, &plan).unwrap_or_else(|e| panic!("the undisturbed run: {e}"));
    let (wanted, operations) = (outputs(&undisturbed.state()), undisturbed.operations());
    let mut stopped = 0;
    for (turn, at) in (1..=operations).step_by(stride as usize).enumerate() {
        let failure = FAILURES[turn % FAILURES.len()];
        let story = format!("{failure:?} at operation {at}");
        let disk = SimDisk::of(start.clone());
        disk.fail(at, failure);
        if let Err(fault) = run(&disk, &plan) {
            stopped += 1;
            assert!(matches!(fault.exit_code(), 73..=75), "{story}: exit code {} for {fault}", fault.exit_code());
        }
        // After a failed sync the kernel may have dropped the pages: what was not synced is gone with the next power cut.
        let loss = if turn % 2 == 0 { Loss::Nothing } else { Loss::All };
        let after = SimDisk::of(disk.state().after(loss, at));
        run(&after, &plan).unwrap_or_else(|e| panic!("{story}: the run after it: {e}"));
        if let Some(difference) = difference(&wanted, &outputs(&after.state())) {
            panic!("{story}, then {loss:?}: {difference}");
        }
        assert_eq!(broken(&after), Vec::<String>::new(), "{story}");
    }
    println!("{operations} operations, every {stride}th refused: {stopped} runs stopped, all went on to the same outputs");
    stopped
}

#[test]
fn a_disk_that_refuses_a_sample_of_operations_costs_nothing_but_a_second_run() {
    assert!(refuse(&stocked(40, 5, Some(0.1)), 31) > 10);
}

#[test]
#[ignore = "minutes long even in release: docs/RELIABILITY.md says how to run it"]
fn a_disk_that_refuses_any_operation_costs_nothing_but_a_second_run() {
    assert!(refuse(&stocked(40, 5, Some(0.1)), 1) > 200);
}

/// The resumed run keeps the time the first one froze, wherever the clock has gone since.
#[test]
fn a_clock_that_jumps_between_runs_changes_nothing() {
    let start = stocked(40, 5, Some(0.1));
    let plan = plan(2);
    let undisturbed = SimDisk::of(start.clone());
    run(&undisturbed, &plan).unwrap_or_else(|e| panic!("{e}"));
    let day = 86_400_000;
    for (at, jump) in [(60, -400 * day), (150, 400 * day), (260, -1), (330, i64::MIN / 4), (400, i64::MAX / 4)] {
        let disk = SimDisk::of(start.clone());
        disk.fail(at, Failure::From(EIO));
        assert!(run(&disk, &plan).is_err(), "stopped at operation {at}");
        let after = SimDisk::of(disk.state().after(Loss::All, 1));
        run_at(&after, &plan, &SimClock::at(NOW + jump)).unwrap_or_else(|e| panic!("clock moved by {jump}: {e}"));
        assert_eq!(difference(&outputs(&undisturbed.state()), &outputs(&after.state())), None, "clock moved by {jump}");
        // A journal that shows earlier times says why: otherwise no batch would ever be released again.
        assert_eq!(broken(&after), Vec::<String>::new(), "clock moved by {jump}");
    }
}

/// Shows another time whenever it is asked, forwards and back.
struct Unsteady(AtomicI64);

impl Clock for Unsteady {
    fn now(&self) -> Millis {
        let asked = self.0.fetch_add(1, Ordering::Relaxed);
        NOW + (asked * 7_919_003) % 86_400_000 * if asked % 2 == 0 { 1 } else { -1 }
    }

    fn seconds(&self) -> f64 {
        0.0
    }
}

/// A leap second, a time service that steps, a dead battery: all of it while the run is on.
#[test]
fn a_clock_that_jumps_during_a_run_changes_nothing() {
    let start = stocked(40, 5, Some(0.1));
    let plan = plan(2);
    let undisturbed = SimDisk::of(start.clone());
    run(&undisturbed, &plan).unwrap_or_else(|e| panic!("{e}"));
    let disk = SimDisk::of(start);
    let mut world = world(&disk, &SimClock::at(NOW)).unwrap_or_else(|e| panic!("{e}"));
    // The first answer freezes the run's time.
    world.clock = Box::new(Unsteady(AtomicI64::new(0)));
    let (mut book, _) = Book::open(world.disk.clone(), Box::new(MemIndex::default())).unwrap_or_else(|e| panic!("{e}"));
    let starter = Starter { command: "run".into(), who: "scheduler".into(), reason: None };
    line::run::run(&world, &plan, &mut book, &starter, Halves { intake: true, produce: true }).unwrap_or_else(|e| panic!("{e}"));
    // How often the clock was asked decides nothing here: the end comes before the start.
    world.clock = Box::new(SimClock::at(NOW - 3_600_000));
    line::run::end(&world, &mut book, 0).unwrap_or_else(|e| panic!("{e}"));
    book.close().unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(difference(&outputs(&undisturbed.state()), &outputs(&disk.state())), None);
    assert_eq!(broken(&disk), Vec::<String>::new());
    let book = Book::look(world.disk.clone(), Box::new(MemIndex::default())).unwrap_or_else(|e| panic!("{e}"));
    assert!(book.view().read_from(1).flatten().any(|r| r.entry.is_clock_note()), "the run's end came before its start");
}

/// A flipped bit on reading is noticed, or judged as what arrived; never made into a card that disagrees with the ledger.
#[test]
fn a_flipped_bit_in_a_read_never_goes_unnoticed_into_an_output() {
    let start = stocked(40, 5, Some(0.0));
    let plan = plan(1);
    for number in (1..400).step_by(23) {
        let disk = SimDisk::of(start.clone());
        disk.corrupt_read(number, number);
        if run(&disk, &plan).is_ok() {
            assert_eq!(broken(&SimDisk::of(disk.state())), Vec::<String>::new(), "read {number}");
        }
    }
}
