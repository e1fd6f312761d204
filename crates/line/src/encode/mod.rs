//! The encode room: the cards of a released job written here, one blank after the other, each attempt in the ledger before its first byte
//! leaves. What was begun and has no end is in doubt and never played again; two people settle it (`resolve.rs`). How one card is played
//! is `play.rs`, what is written on it `source.rs`. docs/formats/encoding.md has the rules.

pub mod play;
pub mod resolve;
pub mod source;

use card::seeded::{Bug, has};
use card::{BatchId, Code, Profile, Reason};
use chip::apdu::{RecordForm, Step, Target, TestKeys, script_of};
use ledger::book::Book;
use ledger::book::state::{AttemptStage, AttemptState, BatchState, HandoverStage, JobState};
use ledger::disk::Disk;
use ledger::entry::{AttemptEnded, AttemptResult, CardAttempted, Entry, FileDigest};
use ledger::fault::Fault;

pub use play::{Played, Spoil, play, play_powered, writes_by};

use crate::devices;
use crate::handover::{may_hand_over, released};
use crate::ports::{BlankSlot, Clock, NextBlank, ReaderFault};
use source::{CardToWrite, cards_of};

/// Blanks tried for one card, as machines try (card-and-rules.md 6.10).
pub const ATTEMPTS_MAX: u32 = 3;
/// Blanks in a row that don't answer to power before it must be the reader.
const MUTE_MAX: u32 = 3;

/// What direct encoding needs of the world, who does it and how.
pub struct Encoding<'a> {
    pub plant: &'a dyn Disk,
    pub clock: &'a dyn Clock,
    /// The one the batch was cut with.
    pub profile: &'a Profile,
    pub records: RecordForm,
    pub keys: Option<&'a TestKeys>,
    /// The reader's name, for the ledger.
    pub reader: &'a str,
    pub who: &'a str,
    pub stop: &'a dyn Fn() -> bool,
}

/// Which cards of the job, by their positions in the batch from 1.
#[derive(Clone, Copy, Default)]
pub struct Chosen {
    pub from: Option<u32>,
    pub count: Option<u32>,
    /// This one alone.
    pub position: Option<u32>,
    /// Also those whose last blank was spoiled with nothing of them on it.
    pub retry: bool,
}

/// What is told while it goes on. Shows nothing personal.
pub enum Told<'a> {
    /// A blank is waited for, for the `nth` card of those that were asked for.
    Waiting { position: u32, number: &'a str, nth: usize, of: usize },
    /// The blank doesn't answer to power: nothing was sent to it, another is waited for.
    Mute,
    /// A card came to an end.
    Ended(&'a Done),
}

/// What became of one card.
#[derive(Clone, PartialEq, Debug)]
pub struct Done {
    /// 1-based, in the batch.
    pub position: u32,
    pub number: String,
    pub generation: u32,
    pub attempt: u32,
    pub result: AttemptResult,
    pub reason: Option<Reason>,
}

/// How a walk ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum WalkEnd {
    /// Every card that was asked for came to an end, now or earlier.
    Through,
    Stopped,
    /// No blank came in time, or none that answers.
    NoBlank,
    ReaderGone(String),
}

/// All cards of a job: each is one of these.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Balance {
    pub cards: u32,
    pub good: u32,
    pub spoiled: u32,
    pub in_doubt: u32,
    pub not_attempted: u32,
}

/// A walk that came to its end, whichever.
pub struct Walked {
    pub done: Vec<Done>,
    pub balance: Balance,
    pub end: WalkEnd,
}

