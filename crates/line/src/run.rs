//! The whole program on one screen: by day take in what came and answer it, by night cut, make, seal, release and dispatch.
//! There is no recovery branch: resuming is running again, every step asks the book what is already done.

use std::sync::Mutex;

use card::seeded::{Bug, has};
use card::{BatchId, Digest, Message};
use ledger::book::Book;
use ledger::book::state::{BatchStage, BatchState};
use ledger::entry::{BatchDispatched, Entry, Millis, RunEnded, RunStarted};
use ledger::fault::Fault;

use crate::dispatch::Dispatch;
use crate::intake::{IntakeTally, intake};
use crate::job::JobMaker;
use crate::jobs::Jobs;
use crate::letter::Desk;
use crate::people::{self, Signatory};
use crate::personalise::{BatchRules, Chips};
use crate::plan::{Plan, ReleaseMode, World};
use crate::ports::Registers;
use crate::printed::Printed;
use crate::remakes::owed;
use crate::report::{Report, Throughput};
use crate::validate::Judge;
use crate::vault::Vault;
use crate::{answers, cut, purge, recheck, registers, release, seal};

/// Which halves of the night a command walks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Halves {
    pub intake: bool,
    pub produce: bool,
}

/// Who started the run and why.
pub struct Starter {
    pub command: String,
    pub who: String,
    /// Asked for after an unclean stop.
    pub reason: Option<String>,
}

/// What a run did, for the closing line and `--json`.
#[derive(Clone, Default)]
pub struct Summary {
    pub intake: IntakeTally,
    pub rejudged: u64,
    /// Accepted before, and not by the check at the cut.
    pub stopped_at_cut: u64,
    pub batch: Option<BatchState>,
    pub cards: u32,
    pub jobs: u32,
    pub bundles: u32,
    pub throughput: Throughput,
    /// Two-person release: sealed and waiting for `cardline release`.
    pub waits_for_release: bool,
}

/// Walks the line. Run it again after any stop: it goes on where the book says.
///
/// # Errors
/// The world failed (disk, journal, lock), the run was asked to stop, or one of our promises was broken.
pub fn run(world: &World, plan: &Plan, book: &mut Book, starter: &Starter, halves: Halves) -> Result<Summary, Fault> {
    let frozen_at = start(world, plan, book, starter)?;
    // Before anything is taken in or cut: a batch can only be finished with what it was cut with.
    let chips = if halves.produce { Some(Chips::of(&plan.profile, world.permit_signer.as_deref())?) } else { None };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(plan.threads).build().map_err(|e| Fault::Missing(e.to_string()))?;
    let vault = Vault::new(world, book);
    purge::finish(world, book)?;
    owed::settle(&*world.disk, book, frozen_at)?;
    let registers = registers::open(&*world.shelf, &book.registers()?)?;
    let judge = Judge { profile: &plan.profile, registers: &*registers, pepper: &world.pepper, networks: &*world.networks, day: plan.day(frozen_at) };
    let mut summary = Summary::default();
    if halves.intake {
        let since = world.clock.seconds();
        summary.rejudged = recheck::rejudge_held(book, &vault, &judge, plan, frozen_at)?;
        (summary.intake, summary.throughput.slowest) = intake(world, plan, &Mutex::new(book), &vault, &judge, frozen_at)?;
        // What this intake brought (a missing package of a sequence) may free what was held before it.
        summary.rejudged += recheck::rejudge_held(book, &vault, &judge, plan, frozen_at)?;
        summary.throughput.stages.push((Message::StageIntake, summary.intake.ingested, world.clock.seconds() - since));
    }
    if let Some(chips) = chips.filter(|_| !world.stopping()) {
        produce(world, plan, book, &vault, &judge, &chips, &pool, frozen_at, &mut summary)?;
    }
    if world.stopping() {
        return Err(Fault::Stopped("everything done so far is written down; run again to go on".to_owned()));
    }
    Ok(summary)
}

/// Writes the start down and says which time this run freezes: its own, or that of the run it resumes.
fn start(world: &World, plan: &Plan, book: &mut Book, starter: &Starter) -> Result<Millis, Fault> {
    let before = book.run()?;
    let unclean = before.as_ref().filter(|r| r.ended.is_none() || r.ended == Some(EXIT_STOPPED));
    let started = RunStarted {
        run: before.as_ref().map_or(1, |r| r.run + 1),
        command: starter.command.clone(),
        who: starter.who.clone(),
        reason: starter.reason.clone(),
        resumes: unclean.map(|r| r.run),
        release_id: plan.release_id,
        at: world.clock.now(),
    };
    book.record(&Entry::RunStarted(started))?;
    if has(Bug::ClockInOutput) {
        return Ok(world.clock.now());
    }
    Ok(book.run()?.map_or_else(|| world.clock.now(), |r| r.frozen_at))
}

