//! How soon a killed night goes on: from the start of the program to the first new file of a job, on a plant whose batch was killed half way.
//! `cargo bench -p cardline --bench resume`; `CARDLINE_BENCH_APPLICATIONS=100000` for a large one (8 GB, half an hour to prepare).

use std::collections::HashSet;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};

const APPLICATIONS: u64 = 2_000;
const POLL: Duration = Duration::from_millis(1);
/// Longer than any of it takes; a run that never begins a file must not hang the bench.
const PATIENCE: Duration = Duration::from_secs(3_600);

struct Plant(PathBuf);

impl Plant {
    fn start(&self, args: &[&str]) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cardline"));
        command.arg("--plant").arg(&self.0).args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().expect("the program starts")
    }

    fn ok(&self, args: &[&str]) {
        assert!(self.start(args).wait().expect("it ends").success(), "{args:?}");
    }

    /// Files of jobs, finished or begun, by inode: a file that is begun anew is another one.
    fn files(&self) -> HashSet<u64> {
        let mut found = HashSet::new();
        gather(&self.0.join("batches"), &mut found);
        found
    }

    /// Kills a run once `enough` says so of the new files; how long that took.
    fn run_until(&self, enough: impl Fn(usize) -> bool) -> Duration {
        let before = self.files();
        let started = Instant::now();
        let mut run = self.start(&["run", "--as", "bench", "--reason", "the bench killed it"]);
        while !enough(self.files().difference(&before).count()) {
            assert!(run.try_wait().expect("a process").is_none(), "the run ended before it could be killed");
            assert!(started.elapsed() < PATIENCE, "no new file");
            std::thread::sleep(POLL);
        }
        let took = started.elapsed();
        run.kill().and_then(|()| run.wait()).expect("killed");
        took
    }
}

fn gather(folder: &Path, found: &mut HashSet<u64>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        // What vanishes meanwhile was renamed and is seen next time.
        match entry.metadata() {
            Ok(meta) if meta.is_dir() => gather(&entry.path(), found),
            Ok(meta) => drop(found.insert(meta.ino())),
            Err(_) => {}
        }
    }
}

fn resume(c: &mut Criterion) {
    let applications = std::env::var("CARDLINE_BENCH_APPLICATIONS").ok().and_then(|n| n.parse().ok()).unwrap_or(APPLICATIONS);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let plant = Plant(folder.path().join("plant"));
    plant.ok(&["demo", "--no-run", "--applications", &applications.to_string()]);
    plant.ok(&["intake"]);
    // Three files a job of 500 cards: half of them.
    let half = (applications / 500 * 3 / 2) as usize;
    plant.run_until(|new| new >= half);
    let mut group = c.benchmark_group("resume");
    group.sample_size(10).warm_up_time(Duration::from_millis(1)).measurement_time(Duration::from_secs(10));
    group.bench_function(format!("first_new_file_of_{applications}_applications"), |b| {
        b.iter_custom(|times| (0..times).map(|_| plant.run_until(|new| new > 0)).sum());
    });
    group.finish();
}

criterion_group!(benches, resume);
criterion_main!(benches);
