//! The people register and release by two people: who may do what, how often, and what a race or a tampered batch comes to.

use std::io::Write as _;
use std::process::{Output, Stdio};

use line::package::SecretKey;

use crate::plant::{Plant, text};

/// Two processes release at one moment, this many times.
const RACES: usize = 20;
/// The issue's bar.
const RACES_ALL: usize = 1_000;

/// Writes key files for a person; the same id always has the same key.
pub fn keys_of(plant: &Plant, person: &str) -> (String, String) {
    let folder = plant.root.join("key-files");
    std::fs::create_dir_all(&folder).unwrap();
    let mut seed = [0; 32];
    seed[..person.len()].copy_from_slice(person.as_bytes());
    let key = SecretKey::from_seed(&seed);
    let (secret, public) = (folder.join(format!("{person}.key")), folder.join(format!("{person}.pub")));
    std::fs::write(&secret, key.to_minisign()).unwrap();
    std::fs::write(&public, key.public_key_file()).unwrap();
    (secret.to_str().unwrap().to_owned(), public.to_str().unwrap().to_owned())
}

/// Adds a person, allowed by `by` unless it is the first one.
pub fn add(plant: &Plant, person: &str, role: &str, by: Option<&str>) -> Output {
    let public = keys_of(plant, person).1;
    let mut args = vec!["people", "add", person, "--name", "Some Body", "--role", role, "--key", &public];
    let sign = by.map(|by| (by, keys_of(plant, by).0));
    if let Some((by, key)) = &sign {
        args.extend(["--as", by, "--sign-key", key]);
    }
    plant.run(&args)
}

fn release(plant: &Plant, batch: &str, person: &str) -> Output {
    let key = keys_of(plant, person).0;
    plant.run(&["release", batch, "--as", person, "--key", &key])
}

/// Exit code and the code of the refusal.
#[track_caller]
pub fn refused(output: &Output, exit: i32, code: &str) {
    let said = text(&output.stderr);
    assert!(output.status.code() == Some(exit) && said.contains(code), "{:?}: {said}", output.status);
}

#[track_caller]
pub fn fine(output: &Output) -> String {
    assert!(output.status.success(), "{:?}: {}", output.status, text(&output.stderr));
    text(&output.stdout)
}

/// A plant in two-person mode with li (supervisor), wu and he (operators).
fn staffed(applications: u32, seed: u64) -> Plant {
    let plant = Plant::stocked(applications, seed);
    let config = plant.root.join("pipeline.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text.replace("mode = \"automatic\"", "mode = \"two-person\"").replace("proof_cards = 12", "proof_cards = 0")).unwrap();
    fine(&add(&plant, "li", "supervisor", None));
    fine(&add(&plant, "wu", "operator", Some("li")));
    fine(&add(&plant, "he", "operator", Some("li")));
    plant
}

/// Runs the night up to the seal; the batch's id.
fn sealed(plant: &Plant) -> String {
    let closing = plant.closing(&["run", "--json"]);
    assert_eq!(closing["waits_for_release"], true);
    closing["batch"].as_str().unwrap().to_owned()
}

fn visible(plant: &Plant, batch: &str) -> bool {
    plant.root.join("batches").join(batch).exists()
}

/// How often the ledger has an entry of this kind.
fn count(plant: &Plant, kind: &str) -> usize {
    counts(plant, [kind])[0]
}

fn counts<const N: usize>(plant: &Plant, kinds: [&str; N]) -> [usize; N] {
    let export = plant.ok(&["ledger", "export"]);
    kinds.map(|kind| export.lines().filter(|l| l.contains(&format!("\"entry\":{{\"{kind}\""))).count())
}

