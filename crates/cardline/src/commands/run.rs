//! `cardline run`, `intake` and `produce`: walk the line, write the end down, say what was done.

use std::sync::Arc;
use std::time::{Duration, Instant};

use card::Code;
use ledger::entry::{Entry, Note};
use ledger::fault::Fault;
use ledger::journal::JournalView;
use line::personalise::Chips;
use line::run::{Halves, Starter, Summary};
use plant::MemoryWatch;
use plant::disk_watch::{SlowDiskAlarm, Wait};
use serde_json::{Value, json};

use crate::cli::{Cli, RunArgs};
use crate::wiring::OpenPlant;
use crate::{people, room, wiring, witness};

/// Exit code of a completed run that refused something, with `--strict`.
const EXIT_REFUSALS: u8 = 3;

pub fn run(cli: &Cli, args: &RunArgs, command: &str, halves: Halves) -> Result<u8, Fault> {
    if args.plan {
        return foresee(cli, halves, args.json);
    }
    if let Some(text) = &args.witness {
        // Before anything is opened for writing: an older copy must not be written on.
        witness::demand(&JournalView::open(wiring::disk(cli)?)?.0, &witness::places(text)?)?;
    }
    let mut open = wiring::open(cli, command)?;
    let outcome = opened_keys(cli, &mut open, halves).and_then(|()| walk(&mut open, args, command, halves));
    let (code, closing) = open.finish(outcome)?;
    if args.json {
        println!("{closing}");
    }
    Ok(code)
}

/// Asked for before anything begins: not at three in the morning, between intake and jobs.
fn opened_keys(cli: &Cli, open: &mut OpenPlant, halves: Halves) -> Result<(), Fault> {
    if halves.produce { open.open_card_keys(cli.keys_passphrase_fd) } else { Ok(()) }
}

/// Runs an opened plant and gives the exit code and the closing object.
///
/// # Errors
/// What stopped the run; it is written down first where that is possible.
pub fn walk(open: &mut OpenPlant, args: &RunArgs, command: &str, halves: Halves) -> Result<(u8, Value), Fault> {
    let (started, watch, cpu) = (Instant::now(), MemoryWatch::start(), plant::cpu_seconds());
    let plan = open.plan(args.threads)?;
    if halves.produce {
        Chips::of(&plan.profile, open.world.permit_signer.as_deref())?;
    }
    let starter = starter(open, args, command)?;
    room::check(open, halves)?;
    open.examine_suspects_apart()?;
    stop_on_signals(open)?;
    let limit = Duration::from_secs(open.config.plant.slow_disk_seconds);
    let alarm = SlowDiskAlarm::start(open.disk.watch(), limit, |wait| tell!("{} {} has lasted {:.0} s", Code::Dsk02, wait.what, wait.lasted.as_secs_f64()));
    let outcome = line::run::run(&open.world, &plan, &mut open.book, &starter, halves);
    let code = match &outcome {
        Ok(summary) => exit_code(summary, args.strict),
        Err(fault) => fault.exit_code(),
    };
    drop(alarm);
    let longest_wait = open.disk.watch().longest();
    // After a failed sync nothing more may be written (house rule 7); a broken promise leaves the stop unclean on purpose.
    if matches!(&outcome, Ok(_) | Err(Fault::Stopped(_) | Fault::Refused { .. })) {
        note_slow_disk(open, longest_wait.as_ref().filter(|wait| wait.lasted > limit))?;
        line::run::end(&open.world, &mut open.book, code)?;
    }
    let summary = outcome?;
    let mut closing = closing(&summary, code);
    closing["seconds"] = json!(started.elapsed().as_secs_f64());
    closing["cpu_seconds"] = json!(plant::cpu_seconds() - cpu);
    closing["cards_per_second"] = json!(f64::from(summary.cards) / started.elapsed().as_secs_f64().max(1e-9));
    closing["bytes_written"] = json!(open.disk.written_bytes());
    closing["longest_wait_for_disk_seconds"] = json!(longest_wait.map_or(0.0, |wait| wait.lasted.as_secs_f64()));
    closing["peak_memory_bytes"] = json!(watch.peak_bytes());
    if !args.json {
        print_summary(&summary, started.elapsed().as_secs_f64());
    }
    Ok((code, closing))
}

