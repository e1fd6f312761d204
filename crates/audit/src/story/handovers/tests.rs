//! Hand-overs told wrong, one way at a time. Of the batch only what hand-overs need is told.

use card::Ordinal;
use ledger::entry::*;
use minisign::KeyPair;

use super::*;
use crate::testing::applications::number;

pub(in crate::story) const AT: Millis = 1_748_736_000_000;

/// A person with a key in hand.
pub(in crate::story) struct Person {
    pub id: &'static str,
    pub role: Role,
    pair: KeyPair,
}

impl Person {
    pub fn new(id: &'static str, role: Role) -> Self {
        Self { id, role, pair: KeyPair::generate_unencrypted_keypair().unwrap() }
    }

    pub fn sign(&self, text: &str) -> String {
        minisign::sign(Some(&self.pair.pk), &self.pair.sk, text.as_bytes(), Some("t"), None).unwrap().into_string()
    }
}

/// li (supervisor), wu (operator), cu (custodian).
pub(in crate::story) fn people() -> [Person; 3] {
    [Person::new("li", Role::Supervisor), Person::new("wu", Role::Operator), Person::new("cu", Role::Custodian)]
}

pub(in crate::story) fn batch() -> BatchId {
    BatchId::parse("B20250601-01").unwrap()
}

pub(in crate::story) fn file(path: &str) -> FileDigest {
    FileDigest { path: path.into(), len_bytes: 9, digest: Digest::of(path.as_bytes()) }
}

/// A released batch of one job with two print files and an encode file.
fn night() -> Vec<Entry> {
    let manifest = Digest([7; 32]);
    let cut = BatchCut {
        batch: batch(),
        frozen_at: AT,
        release_id: Digest([0; 32]),
        profile: String::new(),
        cards_per_job: 500,
        numbers_next: vec![("H".into(), 100)],
        registers: Vec::new(),
        arrived_until: Ordinal(0),
        cards: vec![CutCard { ordinal: Ordinal(0), number: number(0), generation: 1 }],
    };
    let files = ["print/job-0001.pdf", "print/job-0001.sheet.json", "encode/job-0001.txt"].map(file).to_vec();
    vec![
        Entry::PlantCreated(PlantCreated { plant_id: "p".into(), program: "test".into(), at: AT }),
        Entry::BatchCut(cut),
        Entry::JobMade(JobMade { batch: batch(), job: 1, files, records: vec![Some(card::Keyed([1; 16]))] }),
        Entry::BatchSealed(BatchSealed { batch: batch(), manifest, cards: 1, void: 0, jobs: 1, bundles: 1, at: AT }),
        Entry::BatchReleased(BatchReleased { batch: batch(), by: vec!["automatic".into()], manifest, at: AT }),
    ]
}

pub(in crate::story) fn device(name: &str, who: &str, by: Option<&Person>) -> Entry {
    let recipient = format!("age1{name}");
    let text = format!("cardline device added\nplant: p\ndevice: {name}\nkind: printer\nrecipient: {recipient}\nsealed-only: yes\nby: {who}\n");
    let signature = by.map(|by| by.sign(&text));
    Entry::DeviceAdded(DeviceAdded { device: name.into(), kind: DeviceKind::Printer, recipient, sealed_only: true, who: who.into(), signature, at: AT })
}

pub(in crate::story) fn begun(name: &str, number: u64, path: &str, previous: Option<Digest>) -> HandoverBegun {
    let mut token = HandoverBegun {
        device: name.into(),
        number,
        batch: batch(),
        job: 1,
        file: file(path),
        cards: 1,
        manifest: Digest([7; 32]),
        previous,
        header: Digest([0; 32]),
        not_after: AT + 2000,
        who: "wu".into(),
        at: AT + 1,
    };
    signed(&mut token);
    token
}

/// The token again, under the header it must have.
pub(in crate::story) fn signed(token: &mut HandoverBegun) {
    token.header = Digest::of(header(token, &Reached::Envelope(format!("age1{}", token.device)), "p").as_bytes());
}

pub(in crate::story) fn done(name: &str, number: u64) -> Entry {
    Entry::HandoverDone(HandoverDone { device: name.into(), number, envelope_len_bytes: 1, envelope: Digest([2; 32]), at: AT + 2 })
}

