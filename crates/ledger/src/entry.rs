//! What the journal says: one type per kind of event. Fields are identifiers, keyed digests, codes and times; of applicants
//! nothing personal, of the plant's own people their names.
//! Encoded with bincode 1.3.3 (fixint) inside the journal's record; a changed field order is a new schema number (FORMAT.md).

use card::reason::Reason;
use card::{BatchId, BusinessType, Digest, Keyed, Lane, Ordinal, Outcome, OutletCode};
use serde::{Deserialize, Serialize};

mod deliveries;
mod printing;
mod remakes;
mod stock;

pub use deliveries::{Deliveries, DeliveryCause, DeliveryLine, DeliveryState, Order};
pub use printing::{PrintEnded, PrintOutcome, PrinterAdded};
pub use remakes::{CardRevoked, RemakeApproved, RemakeCause, RemakeRefusal, RemakeRefused, RemakeRequested, RevocationCause};
pub use stock::{
    Account, BatchReconciled, ClosingCounts, ClosingStock, DestructionAsked, DestructionMethod, DestructionWitnessed, SerialCard, SerialRange, StockLeg,
    StockMoved, StockReceived, StockShare, UnclaimedCard,
};

/// UTC time in milliseconds since 1970.
pub type Millis = i64;

/// One journal entry. The order of variants is the stored kind: append only, never reorder.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum Entry {
    PlantCreated(PlantCreated),
    RunStarted(RunStarted),
    RunEnded(RunEnded),
    RegisterImported(RegisterImported),
    PackageReceived(PackageReceived),
    PackageSetAside(PackageSetAside),
    PackageRepeated(PackageRepeated),
    Judged(Judged),
    PackageAnswered(PackageAnswered),
    Moved(Moved),
    BatchCut(BatchCut),
    JobMade(JobMade),
    BatchSealed(BatchSealed),
    BatchReleased(BatchReleased),
    BatchDispatched(BatchDispatched),
    Results(Results),
    CardEvent(CardEvent),
    Note(Note),
    PersonAdded(PersonAdded),
    PersonRemoved(PersonRemoved),
    ReleaseSigned(ReleaseSigned),
    PackagePurged(PackagePurged),
    BatchPurged(BatchPurged),
    DeviceAdded(DeviceAdded),
    DeviceRemoved(DeviceRemoved),
    HandoverBegun(HandoverBegun),
    HandoverDone(HandoverDone),
    HandoverResolved(HandoverResolved),
    CardAttempted(CardAttempted),
    AttemptEnded(AttemptEnded),
    AttemptResolved(AttemptResolved),
    PrinterAdded(PrinterAdded),
    PrintEnded(PrintEnded),
    RemakeRequested(RemakeRequested),
    RemakeApproved(RemakeApproved),
    RemakeRefused(RemakeRefused),
    CardRevoked(CardRevoked),
    StockReceived(StockReceived),
    StockMoved(StockMoved),
    DestructionAsked(DestructionAsked),
    DestructionWitnessed(DestructionWitnessed),
    BatchReconciled(BatchReconciled),
    Deliveries(Deliveries),
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct PlantCreated {
    pub plant_id: String,
    pub program: String,
    pub at: Millis,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct RunStarted {
    pub run: u64,
    pub command: String,
    /// Who started it: a person's id, or the scheduler's identity from the configuration.
    pub who: String,
    /// Present after an unclean stop: why it is started again.
    pub reason: Option<String>,
    /// The run that didn't end cleanly, if there is one.
    pub resumes: Option<u64>,
    /// Digest over program version, configuration, profile and fonts.
    pub release_id: Digest,
    pub at: Millis,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct RunEnded {
    pub run: u64,
    /// Exit code the process meant to give.
    pub exit: u8,
    pub at: Millis,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct RegisterImported {
    /// `outlets`, `permits`, `enrolment`.
    pub kind: String,
    pub version: u32,
    pub path: String,
    pub digest: Digest,
    pub rows: u64,
    pub at: Millis,
}

/// A package whose every byte is in the vault. From here on its applications exist.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct PackageReceived {
    /// Counted up from 0 over the plant's life.
    pub package: u64,
    pub outlet: OutletCode,
    pub package_id: String,
    pub sequence: u64,
    /// `individual` or `employer`.
    pub channel: String,
    pub employer_code: Option<String>,
    /// Digest of `package.json`: the package's identity.
    pub manifest: Digest,
    /// Key id of the signature, `None` where the configuration allows unsigned packages.
    pub signed_by: Option<String>,
    pub submitted_at: Millis,
    pub received_at: Millis,
    pub first_ordinal: Ordinal,
    pub count: u32,
    /// Vault file with all contents, and its digest.
    pub vault_path: String,
    pub vault_digest: Digest,
    pub container: String,
    /// Package-level findings that hold its applications or are noted (RPL-03, PKG-17 …).
    pub reasons: Vec<Reason>,
}

/// A package that was not let in: quarantined whole.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct PackageSetAside {
    /// Name in the inbox, escaped to printable ASCII.
    pub name: String,
    /// Only when the manifest's signature was good.
    pub outlet: Option<OutletCode>,
    pub package_id: Option<String>,
    pub quarantine_path: String,
    pub reasons: Vec<Reason>,
    pub at: Millis,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct PackageRepeated {
    pub package: u64,
    pub name: String,
    pub at: Millis,
}

/// The package's answer is in `returns/`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct PackageAnswered {
    pub package: u64,
    pub files: Vec<FileDigest>,
    pub at: Millis,
}

/// A chunk of a package's applications, judged; `vault_path` holds their records.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Judged {
    pub package: u64,
    /// Row of the first application in the package, 0-based.
    pub first_row: u32,
    pub vault_path: String,
    pub vault_digest: Digest,
    pub applications: Vec<JudgedApplication>,
    pub at: Millis,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct JudgedApplication {
    pub ordinal: Ordinal,
    /// As the outlet numbered it, if that much could be read; else `row-N`.
    pub application_id: String,
    pub outcome: Outcome,
    pub reasons: Vec<Reason>,
    /// SHA-256 of the photo as sent, and of the validated (stripped) one; `None` when there was no photo.
    pub photo: Option<Digest>,
    pub photo_validated: Option<Digest>,
    /// Facts the cut and the index need, absent when the record could not be understood.
    pub facts: Option<Facts>,
}

/// What the index needs to know of an understood application.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Facts {
    pub business_type: BusinessType,
    pub lane: Lane,
    pub mail: bool,
    /// Keyed digests: nationality + document number; social security number; name + birth date + nationality.
    pub document_key: Keyed,
    pub ssn_key: Keyed,
    pub likeness_key: Keyed,
    /// Keyed digest of the canonical application: tells a repeat (DUP-01) from other data under one number (DUP-08).
    pub content_key: Keyed,
    pub supersedes: Option<String>,
}