impl Encoding<'_> {
    /// Encodes the chosen cards of a job. Done again it goes on with those not attempted yet.
    ///
    /// # Errors
    /// HND-06, ENC-01 … ENC-08, OUT-01, PRG-01, AUT-01, AUT-04: nothing was sent to a card. The ledger fails: the last card may be in doubt.
    pub fn walk(
        &self,
        book: &mut Book,
        batch: &BatchId,
        job: u32,
        chosen: Chosen,
        slot: &mut dyn BlankSlot,
        tell: &mut dyn FnMut(&Told),
    ) -> Result<Walked, Fault> {
        may_hand_over(book, self.who)?;
        let batch = released(book, batch)?;
        let job = made(book, &batch, job)?;
        written_here(book, &batch, &job)?;
        let (file, cards) = cards_of(self.plant, &batch, &job, &book.cut_of(&batch)?.cards)?;
        let wanted = wanted(book, &batch, &job, cards, chosen)?;
        let scripts = wanted.iter().map(|card| self.script(card)).collect::<Result<Vec<_>, _>>()?;
        let (mut done, mut end) = (Vec::new(), WalkEnd::Through);
        for (n, (card, steps)) in wanted.iter().zip(&scripts).enumerate() {
            tell(&Told::Waiting { position: card.position, number: &card.number, nth: n + 1, of: wanted.len() });
            if let Err(stopped) = self.blank(slot, tell) {
                end = stopped;
                break;
            }
            let attempted = self.attempted(book, &batch, &job, &file, card)?;
            let (ended, gone) = self.encode(book, &attempted, steps, slot)?;
            tell(&Told::Ended(&ended));
            done.push(ended);
            if let Some(why) = gone {
                end = WalkEnd::ReaderGone(why);
                break;
            }
        }
        Ok(Walked { done, balance: balance(book, &batch, &job)?, end })
    }

    fn script(&self, card: &CardToWrite) -> Result<Vec<Step>, Fault> {
        let target = Target { records: self.records, keys: self.keys };
        let position = card.position;
        script_of(&card.files, &self.profile.chip, &target).map_err(|e| Fault::BadInput(format!("card at position {position}: {e}")))
    }

    /// A blank that answers to power, which isn't sent to it by a command.
    fn blank(&self, slot: &mut dyn BlankSlot, tell: &mut dyn FnMut(&Told)) -> Result<(), WalkEnd> {
        let gone = |fault: ReaderFault| WalkEnd::ReaderGone(fault.to_string());
        for _ in 0..MUTE_MAX {
            if (self.stop)() {
                return Err(WalkEnd::Stopped);
            }
            match slot.next_blank(self.stop).map_err(gone)? {
                NextBlank::In => {}
                NextBlank::NoneCame => return Err(WalkEnd::NoBlank),
                NextBlank::Stopped => return Err(WalkEnd::Stopped),
            }
            match slot.reader().connect() {
                Ok(_) => return Ok(()),
                Err(ReaderFault::NoCard) => {
                    slot.let_go();
                    tell(&Told::Mute);
                }
                Err(fault) => return Err(gone(fault)),
            }
        }
        Err(WalkEnd::NoBlank)
    }

    fn attempted(&self, book: &Book, batch: &BatchState, job: &JobState, file: &FileDigest, card: &CardToWrite) -> Result<CardAttempted, Fault> {
        let before = book.attempt(&card.number, card.generation)?;
        Ok(CardAttempted {
            batch: batch.batch.clone(),
            job: job.job,
            position: card.position - 1,
            number: card.number.clone(),
            generation: card.generation,
            attempt: before.map_or(0, |a| a.attempted.attempt) + 1,
            file: file.clone(),
            reader: self.reader.to_owned(),
            test_keys: self.keys.is_some(),
            who: self.who.to_owned(),
            at: self.clock.now(),
        })
    }

    /// One card: attempted, played, ended. Says too whether the reader itself went.
    fn encode(&self, book: &mut Book, attempted: &CardAttempted, steps: &[Step], slot: &mut dyn BlankSlot) -> Result<(Done, Option<String>), Fault> {
        if !has(Bug::AttemptAfterBytes) {
            book.record(&Entry::CardAttempted(attempted.clone()))?;
        }
        let played = play_powered(slot.reader(), steps);
        slot.let_go();
        if has(Bug::AttemptAfterBytes) {
            book.record(&Entry::CardAttempted(attempted.clone()))?;
        }
        let CardAttempted { number, generation, attempt, position, .. } = attempted.clone();
        let (result, written, reason) = judged(&played, steps);
        let ended = AttemptEnded { number: number.clone(), generation, attempt, result, written, reason: reason.clone(), at: self.clock.now() };
        book.record(&Entry::AttemptEnded(ended))?;
        let gone = match played {
            Played::InDoubt { why: ReaderFault::NoReader(why), .. } => Some(why),
            _ => None,
        };
        Ok((Done { position: position + 1, number, generation, attempt, result, reason }, gone))
    }
}

/// Result, whether data of the card may be on the blank, and why it isn't good.
fn judged(played: &Played, steps: &[Step]) -> (AttemptResult, bool, Option<Reason>) {
    let at = |step: usize| format!("step {} of {} ({})", step + 1, steps.len(), steps.get(step).map_or("", |s| s.note.as_str()));
    match played {
        Played::Good => (AttemptResult::Good, true, None),
        Played::Spoiled { step, why } => {
            (AttemptResult::Spoiled, writes_by(steps, *step), Some(Reason::new(why.reason_code(), format!("{}: {why}", why.code()), at(*step))))
        }
        Played::InDoubt { step, why } => (AttemptResult::InDoubt, writes_by(steps, *step), Some(Reason::new(Code::Enc07, why.to_string(), at(*step)))),
    }
}

