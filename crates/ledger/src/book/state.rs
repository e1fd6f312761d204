//! What the index holds: the present state of applications, packages, batches and cards, folded from the journal.
//! Values are rebuildable and carry no version of their own: a changed shape is a new `FOLD_VERSION`, which rebuilds the index.

use card::reason::Reason;
use card::{BatchId, Digest, Ordinal, Outcome, OutletCode, RemakeOf};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::entry::{
    CardAttempted, CardEventKind, Cause, DeviceAdded, DeviceKind, Facts, FileDigest, HandoverBegun, JobMade, MachineResult, Millis, PackageReceived,
    PersonAdded, PrinterAdded, RemakeRequested, Role,
};
use crate::fault::Fault;

pub use super::stock_state::{Destruction, LotState, Run, Tally};

/// Raised whenever a key or value of the index changes its shape.
pub const FOLD_VERSION: u32 = 8;

/// Where an application stands now.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ApplicationState {
    pub ordinal: Ordinal,
    pub package: u64,
    /// 0-based row in its package.
    pub row: u32,
    pub outlet: OutletCode,
    pub application_id: String,
    pub employer_code: Option<String>,
    pub outcome: Outcome,
    pub reasons: Vec<Reason>,
    /// How it came to this outcome, `None` as judged on arrival.
    pub cause: Option<Cause>,
    /// When it last came to an outcome: judged, or moved.
    pub settled_at: Millis,
    /// Codes a person has looked at and accepted: not raised again.
    pub waived: Vec<String>,
    pub photo: Option<Digest>,
    pub photo_validated: Option<Digest>,
    pub facts: Option<Facts>,
    /// Its place in a batch, once cut: the last one, if it was cut more than once.
    pub place: Option<Place>,
    /// Places before that, oldest first: void ones, and those of cards that were made again.
    pub earlier: Vec<Place>,
    /// The card of `place` is to be made again: approved, and not cut yet.
    pub remaking: bool,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Place {
    pub batch: BatchId,
    /// 0-based.
    pub position: u32,
    pub number: String,
    pub generation: u32,
    /// The number was taken but no card is made of it.
    pub void: bool,
    /// The card this one is made for again.
    pub remake_of: Option<RemakeOf>,
}

impl Place {
    /// The card here, as what is made for it again names it.
    fn parent(&self) -> RemakeOf {
        RemakeOf { number: self.number.clone(), generation: self.generation, batch: self.batch.clone() }
    }
}

impl ApplicationState {
    /// Accepted and waiting for the next cut, for the first time or again.
    #[must_use]
    pub fn in_pool(&self) -> bool {
        self.outcome == Outcome::Accepted && !self.has_card()
    }

    /// A card of this application exists or is being made, and is not to be made again.
    #[must_use]
    pub fn has_card(&self) -> bool {
        !self.remaking && self.place.as_ref().is_some_and(|p| !p.void)
    }

    /// Every place it ever had, oldest first, void ones included.
    pub fn places(&self) -> impl DoubleEndedIterator<Item = &Place> {
        self.earlier.iter().chain(&self.place)
    }

    /// Its place in a batch, void or not, whatever became of it since.
    #[must_use]
    pub fn place_in(&self, batch: &BatchId) -> Option<&Place> {
        self.places().find(|p| p.batch == *batch)
    }

