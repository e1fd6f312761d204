//! What the journal says: one type per kind of event. Fields are identifiers, keyed digests, codes and times; of applicants
//! nothing personal, of the plant's own people their names.
//! Encoded with bincode 1.3.3 (fixint) inside the journal's record; a changed field order is a new schema number (FORMAT.md).

use card::Digest;
use serde::{Deserialize, Serialize};

mod batches;
mod deliveries;
mod devices;
mod packages;
mod people;
mod printing;
mod remakes;
mod stock;

pub use batches::{
    BatchCut, BatchDispatched, BatchPurged, BatchReleased, BatchSealed, CardEvent, CardEventKind, CardResult, CutCard, FileDigest, JobMade, MachineResult,
    Results,
};
pub use deliveries::{Deliveries, DeliveryCause, DeliveryLine, DeliveryState, Order};
pub use devices::{
    AttemptEnded, AttemptResolved, AttemptResult, CardAttempted, DeviceAdded, DeviceKind, DeviceRemoved, HandoverBegun, HandoverDone, HandoverResolved,
};
pub use packages::{Cause, Facts, Judged, JudgedApplication, Moved, PackageAnswered, PackagePurged, PackageReceived, PackageRepeated, PackageSetAside};
pub use people::{Approval, PersonAdded, PersonRemoved, ReleaseSigned, Role};
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
