//! Reading a journal that was checked at opening: one record at a time, from mapped segments, in bounded memory.

use super::format::{ENTRY_SCHEMA, RECORD_BYTES_MAX, RawRecord, SEGMENT_HEADER_BYTES, kind_of, parse_record};
use super::{Head, JournalView, map, segment_path};
use crate::disk::Bytes;
use crate::entry::Entry;
use crate::envelope;
use crate::fault::Fault;

/// A record of the journal.
#[derive(Clone, PartialEq, Debug)]
pub struct Record {
    pub seq: u64,
    pub hash: card::Digest,
    pub entry: Entry,
}

impl Record {
    #[must_use]
    pub fn head(&self) -> Head {
        Head { seq: self.seq, hash: self.hash }
    }
}

/// Iterator over records, oldest first. After an error it ends.
pub struct JournalReader {
    view: JournalView,
    /// Sequence number of the next record to give.
    next: u64,
    /// Index of the next segment to map.
    segment: usize,
    open: Option<OpenSegment>,
}

struct OpenSegment {
    number: u32,
    bytes: Bytes,
    at: usize,
    end: usize,
    /// The record before `at`.
    before: Head,
}

impl JournalReader {
    pub(super) fn new(view: JournalView, seq: u64) -> Self {
        let next = seq.max(1);
        let segment = view.segments.partition_point(|s| s.before.seq < next).saturating_sub(1);
        Self { view, next, segment, open: None }
    }

    fn advance(&mut self) -> Result<Option<Record>, Fault> {
        while self.next <= self.view.head.seq {
            let Some(open) = self.open.as_mut() else {
                self.open = Some(self.map_next()?);
                continue;
            };
            if open.at >= open.end {
                self.open = None;
                continue;
            }
            if let Some(record) = open.step(self.next)? {
                self.next += 1;
                return Ok(Some(record));
            }
        }
        Ok(None)
    }

    fn map_next(&mut self) -> Result<OpenSegment, Fault> {
        let short = || Fault::Invariant("the journal has fewer records than when it was opened".to_owned());
        let segment = *self.view.segments.get(self.segment).ok_or_else(short)?;
        self.segment += 1;
        let bytes = map(&*self.view.disk, &segment_path(segment.number))?;
        let end = usize::try_from(segment.len_bytes).unwrap_or(usize::MAX).min((*bytes).as_ref().len());
        Ok(OpenSegment { number: segment.number, bytes, at: SEGMENT_HEADER_BYTES, end, before: segment.before })
    }
}

impl OpenSegment {
    /// Passes one record, giving it if it is `wanted` or later. Checks it again: the disk may have changed its mind.
    fn step(&mut self, wanted: u64) -> Result<Option<Record>, Fault> {
        let bytes = (*self.bytes).as_ref();
        let raw = parse_record(&bytes[self.at..self.end]).map_err(|why| self.damaged(why))?;
        if raw.prev != self.before.hash || raw.seq != self.before.seq + 1 {
            return Err(self.damaged("the record doesn't follow from the one before it"));
        }
        let head = Head { seq: raw.seq, hash: raw.hash() };
        let record = if raw.seq >= wanted { Some(Record { seq: raw.seq, hash: head.hash, entry: self.decode(&raw)? }) } else { None };
        self.at += raw.whole.len();
        self.before = head;
        Ok(record)
    }

    fn decode(&self, raw: &RawRecord) -> Result<Entry, Fault> {
        match raw.schema {
            ENTRY_SCHEMA if raw.kind == kind_of(raw.payload) => {
                envelope::decode_payload(raw.payload, RECORD_BYTES_MAX).map_err(|e| self.damaged(&format!("record {}: {e}", raw.seq)))
            }
            ENTRY_SCHEMA => Err(self.damaged("the record is of another kind than it says")),
            found => {
                let what = format!("record {} of {}", raw.seq, segment_path(self.number));
                Err(Fault::TooNew { what, found: found.into(), known: ENTRY_SCHEMA.into() })
            }
        }
    }

    fn damaged(&self, why: &str) -> Fault {
        Fault::JournalDamaged { segment: segment_path(self.number), offset: self.at as u64, why: why.to_owned() }
    }
}

impl Iterator for JournalReader {
    type Item = Result<Record, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        let result = self.advance();
        if result.is_err() {
            self.next = u64::MAX;
        }
        result.transpose()
    }
}
