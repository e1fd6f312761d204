//! Reading a segment: its index is opened once and kept, entries are opened when they are asked for; whatever is touched is checked
//! first. A checksum that is wrong is damage; a seal that doesn't open under right checksums is another key.

use std::io::{self, Read};
use std::sync::Arc;

use card::Digest;

use super::seal::{Cipher, DataKey, Opening, content_len, sealed_len};
use super::{
    END_MAGIC, ENTRIES_MAX, ENTRY_BYTES_MAX, FORMAT_VERSION, HEADER_BYTES, INDEX_ENTRY, MAGIC, PACKED, ROW_BYTES, Row, SALT_BYTES, TRAILER_BYTES, Unreadable,
    ZSTD_WINDOW_LOG_MAX, header,
};
use crate::disk::Bytes;

/// An open segment. Cheap to clone; usable from many threads.
#[derive(Clone)]
pub struct SegmentReader(Arc<Opened>);

struct Opened {
    bytes: Bytes,
    cipher: Cipher,
    count: usize,
    /// Where the entries end in the file.
    index_at: usize,
    /// Rows, then names.
    index: Vec<u8>,
}

/// One entry of a segment, in the order of names.
#[derive(Clone, Copy)]
pub struct EntryView<'a> {
    segment: &'a SegmentReader,
    pub(super) row: Row,
}

impl SegmentReader {
    /// Opens the index with the package's key and checks it; entries are checked when they are read.
    ///
    /// # Errors
    /// The bytes aren't a whole, sound segment of the version this program reads, or the key is another one's.
    pub fn open(bytes: Bytes, key: &DataKey) -> Result<Self, Unreadable> {
        let all = (*bytes).as_ref();
        let salt = check_header(all)?;
        let trailer_at = all.len().checked_sub(TRAILER_BYTES).filter(|&at| at >= HEADER_BYTES).ok_or(at(0, "too short"))?;
        let trailer = Trailer::parse(&all[..HEADER_BYTES], &all[trailer_at..]).ok_or(at(trailer_at, "header or trailer are damaged"))?;
        let index_fits = trailer.sealed_len().and_then(|sealed| trailer.index_at.checked_add(sealed)) == Some(trailer_at) && trailer.index_at >= HEADER_BYTES;
        if !index_fits {
            return Err(at(trailer_at, "the trailer doesn't fit the file"));
        }
        let sealed = &all[trailer.index_at..trailer_at];
        if crc32c::crc32c(sealed) != trailer.index_crc {
            return Err(at(trailer.index_at, "the index is damaged"));
        }
        let cipher = Cipher::new(key, salt);
        let index = cipher.open_all(INDEX_ENTRY, sealed).ok_or(Unreadable::OtherKey)?;
        let reader = Self(Arc::new(Opened { cipher, count: trailer.count, index_at: trailer.index_at, index, bytes }));
        reader.check_rows()?;
        Ok(reader)
    }

