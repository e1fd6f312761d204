//! `cardline ledger show`: entries as people read them: one in full, or all of a batch or a run on a line each.

use std::io::{self, BufWriter, Write};

use card::{BatchId, Code, Outcome};
use ledger::entry::{CardAttempted, Entry, HandoverBegun, Judged, Millis, PrintEnded};
use ledger::fault::Fault;
use ledger::journal::{JournalView, Record};
use line::plan::rfc3339;

use super::super::encode::end_of;
use super::super::stock::headline as headline_of_stock;
use super::super::track::remade;
use super::told;
use crate::cli::Cli;

/// What is asked for.
enum Wanted {
    One(u64),
    Batch(BatchId),
    Run(u64),
}

impl Wanted {
    fn parse(text: &str) -> Option<Self> {
        if let Ok(seq) = text.parse() {
            return Some(Self::One(seq));
        }
        match text.strip_prefix("run-") {
            Some(number) => number.parse().ok().map(Self::Run),
            None => BatchId::parse(text).ok().map(Self::Batch),
        }
    }
}

pub fn show(cli: &Cli, what: &str) -> Result<u8, Fault> {
    let wanted = Wanted::parse(what).ok_or_else(|| Fault::refused(Code::Use01, "show: a sequence number, a batch (B20250115-01) or a run (run-7)"))?;
    let view = super::journal(cli)?;
    let mut out = BufWriter::new(io::stdout().lock());
    let shown = match wanted {
        Wanted::One(seq) => one(&view, seq, &mut out)?,
        Wanted::Batch(batch) => lines(&view, |e| of_batch(e) == Some(&batch), &mut out)?,
        Wanted::Run(run) => lines(&view, of_run(run), &mut out)?,
    };
    told(out.flush())?;
    if shown == 0 { Err(Fault::Usage(format!("the ledger has no entry of {what}"))) } else { Ok(0) }
}

/// An entry in full.
fn one(view: &JournalView, seq: u64, out: &mut dyn Write) -> Result<u64, Fault> {
    let Some(record) = view.read_from(seq.max(1)).next().transpose()?.filter(|r| r.seq == seq) else { return Ok(0) };
    told(writeln!(out, "{}\nhash {}", headline(&record), record.hash))?;
    told(serde_json::to_writer_pretty(&mut *out, &record.entry).map_err(io::Error::from).and_then(|()| out.write_all(b"\n")))?;
    Ok(1)
}

fn lines(view: &JournalView, mut wanted: impl FnMut(&Entry) -> bool, out: &mut dyn Write) -> Result<u64, Fault> {
    let mut shown = 0;
    for record in view.read_from(1) {
        let record = record?;
        if wanted(&record.entry) {
            shown += 1;
            if !told(writeln!(out, "{}", headline(&record)))? {
                break;
            }
        }
    }
    Ok(shown)
}

/// Everything from a run's start to the next run's.
fn of_run(run: u64) -> impl FnMut(&Entry) -> bool {
    let mut on = false;
    move |entry| {
        if let Entry::RunStarted(e) = entry {
            on = e.run == run;
        }
        on
    }
}

fn of_batch(entry: &Entry) -> Option<&BatchId> {
    match entry {
        Entry::BatchCut(e) => Some(&e.batch),
        Entry::JobMade(e) => Some(&e.batch),
        Entry::BatchSealed(e) => Some(&e.batch),
        Entry::ReleaseSigned(e) => Some(&e.batch),
        Entry::BatchReleased(e) => Some(&e.batch),
        Entry::BatchDispatched(e) => Some(&e.batch),
        Entry::Results(e) => Some(&e.batch),
        Entry::BatchPurged(e) => Some(&e.batch),
        Entry::HandoverBegun(e) => Some(&e.batch),
        Entry::CardAttempted(e) => Some(&e.batch),
        Entry::StockMoved(e) => e.batch.as_ref(),
        Entry::BatchReconciled(e) => Some(&e.batch),
        _ => None,
    }
}

