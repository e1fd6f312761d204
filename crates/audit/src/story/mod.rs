//! The plant's story told again from the journal: what every application, number and batch came to, kept small (about 200 bytes an
//! application). Each entry is held against what went before it; files are not looked at here.

mod applications;
mod attempts;
mod batches;
mod closes;
mod deliveries;
mod handovers;
mod packages;
mod people;
mod purges;
mod remakes;
mod runs;
mod stock;

pub use remakes::{Named, Revocation};

use std::collections::{BTreeMap, HashMap};

use card::reason::{Effect, Reason};
use card::{BatchId, BusinessType, Code, Digest, Keyed, Lane, Ordinal, Outcome, OutletCode};
use ledger::entry::{BatchSealed, CardEventKind, Entry, FileDigest, JobMade, MachineResult, Millis, RegisterImported};

use crate::proof::Proofs;

/// A package can't hold more applications than a container may hold files; more is not believed.
const PACKAGE_APPLICATIONS_MAX: u32 = 1_000_000;

/// Everything the journal says, folded.
#[derive(Default)]
pub struct Story {
    pub packages: Vec<Package>,
    /// By ordinal.
    pub applications: Vec<Application>,
    pub batches: Vec<Batch>,
    pub registers: Vec<RegisterImported>,
    batch_at: HashMap<BatchId, usize>,
    package_ids: HashMap<(OutletCode, String), u64>,
    sequences: HashMap<(OutletCode, u64), u64>,
    /// Batch and position of every card, by number and generation.
    numbers: HashMap<String, Vec<(u32, Slot)>>,
    /// The newest live card under a person's keys.
    live: HashMap<Keyed, Ordinal>,
    /// Highest next counter written down for each prefix of numbers.
    counters: HashMap<String, u64>,
    results_files: HashMap<Digest, usize>,
    arrived_until: Ordinal,
    /// A run has come to its end since the last purge: it would have finished it.
    pub purge_settled: bool,
    /// What a purge left lying may be a stop's doing.
    pub purge_unfinished: bool,
    run: runs::Runs,
    people: people::People,
    handovers: handovers::Handovers,
    attempts: attempts::Attempts,
    remakes: remakes::Remakes,
    /// Places before the last, of those few cut more than once.
    earlier: HashMap<Ordinal, Vec<Slot>>,
    stock: stock::Stock,
    closes: closes::Closes,
    deliveries: deliveries::Deliveries,
}

/// A received package.
pub struct Package {
    pub outlet: OutletCode,
    pub package_id: String,
    pub sequence: u64,
    pub employer_code: Option<String>,
    pub manifest: Digest,
    pub signed_by: Option<String>,
    pub first_ordinal: Ordinal,
    pub count: u32,
    pub vault_path: String,
    pub vault_digest: Digest,
    /// Which outlet register was in force when it was let in.
    pub outlets_register: Option<usize>,
    pub chunks: Vec<Chunk>,
    pub judged: u32,
    pub answer: Option<Vec<FileDigest>>,
    /// Came again since its answer: the answer may have been given anew.
    pub repeated: bool,
    pub purged: bool,
}

/// One vault file of judged records.
pub struct Chunk {
    pub first_row: u32,
    pub rows: u32,
    pub path: String,
    pub digest: Digest,
}

/// Where an application stands.
#[derive(Clone)]
pub struct Application {
    pub package: u32,
    /// `None` until judged.
    pub outcome: Option<Outcome>,
    pub codes: Box<[(Code, Effect)]>,
    pub photo: Option<Digest>,
    pub photo_validated: Option<Digest>,
    pub facts: Option<Facts>,
    /// The last one, if it was cut more than once.
    pub place: Option<Slot>,
    /// The card there is to be made again: approved, and not cut yet.
    pub remaking: bool,
}

/// What the journal knows of an understood application.
#[derive(Clone, Copy)]
pub struct Facts {
    pub business_type: BusinessType,
    pub lane: Lane,
    pub mail: bool,
    pub document: Keyed,
    pub ssn: Keyed,
    pub likeness: Keyed,
}

