//! The print room: a released job's print file to a printer over IPP, once. The token is the hand-over's (`handover/`), used in the ledger
//! before the first byte leaves; what has no clear end stays in doubt until two people have looked, and nothing here sends it again.
//! Whether the printer is ready is `ready.rs`', where it may be `address.rs`'. docs/formats/printing.md has the rules.

mod address;
mod ready;

use card::seeded::{Bug, has};
use card::{BatchId, Code, Digest, Profile};
use ledger::book::Book;
use ledger::book::state::{BatchState, DeviceState, HandoverStage, HandoverState, Reached};
use ledger::disk::Disk;
use ledger::entry::{Entry, FileDigest, HandoverBegun, Millis, PrintEnded, PrintOutcome};
use ledger::fault::Fault;

pub use address::Address;
pub use ready::MEDIA_TOLERANCE_HUNDREDTHS_MM;

use crate::devices;
use crate::handover::files::{self, SealedFiles};
use crate::handover::inner::Header;
use crate::handover::{elsewhere, in_doubt, may_hand_over, none_in_doubt, released, whole_seconds};
use crate::ports::{Clock, PrintOrder, PrintProgress, PrintStage, Printer, PrinterFault};

const SECOND: Millis = 1000;
/// Questions in a row a printer may leave unanswered while it prints.
pub const UNANSWERED_MAX: u32 = 10;
/// Front and back.
const SIDES_OF_A_CARD: u32 = 2;
/// IPP statuses by which a printer says of a `Print-Job` that it took none, for what was asked (RFC 8011 §4.1.6, appendix B): not those that
/// speak of the document, of which something may be printed by then, nor of time.
const REFUSALS: [u16; 17] = [
    0x0400, 0x0401, 0x0402, 0x0403, 0x0404, 0x0406, 0x0407, 0x0409, 0x040a, 0x040b, 0x040c, 0x040d, 0x040e, // client errors
    0x0501, 0x0503, 0x0506, 0x0507, // no such operation or version, not accepting jobs, busy
];

/// The ledger of a plant that others use while a printer is at work.
pub trait Desk {
    /// The book. Opened again where it was closed, and waited for where somebody else has it.
    ///
    /// # Errors
    /// The ledger fails, or the wait was given up.
    fn book(&mut self) -> Result<&mut Book, Fault>;

    /// The printer is at work for a while: what was said is durable, and others may have the plant.
    ///
    /// # Errors
    /// The ledger fails.
    fn leave(&mut self) -> Result<(), Fault>;
}

/// What printing needs of the world, and who does it.
pub struct Printing<'a> {
    pub plant: &'a dyn Disk,
    pub clock: &'a dyn Clock,
    /// The one the batch was cut with: its cards' size.
    pub profile: &'a Profile,
    pub device: &'a str,
    pub who: &'a str,
    /// IPP's word for how a card is turned.
    pub sides: &'a str,
    /// How long the printer may take over the job.
    pub deadline_seconds: u64,
    pub stop: &'a dyn Fn() -> bool,
}

/// What is told while it goes on. Shows nothing personal.
pub enum Told<'a> {
    /// The printer took it as its own job of this number.
    Taken { number: u64, printer_job: i32 },
    /// Something changed.
    Progress { progress: &'a PrintProgress, sides: u32 },
    /// It says it is done, but counts otherwise.
    CountedOtherwise { impressions: u32, sides: u32 },
}

/// What became of the job.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Printed {
    pub number: u64,
    pub impressions: Option<u32>,
    /// It was printed earlier: nothing was done.
    pub before: bool,
}

/// The address of a printer.
///
/// # Errors
/// HND-02; PRN-01: it is reached by envelopes.
pub fn address_of(book: &Book, device: &str) -> Result<Address, Fault> {
    Address::parse(uri(&devices::in_force(book, device)?)?)
}

fn uri(device: &DeviceState) -> Result<&str, Fault> {
    match &device.reached {
        Reached::Ipp(uri) => Ok(uri),
        Reached::Envelope(_) if device.sealed_only => {
            Err(Fault::refused(Code::Prn01, format!("{} is sealed-only: it takes nothing that isn't in an envelope", device.device)))
        }
        Reached::Envelope(_) => Err(Fault::refused(Code::Prn01, format!("{} was registered with a key and no address: hand over to it", device.device))),
    }
}

/// The print file of a job that is to be printed.
struct Wanted {
    job: u32,
    cards: u32,
    file: FileDigest,
}

