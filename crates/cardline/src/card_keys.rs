//! The keys written to cards and the key permits are signed with, as the configuration says: from which store, opened with what. Without a
//! store a night makes cards without keys, and none that have to be signed.

use std::sync::Arc;

use card::{Code, Digest};
use chip::keys::CardKeys;
use chip::permit::PermitSigner;
use ledger::disk::Disk;
use ledger::fault::Fault;
use plant::file_keys::{self, Stored};

use crate::config::{Config, KeyStore};
use crate::key_files;

/// What the release id says of the store, without opening it: a batch is finished with the keys it was cut with.
///
/// # Errors
/// The disk fails.
pub fn identity(disk: &dyn Disk, config: &Config) -> Result<String, Fault> {
    match config.keys.store {
        KeyStore::None => Ok("no card keys".to_owned()),
        KeyStore::File => Ok(sealed_file(disk, config)?.map_or_else(|| "card keys: none yet".to_owned(), |bytes| format!("card keys: {}", Digest::of(&bytes)))),
    }
}

/// What an opened store gives a run.
#[derive(Default)]
pub struct Opened {
    pub keys: Option<Arc<dyn CardKeys>>,
    pub signer: Option<Arc<dyn PermitSigner>>,
}

/// Opens the store the configuration names; its passphrase comes over `fd` or from the terminal.
///
/// # Errors
/// KEY-03, KEY-04; the disk fails.
pub fn open(disk: &dyn Disk, config: &Config, fd: Option<u32>) -> Result<Opened, Fault> {
    match config.keys.store {
        KeyStore::None => Ok(Opened::default()),
        KeyStore::File => {
            let stored = in_file(disk, config, fd)?;
            plant::machine::forbid_core_dumps().map_err(|e| Fault::refused(Code::Key04, format!("core dumps can't be forbidden: {e}")))?;
            let signer = stored.issuer.as_ref().map(|issuer| issuer.signer().map(|s| Arc::new(s) as Arc<dyn PermitSigner>)).transpose()?;
            Ok(Opened { keys: Some(Arc::new(file_keys::in_software(&stored.keys)?)), signer })
        }
    }
}

/// The keys of the file the configuration names.
///
/// # Errors
/// KEY-04: there is none, another passphrase; KEY-03: a key is damaged.
pub fn in_file(disk: &dyn Disk, config: &Config, fd: Option<u32>) -> Result<Stored, Fault> {
    let missing = || Fault::refused(Code::Key04, format!("{} is missing: `cardline keys create` makes one for rehearsals", config.keys.file));
    let bytes = sealed_file(disk, config)?.ok_or_else(missing)?;
    file_keys::open(&bytes, &key_files::card_keys_passphrase(fd, false)?)
}

/// The file's bytes; `None` if it isn't there.
///
/// # Errors
/// The disk fails.
pub fn sealed_file(disk: &dyn Disk, config: &Config) -> Result<Option<Vec<u8>>, Fault> {
    let path = &config.keys.file;
    match disk.read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(Fault::io("read", path, e)),
    }
}
