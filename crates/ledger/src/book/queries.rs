//! Questions the line asks of the book. Lists come in the order of their keys and are bounded by what they ask for.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use card::{BatchId, Digest, Keyed, Ordinal, OutletCode};

use super::sightings::{Family, half};
use super::state::{ApplicationState, BatchState, CardState, JobState, PackageState, PersonState, RunState, SequenceState, decode};
use super::{Book, after_prefix, keys};
use crate::entry::{BatchCut, Entry, Millis, PackageSetAside, RegisterImported, ReleaseSigned};
use crate::fault::Fault;

/// Which keyed digest two applications share.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shared {
    Document,
    SocialSecurityNumber,
    Likeness,
}

impl Shared {
    fn family(self) -> Family {
        match self {
            Self::Document => Family::Document,
            Self::SocialSecurityNumber => Family::SocialSecurityNumber,
            Self::Likeness => Family::Likeness,
        }
    }
}

impl Book {
    /// # Errors
    /// The index fails.
    pub fn application(&self, ordinal: Ordinal) -> Result<Option<ApplicationState>, Fault> {
        self.get(&keys::application(ordinal))
    }

    /// The application an outlet numbered so; the first one, if the number was reused (DUP-01, DUP-08).
    ///
    /// # Errors
    /// The index fails.
    pub fn application_of(&self, outlet: &OutletCode, application_id: &str) -> Result<Option<ApplicationState>, Fault> {
        Ok(self.applications_numbered(application_id)?.into_iter().find(|a| a.outlet == *outlet))
    }

    /// Applications with this number, the first one of each outlet, by outlet.
    ///
    /// # Errors
    /// The index fails.
    pub fn applications_numbered(&self, application_id: &str) -> Result<Vec<ApplicationState>, Fault> {
        let mut first = BTreeMap::new();
        for ordinal in self.sightings(Family::ApplicationId, half(&Digest::of(application_id.as_bytes())))? {
            if let Some(state) = self.application(ordinal)?.filter(|a| a.application_id == application_id) {
                first.entry(state.outlet.clone()).or_insert(state);
            }
        }
        Ok(first.into_values().collect())
    }

