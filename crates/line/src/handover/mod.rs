//! The hand-over of a released job to a device: each of its files once, in an envelope only that device can open. The token is used in
//! the ledger before the first byte leaves; a hand-over whose end isn't written down is in doubt, and nothing here ever sends it again:
//! two people settle it (`resolve.rs`). What is inside an envelope is `inner.rs`'.

pub(crate) mod files;
pub mod inner;
pub mod resolve;

use std::io;

use card::seeded::{Bug, has};
use card::{BatchId, Code, Digest};
use ledger::book::Book;
use ledger::book::state::{BatchStage, BatchState, DeviceState, HandoverStage, HandoverState, JobState, Reached};
use ledger::disk::Disk;
use ledger::entry::{DeviceKind, Entry, FileDigest, HandoverBegun, HandoverDone, Millis, Role};
use ledger::fault::Fault;
use ledger::publish::publish;

use crate::ports::{Clock, Envelope, Signer};
use crate::{devices, people, stock};
use files::SealedFiles;
use inner::Header;

const SECOND: Millis = 1000;

/// What a hand-over needs of the world, and who does it.
pub struct Handover<'a> {
    pub plant: &'a dyn Disk,
    /// Where the device fetches its envelopes.
    pub tray: &'a dyn Disk,
    pub signer: &'a dyn Signer,
    pub envelope: &'a dyn Envelope,
    pub clock: &'a dyn Clock,
    pub device: &'a str,
    pub who: &'a str,
    pub not_after: Millis,
}

/// What became of one file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Handed {
    pub job: u32,
    pub file: String,
    pub device: String,
    pub number: u64,
    /// It arrived earlier: nothing was done.
    pub before: bool,
}

/// What an envelope is called.
#[must_use]
pub fn envelope_name(device: &str, number: u64) -> String {
    format!("{device}-{number:06}.age")
}

/// Whether this id may hand over: operators and supervisors, or anyone in a plant without people.
///
/// # Errors
/// AUT-01, AUT-04; the ledger fails.
pub fn may_hand_over(book: &Book, person: &str) -> Result<(), Fault> {
    if !people::any(book)? {
        return Ok(());
    }
    let person = people::in_force(book, person)?;
    match person.role {
        Role::Operator | Role::Supervisor => Ok(()),
        role => Err(Fault::refused(Code::Aut04, format!("{} is {}; operators and supervisors hand jobs over", person.person, role.name()))),
    }
}

