//! The one place a file is published: temporary name → write → sync → rename → sync the folder (house rule 7), alone or several
//! together. A reader sees the whole file or none; the journal's append (`journal/write.rs`) is the only other way of writing.

use std::collections::BTreeSet;
use std::io::{self, Write};

use card::Digest;
use card::seeded::{Bug, has};
use sha2::Digest as _;

use crate::disk::{Disk, DiskFile};
use crate::fault::Fault;

/// Bytes gathered before they are handed to the disk.
const BUFFER_BYTES: usize = 256 * 1024;
/// Files that wait to be published together.
const WAITING_MAX: usize = 64;
/// What the temporary name ends with. A leftover is removed by the next publish of the same path.
pub const PART_SUFFIX: &str = ".part";

/// What was published.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FileInfo {
    pub len_bytes: u64,
    pub digest: Digest,
}

/// Publishes what `write` writes as `path`, replacing a file of that name. Digest: SHA-256 of the content.
///
/// # Errors
/// The disk's; [`Fault::SyncFailed`] must end the process. If `write` fails its error comes back (a `Fault` inside it is
/// unwrapped), the temporary file is removed and `path` is as it was.
pub fn publish(disk: &dyn Disk, path: &str, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<FileInfo, Fault> {
    written(disk, path, write)?.publish(disk)
}

/// The temporary file of `path` with what `write` writes, or nothing.
fn written(disk: &dyn Disk, path: &str, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<Part, Fault> {
    let mut part = Part::create(disk, path)?;
    let mut buffered = io::BufWriter::with_capacity(BUFFER_BYTES, &mut part);
    let done = write(&mut buffered).and_then(|()| buffered.flush());
    drop(buffered.into_parts());
    match done {
        Ok(()) => Ok(part),
        Err(error) => {
            let fault = Fault::io("write", path, error);
            part.abandon(disk);
            Err(fault)
        }
    }
}

fn sync_names(disk: &dyn Disk, folder: &str) -> Result<(), Fault> {
    if has(Bug::FolderUnsynced) { Ok(()) } else { disk.sync_dir(folder).map_err(|e| Fault::sync(folder, e)) }
}

/// Publishes `bytes` as `path`. See [`publish`].
///
/// # Errors
/// The disk's; [`Fault::SyncFailed`] must end the process.
pub fn publish_bytes(disk: &dyn Disk, path: &str, bytes: &[u8]) -> Result<FileInfo, Fault> {
    let mut part = Part::create(disk, path)?;
    match part.write_all(bytes) {
        Ok(()) => part.publish(disk),
        Err(error) => {
            part.abandon(disk);
            Err(Fault::io("write", path, error))
        }
    }
}

/// Files published together: each as [`publish`] does it, but a folder is synced once for all of them. None has its name before all are
/// written and durable, and nothing is promised before [`Together::finish`]. Dropped without it, the temporary files are removed.
pub struct Together<'a> {
    disk: &'a dyn Disk,
    parts: Vec<Part>,
    /// Folders whose names are durable only when these are synced: those above new folders.
    above: BTreeSet<String>,
}

impl<'a> Together<'a> {
    #[must_use]
    pub fn new(disk: &'a dyn Disk) -> Self {
        Self { disk, parts: Vec::new(), above: BTreeSet::new() }
    }

    /// Creates a folder; its own name becomes durable with the files, those above it at once. Existing is not an error.
    ///
    /// # Errors
    /// The disk's.
    pub fn folder(&mut self, path: &str) -> Result<(), Fault> {
        let above = parent(path);
        self.disk.create_dir(above).map_err(|e| Fault::io("create", above, e))?;
        self.disk.make_dir(path).map_err(|e| Fault::io("create", path, e))?;
        self.above.insert(above.to_owned());
        Ok(())
    }

    /// Writes what is to be `path`. Digest: SHA-256 of the content.
    ///
    /// # Errors
    /// The disk's. If `write` fails its error comes back (a `Fault` inside it is unwrapped).
    pub fn write(&mut self, path: &str, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<FileInfo, Fault> {
        let part = written(self.disk, path, write)?;
        Ok(self.take(part))
    }

    /// Takes a file that is written.
    pub(crate) fn take(&mut self, part: Part) -> FileInfo {
        let info = part.info();
        self.parts.push(part);
        info
    }

    /// [`Together::finish`] where it doesn't matter which files go together: each that waits is an open file, and there may be any number.
    ///
    /// # Errors
    /// As there.
    pub fn finish_when_many(&mut self) -> Result<(), Fault> {
        if self.parts.len() >= WAITING_MAX { self.finish() } else { Ok(()) }
    }

    /// Publishes all that were written since the last call.
    ///
    /// # Errors
    /// The disk's; [`Fault::SyncFailed`] must end the process. After another error some may have been published.
    pub fn finish(&mut self) -> Result<(), Fault> {
        self.parts.iter_mut().for_each(|part| part.file.start_writing_back());
        self.parts.iter_mut().try_for_each(Part::sync)?;
        let mut folders = BTreeSet::new();
        while let Some(part) = self.parts.pop() {
            folders.insert(parent(part.path()).to_owned());
            part.rename(self.disk)?;
        }
        // A folder before the one its own name is in: what is found after a power cut has something in it.
        folders.iter().try_for_each(|folder| sync_names(self.disk, folder))?;
        std::mem::take(&mut self.above).difference(&folders).try_for_each(|above| sync_names(self.disk, above))
    }
}

impl Drop for Together<'_> {
    fn drop(&mut self) {
        self.parts.drain(..).for_each(|part| part.abandon(self.disk));
    }
}

/// The folder a path is in; the plant's own folder is `""`.
#[must_use]
pub fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// A file on its way to being published: hashes and counts what passes. Unbuffered.
pub(crate) struct Part {
    path: String,
    part: String,
    file: Box<dyn DiskFile>,
    hash: sha2::Sha256,
    len_bytes: u64,
}

impl Part {
    pub(crate) fn create(disk: &dyn Disk, path: &str) -> Result<Self, Fault> {
        let part = format!("{path}{PART_SUFFIX}");
        disk.remove(&part).map_err(Fault::on("remove", &part))?;
        let file = disk.create(&part).map_err(Fault::on("create", &part))?;
        Ok(Self { path: path.to_owned(), part, file, hash: sha2::Sha256::new(), len_bytes: 0 })
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    fn info(&self) -> FileInfo {
        FileInfo { len_bytes: self.len_bytes, digest: Digest(self.hash.clone().finalize().into()) }
    }

    fn sync(&mut self) -> Result<(), Fault> {
        if has(Bug::DataUnsynced) { Ok(()) } else { self.file.sync().map_err(|e| Fault::sync(&self.part, e)) }
    }

    fn rename(self, disk: &dyn Disk) -> Result<(), Fault> {
        drop(self.file);
        disk.rename(&self.part, &self.path).map_err(Fault::on("rename", &self.path))
    }

    pub(crate) fn publish(mut self, disk: &dyn Disk) -> Result<FileInfo, Fault> {
        let info = self.info();
        let folder = parent(&self.path).to_owned();
        self.sync()?;
        self.rename(disk)?;
        sync_names(disk, &folder)?;
        Ok(info)
    }

    /// Removes the temporary file. A failure to do so is left to the next publish, which removes it first.
    pub(crate) fn abandon(self, disk: &dyn Disk) {
        drop(self.file);
        let _ = disk.remove(&self.part);
    }
}

impl Write for Part {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write_all(bytes)?;
        self.hash.update(bytes);
        self.len_bytes += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory_disk::MemoryDisk;

    #[test]
    fn a_file_is_published_in_the_one_order_that_is_safe() {
        let disk = MemoryDisk::default();
        let info = publish_bytes(&disk, "d/f", b"abc").unwrap();
        assert_eq!(info, FileInfo { len_bytes: 3, digest: Digest::of(b"abc") });
        let order = ["remove d/f.part", "create d/f.part", "write d/f.part", "sync d/f.part", "rename d/f.part d/f", "sync_dir d"];
        assert_eq!(disk.operations(), order);
        assert_eq!(disk.read("d/f").unwrap(), b"abc");
    }

    #[test]
    fn files_published_together_are_all_durable_before_one_has_its_name_and_each_folder_is_synced_once() {
        let disk = MemoryDisk::default();
        let mut together = Together::new(&disk);
        together.folder("d/new").unwrap();
        let info = together.write("d/new/a", |w| w.write_all(b"abc")).unwrap();
        assert_eq!(info, FileInfo { len_bytes: 3, digest: Digest::of(b"abc") });
        together.write("d/new/b", |w| w.write_all(b"de")).unwrap();
        assert_eq!(disk.names(), ["d/new/a.part", "d/new/b.part"]);
        together.finish().unwrap();
        let order = disk.operations();
        let ended = ["sync d/new/a.part", "sync d/new/b.part", "rename d/new/b.part d/new/b", "rename d/new/a.part d/new/a", "sync_dir d/new", "sync_dir d"];
        assert_eq!(order[order.len() - 6..], ended);
        assert_eq!(order.iter().filter(|o| o.starts_with("sync_dir")).count(), 2);
        assert_eq!((disk.read("d/new/a").unwrap(), disk.read("d/new/b").unwrap()), (b"abc".to_vec(), b"de".to_vec()));
    }

    #[test]
    fn many_files_do_not_wait_for_ever() {
        let disk = MemoryDisk::default();
        let mut together = Together::new(&disk);
        for n in 0..WAITING_MAX {
            assert!(!disk.names().iter().any(|name| !name.ends_with(PART_SUFFIX)), "{n}");
            together.write(&format!("f{n}"), |w| w.write_all(b"x")).unwrap();
            together.finish_when_many().unwrap();
        }
        assert_eq!(disk.names().iter().filter(|name| !name.ends_with(PART_SUFFIX)).count(), WAITING_MAX);
    }

    #[test]
    fn files_that_were_to_be_published_together_and_were_not_leave_nothing() {
        let disk = MemoryDisk::default();
        let mut together = Together::new(&disk);
        together.write("a", |w| w.write_all(b"abc")).unwrap();
        together.write("b", |_| Err(Fault::BadInput("row 7".into()).into())).unwrap_err();
        drop(together);
        assert!(disk.names().is_empty());
    }

    #[test]
    fn streaming_gives_the_same_file_as_writing_at_once() {
        let disk = MemoryDisk::default();
        let content: Vec<u8> = (0..700_000u32).map(|i| (i % 251) as u8).collect();
        let streamed = publish(&disk, "f", |w| content.chunks(1000).try_for_each(|c| w.write_all(c))).unwrap();
        assert_eq!(streamed, FileInfo { len_bytes: 700_000, digest: Digest::of(&content) });
        assert_eq!(disk.read("f").unwrap(), content);
    }

    #[test]
    fn a_failed_write_leaves_the_old_file_and_no_temporary_one() {
        let disk = MemoryDisk::default();
        publish_bytes(&disk, "f", b"old").unwrap();
        let failed = publish(&disk, "f", |w| {
            w.write_all(b"new")?;
            Err(Fault::BadInput("row 7".into()).into())
        });
        assert!(matches!(failed, Err(Fault::BadInput(_))));
        assert_eq!(disk.read("f").unwrap(), b"old");
        assert_eq!(disk.names(), ["f"]);
    }

    #[test]
    fn a_leftover_temporary_file_does_not_stop_the_next_publish() {
        let disk = MemoryDisk::default();
        disk.put("f.part", b"half");
        publish_bytes(&disk, "f", b"whole").unwrap();
        assert_eq!(disk.names(), ["f"]);
    }

    #[test]
    fn a_failed_sync_is_told_from_a_failed_write_and_publishes_nothing() {
        let disk = MemoryDisk::default();
        disk.fail_next("sync f.part");
        assert!(matches!(publish_bytes(&disk, "f", b"x"), Err(Fault::SyncFailed { .. })));
        disk.fail_next("write f.part");
        assert!(matches!(publish_bytes(&disk, "f", b"x"), Err(Fault::Io { op: "write", .. })));
        disk.fail_next("sync_dir ");
        assert!(matches!(publish_bytes(&disk, "f", b"x"), Err(Fault::SyncFailed { .. })));
    }
}