fn note_slow_disk(open: &mut OpenPlant, slowest: Option<&Wait>) -> Result<(), Fault> {
    let Some(wait) = slowest else { return Ok(()) };
    let text = format!("the slowest call to the disk: {} lasted {:.1} s", wait.what, wait.lasted.as_secs_f64());
    open.book.record(&Entry::Note(Note { code: Code::Dsk02.text().to_owned(), text, at: open.world.clock.now() }))?;
    Ok(())
}

fn exit_code(summary: &Summary, strict: bool) -> u8 {
    let refused = summary.intake.rejected + summary.intake.held + summary.intake.packages_quarantined > 0;
    if strict && refused { EXIT_REFUSALS } else { 0 }
}

/// Who is on record. After an unclean stop a person must say who and why, unless the configuration names a scheduler.
fn starter(open: &OpenPlant, args: &RunArgs, command: &str) -> Result<Starter, Fault> {
    let scheduler = &open.config.scheduler;
    let before = open.book.run()?;
    let unclean = before.is_some_and(|r| r.ended.is_none());
    if unclean {
        tell!("the run before this one did not end cleanly{}", open.unclean.as_ref().map_or_else(String::new, |u| format!(": {u}")));
    }
    let who = args.who.as_deref().map(people::id).transpose()?;
    if let Some(person) = who.filter(|person| *person != scheduler.identity) {
        line::people::known(&open.book, person)?;
    }
    let reason = args.reason.as_deref().map(people::reason).transpose()?;
    let (who, default_reason) = match who {
        Some(who) => (who.to_owned(), None),
        None if !scheduler.identity.is_empty() => (scheduler.identity.clone(), Some(scheduler.resume_reason.clone())),
        None if unclean => return Err(Fault::NotAllowed("after an unclean stop a run needs --as ID and --reason TEXT".to_owned())),
        None => ("unnamed".to_owned(), None),
    };
    let reason = reason.map(str::to_owned).or(default_reason.filter(|_| unclean));
    if unclean && reason.is_none() {
        return Err(Fault::NotAllowed("after an unclean stop a run needs --reason TEXT".to_owned()));
    }
    Ok(Starter { command: command.to_owned(), who, reason: reason.filter(|_| unclean) })
}

/// The first Ctrl-C or SIGTERM finishes the chunk and writes it down; the second ends at once, which is safe too.
/// A signal is heard at the next place a command looks; a second one ends the process at once.
///
/// # Errors
/// The machine lets no handler be set.
pub fn stop_on_signals(open: &OpenPlant) -> Result<(), Fault> {
    let missing = |e: std::io::Error| Fault::Missing(format!("signal handling: {e}"));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM, signal_hook::consts::SIGHUP] {
        signal_hook::flag::register_conditional_shutdown(signal, i32::from(line::run::EXIT_STOPPED), Arc::clone(&open.world.stop)).map_err(missing)?;
        signal_hook::flag::register(signal, Arc::clone(&open.world.stop)).map_err(missing)?;
    }
    Ok(())
}

fn closing(s: &Summary, code: u8) -> Value {
    json!({
        "packages": {"accepted": s.intake.packages_accepted, "quarantined": s.intake.packages_quarantined, "repeated": s.intake.packages_repeated, "waiting": s.intake.packages_waiting},
        "applications": {"ingested": s.intake.ingested, "accepted": s.intake.accepted, "rejected": s.intake.rejected, "held": s.intake.held, "rejudged": s.rejudged,
            "stopped_later": s.intake.stopped_later, "stopped_at_cut": s.stopped_at_cut},
        "batch": s.batch.as_ref().map(|b| b.batch.as_str().to_owned()),
        "waits_for_release": s.waits_for_release,
        "cards": s.cards,
        "jobs": s.jobs,
        "bundles": s.bundles,
        "exit": code,
    })
}

