//! `verify`: a plant read again from the outside. Its own readers of journal, vault, jobs, lists and manifests, written from the
//! published formats; of the crates that wrote them it uses only format constants and the types of entries. It changes nothing.

mod answers;
mod batch;
mod csv;
mod envelope;
mod files;
mod journal;
mod keys;
mod letters;
mod minisig;
mod packages;
mod proof;
mod purged;
mod registers;
mod revoked;
mod stored;
mod story;
mod strays;
mod summary;
mod vault;

use card::BatchId;
use ledger::disk::Disk;
use ledger::entry::Entry;
use ledger::fault::Fault;
use ledger::journal::Head;

pub use keys::PlantKey;
pub use proof::Finding;
use proof::{Invariant, Proofs};
use story::{Stage, Story};
pub use summary::{OutletTotal, Summary};

/// The plant's public key, by which batch manifests are verified.
const PLANT_KEY: &str = "keys/plant.pub";

/// The one invariant there is anything to say of when it doesn't hold.
const JOURNAL: &str = "I-17";
/// The one that is looked at only when it is asked for.
const WITNESS: &str = "I-18";

/// What is to be proved, and with what.
#[derive(Clone, Default)]
pub struct Scope {
    /// Only this batch's files and the packages in it; the journal is always read whole.
    pub batch: Option<BatchId>,
    /// The plant's secret for keyed digests. With it every card's record digest and person keys are computed again from the vault.
    pub pepper: Option<[u8; 32]>,
    /// The plant's key over the vault. Without it vault files are held against the ledger's digests only, not opened.
    pub vault_key: Option<PlantKey>,
    /// Places of the journal that were written down elsewhere (`cardline ledger witness`): an older copy lacks them.
    pub witnessed: Vec<Head>,
}

/// Reads the whole plant and reports every invariant once, in order. Writes nothing.
///
/// # Errors
/// The disk's, or the batch asked for doesn't exist. What is wrong with the plant's content is a finding, never an error.
pub fn verify(disk: &dyn Disk, scope: &Scope, report: &mut dyn FnMut(&Finding)) -> Result<Summary, Fault> {
    let (mut proofs, mut story) = (Proofs::default(), Story::default());
    let walked = walk(disk, scope, &mut story, &mut proofs)?;
    let only = scope.batch.as_ref().map(|id| batch_index(&story, id)).transpose();
    let only = match (only, &walked.damage) {
        (Err(unknown), None) => return Err(unknown),
        (only, _) => only.unwrap_or_default(),
    };
    // Everything else rests on the journal: of a damaged one nothing more can be proved.
    if walked.damage.is_none() {
        story.purge_unfinished = !story.purge_settled && !walked.clean;
        check_files(disk, &story, &walked.plant_id, scope, only, &mut proofs)?;
        unfinished(&story, &mut proofs);
    } else {
        proofs.note("the journal is damaged: nothing else was proved");
    }
    let findings: Vec<Finding> =
        proofs.findings().filter(|f| if walked.damage.is_some() { f.id == JOURNAL } else { f.id != WITNESS || f.checked > 0 }).collect();
    findings.iter().for_each(report);
    Ok(summary::of(&story, &walked, findings, proofs))
}

fn walk(disk: &dyn Disk, scope: &Scope, story: &mut Story, proofs: &mut Proofs) -> Result<journal::Walked, Fault> {
    let mut found = 0;
    let mut differing = answers::Differing::default();
    let mut each = |place: journal::Place, entry: Entry| {
        found += scope.witnessed.iter().filter(|w| (w.seq, w.hash) == (place.seq, place.hash)).count();
        story.tell(place.seq, &entry, proofs);
        match &entry {
            Entry::PackageAnswered(e) => answers::package(disk, story, e, &mut differing, proofs),
            Entry::PackageSetAside(e) => answers::set_aside(disk, e, proofs),
            Entry::BatchDispatched(e) => answers::night(disk, story, e, proofs),
            _ => Ok(()),
        }
    };
    let walked = journal::walk(disk, &mut each)?;
    differing.settle(proofs);
    proofs.held(Invariant::I17, walked.records);
    proofs.bytes_read += walked.len_bytes;
    if let Some(damage) = &walked.damage {
        proofs.broken(Invariant::I17, damage);
    }
    let (lacking, head) = (scope.witnessed.len() - found, walked.head.seq);
    proofs.held(Invariant::I18, found as u64);
    (0..lacking).for_each(|_| proofs.broken(Invariant::I18, format!("the journal, up to record {head}, lacks a witnessed place: it was rolled back")));
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

fn check_files(disk: &dyn Disk, story: &Story, plant_id: &str, scope: &Scope, only: Option<u32>, proofs: &mut Proofs) -> Result<(), Fault> {
    let keys = registers::check(disk, story, proofs)?;
    let shelf = packages::Shelf { disk, story, pepper: scope.pepper.as_ref(), vault_key: scope.vault_key.as_ref(), plant_id, keys: &keys, batch: only };
    let routes = shelf.check(proofs)?;
    if scope.pepper.is_none() {
        proofs.note("I-10: without the pepper record digests were compared with one another, not computed again from the vault");
    }
    if scope.vault_key.is_none() {
        proofs.note("I-15, I-16: without the vault's key its files were held against the ledger's digests, not opened");
    }
    let plant_key = plant_key(disk, proofs)?;
    for index in (0..story.batches.len() as u32).filter(|i| only.is_none_or(|only| only == *i)) {
        let check = batch::Check { disk, story, index, routes: &routes, vault_opened: scope.vault_key.is_some(), plant_key: plant_key.as_deref() };
        check.run(proofs)?;
    }
    reported(story, only, proofs);
    story.stock_settled(proofs);
    if only.is_some() {
        return Ok(());
    }
    revoked::check(disk, story, proofs)?;
    strays::check(disk, story, proofs)
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
    for doubt in story.in_doubt() {
        proofs.note(format!("hand-over {} to {} ({} job {}) is in doubt (HND-01)", doubt.number, doubt.device, doubt.batch, doubt.job));
    }
    if story.cards_in_doubt() > 0 {
        proofs.note(format!("{} cards encoded here are in doubt (ENC-07)", story.cards_in_doubt()));
    }
    if story.destructions_waiting() > 0 {
        proofs.note(format!("{} destructions wait for a witness", story.destructions_waiting()));
    }
    for batch in story.batches.iter().filter(|b| b.stage != Stage::Dispatched) {
        proofs.note(format!("batch {} is {} and not dispatched yet", batch.id, format!("{:?}", batch.stage).to_lowercase()));
    }
}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
