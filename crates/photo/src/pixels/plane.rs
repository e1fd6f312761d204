//! The luma of a picture as a plane of its own, which most checks read.

use crate::rgb::Rgb;

/// BT.601 luma, 8 bits. Grey pixels keep their value exactly.
pub(crate) struct Luma {
    width: usize,
    height: usize,
    values: Vec<u8>,
}

/// Weights × 256.
const RED: u32 = 77;
const GREEN: u32 = 150;
const BLUE: u32 = 29;

impl Luma {
    pub(crate) fn of(rgb: &Rgb) -> Self {
        let values = rgb.bytes().as_chunks::<3>().0.iter().map(|p| luma(*p)).collect();
        Self { width: rgb.width() as usize, height: rgb.height() as usize, values }
    }

    #[cfg(test)]
    pub(crate) fn from_fn(width: usize, height: usize, value: impl Fn(usize, usize) -> u8) -> Self {
        let values = (0..width * height).map(|i| value(i % width, i / width)).collect();
        Self { width, height, values }
    }

    pub(crate) fn width(&self) -> usize {
        self.width
    }

    pub(crate) fn height(&self) -> usize {
        self.height
    }

    pub(crate) fn values(&self) -> &[u8] {
        &self.values
    }

    pub(crate) fn row(&self, y: usize) -> &[u8] {
        &self.values[y * self.width..][..self.width]
    }

    /// At half the scale; a last odd row or column is left off.
    pub(crate) fn halved(&self) -> Halved {
        let width = self.width / 2;
        let mut sums = Vec::with_capacity(width * (self.height / 2));
        for pair in self.values.chunks_exact(2 * self.width.max(1)) {
            let (above, below) = pair.split_at(self.width);
            let sum = |(a, b): (&[u8; 2], &[u8; 2])| a.iter().chain(b).map(|v| u16::from(*v)).sum::<u16>();
            sums.extend(above.as_chunks::<2>().0.iter().zip(below.as_chunks::<2>().0).map(sum));
        }
        Halved { width, sums }
    }

    pub(crate) fn rows(&self) -> impl Iterator<Item = &[u8]> {
        self.values.chunks_exact(self.width)
    }
}

/// A plane at half the scale. Sums, not means, so that nothing is rounded.
pub(crate) struct Halved {
    width: usize,
    sums: Vec<u16>,
}

/// How many values are in each sum.
pub(crate) const HALVED_SUM: u16 = 4;

impl Halved {
    pub(crate) fn row(&self, y: usize) -> &[u16] {
        &self.sums[y * self.width..][..self.width]
    }
}

#[inline(always)]
pub(crate) fn luma([r, g, b]: [u8; 3]) -> u8 {
    ((u32::from(r) * RED + u32::from(g) * GREEN + u32::from(b) * BLUE + 128) >> 8) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halving_sums_four_and_leaves_odd_edges_off() {
        let luma = Luma::from_fn(5, 3, |x, y| (10 * y + x) as u8);
        let halved = luma.halved();
        assert_eq!((halved.row(0), halved.sums.len()), (&[22, 30][..], 2));
        assert!(Luma::from_fn(1, 1, |_, _| 1).halved().sums.is_empty());
    }
}
