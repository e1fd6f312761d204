//! Sealing the vault: what is stored is cut into chunks, each closed with XChaCha20-Poly1305 under the package's own key. A nonce says
//! file, entry and chunk, so that nothing can be swapped, repeated or cut short. Where keys come from is `vault_key.rs`'s business.

use chacha20poly1305::aead::AeadInOut;
use chacha20poly1305::aead::inout::InOutBuf;
use chacha20poly1305::{KeyInit, Tag, XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use super::{AAD_BYTES, CHUNK_BYTES, LAST_CHUNK, SALT_BYTES, TAG_BYTES, header};
use crate::fault::Fault;

/// Bytes of a package's key.
pub const KEY_BYTES: usize = 32;

/// The key of one package's vault files. No `Debug`; wiped from memory when dropped.
#[derive(Clone)]
pub struct DataKey(Zeroizing<[u8; KEY_BYTES]>);

impl DataKey {
    #[must_use]
    pub fn new(bytes: Zeroizing<[u8; KEY_BYTES]>) -> Self {
        Self(bytes)
    }

    #[must_use]
    pub fn bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }
}

/// What seals or opens the chunks of one file.
pub(super) struct Cipher {
    aead: XChaCha20Poly1305,
    salt: [u8; SALT_BYTES],
}

impl Cipher {
    pub fn new(key: &DataKey, salt: [u8; SALT_BYTES]) -> Self {
        Self { aead: XChaCha20Poly1305::new(key.bytes().into()), salt }
    }

    /// salt 16 | entry number 4 | chunk number 4, its top bit set on the last chunk.
    fn nonce(&self, entry: u32, chunk: u32, last: bool) -> XNonce {
        let mut nonce = [0; SALT_BYTES + 8];
        nonce[..SALT_BYTES].copy_from_slice(&self.salt);
        nonce[SALT_BYTES..SALT_BYTES + 4].copy_from_slice(&entry.to_le_bytes());
        let chunk = if last { chunk | LAST_CHUNK } else { chunk };
        nonce[SALT_BYTES + 4..].copy_from_slice(&chunk.to_le_bytes());
        nonce.into()
    }

    /// What every chunk is bound to besides its nonce: magic and version of the format.
    fn bound_to(&self) -> [u8; AAD_BYTES] {
        header(&self.salt)[..AAD_BYTES].try_into().expect("the front of the header")
    }

    /// Seals `chunk` in place and appends its tag.
    fn seal(&self, entry: u32, number: u32, last: bool, chunk: &mut Vec<u8>) {
        let nonce = self.nonce(entry, number, last);
        let tag =
            self.aead.encrypt_inout_detached(&nonce, &self.bound_to(), chunk.as_mut_slice().into()).expect("a chunk is far shorter than the cipher's limit");
        chunk.extend_from_slice(&tag);
    }

    /// Appends the content of a sealed chunk to `out`. `None`: another key, or not what was sealed here.
    pub fn open(&self, entry: u32, number: u32, last: bool, sealed: &[u8], out: &mut Vec<u8>) -> Option<()> {
        let (content, tag) = sealed.split_at_checked(sealed.len().checked_sub(TAG_BYTES)?)?;
        let from = out.len();
        out.resize(from + content.len(), 0);
        let both = InOutBuf::new(content, &mut out[from..]).ok()?;
        let tag = Tag::try_from(tag).ok()?;
        let opened = self.aead.decrypt_inout_detached(&self.nonce(entry, number, last), &self.bound_to(), both, &tag);
        if opened.is_err() {
            out.truncate(from);
        }
        opened.ok()
    }

    /// The content of all chunks of an entry. `None`: another key, or not what was sealed here.
    pub fn open_all(&self, entry: u32, sealed: &[u8]) -> Option<Vec<u8>> {
        let len = usize::try_from(content_len(sealed.len() as u64)?).ok()?;
        let mut out = Vec::with_capacity(len);
        let chunks = sealed.len().div_ceil(CHUNK_BYTES + TAG_BYTES);
        for (number, chunk) in (0..).zip(sealed.chunks(CHUNK_BYTES + TAG_BYTES)) {
            self.open(entry, number, number as usize + 1 == chunks, chunk, &mut out)?;
        }
        Some(out)
    }
}

