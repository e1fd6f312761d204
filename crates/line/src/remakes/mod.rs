//! Cards made again: who may ask for which, and which number the new one gets (docs/formats/remakes.md). A request ends here in the ledger;
//! people's words about it are `words.rs`, what the program asks and revokes by itself `owed.rs`. Nothing is made here: an approved card's
//! application is back in the pool, and the next cut takes it.

mod ask;
pub mod owed;
pub mod words;

use card::profile::remake::NumberRule;
use card::{BusinessType, Code, Outcome, Profile};
use ledger::book::Book;
use ledger::book::state::{ApplicationState, AttemptStage, BatchStage, CardState, Fate, RemakeStage, RemakeState};
use ledger::entry::RemakeCause;
use ledger::fault::Fault;

use crate::encode::ATTEMPTS_MAX;

pub use ask::{Ask, Asked, cards_of, request};

/// Who asks where nobody does: the program itself.
pub const CARDLINE: &str = "cardline";

/// A card by its number and generation.
pub type Named = (String, u32);

/// The card's number, where a card that is made again keeps it; `None`: it gets a new one, or nothing is made again.
///
/// # Errors
/// The index fails.
pub fn kept_number(book: &Book, profile: &Profile, state: &ApplicationState) -> Result<Option<String>, Fault> {
    let Some(place) = state.place.as_ref().filter(|_| state.remaking) else { return Ok(None) };
    let Some(remake) = book.remake(&place.number, place.generation)? else { return Ok(None) };
    let parent = book.card(&place.number, place.generation)?;
    let delivered = remake.requested.delivered || parent.map_or(Ok(false), |card| book.was_delivered(&card))?;
    let rules = &profile.remake;
    let rule = match remake.requested.cause {
        RemakeCause::Spoiled => rules.spoiled,
        RemakeCause::Damaged => rules.damaged,
        RemakeCause::Lost => rules.lost,
        RemakeCause::WrongData => rules.wrong_data,
    };
    let by_type = state.facts.as_ref().is_some_and(|f| f.business_type == BusinessType::SameNumber);
    Ok((by_type || (rule == NumberRule::SameNumber && !delivered)).then(|| place.number.clone()))
}

/// A card of the same person that was cut after the one to be made again, and is valid: then nothing is made again.
///
/// # Errors
/// The index fails.
pub fn newer_valid(book: &Book, state: &ApplicationState) -> Result<Option<CardState>, Fault> {
    match state.place.as_ref().filter(|_| state.remaking) {
        Some(place) => newer_than(book, state, (&place.number, place.generation)),
        None => Ok(None),
    }
}

fn newer_than(book: &Book, state: &ApplicationState, (number, generation): (&str, u32)) -> Result<Option<CardState>, Fault> {
    let cut_seq = |card: &CardState| -> Result<u64, Fault> { Ok(book.batch(&card.batch)?.map_or(0, |b| b.cut_seq)) };
    let Some(card) = book.card(number, generation)? else { return Ok(None) };
    let cut = cut_seq(&card)?;
    for other in book.cards_of_person(state)? {
        let valid = book.fate(&other)? != Fate::Spoiled && book.revoked(&other.number, other.generation)?.is_none();
        if valid && cut_seq(&other)? > cut {
            return Ok(Some(other));
        }
    }
    Ok(None)
}

/// A card that is asked to be made again, with all that decides about it.
struct Parent {
    card: CardState,
    application: ApplicationState,
    fate: Fate,
    delivered: bool,
    last: Option<RemakeState>,
}

impl Parent {
    fn of(book: &Book, (number, generation): &Named) -> Result<Self, Fault> {
        let unknown = || Fault::Usage(format!("no card {number} generation {generation}"));
        let card = book.card(number, *generation)?.ok_or_else(unknown)?;
        let application = book.application(card.ordinal)?.ok_or_else(unknown)?;
        let (fate, delivered) = (book.fate(&card)?, book.was_delivered(&card)?);
        Ok(Self { last: book.remake(number, *generation)?, card, application, fate, delivered })
    }

