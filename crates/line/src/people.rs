//! The plant's people: who is in the register, what a role may do, and how a change of the register is signed. A plant without
//! people asks nobody; from the first person on, every change needs a supervisor's or custodian's signature. Knows no key file.

use card::Code;
use ledger::book::Book;
use ledger::book::state::PersonState;
use ledger::entry::{Approval, Entry, Millis, PersonAdded, PersonRemoved, Role};
use ledger::fault::Fault;

use crate::package::{SecretKey, check_public_key, signature};

/// Ids that stand for no person in the ledger.
const RESERVED: [&str; 2] = ["automatic", "cardline"];
const NAME_CHARS_MAX: usize = 80;

/// Someone about to sign: who they say they are, and the key they hold. No `Debug`.
pub struct Signatory<'a> {
    pub person: &'a str,
    pub key: &'a SecretKey,
}

/// Someone to be put into the register.
pub struct Newcomer<'a> {
    pub person: &'a str,
    pub name: &'a str,
    pub role: Role,
    /// minisign public key: 56 characters of base64.
    pub key: &'a str,
}

/// Whether the plant has people at all: a register was begun.
///
/// # Errors
/// The ledger fails.
pub fn any(book: &Book) -> Result<bool, Fault> {
    Ok(!book.people()?.is_empty())
}

/// The person with this id, who must be in the register now.
///
/// # Errors
/// AUT-01; the ledger fails.
pub fn in_force(book: &Book, person: &str) -> Result<PersonState, Fault> {
    match book.person(person)? {
        Some(p) if !p.removed => Ok(p),
        Some(_) => Err(Fault::refused(Code::Aut01, format!("{person} was removed from the people register"))),
        None => Err(Fault::refused(Code::Aut01, format!("{person} is not in the people register"))),
    }
}

/// Whether this id may stand on record: any in a plant without people, afterwards only one of the register.
///
/// # Errors
/// AUT-01; the ledger fails.
pub fn known(book: &Book, person: &str) -> Result<(), Fault> {
    if any(book)? { in_force(book, person).map(drop) } else { Ok(()) }
}

/// Adds a person. `by` may be missing only for the first one.
///
/// # Errors
/// USE-01, AUT-01, AUT-02, AUT-04 … AUT-07; the ledger fails.
pub fn add(book: &mut Book, newcomer: &Newcomer, by: Option<&Signatory>, at: Millis) -> Result<(), Fault> {
    well_formed(newcomer)?;
    let people = book.people()?;
    if let Some(other) = people.iter().find(|p| p.person == newcomer.person || p.key == newcomer.key) {
        return Err(Fault::refused(Code::Aut06, format!("id or key of {} belong to {}", newcomer.person, other.person)));
    }
    let approval = match by {
        Some(by) => {
            let text = added_text(book.view().plant_id(), change_number(&people), newcomer, by.person);
            Some(approve(book, by, &text)?)
        }
        None if !people.is_empty() => return Err(Fault::refused(Code::Aut05, "the plant has people: give --as and the key to sign with")),
        None if !may_change_people(newcomer.role) => {
            return Err(Fault::refused(Code::Aut07, "the first person must be a supervisor or custodian"));
        }
        None => None,
    };
    let Newcomer { person, name, role, key } = *newcomer;
    let entry = PersonAdded { person: person.to_owned(), name: name.to_owned(), role, key: key.to_owned(), approval, at };
    book.record(&Entry::PersonAdded(entry)).map(drop)
}

/// Removes a person. Their id and key are never given again.
///
/// # Errors
/// AUT-01, AUT-02, AUT-04, AUT-07; the ledger fails.
pub fn remove(book: &mut Book, person: &str, by: &Signatory, at: Millis) -> Result<(), Fault> {
    let leaving = in_force(book, person)?;
    let people = book.people()?;
    let remains = people.iter().any(|p| !p.removed && p.person != leaving.person && may_change_people(p.role));
    if !remains {
        return Err(Fault::refused(Code::Aut07, format!("{person} is the last supervisor or custodian")));
    }
    let text = removed_text(book.view().plant_id(), change_number(&people), person, by.person);
    let approval = approve(book, by, &text)?;
    book.record(&Entry::PersonRemoved(PersonRemoved { person: person.to_owned(), approval, at })).map(drop)
}

fn well_formed(newcomer: &Newcomer) -> Result<(), Fault> {
    let wrong = |text: &str| Err(Fault::refused(Code::Use01, text));
    let name_fits = !newcomer.name.trim().is_empty() && newcomer.name.chars().count() <= NAME_CHARS_MAX && !newcomer.name.chars().any(char::is_control);
    if RESERVED.contains(&newcomer.person) {
        return wrong("this id stands for no person");
    }
    if !name_fits {
        return wrong("--name: one line of at most 80 characters");
    }
    check_public_key(newcomer.key).map(drop).map_err(|e| Fault::refused(Code::Aut02, format!("the public key: {e}")))
}

