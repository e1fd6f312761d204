//! What a second worker brings to the photo room, and what memory a worker takes: the same good photos by one worker and by two, in turns,
//! each a plain thread inside the engine as the intake has them (infer.md §5). One closing line; it needs two cores that aren't busy.
//! `cargo bench -p photo --bench workers`

use std::hint::black_box;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use card::Profile;
use photo::nets::{Networks, RtenNetworks};

const PORTRAITS: [&str; 4] = ["conforming", "conforming-dark-skin", "conforming-glasses", "colour-halved"];
/// Photos judged by each number of workers, in each turn.
const PHOTOS: usize = 200;
const TURNS: usize = 6;

/// The room: its photos, its rules and its engine.
struct Room {
    profile: Profile,
    networks: RtenNetworks,
    files: Vec<Vec<u8>>,
}

impl Room {
    fn new() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/photos");
        Self {
            profile: Profile::built_in("hubei-foreigner-2025", "2025-06-01".parse().expect("a date")).expect("the built-in profile reads"),
            networks: RtenNetworks::load().unwrap_or_else(|e| panic!("{e}")),
            files: PORTRAITS.iter().map(|name| std::fs::read(folder.join(format!("{name}.jpg"))).expect("a kept photo")).collect(),
        }
    }

    /// How long so many workers take for so many photos; each begins with its own first photo.
    fn judge(&self, workers: usize, photos: usize) -> Duration {
        let next = AtomicUsize::new(0);
        let work = || {
            let sitting = photo::Sitting { profile: &self.profile, networks: &self.networks, religious_headgear: false };
            let mut body = || {
                while let Some(n) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|n| *n < photos) {
                    black_box(photo::examine(&self.files[n % self.files.len()], &sitting));
                }
            };
            self.networks.as_worker(&mut body);
        };
        let started = Instant::now();
        std::thread::scope(|scope| (0..workers).for_each(|_| drop(scope.spawn(work))));
        started.elapsed()
    }

    /// Resident memory at its highest while so many workers judge, in bytes. The peak before is forgotten first.
    fn peak_bytes(&self, workers: usize) -> Option<u64> {
        std::fs::write("/proc/self/clear_refs", "5").ok()?;
        self.judge(workers, PHOTOS);
        let status = std::fs::read_to_string("/proc/self/status").ok()?;
        let kib: u64 = status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?.trim().trim_end_matches(" kB").parse().ok()?;
        Some(kib * 1024)
    }
}

fn main() {
    let room = Room::new();
    // `cargo bench -- --test` only looks whether it runs.
    if std::env::args().any(|a| a == "--test") {
        room.judge(2, 4);
        return;
    }
    let memory = [1, 2, 4, 8].map(|workers| (workers, room.peak_bytes(workers)));
    let (mut one, mut two, mut ratios) = (Duration::MAX, Duration::MAX, Vec::new());
    for _ in 0..TURNS {
        let turn = [room.judge(1, PHOTOS), room.judge(2, PHOTOS)];
        (one, two) = (one.min(turn[0]), two.min(turn[1]));
        ratios.push(turn[0].as_secs_f64() / turn[1].as_secs_f64());
    }
    ratios.sort_by(f64::total_cmp);
    let per_second = |took: Duration| PHOTOS as f64 / took.as_secs_f64();
    println!(
        "two workers judge {:.2} times what one does (median of {TURNS} turns; {:.2} to {:.2}): {:.0} and {:.0} photos a second at best",
        (ratios[TURNS / 2 - 1] + ratios[TURNS / 2]) / 2.0,
        ratios[0],
        ratios[TURNS - 1],
        per_second(two),
        per_second(one)
    );
    let shown = memory.map(|(workers, bytes)| format!("{workers}: {}", bytes.map_or("unknown".to_owned(), |b| format!("{:.0} MB", b as f64 / 1e6))));
    println!("resident memory at its highest, by workers: {}", shown.join(", "));
    if let (Some(one), Some(eight)) = (memory[0].1, memory[3].1) {
        println!("a further worker takes {:.1} MB", eight.saturating_sub(one) as f64 / 7e6);
    }
}
