//! What lies in an inbox, and what may be done to us with it.

use std::ffi::OsStr;
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;

use line::package::{EntryKind, FolderSource};

use super::*;

fn plant() -> (tempfile::TempDir, FolderInbox) {
    let plant = tempfile::tempdir().unwrap();
    fs::create_dir(plant.path().join("inbox")).unwrap();
    let inbox = FolderInbox::new(plant.path(), Durability::Full);
    (plant, inbox)
}

fn put(inbox: &FolderInbox, path: &str) {
    let path = inbox.folder.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, b"content").unwrap();
}

fn folder_source(inbox: &FolderInbox, name: &str) -> Box<dyn FolderSource> {
    match inbox.open(name) {
        Ok(Source::Folder(folder)) => folder,
        _ => panic!("{name} is a folder"),
    }
}

#[test]
fn what_is_complete_is_told_from_what_is_still_being_copied() {
    let (_plant, inbox) = plant();
    for path in ["a.zip", "b.tar.zst.part", ".c.zip", "d.tmp", "e/package.json", "f/package.json.minisig", "g.txt"] {
        put(&inbox, path);
    }
    let complete: Vec<(String, bool)> = inbox.list().unwrap().into_iter().map(|a| (a.name, a.complete)).collect();
    let expected = [(".c.zip", false), ("a.zip", true), ("b.tar.zst.part", false), ("d.tmp", false), ("e", false), ("f", true), ("g.txt", true)];
    assert_eq!(complete, expected.map(|(name, complete)| (name.to_owned(), complete)));
    assert_eq!(FolderInbox::new(&inbox.folder, Durability::Full).list().unwrap(), []);
}