/// A place in a batch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Slot {
    pub batch: u32,
    /// 0-based.
    pub position: u32,
    pub void: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Stage {
    Cut,
    Sealed,
    Released,
    Dispatched,
}

/// A cut batch.
pub struct Batch {
    pub id: BatchId,
    pub stage: Stage,
    pub frozen_at: Millis,
    pub profile: String,
    pub release_id: Digest,
    pub cards_per_job: u32,
    pub cards: Vec<CutCard>,
    pub jobs: BTreeMap<u32, JobMade>,
    pub sealed: Option<BatchSealed>,
    pub arrived_from: Ordinal,
    pub arrived_until: Ordinal,
    pub purged: bool,
}

/// One number given out, and what became of its card.
pub struct CutCard {
    pub ordinal: Ordinal,
    pub number: Box<str>,
    pub generation: u32,
    pub result: Option<MachineResult>,
    /// Events on record, one bit for each kind.
    events: u8,
}

impl CutCard {
    /// Somebody has received it, or more.
    fn is_out(&self) -> bool {
        self.events != 0
    }

    fn is_collected(&self) -> bool {
        self.events & !(1 << CardEventKind::Received as u8) != 0
    }
}

impl Batch {
    /// Jobs this batch must have.
    pub fn job_count(&self) -> u32 {
        (self.cards.len() as u32).div_ceil(self.cards_per_job.max(1))
    }

    /// 0-based positions of a job's slots (`job` 1-based).
    pub fn span(&self, job: u32) -> std::ops::Range<usize> {
        let size = self.cards_per_job as usize;
        let first = (job as usize).saturating_sub(1).saturating_mul(size).min(self.cards.len());
        first..first.saturating_add(size).min(self.cards.len())
    }

    /// The record digest at a 0-based position, from the job that made it.
    pub fn record(&self, position: u32) -> Option<Keyed> {
        let size = self.cards_per_job.max(1);
        self.jobs.get(&(position / size + 1)).and_then(|job| job.records.get((position % size) as usize).copied().flatten())
    }

    /// Cards made: slots that carry a record.
    pub fn made(&self) -> u32 {
        self.jobs.values().map(|j| j.records.iter().flatten().count() as u32).sum()
    }
}

impl Application {
    /// A card of it exists or is being made, and is not to be made again.
    pub fn has_card(&self) -> bool {
        !self.remaking && self.place.is_some_and(|p| !p.void)
    }

    fn has_code(&self, code: Code) -> bool {
        self.codes.iter().any(|(c, _)| *c == code)
    }
}

