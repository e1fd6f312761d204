//! A package's own key as it lies in the vault: wrapped with the plant's key, bound to plant and package. Destroying this file is what
//! purging means. Format: FORMAT.md §4. Where the plant's key is kept is `plant`'s business.

use chacha20poly1305::aead::AeadInOut;
use chacha20poly1305::aead::inout::InOutBuf;
use chacha20poly1305::{KeyInit, Tag, XChaCha20Poly1305};
use zeroize::Zeroizing;

use crate::segment::{DataKey, KEY_BYTES, TAG_BYTES};

/// First bytes of a wrapped key.
pub const MAGIC: [u8; 8] = *b"CLVKEY\r\n";
pub const FORMAT_VERSION: u32 = 1;
/// Random for every wrapping.
pub const NONCE_BYTES: usize = 24;
/// magic 8 | version 4 | zero 4 | package 8.
pub const HEADER_BYTES: usize = 24;
/// header | nonce 24 | wrapped key 32 | tag 16 | crc32c of all before 4.
pub const FILE_BYTES: usize = HEADER_BYTES + NONCE_BYTES + KEY_BYTES + TAG_BYTES + 4;

/// Why a wrapped key gives no key.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NoKey {
    /// It isn't what was written.
    #[error("the key file is damaged, or was being destroyed")]
    Damaged,
    /// Whole, but wrapped by another plant's key, or for another package.
    #[error("the key file was wrapped with another plant's key or for another package")]
    Other,
}

/// Where the wrapped key of a package lies.
#[must_use]
pub fn key_path(package: u64) -> String {
    format!("vault/{package:08}/key")
}

/// The wrapped key as a file. `nonce` is random and never used again.
#[must_use]
pub fn wrap(plant_key: &DataKey, plant_id: &str, package: u64, key: &DataKey, nonce: [u8; NONCE_BYTES]) -> [u8; FILE_BYTES] {
    let mut out = [0; FILE_BYTES];
    out[..HEADER_BYTES].copy_from_slice(&header(package));
    out[HEADER_BYTES..SEALED_AT].copy_from_slice(&nonce);
    let aead = XChaCha20Poly1305::new(plant_key.bytes().into());
    let sealed = &mut out[SEALED_AT..TAG_AT];
    let both = InOutBuf::new(key.bytes().as_slice(), sealed).expect("both of a key's length");
    let tag = aead.encrypt_inout_detached(&nonce.into(), &bound_to(plant_id, package), both).expect("a key is far shorter than the cipher's limit");
    out[TAG_AT..CRC_AT].copy_from_slice(&tag);
    let crc = crc32c::crc32c(&out[..CRC_AT]);
    out[CRC_AT..].copy_from_slice(&crc.to_le_bytes());
    out
}

/// The key in a wrapped key's file.
///
/// # Errors
/// The file isn't what was written, or was wrapped with another plant's key or for another package.
pub fn unwrap(plant_key: &DataKey, plant_id: &str, package: u64, file: &[u8]) -> Result<DataKey, NoKey> {
    let file: &[u8; FILE_BYTES] = file.try_into().map_err(|_| NoKey::Damaged)?;
    let whole = file[..16] == header(package)[..16] && crc32c::crc32c(&file[..CRC_AT]).to_le_bytes() == file[CRC_AT..];
    if !whole {
        return Err(NoKey::Damaged);
    }
    let nonce: [u8; NONCE_BYTES] = file[HEADER_BYTES..SEALED_AT].try_into().expect("a nonce's length");
    let tag = Tag::try_from(&file[TAG_AT..CRC_AT]).map_err(|_| NoKey::Damaged)?;
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    let both = InOutBuf::new(&file[SEALED_AT..TAG_AT], key.as_mut_slice()).map_err(|_| NoKey::Damaged)?;
    let aead = XChaCha20Poly1305::new(plant_key.bytes().into());
    aead.decrypt_inout_detached(&nonce.into(), &bound_to(plant_id, package), both, &tag).map_err(|_| NoKey::Other)?;
    Ok(DataKey::new(key))
}

const SEALED_AT: usize = HEADER_BYTES + NONCE_BYTES;
const TAG_AT: usize = SEALED_AT + KEY_BYTES;
const CRC_AT: usize = TAG_AT + TAG_BYTES;

fn header(package: u64) -> [u8; HEADER_BYTES] {
    let mut out = [0; HEADER_BYTES];
    out[..8].copy_from_slice(&MAGIC);
    out[8..12].copy_from_slice(&FORMAT_VERSION.to_le_bytes());
    out[16..].copy_from_slice(&package.to_le_bytes());
    out
}

/// The header, and the plant it belongs to.
fn bound_to(plant_id: &str, package: u64) -> Vec<u8> {
    [&header(package)[..], plant_id.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: u8) -> DataKey {
        DataKey::new(Zeroizing::new([n; KEY_BYTES]))
    }

    fn unwrapped(plant_key: u8, plant_id: &str, package: u64, file: &[u8]) -> Result<u8, NoKey> {
        unwrap(&key(plant_key), plant_id, package, file).map(|k| k.bytes()[31])
    }

    #[test]
    fn a_wrapped_key_comes_back_to_its_own_plant_and_package_only() {
        let file = wrap(&key(1), "p", 7, &key(9), [3; NONCE_BYTES]);
        assert!(!file.windows(8).any(|w| w == [9; 8]), "nothing of the key lies open");
        assert_eq!(unwrapped(1, "p", 7, &file), Ok(9));
        assert_eq!(unwrapped(2, "p", 7, &file), Err(NoKey::Other));
        assert_eq!(unwrapped(1, "q", 7, &file), Err(NoKey::Other));
        assert_eq!(unwrapped(1, "p", 8, &file), Err(NoKey::Other));
    }

    #[test]
    fn every_flipped_bit_and_every_truncation_of_a_key_is_damage() {
        let file = wrap(&key(1), "p", 7, &key(9), [3; NONCE_BYTES]);
        for bit in 0..FILE_BYTES * 8 {
            let mut flipped = file;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(unwrapped(1, "p", 7, &flipped), Err(NoKey::Damaged), "bit {bit}");
        }
        assert_eq!(unwrapped(1, "p", 7, &file[..FILE_BYTES - 1]), Err(NoKey::Damaged));
        assert_eq!(unwrapped(1, "p", 7, &[0; FILE_BYTES]), Err(NoKey::Damaged), "as a purge leaves it before it is unlinked");
    }
}
