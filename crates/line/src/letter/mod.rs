//! The letter beside an answer's lists: what was not accepted, why, what was measured, what to do and by when, for a person to read, as
//! HTML and PDF, in English and Chinese. A package's letter names people and shows their marked photos, so a purge of the package
//! destroys it; the night's speaks of many packages and shows neither.

mod case;
mod draft;
mod html;
mod pdf;

use card::{Ordinal, Profile};
use jiff::civil::Date;
use ledger::book::Book;
use ledger::book::state::{BatchState, PackageState};
use ledger::entry::{FileDigest, PackageSetAside};
use ledger::fault::Fault;
use ledger::publish::Together;

use crate::plan::Plan;
use crate::ports::{Lookup, Registers};
use crate::vault::Vault;
use draft::{Draft, Subject};

pub use case::is_about_the_photo;

/// Applications one letter shows, those for the outlet to put right first; the lists beside it always have all. A bound on memory, and on paper.
pub const CASES_MAX: usize = 500;

/// What every letter is made with.
pub struct Desk<'a> {
    pub plan: &'a Plan,
    pub book: &'a Book,
    pub registers: &'a dyn Registers,
}

/// Where a package's letter lies: both forms of it.
#[must_use]
pub fn paths(package: &PackageState) -> [String; 2] {
    ["html", "pdf"].map(|form| format!("returns/{}/{}/letter.{form}", package.received.outlet, package.received.package_id))
}

impl Desk<'_> {
    /// Writes a package's letter beside its lists.
    ///
    /// # Errors
    /// The book, the vault or the disk fails.
    pub fn write_package(&self, files: &mut Together, vault: &Vault, package: &PackageState, ordinals: &[Ordinal]) -> Result<Vec<FileDigest>, Fault> {
        let received_on = self.plan.day(package.received.received_at);
        let subject = Subject::Package { package, received_on, vault };
        let lists = ["answers.csv", "answers.jsonl"].map(str::to_owned);
        let draft = self.draft(package.received.outlet.as_str(), subject, lists, ordinals)?;
        write(files, &draft, paths(package), received_on)
    }

    /// Writes the night's letter to an outlet beside its lists, whose path without its end is `stem`.
    ///
    /// # Errors
    /// The book or the disk fails.
    pub fn write_night(&self, files: &mut Together, batch: &BatchState, outlet: &str, stem: &str, ordinals: &[Ordinal]) -> Result<Vec<FileDigest>, Fault> {
        let on = self.plan.day(batch.frozen_at);
        let name = stem.rsplit('/').next().unwrap_or(stem);
        let lists = ["csv", "jsonl"].map(|form| format!("{name}.{form}"));
        let draft = self.draft(outlet, Subject::Night { batch: &batch.batch, on }, lists, ordinals)?;
        write(files, &draft, ["html", "pdf"].map(|form| format!("{stem}.{form}")), on)
    }

    fn draft<'s>(&'s self, outlet: &'s str, subject: Subject<'s>, lists: [String; 2], ordinals: &[Ordinal]) -> Result<Draft<'s>, Fault> {
        let (name, name_zh) = match self.registers.outlet(outlet) {
            Lookup::Found(row) => (row.name, row.name_zh),
            Lookup::NoRegister | Lookup::Unknown => (String::new(), String::new()),
        };
        Draft::gather(self, [outlet.to_owned(), name, name_zh], subject, lists, ordinals)
    }

    /// Writes the letter about a package that was not let in: `STEM.html` and `STEM.pdf`, whose digests `STEM.json` beside them names.
    ///
    /// # Errors
    /// The disk fails.
    pub fn write_set_aside(&self, files: &mut Together, aside: &PackageSetAside, outlet: &str, stem: &str) -> Result<Vec<FileDigest>, Fault> {
        let on = self.plan.day(aside.at);
        let name = stem.rsplit('/').next().unwrap_or(stem);
        let draft = self.draft(outlet, Subject::SetAside { aside, on }, [format!("{name}.json"), String::new()], &[])?;
        write(files, &draft, ["html", "pdf"].map(|form| format!("{stem}.{form}")), on)
    }

    fn profile(&self) -> &Profile {
        &self.plan.profile
    }
}

fn write(files: &mut Together, draft: &Draft, [html, pdf]: [String; 2], on: Date) -> Result<Vec<FileDigest>, Fault> {
    let broken = |e: artwork::Fault| Fault::Invariant(format!("{pdf}: {e}"));
    let id = crate::job::document_id(format!("{} {}", draft.outlet[0], draft.reference()), on);
    let document = artwork::assemble(artwork::letter_pages(&pdf::letter(draft)), &id).map_err(broken)?;
    let info = files.write(&html, |out| html::write(out, draft))?;
    let mut written = vec![FileDigest { path: html, len_bytes: info.len_bytes, digest: info.digest }];
    let info = files.write(&pdf, |out| document.write_to(out))?;
    written.push(FileDigest { path: pdf, len_bytes: info.len_bytes, digest: info.digest });
    Ok(written)
}

#[cfg(test)]
mod tests;
