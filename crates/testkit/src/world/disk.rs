//! The simulated disk. Every call that changes something is one operation with a number; at a chosen number it fails, or everything
//! after it does. With `record` the state after each operation is kept: killing a process at any boundary is going on from there.

use std::collections::BTreeSet;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use ledger::disk::{Bytes, Disk, DiskFile, Entry, RelPath};

use super::state::{Change, Inode, State, folder_of};
use crate::dice::Dice;

/// Errno of "input/output error".
const EIO: i32 = 5;

/// What goes wrong at an operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Failure {
    /// This operation fails with this errno, the next ones work.
    Once(i32),
    /// This and every later operation that changes something fails with this errno (a disk that is full, read-only or gone).
    From(i32),
    /// A write stores half of its bytes, then fails with this errno; other operations just fail.
    ShortThen(i32),
}

#[derive(Default)]
struct Inner {
    state: State,
    operations: u64,
    failure: Option<(u64, Failure)>,
    /// Reading: bits turned around in the `n`-th read, counted from 1.
    reads: u64,
    wrong_read: Option<u64>,
    history: Option<Vec<State>>,
    names: Vec<String>,
    seed: u64,
    /// Folders whose names this process knows to be durable (as the real adapter does).
    known_folders: BTreeSet<String>,
}

/// A disk in memory; clones are the same disk.
#[derive(Clone, Default)]
pub struct SimDisk(Arc<Mutex<Inner>>);

impl SimDisk {
    /// A disk that holds `state`, all of it durable.
    #[must_use]
    pub fn of(state: State) -> Self {
        Self(Arc::new(Mutex::new(Inner { state, ..Inner::default() })))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// As a process sees it now.
    #[must_use]
    pub fn state(&self) -> State {
        self.inner().state.clone()
    }

    /// Everything is made durable, as after a quiet hour.
    pub fn settle(&self) {
        self.inner().state.settle();
    }

    /// Keeps the state after every operation from now on.
    pub fn record(&self) {
        let mut inner = self.inner();
        inner.history = Some(vec![inner.state.clone()]);
        inner.names.clear();
    }

    /// The recorded states: before the first operation, and after each; with the operations' names.
    #[must_use]
    pub fn recorded(&self) -> (Vec<State>, Vec<String>) {
        let mut inner = self.inner();
        (inner.history.take().unwrap_or_default(), std::mem::take(&mut inner.names))
    }

    /// Operations so far.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.inner().operations
    }

    /// Lets operation `number` (counted from 1) fail.
    pub fn fail(&self, number: u64, failure: Failure) {
        self.inner().failure = Some((number, failure));
    }

    /// Lets the `number`-th read (counted from 1) give a flipped bit, chosen by `seed`.
    pub fn corrupt_read(&self, number: u64, seed: u64) {
        let mut inner = self.inner();
        (inner.wrong_read, inner.seed) = (Some(number), seed);
    }

    /// Puts a file there, durably, outside any counting.
    pub fn put(&self, path: &str, bytes: &[u8]) {
        let state = &mut self.inner().state;
        let mut folder = folder_of(path);
        while !folder.is_empty() {
            state.now.folders.insert(folder.to_owned());
            folder = folder_of(folder);
        }
        let inode = state.create(path);
        state.write(inode, bytes);
        state.settle();
    }

    /// One operation that changes something.
    fn step<T>(&self, name: impl FnOnce() -> String, work: impl FnOnce(&mut State) -> io::Result<T>) -> io::Result<T> {
        self.step_or(name, work, |_| ())
    }

    /// As `step`; `half_done` is what it leaves behind when it is the one that is cut short.
    fn step_or<T>(&self, name: impl FnOnce() -> String, work: impl FnOnce(&mut State) -> io::Result<T>, half_done: impl FnOnce(&mut State)) -> io::Result<T> {
        let mut inner = self.inner();
        inner.operations += 1;
        if let Some(errno) = inner.failing() {
            if matches!(inner.failure, Some((_, Failure::ShortThen(_)))) {
                half_done(&mut inner.state);
            }
            return Err(io::Error::from_raw_os_error(errno));
        }
        let done = work(&mut inner.state)?;
        inner.keep(name);
        Ok(done)
    }

