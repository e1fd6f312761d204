//! The background without the mask network: grown from where a conforming photo shows nothing else, over cells like their neighbours.
//! It says itself whether it can be relied on; what it measures is `tally.rs`.

use card::profile::photo::ground::GroundRules;

use super::cells::{Cells, Size, distance, with_all_around};
use super::person::Face;

/// The strips where growing starts: at the sides this share of the width, down to this share of the height; at the top this share of
/// the width from either corner. As the plain rule's strips: tall hair may touch the upper edge's middle.
const SIDE_WIDTH_PERCENT: usize = 6;
const SIDE_HEIGHT_PERCENT: usize = 45;
const CORNER_WIDTH_PERCENT: usize = 20;
const TOP_HEIGHT_PERCENT: usize = 4;
/// How many cells from the last grown one an edge must be over.
const EDGE_CELLS: usize = 3;
/// Holes up to so many cells are spots on the background, larger ones something of its own.
const HOLE_CELLS_MAX: usize = 60;
/// A shadow on the ground keeps this much to this much of its light, in percent, and its tint up to so many grey levels.
const SHADOW_LIGHT_PERCENT: [u32; 2] = [25, 95];
const SHADOW_TINT_MAX: u32 = 14;

/// What was grown.
pub(super) struct Grown {
    /// Cells of the background, with its spots.
    pub ground: Vec<bool>,
    pub colour: [u8; 3],
    /// The person begins where the background ends, and nowhere else.
    pub decisive: bool,
}

pub(super) fn grow(cells: &Cells, face: Option<&Face>, rules: &GroundRules) -> Grown {
    let size = cells.size;
    let strips = strips(size);
    let colour = median(cells, &strips);
    let blocked = face.map_or_else(|| vec![false; size.count()], |face| face.cells(size));
    let mut ground = spread(cells, &strips, colour, &blocked, rules);
    let filled = share(strips.iter().filter(|cell| ground[**cell]).count(), strips.len());
    fill_holes(&mut ground, size);
    let decisive = face.is_some_and(|face| {
        filled >= rules.grown_fill_min
            && !leaked(&ground, size, face)
            && soft_edge_share(cells, &ground, colour, rules) <= rules.soft_edge_share_max
            && shadowy_share(cells, &ground, &blocked, colour, face, rules) <= rules.shadowy_share_max
    });
    Grown { ground, colour, decisive }
}

fn share(part: usize, of: usize) -> f64 {
    part as f64 / of.max(1) as f64
}

/// Cells surely beside the person. The outermost are left out: a frame is no background.
pub(super) fn strips(size: Size) -> Vec<usize> {
    let part = |of: usize, percent: usize| (of * percent / 100).max(1);
    let (side, corner) = (part(size.columns, SIDE_WIDTH_PERCENT), part(size.columns, CORNER_WIDTH_PERCENT));
    let (top, down) = (part(size.rows, TOP_HEIGHT_PERCENT), part(size.rows, SIDE_HEIGHT_PERCENT));
    let free = move |cell: &usize| {
        let (column, row) = size.place(*cell);
        let from_side = column.min(size.columns - 1 - column);
        let outermost = from_side == 0 || row == 0;
        !outermost && ((row <= top && from_side <= corner) || (row <= down && from_side <= side))
    };
    (0..size.count()).filter(free).collect()
}

/// The middle value of each channel.
fn median(cells: &Cells, of: &[usize]) -> [u8; 3] {
    std::array::from_fn(|k| {
        let mut counts = [0usize; 256];
        of.iter().for_each(|cell| counts[usize::from(cells.colour(*cell)[k])] += 1);
        let mut below = 0;
        let middle = counts.iter().position(|n| {
            below += n;
            2 * below >= of.len()
        });
        middle.unwrap_or(0) as u8
    })
}

/// From every strip cell of the background's colour to all that are like their neighbours.
fn spread(cells: &Cells, strips: &[usize], colour: [u8; 3], blocked: &[bool], rules: &GroundRules) -> Vec<bool> {
    let near = |cell: usize| distance(cells.colour(cell), colour) <= rules.grown_distance_max;
    let mut ground = vec![false; blocked.len()];
    let mut open: Vec<usize> = strips.iter().copied().filter(|cell| near(*cell) && !blocked[*cell]).collect();
    open.iter().for_each(|cell| ground[*cell] = true);
    while let Some(cell) = open.pop() {
        for other in cells.size.beside(cell) {
            let like = distance(cells.colour(cell), cells.colour(other)) <= rules.grown_step_max;
            if !ground[other] && !blocked[other] && like && near(other) {
                ground[other] = true;
                open.push(other);
            }
        }
    }
    ground
}