impl Handover<'_> {
    /// Hands a batch's jobs over to the device, in order, or one of them. Done again it sends nothing.
    ///
    /// # Errors
    /// HND-01, HND-02, HND-03, HND-06, HND-07, ENC-08, PRN-01, OUT-01, PRG-01, AUT-01, AUT-04, USE-01: nothing of the file concerned has left. After any other
    /// fault it is in doubt whether its last file did.
    pub fn hand_over(&self, book: &mut Book, batch: &BatchId, job: Option<u32>) -> Result<Vec<Handed>, Fault> {
        may_hand_over(book, self.who)?;
        let device = devices::in_force(book, self.device)?;
        recipient(&device)?;
        let batch = released(book, batch)?;
        if whole_seconds(self.not_after) <= self.clock.now() {
            return Err(Fault::refused(Code::Use01, "--not-after lies in the past"));
        }
        none_in_doubt(book, &device)?;
        let wanted = wanted(book, &device, &batch, job)?;
        let sealed = SealedFiles::of(self.plant, &batch)?;
        for file in wanted.iter().filter_map(|w| w.as_ref().err()) {
            sealed.sound(&file.file)?;
        }
        wanted.into_iter().map(|w| w.or_else(|file| self.send(book, &batch, &file))).collect()
    }

    /// One file: token, bytes, done.
    fn send(&self, book: &mut Book, batch: &BatchState, wanted: &Wanted) -> Result<Handed, Fault> {
        let device = devices::in_force(book, self.device)?;
        let recipient = recipient(&device)?;
        let mut token = self.token(batch, &device, wanted)?;
        let name = envelope_name(&device.device, token.number);
        if self.tray.len(&name).map_err(Fault::on("look for", &name))?.is_some() {
            return Err(Fault::refused(Code::Hnd07, format!("{name} lies there already")));
        }
        let header = Header::of(book.view().plant_id(), recipient, &token).to_json();
        token.header = Digest::of(&header);
        let signature = self.signer.sign(&header, &format!("cardline hand-over {} {}", device.device, token.number))?;
        let bytes = files::bytes(self.plant, batch, &wanted.file)?;
        if !has(Bug::TokenAfterBytes) {
            book.record(&Entry::HandoverBegun(token.clone()))?;
        }
        let front = inner::front(&header, &signature);
        let info = publish(self.tray, &name, |out| {
            self.envelope.seal(recipient, out, &mut |inside| {
                inside.write_all(&front)?;
                let same = inner::copy((*bytes).as_ref(), inside)? == wanted.file.digest;
                if same { Ok(()) } else { Err(io::Error::from(files::differs(batch, &wanted.file))) }
            })
        })?;
        if has(Bug::TokenAfterBytes) {
            book.record(&Entry::HandoverBegun(token.clone()))?;
        }
        let (number, envelope_len_bytes, envelope) = (token.number, info.len_bytes, info.digest);
        book.record(&Entry::HandoverDone(HandoverDone { device: device.device.clone(), number, envelope_len_bytes, envelope, at: self.clock.now() }))?;
        Ok(Handed { job: wanted.job, file: wanted.file.path.clone(), device: device.device, number, before: false })
    }

    /// The next token of the device, its header still to be digested.
    fn token(&self, batch: &BatchState, device: &DeviceState, wanted: &Wanted) -> Result<HandoverBegun, Fault> {
        let manifest = batch.manifest.ok_or_else(|| Fault::Invariant(format!("{} was released without a manifest", batch.batch)))?;
        Ok(HandoverBegun {
            device: device.device.clone(),
            number: device.tokens + 1,
            batch: batch.batch.clone(),
            job: wanted.job,
            file: wanted.file.clone(),
            cards: wanted.cards,
            manifest,
            previous: device.previous,
            header: Digest([0; 32]),
            not_after: whole_seconds(self.not_after),
            who: self.who.to_owned(),
            at: self.clock.now(),
        })
    }
}

/// A file that is to be sent.
struct Wanted {
    job: u32,
    cards: u32,
    file: FileDigest,
}

/// A batch jobs may leave: released, its files still there, not closed.
///
/// # Errors
/// HND-06, PRG-01, CLS-05; there is no such batch; the ledger fails.
pub(crate) fn released(book: &Book, batch: &BatchId) -> Result<BatchState, Fault> {
    let state = book.batch(batch)?.ok_or_else(|| Fault::Usage(format!("no batch {batch}")))?;
    if let Some(purged) = &state.purged {
        return Err(Fault::refused(Code::Prg01, format!("{batch} was purged by {}", purged.who)));
    }
    if state.stage < BatchStage::Released {
        return Err(Fault::refused(Code::Hnd06, format!("{batch} is {}", state.stage.name())));
    }
    stock::still_open(book, batch)?;
    Ok(state)
}

/// The public key envelopes for a device are sealed to.
fn recipient(device: &DeviceState) -> Result<&str, Fault> {
    match &device.reached {
        Reached::Envelope(recipient) => Ok(recipient),
        Reached::Ipp(uri) => Err(Fault::refused(Code::Prn01, format!("{} takes print jobs over IPP ({uri}), no envelopes", device.device))),
    }
}

pub(crate) fn whole_seconds(at: Millis) -> Millis {
    at.div_euclid(SECOND) * SECOND
}

pub(crate) fn in_doubt(h: &HandoverBegun) -> Fault {
    Fault::refused(Code::Hnd01, format!("hand-over {} to {}: {} of {} job {}", h.number, h.device, h.file.path, h.batch, h.job))
}

