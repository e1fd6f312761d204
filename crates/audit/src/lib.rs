//! `verify`: a plant read again from the outside. Its own readers of journal, vault, jobs, lists and manifests, written from the
//! published formats; of the crates that wrote them it uses only format constants and the types of entries. It changes nothing.

mod answers;
mod batch;
mod csv;
mod envelope;
mod files;
mod journal;
mod minisig;
mod packages;
mod proof;
mod registers;
mod stored;
mod story;
mod vault;

use std::collections::BTreeMap;

use card::{BatchId, Outcome};
use ledger::disk::Disk;
use ledger::entry::Entry;
use ledger::fault::Fault;

pub use proof::Finding;
use proof::{Invariant, Proofs};
use story::{Stage, Story};

/// The plant's public key, by which batch manifests are verified.
const PLANT_KEY: &str = "keys/plant.pub";

/// Invariants of faults.md §7 that have nothing to be proved from yet.
const NOT_YET: [&str; 12] = [
    "I-04, I-05, I-06 stock and destruction: no stock ledger yet",
    "I-13 names on print, chip and MRZ from one text: held together by the record digest only",
    "I-18 signed checkpoints and witnesses",
    "I-19 the index (sled) against the journal",
    "I-20 files made again from the vault and compared byte by byte (--sample)",
    "I-24 approvals by two people",
    "I-25 roles kept apart",
    "I-27 hand-over tokens and envelopes of devices",
    "I-28 personal data outside the vault",
    "I-29 retention",
    "I-30 approved release ids",
    "I-31 resource budgets",
];

/// What is to be proved, and with what.
#[derive(Clone, Default)]
pub struct Scope {
    /// Only this batch's files and the packages in it; the journal is always read whole.
    pub batch: Option<BatchId>,
    /// The plant's secret for keyed digests. With it every card's record digest and person keys are computed again from the vault.
    pub pepper: Option<[u8; 32]>,
}

/// What became of the applications of one outlet.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct OutletTotal {
    pub received: u64,
    /// Accepted and waiting for a cut.
    pub waiting: u64,
    /// A card was made or is being made.
    pub produced: u64,
    pub held: u64,
    pub rejected: u64,
    /// Received but not judged: the last run was stopped.
    pub unjudged: u64,
}

/// What was proved, and what was not.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Summary {
    /// Every invariant that was looked at holds.
    pub ok: bool,
    pub findings: Vec<Finding>,
    pub journal_records: u64,
    pub packages: u64,
    pub applications: u64,
    pub batches: u64,
    /// Cards made, in all batches.
    pub cards: u64,
    pub bytes_read: u64,
    pub outlets: BTreeMap<String, OutletTotal>,
    /// Worth knowing and no violation: a torn tail, files taken away, packages not finished.
    pub notes: Vec<String>,
    /// Invariants that are not checked yet, and why.
    pub not_checked: Vec<&'static str>,
}

/// Reads the whole plant and reports every invariant once, in order. Writes nothing.
///
/// # Errors
/// The disk's, or the batch asked for doesn't exist. What is wrong with the plant's content is a finding, never an error.
pub fn verify(disk: &dyn Disk, scope: &Scope, report: &mut dyn FnMut(&Finding)) -> Result<Summary, Fault> {
    let (mut proofs, mut story) = (Proofs::default(), Story::default());
    let walked = walk(disk, &mut story, &mut proofs)?;
    let only = scope.batch.as_ref().map(|id| batch_index(&story, id)).transpose();
    let only = match (only, &walked.damage) {
        (Err(unknown), None) => return Err(unknown),
        (only, _) => only.unwrap_or_default(),
    };
    // Everything else rests on the journal: of a damaged one nothing more can be proved.
    if walked.damage.is_none() {
        check_files(disk, &story, scope, only, &mut proofs)?;
        unfinished(&story, &mut proofs);
    } else {
        proofs.note("the journal is damaged: nothing else was looked at");
    }
    let findings: Vec<Finding> = proofs.findings().collect();
    findings.iter().for_each(report);
    Ok(summary(&story, &walked, findings, proofs))
}

fn walk(disk: &dyn Disk, story: &mut Story, proofs: &mut Proofs) -> Result<journal::Walked, Fault> {
    let mut each = |seq, entry: Entry| {
        story.tell(seq, &entry, proofs);
        match &entry {
            Entry::PackageAnswered(e) => answers::package(disk, story, e, proofs),
            Entry::BatchDispatched(e) => answers::night(disk, story, e, proofs),
            _ => Ok(()),
        }
    };
    let walked = journal::walk(disk, &mut each)?;
    proofs.held(Invariant::I17, walked.records);
    proofs.bytes_read += walked.len_bytes;
    if let Some(damage) = &walked.damage {
        proofs.broken(Invariant::I17, damage);
    }
    proofs.notes.extend(walked.torn.clone());
    if !walked.marked {
        proofs.note("the journal has no mark of a clean stop yet: a lost last record would not be noticed");
    }
    Ok(walked)
}

fn batch_index(story: &Story, id: &BatchId) -> Result<u32, Fault> {
    let found = story.batches.iter().position(|b| b.id == *id);
    found.map(|i| i as u32).ok_or_else(|| Fault::Usage(format!("batch {id} is not known")))
}

fn check_files(disk: &dyn Disk, story: &Story, scope: &Scope, only: Option<u32>, proofs: &mut Proofs) -> Result<(), Fault> {
    let keys = registers::check(disk, story, proofs)?;
    let shelf = packages::Shelf { disk, story, pepper: scope.pepper.as_ref(), keys: &keys, batch: only };
    let routes = shelf.check(proofs)?;
    if scope.pepper.is_none() {
        proofs.note("I-10: without the pepper record digests were compared with one another, not computed again from the vault");
    }
    let plant_key = plant_key(disk, proofs)?;
    for index in (0..story.batches.len() as u32).filter(|i| only.is_none_or(|only| only == *i)) {
        let check = batch::Check { disk, story, index, routes: &routes, plant_key: plant_key.as_deref() };
        check.run(proofs)?;
    }
    reported(story, only, proofs);
    if only.is_none() { nothing_unknown(disk, story, proofs) } else { Ok(()) }
}

