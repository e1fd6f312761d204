//! The walk over progressive scans (Annex G). For each block it keeps which coefficients are non-zero so far, because a
//! refining scan spends a bit on each of those; values themselves are never made.

use super::bits::Bits;
use super::huffman::Huffman;
use super::intervals::Intervals;
use super::{units, units_in};
use crate::container::frame::{Component, Frame};
use crate::container::scan::{Scan, ScanComponent};
use crate::container::tables::Tables;
use crate::refusal::Refusal;

/// A coefficient no scan has coded yet.
const UNSEEN: u8 = 0xFF;

/// What the scans so far have told of one component.
struct Plane {
    /// Bit k set: coefficient k (zigzag order) of the block is non-zero.
    nonzero: Vec<u64>,
    /// Blocks per row as stored, whole MCUs.
    stride: usize,
    /// Blocks per row when the component is alone in a scan.
    across: usize,
    /// Lowest bit known of each coefficient (its last Al).
    known: [u8; 64],
}

/// The state of all components across the scans.
pub(super) struct Coefficients {
    planes: Vec<Plane>,
}

impl Coefficients {
    pub(super) fn new(frame: &Frame) -> Self {
        let (mcus_across, mcus_down) = frame.mcus();
        let plane = |c: &Component| {
            let (across, _) = frame.blocks_alone(*c);
            let stride = (mcus_across * u32::from(c.h)) as usize;
            let rows = (mcus_down * u32::from(c.v)) as usize;
            Plane { nonzero: vec![0; stride * rows], stride, across: across as usize, known: [UNSEEN; 64] }
        };
        Self { planes: frame.components.iter().map(plane).collect() }
    }

    /// Every coefficient must have reached its last bit: a file cut between scans is incomplete though each scan is whole.
    pub(super) fn complete(&self) -> Result<(), Refusal> {
        let missing = self.planes.iter().flat_map(|p| p.known).filter(|low| *low != 0).count();
        if missing == 0 { Ok(()) } else { Err(Refusal::damaged(format!("scans leave {missing} coefficients incomplete"))) }
    }

    pub(super) fn walk(&mut self, scan: &Scan, intervals: &Intervals, frame: &Frame, tables: &Tables) -> Result<(), Refusal> {
        self.take_script(scan)?;
        let units = units(scan, frame);
        let mut from = 0;
        for (place, data) in (0..).zip(intervals.iter()) {
            let count = units_in(place, units, tables.restart_interval) as usize;
            self.walk_interval(scan, frame, tables, from..from + count, data)
                .ok_or_else(|| Refusal::damaged("invalid or missing code in a progressive scan"))?;
            from += count;
        }
        Ok(())
    }

    /// Checks the scan's band and bit position against what earlier scans told (G.1.1.1).
    fn take_script(&mut self, scan: &Scan) -> Result<(), Refusal> {
        let bad = || Refusal::damaged("progressive scan parameters");
        let band = if scan.first == 0 { scan.last == 0 } else { scan.first <= scan.last && scan.last < 64 && scan.components.len() == 1 };
        if !band || scan.low > 13 || (scan.high != 0 && scan.high != scan.low + 1) {
            return Err(bad());
        }
        let before = if scan.high == 0 { UNSEEN } else { scan.high };
        for c in &scan.components {
            let known = &mut self.planes[c.index].known;
            if scan.first > 0 && known[0] == UNSEEN {
                return Err(bad());
            }
            for low in &mut known[usize::from(scan.first)..=usize::from(scan.last)] {
                if std::mem::replace(low, scan.low) != before {
                    return Err(bad());
                }
            }
        }
        Ok(())
    }

    fn walk_interval(&mut self, scan: &Scan, frame: &Frame, tables: &Tables, units: std::ops::Range<usize>, data: &[u8]) -> Option<()> {
        let mut bits = Bits::new(data);
        if scan.first == 0 {
            let per_unit = dc_codes(scan, frame, tables)?;
            units.into_iter().try_for_each(|_| walk_dc(&mut bits, &per_unit))?;
        } else {
            self.walk_band(&mut bits, scan, tables, units)?;
        }
        bits.only_padding_left().then_some(())
    }

