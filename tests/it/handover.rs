//! Hand-over by the command line, on a small real plant: the whole way from a device's key to the file it prints, and every way that
//! must not work. Kills at every operation are in `world/handover.rs`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use line::handover::inner;
use line::package::SecretKey;
use line::ports::Envelope as _;
use plant::AgeEnvelope;
use plant::envelope::new_identity;

use crate::plant::{CLOCK, Plant, text};

/// A plant with a released batch, two people and a printer and an encoder; their keys and trays beside it.
pub struct Bureau {
    pub plant: Plant,
    beside: tempfile::TempDir,
    pub batch: String,
}

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

impl Bureau {
    fn new(seed: u64) -> Self {
        Self::of(Plant::stocked(60, seed))
    }

    pub fn of(plant: Plant) -> Self {
        let batch = plant.closing(&["run", "--json"])["batch"].as_str().unwrap().to_owned();
        let bureau = Self { plant, beside: tempfile::tempdir().unwrap(), batch };
        for (person, role) in [("li", "supervisor"), ("wu", "operator"), ("cu", "custodian")] {
            bureau.person(person, role);
        }
        for (device, kind) in [("pr-1", "printer"), ("en-1", "encoder")] {
            fs::create_dir(bureau.at(&format!("tray-{device}"))).unwrap();
            fine(&bureau.device(device, kind, Some("li")));
        }
        bureau
    }

    pub fn at(&self, name: &str) -> PathBuf {
        self.beside.path().join(name)
    }

    pub fn path(&self, name: &str) -> String {
        self.at(name).to_str().unwrap().to_owned()
    }

    fn person(&self, person: &str, role: &str) {
        let mut seed = [0; 32];
        seed[..person.len()].copy_from_slice(person.as_bytes());
        let key = SecretKey::from_seed(&seed);
        fs::write(self.at(&format!("{person}.key")), key.to_minisign()).unwrap();
        fs::write(self.at(&format!("{person}.pub")), key.public_key_file()).unwrap();
        let (public, signing) = (self.path(&format!("{person}.pub")), self.path("li.key"));
        let mut args = vec!["people", "add", person, "--name", "N", "--role", role, "--key", &public];
        if person != "li" {
            args.extend(["--as", "li", "--sign-key", &signing]);
        }
        fine(&self.plant.run(&args));
    }

    /// Registers a device with a key of its own, made at its first registration.
    fn device(&self, device: &str, kind: &str, by: Option<&str>) -> Output {
        let file = self.at(&format!("{device}.identity"));
        if !file.exists() {
            let (identity, public) = new_identity();
            fs::write(&file, identity.as_bytes()).unwrap();
            fs::write(self.at(&format!("{device}.age")), public).unwrap();
        }
        let recipient = fs::read_to_string(self.at(&format!("{device}.age"))).unwrap();
        let key = self.path(&format!("{}.key", by.unwrap_or("li")));
        let mut args = vec!["devices", "add", device, "--kind", kind, "--recipient", &recipient, "--as", by.unwrap_or("li")];
        if by.is_some() {
            args.extend(["--key", &key]);
        }
        self.plant.run(&args)
    }

    pub fn hand_over(&self, device: &str, more: &[&str]) -> Output {
        let tray = self.path(&format!("tray-{device}"));
        let args = ["handover", &self.batch, "--device", device, "--to", &tray, "--as", "wu"];
        // The job is positional, so it may stand anywhere.
        self.plant.run(&[&args[..], more].concat())
    }

    fn resolve(&self, number: &str, found: &str, person: &str) -> Output {
        self.resolve_at("pr-1", number, found, person)
    }

    pub fn resolve_at(&self, device: &str, number: &str, found: &str, person: &str) -> Output {
        let key = self.path(&format!("{person}.key"));
        self.plant.run(&["handover", "resolve", device, number, found, "--reason", "looked at the tray", "--as", person, "--key", &key])
    }

