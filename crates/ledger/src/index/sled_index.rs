//! The index in sled 0.34.7, under the discipline of engine.md §1.7: flush, then fsync of the file `db`; opened under guard;
//! whatever is wrong with it, it is set aside and the journal folded again. sled is no truth and gets no second chance.
//!
//! Between a write and the next flush a marker file names the machine's boot. Found after a reboot it means that
//! unsynced pages may be missing in the middle, which sled 0.34.7 doesn't always notice (faults.md F2): set aside, fold again.
//! What is damaged between a close and the next opening is found by the seal; what fails in use is marked and set aside next time.

use std::fs::{self, File};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::{CURSOR_KEY, Index, IndexBatch, See, seal};
use crate::fault::Fault;

/// How long a held lock is waited for (a killed process keeps it for a moment).
const LOCK_PATIENCE: Duration = Duration::from_secs(5);
const LOCK_PAUSE: Duration = Duration::from_millis(100);
const REST_PAUSE: Duration = Duration::from_millis(2);
/// Values stay small: artefacts are files (engine.md §1.7.4).
const VALUE_BYTES_MAX: usize = 64 * 1024;
/// No key is empty: looking it up only enters the tree.
const NO_KEY: &[u8] = b"";
/// The file whose fsync makes a flush power-safe; its name is why the version is pinned exactly.
const DATA_FILE: &str = "db";
const DIRTY_FILE: &str = "dirty";
/// Left by an index that failed in use: opening it again would only fail again.
const FAILED_FILE: &str = "failed";
/// Older set-aside indexes are kept for the engineers up to this many.
const SET_ASIDE_MAX: u32 = 100;

/// The sled index of a plant.
pub struct SledIndex {
    folder: PathBuf,
    cache_bytes: u64,
    /// Identifies the machine's boot, from the adapter that knows; empty where there is none.
    boot_id: String,
    open: Option<Open>,
}

struct Open {
    tree: sled::Db,
    data: File,
    dirty: bool,
}

/// How the index came up.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum IndexOpened {
    /// There was none; it is empty.
    Created,
    /// As it was left.
    Reopened,
    /// It could not be trusted, was renamed to `set_aside` and is empty now: fold the journal again and say so (IDX-01).
    SetAside { set_aside: PathBuf, why: String },
}

impl SledIndex {
    /// Opens `folder` (created if missing) with a page cache of `cache_bytes`. `boot_id` names the machine's current boot.
    ///
    /// # Errors
    /// [`Fault::DiskFull`] (nothing is touched), [`Fault::Locked`] when another process keeps it for 5 s, or the file system's.
    pub fn open(folder: &Path, cache_bytes: u64, boot_id: &str) -> Result<(Self, IndexOpened), Fault> {
        let mut index = Self { folder: folder.to_owned(), cache_bytes, boot_id: boot_id.to_owned(), open: None };
        if !folder.exists() {
            index.start()?;
            return Ok((index, IndexOpened::Created));
        }
        let distrusted = index.reason_to_distrust()?;
        let outcome = if let Some(why) = distrusted { Err(Fault::Index(why)) } else { index.start() };
        match outcome {
            Ok(()) => Ok((index, IndexOpened::Reopened)),
            Err(Fault::Index(why)) => {
                let set_aside = index.rebuild()?;
                Ok((index, IndexOpened::SetAside { set_aside, why }))
            }
            Err(fault) => Err(fault),
        }
    }

    /// Sets the folder aside and starts an empty one. Where the old one went.
    ///
    /// # Errors
    /// The file system's.
    pub fn rebuild(&mut self) -> Result<PathBuf, Fault> {
        drop(self.open.take());
        let set_aside = self.free_name()?;
        fs::rename(&self.folder, &set_aside).map_err(|e| self.fault("rename", e))?;
        self.start()?;
        Ok(set_aside)
    }

    fn free_name(&self) -> Result<PathBuf, Fault> {
        let named = |n: u32| {
            let mut name = self.folder.as_os_str().to_owned();
            name.push(format!(".bad-{n}"));
            PathBuf::from(name)
        };
        let free = (1..=SET_ASIDE_MAX).map(named).find(|path| !path.exists());
        free.ok_or_else(|| Fault::Index(format!("{SET_ASIDE_MAX} indexes were set aside already; remove them")))
    }

