//! Writing a segment entry by entry, in bounded memory: one buffer, one packer, one chunk being sealed, and a row per entry.

use std::io::{BufWriter, Write};
use std::sync::Arc;

use card::Digest;
use sha2::Digest as _;
use zstd::stream::raw::{Encoder, InBuffer, Operation as _, OutBuffer};

use super::seal::{Cipher, DataKey, Sealing};
use super::{
    CHUNK_BYTES, END_MAGIC, ENTRIES_MAX, ENTRY_BYTES_MAX, EntryInfo, HEADER_BYTES, INDEX_ENTRY, NAME_BYTES_MAX, PACKED, ROW_BYTES, Row, SALT_BYTES, TAG_BYTES,
    TRAILER_BYTES, ZSTD_LEVEL, header,
};
use crate::disk::Disk;
use crate::fault::Fault;
use crate::publish::{FileInfo, Part, Together};

const BUFFER_BYTES: usize = 256 * 1024;
const PACK_BUFFER_BYTES: usize = 128 * 1024;

/// A segment being written to a temporary name. `begin`, any number of `write`, `end`; at last `publish` or `abandon`.
pub struct SegmentWriter {
    disk: Arc<dyn Disk>,
    out: BufWriter<Part>,
    cipher: Cipher,
    header: [u8; HEADER_BYTES],
    at: u64,
    rows: Vec<Row>,
    names: Vec<u8>,
    current: Option<Current>,
    packer: Option<Packer>,
    /// A chunk's room, handed from entry to entry.
    chunk: Vec<u8>,
}

struct Current {
    row: Row,
    hash: sha2::Sha256,
    sealing: Sealing,
}

struct Packer {
    encoder: Encoder<'static>,
    buffer: Vec<u8>,
}

impl SegmentWriter {
    /// Starts a segment that will be published as `path`, sealed with its package's key. `salt` is random and never used again.
    ///
    /// # Errors
    /// The disk's.
    pub fn create(disk: Arc<dyn Disk>, path: &str, key: &DataKey, salt: [u8; SALT_BYTES]) -> Result<Self, Fault> {
        let part = Part::create(&*disk, path)?;
        let mut writer = Self {
            disk,
            out: BufWriter::with_capacity(BUFFER_BYTES, part),
            cipher: Cipher::new(key, salt),
            header: header(&salt),
            at: 0,
            rows: Vec::new(),
            names: Vec::new(),
            current: None,
            packer: None,
            chunk: Vec::with_capacity(CHUNK_BYTES + TAG_BYTES),
        };
        put(&mut writer.out, &mut writer.at, &header(&salt))?;
        Ok(writer)
    }

    /// Starts an entry. Names are unique, 1 to [`NAME_BYTES_MAX`] bytes. What is packed already (photos) is stored as it is.
    ///
    /// # Errors
    /// [`Fault::Invariant`] when an entry is open, the name is too long or the segment is full.
    pub fn begin(&mut self, name: &str, compress: bool) -> Result<(), Fault> {
        let fits = !name.is_empty() && name.len() <= NAME_BYTES_MAX && self.rows.len() < ENTRIES_MAX;
        if self.current.is_some() || !fits {
            return Err(Fault::Invariant("segment entry begun inside another, or out of bounds".to_owned()));
        }
        let row = Row {
            offset: self.at,
            stored_bytes: 0,
            len_bytes: 0,
            name_at: u32::try_from(self.names.len()).expect("names are bounded"),
            name_len: u16::try_from(name.len()).expect("names are bounded"),
            flags: if compress { PACKED } else { 0 },
            crc: 0,
            digest: Digest([0; 32]),
            number: u32::try_from(self.rows.len()).expect("entries are bounded"),
        };
        if compress && self.packer.is_none() {
            self.packer = Some(Packer::new()?);
        }
        self.names.extend_from_slice(name.as_bytes());
        let sealing = Sealing::new(row.number, std::mem::take(&mut self.chunk));
        self.current = Some(Current { row, hash: sha2::Sha256::new(), sealing });
        Ok(())
    }

