//! What the line asks of the world. `plant` answers on a real machine, `testkit` in a simulated one.
//! Durable storage is not here: it is `ledger::disk::Disk`.

use std::io;

use card::register::{EnrolmentRow, OutletRow, PermitRow};
use card::{BatchId, Digest};
use ledger::entry::Millis;
use ledger::fault::Fault;
use ledger::segment::DataKey;
use ledger::vault_key::NONCE_BYTES;

use crate::package::Source;

/// Wall clock, asked once per run: everything a run writes shows the time it froze then.
pub trait Clock: Send + Sync {
    /// UTC, milliseconds since 1970.
    fn now(&self) -> Millis;
    /// Seconds on a monotonic clock with any start: for rates and the report, never for outputs.
    fn seconds(&self) -> f64;
}

/// One thing lying in the inbox.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Arrival {
    /// File or folder name exactly as the file system has it, lossily decoded: shown only after escaping.
    pub name: String,
    /// Complete: signature there, or archive renamed to its final name.
    pub complete: bool,
    /// Seconds since it was last changed.
    pub age_seconds: u64,
}

/// Why an arrival can't be opened.
pub enum CantOpen {
    /// Permission or owner (PKG-18): stays where it is.
    NoPermission,
    /// A link, device, pipe or socket (PKG-08).
    NotPlain,
    /// None of the four kinds (PKG-19).
    UnknownKind,
    Io(io::Error),
}

/// The folder packages arrive in. Hostile and moving: nothing in it is trusted, mapped or kept open.
pub trait Inbox: Send + Sync {
    /// Arrivals sorted by name.
    fn list(&self) -> io::Result<Vec<Arrival>>;
    fn open(&self, name: &str) -> Result<Source, CantOpen>;
    /// Takes away a package whose every byte is in the vault. Missing is not an error.
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Moves a package unread to `path` under the plant (durably); missing is not an error.
    fn set_aside(&self, name: &str, path: &str) -> io::Result<()>;
}

/// Answer of a register: `NoRegister` holds what needs it (REG-01).
pub enum Lookup<T> {
    NoRegister,
    Unknown,
    Found(T),
}

/// The registers in force, immutable while they are open.
pub trait Registers: Send + Sync {
    fn outlet(&self, code: &str) -> Lookup<OutletRow>;
    fn permit(&self, number: &str) -> Lookup<PermitRow>;
    fn enrolment(&self, ssn: &str) -> Lookup<EnrolmentRow>;
    /// Outlet whose minisign key has this id (8 bytes as minisign writes them).
    fn outlet_of_key(&self, key_id: [u8; 8]) -> Lookup<OutletRow>;
}

/// A register snapshot that the journal names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Snapshot {
    pub kind: String,
    pub version: u32,
    pub path: String,
    pub digest: Digest,
}

/// Opens the snapshots the ledger says are in force.
pub trait RegisterShelf: Send + Sync {
    fn open(&self, snapshots: &[Snapshot]) -> Result<Box<dyn Registers>, Fault>;
}

/// Signs what leaves the plant (minisign; the plant's own key).
pub trait Signer: Send + Sync {
    /// The text of a `.minisig` file over `message`; `comment` becomes the trusted comment, so that equal input gives equal bytes.
    fn sign(&self, message: &[u8], comment: &str) -> Result<String, Fault>;
}

/// Random numbers nobody can foresee: keys, salts and nonces of the vault.
pub trait Entropy: Send + Sync {
    /// # Errors
    /// The machine gives none.
    fn fill(&self, out: &mut [u8]) -> Result<(), Fault>;
}

/// Wraps packages' keys with the plant's own key, which never leaves it (crates/ledger/FORMAT.md §4).
pub trait KeyWrap: Send + Sync {
    /// The wrapped key as a file; `nonce` is random and never used again.
    ///
    /// # Errors
    /// The plant's key can't be used.
    fn wrap(&self, plant_id: &str, package: u64, key: &DataKey, nonce: [u8; NONCE_BYTES]) -> Result<Vec<u8>, Fault>;

    /// # Errors
    /// KEY-02: the file is damaged, or was wrapped by another plant's key or for another package.
    fn unwrap(&self, plant_id: &str, package: u64, wrapped: &[u8]) -> Result<DataKey, Fault>;
}

/// Examines photos where a decoder that aborts, overflows its stack or never ends can't take the run along (faults.md D24, G38). Asked
/// only for rows that several runs may have died of: it is slow.
pub trait Apart: Send + Sync {
    /// Whether examining the photo comes to an end, tried twice before the answer is no.
    fn survives(&self, jpeg: &[u8]) -> bool;
}

/// Trusts every photo: where nothing is examined, or nothing can abort.
pub struct Trusting;

impl Apart for Trusting {
    fn survives(&self, _: &[u8]) -> bool {
        true
    }
}

/// Why a reader gave no answer. Whether a command had its effect on the card isn't known then.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ReaderFault {
    /// No card is in the reader, it was taken out, or it lost its power.
    #[error("no card answers")]
    NoCard,
    /// The reader itself, or what connects it.
    #[error("card reader: {0}")]
    NoReader(String),
}

impl From<ReaderFault> for Fault {
    fn from(fault: ReaderFault) -> Self {
        Self::Missing(fault.to_string())
    }
}

/// A device that talks to one chip card at a time.
pub trait CardReader {
    /// Powers the card that is in the reader; nobody else talks to it until it is taken out. Its answer to reset.
    ///
    /// # Errors
    /// There is no card, or no reader.
    fn connect(&mut self) -> Result<Vec<u8>, ReaderFault>;
    /// Resets the card. Its answer to reset.
    ///
    /// # Errors
    /// As [`CardReader::connect`].
    fn reset(&mut self) -> Result<Vec<u8>, ReaderFault>;
    /// Sends one command APDU; the answer's data and its two status bytes, as the card gave them.
    ///
    /// # Errors
    /// No answer came. The card may have done what it was told all the same.
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ReaderFault>;
}

