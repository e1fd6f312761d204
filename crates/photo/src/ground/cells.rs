//! The photo as cells of 4 × 4 pixels: coarse enough that noise and grain are averaged away, fine enough for the edge of a head.
//! Knows nothing of persons or backgrounds.

use crate::refusal::Area;
use crate::rgb::Rgb;

/// Side of a cell in pixels; columns and rows that don't fill one are left off.
pub(super) const SIDE: usize = 4;
const PIXELS: u16 = (SIDE * SIDE) as u16;

/// Mean colours of the cells, rounded down.
pub(super) struct Cells {
    pub size: Size,
    colours: Vec<[u8; 3]>,
}

/// Columns and rows of cells.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Size {
    pub columns: usize,
    pub rows: usize,
}

impl Cells {
    pub(super) fn of(rgb: &Rgb) -> Self {
        let size = Size { columns: rgb.width() as usize / SIDE, rows: rgb.height() as usize / SIDE };
        let mut colours = Vec::with_capacity(size.count());
        // Down first, over all bytes alike, then across: the first is nearly all of the work, and done for many bytes at once.
        let mut sums = vec![0u16; size.columns * SIDE * 3];
        for row in 0..size.rows {
            sums.fill(0);
            for y in row * SIDE..(row + 1) * SIDE {
                let bytes = rgb.row(y as u32).as_flattened();
                sums.iter_mut().zip(bytes).for_each(|(sum, byte)| *sum += u16::from(*byte));
            }
            let across = |cell: &[[u16; 3]; SIDE]| std::array::from_fn(|k| (cell.iter().map(|sum| sum[k]).sum::<u16>() / PIXELS) as u8);
            colours.extend(sums.as_chunks::<3>().0.as_chunks::<SIDE>().0.iter().map(across));
        }
        Self { size, colours }
    }

    pub(super) fn colour(&self, cell: usize) -> [u8; 3] {
        self.colours[cell]
    }

    /// BT.601 luma × 256 of a cell.
    pub(super) fn luma(&self, cell: usize) -> u32 {
        let [r, g, b] = self.colours[cell].map(u32::from);
        77 * r + 150 * g + 29 * b
    }
}

impl Size {
    pub(super) fn count(self) -> usize {
        self.columns * self.rows
    }

    pub(super) fn place(self, cell: usize) -> (usize, usize) {
        (cell % self.columns, cell / self.columns)
    }

    /// Up, left, right, down, as far as they are in the picture.
    pub(super) fn beside(self, cell: usize) -> impl Iterator<Item = usize> {
        let (column, row) = self.place(cell);
        let around = [
            (row > 0).then(|| cell - self.columns),
            (column > 0).then(|| cell - 1),
            (column + 1 < self.columns).then_some(cell + 1),
            (row + 1 < self.rows).then_some(cell + self.columns),
        ];
        around.into_iter().flatten()
    }

    /// The eight around, as far as they are in the picture.
    pub(super) fn around(self, cell: usize) -> impl Iterator<Item = usize> {
        let (column, row) = self.place(cell);
        let (left, right) = (column.saturating_sub(1), (column + 1).min(self.columns - 1));
        let (top, bottom) = (row.saturating_sub(1), (row + 1).min(self.rows - 1));
        let (mut others, mut n) = ([0; 8], 0);
        for y in top..bottom + 1 {
            for x in left..right + 1 {
                if (x, y) != (column, row) {
                    others[n] = y * self.columns + x;
                    n += 1;
                }
            }
        }
        others.into_iter().take(n)
    }

    /// The smallest rectangle of pixels around cells; `None` for none.
    pub(super) fn bounds(self, cells: impl IntoIterator<Item = usize>) -> Option<Area> {
        let mut places = cells.into_iter().map(|cell| self.place(cell));
        let first = places.next()?;
        let join = |(left, top, right, bottom): (usize, usize, usize, usize), (x, y): (usize, usize)| (left.min(x), top.min(y), right.max(x), bottom.max(y));
        let (left, top, right, bottom) = places.fold((first.0, first.1, first.0, first.1), join);
        let pixels = |cells: usize| (cells * SIDE) as u32;
        Some(Area { left: pixels(left), top: pixels(top), width: pixels(right + 1 - left), height: pixels(bottom + 1 - top) })
    }
}

/// How far apart two colours are: the largest difference of a channel.
pub(super) fn distance(a: [u8; 3], b: [u8; 3]) -> u32 {
    (0..3).map(|k| u32::from(a[k].abs_diff(b[k]))).max().unwrap_or(0)
}

/// Cells without those nearer than `pixels` to a cell left out. The picture's edge doesn't count as left out, its outermost cells do.
pub(super) fn eroded(inside: &[bool], size: Size, pixels: u32) -> Vec<bool> {
    let mut now = inside.to_vec();
    for _ in 0..(pixels as usize).div_ceil(SIDE) {
        now = with_all_around(&now, size);
    }
    interior(now, size)
}

/// The same without the picture's outermost cells.
pub(super) fn interior(mut marked: Vec<bool>, size: Size) -> Vec<bool> {
    for (row, cells) in marked.chunks_exact_mut(size.columns).enumerate() {
        let outermost = row == 0 || row + 1 == size.rows;
        (cells[0], cells[size.columns - 1]) = (false, false);
        cells.iter_mut().for_each(|kept| *kept &= !outermost);
    }
    marked
}

/// Cells that are marked with all eight around them, as far as those are in the picture: first with those beside, then with those above
/// and below.
pub(super) fn with_all_around(marked: &[bool], size: Size) -> Vec<bool> {
    let mut across = marked.to_vec();
    for (row, from) in across.chunks_exact_mut(size.columns).zip(marked.chunks_exact(size.columns)) {
        row.iter_mut().zip(&from[1..]).for_each(|(kept, right)| *kept &= right);
        row[1..].iter_mut().zip(from).for_each(|(kept, left)| *kept &= left);
    }
    let mut down = across.clone();
    down.iter_mut().zip(&across[size.columns..]).for_each(|(kept, below)| *kept &= below);
    down[size.columns..].iter_mut().zip(&across).for_each(|(kept, above)| *kept &= above);
    down
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_of_a_cell_is_that_of_its_pixels_and_what_fills_none_is_left_off() {
        let rgb = Rgb::new(10, 9, (0..90u32).flat_map(|i| [i as u8, (2 * i) as u8, 255]).collect()).unwrap();
        let cells = Cells::of(&rgb);
        assert_eq!((cells.size.columns, cells.size.rows), (2, 2));
        let mean = |left: u32, top: u32| (0..16).map(|i| (top + i / 4) * 10 + left + i % 4).sum::<u32>() / 16;
        assert_eq!(cells.colour(0), [mean(0, 0) as u8, 33, 255]);
        assert_eq!(cells.colour(3)[0], mean(4, 4) as u8);
    }

    #[test]
    fn eroding_takes_what_touches_a_cell_left_out_and_the_outermost() {
        let size = Size { columns: 7, rows: 6 };
        let mut inside = vec![true; size.count()];
        inside[2 * 7 + 2] = false;
        let kept = eroded(&inside, size, 4);
        assert_eq!((0..size.count()).filter(|cell| kept[*cell]).map(|cell| size.place(cell)).collect::<Vec<_>>().len(), 20 - 9);
        assert!(kept.iter().enumerate().filter(|(_, kept)| **kept).all(|(cell, _)| size.around(cell).all(|other| inside[other])));
        let untouched = eroded(&inside, size, 0);
        assert_eq!(untouched.iter().filter(|kept| **kept).count(), 20 - 1);
    }
}
