//! One batch on disk held against the story: manifest and signature (I-20), no file too many or too few (I-21), its jobs and its
//! dispatch. Layout: docs/formats/batch.md.

mod dispatch;
mod encode;
mod job;
mod print;

use std::collections::{BTreeMap, BTreeSet};

use card::{Digest, Keyed};
use ledger::disk::Disk;
use ledger::entry::FileDigest;
use ledger::fault::Fault;
use rayon::prelude::*;
use serde::Deserialize;

use crate::packages::Routes;
use crate::proof::{Invariant, Proofs};
use crate::story::{Batch, Stage, Story};
use crate::{files, minisig, purged};

const MANIFEST: &str = "manifest.json";
const SIGNATURE: &str = "manifest.json.minisig";
/// Shows the clock's findings, so it stands outside the manifest.
const REPORT: &str = "report.html";
const PART: &str = ".part";

/// A batch being checked.
pub struct Check<'a> {
    pub disk: &'a dyn Disk,
    pub story: &'a Story,
    pub index: u32,
    pub routes: &'a Routes,
    /// The vault was opened, so that `routes` knows every card of a package that isn't purged.
    pub vault_opened: bool,
    /// The plant's public key, if it is at hand.
    pub plant_key: Option<&'a str>,
}

/// A card that must be in every view, in order.
#[derive(Clone, Copy)]
pub(crate) struct Wanted<'a> {
    /// 1-based.
    pub position: u32,
    pub slot: u32,
    pub number: &'a str,
    pub generation: u32,
    pub record: Keyed,
    pub photo: Option<Digest>,
}

/// A card as one view shows it; what the view doesn't say is `None`.
#[derive(Default)]
pub(crate) struct Seen {
    pub position: Option<u32>,
    pub number: Option<String>,
    pub generation: Option<u32>,
    pub record: Option<Keyed>,
    pub photo: Option<Digest>,
}

#[derive(Deserialize)]
struct Manifest {
    batch: String,
    profile: String,
    release_id: String,
    applications: u32,
    cards: u32,
    void: u32,
    jobs: u32,
    bundles: u32,
    files: Vec<ManifestFile>,
}

#[derive(Deserialize)]
struct ManifestFile {
    path: String,
    bytes: u64,
    sha256: String,
}