    fn read_back(&self, path: &str) -> io::Result<Arc<Vec<u8>>> {
        let mut inner = self.inner();
        inner.reads += 1;
        let content = inner.state.file(path)?.content.clone();
        if inner.wrong_read != Some(inner.reads) || content.is_empty() {
            return Ok(content);
        }
        let mut dice = Dice::new(inner.seed, "read", inner.reads);
        let mut wrong = content.to_vec();
        wrong[dice.below(content.len())] ^= 1 << dice.below(8);
        Ok(Arc::new(wrong))
    }
}

impl Inner {
    fn failing(&self) -> Option<i32> {
        match self.failure? {
            (at, Failure::Once(errno) | Failure::ShortThen(errno)) => (self.operations == at).then_some(errno),
            (at, Failure::From(errno)) => (self.operations >= at).then_some(errno),
        }
    }

    fn keep(&mut self, name: impl FnOnce() -> String) {
        if let Some(history) = &mut self.history {
            history.push(self.state.clone());
            self.names.push(name());
        }
    }
}

struct SimFile {
    disk: SimDisk,
    inode: Inode,
    path: String,
}

impl DiskFile for SimFile {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let inode = self.inode;
        self.disk.step_or(
            || format!("write {} {}", bytes.len(), self.path),
            |state| {
                state.write(inode, bytes);
                Ok(())
            },
            |state| state.write(inode, &bytes[..bytes.len() / 2]),
        )
    }

    /// One boundary that can fail; the simulated disk is as large as memory.
    fn reserve(&mut self, bytes: u64) -> io::Result<()> {
        self.disk.step(|| format!("reserve {bytes} {}", self.path), |_| Ok(()))
    }

    fn sync(&mut self) -> io::Result<()> {
        let inode = self.inode;
        self.disk.step(
            || format!("sync {}", self.path),
            |state| {
                state.sync(inode);
                Ok(())
            },
        )
    }
}

impl SimDisk {
    fn forget(&self, folder: &str) {
        let inside = format!("{folder}/");
        self.inner().known_folders.retain(|known| known != folder && !known.starts_with(&inside));
    }

    fn open(&self, inode: Inode, path: &str) -> Box<dyn DiskFile> {
        Box::new(SimFile { disk: self.clone(), inode, path: path.to_owned() })
    }
}

fn exists(state: &State, folder: &str) -> io::Result<()> {
    if folder.is_empty() || state.now.folders.contains(folder) { Ok(()) } else { Err(io::ErrorKind::NotFound.into()) }
}

impl Disk for SimDisk {
    fn create(&self, path: RelPath) -> io::Result<Box<dyn DiskFile>> {
        let inode = self.step(
            || format!("create {path}"),
            |state| {
                exists(state, folder_of(path))?;
                if state.now.files.contains_key(path) {
                    return Err(io::ErrorKind::AlreadyExists.into());
                }
                Ok(state.create(path))
            },
        )?;
        Ok(self.open(inode, path))
    }

    fn append(&self, path: RelPath) -> io::Result<Box<dyn DiskFile>> {
        let inode = self.step(
            || format!("append {path}"),
            |state| {
                exists(state, folder_of(path))?;
                Ok(match state.now.files.get(path) {
                    Some(inode) => *inode,
                    None => state.create(path),
                })
            },
        )?;
        Ok(self.open(inode, path))
    }

    fn truncate(&self, path: RelPath, len_bytes: u64) -> io::Result<()> {
        self.step(
            || format!("truncate {path}"),
            |state| {
                let inode = *state.now.files.get(path).ok_or(io::ErrorKind::NotFound)?;
                state.cut(inode, usize::try_from(len_bytes).map_err(|_| io::Error::from_raw_os_error(EIO))?);
                state.sync(inode);
                Ok(())
            },
        )
    }

    fn rename(&self, from: RelPath, to: RelPath) -> io::Result<()> {
        self.step(
            || format!("rename {from} {to}"),
            |state| {
                exists(state, folder_of(to))?;
                let known = state.now.files.contains_key(from) || state.now.folders.contains(from);
                if !known {
                    return Err(io::ErrorKind::NotFound.into());
                }
                state.change(Change::Rename(from.to_owned(), to.to_owned()));
                Ok(())
            },
        )?;
        self.forget(from);
        Ok(())
    }

