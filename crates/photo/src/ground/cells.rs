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
        let mut sums = vec![[0u16; 3]; size.columns];
        for row in 0..size.rows {
            sums.fill([0; 3]);
            for y in row * SIDE..(row + 1) * SIDE {
                for (sum, pixels) in sums.iter_mut().zip(rgb.row(y as u32).as_chunks::<SIDE>().0) {
                    for pixel in pixels {
                        (0..3).for_each(|k| sum[k] += u16::from(pixel[k]));
                    }
                }
            }
            colours.extend(sums.iter().map(|sum| sum.map(|s| (s / PIXELS) as u8)));
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
        (top..=bottom).flat_map(move |y| (left..=right).map(move |x| y * self.columns + x)).filter(move |other| *other != cell)
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
    for (cell, kept) in now.iter_mut().enumerate() {
        let (column, row) = size.place(cell);
        *kept &= column > 0 && row > 0 && column + 1 < size.columns && row + 1 < size.rows;
    }
    let edgeless = now.clone();
    let mut before = inside.to_vec();
    for _ in 0..(pixels as usize).div_ceil(SIDE) {
        let next = (0..size.count()).map(|cell| before[cell] && size.around(cell).all(|other| before[other])).collect();
        before = next;
    }
    before.iter().zip(edgeless).map(|(kept, edgeless)| *kept && edgeless).collect()
}
