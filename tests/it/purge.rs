//! `cardline purge` as a person types it: not before the days are over, what would go, what went, and what can still be told of it.

use std::collections::BTreeMap;
use std::process::Command;

use crate::plant::{Plant, rows, text};

/// 31 days after the clock every other command is shown.
const LATER: &str = "2026-12-23T14:00:01Z";
/// A day before the first retention is over.
const EARLIER: &str = "2026-12-21T14:00:00Z";
const WHO: [&str; 4] = ["--as", "li", "--reason", "retention is over"];

fn purge(plant: &Plant, clock: &str, more: &[&str]) -> String {
    let args = [&["purge"], &WHO[..], more].concat();
    let output = plant.run_at(clock, &args);
    assert!(output.status.success(), "{:?}: {}", output.status, text(&output.stderr));
    text(&output.stdout)
}

/// A plant after a night; every held application is refused, so that whole packages have come to their end.
fn finished(applications: u32, seed: u64) -> Plant {
    let plant = Plant::stocked(applications, seed);
    finish(&plant);
    plant
}

fn finish(plant: &Plant) {
    plant.ok(&["run"]);
    for line in plant.ok(&["held", "--json"]).lines() {
        let held: serde_json::Value = serde_json::from_str(line).unwrap();
        let name = format!("{}/{}", held["outlet"].as_str().unwrap(), held["application_id"].as_str().unwrap());
        // A number used twice names the first that used it, which may not be the held one.
        plant.run(&["resolve", &name, "reject", "--reason", "out of time", "--as", "op1"]);
    }
}

/// Everything in the plant that isn't the ledger's own.
fn files(plant: &Plant) -> BTreeMap<String, Vec<u8>> {
    ["vault", "batches", "returns", "registers", "quarantine", "keys"].iter().flat_map(|top| plant.files(top)).collect()
}

#[test]
fn nothing_goes_before_its_days_are_over_and_a_dry_run_changes_nothing() {
    let plant = finished(60, 91);
    let before = files(&plant);
    let early = purge(&plant, EARLIER, &[]);
    assert!(early.contains("purged        0 packages, 0 batches"), "{early}");
    let dry = purge(&plant, LATER, &["--dry-run"]);
    assert!(dry.contains("; nothing was done") && dry.contains("1 batches") && !dry.contains(" 0 packages, "), "{dry}");
    assert!(before == files(&plant), "nothing was touched");
    assert_eq!(plant.run(&["purge", "--reason", "r"]).status.code(), Some(64), "somebody must be named");
    assert_eq!(plant.run(&["purge", "--as", "li", "--reason", " "]).status.code(), Some(64), "and why");
}

#[test]
fn what_was_purged_is_gone_and_its_history_is_not() {
    let plant = finished(60, 92);
    let before = files(&plant);
    let told = purge(&plant, LATER, &[]);
    assert!(told.contains("1 batches") && !told.contains("purged        0 packages"), "{told}");
    let after = files(&plant);
    let gone: Vec<&String> = before.keys().filter(|path| !after.contains_key(*path)).collect();
    assert!(gone.iter().any(|p| p.ends_with("/key")) && gone.iter().any(|p| p.ends_with("contents.seg")) && gone.iter().any(|p| p.ends_with(".pdf")));
    let batch: Vec<&String> = after.keys().filter(|path| path.starts_with("batches/")).collect();
    assert!(batch.len() == 2 && batch.iter().all(|p| p.contains("/manifest.json")), "{batch:?}");
    assert!(after.iter().all(|(path, bytes)| before[path] == *bytes), "what stays is as it was");
    let verified = plant.ok(&["verify"]);
    assert!(!verified.contains("BROKEN") && verified.contains("1 of 1 batches"), "{verified}");
    let sampled = plant.run(&["verify", "--sample", "100%"]);
    assert!(sampled.status.success() && text(&sampled.stdout).contains("jobs are left out"), "{}", text(&sampled.stdout));
    let status: serde_json::Value = serde_json::from_str(&plant.ok(&["status", "--json"])).unwrap();
    assert!(status["packages"]["purged"].as_u64() > Some(0), "{status}");
    history_is_told(&plant);
    let again = purge(&plant, LATER, &[]);
    assert!(again.contains("purged        0 packages, 0 batches"), "{again}");
    assert!(after == files(&plant));
    plant.ok(&["run"]);
    assert!(after == files(&plant), "a later run neither misses it nor makes anything of it again");
}

