//! What keeping everything costs: a whole night on a real file system with every commit waited for, against the same night with a disk
//! that doesn't sync. Both are measured in pairs, one after the other, since the machine is noisy; the closing line has the ratio.
//! `cargo bench -p cardline --bench durability`. Photos are judged whole, as a plant does it; `CARDLINE_BENCH_FACES=no` leaves the faces out,
//! which makes the nights several times as short and what the syncs cost weigh the more.

#[path = "../tests/it/world/plant.rs"]
#[allow(dead_code)]
mod simulated;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use card::Profile;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ledger::book::Book;
use ledger::index::SledIndex;
use line::plan::{Plan, World};
use line::ports::{Auditor, Silent, Trusting};
use line::run::{Halves, Starter};
use photo::nets::{Networks, RtenNetworks};
use plant::keys::PlantKeys;
use plant::{Durability, FolderInbox, RealDisk, Shelf, SystemEntropy};
use simulated::{NOW, plan, stocked};
use testkit::world::{SimClock, State};

/// A small night: what a package and a job cost beside their cards weighs more here than on a real one.
const APPLICATIONS: u64 = 1_000;
const CACHE_BYTES: u64 = 16 << 20;

/// What photos are judged by.
struct Judging {
    profile: Profile,
    networks: Arc<dyn Networks>,
}

impl Judging {
    fn chosen() -> Self {
        let profile = Profile::built_in("hubei-foreigner-2025", jiff::civil::date(2026, 11, 22)).expect("a profile");
        if std::env::var("CARDLINE_BENCH_FACES").is_ok_and(|faces| faces == "no") {
            return Self { profile: profile.without_faces(), networks: Arc::new(photo::nets::Absent) };
        }
        Self { profile, networks: Arc::new(RtenNetworks::load().unwrap_or_else(|e| panic!("{e}"))) }
    }
}

struct NoAudit;

impl Auditor for NoAudit {
    fn check(&self, _: &card::BatchId) -> Result<(), ledger::fault::Fault> {
        Ok(())
    }
}

fn lay_down(state: &State, root: &Path) {
    for top in ["inbox", "vault", "registers", "ledger", "batches", "returns", "quarantine", "keys"] {
        std::fs::create_dir_all(root.join(top)).expect("a folder");
        for (path, content) in state.files(top) {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().expect("inside")).expect("a folder");
            std::fs::write(path, content.as_slice()).expect("a file");
        }
    }
}

/// Wall time of one night, in a folder of its own that stays until the last was measured: ext4 looks for a long time for a place for a new
/// file where many were deleted in the last half minute, and whichever night came next would pay.
fn night(state: &State, judging: &Judging, durability: Durability, folder: &tempfile::TempDir) -> Duration {
    lay_down(state, folder.path());
    // The packages came during the day, and what the night before this one left unwritten is not this one's to pay.
    std::fs::File::open(folder.path()).and_then(|f| Ok(rustix::fs::syncfs(&f)?)).expect("a file system");
    let disk = Arc::new(RealDisk::open(folder.path(), durability).ok().expect("a plant").0);
    let keys = PlantKeys::open(&*disk).ok().expect("keys");
    let world = World {
        disk: disk.clone(),
        inbox: Box::new(FolderInbox::new(folder.path(), durability)),
        shelf: Box::new(Shelf::new(disk.clone())),
        clock: Box::new(SimClock::at(NOW)),
        pepper: keys.pepper.clone(),
        vault_key: Arc::new(keys.vault.clone()),
        entropy: Arc::new(SystemEntropy),
        signer: Box::new(keys),
        progress: Box::new(Silent),
        give_back: || {},
        apart: Box::new(Trusting),
        networks: judging.networks.clone(),
        card_keys: None,
        permit_signer: None,
        auditor: Box::new(NoAudit),
        stop: Arc::new(AtomicBool::new(false)),
    };
    let plan = Plan { cards_per_job: 500, profile: judging.profile.clone(), ..plan(2) };
    let starter = Starter { command: "run".into(), who: "bench".into(), reason: None };
    let started = Instant::now();
    let (index, _) = SledIndex::open(&folder.path().join("ledger/index"), CACHE_BYTES, "bench").ok().expect("an index");
    let (mut book, _) = Book::open(disk, Box::new(index)).ok().expect("a book");
    let summary = line::run::run(&world, &plan, &mut book, &starter, Halves { intake: true, produce: true }).ok().expect("a night");
    book.close().ok().expect("closed");
    assert!(summary.cards > 0);
    started.elapsed()
}

fn durability(c: &mut Criterion) {
    let judging = Judging::chosen();
    let state = stocked(APPLICATIONS, 9, Some(0.05));
    let (mut full, mut none) = (Duration::ZERO, Duration::ZERO);
    let mut folders = Vec::new();
    let mut group = c.benchmark_group("durability");
    group.sample_size(10).measurement_time(Duration::from_secs(60)).throughput(Throughput::Elements(APPLICATIONS));
    group.bench_function("night_with_syncs", |b| {
        b.iter_custom(|n| {
            let mut took = Duration::ZERO;
            for i in 0..n {
                // Whoever comes second finds the machine warm: take turns.
                let pair = if i % 2 == 0 { [Durability::Full, Durability::None] } else { [Durability::None, Durability::Full] };
                for kind in pair {
                    folders.push(tempfile::tempdir().expect("a temporary folder"));
                    let one = night(&state, &judging, kind, folders.last().expect("just made"));
                    if kind == Durability::Full { took += one } else { none += one }
                }
            }
            full += took;
            took
        });
    });
    group.finish();
    println!("syncs cost {:.1} % of the wall time of a night of {APPLICATIONS} applications", 100.0 * (1.0 - none.as_secs_f64() / full.as_secs_f64()));
}

criterion_group!(benches, durability);
criterion_main!(benches);
