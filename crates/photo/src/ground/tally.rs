//! What a known background measures: how white, how even, how spotted. Sums over pixels in integers, one division at the end.

use card::profile::photo::ground::GroundRules;

use super::cells::{Cells, SIDE, Size, interior, with_all_around};
use super::{GroundAreas, GroundMeasurements};
use crate::pixels::lab::White;
use crate::pixels::plane::Luma;
use crate::refusal::Area;
use crate::rgb::Rgb;

/// Parts for the shade step are so many cells wide and high; a part counts if half of it is background.
const PART_CELLS: usize = 8;
/// Cell lumas are × 256.
const UNIT: u64 = 256;
/// The white square around a place that isn't white is shown if at least so many pixels of its cell aren't.
const CELL_NOT_WHITE_MIN: u32 = 8;

/// Measures the cells of `inside` (already away from the person).
pub(super) fn measure(rgb: &Rgb, luma: &Luma, cells: &Cells, inside: &[bool], rules: &GroundRules) -> (GroundMeasurements, GroundAreas) {
    let size = cells.size;
    let pixels = count(rgb, luma, size, inside, rules);
    let (shade_step, shade) = shade_step(cells, inside);
    let spots = spots(luma, cells, inside, rules);
    let all = pixels.all.max(1) as f64;
    let measured = GroundMeasurements {
        background_share: pixels.all as f64 / (rgb.width() as f64 * f64::from(rgb.height())),
        white_share: pixels.white as f64 / all,
        luma_sd: deviation(&pixels),
        gradient: gradient(cells, inside),
        shade_step,
        spots: spots.len() as u32,
        ..GroundMeasurements::default()
    };
    let areas = GroundAreas { not_white: size.bounds(pixels.not_white), shade, spots, hair_top: None };
    (measured, areas)
}

#[derive(Default)]
struct Pixels {
    all: u64,
    white: u64,
    luma: u64,
    luma_squares: u64,
    /// Cells of which a good part isn't white.
    not_white: Vec<usize>,
}

fn count(rgb: &Rgb, luma: &Luma, size: Size, inside: &[bool], rules: &GroundRules) -> Pixels {
    let mut white = Repeated::new(White::new(rules.lightness_min, rules.chroma_max));
    let mut pixels = Pixels::default();
    for (row, cells) in inside.chunks_exact(size.columns).enumerate() {
        let rows: [_; SIDE] = rows_of(row, |y| rgb.row(y as u32).as_chunks::<SIDE>().0);
        let lumas: [_; SIDE] = rows_of(row, |y| luma.row(y).as_chunks::<SIDE>().0);
        for (column, _) in cells.iter().enumerate().filter(|(_, inside)| **inside) {
            let good: u32 = rows.iter().flat_map(|row| &row[column]).map(|pixel| u32::from(white.is(*pixel))).sum();
            let lumas = lumas.map(|row| row[column]);
            let values = lumas.as_flattened().iter().map(|v| u32::from(*v));
            pixels.luma += u64::from(values.clone().sum::<u32>());
            pixels.luma_squares += u64::from(values.map(|v| v * v).sum::<u32>());
            pixels.all += (SIDE * SIDE) as u64;
            pixels.white += u64::from(good);
            if (SIDE * SIDE) as u32 - good >= CELL_NOT_WHITE_MIN {
                pixels.not_white.push(row * size.columns + column);
            }
        }
    }
    pixels
}

/// The pixel rows of a row of cells.
fn rows_of<T>(row: usize, of: impl Fn(usize) -> T) -> [T; SIDE] {
    std::array::from_fn(|i| of(row * SIDE + i))
}

/// Backgrounds repeat themselves; asking again would be most of the work.
struct Repeated {
    white: White,
    last: ([u8; 3], bool),
}

impl Repeated {
    fn new(white: White) -> Self {
        let last = ([0; 3], white.is([0; 3]));
        Self { white, last }
    }

    fn is(&mut self, pixel: [u8; 3]) -> bool {
        if pixel != self.last.0 {
            self.last = (pixel, self.white.is(pixel));
        }
        self.last.1
    }
}

fn deviation(pixels: &Pixels) -> f64 {
    let n = u128::from(pixels.all.max(1));
    let square = n * u128::from(pixels.luma_squares) - u128::from(pixels.luma) * u128::from(pixels.luma);
    (square as f64).sqrt() / n as f64
}

/// Mean Sobel magnitude over the cells, as a smooth background has it at full scale; sensor noise is averaged away.
fn gradient(cells: &Cells, inside: &[bool]) -> f64 {
    let columns = cells.size.columns;
    let measurable = interior(with_all_around(inside, cells.size), cells.size);
    let (mut sum, mut n) = (0u64, 0u64);
    for cell in (0..measurable.len()).filter(|cell| measurable[*cell]) {
        let l = |dx: usize, dy: usize| i64::from(cells.luma(cell + dy * columns + dx - columns - 1));
        let across = l(2, 0) + 2 * l(2, 1) + l(2, 2) - l(0, 0) - 2 * l(0, 1) - l(0, 2);
        let down = l(0, 2) + 2 * l(1, 2) + l(2, 2) - l(0, 0) - 2 * l(1, 0) - l(2, 0);
        sum += root((across * across + down * down) as u64);
        n += 1;
    }
    sum as f64 / (n.max(1) * UNIT * SIDE as u64) as f64
}

