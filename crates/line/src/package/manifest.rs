//! `package.json`: what the outlet signed. Read strictly — no unknown or repeated key at any level, nothing of another type,
//! nothing nested, nothing out of range — so that signer and reader can't understand it differently.

use std::collections::BTreeMap;
use std::fmt;

use card::{Code, Digest, OutletCode, Reason};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};

use crate::package::json::{Object, depth, safe_error};
use crate::package::limits::PackageLimits;
use crate::package::name::{RECORDS_CSV, RECORDS_JSONL, is_payload};

/// The version this program reads and writes.
pub const FORMAT: &str = "cardline-package/1";
const FORMAT_PREFIX: &str = "cardline-package/";
pub(crate) const PACKAGE_ID_CHARS_MAX: usize = 64;
/// Sequence numbers stay exact in every JSON reader.
pub(crate) const SEQUENCE_MAX: u64 = (1 << 53) - 1;
const PROFILE_CHARS_MAX: usize = 64;
const STAFF_MAX: usize = 20;
const TEXT_CHARS_MAX: usize = 200;

/// A package as its outlet describes it. Holds the employer's staff: no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Manifest {
    /// 1–64 of `A-Z a-z 0-9 . _ -`, beginning with a letter or digit; unique within the outlet for ever.
    pub package_id: String,
    pub outlet: OutletCode,
    /// 1 for the outlet's first package, then one more each time.
    pub sequence: u64,
    pub channel: Channel,
    /// UTC, milliseconds since 1970.
    pub submitted_at: i64,
    /// Rows in the records file.
    pub count: u32,
    pub profile: Option<String>,
    pub encoding: Encoding,
    pub records: RecordsKind,
    pub employer: Option<Employer>,
    /// Every file of the package but the manifest and its signature.
    pub files: BTreeMap<String, FileFact>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    Individual,
    Employer,
}

impl Channel {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Individual => "individual",
            Self::Employer => "employer",
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    #[serde(rename = "utf-8")]
    Utf8,
    Gb18030,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, serde::Serialize)]
pub enum RecordsKind {
    #[serde(rename = "applications.csv")]
    Csv,
    #[serde(rename = "applications.jsonl")]
    Jsonl,
}

impl RecordsKind {
    #[must_use]
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Csv => RECORDS_CSV,
            Self::Jsonl => RECORDS_JSONL,
        }
    }
}

/// The employer of an employer package, its designated staff and its letter of authorisation (S4).
#[derive(Clone, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields)]
pub struct Employer {
    /// Unified social credit code, 18 characters (GB 32100).
    pub code: String,
    pub name: String,
    #[serde(default, deserialize_with = "staff_list")]
    pub staff: Vec<Staff>,
    /// Reference of the letter of authorisation.
    #[serde(default)]
    pub letter: String,
}

/// One designated member of staff.
#[derive(Clone, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields)]
pub struct Staff {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
}

/// What the manifest says of one file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FileFact {
    pub digest: Digest,
    pub len_bytes: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(rename = "format")]
    _format: String,
    package_id: String,
    outlet: String,
    sequence: u64,
    channel: Channel,
    submitted_at: String,
    count: u32,
    profile: Option<String>,
    encoding: Encoding,
    records: RecordsKind,
    employer: Option<Object<Employer>>,
    files: Files,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenFact {
    sha256: String,
    bytes: u64,
}

struct Files(BTreeMap<String, WrittenFact>);

/// Only the version: a later one may have keys we don't know.
#[derive(Deserialize)]
struct Version {
    format: Option<String>,
}

/// Reads a manifest.
///
/// # Errors
/// MAN-04, MAN-05 or MAN-06. Employer rules are in [`employer_reasons`].
pub fn parse(bytes: &[u8], limits: &PackageLimits) -> Result<Manifest, Vec<Reason>> {
    check_size(bytes, limits)?;
    check_version(bytes)?;
    let written: Object<Written> = serde_json::from_slice(bytes).map_err(|e| vec![man04(safe_error(&e), "docs/formats/package.md")])?;
    understand(written.0, limits)
}