fn headline(record: &Record) -> String {
    let (at, text) = summary(&record.entry);
    format!("#{}  {}  {text}", record.seq, at.map_or_else(|| "-".repeat(20), rfc3339))
}

/// When and what, in one line. A job has no time of its own.
fn summary(entry: &Entry) -> (Option<Millis>, String) {
    match entry {
        Entry::PlantCreated(e) => (Some(e.at), format!("plant {} made by {}", e.plant_id, e.program)),
        Entry::RunStarted(e) => {
            let why = e.reason.as_ref().map_or_else(String::new, |r| format!(", because: {r}"));
            (Some(e.at), format!("run {} ({}) started by {}{why}", e.run, e.command, e.who))
        }
        Entry::RunEnded(e) => (Some(e.at), format!("run {} ended with exit code {}", e.run, e.exit)),
        Entry::RegisterImported(e) => (Some(e.at), format!("register {} version {}: {} rows", e.kind, e.version, e.rows)),
        Entry::PackageReceived(e) => (Some(e.received_at), format!("package {} ({} of {}): {} applications", e.package, e.package_id, e.outlet, e.count)),
        Entry::PackageSetAside(e) => (Some(e.at), format!("package {} set aside: {}", e.name, codes(&e.reasons))),
        Entry::PackageRepeated(e) => (Some(e.at), format!("package {} came again as {}", e.package, e.name)),
        Entry::Judged(e) => (Some(e.at), judged(e)),
        Entry::PackageAnswered(e) => (Some(e.at), format!("package {} answered with {} files", e.package, e.files.len())),
        Entry::Moved(e) => (Some(e.at), format!("application {} now {:?} ({:?} by {}) {}", e.ordinal.0, e.outcome, e.cause, e.who, codes(&e.reasons))),
        Entry::BatchCut(e) => (Some(e.frozen_at), format!("batch {} cut: {} cards", e.batch, e.cards.len())),
        Entry::JobMade(e) => (None, format!("batch {} job {} made: {} cards, {} files", e.batch, e.job, e.records.iter().flatten().count(), e.files.len())),
        Entry::BatchSealed(e) => (Some(e.at), format!("batch {} sealed: {} cards, {} void, manifest {}", e.batch, e.cards, e.void, e.manifest)),
        Entry::BatchReleased(e) => (Some(e.at), format!("batch {} released by {}", e.batch, e.by.join(", "))),
        Entry::BatchDispatched(e) => (Some(e.at), format!("batch {} dispatched", e.batch)),
        Entry::Results(e) => (Some(e.at), format!("results of batch {}: {} cards", e.batch, e.cards.len())),
        Entry::CardEvent(e) => (Some(e.at), format!("card {} generation {}: {} by {}", e.number, e.generation, e.kind.name(), e.who)),
        Entry::Note(e) => (Some(e.at), format!("{} {}", e.code, e.text)),
        Entry::PersonAdded(e) => {
            let by = e.approval.as_ref().map_or("nobody: the first", |a| &a.person);
            (Some(e.at), format!("{} added as {} by {by}", e.person, e.role.name()))
        }
        Entry::PersonRemoved(e) => (Some(e.at), format!("{} removed by {}", e.person, e.approval.person)),
        Entry::PackagePurged(e) => (Some(e.at), format!("package {} purged by {}, because: {}", e.package, e.who, e.reason)),
        Entry::BatchPurged(e) => (Some(e.at), format!("batch {} purged by {}, because: {}", e.batch, e.who, e.reason)),
        Entry::ReleaseSigned(e) => (Some(e.at), format!("release of batch {} signed by {} ({})", e.batch, e.person, e.role.name())),
        Entry::DeviceAdded(e) => (Some(e.at), format!("device {} ({}) added by {}", e.device, e.kind.name(), e.who)),
        Entry::DeviceRemoved(e) => (Some(e.at), format!("device {} removed by {}", e.device, e.who)),
        Entry::HandoverBegun(e) => (Some(e.at), handover_begun(e)),
        Entry::HandoverDone(e) => (Some(e.at), format!("hand-over {} to {} done: envelope {}", e.number, e.device, e.envelope)),
        Entry::HandoverResolved(e) => {
            let word = if e.arrived { "arrived" } else { "did not arrive" };
            (Some(e.at), format!("hand-over {} to {} {word}, says {} ({}), because: {}", e.number, e.device, e.person, e.role.name(), e.reason))
        }
        Entry::CardAttempted(e) => (Some(e.at), card_attempted(e)),
        Entry::AttemptEnded(e) => (Some(e.at), format!("attempt {} at {}: {}", e.attempt, named(&e.number, e.generation), end_of(e))),
        Entry::AttemptResolved(e) => {
            let (card, word) = (named(&e.number, e.generation), if e.good { "good" } else { "spoiled" });
            (Some(e.at), format!("attempt {} at {card}: {word}, says {} ({}), because: {}", e.attempt, e.person, e.role.name(), e.reason))
        }
        Entry::PrinterAdded(e) => (Some(e.at), format!("printer {} at {} added by {}", e.device, e.uri, e.who)),
        Entry::PrintEnded(e) => (Some(e.at), print_ended(e)),
        Entry::RemakeRequested(_) | Entry::RemakeApproved(_) | Entry::RemakeRefused(_) | Entry::CardRevoked(_) => {
            remade(entry, &|_, _| true).map_or((None, String::new()), |(at, line)| (Some(at), line))
        }
        Entry::StockReceived(_) | Entry::StockMoved(_) | Entry::DestructionAsked(_) | Entry::DestructionWitnessed(_) | Entry::BatchReconciled(_) => {
            (entry.at(), headline_of_stock(entry).unwrap_or_default())
        }
        Entry::Deliveries(e) => (Some(e.at), format!("deliveries: {} lines of {} by {}", e.lines.len(), e.file, e.who)),
    }
}

