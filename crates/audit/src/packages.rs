//! The vault held against the ledger and against what outlets signed: every file's digest, every photo and record under its
//! application (I-01, I-15, I-16), and what a card of each record must carry. One package at a time, on all cores.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use card::{Code, Digest, Keyed, Ordinal};
use ledger::disk::Disk;
use ledger::fault::Fault;
use rayon::prelude::*;
use serde::Deserialize;

use crate::keys::{self, PackageKey, PlantKey};
use crate::proof::{Invariant, Proofs};
use crate::registers::OutletKeys;
use crate::stored::{FACE_HASHES, HASHES_BYTES_MAX, RECORD_BYTES_MAX, Route, StoredHash, StoredRecord, authority_digest};
use crate::story::{Application, Chunk, Package, Slot, Story};
use crate::vault::VaultFile;
use crate::{files, letters, minisig, purged};

const MANIFEST: &str = "package.json";
const SIGNATURE: &str = "package.json.minisig";
/// Longest manifest or signature looked at.
const MANIFEST_BYTES_MAX: u64 = 64 << 20;
/// Authority of packages that come from no employer.
const NOBODYS: Digest = Digest([0; 32]);
/// Between the names of an employer's staff in a list (docs/formats/batch.md).
const STAFF_AND: &str = "; ";
/// Bits of a face hash.
const HASH_BITS: u32 = 256;

/// Where the cards made go, by ordinal of the application, from its stored record.
pub type Routes = HashMap<Ordinal, Route>;

/// What the outlet signed, as far as it is compared.
#[derive(Deserialize)]
struct Manifest {
    package_id: String,
    outlet: String,
    sequence: u64,
    count: u32,
    employer: Option<ManifestEmployer>,
    files: BTreeMap<String, ManifestFile>,
}

#[derive(Deserialize)]
struct ManifestEmployer {
    name: String,
    #[serde(default)]
    staff: Vec<ManifestStaff>,
    #[serde(default)]
    letter: String,
}

#[derive(Deserialize)]
struct ManifestStaff {
    name: String,
}

#[derive(Deserialize)]
struct ManifestFile {
    sha256: String,
    bytes: u64,
}

/// What all packages are checked with.
pub struct Shelf<'a> {
    pub disk: &'a dyn Disk,
    pub story: &'a Story,
    pub pepper: Option<&'a [u8; 32]>,
    pub vault_key: Option<&'a PlantKey>,
    pub plant_id: &'a str,
    pub keys: &'a OutletKeys,
    /// Only packages with a card in this batch.
    pub batch: Option<u32>,
}