    fn reason_to_distrust(&self) -> Result<Option<String>, Fault> {
        if let Ok(why) = fs::read_to_string(self.folder.join(FAILED_FILE)) {
            return Ok(Some(format!("it failed when it was used last: {why}")));
        }
        let marker = fs::read_to_string(self.folder.join(DIRTY_FILE));
        if marker.is_ok_and(|boot| boot != self.boot_id || boot.is_empty()) {
            return Ok(Some("the machine went down while it was being written".to_owned()));
        }
        let sound = seal::unseal(&self.folder).map_err(|e| self.fault("read", e))?;
        Ok((!sound).then(|| "its files are not as they were when it was closed".to_owned()))
    }

    fn start(&mut self) -> Result<(), Fault> {
        let deadline = Instant::now() + LOCK_PATIENCE;
        let tree = loop {
            match self.open_guarded() {
                Err(Fault::Locked(_)) if Instant::now() < deadline => std::thread::sleep(LOCK_PAUSE),
                other => break other?,
            }
        };
        let data = File::open(self.folder.join(DATA_FILE)).map_err(|e| self.fault("open", e))?;
        self.sync_folders()?;
        self.open = Some(Open { tree, data, dirty: false });
        Ok(())
    }

    fn open_guarded(&self) -> Result<sled::Db, Fault> {
        let config = sled::Config::new().path(&self.folder).mode(sled::Mode::HighThroughput).cache_capacity(self.cache_bytes).flush_every_ms(None);
        match catch_unwind(AssertUnwindSafe(|| config.open())) {
            Ok(Ok(tree)) => Ok(tree),
            Ok(Err(error)) => Err(self.sled_fault("open", error)),
            Err(_) => Err(Fault::Index("opening it panicked".to_owned())),
        }
    }

    fn sync_folders(&self) -> Result<(), Fault> {
        let parent = self.folder.parent().filter(|p| !p.as_os_str().is_empty());
        [Some(self.folder.as_path()), parent].into_iter().flatten().try_for_each(|folder| {
            let synced = File::open(folder).and_then(|f| f.sync_all());
            synced.map_err(|e| self.fault("sync", e))
        })
    }

    fn opened(&self) -> Result<&Open, Fault> {
        self.open.as_ref().ok_or_else(|| Fault::Index("used after it failed".to_owned()))
    }

    /// Runs `work` on the open store; an error or a panic closes the store for good.
    fn guarded<T>(&mut self, op: &'static str, work: impl FnOnce(&mut Open) -> sled::Result<T>) -> Result<T, Fault> {
        let mut open = self.open.take().ok_or_else(|| Fault::Index("used after it failed".to_owned()))?;
        match catch_unwind(AssertUnwindSafe(|| work(&mut open))) {
            Ok(Ok(value)) => {
                self.open = Some(open);
                Ok(value)
            }
            Ok(Err(error)) => Err(self.failed(self.sled_fault(op, error))),
            Err(_) => Err(self.failed(Fault::Index(format!("{op} panicked")))),
        }
    }

    /// Leaves a mark for the next opening. Where not even that can be written, the disk is what has to be mended first.
    fn failed(&self, fault: Fault) -> Fault {
        if let Fault::Index(why) = &fault {
            drop(fs::write(self.folder.join(FAILED_FILE), why));
        }
        fault
    }

    /// sled's threads end a moment after its last handle; its lock says when. `false`: they haven't ended.
    fn is_at_rest(data: &File) -> bool {
        let deadline = Instant::now() + LOCK_PATIENCE;
        loop {
            match data.try_lock() {
                Ok(()) => return true,
                Err(_) if Instant::now() < deadline => std::thread::sleep(REST_PAUSE),
                Err(_) => return false,
            }
        }
    }

    fn mark_dirty(&mut self) -> Result<(), Fault> {
        if self.opened()?.dirty {
            return Ok(());
        }
        let marked = File::create(self.folder.join(DIRTY_FILE)).and_then(|mut file| {
            io::Write::write_all(&mut file, self.boot_id.as_bytes())?;
            file.sync_all()
        });
        marked.map_err(|e| self.fault("create", e))?;
        self.sync_folders()?;
        self.open.iter_mut().for_each(|open| open.dirty = true);
        Ok(())
    }

