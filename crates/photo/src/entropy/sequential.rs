//! The walk over a baseline scan: one DC step and AC steps to the end of each block, nothing else.

use super::bits::Bits;
use super::huffman::{END_OF_BLOCK, Huffman};
use super::intervals::Intervals;
use super::{units, units_in};
use crate::container::frame::Frame;
use crate::container::scan::Scan;
use crate::container::tables::Tables;
use crate::refusal::Refusal;

/// Which components a scan has carried.
#[derive(Default)]
pub(super) struct Coverage {
    seen: [bool; 4],
}

impl Coverage {
    fn take(&mut self, scan: &Scan) -> Result<(), Refusal> {
        if (scan.first, scan.last, scan.high, scan.low) != (0, 63, 0, 0) {
            return Err(Refusal::damaged("progressive parameters in a baseline scan"));
        }
        for c in &scan.components {
            let seen = self.seen.get_mut(c.index).ok_or_else(|| Refusal::damaged("too many components"))?;
            if std::mem::replace(seen, true) {
                return Err(Refusal::damaged("a component is coded twice"));
            }
        }
        Ok(())
    }

    pub(super) fn complete(&self, frame: &Frame) -> Result<(), Refusal> {
        let missing = self.seen.iter().take(frame.components.len()).any(|seen| !seen);
        if missing { Err(Refusal::damaged("a component is missing")) } else { Ok(()) }
    }
}

/// The two tables each block of an MCU is coded with, in order.
type BlockTables<'t> = Vec<(&'t Huffman, &'t Huffman)>;

pub(super) fn walk(coverage: &mut Coverage, scan: &Scan, intervals: &Intervals, frame: &Frame, tables: &Tables) -> Result<(), Refusal> {
    coverage.take(scan)?;
    let blocks = block_tables(scan, frame, tables).ok_or_else(|| Refusal::damaged("a scan uses a table that wasn't defined"))?;
    let units = units(scan, frame);
    for (place, data) in (0..).zip(intervals.iter()) {
        walk_interval(&blocks, units_in(place, units, tables.restart_interval), data)?;
    }
    Ok(())
}

fn block_tables<'t>(scan: &Scan, frame: &Frame, tables: &'t Tables) -> Option<BlockTables<'t>> {
    let alone = scan.components.len() == 1;
    let mut blocks = Vec::with_capacity(10);
    for c in &scan.components {
        let pair = (tables.dc[c.dc_table].as_deref()?, tables.ac[c.ac_table].as_deref()?);
        let component = frame.components[c.index];
        let times = if alone { 1 } else { usize::from(component.h) * usize::from(component.v) };
        blocks.extend(std::iter::repeat_n(pair, times));
    }
    Some(blocks)
}

fn walk_interval(blocks: &BlockTables<'_>, units: u32, data: &[u8]) -> Result<(), Refusal> {
    let mut bits = Bits::new(data);
    for unit in 0..units {
        for (dc, ac) in blocks {
            if walk_block(&mut bits, dc, ac).is_none() {
                return Err(Refusal::damaged(format!("invalid code in unit {unit} of {units}")));
            }
        }
        if bits.overdrawn() {
            return Err(Refusal::damaged(format!("data ends in unit {unit} of {units}")));
        }
    }
    if bits.only_padding_left() { Ok(()) } else { Err(Refusal::damaged("coded data goes on after the last unit")) }
}

/// A DC code and AC codes up to the 64th coefficient or the end-of-block code. A step takes at most 27 bits, so one refill
/// serves two.
#[inline]
fn walk_block(bits: &mut Bits<'_>, dc: &Huffman, ac: &Huffman) -> Option<()> {
    bits.refill();
    bits.skip(dc.step(bits.window())?.bits);
    let mut k = 1;
    while k < 64 {
        let step = ac.step(bits.window())?;
        bits.skip(step.bits);
        k += step.advance;
        if k >= 64 {
            break;
        }
        bits.refill();
        let step = ac.step(bits.window())?;
        bits.skip(step.bits);
        k += step.advance;
    }
    (k == 64 || k >= END_OF_BLOCK).then_some(())
}