    fn open_at(&self, clock: &str, envelope: &Path, device: &str, identity: &str, more: &[&str]) -> Output {
        let (file, identity) = (envelope.to_str().unwrap(), self.path(&format!("{identity}.identity")));
        let (plant_key, out) = (self.plant.root.join("keys/plant.pub"), self.path("opened"));
        let _ = fs::remove_file(&out);
        let args = ["handover", "open", file, "--identity", &identity, "--plant-key", plant_key.to_str().unwrap(), "--device", device, "--out", &out];
        self.plant.run_at(clock, &[&args[..], more].concat())
    }

    fn open(&self, envelope: &Path, device: &str) -> Output {
        self.open_at(CLOCK, envelope, device, device, &[])
    }

    pub fn envelopes(&self, device: &str) -> Vec<PathBuf> {
        let mut found: Vec<PathBuf> = fs::read_dir(self.at(&format!("tray-{device}"))).unwrap().flatten().map(|e| e.path()).collect();
        found.sort();
        found
    }

    /// What stands in a way at the destination: the next envelope's temporary name is a folder, so that writing fails after the token.
    fn block(&self, number: u64) -> PathBuf {
        let way = self.at(&format!("tray-pr-1/pr-1-{number:06}.age.part"));
        fs::create_dir_all(way.join("x")).unwrap();
        way
    }

    pub fn in_doubt(&self) -> usize {
        let status: serde_json::Value = serde_json::from_str(&self.plant.ok(&["status", "--json"])).unwrap();
        status["in_doubt"].as_array().unwrap().len()
    }

    pub fn verified(&self) {
        let said = self.plant.ok(&["verify"]);
        assert!(said.contains("I-27 ok") && !said.contains("BROKEN"), "{said}");
    }
}

#[test]
fn a_batch_goes_to_its_devices_once_and_opens_there_as_it_was_sealed() {
    let b = Bureau::new(171);
    let said = fine(&b.hand_over("pr-1", &[]));
    assert!(said.contains("job 1 print/job-0001.pdf handed over as pr-1-000001.age"), "{said}");
    fine(&b.hand_over("en-1", &[]));
    let mut files = std::collections::BTreeSet::new();
    for device in ["pr-1", "en-1"] {
        let mut previous: Option<String> = None;
        for envelope in b.envelopes(device) {
            let more: Vec<&str> = previous.iter().flat_map(|p| ["--previous", p.as_str()]).collect();
            let output = b.open_at(CLOCK, &envelope, device, device, &more);
            let header: inner::Header = serde_json::from_str(fine(&output).trim()).unwrap();
            let sealed = b.plant.root.join("batches").join(&b.batch).join(&header.file);
            assert!(fs::read(b.at("opened")).unwrap() == fs::read(sealed).unwrap(), "{}", header.file);
            assert_eq!((header.device.as_str(), header.previous.map(|d| d.to_string())), (device, previous));
            previous = Some(card::Digest::of(&header.to_json()).to_string());
            files.insert(header.file);
        }
    }
    let all = |folder: &str| fs::read_dir(b.plant.root.join("batches").join(&b.batch).join(folder)).unwrap().count();
    assert_eq!(files.len(), all("print") + all("encode"), "every file of both kinds, each once");
    let before = b.envelopes("pr-1").len();
    assert!(fine(&b.hand_over("pr-1", &[])).contains("nothing was sent"));
    assert_eq!(b.envelopes("pr-1").len(), before);
    b.verified();
    let shown = b.plant.ok(&["ledger", "show", &b.batch]);
    assert!(shown.contains("hand-over 1 of print/job-0001.pdf to pr-1 begun by wu"), "{shown}");
    let list = b.plant.ok(&["devices", "list"]);
    assert!(list.contains("pr-1  printer  age1") && list.contains(&format!("{before} hand-overs")), "{list}");
}

