//! Lengths: patched in when a part is written, held to when it is read.

use crate::problem::ChipProblem;

use super::LONG_FORM_FROM;

/// Leaves room for a two-byte length; [`end`] fills it.
pub fn begin(out: &mut Vec<u8>) -> usize {
    out.extend_from_slice(&[0; 2]);
    out.len()
}

/// The length of what was written since [`begin`], where its room is.
pub fn end(since: usize, out: &mut [u8]) -> Result<(), ChipProblem> {
    let len = out.len() - since;
    let bytes = u16::try_from(len).map_err(|_| ChipProblem::new("card", format!("{len} bytes, at most 65,535")))?;
    out[since - 2..since].copy_from_slice(&bytes.to_be_bytes());
    Ok(())
}

/// The identifier and length of a data group; its value follows.
pub fn put_group_head(dgi: u16, len: usize, out: &mut Vec<u8>) -> Result<(), ChipProblem> {
    out.extend_from_slice(&dgi.to_be_bytes());
    match len {
        0 => return Err(ChipProblem::new("dgi", "empty")),
        short if short < LONG_FORM_FROM => out.push(short as u8),
        long => {
            let long = u16::try_from(long).map_err(|_| ChipProblem::new("dgi", format!("{long} bytes, at most 65,535")))?;
            out.push(0xFF);
            out.extend_from_slice(&long.to_be_bytes());
        }
    }
    Ok(())
}

pub fn put_group(dgi: u16, value: &[u8], out: &mut Vec<u8>) -> Result<(), ChipProblem> {
    put_group_head(dgi, value.len(), out)?;
    out.extend_from_slice(value);
    Ok(())
}

/// Takes bytes from the front, or says how many are missing.
#[derive(Clone, Copy)]
pub struct Cursor<'a> {
    pub rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub fn take(&mut self, len: usize) -> Result<&'a [u8], String> {
        let (taken, rest) = self.rest.split_at_checked(len).ok_or_else(|| format!("cut off: {} bytes of {len}", self.rest.len()))?;
        self.rest = rest;
        Ok(taken)
    }

    pub fn array<const N: usize>(&mut self) -> Result<&'a [u8; N], String> {
        let taken = self.take(N)?;
        taken.try_into().map_err(|_| "another length".to_owned())
    }

    /// Bytes that are always the same.
    pub fn exactly(&mut self, bytes: &[u8], what: &str) -> Result<(), String> {
        if self.take(bytes.len())? == bytes { Ok(()) } else { Err(format!("not {what}")) }
    }

    pub fn u8(&mut self) -> Result<u8, String> {
        self.array::<1>().map(|[byte]| *byte)
    }

    pub fn u16(&mut self) -> Result<u16, String> {
        self.array().map(|bytes| u16::from_be_bytes(*bytes))
    }

    pub fn u32(&mut self) -> Result<u32, String> {
        self.array().map(|bytes| u32::from_be_bytes(*bytes))
    }

    /// A part with a length of one byte.
    pub fn part8(&mut self) -> Result<Cursor<'a>, String> {
        let len = usize::from(self.u8()?);
        self.take(len).map(|rest| Cursor { rest })
    }

    /// A part with a length of two bytes.
    pub fn part16(&mut self) -> Result<Cursor<'a>, String> {
        let len = usize::from(self.u16()?);
        self.take(len).map(|rest| Cursor { rest })
    }

    /// A part with a BER length: one byte to `7F`, `81` and one, `82` and two; never longer than needed.
    pub fn part_ber(&mut self) -> Result<Cursor<'a>, String> {
        let len = match self.u8()? {
            short @ ..=0x7F => usize::from(short),
            0x81 => Some(usize::from(self.u8()?)).filter(|len| *len >= 0x80).ok_or("a BER length longer than needed")?,
            0x82 => Some(usize::from(self.u16()?)).filter(|len| *len >= 0x100).ok_or("a BER length longer than needed")?,
            _ => return Err("not a BER length".to_owned()),
        };
        self.take(len).map(|rest| Cursor { rest })
    }

    /// A data group: `01`–`FE` or `FF` and two bytes; never empty, never long where short would do.
    pub fn group(&mut self) -> Result<(u16, &'a [u8]), String> {
        let dgi = self.u16()?;
        let len = match self.u8()? {
            0 => return Err(format!("data group {dgi:04X}: empty")),
            0xFF => Some(usize::from(self.u16()?)).filter(|len| *len >= LONG_FORM_FROM).ok_or("a length in long form without need")?,
            short => usize::from(short),
        };
        Ok((dgi, self.take(len)?))
    }

    pub fn done(&self, what: &str) -> Result<(), String> {
        if self.rest.is_empty() { Ok(()) } else { Err(format!("{what}: {} bytes left over", self.rest.len())) }
    }
}
