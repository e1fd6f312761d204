//! The one place a file is published: temporary name → write → sync → rename → sync the folder (house rule 7).
//! A reader sees the whole file or none; the journal's append (`journal/write.rs`) is the only other way of writing.

use std::io::{self, Write};

use card::Digest;
use card::seeded::{Bug, has};
use sha2::Digest as _;

use crate::disk::{Disk, DiskFile};
use crate::fault::Fault;

/// Bytes gathered before they are handed to the disk.
const BUFFER_BYTES: usize = 256 * 1024;
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
    let mut part = Part::create(disk, path)?;
    let mut buffered = io::BufWriter::with_capacity(BUFFER_BYTES, &mut part);
    let written = write(&mut buffered).and_then(|()| buffered.flush());
    drop(buffered.into_parts());
    match written {
        Ok(()) => part.publish(disk),
        Err(error) => {
            let fault = Fault::io("write", path, error);
            part.abandon(disk);
            Err(fault)
        }
    }
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

    pub(crate) fn publish(mut self, disk: &dyn Disk) -> Result<FileInfo, Fault> {
        if !has(Bug::DataUnsynced) {
            self.file.sync().map_err(|e| Fault::sync(&self.part, e))?;
        }
        drop(self.file);
        disk.rename(&self.part, &self.path).map_err(Fault::on("rename", &self.path))?;
        let folder = parent(&self.path);
        if !has(Bug::FolderUnsynced) {
            disk.sync_dir(folder).map_err(|e| Fault::sync(folder, e))?;
        }
        Ok(FileInfo { len_bytes: self.len_bytes, digest: Digest(self.hash.finalize().into()) })
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