#[test]
fn what_left_in_doubt_is_not_sent_again_before_two_people_have_looked() {
    let b = Bureau::new(172);
    let way = b.block(1);
    assert!(!b.hand_over("pr-1", &["1"]).status.success());
    fs::remove_dir_all(way).unwrap();
    assert_eq!(b.in_doubt(), 1);
    let status = b.plant.ok(&["status"]);
    assert!(status.contains("IN DOUBT      hand-over 1 to pr-1: print/job-0001.pdf"), "{status}");
    b.verified();
    refused(&b.hand_over("pr-1", &["1"]), 77, "HND-01");
    refused(&b.hand_over("pr-1", &["2"]), 77, "HND-01");
    refused(&b.hand_over("en-1", &["1"]), 77, "HND-01");
    assert!(b.envelopes("pr-1").is_empty() && b.envelopes("en-1").is_empty());
    let stranger = ["handover", "resolve", "pr-1", "1", "not-arrived", "--reason", "r", "--as", "stranger", "--key", &b.path("li.key")];
    refused(&b.plant.run(&stranger), 77, "AUT-01");
    refused(&b.resolve("1", "not-arrived", "cu"), 77, "AUT-04");
    assert!(fine(&b.resolve("1", "not-arrived", "wu")).contains("waits for another person"));
    refused(&b.resolve("1", "not-arrived", "wu"), 77, "AUT-03");
    refused(&b.hand_over("pr-1", &["1"]), 77, "HND-01");
    assert!(fine(&b.resolve("1", "not-arrived", "li")).contains("did not arrive"));
    refused(&b.resolve("1", "arrived", "li"), 77, "not in doubt");
    assert_eq!(b.in_doubt(), 0);
    let said = fine(&b.hand_over("pr-1", &["1"]));
    assert!(said.contains("print/job-0001.pdf handed over as pr-1-000002.age"), "the next number: {said}");
    b.verified();
}

#[test]
fn what_two_people_found_arrived_counts_as_done() {
    let b = Bureau::new(173);
    let way = b.block(1);
    assert!(!b.hand_over("pr-1", &["1"]).status.success());
    fs::remove_dir_all(way).unwrap();
    fine(&b.resolve("1", "not-arrived", "wu"));
    fine(&b.resolve("1", "arrived", "li"));
    assert_eq!(b.in_doubt(), 1, "two who disagree settle nothing");
    b.person("he", "operator");
    fine(&b.resolve("1", "arrived", "he"));
    let said = fine(&b.hand_over("pr-1", &["1"]));
    assert!(said.contains("print/job-0001.pdf arrived before as pr-1-000001.age") && said.contains("000002"), "{said}");
    assert!(!b.at("tray-pr-1/pr-1-000001.age").exists());
    let output = b.open(&b.at("tray-pr-1/pr-1-000002.age"), "pr-1");
    let header: inner::Header = serde_json::from_str(fine(&output).trim()).unwrap();
    assert!(header.previous.is_some(), "the chain goes over what arrived");
    b.verified();
}

#[test]
fn an_envelope_that_isnt_whole_ours_for_us_and_in_time_leaves_no_file() {
    let b = Bureau::new(174);
    fine(&b.hand_over("pr-1", &["1", "--not-after", "2026-11-22T15:00:00Z"]));
    let envelopes = b.envelopes("pr-1");
    let first = &envelopes[0];
    fine(&b.open(first, "pr-1"));
    refused(&b.open_at(CLOCK, first, "pr-2", "pr-1", &[]), 65, "ENV-02");
    refused(&b.open_at(CLOCK, first, "pr-1", "en-1", &[]), 65, "ENV-01");
    refused(&b.open_at("2026-11-22T15:00:01Z", first, "pr-1", "pr-1", &[]), 65, "ENV-03");
    refused(&b.open_at(CLOCK, first, "pr-1", "pr-1", &["--previous", &"0".repeat(64)]), 65, "ENV-02");
    let sealed = fs::read(first).unwrap();
    let changed = b.at("changed");
    for (what, bytes) in [
        ("a flipped bit", {
            let mut x = sealed.clone();
            let at = x.len() / 2;
            x[at] ^= 1;
            x
        }),
        ("cut short", sealed[..sealed.len() - 1].to_vec()),
    ] {
        fs::write(&changed, bytes).unwrap();
        let output = b.open(&changed, "pr-1");
        assert_eq!(output.status.code(), Some(65), "{what}: {}", text(&output.stderr));
        assert!(!b.at("opened").exists() && !b.at("opened.part").exists(), "{what}");
    }
    // One header before another's file, under the device's own key: anyone can seal to a public key, only the plant can sign.
    let inside = |envelope: &Path| {
        let (mut reader, mut out) =
            (plant::envelope::open(&fs::read_to_string(b.at("pr-1.identity")).unwrap(), fs::File::open(envelope).unwrap()).unwrap(), Vec::new());
        std::io::Read::read_to_end(&mut reader, &mut out).unwrap();
        let length = |at: usize| u32::from_le_bytes(out[at..at + 4].try_into().unwrap()) as usize;
        let file = inner::FRONT_BYTES + length(12) + length(16);
        (out[..file].to_vec(), out[file..].to_vec())
    };
    let (front, file) = (inside(&envelopes[1]).0, inside(first).1);
    let mut forged = Vec::new();
    let recipient = fs::read_to_string(b.at("pr-1.age")).unwrap();
    AgeEnvelope.seal(&recipient, &mut forged, &mut |out| out.write_all(&[front.as_slice(), file.as_slice()].concat())).unwrap();
    fs::write(&changed, forged).unwrap();
    refused(&b.open(&changed, "pr-1"), 65, "ENV-02");
    assert!(!b.at("opened").exists());
}