    fn remove_marker(&mut self) -> Result<(), Fault> {
        self.open.iter_mut().for_each(|open| open.dirty = false);
        match fs::remove_file(self.folder.join(DIRTY_FILE)) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(self.fault("remove", e)),
            _ => Ok(()),
        }
    }

    /// sled names the lock only in a text; any other of its errors makes the index untrustworthy, unless the disk is full.
    fn sled_fault(&self, op: &'static str, error: sled::Error) -> Fault {
        match error {
            sled::Error::Io(e) if e.to_string().contains("could not acquire lock") => Fault::Locked("the index is in use by another process".to_owned()),
            sled::Error::Io(e) => match self.fault(op, e) {
                full @ Fault::DiskFull { .. } => full,
                other => Fault::Index(other.to_string()),
            },
            other => Fault::Index(format!("{op}: {other}")),
        }
    }

    fn show(&self, mut pairs: sled::Iter, see: &mut See<'_>) -> Result<(), Fault> {
        loop {
            // Only sled's own step runs under guard: a panic of the caller's closure is the caller's.
            match catch_unwind(AssertUnwindSafe(|| pairs.next())) {
                Ok(None) => return Ok(()),
                Ok(Some(Ok((key, value)))) if see(&key, &value).is_continue() => {}
                Ok(Some(Ok(_))) => return Ok(()),
                Ok(Some(Err(error))) => return Err(self.failed(self.sled_fault("read", error))),
                Err(_) => return Err(self.failed(Fault::Index("reading it panicked".to_owned()))),
            }
        }
    }

    /// Names the folder, not where the plant is.
    fn fault(&self, op: &'static str, error: io::Error) -> Fault {
        let name = self.folder.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        Fault::io(op, format!("ledger/{name}"), error)
    }
}

impl Index for SledIndex {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        let tree = &self.opened()?.tree;
        match catch_unwind(AssertUnwindSafe(|| tree.get(key))) {
            Ok(Ok(value)) => Ok(value.map(|v| v.to_vec())),
            Ok(Err(error)) => Err(self.failed(self.sled_fault("read", error))),
            Err(_) => Err(self.failed(Fault::Index("reading it panicked".to_owned()))),
        }
    }

    fn apply(&mut self, batch: IndexBatch) -> Result<(), Fault> {
        if batch.changes.iter().any(|(_, value)| value.as_ref().is_some_and(|v| v.len() > VALUE_BYTES_MAX)) {
            return Err(Fault::Invariant(format!("index value over {VALUE_BYTES_MAX} bytes")));
        }
        self.mark_dirty()?;
        let pins = batch.len();
        let mut changes = sled::Batch::default();
        for (key, value) in batch.changes {
            match value {
                Some(value) => changes.insert(key, value),
                None => changes.remove(key),
            }
        }
        self.guarded("write", |open| {
            open.tree.apply_batch(changes)?;
            // sled frees replaced pages only every 128th time its tree is entered, 512 pieces a time; a batch enters once however
            // large it is. Without these entries memory grows without bound (docs/decisions/0001: 448 MB against 54 MB at 200,000 keys).
            (0..pins).try_for_each(|_| open.tree.contains_key(NO_KEY).map(drop))
        })
    }

    fn scan_range(&self, from: &[u8], to: &[u8], see: &mut See<'_>) -> Result<(), Fault> {
        if from >= to {
            return Ok(());
        }
        self.show(self.opened()?.tree.range(from.to_vec()..to.to_vec()), see)
    }

    fn flush(&mut self) -> Result<(), Fault> {
        self.guarded("sync", |open| {
            open.tree.flush()?;
            open.data.sync_all().map_err(sled::Error::Io)
        })?;
        self.remove_marker()
    }

    /// Opens it anew: sled keeps some hundreds of bytes a page it has touched, beside the pages its cache may hold.
    fn renew(&mut self) -> Result<(), Fault> {
        self.flush()?;
        let left = self.get(CURSOR_KEY)?;
        drop(self.open.take());
        self.start()?;
        // Until now the open file was ours, whatever had become of its name. An empty index would answer everything with "unknown".
        if self.get(CURSOR_KEY)? == left { Ok(()) } else { Err(self.failed(Fault::Index("it was taken away or exchanged while it was in use".to_owned()))) }
    }

    fn close(&mut self) -> Result<(), Fault> {
        self.flush()?;
        let Some(Open { tree, data, .. }) = self.open.take() else { return Ok(()) };
        drop(tree);
        if Self::is_at_rest(&data) {
            seal::seal(&self.folder).map_err(|e| self.fault("seal", e))?;
        }
        Ok(())
    }

    /// Empties the folder on disk: sled never gives room back.
    fn clear(&mut self) -> Result<(), Fault> {
        drop(self.open.take());
        fs::remove_dir_all(&self.folder).map_err(|e| self.fault("remove", e))?;
        self.start()
    }
}
