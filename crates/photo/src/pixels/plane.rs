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

    pub(crate) fn rows(&self) -> impl Iterator<Item = &[u8]> {
        self.values.chunks_exact(self.width)
    }
}

#[inline(always)]
fn luma([r, g, b]: [u8; 3]) -> u8 {
    ((u32::from(r) * RED + u32::from(g) * GREEN + u32::from(b) * BLUE + 128) >> 8) as u8
}