fn print_summary(s: &Summary, seconds: f64) {
    let i = &s.intake;
    println!(
        "packages      {} accepted, {} quarantined, {} repeated, {} waiting",
        i.packages_accepted, i.packages_quarantined, i.packages_repeated, i.packages_waiting
    );
    println!("applications  {} = {} accepted + {} rejected + {} held", i.ingested, i.accepted, i.rejected, i.held);
    if s.rejudged > 0 {
        println!("rejudged      {} that were waiting moved on", s.rejudged);
    }
    // Without this line the accepted and the cards of a night don't add up.
    let stopped = i.stopped_later + s.stopped_at_cut;
    if stopped > 0 {
        println!(
            "stopped       {stopped} accepted before: {} by an application that came later, {} by the check at the cut",
            i.stopped_later, s.stopped_at_cut
        );
    }
    match &s.batch {
        Some(b) if s.waits_for_release => println!("batch         {} sealed, waits for `cardline release {}`", b.batch, b.batch),
        Some(b) => println!("batch         {}: {} cards in {} jobs, {} bundles", b.batch, s.cards, s.jobs, s.bundles),
        None => println!("batch         none: nothing to produce"),
    }
    println!("time          {seconds:.1} s");
}

/// `--plan`: what would be skipped, done and redone, and why. Looks only.
fn foresee(cli: &Cli, halves: Halves, as_json: bool) -> Result<u8, Fault> {
    let book = wiring::look(cli)?;
    let mut steps: Vec<(&str, String)> = Vec::new();
    if let Some(run) = book.run()?.filter(|r| r.ended.is_none()) {
        steps.push(("redo", format!("run #{} ({} by {}) did not end: it is resumed with the time it froze", run.run, run.command, run.who)));
    }
    if halves.intake {
        foresee_intake(cli, &book, &mut steps)?;
    }
    if halves.produce {
        foresee_produce(&book, &mut steps)?;
    }
    if as_json {
        println!("{}", json!(steps.iter().map(|(what, why)| json!({"what": what, "why": why})).collect::<Vec<_>>()));
    } else {
        steps.iter().for_each(|(what, why)| println!("{what:5} {why}"));
    }
    Ok(0)
}

fn foresee_intake(cli: &Cli, book: &ledger::book::Book, steps: &mut Vec<(&'static str, String)>) -> Result<(), Fault> {
    let (unjudged, unanswered) = book.packages_open()?;
    for package in &unjudged {
        if let Some(p) = book.package(*package)? {
            let id = &p.received.package_id;
            steps.push(("skip", format!("package {id}: {} of {} applications are judged already", p.judged, p.received.count)));
            steps.push(("do", format!("package {id}: judge the other {}", p.received.count - p.judged)));
        }
    }
    let judged_unanswered = unanswered.iter().filter(|p| !unjudged.contains(p)).count();
    if judged_unanswered > 0 {
        steps.push(("do", format!("answer {judged_unanswered} packages that are judged but not answered")));
    }
    let arrivals = line::ports::Inbox::list(&plant::FolderInbox::new(&cli.plant, plant::Durability::Full)).map_err(|e| Fault::io("list", "inbox", e))?;
    let (complete, incomplete): (Vec<_>, Vec<_>) = arrivals.iter().partition(|a| a.complete);
    steps.push(("do", format!("take in {} complete packages from the inbox", complete.len())));
    if !incomplete.is_empty() {
        steps.push(("skip", format!("{} packages still being copied (PKG-01)", incomplete.len())));
    }
    let held = book.held()?.len();
    if held > 0 {
        steps.push(("redo", format!("look again at those of {held} held applications that wait for a register or a date")));
    }
    Ok(())
}

fn foresee_produce(book: &ledger::book::Book, steps: &mut Vec<(&'static str, String)>) -> Result<(), Fault> {
    match book.open_batch()? {
        Some(b) => {
            let made = book.jobs(&b.batch)?.len() as u32;
            steps.push(("skip", format!("batch {} is cut already ({}): order and numbers stand; {made} of {} jobs are made", b.batch, b.stage.name(), b.jobs)));
            if made < b.jobs {
                steps.push(("do", format!("make the other {} jobs of batch {}", b.jobs - made, b.batch)));
            }
            steps.push(("do", format!("dispatch batch {} and answer its outlets", b.batch)));
        }
        None => steps.push(("do", format!("check {} accepted applications again and cut a batch of them and of what the intake adds", book.pool()?.len()))),
    }
    Ok(())
}
