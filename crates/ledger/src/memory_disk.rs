//! A disk in memory for this crate's own tests: remembers the order of operations, and fails one when told to.
//! It doesn't lose writes; the failing world with loss models is testkit's.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use crate::disk::{Bytes, Disk, DiskFile, Entry, RelPath};

#[derive(Default)]
struct World {
    files: BTreeMap<String, Arc<Vec<u8>>>,
    operations: Vec<String>,
    failing: Option<String>,
}

#[derive(Clone, Default)]
pub struct MemoryDisk(Arc<Mutex<World>>);

struct MemoryFile {
    disk: MemoryDisk,
    path: String,
}

fn missing() -> io::Error {
    io::ErrorKind::NotFound.into()
}

impl MemoryDisk {
    fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap()
    }

    fn step(&self, operation: String) -> io::Result<MutexGuard<'_, World>> {
        let mut world = self.world();
        if world.failing.as_ref() == Some(&operation) {
            world.failing = None;
            return Err(io::Error::from_raw_os_error(5));
        }
        world.operations.push(operation);
        Ok(world)
    }

    pub fn operations(&self) -> Vec<String> {
        self.world().operations.clone()
    }

    /// The next operation written exactly so (`"sync f"`) fails with EIO.
    pub fn fail_next(&self, operation: &str) {
        self.world().failing = Some(operation.to_owned());
    }

    pub fn names(&self) -> Vec<String> {
        self.world().files.keys().cloned().collect()
    }

    pub fn put(&self, path: &str, bytes: &[u8]) {
        self.world().files.insert(path.to_owned(), Arc::new(bytes.to_vec()));
    }

    pub fn change(&self, path: &str, change: impl FnOnce(&mut Vec<u8>)) {
        change(Arc::make_mut(self.world().files.get_mut(path).expect("a file")));
    }
}

impl DiskFile for MemoryFile {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut world = self.disk.step(format!("write {}", self.path))?;
        Arc::make_mut(world.files.get_mut(&self.path).ok_or_else(missing)?).extend_from_slice(bytes);
        Ok(())
    }

    fn reserve(&mut self, bytes: u64) -> io::Result<()> {
        self.disk.step(format!("reserve {bytes} {}", self.path)).map(drop)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.disk.step(format!("sync {}", self.path)).map(drop)
    }
}

impl Disk for MemoryDisk {
    fn create(&self, path: RelPath) -> io::Result<Box<dyn DiskFile>> {
        let mut world = self.step(format!("create {path}"))?;
        if world.files.contains_key(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        world.files.insert(path.to_owned(), Arc::default());
        Ok(Box::new(MemoryFile { disk: self.clone(), path: path.to_owned() }))
    }

    fn append(&self, path: RelPath) -> io::Result<Box<dyn DiskFile>> {
        self.step(format!("append {path}"))?.files.entry(path.to_owned()).or_default();
        Ok(Box::new(MemoryFile { disk: self.clone(), path: path.to_owned() }))
    }

    fn truncate(&self, path: RelPath, len_bytes: u64) -> io::Result<()> {
        let mut world = self.step(format!("truncate {path}"))?;
        Arc::make_mut(world.files.get_mut(path).ok_or_else(missing)?).truncate(usize::try_from(len_bytes).unwrap());
        Ok(())
    }

    fn rename(&self, from: RelPath, to: RelPath) -> io::Result<()> {
        let mut world = self.step(format!("rename {from} {to}"))?;
        let file = world.files.remove(from).ok_or_else(missing)?;
        world.files.insert(to.to_owned(), file);
        Ok(())
    }

    fn wipe(&self, path: RelPath) -> io::Result<()> {
        let mut world = self.step(format!("wipe {path}"))?;
        if let Some(content) = world.files.get_mut(path) {
            *content = Arc::new(vec![0; content.len()]);
        }
        Ok(())
    }

    fn remove(&self, path: RelPath) -> io::Result<()> {
        self.step(format!("remove {path}"))?.files.remove(path);
        Ok(())
    }

    fn remove_dir(&self, path: RelPath) -> io::Result<()> {
        let inside = format!("{path}/");
        self.step(format!("remove_dir {path}"))?.files.retain(|name, _| !name.starts_with(&inside));
        Ok(())
    }

    fn create_dir(&self, path: RelPath) -> io::Result<()> {
        self.step(format!("create_dir {path}")).map(drop)
    }

    fn make_dir(&self, path: RelPath) -> io::Result<()> {
        self.step(format!("make_dir {path}")).map(drop)
    }

    fn sync_dir(&self, path: RelPath) -> io::Result<()> {
        self.step(format!("sync_dir {path}")).map(drop)
    }

    fn list(&self, path: RelPath) -> io::Result<Vec<Entry>> {
        let inside = if path.is_empty() { String::new() } else { format!("{path}/") };
        let world = self.world();
        let here = world.files.iter().filter_map(|(name, bytes)| Some((name.strip_prefix(&inside)?, bytes)));
        let files = here.filter(|(name, _)| !name.contains('/'));
        Ok(files.map(|(name, bytes)| Entry { name: name.to_owned(), is_dir: false, len_bytes: bytes.len() as u64 }).collect())
    }

    fn len(&self, path: RelPath) -> io::Result<Option<u64>> {
        Ok(self.world().files.get(path).map(|bytes| bytes.len() as u64))
    }

    fn read(&self, path: RelPath) -> io::Result<Vec<u8>> {
        self.world().files.get(path).map(|bytes| bytes.to_vec()).ok_or_else(missing)
    }

    fn map(&self, path: RelPath) -> io::Result<Bytes> {
        Ok(self.world().files.get(path).cloned().ok_or_else(missing)?)
    }
}
