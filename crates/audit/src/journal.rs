//! Reading the journal (crates/ledger/FORMAT.md §2), written anew from that page: every header, checksum, number, hash and commit.
//! Gives the entries of complete commits, in order, in bounded memory; says in words what is wrong instead of repairing anything.

use card::Digest;
use ledger::disk::{Bytes, Disk};
use ledger::entry::Entry;
use ledger::fault::Fault;
use ledger::journal::{ENTRY_SCHEMA, FOLDER, FORMAT_VERSION, MARK_PATH, RECORD_BYTES_MAX, RECORD_HEADER_BYTES, SEGMENT_HEADER_BYTES, SEGMENT_MAGIC};

use crate::envelope;

/// Envelope kind and schema of the mark.
const MARK_FORM: (u8, u8) = (1, 1);
/// Flag of a commit's last record.
const LAST_OF_COMMIT: u8 = 1;

/// A place in the chain: number and hash of a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Deserialize)]
pub struct Place {
    pub seq: u64,
    pub hash: Digest,
}

/// What reading found.
#[derive(Debug)]
pub struct Walked {
    pub head: Place,
    pub plant_id: String,
    /// Records that were checked.
    pub records: u64,
    pub len_bytes: u64,
    /// The first thing wrong: where and what. Entries before it were given.
    pub damage: Option<String>,
    /// An incomplete last commit, passed over: never acknowledged, cut by the next run.
    pub torn: Option<String>,
    /// There is a mark of a clean stop: a lost last record would be noticed.
    pub marked: bool,
    /// That mark is of the last record: nothing was written since the last clean stop.
    pub clean: bool,
}

/// Gives every entry of every complete commit to `each`, with its place.
///
/// # Errors
/// The disk's, or what `each` returns.
pub fn walk(disk: &dyn Disk, each: &mut dyn FnMut(Place, Entry) -> Result<(), Fault>) -> Result<Walked, Fault> {
    let names = segment_names(disk)?;
    let mut walked = Walked { head: genesis(""), plant_id: String::new(), records: 0, len_bytes: 0, damage: None, torn: None, marked: false, clean: false };
    let mark = match read_mark(disk)? {
        Ok(mark) => mark,
        Err(why) => {
            walked.damage = Some(format!("{MARK_PATH}: {why}"));
            return Ok(walked);
        }
    };
    walked.marked = mark.is_some();
    if names.is_empty() {
        walked.damage = Some(format!("{FOLDER}: no journal"));
    }
    for (i, name) in names.iter().enumerate() {
        let path = format!("{FOLDER}/{name}");
        let bytes: Bytes = disk.map(&path).map_err(Fault::on("read", &path))?;
        let segment = Segment { path: &path, bytes: (*bytes).as_ref(), number: i as u32 + 1, is_last: i + 1 == names.len(), mark };
        walked.damage = segment.walk(&mut walked, each)?.err();
        if walked.damage.is_some() {
            return Ok(walked);
        }
    }
    walked.clean = mark.is_some_and(|m| m.seq == walked.head.seq);
    if let Some(mark) = mark.filter(|m| m.seq > walked.head.seq) {
        walked.damage = Some(format!("the journal ends with record {}, but record {} was acknowledged", walked.head.seq, mark.seq));
    }
    Ok(walked)
}

/// Names of the segments in order.
fn segment_names(disk: &dyn Disk) -> Result<Vec<String>, Fault> {
    let list = disk.list(FOLDER).map_err(Fault::on("list", FOLDER))?;
    let is_segment = |name: &str| name.starts_with("journal-") && name.ends_with(".log");
    Ok(list.into_iter().filter(|e| !e.is_dir && is_segment(&e.name)).map(|e| e.name).collect())
}

