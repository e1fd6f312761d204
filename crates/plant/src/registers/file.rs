//! A snapshot file: rows one after the other, then per key a table of (hash, offset) sorted by hash, then a trailer. It is as good as
//! its digest, which the ledger keeps: opening compares it, after that the content is trusted.
//!
//! `header 24: magic 8 | version 4 | kind 4 | rows 8` · `row: length 4 | bincode` · `table: (hash 16 | offset 8)…` ·
//! `trailer 24: offset of the first table 8 | entries of each of the two tables 8 + 8`. Integers little-endian.
//! The hash of a key is the first 16 bytes of its SHA-256.

use std::io::{self, Write};

use card::Digest;
use ledger::disk::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::RegisterKind;

pub const MAGIC: [u8; 8] = *b"CLREG\r\n\x1a";
pub const FORMAT_VERSION: u32 = 1;
const HEADER_BYTES: usize = 24;
const TRAILER_BYTES: usize = 24;
const ENTRY_BYTES: usize = 24;
const HASH_BYTES: usize = 16;
/// Longest row.
const ROW_BYTES_MAX: u64 = 64 * 1024;

/// One key of one row: 32 bytes in memory while importing, 24 in the file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    hash: [u8; HASH_BYTES],
    offset: u64,
    /// Line of the extract, for the report of a key that comes twice.
    line: u32,
}

pub(super) fn hash_of(key: &[u8]) -> [u8; HASH_BYTES] {
    let mut hash = [0; HASH_BYTES];
    hash.copy_from_slice(&Digest::of(key).0[..HASH_BYTES]);
    hash
}

/// Writes a snapshot in one pass; keys are kept in memory until the end.
pub(super) struct SnapshotWriter<'a> {
    out: &'a mut dyn Write,
    at: u64,
    tables: [Vec<Key>; 2],
}

impl<'a> SnapshotWriter<'a> {
    /// The number of rows isn't known yet; it is in the tables.
    pub fn start(out: &'a mut dyn Write, kind: RegisterKind) -> io::Result<Self> {
        let mut header = [0; HEADER_BYTES];
        header[..8].copy_from_slice(&MAGIC);
        header[8..12].copy_from_slice(&FORMAT_VERSION.to_le_bytes());
        header[12..16].copy_from_slice(&kind.stored().to_le_bytes());
        out.write_all(&header)?;
        Ok(Self { out, at: HEADER_BYTES as u64, tables: [Vec::new(), Vec::new()] })
    }

    /// Adds a row under its key, and under a second one if it has it.
    pub fn add<T: Serialize>(&mut self, row: &T, keys: [Option<&[u8]>; 2], line: u32) -> io::Result<()> {
        let payload = bincode::serialize(row).map_err(io::Error::other)?;
        let len_bytes = u32::try_from(payload.len()).map_err(io::Error::other)?;
        for (table, key) in self.tables.iter_mut().zip(keys) {
            table.extend(key.map(|key| Key { hash: hash_of(key), offset: self.at, line }));
        }
        self.out.write_all(&len_bytes.to_le_bytes())?;
        self.out.write_all(&payload)?;
        self.at += 4 + u64::from(len_bytes);
        Ok(())
    }

    pub fn rows(&self) -> u64 {
        self.tables[0].len() as u64
    }

    /// Sorts the tables. Lines whose key came before: (table, earlier line, line), in order.
    pub fn sort(&mut self) -> Vec<(usize, u32, u32)> {
        let mut repeated = Vec::new();
        for (number, table) in self.tables.iter_mut().enumerate() {
            table.sort_unstable();
            repeated.extend(table.windows(2).filter(|pair| pair[0].hash == pair[1].hash).map(|pair| (number, pair[0].line, pair[1].line)));
        }
        repeated.sort_by_key(|&(_, _, line)| line);
        repeated
    }

    pub fn finish(self) -> io::Result<()> {
        for key in self.tables.iter().flatten() {
            self.out.write_all(&key.hash)?;
            self.out.write_all(&key.offset.to_le_bytes())?;
        }
        self.out.write_all(&self.at.to_le_bytes())?;
        self.tables.iter().try_for_each(|table| self.out.write_all(&(table.len() as u64).to_le_bytes()))
    }
}

/// An open snapshot: a map and where its tables are.
pub(super) struct Snapshot {
    bytes: Bytes,
    tables_at: usize,
    counts: [usize; 2],
}

impl Snapshot {
    /// What is wrong, if anything. `digest` is the ledger's.
    pub fn open(bytes: Bytes, kind: RegisterKind, digest: Digest) -> Result<Self, &'static str> {
        let all = (*bytes).as_ref();
        if Digest::of(all) != digest {
            return Err("its digest is not the one in the ledger");
        }
        let trailer_at = all.len().checked_sub(TRAILER_BYTES).filter(|&at| at >= HEADER_BYTES).ok_or("too short")?;
        let header_fits = all[..8] == MAGIC && all[8..12] == FORMAT_VERSION.to_le_bytes() && all[12..16] == kind.stored().to_le_bytes();
        if !header_fits {
            return Err("not a snapshot of this register and version");
        }
        let [tables_at, first, second] = [0, 8, 16].map(|at| number_at(all, trailer_at + at));
        let entries = first.checked_add(second).and_then(|n| n.checked_mul(ENTRY_BYTES));
        let fits = entries.and_then(|len| len.checked_add(tables_at)) == Some(trailer_at);
        if fits { Ok(Self { bytes, tables_at, counts: [first, second] }) } else { Err("its tables don't fit it") }
    }

    /// The row under a key of table 0 or 1.
    pub fn find<T: DeserializeOwned>(&self, table: usize, key: &[u8]) -> Option<T> {
        let all = (*self.bytes).as_ref();
        let from = self.tables_at + self.counts[..table].iter().sum::<usize>() * ENTRY_BYTES;
        let entries = &all[from..from + self.counts[table] * ENTRY_BYTES];
        let hash = hash_of(key);
        let (mut low, mut high) = (0, self.counts[table]);
        while low < high {
            let middle = low + (high - low) / 2;
            let entry = &entries[middle * ENTRY_BYTES..][..ENTRY_BYTES];
            match entry[..HASH_BYTES].cmp(&hash) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return self.row(number_at(entry, HASH_BYTES)),
            }
        }
        None
    }

    fn row<T: DeserializeOwned>(&self, offset: usize) -> Option<T> {
        use bincode::Options as _;
        let rows = &(*self.bytes).as_ref()[..self.tables_at];
        let (len_bytes, rest) = rows.get(offset..)?.split_first_chunk::<4>()?;
        let payload = rest.get(..u32::from_le_bytes(*len_bytes) as usize)?;
        bincode::DefaultOptions::new().with_fixint_encoding().with_limit(ROW_BYTES_MAX).deserialize(payload).ok()
    }
}

/// A number that must fit the address space; too large ones fail every bounds check.
fn number_at(bytes: &[u8], at: usize) -> usize {
    let number = u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"));
    usize::try_from(number).unwrap_or(usize::MAX)
}