pub(in crate::story) fn said(token: &HandoverBegun, arrived: bool, person: &Person) -> Entry {
    let (device, number, header, word) = (&token.device, token.number, token.header, if arrived { "yes" } else { "no" });
    let (id, role) = (person.id, person.role.name());
    let text = format!(
        "cardline hand-over resolved\nplant: p\ndevice: {device}\nnumber: {number}\nheader: {header}\narrived: {word}\nreason: looked\nperson: {id}\nrole: {role}\n"
    );
    let (device, signature) = (device.clone(), person.sign(&text));
    Entry::HandoverResolved(HandoverResolved { device, number, arrived, person: id.into(), role: person.role, reason: "looked".into(), signature, at: AT + 3 })
}

/// The people put into the register, in order, each allowed by the first.
pub(in crate::story) fn joined(people: &[Person]) -> Vec<Entry> {
    let joins = |(i, p): (usize, &Person)| {
        let (id, role, key, change) = (p.id, p.role, p.pair.pk.to_base64(), i + 1);
        let approval = (i > 0).then(|| {
            let by = &people[0];
            let text = format!("cardline person added\nplant: p\nchange: {change}\nperson: {id}\nname: N\nrole: {}\nkey: {key}\nby: {}\n", role.name(), by.id);
            Approval { person: by.id.into(), signature: by.sign(&text) }
        });
        Entry::PersonAdded(PersonAdded { person: id.into(), name: "N".into(), role, key, approval, at: AT })
    };
    people.iter().enumerate().map(joins).collect()
}

/// What is broken of I-24, I-27 and I-33; the people are put into the register first.
pub(in crate::story) fn broken(people: &[Person], entries: Vec<Entry>) -> Vec<String> {
    broken_of(&["I-24", "I-27", "I-33"], people, entries)
}

/// The same of other invariants.
pub(in crate::story) fn broken_of(ids: &[&str], people: &[Person], entries: Vec<Entry>) -> Vec<String> {
    let (mut story, mut proofs) = (Story::default(), Proofs::default());
    let all: Vec<Entry> = night().into_iter().chain(joined(people)).chain(entries).collect();
    for (seq, entry) in (1..).zip(&all) {
        story.tell(seq, entry, &mut proofs);
    }
    story.stock_settled(&mut proofs);
    let ours = proofs.findings().filter(|f| !f.ok && ids.contains(&f.id));
    ours.map(|f| format!("{} {}", f.id, f.detail.unwrap_or_default())).collect()
}

#[track_caller]
pub(in crate::story) fn only(entries: Vec<Entry>, why: &str) {
    let found = broken(&[], entries);
    assert!(found.len() == 1 && found[0].starts_with("I-27") && found[0].contains(why), "{why}: {found:?}");
}

const PDF: &str = "print/job-0001.pdf";
const SHEET: &str = "print/job-0001.sheet.json";

/// Two files handed over, one after the other.
fn two() -> (HandoverBegun, HandoverBegun, Vec<Entry>) {
    let first = begun("pr-1", 1, PDF, None);
    let second = begun("pr-1", 2, SHEET, Some(first.header));
    let all = vec![device("pr-1", "li", None), Entry::HandoverBegun(first.clone()), done("pr-1", 1), Entry::HandoverBegun(second.clone()), done("pr-1", 2)];
    (first, second, all)
}

/// The second token changed, its header made to fit.
fn second_with(change: impl Fn(&mut HandoverBegun)) -> Vec<Entry> {
    let (_, mut second, mut all) = two();
    change(&mut second);
    signed(&mut second);
    all[3] = Entry::HandoverBegun(second);
    all.truncate(4);
    all
}

#[test]
fn a_sound_chain_is_sound_and_a_token_without_its_end_is_no_violation() {
    let (_, _, mut all) = two();
    assert_eq!(broken(&[], all.clone()), Vec::<String>::new());
    all.truncate(4);
    assert_eq!(broken(&[], all), Vec::<String>::new());
}

#[test]
fn every_field_of_a_token_is_held_against_the_story() {
    only(second_with(|t| t.previous = None), "gap or a fork");
    only(second_with(|t| t.previous = Some(Digest([9; 32]))), "gap or a fork");
    only(second_with(|t| t.number = 3), "isn't the device's next");
    only(second_with(|t| t.file = file(PDF)), "handed over before");
    only(second_with(|t| t.file = file("encode/job-0001.txt")), "its device doesn't take");
    only(second_with(|t| t.file.digest = Digest([1; 32])), "a file its job hasn't");
    only(second_with(|t| t.cards = 2), "another number of cards");
    only(second_with(|t| t.manifest = Digest([8; 32])), "another manifest");
    only(second_with(|t| t.job = 2), "never made");
    only(second_with(|t| t.batch = BatchId::parse("B20250602-01").unwrap()), "isn't released");
    only(second_with(|t| t.not_after = AT), "without a time after it");
    let (_, mut second, mut all) = two();
    second.header = Digest([3; 32]);
    all.truncate(3);
    all.push(Entry::HandoverBegun(second));
    only(all, "another header");
}