fn card_attempted(e: &CardAttempted) -> String {
    let keys = if e.test_keys { "test keys" } else { "no keys" };
    let card = named(&e.number, e.generation);
    format!("batch {} job {}: attempt {} at {card}, position {}, with {keys} in {} by {}", e.batch, e.job, e.attempt, e.position + 1, e.reader, e.who)
}

fn named(number: &str, generation: u32) -> String {
    format!("card {number} generation {generation}")
}

fn handover_begun(e: &HandoverBegun) -> String {
    format!("batch {} job {}: hand-over {} of {} to {} begun by {}, header {}", e.batch, e.job, e.number, e.file.path, e.device, e.who, e.header)
}

fn print_ended(e: &PrintEnded) -> String {
    let status = e.status.map_or_else(String::new, |status| format!(", status {status:04x}"));
    let job = e.printer_job.map_or_else(String::new, |job| format!(", the printer's job {job}"));
    let sides = e.impressions.map_or_else(String::new, |n| format!(", {n} sides"));
    format!("hand-over {} to {}: the printer says {}{status}{job}{sides}", e.number, e.device, e.outcome.name())
}

fn codes(reasons: &[card::Reason]) -> String {
    reasons.iter().map(|r| r.code.text()).collect::<Vec<_>>().join(" ")
}

fn judged(e: &Judged) -> String {
    let count = |outcome| e.applications.iter().filter(|a| a.outcome == outcome).count();
    let [accepted, held, rejected] = [Outcome::Accepted, Outcome::Held, Outcome::Rejected].map(count);
    format!("package {} from row {}: {accepted} accepted, {held} held, {rejected} rejected", e.package, e.first_row + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_asked_for() {
        assert!(matches!(Wanted::parse("17"), Some(Wanted::One(17))));
        assert!(matches!(Wanted::parse("run-3"), Some(Wanted::Run(3))));
        assert!(matches!(Wanted::parse("B20250115-01"), Some(Wanted::Batch(_))));
        assert!(["", "run-", "-1", "../../x"].iter().all(|t| Wanted::parse(t).is_none()));
    }
}
