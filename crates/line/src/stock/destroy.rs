//! Destruction: somebody asks, two others witness it, a supervisor among them, and only then the cards count as destroyed. What is
//! destroyed stays in its account for ever: a spoiled serial is never a good one again.

use card::{BatchId, Code, Digest};
use ledger::book::Book;
use ledger::book::state::{BatchStage, CardState, LotState};
use ledger::entry::{
    Account, CardEventKind, DestructionAsked, DestructionMethod, DestructionWitnessed, Entry, Millis, Role, SerialRange, StockShare, UnclaimedCard,
};
use ledger::fault::Fault;

use super::{lot, serials};
use crate::people::{self, Signatory};

/// Accounts whose cards are destroyed by serial.
const DESTROYED_FROM: [Account; 3] = [Account::Spoiled, Account::Test, Account::Returned];

/// What is to be destroyed.
pub enum Wanted<'a> {
    Serials {
        lot: &'a str,
        ranges: &'a str,
    },
    /// Finished cards that nobody collected, by number.
    Unclaimed(&'a [String]),
}

/// Asks for a destruction. Gives back its number.
///
/// # Errors
/// DST-01, USE-01, STK-01, STK-02, AUT-01, AUT-02, AUT-04; the ledger fails.
pub fn ask(book: &mut Book, wanted: &Wanted, method: DestructionMethod, by: &Signatory, at: Millis) -> Result<u64, Fault> {
    let person = people::in_force(book, by.person)?;
    if !takes_part(person.role) {
        return Err(Fault::refused(Code::Aut04, format!("{} is {}", person.person, person.role.name())));
    }
    let (shares, cards) = match wanted {
        Wanted::Serials { lot: id, ranges } => (by_serial(&lot(book, id)?, ranges)?, Vec::new()),
        Wanted::Unclaimed(numbers) => unclaimed(book, numbers)?,
    };
    let number = book.stock_numbers()?.1 + 1;
    let mut entry = DestructionAsked { number, method, shares, cards, person: person.person.clone(), role: person.role, signature: String::new(), at };
    entry.signature = people::sign(&person, by.key, &asked_text(book.view().plant_id(), &entry))?;
    book.record(&Entry::DestructionAsked(entry)).map(|_| number)
}

/// Writes down that a person saw the cards destroyed. Gives back whether that makes it so.
///
/// # Errors
/// DST-02, DST-03, AUT-01, AUT-02, AUT-04; the ledger fails.
pub fn witness(book: &mut Book, number: u64, by: &Signatory, at: Millis) -> Result<bool, Fault> {
    let person = people::in_force(book, by.person)?;
    if !takes_part(person.role) {
        return Err(Fault::refused(Code::Aut04, format!("{} is {}", person.person, person.role.name())));
    }
    let refused = |code, text: &str| Fault::refused(code, format!("destruction {number}: {text}"));
    let state = book.destruction(number)?.ok_or_else(|| refused(Code::Dst03, "was never asked for"))?;
    if state.done {
        return Err(refused(Code::Dst03, "is witnessed"));
    }
    if state.asked.person == person.person {
        return Err(refused(Code::Dst02, &format!("{} asked for it", person.person)));
    }
    if book.witnesses(number)?.iter().any(|w| w.person == person.person) {
        return Err(refused(Code::Dst02, &format!("{} has witnessed it", person.person)));
    }
    let text = witnessed_text(book.view().plant_id(), &state.asked, &person.person, person.role);
    let signature = people::sign(&person, by.key, &text)?;
    book.record(&Entry::DestructionWitnessed(DestructionWitnessed { number, person: person.person, role: person.role, signature, at }))?;
    Ok(book.destruction(number)?.is_some_and(|d| d.done))
}

/// Everyone but the auditor, who looks on from outside.
fn takes_part(role: Role) -> bool {
    role != Role::Auditor
}

