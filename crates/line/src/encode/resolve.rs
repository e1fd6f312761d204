//! A card whose encoding is in doubt, settled by two people who looked at it: each signs what they found, and when two of them, a
//! supervisor among them, say the same, it is so. As with hand-overs, the number is fixed in the ledger's fold.

use card::Code;
use ledger::book::Book;
use ledger::book::state::{AttemptStage, AttemptState, PersonState};
use ledger::entry::{AttemptResolved, Entry, Millis};
use ledger::fault::Fault;

use crate::handover::may_hand_over;
use crate::people::{self, Signatory};

/// What one person found the card to be.
pub struct Word<'a> {
    pub number: &'a str,
    pub generation: u32,
    /// Whole; else spoiled.
    pub good: bool,
    pub reason: &'a str,
    pub by: Signatory<'a>,
}

/// Writes a person's word down. Gives back how the attempt stands now.
///
/// # Errors
/// AUT-01 … AUT-04; the card was never attempted, or isn't in doubt; the ledger fails.
pub fn say(book: &mut Book, word: &Word, at: Millis) -> Result<AttemptStage, Fault> {
    let (number, generation) = (word.number, word.generation);
    let person = people::in_force(book, word.by.person)?;
    may_hand_over(book, &person.person)?;
    let never = || Fault::Usage(format!("card {number} generation {generation} was never encoded here"));
    let state = book.attempt(number, generation)?.ok_or_else(never)?;
    if state.stage != AttemptStage::InDoubt {
        return Err(Fault::NotAllowed(format!("card {number} generation {generation} is not in doubt: {}", state.stage.name())));
    }
    let attempt = state.attempted.attempt;
    if book.attempt_words(number, generation, attempt)?.iter().any(|w| w.person == person.person) {
        return Err(Fault::refused(Code::Aut03, format!("{} has said what became of it; it waits for another person", person.person)));
    }
    let text = text(book.view().plant_id(), &state, word, &person);
    let signature = people::sign(&person, word.by.key, &text)?;
    let (number, reason, good) = (number.to_owned(), word.reason.to_owned(), word.good);
    let entry = AttemptResolved { number, generation, attempt, good, person: person.person, role: person.role, reason, signature, at };
    book.record(&Entry::AttemptResolved(entry))?;
    Ok(book.attempt(word.number, generation)?.map_or(state.stage, |a| a.stage))
}

/// What is signed (docs/formats/encoding.md).
fn text(plant: &str, state: &AttemptState, word: &Word, person: &PersonState) -> String {
    let (a, found, reason, role) = (&state.attempted, if word.good { "good" } else { "spoiled" }, word.reason, person.role.name());
    format!(
        "cardline encoding resolved\nplant: {plant}\ncard: {}\ngeneration: {}\nattempt: {}\nfound: {found}\nreason: {reason}\nperson: {}\nrole: {role}\n",
        a.number, a.generation, a.attempt, person.person
    )
}
