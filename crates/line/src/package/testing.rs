//! What this module's tests share: invented applications, packages in memory, sinks and folders that keep what they get.

use std::collections::BTreeMap;
use std::io::{self, Cursor, Read};

use card::{Code, OutletCode, RawApplication};

use super::container::{ArchiveKind, EntryKind, FolderEntry, FolderSource, Sink, Source, UnpackedFile, unpack};
use super::finding::Stop;
use super::keys::SecretKey;
use super::limits::PackageLimits;
use super::make::{PackageSpec, make, write_csv};
use super::manifest::{Channel, Employer, Encoding, RecordsKind, Staff};

pub(crate) const KINDS: [ArchiveKind; 3] = [ArchiveKind::Zip, ArchiveKind::Tar, ArchiveKind::TarZst];

/// Keeps files in memory and counts what it was given.
#[derive(Default)]
pub(crate) struct Kept {
    pub(crate) files: Vec<(String, Vec<u8>)>,
    pub(crate) bytes: u64,
}

impl Sink for Kept {
    fn begin(&mut self, name: &str) -> io::Result<()> {
        self.files.push((name.to_owned(), Vec::new()));
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.bytes += bytes.len() as u64;
        self.files.last_mut().expect("begun").1.extend_from_slice(bytes);
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Kept {
    pub(crate) fn get(&self, name: &str) -> &[u8] {
        &self.files.iter().find(|(n, _)| n == name).expect("a file of this name").1
    }
}

/// A folder in memory: name, kind, content, and the length it claims.
#[derive(Clone, Default)]
pub(crate) struct MemoryFolder(pub(crate) Vec<(String, EntryKind, Vec<u8>, u64)>);

impl MemoryFolder {
    pub(crate) fn of(files: &[(String, Vec<u8>)]) -> Self {
        let mut folder = Self(vec![("photos".to_owned(), EntryKind::Dir, Vec::new(), 0)]);
        folder.0.extend(files.iter().map(|(n, b)| (n.clone(), EntryKind::Regular, b.clone(), b.len() as u64)));
        folder
    }

    pub(crate) fn with(mut self, name: &str, kind: EntryKind, bytes: &[u8], len_bytes: u64) -> Self {
        self.0.push((name.to_owned(), kind, bytes.to_vec(), len_bytes));
        self
    }
}

impl FolderSource for MemoryFolder {
    fn entries(&mut self, at_most: usize) -> io::Result<Vec<FolderEntry>> {
        Ok(self.0.iter().take(at_most).map(|(name, kind, _, len)| FolderEntry { name: name.clone(), len_bytes: *len, kind: *kind }).collect())
    }

    fn open(&mut self, name: &str) -> io::Result<Box<dyn Read>> {
        let found = self.0.iter().find(|(n, ..)| n == name).ok_or(io::ErrorKind::NotFound)?;
        assert_eq!(found.1, EntryKind::Regular, "only regular files are opened");
        Ok(Box::new(Cursor::new(found.2.clone())))
    }
}

pub(crate) fn archive(kind: ArchiveKind, bytes: &[u8]) -> Source {
    Source::Archive { kind, reader: Box::new(Cursor::new(bytes.to_vec())), len_bytes: bytes.len() as u64 }
}

/// Unpacks with the default limits: the files, or the codes it was set aside with.
pub(crate) fn unpacked(source: Source) -> Result<(Vec<UnpackedFile>, Kept), Vec<Code>> {
    let mut kept = Kept::default();
    match unpack(source, &PackageLimits::default(), &mut kept) {
        Ok(files) => Ok((files, kept)),
        Err(Stop::SetAside(reasons)) => Err(reasons.into_iter().map(|r| r.code).collect()),
        Err(Stop::Fault(error)) => panic!("a fault: {error}"),
    }
}

pub(crate) fn codes_of(kind: ArchiveKind, bytes: &[u8]) -> Vec<Code> {
    unpacked(archive(kind, bytes)).err().unwrap_or_default()
}

pub(crate) fn outlet() -> OutletCode {
    OutletCode::parse("WH-01").expect("a code")
}

pub(crate) fn key() -> SecretKey {
    SecretKey::from_seed(&[7; 32])
}

pub(crate) fn row(number: usize) -> RawApplication {
    let mut row = RawApplication::empty();
    let values = [
        ("application_id", format!("WH01-{number:05}")),
        ("business_type", "new".to_owned()),
        ("lane", "normal".to_owned()),
        ("name", "SAMPLE, ANNA".to_owned()),
        ("name_zh", "\u{5b89}\u{5a1c}".to_owned()),
        ("sex", "F".to_owned()),
        ("birth_date", "1990-01-31".to_owned()),
        ("nationality", "GBR".to_owned()),
        ("document_type", "passport".to_owned()),
        ("document_number", format!("P{number:07}")),
        ("document_expiry", "2031-05-01".to_owned()),
        ("mrz", "P<GBRSAMPLE<<ANNA<<<<|P0000000<0GBR9001310F3105017<<<".to_owned()),
        ("ssn", format!("GBRP{number:07}0")),
        ("work_permit_number", "420100000001".to_owned()),
        ("work_permit_category", "A".to_owned()),
        ("work_permit_from", "2025-01-01".to_owned()),
        ("work_permit_to", "2027-01-01".to_owned()),
        ("employer_name", "Example \"Widgets\", Ltd".to_owned()),
        ("employer_code", "91420100000000000X".to_owned()),
        ("photo", format!("{number}.jpg")),
        ("photo_taken_on", "2025-05-01".to_owned()),
        ("religious_headgear", "false".to_owned()),
        ("delivery", "outlet".to_owned()),
        ("phone", "13800000000".to_owned()),
        ("bank", "01".to_owned()),
    ];
    for (field, value) in values {
        row.set(field, value);
    }
    row
}

pub(crate) fn spec(count: u32) -> PackageSpec {
    PackageSpec {
        package_id: "WH01-2025-0001".to_owned(),
        outlet: outlet(),
        sequence: 1,
        channel: Channel::Individual,
        submitted_at: "2025-06-01T09:30:00+08:00".to_owned(),
        count,
        profile: Some("hubei-foreigner-2025".to_owned()),
        encoding: Encoding::Utf8,
        records: RecordsKind::Csv,
        employer: None,
    }
}

pub(crate) fn employer() -> Employer {
    let staff = Staff { name: "Sample Clerk".to_owned(), id_type: Some("resident-id".to_owned()), id: Some("000000".to_owned()), phone: None };
    Employer {
        code: card::employer::with_check("91420100000000000").expect("17 characters"),
        name: "Example Ltd".to_owned(),
        staff: vec![staff],
        letter: "L-1".to_owned(),
    }
}

/// Bytes that don't compress, the same for the same number.
pub(crate) fn noise(seed: usize, len: usize) -> Vec<u8> {
    let mut state = (seed as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..len).map(|_| next()).collect()
}

pub(crate) fn photos(count: usize) -> BTreeMap<String, Vec<u8>> {
    (1..=count).map(|i| (format!("photos/{i}.jpg"), noise(i, 300 + i))).collect()
}

pub(crate) fn records(count: usize) -> Vec<u8> {
    let rows: Vec<RawApplication> = (1..=count).map(row).collect();
    write_csv(&rows, Encoding::Utf8, false).expect("in memory")
}

/// A good, signed package of `count` applications.
pub(crate) fn package(kind: ArchiveKind, count: usize) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    let made = make(&spec(count as u32), &mut photos(count), &records(count), Some(&key()), kind, &mut out);
    assert!(made.is_ok(), "a good package is made");
    out.into_inner()
}
