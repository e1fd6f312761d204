//! Histories over several nights, told without files.

use card::{BatchId, BusinessType, Code, Digest, Effect, Keyed, Lane, Ordinal, Outcome, OutletCode, Reason};
use ledger::entry::*;

use super::Story;
use crate::proof::{Invariant, Proofs};
use crate::testing::applications::number;

/// Tells stories of single applications, each in a package of its own.
#[derive(Default)]
pub(in crate::story) struct Teller {
    pub story: Story,
    pub proofs: Proofs,
    seq: u64,
}

impl Teller {
    pub fn tell(&mut self, entry: &Entry) {
        self.seq += 1;
        self.story.tell(self.seq, entry, &mut self.proofs);
    }

    pub fn broken(&self) -> Vec<&'static str> {
        self.proofs.findings().filter(|f| !f.ok).map(|f| f.id).collect()
    }

    /// An accepted application of a person.
    pub fn accepted(&mut self, person: u8, business_type: BusinessType, reasons: Vec<Reason>) -> Ordinal {
        let n = self.story.packages.len() as u64;
        let ordinal = Ordinal(n);
        self.tell(&Entry::PackageReceived(PackageReceived {
            package: n,
            outlet: OutletCode::parse("WH-01").unwrap(),
            package_id: format!("P{n}"),
            sequence: n + 1,
            channel: "individual".into(),
            employer_code: None,
            manifest: Digest([0; 32]),
            signed_by: None,
            submitted_at: 0,
            received_at: 0,
            first_ordinal: ordinal,
            count: 1,
            vault_path: String::new(),
            vault_digest: Digest([0; 32]),
            container: String::new(),
            reasons: Vec::new(),
        }));
        let key = |family: u8| Keyed([person, family, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        let facts = Facts {
            business_type,
            lane: Lane::Normal,
            mail: false,
            document_key: key(1),
            ssn_key: key(2),
            likeness_key: key(3),
            content_key: key(4),
            supersedes: None,
        };
        let photo = Some(Digest([person; 32]));
        let judged = JudgedApplication {
            ordinal,
            application_id: String::new(),
            outcome: Outcome::Accepted,
            reasons,
            photo,
            photo_validated: photo,
            facts: Some(facts),
        };
        self.tell(&Entry::Judged(Judged {
            package: n,
            first_row: 0,
            vault_path: String::new(),
            vault_digest: Digest([0; 32]),
            applications: vec![judged],
            at: 0,
        }));
        ordinal
    }

    /// A batch of these cards, made and sent.
    pub fn night(&mut self, day: u8, cards: &[(Ordinal, String, u32)]) {
        let batch = BatchId::parse(&format!("B202506{day:02}-01")).unwrap();
        let cut = cards.iter().map(|(ordinal, number, generation)| CutCard { ordinal: *ordinal, number: number.clone(), generation: *generation }).collect();
        self.tell(&Entry::BatchCut(BatchCut {
            batch: batch.clone(),
            frozen_at: 0,
            release_id: Digest([0; 32]),
            profile: String::new(),
            cards_per_job: 500,
            numbers_next: vec![("H".into(), 100)],
            registers: Vec::new(),
            arrived_until: Ordinal(self.story.applications.len() as u64),
            cards: cut,
        }));
        let records = cards.iter().map(|_| Some(Keyed([day; 16]))).collect();
        self.tell(&Entry::JobMade(JobMade { batch: batch.clone(), job: 1, files: Vec::new(), records }));
        let manifest = Digest([day; 32]);
        self.tell(&Entry::BatchSealed(BatchSealed { batch: batch.clone(), manifest, cards: cards.len() as u32, void: 0, jobs: 1, bundles: 0, at: 0 }));
        self.tell(&Entry::BatchReleased(BatchReleased { batch: batch.clone(), by: vec!["automatic".into()], manifest, at: 0 }));
        self.tell(&Entry::BatchDispatched(BatchDispatched { batch, files: Vec::new(), at: 0 }));
    }
}

#[test]
fn a_second_new_card_is_noticed_nights_later_and_a_replacement_is_none() {
    let mut t = Teller::default();
    let first = t.accepted(1, BusinessType::New, Vec::new());
    t.night(1, &[(first, number(0), 1)]);
    let replaced = t.accepted(1, BusinessType::ReplaceLost, Vec::new());
    t.night(2, &[(replaced, number(1), 1)]);
    assert_eq!(t.broken(), Vec::<&str>::new());
    let again = t.accepted(1, BusinessType::New, Vec::new());
    t.night(3, &[(again, number(2), 1)]);
    assert_eq!(t.broken(), ["I-08"]);
}

#[test]
fn a_second_new_card_a_person_has_allowed_is_no_violation() {
    let mut t = Teller::default();
    let first = t.accepted(1, BusinessType::New, Vec::new());
    t.night(1, &[(first, number(0), 1)]);
    let again = t.accepted(1, BusinessType::New, vec![Reason::with_effect(Code::Dup05, Effect::Warn, "x", "y")]);
    t.night(2, &[(again, number(1), 1)]);
    assert_eq!(t.broken(), Vec::<&str>::new());
}

#[test]
fn a_number_may_come_again_only_for_its_holder_and_in_the_next_generation() {
    let mut t = Teller::default();
    let first = t.accepted(1, BusinessType::New, Vec::new());
    t.night(1, &[(first, number(0), 1)]);
    let same = t.accepted(1, BusinessType::SameNumber, Vec::new());
    t.night(2, &[(same, number(0), 2)]);
    assert_eq!(t.broken(), Vec::<&str>::new());
    let other = t.accepted(2, BusinessType::SameNumber, Vec::new());
    t.night(3, &[(other, number(0), 3)]);
    assert_eq!(t.broken(), ["I-07"]);
    let older = t.accepted(1, BusinessType::SameNumber, Vec::new());
    let mut u = Teller { story: t.story, ..Teller::default() };
    u.night(4, &[(older, number(0), 1)]);
    assert_eq!(u.broken(), ["I-07"]);
}

#[test]
fn a_counter_that_goes_back_is_noticed() {
    let mut t = Teller::default();
    let first = t.accepted(1, BusinessType::New, Vec::new());
    t.night(1, &[(first, number(0), 1)]);
    t.story.counters.insert("H".into(), 101);
    let second = t.accepted(2, BusinessType::New, Vec::new());
    t.night(2, &[(second, number(1), 1)]);
    assert_eq!(t.broken(), ["I-09"]);
}

#[test]
fn a_package_is_received_once_under_its_id_and_sequence() {
    let mut t = Teller::default();
    t.accepted(1, BusinessType::New, Vec::new());
    t.story.package_ids.insert((OutletCode::parse("WH-01").unwrap(), "P1".into()), 0);
    t.accepted(2, BusinessType::New, Vec::new());
    assert_eq!(t.broken(), ["I-22"]);
}

#[test]
fn a_run_that_was_stopped_may_leave_packages_open_and_one_that_ended_well_may_not() {
    let started = |run, command: &str, resumes: Option<u64>| {
        Entry::RunStarted(RunStarted { run, command: command.into(), who: "op".into(), reason: Some("x".into()), resumes, release_id: Digest([0; 32]), at: 0 })
    };
    let ended = |run, exit| Entry::RunEnded(RunEnded { run, exit, at: 0 });
    let mut t = Teller::default();
    t.tell(&started(1, "run", None));
    t.accepted(1, BusinessType::New, Vec::new());
    t.tell(&ended(1, 75));
    assert!(t.story.is_unfinished());
    // The night side alone doesn't finish what intake began.
    t.tell(&started(2, "produce", Some(1)));
    t.tell(&ended(2, 0));
    assert_eq!(t.broken(), Vec::<&str>::new());
    t.tell(&started(3, "run", None));
    t.tell(&ended(3, 0));
    assert_eq!(t.broken(), ["I-32"]);
}

#[test]
fn the_first_violation_names_ids_only() {
    let mut t = Teller::default();
    let first = t.accepted(1, BusinessType::New, Vec::new());
    t.night(1, &[(first, number(0), 1), (first, number(1), 1)]);
    let found = t.proofs.findings().find(|f| f.id == "I-08").unwrap();
    assert_eq!(found.detail.as_deref(), Some("application #0 is its person's second in B20250601-01"));
    assert!(!t.proofs.check(Invariant::I08, false, String::new));
}
