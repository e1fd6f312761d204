//! `Disk` on a real file system: one folder, private to us, with no links followed and nothing outside it reachable.
//! What is synced is synced with fdatasync (files) and fsync (folders); errors are passed up, never retried.

use std::collections::HashSet;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use card::Code;
use ledger::disk::{Bytes, Disk, DiskFile, Entry, RelPath};
use ledger::fault::Fault;

use crate::disk_watch::DiskWatch;
use crate::map::map_immutable;

const FILE_MODE: u32 = 0o600;
const FOLDER_MODE: u32 = 0o700;

/// Whether a commit waits for the disk.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Durability {
    #[default]
    Full,
    /// For tests and rehearsals: syncs do nothing, and memory and network file systems are let pass.
    None,
}

/// The plant's folder.
pub struct RealDisk {
    root: PathBuf,
    durability: Durability,
    written_bytes: Arc<AtomicU64>,
    watch: Arc<DiskWatch>,
    /// Folders whose names this process knows to be durable.
    known_folders: Mutex<HashSet<PathBuf>>,
}

/// What a file system can promise (statfs magic numbers, linux/magic.h).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Promise {
    Local,
    /// May keep less than it says: a warning.
    Doubtful(&'static str),
    /// Memory or network: refused.
    Refused(&'static str),
}

fn promise_of(magic: u64) -> Promise {
    match magic {
        0x0102_1994 => Promise::Refused("tmpfs"),
        0x8584_58f6 => Promise::Refused("ramfs"),
        0x6969 => Promise::Refused("NFS"),
        0xff53_4d42 | 0xfe53_4d42 | 0x517b => Promise::Refused("SMB"),
        0x0102_1997 => Promise::Refused("9p"),
        0x00c3_6400 => Promise::Refused("Ceph"),
        0x794c_7630 => Promise::Doubtful("overlay"),
        0x6573_5546 => Promise::Doubtful("FUSE"),
        _ => Promise::Local,
    }
}

impl RealDisk {
    /// Opens the folder of a plant, which must exist. With it come warnings for the operator.
    ///
    /// # Errors
    /// There is no such folder, or (CFG-04) its file system keeps nothing, unless `durability` is `None`.
    pub fn open(root: &Path, durability: Durability) -> Result<(Self, Vec<String>), Fault> {
        let shown = root.display().to_string();
        let is_folder = fs::metadata(root).map_err(|e| Fault::io("open", &shown, e))?.is_dir();
        if !is_folder {
            return Err(Fault::Usage(format!("{shown} is not a folder")));
        }
        let kind = rustix::fs::statfs(root).map_err(|e| Fault::io("statfs", &shown, e.into()))?;
        let warnings = check_promise(promise_of(magic_of(&kind)), durability)?;
        let root = root.canonicalize().map_err(|e| Fault::io("open", &shown, e))?;
        Ok((Self { root, durability, written_bytes: Arc::default(), watch: Arc::default(), known_folders: Mutex::default() }, warnings))
    }

    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Bytes handed to the file system so far.
    #[must_use]
    pub fn written_bytes(&self) -> u64 {
        self.written_bytes.load(Ordering::Relaxed)
    }

    /// How long it keeps its users waiting.
    #[must_use]
    pub fn watch(&self) -> Arc<DiskWatch> {
        self.watch.clone()
    }

    /// Room left for us, in bytes.
    ///
    /// # Errors
    /// The file system's.
    pub fn free_bytes(&self) -> Result<u64, Fault> {
        let room = rustix::fs::statvfs(&self.root).map_err(|e| Fault::io("statvfs", "", e.into()))?;
        Ok(room.f_bavail.saturating_mul(room.f_frsize))
    }

    /// Where a path is. Nothing but plain names between `/`.
    fn at(&self, path: RelPath) -> io::Result<PathBuf> {
        let plain = |part: Component| matches!(part, Component::Normal(_));
        let spelled = !path.is_empty() && !path.contains('\0') && path.split('/').all(|part| !part.is_empty() && part != "." && part != "..");
        let inside = spelled && Path::new(path).components().all(plain);
        if inside { Ok(self.root.join(path)) } else { Err(io::Error::new(io::ErrorKind::InvalidInput, "not a path inside the plant")) }
    }

    /// As `at`; the empty path is the plant's folder itself.
    fn folder_at(&self, path: RelPath) -> io::Result<PathBuf> {
        if path.is_empty() { Ok(self.root.clone()) } else { self.at(path) }
    }

    fn file(&self, file: File, path: RelPath) -> Box<dyn DiskFile> {
        let (written_bytes, watch) = (self.written_bytes.clone(), self.watch.clone());
        Box::new(RealFile { file, unbegun_bytes: 0, path: path.to_owned(), durability: self.durability, written_bytes, watch })
    }

    /// One folder in a folder that exists, its name durable.
    fn create_one(&self, folder: &Path) -> io::Result<()> {
        // Someone else may have removed it since: outlets tidy `returns/`, operators `quarantine/`.
        if self.known().contains(folder) && folder.is_dir() {
            return Ok(());
        }
        create_folder(folder)?;
        if let (Durability::Full, Some(parent)) = (self.durability, folder.parent()) {
            let parent_file = File::open(parent)?;
            self.watch.wait("sync of a folder", &parent.to_string_lossy(), || parent_file.sync_all())?;
        }
        self.known().insert(folder.to_owned());
        Ok(())
    }

    /// A folder goes away or gets another name, with all in it.
    fn forget(&self, folder: &Path) {
        self.known().retain(|known| !known.starts_with(folder));
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashSet<PathBuf>> {
        self.known_folders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn open_to_read(&self, path: RelPath) -> io::Result<File> {
        no_follow().read(true).open(self.at(path)?)
    }
}

#[expect(clippy::cast_sign_loss, reason = "a magic number, signed on some machines and wider on others")]
fn magic_of(kind: &rustix::fs::StatFs) -> u64 {
    kind.f_type as u64 & 0xffff_ffff
}

fn check_promise(promise: Promise, durability: Durability) -> Result<Vec<String>, Fault> {
    match (promise, durability) {
        (Promise::Refused(name), Durability::Full) => {
            Err(Fault::refused(Code::Cfg04, format!("the plant is on {name}; durability = \"none\" allows it for tests")))
        }
        (Promise::Doubtful(name), Durability::Full) => Ok(vec![format!("the plant is on {name}: what it promises to keep depends on what is below it")]),
        (_, Durability::None) => Ok(vec!["durability = \"none\": a power cut may lose what was acknowledged".to_owned()]),
        (Promise::Local, Durability::Full) => Ok(Vec::new()),
    }
}

fn no_follow() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.custom_flags(libc::O_NOFOLLOW | libc::O_CLOEXEC).mode(FILE_MODE);
    options
}

/// So much of a growing file is left to the page cache before the disk begins with it: a job's files would otherwise all be written at
/// their end, while everybody waits.
const WRITE_BACK_BYTES: u64 = 1 << 20;

struct RealFile {
    file: File,
    /// Written since the disk was last told to begin.
    unbegun_bytes: u64,
    path: String,
    watch: Arc<DiskWatch>,
    durability: Durability,
    written_bytes: Arc<AtomicU64>,
}

impl DiskFile for RealFile {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.watch.wait("write", &self.path, || self.file.write_all(bytes))?;
        self.written_bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        self.unbegun_bytes += bytes.len() as u64;
        if self.unbegun_bytes >= WRITE_BACK_BYTES {
            self.start_writing_back();
        }
        Ok(())
    }

    fn start_writing_back(&mut self) {
        if self.durability == Durability::Full && self.unbegun_bytes > 0 {
            crate::write_back::start(&self.file);
        }
        self.unbegun_bytes = 0;
    }

    fn reserve(&mut self, bytes: u64) -> io::Result<()> {
        let end = self.file.metadata()?.len();
        // Interrupted like few calls on a local disk: taking much room takes time.
        match rustix::io::retry_on_intr(|| rustix::fs::fallocate(&self.file, rustix::fs::FallocateFlags::KEEP_SIZE, end, bytes)) {
            Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => Ok(()),
            other => other.map_err(io::Error::from),
        }
    }

    fn sync(&mut self) -> io::Result<()> {
        if self.durability == Durability::None {
            return Ok(());
        }
        self.watch.wait("sync", &self.path, || self.file.sync_data())
    }
}

/// Missing is as good as removed.
fn unless_missing(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

impl Disk for RealDisk {
    fn create(&self, path: RelPath) -> io::Result<Box<dyn DiskFile>> {
        let file = no_follow().write(true).create_new(true).open(self.at(path)?)?;
        // The umask can only have taken bits away; ours are exact.
        file.set_permissions(Permissions::from_mode(FILE_MODE))?;
        Ok(self.file(file, path))
    }

    fn append(&self, path: RelPath) -> io::Result<Box<dyn DiskFile>> {
        let file = no_follow().append(true).create(true).open(self.at(path)?)?;
        file.set_permissions(Permissions::from_mode(FILE_MODE))?;
        Ok(self.file(file, path))
    }

    fn truncate(&self, path: RelPath, len_bytes: u64) -> io::Result<()> {
        let file = no_follow().write(true).open(self.at(path)?)?;
        file.set_len(len_bytes)?;
        if self.durability == Durability::Full { file.sync_all() } else { Ok(()) }
    }

    fn rename(&self, from: RelPath, to: RelPath) -> io::Result<()> {
        let from = self.at(from)?;
        self.forget(&from);
        fs::rename(from, self.at(to)?)
    }

    fn wipe(&self, path: RelPath) -> io::Result<()> {
        let mut file = match no_follow().write(true).open(self.at(path)?) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
            other => other?,
        };
        let len = usize::try_from(file.metadata()?.len()).map_err(io::Error::other)?;
        file.write_all(&vec![0; len])?;
        if self.durability == Durability::Full { file.sync_data() } else { Ok(()) }
    }

    fn remove(&self, path: RelPath) -> io::Result<()> {
        unless_missing(fs::remove_file(self.at(path)?))
    }

    fn remove_dir(&self, path: RelPath) -> io::Result<()> {
        let folder = self.at(path)?;
        self.forget(&folder);
        unless_missing(fs::remove_dir_all(folder))
    }

    fn create_dir(&self, path: RelPath) -> io::Result<()> {
        let target = self.folder_at(path)?;
        let below_root = target.strip_prefix(&self.root).map_err(io::Error::other)?;
        let mut folder = self.root.clone();
        for part in below_root.components() {
            folder.push(part);
            self.create_one(&folder)?;
        }
        Ok(())
    }

    fn make_dir(&self, path: RelPath) -> io::Result<()> {
        create_folder(&self.at(path)?)
    }

    fn sync_dir(&self, path: RelPath) -> io::Result<()> {
        let folder = File::open(self.folder_at(path)?)?;
        if self.durability == Durability::None {
            return Ok(());
        }
        self.watch.wait("sync of a folder", path, || folder.sync_all())
    }

    fn list(&self, path: RelPath) -> io::Result<Vec<Entry>> {
        let names = match fs::read_dir(self.folder_at(path)?) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other?,
        };
        let mut entries = names.map(|entry| entry.and_then(|entry| described(&entry))).collect::<io::Result<Vec<Entry>>>()?;
        entries.sort();
        Ok(entries)
    }

    fn len(&self, path: RelPath) -> io::Result<Option<u64>> {
        match fs::symlink_metadata(self.at(path)?) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            other => other.map(|meta| meta.is_file().then_some(meta.len())),
        }
    }

    fn read(&self, path: RelPath) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        io::Read::read_to_end(&mut self.open_to_read(path)?, &mut content)?;
        Ok(content)
    }

    fn map(&self, path: RelPath) -> io::Result<Bytes> {
        map_immutable(self.open_to_read(path)?)
    }
}