    fn refused(&self, code: Code, why: &str) -> Fault {
        Fault::refused(code, format!("card {} generation {}: {why}", self.card.number, self.card.generation))
    }

    /// Whether it may be made again for this cause, whoever says so.
    fn may(&self, book: &Book, cause: RemakeCause) -> Result<(), Fault> {
        self.is_out(book)?;
        self.has_such_a_fate(book, cause)?;
        if book.revoked(&self.card.number, self.card.generation)?.is_some() {
            return Err(self.refused(Code::Rmk04, "it is revoked"));
        }
        if let Some(newer) = newer_than(book, &self.application, (&self.card.number, self.card.generation))? {
            return Err(self.refused(Code::Rmk04, &format!("{} generation {} is newer", newer.number, newer.generation)));
        }
        let purged = book.package(self.application.package)?.is_none_or(|p| p.purged.is_some());
        if purged || self.application.outcome == Outcome::Rejected {
            return Err(self.refused(Code::Rmk05, if purged { "its package is purged" } else { "its application was rejected since" }));
        }
        Ok(())
    }

    /// It was made, and its batch is dispatched: until then the night still tells what becomes of it.
    fn is_out(&self, book: &Book) -> Result<(), Fault> {
        let made = self.application.place_in(&self.card.batch).is_some_and(|p| !p.void);
        let dispatched = book.batch(&self.card.batch)?.is_some_and(|b| b.stage == BatchStage::Dispatched);
        match (made, dispatched) {
            (true, true) => Ok(()),
            (false, _) => Err(self.refused(Code::Rmk03, "its number is void")),
            (true, false) => Err(self.refused(Code::Rmk03, &format!("batch {} isn't dispatched", self.card.batch))),
        }
    }

    fn has_such_a_fate(&self, book: &Book, cause: RemakeCause) -> Result<(), Fault> {
        match (self.fate, cause) {
            (Fate::InDoubt, _) => Err(self.refused(Code::Rmk02, "it is in doubt")),
            (Fate::Spoiled, RemakeCause::Spoiled) => Ok(()),
            (Fate::Spoiled, _) if !self.delivered => Err(self.refused(Code::Rmk03, "it is spoiled")),
            (Fate::Spoiled | Fate::Good, RemakeCause::Damaged | RemakeCause::Lost | RemakeCause::WrongData) => Ok(()),
            (Fate::Good, RemakeCause::Spoiled) => Err(self.refused(Code::Rmk03, "it is good")),
            (Fate::Open, RemakeCause::Spoiled) if self.has_no_blank_left(book)? => Ok(()),
            (Fate::Open, RemakeCause::Spoiled) => Err(self.refused(Code::Rmk03, "nothing says that it is spoiled")),
            (Fate::Open, _) if self.delivered => Ok(()),
            (Fate::Open, _) => Err(self.refused(Code::Rmk02, "it has no result yet")),
        }
    }

    /// Tried here on as many blanks as may be, none of which became it.
    fn has_no_blank_left(&self, book: &Book) -> Result<bool, Fault> {
        let last = book.attempt(&self.card.number, self.card.generation)?;
        Ok(last.is_some_and(|a| a.stage == AttemptStage::Spoiled && a.attempted.attempt >= ATTEMPTS_MAX))
    }

    /// No remake of it is under way, and none was made.
    fn is_free(&self) -> Result<(), Fault> {
        let under_way = match self.last.as_ref().map(|r| r.stage) {
            None | Some(RemakeStage::Refused) => return Ok(()),
            // It ended without a card; what is to be said of that, `may` says.
            Some(RemakeStage::Approved) if self.application.outcome == Outcome::Rejected => return Ok(()),
            Some(stage) => stage.name(),
        };
        Err(self.refused(Code::Rmk01, &format!("a remake is {under_way}")))
    }
}
