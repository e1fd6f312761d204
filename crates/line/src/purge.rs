//! The purge: what was kept as long as the profile allows is destroyed. Written down first, then the key overwritten and unlinked,
//! then the files; what a stop leaves undone is finished by the next run or purge. The ledger keeps the history. It decides nothing
//! about people: who may purge is the door's business.

use std::collections::HashMap;

use card::profile::retention::Retention;
use card::reason::Code;
use card::{BatchId, Ordinal, Outcome};
use ledger::book::Book;
use ledger::book::state::{ApplicationState, PackageState, RemakeStage};
use ledger::disk::Disk;
use ledger::entry::{BatchPurged, Entry, MachineResult, Millis, PackagePurged, Role};
use ledger::fault::Fault;
use ledger::publish::parent;
use ledger::vault_key::key_path;

use crate::decide::Author;
use crate::plan::World;
use crate::{letter, people};

const DAY: Millis = 86_400_000;
/// What stays of a purged batch: which files it had, and that the plant signed it.
const BATCH_KEEPS: [&str; 2] = ["manifest.json", "manifest.json.minisig"];

/// Why a package can't go yet, however old it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Waits {
    /// Not judged or answered to the end.
    Unfinished,
    /// An application is held, or waits for the cut.
    Open,
    /// An application's batch isn't dispatched.
    InProduction,
    /// A card is spoiled or unknown and was not made again.
    NotRemade,
    /// A card is asked, or approved, to be made again: of what is in the package.
    Remaking,
}

impl Waits {
    #[must_use]
    pub fn why(self) -> &'static str {
        match self {
            Self::Unfinished => "not judged or answered to the end",
            Self::Open => "an application is held or waits for the cut",
            Self::InProduction => "an application is in a batch that isn't dispatched",
            Self::Remaking => "a card is to be made again",
            Self::NotRemade => "a card is spoiled or unknown and was not made again",
        }
    }
}

/// What may go now, and what can't whatever its age.
#[derive(Default)]
pub struct Due {
    pub packages: Vec<u64>,
    pub batches: Vec<BatchId>,
    /// Its days aren't over.
    pub young: u64,
    pub waiting: Vec<(u64, Waits)>,
}

/// When the retention of what is in the plant is over.
struct Calendar<'a> {
    book: &'a Book,
    rules: Retention,
    /// When each batch was dispatched.
    dispatched: HashMap<BatchId, Option<Millis>>,
}

/// Looks at every package and batch that isn't purged. Changes nothing.
///
/// # Errors
/// The book can't be read.
pub fn due(book: &Book, rules: Retention, now: Millis) -> Result<Due, Fault> {
    let batches = book.batches()?;
    let dispatched = batches.iter().map(|b| (b.batch.clone(), b.dispatched_at)).collect();
    let calendar = Calendar { book, rules, dispatched };
    let mut due = Due::default();
    for number in 0..book.next_numbers()?.0 {
        let Some(package) = book.package(number)?.filter(|p| p.purged.is_none()) else { continue };
        match calendar.over_at(&package)? {
            Ok(over_at) if over_at <= now => due.packages.push(number),
            Ok(_) => due.young += 1,
            Err(waits) => due.waiting.push((number, waits)),
        }
    }
    let over = |at: Option<Millis>| at.is_some_and(|at| later(at, rules.produced_days) <= now);
    due.batches = batches.into_iter().filter(|b| b.purged.is_none() && over(b.dispatched_at)).map(|b| b.batch).collect();
    Ok(due)
}

fn later(at: Millis, days: u32) -> Millis {
    at.saturating_add(DAY.saturating_mul(i64::from(days)))
}

