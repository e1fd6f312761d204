//! Remakes folded: how many approvals count, where an application stands in the pool, what is owed, and all of it folded twice.

use std::sync::Arc;

use card::{BatchId, BusinessType, Digest, Keyed, Lane, Ordinal, Outcome, OutletCode};

use super::*;
use crate::entry::*;
use crate::index::MemIndex;
use crate::memory_disk::MemoryDisk;

const NUMBERS: [&str; 3] = ["H00000012", "H00000020", "H00000039"];

fn batch(n: u32) -> BatchId {
    BatchId::parse(&format!("B20250115-{n:02}")).unwrap()
}

fn key(n: u8) -> Keyed {
    Keyed([n; 16])
}

/// `person`: whose it is; applications of one person share document and social security number.
fn application(n: u8, person: u8, business_type: BusinessType) -> JudgedApplication {
    let facts = Facts {
        business_type,
        lane: Lane::Normal,
        mail: false,
        document_key: key(person),
        ssn_key: key(person + 50),
        likeness_key: key(person + 100),
        content_key: key(200 + n),
        supersedes: None,
    };
    JudgedApplication {
        ordinal: Ordinal(u64::from(n)),
        application_id: format!("A{n}"),
        outcome: Outcome::Accepted,
        reasons: Vec::new(),
        photo: None,
        photo_validated: None,
        facts: Some(facts),
    }
}

/// Three applications: of persons 1 and 2, and one of person 1 again, to replace the first card.
fn arrived() -> Vec<Entry> {
    let received = PackageReceived {
        package: 0,
        outlet: OutletCode::parse("WH-01").unwrap(),
        package_id: "P".into(),
        sequence: 1,
        channel: "individual".into(),
        employer_code: None,
        manifest: Digest([1; 32]),
        signed_by: None,
        submitted_at: 1,
        received_at: 1,
        first_ordinal: Ordinal(0),
        count: 3,
        vault_path: "vault/0".into(),
        vault_digest: Digest([2; 32]),
        container: "P".into(),
        reasons: Vec::new(),
    };
    let applications = vec![application(0, 1, BusinessType::New), application(1, 2, BusinessType::New), application(2, 1, BusinessType::ReplaceLost)];
    let judged = Judged { package: 0, first_row: 0, vault_path: "vault/1".into(), vault_digest: Digest([3; 32]), applications, at: 1 };
    vec![Entry::PackageReceived(received), Entry::Judged(judged)]
}

fn cut(n: u32, cards: &[(u64, usize, u32)]) -> Entry {
    let cards = cards.iter().map(|(o, number, generation)| CutCard { ordinal: Ordinal(*o), number: NUMBERS[*number].into(), generation: *generation });
    Entry::BatchCut(BatchCut {
        batch: batch(n),
        frozen_at: 1,
        release_id: Digest([4; 32]),
        profile: "p".into(),
        cards_per_job: 5,
        numbers_next: Vec::new(),
        registers: Vec::new(),
        arrived_until: Ordinal(3),
        cards: cards.collect(),
    })
}

fn result(n: u32, number: usize, result: MachineResult) -> Entry {
    let cards = vec![CardResult { number: NUMBERS[number].into(), result, card_identification: None, atr: None, box_position: None, failure: None }];
    Entry::Results(Results { batch: batch(n), file: Digest([n as u8 + 10 * result as u8; 32]), cards, at: 1 })
}

fn request(request: u32, who: &str, delivered: bool) -> Entry {
    let (number, cause) = (NUMBERS[0].to_owned(), RemakeCause::Spoiled);
    Entry::RemakeRequested(RemakeRequested { number, generation: 1, request, ordinal: Ordinal(0), cause, who: who.into(), delivered, report: None, at: 1 })
}

fn approve(request: u32, person: &str, role: Role) -> Entry {
    let (number, person) = (NUMBERS[0].to_owned(), person.to_owned());
    Entry::RemakeApproved(RemakeApproved { number, generation: 1, request, person, role, signature: "s".into(), at: 1 })
}

fn refuse(request: u32) -> Entry {
    let (number, because) = (NUMBERS[0].to_owned(), RemakeRefusal::Doubtful);
    Entry::RemakeRefused(RemakeRefused { number, generation: 1, request, because, person: "li".into(), role: Role::Supervisor, signature: "s".into(), at: 1 })
}

fn revoked(number: usize, by: (usize, u32)) -> Entry {
    let replaced_by = (NUMBERS[by.0].to_owned(), by.1);
    Entry::CardRevoked(CardRevoked { number: NUMBERS[number].into(), generation: 1, cause: RevocationCause::Remade, replaced_by, at: 1 })
}

