//! A plant copied elsewhere, whole and signed, and brought back: never over a plant that is there, never to before what is known.
//! The keys stay out of a backup unless asked for: whoever holds both can read everything. Packages in the inbox stay out too: they
//! are the outlets' until they are taken in. Format: docs/formats/backup.md.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use card::{Code, Digest};
use ledger::disk::Disk;
use ledger::entry::Millis;
use ledger::fault::Fault;
use ledger::journal::{Head, JournalView};
use ledger::publish::{parent, publish, publish_bytes};
use line::package::signature::verify_with;
use line::ports::Signer;
use serde::{Deserialize, Serialize};

use crate::disk::{Durability, RealDisk};
use crate::keys;

/// What a backup is called inside.
pub const FORMAT: &str = "cardline-backup/1";
const MANIFEST: &str = "backup.json";
const SIGNATURE: &str = "backup.json.minisig";
/// The plant's files, below the backup's folder.
const INSIDE: &str = "plant";
const KEYS: &str = "keys";
/// Rebuilt, held by a process, or still the outlets'.
const LEFT_OUT: [&str; 3] = ["inbox", "ledger/index", "ledger/lock"];
const INDEX_SET_ASIDE: &str = "ledger/index.";
const DEVICES_LOCKS: &str = "ledger/lock.";
/// Folders a plant has even when they are empty.
const FOLDERS: [&str; 7] = ["inbox", "vault", "registers", "ledger", "batches", "returns", "quarantine"];
/// A manifest has a short line a file.
const MANIFEST_BYTES_MAX: u64 = 1 << 30;
const COPY_BYTES: usize = 1 << 18;

/// What is in a backup.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackupManifest {
    pub format: String,
    pub plant_id: String,
    /// The journal's head when it was made: what a witness line says.
    pub head_seq: u64,
    pub head_hash: Digest,
    /// UTC, milliseconds since 1970.
    pub made_at: Millis,
    pub keys: bool,
    /// Links, pipes and names that aren't text, as hostile packages in the quarantine have them.
    pub left_out: u64,
    pub files: Vec<BackupFile>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackupFile {
    pub path: String,
    pub bytes: u64,
    pub sha256: Digest,
}

impl BackupManifest {
    #[must_use]
    pub fn head(&self) -> Head {
        Head { seq: self.head_seq, hash: self.head_hash }
    }
}

fn bad(why: impl std::fmt::Display) -> Fault {
    Fault::refused(Code::Bak01, why.to_string())
}

/// Copies the plant on `disk` to the absent or empty folder `to`. The caller holds the plant's lock. The manifest is written last: a
/// folder without it is no backup.
///
/// # Errors
/// `to` is in use, or a disk fails.
pub fn back_up(disk: &RealDisk, journal: &JournalView, signer: &dyn Signer, to: &Path, with_keys: bool, at: Millis) -> Result<BackupManifest, Fault> {
    let shown = to.display().to_string();
    fs::create_dir_all(to).map_err(Fault::on("create", &shown))?;
    if fs::read_dir(to).map_err(Fault::on("list", &shown))?.next().is_some() {
        return Err(Fault::Usage(format!("{shown} is not empty")));
    }
    let (target, _) = RealDisk::open(to, Durability::Full)?;
    let mut found = Found::default();
    found.below(disk, "", with_keys)?;
    let files = found.paths.iter().map(|path| copy(disk, path, &target, &format!("{INSIDE}/{path}"))).collect::<Result<_, _>>()?;
    let Head { seq, hash } = journal.head();
    let plant_id = journal.plant_id().to_owned();
    let manifest =
        BackupManifest { format: FORMAT.to_owned(), plant_id, head_seq: seq, head_hash: hash, made_at: at, keys: with_keys, left_out: found.left_out, files };
    let text = serde_json::to_vec_pretty(&manifest).map_err(|e| Fault::Invariant(e.to_string()))?;
    publish_bytes(&target, SIGNATURE, signer.sign(&text, &format!("cardline backup at record {seq}"))?.as_bytes())?;
    publish_bytes(&target, MANIFEST, &text)?;
    Ok(manifest)
}

