//! Cards made again and cards that ended (docs/formats/remakes.md), held against what went before it: asked for a card that was made and is
//! out, approved by as many supervisors as it needs with signatures that verify (I-24), cut once for each request, and every old card
//! revoked when, and only when, the one that replaces it is good (I-08).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use card::{BusinessType, Outcome};
use ledger::entry::{
    AttemptResult, CardRevoked, CutCard, MachineResult, RemakeApproved, RemakeCause, RemakeRefused, RemakeRequested, RevocationCause, Role, RunEnded,
};

use super::attempts::ATTEMPTS_MAX;
use super::people::i24;
use super::{Application, Batch, CutCard as Cut, Facts, Slot, Stage, Story};
use crate::proof::{Invariant, Proofs};

/// Who asks where nobody does.
const CARDLINE: &str = "cardline";
/// Supervisors who must approve a remake, and that of a card that was delivered.
const APPROVALS: [usize; 2] = [1, 2];
/// A run that came to its end leaves nothing owed.
const EXIT_FAULT: u8 = 64;

/// A card: number and generation.
pub type Named = (String, u32);

/// How a card ended.
#[derive(Clone, PartialEq, Eq)]
pub struct Revocation {
    pub replaced_by: Named,
    pub cause: RevocationCause,
}

#[derive(Default)]
pub struct Remakes {
    /// The last request for each card.
    requests: HashMap<Named, Remake>,
    /// The card each card was made for again.
    parents: HashMap<Named, Named>,
    revoked: HashMap<Named, Revocation>,
    /// Cards that are to end when the card they stand under is good.
    replaces: BTreeMap<Named, Vec<Named>>,
}

struct Remake {
    asked: RemakeRequested,
    stage: Asked,
    approvers: BTreeSet<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    Waits,
    Approved,
    Refused,
    Made,
}

impl Remakes {
    fn stage(&self, number: &str, generation: u32) -> Option<Asked> {
        self.requests.get(&(number.to_owned(), generation)).map(|r| r.stage)
    }

    /// Waits for people.
    pub fn is_asked_for(&self, number: &str, generation: u32) -> bool {
        self.stage(number, generation) == Some(Asked::Waits)
    }

    pub fn is_refused(&self, number: &str, generation: u32) -> bool {
        self.stage(number, generation) == Some(Asked::Refused)
    }

    /// Nothing more may happen to the card: it is, or is being, made again, or revoked.
    pub fn ends(&self, number: &str, generation: u32) -> bool {
        let remade = matches!(self.stage(number, generation), Some(Asked::Approved | Asked::Made));
        remade || self.revoked.contains_key(&(number.to_owned(), generation))
    }

    fn asked(&mut self, e: &RemakeRequested) -> Result<(), &'static str> {
        let named = (e.number.clone(), e.generation);
        let before = self.requests.insert(named.clone(), Remake { asked: e.clone(), stage: Asked::Waits, approvers: BTreeSet::new() });
        if before.as_ref().map_or(0, |b| b.asked.request) + 1 != e.request {
            return Err("under a number that isn't the card's next");
        }
        if before.is_some_and(|b| b.stage != Asked::Refused) {
            return Err("while another is open, or done");
        }
        if self.revoked.contains_key(&named) { Err("of a revoked card") } else { Ok(()) }
    }

    fn waiting(&mut self, number: &str, generation: u32, request: u32) -> Result<&mut Remake, &'static str> {
        let found = self.requests.get_mut(&(number.to_owned(), generation));
        found.filter(|r| r.asked.request == request && r.stage == Asked::Waits).ok_or("about a request that doesn't wait for it")
    }

    /// `true`: as many as the request needs have approved it now.
    fn approved(&mut self, e: &RemakeApproved) -> Result<bool, &'static str> {
        let remake = self.waiting(&e.number, e.generation, e.request)?;
        if e.person == remake.asked.who || !remake.approvers.insert(e.person.clone()) {
            return Err("by the one who asked, or twice by one person");
        }
        let enough = remake.approvers.len() >= APPROVALS[usize::from(remake.asked.delivered)];
        if enough {
            remake.stage = Asked::Approved;
        }
        Ok(enough)
    }
}

/// The signed text (docs/formats/remakes.md).
fn text(plant: &str, word: &str, because: &str, r: &RemakeRequested, person: &str, role: Role) -> String {
    let RemakeRequested { number, generation, request, who, .. } = r;
    let (delivered, report) = (if r.delivered { "yes" } else { "no" }, r.report.map_or_else(|| "none".to_owned(), |k| k.to_string()));
    format!(
        "cardline remake {word}\nplant: {plant}\ncard: {number}\ngeneration: {generation}\nrequest: {request}\ncause: {}\nrequested by: {who}\n\
         delivered: {delivered}\nreport: {report}\n{because}person: {person}\nrole: {}\n",
        r.cause.name(),
        role.name()
    )
}

