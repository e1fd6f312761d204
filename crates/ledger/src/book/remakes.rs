//! Remakes and revocations in the book: their fold, and what the line asks of it. Of each card the last request is kept; the journal has
//! them all. What the program owes because of a result (a request, a revocation) stands here until it is written down, so that a kill in
//! between loses nothing. Which card may be made again is the line's business; how many must approve is fixed here.

use std::collections::BTreeSet;

use card::{BatchId, BusinessType, Code, Ordinal};

use super::keys::RemakeKey;
use super::queries::Shared;
use super::state::{ApplicationState, AttemptStage, CardState, Fate, RemakeStage, RemakeState, RemakeWord};
use super::{Book, after_prefix, keys};
use crate::entry::{CardEventKind, CardRevoked, CutCard, DeliveryState, MachineResult, RemakeApproved, RemakeRefused, RemakeRequested, Role};
use crate::fault::Fault;

/// Supervisors who must approve: of a card that never left the centre, and of one that was delivered.
const APPROVALS: usize = 1;
const APPROVALS_DELIVERED: usize = 2;

impl RemakeState {
    /// Supervisors who must approve it.
    #[must_use]
    pub fn approvals_needed(&self) -> usize {
        if self.requested.delivered { APPROVALS_DELIVERED } else { APPROVALS }
    }

    /// How many of the words count towards it: approvals by supervisors other than the requester, one word a person.
    #[must_use]
    pub fn approvals(&self, words: &[RemakeWord]) -> usize {
        words.iter().filter(|w| w.approved && w.role == Role::Supervisor && w.person != self.requested.who).count()
    }
}

impl Book {
    pub(super) fn fold_remake_requested(&mut self, e: &RemakeRequested) -> Result<(), Fault> {
        // Folded again, it may have gone on, or another may have followed.
        if self.remake(&e.number, e.generation)?.is_none_or(|known| known.requested.request < e.request) {
            let state = RemakeState { requested: e.clone(), stage: RemakeStage::Requested, made: None };
            self.put(keys::remake(RemakeKey::Request, &e.number, e.generation), &state);
        }
        self.delete(keys::remake(RemakeKey::OwedRequest, &e.number, e.generation));
        Ok(())
    }

    pub(super) fn fold_remake_approved(&mut self, e: &RemakeApproved) -> Result<(), Fault> {
        let word = RemakeWord { person: e.person.clone(), role: e.role, approved: true };
        self.put(keys::remake_word(&e.number, e.generation, e.request, &e.person), &word);
        let Some(mut state) = self.requested(&e.number, e.generation, e.request)? else { return Ok(()) };
        if state.approvals(&self.remake_words(&e.number, e.generation, e.request)?) < state.approvals_needed() {
            return Ok(());
        }
        state.stage = RemakeStage::Approved;
        self.change_application(state.requested.ordinal, |a| a.remaking = true)?;
        self.put(keys::remake(RemakeKey::Request, &e.number, e.generation), &state);
        Ok(())
    }

    pub(super) fn fold_remake_refused(&mut self, e: &RemakeRefused) -> Result<(), Fault> {
        let word = RemakeWord { person: e.person.clone(), role: e.role, approved: false };
        self.put(keys::remake_word(&e.number, e.generation, e.request, &e.person), &word);
        if let Some(mut state) = self.requested(&e.number, e.generation, e.request)? {
            state.stage = RemakeStage::Refused;
            self.put(keys::remake(RemakeKey::Request, &e.number, e.generation), &state);
        }
        Ok(())
    }

    /// The card's request, if it is this one and waits for people: of another all is said.
    fn requested(&self, number: &str, generation: u32, request: u32) -> Result<Option<RemakeState>, Fault> {
        Ok(self.remake(number, generation)?.filter(|s| s.requested.request == request && s.stage == RemakeStage::Requested))
    }

