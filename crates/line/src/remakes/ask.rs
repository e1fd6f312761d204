//! A request to make cards again: one card, or any number of them under the same rules. All or nothing; what refuses is listed.

use std::collections::BTreeSet;

use card::{BatchId, Code};
use ledger::book::Book;
use ledger::book::state::RemakeStage;
use ledger::entry::{Entry, Millis, RemakeCause, RemakeRequested};
use ledger::fault::Fault;

use super::{Named, Parent};
use crate::handover::may_hand_over;
use crate::plan::Pepper;

/// Refusals shown of a request for many cards.
const SHOWN_MAX: usize = 20;

/// What is asked.
pub struct Ask<'a> {
    pub cards: &'a [Named],
    pub cause: RemakeCause,
    /// Number of the loss or damage report. May hold anything: only its keyed digest is kept.
    pub report: Option<&'a str>,
    pub who: &'a str,
    pub at: Millis,
}

/// One card that is asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Asked {
    pub number: String,
    pub generation: u32,
    pub request: u32,
    pub delivered: bool,
    /// The same person asked for it before, for the same cause: nothing was written.
    pub before: bool,
}

/// Asks that cards be made again. Asked again by the same person nothing changes, so that what a stop left undone can be finished.
///
/// # Errors
/// RMK-01 … RMK-05, DUP-06: the first card's code, and what refuses; AUT-01, AUT-04; the ledger fails.
pub fn request(book: &mut Book, pepper: &Pepper, ask: &Ask) -> Result<Vec<Asked>, Fault> {
    may_hand_over(book, ask.who)?;
    let (mut asked, mut entries, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    for named in ask.cards.iter().collect::<BTreeSet<_>>() {
        match requested(book, pepper, ask, named) {
            Ok((card, entry)) => {
                asked.push(card);
                entries.extend(entry);
            }
            Err(fault @ (Fault::Refused { .. } | Fault::Usage(_))) => refused.push(fault),
            Err(fault) => return Err(fault),
        }
    }
    all_or_nothing(refused, ask.cards.len())?;
    for entry in entries {
        book.append(&Entry::RemakeRequested(entry))?;
    }
    book.commit()?;
    Ok(asked)
}

/// The request for one card; no entry where it stands already.
fn requested(book: &Book, pepper: &Pepper, ask: &Ask, named: &Named) -> Result<(Asked, Option<RemakeRequested>), Fault> {
    let parent = Parent::of(book, named)?;
    let (number, generation) = named.clone();
    if let Some(last) = parent.last.as_ref().filter(|l| l.stage == RemakeStage::Requested) {
        let e = &last.requested;
        if (e.who.as_str(), e.cause, e.delivered) == (ask.who, ask.cause, parent.delivered) {
            return Ok((Asked { number, generation, request: e.request, delivered: e.delivered, before: true }, None));
        }
    }
    parent.is_free()?;
    parent.may(book, ask.cause)?;
    if parent.delivered && ask.report.is_none_or(|r| r.trim().is_empty()) {
        return Err(parent.refused(Code::Dup06, "it was delivered: a loss or damage report is needed"));
    }
    let entry = entry(&parent, ask.cause, ask.who, ask.report.map(|r| pepper.keyed("loss-report", &[r.trim().as_bytes()])), ask.at);
    Ok((Asked { number, generation, request: entry.request, delivered: entry.delivered, before: false }, Some(entry)))
}

pub(super) fn entry(parent: &Parent, cause: RemakeCause, who: &str, report: Option<card::Keyed>, at: Millis) -> RemakeRequested {
    RemakeRequested {
        number: parent.card.number.clone(),
        generation: parent.card.generation,
        request: parent.last.as_ref().map_or(0, |l| l.requested.request) + 1,
        ordinal: parent.card.ordinal,
        cause,
        who: who.to_owned(),
        delivered: parent.delivered,
        report,
        at,
    }
}

fn all_or_nothing(refused: Vec<Fault>, asked: usize) -> Result<(), Fault> {
    let count = refused.len();
    if count <= 1 && asked <= 1 {
        return refused.into_iter().next().map_or(Ok(()), Err);
    }
    let Some(code) = refused.iter().find_map(|f| if let Fault::Refused { code, .. } = f { Some(*code) } else { None }) else {
        return refused.into_iter().next().map_or(Ok(()), Err);
    };
    let more = count.checked_sub(SHOWN_MAX).filter(|more| *more > 0).map(|more| format!("and {more} more"));
    let shown: Vec<String> = refused.iter().take(SHOWN_MAX).map(ToString::to_string).chain(more).collect();
    Err(Fault::refused(code, format!("nothing was asked for: {count} of {asked} cards refuse\n  {}", shown.join("\n  "))))
}

/// The cards of a batch, or of one job of it, that were made; `slots`: only these, from 1, in the job where one is named, else in the batch.
///
/// # Errors
/// No such batch, job or slot (`Fault::Usage`); RMK-03: a slot that was named is void.
pub fn cards_of(book: &Book, batch: &BatchId, job: Option<u32>, slots: Option<&[u32]>) -> Result<Vec<Named>, Fault> {
    let state = book.batch(batch)?.ok_or_else(|| Fault::Usage(format!("no batch {batch}")))?;
    let cut = book.cut_of(&state)?;
    let size = state.cards_per_job.max(1);
    let (first, last) = match job {
        Some(job) if (1..=state.jobs).contains(&job) => ((job - 1) * size, (job * size).min(state.cards)),
        Some(job) => return Err(Fault::Usage(format!("{batch} has jobs 1 to {}, not {job}", state.jobs))),
        None => (0, state.cards),
    };
    let wanted: Vec<u32> = match slots {
        Some(slots) => slots.iter().map(|slot| slot.checked_sub(1).and_then(|s| first.checked_add(s)).unwrap_or(u32::MAX)).collect(),
        None => (first..last).collect(),
    };
    let mut cards = Vec::new();
    for position in wanted {
        let none = || Fault::Usage(format!("{batch}: no slot {}", position.saturating_sub(first).saturating_add(1)));
        let card = cut.cards.get(position as usize).filter(|_| position < last).ok_or_else(none)?;
        let void = book.application(card.ordinal)?.and_then(|a| a.place_in(batch).map(|p| p.void)).unwrap_or(true);
        match (void, slots) {
            (false, _) => cards.push((card.number.clone(), card.generation)),
            (true, Some(_)) => return Err(Fault::refused(Code::Rmk03, format!("{batch} position {}: its number {} is void", position + 1, card.number))),
            (true, None) => {}
        }
    }
    Ok(cards)
}
