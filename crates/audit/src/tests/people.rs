//! Two people's release (I-24) and witnessed places (I-18), told wrong one way at a time.

use card::{BatchId, Digest};
use ledger::entry::*;
use ledger::journal::{Head, JournalView};
use minisign::KeyPair;

use super::{broken, scope, summary};
use crate::testing::MemoryDisk;
use crate::testing::plant::{BATCH, Twist, build, entries};
use crate::{Scope, verify};

const EARLY: Millis = 1_748_736_000_000 - 9;

/// A person with a key in hand.
struct Person {
    id: &'static str,
    role: Role,
    pair: KeyPair,
}

impl Person {
    fn new(id: &'static str, role: Role) -> Self {
        Self { id, role, pair: KeyPair::generate_unencrypted_keypair().unwrap() }
    }

    fn sign(&self, text: &str) -> String {
        minisign::sign(Some(&self.pair.pk), &self.pair.sk, text.as_bytes(), Some("t"), None).unwrap().into_string()
    }

    fn added(&self, change: u32, by: Option<&Self>) -> Entry {
        let (id, role, key) = (self.id, self.role, self.pair.pk.to_base64());
        let approval = by.map(|by| {
            let text = format!("cardline person added\nplant: p\nchange: {change}\nperson: {id}\nname: N\nrole: {}\nkey: {key}\nby: {}\n", role.name(), by.id);
            Approval { person: by.id.into(), signature: by.sign(&text) }
        });
        Entry::PersonAdded(PersonAdded { person: id.into(), name: "N".into(), role, key, approval, at: EARLY })
    }

    fn removed(&self, change: u32, by: &Self) -> Entry {
        let text = format!("cardline person removed\nplant: p\nchange: {change}\nperson: {}\nby: {}\n", self.id, by.id);
        let approval = Approval { person: by.id.into(), signature: by.sign(&text) };
        Entry::PersonRemoved(PersonRemoved { person: self.id.into(), approval, at: EARLY })
    }

    fn released(&self, manifest: Digest, at: Millis) -> Entry {
        let (batch, role) = (BatchId::parse(BATCH).unwrap(), self.role.name());
        let text = format!("cardline release\nplant: p\nbatch: {BATCH}\nmanifest: {manifest}\nperson: {}\nrole: {role}\n", self.id);
        Entry::ReleaseSigned(ReleaseSigned { batch, manifest, person: self.id.into(), role: self.role, signature: self.sign(&text), at })
    }
}

