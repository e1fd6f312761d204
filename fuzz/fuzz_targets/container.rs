//! A package as any outlet, or anybody, may send it: folder, zip, tar or tar.zst. Whatever comes gets an answer within the limits,
//! the sink is told no more than the answer says, and what was accepted is the same package when it is packed again.
#![no_main]

use std::io::{self, Cursor, Read};

use libfuzzer_sys::fuzz_target;
use line::package::make::archive_packer;
use line::package::{ArchiveKind, EntryKind, FolderEntry, FolderSource, PackageLimits, Sink, Source, Stop, UnpackedFile, unpack};

#[derive(Default)]
struct Kept {
    files: Vec<(String, Vec<u8>)>,
    bytes: u64,
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

/// Name, kind, content, claimed length.
struct Folder(Vec<(String, EntryKind, Vec<u8>, u64)>);

impl FolderSource for Folder {
    fn entries(&mut self, at_most: usize) -> io::Result<Vec<FolderEntry>> {
        let entry = |(name, kind, _, len): &(String, EntryKind, Vec<u8>, u64)| FolderEntry { name: name.clone(), len_bytes: *len, kind: *kind };
        Ok(self.0.iter().take(at_most).map(entry).collect())
    }

    fn open(&mut self, name: &str) -> io::Result<Box<dyn Read>> {
        let found = self.0.iter().find(|(n, ..)| n == name).ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(Cursor::new(found.2.clone())))
    }
}

/// Small, so that a short input can reach them.
fn limits() -> PackageLimits {
    PackageLimits {
        package_bytes_max: 1 << 20,
        files_max: 20,
        photo_bytes_max: 16 << 10,
        records_bytes_max: 64 << 10,
        manifest_bytes_max: 8 << 10,
        ratio_free_bytes: 16 << 10,
        ..PackageLimits::default()
    }
}

/// Lines `NAME\0KINDlength` followed by content up to the next 0xFF.
fn folder(bytes: &[u8]) -> Folder {
    let entry = |part: &[u8]| {
        let (name, rest) = part.split_at(part.iter().position(|b| *b == 0)?);
        let (kind, content) = rest.get(1..)?.split_first()?;
        let kind = [EntryKind::Regular, EntryKind::Regular, EntryKind::Dir, EntryKind::Other][usize::from(kind % 4)];
        let off = u64::from(kind == EntryKind::Regular && content.first() == Some(&b'!'));
        Some((String::from_utf8_lossy(name).into_owned(), kind, content.to_vec(), content.len() as u64 + off))
    };
    Folder(bytes.split(|b| *b == 0xFF).filter_map(entry).collect())
}

fn archive(kind: ArchiveKind, bytes: Vec<u8>) -> Source {
    Source::Archive { kind, len_bytes: bytes.len() as u64, reader: Box::new(Cursor::new(bytes)) }
}

fn again(kind: ArchiveKind, kept: &Kept) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    let mut packer = archive_packer(kind, &mut out).expect("a packer");
    kept.files.iter().for_each(|(name, bytes)| packer.add(name, bytes).expect("memory"));
    packer.finish().expect("memory");
    out.into_inner()
}

fn sorted(mut files: Vec<UnpackedFile>) -> Vec<UnpackedFile> {
    files.sort_by(|a, b| a.name.cmp(&b.name));
    files
}

fuzz_target!(|data: &[u8]| {
    let Some((which, bytes)) = data.split_first() else { return };
    let kinds = [ArchiveKind::Zip, ArchiveKind::Tar, ArchiveKind::TarZst];
    let kind = kinds.get(usize::from(which % 4)).copied();
    let source = kind.map_or_else(|| Source::Folder(Box::new(folder(bytes))), |kind| archive(kind, bytes.to_vec()));
    let (limits, mut kept) = (limits(), Kept::default());
    let unpacked = unpack(source, &limits, &mut kept);
    assert!(kept.bytes <= limits.package_bytes_max && kept.files.len() <= limits.files_max, "beyond the limits");
    match unpacked {
        Ok(files) => {
            assert_eq!(files.iter().map(|f| f.len_bytes).sum::<u64>(), kept.bytes);
            let kind = kind.unwrap_or(ArchiveKind::Zip);
            let mut same = Kept::default();
            let repacked = unpack(archive(kind, again(kind, &kept)), &PackageLimits::default(), &mut same).ok().expect("packed by our own packer");
            assert_eq!(sorted(repacked), sorted(files));
        }
        Err(Stop::SetAside(reasons)) => assert!(!reasons.is_empty()),
        Err(Stop::Fault(fault)) => panic!("memory doesn't fail: {fault}"),
    }
});
