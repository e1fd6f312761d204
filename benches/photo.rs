//! What one photo costs: the strict decode every figure is compared with, the parts of an examination, and the whole of it, without the
//! face networks and with them. The closing lines say what the check adds to the decode and the networks it runs. And how long it takes to
//! find a picture again among a million.
//! `cargo bench -p photo`; with `--features onnxruntime` and a library (`bash tests/setup.sh`) the second engine is measured beside the first,
//! in the same run.

#[path = "../crates/photo/src/sample.rs"]
#[allow(dead_code)] // the tests use more of it
mod sample;

#[cfg(feature = "onnxruntime")]
#[path = "../tests/onnxruntime.rs"]
mod library;

use std::hint::black_box;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use card::Profile;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use photo::likeness::{FaceHash, HashIndex};
use photo::nets::{self, DetectorAnswer, EngineFault, MeshAnswer, Networks, RtenNetworks};
use sample::{Coding, portrait};

fn photos(c: &mut Criterion) {
    let profile = Profile::built_in("hubei-foreigner-2025", "2025-06-01".parse().expect("a date")).expect("the built-in profile reads").without_faces();
    let photos: Vec<Vec<u8>> = (0..8).map(|seed| portrait(seed).jpeg(Coding::default())).collect();
    let rgb = photo::decode(&photos[0], &profile.photo).unwrap_or_else(|r| panic!("{r}"));
    let sitting = photo::Sitting { profile: &profile, networks: &photo::nets::Absent, religious_headgear: false };
    let mut group = c.benchmark_group("photo");
    group.throughput(Throughput::Elements(photos.len() as u64));
    let mut each = |name: &str, work: &dyn Fn(&[u8])| {
        group.bench_function(name, |b| b.iter(|| photos.iter().for_each(|p| work(black_box(p)))));
    };
    each("strict decode", &|p| drop(black_box(photo::decode(p, &profile.photo))));
    each("strip", &|p| drop(black_box(photo::strip(p))));
    each("container and coded data", &|p| {
        black_box(photo::parts::container(p, &profile.photo));
    });
    each("whole examine", &|p| drop(black_box(photo::examine(p, &sitting))));
    for (name, check) in photo::parts::CHECKS {
        group.throughput(Throughput::Elements(1));
        group.bench_function(*name, |b| b.iter(|| black_box(check(black_box(&rgb), &profile.photo))));
    }
    group.bench_function("thumbnail 90x110", |b| b.iter(|| black_box(photo::thumbnail(black_box(&rgb), 90, 110))));
    group.finish();
}

/// Portraits of the kept set that pass, with faces the networks know: the drawn samples above have none.
const PORTRAITS: [&str; 4] = ["conforming", "conforming-dark-skin", "conforming-glasses", "colour-halved"];
const ROUNDS: u32 = 24;

/// An engine that says how long it was at work.
struct Timed {
    engine: Box<dyn Networks>,
    nanoseconds: AtomicU64,
}

impl Timed {
    fn count<T>(&self, work: impl FnOnce() -> T) -> T {
        let started = Instant::now();
        let answer = work();
        self.nanoseconds.fetch_add(started.elapsed().as_nanos() as u64, Ordering::Relaxed);
        answer
    }
}

impl Networks for Timed {
    fn identity(&self) -> Result<String, EngineFault> {
        self.engine.identity()
    }

    fn ready(&self) -> Result<(), EngineFault> {
        self.engine.ready()
    }

    fn detect(&self, input: &[f32]) -> Result<DetectorAnswer, EngineFault> {
        self.count(|| self.engine.detect(input))
    }

    fn mesh(&self, input: &[f32]) -> Result<MeshAnswer, EngineFault> {
        self.count(|| self.engine.mesh(input))
    }

    fn person(&self, input: &[f32]) -> Result<Vec<f32>, EngineFault> {
        self.count(|| self.engine.person(input))
    }

    fn as_worker(&self, body: &mut (dyn FnMut() + Send)) {
        self.engine.as_worker(body);
    }
}

/// What is measured: its name among the results, and the engine.
fn engines() -> Vec<(&'static str, Timed)> {
    let timed = |engine| Timed { engine, nanoseconds: AtomicU64::new(0) };
    let rten = RtenNetworks::load().unwrap_or_else(|e| panic!("{e}"));
    #[allow(unused_mut)] // with one engine nothing is added
    let mut engines = vec![("", timed(Box::new(rten)))];
    #[cfg(feature = "onnxruntime")]
    if let Some(library) = library::found() {
        let ort = nets::OrtNetworks::load(&library).unwrap_or_else(|e| panic!("{e}"));
        engines.push((" by onnxruntime", timed(Box::new(ort))));
    }
    engines
}