#[test]
fn archives_and_folders_are_opened_and_other_kinds_are_not() {
    let (_plant, inbox) = plant();
    for path in ["a.zip", "b.tar.zst", "c.txt", "real.tar"] {
        put(&inbox, path);
    }
    symlink("real.tar", inbox.folder.join("link.tar")).unwrap();
    symlink(".", inbox.folder.join("link")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(inbox.folder.join("socket.tar")).unwrap();
    assert!(matches!(inbox.open("a.zip"), Ok(Source::Archive { kind: ArchiveKind::Zip, len_bytes: 7, .. })));
    assert!(matches!(inbox.open("b.tar.zst"), Ok(Source::Archive { kind: ArchiveKind::TarZst, .. })));
    assert!(matches!(inbox.open("c.txt"), Err(CantOpen::UnknownKind)));
    for name in ["link.tar", "link", "socket.tar"] {
        assert!(matches!(inbox.open(name), Err(CantOpen::NotPlain)), "{name}");
    }
    assert!(matches!(inbox.open("gone.zip"), Err(CantOpen::Io(e)) if e.kind() == io::ErrorKind::NotFound));
    for name in ["../inbox", "/etc/passwd", "a/b", "", ".."] {
        assert!(matches!(inbox.open(name), Err(CantOpen::Io(e)) if e.kind() == io::ErrorKind::InvalidInput), "{name}");
    }
}

#[test]
fn a_folder_is_listed_without_following_links_and_read_by_name() {
    let (_plant, inbox) = plant();
    for path in ["p/package.json", "p/photos/a.jpg", "p/photos/deep/b.jpg", "outside/secret"] {
        put(&inbox, path);
    }
    symlink("../../outside", inbox.folder.join("p/photos/link")).unwrap();
    let mut folder = folder_source(&inbox, "p");
    let mut entries: Vec<(String, EntryKind)> = folder.entries(100).unwrap().into_iter().map(|e| (e.name, e.kind)).collect();
    entries.sort_by(|a, b| a.0.cmp(&b.0));
    let expected = [
        ("package.json", EntryKind::Regular),
        ("photos", EntryKind::Dir),
        ("photos/a.jpg", EntryKind::Regular),
        ("photos/deep", EntryKind::Dir),
        ("photos/deep/b.jpg", EntryKind::Regular),
        ("photos/link", EntryKind::Other),
    ];
    assert_eq!(entries, expected.map(|(name, kind)| (name.to_owned(), kind)));
    let mut content = String::new();
    folder.open("photos/deep/b.jpg").unwrap().read_to_string(&mut content).unwrap();
    assert_eq!(content, "content");
    assert!(folder.open("photos/link").is_err());
    assert!(folder.open("photos/link/secret").is_err());
    assert!(folder.entries(2).unwrap().len() <= 3);
}

#[test]
fn swapping_a_folder_for_a_link_while_reading_leads_nowhere() {
    let (_plant, inbox) = plant();
    for path in ["p/photos/a.jpg", "q/a.jpg"] {
        put(&inbox, path);
    }
    let mut folder = folder_source(&inbox, "p");
    fs::remove_dir_all(inbox.folder.join("p/photos")).unwrap();
    symlink("../q", inbox.folder.join("p/photos")).unwrap();
    assert!(folder.open("photos/a.jpg").is_err());
}

#[test]
fn taken_in_packages_go_and_refused_ones_are_moved_unread() {
    let (plant, inbox) = plant();
    for path in ["a.zip", "f/photos/x.jpg", "bad/x", "bad.zip"] {
        put(&inbox, path);
    }
    inbox.remove("a.zip").unwrap();
    inbox.remove("a.zip").unwrap();
    inbox.remove("f").unwrap();
    inbox.set_aside("bad", "quarantine/0001-bad").unwrap();
    inbox.set_aside("bad", "quarantine/0001-bad").unwrap();
    inbox.set_aside("bad.zip", "quarantine/0002-bad.zip").unwrap();
    assert_eq!(inbox.list().unwrap(), []);
    assert!(plant.path().join("quarantine/0001-bad/x").is_file() && plant.path().join("quarantine/0002-bad.zip").is_file());
    assert!(inbox.set_aside("bad", "../outside").is_err());
}

#[test]
fn removing_a_link_leaves_what_it_points_to() {
    let (plant, inbox) = plant();
    fs::create_dir(plant.path().join("kept")).unwrap();
    symlink(plant.path().join("kept"), inbox.folder.join("link")).unwrap();
    inbox.remove("link").unwrap();
    assert!(plant.path().join("kept").is_dir());
    assert_eq!(inbox.list().unwrap(), []);
}

#[test]
fn a_name_that_is_not_text_is_found_again() {
    let (_plant, inbox) = plant();
    fs::write(inbox.folder.join(OsStr::from_bytes(b"\xff.zip")), b"x").unwrap();
    let name = inbox.list().unwrap()[0].name.clone();
    assert!(matches!(inbox.open(&name), Ok(Source::Archive { len_bytes: 1, .. })));
    inbox.remove(&name).unwrap();
    assert_eq!(inbox.list().unwrap(), []);
}

/// faults.md A23: reading a mapped file that has become shorter would end the process with SIGBUS. An end of file is all a reader sees.
#[test]
fn a_package_cut_short_while_it_is_read_just_ends() {
    const LEN: usize = 8 << 20;
    let (_plant, inbox) = plant();
    for name in ["a.zip", "f/package.json.minisig"] {
        put(&inbox, name);
        fs::write(inbox.folder.join(name), vec![7; LEN]).unwrap();
    }
    let Ok(Source::Archive { mut reader, len_bytes, .. }) = inbox.open("a.zip") else { panic!("an archive") };
    let mut file = folder_source(&inbox, "f").open("package.json.minisig").unwrap();
    let mut start = [0; 4096];
    reader.read_exact(&mut start).unwrap();
    file.read_exact(&mut start).unwrap();
    for name in ["a.zip", "f/package.json.minisig"] {
        File::options().write(true).open(inbox.folder.join(name)).unwrap().set_len(8192).unwrap();
    }
    let mut rest = Vec::new();
    reader.read_to_end(&mut rest).unwrap();
    assert!((len_bytes, rest.len()) == (LEN as u64, 4096), "{} bytes after the cut", rest.len());
    rest.clear();
    file.read_to_end(&mut rest).unwrap();
    assert_eq!(rest.len(), 4096);
}
