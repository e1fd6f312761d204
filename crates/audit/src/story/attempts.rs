//! Cards encoded at a reader here (docs/formats/encoding.md), held against what went before: an attempt before its end, for a card of a
//! released job that no device has, good once, in doubt until two people have said so, tried again only where nothing of it was written.

use std::collections::{BTreeSet, HashMap, HashSet};

use card::BatchId;
use ledger::entry::{AttemptEnded, AttemptResolved, AttemptResult, CardAttempted, Role};

use super::people::i24;
use super::{Batch, Stage, Story};
use crate::proof::{Invariant, Proofs};

/// Blanks tried for one card.
pub(super) const ATTEMPTS_MAX: u32 = 3;
/// People who must say the same about an attempt in doubt.
const WORDS: usize = 2;
const CODES: [&str; 7] = ["ENC-01", "ENC-02", "ENC-03", "ENC-04", "ENC-05", "ENC-06", "ENC-07"];

#[derive(Default)]
pub struct Attempts {
    /// By number and generation.
    cards: HashMap<(String, u32), Last>,
    jobs: HashSet<(BatchId, u32)>,
}

/// The last attempt at a card.
struct Last {
    attempt: u32,
    /// `None` as long as its end isn't written down.
    result: Option<AttemptResult>,
    written: bool,
    words: Vec<AttemptResolved>,
}

impl Last {
    fn in_doubt(&self) -> bool {
        self.result.is_none_or(|r| r == AttemptResult::InDoubt)
    }

    /// Why no other blank may become the card, if none may.
    fn closed(&self) -> Result<(), &'static str> {
        match self.result {
            Some(AttemptResult::Good) => Err("at a card that is good"),
            None | Some(AttemptResult::InDoubt) => Err("at a card that is in doubt"),
            Some(AttemptResult::Spoiled) if self.written => Err("at a card that is spoiled and on its blank"),
            Some(AttemptResult::Spoiled) => Ok(()),
        }
    }
}

impl Attempts {
    /// Cards of this job were attempted here.
    pub fn touch(&self, batch: &BatchId, job: u32) -> bool {
        self.jobs.contains(&(batch.clone(), job))
    }

    /// Cards nobody knows the state of.
    pub fn in_doubt(&self) -> usize {
        self.cards.values().filter(|last| last.in_doubt()).count()
    }

    /// How the last attempt at a card ended, whether anything of it may be on its blank, and which attempt it was.
    pub fn last_of(&self, number: &str, generation: u32) -> Option<(Option<AttemptResult>, bool, u32)> {
        self.cards.get(&(number.to_owned(), generation)).map(|last| (last.result, last.written, last.attempt))
    }

    fn attempted(&mut self, e: &CardAttempted) -> Result<(), &'static str> {
        self.jobs.insert((e.batch.clone(), e.job));
        let begun = Last { attempt: e.attempt, result: None, written: true, words: Vec::new() };
        let before = self.cards.insert((e.number.clone(), e.generation), begun);
        if e.attempt != before.as_ref().map_or(0, |last| last.attempt) + 1 || e.attempt > ATTEMPTS_MAX {
            return Err("under a number that isn't the card's next, or beyond the last");
        }
        before.map_or(Ok(()), |last| last.closed())
    }

    fn last(&mut self, number: &str, generation: u32, attempt: u32) -> Option<&mut Last> {
        self.cards.get_mut(&(number.to_owned(), generation)).filter(|last| last.attempt == attempt)
    }

    fn ended(&mut self, e: &AttemptEnded) -> Result<(), &'static str> {
        let last = self.last(&e.number, e.generation, e.attempt).filter(|last| last.result.is_none()).ok_or("of what wasn't attempted, or ended before")?;
        if !last.words.is_empty() {
            return Err("after people had a word");
        }
        (last.result, last.written) = (Some(e.result), e.written);
        let code = e.reason.as_ref().map(|r| r.code.text());
        let fits = match (e.result, code) {
            (AttemptResult::Good, None) => e.written,
            (AttemptResult::Spoiled, Some(code)) => CODES[..6].contains(&code),
            (AttemptResult::InDoubt, Some(code)) => code == CODES[6],
            _ => false,
        };
        if fits { Ok(()) } else { Err("with a reason that isn't one of such an end") }
    }

    fn said(&mut self, e: &AttemptResolved) -> Result<(), &'static str> {
        let last = self.last(&e.number, e.generation, e.attempt).filter(|last| last.in_doubt()).ok_or("about a card that isn't in doubt")?;
        if last.words.iter().any(|w| w.person == e.person) {
            return Err("said twice by one person");
        }
        last.words.push(e.clone());
        let agreeing: Vec<&AttemptResolved> = last.words.iter().filter(|w| w.good == e.good).collect();
        let people: BTreeSet<&str> = agreeing.iter().map(|w| w.person.as_str()).collect();
        if people.len() >= WORDS && agreeing.iter().any(|w| w.role == Role::Supervisor) {
            last.result = Some(if e.good { AttemptResult::Good } else { AttemptResult::Spoiled });
        }
        Ok(())
    }
}

