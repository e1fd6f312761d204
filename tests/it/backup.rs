//! A plant backed up and brought back: the same plant, never over another, never to before what is known.

use std::fs;
use std::path::Path;
use std::process::Output;

use crate::plant::{Plant, assert_same, text};

fn restore(to: &Path, from: &Path, more: &[&str]) -> Output {
    let fixed = ["restore", "--as", "ops-1", "--reason", "rehearsal", "--from"];
    Plant::at(to).command(&fixed).arg(from).args(more).output().expect("the program starts")
}

fn refused(output: &Output, exit: i32, code: &str) {
    let said = text(&output.stderr);
    assert!(output.status.code() == Some(exit) && said.contains(code), "{:?} {said}", output.status);
}

#[test]
fn a_plant_comes_back_whole_and_goes_on() {
    let plant = Plant::stocked(60, 41);
    plant.ok(&["intake"]);
    let beside = tempfile::tempdir().unwrap();
    let (kept, apart, back) = (beside.path().join("backup"), beside.path().join("keys"), beside.path().join("back"));
    let witness = plant.ok(&["backup", "--to", kept.to_str().unwrap()]);
    assert!(!kept.join("plant/keys").exists() && !kept.join("plant/inbox").exists() && kept.join("backup.json.minisig").exists());
    fs::create_dir(&apart).unwrap();
    for entry in fs::read_dir(plant.root.join("keys")).unwrap().flatten() {
        fs::copy(entry.path(), apart.join(entry.file_name())).unwrap();
    }
    let keys = ["--keys", apart.to_str().unwrap()];
    refused(&restore(&back, &kept, &[]), 69, "--keys");
    let done = restore(&back, &kept, &[keys[0], keys[1], "--witness", witness.trim_end()]);
    assert!(done.status.success() && text(&done.stderr).contains("BAK-02"), "{}", text(&done.stderr));
    refused(&restore(&back, &kept, &keys), 78, "JRN-03");
    refused(&restore(beside.path(), &kept, &keys), 64, "in use");
    // Both go on with the night: the same cards come out.
    plant.ok(&["produce"]);
    let returned = Plant::at(&back);
    returned.ok(&["produce"]);
    assert_same(&plant.outputs(), &returned.outputs());
    assert!(!returned.ok(&["verify"]).contains("BROKEN"));
}

#[test]
fn a_restore_never_rolls_back_and_never_overwrites() {
    let plant = Plant::stocked(30, 42);
    plant.ok(&["intake"]);
    let beside = tempfile::tempdir().unwrap();
    let (kept, back) = (beside.path().join("backup"), beside.path().join("back"));
    plant.ok(&["backup", "--with-keys", "--to", kept.to_str().unwrap()]);
    refused(&plant.run(&["backup", "--to", kept.to_str().unwrap()]), 64, "not empty");
    plant.ok(&["produce"]);
    let before = plant.outputs();
    refused(&restore(&plant.root, &kept, &[]), 78, "JRN-03");
    assert_same(&before, &plant.outputs());
    let later = plant.ok(&["ledger", "witness"]);
    refused(&restore(&back, &kept, &["--witness", later.trim_end()]), 78, "JRN-03");
    assert!(!back.exists(), "refused before there is a plant");
    assert!(restore(&back, &kept, &[]).status.success());
}

#[test]
fn a_backup_that_was_changed_is_refused_and_leaves_no_plant() {
    let plant = Plant::stocked(30, 43);
    plant.ok(&["intake"]);
    let beside = tempfile::tempdir().unwrap();
    let (kept, back) = (beside.path().join("backup"), beside.path().join("back"));
    plant.ok(&["backup", "--with-keys", "--to", kept.to_str().unwrap()]);
    let manifest = fs::read_to_string(kept.join("backup.json")).unwrap();
    let listed: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    let victim = listed["files"].as_array().unwrap().iter().find_map(|f| f["path"].as_str().filter(|p| p.starts_with("vault/"))).unwrap();
    let victim = kept.join("plant").join(victim);
    let whole = fs::read(&victim).unwrap();
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    fs::write(&victim, &flipped).unwrap();
    refused(&restore(&back, &kept, &[]), 78, "BAK-01");
    fs::remove_file(&victim).unwrap();
    refused(&restore(&back, &kept, &[]), 78, "BAK-01");
    fs::write(&victim, &whole).unwrap();
    fs::write(kept.join("backup.json"), manifest.replacen("\"head_seq\": ", "\"head_seq\": 1", 1)).unwrap();
    refused(&restore(&back, &kept, &[]), 78, "BAK-01");
    assert!(!back.exists());
    fs::write(kept.join("backup.json"), &manifest).unwrap();
    assert!(restore(&back, &kept, &[]).status.success(), "what a stopped restore left behind is in nobody's way");
}