/// What a place for one blank card after the other has to offer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NextBlank {
    /// One was put in while we looked.
    In,
    /// None came in time, or the last one was never taken out.
    NoneCame,
    /// Asked to stop while waiting.
    Stopped,
}

/// A reader that people, or a feeder, put one blank after the other into.
pub trait BlankSlot {
    fn reader(&mut self) -> &mut dyn CardReader;

    /// Takes the power from the card that is in, before anybody is told to take it out.
    fn let_go(&mut self);

    /// Waits until the card that is in is out, and the next one in. A card that was there before we looked is no next one:
    /// nobody knows whose it is.
    ///
    /// # Errors
    /// The reader is gone.
    fn next_blank(&mut self, stop: &dyn Fn() -> bool) -> Result<NextBlank, ReaderFault>;
}

/// Reads a sealed batch again with readers of its own.
pub trait Auditor: Send + Sync {
    /// # Errors
    /// OUT-04: an invariant doesn't hold; the disk fails.
    fn check(&self, batch: &BatchId) -> Result<(), Fault>;
}

/// Where a run tells how far it is. Calls are cheap and may come from the writer thread only.
pub trait Progress: Send + Sync {
    /// `more` items are to be expected in a stage.
    fn stage(&self, stage: Stage, more: u64);
    fn advance(&self, stage: Stage, by: u64);
    fn note(&self, text: &str);
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Stage {
    Ingest,
    Validate,
    Cut,
    Jobs,
    Dispatch,
}

/// Tells nobody.
pub struct Silent;

impl Progress for Silent {
    fn stage(&self, _: Stage, _: u64) {}
    fn advance(&self, _: Stage, _: u64) {}
    fn note(&self, _: &str) {}
}

/// Seals what leaves the plant to one device's public key: who lacks the secret half reads nothing of it. Its randomness is its own,
/// so that two envelopes of one file differ; another scheme joins as another adapter.
pub trait Envelope: Send + Sync {
    /// Whether this is a public key envelopes can be sealed to, in its one way of writing it.
    ///
    /// # Errors
    /// HND-05.
    fn recipient(&self, text: &str) -> Result<(), Fault>;

    /// Seals what `write` writes, into `out`, in bounded memory. An envelope that was begun and not brought to its end opens nowhere.
    ///
    /// # Errors
    /// What `write` or `out` returns.
    fn seal(&self, recipient: &str, out: &mut dyn io::Write, write: &mut dyn FnMut(&mut dyn io::Write) -> io::Result<()>) -> io::Result<()>;
}

/// A size of media as printers name it, in hundredths of a millimetre.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Media {
    /// In printable ASCII.
    pub name: String,
    pub x_hundredths_mm: i32,
    pub y_hundredths_mm: i32,
}

/// What a printer says of itself before it gets anything. Its texts are in printable ASCII.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PrinterState {
    pub accepting: bool,
    pub stopped: bool,
    /// Why it stands as it does, in its own words.
    pub reasons: Vec<String>,
    pub takes_pdf: bool,
    /// Prints, and tells how a job stands.
    pub prints_jobs: bool,
    /// Can be asked whether it would take a job.
    pub validates: bool,
    pub sides: Vec<String>,
    /// Empty where it doesn't know of scaling.
    pub scalings: Vec<String>,
    pub media: Vec<Media>,
    /// What is loaded; `None` where it doesn't say.
    pub media_ready: Option<Vec<Media>>,
}

/// How a print job is to be made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PrintOrder {
    /// Shown at the printer.
    pub name: String,
    pub who: String,
    pub media: Media,
    pub sides: String,
    /// The printer knows of scaling, and is told to leave it.
    pub unscaled: bool,
}

/// Where a print job stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PrintStage {
    /// Waiting, held, being printed or stopped.
    UnderWay,
    Completed,
    Canceled,
    Aborted,
}

/// What a printer says of a job.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PrintProgress {
    pub stage: PrintStage,
    /// Sides printed, as far as it counts them.
    pub impressions: Option<u32>,
    /// In printable ASCII.
    pub reasons: Vec<String>,
}

/// Why a printer gave no good answer. Its text is in printable ASCII.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PrinterFault {
    /// It answered with a status that isn't success.
    #[error("status {status:04x} {text}")]
    Status { status: u16, text: String },
    /// No connection, no valid certificate, too late, broken off, or no IPP.
    #[error("{0}")]
    NoAnswer(String),
}

/// A printer that takes one job at a time and tells how it stands.
pub trait Printer {
    /// # Errors
    /// It can't be asked.
    fn state(&mut self) -> Result<PrinterState, PrinterFault>;

    /// Asks whether it would take the job. Sends nothing of it.
    ///
    /// # Errors
    /// It wouldn't, or can't be asked.
    fn validate(&mut self, order: &PrintOrder) -> Result<(), PrinterFault>;

    /// Sends the job, once. Gives the printer's own number of it.
    ///
    /// # Errors
    /// It refused, or nobody knows what it did.
    fn print(&mut self, order: &PrintOrder, pdf: &[u8]) -> Result<i32, PrinterFault>;

    /// # Errors
    /// It can't be asked, or doesn't know the job any more.
    fn progress(&mut self, printer_job: i32) -> Result<PrintProgress, PrinterFault>;

    /// Waits until it is worth asking again.
    fn pause(&mut self);
}
