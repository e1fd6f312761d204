//! The cards of a batch as they are printed, out of the vault: for whoever looks at them or compares them with print files. No chip, so no
//! keys and no signer. Making jobs is `job.rs`'.

use std::sync::Arc;

use card::reason::Code;
use card::{Card, Reason};
use ledger::book::Book;
use ledger::book::state::{ApplicationState, BatchState};
use ledger::entry::BatchCut;
use ledger::fault::Fault;

use crate::job::{division, stored};
use crate::personalise::{BatchRules, card_of};
use crate::ports::Registers;
use crate::vault::Vault;

/// What looking at printed cards needs.
pub struct Printed<'a> {
    pub vault: &'a Vault,
    pub registers: &'a dyn Registers,
    pub batch: &'a BatchState,
    pub cut: &'a BatchCut,
    pub rules: BatchRules<'a>,
    pub faces: &'a artwork::Faces,
}

impl Printed<'_> {
    /// The applications of the batch that have a card, with its 0-based position, in order; `job`: of that job alone.
    ///
    /// # Errors
    /// The index fails.
    pub fn applications(&self, book: &Book, job: Option<u32>) -> Result<Vec<(u32, ApplicationState)>, Fault> {
        let mut found = Vec::new();
        for (position, cut) in (0..).zip(&self.cut.cards).filter(|(p, _)| job.is_none_or(|job| p / self.batch.cards_per_job + 1 == job)) {
            let made = book.application(cut.ordinal)?.filter(|a| a.place_in(&self.batch.batch).is_some_and(|p| !p.void));
            found.extend(made.map(|state| (position, state)));
        }
        Ok(found)
    }

    /// A card's data and its photo.
    ///
    /// # Errors
    /// Its stored copy can't be used any more.
    pub fn card(&self, state: &ApplicationState) -> Result<(Card, Arc<[u8]>), Reason> {
        let unusable = |what: &str| self.rules.profile.reason(Code::Out03, what, "as validated");
        let place = state.place_in(&self.batch.batch).ok_or_else(|| unusable("no place in the batch"))?;
        let (record, photo) = stored(self.vault, state).map_err(unusable)?;
        card_of(state, place, &record, &photo, &division(self.registers, state), &self.rules)
    }
}
