//! Packages made twice are equal, packages made wrongly are refused with the whole list.

use std::collections::BTreeMap;
use std::io::Cursor;

use card::Code;

use super::{Draft, FolderPacker, Packer as _, from_folder, make, pack, read_draft};
use crate::package::testing::{KINDS, Kept, MemoryFolder, archive, employer, key, package, photos, records, spec, unpacked};
use crate::package::{ArchiveKind, Channel, EntryKind, Source, Stop};

fn folder(count: usize) -> MemoryFolder {
    let mut files: Vec<(String, Vec<u8>)> = photos(count).into_iter().collect();
    files.push(("applications.csv".to_owned(), records(count)));
    MemoryFolder::of(&files)
}

fn draft() -> Draft {
    read_draft(br#"{"package_id":"WH01-2025-0001","outlet":"WH-01","sequence":1,"submitted_at":"2025-06-01T09:30:00+08:00","profile":"hubei-foreigner-2025"}"#)
        .expect("a draft")
}

fn refused(folder: MemoryFolder, draft: Draft) -> Vec<(String, Code)> {
    let mut out = Cursor::new(Vec::new());
    let Err(Stop::SetAside(findings)) = from_folder(&mut folder.clone(), draft, None, ArchiveKind::Zip, &mut out) else { panic!("made") };
    assert!(out.into_inner().is_empty(), "nothing is written");
    findings.into_iter().map(|f| (f.place, f.reason.code)).collect()
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    for kind in KINDS {
        assert!(package(kind, 4) == package(kind, 4), "{kind:?}");
        let mut out = Cursor::new(Vec::new());
        assert!(from_folder(&mut folder(4), draft(), Some(&key()), kind, &mut out).is_ok());
        assert!(out.into_inner() == package(kind, 4), "{kind:?} from a folder");
    }
}

#[test]
fn a_folder_is_packed_like_an_archive() {
    let mut kept = Kept::default();
    let mut packer = FolderPacker(&mut kept);
    assert!(pack(&spec(3), &mut photos(3), &records(3), Some(&key()), &mut packer).is_ok());
    Box::new(packer).finish().expect("in memory");
    let (_, unpacked) = unpacked(archive(ArchiveKind::Zip, &package(ArchiveKind::Zip, 3))).ok().expect("good");
    assert!(kept.files == unpacked.files);
}

#[test]
fn a_wrong_manifest_is_not_packed() {
    let mut wrong = spec(1);
    wrong.sequence = 0;
    wrong.channel = Channel::Employer;
    let stopped = make(&wrong, &mut photos(1), &records(1), None, ArchiveKind::Zip, &mut Cursor::new(Vec::new()));
    assert!(matches!(stopped, Err(Stop::SetAside(f)) if f[0].reason.code == Code::Man04));
    wrong.sequence = 1;
    let stopped = make(&wrong, &mut photos(1), &records(1), None, ArchiveKind::Zip, &mut Cursor::new(Vec::new()));
    assert!(matches!(stopped, Err(Stop::SetAside(f)) if f[0].reason.code == Code::Emp01));
    wrong.employer = Some(employer());
    assert!(make(&wrong, &mut photos(1), &records(1), None, ArchiveKind::Zip, &mut Cursor::new(Vec::new())).is_ok());
    let mut named = BTreeMap::from([("photos/a b.jpg".to_owned(), vec![1])]);
    let stopped = make(&spec(1), &mut named, &records(1), None, ArchiveKind::Zip, &mut Cursor::new(Vec::new()));
    assert!(matches!(stopped, Err(Stop::SetAside(f)) if f[0].reason.code == Code::Man04));
}

#[test]
fn everything_wrong_with_a_folder_is_listed() {
    let mut bad = folder(3).with("notes.txt", EntryKind::Regular, b"", 0).with("photos/a b.jpg", EntryKind::Regular, b"", 0);
    bad.0.retain(|(name, ..)| name != "photos/2.jpg");
    let mut little = draft();
    (little.outlet, little.sequence) = (None, None);
    let found = refused(bad, little);
    let wanted = [
        ("notes.txt", Code::Pkg11),
        ("photos/a b.jpg", Code::Pkg15),
        ("applications.csv line 3", Code::Pho25),
        ("outlet", Code::Man04),
        ("sequence", Code::Man04),
    ];
    assert_eq!(found, wanted.map(|(place, code)| (place.to_owned(), code)));
    assert_eq!(refused(MemoryFolder::default(), draft())[0].1, Code::Pkg12);
    let both = folder(1).with("applications.jsonl", EntryKind::Regular, b"", 0);
    assert_eq!(refused(both, draft())[0].1, Code::Pkg12);
    assert_eq!(refused(folder(1).with("photos/l.jpg", EntryKind::Other, b"", 0), draft())[0].1, Code::Pkg08);
}

#[test]
fn a_folders_own_manifest_fills_the_draft() {
    let own = br#"{"outlet":"WH-01","package_id":"OTHER","sequence":9,"files":{"a":1}}"#;
    let with_own = folder(1).with("package.json", EntryKind::Regular, own, own.len() as u64);
    let mut out = Cursor::new(Vec::new());
    let mut draft = draft();
    draft.outlet = None;
    assert!(from_folder(&mut with_own.clone(), draft, Some(&key()), ArchiveKind::Tar, &mut out).is_ok());
    assert!(out.into_inner() == package(ArchiveKind::Tar, 1), "what the caller says wins");
    assert!(read_draft(b"{\"outlett\":\"x\"}").is_err());
    assert!(read_draft(b"[]").is_err());
}

#[test]
fn gb18030_records_are_recognised() {
    let bytes = super::write_csv(&[crate::package::testing::row(1)], crate::package::Encoding::Gb18030, false).expect("in memory");
    let mut files: Vec<(String, Vec<u8>)> = photos(1).into_iter().collect();
    files.push(("applications.csv".to_owned(), bytes));
    let mut out = Cursor::new(Vec::new());
    assert!(from_folder(&mut MemoryFolder::of(&files), draft(), None, ArchiveKind::Tar, &mut out).is_ok());
    let (_, kept) = unpacked(archive(ArchiveKind::Tar, &out.into_inner())).ok().expect("good");
    assert!(String::from_utf8_lossy(kept.get("package.json")).contains("\"encoding\": \"gb18030\""));
    assert!(unpacked(Source::Folder(Box::new(MemoryFolder::of(&kept.files)))).is_ok());
}
