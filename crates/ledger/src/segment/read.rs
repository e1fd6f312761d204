//! Reading a segment in place: nothing is copied to open it, raw entries are borrowed, and whatever is touched is checked first.

use std::borrow::Cow;
use std::io::{self, Read};

use card::Digest;

use super::{
    Damaged, END_MAGIC, ENTRIES_MAX, ENTRY_BYTES_MAX, FORMAT_VERSION, HEADER_BYTES, MAGIC, PACKED, ROW_BYTES, Row, TRAILER_BYTES, ZSTD_WINDOW_LOG_MAX, header,
};
use crate::disk::Bytes;

/// An open segment. Cheap to clone; usable from many threads.
#[derive(Clone)]
pub struct SegmentReader {
    bytes: Bytes,
    count: usize,
    index_at: usize,
    names_at: usize,
}

/// One entry of a segment, in the order of names.
#[derive(Clone, Copy)]
pub struct EntryView<'a> {
    segment: &'a SegmentReader,
    row: Row,
}

impl SegmentReader {
    /// Checks header, trailer and index; entries are checked when they are read.
    ///
    /// # Errors
    /// The bytes aren't a whole, sound segment of a version this program reads.
    pub fn open(bytes: Bytes) -> Result<Self, Damaged> {
        let all = (*bytes).as_ref();
        let trailer_at = all.len().checked_sub(TRAILER_BYTES).filter(|&at| at >= HEADER_BYTES).ok_or(at(0, "too short"))?;
        check_header(&all[..HEADER_BYTES])?;
        let trailer = Trailer::parse(&all[trailer_at..]).ok_or(at(trailer_at, "the trailer is damaged"))?;
        let names_at = trailer.names_at(trailer_at).ok_or(at(trailer_at, "the trailer doesn't fit the file"))?;
        if crc32c::crc32c(&all[trailer.index_at..trailer_at]) != trailer.index_crc {
            return Err(at(trailer.index_at, "the index is damaged"));
        }
        let reader = Self { bytes, count: trailer.count, index_at: trailer.index_at, names_at };
        reader.check_rows(trailer_at - names_at)?;
        Ok(reader)
    }

