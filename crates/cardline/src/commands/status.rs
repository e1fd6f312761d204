//! `cardline status`: where everything stands, on one screen. Reads beside a run that is going on.

use std::path::Path;

use card::{BatchId, Ordinal, Outcome};
use ledger::book::Book;
use ledger::book::state::{AttemptState, BatchState, HandoverState, RemakeStage, RunState};
use ledger::entry::{CardAttempted, HandoverBegun, PackageSetAside, RegisterImported};
use ledger::fault::Fault;
use line::encode::Balance;
use line::plan::rfc3339;
use plant::DeviceLock;
use serde_json::{Value, json};

use super::encode::balanced;
use crate::cli::Cli;
use crate::wiring;

/// Packages of unknown senders shown on the screen, the latest; `--json` has all.
const ASIDE_SHOWN: usize = 5;
/// Batches shown on the screen, the latest.
const BATCHES_SHOWN: usize = 10;

pub fn status(cli: &Cli, as_json: bool) -> Result<u8, Fault> {
    let book = wiring::look(cli)?;
    let now = Standing::of(&book)?;
    if as_json {
        println!("{}", now.json(&book, &cli.plant)?);
        return Ok(0);
    }
    now.arrivals();
    now.batches(&book)?;
    now.doubts(&cli.plant);
    now.surroundings();
    Ok(0)
}

/// Applications by where they are.
#[derive(Default)]
struct Applications {
    pool: u64,
    held: u64,
    rejected: u64,
    in_batches: u64,
    not_judged: u64,
}

impl Applications {
    fn of(book: &Book, arrived: Ordinal) -> Result<Self, Fault> {
        let mut all = Self::default();
        for ordinal in (0..arrived.0).map(Ordinal) {
            let count = match book.application(ordinal)? {
                None => &mut all.not_judged,
                Some(a) if a.has_card() => &mut all.in_batches,
                Some(a) => match a.outcome {
                    Outcome::Accepted => &mut all.pool,
                    Outcome::Held => &mut all.held,
                    Outcome::Rejected => &mut all.rejected,
                },
            };
            *count += 1;
        }
        Ok(all)
    }
}

/// What both ways of telling need.
struct Standing {
    packages: u64,
    arrived: Ordinal,
    applications: Applications,
    unjudged: usize,
    unanswered: usize,
    purged: u64,
    set_aside: Vec<PackageSetAside>,
    batches: Vec<BatchState>,
    registers: Vec<RegisterImported>,
    run: Option<RunState>,
    /// Remakes that wait for people, and for a cut.
    remakes: [usize; 2],
    handovers: Vec<HandoverState>,
    attempts: Vec<AttemptState>,
    encoded: Vec<Encoded>,
}

impl Standing {
    fn of(book: &Book) -> Result<Self, Fault> {
        let (packages, arrived) = book.next_numbers()?;
        let (unjudged, unanswered) = book.packages_open()?;
        let mut purged = 0;
        for number in 0..packages {
            purged += u64::from(book.package(number)?.is_some_and(|p| p.purged.is_some()));
        }
        let (batches, remakes) = (book.batches()?, book.remakes()?);
        let at = |stage| remakes.iter().filter(|r| r.stage == stage).count();
        Ok(Self {
            packages,
            arrived,
            applications: Applications::of(book, arrived)?,
            unjudged: unjudged.len(),
            unanswered: unanswered.len(),
            purged,
            set_aside: book.set_aside()?,
            encoded: encoded(book, &batches)?,
            batches,
            registers: book.registers()?,
            run: book.run()?,
            remakes: [RemakeStage::Requested, RemakeStage::Approved].map(at),
            handovers: book.handovers_in_doubt()?,
            attempts: book.attempts_in_doubt()?,
        })
    }

    fn json(&self, book: &Book, root: &Path) -> Result<Value, Fault> {
        let batch = |b: &BatchState| json!({"batch": b.batch.as_str(), "stage": b.stage, "applications": b.cards, "jobs": b.jobs, "bundles": b.bundles});
        let register = |r: &RegisterImported| json!({"kind": r.kind, "version": r.version, "rows": r.rows});
        let nobodys: Vec<Value> = of_nobody(&self.set_aside).into_iter().map(aside_json).collect();
        let a = &self.applications;
        let [asked, approved] = self.remakes;
        let (under_way, in_doubt): (Vec<&HandoverState>, Vec<_>) = self.handovers.iter().partition(|h| DeviceLock::holder(root, &h.begun.device).is_some());
        let handovers = |some: Vec<&HandoverState>| some.into_iter().map(|h| in_doubt_json(&h.begun)).collect::<Vec<_>>();
        Ok(json!({
            "packages": {"received": self.packages, "set_aside": self.set_aside.len(), "set_aside_of_nobody": nobodys,
                "unjudged": self.unjudged, "unanswered": self.unanswered, "purged": self.purged},
            "applications": {"arrived": self.arrived.0, "not_judged_yet": a.not_judged, "waiting_for_cut": a.pool, "held": a.held,
                "rejected": a.rejected, "in_batches": a.in_batches},
            "batches": self.batches.iter().map(batch).collect::<Vec<_>>(),
            "registers": self.registers.iter().map(register).collect::<Vec<_>>(),
            "deliveries": super::deliveries::status_json(book)?,
            "encoded_here": self.encoded.iter().map(encoded_json).collect::<Vec<_>>(),
            "cards_in_doubt": self.attempts.iter().map(|a| card_json(&a.attempted)).collect::<Vec<_>>(),
            "remakes": {"requested": asked, "approved": approved},
            "in_doubt": handovers(in_doubt),
            "printing": handovers(under_way),
            "stock": super::stock::status_json(book)?,
            "last_run": self.run.as_ref().map(|r| json!({"run": r.run, "command": r.command, "who": r.who, "ended": r.ended})),
        }))
    }

