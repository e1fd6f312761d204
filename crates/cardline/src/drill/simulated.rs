//! The whole line on a simulated disk: one run of it as `cardline run` does it, and what the world outside sees of it afterwards.
//! The drill runs on it, and so do the tests (`tests/it/world`). What goes wrong, and where, is its callers' choice.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use card::Digest;
use ledger::book::Book;
use ledger::disk::Disk as _;
use ledger::fault::Fault;
use ledger::index::MemIndex;
use line::plan::{Plan, World};
use line::ports::{Auditor, Silent, Trusting};
use line::run::{Halves, Starter, Summary};
use photo::nets::Absent;
use plant::keys::PlantKeys;
use testkit::world::{SimClock, SimDisk, SimEntropy, SimInbox, State, digest_of};

/// Outputs by path.
pub type Outputs = BTreeMap<String, Digest>;

/// The ports on a simulated disk. There are no face networks: a plan for it has a profile without rules about faces (`Profile::without_faces`).
///
/// # Errors
/// There are no keys.
pub fn world(disk: &SimDisk, clock: &SimClock) -> Result<World, Fault> {
    let keys = PlantKeys::open(disk)?;
    Ok(World {
        disk: Arc::new(disk.clone()),
        inbox: Box::new(SimInbox::on(disk)),
        shelf: Box::new(plant::Shelf::new(Arc::new(disk.clone()))),
        clock: Box::new(clock.clone()),
        pepper: keys.pepper.clone(),
        vault_key: Arc::new(keys.vault.clone()),
        entropy: Arc::new(SimEntropy::new(1, life(disk))),
        signer: Box::new(keys),
        progress: Box::new(Silent),
        give_back: || {},
        apart: Box::new(Trusting),
        networks: Arc::new(Absent),
        card_keys: None,
        permit_signer: None,
        auditor: Box::new(NoAudit),
        stop: Arc::new(AtomicBool::new(false)),
    })
}

/// Lives told apart by what the ones before wrote, so that a replay draws the same chance and a recovery another.
fn life(disk: &SimDisk) -> u64 {
    disk.list("ledger").into_iter().flatten().map(|e| e.len_bytes).sum()
}

/// Automatic release asks no auditor; `verify` is run on the finished plant instead.
struct NoAudit;

impl Auditor for NoAudit {
    fn check(&self, _: &card::BatchId) -> Result<(), Fault> {
        Ok(())
    }
}

/// One run, as `cardline run` does it, with the index built from the journal.
///
/// # Errors
/// What stopped it.
pub fn run_at(disk: &SimDisk, plan: &Plan, clock: &SimClock) -> Result<Summary, Fault> {
    let world = world(disk, clock)?;
    let (mut book, _) = Book::open(world.disk.clone(), Box::new(MemIndex::default()))?;
    let starter = Starter { command: "run".into(), who: "scheduler".into(), reason: Some("rehearsal".into()) };
    let summary = line::run::run(&world, plan, &mut book, &starter, Halves { intake: true, produce: true })?;
    line::run::end(&world, &mut book, 0)?;
    book.close()?;
    Ok(summary)
}

/// What everyone outside sees: batches and answers, and what was set aside.
pub fn outputs(state: &State) -> Outputs {
    let tops = ["batches", "returns", "quarantine", "inbox"];
    let files = tops.iter().flat_map(|top| state.files(top));
    files.filter(|(path, _)| !path.ends_with("report.html")).map(|(path, content)| (path, digest_of(&content))).collect()
}

/// The first difference of two sets of outputs, in words.
pub fn difference(wanted: &Outputs, got: &Outputs) -> Option<String> {
    let missing = wanted.keys().find(|p| !got.contains_key(*p)).map(|p| format!("{p} is missing"));
    let extra = || got.keys().find(|p| !wanted.contains_key(*p)).map(|p| format!("{p} is too much"));
    let differs = || wanted.iter().find(|(p, d)| got[*p] != **d).map(|(p, _)| format!("{p} differs"));
    missing.or_else(extra).or_else(differs)
}

/// Lines of `verify` that aren't ok.
pub fn broken(disk: &SimDisk) -> Vec<String> {
    let mut found = Vec::new();
    let scope = match PlantKeys::open(disk) {
        Ok(keys) => audit::Scope { vault_key: Some(audit::PlantKey::new(*keys.vault.bytes())), ..audit::Scope::default() },
        Err(fault) => return vec![fault.to_string()],
    };
    let done = audit::verify(disk, &scope, &mut |finding| {
        if !finding.ok {
            found.push(format!("{finding:?}"));
        }
    });
    if let Err(fault) = done {
        found.push(fault.to_string());
    }
    found
}
