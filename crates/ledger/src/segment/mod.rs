//! The vault's file format: many named entries in one immutable file, some packed with zstd, all sealed under their package's key.
//! Written once by streaming, published whole, found by binary search. Format: FORMAT.md §3. Knows nothing of packages.

mod read;
mod seal;
mod write;

use card::{Code, Digest};

use crate::fault::Fault;

pub use read::{EntryView, SegmentReader};
pub use seal::{DataKey, KEY_BYTES, content_len, sealed_len};
pub use write::SegmentWriter;

/// First bytes of a segment.
pub const MAGIC: [u8; 8] = *b"CLVAULT\n";
/// Last bytes of a segment.
pub const END_MAGIC: [u8; 8] = *b"CLVEND\r\n";
pub const FORMAT_VERSION: u32 = 2;
/// magic 8 | version 4 | zero 4 | salt 16.
pub const HEADER_BYTES: usize = 32;
/// Random for every file written: the front of its nonces, so that a file written anew after a crash repeats none.
pub const SALT_BYTES: usize = 16;
/// Front of the header that every chunk is bound to: magic, version and the zeros.
pub const AAD_BYTES: usize = 16;
/// Content of a sealed chunk; only the last one of an entry is shorter.
pub const CHUNK_BYTES: usize = 64 << 10;
/// Poly1305's tag behind every chunk.
pub const TAG_BYTES: usize = 16;
/// Bit of the chunk number that marks an entry's last chunk.
pub const LAST_CHUNK: u32 = 1 << 31;
/// Entry number the index is sealed under.
pub const INDEX_ENTRY: u32 = u32::MAX;
/// offset 8 | stored length 8 | content length 8 | name offset 4 | name length 2 | flags 2 | crc32c of the stored bytes 4 | SHA-256 of the content 32 |
/// entry number 4.
pub const ROW_BYTES: usize = 72;
/// index offset 8 | rows 4 | length of names 4 | crc32c of the sealed index 4 | zero 4 | crc32c of header and trailer so far 4 | end magic 8.
pub const TRAILER_BYTES: usize = 36;
/// Flag of an entry stored as one zstd frame.
pub const PACKED: u16 = 1;
/// Longest content of an entry. Records of a package may be 256 MiB; the room above it is for what is made of them.
pub const ENTRY_BYTES_MAX: u64 = 1 << 30;
pub const NAME_BYTES_MAX: usize = 1024;
pub const ENTRIES_MAX: usize = 1_000_000;
/// Fixed, so that the same content gives the same bytes.
const ZSTD_LEVEL: i32 = 3;
/// Largest window a packed entry may ask for (8 MiB): bounds what reading one allocates.
const ZSTD_WINDOW_LOG_MAX: u32 = 23;

/// What was written as an entry. Digest: SHA-256 of the content, before packing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EntryInfo {
    pub len_bytes: u64,
    pub digest: Digest,
}

/// Why a segment can't be read.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Unreadable {
    /// It isn't what was written.
    #[error("damaged at byte {offset}: {why}")]
    Damaged { offset: u64, why: &'static str },
    /// Every checksum is right, but it was sealed with another key.
    #[error("sealed with another key")]
    OtherKey,
    /// Written by another version of the program.
    #[error("format version {found}, this program reads {FORMAT_VERSION}")]
    OtherVersion { found: u32 },
}

impl Unreadable {
    /// As a fault of the file at `path`.
    #[must_use]
    pub fn at(self, path: &str) -> Fault {
        match self {
            Self::Damaged { offset, why } => Fault::FileDamaged { path: path.to_owned(), offset, why: why.to_owned() },
            Self::OtherKey => Fault::refused(Code::Key02, format!("{path} was sealed with another key")),
            Self::OtherVersion { found } if found > FORMAT_VERSION => Fault::TooNew { what: path.to_owned(), found, known: FORMAT_VERSION },
            Self::OtherVersion { found } => Fault::refused(Code::Cfg07, format!("{path} has version {found}; this program reads {FORMAT_VERSION}")),
        }
    }
}

fn header(salt: &[u8; SALT_BYTES]) -> [u8; HEADER_BYTES] {
    let mut out = [0; HEADER_BYTES];
    out[..8].copy_from_slice(&MAGIC);
    out[8..12].copy_from_slice(&FORMAT_VERSION.to_le_bytes());
    out[16..].copy_from_slice(salt);
    out
}

/// One row of the index.
#[derive(Clone, Copy)]
struct Row {
    offset: u64,
    stored_bytes: u64,
    len_bytes: u64,
    name_at: u32,
    name_len: u16,
    flags: u16,
    crc: u32,
    digest: Digest,
    /// In the order they were written: part of its nonces.
    number: u32,
}

impl Row {
    fn to_bytes(self) -> [u8; ROW_BYTES] {
        let mut out = [0; ROW_BYTES];
        out[..8].copy_from_slice(&self.offset.to_le_bytes());
        out[8..16].copy_from_slice(&self.stored_bytes.to_le_bytes());
        out[16..24].copy_from_slice(&self.len_bytes.to_le_bytes());
        out[24..28].copy_from_slice(&self.name_at.to_le_bytes());
        out[28..30].copy_from_slice(&self.name_len.to_le_bytes());
        out[30..32].copy_from_slice(&self.flags.to_le_bytes());
        out[32..36].copy_from_slice(&self.crc.to_le_bytes());
        out[36..68].copy_from_slice(&self.digest.0);
        out[68..].copy_from_slice(&self.number.to_le_bytes());
        out
    }

    /// `bytes` is [`ROW_BYTES`] long.
    fn parse(bytes: &[u8]) -> Self {
        let u64_at = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"));
        let u32_at = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
        let u16_at = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
        Self {
            offset: u64_at(0),
            stored_bytes: u64_at(8),
            len_bytes: u64_at(16),
            name_at: u32_at(24),
            name_len: u16_at(28),
            flags: u16_at(30),
            crc: u32_at(32),
            digest: Digest(bytes[36..68].try_into().expect("32 bytes")),
            number: u32_at(68),
        }
    }

    fn is_packed(&self) -> bool {
        self.flags & PACKED != 0
    }
}

#[cfg(test)]
mod tests;
