//! Bytes of a journal segment and of a record (FORMAT.md §2): made here, taken apart here. Knows no files.

use card::Digest;
use sha2::Digest as _;

use super::Head;

/// First bytes of a segment. The line end catches transfers that translate text.
pub const SEGMENT_MAGIC: [u8; 8] = *b"CLJRNL\r\n";
pub const FORMAT_VERSION: u32 = 1;
/// Schema of `entry::Entry` in a record's payload.
pub const ENTRY_SCHEMA: u8 = 1;
/// magic 8 | version 4 | number 4 | sequence before 8 | hash before 32 | plant id length 1 and text 63 | zero 4 | crc32c 4.
pub const SEGMENT_HEADER_BYTES: usize = 128;
/// length 4 | crc32c 4 | sequence 8 | commit 8 | previous hash 32 | schema 1 | kind 1 | flags 1 | zero 1.
pub const RECORD_HEADER_BYTES: usize = 60;
/// Longest payload of a record.
pub const RECORD_BYTES_MAX: u32 = 64 << 20;
/// Longest plant id.
pub(super) const PLANT_ID_BYTES_MAX: usize = 63;
/// Flag of the last record of a commit.
const LAST_OF_COMMIT: u8 = 1;

/// The place before the first record: the plant's id hashed, so that segments of two plants never fit together.
#[must_use]
pub fn genesis(plant_id: &str) -> Head {
    let mut hash = sha2::Sha256::new();
    hash.update(b"cardline journal\0");
    hash.update(plant_id.as_bytes());
    Head { seq: 0, hash: Digest(hash.finalize().into()) }
}

/// A segment's header.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct SegmentHeader {
    pub version: u32,
    pub number: u32,
    pub before: Head,
    pub plant_id: String,
}

impl SegmentHeader {
    pub fn to_bytes(&self) -> [u8; SEGMENT_HEADER_BYTES] {
        let mut out = [0; SEGMENT_HEADER_BYTES];
        let id = self.plant_id.as_bytes();
        out[..8].copy_from_slice(&SEGMENT_MAGIC);
        out[8..12].copy_from_slice(&self.version.to_le_bytes());
        out[12..16].copy_from_slice(&self.number.to_le_bytes());
        out[16..24].copy_from_slice(&self.before.seq.to_le_bytes());
        out[24..56].copy_from_slice(&self.before.hash.0);
        out[56] = u8::try_from(id.len()).expect("plant ids are checked when the journal is created");
        out[57..57 + id.len()].copy_from_slice(id);
        let crc = crc32c::crc32c(&out[..124]);
        out[124..].copy_from_slice(&crc.to_le_bytes());
        out
    }

    /// `None` unless the bytes start with a sound header. The version is for the caller to judge.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let header: &[u8; SEGMENT_HEADER_BYTES] = bytes.get(..SEGMENT_HEADER_BYTES)?.try_into().ok()?;
        let sound = header[..8] == SEGMENT_MAGIC && header[124..] == crc32c::crc32c(&header[..124]).to_le_bytes();
        let id = header[57..120].get(..header[56].into())?;
        sound.then_some(Self {
            version: u32_at(header, 8),
            number: u32_at(header, 12),
            before: Head { seq: u64_at(header, 16), hash: digest_at(header, 24) },
            plant_id: std::str::from_utf8(id).ok()?.to_owned(),
        })
    }
}

/// A record as it lies in its segment, checksum verified.
#[derive(Clone, Copy)]
pub(super) struct RawRecord<'a> {
    pub seq: u64,
    /// Sequence number of the first record of its commit.
    pub commit: u64,
    pub prev: Digest,
    pub schema: u8,
    pub kind: u8,
    pub last_of_commit: bool,
    pub payload: &'a [u8],
    /// Header and payload.
    pub whole: &'a [u8],
}

impl RawRecord<'_> {
    pub fn hash(&self) -> Digest {
        Digest::of(self.whole)
    }
}

/// A record before it is known whether it ends its commit: payload in place, checksum open.
pub(super) struct DraftRecord {
    bytes: Vec<u8>,
}

impl DraftRecord {
    /// `payload` is at most [`RECORD_BYTES_MAX`] long.
    pub fn new(before: Head, commit: u64, payload: &[u8]) -> Self {
        let mut bytes = Vec::with_capacity(RECORD_HEADER_BYTES + payload.len());
        bytes.extend_from_slice(&u32::try_from(payload.len()).expect("checked by the encoder").to_le_bytes());
        bytes.extend_from_slice(&[0; 4]);
        bytes.extend_from_slice(&(before.seq + 1).to_le_bytes());
        bytes.extend_from_slice(&commit.to_le_bytes());
        bytes.extend_from_slice(&before.hash.0);
        bytes.extend_from_slice(&[ENTRY_SCHEMA, kind_of(payload), 0, 0]);
        bytes.extend_from_slice(payload);
        Self { bytes }
    }

    /// The finished bytes.
    pub fn finish(mut self, last_of_commit: bool) -> Vec<u8> {
        self.bytes[58] = if last_of_commit { LAST_OF_COMMIT } else { 0 };
        let crc = record_crc(&self.bytes);
        self.bytes[4..8].copy_from_slice(&crc.to_le_bytes());
        self.bytes
    }
}

/// The kind of an encoded entry: its variant, which bincode writes first.
pub(super) fn kind_of(payload: &[u8]) -> u8 {
    payload.first().copied().unwrap_or(u8::MAX)
}

/// Why there is no sound record at a place.
pub(super) type Unsound = &'static str;

/// The record at the start of `bytes`.
pub(super) fn parse_record(bytes: &[u8]) -> Result<RawRecord<'_>, Unsound> {
    let header = bytes.get(..RECORD_HEADER_BYTES).ok_or("the record's header is incomplete")?;
    let len_bytes = u32_at(header, 0);
    if len_bytes > RECORD_BYTES_MAX {
        return Err("the record's length is out of range");
    }
    let whole = bytes.get(..RECORD_HEADER_BYTES + len_bytes as usize).ok_or("the record is incomplete")?;
    if record_crc(whole) != u32_at(header, 4) {
        return Err("the record's checksum is wrong");
    }
    if header[58] > LAST_OF_COMMIT || header[59] != 0 {
        return Err("the record has unknown flags");
    }
    Ok(RawRecord {
        seq: u64_at(header, 8),
        commit: u64_at(header, 16),
        prev: digest_at(header, 24),
        schema: header[56],
        kind: header[57],
        last_of_commit: header[58] == LAST_OF_COMMIT,
        payload: &whole[RECORD_HEADER_BYTES..],
        whole,
    })
}

/// A cheap test that rules out almost every place where no record can start.
pub(super) fn may_be_record(bytes: &[u8], after_seq: u64) -> bool {
    bytes.get(..RECORD_HEADER_BYTES).is_some_and(|h| {
        let seq = u64_at(h, 8);
        h[59] == 0 && h[58] <= LAST_OF_COMMIT && seq > after_seq && u64_at(h, 16) <= seq && u32_at(h, 0) as usize <= bytes.len() - RECORD_HEADER_BYTES
    })
}

fn record_crc(whole: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&whole[..4]), &whole[8..])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

fn digest_at(bytes: &[u8], at: usize) -> Digest {
    Digest(bytes[at..at + 32].try_into().expect("32 bytes"))
}