    /// Number of entries.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// All entries, sorted by name (bytewise).
    pub fn entries(&self) -> impl ExactSizeIterator<Item = EntryView<'_>> {
        (0..self.count).map(|i| self.entry(i))
    }

    /// The entry of that name, found without allocating.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<EntryView<'_>> {
        let (mut low, mut high) = (0, self.count);
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

    /// Content of an entry: borrowed if stored raw. `None`: no such entry.
    ///
    /// # Errors
    /// The entry is damaged.
    pub fn get(&self, name: &str) -> Result<Option<Cow<'_, [u8]>>, Damaged> {
        self.find(name).map(|entry| entry.content()).transpose()
    }

    /// Content of an entry as a stream, for entries too large to hold. `None`: no such entry.
    ///
    /// # Errors
    /// The entry is damaged.
    pub fn stream(&self, name: &str) -> Result<Option<Box<dyn Read + Send + '_>>, Damaged> {
        self.find(name).map(|entry| entry.stream()).transpose()
    }

    fn all(&self) -> &[u8] {
        (*self.bytes).as_ref()
    }

    fn row(&self, i: usize) -> Row {
        let from = self.index_at + i * ROW_BYTES;
        Row::parse(&self.all()[from..from + ROW_BYTES])
    }

    fn entry(&self, i: usize) -> EntryView<'_> {
        EntryView { segment: self, row: self.row(i) }
    }

    fn name(&self, row: &Row) -> &[u8] {
        let from = self.names_at + row.name_at as usize;
        &self.all()[from..from + usize::from(row.name_len)]
    }

    /// Every row within bounds, names valid, unique and sorted, and the entries fill the file without a gap.
    fn check_rows(&self, names_len: usize) -> Result<(), Damaged> {
        let mut stored_bytes = 0u64;
        let mut previous: Option<&[u8]> = None;
        for i in 0..self.count {
            let row = self.row(i);
            let wrong = at(self.index_at + i * ROW_BYTES, "the index row is out of bounds");
            if !self.row_fits(&row, names_len) {
                return Err(wrong);
            }
            let name = self.name(&row);
            if previous.is_some_and(|p| p >= name) || std::str::from_utf8(name).is_err() {
                return Err(wrong);
            }
            previous = Some(name);
            stored_bytes += row.stored_bytes;
        }
        let filled = stored_bytes == (self.index_at - HEADER_BYTES) as u64;
        if filled { Ok(()) } else { Err(at(self.index_at, "the entries don't fill the file")) }
    }

    fn row_fits(&self, row: &Row, names_len: usize) -> bool {
        let end = row.offset.checked_add(row.stored_bytes);
        row.offset >= HEADER_BYTES as u64
            && end.is_some_and(|end| end <= self.index_at as u64)
            && row.name_at as usize + usize::from(row.name_len) <= names_len
            && row.flags <= PACKED
            && row.len_bytes <= ENTRY_BYTES_MAX
            && (row.is_packed() || row.len_bytes == row.stored_bytes)
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

    /// The content: borrowed if stored raw. Its checksum is verified first.
    ///
    /// # Errors
    /// The entry is damaged.
    pub fn content(&self) -> Result<Cow<'a, [u8]>, Damaged> {
        if !self.row.is_packed() {
            return self.stored().map(Cow::Borrowed);
        }
        let capacity = usize::try_from(self.row.len_bytes).map_err(|_| self.damaged("the entry is too large"))?;
        let mut content = Vec::with_capacity(capacity);
        self.stream()?.read_to_end(&mut content).map_err(|_| self.damaged("the packed entry can't be unpacked"))?;
        Ok(Cow::Owned(content))
    }

    /// The content as a stream. Its checksum is verified before the first byte is given.
    ///
    /// # Errors
    /// The entry is damaged.
    pub fn stream(&self) -> Result<Box<dyn Read + Send + 'a>, Damaged> {
        let stored = self.stored()?;
        if !self.row.is_packed() {
            return Ok(Box::new(stored));
        }
        let unpackable = |_| self.damaged("the packed entry can't be unpacked");
        let mut decoder = zstd::stream::read::Decoder::with_buffer(stored).map_err(unpackable)?.single_frame();
        decoder.window_log_max(ZSTD_WINDOW_LOG_MAX).map_err(unpackable)?;
        Ok(Box::new(Exactly { inner: decoder, left: self.row.len_bytes }))
    }

    /// Hashes the content and compares it with the digest in the index.
    ///
    /// # Errors
    /// The entry is damaged.
    pub fn verify(&self) -> Result<(), Damaged> {
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

    fn stored(&self) -> Result<&'a [u8], Damaged> {
        let from = usize::try_from(self.row.offset).map_err(|_| self.damaged("the entry is too large"))?;
        let len = usize::try_from(self.row.stored_bytes).map_err(|_| self.damaged("the entry is too large"))?;
        let stored = &self.segment.all()[from..from + len];
        if crc32c::crc32c(stored) == self.row.crc { Ok(stored) } else { Err(self.damaged("the entry's checksum is wrong")) }
    }

    fn damaged(&self, why: &'static str) -> Damaged {
        Damaged { offset: self.row.offset, why }
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

fn at(offset: usize, why: &'static str) -> Damaged {
    Damaged { offset: offset as u64, why }
}

fn check_header(found: &[u8]) -> Result<(), Damaged> {
    if found == header() {
        return Ok(());
    }
    let later = found[..8] == MAGIC && found[8..12] > FORMAT_VERSION.to_le_bytes()[..];
    Err(at(0, if later { "written by a later version of the program, or the header is damaged" } else { "the header is damaged" }))
}

struct Trailer {
    index_at: usize,
    count: usize,
    names_len: usize,
    index_crc: u32,
}

impl Trailer {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let u32_at = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
        let sound = bytes[28..] == END_MAGIC && u32_at(24) == crc32c::crc32c(&bytes[..24]) && u32_at(20) == 0;
        let index_at = u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes"));
        let trailer = Self { index_at: usize::try_from(index_at).ok()?, count: u32_at(8) as usize, names_len: u32_at(12) as usize, index_crc: u32_at(16) };
        (sound && trailer.count <= ENTRIES_MAX).then_some(trailer)
    }

    /// Where the names start, if index and names end exactly at the trailer.
    fn names_at(&self, trailer_at: usize) -> Option<usize> {
        let names_at = self.index_at.checked_add(self.count * ROW_BYTES)?;
        let ends = names_at.checked_add(self.names_len)? == trailer_at;
        (ends && self.index_at >= HEADER_BYTES).then_some(names_at)
    }
}
