//! Reading vault files (crates/ledger/FORMAT.md §3), written anew from that page: header, index, seals, checksum and digest of every
//! entry. Whoever asks for an entry gets its content only if all of them fit.

use std::io::{self, Read};

use card::Digest;
use chacha20poly1305::aead::AeadInOut;
use chacha20poly1305::{KeyInit, Tag, XChaCha20Poly1305, XNonce};
use ledger::segment::{
    AAD_BYTES, CHUNK_BYTES, END_MAGIC, ENTRIES_MAX, ENTRY_BYTES_MAX, FORMAT_VERSION, HEADER_BYTES, INDEX_ENTRY, LAST_CHUNK, MAGIC, PACKED, ROW_BYTES,
    SALT_BYTES, TAG_BYTES, TRAILER_BYTES,
};
use sha2::Digest as _;

use crate::keys::PackageKey;

/// Largest window a packed entry may ask for, as a power of two.
const WINDOW_LOG_MAX: u32 = 23;
const BUFFER_BYTES: usize = 64 << 10;
const SEALED_CHUNK_BYTES: usize = CHUNK_BYTES + TAG_BYTES;
const OTHER_KEY: &str = "sealed with another key";

/// What opens the seals of one file.
struct Seals {
    aead: XChaCha20Poly1305,
    salt: [u8; SALT_BYTES],
    bound_to: [u8; AAD_BYTES],
}

/// A vault file whose header and index are sound.
pub struct VaultFile<'a> {
    /// Up to the index.
    bytes: &'a [u8],
    seals: Seals,
    rows: Vec<u8>,
    names: Vec<u8>,
}

/// One entry as the index describes it.
#[derive(Clone, Copy)]
pub struct Entry<'a> {
    pub name: &'a str,
    pub len_bytes: u64,
    pub digest: Digest,
    seals: &'a Seals,
    number: u32,
    stored: &'a [u8],
    packed: bool,
    crc: u32,
}

impl<'a> VaultFile<'a> {
    /// # Errors
    /// What is wrong with the file's frame or index.
    pub fn open(bytes: &'a [u8], key: &PackageKey) -> Result<Self, &'static str> {
        let trailer_at = bytes.len().checked_sub(TRAILER_BYTES).filter(|at| *at >= HEADER_BYTES).ok_or("too short")?;
        let (head, trailer) = (&bytes[..HEADER_BYTES], &bytes[trailer_at..]);
        if head[..8] != MAGIC || head[8..12] != FORMAT_VERSION.to_le_bytes() || head[12..16] != [0; 4] {
            return Err("the header is damaged or of another version");
        }
        let [index_at, count, names_len] = [u64_at(trailer, 0), u64::from(u32_at(trailer, 8)), u64::from(u32_at(trailer, 12))];
        let own = crc32c::crc32c(&[head, &trailer[..24]].concat());
        if trailer[28..] != END_MAGIC || trailer[20..24] != [0; 4] || own != u32_at(trailer, 24) {
            return Err("header or trailer are damaged");
        }
        if index_at < HEADER_BYTES as u64 || index_at > trailer_at as u64 || count > ENTRIES_MAX as u64 {
            return Err("the trailer doesn't fit the file");
        }
        let sealed = &bytes[index_at as usize..trailer_at];
        if !is_sealed_length(sealed.len()) || crc32c::crc32c(sealed) != u32_at(trailer, 16) {
            return Err("the index is damaged");
        }
        let mut seals = Seals { aead: XChaCha20Poly1305::new(key.bytes().into()), salt: [0; SALT_BYTES], bound_to: [0; AAD_BYTES] };
        seals.salt.copy_from_slice(&head[HEADER_BYTES - SALT_BYTES..]);
        seals.bound_to.copy_from_slice(&head[..AAD_BYTES]);
        let mut rows = Vec::new();
        Chunks { seals: &seals, entry: INDEX_ENTRY, next: 0, rest: sealed }.read_all(&mut rows)?;
        let rows_len = count as usize * ROW_BYTES;
        if rows.len() as u64 != rows_len as u64 + names_len {
            return Err("the trailer doesn't fit the index");
        }
        let names = rows.split_off(rows_len);
        let file = Self { bytes: &bytes[..index_at as usize], seals, rows, names };
        file.check_rows()?;
        Ok(file)
    }

    /// Rows sorted by name without repeats, all within bounds, filling the file.
    fn check_rows(&self) -> Result<(), &'static str> {
        let (mut before, mut stored) = (None, HEADER_BYTES);
        for i in 0..self.count() {
            let entry = self.entry(i).ok_or("an index row is out of bounds")?;
            if before.is_some_and(|b: &str| b.as_bytes() >= entry.name.as_bytes()) {
                return Err("the index is out of order");
            }
            before = Some(entry.name);
            stored += entry.stored.len();
        }
        if stored == self.bytes.len() { Ok(()) } else { Err("the entries don't fill the file") }
    }

    pub fn count(&self) -> usize {
        self.rows.len() / ROW_BYTES
    }

