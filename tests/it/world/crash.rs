//! Crashes at every boundary, and crashes of the recoveries from them.

use std::collections::{BTreeMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use card::Digest;
use ledger::book::Book;
use ledger::disk::Disk as _;
use ledger::index::MemIndex;
use line::plan::Plan;
use rayon::prelude::*;
use testkit::dice::Dice;
use testkit::world::{Failure, Loss, SimDisk, State};

use super::plant::{broken, difference, outputs, plan, run, stocked};

/// What a campaign went through.
#[derive(Default)]
struct Tally {
    boundaries: AtomicUsize,
    /// Boundaries × models.
    crashes: AtomicUsize,
    /// Different disks those left; equal ones go on alike and are completed once.
    completions: AtomicUsize,
}

fn count(counter: &AtomicUsize, more: usize) {
    counter.fetch_add(more, Ordering::Relaxed);
}

/// Runs nothing happened to, and the outputs all others must have.
struct Campaign {
    plan: Plan,
    wanted: BTreeMap<String, Digest>,
    seen: Mutex<HashSet<Digest>>,
    tally: Tally,
}

impl Campaign {
    fn new(start: &State, threads: usize) -> Self {
        let plan = plan(threads);
        let disk = SimDisk::of(start.clone());
        run(&disk, &plan).unwrap_or_else(|e| panic!("the undisturbed run: {e}"));
        let wanted = outputs(&disk.state());
        assert_eq!(broken(&disk), Vec::<String>::new());
        Self { plan, wanted, seen: Mutex::default(), tally: Tally::default() }
    }

    /// States after every operation of a run from `start`, with the operations' names.
    fn trace(&self, start: &State) -> (Vec<State>, Vec<String>) {
        let disk = SimDisk::of(start.clone());
        disk.record();
        run(&disk, &self.plan).unwrap_or_else(|e| panic!("recording: {e}"));
        disk.recorded()
    }

    /// Every `stride`-th boundary × every model: the run that follows must end as if nothing had been. Gives the disks crashes left.
    fn crash_everywhere(&self, start: &State, seed: u64, stride: usize) -> Vec<(String, State)> {
        let (states, names) = self.trace(start);
        count(&self.tally.boundaries, names.len().div_ceil(stride));
        let mut left = Vec::new();
        for (at, state) in states.iter().enumerate().skip(seed as usize % stride).step_by(stride) {
            for loss in Loss::ALL {
                count(&self.tally.crashes, 1);
                let after = state.after(loss, seed ^ at as u64);
                if self.seen.lock().unwrap().insert(after.digest()) {
                    let operation = at.checked_sub(1).map_or("the start", |i| names[i].as_str());
                    let story = format!("{loss:?} after operation {at} ({operation}), seed {seed}");
                    self.complete(&after, &story);
                    left.push((story, after));
                }
            }
        }
        left
    }

    fn complete(&self, after: &State, story: &str) {
        count(&self.tally.completions, 1);
        let disk = SimDisk::of(after.clone());
        run(&disk, &self.plan).unwrap_or_else(|e| panic!("{story}: the run after it: {e}"));
        if let Some(difference) = difference(&self.wanted, &outputs(&disk.state())) {
            panic!("{story}: {difference}");
        }
        let wrong = broken(&disk);
        assert!(wrong.is_empty(), "{story}: {wrong:?}");
    }

    fn completions(&self) -> usize {
        self.tally.completions.load(Ordering::Relaxed)
    }

    fn told(&self) -> String {
        let [boundaries, crashes, completions] = [&self.tally.boundaries, &self.tally.crashes, &self.tally.completions].map(|n| n.load(Ordering::Relaxed));
        format!("{boundaries} operations, {crashes} crashes, {completions} different disks run to the end: all alike")
    }
}

/// The seed of a random campaign; `CARDLINE_SEED` replays one.
fn seed() -> u64 {
    std::env::var("CARDLINE_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(1)
}

#[test]
fn a_crash_at_a_sample_of_operations_loses_nothing_and_makes_nothing_twice() {
    let start = stocked(40, 5, Some(0.1));
    let campaign = Campaign::new(&start, 2);
    campaign.crash_everywhere(&start, seed(), 29);
    println!("{}", campaign.told());
    assert!(campaign.completions() > 20);
}

/// The bar: 48 applications of several packages, every operation, every model. Minutes long: release only.
#[test]
#[ignore = "minutes long even in release: docs/RELIABILITY.md says how to run it"]
fn a_crash_at_any_operation_loses_nothing_and_makes_nothing_twice() {
    let start = stocked(48, 5, Some(0.1));
    let campaign = Campaign::new(&start, 2);
    campaign.crash_everywhere(&start, seed(), 1);
    println!("{}", campaign.told());
    assert!(campaign.tally.boundaries.load(Ordering::Relaxed) > 200);
}

/// Crashes of recoveries: every disk a crash of a small night left is run, and that run crashed, at every `stride`-th operation. Gives the
/// operations of the first run.
fn pairs(stride: usize) -> usize {
    let start = small_night();
    let campaign = Campaign::new(&start, 1);
    assert!(campaign.wanted.keys().any(|path| path.ends_with("print/job-0001.pdf")), "a night that makes cards");
    let left = campaign.crash_everywhere(&start, seed(), stride);
    let first = campaign.tally.boundaries.load(Ordering::Relaxed);
    println!("{first} operations of the first run, {} different disks left", left.len());
    left.par_iter().enumerate().for_each(|(n, (story, after))| {
        let again = catch_unwind(AssertUnwindSafe(|| campaign.crash_everywhere(after, seed() + n as u64, stride).len()));
        let again = again.unwrap_or_else(|_| panic!("crashed first: {story}"));
        if n % 20 == 0 {
            println!("{n} of {}: {story}: {again} more; {}", left.len(), campaign.told());
        }
    });
    println!("{}", campaign.told());
    first
}

/// Packages of two outlets and one that is set aside: so few that every pair of crashes can be gone through.
fn small_night() -> State {
    let disk = SimDisk::of(stocked(40, 6, Some(0.0)));
    for arrival in disk.list("inbox").expect("an inbox") {
        if !["00003-", "00004-", "00017-"].iter().any(|kept| arrival.name.starts_with(kept)) {
            let path = format!("inbox/{}", arrival.name);
            if arrival.is_dir { disk.remove_dir(&path) } else { disk.remove(&path) }.expect("removed");
        }
    }
    disk.settle();
    disk.state()
}

#[test]
fn a_crash_of_a_sample_of_recoveries_loses_nothing_and_makes_nothing_twice() {
    pairs(37);
}

/// The bar: every pair over at least 200 operations.
#[test]
#[ignore = "an hour long even in release: docs/RELIABILITY.md says how to run it"]
fn a_crash_of_a_recovery_loses_nothing_and_makes_nothing_twice() {
    assert!(pairs(1) >= 200);
}

/// Written down before done: a batch cut anew after a crash comes out the same on a quiet night, so that the outputs alone wouldn't tell.
#[test]
fn nothing_of_a_batch_is_made_before_its_numbers_would_survive_a_power_cut() {
    let disk = SimDisk::of(stocked(40, 5, Some(0.1)));
    disk.record();
    run(&disk, &plan(1)).unwrap_or_else(|e| panic!("{e}"));
    let (states, names) = disk.recorded();
    let first = names.iter().position(|name| name.contains(" batches/")).expect("a batch is made");
    let cut = SimDisk::of(states[first + 1].after(Loss::All, seed()));
    let book = Book::look(Arc::new(cut), Box::new(MemIndex::default())).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(book.batches().unwrap_or_else(|e| panic!("{e}")).len(), 1, "{} came before the cut was durable", names[first]);
}

/// Runs that crash again and again, at operations and with losses chance chooses, before one may end.
fn five_deep(rounds: u64) {
    let start = stocked(40, 7, Some(0.1));
    let campaign = Campaign::new(&start, 1);
    let whole = {
        let disk = SimDisk::of(start.clone());
        run(&disk, &campaign.plan).unwrap_or_else(|e| panic!("counting: {e}"));
        disk.operations()
    };
    for n in 0..rounds {
        let mut dice = Dice::new(seed(), "deep", n);
        let (mut state, mut story) = (start.clone(), format!("round {n}, seed {}:", seed()));
        for _ in 0..DEPTH {
            // What a recovery has left to do is less each time: most crashes are to come within it.
            let at = 1 + dice.below(whole as usize / 3) as u64;
            let loss = Loss::ALL[dice.below(Loss::ALL.len())];
            let disk = SimDisk::of(state);
            disk.fail(at, Failure::From(EIO));
            count(&campaign.tally.crashes, usize::from(run(&disk, &campaign.plan).is_err()));
            state = disk.state().after(loss, seed() ^ at);
            story.push_str(&format!(" {loss:?} after operation {at};"));
        }
        campaign.complete(&state, &story);
    }
    let crashes = campaign.tally.crashes.load(Ordering::Relaxed);
    println!("{rounds} nights, {crashes} crashes {DEPTH} deep: all ended alike");
    assert!(crashes as u64 > rounds * 2, "most crashes must come before the end");
}

const DEPTH: usize = 5;
const EIO: i32 = 5;

#[test]
fn a_sample_of_crashes_five_deep_loses_nothing_and_makes_nothing_twice() {
    five_deep(6);
}

#[test]
#[ignore = "minutes long even in release: docs/RELIABILITY.md says how to run it"]
fn a_thousand_nights_of_crashes_five_deep_lose_nothing_and_make_nothing_twice() {
    five_deep(1_000);
}
