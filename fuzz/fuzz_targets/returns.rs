//! The vendor's result file, imported into a small released batch: all of it or nothing, with a coded reason, and the counts of what was
//! taken add up to the batch's cards. The plant is the finished one of `seeds/plant`, put back after each file that was taken.
#![no_main]

use std::cell::RefCell;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use card::BatchId;
use ledger::book::Book;
use ledger::disk::Disk as _;
use ledger::fault::Fault;
use ledger::index::{Index, IndexBatch, MemIndex, See};
use libfuzzer_sys::fuzz_target;
use line::plan::World;
use line::ports::{Auditor, Silent, Trusting};
use line::returns::import;
use testkit::world::{SimClock, SimDisk, SimEntropy, SimInbox, State};

const JOURNAL: &[u8] = include_bytes!("../seeds/plant/journal.log");
const BATCH: &str = "B20261122-01";
/// 2026-11-23T14:00:00Z.
const NOW: i64 = 1_795_442_400_000;

struct NoAudit;

impl Auditor for NoAudit {
    fn check(&self, _: &BatchId) -> Result<(), Fault> {
        Ok(())
    }
}

/// An index that can still be copied when a book has it: a plant that is put back gets the journal as it was folded once.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<MemIndex>>);

impl Shared {
    fn with<T>(&self, act: impl FnOnce(&mut MemIndex) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Index for Shared {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        self.with(|index| index.get(key))
    }

    fn apply(&mut self, batch: IndexBatch) -> Result<(), Fault> {
        self.with(|index| index.apply(batch))
    }

    fn scan_range(&self, from: &[u8], to: &[u8], see: &mut See<'_>) -> Result<(), Fault> {
        self.with(|index| index.scan_range(from, to, see))
    }

    fn flush(&mut self) -> Result<(), Fault> {
        self.with(|index| index.flush())
    }

    fn clear(&mut self) -> Result<(), Fault> {
        self.with(|index| index.clear())
    }
}

#[derive(Clone)]
struct Start {
    state: State,
    index: MemIndex,
}

struct Plant {
    start: Start,
    world: World,
    book: Book,
    cards: u32,
}

fn plant(start: Start) -> Plant {
    let disk = SimDisk::of(start.state.clone());
    let keys = plant::keys::PlantKeys::open(&disk).unwrap_or_else(|e| panic!("{e}"));
    let world = World {
        disk: Arc::new(disk.clone()),
        inbox: Box::new(SimInbox::on(&disk)),
        shelf: Box::new(plant::Shelf::new(Arc::new(disk.clone()))),
        clock: Box::new(SimClock::at(NOW)),
        pepper: keys.pepper.clone(),
        vault_key: Arc::new(keys.vault.clone()),
        entropy: Arc::new(SimEntropy::new(1, 0)),
        signer: Box::new(keys),
        progress: Box::new(Silent),
        give_back: || {},
        networks: Arc::new(photo::nets::Absent),
        card_keys: None,
        permit_signer: None,
        apart: Box::new(Trusting),
        auditor: Box::new(NoAudit),
        stop: Arc::new(AtomicBool::new(false)),
    };
    let (book, _) = Book::open(world.disk.clone(), Box::new(start.index.clone())).unwrap_or_else(|e| panic!("{e}"));
    let batch = book.batch(&BatchId::parse(BATCH).expect("an id")).unwrap_or_else(|e| panic!("{e}")).expect("the batch");
    Plant { start, world, book, cards: batch.cards }
}

fn start() -> Start {
    let disk = SimDisk::default();
    plant::keys::PlantKeys::create(&disk, &[7; 96]).unwrap_or_else(|e| panic!("{e}"));
    for folder in ["ledger", "returns"] {
        disk.create_dir(folder).expect("a folder");
    }
    disk.put("ledger/journal-000001.log", JOURNAL);
    disk.settle();
    let (state, index) = (disk.state(), Shared::default());
    drop(Book::open(Arc::new(disk), Box::new(index.clone())).unwrap_or_else(|e| panic!("{e}")));
    let index = index.with(|index| index.clone());
    Start { state, index }
}

thread_local!(static PLANT: RefCell<Plant> = RefCell::new(plant(start())));

fuzz_target!(|data: &[u8]| {
    PLANT.with_borrow_mut(|here| {
        let batch = BatchId::parse(BATCH).expect("an id");
        match import(&here.world, &mut here.book, &batch, data, NOW) {
            Ok(counts) => {
                let sum = counts.good + counts.spoiled + counts.unknown + counts.outstanding;
                assert!(sum >= here.cards, "{counts:?} of {}", here.cards);
                *here = plant(here.start.clone());
            }
            Err(fault) => assert!(fault.to_string().starts_with("RES-0"), "{fault}"),
        }
    });
});
