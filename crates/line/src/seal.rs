//! Seal and release: every count of a batch must balance, then its manifest is signed; release makes the batch's folder visible
//! under its own name. Both may run any number of times and change nothing after the first.

use card::Digest;
use card::seeded::{Bug, has};
use ledger::book::Book;
use ledger::book::state::{BatchStage, BatchState};
use ledger::entry::{BatchReleased, BatchSealed, Entry, FileDigest};
use ledger::fault::Fault;
use ledger::publish::publish_bytes;
use serde::Serialize;

use crate::dispatch::Dispatched;
use crate::job::staging;
use crate::plan::World;
use crate::strays;

#[derive(Serialize)]
struct Manifest<'a> {
    format: &'static str,
    batch: &'a str,
    profile: &'a str,
    release_id: String,
    issued_on: String,
    /// Applications cut = cards made + void numbers.
    applications: u32,
    cards: u32,
    void: u32,
    jobs: u32,
    bundles: usize,
    files: Vec<ManifestFile>,
}

#[derive(Serialize)]
struct ManifestFile {
    path: String,
    bytes: u64,
    sha256: String,
}

/// Checks that the batch balances, publishes and signs its manifest and writes the seal down.
///
/// # Errors
/// The ledger or the disk fails; a count doesn't balance (`Fault::Invariant`).
pub fn seal(world: &World, book: &mut Book, batch: &BatchState, dispatched: &Dispatched, issued_on: &str) -> Result<(), Fault> {
    let jobs = book.jobs(&batch.batch)?;
    let made: u32 = jobs.iter().map(|j| j.records.iter().flatten().count() as u32).sum();
    let slots: u32 = jobs.iter().map(|j| j.records.len() as u32).sum();
    let bundled: u32 = dispatched.bundles.iter().map(|b| b.cards).sum();
    balance("applications cut", batch.cards, "slots of jobs", slots)?;
    balance("cards made", made, "cards in bundles", bundled)?;
    let mut files: Vec<FileDigest> = jobs.iter().flat_map(|j| j.files.clone()).chain(dispatched.files.iter().cloned()).collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    strays::set_aside(world, book, batch, &files)?;
    if has(Bug::HashOrder) {
        let hashed: std::collections::HashMap<String, FileDigest> = files.into_iter().map(|f| (f.path.clone(), f)).collect();
        files = hashed.into_values().collect();
    }
    let manifest = Manifest {
        format: "cardline-batch/1",
        batch: batch.batch.as_str(),
        profile: &batch.profile,
        release_id: batch.release_id.to_string(),
        issued_on: issued_on.to_owned(),
        applications: batch.cards,
        cards: made,
        void: batch.cards - made,
        jobs: batch.jobs,
        bundles: dispatched.bundles.len(),
        files: files.into_iter().map(|f| ManifestFile { path: f.path, bytes: f.len_bytes, sha256: f.digest.to_string() }).collect(),
    };
    let digest = publish_signed(world, batch, &manifest)?;
    let sealed = BatchSealed {
        batch: batch.batch.clone(),
        manifest: digest,
        cards: made,
        void: batch.cards - made,
        jobs: batch.jobs,
        bundles: dispatched.bundles.len() as u32,
        at: batch.frozen_at,
    };
    book.record(&Entry::BatchSealed(sealed))?;
    Ok(())
}

fn publish_signed(world: &World, batch: &BatchState, manifest: &Manifest) -> Result<Digest, Fault> {
    let mut bytes = serde_json::to_vec_pretty(manifest).expect("a manifest is plain data");
    bytes.push(b'\n');
    let path = format!("{}/manifest.json", staging(batch));
    let info = publish_bytes(&*world.disk, &path, &bytes)?;
    let signature = world.signer.sign(&bytes, &format!("cardline batch {} issued {}", manifest.batch, manifest.issued_on))?;
    publish_bytes(&*world.disk, &format!("{path}.minisig"), signature.as_bytes())?;
    Ok(info.digest)
}

fn balance(left_name: &str, left: u32, right_name: &str, right: u32) -> Result<(), Fault> {
    if left == right { Ok(()) } else { Err(Fault::Invariant(format!("{left_name} {left} ≠ {right_name} {right}"))) }
}

/// Releases a sealed batch: written down first, then its folder gets its final name.
///
/// # Errors
/// The ledger or the disk fails; the batch isn't sealed (`Fault::NotAllowed`).
pub fn release(world: &World, book: &mut Book, batch: &BatchState, by: Vec<String>) -> Result<(), Fault> {
    let (BatchStage::Sealed | BatchStage::Released, Some(manifest)) = (batch.stage, batch.manifest) else {
        return Err(Fault::NotAllowed(format!("batch {} is not sealed", batch.batch)));
    };
    if batch.stage == BatchStage::Sealed {
        book.record(&Entry::BatchReleased(BatchReleased { batch: batch.batch.clone(), by, manifest, at: batch.frozen_at }))?;
    }
    make_visible(world, batch)
}

/// Gives a released batch's folder its final name, if that is still to be done.
///
/// # Errors
/// The disk fails.
pub fn make_visible(world: &World, batch: &BatchState) -> Result<(), Fault> {
    let (from, to) = (staging(batch), format!("batches/{}", batch.batch));
    let names = world.disk.list("batches").map_err(|e| Fault::io("list", "batches", e))?;
    if names.iter().any(|n| format!("batches/{}", n.name) == from) {
        world.disk.rename(&from, &to).map_err(|e| Fault::io("rename", &from, e))?;
        world.disk.sync_dir("batches").map_err(|e| Fault::io("sync", "batches", e))?;
    }
    Ok(())
}