/// An application moved from one state to another outside `Judged`: by a person, by a later arrival, or at the cut.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Moved {
    pub ordinal: Ordinal,
    pub outcome: Outcome,
    pub reasons: Vec<Reason>,
    pub cause: Cause,
    /// Person's id, or `cardline`.
    pub who: String,
    pub at: Millis,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Cause {
    /// A person decided (`cardline resolve`).
    Resolved,
    Withdrawn,
    /// What it waited for arrived.
    Rejudged,
    /// A later application concerns the same person or photo.
    Neighbour,
    /// Checked again at the cut.
    Cut,
    /// Replaced by a corrected application.
    Superseded,
    /// Its stored copy could not be used after the cut; its number is void.
    Spoilt,
}

/// The batch: order, destinations and numbers, in one entry, before any output.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct BatchCut {
    pub batch: BatchId,
    /// Everything in the batch that shows a time shows this one.
    pub frozen_at: Millis,
    pub release_id: Digest,
    pub profile: String,
    pub cards_per_job: u32,
    /// Next free counter of every number range that was used, by prefix.
    pub numbers_next: Vec<(String, u64)>,
    /// Register snapshots in force at the cut: whatever is imported later, this batch is made with these.
    pub registers: Vec<RegisterImported>,
    /// Ordinals below this had arrived: the night's answers speak of them.
    pub arrived_until: Ordinal,
    pub cards: Vec<CutCard>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct CutCard {
    pub ordinal: Ordinal,
    /// 9 characters with the check character.
    pub number: String,
    pub generation: u32,
}

