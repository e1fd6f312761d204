//! The headers of a zip: end record, central directory, local headers. We read them ourselves because a lenient reader
//! looks at one copy of each fact; here every copy must be there once, agree with the other, and leave no gap or overlap.

use std::io::{BufReader, Read, SeekFrom};

use card::Code;

use super::ReadSeek;
use super::flow::{CHUNK_BYTES, read_exact};
use crate::package::finding::{Halt, refuse};
use crate::package::limits::PackageLimits;

const END_BYTES: usize = 22;
const END_MAGIC: [u8; 4] = *b"PK\x05\x06";
const CENTRAL_BYTES: usize = 46;
const CENTRAL_MAGIC: [u8; 4] = *b"PK\x01\x02";
pub(super) const LOCAL_BYTES: usize = 30;
const LOCAL_MAGIC: [u8; 4] = *b"PK\x03\x04";
/// Longest zip comment: how far back an end record can lie when something follows it.
const COMMENT_BYTES_MAX: usize = 0xFFFF;
const NAME_BYTES_MAX: usize = 1024;
const FLAG_ENCRYPTED: u16 = 1 | 1 << 6 | 1 << 13;
/// Sizes and check sum follow the data.
pub(super) const FLAG_DESCRIPTOR: u16 = 1 << 3;
const FLAG_PATCH: u16 = 1 << 5;
const EXTRA_ZIP64: u16 = 0x0001;
const EXTRA_UNICODE_PATH: u16 = 0x7075;

pub(super) type Reader = Box<dyn ReadSeek + Send>;

/// One file as the central directory describes it.
pub(super) struct Member {
    pub(super) name: Vec<u8>,
    pub(super) flags: u16,
    pub(super) method: u16,
    pub(super) crc: u32,
    pub(super) packed_bytes: u64,
    pub(super) plain_bytes: u64,
    pub(super) offset: u64,
    /// Unix file type bits, 0 when the maker recorded none.
    pub(super) file_type: u32,
}

/// Where the central directory lies.
pub(super) struct End {
    pub(super) directory_at: u64,
    directory_bytes: u64,
    members: usize,
}

pub(super) fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn inconsistent(place: &str, what: impl Into<String>, wanted: &str) -> Halt {
    refuse(place, Code::Pkg06, what, wanted)
}

/// Finds the end record at the very end of the file.
pub(super) fn read_end(reader: &mut Reader, len_bytes: u64, limits: &PackageLimits) -> Result<End, Halt> {
    let tail_bytes = len_bytes.min((END_BYTES + COMMENT_BYTES_MAX) as u64) as usize;
    let mut tail = vec![0; tail_bytes];
    reader.seek(SeekFrom::Start(len_bytes - tail_bytes as u64))?;
    read_exact(reader, &mut tail, "zip end record")?;
    let at = tail.windows(4).rposition(|w| w == END_MAGIC).ok_or_else(|| refuse("zip end record", Code::Pkg03, "missing", "a whole zip"))?;
    let record = &tail[at..];
    if record.len() < END_BYTES {
        return Err(refuse("zip end record", Code::Pkg03, "cut short", "a whole zip"));
    }
    if record.len() > END_BYTES {
        return Err(refuse("zip end record", Code::Pkg04, format!("{} bytes after it", record.len() - END_BYTES), "nothing, and no comment"));
    }
    check_end(record, len_bytes - END_BYTES as u64, limits)
}

fn check_end(record: &[u8], end_at: u64, limits: &PackageLimits) -> Result<End, Halt> {
    const PLACE: &str = "zip end record";
    let members = u16_at(record, 10);
    if u16_at(record, 4) != 0 || u16_at(record, 6) != 0 || u16_at(record, 8) != members {
        return Err(inconsistent(PLACE, "more than one disk", "one file"));
    }
    let (directory_bytes, directory_at) = (u64::from(u32_at(record, 12)), u64::from(u32_at(record, 16)));
    if members == u16::MAX || directory_at == u64::from(u32::MAX) || directory_bytes == u64::from(u32::MAX) {
        return Err(inconsistent(PLACE, "zip64", "a zip without zip64"));
    }
    if usize::from(members) > limits.files_max {
        return Err(refuse(PLACE, Code::Pkg13, format!("{members} files"), format!("{} files", limits.files_max)));
    }
    if u16_at(record, 20) != 0 {
        return Err(refuse(PLACE, Code::Pkg03, "its comment is cut short", "a whole zip"));
    }
    if directory_at + directory_bytes != end_at {
        return Err(inconsistent(PLACE, "a gap or overlap before it", "the directory directly before it"));
    }
    Ok(End { directory_at, directory_bytes, members: usize::from(members) })
}