    /// Gives it a place. One it has already stays, so that a cut may be folded again.
    pub(super) fn take_place(&mut self, place: Place) {
        if let Some(known) = self.place.as_mut().filter(|known| known.batch == place.batch) {
            known.void = false;
            return;
        }
        if self.earlier.iter().any(|p| p.batch == place.batch) {
            return;
        }
        // A void place was for nobody: what it was to replace is still to be replaced.
        let remake_of = match &self.place {
            Some(before) if self.remaking => Some(before.parent()),
            Some(before) if before.void => before.remake_of.clone(),
            _ => None,
        };
        self.earlier.extend(self.place.replace(Place { remake_of, ..place }));
        self.remaking = false;
    }
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct PackageState {
    pub received: PackageReceived,
    /// Rows judged so far.
    pub judged: u32,
    pub answer: Option<Vec<FileDigest>>,
    /// Not before this was it first answered: the time the entry froze, or the start of the run that wrote it, whichever is later.
    pub answered_at: Option<Millis>,
    pub purged: Option<Purged>,
}

/// Who let it go, why, when.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Purged {
    pub who: String,
    pub reason: String,
    pub at: Millis,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BatchStage {
    Cut,
    Sealed,
    Released,
    Dispatched,
}

impl BatchStage {
    /// For people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Cut => "cut",
            Self::Sealed => "sealed",
            Self::Released => "released",
            Self::Dispatched => "dispatched",
        }
    }
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct BatchState {
    pub batch: BatchId,
    pub stage: BatchStage,
    pub frozen_at: Millis,
    pub release_id: Digest,
    pub profile: String,
    pub cards_per_job: u32,
    pub cards: u32,
    pub jobs: u32,
    /// Journal sequence of the `BatchCut`, where the list of cards is.
    pub cut_seq: u64,
    pub arrived_from: Ordinal,
    pub arrived_until: Ordinal,
    /// Counted at the seal.
    pub bundles: u32,
    pub manifest: Option<Digest>,
    pub released_by: Vec<String>,
    /// Not before this was it dispatched: its frozen time, the start of the run or the last signature that let it go, whichever is latest.
    pub dispatched_at: Option<Millis>,
    pub purged: Option<Purged>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct CardState {
    pub ordinal: Ordinal,
    pub number: String,
    pub generation: u32,
    pub batch: BatchId,
    pub position: u32,
    pub result: Option<MachineResult>,
    pub card_identification: Option<String>,
    pub failure: Option<(String, String)>,
    pub events: Vec<(CardEventKind, Millis, String)>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct RunState {
    pub run: u64,
    pub started_at: Millis,
    pub who: String,
    pub command: String,
    pub ended: Option<u8>,
    /// Time everything written by this run (and by those it resumes) shows.
    pub frozen_at: Millis,
    /// It has judged rows and written that down.
    pub judged: bool,
    /// Runs right before it that died one after the other, the later ones without having judged a row.
    pub deaths_before: u32,
}

/// Sequence numbers an outlet has sent: everything from `first` to `contiguous`, and some beyond a gap.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct SequenceState {
    pub contiguous: u64,
    pub beyond: Vec<u64>,
}

impl SequenceState {
    #[must_use]
    pub fn has(&self, sequence: u64) -> bool {
        sequence <= self.contiguous || self.beyond.contains(&sequence)
    }

    pub fn add(&mut self, sequence: u64) {
        if self.has(sequence) {
            return;
        }
        self.beyond.push(sequence);
        self.beyond.sort_unstable();
        while self.beyond.first() == Some(&(self.contiguous + 1)) {
            self.beyond.remove(0);
            self.contiguous += 1;
        }
    }
}

/// A person of the plant. Removed people stay on record: neither their id nor their key is given again.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct PersonState {
    pub person: String,
    pub name: String,
    pub role: Role,
    pub key: String,
    pub removed: bool,
}

impl PersonState {
    pub(super) fn of(e: &PersonAdded) -> Self {
        Self { person: e.person.clone(), name: e.name.clone(), role: e.role, key: e.key.clone(), removed: false }
    }
}

/// How a device is reached.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Reached {
    /// By envelopes sealed to this public key.
    Envelope(String),
    /// By print jobs to this IPP address.
    Ipp(String),
}

impl Reached {
    /// The public key, or the address.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Envelope(text) | Self::Ipp(text) => text,
        }
    }
}

