//! What people decide about single applications and cards: resolve, withdraw, and the events of a finished card. Each is one
//! ledger entry with who and when; whether that person may is the door's business.

use card::Outcome;
use card::reason::{Code, Effect, Reason};
use ledger::book::Book;
use ledger::book::queries::Shared;
use ledger::book::state::{ApplicationState, CardState, RemakeStage};
use ledger::entry::{CardEvent, CardEventKind, Cause, Entry, MachineResult, Millis, Moved};
use ledger::fault::Fault;

/// What can't be accepted by hand: the card could not be made, or would be someone's second.
const NOT_WAIVABLE: [Code; 6] = [Code::Rec08, Code::Rec09, Code::Rec99, Code::Pho99, Code::Out03, Code::Reg01];

/// A person's decision about a held application.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Decision {
    Accept,
    Reject,
}

/// Who decided, why, when.
pub struct Author<'a> {
    pub who: &'a str,
    pub reason: &'a str,
    pub at: Millis,
}

/// Accepts or rejects a held application.
///
/// # Errors
/// It isn't held, what holds it can't be waived, or the same person has another application or card (`Fault::NotAllowed`).
pub fn resolve(book: &mut Book, state: &ApplicationState, decision: Decision, author: &Author) -> Result<(), Fault> {
    if state.outcome != Outcome::Held {
        return Err(Fault::NotAllowed(format!("{} is not held", state.application_id)));
    }
    let mut reasons = state.reasons.clone();
    let outcome = match decision {
        Decision::Reject => {
            reasons.insert(0, Reason::with_effect(Code::Rsv01, Effect::Reject, author.who, author.reason));
            Outcome::Rejected
        }
        Decision::Accept => {
            may_be_accepted(book, state)?;
            // What was looked at and accepted stays on record as a warning.
            reasons.iter_mut().for_each(|r| r.effect = Effect::Warn);
            reasons.insert(0, Reason::with_effect(Code::Rsv02, Effect::Warn, author.who, author.reason));
            Outcome::Accepted
        }
    };
    let moved = Moved { ordinal: state.ordinal, outcome, reasons, cause: Cause::Resolved, who: author.who.to_owned(), at: author.at };
    book.record(&Entry::Moved(moved)).map(|_| ())
}

fn may_be_accepted(book: &Book, state: &ApplicationState) -> Result<(), Fault> {
    if let Some(reason) = state.reasons.iter().find(|r| NOT_WAIVABLE.contains(&r.code)) {
        return Err(Fault::NotAllowed(format!("{} can't be accepted by hand: {}", reason.code, reason.code.definition().todo_en)));
    }
    let Some(facts) = &state.facts else {
        return Err(Fault::NotAllowed("the record was not understood; it must be sent again".to_owned()));
    };
    let mut same = book.sharing(Shared::Document, &facts.document_key)?;
    same.extend(book.sharing(Shared::SocialSecurityNumber, &facts.ssn_key)?);
    for ordinal in same.into_iter().filter(|o| *o != state.ordinal) {
        if let Some(other) = book.application(ordinal)?
            && (other.in_pool() || book.open_batch()?.is_some_and(|b| other.place.as_ref().is_some_and(|p| p.batch == b.batch && !p.void)))
        {
            let text = format!("application {} of the same person is accepted; withdraw or reject that one first", other.application_id);
            return Err(Fault::NotAllowed(text));
        }
    }
    Ok(())
}

/// Takes an application back before the cut.
///
/// # Errors
/// It is already cut, or already ended (`Fault::NotAllowed`).
pub fn withdraw(book: &mut Book, state: &ApplicationState, author: &Author) -> Result<(), Fault> {
    if state.has_card() {
        return Err(Fault::NotAllowed(format!("{} is already in batch {}", state.application_id, state.place.as_ref().map_or("", |p| p.batch.as_str()))));
    }
    if state.outcome == Outcome::Rejected {
        return Err(Fault::NotAllowed(format!("{} has already ended", state.application_id)));
    }
    let mut reasons = state.reasons.clone();
    reasons.insert(0, Reason::with_effect(Code::Wdr01, Effect::Reject, author.who, author.reason));
    let moved = Moved { ordinal: state.ordinal, outcome: Outcome::Rejected, reasons, cause: Cause::Withdrawn, who: author.who.to_owned(), at: author.at };
    book.record(&Entry::Moved(moved)).map(|_| ())
}

/// Records that a card was received, collected or activated. Social security and bank are two facts (card-and-rules.md 8.3).
///
/// # Errors
/// The card was spoiled, or the event comes out of order or twice (`Fault::NotAllowed`).
pub fn card_event(book: &mut Book, card: &CardState, kind: CardEventKind, author: &Author) -> Result<(), Fault> {
    let has = |k: CardEventKind| card.events.iter().any(|(kind, _, _)| *kind == k);
    if matches!(card.result, Some(MachineResult::Spoiled | MachineResult::Unknown)) {
        return Err(Fault::NotAllowed(format!("card {} is not good", card.number)));
    }
    if let Some(number) = book.destruction_of(&card.number, card.generation)? {
        return Err(Fault::NotAllowed(format!("card {} is destroyed or about to be (destruction {number})", card.number)));
    }
    if has(kind) {
        return Err(Fault::NotAllowed(format!("card {}: {kind:?} is on record already", card.number)));
    }
    if book.revoked(&card.number, card.generation)?.is_some() {
        return Err(Fault::refused(Code::Rmk04, format!("card {} generation {} is revoked", card.number, card.generation)));
    }
    if book.remake(&card.number, card.generation)?.is_some_and(|r| matches!(r.stage, RemakeStage::Approved | RemakeStage::Made)) {
        return Err(Fault::refused(Code::Rmk01, format!("card {} generation {} is made again", card.number, card.generation)));
    }
    let dispatched = book.batch(&card.batch)?.is_some_and(|b| b.stage == ledger::book::state::BatchStage::Dispatched);
    let in_order = match kind {
        CardEventKind::Received => dispatched,
        // A mailed card is never received by an outlet.
        CardEventKind::Collected => dispatched,
        CardEventKind::ActivatedSocialSecurity | CardEventKind::ActivatedBank => has(CardEventKind::Collected),
    };
    if !in_order {
        return Err(Fault::NotAllowed(format!("card {}: {kind:?} before it was dispatched or collected", card.number)));
    }
    let event = CardEvent { number: card.number.clone(), generation: card.generation, kind, who: author.who.to_owned(), at: author.at };
    book.record(&Entry::CardEvent(event)).map(|_| ())
}
