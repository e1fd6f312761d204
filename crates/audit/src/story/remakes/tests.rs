//! Remakes and revocations told wrong, one way at a time. Only what is about them is looked at; results come without files.

use card::{BatchId, Digest, Keyed, Ordinal};
use ledger::entry::*;

use super::super::handovers::tests::{AT, Person, joined};
use super::super::tests::Teller;
use super::*;
use crate::testing::applications::number;

/// li and chen (supervisors), wu (operator), and one application with a card in batch 1.
struct Tale {
    t: Teller,
    people: [Person; 3],
    ordinal: Ordinal,
}

fn requested() -> RemakeRequested {
    let (who, cause) = (CARDLINE.to_owned(), RemakeCause::Spoiled);
    RemakeRequested { number: number(0), generation: 1, request: 1, ordinal: Ordinal(0), cause, who, delivered: false, report: None, at: AT }
}

fn lost() -> RemakeRequested {
    RemakeRequested { cause: RemakeCause::Lost, who: "wu".into(), delivered: true, report: Some(Keyed([3; 16])), ..requested() }
}

impl Tale {
    fn new() -> Self {
        let people = [Person::new("li", Role::Supervisor), Person::new("chen", Role::Supervisor), Person::new("wu", Role::Operator)];
        let mut t = Teller::default();
        t.tell(&Entry::PlantCreated(PlantCreated { plant_id: "p".into(), program: "t".into(), at: AT }));
        joined(&people).iter().for_each(|e| t.tell(e));
        let ordinal = t.accepted(1, BusinessType::New, Vec::new());
        t.night(1, &[(ordinal, number(0), 1)]);
        Self { t, people, ordinal }
    }

    fn spoiled() -> Self {
        Self::new().result(1, 0, MachineResult::Spoiled)
    }

    fn delivered() -> Self {
        Self::new().result(1, 0, MachineResult::Good).event(0, 1, CardEventKind::Received)
    }

    fn told(mut self, entry: Entry) -> Self {
        self.t.tell(&entry);
        self
    }

    fn result(self, day: u8, n: u32, result: MachineResult) -> Self {
        let cards = vec![CardResult { number: number(n), result, card_identification: None, atr: None, box_position: None, failure: None }];
        let batch = BatchId::parse(&format!("B202506{day:02}-01")).unwrap();
        self.told(Entry::Results(Results { batch, file: Digest([day, n as u8, result as u8, 0].repeat(8).try_into().unwrap()), cards, at: AT }))
    }

    fn event(self, n: u32, generation: u32, kind: CardEventKind) -> Self {
        self.told(Entry::CardEvent(CardEvent { number: number(n), generation, kind, who: "wu".into(), at: AT }))
    }

    fn asked(self, e: RemakeRequested) -> Self {
        self.told(Entry::RemakeRequested(e))
    }

    /// A person's approval of a request; `signed` by another one's key where one is named.
    fn approval(&self, e: &RemakeRequested, person: usize, signed: usize) -> RemakeApproved {
        let p = &self.people[person];
        let text = text("p", "approved", "", e, p.id, p.role);
        let (number, generation, request) = (e.number.clone(), e.generation, e.request);
        RemakeApproved { number, generation, request, person: p.id.into(), role: p.role, signature: self.people[signed].sign(&text), at: AT }
    }

    fn approved(self, e: &RemakeRequested, person: usize) -> Self {
        let word = self.approval(e, person, person);
        self.told(Entry::RemakeApproved(word))
    }

    fn refused(self, e: &RemakeRequested, person: usize) -> Self {
        let p = &self.people[person];
        let signature = p.sign(&text("p", "refused", "because: doubtful\n", e, p.id, p.role));
        let (number, generation, request, because) = (e.number.clone(), e.generation, e.request, RemakeRefusal::Doubtful);
        let word = RemakeRefused { number, generation, request, because, person: p.id.into(), role: p.role, signature, at: AT };
        self.told(Entry::RemakeRefused(word))
    }

    fn night(mut self, day: u8, n: u32, generation: u32) -> Self {
        self.t.night(day, &[(self.ordinal, number(n), generation)]);
        self
    }

    fn revoked(self, n: u32, cause: RevocationCause, by: (u32, u32)) -> Self {
        self.told(Entry::CardRevoked(CardRevoked { number: number(n), generation: 1, cause, replaced_by: (number(by.0), by.1), at: AT }))
    }

