//! The one gate every file of every container goes through: name, duplicates, sizes, digest, then the sink.

use std::collections::BTreeSet;

use card::{Code, Digest};
use sha2::Digest as _;

use super::{Sink, UnpackedFile};
use crate::package::finding::{Finding, Halt, escaped, finding, refuse};
use crate::package::limits::PackageLimits;
use crate::package::name::{self, Part};

pub(super) struct Intake<'a> {
    pub(super) limits: &'a PackageLimits,
    sink: &'a mut dyn Sink,
    seen: BTreeSet<Vec<u8>>,
    files: Vec<UnpackedFile>,
    entries: usize,
    declared_bytes: u64,
}

/// A name that was let in.
pub(super) struct Admitted {
    pub(super) part: Part,
    pub(super) name: String,
    pub(super) place: String,
}

impl<'a> Intake<'a> {
    pub(super) fn new(limits: &'a PackageLimits, sink: &'a mut dyn Sink) -> Self {
        Self { limits, sink, seen: BTreeSet::new(), files: Vec::new(), entries: 0, declared_bytes: 0 }
    }

    pub(super) fn into_files(self) -> Vec<UnpackedFile> {
        self.files
    }

    /// Lets a name in or says everything that is wrong with it (PKG-06, 07, 10, 11, 13, 15).
    pub(super) fn admit(&mut self, raw: &[u8]) -> Result<Admitted, Halt> {
        self.count_entry()?;
        let place = format!("entry {} {}", self.entries, escaped(raw));
        let mut findings = Vec::new();
        let read = name::read(raw).map_err(|(code, value, limit)| findings.push(finding(&place, code, self.at_entry(&value), limit)));
        let folder = matches!(read, Ok((Part::Folder, _)));
        if !folder && !self.seen.insert(name::folded(raw)) {
            findings.push(finding(&place, Code::Pkg10, self.at_entry("same name as an earlier one"), "each name once"));
        }
        match read {
            Ok((part, name)) if findings.is_empty() => Ok(Admitted { part, name, place }),
            _ => Err(Halt::SetAside(findings)),
        }
    }

    /// Counts an entry that has no name of its own to judge (an extended header).
    pub(super) fn count_entry(&mut self) -> Result<(), Halt> {
        self.entries += 1;
        let max = self.limits.files_max;
        if self.entries > max { Err(refuse("container", Code::Pkg13, format!("more than {max} files"), format!("{max} files"))) } else { Ok(()) }
    }

    /// Checks the size a container declares for a file, before any of it is read (PKG-14).
    pub(super) fn declare(&mut self, file: &Admitted, len_bytes: u64) -> Result<(), Halt> {
        let max = self.bytes_max(file.part);
        if len_bytes > max {
            return Err(refuse(&file.place, Code::Pkg14, self.at_entry(&format!("{len_bytes} bytes")), format!("{max} bytes")));
        }
        self.declared_bytes = self.declared_bytes.saturating_add(len_bytes);
        let all = self.limits.package_bytes_max;
        if self.declared_bytes > all {
            return Err(refuse("container", Code::Pkg14, format!("{} bytes unpacked", self.declared_bytes), format!("{all} bytes")));
        }
        Ok(())
    }

    /// Opens a file in the sink.
    pub(super) fn begin(&mut self, file: &Admitted) -> Result<Storing<'_>, Halt> {
        self.sink.begin(&file.name)?;
        Ok(Storing { sink: self.sink, files: &mut self.files, name: file.name.clone(), len_bytes: 0, hasher: sha2::Sha256::new() })
    }

    fn bytes_max(&self, part: Part) -> u64 {
        match part {
            Part::Manifest => self.limits.manifest_bytes_max,
            Part::Signature => self.limits.signature_bytes_max,
            Part::Records => self.limits.records_bytes_max,
            Part::Photo => self.limits.photo_bytes_max,
            Part::Folder => 0,
        }
    }

    fn at_entry(&self, what: &str) -> String {
        format!("entry {}: {what}", self.entries)
    }
}

/// A file on its way to the sink.
pub(super) struct Storing<'s> {
    sink: &'s mut dyn Sink,
    files: &'s mut Vec<UnpackedFile>,
    name: String,
    pub(super) len_bytes: u64,
    hasher: sha2::Sha256,
}

impl Storing<'_> {
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Halt> {
        self.hasher.update(bytes);
        self.len_bytes += bytes.len() as u64;
        Ok(self.sink.write(bytes)?)
    }

    pub(super) fn end(self) -> Result<(), Halt> {
        self.sink.end()?;
        self.files.push(UnpackedFile { name: self.name, len_bytes: self.len_bytes, digest: Digest(self.hasher.finalize().into()) });
        Ok(())
    }
}

/// Findings of several names, gathered up to a number worth showing.
pub(super) struct Gathered {
    findings: Vec<Finding>,
}

const FINDINGS_MAX: usize = 20;

impl Gathered {
    pub(super) fn new() -> Self {
        Self { findings: Vec::new() }
    }

    /// Keeps a refusal and goes on; a fault, or a refusal too many, ends it.
    pub(super) fn keep<T>(&mut self, result: Result<T, Halt>) -> Result<Option<T>, Halt> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(Halt::Fault(error)) => Err(Halt::Fault(error)),
            Err(Halt::SetAside(more)) => {
                self.findings.extend(more);
                let too_many = self.findings.len() >= FINDINGS_MAX || self.findings.iter().any(|f| f.reason.code == Code::Pkg13);
                if too_many { Err(Halt::SetAside(std::mem::take(&mut self.findings))) } else { Ok(None) }
            }
        }
    }

    pub(super) fn end(self) -> Result<(), Halt> {
        if self.findings.is_empty() { Ok(()) } else { Err(Halt::SetAside(self.findings)) }
    }
}
