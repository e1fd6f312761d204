//! What a damaged or foreign file costs before it is refused: time, and memory at its highest, of `photo::examine` for every kept file whose
//! bytes, not its picture, are at fault (a progressive file isn't: its picture is judged, and a person looks at it). The aim is 2 ms and
//! 1 MiB each: a package may be full of them. Memory is the same on every machine and asserted; time is printed.
//! `cargo bench -p photo --bench refused`

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use card::Profile;
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const BYTES_MAX: usize = 1 << 20;
const TIMES: usize = 21;
/// What is wrong with the file itself, by the names of `fixtures/photos`.
const KINDS: [&str; 22] = [
    "truncated",
    "end-missing",
    "start-twice",
    "stray-bytes",
    "frame-header-twice",
    "second-picture",
    "trailing-bytes",
    "polyglot",
    "padded",
    "cmyk",
    "grey-component",
    "lossless",
    "exif-turned",
    "size-",
    "bytes-0",
    "bytes-below",
    "header-bomb",
    "scan-bomb",
    "segment-bomb",
    "profile-wide",
    "html",
    "png",
];

/// The kept files of these kinds.
fn files() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/photos");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).expect("the kept photos").map(|e| e.expect("a file").path()).collect();
    paths.sort();
    let name = |p: &Path| p.file_stem().expect("a name").to_string_lossy().into_owned();
    paths.retain(|p| KINDS.iter().any(|kind| name(p).starts_with(kind)));
    paths.iter().map(|p| (name(p), std::fs::read(p).expect("a kept photo"))).collect()
}

fn main() {
    let profile = Profile::built_in("hubei-foreigner-2025", "2025-06-01".parse().expect("a date")).expect("the built-in profile reads");
    // No engine: a file that is refused for its bytes never gets as far.
    let sitting = photo::Sitting { profile: &profile, networks: &photo::nets::Absent, religious_headgear: false };
    let files = files();
    let (mut unseen, mut seen) = (Most::default(), Most::default());
    for (name, bytes) in &files {
        let before = MEMORY.current_usage();
        MEMORY.reset_peak_usage();
        let examination = photo::examine(bytes, &sitting);
        let peak = MEMORY.peak_usage().saturating_sub(before);
        assert!(examination.reasons.iter().any(|r| r.effect == card::Effect::Reject), "{name} isn't refused");
        let mut times: Vec<Duration> = (0..TIMES)
            .map(|_| {
                let started = Instant::now();
                black_box(photo::examine(black_box(bytes), &sitting));
                started.elapsed()
            })
            .collect();
        times.sort();
        println!("{name}: {:.3} ms, {:.0} KiB", times[TIMES / 2].as_secs_f64() * 1e3, peak as f64 / 1024.0);
        assert!(peak <= BYTES_MAX, "{name} takes {peak} bytes");
        let most = if examination.pixels.is_some() { &mut seen } else { &mut unseen };
        *most = Most { files: most.files + 1, time: most.time.max(times[TIMES / 2]), bytes: most.bytes.max(peak) };
    }
    println!("refused without a look at the picture: {unseen}");
    println!("refused, and the picture measured all the same, so that the outlet hears everything: {seen}");
}

/// The most that any of so many files took.
#[derive(Default)]
struct Most {
    files: usize,
    time: Duration,
    bytes: usize,
}

impl std::fmt::Display for Most {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (ms, kib) = (self.time.as_secs_f64() * 1e3, self.bytes as f64 / 1024.0);
        write!(f, "{} files, each in {ms:.2} ms (median of {TIMES}) and {kib:.0} KiB at most", self.files)
    }
}
