//! The scan header (SOS): which components a scan carries, with which tables, and which part of their coefficients.

use super::frame::Frame;
use crate::refusal::Refusal;

/// One component of a scan.
#[derive(Clone, Copy)]
pub(crate) struct ScanComponent {
    /// Its place in the frame.
    pub index: usize,
    pub dc_table: usize,
    pub ac_table: usize,
}

/// What SOS says; the last four are the progressive parameters Ss, Se, Ah, Al.
pub(crate) struct Scan {
    pub components: Vec<ScanComponent>,
    pub first: u8,
    pub last: u8,
    pub high: u8,
    pub low: u8,
}

impl Scan {
    pub(crate) fn parse(payload: &[u8], frame: &Frame) -> Result<Self, Refusal> {
        let bad = || Refusal::damaged("scan header");
        let (&count, rest) = payload.split_first().ok_or_else(bad)?;
        let (list, tail) = rest.split_at_checked(usize::from(count) * 2).ok_or_else(bad)?;
        let [first, last, approximation] = *<&[u8; 3]>::try_from(tail).map_err(|_| bad())?;
        let components = list.chunks_exact(2).map(|c| scan_component(c[0], c[1], frame)).collect::<Option<Vec<_>>>().ok_or_else(bad)?;
        let in_order = components.windows(2).all(|pair| pair[0].index < pair[1].index);
        if components.is_empty() || !in_order || blocks_per_mcu(&components, frame) > 10 {
            return Err(bad());
        }
        Ok(Self { components, first, last, high: approximation >> 4, low: approximation & 15 })
    }
}

/// At most 10 blocks in an interleaved MCU (B.2.3); a lone component has one.
fn blocks_per_mcu(components: &[ScanComponent], frame: &Frame) -> u32 {
    match components {
        [_] => 1,
        several => several.iter().map(|c| u32::from(frame.components[c.index].h) * u32::from(frame.components[c.index].v)).sum(),
    }
}

fn scan_component(id: u8, tables: u8, frame: &Frame) -> Option<ScanComponent> {
    let index = frame.components.iter().position(|c| c.id == id)?;
    let (dc_table, ac_table) = (usize::from(tables >> 4), usize::from(tables & 15));
    (dc_table < 4 && ac_table < 4).then_some(ScanComponent { index, dc_table, ac_table })
}