/// The card is one of its released job, and its bytes are of the file that job published.
fn of_its_job(e: &CardAttempted, batch: Option<&Batch>) -> Result<(), &'static str> {
    let batch = batch.filter(|b| b.stage >= Stage::Released && !b.purged).ok_or("of a batch that isn't released, or was purged")?;
    let job = batch.jobs.get(&e.job).ok_or("of a job that was never made")?;
    let at = e.position as usize;
    let span = batch.span(e.job);
    let cut = batch.cards.get(at).filter(|c| (&*c.number, c.generation) == (e.number.as_str(), e.generation));
    let made = span.contains(&at) && job.records.get(at - span.start).copied().flatten().is_some();
    if cut.is_none() || !made {
        return Err("of another card than its place has, or a void one");
    }
    if !e.file.path.starts_with("encode/") || !job.files.contains(&e.file) {
        return Err("from a file its job hasn't");
    }
    Ok(())
}

impl Story {
    pub(super) fn card_attempted(&mut self, seq: u64, e: &CardAttempted, proofs: &mut Proofs) {
        let may = !self.people.any() || self.people.role_in_force(&e.who).is_some_and(encodes);
        proofs.check(Invariant::I24, may, || format!("record {seq}: card {} encoded by one who may not", e.number));
        let batch = self.batch_at.get(&e.batch).map(|i| &self.batches[*i]);
        let elsewhere = self.handovers.has_encode_file_of(&e.batch, e.job);
        let free = [
            (!elsewhere, "of a job whose encode files went to a device"),
            (!self.handovers.encoders_are_sealed_only(), "in a plant whose encoders take envelopes only"),
        ];
        let fits = of_its_job(e, batch).and_then(|()| free.into_iter().try_for_each(|(holds, why)| if holds { Ok(()) } else { Err(why) }));
        let found = self.attempts.attempted(e).and(fits);
        i33(proofs, found, || format!("record {seq}: attempt {} at card {} generation {}", e.attempt, e.number, e.generation));
    }

    pub(super) fn attempt_ended(&mut self, seq: u64, e: &AttemptEnded, proofs: &mut Proofs) {
        let found = self.attempts.ended(e);
        i33(proofs, found, || format!("record {seq}: end of attempt {} at card {} generation {}", e.attempt, e.number, e.generation));
    }

    pub(super) fn attempt_resolved(&mut self, seq: u64, e: &AttemptResolved, proofs: &mut Proofs) {
        let (plant, found, role) = (self.people.plant(), if e.good { "good" } else { "spoiled" }, e.role.name());
        let AttemptResolved { number, generation, attempt, reason, person, .. } = e;
        let text = format!(
            "cardline encoding resolved\nplant: {plant}\ncard: {number}\ngeneration: {generation}\nattempt: {attempt}\nfound: {found}\nreason: {reason}\n\
             person: {person}\nrole: {role}\n"
        );
        let allowed = match self.people.role_in_force(person) {
            Some(role) if role == e.role && encodes(role) => self.people.signature(person, &text, &e.signature),
            _ => Err("said by nobody of the register, or in a role that may not"),
        };
        i24(proofs, allowed, || format!("record {seq}: card {number} settled by {person}"));
        let found = self.attempts.said(e);
        i33(proofs, found, || format!("record {seq}: word of {person} about card {number} generation {generation}"));
    }

    /// Cards whose encoding nobody knows the end of.
    pub fn cards_in_doubt(&self) -> usize {
        self.attempts.in_doubt()
    }
}

fn encodes(role: Role) -> bool {
    matches!(role, Role::Operator | Role::Supervisor)
}

fn i33(proofs: &mut Proofs, found: Result<(), &'static str>, what: impl FnOnce() -> String) {
    let why = found.err();
    proofs.check(Invariant::I33, why.is_none(), || format!("{} {}", what(), why.unwrap_or_default()));
}

#[cfg(test)]
mod tests;
