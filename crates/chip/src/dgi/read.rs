//! Reads a binary encode file card by card. What the groups mean is `files.rs`.

use card::{BatchId, Keyed};

use super::{BATCH_BYTES, CARD_MAGIC, FILE_MAGIC, LONG_FORM_FROM, NUMBER_BYTES, RECORD_BYTES, VERSION};

/// One data group; its value borrows from the file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Dgi<'a> {
    pub dgi: u16,
    pub value: &'a [u8],
}

/// One card as the file holds it. Personal: no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct DgiCard<'a> {
    pub position: u32,
    pub generation: u32,
    pub number: &'a str,
    pub record: Keyed,
    pub groups: Vec<Dgi<'a>>,
}

/// Reads a file card by card; ends with an error when anything is missing, left over or damaged.
pub struct DgiReader<'a> {
    pub batch: BatchId,
    pub job: u32,
    pub count: u32,
    rest: &'a [u8],
    read: u32,
    failed: bool,
}

impl<'a> DgiReader<'a> {
    /// # Errors
    /// The header is damaged or not of this format and version.
    pub fn open(bytes: &'a [u8]) -> Result<Self, String> {
        let header_bytes = FILE_MAGIC.len() + 2 + BATCH_BYTES + 4 + 4;
        let mut cursor = Cursor { rest: bytes };
        let header = cursor.take(header_bytes)?;
        check_crc(header, cursor.u32()?)?;
        let mut fields = Cursor { rest: header };
        if fields.take(FILE_MAGIC.len())? != FILE_MAGIC || fields.u16()? != VERSION {
            return Err("not a DGI file of version 1".to_owned());
        }
        let batch = std::str::from_utf8(fields.take(BATCH_BYTES)?).map_err(|_| "batch id")?;
        Ok(Self { batch: BatchId::parse(batch)?, job: fields.u32()?, count: fields.u32()?, rest: cursor.rest, read: 0, failed: false })
    }

    fn card(&mut self) -> Result<DgiCard<'a>, String> {
        let whole = self.rest;
        let mut cursor = Cursor { rest: whole };
        if cursor.take(CARD_MAGIC.len())? != CARD_MAGIC {
            return Err("not a card".to_owned());
        }
        let (position, generation) = (cursor.u32()?, cursor.u32()?);
        let number = std::str::from_utf8(cursor.take(NUMBER_BYTES)?).ok().filter(|n| n.bytes().all(|b| b.is_ascii_alphanumeric())).ok_or("card number")?;
        let record = Keyed(cursor.take(RECORD_BYTES)?.try_into().map_err(|_| "record digest")?);
        let len = cursor.u32()? as usize;
        let stream = cursor.take(len)?;
        check_crc(&whole[..whole.len() - cursor.rest.len()], cursor.u32()?)?;
        self.rest = cursor.rest;
        Ok(DgiCard { position, generation, number, record, groups: groups(stream)? })
    }

    fn step(&mut self) -> Option<Result<DgiCard<'a>, String>> {
        if self.read == self.count {
            let left = std::mem::take(&mut self.rest).len();
            return (left > 0).then(|| Err(format!("{left} bytes after the last card")));
        }
        self.read += 1;
        Some(self.card().map_err(|why| format!("card {} of {}: {why}", self.read, self.count)))
    }
}

impl<'a> Iterator for DgiReader<'a> {
    type Item = Result<DgiCard<'a>, String>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let next = self.step();
        self.failed = matches!(next, Some(Err(_)));
        next
    }
}

fn check_crc(bytes: &[u8], crc: u32) -> Result<(), String> {
    if crc32c::crc32c(bytes) == crc { Ok(()) } else { Err("checksum".to_owned()) }
}

/// The groups of a stream, to its last byte; lengths in their shortest form only.
pub(super) fn groups(stream: &[u8]) -> Result<Vec<Dgi<'_>>, String> {
    let mut cursor = Cursor { rest: stream };
    let mut groups = Vec::new();
    while !cursor.rest.is_empty() {
        let dgi = cursor.u16()?;
        let len = cursor.dgi_len()?;
        groups.push(Dgi { dgi, value: cursor.take(len)? });
    }
    Ok(groups)
}

/// Takes bytes from the front, or says how many are missing.
pub(super) struct Cursor<'a> {
    pub(super) rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(super) fn take(&mut self, len: usize) -> Result<&'a [u8], String> {
        let (taken, rest) = self.rest.split_at_checked(len).ok_or_else(|| format!("cut off: {} bytes of {len}", self.rest.len()))?;
        self.rest = rest;
        Ok(taken)
    }

    /// One byte up to `FE`, `FF` and two bytes above; never empty, never long where short would do.
    fn dgi_len(&mut self) -> Result<usize, String> {
        match self.take(1)?[0] {
            0 => Err("an empty data group".to_owned()),
            0xFF => Some(usize::from(self.u16()?)).filter(|len| *len >= LONG_FORM_FROM).ok_or_else(|| "a length in long form without need".to_owned()),
            short => Ok(usize::from(short)),
        }
    }

    fn u16(&mut self) -> Result<u16, String> {
        Ok(u16::from_be_bytes(self.take(2)?.try_into().map_err(|_| "two bytes")?))
    }

    fn u32(&mut self) -> Result<u32, String> {
        Ok(u32::from_be_bytes(self.take(4)?.try_into().map_err(|_| "four bytes")?))
    }
}

/// The record digests of a DGI file, in order.
///
/// # Errors
/// The file is damaged or not of the format; says the card.
pub fn dgi_records(bytes: &[u8]) -> Result<Vec<Keyed>, String> {
    DgiReader::open(bytes)?.map(|card| card.map(|c| c.record)).collect()
}
