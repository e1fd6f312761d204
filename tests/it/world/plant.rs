//! A stocked plant on a simulated disk, and the settled choices of the runs on it. A run itself is the drill's `simulated.rs`.

use std::sync::Arc;

use card::{Digest, Profile};
use jiff::civil::{Date, date};
use ledger::book::Book;
use ledger::disk::Disk;
use ledger::entry::{Entry, Millis, PlantCreated, RegisterImported};
use ledger::fault::Fault;
use ledger::index::MemIndex;
use line::package::PackageLimits;
use line::plan::{Plan, ReleaseMode, Sender};
use line::run::Summary;
use plant::RegisterKind;
use plant::keys::PlantKeys;
use testkit::batch::{Order, generate};
use testkit::world::{BESIDE, SimClock, SimDisk, State};

#[path = "../../../crates/cardline/src/drill/simulated.rs"]
mod rehearsal;

#[allow(unused_imports, reason = "the benches use less of it than the tests")]
pub use rehearsal::{broken, difference, outputs, run_at, world};

/// 2026-11-22T14:00:00Z.
pub const NOW: Millis = 1_795_356_000_000;
const TODAY: Date = date(2026, 11, 22);
const FOLDERS: [&str; 8] = ["inbox", "vault", "registers", "ledger", "batches", "returns", "quarantine", "keys"];

/// A plant with packages in its inbox and registers imported; everything durable, nothing run.
pub fn stocked(applications: u64, seed: u64, faulty_share: Option<f64>) -> State {
    let mut disk = SimDisk::default();
    FOLDERS.iter().for_each(|f| disk.create_dir(f).expect("a folder"));
    PlantKeys::create(&disk, &[7; 96]).unwrap_or_else(|e| panic!("{e}"));
    let order = Order { faulty_share, portraits: 8, ..Order::new(applications, seed, TODAY) };
    generate(&order, &mut disk).expect("packages");
    let shared = Arc::new(disk.clone());
    let mut book = Book::create(shared, Box::new(MemIndex::default()), "plant-test").unwrap_or_else(|e| panic!("{e}"));
    let mut record = |entry: &Entry| {
        book.record(entry).unwrap_or_else(|e| panic!("{e}"));
    };
    record(&Entry::PlantCreated(PlantCreated { plant_id: "plant-test".into(), program: "test".into(), at: NOW }));
    for kind in [RegisterKind::Outlets, RegisterKind::Permits, RegisterKind::Enrolment] {
        let extract = disk.read(&format!("{BESIDE}/registers/{}.csv", kind.name())).expect("an extract");
        let imported = plant::registers::import(&disk, kind, 1, extract.as_slice()).unwrap_or_else(|e| panic!("{e}"));
        let (path, digest, rows) = (imported.path, imported.digest, imported.rows);
        record(&Entry::RegisterImported(RegisterImported { kind: kind.name().into(), version: 1, path, digest, rows, at: NOW }));
    }
    drop(book);
    disk.settle();
    disk.state()
}

/// The settled choices every simulated run has.
pub fn plan(threads: usize) -> Plan {
    Plan {
        profile: Profile::built_in("hubei-foreigner-2025", TODAY).expect("a profile").without_faces(),
        release_id: Digest::of(b"a release"),
        threads,
        permits: 64,
        cards_per_job: 10,
        unsigned_packages_allowed: false,
        package_limits: PackageLimits::default(),
        incomplete_package_alert_seconds: 3600,
        release: ReleaseMode::Automatic,
        utc_offset_minutes: 480,
        sender: Sender { name: "Centre".into(), name_zh: "制卡中心".into(), address: "武汉".into(), phone: "027-0000".into(), mail_fee_cents: 0 },
        proof_cards: 0,
        finish_by_minutes: 360,
    }
}

/// One run, as `cardline run` does it, with the index built from the journal.
pub fn run(disk: &SimDisk, plan: &Plan) -> Result<Summary, Fault> {
    run_at(disk, plan, &SimClock::at(NOW))
}