    /// Entries sorted by name.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'_>> + '_ {
        (0..self.count()).filter_map(|i| self.entry(i))
    }

    pub fn find(&self, name: &str) -> Option<Entry<'_>> {
        let (mut low, mut high) = (0, self.count());
        while low < high {
            let middle = usize::midpoint(low, high);
            let entry = self.entry(middle)?;
            match entry.name.as_bytes().cmp(name.as_bytes()) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return Some(entry),
            }
        }
        None
    }

    /// offset 8 | stored 8 | length 8 | name offset 4 | name length 2 | flags 2 | crc32c 4 | SHA-256 32 | number 4.
    fn entry(&self, i: usize) -> Option<Entry<'_>> {
        let row = self.rows.get(i * ROW_BYTES..(i + 1) * ROW_BYTES)?;
        let [offset, stored, len_bytes] = [0, 8, 16].map(|at| u64_at(row, at));
        let (name_at, name_len) = (u32_at(row, 24) as usize, usize::from(u16_at(row, 28)));
        let (flags, number) = (u16_at(row, 30), u32_at(row, 68));
        let from = usize::try_from(offset).ok().filter(|o| *o >= HEADER_BYTES)?;
        let stored = self.bytes.get(from..from.checked_add(usize::try_from(stored).ok()?)?)?;
        let packed = flags & PACKED != 0;
        if len_bytes > ENTRY_BYTES_MAX || !is_sealed_length(stored.len()) {
            return None;
        }
        let chunks = len_bytes.div_ceil(CHUNK_BYTES as u64).max(1);
        let whole = packed || len_bytes + chunks * TAG_BYTES as u64 == stored.len() as u64;
        let sane = flags <= PACKED && whole && (number as usize) < self.count();
        let name = std::str::from_utf8(self.names.get(name_at..name_at + name_len)?).ok()?;
        let mut digest = Digest([0; 32]);
        digest.0.copy_from_slice(&row[36..68]);
        sane.then_some(Entry { name, len_bytes, digest, seals: &self.seals, number, stored, packed, crc: u32_at(row, 32) })
    }
}

impl<'a> Entry<'a> {
    /// Reads all of it and compares checksum, seals, length and digest.
    ///
    /// # Errors
    /// Which of them differs.
    pub fn verify(&self) -> Result<(), &'static str> {
        let mut hash = sha2::Sha256::new();
        let mut buffer = vec![0; BUFFER_BYTES];
        let mut reader = self.reader()?;
        let mut len = 0;
        loop {
            match reader.read(&mut buffer).map_err(|_| "can't be unpacked, or sealed with another key")? {
                0 => return self.same(len, Digest(hash.finalize().into())),
                n => {
                    hash.update(&buffer[..n]);
                    len += n as u64;
                }
            }
        }
    }

    /// The content, verified; at most `bytes_max` of it.
    ///
    /// # Errors
    /// It is damaged or longer.
    pub fn content(&self, bytes_max: u64) -> Result<Vec<u8>, &'static str> {
        if self.len_bytes > bytes_max {
            return Err("longer than is looked at");
        }
        let mut content = Vec::new();
        self.reader()?.read_to_end(&mut content).map_err(|_| "can't be unpacked, or sealed with another key")?;
        self.same(content.len() as u64, Digest::of(&content))?;
        Ok(content)
    }

    /// One byte more than it should give, so that a longer content is noticed and a bomb is not.
    fn reader(&self) -> Result<Box<dyn Read + 'a>, &'static str> {
        if crc32c::crc32c(self.stored) != self.crc {
            return Err("checksum wrong");
        }
        let opened = Opened { chunks: Chunks { seals: self.seals, entry: self.number, next: 0, rest: self.stored }, ready: Vec::new(), at: 0 };
        if !self.packed {
            return Ok(Box::new(opened.take(self.len_bytes + 1)));
        }
        let mut decoder = zstd::stream::read::Decoder::new(opened).map_err(|_| "can't be unpacked")?.single_frame();
        decoder.window_log_max(WINDOW_LOG_MAX).map_err(|_| "can't be unpacked")?;
        Ok(Box::new(decoder.take(self.len_bytes + 1)))
    }

    fn same(&self, len_bytes: u64, digest: Digest) -> Result<(), &'static str> {
        if len_bytes != self.len_bytes {
            return Err("length differs");
        }
        if digest == self.digest { Ok(()) } else { Err("digest differs") }
    }
}

/// The sealed chunks of an entry, opened one after the other.
struct Chunks<'a> {
    seals: &'a Seals,
    entry: u32,
    next: u32,
    rest: &'a [u8],
}

