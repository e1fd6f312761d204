//! Two processes at one moment on one plant: two runs, and a run against a person's request. One wins; the other is told that the plant
//! is in use, or finds the work done. Two releases race in `people.rs`.

use std::collections::BTreeMap;
use std::process::Stdio;

use crate::plant::{Plant, assert_same, text};

const SAMPLE: usize = 10;
/// The bar.
const ALL: usize = 1_000;
const IN_USE: i32 = 75;
const NOT_ALLOWED: i32 = 77;

#[test]
fn a_sample_of_races_has_one_winner_each() {
    races(SAMPLE);
}

#[test]
#[ignore = "minutes long even in release: docs/RELIABILITY.md says how to run it"]
fn a_thousand_races_have_one_winner_each() {
    races(ALL);
}

/// The plant before the race, and what it must come to.
struct Course {
    evening: Plant,
    wanted: BTreeMap<String, Vec<u8>>,
    /// The same after its intake, an application of it that is accepted, and how many are.
    day: Plant,
    application: String,
    accepted: u64,
}

fn races(count: usize) {
    let evening = Plant::stocked(12, 91);
    let undisturbed = evening.copy();
    undisturbed.ok(&["run"]);
    let day = evening.copy();
    let accepted = day.closing(&["intake", "--json"])["applications"]["accepted"].as_u64().unwrap();
    let answers: String = day.outputs().into_iter().filter(|(p, _)| p.ends_with("answers.jsonl")).map(|(_, b)| text(&b)).collect();
    let mut answers = answers.lines().map(|l| serde_json::from_str::<serde_json::Value>(l).unwrap());
    let application = answers.find(|a| a["outcome"] == "accepted").expect("an accepted application")["application_id"].as_str().unwrap().to_owned();
    let course = Course { wanted: undisturbed.outputs(), evening, day, application, accepted };
    let (mut refused, mut withdrawn) = (0, 0);
    for race in 0..count {
        if race % 2 == 0 {
            refused += usize::from(course.two_runs(race));
        } else {
            withdrawn += usize::from(course.run_and_withdrawal(race));
        }
    }
    println!("{count} races: {refused} runs found the plant in use, {withdrawn} withdrawals came before their batch was cut, one winner each");
}

impl Course {
    /// Whether one of them was turned away.
    fn two_runs(&self, race: usize) -> bool {
        let plant = self.evening.copy();
        let codes = together(&plant, [&["run"], &["run"]]);
        assert!(codes.contains(&0) && codes.iter().all(|c| [0, IN_USE].contains(c)), "race {race}: {codes:?}");
        assert_same(&self.wanted, &plant.outputs());
        assert_eq!(cuts(&plant), 1, "race {race}");
        plant.ok(&["verify"]);
        codes.contains(&IN_USE)
    }

    /// Whether the withdrawal won.
    fn run_and_withdrawal(&self, race: usize) -> bool {
        let plant = self.day.copy();
        let withdraw = ["withdraw", &self.application, "--reason", "left", "--as", "op1"];
        let [mut made, mut withdrawn] = together(&plant, [&["produce"], &withdraw]);
        assert!([0, IN_USE].contains(&made) && [0, IN_USE, NOT_ALLOWED].contains(&withdrawn), "race {race}: {made} {withdrawn}");
        assert!(made == 0 || withdrawn == 0, "race {race}: each found the plant in use");
        // Whoever was turned away tries again, as the answer says.
        if withdrawn == IN_USE {
            withdrawn = plant.run(&withdraw).status.code().unwrap();
        }
        if made == IN_USE {
            made = plant.run(&["produce"]).status.code().unwrap();
        }
        assert!(made == 0 && [0, NOT_ALLOWED].contains(&withdrawn), "race {race}: {made} {withdrawn}");
        assert_eq!(cards(&plant), self.accepted - u64::from(withdrawn == 0), "race {race}: withdrawn with {withdrawn}");
        plant.ok(&["verify"]);
        withdrawn == 0
    }
}

/// Starts both at one moment; exit codes.
fn together(plant: &Plant, commands: [&[&str]; 2]) -> [i32; 2] {
    let children = commands.map(|args| plant.command(args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    children.map(|mut child| child.wait().unwrap().code().expect("ended by itself"))
}

fn cuts(plant: &Plant) -> usize {
    plant.ok(&["ledger", "export"]).lines().filter(|l| l.contains("\"entry\":{\"BatchCut\"")).count()
}

/// Cards of the only batch.
fn cards(plant: &Plant) -> u64 {
    let manifests: Vec<Vec<u8>> = plant.files("batches").into_iter().filter(|(p, _)| p.ends_with("/manifest.json")).map(|(_, b)| b).collect();
    assert_eq!(manifests.len(), 1);
    serde_json::from_slice::<serde_json::Value>(&manifests[0]).unwrap()["cards"].as_u64().unwrap()
}