fn made(book: &Book, batch: &BatchState, job: u32) -> Result<JobState, Fault> {
    let jobs = book.jobs(&batch.batch)?;
    let count = jobs.len();
    jobs.into_iter().find(|j| j.job == job).ok_or_else(|| Fault::Usage(format!("{} has jobs 1 to {count}", batch.batch)))
}

/// A job is encoded here or by a device, never both; and here only where not every encoder takes envelopes alone.
fn written_here(book: &Book, batch: &BatchState, job: &JobState) -> Result<(), Fault> {
    let tokens = book.handovers_of(&batch.batch, job.job)?;
    if let Some(h) = tokens.iter().find(|h| h.begun.file.path.starts_with("encode/") && h.stage != HandoverStage::Void) {
        let b = &h.begun;
        return Err(Fault::refused(Code::Enc08, format!("hand-over {} to {}: {} of {} job {}", b.number, b.device, b.file.path, b.batch, b.job)));
    }
    if devices::encoders_are_sealed_only(book)? {
        return Err(Fault::refused(Code::Enc08, "every encoder of this plant takes envelopes only"));
    }
    Ok(())
}

/// The cards to be encoded now, in the job's order.
fn wanted(book: &Book, batch: &BatchState, job: &JobState, cards: Vec<CardToWrite>, chosen: Chosen) -> Result<Vec<CardToWrite>, Fault> {
    if let Some(position) = chosen.position {
        let none = || Fault::Usage(format!("{} job {} has no card at position {position}", batch.batch, job.job));
        let card = cards.into_iter().find(|c| c.position == position).ok_or_else(none)?;
        let last = book.attempt(&card.number, card.generation)?;
        return match last.as_ref().map(open_again) {
            None | Some(Ok(())) => Ok(vec![card]),
            Some(Err(_)) if last.is_some_and(|a| a.stage == AttemptStage::Good) => Ok(Vec::new()),
            Some(Err(fault)) => Err(fault),
        };
    }
    let mut found = Vec::new();
    for card in cards.into_iter().filter(|c| chosen.from.is_none_or(|from| from <= c.position)) {
        let open = match book.attempt(&card.number, card.generation)? {
            None => true,
            Some(last) => chosen.retry && open_again(&last).is_ok() || has(Bug::DoubtPlayedAgain) && last.stage == AttemptStage::InDoubt,
        };
        if open && chosen.count.is_none_or(|count| (found.len() as u32) < count) {
            found.push(card);
        }
    }
    Ok(found)
}

/// Whether the card may be tried on another blank: the last one was spoiled before anything of the card was on it. Else it is a remake.
fn open_again(last: &AttemptState) -> Result<(), Fault> {
    let CardAttempted { number, generation, attempt, .. } = &last.attempted;
    let code = last.reason.as_ref().map_or(Code::Enc07, |r| r.code);
    let refused = |why: &str| Err(Fault::refused(code, format!("card {number} generation {generation} {why}")));
    match last.stage {
        AttemptStage::Good => refused("is good"),
        AttemptStage::InDoubt => refused("is in doubt"),
        AttemptStage::Spoiled if last.written => refused("is spoiled, and may be on its blank: only a remake replaces it"),
        AttemptStage::Spoiled if *attempt >= ATTEMPTS_MAX => refused("was tried on as many blanks as may be"),
        AttemptStage::Spoiled => Ok(()),
    }
}

/// Counts a job's cards by how they stand.
///
/// # Errors
/// The index fails.
pub fn balance(book: &Book, batch: &BatchState, job: &JobState) -> Result<Balance, Fault> {
    let cards = job.records.iter().flatten().count() as u32;
    let attempts = book.attempts_of(&batch.batch, job.job)?;
    let count = |stage| attempts.iter().filter(|a| a.stage == stage).count() as u32;
    let [good, spoiled, in_doubt] = [AttemptStage::Good, AttemptStage::Spoiled, AttemptStage::InDoubt].map(count);
    let not_attempted = cards.checked_sub(good + spoiled + in_doubt);
    let too_many = || Fault::Invariant(format!("{} job {}: more cards attempted than made", batch.batch, job.job));
    Ok(Balance { cards, good, spoiled, in_doubt, not_attempted: not_attempted.ok_or_else(too_many)? })
}

#[cfg(test)]
mod tests;
