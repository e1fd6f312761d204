//! A stream of bytes whose end and damage are told apart from faults of the world: what the tar reader reads from.

use std::io::{self, Read};

use card::Code;

use crate::package::finding::{Halt, refuse};

/// Bytes read at a time everywhere in this module.
pub(super) const CHUNK_BYTES: usize = 64 << 10;

pub(super) trait Flow {
    /// Fills `out` from the start and returns how much: less than its length only at the end of the stream.
    fn pull(&mut self, out: &mut [u8]) -> Result<usize, Halt>;
}

/// A stream as it lies in the file.
pub(super) struct Plain<R> {
    reader: R,
}

impl<R: Read> Plain<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader }
    }
}

impl<R: Read> Flow for Plain<R> {
    fn pull(&mut self, out: &mut [u8]) -> Result<usize, Halt> {
        Ok(read_full(&mut self.reader, out)?)
    }
}

/// Reads until `out` is full or the reader ends.
pub(super) fn read_full(reader: &mut (impl Read + ?Sized), out: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < out.len() {
        match reader.read(&mut out[filled..]) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(filled)
}

/// Reads exactly `out`; a shorter stream is a truncated container.
pub(super) fn read_exact(reader: &mut (impl Read + ?Sized), out: &mut [u8], place: &str) -> Result<(), Halt> {
    let got = read_full(reader, out)?;
    if got == out.len() { Ok(()) } else { Err(truncated(place, got, out.len())) }
}

pub(super) fn truncated(place: &str, got: usize, wanted: usize) -> Halt {
    refuse(place, Code::Pkg03, format!("ends after {got} of {wanted} bytes"), "whole")
}
