//! A photo against all earlier ones: whose picture it was, and whether a new one is due. On a book made entry by entry.

use std::sync::Arc;

use card::{BatchId, BusinessType, Code, Digest, Effect, Keyed, Lane, Ordinal, Outcome, OutletCode, Profile};
use jiff::civil::date;
use ledger::book::Book;
use ledger::entry::{BatchCut, CutCard, Entry, Facts, Judged, JudgedApplication, Millis, PackageReceived};
use ledger::index::MemIndex;
use line::validate::neighbours::{Candidate, Finding, Neighbourhood};
use line::validate::stored::Nearest;
use testkit::world::SimDisk;

/// 2026-11-22T14:00:00Z.
const NOW: Millis = 1_795_356_000_000;
const DAY: Millis = 86_400_000;

fn key(n: u8) -> Keyed {
    Keyed::of(&[0; 32], "k", &[&[n]])
}

/// What is known of person `n`; a renewal, so that an earlier card alone is nothing wrong.
fn facts(n: u8) -> Facts {
    Facts {
        business_type: BusinessType::RenewPermit,
        lane: Lane::Normal,
        mail: false,
        document_key: key(n),
        ssn_key: key(100 + n),
        likeness_key: key(200 - n),
        content_key: key(250 - n),
        supersedes: None,
    }
}

fn judged(ordinal: u64, photo: u8, facts: Option<Facts>) -> JudgedApplication {
    JudgedApplication {
        ordinal: Ordinal(ordinal),
        application_id: format!("A-{ordinal}"),
        outcome: Outcome::Accepted,
        reasons: Vec::new(),
        photo: Some(Digest([photo; 32])),
        photo_validated: Some(Digest([photo + 100; 32])),
        facts,
    }
}

/// A book in which package 0 came `days_ago` with one application a person: the first of person 1 with photo 1, and so on.
fn book(days_ago: i64, persons: &[Option<u8>]) -> Book {
    let mut book = Book::create(Arc::new(SimDisk::default()), Box::new(MemIndex::default()), "p").unwrap_or_else(|e| panic!("{e}"));
    let at = NOW - days_ago * DAY;
    let received = PackageReceived {
        package: 0,
        outlet: OutletCode::parse("WH-01").unwrap(),
        package_id: "P0".into(),
        sequence: 1,
        channel: "individual".into(),
        employer_code: None,
        manifest: Digest([0; 32]),
        signed_by: None,
        submitted_at: at,
        received_at: at,
        first_ordinal: Ordinal(0),
        count: persons.len() as u32,
        vault_path: "vault/00000000/contents.seg".into(),
        vault_digest: Digest([0; 32]),
        container: "p.zip".into(),
        reasons: Vec::new(),
    };
    let applications = (0..).zip(persons).map(|(i, person)| judged(i, i as u8 + 1, person.map(facts))).collect();
    let vault_path = "vault/00000000/records-00000.rec".into();
    let chunk = Judged { package: 0, first_row: 0, vault_path, vault_digest: Digest([0; 32]), applications, at };
    for entry in [Entry::PackageReceived(received), Entry::Judged(chunk)] {
        book.record(&entry).unwrap_or_else(|e| panic!("{e}"));
    }
    book
}

/// The first application's card is made.
fn with_card(mut book: Book) -> Book {
    let cut = BatchCut {
        batch: BatchId::parse("B20260101-01").unwrap(),
        frozen_at: NOW,
        release_id: Digest([0; 32]),
        profile: "p".into(),
        cards_per_job: 1,
        numbers_next: Vec::new(),
        registers: Vec::new(),
        arrived_until: Ordinal(1),
        cards: vec![CutCard { ordinal: Ordinal(0), number: "H00000000".into(), generation: 1 }],
    };
    book.record(&Entry::BatchCut(cut)).unwrap_or_else(|e| panic!("{e}"));
    book
}

fn near(ordinal: u64, bits: u32) -> Nearest {
    Nearest { ordinal: Ordinal(ordinal), bits }
}

/// Somebody who sends photo 9 today.
struct Sender<'a> {
    person: u8,
    photo: u8,
    alike: &'a [Nearest],
    pending: &'a [JudgedApplication],
}

impl Sender<'_> {
    fn looks_around(&self, book: &Book, profile: &Profile) -> Finding {
        let (photo, validated) = (Digest([self.photo; 32]), Digest([self.photo + 100; 32]));
        let outlet = OutletCode::parse("WH-02").unwrap();
        let candidate = Candidate {
            outlet: &outlet,
            application_id: "B-1",
            facts: &facts(self.person),
            photo: Some(&photo),
            photo_validated: Some(&validated),
            alike: self.alike,
            pending: self.pending,
            received_at: NOW,
            old_card_number: None,
            package_from: Ordinal(10),
            permit_event_on: None,
        };
        let day_of = |at| line::plan::civil_day(at, 480);
        Neighbourhood { book, profile, at: NOW, day_of: &day_of }.look_around(&candidate).unwrap_or_else(|e| panic!("{e}"))
    }
}

fn profile() -> Profile {
    Profile::built_in("hubei-foreigner-2025", date(2026, 11, 22)).unwrap()
}