    /// Number of entries.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.count
    }

    /// Memory this open segment holds.
    #[must_use]
    pub fn index_bytes(&self) -> usize {
        self.0.index.len()
    }

    /// All entries, sorted by name (bytewise).
    pub fn entries(&self) -> impl ExactSizeIterator<Item = EntryView<'_>> {
        (0..self.count()).map(|i| self.entry(i))
    }

    /// The entry of that name, found without allocating.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<EntryView<'_>> {
        let (mut low, mut high) = (0, self.count());
        while low < high {
            let middle = low + (high - low) / 2;
            match self.name(&self.row(middle)).cmp(name.as_bytes()) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Equal => return Some(self.entry(middle)),
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }

    /// Content of an entry. `None`: no such entry.
    ///
    /// # Errors
    /// The entry is damaged.
    pub fn get(&self, name: &str) -> Result<Option<Vec<u8>>, Unreadable> {
        self.find(name).map(|entry| entry.content()).transpose()
    }

    /// Content of an entry as a stream, for entries too large to hold. `None`: no such entry.
    ///
    /// # Errors
    /// The entry is damaged.
    pub fn stream(&self, name: &str) -> Result<Option<Box<dyn Read + Send + '_>>, Unreadable> {
        self.find(name).map(|entry| entry.stream()).transpose()
    }

    fn all(&self) -> &[u8] {
        (*self.0.bytes).as_ref()
    }

    fn row(&self, i: usize) -> Row {
        Row::parse(&self.0.index[i * ROW_BYTES..(i + 1) * ROW_BYTES])
    }

    fn entry(&self, i: usize) -> EntryView<'_> {
        EntryView { segment: self, row: self.row(i) }
    }

    fn name(&self, row: &Row) -> &[u8] {
        let from = self.0.count * ROW_BYTES + row.name_at as usize;
        &self.0.index[from..from + usize::from(row.name_len)]
    }

    /// Every row within bounds, names valid, unique and sorted, and the entries fill the file without a gap.
    fn check_rows(&self) -> Result<(), Unreadable> {
        let names_len = self.0.index.len() - self.0.count * ROW_BYTES;
        let wrong = |why| Err(at(self.0.index_at, why));
        let mut stored_bytes = 0u64;
        let mut previous: Option<&[u8]> = None;
        for i in 0..self.0.count {
            let row = self.row(i);
            if !self.row_fits(&row, names_len) {
                return wrong("an index row is out of bounds");
            }
            let name = self.name(&row);
            if previous.is_some_and(|p| p >= name) || std::str::from_utf8(name).is_err() {
                return wrong("the index is out of order");
            }
            previous = Some(name);
            stored_bytes += row.stored_bytes;
        }
        if stored_bytes == (self.0.index_at - HEADER_BYTES) as u64 { Ok(()) } else { wrong("the entries don't fill the file") }
    }

    fn row_fits(&self, row: &Row, names_len: usize) -> bool {
        let end = row.offset.checked_add(row.stored_bytes);
        row.offset >= HEADER_BYTES as u64
            && end.is_some_and(|end| end <= self.0.index_at as u64)
            && row.name_at as usize + usize::from(row.name_len) <= names_len
            && row.flags <= PACKED
            && row.len_bytes <= ENTRY_BYTES_MAX
            && (row.number as usize) < self.0.count
            && if row.is_packed() { content_len(row.stored_bytes).is_some() } else { sealed_len(row.len_bytes) == row.stored_bytes }
    }
}

