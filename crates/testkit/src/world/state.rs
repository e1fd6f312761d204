//! What a simulated disk holds at one moment: the files as a process sees them, and how much of that a power cut would leave.
//! Cheap to copy (contents are shared), so that every boundary of a run can be kept.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use card::Digest;

/// Number of a file, whatever it is called.
pub(super) type Inode = u64;

#[derive(Clone, Default)]
pub(super) struct File {
    pub content: Arc<Vec<u8>>,
    /// Content when it was last synced.
    pub synced: Arc<Vec<u8>>,
}

/// A change of names that is not durable before its folder is synced.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Change {
    Link(String, Inode),
    Unlink(String),
    Rename(String, String),
    MakeFolder(String),
    /// With all in it.
    RemoveFolder(String),
}

impl Change {
    /// Folders whose sync makes the change durable.
    pub fn folders(&self) -> impl Iterator<Item = &str> {
        let (one, other) = match self {
            Self::Rename(from, to) => (folder_of(from), Some(folder_of(to))),
            Self::Link(path, _) | Self::Unlink(path) | Self::MakeFolder(path) | Self::RemoveFolder(path) => (folder_of(path), None),
        };
        std::iter::once(one).chain(other)
    }
}

/// The folder a path is in; the plant's own is `""`.
pub(super) fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Names of files and folders.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Names {
    pub files: BTreeMap<String, Inode>,
    pub folders: BTreeSet<String>,
}

impl Names {
    pub fn apply(&mut self, change: &Change) {
        match change {
            Change::Link(path, inode) => drop(self.files.insert(path.clone(), *inode)),
            Change::Unlink(path) => drop(self.files.remove(path)),
            Change::Rename(from, to) => self.rename(from, to),
            Change::MakeFolder(path) => drop(self.folders.insert(path.clone())),
            Change::RemoveFolder(path) => {
                let inside = format!("{path}/");
                self.files.retain(|name, _| !name.starts_with(&inside));
                self.folders.retain(|name| name != path && !name.starts_with(&inside));
            }
        }
    }

    fn rename(&mut self, from: &str, to: &str) {
        if let Some(inode) = self.files.remove(from) {
            self.files.insert(to.to_owned(), inode);
        }
        let inside = format!("{from}/");
        let moved = |name: &str| name.strip_prefix(&inside).map(|rest| format!("{to}/{rest}"));
        let files: Vec<(String, String, Inode)> = self.files.iter().filter_map(|(name, inode)| Some((name.clone(), moved(name)?, *inode))).collect();
        for (old, new, inode) in files {
            self.files.remove(&old);
            self.files.insert(new, inode);
        }
        let folders: Vec<String> = self.folders.iter().filter(|name| *name == from || name.starts_with(&inside)).cloned().collect();
        for old in folders {
            self.folders.remove(&old);
            self.folders.insert(if old == from { to.to_owned() } else { moved(&old).unwrap_or(old) });
        }
    }

    /// Names below folders that aren't there can't be reached.
    pub fn drop_unreachable(&mut self) {
        let all = self.folders.clone();
        let reachable = |path: &str| {
            let mut folder = folder_of(path);
            while !folder.is_empty() {
                if !all.contains(folder) {
                    return false;
                }
                folder = folder_of(folder);
            }
            true
        };
        self.folders.retain(|f| reachable(f));
        self.files.retain(|f, _| reachable(f));
    }
}

/// A disk at one moment.
#[derive(Clone, Default)]
pub struct State {
    pub(super) inodes: BTreeMap<Inode, File>,
    pub(super) now: Names,
    pub(super) durable: Names,
    pub(super) pending: Vec<Change>,
    next: Inode,
}

impl State {
    pub(super) fn change(&mut self, change: Change) {
        self.now.apply(&change);
        self.pending.push(change);
    }

    pub(super) fn create(&mut self, path: &str) -> Inode {
        self.next += 1;
        self.inodes.insert(self.next, File::default());
        self.change(Change::Link(path.to_owned(), self.next));
        self.next
    }

