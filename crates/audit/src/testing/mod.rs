//! A disk in memory for this crate's tests: keeps what is published, and lets a test change what lies there. It never fails.
//! On it a small plant (`plant.rs`), written by the ledger's writers and by writers of the published formats (`views.rs`).

pub mod applications;
pub mod plant;
mod told;
mod views;

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use ledger::disk::{Bytes, Disk, DiskFile, Entry, RelPath};

type Files = BTreeMap<String, Arc<Vec<u8>>>;

/// Clones share their files.
#[derive(Clone, Default)]
pub struct MemoryDisk(Arc<Mutex<Files>>);

struct MemoryFile(MemoryDisk, String);

/// A key of one byte.
pub fn data_key(n: u8) -> ledger::segment::DataKey {
    ledger::segment::DataKey::new(zeroize::Zeroizing::new([n; 32]))
}

fn missing() -> io::Error {
    io::ErrorKind::NotFound.into()
}

impl MemoryDisk {
    fn files(&self) -> MutexGuard<'_, Files> {
        self.0.lock().unwrap()
    }

    pub fn shared(&self) -> Arc<dyn Disk> {
        Arc::new(self.clone())
    }

    pub fn put(&self, path: &str, bytes: impl Into<Vec<u8>>) {
        self.files().insert(path.to_owned(), Arc::new(bytes.into()));
    }

    pub fn take(&self, path: &str) {
        assert!(self.files().remove(path).is_some(), "no {path}");
    }

    pub fn change(&self, path: &str, change: impl FnOnce(&mut Vec<u8>)) {
        change(Arc::make_mut(self.files().get_mut(path).unwrap_or_else(|| panic!("no {path}"))));
    }

    pub fn paths(&self) -> Vec<String> {
        self.files().keys().cloned().collect()
    }

    /// A copy that shares nothing.
    pub fn copy(&self) -> Self {
        Self(Arc::new(Mutex::new(self.files().clone())))
    }
}

impl DiskFile for MemoryFile {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut files = self.0.files();
        Arc::make_mut(files.get_mut(&self.1).ok_or_else(missing)?).extend_from_slice(bytes);
        Ok(())
    }

    fn reserve(&mut self, _: u64) -> io::Result<()> {
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Disk for MemoryDisk {
    fn create(&self, path: RelPath) -> io::Result<Box<dyn DiskFile>> {
        self.put(path, Vec::new());
        Ok(Box::new(MemoryFile(self.clone(), path.to_owned())))
    }

    fn append(&self, path: RelPath) -> io::Result<Box<dyn DiskFile>> {
        self.files().entry(path.to_owned()).or_default();
        Ok(Box::new(MemoryFile(self.clone(), path.to_owned())))
    }

    fn truncate(&self, path: RelPath, len_bytes: u64) -> io::Result<()> {
        self.change(path, |bytes| bytes.truncate(len_bytes as usize));
        Ok(())
    }

    fn rename(&self, from: RelPath, to: RelPath) -> io::Result<()> {
        let mut files = self.files();
        let inside = format!("{from}/");
        let moved: Vec<String> = files.keys().filter(|k| *k == from || k.starts_with(&inside)).cloned().collect();
        for path in moved {
            let bytes = files.remove(&path).ok_or_else(missing)?;
            files.insert(path.replacen(from, to, 1), bytes);
        }
        Ok(())
    }

    fn wipe(&self, path: RelPath) -> io::Result<()> {
        self.change(path, |bytes| bytes.fill(0));
        Ok(())
    }

    fn remove(&self, path: RelPath) -> io::Result<()> {
        self.files().remove(path);
        Ok(())
    }

    fn remove_dir(&self, path: RelPath) -> io::Result<()> {
        let inside = format!("{path}/");
        self.files().retain(|name, _| !name.starts_with(&inside));
        Ok(())
    }

    fn create_dir(&self, _: RelPath) -> io::Result<()> {
        Ok(())
    }

    fn make_dir(&self, _: RelPath) -> io::Result<()> {
        Ok(())
    }

    fn sync_dir(&self, _: RelPath) -> io::Result<()> {
        Ok(())
    }

    fn list(&self, path: RelPath) -> io::Result<Vec<Entry>> {
        let inside = if path.is_empty() { String::new() } else { format!("{path}/") };
        let mut found: Vec<Entry> = Vec::new();
        for (name, bytes) in self.files().iter().filter_map(|(name, bytes)| Some((name.strip_prefix(&inside)?, bytes))) {
            let entry = match name.split_once('/') {
                Some((folder, _)) => Entry { name: folder.to_owned(), is_dir: true, len_bytes: 0 },
                None => Entry { name: name.to_owned(), is_dir: false, len_bytes: bytes.len() as u64 },
            };
            if found.last() != Some(&entry) {
                found.push(entry);
            }
        }
        Ok(found)
    }

    fn len(&self, path: RelPath) -> io::Result<Option<u64>> {
        Ok(self.files().get(path).map(|bytes| bytes.len() as u64))
    }

    fn read(&self, path: RelPath) -> io::Result<Vec<u8>> {
        self.files().get(path).map(|bytes| bytes.to_vec()).ok_or_else(missing)
    }

    fn map(&self, path: RelPath) -> io::Result<Bytes> {
        Ok(self.files().get(path).cloned().ok_or_else(missing)?)
    }
}
