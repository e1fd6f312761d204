//! Every room of the line on one thread, on a disk in memory: what the work costs, without waiting for a disk. Per application or card.
//! `cargo bench -p cardline --bench rooms`

#[path = "../tests/it/world/plant.rs"]
#[allow(dead_code)]
mod simulated;

use std::hint::black_box;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use card::Profile;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ledger::book::Book;
use ledger::book::state::BatchState;
use ledger::index::MemIndex;
use line::cut;
use line::dispatch::Dispatch;
use line::intake::intake;
use line::job::JobMaker;
use line::jobs::Jobs;
use line::personalise::{BatchRules, Chips};
use line::plan::{Plan, World};
use line::ports::Registers;
use line::rows::PackageView;
use line::validate::{Judge, judge_alone};
use line::vault::Vault;
use simulated::{NOW, plan, stocked, world};
use testkit::world::{SimClock, SimDisk, State};

const APPLICATIONS: u64 = 400;

/// Everything a room needs, on a disk of its own.
struct Desk<'a> {
    world: &'a World,
    plan: &'a Plan,
    book: &'a mut Book,
    vault: &'a Vault,
    registers: &'a dyn Registers,
    judge: &'a Judge<'a>,
    pool: &'a rayon::ThreadPool,
    faces: &'a artwork::Faces,
}

impl Desk<'_> {
    fn batch(&self) -> BatchState {
        self.book.open_batch().ok().flatten().expect("a batch")
    }

    fn rules(&self) -> BatchRules<'_> {
        let Plan { profile, cards_per_job, .. } = self.plan;
        BatchRules { profile, pepper: &self.world.pepper, issued_on: self.plan.day(NOW), cards_per_job: *cards_per_job }
    }
}

/// Time `work` takes on the disk `start`, and the disk afterwards. Opening the plant isn't counted.
fn on(start: &State, faces: &artwork::Faces, work: impl FnOnce(&mut Desk)) -> (Duration, State) {
    let disk = SimDisk::of(start.clone());
    let plan = Plan { cards_per_job: 200, ..plan(1) };
    let world = world(&disk, &SimClock::at(NOW)).ok().expect("a world");
    let (mut book, _) = Book::open(Arc::new(disk.clone()), Box::new(MemIndex::default())).ok().expect("a book");
    let in_force = book.registers().ok().expect("registers");
    let registers = line::registers::open(&*world.shelf, &in_force).ok().expect("registers");
    let judge = Judge { profile: &plan.profile, registers: &*registers, pepper: &world.pepper, networks: &*world.networks, day: plan.day(NOW) };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a pool");
    let vault = Vault::new(&world, &book);
    let mut desk = Desk { world: &world, plan: &plan, book: &mut book, vault: &vault, registers: &*registers, judge: &judge, pool: &pool, faces };
    let started = Instant::now();
    work(&mut desk);
    let took = started.elapsed();
    book.close().ok().expect("closed");
    disk.settle();
    (took, disk.state())
}

fn ingest_and_validate(d: &mut Desk) {
    let (tally, _) = intake(d.world, d.plan, &Mutex::new(d.book), d.vault, d.judge, NOW).ok().expect("an intake");
    assert!(tally.accepted > 0);
}

/// Rows alone: parsing, rules, registers, photo; the packages are in the vault already.
fn validate(d: &mut Desk) {
    let packages = (0..).map_while(|n| d.book.package(n).ok().flatten());
    let mut rows = 0;
    for state in packages {
        let view = PackageView::open(state, d.vault, d.plan).ok().expect("a package");
        for row in view.rows(&d.plan.package_limits).ok().expect("rows").flatten() {
            black_box(view.with_row(&row, d.judge, |row| judge_alone(row, d.judge)));
            rows += 1;
        }
    }
    assert!(rows > APPLICATIONS / 2, "{rows} rows");
}

fn cut_batch(d: &mut Desk) {
    assert!(cut::cut(d.book, d.vault, d.judge, d.plan, NOW).ok().flatten().is_some());
}

/// Personalising, print and encode files, job sheets, cross-check.
fn make_jobs(d: &mut Desk) {
    let batch = d.batch();
    let cut = d.book.cut_of(&batch).ok().expect("a cut");
    let rules = BatchRules { profile: &d.plan.profile, pepper: &d.world.pepper, issued_on: d.plan.day(NOW), cards_per_job: d.plan.cards_per_job };
    let chips = Chips::of(&d.plan.profile, None).ok().expect("chips");
    let maker = JobMaker {
        out: &*d.world.disk,
        vault: d.vault,
        registers: d.registers,
        batch: &batch,
        cut: &cut,
        rules,
        chips: &chips,
        keys: None,
        faces: d.faces,
        press: Default::default(),
    };
    Jobs { world: d.world, plan: d.plan, maker }.make_all(&Mutex::new(d.book), d.pool).ok().expect("jobs");
}

fn dispatch(d: &mut Desk) {
    let batch = d.batch();
    let cut = d.book.cut_of(&batch).ok().expect("a cut");
    let room = Dispatch { world: d.world, plan: d.plan, vault: d.vault, registers: d.registers, book: d.book, batch: &batch, cut: &cut, rules: d.rules() };
    black_box(room.write_all().ok().expect("dispatched"));
}

fn rooms(c: &mut Criterion) {
    let profile = Profile::built_in("hubei-foreigner-2025", jiff::civil::date(2026, 11, 22)).expect("a profile");
    let faces = artwork::Faces::new(&profile.face).expect("a layout");
    let stocked = stocked(APPLICATIONS, 9, Some(0.05));
    let (_, judged) = on(&stocked, &faces, ingest_and_validate);
    let (_, cut) = on(&judged, &faces, cut_batch);
    let (_, made) = on(&cut, &faces, make_jobs);
    let mut group = c.benchmark_group("rooms");
    group.sample_size(10).measurement_time(Duration::from_secs(8));
    let mut cards = 0;
    on(&cut, &faces, |d| cards = u64::from(d.batch().cards));
    let rooms: [(&str, &State, u64, fn(&mut Desk)); 5] = [
        ("ingest_and_validate", &stocked, APPLICATIONS, ingest_and_validate),
        ("validate", &judged, APPLICATIONS, validate),
        ("cut", &judged, cards, cut_batch),
        ("personalise_and_jobs", &cut, cards, make_jobs),
        ("dispatch", &made, cards, dispatch),
    ];
    for (name, start, items, work) in rooms {
        group.throughput(Throughput::Elements(items));
        group.bench_function(name, |b| b.iter_custom(|n| (0..n).map(|_| on(start, &faces, work).0).sum()));
    }
    group.finish();
}

criterion_group!(benches, rooms);
criterion_main!(benches);
