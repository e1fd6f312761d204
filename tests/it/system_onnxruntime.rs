//! The second engine of the face networks held against the first: what it gives is the same to the rounding, and the verdicts are the same;
//! a batch isn't finished by another engine than it was cut with. `bash tests/setup.sh` fetches the library; where there is none these tests
//! say so (in CI they fail).

use std::path::{Path, PathBuf};

use card::{Outcome, Profile, Reason, Verdict};
use photo::Sitting;
use photo::nets::{Networks, OrtNetworks, RtenNetworks, find_faces, person};
use testkit::labelled::{self, Half, Size};

use crate::plant::{Plant, text};

#[path = "../onnxruntime.rs"]
mod library;

struct Engines {
    rten: RtenNetworks,
    ort: OrtNetworks,
    profile: Profile,
}

impl Engines {
    fn load() -> Option<Self> {
        let library = library::found()?;
        let profile = Profile::built_in("hubei-foreigner-2025", "2025-06-01".parse().expect("a date")).expect("the built-in profile reads");
        let broken = |e: photo::nets::EngineFault| -> ! { panic!("{e}") };
        Some(Self { rten: RtenNetworks::load().unwrap_or_else(|e| broken(e)), ort: OrtNetworks::load(&library).unwrap_or_else(|e| broken(e)), profile })
    }

    /// The verdict of a photo with its codes in order.
    fn verdict(&self, networks: &dyn Networks, jpeg: &[u8], religious_headgear: bool) -> (Outcome, Vec<&'static str>) {
        let examination = photo::examine(jpeg, &Sitting { profile: &self.profile, networks, religious_headgear });
        let verdict = Verdict::from_reasons(examination.reasons.into_iter().map(Reason::from).collect());
        (verdict.outcome, verdict.reasons.iter().map(|r| r.code.text()).collect())
    }

    /// Photos that get another verdict, or other codes, from the second engine.
    fn apart<'a>(&self, photos: impl Iterator<Item = (&'a str, Vec<u8>, bool)>) -> (usize, Vec<String>) {
        let (mut judged, mut apart) = (0, Vec::new());
        for (name, jpeg, headgear) in photos {
            let [rten, ort] = [&self.rten as &dyn Networks, &self.ort].map(|engine| self.verdict(engine, &jpeg, headgear));
            judged += 1;
            if rten != ort {
                apart.push(format!("{name}: rten {rten:?}, onnxruntime {ort:?}"));
            }
        }
        (judged, apart)
    }
}

fn kept() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/photos")
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).expect("a kept photo")
}

#[test]
fn system_onnxruntime_sees_what_rten_sees() {
    let Some(engines) = Engines::load() else { return };
    let rules = engines.profile.photo.face.as_ref().expect("rules about faces");
    for name in ["conforming", "conforming-dark-skin", "conforming-glasses", "conforming-headscarf"] {
        let rgb = photo::decode(&read(&kept().join(format!("{name}.jpg"))), &engines.profile.photo).unwrap_or_else(|r| panic!("{r}"));
        let [a, b] = [&engines.rten as &dyn Networks, &engines.ort].map(|engine| find_faces(&rgb, rules, engine).expect("it runs"));
        let numbers = |faces: &photo::nets::Faces| -> Vec<f32> {
            let boxes = faces.boxes.iter().flat_map(|b| [b.left, b.top, b.width, b.height, b.score].into_iter().chain(b.points.into_iter().flatten()));
            let mesh = faces.mesh.iter().flat_map(|m| m.points.iter().flatten().copied().chain([m.presence]));
            boxes.chain(mesh).collect()
        };
        let faces = farthest(&numbers(&a), &numbers(&b));
        let [a, b] = [&engines.rten as &dyn Networks, &engines.ort].map(|engine| person::mask(&rgb, engine).expect("it runs").shares);
        let mask = farthest(&a, &b);
        println!("{name}: faces at most {faces:.4} apart (pixels), mask {mask:.4}");
        // Rounded to a thousandth: two numbers that nearly agree may land one step apart.
        assert!(faces < 2.5e-3 && mask < 2.5e-3, "{name}: {faces} {mask}");
    }
}