    /// Two operations, as on a real disk: the write may be there without its sync.
    fn wipe(&self, path: RelPath) -> io::Result<()> {
        let Some(inode) = self.inner().state.now.files.get(path).copied() else { return Ok(()) };
        self.step(
            || format!("wipe {path}"),
            |state| {
                let len = state.file(path)?.content.len();
                state.cut(inode, 0);
                state.write(inode, &vec![0; len]);
                Ok(())
            },
        )?;
        self.open(inode, path).sync()
    }

    fn remove(&self, path: RelPath) -> io::Result<()> {
        self.step(
            || format!("remove {path}"),
            |state| {
                if state.now.files.contains_key(path) {
                    state.change(Change::Unlink(path.to_owned()));
                }
                Ok(())
            },
        )
    }

    fn remove_dir(&self, path: RelPath) -> io::Result<()> {
        self.step(
            || format!("remove_dir {path}"),
            |state| {
                if state.now.folders.contains(path) {
                    state.change(Change::RemoveFolder(path.to_owned()));
                }
                Ok(())
            },
        )?;
        self.forget(path);
        Ok(())
    }

    fn create_dir(&self, path: RelPath) -> io::Result<()> {
        let mut so_far = String::new();
        for part in path.split('/').filter(|p| !p.is_empty()) {
            so_far = if so_far.is_empty() { part.to_owned() } else { format!("{so_far}/{part}") };
            let known = {
                let inner = self.inner();
                inner.known_folders.contains(&so_far) && inner.state.now.folders.contains(&so_far)
            };
            if known {
                continue;
            }
            self.step(
                || format!("create_dir {so_far}"),
                |state| {
                    if !state.now.folders.contains(&so_far) {
                        state.change(Change::MakeFolder(so_far.clone()));
                    }
                    Ok(())
                },
            )?;
            self.sync_dir(folder_of(&so_far))?;
            self.inner().known_folders.insert(so_far.clone());
        }
        Ok(())
    }

    fn make_dir(&self, path: RelPath) -> io::Result<()> {
        self.step(
            || format!("make_dir {path}"),
            |state| {
                exists(state, folder_of(path))?;
                if !state.now.folders.contains(path) {
                    state.change(Change::MakeFolder(path.to_owned()));
                }
                Ok(())
            },
        )
    }

    fn sync_dir(&self, path: RelPath) -> io::Result<()> {
        self.step(
            || format!("sync_dir {path}"),
            |state| {
                exists(state, path)?;
                state.sync_folder(path);
                Ok(())
            },
        )
    }

    fn list(&self, path: RelPath) -> io::Result<Vec<Entry>> {
        let inner = self.inner();
        let state = &inner.state;
        let file = |(name, inode): (&String, &Inode)| {
            let len_bytes = state.inodes.get(inode).map_or(0, |f| f.content.len() as u64);
            Entry { name: name.rsplit('/').next().unwrap_or(name).to_owned(), is_dir: false, len_bytes }
        };
        let folder = |name: &String| Entry { name: name.rsplit('/').next().unwrap_or(name).to_owned(), is_dir: true, len_bytes: 0 };
        let files = state.now.files.iter().filter(|(name, _)| folder_of(name) == path).map(file);
        let folders = state.now.folders.iter().filter(|name| folder_of(name) == path).map(folder);
        let mut found: Vec<Entry> = files.chain(folders).collect();
        found.sort();
        Ok(found)
    }

    fn len(&self, path: RelPath) -> io::Result<Option<u64>> {
        Ok(self.inner().state.file(path).ok().map(|f| f.content.len() as u64))
    }

    fn read(&self, path: RelPath) -> io::Result<Vec<u8>> {
        self.read_back(path).map(|content| content.to_vec())
    }

    fn map(&self, path: RelPath) -> io::Result<Bytes> {
        let content: Bytes = self.read_back(path)?;
        Ok(content)
    }
}
