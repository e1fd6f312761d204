//! Reads an encode file card by card, borrowing from its bytes. Checks every length, constant and order; what it can't check without a key,
//! the MAC and the cryptograms, it hands on ([`CpsCard::sealed`], [`CpsCard::mac`]).

use card::{BatchId, Keyed};

use super::bytes::Cursor;
use super::stream::{CpsFile, CpsKeys, read_stream};
use super::*;
use crate::keys::{Declared, KeyMark, MacMode, TransportMode};

/// One card as the file holds it. Personal: no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct CpsCard<'a> {
    pub position: u32,
    pub generation: u32,
    pub number: &'a str,
    pub record: Keyed,
    pub modules: Vec<CpsModule<'a>>,
    /// What the MAC is over, there or not.
    pub sealed: &'a [u8],
    /// There exactly where the header declares a MAC key.
    pub mac: Option<&'a [u8; MAC_BYTES]>,
}

/// One application of a card: its folder's files and keys.
#[derive(Clone, PartialEq, Eq)]
pub struct CpsModule<'a> {
    /// Name the folder is selected by.
    pub name: &'a [u8],
    pub files: Vec<CpsFile<'a>>,
    pub keys: Option<CpsKeys<'a>>,
    /// Its data groups as they are, for a device or another reader.
    pub stream: &'a [u8],
}

/// Reads a file card by card; ends with an error when anything is missing, left over or damaged.
pub struct CpsReader<'a> {
    pub batch: BatchId,
    pub job: u32,
    pub count: u32,
    pub declared: Declared,
    rest: &'a [u8],
    read: u32,
    failed: bool,
}

/// What the header promises of a stream.
pub(super) struct Expected {
    pub keys: bool,
    pub mode: Option<TransportMode>,
    pub mac: bool,
}

impl<'a> CpsReader<'a> {
    /// # Errors
    /// The header is damaged or not of this format and version.
    pub fn open(bytes: &'a [u8]) -> Result<Self, String> {
        let mut cursor = Cursor { rest: bytes };
        cursor.exactly(FILE_MAGIC, "an encode file of data groups")?;
        if cursor.u16()? != VERSION {
            return Err("not an encode file of version 2".to_owned());
        }
        let batch = std::str::from_utf8(cursor.take(BATCH_BYTES)?).map_err(|_| "batch id")?;
        let (job, count) = (cursor.u32()?, cursor.u32()?);
        let mut keys = cursor.part16()?;
        check_crc(&bytes[..bytes.len() - cursor.rest.len()], cursor.u32()?)?;
        let declared = Declared { transport: read_mark(&mut keys, TransportMode::of_code)?, mac: read_mark(&mut keys, MacMode::of_code)? };
        keys.done("header")?;
        Ok(Self { batch: BatchId::parse(batch)?, job, count, declared, rest: cursor.rest, read: 0, failed: false })
    }

