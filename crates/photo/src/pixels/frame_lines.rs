//! Frames and border lines: a step of one sign that runs along a whole side, close to the edge.

use card::profile::photo::PhotoRules;

use super::plane::Luma;
use crate::refusal::Area;

pub(crate) struct Line {
    /// Largest share of positions along a side with a step of the same sign at the same depth.
    pub share: f64,
    /// The side's band from the edge to that step.
    pub area: Area,
}

#[derive(Clone, Copy)]
enum Side {
    Top,
    Bottom,
    Left,
    Right,
}

/// Steps up and down are counted apart: noise has both signs, a line has one.
type Signs = [u32; 2];

pub(crate) fn measure(luma: &Luma, rules: &PhotoRules) -> Line {
    let depth = rules.frame_depth_px as usize;
    let step = rules.frame_step_grey as i16;
    let mut best = Line { share: 0.0, area: Area { left: 0, top: 0, width: 0, height: 0 } };
    for side in [Side::Top, Side::Bottom, Side::Left, Side::Right] {
        let (counts, along) = match side {
            Side::Top | Side::Bottom => (across_rows(luma, depth, step, matches!(side, Side::Top)), luma.width()),
            Side::Left | Side::Right => (across_columns(luma, depth, step, matches!(side, Side::Left)), luma.height()),
        };
        for (at, signs) in counts.iter().enumerate() {
            let share = f64::from(signs[0].max(signs[1])) / along as f64;
            if share > best.share {
                best = Line { share, area: band(side, at as u32 + 2, luma) };
            }
        }
    }
    best
}

/// For each depth: steps between the rows two apart.
fn across_rows(luma: &Luma, depth: usize, step: i16, from_top: bool) -> Vec<Signs> {
    let row = |d: usize| luma.row(if from_top { d } else { luma.height() - 1 - d });
    let depth = depth.min(luma.height().saturating_sub(2));
    (0..depth).map(|d| signs(row(d), row(d + 2), step)).collect()
}

fn across_columns(luma: &Luma, depth: usize, step: i16, from_left: bool) -> Vec<Signs> {
    let depth = depth.min(luma.width().saturating_sub(2));
    let mut counts = vec![Signs::default(); depth];
    let last = luma.width() - 1;
    for row in luma.rows() {
        for (d, count) in counts.iter_mut().enumerate() {
            let (near, far) = if from_left { (row[d], row[d + 2]) } else { (row[last - d], row[last - d - 2]) };
            let difference = i16::from(far) - i16::from(near);
            count[0] += u32::from(difference > step);
            count[1] += u32::from(difference < -step);
        }
    }
    counts
}

fn signs(near: &[u8], far: &[u8], step: i16) -> Signs {
    let differences = || near.iter().zip(far).map(|(n, f)| i16::from(*f) - i16::from(*n));
    [differences().map(|d| u32::from(d > step)).sum(), differences().map(|d| u32::from(d < -step)).sum()]
}

fn band(side: Side, thickness: u32, luma: &Luma) -> Area {
    let (width, height) = (luma.width() as u32, luma.height() as u32);
    match side {
        Side::Top => Area { left: 0, top: 0, width, height: thickness },
        Side::Bottom => Area { left: 0, top: height - thickness.min(height), width, height: thickness },
        Side::Left => Area { left: 0, top: 0, width: thickness, height },
        Side::Right => Area { left: width - thickness.min(width), top: 0, width: thickness, height },
    }
}