    fn run_ends(self) -> Self {
        let (command, who, release_id) = ("run".to_owned(), "op".to_owned(), Digest([0; 32]));
        let started = RunStarted { run: 1, command, who, reason: None, resumes: None, release_id, at: AT };
        self.told(Entry::RunStarted(started)).told(Entry::RunEnded(RunEnded { run: 1, exit: 0, at: AT }))
    }

    #[track_caller]
    fn is(&self, wanted: &[&str]) {
        let ours = ["I-03", "I-07", "I-08", "I-09", "I-22", "I-24", "I-29"];
        let found: Vec<_> = self.t.proofs.findings().filter(|f| !f.ok && ours.contains(&f.id)).collect();
        assert_eq!(found.iter().map(|f| f.id).collect::<Vec<_>>(), wanted, "{found:?}");
    }
}

#[test]
fn a_card_its_courier_delivered_is_delivered_and_a_spoiled_one_is_not() {
    let boxed = |t: Tale| {
        let (order, state) = (Order::Bundle { number: 1, first: 0, last: 0 }, DeliveryState::Delivered);
        let line = DeliveryLine { batch: BatchId::parse("B20250601-01").unwrap(), order, state, cause: None, at: AT };
        t.told(Entry::Deliveries(Deliveries { file: Digest([1; 32]), lines: vec![line], who: "wu".into(), at: AT }))
    };
    boxed(Tale::new().result(1, 0, MachineResult::Good)).asked(lost()).is(&[]);
    boxed(Tale::new().result(1, 0, MachineResult::Good)).asked(RemakeRequested { delivered: false, report: None, ..lost() }).is(&["I-08"]);
    boxed(Tale::spoiled()).asked(requested()).is(&[]);
    boxed(Tale::spoiled()).asked(RemakeRequested { who: "wu".into(), delivered: true, report: Some(Keyed([3; 16])), ..requested() }).is(&["I-08"]);
}

#[test]
fn a_remake_told_as_it_goes_is_sound() {
    let r = requested();
    let t = Tale::spoiled().asked(r.clone()).approved(&r, 0).night(2, 0, 2).result(2, 0, MachineResult::Good);
    t.revoked(0, RevocationCause::Remade, (0, 2)).run_ends().is(&[]);
    let r = lost();
    let t = Tale::delivered().asked(r.clone()).approved(&r, 0).approved(&r, 1).night(2, 1, 1).result(2, 1, MachineResult::Good);
    t.revoked(0, RevocationCause::Remade, (1, 1)).run_ends().is(&[]);
    let again = RemakeRequested { request: 2, who: "wu".into(), ..requested() };
    let t = Tale::spoiled().asked(requested()).refused(&requested(), 0).asked(again.clone());
    t.approved(&again, 1).night(2, 0, 2).run_ends().is(&[]);
}

#[test]
fn a_card_made_again_without_as_many_approvals_as_it_needs_is_noticed() {
    Tale::spoiled().night(2, 0, 2).is(&["I-22"]);
    Tale::spoiled().asked(requested()).night(2, 0, 2).is(&["I-22"]);
    let r = lost();
    Tale::delivered().asked(r.clone()).approved(&r, 0).night(2, 1, 1).is(&["I-22"]);
    Tale::delivered().asked(r.clone()).approved(&r, 0).approved(&r, 0).night(2, 1, 1).is(&["I-22", "I-24"]);
    Tale::delivered().asked(r.clone()).approved(&r, 0).approved(&r, 2).night(2, 1, 1).is(&["I-22", "I-24"]);
    let mine = RemakeRequested { who: "li".into(), ..requested() };
    Tale::spoiled().asked(mine.clone()).approved(&mine, 0).is(&["I-24"]);
    Tale::spoiled().asked(requested()).refused(&requested(), 0).night(2, 0, 2).is(&["I-22"]);
}

#[test]
fn a_word_signed_by_another_or_for_another_request_is_noticed() {
    let t = Tale::spoiled().asked(requested());
    let word = t.approval(&requested(), 0, 1);
    t.told(Entry::RemakeApproved(word)).is(&["I-24"]);
    for other in [
        RemakeRequested { cause: RemakeCause::Lost, ..requested() },
        RemakeRequested { who: "wu".into(), ..requested() },
        RemakeRequested { delivered: true, ..requested() },
        RemakeRequested { report: Some(Keyed([1; 16])), ..requested() },
    ] {
        Tale::spoiled().asked(requested()).approved(&other, 0).is(&["I-24"]);
    }
    Tale::spoiled().asked(requested()).approved(&requested(), 0).refused(&requested(), 1).is(&["I-24"]);
    Tale::spoiled().approved(&requested(), 0).is(&["I-24"]);
}

