//! People's words about a request to make a card again: each supervisor signs for themselves; one refusal ends it. How many must approve is
//! fixed in the ledger's fold.

use card::Code;
use ledger::book::Book;
use ledger::book::state::{PersonState, RemakeStage, RemakeState};
use ledger::entry::{Entry, Millis, RemakeApproved, RemakeRefusal, RemakeRefused, RemakeRequested, Role};
use ledger::fault::Fault;

use super::{Named, Parent};
use crate::people::{self, Signatory};

/// What one person says of a request.
pub struct Word<'a> {
    pub card: &'a Named,
    /// Why not; `None`: it is approved.
    pub refusal: Option<RemakeRefusal>,
    pub by: Signatory<'a>,
}

/// Writes a person's word down. Gives back how the request stands now.
///
/// # Errors
/// AUT-01 … AUT-04; RMK-06: no request waits for it; approving, RMK-02 … RMK-05 as they are today; the ledger fails.
pub fn say(book: &mut Book, word: &Word, at: Millis) -> Result<RemakeState, Fault> {
    let person = people::in_force(book, word.by.person)?;
    if person.role != Role::Supervisor {
        return Err(Fault::refused(Code::Aut04, format!("{} is {}; a supervisor approves or refuses a remake", person.person, person.role.name())));
    }
    let parent = Parent::of(book, word.card)?;
    let request = waiting(&parent)?;
    counts_once(book, &request, &person)?;
    if word.refusal.is_none() {
        still_good(book, &parent, &request)?;
    }
    let text = text(book.view().plant_id(), &request, word.refusal, &person);
    let signature = people::sign(&person, word.by.key, &text)?;
    book.record(&entry(request, word.refusal, person, signature, at))?;
    let (number, generation) = word.card;
    book.remake(number, *generation)?.ok_or_else(|| Fault::Invariant(format!("the request for card {number} vanished from the book")))
}

fn waiting(parent: &Parent) -> Result<RemakeRequested, Fault> {
    match &parent.last {
        Some(last) if last.stage == RemakeStage::Requested => Ok(last.requested.clone()),
        Some(last) => Err(parent.refused(Code::Rmk06, &format!("its remake is {}", last.stage.name()))),
        None => Err(parent.refused(Code::Rmk06, "nobody asked")),
    }
}

/// Not the requester, and not a second time.
fn counts_once(book: &Book, request: &RemakeRequested, person: &PersonState) -> Result<(), Fault> {
    if request.who == person.person {
        return Err(Fault::refused(Code::Aut03, format!("{} asked for it; another person decides", person.person)));
    }
    if book.remake_words(&request.number, request.generation, request.request)?.iter().any(|w| w.person == person.person) {
        return Err(Fault::refused(Code::Aut03, format!("{} has approved it; it waits for another supervisor", person.person)));
    }
    Ok(())
}

/// What the request was allowed for holds today.
fn still_good(book: &Book, parent: &Parent, request: &RemakeRequested) -> Result<(), Fault> {
    if parent.delivered && !request.delivered {
        return Err(parent.refused(Code::Rmk06, "it was delivered since; refuse this request and ask again with its report"));
    }
    parent.may(book, request.cause)
}

fn entry(request: RemakeRequested, refusal: Option<RemakeRefusal>, by: PersonState, signature: String, at: Millis) -> Entry {
    let RemakeRequested { number, generation, request, .. } = request;
    let PersonState { person, role, .. } = by;
    match refusal {
        None => Entry::RemakeApproved(RemakeApproved { number, generation, request, person, role, signature, at }),
        Some(because) => Entry::RemakeRefused(RemakeRefused { number, generation, request, because, person, role, signature, at }),
    }
}

/// What is signed (docs/formats/remakes.md).
fn text(plant: &str, r: &RemakeRequested, refusal: Option<RemakeRefusal>, by: &PersonState) -> String {
    let (delivered, report) = (if r.delivered { "yes" } else { "no" }, r.report.map_or_else(|| "none".to_owned(), |k| k.to_string()));
    let (word, because) = refusal.map_or(("approved", String::new()), |b| ("refused", format!("because: {}\n", b.name())));
    format!(
        "cardline remake {word}\nplant: {plant}\ncard: {}\ngeneration: {}\nrequest: {}\ncause: {}\nrequested by: {}\ndelivered: {delivered}\nreport: {report}\n\
         {because}person: {}\nrole: {}\n",
        r.number,
        r.generation,
        r.request,
        r.cause.name(),
        r.who,
        by.person,
        by.role.name()
    )
}

#[cfg(test)]
mod tests {
    use card::{Keyed, Ordinal};
    use ledger::entry::RemakeCause;

    use super::*;

    #[test]
    fn what_is_signed_names_the_card_the_request_and_what_was_reported() {
        let mut request = RemakeRequested {
            number: "H00000012".into(),
            generation: 1,
            request: 2,
            ordinal: Ordinal(7),
            cause: RemakeCause::Lost,
            who: "wu".into(),
            delivered: true,
            report: Some(Keyed([0xAB; 16])),
            at: 0,
        };
        let li = PersonState { person: "li".into(), name: "N".into(), role: Role::Supervisor, key: String::new(), removed: false };
        let report = "ab".repeat(16);
        let head = "plant: p\ncard: H00000012\ngeneration: 1\nrequest: 2\ncause: lost\nrequested by: wu\n";
        let said = text("p", &request, None, &li);
        assert_eq!(said, format!("cardline remake approved\n{head}delivered: yes\nreport: {report}\nperson: li\nrole: supervisor\n"));
        (request.delivered, request.report) = (false, None);
        let said = text("p", &request, Some(RemakeRefusal::NotNeeded), &li);
        assert_eq!(said, format!("cardline remake refused\n{head}delivered: no\nreport: none\nbecause: not-needed\nperson: li\nrole: supervisor\n"));
    }
}
