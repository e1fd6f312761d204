//! Traces of an earlier, harder compression: steps on some 8-pixel grid larger than elsewhere. The grid may lie anywhere,
//! because photos are often cropped between two savings.

use super::plane::Luma;

const BLOCK: usize = 8;
/// The outer part isn't looked at: a frame line would count as a grid line. It holds background only.
const MARGIN: usize = 24;
/// Stands for "steps on the grid and nowhere else".
const ALL_ON_GRID: f64 = 100.0;

/// Mean luma step on the strongest 8-pixel grid over the mean step elsewhere, both directions together; about 1 for a
/// picture without a grid.
pub(crate) fn measure(luma: &Luma) -> f64 {
    if luma.width() < 4 * MARGIN || luma.height() < 4 * MARGIN {
        return 1.0;
    }
    let (across, down) = (Grid::strongest(&column_steps(luma)), Grid::strongest(&row_steps(luma)));
    let (on, off) = (across.on + down.on, across.off + down.off);
    if off > 0.0 {
        (on / off).min(ALL_ON_GRID)
    } else if on > 0.0 {
        ALL_ON_GRID
    } else {
        1.0
    }
}

/// Mean steps on a grid and off it.
struct Grid {
    on: f64,
    off: f64,
}

impl Grid {
    /// Of the eight places a grid can lie at, the one with the largest steps. `lines` holds the sum of steps across each line.
    fn strongest(lines: &[u64]) -> Self {
        let all: u64 = lines.iter().sum();
        let phase = |p: usize| lines.iter().skip(p).step_by(BLOCK).fold((0u64, 0u64), |(sum, n), s| (sum + s, n + 1));
        // Compare means without division: s1/n1 < s2/n2.
        let (sum, n) = (0..BLOCK).map(phase).max_by(|(s1, n1), (s2, n2)| (s1 * n2).cmp(&(s2 * n1))).expect("there are eight phases");
        let others = lines.len() as u64 - n;
        Self { on: sum as f64 / n.max(1) as f64, off: (all - sum) as f64 / others.max(1) as f64 }
    }
}

/// Inner part of a row.
fn inner(row: &[u8]) -> &[u8] {
    &row[MARGIN..row.len() - MARGIN]
}

/// Sum over the inner rows of the step between each inner column and the next.
fn column_steps(luma: &Luma) -> Vec<u64> {
    let mut sums = vec![0u32; luma.width() - 2 * MARGIN - 1];
    for y in MARGIN..luma.height() - MARGIN {
        let row = inner(luma.row(y));
        for ((sum, a), b) in sums.iter_mut().zip(row).zip(&row[1..]) {
            *sum += u32::from(a.abs_diff(*b));
        }
    }
    sums.into_iter().map(u64::from).collect()
}

fn row_steps(luma: &Luma) -> Vec<u64> {
    let steps = |y: usize| inner(luma.row(y - 1)).iter().zip(inner(luma.row(y))).map(|(a, b)| u32::from(a.abs_diff(*b))).sum::<u32>();
    (MARGIN + 1..luma.height() - MARGIN).map(|y| u64::from(steps(y))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grid_of_flat_blocks_is_all_grid_wherever_it_lies() {
        for shift in 0..8 {
            let blocks = Luma::from_fn(128, 128, |x, y| (((x + shift) / 8 * 37 + (y + shift) / 8 * 91) % 200) as u8);
            assert_eq!(measure(&blocks), ALL_ON_GRID);
        }
        assert_eq!(measure(&Luma::from_fn(128, 128, |_, _| 77)), 1.0);
    }

    #[test]
    fn a_ramp_has_no_grid_and_raised_borders_have_one() {
        assert_eq!(measure(&Luma::from_fn(100, 100, |x, y| (x + y) as u8)), 1.0);
        assert_eq!(measure(&Luma::from_fn(100, 100, |x, y| (x + x / 8 + y + y / 8) as u8)), 2.0);
    }

    #[test]
    fn a_frame_is_no_grid() {
        let framed = Luma::from_fn(128, 128, |x, y| if (7..9).contains(&x) || y == 120 { 0 } else { (x + y) as u8 / 2 });
        assert!(measure(&framed) < 1.3, "{}", measure(&framed));
    }
}
