//! An application against everything known before it: the same person, the same photo or picture, the same number, earlier cards.
//! Runs in order of arrival, so that of two the first goes on and the second is held, whatever the threads did.

use card::reason::{Code, Reason};
use card::{BusinessType, Digest, Ordinal, Outcome, OutletCode, Profile};
use jiff::ToSpan as _;
use jiff::civil::Date;
use ledger::book::Book;
use ledger::book::queries::Shared;
use ledger::book::state::{ApplicationState, Fate, RemakeStage};
use ledger::entry::{Cause, Facts, JudgedApplication, Millis, Moved};
use ledger::fault::Fault;

use super::stored::Nearest;

/// Who is asking.
pub struct Candidate<'a> {
    pub outlet: &'a OutletCode,
    pub application_id: &'a str,
    pub facts: &'a Facts,
    pub photo: Option<&'a Digest>,
    pub photo_validated: Option<&'a Digest>,
    /// Earlier photos like its own, nearest first. Only looked for on arrival: what came later says nothing about it.
    pub alike: &'a [Nearest],
    /// Judged before it and not in the book yet.
    pub pending: &'a [JudgedApplication],
    pub received_at: Millis,
    pub old_card_number: Option<&'a str>,
    /// Ordinals from here on belong to the same package: `prepass.rs` has compared those.
    pub package_from: Ordinal,
    pub permit_event_on: Option<Date>,
}

/// What the neighbourhood says: reasons for the candidate, and neighbours that must move because of it.
#[derive(Default)]
pub struct Finding {
    pub reasons: Vec<Reason>,
    pub moves: Vec<Moved>,
    /// The photo that DUP-10 is about. For the plant's own people: it may be another outlet's.
    pub same_picture: Option<Nearest>,
}

/// What the comparison needs beside the book.
pub struct Neighbourhood<'a> {
    pub book: &'a Book,
    pub profile: &'a Profile,
    pub at: Millis,
    /// Civil day of a batch's frozen time.
    pub day_of: &'a dyn Fn(Millis) -> Date,
}

