//! The whole line on a simulated disk: a stocked plant, one run of it, and what the world outside sees of it afterwards.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use card::{Digest, Profile};
use jiff::civil::{Date, date};
use ledger::book::Book;
use ledger::disk::Disk;
use ledger::entry::{Entry, Millis, PlantCreated, RegisterImported};
use ledger::fault::Fault;
use ledger::index::MemIndex;
use line::package::PackageLimits;
use line::plan::{Plan, ReleaseMode, Sender, World};
use line::ports::{Auditor, Silent};
use line::run::{Halves, Starter, Summary};
use plant::RegisterKind;
use plant::keys::PlantKeys;
use testkit::batch::{Order, generate};
use testkit::world::{BESIDE, SimClock, SimDisk, SimEntropy, SimInbox, State};

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
        profile: Profile::built_in("hubei-foreigner-2025", TODAY).expect("a profile"),
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
    }
}

pub fn world(disk: &SimDisk, clock: &SimClock) -> Result<World, Fault> {
    let keys = PlantKeys::open(disk)?;
    Ok(World {
        disk: Arc::new(disk.clone()),
        inbox: Box::new(SimInbox::on(disk)),
        shelf: Box::new(plant::Shelf::new(Arc::new(disk.clone()))),
        clock: Box::new(clock.clone()),
        pepper: keys.pepper.clone(),
        vault_key: Arc::new(keys.vault.clone()),
        entropy: Arc::new(SimEntropy::new(1, life(disk))),
        signer: Box::new(keys),
        progress: Box::new(Silent),
        between_rooms: || {},
        auditor: Box::new(NoAudit),
        stop: Arc::new(AtomicBool::new(false)),
    })
}

/// Lives told apart by what the ones before wrote, so that a replay draws the same chance and a recovery another.
fn life(disk: &SimDisk) -> u64 {
    disk.list("ledger").into_iter().flatten().map(|e| e.len_bytes).sum()
}

/// Automatic release asks no auditor; `verify` is run on the finished plant instead.
struct NoAudit;

impl Auditor for NoAudit {
    fn check(&self, _: &card::BatchId) -> Result<(), Fault> {
        Ok(())
    }
}

/// One run, as `cardline run` does it, with the index built from the journal.
pub fn run(disk: &SimDisk, plan: &Plan) -> Result<Summary, Fault> {
    run_at(disk, plan, &SimClock::at(NOW))
}

pub fn run_at(disk: &SimDisk, plan: &Plan, clock: &SimClock) -> Result<Summary, Fault> {
    let world = world(disk, clock)?;
    let (mut book, _) = Book::open(world.disk.clone(), Box::new(MemIndex::default()))?;
    let starter = Starter { command: "run".into(), who: "scheduler".into(), reason: Some("test".into()) };
    let summary = line::run::run(&world, plan, &mut book, &starter, Halves { intake: true, produce: true })?;
    line::run::end(&world, &mut book, 0)?;
    book.close()?;
    Ok(summary)
}

/// What everyone outside sees: batches and answers, and what was set aside.
pub fn outputs(state: &State) -> BTreeMap<String, Digest> {
    let tops = ["batches", "returns", "quarantine", "inbox"];
    let files = tops.iter().flat_map(|top| state.files(top));
    files.filter(|(path, _)| !path.ends_with("report.html")).map(|(path, content)| (path, Digest::of(&content))).collect()
}

/// The first difference of two sets of outputs, in words.
pub fn difference(wanted: &BTreeMap<String, Digest>, got: &BTreeMap<String, Digest>) -> Option<String> {
    let missing = wanted.keys().find(|p| !got.contains_key(*p)).map(|p| format!("{p} is missing"));
    let extra = || got.keys().find(|p| !wanted.contains_key(*p)).map(|p| format!("{p} is too much"));
    let differs = || wanted.iter().find(|(p, d)| got[*p] != **d).map(|(p, _)| format!("{p} differs"));
    missing.or_else(extra).or_else(differs)
}

/// Lines of `verify` that aren't ok.
pub fn broken(disk: &SimDisk) -> Vec<String> {
    let mut found = Vec::new();
    let keys = PlantKeys::open(disk).unwrap_or_else(|e| panic!("{e}"));
    let scope = audit::Scope { vault_key: Some(audit::PlantKey::new(*keys.vault.bytes())), ..audit::Scope::default() };
    let done = audit::verify(disk, &scope, &mut |finding| {
        if !finding.ok {
            found.push(format!("{finding:?}"));
        }
    });
    if let Err(fault) = done {
        found.push(fault.to_string());
    }
    found
}
