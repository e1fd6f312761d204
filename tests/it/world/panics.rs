//! A bug of ours that meets one application (faults.md §6, G37): it is held and its neighbours go on.

use std::sync::{Arc, Mutex};

use card::Code;
use card::register::{EnrolmentRow, OutletRow, PermitRow};
use ledger::book::Book;
use ledger::fault::Fault;
use ledger::index::MemIndex;
use line::ports::{Lookup, RegisterShelf, Registers, Snapshot};
use line::run::{Halves, Starter, Summary};
use testkit::world::{SimClock, SimDisk};

use super::plant::{NOW, broken, plan, run, stocked, world};

/// Registers in which looking up one permit, the first that is asked for, ends in a panic.
struct Trapped {
    sound: Box<dyn Registers>,
    trap: Arc<Mutex<Option<String>>>,
}

impl Registers for Trapped {
    fn outlet(&self, code: &str) -> Lookup<OutletRow> {
        self.sound.outlet(code)
    }

    fn permit(&self, number: &str) -> Lookup<PermitRow> {
        let trap = self.trap.lock().expect("held by nobody who panics").get_or_insert_with(|| number.to_owned()).clone();
        assert!(trap != number, "a bug on purpose");
        self.sound.permit(number)
    }

    fn enrolment(&self, ssn: &str) -> Lookup<EnrolmentRow> {
        self.sound.enrolment(ssn)
    }

    fn outlet_of_key(&self, key_id: [u8; 8]) -> Lookup<OutletRow> {
        self.sound.outlet_of_key(key_id)
    }
}

struct TrappedShelf {
    sound: Box<dyn RegisterShelf>,
    trap: Arc<Mutex<Option<String>>>,
}

impl RegisterShelf for TrappedShelf {
    fn open(&self, snapshots: &[Snapshot]) -> Result<Box<dyn Registers>, Fault> {
        Ok(Box::new(Trapped { sound: self.sound.open(snapshots)?, trap: self.trap.clone() }))
    }
}

fn run_trapped(disk: &SimDisk) -> Result<Summary, Fault> {
    let mut world = world(disk, &SimClock::at(NOW))?;
    let sound = Box::new(plant::Shelf::new(Arc::new(disk.clone())));
    world.shelf = Box::new(TrappedShelf { sound, trap: Arc::default() });
    let (mut book, _) = Book::open(world.disk.clone(), Box::new(MemIndex::default()))?;
    let starter = Starter { command: "run".into(), who: "scheduler".into(), reason: None };
    let summary = line::run::run(&world, &plan(2), &mut book, &starter, Halves { intake: true, produce: true })?;
    line::run::end(&world, &mut book, 0)?;
    book.close()?;
    Ok(summary)
}

#[test]
fn a_worker_that_panics_holds_one_application_and_nobody_else() {
    let start = stocked(40, 5, Some(0.0));
    let sound = run(&SimDisk::of(start.clone()), &plan(2)).unwrap_or_else(|e| panic!("{e}"));
    let disk = SimDisk::of(start);
    let summary = run_trapped(&disk).unwrap_or_else(|e| panic!("{e}"));
    let book = Book::look(Arc::new(disk.clone()), Box::new(MemIndex::default())).unwrap_or_else(|e| panic!("{e}"));
    let held = book.held().unwrap_or_else(|e| panic!("{e}"));
    let ours: Vec<_> = held
        .into_iter()
        .filter_map(|ordinal| book.application(ordinal).unwrap_or_else(|e| panic!("{e}")))
        .filter(|a| a.reasons.iter().any(|r| r.code == Code::Rec99))
        .collect();
    assert_eq!(ours.len(), 1, "one application has that permit");
    assert_eq!((summary.intake.ingested, summary.intake.accepted), (sound.intake.ingested, sound.intake.accepted - 1));
    assert_eq!(summary.cards, sound.cards - 1);
    assert_eq!(broken(&disk), Vec::<String>::new());
}
