//! Blank cards, counted as money is: every card of a lot is in one account, and every move takes it out of one and puts it into another
//! (docs/formats/stock.md). A custodian receives and gives out, the line counts (`sheet.rs`), three people destroy (`destroy.rs`).

pub mod destroy;
pub mod serials;
pub mod sheet;

use card::{BatchId, Code, Digest};
use ledger::book::Book;
use ledger::book::state::{BatchState, LotState};
use ledger::entry::{Account, Entry, Millis, Role, SerialCard, SerialRange, StockLeg, StockMoved, StockReceived};
use ledger::fault::Fault;

use crate::devices::By;
use crate::people;
use serials::Form;

/// Cards of one lot.
pub const LOT_CARDS_MAX: u64 = 1_000_000;
const LOT_CHARS: std::ops::RangeInclusive<usize> = 2..=24;

/// A lot to be received.
pub struct NewLot<'a> {
    pub lot: &'a str,
    /// Its first serial, as printed.
    pub first: &'a str,
    pub count: u64,
    pub form: Form,
}

/// Whether something was written down, or had been before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Written {
    Now,
    Before,
}

/// A lot's id: letters, digits, `.`, `-`, `_`, a digit among them, so that it is a number and nobody's name.
fn lot_id(text: &str) -> Result<&str, Fault> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b".-_".contains(&b);
    let fits = LOT_CHARS.contains(&text.len()) && text.bytes().all(plain) && text.bytes().any(|b| b.is_ascii_digit());
    let refused = || Fault::refused(Code::Use01, "a lot's id: 2 to 24 letters, digits or . - _, a digit among them");
    fits.then_some(text).ok_or_else(refused)
}

/// The lot with this id.
///
/// # Errors
/// STK-01; the ledger fails.
pub fn lot(book: &Book, lot: &str) -> Result<LotState, Fault> {
    book.lot(lot)?.ok_or_else(|| Fault::refused(Code::Stk01, "no such lot was received"))
}

fn known_batch(book: &Book, batch: &BatchId) -> Result<BatchState, Fault> {
    book.batch(batch)?.ok_or_else(|| Fault::Usage(format!("no batch {batch}")))
}

/// The batch isn't closed: it still takes results, blanks, counts, hand-overs and attempts.
///
/// # Errors
/// CLS-05; the ledger fails.
pub fn still_open(book: &Book, batch: &BatchId) -> Result<(), Fault> {
    if book.closed(batch)?.is_some() { Err(Fault::refused(Code::Cls05, batch.to_string())) } else { Ok(()) }
}

/// Takes a lot in. The same lot again says so and changes nothing.
///
/// # Errors
/// USE-01, STK-07, AUT-01, AUT-02, AUT-04, AUT-05; the ledger fails.
pub fn receive(book: &mut Book, new: &NewLot, by: &By, at: Millis) -> Result<Written, Fault> {
    let series = serials::series(new.first, new.form)?;
    let last = new.count.checked_sub(1).filter(|_| new.count <= LOT_CARDS_MAX).and_then(|more| series.first.checked_add(more));
    let fits = last.filter(|last| *last <= serials::largest(series.digits));
    let last = fits.ok_or_else(|| Fault::refused(Code::Use01, format!("--count: 1 to {LOT_CARDS_MAX}, and the last serial must have its place")))?;
    let mut entry = StockReceived {
        lot: lot_id(new.lot)?.to_owned(),
        prefix: series.prefix,
        digits: series.digits,
        serials: SerialRange { first: series.first, last },
        who: by.who().to_owned(),
        signature: None,
        at,
    };
    if same_lot(book, &entry)? {
        return Ok(Written::Before);
    }
    entry.signature = signed(book, by, moves_stock, &received_text(book.view().plant_id(), &entry))?;
    book.record(&Entry::StockReceived(entry)).map(|_| Written::Now)
}

/// Whether this very lot is on record. Another one under its id, or with serials of it, is refused.
fn same_lot(book: &Book, new: &StockReceived) -> Result<bool, Fault> {
    let apart = |r: &StockReceived| r.serials.last < new.serials.first || new.serials.last < r.serials.first;
    for known in book.lots()? {
        let r = &known.received;
        let alike = (&r.prefix, r.digits) == (&new.prefix, new.digits);
        if r.lot == new.lot && alike && r.serials == new.serials {
            return Ok(true);
        }
        if r.lot == new.lot || (alike && !apart(r)) {
            return Err(Fault::refused(Code::Stk07, format!("{} has serials {}", r.lot, serials::shown(&known, &[r.serials]))));
        }
    }
    Ok(false)
}

/// Gives cards of the vault out to a batch. Done again it says so and changes nothing.
///
/// # Errors
/// USE-01, STK-01 … STK-03, CLS-05, AUT-01, AUT-02, AUT-04, AUT-05; the ledger fails.
pub fn issue(book: &mut Book, batch: &BatchId, lot_id: &str, ranges: &str, by: &By, at: Millis) -> Result<Written, Fault> {
    known_batch(book, batch)?;
    still_open(book, batch)?;
    let lot = lot(book, lot_id)?;
    let ranges = serials::ranges(&lot.received, ranges)?;
    if all_in(&lot, &ranges, Account::Line, Some(batch)) {
        return Ok(Written::Before);
    }
    in_account(&lot, &ranges, Account::Vault)?;
    moved(book, by, Move { batch: Some(batch.clone()), legs: vec![leg(&lot, Account::Vault, Account::Line, ranges)], cards: Vec::new(), sheet: None }, at)
}