/// Reads the whole central directory, in order of the files' offsets.
pub(super) fn read_directory(reader: &mut Reader, end: &End) -> Result<Vec<Member>, Halt> {
    reader.seek(SeekFrom::Start(end.directory_at))?;
    let mut directory = BufReader::with_capacity(CHUNK_BYTES, reader.take(end.directory_bytes));
    let mut members = Vec::with_capacity(end.members);
    for number in 1..=end.members {
        members.push(read_member(&mut directory, &format!("zip directory entry {number}"))?);
    }
    let mut one = [0];
    if super::flow::read_full(&mut directory, &mut one)? != 0 {
        return Err(inconsistent("zip directory", "more entries than it says", "as many as it says"));
    }
    members.sort_by_key(|m| m.offset);
    Ok(members)
}

fn read_member(directory: &mut impl Read, place: &str) -> Result<Member, Halt> {
    let mut head = [0; CENTRAL_BYTES];
    read_exact(directory, &mut head, place)?;
    if head[..4] != CENTRAL_MAGIC {
        return Err(refuse(place, Code::Pkg03, "not a directory entry", "a directory entry"));
    }
    let (name_bytes, extra_bytes, comment_bytes) = (usize::from(u16_at(&head, 28)), usize::from(u16_at(&head, 30)), usize::from(u16_at(&head, 32)));
    if name_bytes > NAME_BYTES_MAX {
        return Err(refuse(place, Code::Pkg15, format!("a name of {name_bytes} bytes"), "100 bytes"));
    }
    if u16_at(&head, 34) != 0 {
        return Err(inconsistent(place, "on another disk", "one file"));
    }
    let mut name = vec![0; name_bytes];
    read_exact(directory, &mut name, place)?;
    let mut extra = vec![0; extra_bytes + comment_bytes];
    read_exact(directory, &mut extra, place)?;
    check_extra(&extra[..extra_bytes], place)?;
    let member = Member {
        name,
        flags: u16_at(&head, 8),
        method: u16_at(&head, 10),
        crc: u32_at(&head, 16),
        packed_bytes: u64::from(u32_at(&head, 20)),
        plain_bytes: u64::from(u32_at(&head, 24)),
        offset: u64::from(u32_at(&head, 42)),
        file_type: u32_at(&head, 38) >> 16 & 0o170_000,
    };
    check_member(&member, place)?;
    Ok(member)
}

fn check_member(member: &Member, place: &str) -> Result<(), Halt> {
    if member.flags & FLAG_ENCRYPTED != 0 {
        return Err(inconsistent(place, "encrypted", "plain files (the signature protects them)"));
    }
    if member.flags & FLAG_PATCH != 0 || !matches!(member.method, 0 | 8) {
        return Err(inconsistent(place, format!("method {}", member.method), "stored (0) or deflated (8)"));
    }
    if member.method == 0 && member.packed_bytes != member.plain_bytes {
        return Err(inconsistent(place, "a stored file of two sizes", "equal"));
    }
    let zip64 = [member.packed_bytes, member.plain_bytes, member.offset].contains(&u64::from(u32::MAX));
    if zip64 { Err(inconsistent(place, "zip64", "a zip without zip64")) } else { Ok(()) }
}

/// Extra fields may carry times and owners, never another size or name.
fn check_extra(mut extra: &[u8], place: &str) -> Result<(), Halt> {
    while extra.len() >= 4 {
        let (id, len) = (u16_at(extra, 0), usize::from(u16_at(extra, 2)));
        if id == EXTRA_ZIP64 || id == EXTRA_UNICODE_PATH {
            return Err(inconsistent(place, format!("extra field 0x{id:04x}"), "one size and one name for each file"));
        }
        extra = extra.get(4 + len..).ok_or_else(|| inconsistent(place, "extra fields that can't be read", "whole extra fields"))?;
    }
    Ok(())
}

/// Reads the local header at the reader's place and compares it with the directory; returns its length in bytes.
pub(super) fn check_local(reader: &mut impl Read, member: &Member, place: &str) -> Result<u64, Halt> {
    let mut head = [0; LOCAL_BYTES];
    read_exact(reader, &mut head, place)?;
    if head[..4] != LOCAL_MAGIC {
        return Err(inconsistent(place, "no local header where the directory says", "a local header"));
    }
    let (name_bytes, extra_bytes) = (usize::from(u16_at(&head, 26)), usize::from(u16_at(&head, 28)));
    let mut rest = vec![0; name_bytes + extra_bytes];
    read_exact(reader, &mut rest, place)?;
    check_extra(&rest[name_bytes..], place)?;
    let same = rest[..name_bytes] == member.name[..] && u16_at(&head, 6) == member.flags && u16_at(&head, 8) == member.method;
    let sizes = (u32_at(&head, 14), u64::from(u32_at(&head, 18)), u64::from(u32_at(&head, 22)));
    let agree = sizes == (member.crc, member.packed_bytes, member.plain_bytes) || member.flags & FLAG_DESCRIPTOR != 0 && sizes == (0, 0, 0);
    if same && agree { Ok((LOCAL_BYTES + name_bytes + extra_bytes) as u64) } else { Err(inconsistent(place, "local and central header differ", "equal")) }
}
