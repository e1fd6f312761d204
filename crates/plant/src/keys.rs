//! The plant's own secrets as files under `keys/`: the pepper of keyed digests, the minisign key that signs manifests, and the vault's
//! key (`vault_key.rs`).
//! Mode 0600, made once at `init`. Chip keys are another matter and never live here.

use ledger::disk::Disk;
use ledger::fault::Fault;
use ledger::publish::publish_bytes;
use line::package::keys::SecretKey;
use line::plan::Pepper;
use line::ports::Signer;
use zeroize::Zeroizing;

use crate::vault_key::VaultKey;

const PEPPER: &str = "keys/pepper";
const SECRET: &str = "keys/plant.key";
/// Public: goes to whoever checks our manifests.
pub const PUBLIC: &str = "keys/plant.pub";

/// Random bytes a plant's secrets are made of.
pub const SECRET_BYTES: usize = 96;

/// The plant's secrets in memory. No `Debug`.
pub struct PlantKeys {
    pub pepper: Pepper,
    pub vault: VaultKey,
    secret: SecretKey,
}

impl PlantKeys {
    /// Makes the secrets of a new plant from 96 random bytes (or, for tests and rehearsals, from a known seed).
    ///
    /// # Errors
    /// The disk fails.
    pub fn create(disk: &dyn Disk, entropy: &[u8; SECRET_BYTES]) -> Result<Self, Fault> {
        let [pepper, seed, vault] = thirds(entropy);
        let secret = SecretKey::from_seed(&seed);
        disk.create_dir("keys").map_err(|e| Fault::io("create", "keys", e))?;
        publish_bytes(disk, PEPPER, Zeroizing::new(hex(&pepper)).as_bytes())?;
        publish_bytes(disk, SECRET, secret.to_minisign().as_bytes())?;
        publish_bytes(disk, PUBLIC, secret.public_key_file().as_bytes())?;
        let vault = VaultKey::create(disk, vault)?;
        Ok(Self { pepper: Pepper(pepper), vault, secret })
    }

    /// Reads the secrets of a plant.
    ///
    /// # Errors
    /// A file is missing or is not what `create` wrote.
    pub fn open(disk: &dyn Disk) -> Result<Self, Fault> {
        let text = |path: &str| -> Result<String, Fault> {
            let bytes = disk.read(path).map_err(|e| Fault::io("read", path, e))?;
            String::from_utf8(bytes).map_err(|_| Fault::Config(format!("{path} is not a key file")))
        };
        let pepper = unhex(text(PEPPER)?.trim()).ok_or_else(|| Fault::Config(format!("{PEPPER} is not 64 hex digits")))?;
        let secret = SecretKey::from_minisign(&text(SECRET)?, None).map_err(|e| Fault::Config(format!("{SECRET}: {e}")))?;
        Ok(Self { pepper: Pepper(pepper), vault: VaultKey::open(disk)?, secret })
    }

    /// The public key, as outlets and partners get it.
    #[must_use]
    pub fn public_key(&self) -> String {
        self.secret.public_key()
    }
}

impl Signer for PlantKeys {
    fn sign(&self, message: &[u8], comment: &str) -> Result<String, Fault> {
        Ok(self.secret.sign(message, comment))
    }
}

fn thirds(entropy: &[u8; SECRET_BYTES]) -> [[u8; 32]; 3] {
    let third = |n: usize| entropy[32 * n..32 * (n + 1)].try_into().expect("a third of the bytes");
    [third(0), third(1), third(2)]
}

pub(crate) fn hex(bytes: &[u8; 32]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

pub(crate) fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut out = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (i, byte) in out.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * i..2 * i + 2], 16).ok()?;
    }
    Some(out)
}