    /// A card was cut that is made for another again: that one's request is done.
    pub(super) fn fold_remade(&mut self, cut: &CutCard, batch: &BatchId) -> Result<(), Fault> {
        let Some(parent) = self.application(cut.ordinal)?.and_then(|a| a.place_in(batch)?.remake_of.clone()) else { return Ok(()) };
        let Some(mut state) = self.remake(&parent.number, parent.generation)? else { return Ok(()) };
        (state.stage, state.made) = (RemakeStage::Made, Some((cut.number.clone(), cut.generation)));
        self.put(keys::remake(RemakeKey::Request, &parent.number, parent.generation), &state);
        Ok(())
    }

    pub(super) fn fold_card_revoked(&mut self, e: &CardRevoked) {
        self.put(keys::remake(RemakeKey::Revoked, &e.number, e.generation), e);
        self.delete(keys::remake(RemakeKey::OwedRevocation, &e.number, e.generation));
    }

    /// What the program owes now that more is known of a card: for a spoiled one a request, for a good one the end of those it replaces.
    pub(super) fn fold_owed(&mut self, card: &CardState) -> Result<(), Fault> {
        match self.fate(card)? {
            Fate::Spoiled if !self.was_delivered(card)? && self.remake(&card.number, card.generation)?.is_none() => {
                self.put(keys::remake(RemakeKey::OwedRequest, &card.number, card.generation), &(card.number.clone(), card.generation));
            }
            Fate::Good => {
                for (number, generation) in self.replaced_by(card)? {
                    if self.revoked(&number, generation)?.is_none() {
                        let by = (number.clone(), generation, card.number.clone(), card.generation);
                        self.put(keys::remake(RemakeKey::OwedRevocation, &number, generation), &by);
                    }
                }
            }
            Fate::Open | Fate::Spoiled | Fate::InDoubt => {}
        }
        Ok(())
    }

    /// Cards that end when this one is good: the one it was made for again, and every older one of its holder that isn't spoiled.
    fn replaced_by(&self, card: &CardState) -> Result<BTreeSet<(String, u32)>, Fault> {
        let Some(application) = self.application(card.ordinal)? else { return Ok(BTreeSet::new()) };
        let parent = application.place_in(&card.batch).and_then(|p| p.remake_of.clone());
        let mut replaced: BTreeSet<_> = parent.into_iter().map(|p| (p.number, p.generation)).collect();
        if may_replace(&application) {
            let cut = self.cut_seq(card)?;
            for other in self.cards_of_person(&application)? {
                // Of one batch's cards neither is older.
                if self.cut_seq(&other)? < cut && self.fate(&other)? != Fate::Spoiled {
                    replaced.insert((other.number, other.generation));
                }
            }
        }
        Ok(replaced)
    }

    /// Where in the journal a card was cut.
    fn cut_seq(&self, card: &CardState) -> Result<u64, Fault> {
        Ok(self.batch(&card.batch)?.map_or(0, |b| b.cut_seq))
    }

    /// Cards made for the person of an application, its own included: those whose document or social security number agrees, and where a
    /// person has settled that an old card is the holder's (DUP-06), those of the same name, birth date and nationality.
    ///
    /// # Errors
    /// The index fails.
    pub fn cards_of_person(&self, application: &ApplicationState) -> Result<Vec<CardState>, Fault> {
        let Some(facts) = &application.facts else { return Ok(Vec::new()) };
        let mut ordinals: BTreeSet<Ordinal> = self.sharing(Shared::Document, &facts.document_key)?.into_iter().collect();
        ordinals.extend(self.sharing(Shared::SocialSecurityNumber, &facts.ssn_key)?);
        if application.waived.iter().any(|code| code == Code::Dup06.text()) {
            ordinals.extend(self.sharing(Shared::Likeness, &facts.likeness_key)?);
        }
        let mut cards = Vec::new();
        for ordinal in ordinals {
            let Some(other) = self.application(ordinal)? else { continue };
            for place in other.places().filter(|p| !p.void) {
                cards.extend(self.card(&place.number, place.generation)?);
            }
        }
        Ok(cards)
    }