    fn arrivals(&self) {
        let Self { packages, unjudged, purged, .. } = self;
        println!("packages      {packages} received, {} set aside, {unjudged} not judged to the end, {purged} purged", self.set_aside.len());
        let Applications { pool, held, rejected, in_batches, not_judged } = self.applications;
        println!(
            "applications  {} = {pool} waiting for the cut + {held} held + {rejected} rejected + {in_batches} in batches + {not_judged} not judged yet",
            self.arrived.0
        );
        for aside in of_nobody(&self.set_aside).iter().rev().take(ASIDE_SHOWN).rev() {
            println!(
                "SET ASIDE     {}  {}  {}: no good signature says whose it is, so nobody was told",
                aside.quarantine_path,
                rfc3339(aside.at),
                codes(aside)
            );
        }
    }

    fn batches(&self, book: &Book) -> Result<(), Fault> {
        for b in self.batches.iter().rev().take(BATCHES_SHOWN).rev() {
            println!("batch         {}  {}  {} applications, {} jobs, {} bundles", b.batch, b.stage.name(), b.cards, b.jobs, b.bundles);
        }
        let [asked, approved] = self.remakes;
        if asked + approved > 0 {
            println!("remakes       {asked} wait for approval, {approved} approved (cardline remake list)");
        }
        super::stock::status_lines(book)?.iter().for_each(|line| println!("{line}"));
        if let Some(line) = super::deliveries::status_line(book)? {
            println!("{line}");
        }
        for (batch, job, b) in &self.encoded {
            println!("encoded here  {batch} job {job}: {}", balanced(b));
        }
        Ok(())
    }

    fn doubts(&self, root: &Path) {
        for CardAttempted { number, generation, batch, job, attempt, reader, at, .. } in self.attempts.iter().map(|a| &a.attempted) {
            println!("IN DOUBT      card {number} generation {generation} of {batch} job {job}: attempt {attempt} in {reader}, {}", rfc3339(*at));
            println!("              look at the card; two people say `cardline encode resolve {number} good|spoiled`");
        }
        for HandoverState { begun: b, .. } in &self.handovers {
            if let Some(who) = DeviceLock::holder(root, &b.device) {
                println!("printing      {}/{} at {} as hand-over {}: {who}", b.batch, b.job, b.device, b.number);
                continue;
            }
            println!(
                "IN DOUBT      hand-over {} to {}: {} of {} job {}, begun {} by {}",
                b.number,
                b.device,
                b.file.path,
                b.batch,
                b.job,
                rfc3339(b.at),
                b.who
            );
            println!("              look at the device; two people say `cardline handover resolve {} {} arrived|not-arrived`", b.device, b.number);
        }
    }

    fn surroundings(&self) {
        for kind in ["outlets", "permits", "enrolment"] {
            match self.registers.iter().find(|r| r.kind == kind) {
                Some(r) => println!("register      {kind} version {}, {} rows", r.version, r.rows),
                None => println!("register      {kind} MISSING: what needs it is held (REG-01)"),
            }
        }
        if let Some(r) = &self.run {
            let ended = r.ended.map_or_else(|| "did not end (running, or stopped uncleanly)".to_owned(), |code| format!("ended with exit code {code}"));
            println!("last run      #{} {} by {}: {ended}", r.run, r.command, r.who);
        }
    }
}

/// Packages set aside that no good signature gives an outlet: only the operators can find out whose they are.
fn of_nobody(set_aside: &[PackageSetAside]) -> Vec<&PackageSetAside> {
    set_aside.iter().filter(|aside| aside.outlet.is_none()).collect()
}

fn codes(aside: &PackageSetAside) -> String {
    aside.reasons.iter().map(|r| r.code.text()).collect::<Vec<_>>().join(" ")
}

fn aside_json(aside: &PackageSetAside) -> Value {
    json!({"path": aside.quarantine_path, "at": rfc3339(aside.at), "codes": codes(aside)})
}

type Encoded = (BatchId, u32, Balance);

/// Jobs of which cards were encoded here, with how their cards stand.
fn encoded(book: &Book, batches: &[BatchState]) -> Result<Vec<Encoded>, Fault> {
    let mut found = Vec::new();
    for batch in batches {
        for job in book.jobs(&batch.batch)? {
            if !book.attempts_of(&batch.batch, job.job)?.is_empty() {
                found.push((batch.batch.clone(), job.job, line::encode::balance(book, batch, &job)?));
            }
        }
    }
    Ok(found)
}

fn encoded_json((batch, job, b): &Encoded) -> Value {
    let Balance { cards, good, spoiled, in_doubt, not_attempted } = *b;
    json!({"batch": batch.as_str(), "job": job, "cards": cards, "good": good, "spoiled": spoiled, "in_doubt": in_doubt, "not_attempted": not_attempted})
}

fn card_json(a: &CardAttempted) -> Value {
    json!({"card": a.number, "generation": a.generation, "batch": a.batch.as_str(), "job": a.job, "attempt": a.attempt, "begun_at": a.at})
}

fn in_doubt_json(b: &HandoverBegun) -> Value {
    json!({"device": b.device, "number": b.number, "batch": b.batch.as_str(), "job": b.job, "file": b.file.path, "begun_at": b.at})
}