fn said(found: &Finding) -> Vec<(Code, Effect, &str, &str)> {
    found.reasons.iter().map(|r| (r.code, r.effect, r.value.as_str(), r.limit.as_str())).collect()
}

#[test]
fn a_picture_that_came_with_another_person_is_warned_about_and_names_nobody() {
    let book = book(1, &[Some(1), Some(2), None]);
    let one = |alike: &[Nearest]| Sender { person: 9, photo: 9, alike, pending: &[] }.looks_around(&book, &profile());
    let found = one(&[near(0, 24)]);
    assert_eq!(said(&found), [(Code::Dup10, Effect::Warn, "24 bits", "more than 24 bits")]);
    assert_eq!((found.same_picture, found.moves.len()), (Some(near(0, 24)), 0), "the earlier one isn't touched");
    assert!(said(&one(&[near(0, 25)])).is_empty(), "beyond the limit");
    assert!(said(&one(&[near(2, 0)])).is_empty(), "what was never understood is nobody else's");
    assert_eq!(one(&[near(2, 0), near(1, 3), near(0, 4)]).same_picture, Some(near(1, 3)), "the nearest of another person");
}

#[test]
fn ones_own_picture_and_the_very_same_file_are_no_matter_of_likeness() {
    let book = book(1, &[Some(1)]);
    let alike = &[near(0, 0)][..];
    assert!(said(&Sender { person: 1, photo: 9, alike, pending: &[] }.looks_around(&book, &profile())).iter().all(|r| r.0 == Code::Dup03));
    let same_file = Sender { person: 9, photo: 1, alike, pending: &[] }.looks_around(&book, &profile());
    assert_eq!(same_file.reasons.iter().map(|r| r.code).collect::<Vec<_>>(), [Code::Dup07]);
}

#[test]
fn rows_of_the_package_that_arent_written_down_yet_count_too() {
    let book = book(1, &[]);
    let pending = [judged(10, 4, Some(facts(4)))];
    let found = Sender { person: 9, photo: 9, alike: &[near(10, 5)], pending: &pending }.looks_around(&book, &profile());
    assert_eq!(found.same_picture, Some(near(10, 5)));
    let unknown = Sender { person: 9, photo: 9, alike: &[near(10, 5)], pending: &[] }.looks_around(&book, &profile());
    assert!(said(&unknown).is_empty());
}

#[test]
fn another_profile_may_hold_for_it_or_ask_for_more_likeness() {
    let book = book(1, &[Some(1)]);
    let mut strict = profile();
    strict.effects.insert("DUP-10".into(), Effect::Hold);
    strict.photo.face.as_mut().unwrap().same_picture_bits_max = 10;
    let one = |bits| Sender { person: 9, photo: 9, alike: &[near(0, bits)], pending: &[] }.looks_around(&book, &strict);
    assert_eq!(said(&one(10)), [(Code::Dup10, Effect::Hold, "10 bits", "more than 10 bits")]);
    assert!(said(&one(11)).is_empty());
}

#[test]
fn the_photo_of_the_previous_card_is_held_once_it_cant_be_recent_any_more() {
    let told = |days_ago: i64, photo: u8, alike: &[Nearest], made: bool| {
        let book = book(days_ago, &[Some(1)]);
        let book = if made { with_card(book) } else { book };
        let found = Sender { person: 1, photo, alike, pending: &[] }.looks_around(&book, &profile());
        found.reasons.iter().filter(|r| r.code == Code::Pho40).map(|r| (r.effect, r.value.clone(), r.limit.clone())).collect::<Vec<_>>()
    };
    let due = vec![(Effect::Hold, "received 2026-05-21".to_owned(), "2026-05-22 or later".to_owned())];
    // Six months before the 22nd of November is the 22nd of May, 184 days.
    assert_eq!(told(185, 1, &[], true), due, "the very same file");
    assert_eq!(told(184, 1, &[], true), [], "it may be six months old");
    assert_eq!(told(185, 9, &[near(0, 24)], true), due, "the same picture");
    assert_eq!(told(185, 9, &[near(0, 25)], true), []);
    assert_eq!(told(185, 9, &[], true), [], "a new photo");
    assert_eq!(told(185, 1, &[], false), [], "no card was made with it");
}

#[test]
fn metadata_makes_no_new_photo() {
    let book = with_card(book(200, &[Some(1)]));
    let outlet = OutletCode::parse("WH-02").unwrap();
    let (sent, validated) = (Digest([77; 32]), Digest([101; 32]));
    let own = facts(1);
    let candidate = Candidate {
        outlet: &outlet,
        application_id: "B-1",
        facts: &own,
        photo: Some(&sent),
        photo_validated: Some(&validated),
        alike: &[],
        pending: &[],
        received_at: NOW,
        old_card_number: None,
        package_from: Ordinal(10),
        permit_event_on: None,
    };
    let day_of = |at| line::plan::civil_day(at, 480);
    let found = Neighbourhood { book: &book, profile: &profile(), at: NOW, day_of: &day_of }.look_around(&candidate).unwrap_or_else(|e| panic!("{e}"));
    assert!(found.reasons.iter().any(|r| r.code == Code::Pho40));
}