impl Story {
    /// Holds an entry against the story so far and goes on with it.
    pub fn tell(&mut self, seq: u64, entry: &Entry, proofs: &mut Proofs) {
        self.keep_time(seq, entry, proofs);
        match entry {
            Entry::PlantCreated(e) => {
                self.people.of_plant(&e.plant_id);
                self.tell_stage(seq, entry, proofs);
            }
            Entry::BatchReleased(e) => {
                self.release_approved(e, proofs);
                self.tell_stage(seq, entry, proofs);
            }
            Entry::BatchDispatched(e) => {
                self.batch_left(&e.batch, e.at);
                self.tell_stage(seq, entry, proofs);
            }
            Entry::PackageSetAside(_) | Entry::BatchSealed(_) | Entry::Note(_) => self.tell_stage(seq, entry, proofs),
            Entry::RunStarted(e) => self.run_started(e, proofs),
            Entry::RunEnded(e) => {
                self.run_ended(e, proofs);
                self.replaced_ones_ended(e, proofs);
            }
            Entry::RegisterImported(e) => self.registers.push(e.clone()),
            Entry::PackageReceived(e) => self.package_received(seq, e, proofs),
            Entry::PackageRepeated(e) => self.package_repeated(seq, e, proofs),
            Entry::Judged(e) => self.judged(seq, e, proofs),
            Entry::PackageAnswered(e) => self.package_answered(seq, e, proofs),
            Entry::Moved(e) => self.moved(seq, e, proofs),
            Entry::BatchCut(e) => self.batch_cut(seq, e, proofs),
            Entry::JobMade(e) => self.job_made(seq, e, proofs),
            Entry::Results(e) => {
                self.still_open(seq, &e.batch, "results", proofs);
                self.results(seq, e, proofs);
            }
            Entry::CardEvent(e) => {
                self.not_destroyed(seq, e, proofs);
                self.handed_in(e);
                self.card_event(seq, e, proofs);
            }
            Entry::PersonAdded(e) => self.person_added(seq, e, proofs),
            Entry::PersonRemoved(e) => self.person_removed(seq, e, proofs),
            Entry::ReleaseSigned(e) => self.release_signed(seq, e, proofs),
            Entry::PackagePurged(e) => self.package_purged(seq, e, proofs),
            Entry::BatchPurged(e) => self.batch_purged(seq, e, proofs),
            Entry::DeviceAdded(e) => self.device_added(seq, e, proofs),
            Entry::DeviceRemoved(e) => self.device_removed(seq, e, proofs),
            Entry::HandoverBegun(e) => {
                self.still_open(seq, &e.batch, "handed over", proofs);
                self.handover_begun(seq, e, proofs);
            }
            Entry::HandoverDone(e) => self.handover_done(seq, e, proofs),
            Entry::HandoverResolved(e) => self.handover_resolved(seq, e, proofs),
            Entry::CardAttempted(e) => {
                self.still_open(seq, &e.batch, "encoded", proofs);
                self.card_attempted(seq, e, proofs);
            }
            Entry::AttemptEnded(e) => self.attempt_ended(seq, e, proofs),
            Entry::AttemptResolved(e) => self.attempt_resolved(seq, e, proofs),
            Entry::PrinterAdded(e) => self.printer_added(seq, e, proofs),
            Entry::PrintEnded(e) => self.print_ended(seq, e, proofs),
            Entry::RemakeRequested(e) => self.remake_requested(seq, e, proofs),
            Entry::RemakeApproved(e) => self.remake_approved(seq, e, proofs),
            Entry::RemakeRefused(e) => self.remake_refused(seq, e, proofs),
            Entry::CardRevoked(e) => self.card_revoked(seq, e, proofs),
            Entry::StockReceived(e) => self.stock_received(seq, e, proofs),
            Entry::StockMoved(e) => self.stock_moved(seq, e, proofs),
            Entry::DestructionAsked(e) => self.destruction_asked(seq, e, proofs),
            Entry::DestructionWitnessed(e) => self.destruction_witnessed(seq, e, proofs),
            Entry::BatchReconciled(e) => self.batch_reconciled(seq, e, proofs),
            Entry::Deliveries(e) => self.delivered(seq, e, proofs),
        }
    }

    pub fn batch(&self, id: &BatchId) -> Option<&Batch> {
        self.batch_at.get(id).map(|i| &self.batches[*i])
    }

    pub fn application(&self, ordinal: Ordinal) -> Option<&Application> {
        self.applications.get(usize::try_from(ordinal.0).ok()?)
    }

    fn application_mut(&mut self, ordinal: Ordinal) -> Option<&mut Application> {
        self.applications.get_mut(usize::try_from(ordinal.0).ok()?)
    }

    /// Every place an application had, void ones included.
    pub fn slots(&self, ordinal: Ordinal) -> impl Iterator<Item = Slot> + '_ {
        let last = self.application(ordinal).and_then(|a| a.place);
        self.earlier.get(&ordinal).into_iter().flatten().copied().chain(last)
    }

    pub fn package_of(&self, application: &Application) -> &Package {
        &self.packages[application.package as usize]
    }

    /// The outlet register in force now.
    fn outlets_register(&self) -> Option<usize> {
        self.registers.iter().rposition(|r| r.kind == "outlets")
    }
}

fn codes_of(reasons: &[Reason]) -> Box<[(Code, Effect)]> {
    reasons.iter().map(|r| (r.code, r.effect)).collect()
}

#[cfg(test)]
mod tests;
