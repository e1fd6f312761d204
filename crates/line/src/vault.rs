//! The vault's door: every file in it is opened and begun here, under its package's key. Keeps a few files open; every byte comes
//! checked (CRC and seal of the entry, and the caller compares the photo's digest). What is written is the intake's business.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex};

use card::Code;
use ledger::book::Book;
use ledger::disk::Disk;
use ledger::envelope;
use ledger::fault::Fault;
use ledger::publish::{FileInfo, Together, parent};
use ledger::segment::{DataKey, KEY_BYTES, SALT_BYTES, SegmentReader, SegmentWriter};
use ledger::vault_key::{NONCE_BYTES, key_path};
use zeroize::Zeroizing;

use crate::plan::World;
use crate::ports::{Entropy, KeyWrap};
use crate::validate::stored::{FACE_HASHES, FACE_HASHES_FORM, FORM, StoredHash, StoredRecord, contents_path, entry_name, package_folder, records_path};

/// Open vault files kept at hand; each is a mapping, and its index in memory.
const OPEN_FILES_MAX: usize = 64;
/// Indexes of open files kept in memory: about 90 bytes an entry.
const OPEN_INDEX_BYTES_MAX: usize = 32 << 20;

type Shelf = VecDeque<(String, Arc<SegmentReader>)>;

pub struct Vault {
    disk: Arc<dyn Disk>,
    keys: Arc<dyn KeyWrap>,
    entropy: Arc<dyn Entropy>,
    plant_id: String,
    open: Mutex<Shelf>,
}

impl Vault {
    /// The vault of the world's plant, whose journal `book` is.
    #[must_use]
    pub fn new(world: &World, book: &Book) -> Self {
        Self::of(world.disk.clone(), world.vault_key.clone(), world.entropy.clone(), book)
    }

    /// The vault on `disk` without the rest of a world, for who only looks.
    #[must_use]
    pub fn of(disk: Arc<dyn Disk>, keys: Arc<dyn KeyWrap>, entropy: Arc<dyn Entropy>, book: &Book) -> Self {
        Self { disk, keys, entropy, plant_id: book.view().plant_id().to_owned(), open: Mutex::new(VecDeque::new()) }
    }

    /// Everything a package contained, as it was received.
    ///
    /// # Errors
    /// The file is missing or damaged; KEY-01, KEY-02.
    pub fn contents(&self, package: u64) -> Result<Arc<SegmentReader>, Fault> {
        self.segment(package, &contents_path(package))
    }

    /// The stored record of a row.
    ///
    /// # Errors
    /// The file is missing or damaged, or holds no such row; KEY-01, KEY-02.
    pub fn record(&self, package: u64, row: u32) -> Result<StoredRecord, Fault> {
        let path = records_path(package, row);
        let segment = self.segment(package, &path)?;
        let damaged = |why: String| Fault::FileDamaged { path: path.clone(), offset: 0, why };
        let bytes = segment.get(&entry_name(row)).map_err(|e| e.at(&path))?.ok_or_else(|| damaged(format!("no row {row}")))?;
        envelope::open(FORM, &bytes).map_err(|e| damaged(e.to_string()))
    }

