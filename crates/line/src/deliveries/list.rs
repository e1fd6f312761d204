//! Mail and boxes with what became of them and what people do about it next. A question to the ledger; changes nothing.

use card::messages::Said;
use card::{Message, OutletCode};
use ledger::book::Book;
use ledger::book::state::{ApplicationState, CardState};
use ledger::entry::{BatchCut, CardEventKind, DeliveryCause, DeliveryLine, DeliveryState, Millis, Order};
use ledger::fault::Fault;

use super::handed_in;
use crate::unclaimed::DAY_MS;

/// A letter or box: what it is called, nothing of the person.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Delivery {
    pub line: DeliveryLine,
    /// As the courier calls it.
    pub reference: String,
    pub outlet: OutletCode,
    /// Of a bundle of an employer.
    pub employer_code: Option<String>,
    /// Of a letter: number, generation, application number.
    pub card: Option<(String, u32, String)>,
    /// What to do about it, in both languages.
    pub todo: Said,
}

/// Everything with one of these states, batch by batch; of returned mail nobody took for `days` it says so.
///
/// # Errors
/// The index fails.
pub fn list(book: &Book, states: &[DeliveryState], days: u32, now: Millis) -> Result<Vec<Delivery>, Fault> {
    let (mut found, mut open): (Vec<Delivery>, Option<BatchCut>) = (Vec::new(), None);
    for line in book.deliveries_where(&|line| states.contains(&line.state))? {
        let Some(batch) = book.batch(&line.batch)? else { continue };
        // They come batch by batch: each cut is read once.
        let cut = match open.take().filter(|cut| cut.batch == line.batch) {
            Some(cut) => cut,
            None => book.cut_of(&batch)?,
        };
        let Some(cut) = open.insert(cut).cards.get(first_card(&line.order) as usize) else { continue };
        let (Some(card), Some(application)) = (book.card(&cut.number, cut.generation)?, book.application(cut.ordinal)?) else { continue };
        found.push(described(line, &card, application, &Limit { days, now }));
    }
    Ok(found)
}

fn first_card(order: &Order) -> u32 {
    match order {
        Order::Mail { position } => *position,
        Order::Bundle { first, .. } => *first,
    }
}

/// As it is printed on the label, or coded on the bundle's lists.
#[must_use]
pub fn reference(line: &DeliveryLine) -> String {
    match line.order {
        Order::Mail { position } => format!("{}-{:06}", line.batch, position + 1),
        Order::Bundle { number, .. } => format!("{}-{number:04}", line.batch),
    }
}

struct Limit {
    days: u32,
    now: Millis,
}

fn described(line: DeliveryLine, card: &CardState, application: ApplicationState, limit: &Limit) -> Delivery {
    let mail = matches!(line.order, Order::Mail { .. });
    Delivery {
        reference: reference(&line),
        todo: todo(&line, card, &application.outlet, limit),
        outlet: application.outlet,
        employer_code: application.employer_code.filter(|_| !mail),
        card: mail.then(|| (card.number.clone(), card.generation, application.application_id)),
        line,
    }
}

fn todo(line: &DeliveryLine, card: &CardState, outlet: &OutletCode, limit: &Limit) -> Said {
    let of_outlet = [("outlet", outlet.as_str())];
    let collected = card.events.iter().any(|(kind, ..)| *kind == CardEventKind::Collected);
    let old = limit.now.saturating_sub(line.at) > Millis::from(limit.days) * DAY_MS;
    match (line.state, line.order) {
        (DeliveryState::Delivered, _) => Message::DeliverySettled.said(),
        (_, Order::Mail { .. }) if collected => Message::DeliverySettled.said(),
        (DeliveryState::Returned, Order::Bundle { .. }) => Message::BoxSendAgain.said_with(&of_outlet),
        (DeliveryState::Returned, _) if handed_in(card).is_some_and(|at| at >= line.at) => Message::MailAtOutlet.said_with(&of_outlet),
        (DeliveryState::Returned, _) if old => Message::MailDestroy.said_with(&[("days", &limit.days.to_string())]),
        (DeliveryState::Returned, _) => Message::MailNewAddress.said(),
        (DeliveryState::Failed, _) => Message::DeliveryTrace.said(),
    }
}

/// Letters and boxes by what became of them last: for `status`.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Standing {
    pub delivered: u64,
    pub returned: u64,
    pub failed: u64,
}

/// # Errors
/// The index fails.
pub fn standing(book: &Book) -> Result<Standing, Fault> {
    let counted = std::cell::Cell::new(Standing::default());
    book.deliveries_where(&|line| {
        let mut sum = counted.get();
        match line.state {
            DeliveryState::Delivered => sum.delivered += 1,
            DeliveryState::Returned => sum.returned += 1,
            DeliveryState::Failed => sum.failed += 1,
        }
        counted.set(sum);
        false
    })?;
    Ok(counted.get())
}

/// For people: `returned (refused)`.
#[must_use]
pub fn shown(state: DeliveryState, cause: Option<DeliveryCause>) -> String {
    cause.map_or_else(|| state.name().to_owned(), |cause| format!("{} ({})", state.name(), cause.name()))
}

/// What `line` says holds for the card at this 0-based position of a batch.
#[must_use]
pub fn is_about(line: &DeliveryLine, batch: &str, position: u32) -> bool {
    line.batch.as_str() == batch
        && match line.order {
            Order::Mail { position: p } => p == position,
            Order::Bundle { first, last, .. } => (first..=last).contains(&position),
        }
}