impl Shelf<'_> {
    /// Checks every package in scope.
    ///
    /// # Errors
    /// The disk's.
    pub fn check(&self, proofs: &mut Proofs) -> Result<Routes, Fault> {
        let numbers: Vec<usize> = (0..self.story.packages.len()).filter(|n| self.in_scope(*n)).collect();
        let found: Vec<Result<(Proofs, Vec<(Ordinal, Route)>), Fault>> = numbers.par_iter().map(|n| self.package(*n)).collect();
        let mut routes = Routes::new();
        let (mut unsigned, mut unverified) = (0_u64, 0_u64);
        for (number, found) in numbers.iter().zip(found) {
            let (theirs, cards) = found?;
            proofs.merge(theirs);
            routes.extend(cards);
            let package = &self.story.packages[*number];
            unsigned += u64::from(package.signed_by.is_none());
            unverified += u64::from(package.signed_by.is_some() && self.keys.in_force(package.outlets_register).is_none());
        }
        for (count, what) in
            [(unsigned, "came unsigned, as the configuration allowed"), (unverified, "were signed, but the outlet register of that day is gone")]
        {
            if count > 0 {
                proofs.note(format!("I-15: {count} packages {what}"));
            }
        }
        Ok(routes)
    }

    fn in_scope(&self, number: usize) -> bool {
        let Some(batch) = self.batch else { return true };
        let package = &self.story.packages[number];
        let mut mine = (0..u64::from(package.count)).map(|i| Ordinal(package.first_ordinal.0 + i));
        mine.any(|ordinal| self.story.slots(ordinal).any(|p| p.batch == batch))
    }

    fn package(&self, number: usize) -> Result<(Proofs, Vec<(Ordinal, Route)>), Fault> {
        let package = &self.story.packages[number];
        let (mut proofs, mut cards) = (Proofs::default(), Vec::new());
        if package.purged {
            purged::check(self.disk, &format!("vault/{number:08}"), &[], self.story.purge_unfinished, &mut proofs)?;
            for path in letters::paths(package) {
                purged::check_file(self.disk, &path, self.story.purge_unfinished, &mut proofs)?;
            }
            return Ok((proofs, cards));
        }
        let key = self.key(number as u64, &mut proofs)?;
        let bytes = files::expect(self.disk, &package.vault_path, package.vault_digest, Invariant::I16, &mut proofs)?;
        let contents = bytes.as_ref().zip(key.as_ref()).and_then(|(b, key)| opened((**b).as_ref(), key, &package.vault_path, &mut proofs));
        let signed = contents.as_ref().map_or_else(Signed::default, |c| self.signed(number, package, c, &mut proofs));
        for chunk in &package.chunks {
            let Some(bytes) = files::expect(self.disk, &chunk.path, chunk.digest, Invariant::I16, &mut proofs)? else { continue };
            let Some(key) = &key else { continue };
            let Some(records) = opened((*bytes).as_ref(), key, &chunk.path, &mut proofs) else { continue };
            let rows = Rows { shelf: self, package, chunk, contents: contents.as_ref(), signed: &signed };
            rows.check(&records, &mut proofs, &mut cards);
        }
        Ok((proofs, cards))
    }

    /// The package's key, which must be there; unwrapped if the plant's is at hand.
    fn key(&self, package: u64, proofs: &mut Proofs) -> Result<Option<PackageKey>, Fault> {
        let path = format!("vault/{package:08}/key");
        let file = files::open(self.disk, &path)?;
        proofs.check(Invariant::I29, file.is_some(), || format!("{path} is missing, and the package was not purged"));
        let Some(file) = file else { return Ok(None) };
        let file = (*file).as_ref();
        let key = match self.vault_key {
            Some(plant_key) => keys::unwrap(file, plant_key, self.plant_id, package).map(Some),
            None => keys::sound(file, package).map(|()| None),
        };
        proofs.check(Invariant::I16, key.is_ok(), || format!("{path}: {}", key.as_ref().err().unwrap_or(&"")));
        Ok(key.ok().flatten())
    }

    /// I-15: the manifest is the one received, says what the ledger says, and every file is the one it lists.
    fn signed(&self, number: usize, package: &Package, contents: &VaultFile, proofs: &mut Proofs) -> Signed {
        let text = |name| contents.find(name).and_then(|e| e.content(MANIFEST_BYTES_MAX).ok());
        let Some(bytes) = text(MANIFEST) else {
            proofs.broken(Invariant::I15, format!("package {number} has no readable manifest"));
            return Signed::default();
        };
        proofs.check(Invariant::I15, Digest::of(&bytes) == package.manifest, || format!("package {number}: another manifest than was received"));
        self.signature(number, package, &bytes, text(SIGNATURE).as_deref(), proofs);
        let Ok(manifest) = serde_json::from_slice::<Manifest>(&bytes) else {
            proofs.broken(Invariant::I15, format!("package {number}: its manifest can't be understood"));
            return Signed::default();
        };
        let same = (manifest.package_id.as_str(), manifest.outlet.as_str(), manifest.sequence)
            == (package.package_id.as_str(), package.outlet.as_str(), package.sequence);
        proofs.check(Invariant::I15, same, || format!("package {number}: its manifest names another package"));
        proofs.check(Invariant::I01, manifest.count == package.count, || format!("package {number}: {} signed, {} received", manifest.count, package.count));
        let authority = manifest.employer.as_ref().map_or(NOBODYS, ManifestEmployer::authority);
        Signed { differing: listed(number, &manifest, contents, proofs), authority }
    }

    fn signature(&self, number: usize, package: &Package, manifest: &[u8], signature: Option<&[u8]>, proofs: &mut Proofs) {
        let Some(signed_by) = &package.signed_by else { return };
        let Some(signature) = signature.and_then(|s| std::str::from_utf8(s).ok()) else {
            proofs.broken(Invariant::I15, format!("package {number}: its signature is gone"));
            return;
        };
        let by = minisig::key_id(signature);
        proofs.check(Invariant::I15, by.as_ref() == Some(signed_by), || format!("package {number}: signed by another key than was written down"));
        let Some(keys) = self.keys.in_force(package.outlets_register) else { return };
        let good = keys.get(package.outlet.as_str()).is_some_and(|key| minisig::verify(manifest, signature, key).is_ok());
        proofs.check(Invariant::I15, good, || format!("package {number}: not signed by outlet {}", package.outlet));
    }
}