fn described(entry: &fs::DirEntry) -> io::Result<Entry> {
    let meta = entry.metadata()?;
    Ok(Entry { name: entry.file_name().to_string_lossy().into_owned(), is_dir: meta.is_dir(), len_bytes: if meta.is_dir() { 0 } else { meta.len() } })
}

fn create_folder(folder: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(FOLDER_MODE).create(folder) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        Ok(()) => fs::set_permissions(folder, Permissions::from_mode(FOLDER_MODE)),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tests may run on any file system; what is refused where is tested below.
    fn disk() -> (tempfile::TempDir, RealDisk) {
        let folder = tempfile::tempdir().unwrap();
        let (disk, _) = RealDisk::open(folder.path(), Durability::None).unwrap();
        (folder, disk)
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn files_and_folders_are_ours_alone_and_their_bytes_are_counted() {
        let (folder, disk) = disk();
        disk.create_dir("a/b").unwrap();
        disk.create_dir("a/b").unwrap();
        let info = ledger::publish_bytes(&disk, "a/b/f", b"four").unwrap();
        assert_eq!((info.len_bytes, disk.written_bytes()), (4, 4));
        assert_eq!([mode(&folder.path().join("a")), mode(&folder.path().join("a/b")), mode(&folder.path().join("a/b/f"))], [0o700, 0o700, 0o600]);
        assert_eq!(disk.list("a/b").unwrap(), [Entry { name: "f".into(), is_dir: false, len_bytes: 4 }]);
        assert_eq!((disk.len("a/b/f").unwrap(), disk.len("a/b/g").unwrap()), (Some(4), None));
        assert_eq!(disk.list("nowhere").unwrap(), []);
        assert!(disk.free_bytes().unwrap() > 0);
    }

    #[test]
    fn a_folder_removed_from_outside_is_made_again() {
        let (folder, disk) = disk();
        disk.create_dir("returns/X").unwrap();
        fs::remove_dir_all(folder.path().join("returns")).unwrap();
        disk.create_dir("returns/X").unwrap();
        assert!(folder.path().join("returns/X").is_dir());
    }

    #[test]
    fn create_replaces_nothing_and_append_adds() {
        let (_folder, disk) = disk();
        disk.create("f").unwrap().write_all(b"one").unwrap();
        assert_eq!(disk.create("f").err().unwrap().kind(), io::ErrorKind::AlreadyExists);
        disk.append("f").unwrap().write_all(b" two").unwrap();
        assert_eq!(disk.read("f").unwrap(), b"one two");
        disk.truncate("f", 3).unwrap();
        assert_eq!((*disk.map("f").unwrap()).as_ref(), b"one");
        disk.remove("f").unwrap();
        disk.remove("f").unwrap();
        disk.remove_dir("f").unwrap();
    }

    #[test]
    fn long_files_are_mapped_and_stay_whole_when_replaced() {
        let (_folder, disk) = disk();
        let content = vec![7_u8; 300_000];
        ledger::publish_bytes(&disk, "f", &content).unwrap();
        let mapped = disk.map("f").unwrap();
        ledger::publish_bytes(&disk, "f", b"other").unwrap();
        assert_eq!((*mapped).as_ref(), content);
    }

    #[test]
    fn paths_that_leave_the_plant_are_refused() {
        let (_folder, disk) = disk();
        for path in ["", "/etc/x", "../x", "a/../x", "./x", "a//x", "x/", "a\0b"] {
            assert_eq!(disk.read(path).err().unwrap().kind(), io::ErrorKind::InvalidInput, "{path:?}");
        }
    }

    #[test]
    fn links_are_not_followed() {
        let (folder, disk) = disk();
        fs::write(folder.path().join("real"), b"x").unwrap();
        std::os::unix::fs::symlink("real", folder.path().join("link")).unwrap();
        assert!(disk.read("link").is_err());
        assert!(disk.append("link").is_err());
        assert!(disk.map("link").is_err());
        assert_eq!(disk.len("link").unwrap(), None);
    }

    #[test]
    fn file_systems_that_keep_nothing_are_refused_unless_the_plant_says_so() {
        let refused = check_promise(promise_of(0x0102_1994), Durability::Full).unwrap_err();
        assert_eq!((refused.to_string().starts_with("CFG-04"), refused.exit_code()), (true, 78));
        assert!(check_promise(promise_of(0x6969), Durability::Full).is_err());
        assert_eq!(check_promise(promise_of(0x794c_7630), Durability::Full).unwrap().len(), 1);
        assert_eq!(check_promise(promise_of(0xef53), Durability::Full).unwrap().len(), 0);
        assert_eq!(check_promise(promise_of(0x0102_1994), Durability::None).unwrap().len(), 1);
    }
}
