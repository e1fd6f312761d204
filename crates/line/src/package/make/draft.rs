//! `cardline package make`: a folder with `applications.csv` (or `.jsonl`) and `photos/`, and a draft of the manifest that says
//! who sends it. Refuses, with the whole list, what the centre could not read.

use std::collections::BTreeSet;
use std::io::{self, BufReader, Read, Seek, Write};

use card::{Code, OutletCode};
use serde::Deserialize;

use super::{Made, PackageSpec, Photos, make};
use crate::package::container::{ArchiveKind, EntryKind, FolderSource};
use crate::package::finding::{Finding, Halt, Stop, escaped, finding};
use crate::package::json::{Object, safe_error};
use crate::package::keys::SecretKey;
use crate::package::limits::PackageLimits;
use crate::package::manifest::{Channel, Employer, Encoding, RecordsKind};
use crate::package::name::{self, MANIFEST, Part, RECORDS_CSV, RECORDS_JSONL, photo_entry};
use crate::package::records::Rows;

/// A manifest to be completed: what the command line and a `package.json` in the folder say. May hold staff: no `Debug`.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Draft {
    pub package_id: Option<String>,
    pub outlet: Option<String>,
    pub sequence: Option<u64>,
    /// `individual` unless there is an employer.
    pub channel: Option<Channel>,
    pub submitted_at: Option<String>,
    pub profile: Option<String>,
    /// Found by looking when not given: UTF-8 if the records are, else GB18030.
    pub encoding: Option<Encoding>,
    pub employer: Option<Employer>,
    // Of a finished manifest; made anew.
    format: Option<String>,
    count: Option<u32>,
    records: Option<String>,
    files: Option<serde::de::IgnoredAny>,
}

/// Reads a draft: a manifest with any of its keys left out.
///
/// # Errors
/// What can't be understood, without quoting it.
pub fn read_draft(bytes: &[u8]) -> Result<Draft, String> {
    serde_json::from_slice::<Object<Draft>>(bytes).map(|d| d.0).map_err(|e| safe_error(&e))
}

/// What lies in the folder.
struct Found {
    records: RecordsKind,
    bytes: Vec<u8>,
    encoding: Encoding,
    photos: Vec<String>,
    count: u32,
}

/// Makes a package from a folder. `draft` wins over a `package.json` in the folder; `submitted_at` must be given by one of them.
///
/// # Errors
/// `SetAside` with everything that is wrong with the folder, its records and the draft, or a fault of folder or `out`.
pub fn from_folder(
    folder: &mut dyn FolderSource,
    draft: Draft,
    key: Option<&SecretKey>,
    kind: ArchiveKind,
    out: &mut (impl Write + Seek),
) -> Result<Made, Halt> {
    let limits = PackageLimits::default();
    let mut wrong = Vec::new();
    let names = list(folder, &limits, &mut wrong)?;
    let draft = complete(folder, &names, draft, &mut wrong)?;
    let found = look(folder, &names, &draft, &limits, &mut wrong)?;
    let spec = found.as_ref().and_then(|found| spec(draft, found, &mut wrong));
    match (spec, found) {
        (Some(spec), Some(found)) if wrong.is_empty() => {
            let mut photos = FolderPhotos { folder, names: found.photos, limits };
            make(&spec, &mut photos, &found.bytes, key, kind, out)
        }
        _ => Err(Stop::SetAside(wrong)),
    }
}

/// Names of the folder's files that belong in a package.
fn list(folder: &mut dyn FolderSource, limits: &PackageLimits, wrong: &mut Vec<Finding>) -> io::Result<Vec<(Part, String)>> {
    let mut names = Vec::new();
    let mut seen = BTreeSet::new();
    for entry in folder.entries(limits.files_max + 1)? {
        let place = escaped(entry.name.as_bytes());
        match (entry.kind, name::read(entry.name.as_bytes())) {
            (EntryKind::Other, _) => wrong.push(finding(&place, Code::Pkg08, "not a plain file", "plain files")),
            (EntryKind::Dir, _) => {}
            (_, Err((code, value, limit))) => wrong.push(finding(&place, code, value, limit)),
            (_, Ok(_)) if !seen.insert(name::folded(entry.name.as_bytes())) => {
                wrong.push(finding(&place, Code::Pkg10, "same name as another", "each name once"))
            }
            (_, Ok(read)) => names.push(read),
        }
    }
    if names.len() > limits.files_max {
        wrong.push(finding("folder", Code::Pkg13, format!("more than {} files", limits.files_max), format!("{} files", limits.files_max)));
    }
    names.sort_by(|a, b| a.1.cmp(&b.1));
    Ok(names)
}