/// A device jobs are handed to. Removed ones stay on record: neither name nor key is given again.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct DeviceState {
    pub device: String,
    pub kind: DeviceKind,
    pub reached: Reached,
    pub sealed_only: bool,
    pub removed: bool,
    /// Hand-overs begun, void ones included: the number of the last.
    pub tokens: u64,
    /// The hand-over that was begun and neither done nor settled: it is in doubt.
    pub in_doubt: Option<u64>,
    /// Header of the last hand-over that reached it.
    pub previous: Option<Digest>,
}

impl DeviceState {
    pub(super) fn of(e: &DeviceAdded) -> Self {
        let DeviceAdded { device, kind, recipient, sealed_only, .. } = e.clone();
        Self { device, kind, reached: Reached::Envelope(recipient), sealed_only, removed: false, tokens: 0, in_doubt: None, previous: None }
    }

    pub(super) fn of_printer(e: &PrinterAdded) -> Self {
        let (device, reached) = (e.device.clone(), Reached::Ipp(e.uri.clone()));
        Self { device, kind: DeviceKind::Printer, reached, sealed_only: false, removed: false, tokens: 0, in_doubt: None, previous: None }
    }
}

/// How a hand-over stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HandoverStage {
    /// Begun: unless it is going on just now, nobody knows whether it arrived.
    InDoubt,
    /// Written down as done, or two people found that it arrived.
    Arrived,
    /// Two people found that it did not arrive: the file may be handed over again, under another number.
    Void,
}

impl HandoverStage {
    /// For people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::InDoubt => "in doubt",
            Self::Arrived => "arrived",
            Self::Void => "void",
        }
    }
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct HandoverState {
    pub begun: HandoverBegun,
    pub stage: HandoverStage,
}

/// How the last attempt to encode a card stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AttemptStage {
    /// Begun: unless it is going on just now, nobody knows what is on the card.
    InDoubt,
    Good,
    Spoiled,
}

impl AttemptStage {
    /// For people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::InDoubt => "in doubt",
            Self::Good => "good",
            Self::Spoiled => "spoiled",
        }
    }
}

/// The last attempt to encode a card.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct AttemptState {
    pub attempted: CardAttempted,
    pub stage: AttemptStage,
    /// Data of the card may be on the blank; so it is as long as nobody says otherwise.
    pub written: bool,
    pub reason: Option<Reason>,
}

/// What is known of a card: whether it may be handed on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    /// No word yet.
    Open,
    Good,
    Spoiled,
    /// Unknown to the machine, or in doubt at a reader here.
    InDoubt,
}

/// How the last request to make a card again stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RemakeStage {
    /// Waits for people.
    Requested,
    /// In the pool, or held or rejected there.
    Approved,
    Refused,
    /// Cut again.
    Made,
}

impl RemakeStage {
    /// For people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Approved => "approved",
            Self::Refused => "refused",
            Self::Made => "made",
        }
    }
}

/// The last request to make a card again.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct RemakeState {
    pub requested: RemakeRequested,
    pub stage: RemakeStage,
    /// Number and generation of the card it became.
    pub made: Option<(String, u32)>,
}

/// One person's word about a request.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RemakeWord {
    pub person: String,
    pub role: Role,
    pub approved: bool,
}

/// Jobs of a batch that are durable.
pub type JobState = JobMade;

pub(super) fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    bincode::serialize(value).expect("index values are plain data")
}

pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Fault> {
    bincode::deserialize(bytes).map_err(|e| Fault::Invariant(format!("index value can't be read: {e}")))
}

#[cfg(test)]
mod tests {
    use super::SequenceState;

    #[test]
    fn a_gap_closes_when_the_missing_number_arrives() {
        let mut s = SequenceState { contiguous: 4, beyond: vec![] };
        s.add(6);
        s.add(7);
        assert_eq!((s.contiguous, s.has(5), s.has(6)), (4, false, true));
        s.add(5);
        assert_eq!((s.contiguous, s.beyond.len()), (7, 0));
    }
}
