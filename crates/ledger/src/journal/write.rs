//! Writing the journal: the only place that appends to a file. One write and one sync per commit; an error ends the journal's use.

use std::sync::Arc;

use card::seeded::{Bug, has};

use super::format::{DraftRecord, FORMAT_VERSION, PLANT_ID_BYTES_MAX, RECORD_BYTES_MAX, SEGMENT_HEADER_BYTES, SegmentHeader, genesis};
use super::{FOLDER, Head, JournalReader, JournalView, MARK_FORM, MARK_PATH, OpenReport, SEGMENT_BYTES, Segment, map, segment_path};
use crate::disk::{Disk, DiskFile};
use crate::entry::Entry;
use crate::envelope;
use crate::fault::Fault;
use crate::publish::{publish, publish_bytes};

/// The journal, open for appending. The plant's lock is held by whoever has one.
pub struct Journal {
    /// What is committed.
    view: JournalView,
    file: Box<dyn DiskFile>,
    segment_bytes_max: u64,
    /// Room set aside behind the last commit.
    room_bytes: u64,
    /// Finished records of the commit being gathered, and the one whose place in it is open.
    pending: Vec<u8>,
    draft: Option<DraftRecord>,
    /// The place after all finished records.
    tip: Head,
    /// A write or sync failed: what is on disk is unknown until the journal is opened again.
    broken: bool,
    /// Seeded bug: the commit being gathered isn't waited for.
    hurried: bool,
}

impl Journal {
    /// Makes the journal of a new plant. `plant_id`: 1–63 bytes.
    ///
    /// # Errors
    /// There is one already, the id is too long, or the disk's error.
    pub fn create(disk: Arc<dyn Disk>, plant_id: &str) -> Result<Self, Fault> {
        if plant_id.is_empty() || plant_id.len() > PLANT_ID_BYTES_MAX {
            return Err(Fault::Usage(format!("a plant's id is 1 to {PLANT_ID_BYTES_MAX} bytes long")));
        }
        if super::exists(&*disk)? {
            return Err(Fault::Usage("this plant has a journal already".to_owned()));
        }
        disk.create_dir(FOLDER).map_err(Fault::on("create folder", FOLDER))?;
        disk.sync_dir("").map_err(|e| Fault::sync("", e))?;
        let head = genesis(plant_id);
        let segment = publish_header(&*disk, plant_id, 1, head)?;
        Self::start(JournalView { disk, plant_id: plant_id.to_owned(), segments: vec![segment], head })
    }

    /// Opens the journal of a plant, checking all of it. After an unclean stop the last segment is published anew without its
    /// torn tail: what follows then rests on synced bytes, not on pages a failed sync may have dropped (faults.md §3.8).
    ///
    /// # Errors
    /// No journal, a damaged one (with segment and offset), one of a later version, or the disk's error.
    pub fn open(disk: Arc<dyn Disk>) -> Result<(Self, OpenReport), Fault> {
        let (view, report) = JournalView::open(disk)?;
        if !report.clean {
            rewrite_last_segment(&view)?;
        }
        Ok((Self::start(view)?, report))
    }

    fn start(view: JournalView) -> Result<Self, Fault> {
        let last = view.segments.last().expect("a journal has a segment");
        let file = open_segment(&*view.disk, last.number)?;
        let tip = view.head;
        let mut journal =
            Self { view, file, segment_bytes_max: SEGMENT_BYTES, room_bytes: 0, pending: Vec::new(), draft: None, tip, broken: false, hurried: false };
        journal.make_room()?;
        Ok(journal)
    }

    /// A disk that fills up is to be met by a file that can be made again, not by the record of what was done (faults.md G21): so the
    /// journal's room is taken before anything else is written.
    fn make_room(&mut self) -> Result<(), Fault> {
        let needed = self.pending.len() as u64;
        if self.room_bytes > needed {
            return Ok(());
        }
        let last = self.view.segments.last().expect("a journal has a segment");
        let path = segment_path(last.number);
        self.file.reserve(needed + ROOM_BYTES).map_err(Fault::on("reserve", &path))?;
        self.room_bytes = needed + ROOM_BYTES;
        Ok(())
    }

    /// Closes segments at another length than [`SEGMENT_BYTES`] (simulation, tests).
    #[must_use]
    pub fn with_segment_bytes(mut self, segment_bytes_max: u64) -> Self {
        self.segment_bytes_max = segment_bytes_max;
        self
    }

    /// Adds an entry to the commit being gathered; nothing is written yet. Its sequence number.
    ///
    /// # Errors
    /// The entry is longer than a record may be, or an earlier commit failed.
    pub fn append(&mut self, entry: &Entry) -> Result<u64, Fault> {
        self.check_usable()?;
        let too_long = |e: envelope::EnvelopeError| Fault::Invariant(format!("journal entry: {e}"));
        let payload = envelope::encode_payload(entry, RECORD_BYTES_MAX).map_err(too_long)?;
        self.finish_draft(false);
        self.hurried = has(Bug::NumbersUncommitted) && matches!(entry, Entry::BatchCut(_));
        self.draft = Some(DraftRecord::new(self.tip, self.view.head.seq + 1, &payload));
        Ok(self.tip.seq + 1)
    }