    pub(super) fn file(&self, path: &str) -> io::Result<&File> {
        let inode = self.now.files.get(path).ok_or(io::ErrorKind::NotFound)?;
        self.inodes.get(inode).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    pub(super) fn write(&mut self, inode: Inode, bytes: &[u8]) {
        if let Some(file) = self.inodes.get_mut(&inode) {
            Arc::make_mut(&mut file.content).extend_from_slice(bytes);
        }
    }

    pub(super) fn cut(&mut self, inode: Inode, len: usize) {
        if let Some(file) = self.inodes.get_mut(&inode) {
            Arc::make_mut(&mut file.content).truncate(len);
        }
    }

    pub(super) fn sync(&mut self, inode: Inode) {
        if let Some(file) = self.inodes.get_mut(&inode) {
            file.synced = file.content.clone();
        }
    }

    /// Changes of names in `folder` become durable, in their order.
    pub(super) fn sync_folder(&mut self, folder: &str) {
        let (durable, still): (Vec<Change>, Vec<Change>) = self.pending.drain(..).partition(|c| c.folders().any(|f| f == folder));
        durable.iter().for_each(|c| self.durable.apply(c));
        self.pending = still;
    }

    /// Everything as it is becomes durable.
    pub(super) fn settle(&mut self) {
        self.pending.clear();
        self.durable = self.now.clone();
        let used: BTreeSet<Inode> = self.now.files.values().copied().collect();
        self.inodes.retain(|inode, _| used.contains(inode));
        for file in self.inodes.values_mut() {
            file.synced = file.content.clone();
        }
    }

    /// Path → content of all files below a folder (`""`: all).
    #[must_use]
    pub fn files(&self, folder: &str) -> BTreeMap<String, Arc<Vec<u8>>> {
        let inside = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let here = self.now.files.iter().filter(|(path, _)| path.starts_with(&inside));
        here.filter_map(|(path, inode)| Some((path.clone(), self.inodes.get(inode)?.content.clone()))).collect()
    }

    /// One digest over all names and contents: equal states go on in equal ways.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let mut text: Vec<u8> = self.now.folders.iter().flat_map(|f| format!("{f}/\n").into_bytes()).collect();
        for (path, content) in self.files("") {
            text.extend(format!("{path} {}\n", digest_of(&content)).into_bytes());
        }
        Digest::of(&text)
    }
}

/// Digests of contents by where they lie. A `Weak` keeps its place from being given to another content, and makes whoever writes move
/// away first: what lies there is what was digested.
type Digests = HashMap<usize, (Weak<Vec<u8>>, Digest)>;
/// Contents remembered before those that are gone are forgotten.
const REMEMBERED: usize = 500_000;

/// SHA-256 of a content, computed once however many disks share it: a campaign compares thousands that differ in a file or two.
#[must_use]
pub fn digest_of(content: &Arc<Vec<u8>>) -> Digest {
    static KNOWN: Mutex<Option<Digests>> = Mutex::new(None);
    let at = Arc::as_ptr(content) as usize;
    let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, digest)) = known().get_or_insert_with(HashMap::new).get(&at) {
        return *digest;
    }
    let digest = Digest::of(content);
    let mut guard = known();
    let digests = guard.get_or_insert_with(HashMap::new);
    if digests.len() > REMEMBERED {
        digests.retain(|_, (content, _)| content.strong_count() > 0);
    }
    digests.insert(at, (Arc::downgrade(content), digest));
    digest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_that_was_changed_has_another_digest() {
        let mut content = Arc::new(b"one".to_vec());
        let first = digest_of(&content);
        assert_eq!((first, digest_of(&content)), (Digest::of(b"one"), first));
        Arc::make_mut(&mut content).extend_from_slice(b" two");
        assert_eq!(digest_of(&content), Digest::of(b"one two"));
        drop(content);
        assert_eq!(digest_of(&Arc::new(b"three".to_vec())), Digest::of(b"three"));
    }
}