/// A job's files are durable in the staging folder.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct JobMade {
    pub batch: BatchId,
    /// 1-based.
    pub job: u32,
    pub files: Vec<FileDigest>,
    /// Record digests in slot order: what the four views must agree on. `None` is a void slot.
    pub records: Vec<Option<Keyed>>,
}

/// A file of a batch, relative to the batch's folder.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FileDigest {
    pub path: String,
    pub len_bytes: u64,
    pub digest: Digest,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct BatchSealed {
    pub batch: BatchId,
    /// Digest of `manifest.json`.
    pub manifest: Digest,
    pub cards: u32,
    pub void: u32,
    pub jobs: u32,
    pub bundles: u32,
    pub at: Millis,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct BatchReleased {
    pub batch: BatchId,
    /// `automatic`, or the people who released it.
    pub by: Vec<String>,
    pub manifest: Digest,
    pub at: Millis,
}

/// Notices and answers of the batch are out.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct BatchDispatched {
    pub batch: BatchId,
    pub files: Vec<FileDigest>,
    pub at: Millis,
}

/// A machine's result file for one batch.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Results {
    pub batch: BatchId,
    pub file: Digest,
    pub cards: Vec<CardResult>,
    pub at: Millis,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct CardResult {
    pub number: String,
    pub result: MachineResult,
    /// 卡识别码: 32 hex digits, from the chip.
    pub card_identification: Option<String>,
    /// Historical bytes of the answer to reset, hex.
    pub atr: Option<String>,
    pub box_position: Option<String>,
    /// 失败环节 and 失败原因.
    pub failure: Option<(String, String)>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MachineResult {
    Good,
    Spoiled,
    Unknown,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct CardEvent {
    pub number: String,
    pub generation: u32,
    pub kind: CardEventKind,
    pub who: String,
    pub at: Millis,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CardEventKind {
    Received,
    Collected,
    ActivatedSocialSecurity,
    ActivatedBank,
}

impl CardEventKind {
    /// For people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Collected => "collected",
            Self::ActivatedSocialSecurity => "activated: social security",
            Self::ActivatedBank => "activated: bank",
        }
    }
}

/// Something worth remembering that changes nothing: a torn tail that was cut, an index that was rebuilt, a stale lock.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Note {
    pub code: String,
    pub text: String,
    pub at: Millis,
}

/// Code of the note that says the clock went back (docs/REASONS.md): later entries may show earlier times than those before it.
pub const CLOCK_WENT_BACK: &str = "CLK-01";

impl Note {
    /// The clock shows `at`, the journal has `latest` already.
    #[must_use]
    pub fn clock_went_back(latest: Millis, at: Millis) -> Self {
        Self { code: CLOCK_WENT_BACK.to_owned(), text: format!("{} ms earlier than the journal's latest time", latest.abs_diff(at)), at }
    }
}

