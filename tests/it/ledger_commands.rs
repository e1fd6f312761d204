//! The ledger looked at, exported, shown, rebuilt and witnessed.

use line::package::SecretKey;

use crate::plant::{Plant, text};

#[track_caller]
fn refused(plant: &Plant, args: &[&str], exit: i32, code: &str) -> String {
    let output = plant.run(args);
    let said = text(&output.stderr);
    assert!(output.status.code() == Some(exit) && said.contains(code), "{:?}: {said}", output.status);
    said
}

fn files(plant: &Plant) -> Vec<(String, Vec<u8>)> {
    let mut found: Vec<_> = walk(&plant.root.join("ledger")).into_iter().map(|p| (p.display().to_string(), std::fs::read(&p).unwrap())).collect();
    found.sort();
    found
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let inside = std::fs::read_dir(folder).unwrap().flatten().map(|e| e.path());
    inside.flat_map(|p| if p.is_dir() { walk(&p) } else { vec![p] }).collect()
}

#[test]
fn check_says_how_things_are_and_changes_nothing() {
    let plant = Plant::stocked(60, 81);
    plant.ok(&["intake"]);
    let before = files(&plant);
    let said = plant.ok(&["ledger", "check"]);
    for word in ["chain     sound", "tail      whole", "last stop clean", "index     agrees with the journal"] {
        assert!(said.contains(word), "{word} in {said}");
    }
    assert!(before == files(&plant), "nothing was changed");
    // An incomplete last commit is told with its place.
    let journal = plant.root.join("ledger/journal-000001.log");
    let whole = std::fs::read(&journal).unwrap();
    std::fs::write(&journal, [whole.as_slice(), &[7; 30]].concat()).unwrap();
    let said = plant.ok(&["ledger", "check"]);
    assert!(said.contains(&format!("tail      torn: 30 bytes from byte {} of ledger/journal-000001.log", whole.len())), "{said}");
    // Damage is refused with its place.
    let mut damaged = whole.clone();
    damaged[4000] ^= 1;
    std::fs::write(&journal, damaged).unwrap();
    let said = refused(&plant, &["ledger", "check"], 78, "JRN-02");
    assert!(said.contains("ledger/journal-000001.log at byte"), "{said}");
    std::fs::write(&journal, whole).unwrap();
    plant.ok(&["ledger", "check"]);
}

#[test]
fn an_index_of_another_history_is_told_and_rebuilding_sets_the_old_one_aside() {
    let plant = Plant::stocked(60, 82);
    let other = plant.copy();
    other.ok(&["intake", "--as", "op2"]);
    plant.ok(&["intake"]);
    std::fs::remove_dir_all(plant.root.join("ledger/index")).unwrap();
    assert!(plant.ok(&["ledger", "check"]).contains("index     none"));
    let copied = std::process::Command::new("cp").arg("-a").args([other.root.join("ledger/index"), plant.root.join("ledger/index")]).status().unwrap();
    assert!(copied.success());
    let said = plant.ok(&["ledger", "check"]);
    assert!(said.contains("another history"), "{said}");
    let status = Plant::copy(&plant).ok(&["status", "--json"]);
    let output = plant.run(&["ledger", "rebuild"]);
    assert!(output.status.success() && text(&output.stderr).contains("IDX-01 index set aside as ledger/index.bad-1"), "{}", text(&output.stderr));
    assert!(plant.root.join("ledger/index.bad-1").is_dir());
    assert!(plant.ok(&["ledger", "check"]).contains("index     agrees"));
    assert_eq!(plant.ok(&["status", "--json"]), status, "status never asks the index");
    assert!(!plant.ok(&["verify"]).contains("BROKEN"));
}

#[test]
fn export_and_show_tell_every_entry() {
    let plant = Plant::stocked(60, 83);
    plant.ok(&["run"]);
    let key = plant.root.join("li.pub");
    std::fs::write(&key, SecretKey::from_seed(&[4; 32]).public_key_file()).unwrap();
    plant.ok(&["people", "add", "li", "--name", "Very Private", "--role", "supervisor", "--key", key.to_str().unwrap()]);
    let export = plant.ok(&["ledger", "export"]);
    for (i, line) in export.lines().enumerate() {
        let entry: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!((entry["seq"].as_u64(), entry["hash"].as_str().map(str::len)), (Some(i as u64 + 1), Some(64)));
    }
    assert!(!export.contains("Very Private") && export.contains("\"person\":\"li\""));
    let head = export.lines().count();
    let witness = plant.ok(&["ledger", "witness"]);
    let last: serde_json::Value = serde_json::from_str(export.lines().last().unwrap()).unwrap();
    assert_eq!(witness.trim_end(), format!("{head} {} {}", last["hash"].as_str().unwrap(), crate::plant::CLOCK));
    assert!(plant.ok(&["ledger", "show", "1"]).contains("PlantCreated"));
    let run = plant.ok(&["ledger", "show", "run-1"]);
    assert!(run.contains("run 1 (run) started by scheduler") && run.contains("ended with exit code 0") && run.contains("cut:"), "{run}");
    for (what, exit) in [("run-9", 64), ("999999", 64), ("B20200101-01", 64), ("../x", 64)] {
        assert_eq!(plant.run(&["ledger", "show", what]).status.code(), Some(exit), "{what}");
    }
}

#[test]
fn a_plant_that_was_rolled_back_is_refused_by_its_witness() {
    let plant = Plant::stocked(60, 84);
    plant.ok(&["intake"]);
    let yesterday = plant.copy();
    let early = plant.ok(&["ledger", "witness"]);
    plant.ok(&["produce"]);
    let late = plant.ok(&["ledger", "witness"]);
    let kept = plant.root.join("witness.txt");
    std::fs::write(&kept, format!("{early}{late}")).unwrap();
    let kept = kept.to_str().unwrap();
    assert!(plant.ok(&["verify", "--witness", kept]).contains("I-18 ok"));
    plant.ok(&["verify", "--witness", late.trim_end()]);
    // Yesterday's ledger comes back: sound in itself, but it lacks what was witnessed since.
    for name in ["journal-000001.log", "head"] {
        std::fs::copy(yesterday.root.join("ledger").join(name), plant.root.join("ledger").join(name)).unwrap();
    }
    plant.ok(&["ledger", "check"]);
    let before = files(&plant);
    refused(&plant, &["verify", "--witness", late.trim_end()], 78, "JRN-03");
    refused(&plant, &["run", "--witness", kept], 78, "JRN-03");
    refused(&plant, &["run", "--witness", "1 nonsense"], 64, "USE-01");
    assert!(before == files(&plant), "refused before anything was written");
}
