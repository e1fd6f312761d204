//! The bundles of a batch as the ledger knows them, without opening a card: what `dispatch/bundles.csv` says, also after it is gone.

use ledger::book::Book;
use ledger::book::state::BatchState;
use ledger::entry::BatchCut;
use ledger::fault::Fault;

use super::{Bundle, BundleKey};

/// Every bundle of a batch whose void places are settled (it is sealed), in order.
///
/// # Errors
/// The index fails.
pub fn bundles_of(book: &Book, batch: &BatchState, cut: &BatchCut) -> Result<Vec<Bundle>, Fault> {
    let mut bundles: Vec<Bundle> = Vec::new();
    for (position, card) in (0_u32..).zip(&cut.cards) {
        let Some(application) = book.application(card.ordinal)? else { continue };
        let made = application.place_in(&batch.batch).is_some_and(|p| !p.void);
        let Some(facts) = application.facts.as_ref().filter(|_| made) else { continue };
        let key = (facts.lane, facts.mail, application.outlet.clone(), application.employer_code.clone());
        match bundles.last_mut().filter(|open| open.key() == key) {
            Some(open) => (open.positions.end, open.cards) = (position + 1, open.cards + 1),
            None => bundles.push(Bundle::of(bundles.len() as u32 + 1, key, position)),
        }
    }
    Ok(bundles)
}

impl Bundle {
    fn of(number: u32, (lane, mail, outlet, employer_code): BundleKey, position: u32) -> Self {
        Self { number, lane, mail, outlet, employer_code, positions: position..position + 1, cards: 1 }
    }

    pub(super) fn key(&self) -> BundleKey {
        (self.lane, self.mail, self.outlet.clone(), self.employer_code.clone())
    }
}