/// Exit code of a run that was stopped and can be resumed (faults.md §3).
pub const EXIT_STOPPED: u8 = 75;

/// Writes the end of the run down: a run without this entry did not end cleanly.
///
/// # Errors
/// The ledger fails.
pub fn end(world: &World, book: &mut Book, exit: u8) -> Result<(), Fault> {
    let run = book.run()?.map_or(0, |r| r.run);
    book.record(&Entry::RunEnded(RunEnded { run, exit, at: world.clock.now() })).map(|_| ())
}

#[allow(clippy::too_many_arguments)]
fn produce(
    world: &World,
    plan: &Plan,
    book: &mut Book,
    vault: &Vault,
    judge: &Judge,
    chips: &Chips,
    pool: &rayon::ThreadPool,
    frozen_at: Millis,
    summary: &mut Summary,
) -> Result<(), Fault> {
    let since = world.clock.seconds();
    let open = match book.open_batch()? {
        Some(open) => Some(open),
        None => {
            let waiting = book.pool()?.len() as u64;
            let batch = cut::cut(book, vault, judge, plan, frozen_at)?;
            summary.stopped_at_cut = waiting.saturating_sub(batch.as_ref().map_or(0, |b| b.cards.into()));
            batch
        }
    };
    book.renew()?;
    (world.give_back)();
    let Some(mut batch) = open else { return Ok(()) };
    summary.throughput.stages.push((Message::StageCut, u64::from(batch.cards), world.clock.seconds() - since));
    same_release(&batch, plan.release_id)?;
    // Whatever was imported since: a batch is made with the registers it was cut with.
    let registers = registers::open(&*world.shelf, &book.cut_of(&batch)?.registers)?;
    let faces = faces(plan)?;
    let night = Night { world, plan, vault, registers: &*registers, pool, faces: &faces };
    if batch.stage == BatchStage::Cut {
        night.make_and_seal(book, &batch, chips, &mut summary.throughput)?;
        batch = again(book, &batch)?;
    }
    if batch.stage == BatchStage::Sealed
        && let Some(by) = released_by(plan, book, &batch)?
    {
        seal::release(world, book, &batch, by)?;
        batch = again(book, &batch)?;
    }
    if batch.stage == BatchStage::Released {
        night.dispatch(book, &batch, &summary.throughput)?;
        batch = again(book, &batch)?;
    }
    summary.waits_for_release = batch.stage == BatchStage::Sealed;
    let jobs = book.jobs(&batch.batch)?;
    summary.cards = jobs.iter().map(|j| j.records.iter().flatten().count() as u32).sum();
    summary.jobs = batch.jobs;
    summary.bundles = batch.bundles;
    summary.batch = Some(batch);
    Ok(())
}

/// Who releases a sealed batch now: the plant itself, or the people who have signed if a stop came between.
fn released_by(plan: &Plan, book: &Book, batch: &BatchState) -> Result<Option<Vec<String>>, Fault> {
    match plan.release {
        // Not audited first: that reads the journal of the plant's whole life, in memory that grows with it, every night.
        ReleaseMode::Automatic => Ok(Some(vec!["automatic".to_owned()])),
        ReleaseMode::TwoPerson => release::approved_by(book, batch),
    }
}

/// What became of a person's signature.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Released {
    /// Written down; what is still needed.
    Waits(String),
    /// Enough have signed: released and dispatched.
    By(Vec<String>),
    /// It was dispatched before; nothing was done.
    Before(Vec<String>),
}

/// One person's signature under a sealed batch; the last one needed releases and dispatches it. After a stop it goes on where the
/// book says, as a run does.
///
/// # Errors
/// The batch isn't known or isn't sealed, the person may not sign (AUT-01 … AUT-04), the batch isn't sound (OUT-04), or the world fails.
pub fn release(world: &World, plan: &Plan, book: &mut Book, batch: &BatchId, by: &Signatory) -> Result<Released, Fault> {
    let mut state = book.batch(batch)?.ok_or_else(|| Fault::Usage(format!("no batch {batch}")))?;
    people::in_force(book, by.person)?;
    if state.stage == BatchStage::Dispatched {
        return Ok(Released::Before(state.released_by));
    }
    same_release(&state, plan.release_id)?;
    if state.stage < BatchStage::Sealed || (state.stage == BatchStage::Sealed && plan.release == ReleaseMode::Automatic) {
        return Err(Fault::NotAllowed(format!("batch {batch} doesn't wait for signatures; `cardline produce` goes on with it")));
    }
    if state.stage == BatchStage::Sealed {
        if release::approved_by(book, &state)?.is_none() {
            release::sign(world, book, &state, by)?;
        }
        let Some(people) = release::approved_by(book, &state)? else { return release::still_needed(book, &state).map(Released::Waits) };
        seal::release(world, book, &state, people)?;
        state = again(book, &state)?;
    }
    dispatch_released(world, plan, book, &state)?;
    Ok(Released::By(state.released_by))
}