fn told(entries: &[Entry]) -> Book {
    let mut book = Book::create(Arc::new(MemoryDisk::default()), Box::new(MemIndex::default()), "p").unwrap();
    for entry in arrived().iter().chain(entries) {
        book.record(entry).unwrap();
    }
    book
}

fn stage(book: &Book) -> Option<RemakeStage> {
    book.remake(NUMBERS[0], 1).unwrap().map(|r| r.stage)
}

#[test]
fn supervisors_count_once_each_and_the_requester_never() {
    let night = [cut(1, &[(0, 0, 1)]), result(1, 0, MachineResult::Spoiled)];
    let after = |words: &[Entry]| stage(&told(&[&night[..], words].concat()));
    let (li, chen, wu) = (approve(1, "li", Role::Supervisor), approve(1, "chen", Role::Supervisor), approve(1, "wu", Role::Operator));
    assert_eq!(after(&[]), None);
    assert_eq!(after(&[request(1, "cardline", false), wu.clone()]), Some(RemakeStage::Requested), "an operator's word doesn't count");
    assert_eq!(after(&[request(1, "cardline", false), li.clone()]), Some(RemakeStage::Approved));
    assert_eq!(after(&[request(1, "li", false), li.clone()]), Some(RemakeStage::Requested), "nobody approves what they asked for");
    assert_eq!(after(&[request(1, "wu", true), li.clone(), li.clone()]), Some(RemakeStage::Requested), "one person twice");
    assert_eq!(after(&[request(1, "wu", true), li.clone(), chen.clone()]), Some(RemakeStage::Approved));
    assert_eq!(after(&[request(1, "wu", true), li, refuse(1), chen]), Some(RemakeStage::Refused), "one refusal ends it");
}

#[test]
fn a_remake_is_first_in_the_pool_and_carries_its_parent_into_its_place() {
    let night = [cut(1, &[(1, 1, 1)]), result(1, 1, MachineResult::Spoiled)];
    let mut book = told(&night);
    assert_eq!(book.pool().unwrap(), [Ordinal(0), Ordinal(2)]);
    let named = |e: Entry| match e {
        Entry::RemakeRequested(r) => Entry::RemakeRequested(RemakeRequested { number: NUMBERS[1].into(), ordinal: Ordinal(1), ..r }),
        Entry::RemakeApproved(a) => Entry::RemakeApproved(RemakeApproved { number: NUMBERS[1].into(), ..a }),
        other => other,
    };
    book.record(&named(request(1, "cardline", false))).unwrap();
    assert_eq!(book.pool().unwrap(), [Ordinal(0), Ordinal(2)], "not before it is approved");
    book.record(&named(approve(1, "li", Role::Supervisor))).unwrap();
    assert_eq!(book.pool().unwrap(), [Ordinal(1), Ordinal(0), Ordinal(2)], "before those that came earlier");
    book.record(&cut(2, &[(1, 1, 2), (0, 0, 1)])).unwrap();
    let a = book.application(Ordinal(1)).unwrap().unwrap();
    assert_eq!((a.has_card(), a.remaking, a.places().count()), (true, false, 2));
    assert_eq!(a.place_in(&batch(1)).unwrap().remake_of, None);
    let parent = a.place_in(&batch(2)).unwrap().remake_of.clone().unwrap();
    assert_eq!((parent.number.as_str(), parent.generation, parent.batch), (NUMBERS[1], 1, batch(1)));
    assert_eq!(book.remake(NUMBERS[1], 1).unwrap().unwrap().made, Some((NUMBERS[1].to_owned(), 2)));
    assert_eq!(book.pool().unwrap(), [Ordinal(2)]);
}

#[test]
fn what_is_owed_stands_until_it_is_written_down() {
    let mut book = told(&[cut(1, &[(0, 0, 1)]), result(1, 0, MachineResult::Unknown)]);
    assert!(book.owed_requests().unwrap().is_empty(), "nobody knows");
    book.record(&result(1, 0, MachineResult::Spoiled)).unwrap();
    assert_eq!(book.owed_requests().unwrap(), [(NUMBERS[0].to_owned(), 1)]);
    book.record(&request(1, "cardline", false)).unwrap();
    assert!(book.owed_requests().unwrap().is_empty());
    let mut book = told(&[cut(1, &[(0, 0, 1), (1, 1, 1)]), result(1, 0, MachineResult::Good), cut(2, &[(2, 2, 1)])]);
    assert!(book.owed_revocations().unwrap().is_empty());
    book.record(&result(2, 2, MachineResult::Good)).unwrap();
    let owed = (NUMBERS[0].to_owned(), 1, NUMBERS[2].to_owned(), 1);
    assert_eq!(book.owed_revocations().unwrap(), [owed], "the person's older card, nobody else's");
    book.record(&revoked(0, (2, 1))).unwrap();
    assert!(book.owed_revocations().unwrap().is_empty() && book.revocations().unwrap().len() == 1);
    let spoiled = told(&[cut(1, &[(0, 0, 1)]), result(1, 0, MachineResult::Spoiled), cut(2, &[(2, 2, 1)]), result(2, 2, MachineResult::Good)]);
    assert!(spoiled.owed_revocations().unwrap().is_empty(), "a spoiled card is none");
}