fn read_mark(disk: &dyn Disk) -> Result<Result<Option<Place>, &'static str>, Fault> {
    if disk.len(MARK_PATH).map_err(Fault::on("read", MARK_PATH))?.is_none() {
        return Ok(Ok(None));
    }
    let bytes = disk.read(MARK_PATH).map_err(Fault::on("read", MARK_PATH))?;
    Ok(envelope::open(MARK_FORM.0, MARK_FORM.1, &bytes).and_then(envelope::decode).map(Some))
}

/// The place before a plant's first record.
fn genesis(plant_id: &str) -> Place {
    Place { seq: 0, hash: Digest::of(&[b"cardline journal\0", plant_id.as_bytes()].concat()) }
}

struct Segment<'a> {
    path: &'a str,
    bytes: &'a [u8],
    number: u32,
    is_last: bool,
    mark: Option<Place>,
}

/// A record whose checksum is right.
struct Sound<'a> {
    seq: u64,
    commit: u64,
    prev: Digest,
    schema: u8,
    kind: u8,
    last_of_commit: bool,
    payload: &'a [u8],
    whole: &'a [u8],
}

/// `Err`: what is damaged, in words.
type Checked<T> = Result<T, String>;

impl Segment<'_> {
    fn at(&self, offset: usize, what: &str) -> String {
        format!("{} at byte {offset}: {what}", self.path)
    }

    fn walk(&self, walked: &mut Walked, each: &mut dyn FnMut(Place, Entry) -> Result<(), Fault>) -> Result<Checked<()>, Fault> {
        if let Err(why) = self.header(walked) {
            return Ok(Err(why));
        }
        let mut at = SEGMENT_HEADER_BYTES;
        while at < self.bytes.len() {
            let end = match self.commit(at, walked.head) {
                Ok(end) => end,
                Err(Unread::Damaged(why)) => return Ok(Err(why)),
                Err(Unread::Torn(why)) => {
                    walked.torn = Some(why);
                    break;
                }
            };
            while at < end {
                let Ok(record) = sound(&self.bytes[at..end]) else { return Ok(Err(self.at(at, "changed while it was read"))) };
                let entry = match decode(&record) {
                    Ok(entry) => entry,
                    Err(why) => return Ok(Err(self.at(at, &format!("record {}: {why}", record.seq)))),
                };
                let place = Place { seq: record.seq, hash: Digest::of(record.whole) };
                each(place, entry)?;
                at += record.whole.len();
                walked.head = place;
                walked.records += 1;
            }
        }
        walked.len_bytes += at as u64;
        Ok(Ok(()))
    }

    /// magic 8 | version 4 | number 4 | sequence before 8 | hash before 32 | plant id length 1 and text 63 | zero 4 | crc32c 4.
    fn header(&self, walked: &mut Walked) -> Checked<()> {
        let header = self.bytes.get(..SEGMENT_HEADER_BYTES).ok_or_else(|| self.at(0, "the header is incomplete"))?;
        let sound = header[..8] == SEGMENT_MAGIC && header[124..128] == crc32c::crc32c(&header[..124]).to_le_bytes();
        let id = header[57..120].get(..usize::from(header[56])).and_then(|id| std::str::from_utf8(id).ok());
        let (true, Some(id)) = (sound, id) else { return Err(self.at(0, "the header is damaged")) };
        if u32_at(header, 8) != FORMAT_VERSION {
            return Err(self.at(0, "of another version than this program reads"));
        }
        if self.number == 1 {
            id.clone_into(&mut walked.plant_id);
            walked.head = genesis(id);
        }
        let before = Place { seq: u64_at(header, 16), hash: digest_at(header, 24) };
        let name = format!("{FOLDER}/journal-{:06}.log", self.number);
        let continues = name == self.path && u32_at(header, 12) == self.number && id == walked.plant_id && before == walked.head;
        if continues { Ok(()) } else { Err(self.at(0, "the segment doesn't continue the one before it")) }
    }

    /// Checks one commit from `start` on; its end.
    fn commit(&self, start: usize, head: Place) -> Result<usize, Unread> {
        let (mut at, mut head) = (start, head);
        let commit = head.seq + 1;
        loop {
            let record = match self.bytes.get(at..).filter(|rest| !rest.is_empty()).map(sound) {
                Some(Ok(record)) => record,
                Some(Err(why)) => return Err(self.torn(start, at, commit, head.seq, why)),
                None => return Err(self.torn(start, at, commit, head.seq, "the commit is incomplete")),
            };
            if record.seq != head.seq + 1 || record.prev != head.hash || record.commit != commit {
                return Err(Unread::Damaged(self.at(at, &format!("record {} doesn't follow record {}", record.seq, head.seq))));
            }
            head = Place { seq: record.seq, hash: Digest::of(record.whole) };
            if self.mark.is_some_and(|m| m.seq == head.seq && m.hash != head.hash) {
                return Err(Unread::Damaged(self.at(at, &format!("record {} is not the one that was acknowledged", head.seq))));
            }
            at += record.whole.len();
            if record.last_of_commit {
                return Ok(at);
            }
        }
    }

    /// Unreadable from `at` on, after record `last`. Only torn if it is the journal's end and nothing of another commit follows: each commit is
    /// synced before the next is begun.
    fn torn(&self, start: usize, at: usize, commit: u64, last: u64, why: &str) -> Unread {
        let acknowledged = self.mark.is_some_and(|m| m.seq >= commit);
        if !self.is_last || acknowledged || self.another_commit_after(at, commit, last) {
            return Unread::Damaged(self.at(at, why));
        }
        Unread::Torn(self.at(start, &format!("an incomplete last commit of {} bytes ({why})", self.bytes.len() - start)))
    }

    /// A sound record of any other commit, earlier numbers too: FORMAT.md says another, not a later one.
    fn another_commit_after(&self, at: usize, commit: u64, last: u64) -> bool {
        let rest = self.bytes.get(at + 1..).unwrap_or_default();
        (0..(rest.len() + 1).saturating_sub(RECORD_HEADER_BYTES)).any(|i| {
            let header = &rest[i..];
            let (seq, of) = (u64_at(header, 8), u64_at(header, 16));
            let plausible = header[59] == 0 && header[58] <= LAST_OF_COMMIT && of != commit && of <= seq && seq > last;
            plausible && sound(header).is_ok()
        })
    }
}

