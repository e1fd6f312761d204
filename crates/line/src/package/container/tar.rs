//! A tar stream, block by block. Field formats come from the `tar` crate; what it would let pass — a missing end mark, bytes
//! after it, sizes that contradict each other, links, sparse files — is refused here. Nothing is ever seeked or written to a path.

use card::Code;

use super::flow::{CHUNK_BYTES, Flow, truncated};
use super::intake::{Admitted, Intake};
use super::tar_header::{Block, Extension, Kind, read_block, read_extension};
use crate::package::finding::{Halt, refuse};
use crate::package::name::Part;

pub(super) const BLOCK_BYTES: usize = 512;
/// Longest extended header read into memory.
const EXTENSION_BYTES_MAX: u64 = 16 << 10;

pub(super) fn read(mut flow: impl Flow, intake: &mut Intake) -> Result<(), Halt> {
    let mut pending = Extension::default();
    let mut number = 0;
    loop {
        number += 1;
        let place = format!("tar header {number}");
        let mut raw = [0; BLOCK_BYTES];
        pull_exact(&mut flow, &mut raw, &place)?;
        if raw.iter().all(|b| *b == 0) {
            return if pending.is_empty() {
                end_mark(&mut flow)
            } else {
                Err(refuse(&place, Code::Pkg06, "an extended header without its file", "a file after it"))
            };
        }
        let block = read_block(&raw, &place)?;
        if block.kind == Kind::Extended {
            intake.count_entry()?;
            pending.merge(extension(&mut flow, &block, &place)?, &place)?;
        } else {
            entry(&mut flow, &block, &std::mem::take(&mut pending), intake, &place)?;
        }
    }
}

fn extension(flow: &mut impl Flow, block: &Block, place: &str) -> Result<Extension, Halt> {
    if block.size_bytes > EXTENSION_BYTES_MAX {
        return Err(refuse(place, Code::Pkg15, format!("an extended header of {} bytes", block.size_bytes), format!("{EXTENSION_BYTES_MAX} bytes")));
    }
    let mut body = vec![0; padded(block.size_bytes) as usize];
    pull_exact(flow, &mut body, place)?;
    body.truncate(block.size_bytes as usize);
    read_extension(block.flag, &body, place)
}

fn entry(flow: &mut impl Flow, block: &Block, extension: &Extension, intake: &mut Intake, place: &str) -> Result<(), Halt> {
    if let Some(size) = extension.size_bytes.filter(|s| *s != block.size_bytes) {
        return Err(refuse(place, Code::Pkg09, format!("{size} in the extended header, {} in the header", block.size_bytes), "equal"));
    }
    let file = intake.admit(extension.path.as_deref().unwrap_or(&block.name))?;
    let folder = block.kind == Kind::Folder;
    if (file.part == Part::Folder) != folder || folder && block.size_bytes != 0 {
        let code = if folder && file.part != Part::Folder { Code::Pkg11 } else { Code::Pkg06 };
        return Err(refuse(&file.place, code, "a folder and a file don't share a name", "photos/"));
    }
    if folder {
        return Ok(());
    }
    intake.declare(&file, block.size_bytes)?;
    copy(flow, &file, block.size_bytes, intake)
}

fn copy(flow: &mut impl Flow, file: &Admitted, size_bytes: u64, intake: &mut Intake) -> Result<(), Halt> {
    let mut storing = intake.begin(file)?;
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut left = padded(size_bytes);
    while left > 0 {
        let take = left.min(CHUNK_BYTES as u64) as usize;
        pull_exact(flow, &mut chunk[..take], &file.place)?;
        let wanted = (size_bytes - storing.len_bytes).min(take as u64) as usize;
        storing.write(&chunk[..wanted])?;
        left -= take as u64;
    }
    storing.end()
}

/// After the first zero block: a second one, then nothing but zeros to the end of the stream.
fn end_mark(flow: &mut impl Flow) -> Result<(), Halt> {
    const PLACE: &str = "tar end mark";
    let mut second = [0; BLOCK_BYTES];
    pull_exact(flow, &mut second, PLACE)?;
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut part = BLOCK_BYTES;
    chunk[..BLOCK_BYTES].copy_from_slice(&second);
    loop {
        if chunk[..part].iter().any(|b| *b != 0) {
            return Err(refuse(PLACE, Code::Pkg04, "bytes after the end mark", "zeros"));
        }
        part = flow.pull(&mut chunk)?;
        if part == 0 {
            return Ok(());
        }
    }
}

fn pull_exact(flow: &mut impl Flow, out: &mut [u8], place: &str) -> Result<(), Halt> {
    let got = flow.pull(out)?;
    if got == out.len() { Ok(()) } else { Err(truncated(place, got, out.len())) }
}

fn padded(size_bytes: u64) -> u64 {
    size_bytes.div_ceil(BLOCK_BYTES as u64) * BLOCK_BYTES as u64
}