fn faces(c: &mut Criterion) {
    for (by, networks) in engines() {
        faces_by(c, by, &networks);
    }
}

fn faces_by(c: &mut Criterion, by: &str, networks: &Timed) {
    let profile = Profile::built_in("hubei-foreigner-2025", "2025-06-01".parse().expect("a date")).expect("the built-in profile reads");
    let rules = profile.photo.face.as_ref().expect("rules about faces");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/photos");
    let files: Vec<Vec<u8>> = PORTRAITS.iter().map(|name| std::fs::read(folder.join(format!("{name}.jpg"))).expect("a kept photo")).collect();
    let pictures: Vec<photo::Rgb> = files.iter().map(|f| photo::decode(f, &profile.photo).unwrap_or_else(|r| panic!("{r}"))).collect();
    let sitting = photo::Sitting { profile: &profile, networks, religious_headgear: false };
    for (file, name) in files.iter().zip(PORTRAITS) {
        let bad: Vec<_> = photo::examine(file, &sitting).reasons.into_iter().filter(|r| r.effect > card::Effect::Warn).map(|r| r.code).collect();
        assert!(bad.is_empty(), "{name} isn't a good photo: {bad:?}");
    }
    let decode = || files.iter().for_each(|f| drop(black_box(photo::decode(f, &profile.photo))));
    let whole = || files.iter().for_each(|f| drop(black_box(photo::examine(f, &sitting))));
    // All in a worker of the engine, as the intake does it; entering is not measured.
    let timed = |work: &(dyn Fn() + Sync), times: u64| {
        let mut took = Duration::ZERO;
        networks.as_worker(&mut || {
            let started = Instant::now();
            (0..times).for_each(|_| work());
            took = started.elapsed();
        });
        took
    };
    let mut group = c.benchmark_group("faces");
    group.throughput(Throughput::Elements(files.len() as u64)).sample_size(20);
    let found = || pictures.iter().for_each(|p| drop(black_box(nets::find_faces(p, rules, networks))));
    let masked = || pictures.iter().for_each(|p| drop(black_box(nets::person::mask(p, networks))));
    let works: [(&str, &(dyn Fn() + Sync)); 4] =
        [("strict decode", &decode), ("detector, mesh, all tiles", &found), ("person mask", &masked), ("whole examine", &whole)];
    for (name, work) in works {
        group.bench_function(format!("{name}{by}"), |b| b.iter_custom(|times| timed(work, times)));
    }
    let input = vec![0.5; 3 * nets::PERSON_SIDE * nets::PERSON_SIDE];
    let of = |side: usize| &input[..3 * side * side];
    let each: [(&str, &(dyn Fn() + Sync)); 3] = [
        ("detector alone", &|| drop(black_box(networks.detect(of(nets::DETECTOR_SIDE))))),
        ("mesh alone", &|| drop(black_box(networks.mesh(of(nets::MESH_SIDE))))),
        ("person mask alone", &|| drop(black_box(networks.person(of(nets::PERSON_SIDE))))),
    ];
    group.throughput(Throughput::Elements(1));
    for (name, work) in each {
        group.bench_function(format!("{name}{by}"), |b| b.iter_custom(|times| timed(work, times)));
    }
    let seen: Vec<_> = pictures.iter().map(|p| nets::detect::in_whole(p, rules, networks).unwrap_or_else(|e| panic!("{e}"))).collect();
    let cut_out = || pictures.iter().zip(&seen).for_each(|(p, faces)| _ = black_box(photo::parts::inputs(p, faces)));
    let face = || pictures.iter().zip(&seen).for_each(|(p, faces)| _ = black_box(photo::parts::face(p, faces, rules)));
    let ground_rules = profile.photo.ground.as_ref().expect("rules about the background");
    let ground = || {
        pictures.iter().zip(&seen).for_each(|(p, faces)| drop(black_box(photo::ground::measure(p, faces.mesh.as_ref(), &mut || None, ground_rules))));
    };
    let likeness = || {
        pictures
            .iter()
            .zip(&seen)
            .filter_map(|(p, faces)| Some((p, faces.mesh.as_ref()?)))
            .for_each(|(p, mesh)| _ = black_box(photo::likeness::FaceHash::of(p, mesh)))
    };
    let parts: [(&str, &(dyn Fn() + Sync)); 4] =
        [("inputs of the networks", &cut_out), ("all checks of the face", &face), ("background behind the person", &ground), ("likeness", &likeness)];
    for (name, work) in parts {
        group.bench_function(format!("{name}{by}"), |b| b.iter(work));
    }
    group.throughput(Throughput::Elements(1));
    let laid = seen[0].mesh.as_ref().and_then(|mesh| photo::parts::Laid::of(&pictures[0], mesh)).expect("a face in the photo");
    // No engine has a part in these: once is enough.
    for (name, check) in photo::parts::FACE_CHECKS.iter().filter(|_| by.is_empty()) {
        group.bench_function(*name, |b| b.iter(|| black_box(check(black_box(&laid), rules))));
    }
    group.finish();
    let clock = |work: &(dyn Fn() + Sync)| {
        let started = Instant::now();
        work();
        started.elapsed()
    };
    let (mut decoding, mut all, mut split) = (Duration::ZERO, Duration::ZERO, [Duration::ZERO; 3]);
    // In one worker, as a night's photos are, and after one it doesn't count; in turns: the machine is noisy.
    networks.as_worker(&mut || {
        whole();
        networks.nanoseconds.store(0, Ordering::Relaxed);
        for _ in 0..ROUNDS {
            decoding += clock(&decode);
            all += clock(&whole);
            split.iter_mut().zip(parts).for_each(|(took, (_, work))| *took += clock(work));
        }
    });
    let each = |total: Duration| total.as_secs_f64() * 1e3 / f64::from(ROUNDS) / PORTRAITS.len() as f64;
    let (decoding, all) = (each(decoding), each(all));
    let asked = each(Duration::from_nanos(networks.nanoseconds.load(Ordering::Relaxed)));
    // Face and background each make the luma plane anew here, a check only once: the rest is said a little too small.
    let (other, [inputs, face, ground]) = (all - decoding - asked, split.map(each));
    println!("a good photo{by}: {all:.1} ms = decode {decoding:.1} + networks it ran {asked:.1} + everything else {other:.1}");
    println!("everything else{by}: inputs {inputs:.2} + face {face:.2} + background {ground:.2} + rest {:.2}", other - inputs - face - ground);
}

