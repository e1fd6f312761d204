//! Deliveries told wrong, one way at a time, of a batch with two boxes and three letters, one place of which is void.

use card::{BatchId, BusinessType, Code, Digest, Keyed, Lane, Ordinal, Outcome, OutletCode, Reason};
use ledger::entry::*;

use super::*;
use crate::testing::applications::number;

const AT: Millis = 1_748_736_000_000;
const MANIFEST: Digest = Digest([7; 32]);
/// Whether mailed, and by which employer; the fourth is void.
const SENT: [(bool, Option<&str>); 7] = [(false, None), (false, None), (false, Some("E1")), (false, None), (true, None), (true, None), (true, None)];
const VOID: usize = 3;

fn batch() -> BatchId {
    BatchId::parse("B20250601-01").unwrap()
}

fn facts(n: usize, mail: bool) -> ledger::entry::Facts {
    let key = |family: u8| Keyed([n as u8, family, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
    let (business_type, lane, supersedes) = (BusinessType::New, Lane::Normal, None);
    let [document_key, ssn_key, likeness_key, content_key] = [1, 2, 3, 4].map(key);
    ledger::entry::Facts { business_type, lane, mail, document_key, ssn_key, likeness_key, content_key, supersedes }
}

fn arrived(n: usize, (mail, employer): (bool, Option<&str>)) -> [Entry; 2] {
    let package = n as u64;
    let received = PackageReceived {
        package,
        outlet: OutletCode::parse("WH-01").unwrap(),
        package_id: format!("P{n}"),
        sequence: package + 1,
        channel: if employer.is_some() { "employer" } else { "individual" }.into(),
        employer_code: employer.map(str::to_owned),
        manifest: Digest([0; 32]),
        signed_by: None,
        submitted_at: 0,
        received_at: 0,
        first_ordinal: Ordinal(package),
        count: 1,
        vault_path: String::new(),
        vault_digest: Digest([0; 32]),
        container: String::new(),
        reasons: Vec::new(),
    };
    let judged = JudgedApplication {
        ordinal: Ordinal(package),
        application_id: String::new(),
        outcome: Outcome::Accepted,
        reasons: Vec::new(),
        photo: Some(Digest([1; 32])),
        photo_validated: Some(Digest([1; 32])),
        facts: Some(facts(n, mail)),
    };
    let (vault_path, vault_digest) = (String::new(), Digest([0; 32]));
    [Entry::PackageReceived(received), Entry::Judged(Judged { package, first_row: 0, vault_path, vault_digest, applications: vec![judged], at: 0 })]
}

/// Everything up to the seal.
fn made() -> Vec<Entry> {
    let card = |n: usize| CutCard { ordinal: Ordinal(n as u64), number: number(n as u32), generation: 1 };
    let cut = BatchCut {
        batch: batch(),
        frozen_at: AT,
        release_id: Digest([0; 32]),
        profile: String::new(),
        cards_per_job: 500,
        numbers_next: vec![("H".into(), 100)],
        registers: Vec::new(),
        arrived_until: Ordinal(SENT.len() as u64),
        cards: (0..SENT.len()).map(card).collect(),
    };
    let spoilt = Moved {
        ordinal: Ordinal(VOID as u64),
        outcome: Outcome::Held,
        reasons: vec![Reason::new(Code::Out03, "", "")],
        cause: Cause::Spoilt,
        who: "cardline".into(),
        at: AT,
    };
    let records = (0..SENT.len()).map(|n| (n != VOID).then_some(Keyed([n as u8; 16]))).collect();
    let mut night: Vec<Entry> = SENT.iter().enumerate().flat_map(|(n, sent)| arrived(n, *sent)).collect();
    night.extend([
        Entry::BatchCut(cut),
        Entry::Moved(spoilt),
        Entry::JobMade(JobMade { batch: batch(), job: 1, files: Vec::new(), records }),
        Entry::BatchSealed(BatchSealed { batch: batch(), manifest: MANIFEST, cards: 6, void: 1, jobs: 1, bundles: 3, at: AT }),
    ]);
    night
}

fn night() -> Vec<Entry> {
    let mut night = made();
    night.push(Entry::BatchReleased(BatchReleased { batch: batch(), by: vec!["automatic".into()], manifest: MANIFEST, at: AT }));
    night.push(Entry::BatchDispatched(BatchDispatched { batch: batch(), files: Vec::new(), at: AT + 1 }));
    night
}

const LETTER: Order = Order::Mail { position: 4 };
const BOX: Order = Order::Bundle { number: 1, first: 0, last: 1 };
const EMPLOYER_BOX: Order = Order::Bundle { number: 2, first: 2, last: 2 };

fn line(order: Order, state: DeliveryState, at: Millis) -> DeliveryLine {
    let cause = (state != DeliveryState::Delivered).then_some(DeliveryCause::Refused);
    DeliveryLine { batch: batch(), order, state, cause, at: AT + at }
}

/// A file of its own at the time of its last line.
fn told(lines: &[DeliveryLine]) -> Entry {
    let at = lines.iter().map(|l| l.at).max().unwrap_or(AT);
    let file = Digest::of(format!("{at}{}", lines.len()).as_bytes());
    Entry::Deliveries(Told { file, lines: lines.to_vec(), who: "wu".into(), at })
}

fn received(position: u32, at: Millis) -> Entry {
    Entry::CardEvent(CardEvent { number: number(position), generation: 1, kind: CardEventKind::Received, who: "wu".into(), at: AT + at })
}

fn broken(night: Vec<Entry>, entries: Vec<Entry>) -> Vec<String> {
    let (mut story, mut proofs) = (Story::default(), Proofs::default());
    for (seq, entry) in (2..).zip(night.iter().chain(&entries)) {
        story.tell(seq, entry, &mut proofs);
    }
    let ours = proofs.findings().filter(|f| !f.ok && !["I-07", "I-09"].contains(&f.id));
    ours.map(|f| format!("{} {}", f.id, f.detail.unwrap_or_default())).collect()
}

#[track_caller]
fn sound(entries: Vec<Entry>) {
    assert_eq!(broken(night(), entries), Vec::<String>::new());
}

#[track_caller]
fn only(entries: Vec<Entry>, why: &str) {
    let found = broken(night(), entries);
    assert!(found.len() == 1 && found[0].starts_with("I-37") && found[0].contains(why), "{why}: {found:?}");
}

use DeliveryState::{Delivered, Failed, Returned};

#[test]
fn sound_deliveries_are_sound() {
    sound(vec![told(&[line(LETTER, Delivered, 2), line(BOX, Delivered, 3), line(EMPLOYER_BOX, Failed, 3)])]);
    sound(vec![told(&[line(LETTER, Failed, 2)]), told(&[line(LETTER, Failed, 3)]), told(&[line(LETTER, Delivered, 4)])]);
    sound(vec![told(&[line(BOX, Returned, 2)]), told(&[line(BOX, Delivered, 4)])]);
    sound(vec![told(&[line(LETTER, Returned, 2)]), received(4, 3), told(&[line(LETTER, Delivered, 4)])]);
    sound(vec![told(&[])]);
}

#[test]
fn a_line_is_of_something_the_batch_sent() {
    let mut other = line(LETTER, Delivered, 2);
    other.batch = BatchId::parse("B20250602-01").unwrap();
    only(vec![told(&[other])], "never cut");
    for position in [0, 2, 3, 7] {
        only(vec![told(&[line(Order::Mail { position }, Delivered, 2)])], "nothing this batch sent");
    }
    for (number, first, last) in [(1, 0, 2), (1, 1, 1), (2, 0, 1), (2, 2, 3), (3, 4, 6), (4, 4, 6), (0, 0, 1)] {
        only(vec![told(&[line(Order::Bundle { number, first, last }, Delivered, 2)])], "nothing this batch sent");
    }
    let early = told(&[line(LETTER, Delivered, 2)]);
    assert!(broken(made(), vec![early])[0].contains("not dispatched"));
    let spoiled = CardResult { number: number(4), result: MachineResult::Spoiled, card_identification: None, atr: None, box_position: None, failure: None };
    let results = Entry::Results(Results { batch: batch(), file: Digest([9; 32]), cards: vec![spoiled], at: AT + 1 });
    only(vec![results, told(&[line(LETTER, Delivered, 2)])], "nothing this batch sent");
}

#[test]
fn states_never_go_back_and_times_lie_in_order() {
    only(vec![told(&[line(LETTER, Delivered, 2)]), told(&[line(LETTER, Failed, 3)])], "after it was delivered");
    only(vec![told(&[line(BOX, Delivered, 2)]), told(&[line(BOX, Delivered, 3)])], "after it was delivered");
    only(vec![told(&[line(LETTER, Returned, 2)]), told(&[line(LETTER, Delivered, 3)])], "no outlet received it since");
    let again = vec![received(4, 2), told(&[line(LETTER, Returned, 3)]), told(&[line(LETTER, Delivered, 4)])];
    only(again, "no outlet received it since");
    let other = vec![told(&[line(LETTER, Returned, 2)]), received(5, 3), told(&[line(LETTER, Delivered, 4)])];
    only(other, "no outlet received it since");
    only(vec![told(&[line(LETTER, Delivered, 0)])], "before its dispatch");
    only(vec![told(&[line(LETTER, Failed, 5)]), told(&[line(LETTER, Delivered, 4), line(BOX, Delivered, 6)])], "before the line before it");
    let mut future = told(&[line(LETTER, Delivered, 5)]);
    if let Entry::Deliveries(e) = &mut future {
        e.at = AT + 4;
    }
    only(vec![future], "in the future");
}

#[test]
fn a_file_counts_once_says_one_thing_of_an_order_and_has_causes_where_it_must() {
    let file = told(&[line(LETTER, Failed, 2)]);
    only(vec![file.clone(), file], "counted twice");
    only(vec![told(&[line(LETTER, Failed, 2), line(LETTER, Delivered, 2)])], "said twice");
    let mut uncaused = line(LETTER, Failed, 2);
    uncaused.cause = None;
    only(vec![told(&[uncaused])], "a cause");
    let mut caused = line(LETTER, Delivered, 2);
    caused.cause = Some(DeliveryCause::Lost);
    only(vec![told(&[caused])], "a cause");
}

#[test]
fn deliveries_are_written_down_by_somebody_known() {
    let mut nobody = told(&[line(LETTER, Delivered, 2)]);
    if let Entry::Deliveries(e) = &mut nobody {
        e.who = " ".into();
    }
    let found = broken(night(), vec![nobody]);
    assert!(found.len() == 1 && found[0].starts_with("I-24"), "{found:?}");
}
