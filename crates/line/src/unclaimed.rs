//! Cards that wait for too long and weren't collected: at their outlets, or with the centre after their letter came back. A question to
//! the ledger; changes nothing.

use card::{BatchId, OutletCode};
use ledger::book::Book;
use ledger::book::state::CardState;
use ledger::entry::{CardEventKind, DeliveryLine, DeliveryState, MachineResult, Millis, Order};
use ledger::fault::Fault;

use crate::deliveries::handed_in;

/// Milliseconds of a day of 24 hours.
pub const DAY_MS: Millis = 24 * 60 * 60 * 1_000;

/// A card nobody came for: what it is called and where it lies, nothing of the person.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unclaimed {
    pub outlet: OutletCode,
    /// Its letter came back: it lies with the centre, not at the outlet.
    pub at_centre: bool,
    /// Since when it lies there.
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

/// Cards that have waited for more than `days` before `now`: by outlet, oldest first.
///
/// # Errors
/// The index fails.
pub fn list(book: &Book, outlet: Option<&OutletCode>, days: u32, now: Millis) -> Result<Vec<Unclaimed>, Fault> {
    let since = |card: &CardState| -> Result<Option<Since>, Fault> {
        let delivery = if may_wait(card) { book.delivery_of(&card.batch, card.position)? } else { return Ok(None) };
        Ok(waits_since(card, delivery.as_ref()).filter(|since| now.saturating_sub(since.at) > Millis::from(days) * DAY_MS))
    };
    let mut waiting = Vec::new();
    // A fault is met again below, where it can be told.
    for card in book.cards_where(&|card| since(card).map_or(true, |since| since.is_some()))? {
        if let Some(since) = since(&card)? {
            waiting.extend(described(book, &card, since, now)?);
        }
    }
    waiting.retain(|w| outlet.is_none_or(|outlet| w.outlet == *outlet));
    waiting.sort_by(|a, b| (&a.outlet, a.received_at, &a.number, a.generation).cmp(&(&b.outlet, b.received_at, &b.number, b.generation)));
    Ok(waiting)
}

/// Nobody has it yet. A card that turned out spoiled is for the returns, not for collection.
fn may_wait(card: &CardState) -> bool {
    let collected = card.events.iter().any(|(kind, ..)| *kind == CardEventKind::Collected);
    !collected && !matches!(card.result, Some(MachineResult::Spoiled))
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Since {
    at: Millis,
    at_centre: bool,
}

/// Since when and where a card nobody has waits, if it does. What its outlet says goes before what the courier says of its box. A letter
/// waits once it came back, until an outlet has it; a delivered one waits no more, though nobody has said yet that it was collected.
fn waits_since(card: &CardState, delivery: Option<&DeliveryLine>) -> Option<Since> {
    let received = handed_in(card);
    let at_outlet = |at| Since { at, at_centre: false };
    let Some(line) = delivery.filter(|line| received.is_none_or(|received| received < line.at)) else { return received.map(at_outlet) };
    match (line.order, line.state) {
        (Order::Mail { .. }, DeliveryState::Returned) => Some(Since { at: line.at, at_centre: true }),
        (Order::Mail { .. }, DeliveryState::Delivered) => None,
        (Order::Bundle { .. }, DeliveryState::Delivered) => Some(at_outlet(received.unwrap_or(line.at))),
        _ => received.map(at_outlet),
    }
}

fn described(book: &Book, card: &CardState, since: Since, now: Millis) -> Result<Option<Unclaimed>, Fault> {
    let (Some(application), Some(batch)) = (book.application(card.ordinal)?, book.batch(&card.batch)?) else { return Ok(None) };
    // One that ended is to come back, not to be collected.
    if book.revoked(&card.number, card.generation)?.is_some() {
        return Ok(None);
    }
    Ok(Some(Unclaimed {
        outlet: application.outlet,
        at_centre: since.at_centre,
        received_at: since.at,
        days: now.saturating_sub(since.at) / DAY_MS,
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

    fn line(order: Order, state: DeliveryState, at: Millis) -> DeliveryLine {
        DeliveryLine { batch: BatchId::parse("B20250601-01").unwrap(), order, state, cause: None, at }
    }

    fn at_outlet(at: Millis) -> Option<Since> {
        Some(Since { at, at_centre: false })
    }

    const MAIL: Order = Order::Mail { position: 0 };
    const BOX: Order = Order::Bundle { number: 1, first: 0, last: 3 };

    #[test]
    fn only_what_was_received_and_not_collected_waits() {
        use CardEventKind::{Collected, Received};
        assert_eq!(waits_since(&card(&[], None), None), None, "never seen at the outlet");
        assert_eq!(waits_since(&card(&[(Received, 5)], Some(MachineResult::Good)), None), at_outlet(5));
        assert!(may_wait(&card(&[(Received, 5)], None)));
        assert!(!may_wait(&card(&[(Received, 5), (Collected, 9)], None)));
        assert!(!may_wait(&card(&[(Received, 5)], Some(MachineResult::Spoiled))));
    }

    #[test]
    fn a_delivered_box_waits_at_its_outlet_which_knows_better() {
        use DeliveryState::{Delivered, Failed, Returned};
        let received = card(&[(CardEventKind::Received, 7)], None);
        assert_eq!(waits_since(&card(&[], None), Some(&line(BOX, Delivered, 5))), at_outlet(5));
        assert_eq!(waits_since(&received, Some(&line(BOX, Delivered, 5))), at_outlet(7));
        assert_eq!(waits_since(&received, Some(&line(BOX, Delivered, 9))), at_outlet(7), "a courier who reports late");
        for state in [Failed, Returned] {
            assert_eq!(waits_since(&card(&[], None), Some(&line(BOX, state, 5))), None);
        }
    }

    #[test]
    fn a_letter_waits_where_it_came_back_to() {
        use DeliveryState::{Delivered, Failed, Returned};
        let (plain, handed) = (card(&[], None), card(&[(CardEventKind::Received, 7)], None));
        assert_eq!(waits_since(&plain, Some(&line(MAIL, Returned, 5))), Some(Since { at: 5, at_centre: true }));
        assert_eq!(waits_since(&handed, Some(&line(MAIL, Returned, 5))), at_outlet(7), "the outlet took it in");
        assert_eq!(waits_since(&handed, Some(&line(MAIL, Returned, 9))), Some(Since { at: 9, at_centre: true }), "mailed from there, and back again");
        assert_eq!(waits_since(&handed, Some(&line(MAIL, Delivered, 9))), None, "mailed from there, and arrived");
        assert_eq!([Delivered, Failed].map(|state| waits_since(&plain, Some(&line(MAIL, state, 5)))), [None, None]);
    }
}