fn opened<'a>(bytes: &'a [u8], key: &PackageKey, path: &str, proofs: &mut Proofs) -> Option<VaultFile<'a>> {
    let file = VaultFile::open(bytes, key);
    proofs.check(Invariant::I16, file.is_ok(), || format!("{path}: {}", file.as_ref().err().unwrap_or(&"")));
    file.ok()
}

/// Manifest and contents name the same files; their bytes are re-hashed.
fn listed(number: usize, manifest: &Manifest, contents: &VaultFile, proofs: &mut Proofs) -> BTreeSet<String> {
    let mut differing = BTreeSet::new();
    let mut found = 0;
    for entry in contents.entries() {
        let whole = entry.verify();
        proofs.check(Invariant::I16, whole.is_ok(), || format!("package {number}: a file in the vault: {}", whole.unwrap_err()));
        if [MANIFEST, SIGNATURE].contains(&entry.name) {
            continue;
        }
        found += 1;
        let fact = manifest.files.get(entry.name).filter(|f| f.bytes == entry.len_bytes);
        let Some(fact) = fact else {
            proofs.broken(Invariant::I15, format!("package {number} holds a file its manifest doesn't"));
            continue;
        };
        let same = fact.sha256 == entry.digest.to_string();
        if !same && entry.name.starts_with("photos/") {
            differing.insert(entry.name.to_owned());
        } else {
            proofs.check(Invariant::I15, same, || format!("package {number}: the records are not the signed ones"));
        }
    }
    proofs.check(Invariant::I15, found == manifest.files.len(), || format!("package {number} lacks a file of its manifest"));
    differing
}

impl ManifestEmployer {
    fn authority(&self) -> Digest {
        let staff: Vec<&str> = self.staff.iter().map(|s| s.name.as_str()).collect();
        authority_digest(&self.name, &staff.join(STAFF_AND), &self.letter)
    }
}

/// What a package's manifest settles for its applications.
struct Signed {
    /// Photos that aren't the signed ones: their applications must have been refused for it.
    differing: BTreeSet<String>,
    authority: Digest,
}

impl Default for Signed {
    fn default() -> Self {
        Self { differing: BTreeSet::new(), authority: NOBODYS }
    }
}

/// The stored records of one vault file.
struct Rows<'a> {
    shelf: &'a Shelf<'a>,
    package: &'a Package,
    chunk: &'a Chunk,
    contents: Option<&'a VaultFile<'a>>,
    signed: &'a Signed,
}

