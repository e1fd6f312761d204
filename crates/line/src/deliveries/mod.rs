//! What became of mail and boxes, as couriers and outlets report it: a file is compared with what was sent and with what was said before,
//! and written down whole or not at all (docs/formats/deliveries.md). A delivered card is not a collected one: that, people say.

pub mod file;
pub mod list;

use std::collections::BTreeMap;

use card::{BatchId, Code, Digest};
use ledger::book::Book;
use ledger::book::state::{BatchStage, BatchState, CardState};
use ledger::entry::{BatchCut, CardEventKind, Deliveries, DeliveryLine, DeliveryState, Entry, MachineResult, Millis, Order};
use ledger::fault::Fault;

use crate::dispatch::Bundle;
use crate::dispatch::bundles::bundles_of;
use file::{Reference, Row, Within};

/// Counts of an import.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Imported {
    pub delivered: u32,
    pub returned: u32,
    pub failed: u32,
    /// Lines that say what was known already.
    pub known: u32,
}

/// Imports a file of deliveries. All or nothing.
///
/// # Errors
/// DLV-01 … DLV-07 with the first line that is wrong; the ledger fails.
pub fn import(book: &mut Book, bytes: &[u8], who: &str, at: Millis) -> Result<Imported, Fault> {
    let digest = Digest::of(bytes);
    if book.deliveries_file(&digest)?.is_some() {
        return Err(Fault::refused(Code::Dlv06, "this file is on record"));
    }
    let rows = file::read(bytes)?;
    let (lines, imported) = Compared { book, sent: BTreeMap::new(), said: BTreeMap::new(), now: at }.all(rows)?;
    book.record(&Entry::Deliveries(Deliveries { file: digest, lines, who: who.to_owned(), at }))?;
    Ok(imported)
}

/// A batch as it was sent.
struct Sent {
    batch: BatchState,
    cut: BatchCut,
    bundles: Vec<Bundle>,
}

/// A file being compared with the plant.
struct Compared<'a> {
    book: &'a Book,
    sent: BTreeMap<BatchId, Sent>,
    /// What this file said so far, and in which line.
    said: BTreeMap<(BatchId, Order), (u64, DeliveryLine)>,
    now: Millis,
}

impl Compared<'_> {
    fn all(mut self, rows: Vec<Row>) -> Result<(Vec<DeliveryLine>, Imported), Fault> {
        let (mut lines, mut imported) = (Vec::new(), Imported::default());
        for row in rows {
            let nth = row.line;
            let said = self.row(row).map_err(|wrong| match wrong {
                Wrong::Line(code, why) => Fault::refused(code, format!("line {nth}: {why}")),
                Wrong::World(fault) => fault,
            })?;
            let Some(line) = said else {
                imported.known += 1;
                continue;
            };
            match line.state {
                DeliveryState::Delivered => imported.delivered += 1,
                DeliveryState::Returned => imported.returned += 1,
                DeliveryState::Failed => imported.failed += 1,
            }
            lines.push(line);
        }
        Ok((lines, imported))
    }

    /// What a row says that is new; nothing if it is known.
    fn row(&mut self, row: Row) -> Result<Option<DeliveryLine>, Wrong> {
        let (order, dispatched_at, card) = self.order(&row.reference)?;
        let line = DeliveryLine { batch: row.reference.batch, order, state: row.state, cause: row.cause, at: row.at };
        let key = (line.batch.clone(), order);
        if let Some((nth, earlier)) = self.said.get(&key) {
            let same = *earlier == line;
            return if same { Ok(None) } else { Err(Wrong::Line(Code::Dlv03, format!("line {nth} says otherwise of this order"))) };
        }
        self.said.insert(key, (row.line, line.clone()));
        let before = self.book.delivery(&line.batch, &order)?;
        if before.as_ref() == Some(&line) {
            return Ok(None);
        }
        in_time(&line, dispatched_at, before.as_ref(), self.now)?;
        may_follow(before.as_ref(), card.as_ref())?;
        Ok(Some(line))
    }

    /// What a reference names, when it was sent, and the card if it is mail.
    fn order(&mut self, reference: &Reference) -> Result<(Order, Millis, Option<CardState>), Wrong> {
        let unknown = |why: &str| Wrong::Line(Code::Dlv01, why.to_owned());
        let sent = self.sent(&reference.batch)?;
        let dispatched_at = sent.batch.dispatched_at.unwrap_or(sent.batch.frozen_at);
        let position = match reference.within {
            Within::Bundle(number) => {
                let bundle = sent.bundles.iter().find(|b| b.number == number && !b.mail).ok_or_else(|| unknown("no such bundle"))?;
                let order = Order::Bundle { number, first: bundle.positions.start, last: bundle.positions.end - 1 };
                return Ok((order, dispatched_at, None));
            }
            Within::Mail(position) => position - 1,
        };
        let mailed = sent.bundles.iter().any(|b| b.mail && b.positions.contains(&position));
        let cut = sent.cut.cards.get(position as usize).filter(|_| mailed).cloned().ok_or_else(|| unknown("no letter of this batch"))?;
        let void = self.book.application(cut.ordinal)?.is_none_or(|a| a.place_in(&reference.batch).is_none_or(|p| p.void));
        if void {
            return Err(unknown("the place in the batch is void"));
        }
        if reference.card.as_ref().is_some_and(|number| *number != cut.number) {
            return Err(unknown("card and order of the label don't belong together"));
        }
        let card = self.book.card(&cut.number, cut.generation)?;
        Ok((Order::Mail { position }, dispatched_at, card))
    }

    fn sent(&mut self, batch: &BatchId) -> Result<&Sent, Wrong> {
        if !self.sent.contains_key(batch) {
            let state = self.book.batch(batch)?.ok_or_else(|| Wrong::Line(Code::Dlv01, "no such batch".to_owned()))?;
            if state.stage < BatchStage::Dispatched {
                return Err(Wrong::Line(Code::Dlv02, format!("batch {batch} is {}", state.stage.name())));
            }
            let cut = self.book.cut_of(&state)?;
            let bundles = bundles_of(self.book, &state, &cut)?;
            self.sent.insert(batch.clone(), Sent { batch: state, cut, bundles });
        }
        Ok(&self.sent[batch])
    }
}