#[test]
fn a_card_spoiled_at_a_reader_is_owed_a_request_only_if_it_may_be_on_its_blank() {
    let file = FileDigest { path: "encode/job-0001.cps".into(), len_bytes: 1, digest: Digest([5; 32]) };
    let begun = Entry::CardAttempted(CardAttempted {
        batch: batch(1),
        job: 1,
        position: 0,
        number: NUMBERS[0].into(),
        generation: 1,
        attempt: 1,
        file,
        reader: "R".into(),
        test_keys: false,
        who: "wu".into(),
        at: 1,
    });
    let owed = |end: Option<(AttemptResult, bool)>, words: &[Entry]| {
        let ended = end.map(|(result, written)| {
            Entry::AttemptEnded(AttemptEnded { number: NUMBERS[0].into(), generation: 1, attempt: 1, result, written, reason: None, at: 1 })
        });
        let night = [cut(1, &[(0, 0, 1)]), begun.clone()].into_iter().chain(ended).chain(words.iter().cloned());
        told(&night.collect::<Vec<_>>()).owed_requests().unwrap().len()
    };
    let said = |person: &str, role, good| {
        let (number, person) = (NUMBERS[0].to_owned(), person.to_owned());
        Entry::AttemptResolved(AttemptResolved { number, generation: 1, attempt: 1, good, person, role, reason: "seen".into(), signature: "s".into(), at: 1 })
    };
    assert_eq!(owed(Some((AttemptResult::Spoiled, true)), &[]), 1);
    assert_eq!(owed(Some((AttemptResult::Spoiled, false)), &[]), 0, "another blank may become it");
    assert_eq!([owed(None, &[]), owed(Some((AttemptResult::InDoubt, true)), &[]), owed(Some((AttemptResult::Good, true)), &[])], [0; 3]);
    let both = |good| [said("li", Role::Supervisor, good), said("wu", Role::Operator, good)];
    assert_eq!((owed(None, &both(false)), owed(None, &both(true)), owed(None, &both(false)[..1])), (1, 0, 0));
}

#[test]
fn folding_any_suffix_again_changes_nothing() {
    let entries = [
        cut(1, &[(0, 0, 1), (1, 1, 1)]),
        result(1, 0, MachineResult::Spoiled),
        request(1, "cardline", false),
        refuse(1),
        request(2, "wu", false),
        approve(2, "li", Role::Supervisor),
        cut(2, &[(0, 0, 2)]),
        result(2, 0, MachineResult::Good),
        revoked(0, (0, 2)),
    ];
    let first = arrived().len() as u64 + 1;
    for until in 0..=entries.len() {
        for from in 0..until {
            let mut book = told(&entries[..until]);
            let once = told(&entries[..until]);
            for (seq, entry) in (first..).zip(&entries[..until]).skip(from) {
                book.fold(seq, entry).unwrap();
            }
            assert_eq!(book.differences(&once).unwrap().0, 0, "entries {from}..{until}");
        }
    }
}

#[test]
fn a_courier_who_delivered_its_box_delivered_a_card_unless_it_was_spoiled() {
    let order = Order::Bundle { number: 1, first: 0, last: 0 };
    let line = |state, cause| {
        Entry::Deliveries(Deliveries {
            file: Digest([state as u8; 32]),
            lines: vec![DeliveryLine { batch: batch(1), order, state, cause, at: 2 }],
            who: "li".into(),
            at: 2,
        })
    };
    let was = |entries: &[Entry]| {
        let book = told(&[&[cut(1, &[(0, 0, 1)])], entries].concat());
        book.was_delivered(&book.card(NUMBERS[0], 1).unwrap().unwrap()).unwrap()
    };
    let (delivered, returned) = (line(DeliveryState::Delivered, None), line(DeliveryState::Returned, Some(DeliveryCause::Refused)));
    assert!(!was(&[]) && !was(&[returned]));
    assert!(was(std::slice::from_ref(&delivered)) && was(&[result(1, 0, MachineResult::Good), delivered.clone()]));
    assert!(!was(&[result(1, 0, MachineResult::Spoiled), delivered]), "it was in no box");
}
