//! Opening a journal: every segment's header, every record's checksum, number and chain, and what an interrupted commit left.
//! Tells a torn tail (may be cut) from damage (refuse). Writes nothing.

use std::sync::Arc;

use super::format::{FORMAT_VERSION, RawRecord, SEGMENT_HEADER_BYTES, SegmentHeader, Unsound, may_be_record, parse_record};
use super::{Head, JournalView, MARK_FORM, MARK_PATH, OpenReport, Segment, TornTail, genesis, map, segment_numbers, segment_path};
use crate::disk::Disk;
use crate::envelope;
use crate::fault::Fault;

/// Checks the whole journal. The mark is read first, so that a run that stops cleanly meanwhile doesn't look like a loss.
pub(super) fn open(disk: Arc<dyn Disk>) -> Result<(JournalView, OpenReport), Fault> {
    let mark = read_mark(&*disk)?;
    let numbers = segment_numbers(&*disk)?;
    check_numbers(&numbers)?;
    let mut walk = Walk { mark, head: None, plant_id: String::new(), segments: Vec::new(), torn: None };
    for &number in &numbers {
        walk.segment(&*disk, number, Some(&number) == numbers.last())?;
    }
    walk.finish(disk)
}

fn read_mark(disk: &dyn Disk) -> Result<Option<Head>, Fault> {
    if disk.len(MARK_PATH).map_err(Fault::on("read", MARK_PATH))?.is_none() {
        return Ok(None);
    }
    let bytes = disk.read(MARK_PATH).map_err(Fault::on("read", MARK_PATH))?;
    let damaged = |e: envelope::EnvelopeError| Fault::FileDamaged { path: MARK_PATH.to_owned(), offset: 0, why: e.to_string() };
    envelope::open(MARK_FORM, &bytes).map(Some).map_err(damaged)
}

fn check_numbers(numbers: &[u32]) -> Result<(), Fault> {
    if numbers.is_empty() {
        return Err(Fault::Missing(format!("no journal in {}: this is not a plant, or its making was interrupted (cardline init)", super::FOLDER)));
    }
    let gap = numbers.iter().zip(1..).find(|&(&found, expected)| found != expected);
    gap.map_or(Ok(()), |(_, expected)| Err(damaged(expected, 0, "the segment is missing")))
}

fn damaged(number: u32, offset: u64, why: impl Into<String>) -> Fault {
    Fault::JournalDamaged { segment: segment_path(number), offset, why: why.into() }
}

/// What is known after the segments walked so far.
struct Walk {
    mark: Option<Head>,
    head: Option<Head>,
    plant_id: String,
    segments: Vec<Segment>,
    torn: Option<TornTail>,
}

impl Walk {
    fn segment(&mut self, disk: &dyn Disk, number: u32, is_last: bool) -> Result<(), Fault> {
        let bytes = map(disk, &segment_path(number))?;
        let bytes = (*bytes).as_ref();
        let before = self.header(number, bytes)?;
        let mut scan = Scan { number, bytes, is_last, mark: self.mark, head: before, at: SEGMENT_HEADER_BYTES, commit: None };
        self.torn = scan.run()?;
        let len_bytes = self.torn.as_ref().map_or(bytes.len() as u64, |t| t.offset);
        self.segments.push(Segment { number, before, len_bytes });
        self.head = Some(scan.head);
        Ok(())
    }

    /// Checks a segment's header against what came before it.
    fn header(&mut self, number: u32, bytes: &[u8]) -> Result<Head, Fault> {
        let header = SegmentHeader::parse(bytes).ok_or_else(|| damaged(number, 0, "the segment's header is damaged"))?;
        if header.version != FORMAT_VERSION {
            return Err(Fault::TooNew { what: segment_path(number), found: header.version, known: FORMAT_VERSION });
        }
        let first = genesis(&header.plant_id);
        let expected = self.head.unwrap_or(first);
        let fits = header.number == number && header.before == expected && (self.head.is_none() || header.plant_id == self.plant_id);
        if !fits {
            return Err(damaged(number, 0, "the segment doesn't continue the one before it"));
        }
        self.plant_id = header.plant_id;
        Ok(expected)
    }

