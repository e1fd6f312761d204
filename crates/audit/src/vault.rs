//! Reading vault files (crates/ledger/FORMAT.md §3), written anew from that page: header, index, checksum and digest of every
//! entry. Whoever asks for an entry gets its content only if both fit.

use std::borrow::Cow;
use std::io::Read;

use card::Digest;
use ledger::segment::{END_MAGIC, ENTRIES_MAX, ENTRY_BYTES_MAX, FORMAT_VERSION, HEADER_BYTES, MAGIC, PACKED, ROW_BYTES, TRAILER_BYTES};
use sha2::Digest as _;

/// Largest window a packed entry may ask for, as a power of two.
const WINDOW_LOG_MAX: u32 = 23;
const BUFFER_BYTES: usize = 64 << 10;

/// A vault file whose header and index are sound.
pub struct VaultFile<'a> {
    bytes: &'a [u8],
    rows: &'a [u8],
    names: &'a [u8],
}

/// One entry as the index describes it.
#[derive(Clone, Copy)]
pub struct Entry<'a> {
    pub name: &'a str,
    pub len_bytes: u64,
    pub digest: Digest,
    stored: &'a [u8],
    packed: bool,
    crc: u32,
}

impl<'a> VaultFile<'a> {
    /// # Errors
    /// What is wrong with the file's frame or index.
    pub fn open(bytes: &'a [u8]) -> Result<Self, &'static str> {
        let trailer_at = bytes.len().checked_sub(TRAILER_BYTES).filter(|at| *at >= HEADER_BYTES).ok_or("too short")?;
        let (head, trailer) = (&bytes[..HEADER_BYTES], &bytes[trailer_at..]);
        if head[..8] != MAGIC || head[8..12] != FORMAT_VERSION.to_le_bytes() || head[12..16] != [0; 4] {
            return Err("the header is damaged or of another version");
        }
        let [index_at, count, names_len] = [u64_at(trailer, 0), u64::from(u32_at(trailer, 8)), u64::from(u32_at(trailer, 12))];
        if trailer[28..] != END_MAGIC || trailer[20..24] != [0; 4] || crc32c::crc32c(&trailer[..24]) != u32_at(trailer, 24) {
            return Err("the trailer is damaged");
        }
        let rows_len = count * ROW_BYTES as u64;
        let fits = index_at >= HEADER_BYTES as u64 && count <= ENTRIES_MAX as u64 && index_at.checked_add(rows_len + names_len) == Some(trailer_at as u64);
        if !fits {
            return Err("the trailer doesn't fit the file");
        }
        let index = &bytes[index_at as usize..trailer_at];
        if crc32c::crc32c(index) != u32_at(trailer, 16) {
            return Err("the index is damaged");
        }
        let (rows, names) = index.split_at(rows_len as usize);
        let file = Self { bytes: &bytes[..index_at as usize], rows, names };
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
    pub fn entries(&self) -> impl Iterator<Item = Entry<'a>> + '_ {
        (0..self.count()).filter_map(|i| self.entry(i))
    }

    pub fn find(&self, name: &str) -> Option<Entry<'a>> {
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

    /// offset 8 | stored 8 | length 8 | name offset 4 | name length 2 | flags 2 | crc32c 4 | SHA-256 32.
    fn entry(&self, i: usize) -> Option<Entry<'a>> {
        let row = self.rows.get(i * ROW_BYTES..(i + 1) * ROW_BYTES)?;
        let [offset, stored, len_bytes] = [0, 8, 16].map(|at| u64_at(row, at));
        let (name_at, name_len) = (u32_at(row, 24) as usize, usize::from(u16_at(row, 28)));
        let flags = u16_at(row, 30);
        let from = usize::try_from(offset).ok().filter(|o| *o >= HEADER_BYTES)?;
        let stored = self.bytes.get(from..from.checked_add(usize::try_from(stored).ok()?)?)?;
        let packed = flags & PACKED != 0;
        let sane = flags <= PACKED && len_bytes <= ENTRY_BYTES_MAX && (packed || len_bytes == stored.len() as u64);
        let name = std::str::from_utf8(self.names.get(name_at..name_at + name_len)?).ok()?;
        let mut digest = Digest([0; 32]);
        digest.0.copy_from_slice(&row[36..68]);
        sane.then_some(Entry { name, len_bytes, digest, stored, packed, crc: u32_at(row, 32) })
    }
}

impl<'a> Entry<'a> {
    /// Reads all of it and compares checksum, length and digest.
    ///
    /// # Errors
    /// Which of them differs.
    pub fn verify(&self) -> Result<(), &'static str> {
        self.check_stored()?;
        if !self.packed {
            return self.same(self.stored.len() as u64, Digest::of(self.stored));
        }
        let mut hash = sha2::Sha256::new();
        let mut buffer = vec![0; BUFFER_BYTES];
        let mut reader = self.reader()?;
        let mut len = 0;
        loop {
            match reader.read(&mut buffer).map_err(|_| "can't be unpacked")? {
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
    pub fn content(&self, bytes_max: u64) -> Result<Cow<'a, [u8]>, &'static str> {
        if self.len_bytes > bytes_max {
            return Err("longer than is looked at");
        }
        self.check_stored()?;
        let content = if self.packed {
            let mut content = Vec::new();
            self.reader()?.read_to_end(&mut content).map_err(|_| "can't be unpacked")?;
            Cow::Owned(content)
        } else {
            Cow::Borrowed(self.stored)
        };
        self.same(content.len() as u64, Digest::of(&content))?;
        Ok(content)
    }

    fn check_stored(&self) -> Result<(), &'static str> {
        if crc32c::crc32c(self.stored) == self.crc { Ok(()) } else { Err("checksum wrong") }
    }

    /// One byte more than it should give, so that a longer content is noticed and a bomb is not.
    fn reader(&self) -> Result<impl Read + 'a, &'static str> {
        let mut decoder = zstd::stream::read::Decoder::with_buffer(self.stored).map_err(|_| "can't be unpacked")?.single_frame();
        decoder.window_log_max(WINDOW_LOG_MAX).map_err(|_| "can't be unpacked")?;
        Ok(decoder.take(self.len_bytes + 1))
    }

    fn same(&self, len_bytes: u64, digest: Digest) -> Result<(), &'static str> {
        if len_bytes != self.len_bytes {
            return Err("length differs");
        }
        if digest == self.digest { Ok(()) } else { Err("digest differs") }
    }
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
    use crate::testing::MemoryDisk;
    use ledger::disk::Disk;

    fn sample() -> Vec<u8> {
        let disk = MemoryDisk::default();
        let mut writer = ledger::segment::SegmentWriter::create(disk.shared(), "f").unwrap();
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
        let file = VaultFile::open(&bytes).unwrap();
        assert_eq!(file.entries().map(|e| e.name).collect::<Vec<_>>(), ["b", "photos/a.jpg"]);
        assert_eq!(file.find("photos/a.jpg").unwrap().content(100).unwrap().as_ref(), b"raw bytes");
        assert_eq!(file.find("b").unwrap().content(5000).unwrap().len(), 5000);
        assert_eq!(file.find("b").unwrap().content(4999), Err("longer than is looked at"));
        assert!(file.find("c").is_none());
    }

    /// Not one bit of a vault file can change unseen.
    #[test]
    fn every_flipped_bit_is_noticed() {
        let bytes = sample();
        let sound = |bytes: &[u8]| VaultFile::open(bytes).is_ok_and(|f| f.entries().count() == 2 && f.entries().all(|e| e.verify().is_ok()));
        assert!(sound(&bytes));
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(!sound(&flipped), "bit {bit}");
        }
    }
}
