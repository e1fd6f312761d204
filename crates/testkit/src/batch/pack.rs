//! Puts packages together: records in an encoding, manifest, signature, container. Unlike an outlet's own program it lets every step
//! be bent, because half of its work is packages that must be refused.

use std::collections::BTreeMap;
use std::io::{self, Cursor};

use card::{Digest, RawApplication};
use line::package::make::{archive_packer, manifest_json, write_csv, write_jsonl};
use line::package::{ArchiveKind, Encoding, FileFact, MANIFEST, PackageSpec, RecordsKind, SIGNATURE, SecretKey};

use super::destination::Destination;
use super::faults::{BAD_BYTES_MARK, UNKNOWN_KEY_MARK};

/// How records are written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Written {
    Csv,
    CsvWithMark,
    Gb18030,
    Jsonl,
}

impl Written {
    pub const ALL: [Self; 4] = [Self::Csv, Self::Gb18030, Self::CsvWithMark, Self::Jsonl];

    pub fn encoding(self) -> Encoding {
        if self == Self::Gb18030 { Encoding::Gb18030 } else { Encoding::Utf8 }
    }

    pub fn records(self) -> RecordsKind {
        if self == Self::Jsonl { RecordsKind::Jsonl } else { RecordsKind::Csv }
    }

    /// The records file of these rows.
    pub fn bytes(self, rows: &[&RawApplication]) -> io::Result<Vec<u8>> {
        let rows = rows.iter().copied();
        let bytes = match self {
            Self::Jsonl => with_unknown_keys(write_jsonl(rows)),
            Self::Csv | Self::Gb18030 => write_csv(rows, self.encoding(), false)?,
            Self::CsvWithMark => write_csv(rows, Encoding::Utf8, true)?,
        };
        Ok(spoil_marked(bytes))
    }
}

/// Turns the mark of a damaged field into bytes that neither UTF-8 nor GB18030 has.
fn spoil_marked(mut bytes: Vec<u8>) -> Vec<u8> {
    let mark = BAD_BYTES_MARK.as_bytes();
    while let Some(at) = bytes.windows(mark.len()).position(|w| w == mark) {
        bytes[at + 3..at + 5].fill(0xFF);
    }
    bytes
}

/// Gives the objects that hold the mark a key of no field.
fn with_unknown_keys(bytes: Vec<u8>) -> Vec<u8> {
    let text = String::from_utf8(bytes).expect("JSON is UTF-8");
    text.replace(&format!("\"{UNKNOWN_KEY_MARK}\""), "\"ICBC\",\"colour\":\"\"").into_bytes()
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Container {
    Folder,
    Archive(ArchiveKind),
}

impl Container {
    pub const ALL: [Self; 4] = [Self::Archive(ArchiveKind::Zip), Self::Folder, Self::Archive(ArchiveKind::TarZst), Self::Archive(ArchiveKind::Tar)];
}

/// A file of a package: its name and content.
pub type File = (String, Vec<u8>);

/// Files of a package in the order they are packed.
pub type Entries = Vec<File>;

/// A package before it is sealed.
pub struct Parts {
    pub spec: PackageSpec,
    pub records: Vec<u8>,
    pub photos: Entries,
}

impl Parts {
    /// Manifest over records and photos.
    pub fn manifest(&self) -> Vec<u8> {
        let fact = |bytes: &[u8]| FileFact { digest: Digest::of(bytes), len_bytes: bytes.len() as u64 };
        let mut files: BTreeMap<String, FileFact> = self.photos.iter().map(|(name, bytes)| (name.clone(), fact(bytes))).collect();
        files.insert(self.spec.records.file_name().to_owned(), fact(&self.records));
        manifest_json(&self.spec, &files)
    }

    /// All files with the manifest given and its signature by `key`.
    pub fn sealed_with(self, manifest: Vec<u8>, key: &SecretKey) -> Entries {
        let signature = key.sign(&manifest, &format!("{} {}", self.spec.outlet, self.spec.package_id)).into_bytes();
        let records = (self.spec.records.file_name().to_owned(), self.records);
        [(MANIFEST.to_owned(), manifest), (SIGNATURE.to_owned(), signature), records].into_iter().chain(self.photos).collect()
    }

    pub fn sealed(self, key: &SecretKey) -> Entries {
        let manifest = self.manifest();
        self.sealed_with(manifest, key)
    }
}

/// One archive in memory.
pub fn archive(kind: ArchiveKind, entries: &[File]) -> io::Result<Vec<u8>> {
    let mut out = Cursor::new(Vec::new());
    let mut packer = archive_packer(kind, &mut out)?;
    entries.iter().try_for_each(|(name, bytes)| packer.add(name, bytes))?;
    packer.finish()?;
    Ok(out.into_inner())
}

/// Stores a package in the inbox; gives the name it has there.
pub fn store(out: &mut dyn Destination, stem: &str, container: Container, entries: &[File]) -> io::Result<String> {
    match container {
        Container::Folder => {
            for (name, bytes) in entries {
                store_bytes(out, &format!("{stem}/{name}"), bytes)?;
            }
            Ok(stem.to_owned())
        }
        Container::Archive(kind) => {
            let name = format!("{stem}.{}", kind.extension());
            store_bytes(out, &name, &archive(kind, entries)?)?;
            Ok(name)
        }
    }
}

pub fn store_bytes(out: &mut dyn Destination, name: &str, bytes: &[u8]) -> io::Result<()> {
    let mut file = out.create(&format!("inbox/{name}"))?;
    file.write_all(bytes)?;
    file.flush()
}