    /// Makes everything appended durable, all or nothing: the commit point. Nothing appended: nothing written.
    ///
    /// # Errors
    /// The disk's; the journal can't be used any more, and after [`Fault::SyncFailed`] the process must end.
    pub fn commit(&mut self) -> Result<Head, Fault> {
        self.check_usable()?;
        self.finish_draft(true);
        if self.pending.is_empty() {
            return Ok(self.view.head);
        }
        self.broken = true;
        self.roll_over()?;
        self.make_room()?;
        self.write_pending()?;
        self.broken = false;
        Ok(self.view.head)
    }

    /// [`Journal::append`] and [`Journal::commit`] of one entry.
    ///
    /// # Errors
    /// As these.
    pub fn record(&mut self, entry: &Entry) -> Result<Head, Fault> {
        self.append(entry)?;
        self.commit()
    }

    /// The last committed record.
    #[must_use]
    pub fn head(&self) -> Head {
        self.view.head
    }

    /// A read-only view of what is committed now.
    #[must_use]
    pub fn view(&self) -> JournalView {
        self.view.clone()
    }

    /// The committed records from `seq` on, in order.
    #[must_use]
    pub fn read_from(&self, seq: u64) -> JournalReader {
        self.view.read_from(seq)
    }

    /// Marks a clean stop: commits what is gathered and publishes the head, so that from now on a missing or changed last
    /// record is damage, not a torn tail.
    ///
    /// # Errors
    /// The disk's.
    pub fn close(mut self) -> Result<Head, Fault> {
        let head = self.commit()?;
        let sealed = envelope::seal(MARK_FORM, &head).map_err(|e| Fault::Invariant(format!("journal mark: {e}")))?;
        publish_bytes(&*self.view.disk, MARK_PATH, &sealed)?;
        Ok(head)
    }

    fn check_usable(&self) -> Result<(), Fault> {
        if self.broken { Err(Fault::Invariant("the journal is used after a failed commit".to_owned())) } else { Ok(()) }
    }

    fn finish_draft(&mut self, last_of_commit: bool) {
        if let Some(draft) = self.draft.take() {
            let record = draft.finish(last_of_commit);
            self.tip = Head { seq: self.tip.seq + 1, hash: card::Digest::of(&record) };
            self.pending.extend_from_slice(&record);
        }
    }

    /// Starts a new segment when the pending commit doesn't fit into the last one. A commit is never split.
    fn roll_over(&mut self) -> Result<(), Fault> {
        let last = *self.view.segments.last().expect("a journal has a segment");
        let has_records = last.len_bytes > SEGMENT_HEADER_BYTES as u64;
        if has_records && last.len_bytes + self.pending.len() as u64 > self.segment_bytes_max {
            let segment = publish_header(&*self.view.disk, &self.view.plant_id, last.number + 1, self.view.head)?;
            self.file = open_segment(&*self.view.disk, segment.number)?;
            self.room_bytes = 0;
            self.view.segments.push(segment);
        }
        Ok(())
    }

    fn write_pending(&mut self) -> Result<(), Fault> {
        let last = self.view.segments.last_mut().expect("a journal has a segment");
        let path = segment_path(last.number);
        self.file.write_all(&self.pending).map_err(Fault::on("write", &path))?;
        let mut synced = if self.hurried { Ok(()) } else { self.file.sync() };
        if has(Bug::SyncRetried) && synced.is_err() {
            synced = self.file.sync();
        }
        synced.map_err(|e| Fault::sync(&path, e))?;
        last.len_bytes += self.pending.len() as u64;
        self.room_bytes = self.room_bytes.saturating_sub(self.pending.len() as u64);
        self.view.head = self.tip;
        self.pending.clear();
        self.pending.shrink_to(KEPT_BUFFER_BYTES);
        Ok(())
    }
}

/// Set aside at a time: some thousand commits of a run, few of which are longer.
const ROOM_BYTES: u64 = 1 << 20;
/// Buffer kept between commits; a large commit's is given back.
const KEPT_BUFFER_BYTES: usize = 1 << 20;

fn open_segment(disk: &dyn Disk, number: u32) -> Result<Box<dyn DiskFile>, Fault> {
    let path = segment_path(number);
    disk.append(&path).map_err(Fault::on("open", &path))
}

fn publish_header(disk: &dyn Disk, plant_id: &str, number: u32, before: Head) -> Result<Segment, Fault> {
    let header = SegmentHeader { version: FORMAT_VERSION, number, before, plant_id: plant_id.to_owned() };
    publish_bytes(disk, &segment_path(number), &header.to_bytes())?;
    Ok(Segment { number, before, len_bytes: SEGMENT_HEADER_BYTES as u64 })
}

fn rewrite_last_segment(view: &JournalView) -> Result<(), Fault> {
    let last = view.segments.last().expect("a journal has a segment");
    let path = segment_path(last.number);
    let bytes = map(&*view.disk, &path)?;
    let kept = usize::try_from(last.len_bytes).ok().and_then(|len| (*bytes).as_ref().get(..len));
    let kept = kept.ok_or_else(|| Fault::Invariant(format!("{path} became shorter while it was opened")))?;
    publish(&*view.disk, &path, |out| out.write_all(kept)).map(drop)
}