/// Fills what the caller left open from the folder's own `package.json`.
fn complete(folder: &mut dyn FolderSource, names: &[(Part, String)], mut draft: Draft, wrong: &mut Vec<Finding>) -> io::Result<Draft> {
    if !names.iter().any(|(part, _)| *part == Part::Manifest) {
        return Ok(draft);
    }
    let bytes = read_at_most(folder, MANIFEST, PackageLimits::default().manifest_bytes_max)?;
    match read_draft(&bytes) {
        Ok(own) => {
            draft.package_id = draft.package_id.or(own.package_id);
            draft.outlet = draft.outlet.or(own.outlet);
            draft.sequence = draft.sequence.or(own.sequence);
            draft.channel = draft.channel.or(own.channel);
            draft.submitted_at = draft.submitted_at.or(own.submitted_at);
            draft.profile = draft.profile.or(own.profile);
            draft.encoding = draft.encoding.or(own.encoding);
            draft.employer = draft.employer.or(own.employer);
        }
        Err(what) => wrong.push(finding(MANIFEST, Code::Man04, what, "a manifest, keys left out where they are not known yet")),
    }
    Ok(draft)
}

fn look(folder: &mut dyn FolderSource, names: &[(Part, String)], draft: &Draft, limits: &PackageLimits, wrong: &mut Vec<Finding>) -> io::Result<Option<Found>> {
    let records: Vec<&str> = names.iter().filter(|(part, _)| *part == Part::Records).map(|(_, name)| name.as_str()).collect();
    let [name] = records[..] else {
        wrong.push(finding("folder", Code::Pkg12, format!("{} records files", records.len()), "applications.csv or applications.jsonl"));
        return Ok(None);
    };
    let records = if name == RECORDS_JSONL { RecordsKind::Jsonl } else { RecordsKind::Csv };
    let bytes = read_at_most(folder, name, limits.records_bytes_max)?;
    if bytes.len() as u64 > limits.records_bytes_max {
        wrong.push(finding(RECORDS_CSV, Code::Pkg14, format!("more than {} bytes", limits.records_bytes_max), format!("{} bytes", limits.records_bytes_max)));
        return Ok(None);
    }
    let utf8 = records == RecordsKind::Jsonl || std::str::from_utf8(&bytes).is_ok();
    let encoding = draft.encoding.unwrap_or(if utf8 { Encoding::Utf8 } else { Encoding::Gb18030 });
    let photos: Vec<String> = names.iter().filter(|(part, _)| *part == Part::Photo).map(|(_, name)| name.clone()).collect();
    let count = check_rows(&bytes, records, encoding, &photos, limits, wrong)?;
    Ok(Some(Found { records, bytes, encoding, photos, count }))
}

fn check_rows(bytes: &[u8], records: RecordsKind, encoding: Encoding, photos: &[String], limits: &PackageLimits, wrong: &mut Vec<Finding>) -> io::Result<u32> {
    let mut count = 0;
    for row in Rows::open(bytes, records, encoding, u32::MAX, limits)? {
        let row = row?;
        let place = format!("{} line {}", records.file_name(), row.line);
        count = row.number;
        let there = photo_entry(row.raw.get("photo")).is_some_and(|name| photos.binary_search(&name).is_ok());
        if row.reasons.is_empty() && !there {
            wrong.push(finding(&place, Code::Pho25, "no such file", "photos/NAME.jpg"));
        }
        wrong.extend(row.reasons.into_iter().map(|reason| Finding { place: place.clone(), reason }));
    }
    Ok(count)
}

fn spec(draft: Draft, found: &Found, wrong: &mut Vec<Finding>) -> Option<PackageSpec> {
    let mut needed = |what: &str, given: bool| {
        if !given {
            wrong.push(finding(what, Code::Man04, "missing or wrong", "docs/formats/package.md"));
        }
    };
    let outlet = draft.outlet.as_deref().and_then(|o| OutletCode::parse(o).ok());
    needed("package_id", draft.package_id.is_some());
    needed("outlet", outlet.is_some());
    needed("sequence", draft.sequence.is_some());
    needed("submitted_at", draft.submitted_at.is_some());
    let channel = if draft.employer.is_some() { Channel::Employer } else { Channel::Individual };
    Some(PackageSpec {
        package_id: draft.package_id?,
        outlet: outlet?,
        sequence: draft.sequence?,
        channel: draft.channel.unwrap_or(channel),
        submitted_at: draft.submitted_at?,
        count: found.count,
        profile: draft.profile,
        encoding: found.encoding,
        records: found.records,
        employer: draft.employer,
    })
}

struct FolderPhotos<'f> {
    folder: &'f mut dyn FolderSource,
    names: Vec<String>,
    limits: PackageLimits,
}

impl Photos for FolderPhotos<'_> {
    fn names(&self) -> Vec<String> {
        self.names.clone()
    }

    fn read(&mut self, name: &str) -> io::Result<Vec<u8>> {
        let max = self.limits.photo_bytes_max;
        let bytes = read_at_most(self.folder, name, max)?;
        if bytes.len() as u64 > max { Err(io::Error::other(format!("{name} is larger than {max} bytes"))) } else { Ok(bytes) }
    }
}

/// The file, or its first `max` + 1 bytes.
fn read_at_most(folder: &mut dyn FolderSource, name: &str, max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    BufReader::new(folder.open(name)?).take(max + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
