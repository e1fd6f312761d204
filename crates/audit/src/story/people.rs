//! People and their signatures (docs/formats/people.md), verified again from the texts of that page: every change of the register
//! signed by who may change it, every batch released by itself or by two people (I-24).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use card::{BatchId, Digest};
use ledger::entry::{Approval, BatchReleased, PersonAdded, PersonRemoved, ReleaseSigned, Role};

use super::{Stage, Story};
use crate::minisig;
use crate::proof::{Invariant, Proofs};

/// People who must have signed a release.
const SIGNATURES: usize = 2;
/// Who stands under a batch the plant released by itself.
const AUTOMATIC: &str = "automatic";

#[derive(Default)]
pub struct People {
    plant: String,
    people: BTreeMap<String, Person>,
    /// Additions and removals so far.
    changes: usize,
    /// Good signatures under releases, by person.
    signatures: HashMap<BatchId, BTreeMap<String, Digest>>,
}

struct Person {
    role: Role,
    key: String,
    in_force: bool,
}

impl People {
    pub(super) fn of_plant(&mut self, plant: &str) {
        plant.clone_into(&mut self.plant);
    }

    fn in_force(&self, person: &str) -> Option<&Person> {
        self.people.get(person).filter(|p| p.in_force)
    }

    pub(super) fn plant(&self) -> &str {
        &self.plant
    }

    pub(super) fn any(&self) -> bool {
        !self.people.is_empty()
    }

    pub(super) fn role_in_force(&self, person: &str) -> Option<Role> {
        self.in_force(person).map(|p| p.role)
    }

    pub(super) fn signature(&self, person: &str, text: &str, signature: &str) -> Result<(), &'static str> {
        let person = self.in_force(person).ok_or("signed by nobody of the register")?;
        minisig::verify(text.as_bytes(), signature, &person.key)
    }

    fn change(&mut self) -> usize {
        self.changes += 1;
        self.changes
    }

    /// What is wrong with an approval of a change, if anything.
    pub(super) fn approved(&self, approval: &Approval, text: &str) -> Result<(), &'static str> {
        let by = self.in_force(&approval.person).ok_or("signed by nobody of the register")?;
        if !matches!(by.role, Role::Supervisor | Role::Custodian) {
            return Err("signed by a role that may not");
        }
        minisig::verify(text.as_bytes(), &approval.signature, &by.key)
    }

    fn added(&mut self, e: &PersonAdded) -> Result<(), &'static str> {
        let change = self.change();
        let taken = self.people.contains_key(&e.person) || self.people.values().any(|p| p.key == e.key);
        let (plant, role) = (&self.plant, e.role.name());
        let allowed = match &e.approval {
            Some(a) => {
                let (person, name, key, by) = (&e.person, &e.name, &e.key, &a.person);
                let text =
                    format!("cardline person added\nplant: {plant}\nchange: {change}\nperson: {person}\nname: {name}\nrole: {role}\nkey: {key}\nby: {by}\n");
                self.approved(a, &text)
            }
            None if !self.people.is_empty() => Err("signed by nobody"),
            None if !matches!(e.role, Role::Supervisor | Role::Custodian) => Err("the first person may not change the register"),
            None => Ok(()),
        };
        if taken {
            return Err("id or key were given before");
        }
        self.people.insert(e.person.clone(), Person { role: e.role, key: e.key.clone(), in_force: true });
        minisig::key_id_of_public(&e.key).ok_or("the key can't be read")?;
        allowed
    }

    fn removed(&mut self, e: &PersonRemoved) -> Result<(), &'static str> {
        let change = self.change();
        let (plant, person, by) = (&self.plant, &e.person, &e.approval.person);
        let text = format!("cardline person removed\nplant: {plant}\nchange: {change}\nperson: {person}\nby: {by}\n");
        let allowed = self.approved(&e.approval, &text);
        let known = self.people.get_mut(&e.person).filter(|p| p.in_force).ok_or("not in the register")?;
        known.in_force = false;
        allowed
    }

    fn signed(&mut self, e: &ReleaseSigned) -> Result<(), &'static str> {
        let person = self.in_force(&e.person).ok_or("signed by nobody of the register")?;
        if person.role != e.role || !matches!(e.role, Role::Operator | Role::Supervisor) {
            return Err("signed in a role the person hasn't, or that may not");
        }
        let (plant, batch, manifest, role) = (&self.plant, &e.batch, e.manifest, e.role.name());
        let text = format!("cardline release\nplant: {plant}\nbatch: {batch}\nmanifest: {manifest}\nperson: {}\nrole: {role}\n", e.person);
        minisig::verify(text.as_bytes(), &e.signature, &person.key)?;
        let before = self.signatures.entry(e.batch.clone()).or_default().insert(e.person.clone(), e.manifest);
        if before == Some(e.manifest) { Err("signed twice by one person") } else { Ok(()) }
    }

    /// Two distinct people with two distinct keys, a supervisor among them, all still in the register: or nobody at all.
    fn released(&self, e: &BatchReleased) -> Result<(), &'static str> {
        let signatures = self.signatures.get(&e.batch);
        if e.by == [AUTOMATIC] {
            return if signatures.is_none() { Ok(()) } else { Err("released by itself although people were to sign") };
        }
        let by: BTreeSet<&String> = e.by.iter().collect();
        let has_signed = |person: &str| signatures.and_then(|s| s.get(person)) == Some(&e.manifest);
        let people: Vec<&Person> = by.iter().filter(|p| has_signed(p)).filter_map(|p| self.in_force(p)).collect();
        let keys: BTreeSet<&str> = people.iter().map(|p| p.key.as_str()).collect();
        if people.len() != e.by.len() || keys.len() < SIGNATURES {
            return Err("released by fewer than two people who signed its manifest");
        }
        if people.iter().any(|p| p.role == Role::Supervisor) { Ok(()) } else { Err("released without a supervisor") }
    }
}

impl Story {
    pub(super) fn person_added(&mut self, seq: u64, e: &PersonAdded, proofs: &mut Proofs) {
        let found = self.people.added(e);
        i24(proofs, found, || format!("record {seq}: {} added", e.person));
    }

    pub(super) fn person_removed(&mut self, seq: u64, e: &PersonRemoved, proofs: &mut Proofs) {
        let found = self.people.removed(e);
        i24(proofs, found, || format!("record {seq}: {} removed", e.person));
    }

    pub(super) fn release_signed(&mut self, seq: u64, e: &ReleaseSigned, proofs: &mut Proofs) {
        let sealed = self.batch(&e.batch).is_some_and(|b| b.stage == Stage::Sealed && b.sealed.as_ref().is_some_and(|s| s.manifest == e.manifest));
        proofs.check(Invariant::I24, sealed, || format!("record {seq}: {} was signed but isn't sealed with that manifest", e.batch));
        let found = self.people.signed(e);
        i24(proofs, found, || format!("record {seq}: {} signed by {}", e.batch, e.person));
    }

    pub(super) fn release_approved(&self, e: &BatchReleased, proofs: &mut Proofs) {
        i24(proofs, self.people.released(e), || e.batch.to_string());
    }
}

pub(super) fn i24(proofs: &mut Proofs, found: Result<(), &'static str>, what: impl FnOnce() -> String) {
    let why = found.err();
    proofs.check(Invariant::I24, why.is_none(), || format!("{}: {}", what(), why.unwrap_or_default()));
}