impl Entry {
    /// The time an entry shows; `None` for a job made, which shows none.
    #[must_use]
    pub fn at(&self) -> Option<Millis> {
        Some(match self {
            Self::PlantCreated(e) => e.at,
            Self::RunStarted(e) => e.at,
            Self::RunEnded(e) => e.at,
            Self::RegisterImported(e) => e.at,
            Self::PackageReceived(e) => e.received_at,
            Self::PackageSetAside(e) => e.at,
            Self::PackageRepeated(e) => e.at,
            Self::Judged(e) => e.at,
            Self::PackageAnswered(e) => e.at,
            Self::Moved(e) => e.at,
            Self::BatchCut(e) => e.frozen_at,
            Self::JobMade(_) => return None,
            Self::BatchSealed(e) => e.at,
            Self::BatchReleased(e) => e.at,
            Self::BatchDispatched(e) => e.at,
            Self::Results(e) => e.at,
            Self::CardEvent(e) => e.at,
            Self::Note(e) => e.at,
            Self::PersonAdded(e) => e.at,
            Self::PersonRemoved(e) => e.at,
            Self::ReleaseSigned(e) => e.at,
            Self::PackagePurged(e) => e.at,
            Self::BatchPurged(e) => e.at,
            Self::DeviceAdded(e) => e.at,
            Self::DeviceRemoved(e) => e.at,
            Self::HandoverBegun(e) => e.at,
            Self::HandoverDone(e) => e.at,
            Self::HandoverResolved(e) => e.at,
            Self::CardAttempted(e) => e.at,
            Self::AttemptEnded(e) => e.at,
            Self::AttemptResolved(e) => e.at,
            Self::PrinterAdded(e) => e.at,
            Self::PrintEnded(e) => e.at,
            Self::RemakeRequested(e) => e.at,
            Self::RemakeApproved(e) => e.at,
            Self::RemakeRefused(e) => e.at,
            Self::CardRevoked(e) => e.at,
            Self::StockReceived(e) => e.at,
            Self::StockMoved(e) => e.at,
            Self::DestructionAsked(e) => e.at,
            Self::DestructionWitnessed(e) => e.at,
            Self::BatchReconciled(e) => e.at,
            Self::Deliveries(e) => e.at,
        })
    }

    /// Does it say that the clock went back?
    #[must_use]
    pub fn is_clock_note(&self) -> bool {
        matches!(self, Self::Note(note) if note.code == CLOCK_WENT_BACK)
    }
}

/// What a person of the plant may do (faults.md §8): roles are kept apart, one person has one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Operator,
    Supervisor,
    Custodian,
    Auditor,
}

impl Role {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Supervisor => "supervisor",
            Self::Custodian => "custodian",
            Self::Auditor => "auditor",
        }
    }
}

/// A person's signature under a change of the people register (docs/formats/people.md).
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Approval {
    pub person: String,
    /// The text of a `.minisig` file.
    pub signature: String,
}

/// A person of the plant: from here on the id and the key are theirs, and never anyone else's.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct PersonAdded {
    pub person: String,
    pub name: String,
    pub role: Role,
    /// minisign public key: 56 characters of base64.
    pub key: String,
    /// `None` only for the first person of a plant.
    pub approval: Option<Approval>,
    pub at: Millis,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct PersonRemoved {
    pub person: String,
    pub approval: Approval,
    pub at: Millis,
}

/// One of the signatures a batch is released with (two-person release).
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ReleaseSigned {
    pub batch: BatchId,
    /// Digest of the `manifest.json` that was signed.
    pub manifest: Digest,
    pub person: String,
    /// The person's role when signing.
    pub role: Role,
    /// The text of a `.minisig` file over the text of docs/formats/people.md.
    pub signature: String,
    pub at: Millis,
}

/// A package's retention is over: its key and its vault files are destroyed after this was written down. What the ledger says of it stays.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct PackagePurged {
    pub package: u64,
    pub who: String,
    pub reason: String,
    pub at: Millis,
}

/// A batch's retention is over: its files are removed after this was written down, but for the manifest and its signature.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct BatchPurged {
    pub batch: BatchId,
    pub who: String,
    pub reason: String,
    pub at: Millis,
}

