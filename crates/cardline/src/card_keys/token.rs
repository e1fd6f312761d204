//! The store `pkcs11`: what is on the plant's disk about a token's keys, and the token itself where the program was built for one.

use std::sync::Arc;

use card::Code;
use chip::keys::CardKeys;
use ledger::disk::Disk;
use ledger::fault::Fault;
use plant::token_keys::NotedKeys;

use super::file_of;
use crate::config::Config;

/// What `keys note` took down.
///
/// # Errors
/// KEY-04: nothing, or the file was changed.
pub fn noted(disk: &dyn Disk, config: &Config) -> Result<NotedKeys, Fault> {
    let path = &config.keys.token.list;
    let refused = |why: &str| Fault::refused(Code::Key04, format!("{path}: {why}"));
    let bytes = file_of(disk, path)?.ok_or_else(|| refused("missing: `cardline keys note` takes down the keys of the token"))?;
    NotedKeys::parse(std::str::from_utf8(&bytes).map_err(|_| refused("no text"))?).map_err(|why| refused(&why))
}

#[cfg(feature = "pkcs11")]
mod built {
    use super::*;
    use card::profile::chip::ChipLayout;
    use chip::keys::WrappedKey;
    use plant::pkcs11::{self, Pkcs11Keys};
    use plant::token_keys::TokenSettings;

    use crate::card_keys::lock;
    use crate::key_files;

    pub fn open(disk: &dyn Disk, config: &Config, fd: Option<u32>) -> Result<Arc<dyn CardKeys>, Fault> {
        let (noted, wrapped) = (noted(disk, config)?, wrapped(disk, config)?);
        let keys = Pkcs11Keys::open(&settings(config)?, &noted, &wrapped, || key_files::token_pin(fd))?;
        lock(config, &keys.places())?;
        Ok(Arc::new(keys))
    }

    pub fn note(disk: &dyn Disk, config: &Config, layout: &ChipLayout, fd: Option<u32>) -> Result<NotedKeys, Fault> {
        pkcs11::note(&settings(config)?, layout, &wrapped(disk, config)?, || key_files::token_pin(fd))
    }

    fn settings(config: &Config) -> Result<TokenSettings, Fault> {
        config.keys.token.settings().map_err(|(key, why)| Fault::refused(Code::Cfg01, format!("{key}: {why}")))
    }

    /// The wrapped keys of the folder, in the order of their names.
    fn wrapped(disk: &dyn Disk, config: &Config) -> Result<Vec<WrappedKey>, Fault> {
        let folder = &config.keys.token.wrapped;
        let mut entries = match disk.list(folder) {
            Ok(entries) => entries,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(Fault::io("list", folder, e)),
        };
        entries.retain(|entry| !entry.is_dir);
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        let read = |name: &str| {
            let path = format!("{folder}/{name}");
            let bytes = disk.read(&path).map_err(Fault::on("read", &path))?;
            let refused = |why: &str| Fault::refused(Code::Key04, format!("{path}: {why}"));
            WrappedKey::parse(std::str::from_utf8(&bytes).map_err(|_| refused("no text"))?).map_err(|why| refused(&why))
        };
        entries.iter().map(|entry| read(&entry.name)).collect()
    }
}

#[cfg(feature = "pkcs11")]
pub use built::{note, open};

#[cfg(not(feature = "pkcs11"))]
mod absent {
    use super::*;
    use card::profile::chip::ChipLayout;

    fn refused<T>() -> Result<T, Fault> {
        Err(Fault::refused(Code::Key04, "this program was built without tokens: cargo feature pkcs11"))
    }

    pub fn open(_: &dyn Disk, _: &Config, _: Option<u32>) -> Result<Arc<dyn CardKeys>, Fault> {
        refused()
    }

    pub fn note(_: &dyn Disk, _: &Config, _: &ChipLayout, _: Option<u32>) -> Result<NotedKeys, Fault> {
        refused()
    }
}

#[cfg(not(feature = "pkcs11"))]
pub use absent::{note, open};