impl Neighbourhood<'_> {
    /// # Errors
    /// The book can't be read.
    pub fn look_around(&self, c: &Candidate) -> Result<Finding, Fault> {
        let mut finding = Finding::default();
        if let Some(reason) = self.reused_number(c)? {
            finding.reasons.push(reason);
            return Ok(finding);
        }
        let superseded = self.superseded(c, &mut finding)?;
        let same_person = self.same_person(c, superseded)?;
        self.live_neighbours(c, &same_person, &mut finding)?;
        self.old_card(c, &same_person, &mut finding)?;
        self.likeness(c, &same_person, superseded, &mut finding)?;
        self.shared_photo(c, &same_person, superseded, &mut finding)?;
        self.same_picture(c, superseded, &mut finding)?;
        self.photo_of_previous_card(c, &same_person, &mut finding)?;
        Ok(finding)
    }

    fn reason(&self, code: Code, value: impl Into<String>, limit: &str) -> Reason {
        self.profile.reason(code, value, limit)
    }

    /// DUP-01 / DUP-08: the outlet used this application number in an earlier package.
    fn reused_number(&self, c: &Candidate) -> Result<Option<Reason>, Fault> {
        let Some(earlier) = self.book.application_of(c.outlet, c.application_id)? else { return Ok(None) };
        if earlier.ordinal >= c.package_from {
            return Ok(None);
        }
        let same = earlier.facts.as_ref().is_some_and(|f| f.content_key == c.facts.content_key);
        let code = if same { Code::Dup01 } else { Code::Dup08 };
        Ok(Some(self.reason(code, format!("package #{}", earlier.package), "one application a number")))
    }

    /// The application this one corrects, if it may still be replaced. It is moved out of the way.
    fn superseded(&self, c: &Candidate, finding: &mut Finding) -> Result<Option<Ordinal>, Fault> {
        let Some(old_id) = &c.facts.supersedes else { return Ok(None) };
        let Some(old) = self.book.application_of(c.outlet, old_id)? else {
            finding.reasons.push(self.reason(Code::Dup09, "unknown", "an earlier application of this outlet"));
            return Ok(None);
        };
        if old.has_card() {
            finding.reasons.push(self.reason(Code::Dup09, "its card is in production", "an application before its cut"));
            return Ok(None);
        }
        if old.outcome != Outcome::Rejected {
            let reasons = vec![self.reason(Code::Wdr02, c.application_id, "one application a person")];
            finding.moves.push(self.moved(&old, Outcome::Rejected, reasons, Cause::Superseded));
        }
        Ok(Some(old.ordinal))
    }

    fn moved(&self, old: &ApplicationState, outcome: Outcome, reasons: Vec<Reason>, cause: Cause) -> Moved {
        Moved { ordinal: old.ordinal, outcome, reasons, cause, who: "cardline".to_owned(), at: self.at }
    }

    /// Earlier applications with the same document or social security number, without those of this package and the superseded.
    fn same_person(&self, c: &Candidate, superseded: Option<Ordinal>) -> Result<Vec<ApplicationState>, Fault> {
        let mut ordinals = self.book.sharing(Shared::Document, &c.facts.document_key)?;
        ordinals.extend(self.book.sharing(Shared::SocialSecurityNumber, &c.facts.ssn_key)?);
        ordinals.sort_unstable();
        ordinals.dedup();
        self.states(&ordinals, c, superseded)
    }

    fn states(&self, ordinals: &[Ordinal], c: &Candidate, superseded: Option<Ordinal>) -> Result<Vec<ApplicationState>, Fault> {
        let earlier = ordinals.iter().filter(|o| **o < c.package_from && Some(**o) != superseded);
        let mut states = Vec::new();
        for ordinal in earlier {
            states.extend(self.book.application(*ordinal)?);
        }
        Ok(states)
    }

    /// DUP-03 for an application still under way, DUP-05 and PRM-05 for a card already made.
    fn live_neighbours(&self, c: &Candidate, same_person: &[ApplicationState], finding: &mut Finding) -> Result<(), Fault> {
        for old in same_person {
            if self.is_over(old)? {
                continue;
            }
            if !old.has_card() {
                if old.outcome != Outcome::Rejected {
                    finding.reasons.push(self.reason(Code::Dup03, format!("package #{}", old.package), "one application a person"));
                }
            } else if c.facts.business_type == BusinessType::New {
                finding.reasons.push(self.reason(Code::Dup05, batch_of(old), "one valid card a person"));
            } else if let Some(event_on) = c.permit_event_on
                && matches!(c.facts.business_type, BusinessType::RenewPermit | BusinessType::AlterPermit)
                && let Some(place) = &old.place
                && let Some(batch) = self.book.batch(&place.batch)?
                && (self.day_of)(batch.frozen_at) >= event_on
            {
                finding.reasons.push(self.reason(Code::Prm05, format!("card of {} is newer", batch_of(old)), "a permit changed since"));
            }
        }
        Ok(())
    }

    /// Its card is none any more, and is not to be made again: spoiled or revoked.
    fn is_over(&self, old: &ApplicationState) -> Result<bool, Fault> {
        let Some(place) = old.place.as_ref().filter(|_| old.has_card()) else { return Ok(false) };
        let Some(card) = self.book.card(&place.number, place.generation)? else { return Ok(false) };
        let open = self.book.remake(&place.number, place.generation)?.is_some_and(|r| r.stage == RemakeStage::Requested);
        let spoiled = self.book.fate(&card)? == Fate::Spoiled && !open;
        Ok(spoiled || self.book.revoked(&place.number, place.generation)?.is_some())
    }

    /// A replacement must name a card of this very person, if we made it.
    fn old_card(&self, c: &Candidate, same_person: &[ApplicationState], finding: &mut Finding) -> Result<(), Fault> {
        let Some(number) = c.old_card_number else { return Ok(()) };
        for card in self.book.cards_numbered(number)? {
            if !same_person.iter().any(|p| p.ordinal == card.ordinal) {
                finding.reasons.push(self.reason(Code::Dup06, "old card of another person", "the holder's own card"));
                break;
            }
        }
        Ok(())
    }

    /// DUP-04: same name, birth date and nationality under another document, or one social security number with two documents.
    fn likeness(&self, c: &Candidate, same_person: &[ApplicationState], superseded: Option<Ordinal>, finding: &mut Finding) -> Result<(), Fault> {
        let alike = self.book.sharing(Shared::Likeness, &c.facts.likeness_key)?;
        let alike = self.states(&alike, c, superseded)?;
        let live = |a: &&ApplicationState| a.has_card() || a.outcome != Outcome::Rejected;
        let other_document = |a: &ApplicationState| a.facts.as_ref().is_some_and(|f| f.document_key != c.facts.document_key);
        let mut suspects = alike.iter().chain(same_person).filter(live).filter(|a| other_document(a));
        if let Some(found) = suspects.next() {
            finding.reasons.push(self.reason(Code::Dup04, format!("package #{}", found.package), "one card a person"));
        }
        Ok(())
    }

    /// DUP-07: this very photo came with another person. Both wait, unless the other's card is already being made.
    fn shared_photo(&self, c: &Candidate, same_person: &[ApplicationState], superseded: Option<Ordinal>, finding: &mut Finding) -> Result<(), Fault> {
        let Some(photo) = c.photo else { return Ok(()) };
        let others = self.states(&self.book.with_photo(photo)?, c, superseded)?;
        for other in others.iter().filter(|o| !same_person.iter().any(|p| p.ordinal == o.ordinal)) {
            // What was never understood can't be told to be another person.
            let Some(facts) = &other.facts else { continue };
            if facts.document_key == c.facts.document_key {
                continue;
            }
            if !finding.reasons.iter().any(|r| r.code == Code::Dup07) {
                finding.reasons.push(self.reason(Code::Dup07, format!("package #{}", other.package), "one person a photo"));
            }
            if other.in_pool() && !other.waived.iter().any(|w| w == Code::Dup07.text()) {
                let mut reasons = other.reasons.clone();
                reasons.push(self.reason(Code::Dup07, "sent again for another person", "one person a photo"));
                let verdict = card::Verdict::from_reasons(reasons);
                finding.moves.push(self.moved(other, verdict.outcome, verdict.reasons, Cause::Neighbour));
            }
        }
        Ok(())
    }

    /// DUP-10: the picture came with another person before, perhaps saved, cut or lit anew. Of the very same file DUP-07 tells.
    fn same_picture(&self, c: &Candidate, superseded: Option<Ordinal>, finding: &mut Finding) -> Result<(), Fault> {
        let bits_max = self.same_picture_bits_max();
        for near in c.alike.iter().filter(|n| Some(n.ordinal) != superseded && is_same(n, bits_max)) {
            let Some((photo, facts)) = self.sent(near.ordinal, c)? else { continue };
            if photo.as_ref() != c.photo && !may_be_one_person(&facts, c.facts) {
                let limit = format!("more than {} bits", bits_max.unwrap_or_default());
                finding.reasons.push(self.reason(Code::Dup10, format!("{} bits", near.bits), &limit));
                finding.same_picture = Some(*near);
                return Ok(());
            }
        }
        Ok(())
    }

    /// The photo and the facts of an earlier application. `None`: what was never understood can't be told to be another person.
    fn sent(&self, ordinal: Ordinal, c: &Candidate) -> Result<Option<(Option<Digest>, Facts)>, Fault> {
        if let Some(pending) = c.pending.iter().find(|p| p.ordinal == ordinal) {
            return Ok(pending.facts.clone().map(|facts| (pending.photo, facts)));
        }
        let state = self.book.application(ordinal)?;
        Ok(state.and_then(|s| s.facts.map(|facts| (s.photo, facts))))
    }

    fn same_picture_bits_max(&self) -> Option<u32> {
        self.profile.photo.face.as_ref().map(|face| face.same_picture_bits_max)
    }

    /// PHO-40: the photo of an earlier card of this person. A new one is due when the old one can't be recent whatever the application says:
    /// it was here before the day from which a photo may be. The very same photo is known for ever, by the ledger's digests; the same picture only
    /// as long as its package is kept, because its hash goes with it.
    fn photo_of_previous_card(&self, c: &Candidate, same_person: &[ApplicationState], finding: &mut Finding) -> Result<(), Fault> {
        let months = i64::from(self.profile.record.photo_age_months_max).months();
        let oldest = (self.day_of)(c.received_at).saturating_sub(months);
        for old in same_person.iter().filter(|o| o.has_card() && self.is_photo_of(o, c)) {
            let Some(package) = self.book.package(old.package)? else { continue };
            let came_on = (self.day_of)(package.received.received_at);
            if came_on < oldest {
                finding.reasons.push(self.reason(Code::Pho40, format!("received {came_on}"), &format!("{oldest} or later")));
                return Ok(());
            }
        }
        Ok(())
    }

    /// Whether the candidate's photo is that application's: as it was sent, without its metadata, or as a picture.
    fn is_photo_of(&self, old: &ApplicationState, c: &Candidate) -> bool {
        let equal = |old: &Option<Digest>, own: Option<&Digest>| own.is_some() && old.as_ref() == own;
        let alike = || c.alike.iter().any(|n| n.ordinal == old.ordinal && is_same(n, self.same_picture_bits_max()));
        equal(&old.photo, c.photo) || equal(&old.photo_validated, c.photo_validated) || alike()
    }
}

fn is_same(near: &Nearest, bits_max: Option<u32>) -> bool {
    bits_max.is_some_and(|max| near.bits <= max)
}

/// One person, or so like one that DUP-02, DUP-03 or DUP-04 say it.
fn may_be_one_person(a: &Facts, b: &Facts) -> bool {
    a.document_key == b.document_key || a.ssn_key == b.ssn_key || a.likeness_key == b.likeness_key
}

fn batch_of(a: &ApplicationState) -> String {
    a.place.as_ref().map_or_else(String::new, |p| p.batch.to_string())
}
