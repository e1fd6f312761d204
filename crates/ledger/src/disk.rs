//! `Disk`: the port of all durable operations. `plant` implements it on the file system, `testkit` as a world that fails.
//! It is small on purpose: every call is one boundary at which a process can die or a disk can fail. The two ways of
//! writing (`publish` and the journal's append) are functions over it, here and in `journal.rs`, and nowhere else.

use std::io;

/// A path inside the plant: `/`-separated, relative, no `.` or `..` parts. Adapters refuse anything else.
pub type RelPath<'a> = &'a str;

/// Bytes of an immutable file: mapped on a real disk, shared memory in a simulated one.
pub type Bytes = std::sync::Arc<dyn AsRef<[u8]> + Send + Sync>;

/// A file being written. Nothing is promised before `sync` returned `Ok`.
pub trait DiskFile: Send {
    /// Appends all of `bytes` (short writes and interruptions are retried inside; errors are not).
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Sets room aside for `bytes` more than are written, without changing the file: what is written there later can't lack room. Where a
    /// file system can't promise that, nothing is done.
    fn reserve(&mut self, bytes: u64) -> io::Result<()>;
    /// Lets the disk begin with what is written, so that a later `sync` waits less. Promises nothing and can't fail.
    fn start_writing_back(&mut self) {}
    /// Makes everything written so far durable (fdatasync). An error here ends the process; it is never retried.
    fn sync(&mut self) -> io::Result<()>;
}

/// One name in a folder.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Entry {
    pub name: String,
    pub is_dir: bool,
    pub len_bytes: u64,
}

/// Durable operations on the plant's folder.
pub trait Disk: Send + Sync {
    /// Creates a new file (mode 0600), replacing nothing: an existing file is an error. Its folder must exist.
    fn create(&self, path: RelPath) -> io::Result<Box<dyn DiskFile>>;
    /// Opens a file to append to it, creating it if missing.
    fn append(&self, path: RelPath) -> io::Result<Box<dyn DiskFile>>;
    /// Cuts a file to `len_bytes` and syncs it: only for a torn journal tail.
    fn truncate(&self, path: RelPath, len_bytes: u64) -> io::Result<()>;
    fn rename(&self, from: RelPath, to: RelPath) -> io::Result<()>;
    /// Writes zeros over all of a small file, in place, and syncs it; missing is not an error. Only for keys that are to be forgotten.
    fn wipe(&self, path: RelPath) -> io::Result<()>;
    /// Removes a file; missing is not an error.
    fn remove(&self, path: RelPath) -> io::Result<()>;
    /// Removes a folder and all in it; missing is not an error.
    fn remove_dir(&self, path: RelPath) -> io::Result<()>;
    /// Creates a folder and its parents (mode 0700), each of them durable in the one above; existing is not an error. A folder this
    /// process didn't make may have been made by one that died before its name was synced: it is synced once all the same.
    fn create_dir(&self, path: RelPath) -> io::Result<()>;
    /// Creates one folder in a folder that exists (mode 0700); existing is not an error. Its name is durable when the one above is synced.
    fn make_dir(&self, path: RelPath) -> io::Result<()>;
    /// Makes the names in a folder durable.
    fn sync_dir(&self, path: RelPath) -> io::Result<()>;
    /// Names in a folder, sorted; a missing folder is empty.
    fn list(&self, path: RelPath) -> io::Result<Vec<Entry>>;
    /// Length of a file, `None` if there is none.
    fn len(&self, path: RelPath) -> io::Result<Option<u64>>;
    /// The whole of a small file.
    fn read(&self, path: RelPath) -> io::Result<Vec<u8>>;
    /// A published, immutable file of any size (mapped on a real disk). Never used on anything outsiders can write.
    fn map(&self, path: RelPath) -> io::Result<Bytes>;
}