/// The sound plant, released by these people; then `change` makes something wrong.
fn signed_by(signers: [(&'static str, Role); 2], change: impl Fn(&mut Vec<Entry>, &[Person]) + 'static) -> Twist {
    entries(move |all| {
        let mut people = vec![Person::new("li", Role::Supervisor)];
        people.extend(signers.iter().filter(|(id, _)| *id != "li").map(|(id, role)| Person::new(id, *role)));
        let at = all.iter().position(|e| matches!(e, Entry::BatchReleased(_))).unwrap();
        let Entry::BatchReleased(released) = &mut all[at] else { panic!() };
        released.by = signers.iter().map(|(id, _)| (*id).to_owned()).collect();
        let (manifest, when) = (released.manifest, released.at);
        let signatures: Vec<Entry> = people.iter().filter(|p| signers.iter().any(|(id, _)| *id == p.id)).map(|p| p.released(manifest, when)).collect();
        all.splice(at..at, signatures);
        let register: Vec<Entry> = (1..).zip(&people).map(|(change, p)| p.added(change, (change > 1).then_some(&people[0]))).collect();
        all.splice(1..1, register);
        change(all, &people);
    })
}

const SOUND: [(&str, Role); 2] = [("li", Role::Supervisor), ("wu", Role::Operator)];

#[track_caller]
fn only_i24(twist: &Twist) {
    assert_eq!(broken(&build(twist)), ["I-24"]);
}

macro_rules! each {
    ($all:expr, $kind:ident, $change:expr) => {
        for entry in $all.iter_mut() {
            if let Entry::$kind(e) = entry {
                #[allow(clippy::redundant_closure_call)]
                ($change)(e);
            }
        }
    };
}

#[test]
fn i24_two_people_with_a_supervisor_release_a_batch() {
    assert_eq!(broken(&build(&signed_by(SOUND, |_, _| {}))), Vec::<&str>::new());
    only_i24(&signed_by([("wu", Role::Operator), ("he", Role::Operator)], |_, _| {}));
    only_i24(&signed_by([("li", Role::Supervisor), ("au", Role::Auditor)], |_, _| {}));
}

#[test]
fn i24_a_missing_forged_or_doubled_signature_is_noticed() {
    only_i24(&signed_by(SOUND, |all, _| all.retain(|e| !matches!(e, Entry::ReleaseSigned(s) if s.person == "wu"))));
    only_i24(&signed_by(SOUND, |all, _| each!(all, BatchReleased, |e: &mut BatchReleased| e.by = vec!["li".into(), "li".into()])));
    only_i24(&signed_by(SOUND, |all, _| each!(all, BatchReleased, |e: &mut BatchReleased| e.by = vec!["automatic".into()])));
    only_i24(&signed_by(SOUND, |all, _| each!(all, BatchReleased, |e: &mut BatchReleased| e.by = vec!["li".into()])));
    only_i24(&signed_by(SOUND, |all, people| {
        each!(all, ReleaseSigned, |e: &mut ReleaseSigned| e.signature = people[1].sign("cardline release\n"));
    }));
    only_i24(&signed_by(SOUND, |all, _| each!(all, ReleaseSigned, |e: &mut ReleaseSigned| e.role = Role::Supervisor)));
    // One person under two names: the other one's signature with the first one's key.
    only_i24(&signed_by(SOUND, |all, _| {
        let key = all.iter().find_map(|e| if let Entry::PersonAdded(p) = e { Some(p.key.clone()) } else { None }).unwrap();
        each!(all, PersonAdded, |e: &mut PersonAdded| e.key.clone_from(&key));
    }));
    only_i24(&signed_by(SOUND, |all, _| {
        let again = all.iter().find(|e| matches!(e, Entry::ReleaseSigned(_))).unwrap().clone();
        let at = all.iter().position(|e| matches!(e, Entry::BatchReleased(_))).unwrap();
        all.insert(at, again);
    }));
}

#[test]
fn i24_the_register_is_changed_only_by_who_may() {
    only_i24(&signed_by(SOUND, |all, _| each!(all, PersonAdded, |e: &mut PersonAdded| e.approval = None)));
    only_i24(&signed_by(SOUND, |all, _| each!(all, PersonAdded, |e: &mut PersonAdded| e.name = "M".into())));
    only_i24(&signed_by(SOUND, |all, people| all.insert(3, Person::new("he", Role::Supervisor).added(3, Some(&people[1])))));
    only_i24(&signed_by(SOUND, |all, people| all.insert(3, people[1].removed(3, &people[0]))));
    only_i24(&signed_by(SOUND, |all, people| all.insert(3, Person::new("he", Role::Operator).removed(3, &people[0]))));
    // Signed for another change than this one.
    only_i24(&signed_by(SOUND, |all, people| all.insert(3, Person::new("he", Role::Supervisor).added(9, Some(&people[0])))));
    let went = signed_by(SOUND, |all, people| {
        let he = Person::new("he", Role::Operator);
        all.splice(3..3, [he.added(3, Some(&people[0])), he.removed(4, &people[0])]);
    });
    assert_eq!(broken(&build(&went)), Vec::<&str>::new());
}

#[test]
fn i18_a_witnessed_place_must_be_in_the_journal() {
    let disk = build(&Twist::default());
    let found = |disk: &MemoryDisk, witnessed: Vec<Head>| {
        let found = verify(disk, &Scope { witnessed, ..scope() }, &mut |_| {}).unwrap();
        found.findings.iter().find(|f| f.id == "I-18").map(|f| f.ok)
    };
    let head = JournalView::open(disk.shared()).unwrap().0.head();
    let third = JournalView::open(disk.shared()).unwrap().0.read_from(3).next().unwrap().unwrap().head();
    assert_eq!(found(&disk, vec![head, third]), Some(true));
    assert_eq!(found(&disk, vec![third, Head { seq: head.seq + 1, hash: head.hash }]), Some(false));
    assert_eq!(found(&disk, vec![Head { seq: 3, hash: head.hash }]), Some(false));
    assert!(summary(&disk).findings.iter().all(|f| f.id != "I-18"), "nothing was witnessed, nothing is proved");
}
