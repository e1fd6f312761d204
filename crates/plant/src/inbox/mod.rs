//! The folder packages arrive in: hostile and moving. No link is followed, nothing but regular files and folders is opened, nothing is
//! mapped. What is inside a package is judged by the line.

mod folder;

use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Component, Path, PathBuf};
use std::time::SystemTime;

use line::package::{ArchiveKind, SIGNATURE, Source};
use line::ports::{Arrival, CantOpen, Inbox};

use crate::disk::Durability;
use folder::OpenFolder;

/// Endings of names that copying programs use until a file is whole.
const UNFINISHED: [&str; 4] = [".part", ".tmp", ".partial", ".filepart"];

/// Folders in the inbox are counted so deep, and entries up to so many: an estimate, of a folder anybody may fill.
const COUNTED_DEPTH_MAX: usize = 3;
const COUNTED_MAX: usize = 1_000_000;

/// Bytes that lie in the inbox of the plant at `plant`; no link is followed, and what vanishes meanwhile counts for nothing.
///
/// # Errors
/// The inbox can't be listed.
pub fn bytes_waiting(plant: &Path) -> io::Result<u64> {
    let (mut bytes, mut counted) = (0_u64, 0);
    let mut folders = vec![(plant.join("inbox"), 0)];
    while let Some((folder, depth)) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Err(_) if depth > 0 => continue,
            Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
            other => other?,
        };
        for meta in entries.flatten().filter_map(|entry| Some((entry.path(), entry.metadata().ok()?))) {
            counted += 1;
            match meta {
                _ if counted > COUNTED_MAX => return Ok(bytes),
                (path, meta) if meta.is_dir() && depth < COUNTED_DEPTH_MAX => folders.push((path, depth + 1)),
                (_, meta) if meta.is_file() => bytes = bytes.saturating_add(meta.len()),
                _ => {}
            }
        }
    }
    Ok(bytes)
}

/// `inbox/` of a plant.
pub struct FolderInbox {
    plant: PathBuf,
    folder: PathBuf,
    durability: Durability,
}

impl FolderInbox {
    /// The inbox of the plant at `plant`.
    #[must_use]
    pub fn new(plant: &Path, durability: Durability) -> Self {
        Self { plant: plant.to_owned(), folder: plant.join("inbox"), durability }
    }

    /// Any folder, looked at with the same care: for the outlet's own check of a package. Nothing can be set aside from it.
    #[must_use]
    pub fn of_folder(folder: &Path) -> Self {
        Self { plant: folder.to_owned(), folder: folder.to_owned(), durability: Durability::Full }
    }

    /// Where an arrival is. A name that isn't UTF-8 was listed with replacement characters and is looked for.
    fn find(&self, name: &str) -> io::Result<Option<PathBuf>> {
        let plain = Path::new(name).components().eq([Component::Normal(name.as_ref())]);
        if !plain {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a name in the inbox"));
        }
        let path = self.folder.join(name);
        if !name.contains(char::REPLACEMENT_CHARACTER) || fs::symlink_metadata(&path).is_ok() {
            return Ok(Some(path));
        }
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy() == name {
                return Ok(Some(entry.path()));
            }
        }
        Ok(None)
    }

    fn sync(&self, folder: &Path) -> io::Result<()> {
        match self.durability {
            Durability::Full => File::open(folder)?.sync_all().map_err(ledger::fault::sync_error),
            Durability::None => Ok(()),
        }
    }

    fn arrival(entry: &fs::DirEntry) -> io::Result<Option<Arrival>> {
        let meta = match entry.metadata() {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other?,
        };
        let name = entry.file_name().to_string_lossy().into_owned();
        let complete = is_finished(&name) && (!meta.is_dir() || is_signed(&entry.path()));
        Ok(Some(Arrival { complete, age_seconds: age_seconds(&meta), name }))
    }
}

/// A folder that can't be searched counts as complete: opening it says why.
fn is_signed(folder: &Path) -> bool {
    match fs::symlink_metadata(folder.join(SIGNATURE)) {
        Ok(_) => true,
        Err(e) => e.kind() == io::ErrorKind::PermissionDenied,
    }
}

fn is_finished(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    !name.starts_with('.') && !name.ends_with('~') && !UNFINISHED.iter().any(|ending| lower.ends_with(ending))
}

/// 0 for a time in the future.
fn age_seconds(meta: &Metadata) -> u64 {
    let changed = meta.modified().unwrap_or(SystemTime::UNIX_EPOCH);
    SystemTime::now().duration_since(changed).map_or(0, |age| age.as_secs())
}

impl Inbox for FolderInbox {
    fn list(&self) -> io::Result<Vec<Arrival>> {
        let entries = match fs::read_dir(&self.folder) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other?,
        };
        let found = entries.map(|entry| entry.and_then(|entry| Self::arrival(&entry))).collect::<io::Result<Vec<_>>>()?;
        let mut arrivals: Vec<Arrival> = found.into_iter().flatten().collect();
        arrivals.sort();
        Ok(arrivals)
    }

    fn open(&self, name: &str) -> Result<Source, CantOpen> {
        let path = self.find(name).map_err(cant_open)?.ok_or_else(|| cant_open(io::ErrorKind::NotFound.into()))?;
        let meta = fs::symlink_metadata(&path).map_err(cant_open)?;
        if meta.is_dir() {
            return OpenFolder::open(&path).map(|folder| Source::Folder(Box::new(folder))).map_err(cant_open);
        }
        if !meta.is_file() {
            return Err(CantOpen::NotPlain);
        }
        let kind = ArchiveKind::of_name(name).ok_or(CantOpen::UnknownKind)?;
        let (file, len_bytes) = open_regular(&path)?;
        Ok(Source::Archive { kind, reader: Box::new(file), len_bytes })
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let Some(path) = self.find(name)? else { return Ok(()) };
        let removed = match fs::symlink_metadata(&path) {
            Ok(meta) if meta.is_dir() => fs::remove_dir_all(&path),
            Ok(_) => fs::remove_file(&path),
            Err(e) => Err(e),
        };
        unless_missing(removed)?;
        self.sync(&self.folder)
    }

    fn set_aside(&self, name: &str, path: &str) -> io::Result<()> {
        let target = self.plant.join(path);
        let inside = Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
        let (Some(parent), true) = (target.parent(), inside) else {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a path inside the plant"));
        };
        let Some(source) = self.find(name)? else { return Ok(()) };
        fs::create_dir_all(parent)?;
        unless_missing(fs::rename(source, &target))?;
        self.sync(parent)?;
        self.sync(&self.folder)
    }
}

/// Opened without following links or waiting for a pipe's other end; what was opened is looked at, not what was listed.
fn open_regular(path: &Path) -> Result<(File, u64), CantOpen> {
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_CLOEXEC;
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(cant_open)?;
    let meta = file.metadata().map_err(cant_open)?;
    if meta.is_file() { Ok((file, meta.len())) } else { Err(CantOpen::NotPlain) }
}

fn cant_open(error: io::Error) -> CantOpen {
    match error.raw_os_error() {
        Some(libc::EACCES | libc::EPERM) => CantOpen::NoPermission,
        Some(libc::ELOOP | libc::ENXIO) => CantOpen::NotPlain,
        _ => CantOpen::Io(error),
    }
}

fn unless_missing(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests;
