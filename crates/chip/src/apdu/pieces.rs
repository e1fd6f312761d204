//! Content in the pieces that commands take: records as a card stores them, bytes at their offsets.

use super::command::WRITE_BYTES_MAX;
use super::script::RecordForm;
use crate::image::ChipRecordImage;
use crate::problem::ChipProblem;

/// A command by short file identifier has one byte for its offset.
pub(super) const SHORT_OFFSET_MAX: usize = 0xFF;
/// One by the current file has 15 bits; above, the offset is a data object.
const PLAIN_OFFSET_MAX: usize = 0x7FFF;
/// Bytes of an offset data object, and of the head of a discretionary data object of up to 255 bytes.
const OFFSET_OBJECT_BYTES: usize = 4;
const DISCRETIONARY_HEAD_BYTES: usize = 3;
/// What these take of a command's and of an answer's data.
pub(super) const WRITE_HEAD_BYTES: usize = OFFSET_OBJECT_BYTES + DISCRETIONARY_HEAD_BYTES;
pub(super) const READ_HEAD_BYTES: usize = DISCRETIONARY_HEAD_BYTES;

/// Bytes of the longest record with tag and length.
pub(super) fn longest(records: &[ChipRecordImage]) -> usize {
    records.iter().map(|r| r.value.len() + 2).max().unwrap_or(0)
}

/// Records with their numbers, as the card stores and answers them: tag, length, value, filled up if all are equally long.
pub(super) fn numbered(records: &[ChipRecordImage], form: RecordForm) -> Result<Vec<(u8, Vec<u8>)>, ChipProblem> {
    let longest = longest(records);
    if longest > WRITE_BYTES_MAX {
        return Err(ChipProblem::new("record", format!("{longest} bytes, a command takes {WRITE_BYTES_MAX}")));
    }
    let one = |(i, record): (usize, &ChipRecordImage)| {
        // 255 is no record number, and one more than there are is asked for.
        let number = u8::try_from(i + 1).ok().filter(|n| *n < 254).ok_or_else(|| ChipProblem::new("file", "over 253 records"))?;
        let mut bytes = vec![record.tag, record.value.len() as u8];
        bytes.extend_from_slice(&record.value);
        if form == RecordForm::Fixed {
            bytes.resize(longest, 0);
        }
        Ok((number, bytes))
    };
    records.iter().enumerate().map(one).collect()
}

/// Pieces with their offsets; smaller by `coding` bytes where the offset no longer fits the header.
pub(super) fn chunks(bytes: &[u8], most: usize, coding: usize) -> Vec<(usize, &[u8])> {
    let mut pieces = Vec::new();
    let mut offset = 0;
    while offset < bytes.len() {
        let room = if plain(offset).is_some() { most } else { most - coding };
        let end = bytes.len().min(offset + room);
        pieces.push((offset, &bytes[offset..end]));
        offset = end;
    }
    pieces
}

/// P1 and P2 of an offset that fits 15 bits.
pub(super) fn plain(offset: usize) -> Option<[u8; 2]> {
    u16::try_from(offset).ok().filter(|o| usize::from(*o) <= PLAIN_OFFSET_MAX).map(u16::to_be_bytes)
}

/// Offset data object; files have at most 65,535 bytes.
pub(super) fn offset_object(offset: usize) -> Vec<u8> {
    let [.., high, low] = offset.to_be_bytes();
    vec![0x54, 0x02, high, low]
}

/// Discretionary data object of up to 255 bytes, length in its shortest form.
pub(super) fn discretionary(bytes: &[u8]) -> Vec<u8> {
    let len = bytes.len() as u8;
    let head: &[u8] = if len < 0x80 { &[0x53, len] } else { &[0x53, 0x81, len] };
    [head, bytes].concat()
}
