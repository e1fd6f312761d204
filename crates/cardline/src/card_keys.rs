//! The keys written to cards and the key permits are signed with, as the configuration says: from which store, opened with what. Without a
//! store a night makes cards without keys, and none that have to be signed.

use std::sync::Arc;

use card::{Code, Digest};
use chip::Place;
use chip::keys::CardKeys;
use chip::permit::PermitSigner;
use ledger::disk::Disk;
use ledger::fault::Fault;
use plant::file_keys::{self, Stored};

use crate::config::{Config, KeyStore};
use crate::key_files;

pub mod token;

/// What the release id says of the store, without opening it: a batch is finished with the keys it was cut with.
///
/// # Errors
/// The disk fails.
pub fn identity(disk: &dyn Disk, config: &Config) -> Result<String, Fault> {
    let file = match config.keys.store {
        KeyStore::None => return Ok("no card keys".to_owned()),
        KeyStore::File => &config.keys.file,
        KeyStore::Pkcs11 => &config.keys.token.list,
    };
    Ok(file_of(disk, file)?.map_or_else(|| "card keys: none yet".to_owned(), |bytes| format!("card keys: {}", Digest::of(&bytes))))
}

/// What an opened store gives a run.
#[derive(Default)]
pub struct Opened {
    pub keys: Option<Arc<dyn CardKeys>>,
    pub signer: Option<Arc<dyn PermitSigner>>,
}

/// Opens the store the configuration names; its passphrase or PIN comes over `fd` or from the terminal.
///
/// # Errors
/// KEY-03 to KEY-07; the disk fails.
pub fn open(disk: &dyn Disk, config: &Config, fd: Option<u32>) -> Result<Opened, Fault> {
    if config.keys.store == KeyStore::None {
        return Ok(Opened::default());
    }
    plant::machine::forbid_core_dumps().map_err(|e| Fault::refused(Code::Key04, format!("core dumps can't be forbidden: {e}")))?;
    if config.keys.store == KeyStore::Pkcs11 {
        // No token here signs SM2: a profile that wants signed permits finds no signer (KEY-10).
        return Ok(Opened { keys: Some(token::open(disk, config, fd)?), signer: None });
    }
    let stored = in_file(disk, config, fd)?;
    let keys = file_keys::in_software(&stored.keys)?;
    lock(config, &keys.places())?;
    let signer = stored.issuer.as_ref().map(|issuer| issuer.signer().map(Arc::new)).transpose()?;
    lock(config, &signer.iter().map(|s| s.place()).collect::<Vec<_>>())?;
    Ok(Opened { keys: Some(Arc::new(keys)), signer: signer.map(|s| s as Arc<dyn PermitSigner>) })
}

/// Keeps keys out of the swap file. A rehearsal goes on without, and is told; real keys are not risked.
///
/// # Errors
/// KEY-05: it can't be done, and the plant is marked production.
fn lock(config: &Config, places: &[Place]) -> Result<(), Fault> {
    let Err(why) = plant::locked::lock(places) else { return Ok(()) };
    let text = format!("{why} (the limit of locked memory is RLIMIT_MEMLOCK)");
    if config.plant.production {
        return Err(Fault::refused(Code::Key05, text));
    }
    tell!("KEY-05 {text}");
    Ok(())
}

/// The keys of the file the configuration names.
///
/// # Errors
/// KEY-04: there is none, another passphrase; KEY-03: a key is damaged.
pub fn in_file(disk: &dyn Disk, config: &Config, fd: Option<u32>) -> Result<Stored, Fault> {
    let missing = || Fault::refused(Code::Key04, format!("{} is missing: `cardline keys create` makes one for rehearsals", config.keys.file));
    let bytes = file_of(disk, &config.keys.file)?.ok_or_else(missing)?;
    file_keys::open(&bytes, &key_files::card_keys_passphrase(fd, false)?)
}

/// A file's bytes; `None` if it isn't there.
///
/// # Errors
/// The disk fails.
pub fn file_of(disk: &dyn Disk, path: &str) -> Result<Option<Vec<u8>>, Fault> {
    match disk.read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(Fault::io("read", path, e)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_cant_be_locked_in_memory_are_for_rehearsals() {
        let held = [7_u8; 16];
        let (there, nowhere) = (Place { address: held.as_ptr(), bytes: 16 }, Place { address: std::ptr::without_provenance(4096), bytes: 16 });
        let plant = |production: &str| Config::parse(&format!("[plant]\nproduction = {production}\n"), "pipeline.toml").ok().unwrap();
        assert!(lock(&plant("true"), &[there]).is_ok());
        assert!(lock(&plant("false"), &[there, nowhere]).is_ok(), "told, and gone on");
        assert!(matches!(lock(&plant("true"), &[there, nowhere]), Err(Fault::Refused { code: Code::Key05, .. })));
    }
}