/// The files of a backup, sorted, as paths in the plant.
#[derive(Default)]
struct Found {
    paths: Vec<String>,
    left_out: u64,
}

impl Found {
    fn below(&mut self, disk: &RealDisk, folder: &str, with_keys: bool) -> Result<(), Fault> {
        for entry in disk.list(folder).map_err(|e| Fault::io("list", folder, e))? {
            let path = if folder.is_empty() { entry.name } else { format!("{folder}/{}", entry.name) };
            if LEFT_OUT.contains(&path.as_str()) || path.starts_with(INDEX_SET_ASIDE) || path.starts_with(DEVICES_LOCKS) || (path == KEYS && !with_keys) {
                continue;
            }
            match disk.len(&path) {
                _ if entry.is_dir => self.below(disk, &path, with_keys)?,
                Ok(Some(_)) => self.paths.push(path),
                // No plain file, or a name that isn't text: only a hostile package has those.
                _ if path.starts_with("quarantine/") => self.left_out += 1,
                _ => return Err(Fault::BadInput(format!("{path} is not a plain file"))),
            }
        }
        Ok(())
    }
}

fn copy(from: &RealDisk, source: &str, to: &RealDisk, target: &str) -> Result<BackupFile, Fault> {
    let folder = parent(target);
    to.create_dir(folder).map_err(|e| Fault::io("create", folder, e))?;
    let mut file = from.open_to_read(source).map_err(Fault::on("open", source))?;
    let info = publish(to, target, |out| pour(&mut file, out))?;
    Ok(BackupFile { path: source.to_owned(), bytes: info.len_bytes, sha256: info.digest })
}

fn pour(from: &mut File, to: &mut dyn Write) -> std::io::Result<()> {
    let mut buffer = vec![0; COPY_BYTES];
    loop {
        match from.read(&mut buffer)? {
            0 => return Ok(()),
            n => to.write_all(&buffer[..n])?,
        }
    }
}

/// Where a backup is to be restored, and what must hold.
pub struct Restore<'a> {
    pub from: &'a Path,
    /// An absent or empty folder.
    pub to: &'a Path,
    /// The plant's keys, where the backup has none.
    pub keys: Option<&'a Path>,
    /// Places of the journal the restored plant must have.
    pub witnessed: &'a [Head],
}

/// Restores a backup: into a folder beside, checked file by file, and only then under the plant's name.
///
/// # Errors
/// JRN-03: a plant there, or a witness, knows more than the backup. BAK-01: the backup is not whole or not signed by these keys.
/// [`Fault::Usage`]: there is a plant already. Or a disk fails.
pub fn restore(what: &Restore) -> Result<BackupManifest, Fault> {
    let manifest = open_backup(what)?;
    refuse_rollback(what, &manifest)?;
    let beside = beside(what.to);
    let shown = beside.display().to_string();
    if beside.exists() {
        // What an earlier restore that was stopped has left.
        fs::remove_dir_all(&beside).map_err(Fault::on("remove", &shown))?;
    }
    fs::create_dir_all(&beside).map_err(Fault::on("create", &shown))?;
    let target = Arc::new(RealDisk::open(&beside, Durability::Full)?.0);
    fill(what, &manifest, &target)?;
    let (journal, _) = JournalView::open(target)?;
    if journal.head() != manifest.head() || journal.plant_id() != manifest.plant_id {
        return Err(bad(format!("its journal ends with record {}, not with {}", journal.head().seq, manifest.head_seq)));
    }
    for place in what.witnessed {
        if !journal.holds(*place)? {
            return Err(Fault::refused(Code::Jrn03, format!("the backup ends with record {} and lacks the witnessed record {}", manifest.head_seq, place.seq)));
        }
    }
    put_in_place(&beside, what.to)?;
    Ok(manifest)
}

fn beside(to: &Path) -> PathBuf {
    let mut name = to.as_os_str().to_owned();
    name.push(".restoring");
    PathBuf::from(name)
}

