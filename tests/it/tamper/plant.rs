//! A small finished plant in memory, its files by kind, and `verify` over a copy of it in which some of them were changed.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use audit::{PlantKey, Scope};
use ledger::disk::Disk as _;
use ledger::journal::{Head, JournalView};
use ledger::segment::KEY_BYTES;
use ledger::vault_key::key_path;
use line::ports::KeyWrap as _;
use plant::VaultKey;
use testkit::world::{SimDisk, State};

use crate::world::plant as simulated;

/// What files are called here. Every one of these is there in the plant, and every file of it is one of these or left out by name.
pub const KINDS: [&str; 15] = [
    "journal",
    "mark",
    "vault contents",
    "vault records",
    "vault keys",
    "print",
    "job sheet",
    "encode text",
    "encode CPS",
    "dispatch CSV",
    "dispatch JSONL",
    "labels",
    "manifest",
    "signature",
    "answers",
];

/// Lines of these are records.
pub const LISTS: [&str; 4] = ["encode text", "dispatch CSV", "dispatch JSONL", "answers"];

/// A file written anew, or taken away.
pub struct Change {
    path: String,
    bytes: Option<Vec<u8>>,
}

impl Change {
    pub fn put(path: &str, bytes: Vec<u8>) -> Self {
        Self { path: path.to_owned(), bytes: Some(bytes) }
    }

    pub fn take(path: &str) -> Self {
        Self { path: path.to_owned(), bytes: None }
    }
}

/// A plant after its night: two outlets' packages in, several jobs out, everything answered.
pub struct Finished {
    state: State,
    files: BTreeMap<String, Arc<Vec<u8>>>,
    kinds: BTreeMap<&'static str, Vec<String>>,
    pepper: [u8; 32],
    vault_key: VaultKey,
    plant_id: String,
    /// The journal's head, as `cardline ledger witness` printed it that evening.
    witness: Head,
}

impl Finished {
    /// The one plant all these tests look at: nobody changes it.
    pub fn get() -> &'static Self {
        static PLANT: OnceLock<Finished> = OnceLock::new();
        PLANT.get_or_init(Self::new)
    }

    fn new() -> Self {
        let disk = SimDisk::of(simulated::stocked(8, 5, Some(0.1)));
        let plan = line::plan::Plan { cards_per_job: 4, ..simulated::plan(1) };
        simulated::run(&disk, &plan).unwrap_or_else(|e| panic!("{e}"));
        let (journal, _) = JournalView::open(Arc::new(disk.clone())).unwrap_or_else(|e| panic!("{e}"));
        let keys = plant::keys::PlantKeys::open(&disk).unwrap_or_else(|e| panic!("{e}"));
        let files = disk.state().files("");
        let mut kinds: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
        // An empty package has an empty answer: nothing in it to change.
        for path in files.iter().filter(|(_, content)| !content.is_empty()).map(|(path, _)| path) {
            if let Some(kind) = kind_of(path) {
                kinds.entry(kind).or_default().push(path.clone());
            }
        }
        let found: Vec<&str> = kinds.keys().copied().collect();
        assert!(KINDS.iter().all(|k| found.contains(k)) && kinds.len() == KINDS.len(), "{found:?}");
        let (plant_id, witness) = (journal.plant_id().to_owned(), journal.head());
        Self { state: disk.state(), files, kinds, pepper: keys.pepper.0, vault_key: keys.vault, plant_id, witness }
    }

    /// The key a vault file was sealed with: that of the package it is of.
    pub fn package_key(&self, path: &str) -> [u8; KEY_BYTES] {
        let package = path.split('/').nth(1).and_then(|folder| folder.parse().ok()).expect("a path in the vault");
        let wrapped = self.bytes(&key_path(package));
        *self.vault_key.unwrap(&self.plant_id, package, wrapped).unwrap_or_else(|e| panic!("{e}")).bytes()
    }

    pub fn of_kind(&self, kind: &str) -> &[String] {
        &self.kinds[kind]
    }

    pub fn bytes(&self, path: &str) -> &[u8] {
        &self.files[path]
    }

    /// The invariants that don't hold once these files are changed.
    pub fn noticed(&self, changes: &[Change], witnessed: bool) -> Vec<String> {
        let disk = SimDisk::of(self.state.clone());
        for change in changes {
            match &change.bytes {
                Some(bytes) => disk.put(&change.path, bytes),
                None => disk.remove(&change.path).unwrap_or_else(|e| panic!("{}: {e}", change.path)),
            }
        }
        let witnessed = if witnessed { vec![self.witness] } else { Vec::new() };
        let scope = Scope { pepper: Some(self.pepper), vault_key: Some(PlantKey::new(*self.vault_key.bytes())), witnessed, batch: None };
        let mut broken = Vec::new();
        let summary = audit::verify(&disk, &scope, &mut |finding| {
            if !finding.ok {
                broken.push(finding.id.to_string());
            }
        });
        let summary = summary.unwrap_or_else(|e| panic!("what is wrong with a plant is a finding, not {e}"));
        assert_eq!(summary.ok, broken.is_empty());
        broken
    }
}

/// `None`: stands outside what `verify` proves (see the top of `mod.rs`).
fn kind_of(path: &str) -> Option<&'static str> {
    let (top, name) = (path.split('/').next()?, path.rsplit('/').next()?);
    Some(match top {
        "ledger" if name == "head" => "mark",
        "ledger" if name.starts_with("journal-") => "journal",
        "vault" if name.starts_with("records") => "vault records",
        "vault" if name == "key" => "vault keys",
        "vault" => "vault contents",
        // A package that was set aside: the ledger holds its reasons, which the answer repeats word by word, not the file.
        "returns" if name.starts_with("set-aside") => return None,
        "returns" => "answers",
        "batches" => match name.split_once('.').map_or("", |(_, ends)| ends) {
            "json" => "manifest",
            "json.minisig" => "signature",
            "sheet.json" => "job sheet",
            "txt" => "encode text",
            "cps" => "encode CPS",
            "csv" => "dispatch CSV",
            "jsonl" => "dispatch JSONL",
            "pdf" if path.contains("/print/") => "print",
            "html" => return None,
            _ => "labels",
        },
        // Keys and registers prove other things; the index, the inbox and the quarantine prove nothing.
        _ => return None,
    })
}
