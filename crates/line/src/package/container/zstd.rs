//! A `.tar.zst` as a stream of tar bytes: exactly one zstd frame with a small window, and never far more out than in.

use std::io::Read;

use card::Code;
use zstd::stream::raw::{DParameter, Decoder, InBuffer, Operation as _, OutBuffer};

use super::flow::{CHUNK_BYTES, Flow, read_full};
use crate::package::finding::{Halt, refuse};
use crate::package::limits::PackageLimits;

const MAGIC: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];
/// RFC 8878 §3.1.1.1: magic, descriptor, window, dictionary id, content size.
const HEADER_BYTES_MAX: usize = 18;
const PLACE: &str = "zstd frame";

pub(super) struct Unzstd<R> {
    reader: R,
    decoder: Decoder<'static>,
    chunk: Vec<u8>,
    /// Unread part of `chunk`.
    from: usize,
    to: usize,
    bytes_in: u64,
    bytes_out: u64,
    ended: bool,
    limits: PackageLimits,
}

impl<R: Read> Unzstd<R> {
    pub(super) fn new(mut reader: R, limits: &PackageLimits) -> Result<Self, Halt> {
        let mut chunk = vec![0; CHUNK_BYTES];
        let to = read_full(&mut reader, &mut chunk[..HEADER_BYTES_MAX])?;
        check_header(&chunk[..to], limits)?;
        let mut decoder = Decoder::new()?;
        decoder.set_parameter(DParameter::WindowLogMax(limits.zstd_window_log_max))?;
        Ok(Self { reader, decoder, chunk, from: 0, to, bytes_in: to as u64, bytes_out: 0, ended: false, limits: limits.clone() })
    }

    fn refill(&mut self) -> Result<(), Halt> {
        if self.from == self.to {
            self.from = 0;
            self.to = read_full(&mut self.reader, &mut self.chunk)?;
            self.bytes_in += self.to as u64;
            if self.to == 0 {
                return Err(refuse(PLACE, Code::Pkg03, format!("ends after {} bytes", self.bytes_in), "whole"));
            }
        }
        Ok(())
    }

    /// One turn of the decoder into `out`; how much it wrote.
    fn turn(&mut self, out: &mut [u8]) -> Result<usize, Halt> {
        let mut input = InBuffer::around(&self.chunk[self.from..self.to]);
        let mut output = OutBuffer::around(out);
        let hint = self.decoder.run(&mut input, &mut output).map_err(|_| refuse(PLACE, Code::Pkg03, "damaged", "a whole zstd frame"))?;
        let (read, wrote) = (input.pos(), output.pos());
        self.from += read;
        self.bytes_out += wrote as u64;
        self.check_ratio()?;
        if hint == 0 {
            self.ended = true;
            self.check_nothing_follows()?;
        }
        Ok(wrote)
    }

    fn check_ratio(&self) -> Result<(), Halt> {
        let used = self.bytes_in - (self.to - self.from) as u64;
        let allowed = used.saturating_mul(self.limits.ratio_max).max(self.limits.ratio_free_bytes);
        if self.bytes_out > allowed {
            return Err(refuse(PLACE, Code::Pkg05, format!("{} bytes out of {used}", self.bytes_out), format!("{} : 1", self.limits.ratio_max)));
        }
        let max = self.limits.package_bytes_max;
        if self.bytes_out > max { Err(refuse(PLACE, Code::Pkg14, format!("more than {max} bytes"), format!("{max} bytes"))) } else { Ok(()) }
    }

    fn check_nothing_follows(&mut self) -> Result<(), Halt> {
        let mut rest = self.to - self.from;
        if rest == 0 {
            rest = read_full(&mut self.reader, &mut self.chunk)?;
        }
        if rest == 0 { Ok(()) } else { Err(refuse(PLACE, Code::Pkg04, format!("at least {rest} bytes after the frame"), "one zstd frame, nothing after it")) }
    }
}

impl<R: Read> Flow for Unzstd<R> {
    fn pull(&mut self, out: &mut [u8]) -> Result<usize, Halt> {
        let mut filled = 0;
        while filled < out.len() && !self.ended {
            self.refill()?;
            filled += self.turn(&mut out[filled..])?;
        }
        Ok(filled)
    }
}

/// Reads the frame header ourselves: the decoder would only say "too much memory", not how much.
fn check_header(head: &[u8], limits: &PackageLimits) -> Result<(), Halt> {
    if head.len() < 6 {
        return Err(refuse(PLACE, Code::Pkg03, format!("{} bytes", head.len()), "a whole zstd frame"));
    }
    if head[..4] != MAGIC {
        return Err(refuse(PLACE, Code::Pkg03, "not a zstd frame", "a zstd frame first"));
    }
    let (descriptor, log_max) = (head[4], limits.zstd_window_log_max);
    let single_segment = descriptor & 0x20 != 0;
    let window_bytes = if single_segment { content_bytes(head).unwrap_or(u64::MAX) } else { window_bytes(head[5]) };
    if window_bytes > 1 << log_max {
        return Err(refuse(PLACE, Code::Pkg05, format!("window of {window_bytes} bytes"), format!("{} bytes", 1u64 << log_max)));
    }
    let (content, max) = (content_bytes(head).unwrap_or(0), limits.package_bytes_max);
    if content > max { Err(refuse(PLACE, Code::Pkg14, format!("{content} bytes declared"), format!("{max} bytes"))) } else { Ok(()) }
}

fn window_bytes(descriptor: u8) -> u64 {
    let base = 1u64 << (10 + (descriptor >> 3));
    base + base / 8 * u64::from(descriptor & 7)
}

/// The declared content size, if the frame has one and `head` holds it.
fn content_bytes(head: &[u8]) -> Option<u64> {
    let descriptor = head[4];
    let single_segment = descriptor & 0x20 != 0;
    let dictionary = [0, 1, 2, 4][usize::from(descriptor & 3)];
    let at = 5 + usize::from(!single_segment) + dictionary;
    let len = match descriptor >> 6 {
        0 => usize::from(single_segment),
        n => 1 << n,
    };
    let field = head.get(at..at + len).filter(|f| !f.is_empty())?;
    let value = field.iter().rev().fold(0u64, |sum, b| sum << 8 | u64::from(*b));
    Some(if len == 2 { value + 256 } else { value })
}