fn farthest(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn system_onnxruntime_gives_every_kept_photo_the_verdict_of_rten() {
    let Some(engines) = Engines::load() else { return };
    let labels = std::fs::read_to_string(kept().join("labels.csv")).expect("labels");
    let names = labels.lines().skip(1).filter_map(|line| line.split(',').next());
    let (judged, apart) = engines.apart(names.map(|name| (name, read(&kept().join(name)), name.contains("headscarf"))));
    println!("{judged} kept photos judged by both engines");
    assert!(judged > 50 && apart.is_empty(), "{judged} judged\n{}", apart.join("\n"));
}

/// One conforming portrait of each group and one of each fault.
#[test]
fn system_onnxruntime_gives_a_drawn_set_the_verdicts_of_rten() {
    let Some(engines) = Engines::load() else { return };
    let mut size = Size::of(1);
    size.degraded = 1;
    let set: Vec<_> = labelled::plan(46, size).collect();
    // Each group and fault is in both halves; one will do here.
    let half = set.iter().filter(|planned| planned.half == Half::HeldOut);
    let (judged, apart) = engines.apart(half.map(|planned| (planned.file.as_str(), planned.make(), planned.declares_headgear())));
    println!("{judged} drawn photos judged by both engines");
    assert!(judged >= 100 && apart.is_empty(), "{judged} judged\n{}", apart.join("\n"));
}

fn second_engine(plant: &Plant, library: &Path) {
    plant.configure("engine", "\"onnxruntime\"");
    plant.configure("library", &format!("{library:?}"));
}

#[test]
fn system_onnxruntime_runs_a_night_and_finishes_no_batch_of_rten() {
    let Some(library) = library::found() else { return };
    let other = Plant::stocked(40, 75);
    let plant = other.copy();
    second_engine(&plant, &library);
    let [rten, ort] = [&other, &plant].map(|plant| plant.closing(&["run", "--json"]));
    assert_eq!([&rten["accepted"], &rten["held"], &rten["rejected"]], [&ort["accepted"], &ort["held"], &ort["rejected"]], "{rten}\n{ort}");
    assert!(other.files("returns") == plant.files("returns"), "outlets are answered alike");
    plant.ok(&["verify", "--sample", "100%"]);
    // What was made with one engine isn't made again with the other: the release is another one.
    plant.configure("engine", "\"rten\"");
    plant.configure("library", "\"\"");
    let refused = plant.run(&["verify", "--sample", "100%"]);
    assert!(refused.status.code() == Some(78) && text(&refused.stderr).contains("CFG-02"), "{}", text(&refused.stderr));
}

#[test]
fn system_onnxruntime_resumes_no_batch_that_rten_cut() {
    let Some(library) = library::found() else { return };
    let plant = Plant::stocked(40, 76);
    plant.configure("mode", "\"two-person\"");
    plant.ok(&["run"]);
    second_engine(&plant, &library);
    let refused = plant.run(&["produce"]);
    assert!(refused.status.code() == Some(78) && text(&refused.stderr).contains("CFG-02"), "{}", text(&refused.stderr));
}

#[test]
fn system_onnxruntime_is_refused_before_the_night_if_its_library_is_no_library() {
    let plant = Plant::stocked(10, 77);
    let no_library = plant.root.join("pipeline.toml");
    second_engine(&plant, &no_library);
    let before = plant.journal_bytes();
    let refused = plant.run(&["run"]);
    assert!(refused.status.code() == Some(78) && text(&refused.stderr).contains("CFG-08"), "{}", text(&refused.stderr));
    assert_eq!(plant.journal_bytes(), before, "nothing was begun");
}