impl Story {
    pub(super) fn remake_requested(&mut self, seq: u64, e: &RemakeRequested, proofs: &mut Proofs) {
        let what = || format!("record {seq}: a remake of {} generation {}", e.number, e.generation);
        let may = match e.who.as_str() {
            CARDLINE => e.cause == RemakeCause::Spoiled && !e.delivered,
            who => !self.people.any() || self.people.role_in_force(who).is_some_and(|r| matches!(r, Role::Operator | Role::Supervisor)),
        };
        proofs.check(Invariant::I24, may, || format!("{} was asked for by one who may not", what()));
        let fits = self.may_be_made_again(e);
        let found = self.remakes.asked(e).and(fits);
        i08(proofs, found, || format!("{} was asked for", what()));
    }

    /// It was made and is out, nothing is in doubt, and what is said of it is so.
    fn may_be_made_again(&self, e: &RemakeRequested) -> Result<(), &'static str> {
        let slot = self.slot_of(&e.number, e.generation).ok_or("though it was never cut")?;
        let batch = &self.batches[slot.batch as usize];
        let cut = &batch.cards[slot.position as usize];
        if batch.stage != Stage::Dispatched || batch.record(slot.position).is_none() || cut.ordinal != e.ordinal {
            return Err("though it isn't out, or is another application's");
        }
        let in_box = self.fate(slot) != Fate::Spoiled && self.courier_delivered(slot.batch, slot.position);
        let delivered = cut.delivered() || in_box;
        if delivered != e.delivered || (e.delivered && e.report.is_none()) {
            return Err("as delivered though it was not, or without a report though it was");
        }
        match (self.fate(slot), e.cause) {
            (Fate::InDoubt, _) => Err("though it is in doubt"),
            (Fate::Spoiled, RemakeCause::Spoiled) => Ok(()),
            (_, RemakeCause::Spoiled) if !self.has_no_blank_left(&e.number, e.generation) => Err("as spoiled though nothing says so"),
            (Fate::Open, RemakeCause::Damaged | RemakeCause::Lost | RemakeCause::WrongData) if !e.delivered => Err("without a result"),
            _ => Ok(()),
        }
    }

    pub(super) fn has_no_blank_left(&self, number: &str, generation: u32) -> bool {
        self.attempts.last_of(number, generation).is_some_and(|(result, _, n)| result == Some(AttemptResult::Spoiled) && n >= ATTEMPTS_MAX)
    }

    pub(super) fn remake_approved(&mut self, seq: u64, e: &RemakeApproved, proofs: &mut Proofs) {
        let what = || format!("record {seq}: approval of a remake of {} by {}", e.number, e.person);
        let signed = self.signed_word(("approved", String::new()), (&e.number, e.generation), &e.person, e.role, &e.signature);
        i24(proofs, signed, what);
        match self.remakes.approved(e) {
            Ok(false) => {}
            Ok(true) => self.back_in_the_pool(e, proofs),
            Err(why) => i24(proofs, Err(why), what),
        }
    }

    fn back_in_the_pool(&mut self, e: &RemakeApproved, proofs: &mut Proofs) {
        let slot = self.slot_of(&e.number, e.generation);
        let ordinal = slot.map(|s| self.batches[s.batch as usize].cards[s.position as usize].ordinal);
        let purged = ordinal.and_then(|o| self.application(o)).is_none_or(|a| self.package_of(a).purged || a.outcome != Some(Outcome::Accepted));
        proofs.check(Invariant::I29, !purged, || format!("{} is to be made again of what is gone", e.number));
        let revoked = self.remakes.revoked.contains_key(&(e.number.clone(), e.generation));
        proofs.check(Invariant::I08, !revoked, || format!("{} is to be made again, but is revoked", e.number));
        if let Some(application) = ordinal.and_then(|o| self.application_mut(o)) {
            let last = application.place == slot;
            application.remaking = true;
            proofs.check(Invariant::I08, last, || format!("{} is to be made again, but isn't its application's last card", e.number));
        }
    }

    pub(super) fn remake_refused(&mut self, seq: u64, e: &RemakeRefused, proofs: &mut Proofs) {
        let because = format!("because: {}\n", e.because.name());
        let signed = self.signed_word(("refused", because), (&e.number, e.generation), &e.person, e.role, &e.signature);
        let found = self.remakes.waiting(&e.number, e.generation, e.request).map(|remake| remake.stage = Asked::Refused);
        i24(proofs, signed.and(found), || format!("record {seq}: refusal of a remake of {} by {}", e.number, e.person));
    }

    fn signed_word(&self, (word, because): (&str, String), card: (&str, u32), person: &str, role: Role, signature: &str) -> Result<(), &'static str> {
        let remake = self.remakes.requests.get(&(card.0.to_owned(), card.1)).ok_or("about what nobody asked for")?;
        if role != Role::Supervisor || self.people.role_in_force(person) != Some(role) || remake.asked.who == person {
            return Err("said by nobody of the register, in a role that may not, or by the one who asked");
        }
        self.people.signature(person, &text(self.people.plant(), word, &because, &remake.asked, person, role), signature)
    }

    /// An application was cut that had a place already: for the card there, if its remake was approved.
    pub(super) fn remade(&mut self, cut: &CutCard, before: Slot, remaking: bool, proofs: &mut Proofs) {
        let Some(parent) = self.named(before) else { return };
        let named = (cut.number.clone(), cut.generation);
        // A void place was for nobody: what it was to replace is still to be replaced.
        let parent = if remaking { Some(parent) } else { self.remakes.parents.remove(&parent) };
        let Some(parent) = parent else { return };
        let follows = (cut.number == parent.0 && cut.generation > parent.1) || (cut.number != parent.0 && cut.generation == 1);
        let remake = self.remakes.requests.get_mut(&parent);
        let asked = remake.is_some_and(|r| {
            let right = r.stage == if remaking { Asked::Approved } else { Asked::Made };
            r.stage = Asked::Made;
            right
        });
        proofs.check(Invariant::I08, asked && follows, || format!("{} generation {} was made again without approval, or out of turn", parent.0, parent.1));
        self.remakes.replaces.entry(named.clone()).or_default().push(parent.clone());
        self.remakes.parents.insert(named, parent);
    }

    /// Notes which cards end when this one, just cut, is good: those of its person it comes after.
    pub(super) fn will_replace(&mut self, cut: &CutCard, facts: Facts) {
        if facts.business_type == BusinessType::New {
            return;
        }
        let newest: BTreeSet<_> = [facts.document, facts.ssn].iter().filter_map(|key| self.live.get(key)).filter(|o| **o != cut.ordinal).copied().collect();
        let mut olds = Vec::new();
        for slot in newest.into_iter().filter_map(|o| self.application(o)?.place) {
            let Some(old) = self.named(slot) else { continue };
            olds.extend(self.remakes.replaces.get(&old).cloned().unwrap_or_default());
            olds.push(old);
        }
        self.remakes.replaces.entry((cut.number.clone(), cut.generation)).or_default().extend(olds);
    }

    /// The newest card of this person is the application's own, is over, or there is none.
    pub(super) fn newest_of(&self, application: &Application, ordinal: card::Ordinal) -> bool {
        let keys = application.facts.iter().flat_map(|f| [f.document, f.ssn]);
        let others = keys.filter_map(|key| self.live.get(&key)).filter(|o| **o != ordinal);
        others.into_iter().all(|o| self.application(*o).is_none_or(|a| self.is_over(a)))
    }

    /// Its card is none any more, and is not to be made again: spoiled or revoked.
    fn is_over(&self, application: &Application) -> bool {
        let Some(slot) = application.place.filter(|_| application.has_card()) else {
            return application.remaking && application.outcome == Some(Outcome::Rejected);
        };
        let Some(named) = self.named(slot) else { return false };
        let spoiled = self.fate(slot) == Fate::Spoiled && !self.remakes.is_asked_for(&named.0, named.1);
        spoiled || self.remakes.revoked.contains_key(&named)
    }

    pub(super) fn card_revoked(&mut self, seq: u64, e: &CardRevoked, proofs: &mut Proofs) {
        let named = (e.number.clone(), e.generation);
        let found = self.may_end(&named, &e.replaced_by, e.cause);
        i08(proofs, found, || format!("record {seq}: card {} generation {} revoked", e.number, e.generation));
        let before = self.remakes.revoked.insert(named, Revocation { replaced_by: e.replaced_by.clone(), cause: e.cause });
        proofs.check(Invariant::I08, before.is_none(), || format!("record {seq}: card {} generation {} revoked twice", e.number, e.generation));
    }

    /// The card that replaces it is good, came later, and is the same person's.
    fn may_end(&self, old_card: &Named, new_card: &Named, cause: RevocationCause) -> Result<(), &'static str> {
        let old = self.slot_of(&old_card.0, old_card.1).ok_or("though it was never cut")?;
        let new = self.slot_of(&new_card.0, new_card.1).ok_or("for a card that was never cut")?;
        if self.fate(new) != Fate::Good || new.batch <= old.batch {
            return Err("before its replacement was good");
        }
        let remade = self.remakes.parents.get(new_card) == Some(old_card);
        let person = |slot: Slot| self.application(self.batches[slot.batch as usize].cards[slot.position as usize].ordinal);
        match (cause, person(old), person(new)) {
            (RevocationCause::Remade, ..) if remade => Ok(()),
            (RevocationCause::Replaced, Some(old), Some(new)) if same_person(old, new) => Ok(()),
            _ => Err("for a card that doesn't replace it"),
        }
    }

    /// Every card that was revoked.
    pub fn revocations(&self) -> impl Iterator<Item = (Named, Revocation)> {
        self.remakes.revoked.iter().map(|(named, revocation)| (named.clone(), revocation.clone()))
    }

    /// Its replacement is good, and it isn't revoked yet.
    pub fn is_to_end(&self, old: &Named, told: &Revocation) -> bool {
        !self.remakes.revoked.contains_key(old) && self.may_end(old, &told.replaced_by, told.cause).is_ok()
    }

    /// A card's batch and cut.
    pub fn cut(&self, (number, generation): &Named) -> Option<(&Batch, &Cut)> {
        let slot = self.slot_of(number, *generation)?;
        let batch = self.batches.get(slot.batch as usize)?;
        Some((batch, batch.cards.get(slot.position as usize)?))
    }

    /// A run that ends has revoked what it owed: nobody has two valid cards.
    pub(super) fn replaced_ones_ended(&mut self, e: &RunEnded, proofs: &mut Proofs) {
        if e.exit >= EXIT_FAULT {
            return;
        }
        let good = |named: &Named| self.slot_of(&named.0, named.1).map(|slot| self.fate(slot)) == Some(Fate::Good);
        let done: Vec<Named> = self.remakes.replaces.keys().filter(|new| good(new)).cloned().collect();
        for new in done {
            for old in self.remakes.replaces.remove(&new).unwrap_or_default() {
                let spoiled = self.slot_of(&old.0, old.1).is_none_or(|slot| slot.void || self.fate(slot) == Fate::Spoiled);
                let ended = spoiled || self.remakes.revoked.contains_key(&old);
                proofs.check(Invariant::I08, ended, || format!("{} generation {} is good and {} generation {} not revoked", new.0, new.1, old.0, old.1));
            }
        }
    }

    /// The card at a place; none while its batch is just being cut.
    fn named(&self, slot: Slot) -> Option<Named> {
        let cut = self.batches.get(slot.batch as usize)?.cards.get(slot.position as usize)?;
        Some((cut.number.to_string(), cut.generation))
    }

    fn slot_of(&self, number: &str, generation: u32) -> Option<Slot> {
        self.numbers.get(number)?.iter().find(|(g, _)| *g == generation).map(|(_, slot)| *slot)
    }

    /// What is known of a card: spoiled if the machine or a reader here says so, good if one says so and the other has nothing against it.
    pub(super) fn fate(&self, slot: Slot) -> Fate {
        let cut = &self.batches[slot.batch as usize].cards[slot.position as usize];
        let here = self.attempts.last_of(&cut.number, cut.generation).map(|(result, written, _)| (result, written));
        match (cut.result, here) {
            (_, Some((None | Some(AttemptResult::InDoubt), _))) => Fate::InDoubt,
            (Some(MachineResult::Spoiled), _) | (_, Some((Some(AttemptResult::Spoiled), true))) => Fate::Spoiled,
            (Some(MachineResult::Unknown), _) => Fate::InDoubt,
            (Some(MachineResult::Good), _) | (None, Some((Some(AttemptResult::Good), _))) => Fate::Good,
            (None, Some((Some(AttemptResult::Spoiled), false)) | None) => Fate::Open,
        }
    }
}

/// What is known of a card.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Open,
    Good,
    Spoiled,
    InDoubt,
}

/// One of the three keys agrees.
fn same_person(a: &Application, b: &Application) -> bool {
    matches!((a.facts, b.facts), (Some(a), Some(b)) if a.document == b.document || a.ssn == b.ssn || a.likeness == b.likeness)
}

fn i08(proofs: &mut Proofs, found: Result<(), &'static str>, what: impl FnOnce() -> String) {
    let why = found.err();
    proofs.check(Invariant::I08, why.is_none(), || format!("{} {}", what(), why.unwrap_or_default()));
}

#[cfg(test)]
mod tests;
