//! The plant's key over the vault, as a file beside the plant's other secrets: the one place where packages' keys are wrapped and
//! unwrapped. A hardware module will take this file's place behind the same port. And the machine's random numbers.

use card::Code;
use ledger::disk::Disk;
use ledger::fault::Fault;
use ledger::publish::publish_bytes;
use ledger::segment::{DataKey, KEY_BYTES};
use ledger::vault_key::{self, NONCE_BYTES};
use line::ports::{Entropy, KeyWrap};
use zeroize::Zeroizing;

use crate::keys::{hex, unhex};

const PATH: &str = "keys/vault.key";

/// The plant's key in memory. No `Debug`.
#[derive(Clone)]
pub struct VaultKey(DataKey);

impl VaultKey {
    /// Keeps the key of a new plant.
    ///
    /// # Errors
    /// The disk fails.
    pub fn create(disk: &dyn Disk, bytes: [u8; KEY_BYTES]) -> Result<Self, Fault> {
        let bytes = Zeroizing::new(bytes);
        publish_bytes(disk, PATH, Zeroizing::new(hex(&bytes)).as_bytes())?;
        Ok(Self(DataKey::new(bytes)))
    }

    /// Reads the key of a plant.
    ///
    /// # Errors
    /// KEY-01: there is none; KEY-02: it isn't what `create` wrote; the disk fails.
    pub fn open(disk: &dyn Disk) -> Result<Self, Fault> {
        let text = match disk.read(PATH) {
            Ok(bytes) => Zeroizing::new(bytes),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                return Err(Fault::refused(Code::Key01, format!("{PATH} is missing: lost, or the plant was made by an older version")));
            }
            Err(e) => return Err(Fault::io("read", PATH, e)),
        };
        let key = std::str::from_utf8(&text).ok().and_then(|text| unhex(text.trim()));
        let key = key.ok_or_else(|| Fault::refused(Code::Key02, format!("{PATH} is not 64 hex digits")))?;
        Ok(Self(DataKey::new(Zeroizing::new(key))))
    }

    /// For the independent auditor, which unwraps for itself.
    #[must_use]
    pub fn bytes(&self) -> &[u8; KEY_BYTES] {
        self.0.bytes()
    }
}

impl KeyWrap for VaultKey {
    fn wrap(&self, plant_id: &str, package: u64, key: &DataKey, nonce: [u8; NONCE_BYTES]) -> Result<Vec<u8>, Fault> {
        Ok(vault_key::wrap(&self.0, plant_id, package, key, nonce).to_vec())
    }

    fn unwrap(&self, plant_id: &str, package: u64, wrapped: &[u8]) -> Result<DataKey, Fault> {
        let refused = |why| Fault::refused(Code::Key02, format!("{}: {why}", vault_key::key_path(package)));
        vault_key::unwrap(&self.0, plant_id, package, wrapped).map_err(refused)
    }
}

/// The machine's generator.
#[derive(Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, out: &mut [u8]) -> Result<(), Fault> {
        getrandom::fill(out).map_err(|e| Fault::Missing(format!("random numbers: {e}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Durability, RealDisk};

    fn code(result: Result<VaultKey, Fault>) -> Option<Code> {
        match result {
            Err(Fault::Refused { code, .. }) => Some(code),
            _ => None,
        }
    }

    #[test]
    fn the_key_is_kept_private_and_its_loss_or_damage_has_a_code() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let disk = RealDisk::open(folder.path(), Durability::None).ok().unwrap().0;
        disk.create_dir("keys").unwrap();
        assert_eq!(code(VaultKey::open(&disk)), Some(Code::Key01));
        VaultKey::create(&disk, [0xA5; KEY_BYTES]).ok().unwrap();
        assert_eq!(VaultKey::open(&disk).ok().unwrap().bytes(), &[0xA5; KEY_BYTES]);
        assert_eq!(std::fs::metadata(folder.path().join(PATH)).unwrap().permissions().mode() & 0o777, 0o600);
        publish_bytes(&disk, PATH, b"a5a5").ok().unwrap();
        assert_eq!(code(VaultKey::open(&disk)), Some(Code::Key02));
    }

    #[test]
    fn a_key_wrapped_by_another_plant_is_refused_with_its_code() {
        let [mine, theirs] = [1, 2].map(|n| VaultKey(DataKey::new(Zeroizing::new([n; KEY_BYTES]))));
        let wrapped = mine.wrap("p", 3, &theirs.0, [0; NONCE_BYTES]).ok().unwrap();
        assert!(mine.unwrap("p", 3, &wrapped).is_ok());
        for refused in [theirs.unwrap("p", 3, &wrapped), mine.unwrap("p", 4, &wrapped), mine.unwrap("p", 3, &wrapped[1..])] {
            assert!(matches!(refused, Err(Fault::Refused { code: Code::Key02, .. })));
        }
    }

    #[test]
    fn two_draws_differ() {
        let (mut a, mut b) = ([0; 32], [0; 32]);
        SystemEntropy.fill(&mut a).ok().unwrap();
        SystemEntropy.fill(&mut b).ok().unwrap();
        assert_ne!(a, b);
    }
}