    fn walk_band(&mut self, bits: &mut Bits<'_>, scan: &Scan, tables: &Tables, units: std::ops::Range<usize>) -> Option<()> {
        let [ScanComponent { index, ac_table, .. }] = scan.components[..] else { return None };
        let table = tables.ac[ac_table].as_deref()?;
        let plane = self.planes.get_mut(index)?;
        let mut band = Band { bits, table, first: u32::from(scan.first), last: u32::from(scan.last), skip_blocks: 0 };
        for unit in units {
            let nonzero = plane.nonzero.get_mut(unit / plane.across * plane.stride + unit % plane.across)?;
            if scan.high == 0 {
                band.first_pass(nonzero)?
            } else {
                band.refine(nonzero)?
            }
            if band.bits.overdrawn() {
                return None;
            }
        }
        (band.skip_blocks == 0).then_some(())
    }
}

/// The DC table of each block of a unit, in order; a refining scan needs none.
fn dc_codes<'t>(scan: &Scan, frame: &Frame, tables: &'t Tables) -> Option<Vec<Option<&'t Huffman>>> {
    let alone = scan.components.len() == 1;
    let mut codes = Vec::with_capacity(10);
    for c in &scan.components {
        let table = if scan.high == 0 { Some(tables.dc[c.dc_table].as_deref()?) } else { None };
        let component = frame.components[c.index];
        codes.extend(std::iter::repeat_n(table, if alone { 1 } else { usize::from(component.h) * usize::from(component.v) }));
    }
    Some(codes)
}

fn walk_dc(bits: &mut Bits<'_>, blocks: &[Option<&Huffman>]) -> Option<()> {
    for table in blocks {
        bits.refill_below(32);
        let length = match table {
            Some(table) => table.step(bits.window())?.bits,
            None => 1,
        };
        bits.skip(length);
    }
    (!bits.overdrawn()).then_some(())
}

/// One band of coefficients of one component, block after block.
struct Band<'a, 'd> {
    bits: &'a mut Bits<'d>,
    table: &'a Huffman,
    first: u32,
    last: u32,
    /// Blocks an end-of-band run still covers.
    skip_blocks: u32,
}

impl Band<'_, '_> {
    fn symbol(&mut self) -> Option<(u32, u32)> {
        self.bits.refill_below(32);
        let (symbol, length) = self.table.symbol(self.bits.window())?;
        self.bits.skip(length);
        Some((u32::from(symbol >> 4), u32::from(symbol & 15)))
    }

    /// Run r of the end-of-band code, this block included (G.1.2.2).
    fn run_of_blocks(&mut self, r: u32) -> u32 {
        (1 << r) + self.bits.take(r)
    }

    fn first_pass(&mut self, nonzero: &mut u64) -> Option<()> {
        let mut k = self.first;
        while self.skip_blocks == 0 && k <= self.last {
            match self.symbol()? {
                (15, 0) => k += 16,
                (r, 0) => self.skip_blocks = self.run_of_blocks(r),
                (r, size @ 1..=10) => {
                    k += r;
                    self.bits.take(size);
                    *nonzero |= 1u64.checked_shl(k).filter(|_| k <= self.last)?;
                    k += 1;
                }
                _ => return None,
            }
        }
        self.skip_blocks = self.skip_blocks.saturating_sub(1);
        (k <= self.last + 1).then_some(())
    }

    fn refine(&mut self, nonzero: &mut u64) -> Option<()> {
        let mut k = self.first;
        while self.skip_blocks == 0 && k <= self.last {
            let (zeros, fresh) = match self.symbol()? {
                (15, 0) => (15, false),
                (r, 0) => {
                    self.skip_blocks = self.run_of_blocks(r);
                    break;
                }
                (r, 1) => (r, true),
                _ => return None,
            };
            if fresh {
                self.bits.take(1);
            }
            k = self.pass(k, zeros, *nonzero);
            if fresh {
                *nonzero |= 1u64.checked_shl(k).filter(|_| k <= self.last)?;
            }
            k += 1;
        }
        if self.skip_blocks > 0 {
            self.pass(k, u32::MAX, *nonzero);
            self.skip_blocks -= 1;
        }
        Some(())
    }

    /// Goes over `zeros` zero coefficients from `k`, spending a correction bit on every non-zero one between; stops at the
    /// zero after them, or past the band.
    fn pass(&mut self, mut k: u32, mut zeros: u32, nonzero: u64) -> u32 {
        while k <= self.last {
            if nonzero >> k & 1 == 1 {
                self.bits.take(1);
            } else if zeros == 0 {
                break;
            } else {
                zeros -= 1;
            }
            k += 1;
        }
        k
    }
}