/// A device whose last hand-over is in doubt gets nothing more.
pub(crate) fn none_in_doubt(book: &Book, device: &DeviceState) -> Result<(), Fault> {
    let Some(open) = device.in_doubt.filter(|_| !has(Bug::ResendInDoubt)) else { return Ok(()) };
    let missing = || Fault::Invariant(format!("hand-over {open} to {} isn't in the book", device.device));
    Err(in_doubt(&book.handover(&device.device, open)?.ok_or_else(missing)?.begun))
}

/// The files the device is to get, in order: those that arrived before with how, the others as they are to be sent.
fn wanted(book: &Book, device: &DeviceState, batch: &BatchState, job: Option<u32>) -> Result<Vec<Result<Handed, Wanted>>, Fault> {
    let jobs = book.jobs(&batch.batch)?;
    let chosen: Vec<&JobState> = jobs.iter().filter(|j| job.is_none_or(|job| j.job == job)).collect();
    if chosen.is_empty() {
        return Err(Fault::Usage(format!("{} has jobs 1 to {}", batch.batch, jobs.len())));
    }
    let mut found = Vec::new();
    for made in chosen {
        let tokens = book.handovers_of(&batch.batch, made.job)?;
        if let Some(open) = tokens.iter().find(|h| h.stage == HandoverStage::InDoubt && !has(Bug::ResendInDoubt)) {
            return Err(in_doubt(&open.begun));
        }
        if device.kind == DeviceKind::Encoder && !book.attempts_of(&batch.batch, made.job)?.is_empty() {
            return Err(Fault::refused(Code::Enc08, format!("cards of {} job {} were encoded here", batch.batch, made.job)));
        }
        if let Some(printed) = printed(book, device, &tokens)? {
            if job.is_some() {
                return Err(elsewhere(printed));
            }
            found.push(Ok(arrived_before(printed)));
            continue;
        }
        for file in made.files.iter().filter(|f| takes(device.kind, &f.path)) {
            found.push(match tokens.iter().find(|h| h.begun.file.path == file.path && h.stage == HandoverStage::Arrived) {
                Some(before) if job.is_some() && before.begun.device != device.device => return Err(elsewhere(before)),
                Some(before) => Ok(arrived_before(before)),
                None => Err(Wanted { job: made.job, cards: made.records.iter().flatten().count() as u32, file: file.clone() }),
            });
        }
    }
    Ok(found)
}

/// The print job of this job's print file, where a printer reached over IPP took one: then no printer gets anything else of it.
fn printed<'a>(book: &Book, device: &DeviceState, tokens: &'a [HandoverState]) -> Result<Option<&'a HandoverState>, Fault> {
    let arrived = tokens.iter().filter(|h| h.stage == HandoverStage::Arrived && takes(DeviceKind::Printer, &h.begun.file.path));
    for h in arrived.filter(|_| device.kind == DeviceKind::Printer) {
        if book.device(&h.begun.device)?.is_some_and(|d| matches!(d.reached, Reached::Ipp(_))) {
            return Ok(Some(h));
        }
    }
    Ok(None)
}

/// Printers take the print file and the job sheet, encoders the encode files.
fn takes(kind: DeviceKind, path: &str) -> bool {
    let folder = match kind {
        DeviceKind::Printer => "print/",
        DeviceKind::Encoder => "encode/",
    };
    path.starts_with(folder)
}

pub(crate) fn elsewhere(before: &HandoverState) -> Fault {
    let b = &before.begun;
    Fault::refused(Code::Hnd03, format!("{} of {} job {} went to {} as hand-over {}", b.file.path, b.batch, b.job, b.device, b.number))
}

fn arrived_before(before: &HandoverState) -> Handed {
    let b = &before.begun;
    Handed { job: b.job, file: b.file.path.clone(), device: b.device.clone(), number: b.number, before: true }
}