impl Printing<'_> {
    /// Prints a job. Done again it prints nothing.
    ///
    /// # Errors
    /// HND-01, HND-02, HND-03, HND-06, PRN-01 … PRN-05, OUT-01, PRG-01, AUT-01, AUT-04: nothing was sent. PRN-06: nothing is printed. PRN-07, and
    /// when the ledger fails after the token: it is in doubt.
    pub fn print(&self, desk: &mut dyn Desk, batch: &BatchId, job: u32, printer: &mut dyn Printer, tell: &mut dyn FnMut(&Told)) -> Result<Printed, Fault> {
        let book = desk.book()?;
        may_hand_over(book, self.who)?;
        let device = devices::in_force(book, self.device)?;
        uri(&device)?;
        let batch = released(book, batch)?;
        none_in_doubt(book, &device)?;
        let wanted = match wanted(book, &device, &batch, job)? {
            Ok(before) => return Ok(Printed { number: before.begun.number, impressions: None, before: true }),
            Err(wanted) => wanted,
        };
        let pdf = self.sound(&batch, &wanted)?;
        let order = self.order(printer, &batch, &device, &wanted)?;
        if (self.stop)() {
            return Err(Fault::Stopped("nothing was sent; print again".to_owned()));
        }
        let token = self.token(book, &batch, &device, &wanted)?;
        if !has(Bug::TokenAfterBytes) {
            book.record(&Entry::HandoverBegun(token.clone()))?;
        }
        // Hours, with a printer that takes pages no faster than it prints them.
        desk.leave()?;
        let sent = printer.print(&order, &pdf);
        if has(Bug::TokenAfterBytes) {
            desk.book()?.record(&Entry::HandoverBegun(token.clone()))?;
        }
        match sent {
            Ok(printer_job) => {
                tell(&Told::Taken { number: token.number, printer_job });
                self.follow(desk, &token, printer_job, printer, tell)
            }
            Err(PrinterFault::Status { status, text }) if REFUSALS.contains(&status) => {
                self.ended(desk, &token, PrintOutcome::Refused, |e| e.status = Some(status))?;
                Err(Fault::refused(Code::Prn06, format!("status {status:04x} {text}; hand-over {} to {} is void", token.number, token.device)))
            }
            Err(fault) => Err(unclear(&token, &fault.to_string())),
        }
    }

    /// The print file, read whole: what is sent are the very bytes that were digested.
    fn sound(&self, batch: &BatchState, wanted: &Wanted) -> Result<Vec<u8>, Fault> {
        let pdf = (*SealedFiles::of(self.plant, batch)?.sound(&wanted.file)?).as_ref().to_vec();
        if Digest::of(&pdf) == wanted.file.digest { Ok(pdf) } else { Err(files::differs(batch, &wanted.file)) }
    }

    /// Asks the printer all that can be asked before the token is used.
    fn order(&self, printer: &mut dyn Printer, batch: &BatchState, device: &DeviceState, wanted: &Wanted) -> Result<PrintOrder, Fault> {
        let state = printer.state().map_err(|fault| Fault::refused(Code::Prn03, fault.to_string()))?;
        let name = format!("{}/{} token {}", batch.batch, wanted.job, device.tokens + 1);
        let order = ready::order(self.profile, &state, self.sides, name, self.who)?;
        if state.validates {
            printer.validate(&order).map_err(|fault| match fault {
                PrinterFault::Status { status, text } => Fault::refused(Code::Prn04, format!("it would refuse the job: status {status:04x} {text}")),
                PrinterFault::NoAnswer(why) => Fault::refused(Code::Prn03, why),
            })?;
        }
        Ok(order)
    }

    fn token(&self, book: &Book, batch: &BatchState, device: &DeviceState, wanted: &Wanted) -> Result<HandoverBegun, Fault> {
        let manifest = batch.manifest.ok_or_else(|| Fault::Invariant(format!("{} was released without a manifest", batch.batch)))?;
        let at = self.clock.now();
        let mut token = HandoverBegun {
            device: device.device.clone(),
            number: device.tokens + 1,
            batch: batch.batch.clone(),
            job: wanted.job,
            file: wanted.file.clone(),
            cards: wanted.cards,
            manifest,
            previous: device.previous,
            header: Digest([0; 32]),
            // A second more than asked, so that whole seconds never come to the time of the token itself.
            not_after: whole_seconds(at.saturating_add((self.deadline_seconds as Millis).saturating_add(1).saturating_mul(SECOND))),
            who: self.who.to_owned(),
            at,
        };
        token.header = Digest::of(&Header::of_print(book.view().plant_id(), uri(device)?, &token).to_json());
        Ok(token)
    }

    /// Asks until the job has an end, or it is time to give up on it.
    fn follow(
        &self,
        desk: &mut dyn Desk,
        token: &HandoverBegun,
        printer_job: i32,
        printer: &mut dyn Printer,
        tell: &mut dyn FnMut(&Told),
    ) -> Result<Printed, Fault> {
        let (began, sides) = (self.clock.seconds(), token.cards.saturating_mul(SIDES_OF_A_CARD));
        let (mut last, mut unanswered) = (None, 0);
        loop {
            match printer.progress(printer_job) {
                Ok(progress) => {
                    unanswered = 0;
                    if last.as_ref() != Some(&progress) {
                        tell(&Told::Progress { progress: &progress, sides });
                    }
                    if progress.stage != PrintStage::UnderWay {
                        return self.settled(desk, token, printer_job, &progress, tell);
                    }
                    last = Some(progress);
                }
                Err(fault) => {
                    unanswered += 1;
                    if unanswered == UNANSWERED_MAX {
                        return Err(unclear(token, &format!("the printer took it as its job {printer_job} and doesn't answer any more: {fault}")));
                    }
                }
            }
            let why = match self.clock.seconds() - began {
                _ if (self.stop)() => "stopped while it was printed",
                over if over > self.deadline_seconds as f64 => "it wasn't printed in time",
                _ => {
                    printer.pause();
                    continue;
                }
            };
            return Err(unclear(token, &format!("{why}; the printer took it as its job {printer_job}")));
        }
    }

    /// Writes down the end the printer tells.
    fn settled(
        &self,
        desk: &mut dyn Desk,
        token: &HandoverBegun,
        printer_job: i32,
        progress: &PrintProgress,
        tell: &mut dyn FnMut(&Told),
    ) -> Result<Printed, Fault> {
        let outcome = match progress.stage {
            PrintStage::Completed => PrintOutcome::Completed,
            PrintStage::Canceled => PrintOutcome::Canceled,
            PrintStage::Aborted | PrintStage::UnderWay => PrintOutcome::Aborted,
        };
        let impressions = progress.impressions;
        self.ended(desk, token, outcome, |e| (e.printer_job, e.impressions) = (Some(printer_job), impressions))?;
        if outcome != PrintOutcome::Completed {
            let printed = impressions.map_or_else(|| "an unknown number of".to_owned(), |n| n.to_string());
            let reasons = progress.reasons.join(", ");
            return Err(unclear(token, &format!("the printer's job {printer_job} is {} after {printed} sides ({reasons})", outcome.name())));
        }
        let sides = token.cards.saturating_mul(SIDES_OF_A_CARD);
        if let Some(impressions) = impressions.filter(|n| *n != sides) {
            tell(&Told::CountedOtherwise { impressions, sides });
        }
        Ok(Printed { number: token.number, impressions, before: false })
    }

    fn ended(&self, desk: &mut dyn Desk, token: &HandoverBegun, outcome: PrintOutcome, fill: impl FnOnce(&mut PrintEnded)) -> Result<(), Fault> {
        let book = desk.book()?;
        // On another machine people may have settled it meanwhile: theirs is the word that counts.
        if book.handover(&token.device, token.number)?.is_none_or(|h| h.stage != HandoverStage::InDoubt) {
            return Err(unclear(token, &format!("the printer says {}, and people have settled it meanwhile", outcome.name())));
        }
        let (device, number, at) = (token.device.clone(), token.number, self.clock.now());
        let mut entry = PrintEnded { device, number, outcome, status: None, printer_job: None, impressions: None, at };
        fill(&mut entry);
        book.record(&Entry::PrintEnded(entry)).map(drop)
    }
}