#[test]
fn the_register_is_begun_by_anyone_and_changed_only_with_a_signature() {
    let plant = Plant::stocked(10, 71);
    refused(&add(&plant, "wu", "operator", None), 77, "AUT-07");
    fine(&add(&plant, "li", "supervisor", None));
    refused(&add(&plant, "wu", "operator", None), 77, "AUT-05");
    fine(&add(&plant, "wu", "operator", Some("li")));
    refused(&add(&plant, "he", "operator", Some("wu")), 77, "AUT-04");
    refused(&add(&plant, "he", "operator", Some("nobody")), 77, "AUT-01");
    refused(&add(&plant, "wu", "operator", Some("li")), 77, "AUT-06");
    let (li, wu) = (keys_of(&plant, "li"), keys_of(&plant, "wu"));
    let with = |args: &[&str]| plant.run(args);
    let named = ["people", "add", "he", "--name", "He", "--role", "operator"];
    refused(&with(&[&named[..], &["--key", &wu.1, "--as", "li", "--sign-key", &li.0]].concat()), 77, "AUT-06");
    let he = keys_of(&plant, "he");
    refused(&with(&[&named[..], &["--key", &he.1, "--as", "li", "--sign-key", &wu.0]].concat()), 77, "AUT-02");
    refused(&with(&["people", "remove", "li", "--as", "li", "--key", &li.0]), 77, "AUT-07");
    fine(&with(&["people", "remove", "wu", "--as", "li", "--key", &li.0]));
    refused(&add(&plant, "wu", "operator", Some("li")), 77, "AUT-06");
    let list = plant.ok(&["people", "list"]);
    assert!(list.contains("li  supervisor") && list.lines().any(|l| l.starts_with("wu") && l.ends_with("removed")), "{list}");
    assert_eq!((count(&plant, "PersonAdded"), count(&plant, "PersonRemoved")), (2, 1), "refusals leave nothing behind");
    assert!(plant.ok(&["verify"]).contains("I-24 ok"));
}