enum Unread {
    Damaged(String),
    Torn(String),
}

/// length 4 | crc32c 4 | sequence 8 | commit 8 | previous hash 32 | schema 1 | kind 1 | flags 1 | zero 1, then the payload.
fn sound(bytes: &[u8]) -> Result<Sound<'_>, &'static str> {
    let header = bytes.get(..RECORD_HEADER_BYTES).ok_or("the record's header is incomplete")?;
    let length = u32_at(header, 0);
    let whole = (length <= RECORD_BYTES_MAX).then(|| bytes.get(..RECORD_HEADER_BYTES + length as usize)).flatten().ok_or("the record is incomplete")?;
    if crc32c::crc32c_append(crc32c::crc32c(&whole[..4]), &whole[8..]) != u32_at(header, 4) {
        return Err("the record's checksum is wrong");
    }
    if header[58] > LAST_OF_COMMIT || header[59] != 0 {
        return Err("the record has unknown flags");
    }
    Ok(Sound {
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

fn decode(record: &Sound) -> Result<Entry, &'static str> {
    if record.schema != ENTRY_SCHEMA {
        return Err("of a schema this program doesn't read");
    }
    if record.payload.first() != Some(&record.kind) {
        return Err("of another kind than it says");
    }
    envelope::decode(record.payload)
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}

fn digest_at(bytes: &[u8], at: usize) -> Digest {
    let mut out = [0; 32];
    out.copy_from_slice(&bytes[at..at + 32]);
    Digest(out)
}