fn may_change_people(role: Role) -> bool {
    matches!(role, Role::Supervisor | Role::Custodian)
}

/// Counts the changes of the register, so that a signature under one change fits no other.
fn change_number(people: &[PersonState]) -> usize {
    1 + people.len() + people.iter().filter(|p| p.removed).count()
}

/// Signs a change of a register as one who may change it.
///
/// # Errors
/// AUT-01, AUT-02, AUT-04; the ledger fails.
pub fn approve(book: &Book, by: &Signatory, text: &str) -> Result<Approval, Fault> {
    let person = in_force(book, by.person)?;
    if !may_change_people(person.role) {
        return Err(Fault::refused(Code::Aut04, format!("{} is {}; a supervisor or custodian must sign", person.person, person.role.name())));
    }
    let signature = sign(&person, by.key, text)?;
    Ok(Approval { person: person.person, signature })
}

/// Signs `text` as a person of the register.
///
/// # Errors
/// AUT-02: the key isn't the one registered for the person, or makes no signature that verifies with it.
pub fn sign(person: &PersonState, key: &SecretKey, text: &str) -> Result<String, Fault> {
    let not_theirs = |what: &str| Fault::refused(Code::Aut02, format!("{}: {what}", person.person));
    if key.public_key() != person.key {
        return Err(not_theirs("the key is not the one registered"));
    }
    let signature = key.sign(text.as_bytes(), &format!("{} {}", text.lines().next().unwrap_or(""), person.person));
    // A damaged key file may hold the right public half beside a wrong secret one.
    signature::verify_with(text.as_bytes(), &signature, &person.key).map_err(|_| not_theirs("the key makes no good signature"))?;
    Ok(signature)
}

/// What is signed when a person is added (docs/formats/people.md).
fn added_text(plant: &str, change: usize, n: &Newcomer, by: &str) -> String {
    let Newcomer { person, name, key, .. } = n;
    format!("cardline person added\nplant: {plant}\nchange: {change}\nperson: {person}\nname: {name}\nrole: {}\nkey: {key}\nby: {by}\n", n.role.name())
}

/// What is signed when a person is removed (docs/formats/people.md).
fn removed_text(plant: &str, change: usize, person: &str, by: &str) -> String {
    format!("cardline person removed\nplant: {plant}\nchange: {change}\nperson: {person}\nby: {by}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(person: &str, key: &SecretKey, removed: bool) -> PersonState {
        PersonState { person: person.into(), name: "N".into(), role: Role::Supervisor, key: key.public_key(), removed }
    }

    #[test]
    fn what_is_signed_names_everything_that_is_changed_and_when() {
        let newcomer = Newcomer { person: "wu", name: "Wu 吴", role: Role::Auditor, key: "K" };
        let text = added_text("plant-1", 3, &newcomer, "li");
        assert_eq!(text, "cardline person added\nplant: plant-1\nchange: 3\nperson: wu\nname: Wu 吴\nrole: auditor\nkey: K\nby: li\n");
        assert_eq!(removed_text("plant-1", 4, "wu", "li"), "cardline person removed\nplant: plant-1\nchange: 4\nperson: wu\nby: li\n");
        let key = SecretKey::from_seed(&[1; 32]);
        assert_eq!(change_number(&[]), 1);
        assert_eq!(change_number(&[state("a", &key, false), state("b", &key, true)]), 4, "two came, one went");
    }

    #[test]
    fn a_signature_is_made_with_the_registered_key_only() {
        let (mine, other) = (SecretKey::from_seed(&[1; 32]), SecretKey::from_seed(&[2; 32]));
        let person = state("li", &mine, false);
        assert!(sign(&person, &mine, "text").is_ok());
        assert_eq!(sign(&person, &other, "text").unwrap_err().exit_code(), 77);
    }

    #[test]
    fn names_with_line_breaks_reserved_ids_and_keys_that_are_none_are_refused() {
        let key = SecretKey::from_seed(&[1; 32]).public_key();
        let refused = |person: &str, name: &str, key: &str| well_formed(&Newcomer { person, name, role: Role::Operator, key }).err().map(|f| f.to_string());
        assert_eq!(refused("li", "Li Na 李娜", &key), None);
        assert!(refused("li", "Li\nrole: supervisor", &key).unwrap().starts_with("USE-01"));
        assert!(refused("automatic", "Li", &key).unwrap().starts_with("USE-01"));
        assert!(refused("li", "Li", "RWQ").unwrap().starts_with("AUT-02"));
    }
}
