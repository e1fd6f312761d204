//! Do the unpacked files and the manifest agree? Pure: names, sizes and digests in, reasons out. Whether the package is a
//! repeat or out of sequence needs the ledger and is asked elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use card::{Code, Reason};

use crate::package::container::UnpackedFile;
use crate::package::finding::{Finding, finding};
use crate::package::manifest::{FileFact, Manifest, employer_reasons};
use crate::package::name::{MANIFEST, SIGNATURE};

/// Photos that may differ from their digests before the whole package is set aside (MAN-07): beyond both, it is.
const DIFFERING_MIN: usize = 5;
const DIFFERING_PERCENT_MAX: usize = 1;

/// What the files say.
#[derive(Default)]
pub struct FilesJudged {
    /// Sets the package aside if not empty: one reason for each code, its value counting the files.
    pub set_aside: Vec<Reason>,
    /// Noted, nothing more (PKG-17).
    pub notes: Vec<Reason>,
    /// Photos whose bytes are not the ones signed: the applications that name them get [`FilesJudged::photo_reason`].
    pub photos_differing: BTreeSet<String>,
}

impl FilesJudged {
    /// MAN-01 for an application whose photo has this name, if it differs.
    #[must_use]
    pub fn photo_reason(&self, name: &str) -> Option<Reason> {
        self.photos_differing.contains(name).then(differs)
    }
}

pub(crate) fn differs() -> Reason {
    Reason::new(Code::Man01, "SHA-256 differs", "as signed")
}

/// Compares what was unpacked with what was signed (PKG-02, 11, 12, 17; MAN-01, 02, 07; EMP-01, 04).
#[must_use]
pub fn judge_files(manifest: &Manifest, files: &[UnpackedFile]) -> FilesJudged {
    let compared = compare(manifest, files);
    let mut judged = FilesJudged { set_aside: counted(&compared.findings), notes: Vec::new(), photos_differing: compared.photos_differing };
    judged.set_aside.extend(employer_reasons(manifest));
    if manifest.count == 0 {
        judged.notes.push(Reason::new(Code::Pkg17, "0 applications", "at least 1"));
    }
    judged
}

/// MAN-03 if the manifest counts other than `rows` (which may stop at one more than it counts).
#[must_use]
pub fn count_reason(manifest: &Manifest, rows: u32) -> Option<Reason> {
    let more = if rows > manifest.count { "at least " } else { "" };
    (rows != manifest.count).then(|| Reason::new(Code::Man03, format!("{more}{rows} records"), format!("{} in the manifest", manifest.count)))
}

pub(crate) struct Compared {
    /// Each refusal with the file it is about.
    pub(crate) findings: Vec<Finding>,
    pub(crate) photos_differing: BTreeSet<String>,
}

pub(crate) fn compare(manifest: &Manifest, files: &[UnpackedFile]) -> Compared {
    let mut compared = Compared { findings: Vec::new(), photos_differing: BTreeSet::new() };
    let payload = files.iter().filter(|f| f.name != MANIFEST && f.name != SIGNATURE);
    let found: BTreeMap<&str, &UnpackedFile> = payload.map(|f| (f.name.as_str(), f)).collect();
    for (name, file) in &found {
        match manifest.files.get(*name) {
            Some(fact) => compare_one(manifest, fact, file, &mut compared),
            None => compared.findings.push(finding(name, Code::Pkg11, "not in the manifest", "files of the manifest")),
        }
    }
    for name in manifest.files.keys().filter(|name| !found.contains_key(name.as_str())) {
        compared.findings.push(finding(name, Code::Pkg12, "not in the package", "files of the manifest"));
    }
    too_many_differ(&mut compared, manifest.files.len().saturating_sub(1));
    compared
}

fn compare_one(manifest: &Manifest, fact: &FileFact, file: &UnpackedFile, compared: &mut Compared) {
    if file.len_bytes != fact.len_bytes {
        compared.findings.push(finding(&file.name, Code::Pkg02, format!("{} bytes", file.len_bytes), format!("{} bytes", fact.len_bytes)));
        return;
    }
    match (file.digest == fact.digest, file.name == manifest.records.file_name()) {
        (true, _) => {}
        (false, true) => compared.findings.push(finding(&file.name, Code::Man02, "SHA-256 differs", "as signed")),
        (false, false) => drop(compared.photos_differing.insert(file.name.clone())),
    }
}

fn too_many_differ(compared: &mut Compared, photos: usize) {
    let differing = compared.photos_differing.len();
    if differing >= DIFFERING_MIN && differing * 100 > photos * DIFFERING_PERCENT_MAX {
        let limit = format!("{DIFFERING_PERCENT_MAX} % or fewer than {DIFFERING_MIN}");
        compared.findings.push(finding("photos", Code::Man07, format!("{differing} of {photos} photos differ"), limit));
    }
}

/// One reason for each code; file names stay out of it.
fn counted(findings: &[Finding]) -> Vec<Reason> {
    let mut by_code: BTreeMap<Code, Vec<&Reason>> = BTreeMap::new();
    for f in findings {
        by_code.entry(f.reason.code).or_default().push(&f.reason);
    }
    let several = |reasons: Vec<&Reason>| match reasons[..] {
        [one] => one.clone(),
        _ => Reason::new(reasons[0].code, format!("{} files, the first: {}", reasons.len(), reasons[0].value), reasons[0].limit.clone()),
    };
    by_code.into_values().map(several).collect()
}
