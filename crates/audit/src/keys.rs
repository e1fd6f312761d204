//! Packages' keys (crates/ledger/FORMAT.md §4), unwrapped anew from that page with the plant's key. Without the plant's key a key file
//! can still be told from a damaged one.

use chacha20poly1305::aead::AeadInOut;
use chacha20poly1305::{KeyInit, Tag, XChaCha20Poly1305, XNonce};
use ledger::segment::{KEY_BYTES, TAG_BYTES};
use ledger::vault_key::{FILE_BYTES, FORMAT_VERSION, HEADER_BYTES, MAGIC, NONCE_BYTES};
use zeroize::Zeroizing;

const WRAPPED_AT: usize = HEADER_BYTES + NONCE_BYTES;
const TAG_AT: usize = WRAPPED_AT + KEY_BYTES;
const CRC_AT: usize = TAG_AT + TAG_BYTES;

/// The plant's key over its packages' keys. No `Debug`.
#[derive(Clone)]
pub struct PlantKey(Zeroizing<[u8; KEY_BYTES]>);

/// The key of one package's vault files. No `Debug`.
pub struct PackageKey(Zeroizing<[u8; KEY_BYTES]>);

impl PlantKey {
    #[must_use]
    pub fn new(bytes: [u8; KEY_BYTES]) -> Self {
        Self(Zeroizing::new(bytes))
    }
}

impl PackageKey {
    #[cfg(test)]
    pub fn new(bytes: [u8; KEY_BYTES]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    pub fn bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }
}

/// Whether a key file is whole and of this package.
///
/// # Errors
/// What is wrong with it.
pub fn sound(file: &[u8], package: u64) -> Result<(), &'static str> {
    if file.len() != FILE_BYTES {
        return Err("another length than a key's");
    }
    let named = file[..8] == MAGIC && file[8..12] == FORMAT_VERSION.to_le_bytes() && file[12..16] == [0; 4] && file[16..HEADER_BYTES] == package.to_le_bytes();
    let same = crc32c::crc32c(&file[..CRC_AT]).to_le_bytes() == file[CRC_AT..];
    if named && same { Ok(()) } else { Err("the key is damaged or another package's") }
}

/// # Errors
/// What is wrong with the file, or that it was wrapped with another key or for another plant.
pub fn unwrap(file: &[u8], plant_key: &PlantKey, plant_id: &str, package: u64) -> Result<PackageKey, &'static str> {
    sound(file, package)?;
    let mut nonce = XNonce::default();
    nonce.copy_from_slice(&file[HEADER_BYTES..WRAPPED_AT]);
    let bound_to = [&file[..HEADER_BYTES], plant_id.as_bytes()].concat();
    let tag = Tag::try_from(&file[TAG_AT..CRC_AT]).map_err(|_| "no tag")?;
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    key.copy_from_slice(&file[WRAPPED_AT..TAG_AT]);
    let opened = XChaCha20Poly1305::new((&*plant_key.0).into()).decrypt_inout_detached(&nonce, &bound_to, key.as_mut_slice().into(), &tag);
    opened.map_err(|_| "the key was wrapped with another plant's key")?;
    Ok(PackageKey(key))
}
