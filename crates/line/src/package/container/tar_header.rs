//! One tar header block and the extended headers before it (PAX, GNU long name): read strictly, judged, never trusted to
//! override a size.

use card::Code;

use super::tar::BLOCK_BYTES;
use crate::package::finding::{Halt, refuse};

/// What a header introduces.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    File,
    Folder,
    Extended,
}

pub(super) struct Block {
    pub(super) kind: Kind,
    pub(super) flag: u8,
    pub(super) name: Vec<u8>,
    pub(super) size_bytes: u64,
}

/// What extended headers said of the next file.
#[derive(Default)]
pub(super) struct Extension {
    pub(super) path: Option<Vec<u8>>,
    pub(super) size_bytes: Option<u64>,
    seen: bool,
}

impl Extension {
    pub(super) fn is_empty(&self) -> bool {
        !self.seen
    }

    /// Takes in one more extended header; two that say the same thing are inconsistent.
    pub(super) fn merge(&mut self, other: Self, place: &str) -> Result<(), Halt> {
        let twice = self.path.is_some() && other.path.is_some() || self.size_bytes.is_some() && other.size_bytes.is_some();
        if twice {
            return Err(refuse(place, Code::Pkg06, "two extended headers for one file", "one"));
        }
        self.path = self.path.take().or(other.path);
        self.size_bytes = self.size_bytes.or(other.size_bytes);
        self.seen |= other.seen;
        Ok(())
    }
}

pub(super) fn read_block(raw: &[u8; BLOCK_BYTES], place: &str) -> Result<Block, Halt> {
    let header = tar::Header::from_byte_slice(raw);
    let damaged = |what: &str| refuse(place, Code::Pkg03, what, "a tar header");
    if header.cksum().ok() != Some(checksum(raw)) {
        return Err(damaged("wrong checksum"));
    }
    let size_bytes = header.entry_size().map_err(|_| damaged("a size that is no number"))?;
    let flag = header.as_old().linkflag[0];
    Ok(Block { kind: kind_of(flag, place)?, flag, name: header.path_bytes().into_owned(), size_bytes })
}

fn checksum(raw: &[u8; BLOCK_BYTES]) -> u32 {
    let sum: u32 = raw.iter().map(|b| u32::from(*b)).sum();
    let field: u32 = raw[148..156].iter().map(|b| u32::from(*b)).sum();
    sum - field + 8 * u32::from(b' ')
}

fn kind_of(flag: u8, place: &str) -> Result<Kind, Halt> {
    let found = match flag {
        b'0' | 0 => return Ok(Kind::File),
        b'5' => return Ok(Kind::Folder),
        b'x' | b'g' | b'L' => return Ok(Kind::Extended),
        b'S' => return Err(refuse(place, Code::Pkg09, "a sparse file", "plain files")),
        b'1' | b'K' => "a hard link",
        b'2' => "a symbolic link",
        b'3' | b'4' => "a device",
        b'6' => "a pipe",
        _ => "an unknown type",
    };
    Err(refuse(place, Code::Pkg08, found, "plain files"))
}

/// `body` of an extended header of type `flag`.
pub(super) fn read_extension(flag: u8, body: &[u8], place: &str) -> Result<Extension, Halt> {
    let mut out = Extension { seen: flag != b'g', ..Extension::default() };
    if flag == b'L' {
        let end = body.iter().position(|b| *b == 0).unwrap_or(body.len());
        out.path = Some(body[..end].to_vec());
        return Ok(out);
    }
    let mut rest = body;
    while !rest.is_empty() {
        let (key, value, after) = pax_record(rest).ok_or_else(|| refuse(place, Code::Pkg06, "an extended header that can't be read", "PAX records"))?;
        apply(&mut out, flag, key, value, place)?;
        rest = after;
    }
    Ok(out)
}

/// One PAX record `LENGTH KEY=VALUE\n`, LENGTH counting all of it.
fn pax_record(rest: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let space = rest.iter().take(8).position(|b| *b == b' ')?;
    let digits = std::str::from_utf8(&rest[..space]).ok().filter(|t| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit()))?;
    let len: usize = digits.parse().ok()?;
    let record = rest.get(space + 1..len)?;
    let body = record.strip_suffix(b"\n")?;
    let equals = body.iter().position(|b| *b == b'=')?;
    Some((&body[..equals], &body[equals + 1..], &rest[len..]))
}

fn apply(out: &mut Extension, flag: u8, key: &[u8], value: &[u8], place: &str) -> Result<(), Halt> {
    let global = flag == b'g';
    match key {
        b"path" | b"size" if global => Err(refuse(place, Code::Pkg06, "a global header that names a file", "headers of one file")),
        b"path" if out.path.is_none() => {
            out.path = Some(value.to_vec());
            Ok(())
        }
        b"size" if out.size_bytes.is_none() => {
            out.size_bytes = Some(decimal(value).ok_or_else(|| refuse(place, Code::Pkg09, "a size that is no number", "a number"))?);
            Ok(())
        }
        b"path" | b"size" => Err(refuse(place, Code::Pkg06, "a key twice in one extended header", "once")),
        b"linkpath" => Err(refuse(place, Code::Pkg08, "a link", "plain files")),
        _ if key.starts_with(b"GNU.sparse.") => Err(refuse(place, Code::Pkg09, "a sparse file", "plain files")),
        _ => Ok(()),
    }
}

fn decimal(value: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(value).ok()?;
    if text.bytes().all(|b| b.is_ascii_digit()) { text.parse().ok() } else { None }
}
