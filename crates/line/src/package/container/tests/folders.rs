//! Folders: what lies in them besides plain files, and what changes while it is read (A12, A14, A19–A22).

use card::Code;

use crate::package::testing::{MemoryFolder, archive, package, unpacked};
use crate::package::{ArchiveKind, EntryKind, Source};

fn good() -> MemoryFolder {
    let (_, kept) = unpacked(archive(ArchiveKind::Tar, &package(ArchiveKind::Tar, 2))).ok().expect("good");
    MemoryFolder::of(&kept.files)
}

fn codes(folder: MemoryFolder) -> Vec<Code> {
    unpacked(Source::Folder(Box::new(folder))).err().unwrap_or_default()
}

#[test]
fn a12_nothing_but_plain_files_is_opened() {
    assert_eq!(codes(good()), []);
    assert_eq!(codes(good().with("photos/x.jpg", EntryKind::Other, b"", 0)), [Code::Pkg08]);
    assert_eq!(codes(good().with("socket", EntryKind::Other, b"", 0)), [Code::Pkg08]);
}

#[test]
fn a14_names_that_could_be_one_file() {
    let twins = good().with("photos/E\u{301}.jpg", EntryKind::Regular, b"", 0).with("photos/\u{e9}.jpg", EntryKind::Regular, b"", 0);
    assert!(codes(twins).contains(&Code::Pkg10));
    assert_eq!(codes(good().with("photos/1.JPG", EntryKind::Regular, b"", 0)), [Code::Pkg10]);
}

#[test]
fn a19_a_sparse_giant_is_refused_by_its_size_alone() {
    assert_eq!(codes(good().with("photos/big.jpg", EntryKind::Regular, b"", 1 << 40)), [Code::Pkg14]);
    assert_eq!(codes(MemoryFolder::default().with("applications.csv", EntryKind::Regular, b"", 1 << 40)), [Code::Pkg14]);
}

#[test]
fn a20_every_bad_name_is_listed_up_to_a_number() {
    let two = good().with("photos/a\nb.jpg", EntryKind::Regular, b"", 0).with("notes.txt", EntryKind::Regular, b"", 0);
    assert_eq!(codes(two), [Code::Pkg11, Code::Pkg15]);
    let many = (0..100).fold(good(), |f, i| f.with(&format!("photos/{i}.png"), EntryKind::Regular, b"", 0));
    assert_eq!(codes(many).len(), 20);
}

#[test]
fn a22_a_file_that_changes_under_our_eyes() {
    assert_eq!(codes(good().with("photos/x.jpg", EntryKind::Regular, b"12345", 6)), [Code::Pkg16]);
    assert_eq!(codes(good().with("photos/x.jpg", EntryKind::Regular, b"12345", 4)), [Code::Pkg16]);
    let mut gone = good();
    gone.0.retain(|(name, ..)| name != "photos/1.jpg");
    struct Vanishing(MemoryFolder);
    impl crate::package::FolderSource for Vanishing {
        fn entries(&mut self, at_most: usize) -> std::io::Result<Vec<crate::package::FolderEntry>> {
            good().entries(at_most)
        }
        fn open(&mut self, name: &str) -> std::io::Result<Box<dyn std::io::Read>> {
            self.0.open(name)
        }
    }
    assert_eq!(unpacked(Source::Folder(Box::new(Vanishing(gone)))).err(), Some(vec![Code::Pkg16]));
}

#[test]
fn a_file_that_grows_without_end_is_left() {
    struct Endless;
    impl std::io::Read for Endless {
        fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
            out.fill(b'x');
            Ok(out.len())
        }
    }
    struct Growing;
    impl crate::package::FolderSource for Growing {
        fn entries(&mut self, _: usize) -> std::io::Result<Vec<crate::package::FolderEntry>> {
            Ok(vec![crate::package::FolderEntry { name: "applications.csv".to_owned(), len_bytes: 10, kind: EntryKind::Regular }])
        }
        fn open(&mut self, _: &str) -> std::io::Result<Box<dyn std::io::Read>> {
            Ok(Box::new(Endless))
        }
    }
    assert_eq!(unpacked(Source::Folder(Box::new(Growing))).err(), Some(vec![Code::Pkg16]));
}

#[test]
fn folders_the_format_does_not_know() {
    assert_eq!(codes(good().with("more", EntryKind::Dir, b"", 0)), [Code::Pkg11]);
    assert_eq!(codes(good().with("package.json", EntryKind::Dir, b"", 0)), [Code::Pkg10]);
    assert_eq!(codes(MemoryFolder::default().with("photos", EntryKind::Regular, b"", 0)), [Code::Pkg11]);
}

#[test]
fn a25_a_folder_that_may_not_be_read_waits() {
    struct Locked;
    impl crate::package::FolderSource for Locked {
        fn entries(&mut self, _: usize) -> std::io::Result<Vec<crate::package::FolderEntry>> {
            Err(std::io::ErrorKind::PermissionDenied.into())
        }
        fn open(&mut self, _: &str) -> std::io::Result<Box<dyn std::io::Read>> {
            Err(std::io::ErrorKind::PermissionDenied.into())
        }
    }
    assert_eq!(unpacked(Source::Folder(Box::new(Locked))).err(), Some(vec![Code::Pkg18]));
}
