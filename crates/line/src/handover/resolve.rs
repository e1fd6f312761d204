//! A hand-over in doubt, settled by two people who looked at the device: each signs what they found, and when two of them, a supervisor
//! among them, say the same, it is so. The number is fixed in the ledger's fold; a person's word stays as it was given.

use card::Code;
use ledger::book::Book;
use ledger::book::state::{HandoverStage, HandoverState, PersonState};
use ledger::entry::{Entry, HandoverResolved, Millis};
use ledger::fault::Fault;

use super::may_hand_over;
use crate::people::{self, Signatory};

/// What one person found at the device.
pub struct Word<'a> {
    pub device: &'a str,
    pub number: u64,
    pub arrived: bool,
    pub reason: &'a str,
    pub by: Signatory<'a>,
}

/// Writes a person's word down. Gives back how the hand-over stands now.
///
/// # Errors
/// AUT-01 … AUT-04; there is no such hand-over, or it isn't in doubt; the ledger fails.
pub fn say(book: &mut Book, word: &Word, at: Millis) -> Result<HandoverStage, Fault> {
    let (device, number) = (word.device, word.number);
    let person = people::in_force(book, word.by.person)?;
    may_hand_over(book, &person.person)?;
    let state = book.handover(device, number)?.ok_or_else(|| Fault::Usage(format!("no hand-over {number} to {device}")))?;
    if state.stage != HandoverStage::InDoubt {
        return Err(Fault::NotAllowed(format!("hand-over {number} to {device} is not in doubt: {}", state.stage.name())));
    }
    if book.handover_words(device, number)?.iter().any(|w| w.person == person.person) {
        return Err(Fault::refused(Code::Aut03, format!("{} has said what became of it; it waits for another person", person.person)));
    }
    let text = text(book.view().plant_id(), &state, word, &person);
    let signature = people::sign(&person, word.by.key, &text)?;
    let (device, reason) = (device.to_owned(), word.reason.to_owned());
    let entry = HandoverResolved { device, number, arrived: word.arrived, person: person.person, role: person.role, reason, signature, at };
    book.record(&Entry::HandoverResolved(entry))?;
    Ok(book.handover(word.device, number)?.map_or(state.stage, |h| h.stage))
}

/// What is signed (docs/formats/handover.md).
fn text(plant: &str, state: &HandoverState, word: &Word, person: &PersonState) -> String {
    let (b, arrived, reason) = (&state.begun, if word.arrived { "yes" } else { "no" }, word.reason);
    let (device, number, header, role) = (&b.device, b.number, b.header, person.role.name());
    format!(
        "cardline hand-over resolved\nplant: {plant}\ndevice: {device}\nnumber: {number}\nheader: {header}\narrived: {arrived}\nreason: {reason}\n\
         person: {}\nrole: {role}\n",
        person.person
    )
}
