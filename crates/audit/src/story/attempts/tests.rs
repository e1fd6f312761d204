//! Encoding told wrong, one way at a time, for the one card of the hand-overs' night.

use card::reason::Reason;
use card::{Code, Digest};
use ledger::entry::*;

use super::super::handovers::tests::{AT, Person, batch, begun, broken, file, people, signed};
use super::*;
use crate::testing::applications::number;

const TXT: &str = "encode/job-0001.txt";

fn attempted() -> CardAttempted {
    CardAttempted {
        batch: batch(),
        job: 1,
        position: 0,
        number: number(0),
        generation: 1,
        attempt: 1,
        file: file(TXT),
        reader: "R".into(),
        test_keys: false,
        who: "wu".into(),
        at: AT + 1,
    }
}

fn begins(change: impl Fn(&mut CardAttempted)) -> Entry {
    let mut e = attempted();
    change(&mut e);
    Entry::CardAttempted(e)
}

fn nth(attempt: u32) -> Entry {
    begins(|e| e.attempt = attempt)
}

fn end(attempt: u32, result: AttemptResult, written: bool, code: Option<Code>) -> Entry {
    let reason = code.map(|code| Reason::new(code, "v", "l"));
    Entry::AttemptEnded(AttemptEnded { number: number(0), generation: 1, attempt, result, written, reason, at: AT + 2 })
}

fn good(attempt: u32) -> Entry {
    end(attempt, AttemptResult::Good, true, None)
}

fn unwritten(attempt: u32) -> Entry {
    end(attempt, AttemptResult::Spoiled, false, Some(Code::Enc01))
}

fn said(good: bool, person: &Person) -> Entry {
    let (id, role, found, number) = (person.id, person.role.name(), if good { "good" } else { "spoiled" }, number(0));
    let text = format!(
        "cardline encoding resolved\nplant: p\ncard: {number}\ngeneration: 1\nattempt: 1\nfound: {found}\nreason: looked\nperson: {id}\nrole: {role}\n"
    );
    let (signature, role) = (person.sign(&text), person.role);
    Entry::AttemptResolved(AttemptResolved { number, generation: 1, attempt: 1, good, person: id.into(), role, reason: "looked".into(), signature, at: AT + 3 })
}

fn encoder(name: &str, sealed_only: bool) -> Entry {
    let recipient = format!("age1{name}");
    let (device, kind) = (name.into(), DeviceKind::Encoder);
    Entry::DeviceAdded(DeviceAdded { device, kind, recipient, sealed_only, who: "li".into(), signature: None, at: AT })
}

/// The encode file's token for that device.
fn token(name: &str) -> Entry {
    let mut token = begun(name, 1, TXT, None);
    signed(&mut token);
    Entry::HandoverBegun(token)
}

#[track_caller]
fn sound(entries: Vec<Entry>) {
    assert_eq!(broken(&[], entries), Vec::<String>::new());
}

#[track_caller]
fn only(entries: Vec<Entry>, why: &str) {
    let found = broken(&[], entries);
    assert!(found.len() == 1 && found[0].starts_with("I-33") && found[0].contains(why), "{why}: {found:?}");
}

#[test]
fn sound_stories_are_sound_and_an_attempt_without_its_end_is_no_violation() {
    sound(vec![nth(1)]);
    sound(vec![nth(1), good(1)]);
    sound(vec![nth(1), unwritten(1), nth(2), unwritten(2), nth(3), good(3)]);
    sound(vec![nth(1), end(1, AttemptResult::InDoubt, true, Some(Code::Enc07))]);
    sound(vec![encoder("en-1", false), nth(1)]);
    sound(vec![encoder("en-1", true), encoder("en-2", false), nth(1), good(1)]);
}

#[test]
fn every_field_of_an_attempt_is_held_against_the_story() {
    only(vec![begins(|e| e.batch = BatchId::parse("B20250602-01").unwrap())], "isn't released");
    only(vec![begins(|e| e.job = 2)], "never made");
    only(vec![begins(|e| e.position = 1)], "another card than its place has");
    only(vec![begins(|e| e.number = number(1))], "another card than its place has");
    only(vec![begins(|e| e.generation = 2)], "another card than its place has");
    only(vec![begins(|e| e.file = file("print/job-0001.pdf"))], "a file its job hasn't");
    only(vec![begins(|e| e.file.digest = Digest([1; 32]))], "a file its job hasn't");
    only(vec![nth(2)], "isn't the card's next");
    only(vec![nth(0)], "isn't the card's next");
    let purged = Entry::BatchPurged(BatchPurged { batch: batch(), who: "li".into(), reason: "r".into(), at: AT });
    only(vec![purged, nth(1)], "was purged");
}

