//! `cardline print BATCH/JOB --device NAME`: a released job's print file to a printer over IPP, once. What is in doubt afterwards is settled
//! with `cardline handover resolve`.

use std::time::Duration;

use card::BatchId;
use ledger::fault::Fault;
use ledger::journal::JournalView;
use line::ports::{PrintProgress, PrintStage};
use line::print::{Printed, Printing, Told, address_of};
use plant::printer::{IppPrinter, Roots, Waits};

use super::encode::{job_of, profile_of};
use super::run::stop_on_signals;
use crate::cli::{Cli, PrintArgs};
use crate::wiring::OpenPlant;
use crate::{people, wiring, witness};

const SECONDS_OF_A_MINUTE: u64 = 60;

pub fn print(cli: &Cli, args: &PrintArgs) -> Result<u8, Fault> {
    let who = people::id(&args.who)?;
    let (batch, job) = job_of(&args.job)?;
    if let Some(text) = &args.witness {
        // Before anything is opened for writing: an older copy has forgotten what it printed.
        witness::demand(&JournalView::open(wiring::disk(cli)?)?.0, &witness::places(text)?)?;
    }
    let mut open = wiring::open(cli, "print")?;
    let outcome = printed(&mut open, args, who, &batch, job);
    let Printed { number, impressions, before } = open.finish(outcome)?;
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

fn printed(open: &mut OpenPlant, args: &PrintArgs, who: &str, batch: &BatchId, job: u32) -> Result<Printed, Fault> {
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
    stop_on_signals(open)?;
    let world = &open.world;
    let printing = Printing {
        plant: &*world.disk,
        clock: &*world.clock,
        profile: &profile,
        device: &args.device,
        who,
        sides: config.sides.keyword(),
        deadline_seconds,
        stop: &|| world.stopping(),
    };
    printing.print(&mut open.book, batch, job, &mut printer, &mut say)
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