/// Small islands in the background belong to it: spots, and cells lost to noise.
fn fill_holes(ground: &mut [bool], size: Size) {
    let mut seen = ground.to_vec();
    let mut island = Vec::new();
    for first in 0..size.count() {
        if seen[first] {
            continue;
        }
        seen[first] = true;
        island.clear();
        island.push(first);
        let mut next = 0;
        while let Some(cell) = island.get(next).copied() {
            next += 1;
            for other in size.around(cell) {
                if !seen[other] {
                    seen[other] = true;
                    island.push(other);
                }
            }
        }
        if island.len() <= HOLE_CELLS_MAX {
            island.iter().for_each(|cell| ground[*cell] = true);
        }
    }
}

/// It ran into white clothes.
fn leaked(ground: &[bool], size: Size, face: &Face) -> bool {
    let rows = ground.chunks_exact(size.columns).enumerate();
    rows.flat_map(|(row, cells)| cells.iter().enumerate().map(move |(column, ground)| (*ground, (column, row)))).any(|(ground, at)| ground && face.body(at))
}

/// Share of the edge beyond which the picture is still nearly the background: a soft shadow, or hair and clothes of its colour.
fn soft_edge_share(cells: &Cells, ground: &[bool], colour: [u8; 3], rules: &GroundRules) -> f64 {
    let size = cells.size;
    let inner = with_all_around(ground, size);
    let at_edge = |cell: &usize| ground[*cell] && !inner[*cell] && size.beside(*cell).any(|other| !ground[other]);
    let crisp = |cell: usize| near(size, cell).any(|other| distance(cells.colour(other), colour) >= rules.edge_distance_min);
    let (mut soft, mut all) = (0, 0);
    for cell in (0..ground.len()).filter(at_edge) {
        all += 1;
        soft += usize::from(!crisp(cell));
    }
    share(soft, all)
}

/// The cells within reach of an edge.
fn near(size: Size, cell: usize) -> impl Iterator<Item = usize> {
    let (column, row) = size.place(cell);
    let reach = |at: usize, side: usize| at.saturating_sub(EDGE_CELLS)..(at + EDGE_CELLS + 1).min(side);
    let columns = reach(column, size.columns);
    reach(row, size.rows).flat_map(move |y| columns.clone().map(move |x| y * size.columns + x))
}

/// Share of the cells above the chin that look like the background with less light: a shadow with a hard edge, or grey hair.
fn shadowy_share(cells: &Cells, ground: &[bool], blocked: &[bool], colour: [u8; 3], face: &Face, rules: &GroundRules) -> f64 {
    let size = cells.size;
    let rows = (0..size.rows).take_while(|row| (row * super::cells::SIDE) as f64 <= face.chin).count();
    let above_chin = 0..rows * size.columns;
    let all = above_chin.len();
    let shadowy = |cell: &usize| !ground[*cell] && !blocked[*cell] && dimmed(cells.colour(*cell), colour) && even(cells, *cell, rules);
    share(above_chin.filter(shadowy).count(), all)
}

fn dimmed(seen: [u8; 3], ground: [u8; 3]) -> bool {
    let sum = |c: [u8; 3]| c.iter().map(|v| u32::from(*v)).sum::<u32>();
    let (light, full) = (sum(seen), sum(ground).max(1));
    let percent = light * 100 / full;
    let tint = (0..3).map(|k| (u32::from(ground[k]) * light / full).abs_diff(u32::from(seen[k]))).max().unwrap_or(0);
    (SHADOW_LIGHT_PERCENT[0]..=SHADOW_LIGHT_PERCENT[1]).contains(&percent) && tint <= SHADOW_TINT_MAX
}

fn even(cells: &Cells, cell: usize, rules: &GroundRules) -> bool {
    cells.size.around(cell).all(|other| distance(cells.colour(cell), cells.colour(other)) <= 2 * rules.grown_step_max)
}
