//! `cardline status`: where everything stands, on one screen. Reads beside a run that is going on.

use card::{BatchId, Outcome};
use ledger::book::Book;
use ledger::book::state::{BatchState, HandoverState, RemakeStage};
use ledger::entry::{CardAttempted, HandoverBegun, PackageSetAside};
use ledger::fault::Fault;
use line::encode::Balance;
use line::plan::rfc3339;
use serde_json::{Value, json};

use super::encode::balanced;
use crate::cli::Cli;
use crate::wiring;

/// Packages of unknown senders shown on the screen, the latest; `--json` has all.
const ASIDE_SHOWN: usize = 5;

pub fn status(cli: &Cli, as_json: bool) -> Result<u8, Fault> {
    let book = wiring::look(cli)?;
    let (packages, next) = book.next_numbers()?;
    let (mut pool, mut held, mut rejected, mut in_batches) = (0_u64, 0_u64, 0_u64, 0_u64);
    for ordinal in 0..next.0 {
        let Some(a) = book.application(card::Ordinal(ordinal))? else { continue };
        match a.outcome {
            _ if a.has_card() => in_batches += 1,
            Outcome::Accepted => pool += 1,
            Outcome::Held => held += 1,
            Outcome::Rejected => rejected += 1,
        }
    }
    let judged = pool + held + rejected + in_batches;
    let (unjudged, unanswered) = book.packages_open()?;
    let (batches, registers, run) = (book.batches()?, book.registers()?, book.run()?);
    let mut purged = 0_u64;
    for number in 0..packages {
        purged += u64::from(book.package(number)?.is_some_and(|p| p.purged.is_some()));
    }
    let set_aside = book.set_aside()?;
    let remakes = book.remakes()?;
    let [asked, approved] = [RemakeStage::Requested, RemakeStage::Approved].map(|stage| remakes.iter().filter(|r| r.stage == stage).count());
    let in_doubt = book.handovers_in_doubt()?;
    let (cards_in_doubt, encoded) = (book.attempts_in_doubt()?, encoded(&book, &batches)?);
    if as_json {
        let batches: Vec<_> = batches
            .iter()
            .map(|b| json!({"batch": b.batch.as_str(), "stage": b.stage, "applications": b.cards, "jobs": b.jobs, "bundles": b.bundles}))
            .collect();
        let registers: Vec<_> = registers.iter().map(|r| json!({"kind": r.kind, "version": r.version, "rows": r.rows})).collect();
        let value = json!({
            "packages": {"received": packages, "set_aside": set_aside.len(), "set_aside_of_nobody": of_nobody(&set_aside).iter().map(|p| aside_json(p)).collect::<Vec<_>>(), "unjudged": unjudged.len(), "unanswered": unanswered.len(), "purged": purged},
            "applications": {"arrived": next.0, "not_judged_yet": next.0 - judged, "waiting_for_cut": pool, "held": held, "rejected": rejected, "in_batches": in_batches},
            "batches": batches, "registers": registers,
            "deliveries": super::deliveries::status_json(&book)?,
            "encoded_here": encoded.iter().map(encoded_json).collect::<Vec<_>>(),
            "cards_in_doubt": cards_in_doubt.iter().map(|a| card_json(&a.attempted)).collect::<Vec<_>>(),
            "remakes": {"requested": asked, "approved": approved},
            "in_doubt": in_doubt.iter().map(|h| in_doubt_json(&h.begun)).collect::<Vec<_>>(),
            "stock": super::stock::status_json(&book)?,
            "last_run": run.map(|r| json!({"run": r.run, "command": r.command, "who": r.who, "ended": r.ended})),
        });
        println!("{value}");
        return Ok(0);
    }
    let unknown = of_nobody(&set_aside);
    let set_aside = set_aside.len();
    println!("packages      {packages} received, {set_aside} set aside, {} not judged to the end, {purged} purged", unjudged.len());
    println!(
        "applications  {} = {pool} waiting for the cut + {held} held + {rejected} rejected + {in_batches} in batches + {} not judged yet",
        next.0,
        next.0 - judged
    );
    for aside in unknown.iter().rev().take(ASIDE_SHOWN).rev() {
        println!("SET ASIDE     {}  {}  {}: no good signature says whose it is, so nobody was told", aside.quarantine_path, rfc3339(aside.at), codes(aside));
    }
    for b in batches.iter().rev().take(10).rev() {
        println!("batch         {}  {}  {} applications, {} jobs, {} bundles", b.batch, b.stage.name(), b.cards, b.jobs, b.bundles);
    }
    if asked + approved > 0 {
        println!("remakes       {asked} wait for approval, {approved} approved (cardline remake list)");
    }
    super::stock::status_lines(&book)?.iter().for_each(|line| println!("{line}"));
    if let Some(line) = super::deliveries::status_line(&book)? {
        println!("{line}");
    }
    for (batch, job, b) in &encoded {
        println!("encoded here  {batch} job {job}: {}", balanced(b));
    }
    for a in cards_in_doubt.iter().map(|a| &a.attempted) {
        println!(
            "IN DOUBT      card {} generation {} of {} job {}: attempt {} in {}, {}",
            a.number,
            a.generation,
            a.batch,
            a.job,
            a.attempt,
            a.reader,
            rfc3339(a.at)
        );
        println!("              look at the card; two people say `cardline encode resolve {} good|spoiled`", a.number);
    }
    for HandoverState { begun: b, .. } in &in_doubt {
        println!("IN DOUBT      hand-over {} to {}: {} of {} job {}, begun {} by {}", b.number, b.device, b.file.path, b.batch, b.job, rfc3339(b.at), b.who);
        println!("              look at the device; two people say `cardline handover resolve {} {} arrived|not-arrived`", b.device, b.number);
    }
    for kind in ["outlets", "permits", "enrolment"] {
        match registers.iter().find(|r| r.kind == kind) {
            Some(r) => println!("register      {kind} version {}, {} rows", r.version, r.rows),
            None => println!("register      {kind} MISSING: what needs it is held (REG-01)"),
        }
    }
    if let Some(r) = run {
        let ended = r.ended.map_or_else(|| "did not end (running, or stopped uncleanly)".to_owned(), |code| format!("ended with exit code {code}"));
        println!("last run      #{} {} by {}: {ended}", r.run, r.command, r.who);
    }
    Ok(0)
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