    fn card(&mut self) -> Result<CpsCard<'a>, String> {
        let whole = self.rest;
        let mut cursor = Cursor { rest: whole };
        cursor.exactly(CARD_MAGIC, "a card")?;
        cursor.exactly(self.batch.as_str().as_bytes(), "a card of this batch")?;
        cursor.exactly(&self.job.to_be_bytes(), "a card of this job")?;
        let (position, generation) = (cursor.u32()?, cursor.u32()?);
        let number = std::str::from_utf8(cursor.take(NUMBER_BYTES)?).ok().filter(|n| n.bytes().all(|b| b.is_ascii_alphanumeric())).ok_or("card number")?;
        let record = Keyed(*cursor.array::<RECORD_BYTES>()?);
        cursor.exactly(VNL, "a record of version 02.1")?;
        let body = cursor.part16()?;
        let content = &whole[..whole.len() - cursor.rest.len()];
        check_crc(content, cursor.u32()?)?;
        self.rest = cursor.rest;
        let (modules, mac) = self.modules(body)?;
        // The MAC's group is the last of the stream; after it comes only the empty MAC part of the module.
        let sealed = if mac.is_some() { &content[..content.len() - 1 - MAC_GROUP_BYTES] } else { content };
        Ok(CpsCard { position, generation, number, record, modules, sealed, mac })
    }

    fn modules(&self, mut body: Cursor<'a>) -> Result<(Vec<CpsModule<'a>>, Option<&'a [u8; MAC_BYTES]>), String> {
        let names = read_list(body.part16()?)?;
        let (mut modules, mut mac) = (Vec::<CpsModule>::with_capacity(names.len()), None);
        for (n, name) in names.iter().enumerate() {
            let last = n + 1 == names.len();
            let part = body.part16()?;
            let (module, its_mac) = self.module(part, name, last).map_err(|why| format!("application {}: {why}", n + 1))?;
            if modules.iter().flat_map(|m| &m.files).any(|f| module.files.iter().any(|other| other.sfi == f.sfi)) {
                return Err("a file made twice".to_owned());
            }
            modules.push(module);
            mac = its_mac;
        }
        body.done("record")?;
        Ok((modules, mac))
    }

    fn module(&self, mut part: Cursor<'a>, name: &'a [u8], last: bool) -> Result<(CpsModule<'a>, Option<&'a [u8; MAC_BYTES]>), String> {
        let keys = self.transport_list(part.part8()?, name)?;
        part.exactly(STEPS, "the step that is always asked for")?;
        part.exactly(NO_LOG, "without log data")?;
        let mut data = part.part16()?;
        data.exactly(&[DATA], "data EF")?;
        let stream = data.part_ber()?.rest;
        data.done("data EF")?;
        part.exactly(&[NO_MAC_PART], "without a MAC part")?;
        part.done("application")?;
        let expected = Expected { keys, mode: self.declared.transport.as_ref().map(|(mode, _)| *mode), mac: last && self.declared.mac.is_some() };
        let read = read_stream(stream, name, &expected)?;
        Ok((CpsModule { name, files: read.files, keys: read.keys, stream }, read.mac))
    }

    /// Whether the application has keys; then they are under the declared transport key.
    fn transport_list(&self, mut list: Cursor<'a>, name: &[u8]) -> Result<bool, String> {
        if list.part8()?.rest != name {
            return Err("another name than in the module list".to_owned());
        }
        let mut entries = list.part8()?;
        list.done("transport list")?;
        if entries.u8()? == 0 {
            return entries.done("transport list").map(|()| false);
        }
        let (mode, mark) = self.declared.transport.as_ref().ok_or("a transport key the header doesn't declare")?;
        let [d1, d0] = DGI_KEYS.to_be_bytes();
        let [c1, c2, c3] = mark.check();
        let wanted: [u8; TK_ID_BYTES + 5] = [mark.version(), c1, c2, c3, TK_TYPE, mode.code(), 1, d1, d0];
        if entries.rest == wanted { Ok(true) } else { Err("not the declared transport key for 8000".to_owned()) }
    }

    fn step(&mut self) -> Option<Result<CpsCard<'a>, String>> {
        if self.read == self.count {
            let left = std::mem::take(&mut self.rest).len();
            return (left > 0).then(|| Err(format!("{left} bytes after the last card")));
        }
        self.read += 1;
        Some(self.card().map_err(|why| format!("card {} of {}: {why}", self.read, self.count)))
    }
}

impl<'a> Iterator for CpsReader<'a> {
    type Item = Result<CpsCard<'a>, String>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let next = self.step();
        self.failed = matches!(next, Some(Err(_)));
        next
    }
}

fn read_list(mut list: Cursor<'_>) -> Result<Vec<&[u8]>, String> {
    list.exactly(MODULES_HEAD, "the head of a module list")?;
    let count = list.u8()?;
    let names: Vec<&[u8]> = (0..count).map(|_| list.part8().map(|name| name.rest)).collect::<Result<_, _>>()?;
    list.done("module list")?;
    let twice = names.iter().enumerate().any(|(n, name)| names[..n].contains(name));
    if names.is_empty() || twice { Err("an application twice, or none".to_owned()) } else { Ok(names) }
}

fn read_mark<M>(keys: &mut Cursor, mode_of: impl Fn(u8) -> Option<M>) -> Result<Option<(M, KeyMark)>, String> {
    let code = keys.u8()?;
    if code == NO_KEY {
        return Ok(None);
    }
    let mode = mode_of(code).ok_or_else(|| format!("unknown mode {code:02X} of a key"))?;
    let (version, check) = (keys.u8()?, *keys.array()?);
    let label = std::str::from_utf8(keys.part8()?.rest).map_err(|_| "label of a key")?;
    Ok(Some((mode, KeyMark::new(label, version, check)?)))
}

fn check_crc(bytes: &[u8], crc: u32) -> Result<(), String> {
    if crc32c::crc32c(bytes) == crc { Ok(()) } else { Err("checksum".to_owned()) }
}

/// The record digests of an encode file, in order.
///
/// # Errors
/// The file is damaged or not of the format; says the card.
pub fn cps_records(bytes: &[u8]) -> Result<Vec<Keyed>, String> {
    CpsReader::open(bytes)?.map(|card| card.map(|c| c.record)).collect()
}
