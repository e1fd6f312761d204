//! The inbox of a simulated plant: `inbox/` of the same disk, so that removing a package is an operation like any other.

use std::io::{self, Cursor, Read};
use std::sync::Arc;

use ledger::disk::Disk;
use line::package::{ArchiveKind, EntryKind, FolderEntry, FolderSource, SIGNATURE, Source};
use line::ports::{Arrival, CantOpen, Inbox};

use super::disk::SimDisk;
use super::state::folder_of;

const INBOX: &str = "inbox";

/// `inbox/` of a simulated disk.
pub struct SimInbox(SimDisk);

impl SimInbox {
    #[must_use]
    pub fn on(disk: &SimDisk) -> Self {
        Self(disk.clone())
    }
}

impl Inbox for SimInbox {
    fn list(&self) -> io::Result<Vec<Arrival>> {
        let entries = self.0.list(INBOX)?;
        let complete = |e: &ledger::disk::Entry| !e.is_dir || matches!(self.0.len(&format!("{INBOX}/{}/{SIGNATURE}", e.name)), Ok(Some(_)));
        Ok(entries.iter().map(|e| Arrival { name: e.name.clone(), complete: complete(e), age_seconds: 60 }).collect())
    }

    fn open(&self, name: &str) -> Result<Source, CantOpen> {
        let path = format!("{INBOX}/{name}");
        match self.0.read(&path) {
            Ok(bytes) => {
                let kind = ArchiveKind::of_name(name).ok_or(CantOpen::UnknownKind)?;
                let len_bytes = bytes.len() as u64;
                Ok(Source::Archive { kind, reader: Box::new(Cursor::new(bytes)), len_bytes })
            }
            Err(_) => Ok(Source::Folder(Box::new(SimFolder { disk: self.0.clone(), path }))),
        }
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let path = format!("{INBOX}/{name}");
        if self.0.len(&path)?.is_some() {
            self.0.remove(&path)?
        } else {
            self.0.remove_dir(&path)?
        }
        self.0.sync_dir(INBOX)
    }

    fn set_aside(&self, name: &str, path: &str) -> io::Result<()> {
        self.0.create_dir(folder_of(path))?;
        match self.0.rename(&format!("{INBOX}/{name}"), path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
            other => other?,
        }
        self.0.sync_dir(folder_of(path))?;
        self.0.sync_dir(INBOX)
    }
}

struct SimFolder {
    disk: SimDisk,
    path: String,
}

impl FolderSource for SimFolder {
    fn entries(&mut self, at_most: usize) -> io::Result<Vec<FolderEntry>> {
        let files = self.disk.state().files(&self.path);
        let name = |path: &str| path[self.path.len() + 1..].to_owned();
        let entry = |(path, content): (&String, &Arc<Vec<u8>>)| FolderEntry { name: name(path), len_bytes: content.len() as u64, kind: EntryKind::Regular };
        Ok(files.iter().take(at_most).map(entry).collect())
    }

    fn open(&mut self, name: &str) -> io::Result<Box<dyn Read>> {
        Ok(Box::new(Cursor::new(self.disk.read(&format!("{}/{name}", self.path))?)))
    }
}