#[test]
fn a_new_key_is_encrypted_and_signs_with_its_passphrase_only() {
    let plant = Plant::stocked(10, 72);
    let key = plant.root.join("li.key");
    let key = key.to_str().unwrap();
    let with_passphrase = |args: &[&str], passphrase: &str| {
        let mut child = plant.command(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // A program that refuses at once doesn't read it.
        let _ = child.stdin.take().unwrap().write_all(passphrase.as_bytes());
        child.wait_with_output().unwrap()
    };
    let new = ["people", "add", "li", "--name", "Li Na 李娜", "--role", "custodian", "--new-key", key, "--passphrase-fd", "0"];
    refused(&with_passphrase(&new, "\n"), 64, "USE-01");
    fine(&with_passphrase(&new, "correct horse\n"));
    let secret = std::fs::read_to_string(key).unwrap();
    assert!(SecretKey::from_minisign(&secret, None).is_err() && SecretKey::from_minisign(&secret, Some("correct horse")).is_ok());
    refused(&with_passphrase(&new, "correct horse\n"), 64, "USE-01");
    let public = keys_of(&plant, "wu").1;
    let added = ["people", "add", "wu", "--name", "Wu", "--role", "operator", "--key", &public, "--as", "li", "--sign-key", key, "--sign-passphrase-fd", "0"];
    assert_eq!(with_passphrase(&added, "wrong\n").status.code(), Some(65));
    fine(&with_passphrase(&added, "correct horse\n"));
    // A key made for someone who is then refused is not left lying about.
    let other = plant.root.join("he.key");
    let unsigned = ["people", "add", "he", "--name", "He", "--role", "operator", "--new-key", other.to_str().unwrap(), "--passphrase-fd", "0"];
    refused(&with_passphrase(&unsigned, "another horse\n"), 77, "AUT-05");
    assert!(!other.exists() && !plant.root.join("he.key.pub").exists());
}

#[test]
fn a_batch_goes_out_when_two_people_have_signed_and_not_before() {
    let plant = staffed(60, 73);
    let batch = sealed(&plant);
    assert!(!visible(&plant, &batch));
    refused(&release(&plant, &batch, "nobody"), 77, "AUT-01");
    let key = keys_of(&plant, "li").0;
    refused(&plant.run(&["release", &batch, "--as", "wu", "--key", &key]), 77, "AUT-02");
    assert!(fine(&release(&plant, &batch, "wu")).contains("signed by wu; waits for a supervisor"));
    assert!(!visible(&plant, &batch));
    refused(&release(&plant, &batch, "wu"), 77, "AUT-03");
    assert!(fine(&release(&plant, &batch, "he")).contains("waits for a supervisor"), "two operators are not enough");
    assert!(!visible(&plant, &batch));
    plant.ok(&["produce"]);
    assert!(!visible(&plant, &batch), "a run doesn't release what waits");
    let key = keys_of(&plant, "li").0;
    fine(&plant.run(&["people", "remove", "he", "--as", "li", "--key", &key]));
    refused(&release(&plant, &batch, "he"), 77, "AUT-01");
    let said = fine(&release(&plant, &batch, "li"));
    assert!(said.contains("released by li, wu and dispatched"), "{said}: a person removed meanwhile doesn't count");
    assert!(visible(&plant, &batch) && plant.outputs().keys().any(|p| p.contains("/night-")));
    let before = plant.outputs();
    assert!(fine(&release(&plant, &batch, "li")).contains("before"), "again does nothing");
    crate::plant::assert_same(&before, &plant.outputs());
    assert_eq!((count(&plant, "ReleaseSigned"), count(&plant, "BatchReleased"), count(&plant, "BatchDispatched")), (3, 1, 1));
    let verified = plant.ok(&["verify"]);
    assert!(verified.contains("I-24 ok") && !verified.contains("BROKEN"), "{verified}");
    let shown = plant.ok(&["ledger", "show", &batch]);
    for step in ["cut", "sealed", "signed by wu (operator)", "signed by li (supervisor)", "released by li, wu", "dispatched"] {
        assert!(shown.contains(step), "{step} in {shown}");
    }
}

#[test]
fn the_mode_can_not_be_changed_between_seal_and_release() {
    let plant = staffed(40, 74);
    let batch = sealed(&plant);
    let config = plant.root.join("pipeline.toml");
    let two = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, two.replace("\"two-person\"", "\"automatic\"")).unwrap();
    refused(&plant.run(&["produce"]), 78, "CFG-02");
    refused(&release(&plant, &batch, "li"), 78, "CFG-02");
    assert!(!visible(&plant, &batch));
    std::fs::write(&config, two).unwrap();
    fine(&release(&plant, &batch, "li"));
    fine(&release(&plant, &batch, "wu"));
    assert!(visible(&plant, &batch));
}

#[test]
fn a_tampered_batch_is_not_released() {
    let plant = staffed(40, 75);
    let batch = sealed(&plant);
    fine(&release(&plant, &batch, "wu"));
    let list = plant.root.join(format!("batches/{batch}.staging/dispatch/bundles.csv"));
    let sound = std::fs::read(&list).unwrap();
    let mut changed = sound.clone();
    *changed.last_mut().unwrap() ^= 1;
    std::fs::write(&list, changed).unwrap();
    refused(&release(&plant, &batch, "li"), 70, "OUT-04");
    assert_eq!((count(&plant, "ReleaseSigned"), visible(&plant, &batch)), (1, false));
    std::fs::write(&list, sound).unwrap();
    fine(&release(&plant, &batch, "li"));
    assert!(visible(&plant, &batch));
}

#[test]
fn a_stop_between_the_last_signature_and_the_release_is_made_good_by_running_again() {
    let plant = staffed(40, 76);
    let batch = sealed(&plant);
    fine(&release(&plant, &batch, "wu"));
    let waiting = plant.copy();
    let key = keys_of(&waiting, "li").0;
    let mut stopped = 0;
    for delay_ms in [20, 60, 100, 140, 180, 220, 260, 300, 340, 380, 420] {
        let mut child = waiting.command(&["release", &batch, "--as", "li", "--key", &key]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(delay_ms));
        let ended = child.try_wait().unwrap().is_some();
        child.kill().unwrap();
        child.wait().unwrap();
        stopped += u32::from(!ended);
    }
    assert!(stopped > 0);
    let said = waiting.run(&["release", &batch, "--as", "li", "--key", &key]);
    fine(&said);
    fine(&release(&plant, &batch, "li"));
    crate::plant::assert_same(&plant.outputs(), &waiting.outputs());
    assert_eq!((count(&waiting, "ReleaseSigned"), count(&waiting, "BatchReleased")), (2, 1));
    assert!(!waiting.ok(&["verify"]).contains("BROKEN"));
}