#[test]
fn nothing_goes_out_while_a_hand_over_is_in_doubt_or_twice() {
    let (first, second, all) = two();
    let mut open = all.clone();
    open.remove(2);
    only(open[..3].to_vec(), "whose last hand-over is in doubt");
    // The same job to another device meanwhile.
    let other = vec![all[0].clone(), device("pr-2", "li", None), all[1].clone(), Entry::HandoverBegun(begun("pr-2", 1, SHEET, None))];
    only(other, "of a job that is in doubt");
    let twice = [&all[..], &[device("pr-2", "li", None), Entry::HandoverBegun(begun("pr-2", 1, PDF, None))]].concat();
    only(twice, "handed over before");
    only([&all[..], &[done("pr-1", 2)]].concat(), "not begun");
    let removed = Entry::DeviceRemoved(DeviceRemoved { device: "pr-1".into(), who: "li".into(), signature: None, at: AT });
    only(vec![all[0].clone(), removed, Entry::HandoverBegun(first)], "to a device that was removed");
    only(vec![Entry::HandoverBegun(second)], "never registered");
    only(vec![all[0].clone(), device("pr-1", "li", None)], "given before");
    let purged = Entry::BatchPurged(BatchPurged { batch: batch(), who: "li".into(), reason: "r".into(), at: AT });
    only(vec![all[0].clone(), purged, all[1].clone()], "was purged");
}

#[test]
fn two_people_settle_it_and_what_they_sign_is_verified() {
    let people = people();
    let [li, wu, cu] = &people;
    let first = begun("pr-1", 1, PDF, None);
    let start = vec![device("pr-1", "li", Some(li)), Entry::HandoverBegun(first.clone())];
    let told = |more: Vec<Entry>| broken(&people, [start.clone(), more].concat());
    let again = Entry::HandoverBegun(begun("pr-1", 2, PDF, None));
    let void = vec![said(&first, false, li), said(&first, false, wu), again.clone()];
    assert_eq!(told(void), Vec::<String>::new(), "not arrived: it may go out again, the chain as if it had not been");
    let arrived = vec![said(&first, true, li), said(&first, true, wu), Entry::HandoverBegun(begun("pr-1", 2, SHEET, Some(first.header)))];
    assert_eq!(told(arrived), Vec::<String>::new());
    let found = |more: Vec<Entry>, id: &str| told(more).iter().any(|f| f.starts_with(id));
    assert!(found(vec![said(&first, false, li), again.clone()], "I-27"), "one person is not enough");
    assert!(found(vec![said(&first, false, li), said(&first, false, li), again.clone()], "I-27"), "one person twice");
    assert!(found(vec![said(&first, false, li), said(&first, true, wu), again], "I-27"), "two who disagree");
    assert!(found(vec![said(&first, false, cu)], "I-24"), "a custodian has no word");
    assert!(found(vec![said(&first, false, &Person::new("li", Role::Supervisor))], "I-24"), "another key");
    let Entry::HandoverResolved(mut word) = said(&first, false, li) else { unreachable!() };
    word.arrived = true;
    assert!(found(vec![Entry::HandoverResolved(word)], "I-24"), "another word than was signed");
}

#[test]
fn in_a_plant_with_people_devices_and_hand_overs_take_who_may() {
    let people = people();
    let [li, wu, cu] = &people;
    let first = begun("pr-1", 1, PDF, None);
    assert_eq!(broken(&people, vec![device("pr-1", "cu", Some(cu)), Entry::HandoverBegun(first.clone())]), Vec::<String>::new());
    let found = |entries: Vec<Entry>| broken(&people, entries).iter().any(|f| f.starts_with("I-24"));
    assert!(found(vec![device("pr-1", "li", None)]), "signed by nobody");
    assert!(found(vec![device("pr-1", "wu", Some(wu))]), "an operator");
    assert!(found(vec![device("pr-1", "cu", Some(li))]), "in another's name");
    assert!(found(vec![device("pr-1", "li", Some(li)), Entry::HandoverBegun(HandoverBegun { who: "cu".into(), ..first })]), "handed over by a custodian");
}