impl Chunks<'_> {
    /// Appends the next chunk's content. `false`: the last one was given.
    fn read_next(&mut self, out: &mut Vec<u8>) -> Result<bool, &'static str> {
        let last = self.rest.len() <= SEALED_CHUNK_BYTES;
        let (sealed, rest) = self.rest.split_at(self.rest.len().min(SEALED_CHUNK_BYTES));
        let (content, tag) = sealed.split_at(sealed.len().checked_sub(TAG_BYTES).ok_or(OTHER_KEY)?);
        let mut nonce = XNonce::default();
        nonce[..SALT_BYTES].copy_from_slice(&self.seals.salt);
        nonce[SALT_BYTES..SALT_BYTES + 4].copy_from_slice(&self.entry.to_le_bytes());
        nonce[SALT_BYTES + 4..].copy_from_slice(&(self.next | if last { LAST_CHUNK } else { 0 }).to_le_bytes());
        let from = out.len();
        out.extend_from_slice(content);
        let tag = Tag::try_from(tag).map_err(|_| OTHER_KEY)?;
        self.seals.aead.decrypt_inout_detached(&nonce, &self.seals.bound_to, out[from..].as_mut().into(), &tag).map_err(|_| OTHER_KEY)?;
        (self.next, self.rest) = (self.next + 1, rest);
        Ok(!last)
    }

    fn read_all(mut self, out: &mut Vec<u8>) -> Result<(), &'static str> {
        while self.read_next(out)? {}
        Ok(())
    }
}

/// An entry's unsealed bytes as a stream.
struct Opened<'a> {
    chunks: Chunks<'a>,
    ready: Vec<u8>,
    at: usize,
}

impl Read for Opened<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let begun = self.chunks.next > 0;
        if self.at == self.ready.len() && !(begun && self.chunks.rest.is_empty()) {
            self.ready.clear();
            self.at = 0;
            self.chunks.read_next(&mut self.ready).map_err(|why| io::Error::new(io::ErrorKind::InvalidData, why))?;
        }
        let n = out.len().min(self.ready.len() - self.at);
        out[..n].copy_from_slice(&self.ready[self.at..self.at + n]);
        self.at += n;
        Ok(n)
    }
}

/// Whole chunks, then one that isn't empty; or a single one.
fn is_sealed_length(len: usize) -> bool {
    let last = len % SEALED_CHUNK_BYTES;
    if len < SEALED_CHUNK_BYTES { len >= TAG_BYTES } else { last == 0 || last > TAG_BYTES }
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{MemoryDisk, data_key};
    use ledger::disk::Disk;

    fn key(n: u8) -> PackageKey {
        PackageKey::new([n; 32])
    }

    fn sample() -> Vec<u8> {
        let disk = MemoryDisk::default();
        let mut writer = ledger::segment::SegmentWriter::create(disk.shared(), "f", &data_key(4), [8; 16]).unwrap();
        writer.add("b", &vec![7; 5000]).unwrap();
        writer.begin("photos/a.jpg", false).unwrap();
        writer.write(b"raw bytes").unwrap();
        writer.end().unwrap();
        writer.publish().unwrap();
        disk.read("f").unwrap()
    }

    #[test]
    fn entries_are_read_back_packed_and_raw() {
        let bytes = sample();
        let file = VaultFile::open(&bytes, &key(4)).unwrap();
        assert_eq!(file.entries().map(|e| e.name).collect::<Vec<_>>(), ["b", "photos/a.jpg"]);
        assert_eq!(file.find("photos/a.jpg").unwrap().content(100).unwrap(), b"raw bytes");
        assert_eq!(file.find("b").unwrap().content(5000).unwrap().len(), 5000);
        assert_eq!(file.find("b").unwrap().content(4999), Err("longer than is looked at"));
        assert!(file.find("c").is_none());
        assert_eq!(VaultFile::open(&bytes, &key(5)).err(), Some(OTHER_KEY));
    }

    /// Entries around the border of a chunk, as the writer makes them.
    #[test]
    fn entries_of_many_chunks_are_read_back() {
        for len in [0, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES] {
            let disk = MemoryDisk::default();
            let content: Vec<u8> = (0..len as u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
            let mut writer = ledger::segment::SegmentWriter::create(disk.shared(), "f", &data_key(4), [8; 16]).unwrap();
            for (name, packed) in [("raw", false), ("packed", true)] {
                writer.begin(name, packed).unwrap();
                writer.write(&content).unwrap();
                writer.end().unwrap();
            }
            writer.publish().unwrap();
            let bytes = disk.read("f").unwrap();
            let file = VaultFile::open(&bytes, &key(4)).unwrap();
            for entry in file.entries() {
                assert_eq!(entry.verify(), Ok(()), "{} of {len} bytes", entry.name);
                assert!(entry.content(1 << 20).unwrap() == content);
            }
        }
    }

    /// The auditor and the ledger take the same lengths for sealed.
    #[test]
    fn a_last_chunk_is_empty_only_when_it_is_the_only_one() {
        let borders = (0..4).flat_map(|n| (n * SEALED_CHUNK_BYTES).saturating_sub(40)..n * SEALED_CHUNK_BYTES + 40);
        for len in borders {
            assert_eq!(is_sealed_length(len), ledger::segment::content_len(len as u64).is_some(), "{len} bytes");
        }
    }

    /// Not one bit of a vault file can change unseen.
    #[test]
    fn every_flipped_bit_is_noticed() {
        let bytes = sample();
        let sound = |bytes: &[u8]| VaultFile::open(bytes, &key(4)).is_ok_and(|f| f.entries().count() == 2 && f.entries().all(|e| e.verify().is_ok()));
        assert!(sound(&bytes));
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(!sound(&flipped), "bit {bit}");
        }
    }
}