/// The manifest, once its signature is good.
fn open_backup(what: &Restore) -> Result<BackupManifest, Fault> {
    let keys = what.keys.map_or_else(|| what.from.join(INSIDE).join(KEYS), Path::to_owned);
    let public =
        small(&keys.join(file_name(keys::PUBLIC))).map_err(|e| Fault::Missing(format!("the plant's public key in {}: {e}; see --keys", keys.display())))?;
    let text = small(&what.from.join(MANIFEST)).map_err(|e| bad(format!("{MANIFEST}: {e}")))?;
    let signature = small(&what.from.join(SIGNATURE)).map_err(|e| bad(format!("{SIGNATURE}: {e}")))?;
    let key = public.lines().rfind(|l| !l.trim().is_empty()).unwrap_or("").trim().to_owned();
    verify_with(text.as_bytes(), &signature, &key).map_err(|why| bad(format!("{MANIFEST}: {why}")))?;
    let manifest: BackupManifest = serde_json::from_str(&text).map_err(|e| bad(format!("{MANIFEST}: {e}")))?;
    if manifest.format != FORMAT {
        return Err(bad(format!("format {:?}, not {FORMAT}", manifest.format)));
    }
    Ok(manifest)
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn small(path: &Path) -> std::io::Result<String> {
    let file = File::open(path)?;
    if file.metadata()?.len() > MANIFEST_BYTES_MAX {
        return Err(std::io::Error::other("too long"));
    }
    let mut text = String::new();
    file.take(MANIFEST_BYTES_MAX).read_to_string(&mut text)?;
    Ok(text)
}

/// A plant in the way is never replaced; one that knows more is named for what that would lose.
fn refuse_rollback(what: &Restore, manifest: &BackupManifest) -> Result<(), Fault> {
    let shown = what.to.display().to_string();
    let empty = !what.to.exists() || fs::read_dir(what.to).map_err(Fault::on("list", &shown))?.next().is_none();
    if empty {
        return Ok(());
    }
    if let Ok((disk, _)) = RealDisk::open(what.to, Durability::Full)
        && let Ok((journal, _)) = JournalView::open(Arc::new(disk))
        && journal.plant_id() == manifest.plant_id
        && journal.head().seq > manifest.head_seq
    {
        let text = format!("the plant in {shown} has {} records, the backup {}: restoring it would roll it back", journal.head().seq, manifest.head_seq);
        return Err(Fault::refused(Code::Jrn03, text));
    }
    Err(Fault::Usage(format!("{shown} is in use; move it away, it is not overwritten")))
}

fn fill(what: &Restore, manifest: &BackupManifest, target: &RealDisk) -> Result<(), Fault> {
    let (source, _) = RealDisk::open(what.from, Durability::Full)?;
    for folder in FOLDERS {
        target.create_dir(folder).map_err(|e| Fault::io("create", folder, e))?;
    }
    for file in &manifest.files {
        let from = format!("{INSIDE}/{}", file.path);
        let copied = copy(&source, &from, target, &file.path).map_err(|e| bad(format!("{}: {e}", file.path)))?;
        if (copied.bytes, copied.sha256) != (file.bytes, file.sha256) {
            return Err(bad(format!("{} is not what was backed up", file.path)));
        }
    }
    if let Some(keys) = what.keys.filter(|_| !manifest.keys) {
        let (keys, _) = RealDisk::open(keys, Durability::Full)?;
        for entry in keys.list("").map_err(|e| Fault::io("list", KEYS, e))?.iter().filter(|e| !e.is_dir) {
            // Checked by use: the first run opens the plant with them.
            copy(&keys, &entry.name, target, &format!("{KEYS}/{}", entry.name))?;
        }
    }
    Ok(())
}

/// The last step: before it there is no plant, after it there is a whole one.
fn put_in_place(beside: &Path, to: &Path) -> Result<(), Fault> {
    let shown = to.display().to_string();
    fs::rename(beside, to).map_err(Fault::on("rename", &shown))?;
    let above = to.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(above).and_then(|f| f.sync_all()).map_err(|e| Fault::sync(above.display().to_string(), e))
}