/// Starts both at one moment; exit codes.
fn together(plant: &Plant, batch: &str, people: [&str; 2]) -> [Option<i32>; 2] {
    let keys = people.map(|p| keys_of(plant, p).0);
    let start = |i: usize| {
        let args = ["release", batch, "--as", people[i], "--key", &keys[i]];
        plant.command(&args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    };
    let children = [start(0), start(1)];
    children.map(|mut c| c.wait().unwrap().code())
}

#[test]
fn releases_at_one_moment_give_exactly_the_right_signatures() {
    release_races(RACES);
}

#[test]
#[ignore = "minutes long even in release: docs/RELIABILITY.md says how to run it"]
fn a_thousand_releases_at_one_moment_give_exactly_the_right_signatures() {
    release_races(RACES_ALL);
}

fn release_races(races: usize) {
    let template = staffed(30, 77);
    let batch = sealed(&template);
    for race in 0..races {
        let plant = template.copy();
        // Every fourth time one person tries to be two.
        let people = if race % 4 == 3 { ["li", "li"] } else { ["li", "wu"] };
        let codes = together(&plant, &batch, people);
        assert!(codes.iter().all(|c| matches!(c, Some(0 | 75 | 77))) && codes.contains(&Some(0)), "{codes:?}");
        if people[0] == people[1] {
            assert_eq!((count(&plant, "ReleaseSigned"), visible(&plant, &batch)), (1, false), "race {race}");
            continue;
        }
        // Whoever found the plant in use (75) tries again, as the answer says.
        for (person, _) in people.iter().zip(codes).filter(|(_, code)| *code == Some(75)) {
            fine(&release(&plant, &batch, person));
        }
        let counts = counts(&plant, ["ReleaseSigned", "BatchReleased", "BatchDispatched"]);
        assert_eq!((counts, visible(&plant, &batch)), ([2, 1, 1], true), "race {race}: {codes:?}");
    }
    println!("{races} races of two releases, a quarter of them by one person: exactly the signatures of two people released each batch");
}

#[test]
fn in_a_plant_with_people_only_they_stand_on_record() {
    let plant = staffed(160, 78);
    refused(&plant.run(&["intake", "--as", "stranger", "--reason", "x"]), 77, "AUT-01");
    plant.ok(&["intake"]);
    let held: Vec<serde_json::Value> = plant.ok(&["held", "--json"]).lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    if let Some(h) = held.first() {
        let name = format!("{}/{}", h["outlet"].as_str().unwrap(), h["application_id"].as_str().unwrap());
        refused(&plant.run(&["resolve", &name, "reject", "--reason", "r", "--as", "stranger"]), 77, "AUT-01");
        plant.ok(&["resolve", &name, "reject", "--reason", "r", "--as", "wu"]);
        refused(&plant.run(&["withdraw", &name, "--reason", "r", "--as", "stranger"]), 77, "AUT-01");
    }
    refused(&plant.run(&["event", "A00000003", "received", "--as", "stranger"]), 77, "AUT-01");
    // Killed, then started again by someone nobody knows, and by someone of the register.
    let mut child = plant.command(&["run"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while !plant.run(&["ledger", "show", "run-2"]).status.success() {
        assert!(child.try_wait().unwrap().is_none(), "killed too late");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    refused(&plant.run(&["run", "--as", "stranger", "--reason", "power"]), 77, "AUT-01");
    plant.ok(&["run", "--as", "wu", "--reason", "power cut"]);
    assert!(plant.ok(&["ledger", "show", "run-3"]).contains("started by wu, because: power cut"));
}