#[test]
fn a_card_is_made_once_and_what_is_on_a_blank_stays_there() {
    only(vec![nth(1), good(1), nth(2)], "at a card that is good");
    only(vec![nth(1), nth(2)], "at a card that is in doubt");
    only(vec![nth(1), end(1, AttemptResult::InDoubt, false, Some(Code::Enc07)), nth(2)], "at a card that is in doubt");
    only(vec![nth(1), end(1, AttemptResult::Spoiled, true, Some(Code::Enc05)), nth(2)], "spoiled and on its blank");
    let spoilt = [nth(1), unwritten(1), nth(2), unwritten(2), nth(3), unwritten(3)];
    only([&spoilt[..], &[nth(4)]].concat(), "beyond the last");
}

#[test]
fn an_end_follows_its_attempt_once_with_a_reason_of_its_kind() {
    only(vec![good(1)], "wasn't attempted");
    only(vec![nth(1), good(2)], "wasn't attempted");
    only(vec![nth(1), good(1), unwritten(1)], "ended before");
    for wrong in [
        end(1, AttemptResult::Good, false, None),
        end(1, AttemptResult::Good, true, Some(Code::Enc05)),
        end(1, AttemptResult::Spoiled, true, None),
        end(1, AttemptResult::Spoiled, true, Some(Code::Enc07)),
        end(1, AttemptResult::InDoubt, true, Some(Code::Enc04)),
    ] {
        only(vec![nth(1), wrong], "a reason that isn't one of such an end");
    }
}

#[test]
fn a_job_goes_one_way_only() {
    only(vec![encoder("en-1", false), token("en-1"), nth(1)], "went to a device");
    only(vec![encoder("en-1", false), nth(1), token("en-1")], "encoded here");
    only(vec![encoder("en-1", true), nth(1)], "take envelopes only");
    let removed = Entry::DeviceRemoved(DeviceRemoved { device: "en-1".into(), who: "li".into(), signature: None, at: AT });
    sound(vec![encoder("en-1", true), removed, nth(1)]);
}

#[test]
fn two_people_settle_a_card_and_what_they_sign_is_verified() {
    let people = people();
    let [li, wu, cu] = &people;
    let doubt = [nth(1), end(1, AttemptResult::InDoubt, false, Some(Code::Enc07))];
    let told = |more: Vec<Entry>| broken(&people, [&doubt[..], &more].concat());
    assert_eq!(told(vec![said(false, li), said(false, wu), nth(2)]), Vec::<String>::new(), "spoiled, and nothing was on it");
    assert_eq!(told(vec![said(true, li), said(true, wu)]), Vec::<String>::new());
    let found = |more: Vec<Entry>, id: &str| told(more).iter().any(|f| f.starts_with(id));
    assert!(found(vec![said(true, li), said(true, wu), nth(2)], "I-33"), "it is good");
    assert!(found(vec![said(false, li), nth(2)], "I-33"), "one person is not enough");
    assert!(found(vec![said(false, li), said(false, li)], "I-33"), "one person twice");
    assert!(found(vec![said(false, li), said(true, wu), nth(2)], "I-33"), "two who disagree");
    assert!(found(vec![said(false, cu)], "I-24"), "a custodian has no word");
    let Entry::AttemptResolved(mut word) = said(false, li) else { unreachable!() };
    word.good = true;
    assert!(found(vec![Entry::AttemptResolved(word)], "I-24"), "another word than was signed");
    let without_end = [nth(1), said(false, li), said(false, wu), nth(2)];
    assert!(broken(&people, without_end.to_vec()).iter().any(|f| f.contains("on its blank")), "nobody knows that nothing was written");
    let settled = [&doubt[..], &[said(true, li), said(true, wu), said(true, li)]].concat();
    assert!(broken(&people, settled).iter().any(|f| f.contains("isn't in doubt")));
    let late = [nth(1), said(false, li), good(1)];
    assert!(broken(&people, late.to_vec()).iter().any(|f| f.contains("after people had a word")));
}

#[test]
fn in_a_plant_with_people_encoding_takes_who_may() {
    let people = people();
    assert_eq!(broken(&people, vec![nth(1)]), Vec::<String>::new());
    assert!(broken(&people, vec![begins(|e| e.who = "cu".into())]).iter().any(|f| f.starts_with("I-24")), "a custodian");
}