/// Puts cards that were left over back into the vault, or gives cards of the vault back to the manufacturer.
///
/// # Errors
/// USE-01, STK-01 … STK-03, AUT-01, AUT-02, AUT-04, AUT-05; the ledger fails.
pub fn put_back(book: &mut Book, lot_id: &str, ranges: &str, to: Account, by: &By, at: Millis) -> Result<Written, Fault> {
    let from = match to {
        Account::Vault => Account::Returned,
        Account::Returned => Account::Vault,
        _ => return Err(Fault::refused(Code::Use01, "cards go back to the vault or are returned")),
    };
    let lot = lot(book, lot_id)?;
    let ranges = serials::ranges(&lot.received, ranges)?;
    if all_in(&lot, &ranges, to, None) {
        return Ok(Written::Before);
    }
    in_account(&lot, &ranges, from)?;
    moved(book, by, Move { batch: None, legs: vec![leg(&lot, from, to, ranges)], cards: Vec::new(), sheet: None }, at)
}

fn leg(lot: &LotState, from: Account, to: Account, serials: Vec<SerialRange>) -> StockLeg {
    StockLeg { lot: lot.received.lot.clone(), from, to, serials }
}

fn all_in(lot: &LotState, ranges: &[SerialRange], account: Account, batch: Option<&BatchId>) -> bool {
    let there = |run: &ledger::book::state::Run| run.account == account && run.batch.as_ref() == batch && run.destruction.is_none();
    ranges.iter().flat_map(|range| lot.within(*range)).all(|run| there(&run))
}

/// Every serial is in this account, and none of them is to be destroyed.
fn in_account(lot: &LotState, ranges: &[SerialRange], account: Account) -> Result<(), Fault> {
    let elsewhere = ranges.iter().flat_map(|range| lot.within(*range)).find(|run| run.account != account || run.destruction.is_some());
    elsewhere.map_or(Ok(()), |run| {
        let (where_it_is, serials) = (run.account.name(), serials::shown(lot, &[run.serials]));
        let destroyed = if run.destruction.is_some() { ", destroyed or about to be" } else { "" };
        Err(Fault::refused(Code::Stk03, format!("{serials} of lot {}: in {where_it_is}{destroyed}, not in {}", lot.received.lot, account.name())))
    })
}

/// A move to be written down.
struct Move {
    batch: Option<BatchId>,
    legs: Vec<StockLeg>,
    cards: Vec<SerialCard>,
    sheet: Option<Digest>,
}

fn moved(book: &mut Book, by: &By, what: Move, at: Millis) -> Result<Written, Fault> {
    let Move { batch, legs, cards, sheet } = what;
    let number = book.stock_numbers()?.0 + 1;
    let mut entry = StockMoved { number, batch, legs, cards, sheet, who: by.who().to_owned(), signature: None, at };
    let may = if entry.sheet.is_some() { counts } else { moves_stock };
    entry.signature = signed(book, by, may, &moved_text(book.view().plant_id(), &entry))?;
    book.record(&Entry::StockMoved(entry)).map(|_| Written::Now)
}

/// Receives, gives out, puts back.
fn moves_stock(role: Role) -> bool {
    role == Role::Custodian
}

/// Counts what became of the cards, and says that a batch balances.
pub(crate) fn counts(role: Role) -> bool {
    matches!(role, Role::Operator | Role::Supervisor)
}

/// A plant without people asks nobody; afterwards it takes a signature of a role that may.
fn signed(book: &Book, by: &By, may: fn(Role) -> bool, text: &str) -> Result<Option<String>, Fault> {
    let by = match by {
        By::Signing(by) => by,
        By::Named(_) if people::any(book)? => return Err(Fault::refused(Code::Aut05, "the plant has people: give --as and the key to sign with")),
        By::Named(_) => return Ok(None),
    };
    let person = people::in_force(book, by.person)?;
    if !may(person.role) {
        return Err(Fault::refused(Code::Aut04, format!("{} is {}", person.person, person.role.name())));
    }
    people::sign(&person, by.key, text).map(Some)
}

/// What is signed when a lot is received (docs/formats/stock.md).
fn received_text(plant: &str, e: &StockReceived) -> String {
    let StockReceived { lot, prefix, digits, serials: SerialRange { first, last }, who, .. } = e;
    format!("cardline stock received\nplant: {plant}\nlot: {lot}\nprefix: {prefix}\ndigits: {digits}\nserials: {first}-{last}\nby: {who}\n")
}

/// What is signed when cards move (docs/formats/stock.md).
fn moved_text(plant: &str, e: &StockMoved) -> String {
    let batch = e.batch.as_ref().map_or("-", BatchId::as_str);
    let legs: String = e.legs.iter().map(|l| format!("leg: {} {} {} {}\n", l.lot, l.from.name(), l.to.name(), serials::signed(&l.serials))).collect();
    let cards: String = e.cards.iter().map(|c| format!("{} {} {} {}\n", c.lot, c.serial, c.number, c.generation)).collect();
    let (number, cards, who) = (e.number, Digest::of(cards.as_bytes()), &e.who);
    format!("cardline stock moved\nplant: {plant}\nmove: {number}\nbatch: {batch}\n{legs}cards: {cards}\nby: {who}\n")
}

#[cfg(test)]
mod tests;