    /// The receipt number of a row; `None` where none was given, or its record can't be opened any more. Nobody is left without a word for that.
    ///
    /// # Errors
    /// The disk fails.
    pub fn receipt_number(&self, package: u64, row: u32) -> Result<Option<String>, Fault> {
        match self.record(package, row) {
            Ok(record) => Ok(Some(record.receipt_number()).filter(|r| !r.is_empty()).map(str::to_owned)),
            Err(Fault::FileDamaged { .. } | Fault::Refused { .. }) => Ok(None),
            Err(Fault::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// The face hashes of the vault file that holds this row's record; none where nobody looked for faces. Keeps the file at hand no longer.
    ///
    /// # Errors
    /// The file is missing or damaged; KEY-01, KEY-02.
    pub fn face_hashes(&self, package: u64, row: u32) -> Result<Vec<StoredHash>, Fault> {
        let path = records_path(package, row);
        let segment = self.open_with(&self.key(package)?, &path)?;
        let Some(bytes) = segment.get(FACE_HASHES).map_err(|e| e.at(&path))? else { return Ok(Vec::new()) };
        envelope::open(FACE_HASHES_FORM, &bytes).map_err(|e| Fault::FileDamaged { path, offset: 0, why: e.to_string() })
    }

    /// Whether a package's key is there and fits: asked before something unreadable is written off.
    ///
    /// # Errors
    /// KEY-01, KEY-02; the disk fails.
    pub fn check_key(&self, package: u64) -> Result<(), Fault> {
        self.key(package).map(drop)
    }

    /// A key for a new package; nothing on disk knows it yet.
    ///
    /// # Errors
    /// There are no random numbers.
    pub fn new_key(&self) -> Result<DataKey, Fault> {
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        self.entropy.fill(bytes.as_mut_slice())?;
        Ok(DataKey::new(bytes))
    }

    /// Makes a package's contents durable and, with them, its key, wrapped with the plant's. One can't be opened without the other, and
    /// the ledger hears of neither before both are there.
    ///
    /// # Errors
    /// There are no random numbers, or the disk fails.
    pub fn publish_received(&self, package: u64, key: &DataKey, contents: SegmentWriter) -> Result<FileInfo, Fault> {
        let mut nonce = [0; NONCE_BYTES];
        self.entropy.fill(&mut nonce)?;
        let wrapped = self.keys.wrap(&self.plant_id, package, key, nonce)?;
        let mut both = Together::new(&*self.disk);
        both.folder(&package_folder(package))?;
        both.write(&key_path(package), |out| out.write_all(&wrapped))?;
        let info = contents.publish_with(&mut both)?;
        both.finish()?;
        Ok(info)
    }

    /// Begins the contents of a new package, in a folder that becomes durable with them.
    ///
    /// # Errors
    /// There are no random numbers, or the disk fails.
    pub fn begin_contents(&self, package: u64, key: &DataKey) -> Result<SegmentWriter, Fault> {
        let folder = package_folder(package);
        self.disk.create_dir(parent(&folder)).map_err(|e| Fault::io("create", parent(&folder), e))?;
        self.disk.make_dir(&folder).map_err(|e| Fault::io("create", &folder, e))?;
        self.begin_with(key, &contents_path(package))
    }

    /// Begins a vault file of a received package.
    ///
    /// # Errors
    /// KEY-01, KEY-02; there are no random numbers, or the disk fails.
    pub fn begin(&self, package: u64, path: &str) -> Result<SegmentWriter, Fault> {
        self.begin_with(&self.key(package)?, path)
    }

    fn begin_with(&self, key: &DataKey, path: &str) -> Result<SegmentWriter, Fault> {
        let mut salt = [0; SALT_BYTES];
        self.entropy.fill(&mut salt)?;
        SegmentWriter::create(self.disk.clone(), path, key, salt)
    }

    /// Opens a vault file and keeps nothing of it at hand: it may not stay.
    ///
    /// # Errors
    /// The file is missing or damaged; KEY-02.
    pub fn open_with(&self, key: &DataKey, path: &str) -> Result<SegmentReader, Fault> {
        let bytes = self.disk.map(path).map_err(|e| Fault::io("map", path, e))?;
        SegmentReader::open(bytes, key).map_err(|e| e.at(path))
    }

    fn key(&self, package: u64) -> Result<DataKey, Fault> {
        let path = key_path(package);
        match self.disk.read(&path) {
            Ok(wrapped) => self.keys.unwrap(&self.plant_id, package, &wrapped),
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                Err(Fault::refused(Code::Key01, format!("{path} is missing: package {package} can't be opened any more unless it is restored")))
            }
            Err(e) => Err(Fault::io("read", &path, e)),
        }
    }

    fn segment(&self, package: u64, path: &str) -> Result<Arc<SegmentReader>, Fault> {
        let mut open = self.open.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(at) = open.iter().position(|(name, _)| name == path)
            && let Some(entry) = open.remove(at)
        {
            let reader = entry.1.clone();
            open.push_back(entry);
            return Ok(reader);
        }
        let reader = Arc::new(self.open_with(&self.key(package)?, path)?);
        let mut held_bytes: usize = reader.index_bytes() + open.iter().map(|(_, r)| r.index_bytes()).sum::<usize>();
        while open.len() >= OPEN_FILES_MAX || held_bytes > OPEN_INDEX_BYTES_MAX {
            let Some((_, oldest)) = open.pop_front() else { break };
            held_bytes -= oldest.index_bytes();
        }
        open.push_back((path.to_owned(), reader.clone()));
        Ok(reader)
    }
}
