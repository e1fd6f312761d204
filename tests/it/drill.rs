//! `cardline drill`: passes on a sound plant, changes nothing in it, leaves nothing behind, and has something to rehearse with.

use serde_json::Value;

use crate::plant::{Plant, text};

const EXERCISES: [&str; 6] = ["undisturbed", "power cut", "refusing disk", "flipped bit", "SIGKILL", "spoilt index"];

#[test]
fn a_sound_plant_passes_the_drill_and_is_only_read() {
    let plant = Plant::stocked(50, 8);
    // An hour after the registers came in, as on any real plant.
    let night = plant.run_at("2026-11-22T15:00:00Z", &["run"]);
    assert!(night.status.success(), "{}", text(&night.stderr));
    let before = plant.files("");
    let told = plant.ok(&["drill", "--json", "--packages", "2", "--rounds", "6", "--kills", "2", "--bits", "16"]);
    let lines: Vec<Value> = told.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let names: Vec<&str> = lines.iter().filter_map(|l| l["exercise"].as_str()).collect();
    assert_eq!(names, EXERCISES);
    assert!(lines.iter().all(|l| l["ok"] == true), "{told}");
    assert!(lines[2]["text"].as_str().is_some_and(|t| !t.contains(" 0 nights stopped")), "some refusals must bite: {told}");
    assert!(before == plant.files(""), "the plant was changed");
    let left: Vec<_> = std::fs::read_dir(plant.root.parent().expect("a parent")).expect("readable").flatten().map(|e| e.file_name()).collect();
    assert_eq!(left, ["plant"], "the drill's folder is gone");
}

#[test]
fn a_plant_without_packages_has_nothing_to_rehearse() {
    let plant = Plant::stocked(20, 8);
    let output = plant.run(&["drill"]);
    assert_eq!(output.status.code(), Some(64), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("no package to rehearse"), "{}", text(&output.stderr));
}