/// What a device makes of a job, and so which of its files it gets.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeviceKind {
    /// Print file and job sheet.
    Printer,
    /// Encode files.
    Encoder,
}

impl DeviceKind {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Printer => "printer",
            Self::Encoder => "encoder",
        }
    }
}

/// A device jobs are handed to: from here on the name and the key are its, and never another's.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct DeviceAdded {
    pub device: String,
    pub kind: DeviceKind,
    /// Public key envelopes are sealed to; the secret half was made in the device and never leaves it.
    pub recipient: String,
    /// It takes nothing that isn't in an envelope.
    pub sealed_only: bool,
    pub who: String,
    /// The text of a `.minisig` file (docs/formats/handover.md); `None` only in a plant without people.
    pub signature: Option<String>,
    pub at: Millis,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct DeviceRemoved {
    pub device: String,
    pub who: String,
    pub signature: Option<String>,
    pub at: Millis,
}

/// The token of one hand-over, used before any byte leaves: one file of one job to one device. Without its end it is in doubt.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct HandoverBegun {
    pub device: String,
    /// Counted up from 1 for each device, void ones included.
    pub number: u64,
    pub batch: BatchId,
    pub job: u32,
    pub file: FileDigest,
    pub cards: u32,
    /// Digest of the batch's `manifest.json`.
    pub manifest: Digest,
    /// Header of the hand-over that reached this device before, `None` for its first.
    pub previous: Option<Digest>,
    /// Digest of the inner header (docs/formats/handover.md), which follows from the fields above.
    pub header: Digest,
    /// Whole seconds.
    pub not_after: Millis,
    pub who: String,
    pub at: Millis,
}

/// The envelope lies where the device fetches it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct HandoverDone {
    pub device: String,
    pub number: u64,
    pub envelope_len_bytes: u64,
    pub envelope: Digest,
    pub at: Millis,
}

/// One person's word about a hand-over in doubt, after looking at the device. Two people who say the same settle it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct HandoverResolved {
    pub device: String,
    pub number: u64,
    pub arrived: bool,
    pub person: String,
    /// The person's role when signing.
    pub role: Role,
    pub reason: String,
    /// The text of a `.minisig` file over the text of docs/formats/handover.md.
    pub signature: String,
    pub at: Millis,
}

/// A card is about to be encoded here: written down before the first byte goes to the blank. Without its end it is in doubt.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct CardAttempted {
    pub batch: BatchId,
    pub job: u32,
    /// 0-based, in the batch.
    pub position: u32,
    pub number: String,
    pub generation: u32,
    /// Counted up from 1 for each card.
    pub attempt: u32,
    /// The encode file it is made from, as its job published it.
    pub file: FileDigest,
    /// As PC/SC calls it.
    pub reader: String,
    /// Keys for tests were written to it; else none.
    pub test_keys: bool,
    pub who: String,
    pub at: Millis,
}

/// What an attempt to encode a card came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AttemptResult {
    /// Written, read back, all of it equal.
    Good,
    /// The blank answered, and not as it must.
    Spoiled,
    /// It stopped answering.
    InDoubt,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct AttemptEnded {
    pub number: String,
    pub generation: u32,
    pub attempt: u32,
    pub result: AttemptResult,
    /// Data of this card may be on the blank: then the blank is this card, and no other becomes it.
    pub written: bool,
    /// Absent exactly where it is good.
    pub reason: Option<Reason>,
    pub at: Millis,
}

/// One person's word about an attempt in doubt, after looking at the card. Two people who say the same settle it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct AttemptResolved {
    pub number: String,
    pub generation: u32,
    pub attempt: u32,
    /// The card is whole; else it is spoiled.
    pub good: bool,
    pub person: String,
    /// The person's role when signing.
    pub role: Role,
    pub reason: String,
    /// The text of a `.minisig` file over the text of docs/formats/encoding.md.
    pub signature: String,
    pub at: Millis,
}