fn man04(value: impl Into<String>, limit: &str) -> Reason {
    Reason::new(Code::Man04, value, limit)
}

fn check_size(bytes: &[u8], limits: &PackageLimits) -> Result<(), Vec<Reason>> {
    let max = limits.manifest_bytes_max;
    if bytes.len() as u64 > max {
        return Err(vec![Reason::new(Code::Man05, format!("{} bytes", bytes.len()), format!("{max} bytes"))]);
    }
    let (deep, deepest) = (depth(bytes), limits.json_depth_max);
    if deep > deepest { Err(vec![Reason::new(Code::Man05, format!("{deep} levels"), format!("{deepest} levels"))]) } else { Ok(()) }
}

fn check_version(bytes: &[u8]) -> Result<(), Vec<Reason>> {
    let version: Object<Version> = serde_json::from_slice(bytes).map_err(|e| vec![man04(safe_error(&e), "docs/formats/package.md")])?;
    match version.0.format.as_deref() {
        Some(FORMAT) => Ok(()),
        Some(other) => match other.strip_prefix(FORMAT_PREFIX) {
            Some(n) if (1..=9).contains(&n.len()) && n.bytes().all(|b| b.is_ascii_digit()) => {
                Err(vec![Reason::new(Code::Man06, format!("version {n}"), FORMAT)])
            }
            _ => Err(vec![man04("format: not one of ours", FORMAT)]),
        },
        None => Err(vec![man04("missing key format", FORMAT)]),
    }
}

/// The typed manifest, or everything that is out of its range.
fn understand(written: Written, limits: &PackageLimits) -> Result<Manifest, Vec<Reason>> {
    let mut wrong = Vec::new();
    check_ranges(&written, limits, &mut wrong);
    let outlet = OutletCode::parse(&written.outlet).map_err(|_| wrong.push(man04("outlet: not an outlet code", "2-20 of A-Z 0-9 -"))).ok();
    let submitted_at = instant(&written.submitted_at);
    if submitted_at.is_none() {
        wrong.push(man04("submitted_at: not a time", "RFC 3339, for example 2025-06-01T09:30:00+08:00"));
    }
    let files = facts(written.files, written.records, &mut wrong);
    match (outlet, submitted_at) {
        (Some(outlet), Some(submitted_at)) if wrong.is_empty() => Ok(Manifest {
            package_id: written.package_id,
            outlet,
            sequence: written.sequence,
            channel: written.channel,
            submitted_at,
            count: written.count,
            profile: written.profile,
            encoding: written.encoding,
            records: written.records,
            employer: written.employer.map(|e| e.0),
            files,
        }),
        _ => Err(wrong),
    }
}

fn check_ranges(written: &Written, limits: &PackageLimits, wrong: &mut Vec<Reason>) {
    let mut check = |ok: bool, value: &str, limit: &str| {
        if !ok {
            wrong.push(man04(value, limit));
        }
    };
    check(is_package_id(&written.package_id), "package_id: not an identifier", "1-64 of A-Z a-z 0-9 . _ -, first a letter or digit");
    check((1..=SEQUENCE_MAX).contains(&written.sequence), "sequence: out of range", "1 to 9007199254740991");
    check(written.count as usize <= limits.files_max, "count: out of range", "as many as files are allowed");
    check(written.profile.as_ref().is_none_or(|p| p.len() <= PROFILE_CHARS_MAX && is_package_id(p)), "profile: not an identifier", "as package_id");
    check(written.records == RecordsKind::Csv || written.encoding == Encoding::Utf8, "encoding: JSON lines are UTF-8", "utf-8");
    let employer = written.employer.as_ref().map(|e| &e.0);
    check(employer.is_none() || written.channel == Channel::Employer, "employer: only in the employer channel", "channel employer");
    check(employer.is_none_or(texts_fit), "employer: a text is too long or holds control characters", "200 characters, 20 staff");
}

fn texts_fit(employer: &Employer) -> bool {
    let fits = |text: &str| text.chars().count() <= TEXT_CHARS_MAX && !text.chars().any(char::is_control);
    let staff_fits = |s: &Staff| fits(&s.name) && [&s.id_type, &s.id, &s.phone].into_iter().flatten().all(|t| fits(t));
    fits(&employer.code) && fits(&employer.name) && fits(&employer.letter) && employer.staff.len() <= STAFF_MAX && employer.staff.iter().all(staff_fits)
}