#[test]
fn devices_are_registered_by_who_may_and_names_and_keys_are_never_given_again() {
    let b = Bureau::new(175);
    refused(&b.device("pr-2", "printer", None), 77, "AUT-05");
    refused(&b.device("pr-2", "printer", Some("wu")), 77, "AUT-04");
    fine(&b.device("pr-2", "printer", Some("cu")));
    refused(&b.device("pr-2", "printer", Some("li")), 77, "HND-04");
    fs::copy(b.at("pr-2.age"), b.at("pr-3.age")).unwrap();
    fs::copy(b.at("pr-2.identity"), b.at("pr-3.identity")).unwrap();
    refused(&b.device("pr-3", "printer", Some("li")), 77, "HND-04");
    fs::write(b.at("pr-3.age"), "age1nonsense").unwrap();
    refused(&b.device("pr-3", "printer", Some("li")), 77, "HND-05");
    refused(&b.device("../pr", "printer", Some("li")), 64, "USE-01");
    let key = b.path("li.key");
    fine(&b.plant.run(&["devices", "remove", "pr-2", "--as", "li", "--key", &key]));
    refused(&b.plant.run(&["devices", "remove", "pr-2", "--as", "li", "--key", &key]), 77, "HND-02");
    refused(&b.device("pr-2", "printer", Some("li")), 77, "HND-04");
    fs::create_dir(b.at("tray-pr-2")).unwrap();
    refused(&b.hand_over("pr-2", &[]), 77, "HND-02");
    refused(&b.plant.run(&["handover", &b.batch, "--device", "pr-1", "--to", &b.path("tray-pr-1"), "--as", "cu"]), 77, "AUT-04");
    b.verified();
}

#[test]
fn only_a_released_batch_as_it_was_sealed_leaves_and_only_to_one_printer() {
    let b = Bureau::new(176);
    fs::create_dir(b.at("tray-pr-2")).unwrap();
    fine(&b.device("pr-2", "printer", Some("li")));
    let inside = b.plant.root.join("batches");
    refused(&b.plant.run(&["handover", &b.batch, "--device", "pr-1", "--to", inside.to_str().unwrap(), "--as", "wu"]), 64, "USE-01");
    refused(&b.hand_over("pr-1", &["--not-after", "2026-11-22T13:00:00Z"]), 64, "USE-01");
    let print = inside.join(&b.batch).join("print/job-0001.pdf");
    let sound = fs::read(&print).unwrap();
    let mut changed = sound.clone();
    *changed.last_mut().unwrap() ^= 1;
    fs::write(&print, changed).unwrap();
    refused(&b.hand_over("pr-1", &["1"]), 70, "OUT-01");
    assert_eq!((b.in_doubt(), b.envelopes("pr-1").len()), (0, 0), "no token was used");
    fs::write(&print, sound).unwrap();
    fs::write(b.at("tray-pr-1/pr-1-000001.age"), "someone's").unwrap();
    refused(&b.hand_over("pr-1", &["1"]), 77, "HND-07");
    fs::remove_file(b.at("tray-pr-1/pr-1-000001.age")).unwrap();
    fine(&b.hand_over("pr-1", &["1"]));
    refused(&b.hand_over("pr-2", &["1"]), 77, "HND-03");
    fine(&b.hand_over("pr-2", &[]));
    assert!(fine(&b.hand_over("pr-1", &[])).contains("nothing was sent"), "each job went to one of the two");
    b.verified();

    let waiting = Plant::stocked(40, 177);
    let config = waiting.root.join("pipeline.toml");
    fs::write(&config, fs::read_to_string(&config).unwrap().replace("mode = \"automatic\"", "mode = \"two-person\"")).unwrap();
    let batch = waiting.closing(&["run", "--json"])["batch"].as_str().unwrap().to_owned();
    let recipient = fs::read_to_string(b.at("pr-1.age")).unwrap();
    waiting.ok(&["devices", "add", "pr-1", "--kind", "printer", "--recipient", &recipient, "--as", "anyone"]);
    refused(&waiting.run(&["handover", &batch, "--device", "pr-1", "--to", &b.path("tray-pr-1"), "--as", "anyone"]), 77, "HND-06");
}

