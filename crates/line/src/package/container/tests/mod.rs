//! The archive rows of the catalogue of bad input (faults.md §5.1), each built in memory and met with its code.

mod folders;
mod mutations;
mod tars;
mod zips;
mod zsts;

use card::Code;

use crate::package::limits::PackageLimits;
use crate::package::testing::{KINDS, MemoryFolder, archive, codes_of, package, photos, unpacked};
use crate::package::{ArchiveKind, Source, Stop, unpack};

#[test]
fn every_container_gives_the_same_files() {
    let mut all = Vec::new();
    for kind in KINDS {
        let (files, kept) = unpacked(archive(kind, &package(kind, 5))).ok().expect("a good package");
        assert_eq!(files.len(), 8, "{kind:?}");
        assert_eq!(files[0].name, "package.json", "the manifest comes first");
        for file in &files {
            assert_eq!(file.digest, card::Digest::of(kept.get(&file.name)));
            assert_eq!(file.len_bytes, kept.get(&file.name).len() as u64);
        }
        assert_eq!(kept.get("photos/3.jpg"), photos(5)["photos/3.jpg"]);
        all.push(kept.files);
    }
    let (_, kept) = unpacked(Source::Folder(Box::new(MemoryFolder::of(&all[0])))).ok().expect("a good folder");
    all.push(kept.files);
    all.iter_mut().for_each(|files| files.sort());
    assert!(all.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn a03_every_truncation_is_caught() {
    for kind in KINDS {
        let whole = package(kind, 2);
        let steps = (whole.len() / 97).max(1);
        for cut in (0..whole.len()).step_by(steps).chain([whole.len() - 1]) {
            let codes = codes_of(kind, &whole[..cut]);
            // A tar may end anywhere in its zero padding; everything before it is needed.
            let padding = kind == ArchiveKind::Tar && codes.is_empty() && whole[cut..].iter().all(|b| *b == 0);
            let found_earlier = codes == [Code::Pkg06] && kind == ArchiveKind::Zip;
            assert!(codes == [Code::Pkg03] || padding || found_earlier, "{kind:?} cut at {cut} of {}: {codes:?}", whole.len());
        }
    }
}

#[test]
fn a04_bytes_after_the_end_are_caught() {
    for kind in KINDS {
        let mut bytes = package(kind, 1);
        bytes.extend_from_slice(b"<html>");
        assert_eq!(codes_of(kind, &bytes), [Code::Pkg04], "{kind:?}");
        let twice = [package(kind, 1), package(kind, 1)].concat();
        let code = if kind == ArchiveKind::Zip { Code::Pkg06 } else { Code::Pkg04 };
        assert_eq!(codes_of(kind, &twice), [code], "{kind:?} twice");
    }
}

#[test]
fn a18_a_package_beyond_the_limit_is_not_even_read() {
    struct Untouchable;
    impl std::io::Read for Untouchable {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            panic!("read although too large")
        }
    }
    impl std::io::Seek for Untouchable {
        fn seek(&mut self, _: std::io::SeekFrom) -> std::io::Result<u64> {
            panic!("read although too large")
        }
    }
    for kind in KINDS {
        let source = Source::Archive { kind, reader: Box::new(Untouchable), len_bytes: (4 << 30) + 1 };
        assert_eq!(unpacked(source).err(), Some(vec![Code::Pkg14]));
    }
}

#[test]
fn a17_too_many_files_stop_at_the_limit() {
    let limits = PackageLimits { files_max: 4, ..PackageLimits::default() };
    for kind in KINDS {
        let mut sink = crate::package::testing::Kept::default();
        let Err(Stop::SetAside(reasons)) = unpack(archive(kind, &package(kind, 5)), &limits, &mut sink) else { panic!("{kind:?} passed") };
        assert_eq!(reasons[0].code, Code::Pkg13, "{kind:?}");
        assert!(sink.files.len() <= 4);
    }
}

#[test]
fn a_fault_of_reader_or_sink_is_not_the_packages_fault() {
    struct Failing;
    impl crate::package::Sink for Failing {
        fn begin(&mut self, _: &str) -> std::io::Result<()> {
            Ok(())
        }
        fn write(&mut self, _: &[u8]) -> std::io::Result<()> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
        fn end(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    for kind in KINDS {
        let stopped = unpack(archive(kind, &package(kind, 1)), &PackageLimits::default(), &mut Failing);
        assert!(matches!(stopped, Err(Stop::Fault(e)) if e.kind() == std::io::ErrorKind::StorageFull), "{kind:?}");
    }
}

#[test]
fn reasons_name_no_file() {
    let folder = MemoryFolder::default().with("photos/MUSTERMANN.png", crate::package::EntryKind::Regular, b"", 0);
    let mut sink = crate::package::testing::Kept::default();
    let Err(Stop::SetAside(reasons)) = unpack(Source::Folder(Box::new(folder)), &PackageLimits::default(), &mut sink) else { panic!("passed") };
    assert!(!format!("{reasons:?}").contains("MUSTERMANN"));
}
