//! Walks the entropy-coded data of a file code by code, without making a picture: the exact number of blocks, every code
//! valid, padding as written by an encoder, restart markers in order. A file cut anywhere fails here even when a decoder
//! would paint the rest grey (faults.md F4). Flipped bits that stay valid codes can't be seen; the manifest's digest sees them.

pub(crate) mod bits;
pub(crate) mod huffman;
mod intervals;
mod progressive;
mod sequential;

use card::Code;
use card::profile::photo::PhotoRules;

use crate::container::frame::Frame;
use crate::container::layout::Layout;
use crate::container::marker;
use crate::container::scan::Scan;
use crate::container::tables::Tables;
use crate::refusal::Refusal;
use intervals::Intervals;

/// What the walk counted.
#[derive(Clone, Copy, Default)]
pub(crate) struct Tally {
    pub scans: u32,
    pub restarts: u32,
}

/// How the frame's coefficients are coded.
enum Coding {
    Sequential(sequential::Coverage),
    Progressive(progressive::Coefficients),
}

/// Walks every scan of a complete layout with one frame (SOF0 or SOF2, checked before).
///
/// # Errors
/// PHO-04 for data that isn't exactly what the frame announces, PHO-08 for too many scans, tables or restart markers.
pub(crate) fn walk(layout: &Layout<'_>, frame: &Frame, rules: &PhotoRules) -> Result<Tally, Refusal> {
    let mut tables = Tables::default();
    let mut tally = Tally::default();
    let mut coding = match frame.marker {
        marker::SOF2 => Coding::Progressive(progressive::Coefficients::new(frame)),
        _ => Coding::Sequential(sequential::Coverage::default()),
    };
    for segment in &layout.segments {
        tables.take(segment, rules)?;
        if segment.marker == marker::SOS {
            let scan = Scan::parse(segment.payload, frame)?;
            let intervals = Intervals::split(segment.entropy)?;
            count(&mut tally, &scan, &intervals, frame, &tables, rules)?;
            match &mut coding {
                Coding::Sequential(coverage) => sequential::walk(coverage, &scan, &intervals, frame, &tables)?,
                Coding::Progressive(coefficients) => coefficients.walk(&scan, &intervals, frame, &tables)?,
            }
        }
    }
    match coding {
        Coding::Sequential(coverage) => coverage.complete(frame)?,
        Coding::Progressive(coefficients) => coefficients.complete()?,
    }
    Ok(tally)
}

/// Keeps the work bounded and the restart markers as many as the interval says.
fn count(tally: &mut Tally, scan: &Scan, intervals: &Intervals, frame: &Frame, tables: &Tables, rules: &PhotoRules) -> Result<(), Refusal> {
    tally.scans += 1;
    tally.restarts += intervals.len() - 1;
    if tally.scans > rules.scans_max {
        return Err(Refusal::new(Code::Pho08, format!("more than {} scans", rules.scans_max), format!("{} scans", rules.scans_max)));
    }
    if tally.restarts > rules.restarts_max {
        return Err(Refusal::new(Code::Pho08, format!("{} restart markers", tally.restarts), format!("{} restart markers", rules.restarts_max)));
    }
    let due = if tables.restart_interval == 0 { 1 } else { units(scan, frame).div_ceil(tables.restart_interval) };
    if intervals.len() != due {
        return Err(Refusal::damaged(format!("{} restart intervals where {due} are due", intervals.len())));
    }
    Ok(())
}

/// MCUs of a scan: of the interleaved grid, or single blocks of a lone component.
fn units(scan: &Scan, frame: &Frame) -> u32 {
    let (across, down) = match scan.components[..] {
        [one] => frame.blocks_alone(frame.components[one.index]),
        _ => frame.mcus(),
    };
    across * down
}

/// MCUs of the interval at `place`, counted from 0, of a scan of `units`.
fn units_in(place: u32, units: u32, interval: u32) -> u32 {
    if interval == 0 { units } else { interval.min(units - place * interval) }
}
