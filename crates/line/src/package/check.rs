//! `cardline package check`: everything that is wrong with a package, not only the first thing, with the place of each.
//! The centre's own questions — registers, repeats, other packages — can't be asked here.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use card::parse::{Channel as ParseChannel, is_application_id, parse};
use card::{Code, Profile, Reason};
use jiff::civil::Date;

use crate::package::container::{Sink, Source, UnpackedFile, unpack_with_places};
use crate::package::files::{compare, count_reason, differs};
use crate::package::finding::{Finding, Stop, finding};
use crate::package::keys::KeyId;
use crate::package::limits::PackageLimits;
use crate::package::manifest::{self, Channel, Manifest, employer_reasons};
use crate::package::name::{MANIFEST, PHOTO_FOLDER, SIGNATURE, photo_entry};
use crate::package::records::{Row, Rows};
use crate::package::signature::{self, OutletKey};

/// What a package is checked against.
pub struct Checks<'a> {
    pub limits: &'a PackageLimits,
    /// The day the rules are asked for.
    pub day: Date,
    pub profile: &'a Profile,
    pub networks: &'a dyn photo::nets::Networks,
    /// The outlet's own public key, or the register's; without it a signature is only looked at, not verified.
    pub key_of: Option<&'a dyn Fn(KeyId) -> Option<OutletKey>>,
}

/// Everything wrong with a package: container, manifest, signature, files, rows, photos, in this order. Warnings are in it too.
///
/// # Errors
/// The package can't be read at all.
pub fn check(source: Source, checks: &Checks) -> io::Result<Vec<Finding>> {
    let mut kept = Kept::new(checks);
    let mut findings = Vec::new();
    let files = match unpack_with_places(source, checks.limits, &mut kept) {
        Ok(files) => Some(files),
        Err(Stop::Fault(error)) => return Err(error),
        Err(Stop::SetAside(found)) => {
            findings.extend(found);
            None
        }
    };
    let mut declared = BTreeSet::new();
    check_contents(&kept, files.as_deref(), checks, &mut findings, &mut declared)?;
    for (name, photo) in kept.photos {
        findings.extend(at(&name, if declared.contains(&name) { photo.with_declared_headgear } else { photo.reasons }));
    }
    Ok(findings)
}

fn check_contents(
    kept: &Kept,
    files: Option<&[UnpackedFile]>,
    checks: &Checks,
    findings: &mut Vec<Finding>,
    declared: &mut BTreeSet<String>,
) -> io::Result<()> {
    let Some(bytes) = kept.whole.get(MANIFEST) else {
        findings.extend(files.map(|_| finding(MANIFEST, Code::Pkg12, "not in the package", "a manifest")));
        return Ok(());
    };
    let manifest = match manifest::parse(bytes, checks.limits) {
        Ok(manifest) => manifest,
        Err(reasons) => {
            findings.extend(at(MANIFEST, reasons));
            return Ok(());
        }
    };
    findings.extend(at(MANIFEST, employer_reasons(&manifest)));
    if manifest.count == 0 {
        findings.push(finding(MANIFEST, Code::Pkg17, "0 applications", "at least 1"));
    }
    if files.is_some() || kept.whole.contains_key(SIGNATURE) {
        findings.extend(at(SIGNATURE, check_signature(bytes, kept, &manifest, checks).err()));
    }
    if let Some(files) = files {
        let compared = compare(&manifest, files);
        findings.extend(compared.findings);
        findings.extend(compared.photos_differing.iter().flat_map(|name| at(name, [differs()])));
    }
    check_rows(kept, &manifest, files.is_some(), checks, findings, declared)
}

fn at(place: &str, reasons: impl IntoIterator<Item = Reason>) -> impl Iterator<Item = Finding> {
    let place = place.to_owned();
    reasons.into_iter().map(move |reason| Finding { place: place.clone(), reason })
}

fn check_signature(bytes: &[u8], kept: &Kept, manifest: &Manifest, checks: &Checks) -> Result<(), Reason> {
    let text = kept.whole.get(SIGNATURE).map(Vec::as_slice);
    match checks.key_of {
        Some(key_of) => signature::verify(bytes, text, &manifest.outlet, key_of).map(drop),
        None => signature::read(text).map(drop),
    }
}