impl<'a> Check<'a> {
    pub fn batch(&self) -> &'a Batch {
        &self.story.batches[self.index as usize]
    }

    /// # Errors
    /// The disk's.
    pub fn run(&self, proofs: &mut Proofs) -> Result<(), Fault> {
        let batch = self.batch();
        let folder = self.folder()?;
        if batch.purged {
            self.manifest(&folder, proofs)?;
            return purged::check(self.disk, &folder, &[MANIFEST, SIGNATURE], self.story.purge_unfinished, proofs);
        }
        let present = files::below(self.disk, &folder)?;
        let listed = match &batch.sealed {
            Some(_) => self.manifest(&folder, proofs)?,
            None => batch.jobs.values().flat_map(|j| j.files.clone()).collect(),
        };
        self.none_unknown(&folder, &present, &listed, proofs);
        let jobs: Vec<_> = batch.jobs.values().collect();
        let found: Vec<Result<Proofs, Fault>> = jobs.par_iter().map(|made| job::check(self, &folder, made)).collect();
        for theirs in found {
            proofs.merge(theirs?);
        }
        if batch.sealed.is_some() {
            let of_jobs: BTreeSet<&str> = batch.jobs.values().flat_map(|j| &j.files).map(|f| f.path.as_str()).collect();
            let rest: Vec<FileDigest> = listed.into_iter().filter(|f| !of_jobs.contains(f.path.as_str())).collect();
            dispatch::check(self, &folder, &rest, proofs)?;
        }
        Ok(())
    }

    /// Under its own name once released; the rename may be what a stop left undone.
    fn folder(&self) -> Result<String, Fault> {
        let (id, stage) = (&self.batch().id, self.batch().stage);
        let staging = format!("batches/{id}.staging");
        let renamed = stage == Stage::Dispatched || (stage == Stage::Released && self.disk.list(&staging).map_err(Fault::on("list", &staging))?.is_empty());
        Ok(if renamed { format!("batches/{id}") } else { staging })
    }

    /// The files the signed manifest lists, after it was held against seal, jobs and signature.
    fn manifest(&self, folder: &str, proofs: &mut Proofs) -> Result<Vec<FileDigest>, Fault> {
        let batch = self.batch();
        let Some(sealed) = &batch.sealed else { return Ok(Vec::new()) };
        let path = format!("{folder}/{MANIFEST}");
        let Some(bytes) = files::expect(self.disk, &path, sealed.manifest, Invariant::I20, proofs)? else { return Ok(Vec::new()) };
        let bytes = (*bytes).as_ref();
        self.signature(folder, bytes, proofs)?;
        let parsed = serde_json::from_slice::<Manifest>(bytes).ok();
        let listed = parsed.as_ref().and_then(listed);
        let (Some(m), Some(listed)) = (parsed, listed) else {
            proofs.broken(Invariant::I20, format!("{path} can't be understood"));
            return Ok(Vec::new());
        };
        let named = m.batch == batch.id.as_str() && m.profile == batch.profile && m.release_id == batch.release_id.to_string();
        proofs.check(Invariant::I20, named, || format!("{path} is another batch's, or of another release"));
        let counts = (m.applications, m.cards, m.void, m.jobs, m.bundles) == (batch.cards.len() as u32, sealed.cards, sealed.void, sealed.jobs, sealed.bundles);
        proofs.check(Invariant::I01, counts, || format!("{path} counts otherwise than the seal"));
        let by_path: BTreeMap<&str, &FileDigest> = listed.iter().map(|f| (f.path.as_str(), f)).collect();
        for file in batch.jobs.values().flat_map(|j| &j.files) {
            let same = by_path.get(file.path.as_str()) == Some(&file);
            proofs.check(Invariant::I20, same, || format!("{}: {} isn't listed as its job wrote it", batch.id, file.path));
        }
        Ok(listed)
    }

    fn signature(&self, folder: &str, manifest: &[u8], proofs: &mut Proofs) -> Result<(), Fault> {
        let path = format!("{folder}/{SIGNATURE}");
        let Some(signature) = files::open(self.disk, &path)? else {
            proofs.broken(Invariant::I20, format!("{path} is missing"));
            return Ok(());
        };
        let Some(key) = self.plant_key else { return Ok(()) };
        let text = std::str::from_utf8((*signature).as_ref()).unwrap_or_default();
        let good = minisig::verify(manifest, text, key);
        proofs.check(Invariant::I20, good.is_ok(), || format!("{path}: {}", good.unwrap_err()));
        proofs.check(Invariant::I20, minisig::is_as_written(text), || format!("{path} is not as it was written"));
        Ok(())
    }

    fn none_unknown(&self, folder: &str, present: &[String], listed: &[FileDigest], proofs: &mut Proofs) {
        let known: BTreeSet<&str> = listed.iter().map(|f| f.path.as_str()).chain([MANIFEST, SIGNATURE, REPORT]).collect();
        let stage = self.batch().stage;
        for path in present {
            // Before the seal a stopped run may have left what the next one writes over.
            let left_over = stage == Stage::Cut || (path.ends_with(PART) && stage != Stage::Dispatched);
            proofs.check(Invariant::I21, left_over || known.contains(path.as_str()), || format!("{folder}/{path} is unknown to the manifest"));
        }
    }

    /// The cards a job must show, in slot order.
    pub(crate) fn wanted(&self, job: u32) -> Vec<Wanted<'a>> {
        let batch = self.batch();
        let span = batch.span(job);
        let first = span.start;
        let slots = batch.cards[span].iter().enumerate();
        let wanted = slots.filter_map(|(i, cut)| {
            let position = (first + i) as u32;
            let photo = self.story.application(cut.ordinal).and_then(|a| a.photo_validated);
            Some(Wanted { position: position + 1, slot: i as u32 + 1, number: &cut.number, generation: cut.generation, record: batch.record(position)?, photo })
        });
        wanted.collect()
    }
}

fn listed(manifest: &Manifest) -> Option<Vec<FileDigest>> {
    let file = |f: &ManifestFile| Some(FileDigest { path: f.path.clone(), len_bytes: f.bytes, digest: Digest::parse(&f.sha256).ok()? });
    let listed: Vec<FileDigest> = manifest.files.iter().map(file).collect::<Option<_>>()?;
    listed.windows(2).all(|pair| pair[0].path < pair[1].path).then_some(listed)
}

/// Holds one view of a run of cards against what it must show (I-09, I-10, I-14): the same cards, in order, none left over.
pub(crate) fn agree(path: &str, wanted: &[Wanted], seen: &[Seen], proofs: &mut Proofs) {
    proofs.check(Invariant::I10, wanted.len() == seen.len(), || format!("{path} shows {} cards, {} were made", seen.len(), wanted.len()));
    for (want, see) in wanted.iter().zip(seen) {
        let at = |what: &str| format!("{path}: position {} {what}", want.position);
        proofs.check(Invariant::I10, see.record == Some(want.record), || at("carries another record"));
        let place = see.position.is_none_or(|p| p == want.position);
        proofs.check(Invariant::I10, place, || at("is out of place"));
        let number = see.number.as_deref().is_none_or(|n| n == want.number) && see.generation.is_none_or(|g| g == want.generation);
        proofs.check(Invariant::I09, number, || at("bears another number"));
        if see.photo.is_some() {
            proofs.check(Invariant::I14, see.photo == want.photo, || at("shows another photo than was validated"));
        }
    }
}
