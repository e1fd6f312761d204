//! A package that is a folder, held by its descriptor: every step below it goes from folder to folder without following a link, so
//! that swapping a part of the path for a link while we read leads nowhere.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use line::package::{EntryKind, FolderEntry, FolderSource};
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, openat, statat};

/// Folders in folders are followed so far; the format has one level.
const DEPTH_MAX: usize = 8;

pub(super) struct OpenFolder {
    root: OwnedFd,
    /// The folder the last file came from, and its name relative to the root: photos come in a row.
    last: Option<(String, OwnedFd)>,
}

impl OpenFolder {
    pub fn open(path: &Path) -> io::Result<Self> {
        let root = openat(rustix::fs::CWD, path, folder_flags(), Mode::empty())?;
        Ok(Self { root, last: None })
    }

    /// The folder called `name` below the root; the empty name is the root.
    fn folder(&mut self, name: &str) -> io::Result<&OwnedFd> {
        if name.is_empty() {
            return Ok(&self.root);
        }
        if self.last.as_ref().is_none_or(|(last, _)| last != name) {
            let mut folder = self.root.try_clone()?;
            for part in name.split('/') {
                folder = openat(&folder, part, folder_flags(), Mode::empty())?;
            }
            self.last = Some((name.to_owned(), folder));
        }
        self.last.as_ref().map(|(_, folder)| folder).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

fn folder_flags() -> OFlags {
    OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC
}

impl FolderSource for OpenFolder {
    fn entries(&mut self, at_most: usize) -> io::Result<Vec<FolderEntry>> {
        let mut found = Vec::new();
        let mut folders = vec![(String::new(), 0)];
        while let Some((name, depth)) = folders.pop() {
            let first = found.len();
            list(self.folder(&name)?, &name, at_most, &mut found)?;
            let inner = found[first..].iter().filter(|entry| entry.kind == EntryKind::Dir && depth < DEPTH_MAX);
            folders.extend(inner.map(|entry| (entry.name.clone(), depth + 1)));
        }
        Ok(found)
    }

    fn open(&mut self, name: &str) -> io::Result<Box<dyn io::Read>> {
        let (folder, file_name) = name.rsplit_once('/').unwrap_or(("", name));
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = File::from(openat(self.folder(folder)?, file_name, flags, Mode::empty())?);
        if file.metadata()?.is_file() { Ok(Box::new(file)) } else { Err(io::Error::new(io::ErrorKind::InvalidData, "no regular file any more")) }
    }
}

/// Adds what is in one folder. A name that isn't UTF-8 is listed with replacement characters; the line refuses such names.
fn list(folder: &OwnedFd, prefix: &str, at_most: usize, found: &mut Vec<FolderEntry>) -> io::Result<()> {
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if matches!(name.to_bytes(), b"." | b"..") {
            continue;
        }
        if found.len() >= at_most {
            break;
        }
        let stat = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
        let kind = match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => EntryKind::Regular,
            FileType::Directory => EntryKind::Dir,
            _ => EntryKind::Other,
        };
        let shown = name.to_string_lossy();
        let name = if prefix.is_empty() { shown.into_owned() } else { format!("{prefix}/{shown}") };
        found.push(FolderEntry { name, len_bytes: u64::try_from(stat.st_size).unwrap_or(0), kind });
    }
    Ok(())
}
