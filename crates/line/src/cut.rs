//! The cut: from the pool of accepted applications to one immutable batch: order, destinations, card numbers, in one ledger
//! entry before any output. What can change overnight is judged once more here. Nothing is made in this room.

use std::collections::{BTreeMap, HashSet};

use card::card_number;
use card::profile::record::NumberRange;
use card::reason::Code;
use card::{BatchId, BusinessType, Keyed, Ordinal, Outcome, Profile, Verdict};
use ledger::book::Book;
use ledger::book::state::{ApplicationState, BatchState};
use ledger::entry::{BatchCut, Cause, CutCard, Entry, Millis};
use ledger::fault::Fault;

use crate::plan::Plan;
use crate::ports::Lookup;
use crate::recheck::{moved_to, verdict_today};
use crate::remakes;
use crate::validate::Judge;
use crate::validate::stored::StoredRecord;
use crate::vault::Vault;

/// Applications looked at between two commits while the pool is judged again.
const COMMIT_EVERY: usize = 1_024;

/// Cuts a batch from the pool. `None` when nothing in the pool can be made tonight.
///
/// # Errors
/// The ledger or the disk fails.
pub fn cut(book: &mut Book, vault: &Vault, judge: &Judge, plan: &Plan, frozen_at: Millis) -> Result<Option<BatchState>, Fault> {
    let mut numbers = Numbers::new(judge.profile);
    let mut people = HashSet::new();
    let mut cards = Vec::new();
    for (i, ordinal) in book.pool()?.into_iter().enumerate() {
        if i % COMMIT_EVERY == 0 {
            book.commit()?;
        }
        let Some(state) = book.application(ordinal)? else { continue };
        match admit(&state, book, vault, judge, plan, frozen_at, &mut numbers, &mut people)? {
            Ok(card) => cards.push(card),
            Err(verdict) => {
                book.append(&moved_to(&state, verdict, Cause::Cut, frozen_at))?;
            }
        }
    }
    book.commit()?;
    if cards.is_empty() {
        return Ok(None);
    }
    let batch = next_batch_id(book, plan, frozen_at)?;
    let entry = BatchCut {
        batch: batch.clone(),
        frozen_at,
        release_id: plan.release_id,
        profile: judge.profile.id.clone(),
        cards_per_job: plan.cards_per_job,
        numbers_next: numbers.next.into_iter().collect(),
        registers: book.registers()?,
        arrived_until: book.next_numbers()?.1,
        cards,
    };
    book.record(&Entry::BatchCut(entry))?;
    book.batch(&batch)
}

/// One application's ticket into the batch, or why it stays behind.
#[allow(clippy::too_many_arguments)]
fn admit(
    state: &ApplicationState,
    book: &Book,
    vault: &Vault,
    judge: &Judge,
    plan: &Plan,
    at: Millis,
    numbers: &mut Numbers,
    people: &mut HashSet<Keyed>,
) -> Result<Result<CutCard, Verdict>, Fault> {
    let (Ok(record), Some(facts)) = (vault.record(state.package, state.row), &state.facts) else {
        // A key can be restored: that is no reason to hold an application.
        vault.check_key(state.package)?;
        return Ok(Err(held(judge.profile, Code::Out03, "record unreadable")));
    };
    let today = verdict_today(state, &record, judge, book, plan, at)?;
    if today.outcome != Outcome::Accepted {
        return Ok(Err(today));
    }
    // Last guard of "one card per person", whatever people resolved by hand: two of one batch never pass.
    if people.contains(&facts.document_key) || people.contains(&facts.ssn_key) {
        return Ok(Err(held(judge.profile, Code::Dup03, "another application of this batch")));
    }
    if let Some(newer) = remakes::newer_valid(book, state)? {
        return Ok(Err(held(judge.profile, Code::Dup05, format!("card {} generation {}", newer.number, newer.generation))));
    }
    let card = match ticket(state, &record, book, judge, numbers)? {
        Ok(card) => card,
        Err(verdict) => return Ok(Err(verdict)),
    };
    people.extend([facts.document_key, facts.ssn_key]);
    Ok(Ok(card))
}

fn ticket(state: &ApplicationState, record: &StoredRecord, book: &Book, judge: &Judge, numbers: &mut Numbers) -> Result<Result<CutCard, Verdict>, Fault> {
    if let Some(number) = remakes::kept_number(book, judge.profile, state)? {
        let generation = next_generation(book, &number)?;
        return Ok(Ok(CutCard { ordinal: state.ordinal, number, generation }));
    }
    let application = record.application.as_ref();
    let same_number = application.filter(|a| a.business_type == BusinessType::SameNumber).and_then(|a| a.old_card_number.clone());
    // A card of it that is made again under a new number doesn't take the old one once more.
    if let Some(number) = same_number.filter(|_| !state.remaking) {
        let generation = next_generation(book, &number)?;
        return Ok(Ok(CutCard { ordinal: state.ordinal, number, generation }));
    }
    let Lookup::Found(outlet) = judge.registers.outlet(state.outlet.as_str()) else {
        return Ok(Err(held(judge.profile, Code::Rec21, "unknown")));
    };
    loop {
        let Some(number) = numbers.take(&outlet.division, book)? else {
            return Ok(Err(held(judge.profile, Code::Num01, outlet.division)));
        };
        // A number that exists already (an old card kept under "same number", a range given twice) is passed over for good.
        if book.cards_numbered(&number)?.is_empty() {
            return Ok(Ok(CutCard { ordinal: state.ordinal, number, generation: 1 }));
        }
    }
}

/// A number that isn't ours is on its holder's first card, made elsewhere.
fn next_generation(book: &Book, number: &str) -> Result<u32, Fault> {
    Ok(book.cards_numbered(number)?.last().map_or(2, |c| c.generation + 1))
}

fn held(profile: &Profile, code: Code, value: impl Into<String>) -> Verdict {
    Verdict::from_reasons(vec![card::Reason::with_effect(code, card::Effect::Hold, value, profile.id.clone())])
}

/// Hands out card numbers by division, in order.
struct Numbers {
    ranges: Vec<NumberRange>,
    next: BTreeMap<String, u64>,
}

impl Numbers {
    fn new(profile: &Profile) -> Self {
        Self { ranges: profile.number_range.clone(), next: BTreeMap::new() }
    }

    fn take(&mut self, division: &str, book: &Book) -> Result<Option<String>, Fault> {
        let own = self.ranges.iter().filter(|r| r.division == division);
        let any = self.ranges.iter().filter(|r| r.division == "*");
        for range in own.chain(any) {
            let next = match self.next.get(&range.prefix) {
                Some(next) => *next,
                None => book.next_in_range(&range.prefix)?.unwrap_or(range.first).max(range.first),
            };
            if next <= range.last
                && let Some(number) = card_number::number_at(&range.prefix, next)
            {
                self.next.insert(range.prefix.clone(), next + 1);
                return Ok(Some(number));
            }
        }
        Ok(None)
    }
}

fn next_batch_id(book: &Book, plan: &Plan, at: Millis) -> Result<BatchId, Fault> {
    let day = plan.day(at).strftime("%Y%m%d").to_string();
    let of_day = book.batches()?.iter().filter(|b| b.batch.as_str().get(1..9) == Some(&day)).count();
    BatchId::parse(&format!("B{day}-{:02}", of_day + 1)).map_err(Fault::Invariant)
}

/// Ordinals of a batch in order, for whoever walks it.
#[must_use]
pub fn ordinals(cut: &BatchCut) -> Vec<Ordinal> {
    cut.cards.iter().map(|c| c.ordinal).collect()
}
