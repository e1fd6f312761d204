//! One received package as the validate room sees it: its contents in the vault, its manifest, and what concerns every row of it
//! (holds, photos that differ from their digest, persons and photos its rows share). The same for a fresh and a resumed package.

use std::io::{BufRead, BufReader};
use std::sync::Arc;

use card::parse::Channel;
use card::reason::{Code, Reason};
use card::{Digest, Ordinal, OutletCode};
use ledger::book::state::PackageState;
use ledger::entry::Millis;
use ledger::fault::Fault;
use ledger::segment::{EntryView, SegmentReader};

use crate::intake::holds_applications;
use crate::package::records::{Row as RawRow, Rows};
use crate::package::{FilesJudged, MANIFEST, Manifest, PackageLimits, UnpackedFile, judge_files, manifest};
use crate::plan::Plan;
use crate::validate::prepass::Prepass;
use crate::validate::stored::{contents_path, photo_entry};
use crate::validate::{Judge, Photo, Row};
use crate::vault::Vault;

pub struct PackageView {
    state: PackageState,
    contents: Arc<SegmentReader>,
    manifest: Manifest,
    files: FilesJudged,
    prepass: Prepass,
}

impl PackageView {
    /// Opens a received package from the vault and reads its rows once, to know what they share.
    ///
    /// # Errors
    /// The vault's copy is damaged.
    pub fn open(state: PackageState, vault: &Vault, plan: &Plan) -> Result<Self, Fault> {
        if let Some(purged) = &state.purged {
            return Err(Fault::refused(Code::Prg01, format!("package {} was purged by {}", state.received.package, purged.who)));
        }
        let contents = vault.contents(state.received.package)?;
        let path = contents_path(state.received.package);
        let damaged = |why: String| Fault::FileDamaged { path: path.clone(), offset: 0, why };
        let bytes = contents.get(MANIFEST).map_err(|e| e.at(&path))?.ok_or_else(|| damaged("no manifest".to_owned()))?;
        let manifest = manifest::parse(&bytes, &plan.package_limits).map_err(|_| damaged("manifest unreadable".to_owned()))?;
        let files = judge_files(&manifest, &unpacked(&contents));
        let mut view = Self { state, contents: contents.clone(), manifest, files, prepass: Prepass::default() };
        let mut prepass = Prepass::default();
        for row in view.rows(&plan.package_limits)? {
            let row = row.map_err(|e| Fault::io("read", &path, e))?;
            prepass.note(row.number - 1, &row.raw, view.photo(&row).map(|p| p.digest).as_ref());
        }
        view.prepass = prepass;
        Ok(view)
    }

    #[must_use]
    pub fn package(&self) -> u64 {
        self.state.received.package
    }

    #[must_use]
    pub fn count(&self) -> u32 {
        self.state.received.count
    }

    #[must_use]
    pub fn outlet(&self) -> &OutletCode {
        &self.state.received.outlet
    }

    #[must_use]
    pub fn first_ordinal(&self) -> Ordinal {
        self.state.received.first_ordinal
    }

    #[must_use]
    pub fn received_at(&self) -> Millis {
        self.state.received.received_at
    }

    #[must_use]
    pub fn records_path(&self) -> String {
        contents_path(self.package())
    }

    /// The rows of the package's records, streamed from the vault; never more than the manifest counts.
    ///
    /// # Errors
    /// The vault's copy is damaged.
    pub fn rows(&self, limits: &PackageLimits) -> Result<impl Iterator<Item = std::io::Result<RawRow>> + '_, Fault> {
        let path = self.records_path();
        let name = self.manifest.records.file_name();
        let missing = || Fault::FileDamaged { path: path.clone(), offset: 0, why: format!("no {name}") };
        let stream = self.contents.stream(name).map_err(|e| e.at(&path))?.ok_or_else(missing)?;
        let reader: Box<dyn BufRead + '_> = Box::new(BufReader::with_capacity(64 << 10, stream));
        let rows = Rows::new(reader, &self.manifest, limits).map_err(|e| Fault::io("read", &path, e))?;
        Ok(rows.take(self.count() as usize))
    }

    fn channel(&self) -> Channel {
        self.manifest.employer.as_ref().map_or(Channel::Individual, |e| Channel::Employer { code: e.code.clone() })
    }

    fn photo(&self, row: &RawRow) -> Option<Found<'_>> {
        let name = row.raw.get("photo").trim();
        if name.is_empty() {
            return None;
        }
        let entry = self.contents.find(&photo_entry(name))?;
        Some(Found { digest: entry.digest(), entry })
    }

    /// Gives `judge` the row with its photo and everything the package says about it.
    pub fn with_row<R>(&self, raw: &RawRow, rules: &Judge, judge: impl FnOnce(&Row) -> R) -> R {
        let found = self.photo(raw);
        let name = raw.raw.get("photo").trim();
        let mut package_reasons: Vec<Reason> = self.state.received.reasons.iter().filter(|r| holds_applications(r)).cloned().collect();
        package_reasons.extend(self.files.photo_reason(&photo_entry(name)));
        package_reasons.extend(self.prepass.reasons(raw.number - 1, &raw.raw, found.as_ref().map(|f| f.digest).as_ref(), rules.profile));
        if self.manifest.profile.as_ref().is_some_and(|p| *p != rules.profile.id) {
            package_reasons.push(rules.profile.reason(Code::Rec22, "another profile", rules.profile.id.clone()));
        }
        // A photo that isn't the signed one is never looked at: its digest already says so (faults.md D22).
        let unsigned = package_reasons.iter().any(|r| r.code == Code::Man01);
        let photo = found.filter(|_| !unsigned).and_then(|f| f.entry.content().ok().map(|c| (c, f.digest)));
        let photo = photo.as_ref().map(|(jpeg, digest)| Photo { jpeg, digest: *digest });
        judge(&Row { raw: raw.raw.clone(), row_reasons: raw.reasons.clone(), package_reasons, channel: self.channel(), outlet: self.outlet().as_str(), photo })
    }
}

/// A photo's place in the package; it is opened only when it is looked at.
struct Found<'a> {
    digest: Digest,
    entry: EntryView<'a>,
}

/// The vault's copy as the list of files it was unpacked from.
fn unpacked(contents: &SegmentReader) -> Vec<UnpackedFile> {
    contents.entries().map(|e| UnpackedFile { name: e.name().to_owned(), len_bytes: e.len_bytes(), digest: e.digest() }).collect()
}