#[test]
fn a_purged_package_sent_again_is_a_repeat_and_gets_its_lists_back_without_photos() {
    let plant = Plant::stocked(60, 92);
    let kept = tempfile::tempdir().expect("a folder");
    let copy = |from: &std::path::Path, to: &std::path::Path| assert!(Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap().success());
    copy(&plant.root.join("inbox"), kept.path());
    finish(&plant);
    let before = plant.files("returns");
    purge(&plant, LATER, &[]);
    let pages = |files: &BTreeMap<String, Vec<u8>>| files.keys().filter(|path| path.ends_with("/letter.html")).cloned().collect::<Vec<_>>();
    let purged: Vec<String> = pages(&before).into_iter().filter(|path| !plant.root.join(path).exists()).collect();
    let lists: Vec<String> = purged.iter().map(|path| path.replace("letter.html", "answers.csv")).collect();
    assert!(!lists.is_empty(), "a package was purged");
    lists.iter().for_each(|path| std::fs::remove_file(plant.root.join(path)).unwrap());
    copy(&kept.path().join("inbox/."), &plant.root.join("inbox"));
    let output = plant.run_at(LATER, &["intake"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(lists.iter().all(|path| plant.root.join(path).exists()), "the outlet has its list again");
    assert!(!purged.iter().any(|path| plant.root.join(path).exists()), "the photos stay gone");
    plant.ok(&["verify"]);
}

/// The first answer said "accepted", the one given again says what was made since; both are on record.
#[test]
fn an_answer_taken_away_is_given_again_as_things_stand_and_a_changed_one_is_noticed() {
    let plant = Plant::stocked(60, 96);
    let kept = tempfile::tempdir().expect("a folder");
    let copy = |from: &std::path::Path, to: &std::path::Path| assert!(Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap().success());
    copy(&plant.root.join("inbox"), kept.path());
    plant.ok(&["run"]);
    let answers = |plant: &Plant| plant.files("returns").into_iter().filter(|(path, _)| path.ends_with("/answers.csv")).collect::<BTreeMap<_, _>>();
    let first = answers(&plant);
    assert!(first.values().all(|csv| !text(csv).contains(",produced,")) && first.values().any(|csv| text(csv).contains(",accepted,")));
    // One is left alone, one was changed by its outlet, the others were taken away.
    let (left, changed) = (first.keys().next().unwrap(), first.keys().nth(1).unwrap());
    std::fs::write(plant.root.join(changed), "mine").unwrap();
    first.keys().skip(2).for_each(|path| std::fs::remove_file(plant.root.join(path)).unwrap());
    let noticed = plant.run(&["verify"]);
    assert!(noticed.status.code() == Some(70) && text(&noticed.stdout).contains("I-32 BROKEN"), "{}", text(&noticed.stdout));
    copy(&kept.path().join("inbox/."), &plant.root.join("inbox"));
    plant.ok(&["intake"]);
    let again = answers(&plant);
    assert_eq!(again.keys().collect::<Vec<_>>(), first.keys().collect::<Vec<_>>());
    assert_eq!(again[left], first[left], "an answer nobody touched stays");
    assert!(again.iter().all(|(path, csv)| path == left || !text(csv).contains(",accepted,")), "what was accepted was made");
    assert!(again.values().any(|csv| text(csv).contains(",produced,")));
    plant.ok(&["verify"]);
    std::fs::write(plant.root.join(changed), "mine").unwrap();
    assert_eq!(plant.run(&["verify"]).status.code(), Some(70));
}

fn history_is_told(plant: &Plant) {
    let export = plant.ok(&["ledger", "export"]);
    let entries: Vec<serde_json::Value> = export.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let kind = |name: &str| entries.iter().filter(|e| e.to_string().contains(name)).count();
    assert!(kind("PackagePurged") > 0 && kind("BatchPurged") == 1);
    let number = |e: &&serde_json::Value| {
        e.to_string().split("\"PackagePurged\"").nth(1).and_then(|t| t.split("\"package\":").nth(1)?.split([',', '}']).next()?.parse::<u64>().ok())
    };
    let purged: Vec<u64> = entries.iter().filter_map(|e| number(&e)).collect();
    let answers = plant.outputs().into_iter().filter(|(p, _)| p.ends_with("answers.jsonl"));
    let mut told = 0;
    for (_, bytes) in answers {
        for line in text(&bytes).lines() {
            let answer: serde_json::Value = serde_json::from_str(line).unwrap();
            let output = plant.run(&["explain", answer["application_id"].as_str().unwrap()]);
            let said = text(&output.stdout);
            if said.contains("PRG-01 purged 2026-12-23") && said.contains("by li: retention is over") {
                told += 1;
                let history = plant.ok(&["track", answer["application_id"].as_str().unwrap()]);
                assert!(history.contains("received in package") && history.contains("package purged by li: retention is over"), "{history}");
                break;
            }
        }
    }
    assert!(told > 0 && told <= purged.len(), "{told} of {}", purged.len());
}

#[test]
fn a_key_brought_back_after_a_purge_is_noticed() {
    let plant = finished(60, 92);
    let keys: BTreeMap<String, Vec<u8>> = plant.files("vault").into_iter().filter(|(path, _)| path.ends_with("/key")).collect();
    purge(&plant, LATER, &[]);
    let (path, key) = keys.iter().find(|(path, _)| !plant.root.join(path).exists()).expect("a purged package");
    std::fs::create_dir(plant.root.join(path).parent().unwrap()).unwrap();
    std::fs::write(plant.root.join(path), key).unwrap();
    let output = plant.run(&["verify"]);
    assert!(output.status.code() == Some(70) && text(&output.stdout).contains("I-29 BROKEN"), "{}", text(&output.stdout));
    purge(&plant, LATER, &[]);
    assert!(!plant.root.join(path).exists(), "the next purge destroys it again");
    plant.ok(&["verify"]);
}

#[test]
fn a_lost_key_stops_a_run_with_its_code_and_spoils_nothing() {
    let plant = Plant::stocked(40, 93);
    plant.ok(&["intake"]);
    let path = plant.root.join("vault/00000000/key");
    let key = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let output = plant.run(&["produce"]);
    assert!(output.status.code() == Some(78) && text(&output.stderr).contains("KEY-01"), "{}", text(&output.stderr));
    let mut damaged = key.clone();
    damaged[60] ^= 1;
    std::fs::write(&path, damaged).unwrap();
    let output = plant.run(&["produce"]);
    assert!(output.status.code() == Some(78) && text(&output.stderr).contains("KEY-02"), "{}", text(&output.stderr));
    std::fs::write(&path, key).unwrap();
    plant.ok(&["produce"]);
    plant.ok(&["verify"]);
    assert!(!plant.ok(&["ledger", "export"]).contains("OUT-03"), "no card was spoiled for it");
    std::fs::remove_file(plant.root.join("keys/vault.key")).unwrap();
    let output = plant.run(&["run"]);
    assert!(output.status.code() == Some(78) && text(&output.stderr).contains("KEY-01"), "{}", text(&output.stderr));
}

/// Names and numbers of applicants stand nowhere below `vault/` as they are.
#[test]
fn nothing_personal_lies_open_in_the_vault() {
    let plant = Plant::stocked(40, 94);
    plant.ok(&["run"]);
    let mut names = Vec::new();
    for (_, bytes) in plant.outputs().into_iter().filter(|(path, _)| path.contains("/bundle-") && path.ends_with(".csv")) {
        names.extend(rows(&bytes).into_iter().map(|row| row["name"].clone()));
    }
    let known: Vec<&String> = names.iter().filter(|n| n.len() >= 8).collect();
    assert!(known.len() > 5, "{names:?}");
    for (path, bytes) in plant.files("vault") {
        let found = known.iter().find(|name| bytes.windows(name.len()).any(|w| w == name.as_bytes()));
        assert!(found.is_none() && !bytes.windows(4).any(|w| w == [0xFF, 0xD8, 0xFF, 0xE0]) && !bytes.windows(7).any(|w| w == b"photos/"), "{path}");
    }
}
