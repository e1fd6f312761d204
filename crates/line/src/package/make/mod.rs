//! The outlet's side: builds a package — digests, manifest, signature, container — with the same bytes for the same input.
//! It doesn't judge applications; [`from_folder`] refuses what could not even be read at the centre.

mod draft;
mod packer;
mod rows;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io::{self, Seek, Write};

use card::{Digest, OutletCode};
use serde::Serialize;

pub use draft::{Draft, from_folder, read_draft};
pub use packer::{FolderPacker, Packer, archive_packer};
pub use rows::{write_csv, write_jsonl};

use crate::package::container::ArchiveKind;
use crate::package::finding::{Finding, Halt, Stop};
use crate::package::keys::SecretKey;
use crate::package::limits::PackageLimits;
use crate::package::manifest::{Channel, Employer, Encoding, FORMAT, FileFact, RecordsKind, employer_reasons, parse};
use crate::package::name::{MANIFEST, SIGNATURE};

/// What a manifest says besides its files. May hold staff: no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct PackageSpec {
    pub package_id: String,
    pub outlet: OutletCode,
    pub sequence: u64,
    pub channel: Channel,
    /// RFC 3339 with an offset.
    pub submitted_at: String,
    pub count: u32,
    pub profile: Option<String>,
    pub encoding: Encoding,
    pub records: RecordsKind,
    pub employer: Option<Employer>,
}

/// The photos of a package to be made. Each is read twice (digest, then packing), so that a package needs no more memory than a photo.
pub trait Photos {
    /// Names as in the package (`photos/NAME.jpg`), any order.
    fn names(&self) -> Vec<String>;
    fn read(&mut self, name: &str) -> io::Result<Vec<u8>>;
}

impl Photos for BTreeMap<String, Vec<u8>> {
    fn names(&self) -> Vec<String> {
        self.keys().cloned().collect()
    }

    fn read(&mut self, name: &str) -> io::Result<Vec<u8>> {
        self.get(name).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

/// What was made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Made {
    /// Digest of `package.json`: the package's identity.
    pub manifest: Digest,
    pub files: usize,
    pub count: u32,
}

/// Packs `records` and `photos` into one archive, signed if there is a key. Only the manifest is checked (that it reads
/// back); rows and photos go in as they are.
///
/// # Errors
/// `SetAside` with what is wrong with the manifest, or a fault of `out` or `photos`.
pub fn make(
    spec: &PackageSpec,
    photos: &mut dyn Photos,
    records: &[u8],
    key: Option<&SecretKey>,
    kind: ArchiveKind,
    out: &mut (impl Write + Seek),
) -> Result<Made, Halt> {
    let mut packer = archive_packer(kind, out)?;
    let made = pack(spec, photos, records, key, packer.as_mut())?;
    packer.finish()?;
    Ok(made)
}

/// As [`make`], into any packer (a folder, for example); the caller finishes it.
///
/// # Errors
/// As [`make`].
pub fn pack(spec: &PackageSpec, photos: &mut dyn Photos, records: &[u8], key: Option<&SecretKey>, packer: &mut dyn Packer) -> Result<Made, Halt> {
    let mut names = photos.names();
    names.sort_unstable();
    let mut files = BTreeMap::from([(spec.records.file_name().to_owned(), fact(records))]);
    for name in &names {
        files.insert(name.clone(), fact(&photos.read(name)?));
    }
    let manifest = manifest_json(spec, &files);
    check_manifest(&manifest)?;
    packer.add(MANIFEST, &manifest)?;
    if let Some(key) = key {
        packer.add(SIGNATURE, key.sign(&manifest, &trusted_comment(spec)).as_bytes())?;
    }
    packer.add(spec.records.file_name(), records)?;
    for name in &names {
        let bytes = photos.read(name)?;
        if files[name] != fact(&bytes) {
            return Err(Stop::Fault(io::Error::other(format!("{name} changed while it was packed"))));
        }
        packer.add(name, &bytes)?;
    }
    Ok(Made { manifest: Digest::of(&manifest), files: names.len() + 1, count: spec.count })
}

fn fact(bytes: &[u8]) -> FileFact {
    FileFact { digest: Digest::of(bytes), len_bytes: bytes.len() as u64 }
}

/// Signed along with the manifest, for whoever looks at the signature alone.
fn trusted_comment(spec: &PackageSpec) -> String {
    format!("{FORMAT} {} {} {}", spec.outlet, spec.package_id, spec.sequence)
}

fn check_manifest(bytes: &[u8]) -> Result<(), Halt> {
    let reasons = match parse(bytes, &PackageLimits::default()) {
        Ok(manifest) => employer_reasons(&manifest),
        Err(reasons) => reasons,
    };
    let findings: Vec<Finding> = reasons.into_iter().map(|reason| Finding { place: MANIFEST.to_owned(), reason }).collect();
    if findings.is_empty() { Ok(()) } else { Err(Stop::SetAside(findings)) }
}

#[derive(Serialize)]
struct WrittenManifest<'a> {
    format: &'a str,
    package_id: &'a str,
    outlet: &'a str,
    sequence: u64,
    channel: Channel,
    submitted_at: &'a str,
    count: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<&'a str>,
    encoding: Encoding,
    records: RecordsKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    employer: Option<&'a Employer>,
    files: BTreeMap<&'a str, WrittenFact>,
}

#[derive(Serialize)]
struct WrittenFact {
    sha256: String,
    bytes: u64,
}

/// The text of `package.json`.
#[must_use]
pub fn manifest_json(spec: &PackageSpec, files: &BTreeMap<String, FileFact>) -> Vec<u8> {
    let written = |fact: &FileFact| WrittenFact { sha256: fact.digest.to_string(), bytes: fact.len_bytes };
    let manifest = WrittenManifest {
        format: FORMAT,
        package_id: &spec.package_id,
        outlet: spec.outlet.as_str(),
        sequence: spec.sequence,
        channel: spec.channel,
        submitted_at: &spec.submitted_at,
        count: spec.count,
        profile: spec.profile.as_deref(),
        encoding: spec.encoding,
        records: spec.records,
        employer: spec.employer.as_ref(),
        files: files.iter().map(|(name, fact)| (name.as_str(), written(fact))).collect(),
    };
    let mut text = serde_json::to_vec_pretty(&manifest).expect("plain data serialises");
    text.push(b'\n');
    text
}