/// Each row; `declared` gets the photos of those that declare headgear.
fn check_rows(
    kept: &Kept,
    manifest: &Manifest,
    all_here: bool,
    checks: &Checks,
    findings: &mut Vec<Finding>,
    declared: &mut BTreeSet<String>,
) -> io::Result<()> {
    let name = manifest.records.file_name();
    let Some(bytes) = kept.whole.get(name) else { return Ok(()) };
    let mut rows = 0;
    let mut ids = BTreeSet::new();
    for row in Rows::new(bytes.as_slice(), manifest, checks.limits)? {
        let row = row?;
        rows = row.number;
        let id = row.raw.get("application_id").trim().to_owned();
        let place = if is_application_id(&id) { format!("{name} line {} {id}", row.line) } else { format!("{name} line {}", row.line) };
        let mut reasons = row_reasons(&row, manifest, checks);
        if card::parse::declares_headgear(&row.raw) {
            declared.extend(photo_entry(row.raw.get("photo")));
        }
        if all_here && !reasons.iter().any(|r| r.code == Code::Rec32) {
            reasons.extend(photo_missing(&row, kept));
        }
        if !id.is_empty() && !ids.insert(id) {
            reasons.push(Reason::new(Code::Dup08, "twice in this package", "each application_id once"));
        }
        findings.extend(at(&place, reasons));
    }
    findings.extend(at(name, count_reason(manifest, rows)));
    Ok(())
}

fn row_reasons(row: &Row, manifest: &Manifest, checks: &Checks) -> Vec<Reason> {
    let mut reasons = row.reasons.clone();
    if reasons.iter().any(|r| matches!(r.code, Code::Rec32 | Code::Rec03)) {
        return reasons;
    }
    let channel = match (manifest.channel, &manifest.employer) {
        (Channel::Employer, Some(employer)) => ParseChannel::Employer { code: employer.code.clone() },
        (Channel::Employer, None) => ParseChannel::Employer { code: String::new() },
        (Channel::Individual, _) => ParseChannel::Individual,
    };
    reasons.extend(parse(&row.raw, checks.day, &channel, checks.profile).reasons);
    if let Some(employer) = &manifest.employer
        && card::employer::names_another(&row.raw, &employer.code)
    {
        reasons.push(Reason::new(Code::Emp02, "employer_code of another employer", "the manifest's employer"));
    }
    reasons
}

fn photo_missing(row: &Row, kept: &Kept) -> Option<Reason> {
    let there = photo_entry(row.raw.get("photo")).is_some_and(|name| kept.photos.contains_key(&name));
    (!there).then(|| Reason::new(Code::Pho25, "no such file in the package", "photos/NAME.jpg"))
}

/// Keeps manifest, signature and records; examines photos as they pass.
struct Kept<'p> {
    checks: &'p Checks<'p>,
    open: (String, Vec<u8>),
    whole: BTreeMap<String, Vec<u8>>,
    photos: BTreeMap<String, ExaminedPhoto>,
}

/// What is wrong with a photo. The row that says which of the two counts may come after it.
struct ExaminedPhoto {
    reasons: Vec<Reason>,
    with_declared_headgear: Vec<Reason>,
}

impl ExaminedPhoto {
    fn of(jpeg: &[u8], checks: &Checks) -> Self {
        let examination = photo::examine(jpeg, &photo::Sitting { profile: checks.profile, networks: checks.networks, religious_headgear: false });
        let reasons: Vec<Reason> = examination.reasons.into_iter().map(Reason::from).collect();
        let judged_again = photo::judge_again(&examination.measurements, true, checks.profile).into_iter().map(Reason::from);
        let with_declared_headgear = reasons.iter().filter(|r| !photo::is_judged_again(r.code)).cloned().chain(judged_again).collect();
        Self { reasons, with_declared_headgear }
    }
}

impl<'p> Kept<'p> {
    fn new(checks: &'p Checks<'p>) -> Self {
        Self { checks, open: Default::default(), whole: BTreeMap::new(), photos: BTreeMap::new() }
    }
}

impl Sink for Kept<'_> {
    fn begin(&mut self, name: &str) -> io::Result<()> {
        self.open = (name.to_owned(), Vec::new());
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.open.1.extend_from_slice(bytes);
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        let (name, bytes) = std::mem::take(&mut self.open);
        if name.starts_with(PHOTO_FOLDER) {
            self.photos.insert(name, ExaminedPhoto::of(&bytes, self.checks));
        } else {
            self.whole.insert(name, bytes);
        }
        Ok(())
    }
}
