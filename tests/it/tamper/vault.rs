//! A vault file with its seals taken off in place, and put on again with checksums to match: what somebody could write who holds the
//! package's key. Content lies where its sealed form lay; the room of the tags is kept. Written for tests and fuzzing only.

use chacha20poly1305::aead::AeadInOut;
use chacha20poly1305::{KeyInit, Tag, XChaCha20Poly1305, XNonce};
use ledger::segment::{AAD_BYTES, CHUNK_BYTES, HEADER_BYTES, INDEX_ENTRY, KEY_BYTES, LAST_CHUNK, ROW_BYTES, SALT_BYTES, TAG_BYTES, TRAILER_BYTES};

/// Rows looked at; fuzzing may claim any number.
const ROWS_MAX: usize = 64;

/// Opens the index, then every entry. `None`: it isn't a file of this key.
pub fn unsealed(file: &[u8], key: &[u8; KEY_BYTES]) -> Option<Vec<u8>> {
    let mut out = file.to_vec();
    let (seals, index) = (Seals::of(file, key)?, index_of(file)?);
    seals.chunks(INDEX_ENTRY, out.get_mut(index.clone())?, true)?;
    for row in rows(&out, index) {
        seals.chunks(row.number, out.get_mut(row.stored)?, true)?;
    }
    Some(out)
}

/// Seals every entry whose bounds fit, mends its checksum, seals the index and mends the trailer. `None`: there is no room for one.
pub fn sealed(unsealed: &[u8], key: &[u8; KEY_BYTES]) -> Option<Vec<u8>> {
    let mut out = unsealed.to_vec();
    let (seals, index) = (Seals::of(unsealed, key)?, index_of(unsealed)?);
    for row in rows(unsealed, index.clone()) {
        let Some(stored) = out.get_mut(row.stored) else { continue };
        let Some(()) = seals.chunks(row.number, stored, false) else { continue };
        let crc = crc32c::crc32c(stored);
        out.get_mut(row.at + 32..row.at + 36)?.copy_from_slice(&crc.to_le_bytes());
    }
    seals.chunks(INDEX_ENTRY, out.get_mut(index.clone())?, false)?;
    let (index_crc, trailer) = (crc32c::crc32c(&out[index.clone()]), index.end);
    out[trailer + 16..trailer + 20].copy_from_slice(&index_crc.to_le_bytes());
    let own = crc32c::crc32c(&[&out[..HEADER_BYTES], &out[trailer..trailer + 24]].concat());
    out[trailer + 24..trailer + 28].copy_from_slice(&own.to_le_bytes());
    Some(out)
}

struct Row {
    at: usize,
    stored: std::ops::Range<usize>,
    number: u32,
}

/// Where the trailer says the index lies.
fn index_of(file: &[u8]) -> Option<std::ops::Range<usize>> {
    let trailer_at = file.len().checked_sub(TRAILER_BYTES)?;
    let index_at = usize::try_from(u64::from_le_bytes(*file[trailer_at..].first_chunk()?)).ok()?;
    (HEADER_BYTES..=trailer_at).contains(&index_at).then_some(index_at..trailer_at)
}

/// The rows of an open index whose bounds fit before it; those of an index of more than one chunk are not moved together for it.
fn rows(file: &[u8], index: std::ops::Range<usize>) -> Vec<Row> {
    let count = file.get(index.end + 8..index.end + 12).and_then(|b| Some(u32::from_le_bytes(*b.first_chunk()?) as usize)).unwrap_or(0);
    let row = |at: usize| {
        let bytes = file.get(at..at + ROW_BYTES).filter(|_| at + ROW_BYTES <= index.end)?;
        let of = |at: usize| usize::try_from(u64::from_le_bytes(*bytes[at..].first_chunk()?)).ok();
        let (from, number) = (of(0)?, u32::from_le_bytes(*bytes[68..].first_chunk()?));
        let stored = from..from.checked_add(of(8)?)?;
        (stored.start >= HEADER_BYTES && stored.end <= index.start).then_some(Row { at, stored, number })
    };
    (0..count.min(ROWS_MAX)).filter_map(|i| row(index.start + i * ROW_BYTES)).collect()
}

struct Seals {
    aead: XChaCha20Poly1305,
    salt: [u8; SALT_BYTES],
    bound_to: [u8; AAD_BYTES],
}

impl Seals {
    fn of(file: &[u8], key: &[u8; KEY_BYTES]) -> Option<Self> {
        let header: &[u8; HEADER_BYTES] = file.first_chunk()?;
        Some(Self { aead: XChaCha20Poly1305::new(key.into()), salt: *header[AAD_BYTES..].first_chunk()?, bound_to: *header.first_chunk()? })
    }

    /// Takes the seals of an entry's chunks off, or puts them on.
    fn chunks(&self, entry: u32, bytes: &mut [u8], off: bool) -> Option<()> {
        let last = bytes.len().div_ceil(CHUNK_BYTES + TAG_BYTES).checked_sub(1)? as u32;
        for (number, chunk) in (0..).zip(bytes.chunks_mut(CHUNK_BYTES + TAG_BYTES)) {
            let (content, tag) = chunk.split_at_mut(chunk.len().checked_sub(TAG_BYTES)?);
            let mut nonce = XNonce::default();
            nonce[..SALT_BYTES].copy_from_slice(&self.salt);
            nonce[SALT_BYTES..SALT_BYTES + 4].copy_from_slice(&entry.to_le_bytes());
            nonce[SALT_BYTES + 4..].copy_from_slice(&(number | if number == last { LAST_CHUNK } else { 0 }).to_le_bytes());
            if off {
                let given = Tag::try_from(&*tag).ok()?;
                self.aead.decrypt_inout_detached(&nonce, &self.bound_to, content.into(), &given).ok()?;
            } else {
                tag.copy_from_slice(&self.aead.encrypt_inout_detached(&nonce, &self.bound_to, content.into()).ok()?);
            }
        }
        Some(())
    }
}