fn plant_key(disk: &dyn Disk, proofs: &mut Proofs) -> Result<Option<String>, Fault> {
    let Some(bytes) = files::open(disk, PLANT_KEY)? else {
        proofs.note(format!("I-20: no {PLANT_KEY}, so the signatures of batch manifests were not verified"));
        return Ok(None);
    };
    let key = String::from_utf8((*bytes).as_ref().to_vec()).ok().filter(|key| minisig::key_id_of_public(key).is_some());
    proofs.check(Invariant::I20, key.is_some(), || format!("{PLANT_KEY} is not a minisign key"));
    Ok(key)
}

/// I-03: every card made has at most one result; the four counts add up.
fn reported(story: &Story, only: Option<u32>, proofs: &mut Proofs) {
    use ledger::entry::MachineResult::{Good, Spoiled, Unknown};
    for (_, batch) in story.batches.iter().enumerate().filter(|(i, _)| only.is_none_or(|only| only as usize == *i)) {
        let mut counts = [0_u32; 4];
        for (cut, position) in batch.cards.iter().zip(0..) {
            if batch.record(position).is_some() {
                counts[cut.result.map_or(3, |r| [Good, Spoiled, Unknown].iter().position(|x| *x == r).unwrap_or(3))] += 1;
            } else {
                proofs.check(Invariant::I03, cut.result.is_none(), || format!("{} in {}: a result without a card", cut.number, batch.id));
            }
        }
        let sum: u32 = counts.iter().sum();
        proofs.check(Invariant::I03, sum == batch.made(), || format!("{}: {} made, {sum} accounted for", batch.id, batch.made()));
        proofs.held(Invariant::I03, u64::from(sum));
    }
}

/// I-21 outside the batches in scope: no batch folder and no vault file the ledger doesn't know, but what a stop leaves behind.
fn nothing_unknown(disk: &dyn Disk, story: &Story, proofs: &mut Proofs) -> Result<(), Fault> {
    let batches: std::collections::BTreeSet<&str> = story.batches.iter().map(|b| b.id.as_str()).collect();
    for entry in disk.list("batches").map_err(Fault::on("list", "batches"))? {
        let id = entry.name.strip_suffix(".staging").unwrap_or(&entry.name);
        proofs.check(Invariant::I21, batches.contains(id), || format!("batches/{} is unknown to the ledger", entry.name));
    }
    let known: std::collections::HashSet<&str> =
        story.packages.iter().flat_map(|p| p.chunks.iter().map(|c| c.path.as_str()).chain([p.vault_path.as_str()])).collect();
    for file in files::below(disk, "vault")? {
        let path = format!("vault/{file}");
        let expected = known.contains(path.as_str()) || left_over(story, &file);
        proofs.check(Invariant::I21, expected, || format!("{path} is unknown to the ledger"));
    }
    Ok(())
}

/// Published or begun, but not written down before a stop: the next package's contents, the next rows of an unfinished one.
fn left_over(story: &Story, file: &str) -> bool {
    let Some((folder, name)) = file.split_once('/') else { return false };
    let Some(number) = folder.parse::<usize>().ok() else { return false };
    let unfinished = story.packages.get(number).is_none_or(|p| p.judged < p.count);
    number <= story.packages.len() && unfinished && (name.starts_with("records-") || number == story.packages.len())
}

fn unfinished(story: &Story, proofs: &mut Proofs) {
    if proofs.answers_gone > 0 {
        proofs.note(format!("I-32: {} answer files were taken away by their outlets and could not be read again", proofs.answers_gone));
    }
    let open = story.packages.iter().filter(|p| p.judged < p.count || p.answer.is_none()).count();
    if open > 0 {
        proofs.note(format!("{open} packages are not judged or answered to the end: run again"));
    }
    if story.is_unfinished() {
        proofs.note("the last run did not come to its end");
    }
    for batch in story.batches.iter().filter(|b| b.stage != Stage::Dispatched) {
        proofs.note(format!("batch {} is {} and not dispatched yet", batch.id, format!("{:?}", batch.stage).to_lowercase()));
    }
}

fn totals(story: &Story) -> BTreeMap<String, OutletTotal> {
    let mut outlets: BTreeMap<String, OutletTotal> = BTreeMap::new();
    for application in &story.applications {
        let total = outlets.entry(story.package_of(application).outlet.to_string()).or_default();
        total.received += 1;
        *match application.outcome {
            None => &mut total.unjudged,
            Some(_) if application.has_card() => &mut total.produced,
            Some(Outcome::Accepted) => &mut total.waiting,
            Some(Outcome::Held) => &mut total.held,
            Some(Outcome::Rejected) => &mut total.rejected,
        } += 1;
    }
    outlets
}

fn summary(story: &Story, walked: &journal::Walked, findings: Vec<Finding>, proofs: Proofs) -> Summary {
    Summary {
        ok: findings.iter().all(|f| f.ok),
        findings,
        journal_records: walked.records,
        packages: story.packages.len() as u64,
        applications: story.applications.len() as u64,
        batches: story.batches.len() as u64,
        cards: story.batches.iter().map(|b| u64::from(b.made())).sum(),
        bytes_read: proofs.bytes_read,
        outlets: totals(story),
        notes: proofs.notes,
        not_checked: NOT_YET.to_vec(),
    }
}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
