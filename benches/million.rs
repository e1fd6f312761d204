//! Encode files of a hundred thousand cards and of a million, without photos and signatures, on all threads: how many a second, and the memory at
//! its highest. Jobs are made as a night makes them, one per thread at a time, so the peak is the same for both; that is asserted, time is printed.
//! Making up the cards counts too. `cargo bench -p chip --bench million`

mod cards;
mod encode_cards;

use std::time::Instant;

use card::{Card, Profile};
use cards::{JOB_CARDS, card};
use chip::FileTree;
use chip::cps::CpsWriter;
use encode_cards::{job, keys};
use jiff::civil::date;
use peak_alloc::PeakAlloc;
use rayon::prelude::*;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Times the peak of a tenth of the cards: how far apart the jobs of two threads are is chance.
const GROWTH_MAX: f64 = 1.25;

fn main() {
    let profile = Profile::built_in("hubei-foreigner-2025", date(2025, 6, 1)).expect("built in");
    let (keys, tree) = (keys(&profile), FileTree::of(&profile.chip).expect("a layout"));
    let writer = CpsWriter::new(&profile.chip, Some(&keys)).expect("a transport key");
    // Only to see that it runs: a tenth of it.
    let whole = if std::env::args().any(|a| a == "--test") { 100_000 } else { 1_000_000 };
    let run = |cards: usize| {
        MEMORY.reset_peak_usage();
        let started = Instant::now();
        let of_job = |n: usize| (n * JOB_CARDS..(n + 1) * JOB_CARDS).map(card).collect::<Vec<Card>>();
        let bytes: usize = (0..cards / JOB_CARDS).into_par_iter().map(|n| job(&of_job(n), &profile, &tree, None, &writer)).sum();
        let (seconds, peak) = (started.elapsed().as_secs_f64(), MEMORY.peak_usage());
        println!("{cards} cards: {:.0}/s, {} MB written, peak {:.1} MB", cards as f64 / seconds, bytes / 1_000_000, peak as f64 / 1e6);
        peak as f64
    };
    // The first run wakes the threads.
    run(whole / 100);
    let (tenth, all) = (run(whole / 10), run(whole));
    assert!(all <= tenth * GROWTH_MAX, "memory grows with the cards: {tenth} and {all} bytes");
}