#[test]
fn a_plant_that_was_rolled_back_is_told_by_its_witness_and_by_the_chain() {
    let b = Bureau::new(178);
    let kept = b.path("backup");
    b.plant.ok(&["backup", "--with-keys", "--to", &kept]);
    fine(&b.hand_over("pr-1", &["1"]));
    let taken: inner::Header = serde_json::from_str(fine(&b.open(&b.envelopes("pr-1")[2], "pr-1")).trim()).unwrap();
    let witness = b.plant.ok(&["ledger", "witness"]);
    let back = Plant::at(&b.at("back"));
    let restored = back.run(&["restore", "--from", &kept, "--as", "li", "--reason", "lost disk"]);
    fine(&restored);
    let (tray, line) = (b.path("tray-en-1"), witness.trim_end());
    let again = ["handover", b.batch.as_str(), "1", "--device", "pr-1", "--to", &tray, "--as", "wu"];
    refused(&back.run(&[&again[..], &["--witness", line]].concat()), 78, "JRN-03");
    assert!(b.envelopes("en-1").is_empty());
    // Without a witness the plant can't know; the device does.
    fine(&back.run(&again));
    let last = card::Digest::of(&taken.to_json()).to_string();
    refused(&b.open_at(CLOCK, &b.envelopes("en-1")[0], "pr-1", "pr-1", &["--previous", &last]), 65, "ENV-02");
    assert!(!back.ok(&["verify"]).contains("BROKEN"));
}

#[test]
fn after_a_purge_the_index_anew_and_a_restore_the_tokens_still_stand() {
    let b = Bureau::new(179);
    fine(&b.hand_over("pr-1", &[]));
    let before = b.envelopes("pr-1").len();
    b.plant.ok(&["ledger", "rebuild"]);
    assert!(b.plant.ok(&["ledger", "check"]).contains("agrees with the journal"));
    assert!(fine(&b.hand_over("pr-1", &[])).contains("nothing was sent"));
    let kept = b.path("backup");
    b.plant.ok(&["backup", "--with-keys", "--to", &kept]);
    let back = Plant::at(&b.at("back"));
    fine(&back.run(&["restore", "--from", &kept, "--as", "li", "--reason", "rehearsal"]));
    let tray = b.path("tray-pr-1");
    let again = fine(&back.run(&["handover", &b.batch, "--device", "pr-1", "--to", &tray, "--as", "wu"]));
    assert!(again.contains("nothing was sent"));
    let later = "2029-11-22T14:00:00Z";
    fine(&b.plant.run_at(later, &["purge", "--as", "li", "--reason", "retention"]));
    let gone = b.plant.run_at(later, &["handover", &b.batch, "--device", "en-1", "--to", &b.path("tray-en-1"), "--as", "wu"]);
    refused(&gone, 65, "PRG-01");
    assert_eq!(b.envelopes("pr-1").len(), before);
    let said = fine(&b.plant.run_at(later, &["verify"]));
    assert!(said.contains("I-27 ok") && !said.contains("BROKEN"), "{said}");
}
