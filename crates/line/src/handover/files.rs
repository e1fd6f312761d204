//! The files of a released batch as its sealed manifest lists them, held against what lies on the disk. Nothing is sent from here.

use std::collections::HashMap;

use card::{Code, Digest};
use ledger::book::state::BatchState;
use ledger::disk::{Bytes, Disk};
use ledger::entry::FileDigest;
use ledger::fault::Fault;
use serde::Deserialize;

/// What is read of a batch's manifest.
#[derive(Deserialize)]
struct Listing {
    files: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    path: String,
    bytes: u64,
    sha256: Digest,
}

/// A batch's files by path.
pub struct SealedFiles<'a> {
    plant: &'a dyn Disk,
    batch: &'a BatchState,
    listed: HashMap<String, FileDigest>,
}

impl<'a> SealedFiles<'a> {
    /// # Errors
    /// OUT-01: the manifest is not the one that was sealed; the disk fails.
    pub fn of(plant: &'a dyn Disk, batch: &'a BatchState) -> Result<Self, Fault> {
        let path = format!("batches/{}/manifest.json", batch.batch);
        let bytes = plant.read(&path).map_err(Fault::on("read", &path))?;
        let changed = || Fault::refused(Code::Out01, format!("{path} is not the manifest that was sealed"));
        if Some(Digest::of(&bytes)) != batch.manifest {
            return Err(changed());
        }
        let manifest: Listing = serde_json::from_slice(&bytes).map_err(|_| changed())?;
        let listed = manifest.files.into_iter().map(|f| (f.path.clone(), FileDigest { path: f.path, len_bytes: f.bytes, digest: f.sha256 }));
        Ok(Self { plant, batch, listed: listed.collect() })
    }

    /// The bytes of a file, which are those of the manifest.
    ///
    /// # Errors
    /// OUT-01; the disk fails.
    pub fn sound(&self, file: &FileDigest) -> Result<Bytes, Fault> {
        let bytes = bytes(self.plant, self.batch, file)?;
        let content = (*bytes).as_ref();
        let same = self.listed.get(&file.path) == Some(file) && content.len() as u64 == file.len_bytes && Digest::of(content) == file.digest;
        if same { Ok(bytes) } else { Err(differs(self.batch, file)) }
    }
}

pub fn bytes(plant: &dyn Disk, batch: &BatchState, file: &FileDigest) -> Result<Bytes, Fault> {
    let path = format!("batches/{}/{}", batch.batch, file.path);
    plant.map(&path).map_err(Fault::on("read", &path))
}

pub fn differs(batch: &BatchState, file: &FileDigest) -> Fault {
    Fault::refused(Code::Out01, format!("batches/{}/{}", batch.batch, file.path))
}