pub(crate) fn is_package_id(text: &str) -> bool {
    let charset = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
    charset && (1..=PACKAGE_ID_CHARS_MAX).contains(&text.len()) && text.as_bytes()[0].is_ascii_alphanumeric()
}

/// RFC 3339 with an offset; milliseconds since 1970.
pub(crate) fn instant(text: &str) -> Option<i64> {
    let shape = text.len() <= 35 && text.as_bytes().get(10) == Some(&b'T') && text.bytes().all(|b| b.is_ascii_digit() || b"-:T.Z+".contains(&b));
    let offset = text.ends_with('Z') || text.len() > 6 && matches!(text.as_bytes()[text.len() - 6], b'+' | b'-') && text.as_bytes()[text.len() - 3] == b':';
    if shape && offset { text.parse::<jiff::Timestamp>().ok().map(|t| t.as_millisecond()) } else { None }
}

fn facts(files: Files, records: RecordsKind, wrong: &mut Vec<Reason>) -> BTreeMap<String, FileFact> {
    let mut out = BTreeMap::new();
    let mut unknown = 0usize;
    let mut undigested = 0usize;
    for (name, fact) in files.0 {
        let other_records = [RECORDS_CSV, RECORDS_JSONL].contains(&name.as_str()) && name != records.file_name();
        unknown += usize::from(other_records || !is_payload(&name));
        match Digest::parse(&fact.sha256) {
            Ok(digest) => drop(out.insert(name, FileFact { digest, len_bytes: fact.bytes })),
            Err(_) => undigested += 1,
        }
    }
    if unknown > 0 {
        wrong.push(man04(format!("files: {unknown} names the format doesn't know"), "the records file and photos/NAME.jpg"));
    }
    if undigested > 0 {
        wrong.push(man04(format!("files: {undigested} digests that are no SHA-256"), "64 lower-case hex digits"));
    }
    if unknown == 0 && undigested == 0 && !out.contains_key(records.file_name()) {
        wrong.push(man04("files: the records file is not listed", records.file_name()));
    }
    out
}

/// What an employer package lacks: EMP-01 (staff, letter, the whole block), EMP-04 (its credit code).
#[must_use]
pub fn employer_reasons(manifest: &Manifest) -> Vec<Reason> {
    if manifest.channel != Channel::Employer {
        return Vec::new();
    }
    let emp01 = |what: &str| Reason::new(Code::Emp01, what, "staff and letter");
    let Some(employer) = &manifest.employer else { return vec![emp01("no employer block")] };
    let mut reasons = Vec::new();
    if employer.staff.is_empty() || employer.staff.iter().any(|s| s.name.trim().is_empty()) {
        reasons.push(emp01("no designated staff, or staff without a name"));
    }
    if employer.letter.trim().is_empty() {
        reasons.push(emp01("no letter of authorisation"));
    }
    if let Err(fault) = card::employer::check_code(&employer.code) {
        let what = match fault {
            card::employer::CodeFault::Form => "form",
            card::employer::CodeFault::Check => "check character",
        };
        reasons.push(Reason::new(Code::Emp04, what, "GB 32100"));
    }
    reasons
}

fn staff_list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Staff>, D::Error> {
    let list: Vec<Object<Staff>> = Vec::deserialize(deserializer)?;
    Ok(list.into_iter().map(|s| s.0).collect())
}

impl<'de> Deserialize<'de> for Files {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EachOnce;
        impl<'de> Visitor<'de> for EachOnce {
            type Value = Files;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an object of files")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Files, A::Error> {
                let mut files = BTreeMap::new();
                while let Some((name, fact)) = map.next_entry::<String, Object<WrittenFact>>()? {
                    if files.insert(name, fact.0).is_some() {
                        return Err(serde::de::Error::custom("a file listed twice"));
                    }
                }
                Ok(Files(files))
            }
        }
        deserializer.deserialize_map(EachOnce)
    }
}