impl Rows<'_> {
    fn check(&self, records: &VaultFile, proofs: &mut Proofs, cards: &mut Vec<(Ordinal, Route)>) {
        let path = &self.chunk.path;
        let rows = || records.entries().filter(|e| e.name != FACE_HASHES);
        proofs.check(Invariant::I01, rows().count() == self.chunk.rows as usize, || format!("{path} holds another number of records than were judged"));
        self.hashes(records, proofs);
        for (row, entry) in (self.chunk.first_row..).zip(rows()) {
            let ordinal = Ordinal(self.package.first_ordinal.0 + u64::from(row));
            let record = entry.content(RECORD_BYTES_MAX).and_then(|bytes| StoredRecord::read(&bytes));
            let named = entry.name == format!("row-{row:07}");
            proofs.check(Invariant::I16, named && record.is_ok(), || {
                format!("{path}, application #{}: {}", ordinal.0, record.as_ref().err().unwrap_or(&"another row"))
            });
            if let (Ok(record), Some(application)) = (record, self.shelf.story.application(ordinal)) {
                self.record(ordinal, application, &record, proofs);
                cards.extend(self.route(ordinal, application, &record, proofs).map(|route| (ordinal, route)));
            }
        }
    }

    /// Each face hash is of a photo judged here, and was compared only with what had come before it. Whoever was told that the picture is
    /// another's is there with that other (DUP-10).
    fn hashes(&self, records: &VaultFile, proofs: &mut Proofs) {
        let path = &self.chunk.path;
        let read = records.find(FACE_HASHES).map_or(Ok(Vec::new()), |e| e.content(HASHES_BYTES_MAX).and_then(|bytes| StoredHash::read(&bytes)));
        proofs.check(Invariant::I16, read.is_ok(), || format!("{path}: its face hashes: {}", read.as_ref().err().unwrap_or(&"")));
        let Ok(hashes) = read else { return };
        let rows = self.chunk.first_row..self.chunk.first_row + self.chunk.rows;
        let ordered = hashes.windows(2).all(|two| two[0].row < two[1].row) && hashes.iter().all(|h| rows.contains(&h.row));
        proofs.check(Invariant::I16, ordered, || format!("{path}: face hashes of other rows than were judged"));
        for row in rows {
            let ordinal = Ordinal(self.package.first_ordinal.0 + u64::from(row));
            let Some(application) = self.shelf.story.application(ordinal) else { continue };
            let hash = hashes.iter().find(|h| h.row == row);
            let nearest = hash.and_then(|h| h.nearest);
            let sound = nearest.is_none_or(|n| n.ordinal < ordinal && n.bits <= HASH_BITS) && (hash.is_none() || application.photo.is_some());
            proofs.check(Invariant::I16, sound, || format!("application #{}: its face hash was compared with what hadn't come yet", ordinal.0));
            let told = application.codes.iter().any(|(code, _)| *code == Code::Dup10);
            proofs.check(Invariant::I16, !told || nearest.is_some(), || format!("application #{}: DUP-10 without the other photo", ordinal.0));
        }
    }

    /// The record's photos are the ledger's, and the photo sent lies under its name in the contents.
    fn record(&self, ordinal: Ordinal, application: &Application, record: &StoredRecord, proofs: &mut Proofs) {
        let photos = (record.photo, record.photo_validated) == (application.photo, application.photo_validated);
        let understood = record.application.is_some() == application.facts.is_some();
        proofs.check(Invariant::I16, photos && understood, || format!("application #{}: ledger and vault disagree", ordinal.0));
        let name = record.photo_entry();
        if let (Some(photo), Some(contents)) = (record.photo, self.contents) {
            let same = contents.find(&name).is_some_and(|e| e.digest == photo);
            proofs.check(Invariant::I16, same, || format!("application #{}: its photo is not the one that was judged", ordinal.0));
        }
        if self.signed.differing.contains(&name) {
            let refused = record.reasons.iter().any(|r| r.code == Code::Man01) && record.photo.is_none();
            proofs.check(Invariant::I15, refused, || format!("application #{} was judged by a photo its outlet didn't sign", ordinal.0));
        }
        if let (Some(pepper), Some(a), Some(facts)) = (self.shelf.pepper, &record.application, application.facts) {
            let document = Keyed::of(pepper, "document", &[a.nationality.as_bytes(), a.document_number.as_bytes()]);
            let ssn = Keyed::of(pepper, "ssn", &[a.ssn.as_bytes()]);
            let same = (document, ssn) == (facts.document, facts.ssn);
            proofs.check(Invariant::I08, same, || format!("application #{} is counted under another person's key", ordinal.0));
        }
    }

    /// The card at a place carries the digest of the stored record.
    fn is_of_record(&self, place: Slot, record: &StoredRecord, proofs: &mut Proofs) {
        let batch = &self.shelf.story.batches[place.batch as usize];
        let cut = &batch.cards[place.position as usize];
        let own = self.shelf.pepper.map(|pepper| record.record_digest(&cut.number, cut.generation, pepper));
        if let (Some(own), Some(made)) = (own, batch.record(place.position)) {
            proofs.check(Invariant::I10, own == Some(made), || format!("{} position {}: the card isn't of its stored record", batch.id, place.position + 1));
        }
    }

    /// For a card that was or is being made: where it goes. With the pepper its record digest is computed again.
    fn route(&self, ordinal: Ordinal, application: &Application, record: &StoredRecord, proofs: &mut Proofs) -> Option<Route> {
        let mut made = self.shelf.story.slots(ordinal).filter(|p| !p.void).peekable();
        made.peek()?;
        let route = record.route(self.signed.authority)?;
        made.for_each(|place| self.is_of_record(place, record, proofs));
        let mail = application.facts.is_some_and(|f| f.mail);
        proofs.check(Invariant::I11, route.mail == mail, || format!("application #{}: ledger and vault disagree about its route", ordinal.0));
        Some(route)
    }
}