/// Hashes in the index: what a plant judges in a year or two.
const HASHES: u64 = 1_000_000;
/// photo.md §4.4, as in the profile.
const BITS_MAX: u32 = 24;

/// Repeatable hashes that have nothing to do with each other.
fn hash(n: u64) -> FaceHash {
    let mix = |v: u64| {
        let v = (v ^ (v >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let v = (v ^ (v >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        v ^ (v >> 31)
    };
    FaceHash(std::array::from_fn(|word| mix((n * 4 + word as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15))))
}

/// One photo against all earlier ones: to be under a millisecond (issue 4).
fn pictures(c: &mut Criterion) {
    let mut index = HashIndex::new();
    index.extend((0..HASHES).map(|n| (hash(n), n)));
    let mut changed = hash(4_711);
    (0..BITS_MAX).for_each(|bit| changed.0[bit as usize % 4] ^= 1 << (bit * 7 % 64));
    assert!(index.near(&changed, BITS_MAX).first().is_some_and(|found| found.0 == 4_711), "what is looked for is there");
    let mut group = c.benchmark_group("pictures");
    for (name, bits_max) in [("up to 24 bits", BITS_MAX), ("up to 31 bits, as the line asks", photo::likeness::QUICK_BITS_MAX)] {
        let mut next = HASHES;
        group.bench_function(format!("new among a million, {name}"), |b| {
            b.iter(|| {
                next += 1;
                black_box(index.near(&hash(next), bits_max))
            });
        });
        group.bench_function(format!("known among a million, {name}"), |b| b.iter(|| black_box(index.near(black_box(&changed), bits_max))));
    }
    group.bench_function("taking up a new one, the tables made anew included", |b| {
        let mut next = 2 * HASHES;
        b.iter(|| {
            next += 1;
            index.insert(hash(next), next);
        });
    });
    group.finish();
}

criterion_group!(benches, photos, faces, pictures);
criterion_main!(benches);