/// The whole part of a square root. Below 2⁵² a floating-point root has it right, and takes a fraction of the time of `isqrt`.
fn root(square: u64) -> u64 {
    debug_assert!(square < 1 << 52);
    (square as f64).sqrt() as u64
}

/// Grey levels between the lightest and the darkest part of the background, and where the darkest is.
fn shade_step(cells: &Cells, inside: &[bool]) -> (f64, Option<Area>) {
    let size = cells.size;
    let parts = Size { columns: size.columns.div_ceil(PART_CELLS), rows: size.rows.div_ceil(PART_CELLS) };
    let mut sums = vec![(0u64, 0u64); parts.count()];
    for cell in (0..size.count()).filter(|cell| inside[*cell]) {
        let (column, row) = size.place(cell);
        let sum = &mut sums[row / PART_CELLS * parts.columns + column / PART_CELLS];
        *sum = (sum.0 + u64::from(cells.luma(cell)), sum.1 + 1);
    }
    let enough = (PART_CELLS * PART_CELLS / 2) as u64;
    let means = || sums.iter().enumerate().filter(|(_, (_, n))| *n >= enough).map(|(part, (sum, n))| (sum / n, part));
    let (Some(lightest), Some(darkest)) = (means().max(), means().min()) else { return (0.0, None) };
    let (column, row) = parts.place(darkest.1);
    let side = (PART_CELLS * SIDE) as u32;
    let area = Area { left: column as u32 * side, top: row as u32 * side, width: side, height: side };
    ((lightest.0 - darkest.0) as f64 / UNIT as f64, Some(area))
}

/// Joined pixels clearly darker or lighter than the background: the boxes of those of a spot's size.
fn spots(luma: &Luma, cells: &Cells, inside: &[bool], rules: &GroundRules) -> Vec<Area> {
    let size = cells.size;
    let level = middle_luma(cells, inside);
    let odd = |value: u8| u32::from(value).abs_diff(level) > rules.spot_step;
    let width = luma.width();
    let is_odd = |at: usize| {
        let (x, y) = (at % width, at / width);
        let (column, row) = (x / SIDE, y / SIDE);
        column < size.columns && row < size.rows && inside[row * size.columns + column] && odd(luma.row(y)[x])
    };
    let seeds = odd_places(luma, size, inside, odd);
    if seeds.is_empty() {
        return Vec::new();
    }
    let mut seen = vec![false; luma.values().len()];
    let joined = |first: usize, seen: &mut [bool]| -> Vec<usize> {
        let mut spot = Vec::new();
        let mut open = vec![first];
        seen[first] = true;
        while let Some(at) = open.pop() {
            spot.push(at);
            for other in [at.wrapping_sub(1), at + 1, at.wrapping_sub(width), at + width] {
                if other < seen.len() && !seen[other] && is_odd(other) {
                    seen[other] = true;
                    open.push(other);
                }
            }
        }
        spot
    };
    let mut spots = Vec::new();
    for first in seeds {
        if !seen[first] {
            spots.extend(spot_box(&joined(first, &mut seen), width, rules));
        }
    }
    spots
}

/// Places of the pixels for which `odd` says yes, cell after cell.
fn odd_places(luma: &Luma, size: Size, inside: &[bool], odd: impl Fn(u8) -> bool) -> Vec<usize> {
    let mut places = Vec::new();
    for (row, cells) in inside.chunks_exact(size.columns).enumerate() {
        let rows: [_; SIDE] = rows_of(row, |y| luma.row(y).as_chunks::<SIDE>().0);
        for (column, _) in cells.iter().enumerate().filter(|(_, inside)| **inside) {
            let values = rows.map(|row| row[column]);
            // All sixteen at once: hardly a cell of a background has any.
            if values.as_flattened().iter().fold(false, |any, v| any | odd(*v)) {
                let place = |i: usize| (row * SIDE + i / SIDE) * luma.width() + column * SIDE + i % SIDE;
                places.extend(values.as_flattened().iter().enumerate().filter(|(_, v)| odd(**v)).map(|(i, _)| place(i)));
            }
        }
    }
    places
}

fn spot_box(spot: &[usize], width: usize, rules: &GroundRules) -> Option<Area> {
    let n = spot.len() as u32;
    if n < rules.spot_pixels_min || n > rules.spot_pixels_max {
        return None;
    }
    let bound = |axis: fn(usize, usize) -> usize| spot.iter().map(|at| axis(*at, width)).fold((usize::MAX, 0), |(low, high), v| (low.min(v), high.max(v)));
    let ((left, right), (top, bottom)) = (bound(|at, w| at % w), bound(|at, w| at / w));
    Some(Area { left: left as u32, top: top as u32, width: (right + 1 - left) as u32, height: (bottom + 1 - top) as u32 })
}

/// The middle luma of the background's cells.
fn middle_luma(cells: &Cells, inside: &[bool]) -> u32 {
    let mut lumas: Vec<u32> = (0..inside.len()).filter(|cell| inside[*cell]).map(|cell| cells.luma(cell) >> 8).collect();
    let middle = lumas.len() / 2;
    if lumas.is_empty() { 255 } else { *lumas.select_nth_unstable(middle).1 }
}
