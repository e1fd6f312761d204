//! The close of a batch: two people, a supervisor among them, each sign the counts they saw, and only counts without a difference are
//! signed at all. The number of people is fixed in the ledger's fold; a closed batch takes nothing more.

use card::{BatchId, Code};
use ledger::book::Book;
use ledger::entry::{BatchReconciled, ClosingCounts, Entry, Millis, Role};
use ledger::fault::Fault;

use super::{StockRule, page};
use crate::people::{self, Signatory};
use crate::stock::counts as may_close;

/// What became of a word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Closing {
    /// Another person must say the same.
    Waits,
    Closed,
    ClosedBefore,
}

/// Writes a person's word down that the batch balances.
///
/// # Errors
/// The first code of CLS-01 … CLS-08 that keeps it open, AUT-01 … AUT-04; there is no such batch; the ledger fails.
pub fn say(book: &mut Book, batch: &BatchId, rule: StockRule, by: &Signatory, at: Millis) -> Result<Closing, Fault> {
    let person = people::in_force(book, by.person)?;
    if !may_close(person.role) {
        return Err(Fault::refused(Code::Aut04, format!("{} is {}", person.person, person.role.name())));
    }
    let page = page(book, batch, rule)?;
    if page.closed.is_some() {
        return Ok(Closing::ClosedBefore);
    }
    if let Some(first) = page.differences.first() {
        let more = page.differences[1..].iter().map(|d| format!("; {} {}", d.code, d.text)).collect::<String>();
        return Err(Fault::refused(first.code, format!("{}{more}", first.text)));
    }
    if page.said_by.contains(&person.person) {
        return Err(Fault::refused(Code::Aut03, format!("{} has said that it balances; it waits for another person", person.person)));
    }
    let counts = page.counts();
    let signature = people::sign(&person, by.key, &text(book.view().plant_id(), batch, &counts, &person.person, person.role))?;
    let entry = BatchReconciled { batch: batch.clone(), counts, person: person.person, role: person.role, signature, at };
    book.record(&Entry::BatchReconciled(entry))?;
    Ok(if book.closed(batch)?.is_some() { Closing::Closed } else { Closing::Waits })
}

/// What is signed (docs/formats/stock.md).
fn text(plant: &str, batch: &BatchId, counts: &ClosingCounts, person: &str, role: Role) -> String {
    let ClosingCounts { cut, good, spoiled, void, stock } = counts;
    let stock = stock.map_or_else(
        || "none kept".to_owned(),
        |s| format!("{} = {} good + {} spoiled + {} test + {} returned", s.issued, s.good, s.spoiled, s.test, s.returned),
    );
    format!(
        "cardline batch closed\nplant: {plant}\nbatch: {batch}\ncards: {cut} = {good} good + {spoiled} spoiled + {void} void\nstock: {stock}\n\
         person: {person}\nrole: {}\n",
        role.name()
    )
}
