//! Unpacks a package — folder, `.zip`, `.tar`, `.tar.zst` — as a hostile thing: streaming, in bounded memory, into a sink.
//! Stops at the first thing that is not as the format says; every byte handed to the sink before that is to be thrown away.
//! It doesn't understand the files: manifest, signature and records are read from what was unpacked.

mod flow;
mod folder;
mod intake;
mod tar;
mod tar_header;
mod zip;
mod zip_directory;
mod zstd;

#[cfg(test)]
mod tests;

use std::io;

use card::{Code, Digest};

use crate::package::finding::{Halt, Stop, refuse};
use crate::package::limits::PackageLimits;
use intake::Intake;

/// What an archive is read from.
pub trait ReadSeek: io::Read + io::Seek {}
impl<T: io::Read + io::Seek> ReadSeek for T {}

/// A package as it lies in the inbox.
pub enum Source {
    Folder(Box<dyn FolderSource>),
    Archive { kind: ArchiveKind, reader: Box<dyn ReadSeek + Send>, len_bytes: u64 },
}

/// The three kinds of archive.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum ArchiveKind {
    Zip,
    Tar,
    TarZst,
}

impl ArchiveKind {
    /// The kind a file name's extension promises, in any case; `None` is PKG-19.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        [(".zip", Self::Zip), (".tar", Self::Tar), (".tar.zst", Self::TarZst)].into_iter().find(|(ext, _)| name.ends_with(ext)).map(|(_, kind)| kind)
    }

    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Zip => "zip",
            Self::Tar => "tar",
            Self::TarZst => "tar.zst",
        }
    }
}

/// One thing in a folder, named relative to it with `/` between parts (`photos/a.jpg`).
pub struct FolderEntry {
    pub name: String,
    pub len_bytes: u64,
    pub kind: EntryKind,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EntryKind {
    Regular,
    Dir,
    /// A link, device, pipe or socket: never opened.
    Other,
}

/// A package that is a folder. The adapter follows no link and opens nothing that is not a regular file.
pub trait FolderSource: Send {
    /// Everything below the folder, in any order, recursively; at most `at_most` entries are ever needed (the rest may be left out).
    fn entries(&mut self, at_most: usize) -> io::Result<Vec<FolderEntry>>;
    fn open(&mut self, name: &str) -> io::Result<Box<dyn io::Read>>;
}

/// Where unpacked files go, one after the other: `begin`, any number of `write`s, `end`.
pub trait Sink {
    /// `name` is one of the format's own names, spelled as in the package.
    fn begin(&mut self, name: &str) -> io::Result<()>;
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;
    fn end(&mut self) -> io::Result<()>;
}

/// A file that went to the sink whole.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnpackedFile {
    pub name: String,
    pub len_bytes: u64,
    pub digest: Digest,
}

/// Unpacks `source` into `sink`; the files come in the container's order (a folder's sorted by name).
///
/// # Errors
/// `SetAside` with the reasons (PKG-03…16, 18), or `Fault` when reading or the sink failed.
pub fn unpack(source: Source, limits: &PackageLimits, sink: &mut dyn Sink) -> Result<Vec<UnpackedFile>, Stop> {
    unpack_with_places(source, limits, sink).map_err(Stop::from)
}

/// As [`unpack`], with the place of every finding for the outlet's eyes.
///
/// # Errors
/// As [`unpack`].
pub fn unpack_with_places(source: Source, limits: &PackageLimits, sink: &mut dyn Sink) -> Result<Vec<UnpackedFile>, Halt> {
    let mut intake = Intake::new(limits, sink);
    match source {
        Source::Folder(mut folder) => folder::read(folder.as_mut(), &mut intake)?,
        Source::Archive { kind, reader, len_bytes } => {
            check_length(len_bytes, limits)?;
            read_archive(kind, reader, len_bytes, &mut intake)?;
        }
    }
    Ok(intake.into_files())
}

fn read_archive(kind: ArchiveKind, reader: Box<dyn ReadSeek + Send>, len_bytes: u64, intake: &mut Intake) -> Result<(), Halt> {
    match kind {
        ArchiveKind::Zip => zip::read(reader, len_bytes, intake),
        ArchiveKind::Tar => tar::read(flow::Plain::new(reader), intake),
        ArchiveKind::TarZst => tar::read(zstd::Unzstd::new(reader, intake.limits)?, intake),
    }
}

fn check_length(len_bytes: u64, limits: &PackageLimits) -> Result<(), Halt> {
    let max = limits.package_bytes_max;
    if len_bytes > max { Err(refuse("container", Code::Pkg14, format!("{len_bytes} bytes"), format!("{max} bytes"))) } else { Ok(()) }
}