    /// Adds to the open entry.
    ///
    /// # Errors
    /// The disk's; [`Fault::Invariant`] without an open entry or past [`ENTRY_BYTES_MAX`].
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        let current = self.current.as_mut().ok_or_else(no_entry)?;
        current.row.len_bytes += bytes.len() as u64;
        if current.row.len_bytes > ENTRY_BYTES_MAX {
            return Err(Fault::Invariant(format!("segment entry over {ENTRY_BYTES_MAX} bytes")));
        }
        current.hash.update(bytes);
        if current.row.is_packed() { self.pack(bytes) } else { self.store(bytes) }
    }

    /// Ends the open entry.
    ///
    /// # Errors
    /// The disk's; [`Fault::Invariant`] without an open entry.
    pub fn end(&mut self) -> Result<EntryInfo, Fault> {
        if self.current.as_ref().ok_or_else(no_entry)?.row.is_packed() {
            self.finish_packing()?;
        }
        let Current { mut row, hash, mut sealing } = self.current.take().ok_or_else(no_entry)?;
        self.chunk = sealing.finish(&self.cipher, &mut |bytes| put(&mut self.out, &mut self.at, bytes))?;
        row.digest = Digest(hash.finalize().into());
        (row.crc, row.stored_bytes) = (sealing.crc, sealing.stored_bytes);
        self.rows.push(row);
        Ok(EntryInfo { len_bytes: row.len_bytes, digest: row.digest })
    }

    /// [`SegmentWriter::begin`], [`SegmentWriter::write`] and [`SegmentWriter::end`] of a whole entry, packed.
    ///
    /// # Errors
    /// As these.
    pub fn add(&mut self, name: &str, content: &[u8]) -> Result<EntryInfo, Fault> {
        self.begin(name, true)?;
        self.write(content)?;
        self.end()
    }

    /// Writes the index and publishes the segment.
    ///
    /// # Errors
    /// The disk's; [`Fault::SyncFailed`] must end the process. [`Fault::Invariant`] when an entry is open or a name comes twice.
    pub fn publish(self) -> Result<FileInfo, Fault> {
        let disk = self.disk.clone();
        self.written()?.publish(&*disk)
    }

    /// As [`SegmentWriter::publish`], with other files.
    ///
    /// # Errors
    /// As there, but nothing is synced yet.
    pub fn publish_with(self, others: &mut Together) -> Result<FileInfo, Fault> {
        Ok(others.take(self.written()?))
    }

    fn written(mut self) -> Result<Part, Fault> {
        if self.current.is_some() {
            return Err(Fault::Invariant("segment published with an open entry".to_owned()));
        }
        self.sort_rows()?;
        self.write_index()?;
        let path = self.out.get_ref().path().to_owned();
        self.out.into_inner().map_err(|e| Fault::io("write", path, e.into_error()))
    }

    /// Drops what was written.
    pub fn abandon(self) {
        self.out.into_parts().0.abandon(&*self.disk);
    }

    /// Bytes written so far, for limits.
    #[must_use]
    pub fn len_bytes(&self) -> u64 {
        self.at
    }

    fn sort_rows(&mut self) -> Result<(), Fault> {
        let names = &self.names;
        let name = |row: &Row| &names[row.name_at as usize..row.name_at as usize + usize::from(row.name_len)];
        self.rows.sort_unstable_by(|a, b| name(a).cmp(name(b)));
        let twice = self.rows.windows(2).any(|pair| name(&pair[0]) == name(&pair[1]));
        if twice { Err(Fault::Invariant("two segment entries have one name".to_owned())) } else { Ok(()) }
    }

    fn write_index(&mut self) -> Result<(), Fault> {
        let index_at = self.at;
        let rows = std::mem::take(&mut self.rows);
        let names = std::mem::take(&mut self.names);
        let mut sealing = Sealing::new(INDEX_ENTRY, std::mem::take(&mut self.chunk));
        let mut out = |bytes: &[u8]| put(&mut self.out, &mut self.at, bytes);
        for row in &rows {
            sealing.push(&self.cipher, &row.to_bytes(), &mut out)?;
        }
        sealing.push(&self.cipher, &names, &mut out)?;
        sealing.finish(&self.cipher, &mut out)?;
        out(&trailer(&self.header, index_at, rows.len(), names.len(), sealing.crc))
    }

    fn pack(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        let mut input = InBuffer::around(bytes);
        while input.pos() < bytes.len() {
            self.packing_step(|encoder, output| encoder.run(&mut input, output))?;
        }
        Ok(())
    }

    fn finish_packing(&mut self) -> Result<(), Fault> {
        while self.packing_step(|encoder, output| encoder.finish(output, true))? > 0 {}
        let packer = self.packer.as_mut().ok_or_else(no_entry)?;
        packer.encoder.reinit().map_err(packing_failed)
    }

    /// One call of the packer, and what it gave stored. What the call returned: for `finish`, bytes still inside.
    fn packing_step(&mut self, step: impl FnOnce(&mut Encoder<'static>, &mut OutBuffer<'_, [u8]>) -> std::io::Result<usize>) -> Result<usize, Fault> {
        let mut packer = self.packer.take().ok_or_else(no_entry)?;
        let mut output = OutBuffer::around(&mut packer.buffer[..]);
        let left = step(&mut packer.encoder, &mut output).map_err(packing_failed)?;
        let made = output.pos();
        let stored = self.store(&packer.buffer[..made]);
        self.packer = Some(packer);
        stored.map(|()| left)
    }

    fn store(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        let current = self.current.as_mut().ok_or_else(no_entry)?;
        current.sealing.push(&self.cipher, bytes, &mut |sealed| put(&mut self.out, &mut self.at, sealed))
    }
}

fn put(out: &mut BufWriter<Part>, at: &mut u64, bytes: &[u8]) -> Result<(), Fault> {
    *at += bytes.len() as u64;
    out.write_all(bytes).map_err(|e| Fault::io("write", out.get_ref().path(), e))
}

impl Packer {
    fn new() -> Result<Self, Fault> {
        let encoder = Encoder::new(ZSTD_LEVEL).map_err(packing_failed)?;
        Ok(Self { encoder, buffer: vec![0; PACK_BUFFER_BYTES] })
    }
}

fn no_entry() -> Fault {
    Fault::Invariant("segment written without an open entry".to_owned())
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn packing_failed(error: std::io::Error) -> Fault {
    Fault::Invariant(format!("zstd: {error}"))
}

fn trailer(header: &[u8; HEADER_BYTES], index_at: u64, rows: usize, names_len: usize, crc: u32) -> [u8; TRAILER_BYTES] {
    const { assert!(ENTRIES_MAX * NAME_BYTES_MAX < u32::MAX as usize && HEADER_BYTES < ROW_BYTES) };
    let mut out = [0; TRAILER_BYTES];
    out[..8].copy_from_slice(&index_at.to_le_bytes());
    out[8..12].copy_from_slice(&u32::try_from(rows).expect("entries are bounded").to_le_bytes());
    out[12..16].copy_from_slice(&u32::try_from(names_len).expect("names are bounded").to_le_bytes());
    out[16..20].copy_from_slice(&crc.to_le_bytes());
    let own = crc32c::crc32c_append(crc32c::crc32c(header), &out[..24]);
    out[24..28].copy_from_slice(&own.to_le_bytes());
    out[28..].copy_from_slice(&END_MAGIC);
    out
}