impl Calendar<'_> {
    /// When the last of the package's applications may go.
    fn over_at(&self, package: &PackageState) -> Result<Result<Millis, Waits>, Fault> {
        let received = &package.received;
        let Some(answered_at) = package.answered_at.filter(|_| package.judged >= received.count) else { return Ok(Err(Waits::Unfinished)) };
        let mut over_at = later(answered_at, self.rules.refused_days);
        for row in 0..u64::from(received.count) {
            let Some(application) = self.book.application(Ordinal(received.first_ordinal.0 + row))? else { return Ok(Err(Waits::Unfinished)) };
            match self.application_over_at(&application, answered_at)? {
                Ok(at) => over_at = over_at.max(at),
                Err(waits) => return Ok(Err(waits)),
            }
        }
        Ok(Ok(over_at))
    }

    fn application_over_at(&self, a: &ApplicationState, answered_at: Millis) -> Result<Result<Millis, Waits>, Fault> {
        // Its remake was approved, and ended without a card.
        let ended = a.remaking && a.outcome == Outcome::Rejected;
        if let Some(place) = a.place.as_ref().filter(|p| !p.void && !ended) {
            let Some(dispatched_at) = self.dispatched.get(&place.batch).copied().flatten() else { return Ok(Err(Waits::InProduction)) };
            let result = self.book.card(&place.number, place.generation)?.and_then(|c| c.result);
            let remake = self.book.remake(&place.number, place.generation)?.map(|r| r.stage);
            if a.remaking || remake == Some(RemakeStage::Requested) {
                return Ok(Err(Waits::Remaking));
            }
            let good = remake == Some(RemakeStage::Refused) || !matches!(result, Some(MachineResult::Spoiled | MachineResult::Unknown));
            let settled = good || self.remade(&place.number, place.generation)?;
            return Ok(if settled { Ok(later(dispatched_at, self.rules.produced_days)) } else { Err(Waits::NotRemade) });
        }
        if a.outcome != Outcome::Rejected {
            return Ok(Err(Waits::Open));
        }
        Ok(Ok(later(answered_at.max(a.settled_at), self.rules.refused_days)))
    }

    /// A later card under the same number was made, so this one's data is not needed again.
    fn remade(&self, number: &str, generation: u32) -> Result<bool, Fault> {
        for card in self.book.cards_numbered(number)?.into_iter().filter(|c| c.generation > generation) {
            if self.book.application(card.ordinal)?.is_some_and(|a| a.has_card()) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Whether this person may purge: in a plant with people a supervisor (faults.md §8), or the configured scheduler.
///
/// # Errors
/// AUT-01, AUT-04; the ledger fails.
pub fn may(book: &Book, who: &str, scheduler: &str) -> Result<(), Fault> {
    if !people::any(book)? || (!scheduler.is_empty() && who == scheduler) {
        return Ok(());
    }
    match people::in_force(book, who)?.role {
        Role::Supervisor => Ok(()),
        role => Err(Fault::refused(Code::Aut04, format!("{who} is {}; a supervisor purges", role.name()))),
    }
}

/// Lets go what [`due`] found: each is written down, then destroyed.
///
/// # Errors
/// The ledger or the disk fails; what is written down is finished by the next run or purge.
pub fn purge(world: &World, book: &mut Book, due: &Due, author: &Author) -> Result<(), Fault> {
    let (who, reason, at) = (author.who.to_owned(), author.reason.to_owned(), author.at);
    for &package in &due.packages {
        book.record(&Entry::PackagePurged(PackagePurged { package, who: who.clone(), reason: reason.clone(), at }))?;
        destroy_package(&*world.disk, book, package)?;
    }
    for batch in &due.batches {
        book.record(&Entry::BatchPurged(BatchPurged { batch: batch.clone(), who: who.clone(), reason: reason.clone(), at }))?;
        remove_batch(&*world.disk, batch)?;
    }
    Ok(())
}

/// Finishes what the ledger says was purged and a stop left lying. Returns how many packages and batches that were.
///
/// # Errors
/// The book or the disk fails.
pub fn finish(world: &World, book: &Book) -> Result<u64, Fault> {
    let mut finished = 0;
    for entry in world.disk.list("vault").map_err(Fault::on("list", "vault"))? {
        let Some(package) = entry.name.parse::<u64>().ok().filter(|_| entry.is_dir) else { continue };
        if book.package(package)?.is_some_and(|p| p.purged.is_some()) {
            destroy_package(&*world.disk, book, package)?;
            finished += 1;
        }
    }
    for batch in book.batches()?.iter().filter(|b| b.purged.is_some()) {
        finished += u64::from(remove_batch(&*world.disk, &batch.batch)?);
    }
    Ok(finished)
}

/// The key first: from then on nobody can open what is still there. The folder last: while it is there a purge is not finished.
fn destroy_package(disk: &dyn Disk, book: &Book, package: u64) -> Result<(), Fault> {
    let (folder, key) = (format!("vault/{package:08}"), key_path(package));
    disk.wipe(&key).map_err(Fault::on("wipe", &key))?;
    disk.remove(&key).map_err(Fault::on("remove", &key))?;
    disk.sync_dir(&folder).map_err(|e| Fault::sync(&folder, e))?;
    if let Some(state) = book.package(package)? {
        remove_letter(disk, &state)?;
    }
    disk.remove_dir(&folder).map_err(Fault::on("remove", &folder))?;
    disk.sync_dir("vault").map_err(|e| Fault::sync("vault", e))
}

/// The package's letter, if it is still here: names and photos.
fn remove_letter(disk: &dyn Disk, package: &PackageState) -> Result<(), Fault> {
    let mut removed = None;
    for path in letter::paths(package) {
        if package.answer.iter().flatten().any(|f| f.path == path) {
            disk.remove(&path).map_err(Fault::on("remove", &path))?;
            removed = Some(parent(&path).to_owned());
        }
    }
    removed.map_or(Ok(()), |folder| disk.sync_dir(&folder).map_err(|e| Fault::sync(&folder, e)))
}

/// Everything of a batch but what stays. `false`: there was nothing left to do.
fn remove_batch(disk: &dyn Disk, batch: &BatchId) -> Result<bool, Fault> {
    let folder = format!("batches/{batch}");
    let mut removed = false;
    for entry in disk.list(&folder).map_err(Fault::on("list", &folder))?.iter().filter(|e| !BATCH_KEEPS.contains(&e.name.as_str())) {
        let path = format!("{folder}/{}", entry.name);
        let gone = if entry.is_dir { disk.remove_dir(&path) } else { disk.remove(&path) };
        gone.map_err(Fault::on("remove", &path))?;
        removed = true;
    }
    if removed {
        disk.sync_dir(&folder).map_err(|e| Fault::sync(&folder, e))?;
    }
    Ok(removed)
}