fn unclear(token: &HandoverBegun, why: &str) -> Fault {
    Fault::refused(Code::Prn07, format!("hand-over {} to {} ({} job {}): {why}", token.number, token.device, token.batch, token.job))
}

/// The print file of the job, or the hand-over it went with before.
fn wanted(book: &Book, device: &DeviceState, batch: &BatchState, job: u32) -> Result<Result<HandoverState, Wanted>, Fault> {
    let jobs = book.jobs(&batch.batch)?;
    let made = jobs.iter().find(|j| j.job == job).ok_or_else(|| Fault::Usage(format!("{} has jobs 1 to {}", batch.batch, jobs.len())))?;
    let tokens = book.handovers_of(&batch.batch, job)?;
    if let Some(open) = tokens.iter().find(|h| h.stage == HandoverStage::InDoubt && !has(Bug::ResendInDoubt)) {
        return Err(in_doubt(&open.begun));
    }
    let printed = |h: &&HandoverState| h.stage == HandoverStage::Arrived && h.begun.file.path.starts_with("print/");
    if let Some(before) = tokens.iter().find(printed) {
        return if before.begun.device == device.device { Ok(Ok(before.clone())) } else { Err(elsewhere(before)) };
    }
    let is_print_file = |f: &&FileDigest| f.path == format!("print/job-{job:04}.pdf");
    let file = made.files.iter().find(is_print_file).ok_or_else(|| Fault::Invariant(format!("{} job {job} has no print file", batch.batch)))?;
    let cards = made.records.iter().flatten().count() as u32;
    if cards == 0 {
        return Err(Fault::Usage(format!("no card is in {} job {job}", batch.batch)));
    }
    Ok(Err(Wanted { job, cards, file: file.clone() }))
}
