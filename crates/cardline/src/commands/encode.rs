//! `cardline encode BATCH/JOB --reader NAME` and `encode resolve`: the cards of a job at a reader of this machine, one blank after the
//! other; and what people found of a card in doubt.

use card::{BatchId, Code};
use ledger::book::state::{AttemptStage, BatchState};
use ledger::entry::{AttemptEnded, AttemptResult};
use ledger::fault::Fault;
use ledger::journal::JournalView;
use line::encode::resolve::{self, Word};
use line::encode::{Balance, Chosen, Done, Encoding, Told, WalkEnd, Walked};
use line::people::Signatory;
use line::ports::BlankSlot;
use line::remakes::owed;

use super::chip::form;
use super::run::stop_on_signals;
use crate::cli::{Cli, EncodeArgs, EncodeCommand, EncodeResolveArgs, EncodeWalkArgs, WholeArg};
use crate::wiring::OpenPlant;
use crate::{key_files, people, test_keys, wiring, witness};

/// Exit code of a walk that came to its end with cards that aren't good, with `--strict`.
const EXIT_NOT_ALL_GOOD: u8 = 3;

pub fn encode(cli: &Cli, args: &EncodeArgs) -> Result<u8, Fault> {
    match (&args.command, &args.walk) {
        (Some(EncodeCommand::Resolve(args)), _) => settle(cli, args),
        (None, Some(args)) => walk(cli, args),
        (None, None) => Err(Fault::refused(Code::Use01, "encode BATCH/JOB --reader NAME --as ID")),
    }
}

fn walk(cli: &Cli, args: &EncodeWalkArgs) -> Result<u8, Fault> {
    let who = people::id(&args.who)?;
    let (batch, job) = job_of(&args.job)?;
    if let Some(text) = &args.witness {
        // Before anything is opened for writing: an older copy has forgotten which cards it made.
        witness::demand(&JournalView::open(wiring::disk(cli)?)?.0, &witness::places(text)?)?;
    }
    let mut open = wiring::open(cli, "encode")?;
    let outcome = walked(&mut open, args, who, &batch, job).and_then(|walked| settled(&mut open).map(|()| walked));
    let walked = open.finish(outcome)?;
    println!("{batch}/{job}: {}", balanced(&walked.balance));
    let all_good = walked.done.iter().all(|done| done.result == AttemptResult::Good);
    match walked.end {
        WalkEnd::Through if args.strict && !all_good => Ok(EXIT_NOT_ALL_GOOD),
        WalkEnd::Through => Ok(0),
        WalkEnd::Stopped => Err(Fault::Stopped("the card that was in is finished; run again to go on".to_owned())),
        WalkEnd::NoBlank => Err(Fault::Stopped("no blank that answers came in time; run again to go on".to_owned())),
        WalkEnd::ReaderGone(why) => Err(Fault::Missing(why)),
    }
}

/// What follows from cards that turned out spoiled, or good in place of others.
fn settled(open: &mut OpenPlant) -> Result<(), Fault> {
    let at = open.world.clock.now();
    owed::settle(&*open.world.disk, &mut open.book, at).map(drop)
}

fn walked(open: &mut OpenPlant, args: &EncodeWalkArgs, who: &str, batch: &BatchId, job: u32) -> Result<Walked, Fault> {
    let keys = args.test_keys.as_deref().map(test_keys::read).transpose()?;
    let state = open.book.batch(batch)?.ok_or_else(|| Fault::Usage(format!("no batch {batch}")))?;
    let profile = profile_of(open, &state)?;
    test_keys::fit_for(&open.config, keys.is_some(), !profile.chip.key.is_empty())?;
    let mut slot = slot(args)?;
    stop_on_signals(open)?;
    let chosen = Chosen { from: args.from, count: args.count, position: args.position, retry: args.retry };
    let world = &open.world;
    let stop = || world.stopping();
    let encoding = Encoding {
        plant: &*world.disk,
        clock: &*world.clock,
        profile: &profile,
        records: form(args.records),
        keys: keys.as_ref(),
        reader: &args.reader,
        who,
        stop: &stop,
    };
    encoding.walk(&mut open.book, batch, job, chosen, &mut *slot, &mut say)
}

/// The profile the batch was cut with, as it applied that day.
pub fn profile_of(open: &OpenPlant, batch: &BatchState) -> Result<card::Profile, Fault> {
    let profile = wiring::profile_at(&open.root, &open.config, batch.frozen_at)?;
    if profile.id != batch.profile {
        return Err(Fault::refused(Code::Cfg02, format!("{} was cut with profile {}, not {}", batch.batch, batch.profile, profile.id)));
    }
    Ok(profile)
}

#[cfg(feature = "pcsc")]
fn slot(args: &EncodeWalkArgs) -> Result<Box<dyn BlankSlot>, Fault> {
    use plant::reader::{ByHand, PcscReader};
    let patience = std::time::Duration::from_secs(args.wait_seconds);
    Ok(Box::new(ByHand::new(PcscReader::open(&args.reader)?, patience)))
}

