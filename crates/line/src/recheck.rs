//! Judging again what can change after arrival: registers, the day, the neighbours. Used for held applications whose waiting may
//! be over, and for the whole pool at the cut. Photo and text findings are taken from the stored record, nothing is decoded.

use card::reason::{Code, Reason};
use card::{Outcome, Verdict};
use ledger::book::Book;
use ledger::book::state::ApplicationState;
use ledger::entry::{Cause, Millis, Moved};
use ledger::fault::Fault;

use crate::plan::Plan;
use crate::validate::neighbours::{Candidate, Neighbourhood};
use crate::validate::stored::StoredRecord;
use crate::validate::{Judge, permit};
use crate::vault::Vault;

/// Codes that go away by themselves: what holds for them is looked at again on every run.
const PASSING: [Code; 5] = [Code::Rpl03, Code::Rec23, Code::Prm01, Code::Prm06, Code::Reg01];

/// The verdict as of today, what a person has waived left out.
///
/// # Errors
/// The book can't be read.
pub fn verdict_today(state: &ApplicationState, record: &StoredRecord, judge: &Judge, book: &Book, plan: &Plan, at: Millis) -> Result<Verdict, Fault> {
    let mut reasons: Vec<Reason> = record.reasons.iter().filter(|r| r.code != Code::Rpl03).cloned().collect();
    reasons.extend(sequence_gap(state, book, judge)?);
    // A later arrival with the same photo held this one; looking backwards can't find that again.
    reasons.extend(state.reasons.iter().filter(|r| r.code == Code::Dup07).cloned());
    let received_at = book.package(state.package)?.map_or(at, |p| p.received.received_at);
    if let (Some(application), Some(facts)) = (&record.application, &state.facts) {
        let (register_reasons, permit_event_on) = permit::look_up(application, state.outlet.as_str(), judge);
        reasons.extend(register_reasons);
        let candidate = Candidate {
            outlet: &state.outlet,
            application_id: &state.application_id,
            facts,
            photo: state.photo.as_ref(),
            photo_validated: state.photo_validated.as_ref(),
            alike: &[],
            pending: &[],
            received_at,
            old_card_number: application.old_card_number.as_deref(),
            package_from: state.ordinal,
            permit_event_on,
        };
        let day_of = |at| plan.day(at);
        let around = Neighbourhood { book, profile: judge.profile, at, day_of: &day_of }.look_around(&candidate)?;
        reasons.extend(around.reasons);
    }
    // Pictures are compared once, on arrival: the other's hash may have been purged since, and what came later doesn't count.
    let found_on_arrival = state.reasons.iter().filter(|r| matches!(r.code, Code::Dup10 | Code::Pho40) && !reasons.iter().any(|n| n.code == r.code));
    reasons.extend(found_on_arrival.cloned().collect::<Vec<_>>());
    reasons.retain(|r| !state.waived.iter().any(|w| w == r.code.text()));
    Ok(Verdict::from_reasons(reasons))
}

fn sequence_gap(state: &ApplicationState, book: &Book, judge: &Judge) -> Result<Option<Reason>, Fault> {
    if !judge.profile.record.sequence_gaps_hold {
        return Ok(None);
    }
    let Some(package) = book.package(state.package)? else { return Ok(None) };
    let had_gap = package.received.reasons.iter().any(|r| r.code == Code::Rpl03);
    let contiguous = book.sequence(&state.outlet)?.map_or(0, |s| s.contiguous);
    let open = had_gap && package.received.sequence > contiguous;
    Ok(open.then(|| judge.profile.reason(Code::Rpl03, package.received.sequence.to_string(), (contiguous + 1).to_string())))
}

/// Looks again at everything held that may have been waiting for something. Returns how many moved.
///
/// # Errors
/// The ledger or the disk fails.
pub fn rejudge_held(book: &mut Book, vault: &Vault, judge: &Judge, plan: &Plan, at: Millis) -> Result<u64, Fault> {
    let mut moved = 0;
    for ordinal in book.held()? {
        let Some(state) = book.application(ordinal)? else { continue };
        if !state.reasons.iter().any(|r| PASSING.contains(&r.code)) {
            continue;
        }
        let Ok(record) = vault.record(state.package, state.row) else {
            vault.check_key(state.package)?;
            continue;
        };
        let today = verdict_today(&state, &record, judge, book, plan, at)?;
        if today.outcome != state.outcome || today.reasons != state.reasons {
            book.append(&moved_to(&state, today, Cause::Rejudged, at))?;
            moved += 1;
            if moved % 256 == 0 {
                book.commit()?;
            }
        }
    }
    book.commit()?;
    Ok(moved)
}

/// The journal's word for a verdict reached later.
#[must_use]
pub fn moved_to(state: &ApplicationState, verdict: Verdict, cause: Cause, at: Millis) -> ledger::entry::Entry {
    let Verdict { outcome, reasons } = verdict;
    debug_assert!(outcome != Outcome::Accepted || reasons.iter().all(|r| r.effect == card::Effect::Warn), "accepted with a grave reason");
    ledger::entry::Entry::Moved(Moved { ordinal: state.ordinal, outcome, reasons, cause, who: "cardline".to_owned(), at })
}
