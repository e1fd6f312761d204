//! `cardline print BATCH/JOB --device NAME`: a released job's print file to a printer over IPP, once. What is in doubt afterwards is settled
//! with `cardline handover resolve`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use card::BatchId;
use ledger::book::Book;
use ledger::fault::Fault;
use ledger::journal::JournalView;
use line::ports::{PrintProgress, PrintStage};
use line::print::{Desk, Printed, Printing, Told, address_of};
use plant::DeviceLock;
use plant::printer::{IppPrinter, Roots, Waits};

use super::encode::{job_of, profile_of};
use super::run::stop_on_signals;
use crate::cli::{Cli, PrintArgs};
use crate::wiring::OpenPlant;
use crate::{people, wiring, witness};

const SECONDS_OF_A_MINUTE: u64 = 60;
const COMMAND: &str = "print";
/// Between two looks whether the plant is free.
const PLANT_LOOK: Duration = Duration::from_millis(500);

pub fn print(cli: &Cli, args: &PrintArgs) -> Result<u8, Fault> {
    let who = people::id(&args.who)?;
    let (batch, job) = job_of(&args.job)?;
    if let Some(text) = &args.witness {
        // Before anything is opened for writing: an older copy has forgotten what it printed.
        witness::demand(&JournalView::open(wiring::disk(cli)?)?.0, &witness::places(text)?)?;
    }
    let mut room = Room::open(cli)?;
    let outcome = printed(&mut room, args, who, &batch, job);
    let Printed { number, impressions, before } = room.close(outcome)?;
    let device = &args.device;
    if before {
        println!("{batch}/{job} went to {device} before as hand-over {number}");
        println!("nothing was printed");
    } else {
        let sides = impressions.map_or_else(String::new, |n| format!(", {n} sides"));
        println!("{batch}/{job} printed at {device} as hand-over {number}{sides}");
    }
    Ok(0)
}

/// The plant while a printer is at work: closed, so that a night, an intake or another printer's job goes on beside it, and opened again to
/// write the end down. The printer's own lock is held from before the token until then.
struct Room<'a> {
    cli: &'a Cli,
    /// `None` while others may have it.
    plant: Option<OpenPlant>,
    printer: Option<DeviceLock>,
    /// Somebody has asked to stop.
    stop: Arc<AtomicBool>,
}

impl<'a> Room<'a> {
    fn open(cli: &'a Cli) -> Result<Self, Fault> {
        let plant = wiring::open(cli, COMMAND)?;
        stop_on_signals(&plant)?;
        Ok(Self { cli, stop: Arc::clone(&plant.world.stop), plant: Some(plant), printer: None })
    }

    fn close<T>(mut self, outcome: Result<T, Fault>) -> Result<T, Fault> {
        let outcome = match self.plant.take() {
            Some(plant) => plant.finish(outcome),
            None => outcome,
        };
        let idle = self.printer.take().map_or(Ok(()), DeviceLock::release);
        outcome.and_then(|done| idle.map(|()| done))
    }

    /// The plant, opened again as soon as nobody else has it.
    fn plant(&mut self) -> Result<&mut OpenPlant, Fault> {
        if self.plant.is_none() {
            self.plant = Some(self.opened_again()?);
        }
        self.plant.as_mut().ok_or_else(|| Fault::Invariant("a plant that was just opened is closed".to_owned()))
    }

    fn opened_again(&self) -> Result<OpenPlant, Fault> {
        let mut told = false;
        loop {
            match wiring::open(self.cli, COMMAND) {
                Err(Fault::Locked(who)) if !self.stop.load(Ordering::Relaxed) => {
                    if !told {
                        tell!("{who}; the end of the job is written down as soon as it is free");
                    }
                    told = true;
                    thread::sleep(PLANT_LOOK);
                }
                Err(Fault::Locked(who)) => return Err(Fault::Stopped(format!("{who}; the end of the job isn't written down, so it is in doubt"))),
                opened => return opened,
            }
        }
    }
}

impl Desk for Room<'_> {
    fn book(&mut self) -> Result<&mut Book, Fault> {
        self.plant().map(|plant| &mut plant.book)
    }

    fn leave(&mut self) -> Result<(), Fault> {
        self.plant.take().map_or(Ok(()), |plant| plant.close().map(drop))
    }
}

fn printed(room: &mut Room, args: &PrintArgs, who: &str, batch: &BatchId, job: u32) -> Result<Printed, Fault> {
    let (clock, stop) = (wiring::clock(room.cli)?, Arc::clone(&room.stop));
    let open = room.plant()?;
    let state = open.book.batch(batch)?.ok_or_else(|| Fault::Usage(format!("no batch {batch}")))?;
    let profile = profile_of(open, &state)?;
    let config = &open.config.print;
    let deadline_seconds = args.minutes.unwrap_or(config.job_minutes) * SECONDS_OF_A_MINUTE;
    let waits = Waits {
        connect: Duration::from_secs(config.connect_seconds),
        answer: Duration::from_secs(config.answer_seconds),
        job: Duration::from_secs(deadline_seconds),
    };
    let mut printer = IppPrinter::new(address_of(&open.book, &args.device)?, &roots(open)?, waits)?;
    let at_work = DeviceLock::take(&open.root, &args.device, COMMAND, clock.now())?;
    let (disk, sides) = (Arc::clone(&open.disk), config.sides.keyword());
    room.printer = Some(at_work);
    let printing = Printing {
        plant: &*disk,
        clock: &*clock,
        profile: &profile,
        device: &args.device,
        who,
        sides,
        deadline_seconds,
        stop: &|| stop.load(Ordering::Relaxed),
    };
    printing.print(room, batch, job, &mut printer, &mut say)
}

/// The certificates `[print] ca` names, or the machine's.
fn roots(open: &OpenPlant) -> Result<Roots, Fault> {
    let ca = &open.config.print.ca;
    if ca.as_os_str().is_empty() {
        return Ok(Roots::System);
    }
    let path = open.root.join(ca);
    std::fs::read(&path).map(Roots::Pem).map_err(|e| Fault::Config(format!("[print] ca: {}: {e}", path.display())))
}

/// How far it is goes to standard error.
fn say(told: &Told) {
    match told {
        Told::Taken { number, printer_job } => tell!("hand-over {number}: the printer took it as its job {printer_job}"),
        Told::Progress { progress, sides } => tell!("{}", line_of(progress, *sides)),
        Told::CountedOtherwise { impressions, sides } => {
            tell!("the printer counts {impressions} sides, the job has {sides}: count the cards before they go on");
        }
    }
}

fn line_of(progress: &PrintProgress, sides: u32) -> String {
    let PrintProgress { stage, impressions, reasons } = progress;
    let stage = match stage {
        PrintStage::UnderWay => "printing",
        PrintStage::Completed => "completed",
        PrintStage::Canceled => "canceled",
        PrintStage::Aborted => "aborted",
    };
    let count = impressions.map_or_else(String::new, |n| format!(", {n} of {sides} sides"));
    let why = if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join(", ")) };
    format!("{stage}{count}{why}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_one_line() {
        let progress = |stage, impressions, reasons: &[&str]| {
            let reasons = reasons.iter().map(|r| (*r).to_owned()).collect();
            line_of(&PrintProgress { stage, impressions, reasons }, 80)
        };
        assert_eq!(progress(PrintStage::UnderWay, Some(12), &["media-empty"]), "printing, 12 of 80 sides (media-empty)");
        assert_eq!(progress(PrintStage::Completed, None, &[]), "completed");
    }
}