fn by_serial(lot: &LotState, ranges: &str) -> Result<Vec<StockShare>, Fault> {
    let mut shares: Vec<StockShare> = Vec::new();
    for run in serials::ranges(&lot.received, ranges)?.iter().flat_map(|range| lot.within(*range)) {
        if !DESTROYED_FROM.contains(&run.account) || run.destruction.is_some() {
            let why = run.destruction.map_or_else(|| format!("in {}", run.account.name()), |n| format!("in destruction {n}"));
            return Err(Fault::refused(Code::Dst01, format!("{} of lot {}: {why}", serials::shown(lot, &[run.serials]), lot.received.lot)));
        }
        match shares.iter_mut().find(|share| share.account == run.account) {
            Some(share) => share.serials.push(run.serials),
            None => shares.push(StockShare { lot: lot.received.lot.clone(), account: run.account, serials: vec![run.serials] }),
        }
    }
    Ok(shares)
}

type Found = (Vec<StockShare>, Vec<UnclaimedCard>);

fn unclaimed(book: &Book, numbers: &[String]) -> Result<Found, Fault> {
    let (mut shares, mut cards): Found = (Vec::new(), Vec::new());
    for number in numbers {
        let refused = |why: &str| Fault::refused(Code::Dst01, format!("card {number}: {why}"));
        let card = book.cards_numbered(number)?.pop().ok_or_else(|| Fault::Usage("no such card".to_owned()))?;
        if let Some(why) = not_unclaimed(book, &card)? {
            return Err(refused(&why));
        }
        if cards.iter().any(|c: &UnclaimedCard| c.number == *number) {
            return Err(refused("named twice"));
        }
        shares.extend(good_serial(book, &card)?);
        cards.push(UnclaimedCard { number: card.number, generation: card.generation });
    }
    if cards.is_empty() { Err(Fault::refused(Code::Use01, "no card is named")) } else { Ok((shares, cards)) }
}

/// Why the card isn't one that nobody collected.
fn not_unclaimed(book: &Book, card: &CardState) -> Result<Option<String>, Fault> {
    if let Some(number) = book.destruction_of(&card.number, card.generation)? {
        return Ok(Some(format!("in destruction {number}")));
    }
    let has = |kind| card.events.iter().any(|(k, ..)| *k == kind);
    let out = |batch: &BatchId| -> Result<bool, Fault> { Ok(book.batch(batch)?.is_some_and(|b| b.stage == BatchStage::Dispatched)) };
    let activated = has(CardEventKind::ActivatedSocialSecurity) || has(CardEventKind::ActivatedBank);
    Ok(match () {
        () if has(CardEventKind::Collected) || activated => Some("collected".to_owned()),
        () if !out(&card.batch)? => Some("not dispatched".to_owned()),
        () => None,
    })
}

/// The good serial that became the card, if a sheet said so.
fn good_serial(book: &Book, card: &CardState) -> Result<Option<StockShare>, Fault> {
    for (lot_id, serial) in book.serials_of(&card.number, card.generation)? {
        let at = SerialRange { first: serial, last: serial };
        if lot(book, &lot_id)?.within(at).iter().any(|run| run.account == Account::Good && run.destruction.is_none()) {
            return Ok(Some(StockShare { lot: lot_id, account: Account::Good, serials: vec![at] }));
        }
    }
    Ok(None)
}

/// What is signed by who asks (docs/formats/stock.md).
fn asked_text(plant: &str, e: &DestructionAsked) -> String {
    let share = |s: &StockShare| format!("share: {} {} {}\n", s.lot, s.account.name(), serials::signed(&s.serials));
    let shares: String = e.shares.iter().map(share).collect();
    let cards: String = e.cards.iter().map(|c| format!("card: {} {}\n", c.number, c.generation)).collect();
    let (number, method, role) = (e.number, e.method.name(), e.role.name());
    format!("cardline destruction asked\nplant: {plant}\ndestruction: {number}\nmethod: {method}\n{shares}{cards}person: {}\nrole: {role}\n", e.person)
}

/// What a witness signs (docs/formats/stock.md).
fn witnessed_text(plant: &str, asked: &DestructionAsked, person: &str, role: Role) -> String {
    let what = Digest::of(asked_text(plant, asked).as_bytes());
    let (number, role) = (asked.number, role.name());
    format!("cardline destruction witnessed\nplant: {plant}\ndestruction: {number}\nasked: {what}\nperson: {person}\nrole: {role}\n")
}
