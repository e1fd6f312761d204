//! Cards that wait at their outlets for too long: received there, and not collected. A question to the ledger; changes nothing.

use card::{BatchId, OutletCode};
use ledger::book::Book;
use ledger::book::state::CardState;
use ledger::entry::{CardEventKind, MachineResult, Millis};
use ledger::fault::Fault;

/// Milliseconds of a day of 24 hours.
pub const DAY_MS: Millis = 24 * 60 * 60 * 1_000;

/// A card nobody came for: what it is called and where it lies, nothing of the person.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unclaimed {
    pub outlet: OutletCode,
    pub received_at: Millis,
    /// Whole days it has waited.
    pub days: i64,
    pub number: String,
    pub generation: u32,
    pub application_id: String,
    /// Package and row its stored record is under.
    pub package: u64,
    pub row: u32,
    pub batch: BatchId,
    /// Box and slot in it, as in the packing list, both from 1.
    pub job: u32,
    pub slot: u32,
}

/// Cards received by their outlet more than `days` before `now` and not collected since: by outlet, oldest first.
///
/// # Errors
/// The index fails.
pub fn list(book: &Book, outlet: Option<&OutletCode>, days: u32, now: Millis) -> Result<Vec<Unclaimed>, Fault> {
    let mut waiting = Vec::new();
    for card in book.cards_where(&|card| waits_since(card).is_some_and(|at| now.saturating_sub(at) > Millis::from(days) * DAY_MS))? {
        waiting.extend(described(book, &card, now)?);
    }
    waiting.retain(|w| outlet.is_none_or(|outlet| w.outlet == *outlet));
    waiting.sort_by(|a, b| (&a.outlet, a.received_at, &a.number, a.generation).cmp(&(&b.outlet, b.received_at, &b.number, b.generation)));
    Ok(waiting)
}

/// When the outlet received it, if it still lies there. A card that turned out spoiled is for the returns, not for collection.
fn waits_since(card: &CardState) -> Option<Millis> {
    let at = |kind| card.events.iter().find(|(k, ..)| *k == kind).map(|(_, at, _)| *at);
    let spoiled = matches!(card.result, Some(MachineResult::Spoiled));
    at(CardEventKind::Received).filter(|_| at(CardEventKind::Collected).is_none() && !spoiled)
}

fn described(book: &Book, card: &CardState, now: Millis) -> Result<Option<Unclaimed>, Fault> {
    let (Some(received_at), Some(application), Some(batch)) = (waits_since(card), book.application(card.ordinal)?, book.batch(&card.batch)?) else {
        return Ok(None);
    };
    // One that ended is to come back, not to be collected.
    if book.revoked(&card.number, card.generation)?.is_some() {
        return Ok(None);
    }
    Ok(Some(Unclaimed {
        outlet: application.outlet,
        received_at,
        days: now.saturating_sub(received_at) / DAY_MS,
        number: card.number.clone(),
        generation: card.generation,
        application_id: application.application_id,
        package: application.package,
        row: application.row,
        job: card.position / batch.cards_per_job.max(1) + 1,
        slot: card.position % batch.cards_per_job.max(1) + 1,
        batch: batch.batch,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(events: &[(CardEventKind, Millis)], result: Option<MachineResult>) -> CardState {
        CardState {
            ordinal: card::Ordinal(0),
            number: "A00000001".into(),
            generation: 1,
            batch: BatchId::parse("B20250601-01").unwrap(),
            position: 0,
            result,
            card_identification: None,
            failure: None,
            events: events.iter().map(|(kind, at)| (*kind, *at, "clerk".to_owned())).collect(),
        }
    }

    #[test]
    fn only_what_was_received_and_not_collected_waits() {
        use CardEventKind::{Collected, Received};
        assert_eq!(waits_since(&card(&[], None)), None, "never seen at the outlet");
        assert_eq!(waits_since(&card(&[(Received, 5)], Some(MachineResult::Good))), Some(5));
        assert_eq!(waits_since(&card(&[(Received, 5), (Collected, 9)], None)), None);
        assert_eq!(waits_since(&card(&[(Received, 5)], Some(MachineResult::Spoiled))), None);
    }
}
