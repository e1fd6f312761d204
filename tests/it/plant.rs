//! A throw-away plant and the program run on it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// Every run of a test shows this time, so that plants can be compared byte for byte.
pub const CLOCK: &str = "2026-11-22T14:00:00Z";

pub struct Plant {
    pub root: PathBuf,
    _folder: Option<tempfile::TempDir>,
}

impl Plant {
    /// A plant with `applications` invented applications in its inbox, small jobs, and nothing run yet.
    pub fn stocked(applications: u32, seed: u64) -> Self {
        Self::of_demo(&["--applications", &applications.to_string(), "--seed", &seed.to_string()])
    }

    /// A plant as the demonstration makes it with these flags, small jobs, and nothing run yet.
    pub fn of_demo(flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let root = folder.path().join("plant");
        let plant = Self { root, _folder: Some(folder) };
        plant.ok(&[&["demo", "--no-run"], flags].concat());
        let config = plant.root.join("pipeline.toml");
        let text = std::fs::read_to_string(&config).expect("a configuration");
        std::fs::write(&config, text.replace("cards_per_job = 500", "cards_per_job = 40").replace("durability = \"full\"", "durability = \"none\""))
            .expect("writable");
        plant
    }

    /// Changes one key of the configuration.
    pub fn configure(&self, key: &str, value: &str) {
        let config = self.root.join("pipeline.toml");
        let text = std::fs::read_to_string(&config).expect("a configuration");
        let old = text.lines().find(|line| line.starts_with(&format!("{key} = "))).expect("a key of the default configuration");
        std::fs::write(&config, text.replace(old, &format!("{key} = {value}"))).expect("writable");
    }

    /// A copy of this plant.
    pub fn copy(&self) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let root = folder.path().join("plant");
        let status = Command::new("cp").arg("-a").arg(&self.root).arg(&root).status().expect("cp runs");
        assert!(status.success());
        Self { root, _folder: Some(folder) }
    }

    /// A plant that is there; whoever made its folder removes it.
    pub fn at(root: &Path) -> Self {
        Self { root: root.to_owned(), _folder: None }
    }

    pub fn command(&self, args: &[&str]) -> Command {
        self.command_at(CLOCK, args)
    }

    pub fn command_at(&self, clock: &str, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cardline"));
        command.arg("--plant").arg(&self.root).args(["--clock", clock]).args(args);
        command
    }

    /// As [`Plant::run`], at another time.
    pub fn run_at(&self, clock: &str, args: &[&str]) -> Output {
        self.command_at(clock, args).output().expect("the program starts")
    }

    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("the program starts")
    }

    /// Runs and expects exit code 0; standard output.
    pub fn ok(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(output.status.success(), "{args:?}: {:?}\n{}\n{}", output.status, text(&output.stdout), text(&output.stderr));
        text(&output.stdout)
    }

    /// The closing object of a `--json` run.
    pub fn closing(&self, args: &[&str]) -> Value {
        serde_json::from_str(self.ok(args).lines().last().expect("a closing line")).expect("JSON")
    }

    /// Bytes of the journal so far: how far a run has got.
    pub fn journal_bytes(&self) -> u64 {
        let entries = std::fs::read_dir(self.root.join("ledger")).expect("a ledger").flatten();
        let journal = entries.filter(|e| e.file_name().to_string_lossy().starts_with("journal-") && e.path().extension().is_some_and(|x| x == "log"));
        journal.filter_map(|e| e.metadata().ok()).map(|m| m.len()).sum()
    }

    /// Relative path → content of every file below one of the plant's folders.
    pub fn files(&self, top: &str) -> BTreeMap<String, Vec<u8>> {
        let mut found = BTreeMap::new();
        collect(&self.root, &self.root.join(top), &mut found);
        found
    }

    /// Relative path → content of everything the world outside sees: batches and returns, without the report (it shows the clock).
    pub fn outputs(&self) -> BTreeMap<String, Vec<u8>> {
        let mut found = self.files("batches");
        found.extend(self.files("returns"));
        found.retain(|path, _| !path.ends_with("report.html"));
        found
    }
}

/// Rows of a CSV by column, a spreadsheet's apostrophe left as it is.
pub fn rows(bytes: &[u8]) -> Vec<BTreeMap<String, String>> {
    let mut csv = csv::Reader::from_reader(bytes);
    let heading = csv.headers().unwrap().clone();
    csv.records().map(|row| heading.iter().map(str::to_owned).zip(row.unwrap().iter().map(str::to_owned)).collect()).collect()
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn collect(root: &Path, folder: &Path, found: &mut BTreeMap<String, Vec<u8>>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(root, &path, found);
        } else {
            let name = path.strip_prefix(root).expect("inside").to_string_lossy().into_owned();
            found.insert(name, std::fs::read(&path).expect("readable"));
        }
    }
}

/// Fails naming the first difference of two sets of outputs.
pub fn assert_same(a: &BTreeMap<String, Vec<u8>>, b: &BTreeMap<String, Vec<u8>>) {
    let only = |in_this: &BTreeMap<String, Vec<u8>>, other: &BTreeMap<String, Vec<u8>>| -> Vec<String> {
        in_this.keys().filter(|name| !other.contains_key(*name)).cloned().collect()
    };
    assert_eq!((only(a, b), only(b, a)), (Vec::new(), Vec::new()), "the same files");
    for (name, bytes) in a {
        assert!(bytes == &b[name], "{name} differs");
    }
}
