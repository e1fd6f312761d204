//! The walk over the markers of a file: where each segment and each scan's entropy-coded data begins and ends.
//! It stops at the first thing that breaks the format and says what it was; what it saw until then stays usable.

use card::Code;

use super::marker;
use crate::refusal::Refusal;

/// One marker segment.
#[derive(Clone, Copy)]
pub(crate) struct Segment<'a> {
    pub marker: u8,
    /// What follows the length field.
    pub payload: &'a [u8],
    /// For SOS: the entropy-coded data, restart markers included. Empty for the others.
    pub entropy: &'a [u8],
}

/// What a file is made of.
pub(crate) struct Layout<'a> {
    pub segments: Vec<Segment<'a>>,
    /// `FF` bytes in front of markers beyond the one that belongs there.
    pub fill_bytes: u64,
    /// Bytes after EOI; 0 if EOI wasn't reached.
    pub trailing_bytes: u64,
    /// Why reading stopped before EOI.
    pub broken: Option<Refusal>,
}

impl<'a> Layout<'a> {
    /// Walks a file that begins with SOI (the caller looked). At most `segments_max` segments are kept.
    pub(crate) fn read(jpeg: &'a [u8], segments_max: u32) -> Self {
        let mut layout = Self { segments: Vec::with_capacity(16), fill_bytes: 0, trailing_bytes: 0, broken: None };
        let mut rest = &jpeg[2..];
        loop {
            match layout.step(rest, segments_max) {
                Ok(Some(next)) => rest = next,
                Ok(None) => return layout,
                Err(refusal) => {
                    layout.broken = Some(refusal);
                    return layout;
                }
            }
        }
    }

    /// Reads one segment; gives what follows it, or `None` after EOI.
    fn step(&mut self, rest: &'a [u8], segments_max: u32) -> Result<Option<&'a [u8]>, Refusal> {
        let (marker, rest) = self.marker(rest)?;
        if marker == marker::EOI {
            self.trailing_bytes = rest.len() as u64;
            return if self.has(marker::SOS) { Ok(None) } else { Err(Refusal::damaged("end of image before any scan")) };
        }
        if marker::is_foreign(marker) {
            return Err(Refusal::damaged(format!("marker FF{marker:02X} out of place")));
        }
        if self.segments.len() >= segments_max as usize {
            return Err(Refusal::new(Code::Pho08, format!("more than {segments_max} segments"), format!("{segments_max} segments")));
        }
        let (payload, rest) = split_payload(rest)?;
        let entropy = if marker == marker::SOS { &rest[..entropy_len(rest)] } else { &[] };
        self.segments.push(Segment { marker, payload, entropy });
        Ok(Some(&rest[entropy.len()..]))
    }

    fn marker(&mut self, rest: &'a [u8]) -> Result<(u8, &'a [u8]), Refusal> {
        let fills = rest.iter().take_while(|b| **b == 0xFF).count();
        match rest.get(fills) {
            None => Err(Refusal::damaged("file ends before its end-of-image marker")),
            Some(_) if fills == 0 => Err(Refusal::damaged("bytes between segments that belong to none")),
            Some(marker) => {
                self.fill_bytes += fills as u64 - 1;
                Ok((*marker, &rest[fills + 1..]))
            }
        }
    }

    fn has(&self, marker: u8) -> bool {
        self.all(marker).next().is_some()
    }

    pub(crate) fn all(&self, marker: u8) -> impl Iterator<Item = &Segment<'a>> {
        self.segments.iter().filter(move |s| s.marker == marker)
    }

    /// Bytes of APPn and COM segments, their markers and lengths included.
    pub(crate) fn metadata_bytes(&self) -> u64 {
        self.segments.iter().filter(|s| marker::is_metadata(s.marker)).map(|s| s.payload.len() as u64 + 4).sum()
    }
}

fn split_payload(rest: &[u8]) -> Result<(&[u8], &[u8]), Refusal> {
    let short = || Refusal::damaged("file ends inside a segment");
    let (length, rest) = rest.split_first_chunk::<2>().ok_or_else(short)?;
    let length = usize::from(u16::from_be_bytes(*length)).checked_sub(2).ok_or_else(|| Refusal::damaged("segment length below 2"))?;
    rest.split_at_checked(length).ok_or_else(short)
}

/// Length of the entropy-coded data: up to the first marker that is neither a stuffed `FF00` nor a restart.
fn entropy_len(rest: &[u8]) -> usize {
    memchr::memchr_iter(0xFF, rest).find(|at| !matches!(rest.get(at + 1), Some(0 | marker::RST0..=marker::RST7))).unwrap_or(rest.len())
}
