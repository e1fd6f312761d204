//! The second engine beside the first. These need the library: `CARDLINE_ONNXRUNTIME` names it, or `bash tests/setup.sh` fetched it;
//! without it they say so and test nothing, but in CI that is a failure.

use std::path::PathBuf;
use std::sync::OnceLock;

use super::*;
use crate::nets::RtenNetworks;

/// The engine, `None` (and a line that says so) where there is no library.
fn engine() -> Option<&'static OrtNetworks> {
    static ENGINE: OnceLock<Option<OrtNetworks>> = OnceLock::new();
    ENGINE.get_or_init(|| library::found().map(|path| OrtNetworks::load(&path).unwrap_or_else(|e| panic!("{e}")))).as_ref()
}

#[path = "../../../../../tests/onnxruntime.rs"]
mod library;

/// An input that isn't the same everywhere.
fn wave(side: usize) -> Vec<f32> {
    (0..3 * side * side).map(|i| (i as f32 * 0.01).sin()).collect()
}

fn farthest(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn both_engines_answer_the_same_up_to_rounding() {
    let Some(ort) = engine() else { return };
    let rten = RtenNetworks::load().unwrap_or_else(|e| panic!("{e}"));
    let grey = |side: usize| vec![0.5; 3 * side * side];
    for input in [wave, grey] {
        let [a, b] = [&rten as &dyn Networks, ort].map(|engine| engine.detect(&input(DETECTOR_SIDE)).expect("it runs"));
        // A logit far from naught may differ more than the probability it stands for, which is what is compared with a limit.
        let shares = |logits: &[f32]| -> Vec<f32> { logits.iter().map(|logit| 1.0 / (1.0 + (-logit).exp())).collect() };
        let (boxes, scores) = (farthest(&a.boxes, &b.boxes), farthest(&shares(&a.scores), &shares(&b.scores)));
        let [a, b] = [&rten as &dyn Networks, ort].map(|engine| engine.mesh(&input(MESH_SIDE)).expect("it runs"));
        let (points, presence) = (farthest(&a.points, &b.points), (a.presence - b.presence).abs());
        let [a, b] = [&rten as &dyn Networks, ort].map(|engine| engine.person(&input(PERSON_SIDE)).expect("it runs"));
        let shares = farthest(&a, &b);
        println!("farthest apart: boxes {boxes:.1e}, scores {scores:.1e}, points {points:.1e}, presence {presence:.1e}, shares {shares:.1e}");
        // Pixels of the input, probabilities, a logit, shares: a thousandth is what is kept of any.
        assert!([boxes, scores, points, presence, shares].into_iter().all(|far| far < 1e-3));
    }
}

#[test]
fn it_says_which_library_and_which_models_it_is() {
    let Some(ort) = engine() else { return };
    let (ort, rten) = (ort.identity().expect("it is made"), RtenNetworks::identity_of());
    let library = Digest::of(&std::fs::read(library::found().expect("found above")).expect("readable")).to_string();
    assert!(ort.starts_with(&format!("onnxruntime 1.31 of {}", &library[..16])) && ort.contains("mesh 9632622e6fb342f9"), "{ort}");
    assert_ne!(ort, rten);
}

#[test]
fn an_input_of_another_size_is_a_fault_and_no_numbers_are_survived() {
    let Some(ort) = engine() else { return };
    for length in [0, 1, 3 * 128 * 128 - 1, 3 * 256 * 256 + 1] {
        let input = vec![0.0; length];
        assert!(ort.detect(&input).is_err() && ort.mesh(&input).is_err() && ort.person(&input).is_err(), "{length}");
    }
    for number in [f32::NAN, f32::INFINITY, f32::MAX] {
        let _ = ort.detect(&vec![number; 3 * DETECTOR_SIDE * DETECTOR_SIDE]);
        let _ = ort.mesh(&vec![number; 3 * MESH_SIDE * MESH_SIDE]);
        let _ = ort.person(&vec![number; 3 * PERSON_SIDE * PERSON_SIDE]);
    }
}

#[test]
fn threads_change_nothing_and_sessions_are_lent_again() {
    let Some(path) = library::found() else { return };
    let ort = OrtNetworks::load(&path).unwrap_or_else(|e| panic!("{e}"));
    let alone = ort.person(&wave(PERSON_SIDE)).expect("it runs");
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| ort.as_worker(&mut || (0..5).for_each(|_| assert!(ort.person(&wave(PERSON_SIDE)).expect("it runs") == alone))));
        }
    });
    let kept = ort.person.idle.lock().expect("nobody died").len();
    assert!((1..=3).contains(&kept), "{kept} sessions for three threads");
}

#[test]
fn a_foreign_rayon_worker_runs_it_itself() {
    use rayon::prelude::*;
    thread_local!(static BUSY: std::cell::Cell<bool> = const { std::cell::Cell::new(false) });
    let Some(ort) = engine() else { return };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("two threads");
    let input = wave(DETECTOR_SIDE);
    let one = |_| {
        let nested = BUSY.replace(true);
        ort.detect(&input).expect("it runs");
        BUSY.set(false);
        u32::from(nested)
    };
    assert_eq!(pool.install(|| (0..24u32).into_par_iter().map(one).sum::<u32>()), 0, "one picture was begun inside another");
}

#[test]
fn a_process_has_one_library() {
    if engine().is_none() {
        return;
    }
    let other = PathBuf::from("/nonexistent/libonnxruntime.so");
    let fault = OrtNetworks::load(&other).err().expect("another path");
    assert!(fault.0.contains("already loaded"), "{fault}");
}
