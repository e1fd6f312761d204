//! The whole line beside one strict JPEG decode of the same photos: CPU time of a night per application, one thread, from packages
//! in the inbox to dispatched jobs, face networks included. Rooms have benches of their own in this folder.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use card::Profile;
use criterion::{Criterion, criterion_group, criterion_main};
use testkit::gallery::Gallery;

const APPLICATIONS: u32 = 600;
const PHOTOS: u64 = 64;

fn cardline(plant: &Path, args: &[&str]) -> serde_json::Value {
    let output = Command::new(env!("CARGO_BIN_EXE_cardline")).arg("--plant").arg(plant).args(args).output().expect("the program starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).lines().last().and_then(|l| serde_json::from_str(l).ok()).unwrap_or_default()
}

fn stocked(folder: &Path) -> PathBuf {
    let plant = folder.join("stocked");
    cardline(&plant, &["demo", "--no-run", "--json", "--applications", &APPLICATIONS.to_string()]);
    plant
}

/// What a night cost.
#[derive(Clone, Copy)]
struct Night {
    cpu_s: f64,
    applications: f64,
    cards: f64,
}

/// One night on a fresh copy of the plant.
fn night(folder: &Path, stocked: &Path) -> Night {
    let plant = folder.join("night");
    let _ = std::fs::remove_dir_all(&plant);
    assert!(Command::new("cp").arg("-a").arg(stocked).arg(&plant).status().expect("cp runs").success());
    let closing = cardline(&plant, &["run", "--json", "--threads", "1"]);
    let number = |path: &str| closing.pointer(path).and_then(serde_json::Value::as_f64).expect("a figure");
    Night { cpu_s: number("/cpu_seconds"), applications: number("/applications/ingested"), cards: number("/cards") }
}

fn whole_line(c: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let stocked = stocked(folder.path());
    let profile = Profile::built_in("hubei-foreigner-2025", jiff::civil::date(2026, 6, 1)).expect("a profile");
    let gallery = Gallery::new(1, 16);
    let photos: Vec<Vec<u8>> = (0..PHOTOS).map(|n| gallery.photo(n)).collect();
    let (mut decode_s, mut nights) = (Vec::new(), Vec::new());
    let mut group = c.benchmark_group("line");
    group.sample_size(10).measurement_time(Duration::from_secs(20));
    group.bench_function("strict_decode_per_photo", |b| {
        b.iter_custom(|iterations| {
            let started = Instant::now();
            for _ in 0..iterations {
                photos.iter().for_each(|p| drop(std::hint::black_box(photo::decode(p, &profile.photo))));
            }
            let each = started.elapsed() / PHOTOS as u32;
            decode_s.push(each.as_secs_f64() / iterations as f64);
            each
        });
    });
    group.bench_function("night_cpu_per_application", |b| {
        b.iter_custom(|iterations| {
            let these: Vec<Night> = (0..iterations).map(|_| night(folder.path(), &stocked)).collect();
            nights.extend_from_slice(&these);
            Duration::from_secs_f64(these.iter().map(|n| n.cpu_s / n.applications).sum())
        });
    });
    group.finish();
    let of = |figure: fn(&Night) -> f64| median(&mut nights.iter().map(figure).collect::<Vec<_>>());
    let (decode, night, cards) = (median(&mut decode_s), of(|n| n.cpu_s / n.applications), of(|n| n.cards / n.cpu_s));
    println!("line: {:.3} ms CPU per application = {:.1} strict decodes of {:.3} ms, face networks included", night * 1e3, night / decode, decode * 1e3);
    println!("line: {cards:.1} cards a second and core, all checks on ({APPLICATIONS} applications a night, some of them refused or held)");
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

criterion_group!(benches, whole_line);
criterion_main!(benches);
