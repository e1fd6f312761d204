//! The commands that judge photos, as a person runs them on a small labelled set.

use std::path::Path;
use std::process::{Command, Output};

use crate::plant::{Plant, text};

fn cardline(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cardline")).args(args).output().expect("the program starts")
}

fn set(folder: &Path) -> String {
    let folder = folder.join("set").display().to_string();
    let made = cardline(&["photo", "labelled", &folder, "--seed", "5", "--count", "1", "--degraded", "1"]);
    assert!(made.status.success(), "{}", text(&made.stderr));
    folder
}

#[test]
fn a_labelled_set_is_evaluated_and_shown() {
    let scratch = tempfile::tempdir().expect("a folder");
    let folder = set(scratch.path());
    let labels = std::fs::read_to_string(format!("{folder}/labels.csv")).unwrap();
    assert!(labels.lines().count() > 100 && labels.contains("held-out"), "{labels}");
    let evaluated = cardline(&["photo", "evaluate", &folder, "--json"]);
    let tally: serde_json::Value = serde_json::from_slice(&evaluated.stdout).expect("one JSON object");
    assert_eq!(tally["photos"].as_u64(), Some(labels.lines().count() as u64 - 1));
    for rule in ["PHO-04", "PHO-16", "PHO-20", "PHO-26", "PHO-27"] {
        assert_eq!(tally["rules"][rule]["missed"], 0, "{rule}: {}", tally["rules"][rule]);
    }
    let out = format!("{folder}/sheet.png");
    let shown = cardline(&["photo", "sheet", &folder, "--out", &out]);
    assert!(shown.status.success(), "{}", text(&shown.stderr));
    let first = text(&shown.stdout).lines().next().unwrap_or_default().to_owned();
    assert!(std::fs::read(first).unwrap().starts_with(b"\x89PNG"));
}

#[test]
fn a_bad_label_is_named_with_its_line() {
    let scratch = tempfile::tempdir().expect("a folder");
    std::fs::write(scratch.path().join("labels.csv"), "file,verdict\na.jpg,perhaps\n").unwrap();
    let refused = cardline(&["photo", "evaluate", &scratch.path().display().to_string()]);
    assert!(!refused.status.success());
    assert!(text(&refused.stderr).contains("labels.csv line 2"), "{}", text(&refused.stderr));
}

#[test]
fn a_good_photo_passes_and_its_landmarks_are_where_its_face_is() {
    let photo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/photos/conforming.jpg").display().to_string();
    let checked = cardline(&["photo", "check", &photo, "--json"]);
    let line: serde_json::Value = serde_json::from_slice(&checked.stdout).expect("one JSON object");
    assert_eq!((checked.status.code(), line["verdict"].as_str()), (Some(0), Some("pass")), "{}", line["reasons"]);
    let points: Vec<[f64; 2]> = serde_json::from_value(line["landmarks"].clone()).expect("points");
    assert_eq!(points.len(), 468);
    // 152 is the chin and 10 the top of the face.
    assert!(points[152][1] - points[10][1] > 150.0 && points.iter().all(|[x, y]| (0.0..358.0).contains(x) && (0.0..441.0).contains(y)));
}

#[test]
fn a_checked_photo_says_all_it_measured_and_is_marked() {
    let scratch = tempfile::tempdir().expect("a folder");
    let photo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/photos/frame-black-3.jpg").display().to_string();
    let marked = scratch.path().display().to_string();
    let checked = cardline(&["photo", "check", &photo, "--json", "--annotate", &marked]);
    assert_eq!(checked.status.code(), Some(3));
    let line: serde_json::Value = serde_json::from_slice(&checked.stdout).expect("one JSON object");
    assert_eq!(line["verdict"], "reject");
    assert!(line["reasons"].as_array().unwrap().iter().any(|r| r["code"] == "PHO-16" && !r["limit"].is_null()));
    assert!(line["measurements"]["pixels"]["blur"].is_f64() && line["components"]["Sharpness"]["raw"].is_f64());
    assert!(std::fs::read(scratch.path().join("frame-black-3.jpg.marked.png")).unwrap().starts_with(b"\x89PNG"));
}

#[test]
fn the_same_profile_flips_nothing_and_a_stricter_one_says_what() {
    let plant = Plant::stocked(60, 47);
    plant.ok(&["intake"]);
    assert_eq!(plant.ok(&["whatif", "--profile", "hubei-foreigner-2025", "--held"]), "");
    let refused = plant.run(&["whatif", "--profile", "hubei-foreigner-2025"]);
    assert_eq!(refused.status.code(), Some(64), "a day or the held ones");
}

#[test]
fn an_engine_that_cannot_be_used_is_refused_before_a_photo_or_a_night() {
    let photo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/photos/conforming.jpg").display().to_string();
    let refused = |output: Output| assert!(output.status.code() == Some(78) && text(&output.stderr).contains("CFG-08"), "{}", text(&output.stderr));
    refused(cardline(&["photo", "check", &photo, "--onnxruntime", "/nonexistent/libonnxruntime.so"]));
    let plant = Plant::stocked(10, 48);
    plant.configure("engine", "\"onnxruntime\"");
    refused(plant.run(&["status"]));
    plant.configure("library", "\"/nonexistent/libonnxruntime.so\"");
    plant.ok(&["status"]);
    let before = plant.journal_bytes();
    refused(plant.run(&["run"]));
    assert_eq!(plant.journal_bytes(), before, "nothing was begun");
}