    fn finish(self, disk: Arc<dyn Disk>) -> Result<(JournalView, OpenReport), Fault> {
        let last = self.segments.last().expect("at least one segment was checked");
        let head = self.head.expect("at least one segment was checked");
        if let Some(mark) = self.mark.filter(|mark| mark.seq > head.seq) {
            let why = format!("the journal ends with record {}, but record {} was acknowledged", head.seq, mark.seq);
            return Err(damaged(last.number, last.len_bytes, why));
        }
        let report = OpenReport {
            head,
            segments: self.segments.len(),
            len_bytes: self.segments.iter().map(|s| s.len_bytes).sum(),
            clean: self.torn.is_none() && self.mark == Some(head),
            torn_tail_cut: self.torn,
        };
        Ok((JournalView { disk, plant_id: self.plant_id, segments: self.segments, head }, report))
    }
}

/// Walks the records of one segment, commit by commit.
struct Scan<'a> {
    number: u32,
    bytes: &'a [u8],
    is_last: bool,
    mark: Option<Head>,
    head: Head,
    at: usize,
    /// The commit being walked: its first sequence number, where it starts, and the head before it.
    commit: Option<(u64, usize, Head)>,
}

impl<'a> Scan<'a> {
    /// Leaves `head` at the last complete commit.
    fn run(&mut self) -> Result<Option<TornTail>, Fault> {
        while self.at < self.bytes.len() {
            match parse_record(&self.bytes[self.at..]) {
                Ok(record) => self.accept(&record)?,
                Err(why) => return self.torn(why).map(Some),
            }
        }
        if self.commit.is_some() { self.torn("the commit is incomplete").map(Some) } else { Ok(None) }
    }

    fn accept(&mut self, record: &RawRecord<'a>) -> Result<(), Fault> {
        let expected_commit = self.commit.map_or(self.head.seq + 1, |(first, ..)| first);
        let problem = [
            (record.seq != self.head.seq + 1, "the record's number is out of order"),
            (record.prev != self.head.hash, "the record doesn't follow from the one before it"),
            (record.commit != expected_commit, "the record belongs to another commit"),
        ];
        if let Some((_, why)) = problem.into_iter().find(|(wrong, _)| *wrong) {
            return Err(damaged(self.number, self.at as u64, why));
        }
        let commit = self.commit.unwrap_or((expected_commit, self.at, self.head));
        self.head = Head { seq: record.seq, hash: record.hash() };
        self.check_mark()?;
        self.at += record.whole.len();
        self.commit = (!record.last_of_commit).then_some(commit);
        Ok(())
    }

    fn check_mark(&self) -> Result<(), Fault> {
        match self.mark {
            Some(mark) if mark.seq == self.head.seq && mark.hash != self.head.hash => {
                Err(damaged(self.number, self.at as u64, "the record is not the one that was acknowledged"))
            }
            _ => Ok(()),
        }
    }

    /// From `at` on nothing can be read. Torn only if everything behind it, if anything, is of the same unfinished commit: each
    /// commit is synced before the next one starts.
    fn torn(&mut self, why: Unsound) -> Result<TornTail, Fault> {
        let (commit, start, before) = self.commit.unwrap_or((self.head.seq + 1, self.at, self.head));
        if !self.is_last || self.another_commit_follows(commit) {
            return Err(damaged(self.number, self.at as u64, why));
        }
        self.head = before;
        Ok(TornTail { segment: segment_path(self.number), offset: start as u64, len_bytes: (self.bytes.len() - start) as u64, why })
    }

    fn another_commit_follows(&self, commit: u64) -> bool {
        let rest = self.bytes.get(self.at + 1..).unwrap_or_default();
        let mut places = (0..rest.len()).filter(|&i| may_be_record(&rest[i..], self.head.seq));
        places.any(|i| parse_record(&rest[i..]).is_ok_and(|record| record.commit != commit))
    }
}
