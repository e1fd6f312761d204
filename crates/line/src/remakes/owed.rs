//! What the program owes because of results, written down: a request for every card that turned out spoiled, the revocation of every card
//! whose replacement is good, and the list of these for the outlet. Asked for after every result and at the start of every run, so that a
//! stop in between changes nothing.

use std::collections::BTreeMap;

use card::{BatchId, OutletCode};
use ledger::book::Book;
use ledger::book::state::RemakeStage;
use ledger::disk::Disk;
use ledger::entry::{CardRevoked, Entry, Millis, RemakeCause, RevocationCause};
use ledger::fault::Fault;
use ledger::publish::publish_bytes;

use super::{CARDLINE, Parent, ask};
use crate::lists::List;

/// Heading of `returns/OUTLET/revoked-BATCH.csv`.
const COLUMNS: [&str; 6] = ["card_number", "generation", "application_id", "cause", "replaced_by", "replaced_by_generation"];

/// What was owed and is done now.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Settled {
    pub requested: usize,
    pub revoked: usize,
}

/// Does what is owed. Done again it does nothing.
///
/// # Errors
/// The ledger or the disk fails.
pub fn settle(disk: &dyn Disk, book: &mut Book, at: Millis) -> Result<Settled, Fault> {
    let requested = request_spoiled(book, at)?;
    let owed = owed(book, at)?;
    if requested == 0 && owed.is_empty() {
        return Ok(Settled::default());
    }
    publish_lists(disk, book, &owed)?;
    for revoked in &owed {
        book.append(&Entry::CardRevoked(revoked.clone()))?;
    }
    book.commit()?;
    Ok(Settled { requested, revoked: owed.len() })
}

/// A request for every card known as spoiled; of one that can't be made again any more none: it stays where it can be seen.
fn request_spoiled(book: &mut Book, at: Millis) -> Result<usize, Fault> {
    let mut requested = 0;
    for named in book.owed_requests()? {
        let parent = Parent::of(book, &named)?;
        if parent.delivered || parent.is_free().is_err() {
            continue;
        }
        match parent.may(book, RemakeCause::Spoiled) {
            Ok(()) => {
                book.append(&Entry::RemakeRequested(ask::entry(&parent, RemakeCause::Spoiled, CARDLINE, None, at)))?;
                requested += 1;
            }
            Err(Fault::Refused { .. }) => {}
            Err(fault) => return Err(fault),
        }
    }
    Ok(requested)
}

fn owed(book: &Book, at: Millis) -> Result<Vec<CardRevoked>, Fault> {
    let mut owed = Vec::new();
    for (number, generation, by_number, by_generation) in book.owed_revocations()? {
        let made = book.remake(&number, generation)?.filter(|r| r.stage == RemakeStage::Made).and_then(|r| r.made);
        let replaced_by = (by_number, by_generation);
        let cause = if made.as_ref() == Some(&replaced_by) { RevocationCause::Remade } else { RevocationCause::Replaced };
        owed.push(CardRevoked { number, generation, cause, replaced_by, at });
    }
    Ok(owed)
}

/// Each outlet's revoked cards, by the batch that replaces them: all of the batch so far, so that a list grows and never forgets.
fn publish_lists(disk: &dyn Disk, book: &Book, owed: &[CardRevoked]) -> Result<(), Fault> {
    let mut batches = BTreeMap::new();
    for revoked in owed {
        batches.extend(batch_of(book, revoked)?.map(|batch| (batch, BTreeMap::<OutletCode, BTreeMap<_, _>>::new())));
    }
    if batches.is_empty() {
        return Ok(());
    }
    for revoked in book.revocations()?.iter().chain(owed) {
        let Some(of_batch) = batch_of(book, revoked)?.and_then(|batch| batches.get_mut(&batch)) else { continue };
        let Some(card) = book.card(&revoked.number, revoked.generation)? else { continue };
        let Some(application) = book.application(card.ordinal)? else { continue };
        let named = (revoked.number.clone(), revoked.generation);
        of_batch.entry(application.outlet).or_default().insert(named, (application.application_id, revoked.clone()));
    }
    for (batch, outlets) in &batches {
        for (outlet, cards) in outlets {
            publish_list(disk, batch, outlet, cards.values())?;
        }
    }
    Ok(())
}

/// The batch of the card that replaces it.
fn batch_of(book: &Book, revoked: &CardRevoked) -> Result<Option<BatchId>, Fault> {
    Ok(book.card(&revoked.replaced_by.0, revoked.replaced_by.1)?.map(|card| card.batch))
}

fn publish_list<'a>(disk: &dyn Disk, batch: &BatchId, outlet: &OutletCode, cards: impl Iterator<Item = &'a (String, CardRevoked)>) -> Result<(), Fault> {
    let mut list = List::new(&COLUMNS);
    for (application_id, revoked) in cards {
        let (generation, by_generation) = (revoked.generation.to_string(), revoked.replaced_by.1.to_string());
        list.row([revoked.number.as_str(), &generation, application_id, revoked.cause.name(), &revoked.replaced_by.0, &by_generation]);
    }
    let folder = format!("returns/{outlet}");
    disk.create_dir(&folder).map_err(|e| Fault::io("create", &folder, e))?;
    publish_bytes(disk, &format!("{folder}/revoked-{batch}.csv"), &list.into_bytes()).map(drop)
}
