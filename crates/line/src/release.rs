//! Release by two people: each signs the digest of the sealed manifest, and the batch is free when two distinct people with two
//! distinct keys have, one of them a supervisor. The number is fixed here: a threshold that can be configured can be configured away.

use card::Code;
use card::seeded::{Bug, has};
use ledger::book::Book;
use ledger::book::state::{BatchState, PersonState};
use ledger::entry::{Entry, ReleaseSigned, Role};
use ledger::fault::Fault;

use crate::people::{self, Signatory};
use crate::plan::World;

/// People who must have signed.
pub const SIGNATURES: usize = 2;

/// The people whose signatures release this batch, if there are enough. Only those count who signed the manifest as it is sealed and
/// are still in the register.
///
/// # Errors
/// The ledger fails.
pub fn approved_by(book: &Book, batch: &BatchState) -> Result<Option<Vec<String>>, Fault> {
    let signers = signers(book, batch)?;
    let keys: std::collections::BTreeSet<&str> = signers.iter().map(|p| p.key.as_str()).collect();
    let enough = keys.len() >= SIGNATURES && signers.iter().any(|p| p.role == Role::Supervisor);
    Ok(enough.then(|| signers.into_iter().map(|p| p.person).collect()))
}

/// Everyone whose signature counts now, each once: signatures are kept by person.
fn signers(book: &Book, batch: &BatchState) -> Result<Vec<PersonState>, Fault> {
    let mut found = Vec::new();
    for signed in book.release_signatures(&batch.batch)? {
        if Some(signed.manifest) == batch.manifest {
            found.extend(book.person(&signed.person)?.filter(|p| !p.removed));
        }
    }
    Ok(found)
}

/// Writes one person's signature under a sealed batch down, after reading the batch again from the outside. Nothing becomes visible.
///
/// # Errors
/// AUT-01 … AUT-04, OUT-04; the ledger or the disk fails.
pub fn sign(world: &World, book: &mut Book, batch: &BatchState, by: &Signatory) -> Result<(), Fault> {
    let entry = draw_up(book, batch, by, world.clock.now())?;
    world.auditor.check(&batch.batch)?;
    book.record(&Entry::ReleaseSigned(entry)).map(drop)
}

fn draw_up(book: &Book, batch: &BatchState, by: &Signatory, at: ledger::entry::Millis) -> Result<ReleaseSigned, Fault> {
    let person = people::in_force(book, by.person)?;
    if !matches!(person.role, Role::Operator | Role::Supervisor) {
        return Err(Fault::refused(Code::Aut04, format!("{} is {}; operators and supervisors release batches", person.person, person.role.name())));
    }
    let manifest = batch.manifest.ok_or_else(|| Fault::NotAllowed(format!("batch {} is not sealed", batch.batch)))?;
    let text = text(book.view().plant_id(), batch, &manifest.to_string(), &person);
    let signature = people::sign(&person, by.key, &text)?;
    if !has(Bug::ApproverTwice) && book.release_signatures(&batch.batch)?.iter().any(|s| s.person == person.person && s.manifest == manifest) {
        return Err(Fault::refused(Code::Aut03, format!("{} has signed {} already; it waits for another person", person.person, batch.batch)));
    }
    Ok(ReleaseSigned { batch: batch.batch.clone(), manifest, person: person.person, role: person.role, signature, at })
}

/// What is signed to release a batch (docs/formats/people.md).
fn text(plant: &str, batch: &BatchState, manifest: &str, person: &PersonState) -> String {
    let (batch, role) = (&batch.batch, person.role.name());
    format!("cardline release\nplant: {plant}\nbatch: {batch}\nmanifest: {manifest}\nperson: {}\nrole: {role}\n", person.person)
}

/// Who has signed, and what is still needed, for people.
///
/// # Errors
/// The ledger fails.
pub fn still_needed(book: &Book, batch: &BatchState) -> Result<String, Fault> {
    let signers = signers(book, batch)?;
    let names: Vec<&str> = signers.iter().map(|p| p.person.as_str()).collect();
    let supervised = signers.iter().any(|p| p.role == Role::Supervisor);
    let missing = if supervised { "another operator or supervisor" } else { "a supervisor" };
    Ok(format!("signed by {}; waits for {missing}", if names.is_empty() { "nobody".to_owned() } else { names.join(", ") }))
}