    fn ordinals(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Ordinal>, Fault> {
        let mut found = Vec::new();
        self.scan(from, to, &mut |key, _| {
            found.push(keys::ordinal_of(key));
            if found.len() >= limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        Ok(found)
    }

    /// Earlier applications that share a digest with this one, oldest first.
    ///
    /// # Errors
    /// The index fails.
    pub fn sharing(&self, what: Shared, key: &Keyed) -> Result<Vec<Ordinal>, Fault> {
        self.sightings(what.family(), key.0)
    }

    /// Applications that sent this very photo.
    ///
    /// # Errors
    /// The index fails.
    pub fn with_photo(&self, photo: &Digest) -> Result<Vec<Ordinal>, Fault> {
        self.sightings(Family::Photo, half(photo))
    }

    /// The whole pool in the order of the cut (8 bytes an application).
    ///
    /// # Errors
    /// The index fails.
    pub fn pool(&self) -> Result<Vec<Ordinal>, Fault> {
        self.ordinals(b"w", b"x", usize::MAX)
    }

    /// Everything held, by outlet (8 bytes an application).
    ///
    /// # Errors
    /// The index fails.
    pub fn held(&self) -> Result<Vec<Ordinal>, Fault> {
        self.ordinals(b"h", b"i", usize::MAX)
    }

    /// # Errors
    /// The index fails.
    pub fn held_of(&self, outlet: &OutletCode) -> Result<Vec<Ordinal>, Fault> {
        let prefix = keys::held_prefix(outlet);
        self.ordinals(&prefix, &after_prefix(&prefix), usize::MAX)
    }

    /// Applications of an outlet with ordinals in `from..until`, those not judged yet included: what its packages brought.
    ///
    /// # Errors
    /// The index fails.
    pub fn of_outlet(&self, outlet: &OutletCode, from: Ordinal, until: Ordinal) -> Result<Vec<Ordinal>, Fault> {
        let end = |p: &PackageState| p.received.first_ordinal.0 + u64::from(p.received.count);
        // Packages and ordinals are given out together, in order: the first one that reaches beyond `from`.
        let (mut low, mut high) = (0, self.next_numbers()?.0);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.package(middle)? {
                Some(package) if end(&package) > from.0 => high = middle,
                _ => low = middle + 1,
            }
        }
        let mut found = Vec::new();
        let mut number = low;
        while let Some(package) = self.package(number)?.filter(|p| p.received.first_ordinal < until) {
            if package.received.outlet == *outlet {
                found.extend((package.received.first_ordinal.0.max(from.0)..end(&package).min(until.0)).map(Ordinal));
            }
            number += 1;
        }
        Ok(found)
    }

    /// Outlets that ever sent a package, sorted.
    ///
    /// # Errors
    /// The index fails.
    pub fn outlets(&self) -> Result<Vec<OutletCode>, Fault> {
        let mut found = Vec::new();
        self.scan(b"q", b"r", &mut |key, _| {
            found.extend(std::str::from_utf8(&key[1..]).ok().and_then(|t| OutletCode::parse(t).ok()));
            ControlFlow::Continue(())
        })?;
        Ok(found)
    }

    /// # Errors
    /// The index fails.
    pub fn package(&self, package: u64) -> Result<Option<PackageState>, Fault> {
        self.get(&keys::package(package))
    }

    /// # Errors
    /// The index fails.
    pub fn package_of(&self, outlet: &OutletCode, package_id: &str) -> Result<Option<PackageState>, Fault> {
        match self.get::<u64>(&keys::package_id(outlet, package_id))? {
            Some(package) => self.package(package),
            None => Ok(None),
        }
    }

    /// Packages not judged to their last row, and packages not answered, oldest first.
    ///
    /// # Errors
    /// The index fails.
    pub fn packages_open(&self) -> Result<(Vec<u64>, Vec<u64>), Fault> {
        let numbers = |list: Vec<Ordinal>| list.into_iter().map(|o| o.0).collect();
        Ok((numbers(self.ordinals(b"j", b"k", usize::MAX)?), numbers(self.ordinals(b"y", b"z", usize::MAX)?)))
    }

    /// # Errors
    /// The index fails.
    pub fn sequence(&self, outlet: &OutletCode) -> Result<Option<SequenceState>, Fault> {
        self.get(&keys::sequence(outlet))
    }

    /// Next free package number and ordinal.
    ///
    /// # Errors
    /// The index fails.
    pub fn next_numbers(&self) -> Result<(u64, Ordinal), Fault> {
        let meta = |name: &str| -> Result<u64, Fault> { Ok(self.get(&keys::meta(name))?.unwrap_or(0)) };
        Ok((meta("next-package")?, Ordinal(meta("next-ordinal")?)))
    }

    /// Inbox name and number of the package received last: its removal from the inbox may be unfinished.
    ///
    /// # Errors
    /// The index fails.
    pub fn last_received(&self) -> Result<Option<(String, u64)>, Fault> {
        self.get(&keys::meta("last-received"))
    }

    /// The package set aside last: its place in the quarantine is numbered.
    ///
    /// # Errors
    /// The index fails.
    pub fn last_set_aside(&self) -> Result<Option<PackageSetAside>, Fault> {
        let Some((_, path)) = self.get::<(String, String)>(&keys::meta("last-set-aside"))? else { return Ok(None) };
        self.get(&keys::set_aside(&path))
    }

    /// The package whose move to the quarantine may be unfinished: written down as set aside, and nothing since says that it was moved.
    ///
    /// # Errors
    /// The index fails.
    pub fn unfinished_move(&self) -> Result<Option<PackageSetAside>, Fault> {
        let Some(path) = self.get::<String>(&keys::meta("unfinished-move"))? else { return Ok(None) };
        self.get(&keys::set_aside(&path))
    }

    /// # Errors
    /// The index fails.
    pub fn set_aside(&self) -> Result<Vec<PackageSetAside>, Fault> {
        self.collect(b"z", b"{")
    }

    pub(super) fn collect<T: serde::de::DeserializeOwned>(&self, from: &[u8], to: &[u8]) -> Result<Vec<T>, Fault> {
        let mut found = Vec::new();
        self.scan(from, to, &mut |_, value| {
            found.push(decode::<T>(value));
            ControlFlow::Continue(())
        })?;
        found.into_iter().collect()
    }

    /// # Errors
    /// The index fails.
    pub fn registers(&self) -> Result<Vec<RegisterImported>, Fault> {
        self.collect(b"r", b"s")
    }

    /// # Errors
    /// The index fails.
    pub fn card(&self, number: &str, generation: u32) -> Result<Option<CardState>, Fault> {
        self.get(&keys::card(number, generation))
    }

    /// All generations under a card number, oldest first.
    ///
    /// # Errors
    /// The index fails.
    pub fn cards_numbered(&self, number: &str) -> Result<Vec<CardState>, Fault> {
        let prefix = keys::card_prefix(number);
        self.collect(&prefix, &after_prefix(&prefix))
    }

    /// Every card ever cut for which `wanted` holds, by number.
    ///
    /// # Errors
    /// The index fails.
    pub fn cards_where(&self, wanted: &dyn Fn(&CardState) -> bool) -> Result<Vec<CardState>, Fault> {
        let mut found = Vec::new();
        self.scan(b"c", b"d", &mut |_, value| match decode::<CardState>(value) {
            Ok(card) => {
                if wanted(&card) {
                    found.push(Ok(card));
                }
                ControlFlow::Continue(())
            }
            Err(fault) => {
                found.push(Err(fault));
                ControlFlow::Break(())
            }
        })?;
        found.into_iter().collect()
    }

    /// The card with this number that belongs to this batch.
    ///
    /// # Errors
    /// The index fails.
    pub fn card_in_batch(&self, number: &str, batch: &BatchId) -> Result<Option<CardState>, Fault> {
        Ok(self.cards_numbered(number)?.into_iter().find(|c| &c.batch == batch))
    }

    /// # Errors
    /// The index fails.
    pub fn batch(&self, batch: &BatchId) -> Result<Option<BatchState>, Fault> {
        self.get(&keys::batch(batch))
    }

    /// Every batch, oldest first.
    ///
    /// # Errors
    /// The index fails.
    pub fn batches(&self) -> Result<Vec<BatchState>, Fault> {
        self.collect(b"b", b"c")
    }

    /// The batch that is cut but not dispatched, if there is one.
    ///
    /// # Errors
    /// The index fails.
    pub fn open_batch(&self) -> Result<Option<BatchState>, Fault> {
        match self.get::<BatchId>(&keys::meta("open-batch"))? {
            Some(batch) => self.batch(&batch),
            None => Ok(None),
        }
    }

    /// Jobs of a batch that are made, in order.
    ///
    /// # Errors
    /// The index fails.
    pub fn jobs(&self, batch: &BatchId) -> Result<Vec<JobState>, Fault> {
        let prefix = keys::job_prefix(batch);
        self.collect(&prefix, &after_prefix(&prefix))
    }

    /// The list of cards of a batch, from the journal.
    ///
    /// # Errors
    /// The journal can't be read, or doesn't hold the cut where the index says.
    pub fn cut_of(&self, batch: &BatchState) -> Result<BatchCut, Fault> {
        let record = self.view().read_from(batch.cut_seq).next();
        match record.transpose()?.map(|r| r.entry) {
            Some(Entry::BatchCut(cut)) if cut.batch == batch.batch => Ok(cut),
            _ => Err(Fault::Invariant(format!("journal record {} is not the cut of {}", batch.cut_seq, batch.batch))),
        }
    }

    /// Next free counter of a number range.
    ///
    /// # Errors
    /// The index fails.
    pub fn next_in_range(&self, prefix: &str) -> Result<Option<u64>, Fault> {
        self.get(&keys::number_range(prefix))
    }

    /// The latest time an entry shows, since the clock last went back.
    ///
    /// # Errors
    /// The index fails.
    pub fn latest(&self) -> Result<Option<Millis>, Fault> {
        self.get(&keys::meta("latest"))
    }

    /// # Errors
    /// The index fails.
    pub fn run(&self) -> Result<Option<RunState>, Fault> {
        self.get(&keys::meta("run"))
    }

    /// # Errors
    /// The index fails.
    pub fn plant_id(&self) -> Result<Option<String>, Fault> {
        self.get(&keys::meta("plant"))
    }

    /// The batch a result file (by its digest) was imported for.
    ///
    /// # Errors
    /// The index fails.
    pub fn results_file(&self, digest: &Digest) -> Result<Option<BatchId>, Fault> {
        self.get(&keys::results_file(digest))
    }

    /// Everyone who ever was in the people register, by id.
    ///
    /// # Errors
    /// The index fails.
    pub fn people(&self) -> Result<Vec<PersonState>, Fault> {
        self.collect(b"p", b"q")
    }

    /// # Errors
    /// The index fails.
    pub fn person(&self, person: &str) -> Result<Option<PersonState>, Fault> {
        self.get(&keys::person_of_plant(person))
    }

    /// Signatures under a batch's release, by person.
    ///
    /// # Errors
    /// The index fails.
    pub fn release_signatures(&self, batch: &BatchId) -> Result<Vec<ReleaseSigned>, Fault> {
        let prefix = keys::release_signature_prefix(batch);
        self.collect(&prefix, &after_prefix(&prefix))
    }
}