/// Length of `content_bytes` once sealed: a tag for every chunk, and at least one chunk.
pub fn sealed_len(content_bytes: u64) -> u64 {
    content_bytes + TAG_BYTES as u64 * content_bytes.div_ceil(CHUNK_BYTES as u64).max(1)
}

/// The reverse of [`sealed_len`]; `None` for lengths nothing is sealed to.
pub fn content_len(sealed_bytes: u64) -> Option<u64> {
    let chunks = sealed_bytes.div_ceil((CHUNK_BYTES + TAG_BYTES) as u64);
    sealed_bytes.checked_sub(TAG_BYTES as u64 * chunks).filter(|content| chunks > 0 && sealed_len(*content) == sealed_bytes)
}

/// An entry, or the index, being sealed chunk by chunk.
pub(super) struct Sealing {
    entry: u32,
    chunks: u32,
    buffer: Vec<u8>,
    /// Of the sealed bytes given out so far.
    pub crc: u32,
    pub stored_bytes: u64,
}

/// Takes sealed bytes.
pub(super) type Put<'a> = dyn FnMut(&[u8]) -> Result<(), Fault> + 'a;

impl Sealing {
    /// `buffer` is used again from entry to entry.
    pub fn new(entry: u32, mut buffer: Vec<u8>) -> Self {
        buffer.clear();
        Self { entry, chunks: 0, buffer, crc: 0, stored_bytes: 0 }
    }

    pub fn push(&mut self, cipher: &Cipher, mut bytes: &[u8], put: &mut Put) -> Result<(), Fault> {
        while !bytes.is_empty() {
            // Only when more comes is it known that this was not the last chunk.
            if self.buffer.len() == CHUNK_BYTES {
                self.give_out(cipher, false, put)?;
            }
            let (now, later) = bytes.split_at(bytes.len().min(CHUNK_BYTES - self.buffer.len()));
            self.buffer.extend_from_slice(now);
            bytes = later;
        }
        Ok(())
    }

    /// Seals the last chunk and gives the buffer back.
    pub fn finish(&mut self, cipher: &Cipher, put: &mut Put) -> Result<Vec<u8>, Fault> {
        self.give_out(cipher, true, put)?;
        Ok(std::mem::take(&mut self.buffer))
    }

    fn give_out(&mut self, cipher: &Cipher, last: bool, put: &mut Put) -> Result<(), Fault> {
        cipher.seal(self.entry, self.chunks, last, &mut self.buffer);
        self.chunks += 1;
        self.crc = crc32c::crc32c_append(self.crc, &self.buffer);
        self.stored_bytes += self.buffer.len() as u64;
        let put = put(&self.buffer);
        self.buffer.clear();
        put
    }
}

/// Opens an entry's chunks one after the other, as they are read.
pub(super) struct Opening<'a> {
    cipher: &'a Cipher,
    entry: u32,
    chunk: u32,
    rest: &'a [u8],
    buffer: Vec<u8>,
    at: usize,
}

impl<'a> Opening<'a> {
    pub fn new(cipher: &'a Cipher, entry: u32, sealed: &'a [u8]) -> Self {
        Self { cipher, entry, chunk: 0, rest: sealed, buffer: Vec::with_capacity(sealed.len().min(CHUNK_BYTES)), at: 0 }
    }
}

impl std::io::BufRead for Opening<'_> {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        if self.at == self.buffer.len() && !self.rest.is_empty() {
            let (sealed, rest) = self.rest.split_at(self.rest.len().min(CHUNK_BYTES + TAG_BYTES));
            self.buffer.clear();
            let opened = self.cipher.open(self.entry, self.chunk, rest.is_empty(), sealed, &mut self.buffer);
            opened.ok_or_else(|| std::io::Error::new(std::io::ErrorKind::InvalidData, "sealed with another key"))?;
            (self.at, self.rest, self.chunk) = (0, rest, self.chunk + 1);
        }
        Ok(&self.buffer[self.at..])
    }

    fn consume(&mut self, amount: usize) {
        self.at = (self.at + amount).min(self.buffer.len());
    }
}

impl std::io::Read for Opening<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let ready = std::io::BufRead::fill_buf(self)?;
        let n = ready.len().min(out.len());
        out[..n].copy_from_slice(&ready[..n]);
        std::io::BufRead::consume(self, n);
        Ok(n)
    }
}