    /// Its outlet or holder has had it: they, or the courier of its letter or box, said so. A spoiled card was in no box.
    ///
    /// # Errors
    /// The index fails.
    pub fn was_delivered(&self, card: &CardState) -> Result<bool, Fault> {
        let handed_on = card.events.iter().any(|(kind, ..)| matches!(kind, CardEventKind::Received | CardEventKind::Collected));
        if handed_on || self.fate(card)? == Fate::Spoiled {
            return Ok(handed_on);
        }
        Ok(self.delivery_of(&card.batch, card.position)?.is_some_and(|line| line.state == DeliveryState::Delivered))
    }

    /// What is known of a card: spoiled if the machine or a reader here says so, good if one says so and the other has nothing against it.
    ///
    /// # Errors
    /// The index fails.
    pub fn fate(&self, card: &CardState) -> Result<Fate, Fault> {
        let here = self.attempt(&card.number, card.generation)?.map(|a| (a.stage, a.written));
        Ok(match (card.result, here) {
            (_, Some((AttemptStage::InDoubt, _))) => Fate::InDoubt,
            (Some(MachineResult::Spoiled), _) | (_, Some((AttemptStage::Spoiled, true))) => Fate::Spoiled,
            (Some(MachineResult::Unknown), _) => Fate::InDoubt,
            (Some(MachineResult::Good), _) | (None, Some((AttemptStage::Good, _))) => Fate::Good,
            // Nothing of it is on the blank: another blank may become it.
            (None, Some((AttemptStage::Spoiled, false)) | None) => Fate::Open,
        })
    }

    /// The last request to make a card again.
    ///
    /// # Errors
    /// The index fails.
    pub fn remake(&self, number: &str, generation: u32) -> Result<Option<RemakeState>, Fault> {
        self.get(&keys::remake(RemakeKey::Request, number, generation))
    }

    /// The last request of every card of which there is one, by card.
    ///
    /// # Errors
    /// The index fails.
    pub fn remakes(&self) -> Result<Vec<RemakeState>, Fault> {
        self.all_of(RemakeKey::Request)
    }

    /// What people said about a request, by person.
    ///
    /// # Errors
    /// The index fails.
    pub fn remake_words(&self, number: &str, generation: u32, request: u32) -> Result<Vec<RemakeWord>, Fault> {
        let prefix = keys::remake_word_prefix(number, generation, request);
        self.collect(&prefix, &after_prefix(&prefix))
    }

    /// Spoiled cards the program has not asked to be made again yet: number and generation.
    ///
    /// # Errors
    /// The index fails.
    pub fn owed_requests(&self) -> Result<Vec<(String, u32)>, Fault> {
        self.all_of(RemakeKey::OwedRequest)
    }

    /// Cards the program has not revoked yet, each with the good card that replaces it.
    ///
    /// # Errors
    /// The index fails.
    pub fn owed_revocations(&self) -> Result<Vec<(String, u32, String, u32)>, Fault> {
        self.all_of(RemakeKey::OwedRevocation)
    }

    /// The revocation of a card, if it is revoked.
    ///
    /// # Errors
    /// The index fails.
    pub fn revoked(&self, number: &str, generation: u32) -> Result<Option<CardRevoked>, Fault> {
        self.get(&keys::remake(RemakeKey::Revoked, number, generation))
    }

    /// Every revoked card, by card.
    ///
    /// # Errors
    /// The index fails.
    pub fn revocations(&self) -> Result<Vec<CardRevoked>, Fault> {
        self.all_of(RemakeKey::Revoked)
    }

    fn all_of<T: serde::de::DeserializeOwned>(&self, of: RemakeKey) -> Result<Vec<T>, Fault> {
        let prefix = keys::remake_prefix(of);
        self.collect(&prefix, &after_prefix(&prefix))
    }
}

/// Only these can have an older card beside them: a first application has none, or it would not have been accepted.
fn may_replace(a: &ApplicationState) -> bool {
    let business = a.facts.as_ref().is_some_and(|f| f.business_type != BusinessType::New || f.supersedes.is_some());
    business || !a.waived.is_empty()
}

#[cfg(test)]
mod tests;