/// Why a line isn't taken: what it says, or a fault of the world.
enum Wrong {
    Line(Code, String),
    World(Fault),
}

impl From<Fault> for Wrong {
    fn from(fault: Fault) -> Self {
        Self::World(fault)
    }
}

/// Nothing is delivered before it was sent, before what was said of it last, or in the future.
fn in_time(line: &DeliveryLine, dispatched_at: Millis, before: Option<&DeliveryLine>, now: Millis) -> Result<(), Wrong> {
    let why = if line.at < dispatched_at {
        "before the batch was dispatched"
    } else if before.is_some_and(|b| line.at < b.at) {
        "before what is on record of the order"
    } else if line.at > now {
        "in the future"
    } else {
        return Ok(());
    };
    Err(Wrong::Line(Code::Dlv05, why.to_owned()))
}

/// What failed may still go any way. What was delivered stays delivered. A box that came back is sent again to its outlet; a letter that
/// came back first goes to the outlet's counter, which says so (`event CARD received`), and may be mailed anew from there.
fn may_follow(before: Option<&DeliveryLine>, card: Option<&CardState>) -> Result<(), Wrong> {
    let refused = |why: &str| Err(Wrong::Line(Code::Dlv04, why.to_owned()));
    if card.is_some_and(|c| matches!(c.result, Some(MachineResult::Spoiled))) {
        return refused("the card is on record as spoiled");
    }
    match before.map(|b| (b.state, b.at)) {
        Some((DeliveryState::Delivered, _)) => refused("it is on record as delivered"),
        Some((DeliveryState::Returned, at)) if card.is_some_and(|c| handed_in(c).is_none_or(|again| again < at)) => {
            refused("it is on record as returned, and no outlet has received it since")
        }
        _ => Ok(()),
    }
}

/// When an outlet said that it has the card.
pub(crate) fn handed_in(card: &CardState) -> Option<Millis> {
    card.events.iter().find(|(kind, ..)| *kind == CardEventKind::Received).map(|(_, at, _)| *at)
}

#[cfg(test)]
mod tests {
    use ledger::entry::DeliveryCause;

    use super::*;

    fn line(order: Order, state: DeliveryState, at: Millis) -> DeliveryLine {
        let cause = (state != DeliveryState::Delivered).then_some(DeliveryCause::Other);
        DeliveryLine { batch: BatchId::parse("B20250601-01").unwrap(), order, state, cause, at }
    }

    fn card(received: Option<Millis>, result: Option<MachineResult>) -> CardState {
        CardState {
            ordinal: card::Ordinal(0),
            number: "A00000001".into(),
            generation: 1,
            batch: BatchId::parse("B20250601-01").unwrap(),
            position: 0,
            result,
            card_identification: None,
            failure: None,
            events: received.map(|at| (CardEventKind::Received, at, "clerk".to_owned())).into_iter().collect(),
        }
    }

    fn code(result: Result<(), Wrong>) -> Option<&'static str> {
        match result {
            Ok(()) => None,
            Err(Wrong::Line(code, _)) => Some(code.text()),
            Err(Wrong::World(fault)) => panic!("{fault}"),
        }
    }

    const MAIL: Order = Order::Mail { position: 0 };
    const BOX: Order = Order::Bundle { number: 1, first: 0, last: 3 };

    #[test]
    fn what_was_delivered_stays_so_and_what_failed_may_go_any_way() {
        use DeliveryState::{Delivered, Failed};
        let plain = card(None, Some(MachineResult::Good));
        for (order, card) in [(MAIL, Some(&plain)), (BOX, None)] {
            assert_eq!(code(may_follow(None, card)), None);
            assert_eq!(code(may_follow(Some(&line(order, Failed, 5)), card)), None);
            assert_eq!(code(may_follow(Some(&line(order, Delivered, 5)), card)), Some("DLV-04"));
        }
    }

    #[test]
    fn a_returned_letter_goes_out_again_only_from_an_outlet_a_box_as_it_is() {
        let returned = line(MAIL, DeliveryState::Returned, 5);
        let again = |card: &CardState| code(may_follow(Some(&returned), Some(card)));
        assert_eq!(again(&card(None, None)), Some("DLV-04"));
        assert_eq!(again(&card(Some(4), None)), Some("DLV-04"), "received before it came back");
        assert_eq!(again(&card(Some(5), None)), None);
        assert_eq!(code(may_follow(Some(&line(BOX, DeliveryState::Returned, 5)), None)), None);
        assert_eq!(code(may_follow(None, Some(&card(None, Some(MachineResult::Spoiled))))), Some("DLV-04"));
    }

    #[test]
    fn times_are_between_dispatch_and_now_and_never_go_back() {
        let at = |at| line(MAIL, DeliveryState::Delivered, at);
        let before = line(MAIL, DeliveryState::Failed, 6);
        assert_eq!([4, 5, 9, 10].map(|t| code(in_time(&at(t), 5, None, 9))), [Some("DLV-05"), None, None, Some("DLV-05")]);
        assert_eq!([5, 6].map(|t| code(in_time(&at(t), 5, Some(&before), 9))), [Some("DLV-05"), None]);
    }
}