fn dispatch_released(world: &World, plan: &Plan, book: &mut Book, batch: &BatchState) -> Result<(), Fault> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().map_err(|e| Fault::Missing(e.to_string()))?;
    let registers = registers::open(&*world.shelf, &book.cut_of(batch)?.registers)?;
    let vault = Vault::new(world, book);
    Night { world, plan, vault: &vault, registers: &*registers, pool: &pool, faces: &faces(plan)? }.dispatch(book, batch, &Throughput::default())
}

fn again(book: &Book, batch: &BatchState) -> Result<BatchState, Fault> {
    book.batch(&batch.batch)?.ok_or_else(|| Fault::Invariant(format!("batch {} vanished from the book", batch.batch)))
}

/// A batch is finished with the release it was cut with (CFG-02, faults.md G35).
fn same_release(batch: &BatchState, release_id: Digest) -> Result<(), Fault> {
    if batch.release_id == release_id {
        return Ok(());
    }
    let text = format!("batch {} was cut with release {}, this is {release_id}: program, configuration or profile changed", batch.batch, batch.release_id);
    Err(Fault::Refused { code: card::Code::Cfg02, text })
}

/// The second half, once a batch is cut.
struct Night<'a> {
    world: &'a World,
    plan: &'a Plan,
    vault: &'a Vault,
    registers: &'a dyn Registers,
    pool: &'a rayon::ThreadPool,
    faces: &'a artwork::Faces,
}

/// The profile's card layout, made ready once for all cards.
fn faces(plan: &Plan) -> Result<artwork::Faces, Fault> {
    artwork::Faces::new(&plan.profile.face).map_err(|e| Fault::Config(format!("card layout of profile {}: {e}", plan.profile.id)))
}

impl Night<'_> {
    fn rules(&self, batch: &BatchState) -> BatchRules<'_> {
        BatchRules { profile: &self.plan.profile, pepper: &self.world.pepper, issued_on: self.plan.day(batch.frozen_at), cards_per_job: batch.cards_per_job }
    }

    fn make_and_seal(&self, book: &mut Book, batch: &BatchState, chips: &Chips, throughput: &mut Throughput) -> Result<(), Fault> {
        let cut = book.cut_of(batch)?;
        let cards = u64::from(batch.cards);
        let (world, plan, vault, registers) = (self.world, self.plan, self.vault, self.registers);
        let mut since = world.clock.seconds();
        let mut lap = |stage| {
            let now = world.clock.seconds();
            throughput.stages.push((stage, cards, now - std::mem::replace(&mut since, now)));
        };
        let maker = JobMaker {
            out: &*world.disk,
            vault,
            registers,
            batch,
            cut: &cut,
            rules: self.rules(batch),
            chips,
            keys: world.card_keys.as_deref(),
            faces: self.faces,
            press: Default::default(),
        };
        let slowest = Jobs { world, plan, maker }.make_all(&Mutex::new(book), self.pool)?;
        lap(Message::StageMade);
        throughput.slowest.merge(slowest);
        (world.give_back)();
        let dispatched = Dispatch { world, plan, vault, registers, book, batch, cut: &cut, rules: self.rules(batch) }.write_all()?;
        lap(Message::StageDispatch);
        (world.give_back)();
        seal::seal(world, book, batch, &dispatched, &plan.day(batch.frozen_at).to_string())
    }

    fn dispatch(&self, book: &mut Book, batch: &BatchState, throughput: &Throughput) -> Result<(), Fault> {
        seal::make_visible(self.world, batch)?;
        let cut = book.cut_of(batch)?;
        let Self { world, plan, vault, registers, .. } = *self;
        let files = answers::answer_night(world, vault, &Desk { plan, book, registers }, batch, &cut::ordinals(&cut))?;
        let printed = Printed { vault, registers, batch, cut: &cut, rules: self.rules(batch), faces: self.faces };
        Report { world, plan, book, printed: &printed, throughput }.write()?;
        book.record(&Entry::BatchDispatched(BatchDispatched { batch: batch.batch.clone(), files, at: batch.frozen_at }))?;
        Ok(())
    }
}