#[test]
fn a_request_for_what_may_not_be_made_again_is_noticed() {
    let by_wu = |cause| RemakeRequested { cause, who: "wu".into(), ..requested() };
    Tale::new().asked(requested()).is(&["I-08"]);
    Tale::new().asked(by_wu(RemakeCause::Lost)).is(&["I-08"]);
    Tale::new().result(1, 0, MachineResult::Unknown).asked(requested()).is(&["I-08"]);
    Tale::new().result(1, 0, MachineResult::Good).asked(by_wu(RemakeCause::Spoiled)).is(&["I-08"]);
    Tale::delivered().asked(RemakeRequested { report: None, ..lost() }).is(&["I-08"]);
    Tale::delivered().asked(RemakeRequested { delivered: false, ..lost() }).is(&["I-08"]);
    Tale::delivered().asked(RemakeRequested { who: CARDLINE.into(), ..lost() }).is(&["I-24"]);
    Tale::spoiled().asked(RemakeRequested { who: "nobody".into(), ..requested() }).is(&["I-24"]);
    Tale::spoiled().asked(RemakeRequested { request: 2, ..requested() }).is(&["I-08"]);
    Tale::spoiled().asked(RemakeRequested { generation: 2, ..requested() }).is(&["I-08"]);
    Tale::spoiled().asked(requested()).asked(RemakeRequested { request: 2, ..requested() }).is(&["I-08"]);
    let r = requested();
    let made = || Tale::spoiled().asked(r.clone()).approved(&r, 0).night(2, 0, 2);
    made().asked(RemakeRequested { request: 2, ..requested() }).is(&["I-08"]);
    made().event(0, 1, CardEventKind::Received).is(&["I-22"]);
}

#[test]
fn a_card_revoked_too_early_twice_or_for_another_is_noticed_and_one_that_was_not() {
    let r = lost();
    let made = || Tale::delivered().asked(r.clone()).approved(&r, 0).approved(&r, 1).night(2, 1, 1);
    made().revoked(0, RevocationCause::Remade, (1, 1)).is(&["I-08"]);
    let good = || made().result(2, 1, MachineResult::Good);
    good().run_ends().is(&["I-08"]);
    good().revoked(0, RevocationCause::Remade, (0, 1)).is(&["I-08"]);
    good().revoked(1, RevocationCause::Remade, (1, 1)).is(&["I-08"]);
    good().revoked(0, RevocationCause::Remade, (2, 1)).is(&["I-08"]);
    good().revoked(0, RevocationCause::Remade, (1, 1)).revoked(0, RevocationCause::Remade, (1, 1)).is(&["I-08"]);
    good().revoked(0, RevocationCause::Remade, (1, 1)).event(0, 1, CardEventKind::Collected).is(&["I-22"]);
    made().result(2, 1, MachineResult::Spoiled).run_ends().is(&[]);
}

#[test]
fn a_replacement_that_is_good_ends_the_card_before_it() {
    let replaced = |person| {
        let mut tale = Tale::delivered();
        let ordinal = tale.t.accepted(person, BusinessType::ReplaceLost, Vec::new());
        tale.t.night(2, &[(ordinal, number(1), 1)]);
        tale.result(2, 1, MachineResult::Good)
    };
    replaced(1).revoked(0, RevocationCause::Replaced, (1, 1)).run_ends().is(&[]);
    replaced(1).run_ends().is(&["I-08"]);
    replaced(2).run_ends().is(&[]);
    replaced(2).revoked(0, RevocationCause::Replaced, (1, 1)).is(&["I-08"]);
}

#[test]
fn a_package_is_not_purged_while_a_remake_waits() {
    let purge = Entry::PackagePurged(PackagePurged { package: 0, who: "li".into(), reason: "days".into(), at: AT });
    let answered = || Entry::PackageAnswered(PackageAnswered { package: 0, files: Vec::new(), at: AT });
    let r = requested();
    Tale::spoiled().told(answered()).asked(r.clone()).told(purge.clone()).is(&["I-29"]);
    Tale::spoiled().told(answered()).asked(r.clone()).approved(&r, 0).told(purge.clone()).is(&["I-29"]);
    Tale::spoiled().told(answered()).asked(r.clone()).refused(&r, 0).told(purge).is(&[]);
}