impl<'a> EntryView<'a> {
    #[must_use]
    pub fn name(&self) -> &'a str {
        std::str::from_utf8(self.segment.name(&self.row)).expect("checked when the segment was opened")
    }

    /// Length of the content.
    #[must_use]
    pub fn len_bytes(&self) -> u64 {
        self.row.len_bytes
    }

    /// SHA-256 of the content, as written.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.row.digest
    }

    /// The content. Its checksum is verified first.
    ///
    /// # Errors
    /// The entry is damaged.
    pub fn content(&self) -> Result<Vec<u8>, Unreadable> {
        if !self.row.is_packed() {
            return self.segment.0.cipher.open_all(self.row.number, self.stored()?).ok_or(Unreadable::OtherKey);
        }
        let capacity = usize::try_from(self.row.len_bytes).map_err(|_| self.damaged("the entry is too large"))?;
        let mut content = Vec::with_capacity(capacity);
        self.stream()?.read_to_end(&mut content).map_err(|_| self.damaged("the packed entry can't be unpacked"))?;
        Ok(content)
    }

    /// The content as a stream. Its checksum is verified before the first byte is given, each chunk's seal before the chunk is.
    ///
    /// # Errors
    /// The entry is damaged.
    pub fn stream(&self) -> Result<Box<dyn Read + Send + 'a>, Unreadable> {
        let opening = Opening::new(&self.segment.0.cipher, self.row.number, self.stored()?);
        if !self.row.is_packed() {
            return Ok(Box::new(opening));
        }
        let unpackable = |_| self.damaged("the packed entry can't be unpacked");
        let mut decoder = zstd::stream::read::Decoder::with_buffer(opening).map_err(unpackable)?.single_frame();
        decoder.window_log_max(ZSTD_WINDOW_LOG_MAX).map_err(unpackable)?;
        Ok(Box::new(Exactly { inner: decoder, left: self.row.len_bytes }))
    }

    /// Hashes the content and compares it with the digest in the index.
    ///
    /// # Errors
    /// The entry is damaged.
    pub fn verify(&self) -> Result<(), Unreadable> {
        use sha2::Digest as _;
        let mut hash = sha2::Sha256::new();
        let mut stream = self.stream()?;
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match stream.read(&mut buffer).map_err(|_| self.damaged("the packed entry can't be unpacked"))? {
                0 => break,
                n => hash.update(&buffer[..n]),
            }
        }
        let same = self.row.digest.0 == <[u8; 32]>::from(hash.finalize());
        if same { Ok(()) } else { Err(self.damaged("the content's digest is another")) }
    }

    fn stored(&self) -> Result<&'a [u8], Unreadable> {
        let from = usize::try_from(self.row.offset).map_err(|_| self.damaged("the entry is too large"))?;
        let len = usize::try_from(self.row.stored_bytes).map_err(|_| self.damaged("the entry is too large"))?;
        let stored = &self.segment.all()[from..from + len];
        if crc32c::crc32c(stored) == self.row.crc { Ok(stored) } else { Err(self.damaged("the entry's checksum is wrong")) }
    }

    fn damaged(&self, why: &'static str) -> Unreadable {
        Unreadable::Damaged { offset: self.row.offset, why }
    }
}

/// Gives exactly `left` bytes; fewer or more inside is an error.
struct Exactly<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Exactly<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(out)? as u64;
        let ended_early = n == 0 && self.left > 0 && !out.is_empty();
        if n > self.left || ended_early {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "another length than the index says"));
        }
        self.left -= n;
        Ok(usize::try_from(n).expect("no more than the buffer"))
    }
}

fn at(offset: usize, why: &'static str) -> Unreadable {
    Unreadable::Damaged { offset: offset as u64, why }
}

/// The salt of a header of this version. Its checksum is in the trailer.
fn check_header(file: &[u8]) -> Result<[u8; SALT_BYTES], Unreadable> {
    let (front, salt) = file.get(..HEADER_BYTES).ok_or(at(0, "too short"))?.split_at(HEADER_BYTES - SALT_BYTES);
    let salt = salt.try_into().expect("the rest of the header");
    if front == &header(&salt)[..front.len()] {
        return Ok(salt);
    }
    let found = u32::from_le_bytes(front[8..12].try_into().expect("four bytes"));
    if front[..8] == MAGIC && found != FORMAT_VERSION { Err(Unreadable::OtherVersion { found }) } else { Err(at(0, "the header is damaged")) }
}

struct Trailer {
    index_at: usize,
    count: usize,
    names_len: usize,
    index_crc: u32,
}

impl Trailer {
    fn parse(header: &[u8], bytes: &[u8]) -> Option<Self> {
        let u32_at = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
        let sound = bytes[28..] == END_MAGIC && u32_at(24) == crc32c::crc32c_append(crc32c::crc32c(header), &bytes[..24]) && u32_at(20) == 0;
        let index_at = u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes"));
        let trailer = Self { index_at: usize::try_from(index_at).ok()?, count: u32_at(8) as usize, names_len: u32_at(12) as usize, index_crc: u32_at(16) };
        (sound && trailer.count <= ENTRIES_MAX).then_some(trailer)
    }

    /// Length of the index in the file: rows and names, sealed.
    fn sealed_len(&self) -> Option<usize> {
        usize::try_from(sealed_len((self.count * ROW_BYTES + self.names_len) as u64)).ok()
    }
}