#[cfg(not(feature = "pcsc"))]
fn slot(_: &EncodeWalkArgs) -> Result<Box<dyn BlankSlot>, Fault> {
    Err(Fault::Missing("this program was built without card readers (feature `pcsc`)".to_owned()))
}

/// BATCH/JOB.
pub fn job_of(text: &str) -> Result<(BatchId, u32), Fault> {
    let wrong = || Fault::refused(Code::Use01, "a job is BATCH/JOB, for example B20250601-01/2");
    let (batch, job) = text.split_once('/').ok_or_else(wrong)?;
    Ok((BatchId::parse(batch).map_err(|_| wrong())?, job.parse().map_err(|_| wrong())?))
}

/// What a person at the reader must do goes to standard error, what became of cards to standard output.
fn say(told: &Told) {
    match told {
        Told::Waiting { position, number, nth, of } => {
            tell!("card {nth} of {of}, position {position}, {number}: take out what is in the reader, put the next blank in");
        }
        Told::Mute => tell!("this blank doesn't answer; nothing was sent to it: try another"),
        Told::Ended(done) => println!("{}", line_of(done)),
    }
}

/// One line a card, in fields: position, number, generation, attempt, what became of it, and of one that isn't good code and cause.
fn line_of(done: &Done) -> String {
    let Done { position, number, generation, attempt, result, reason } = done;
    let why = reason.as_ref().map_or_else(String::new, |r| format!(" {} {} at {}", r.code, r.value, r.limit));
    format!("{position} {number} {generation} {attempt} {}{why}", word(*result))
}

fn word(result: AttemptResult) -> &'static str {
    match result {
        AttemptResult::Good => "good",
        AttemptResult::Spoiled => "spoiled",
        AttemptResult::InDoubt => "in-doubt",
    }
}

/// The end of an attempt for people.
pub fn end_of(e: &AttemptEnded) -> String {
    let why = e.reason.as_ref().map_or_else(String::new, |r| format!(", {} {} at {}", r.code, r.value, r.limit));
    let on_it = if e.written || e.result == AttemptResult::Good { "" } else { ", nothing of the card is on the blank" };
    format!("{}{why}{on_it}", word(e.result))
}

/// A job's cards for people.
pub fn balanced(b: &Balance) -> String {
    let Balance { cards, good, spoiled, in_doubt, not_attempted } = b;
    format!("{cards} cards = {good} good + {spoiled} spoiled + {in_doubt} in doubt + {not_attempted} not attempted")
}

fn settle(cli: &Cli, args: &EncodeResolveArgs) -> Result<u8, Fault> {
    let (person, reason) = (people::id(&args.word.who)?, people::reason(&args.word.reason)?);
    let key = key_files::secret(&args.word.key, args.word.passphrase_fd)?;
    let mut open = wiring::open(cli, "encode resolve")?;
    let outcome = (|| {
        let generation = match args.generation {
            None => open.book.cards_numbered(&args.card)?.pop().map(|c| c.generation),
            given => given,
        };
        let generation = generation.ok_or_else(|| Fault::Usage(format!("no card {}", args.card)))?;
        let by = Signatory { person, key: &key };
        let word = Word { number: &args.card, generation, good: args.found == WholeArg::Good, reason, by };
        let at = open.world.clock.now();
        let stage = resolve::say(&mut open.book, &word, at)?;
        settled(&mut open).map(|()| stage)
    })();
    let said = match open.finish(outcome)? {
        AttemptStage::InDoubt => "waits for another person who says the same; one of the two must be a supervisor",
        AttemptStage::Good => "is good",
        AttemptStage::Spoiled => "is spoiled",
    };
    println!("card {} {said}", args.card);
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_named_by_its_batch_and_number() {
        assert!(job_of("B20250601-01/2").is_ok_and(|(batch, job)| batch.as_str() == "B20250601-01" && job == 2));
        for wrong in ["", "B20250601-01", "B20250601-01/", "B20250601-01/x", "../1", "/1", "B20250601-01/1/2"] {
            assert_eq!(job_of(wrong).unwrap_err().exit_code(), 64, "{wrong}");
        }
    }

    #[test]
    fn a_card_is_one_line_of_fields() {
        let reason = card::Reason::new(Code::Enc01, "not-blank: the card is not blank", "step 3 of 90 (SSSE: create)");
        let done = Done { position: 7, number: "H00000012".into(), generation: 1, attempt: 2, result: AttemptResult::Spoiled, reason: Some(reason) };
        assert_eq!(line_of(&done), "7 H00000012 1 2 spoiled ENC-01 not-blank: the card is not blank at step 3 of 90 (SSSE: create)");
        assert_eq!(line_of(&Done { result: AttemptResult::Good, reason: None, ..done }), "7 H00000012 1 2 good");
    }
}
