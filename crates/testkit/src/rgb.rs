//! A 24-bit picture in memory.

/// Rows from the top, three bytes per pixel.
#[derive(Clone, PartialEq, Eq)]
pub struct Rgb {
    pub width: u32,
    pub height: u32,
    pub data: Vec<u8>,
}

impl Rgb {
    #[must_use]
    pub fn filled(width: u32, height: u32, colour: [u8; 3]) -> Self {
        Self { width, height, data: colour.repeat((width * height) as usize) }
    }

    #[must_use]
    pub fn at(&self, x: u32, y: u32) -> [u8; 3] {
        let i = (y * self.width + x) as usize * 3;
        [self.data[i], self.data[i + 1], self.data[i + 2]]
    }

    pub fn set(&mut self, x: u32, y: u32, colour: [u8; 3]) {
        let i = (y * self.width + x) as usize * 3;
        self.data[i..i + 3].copy_from_slice(&colour);
    }

    /// A new picture of the same size, each pixel from its place and old colour.
    #[must_use]
    pub fn map(&self, change: impl Fn(u32, u32, [u8; 3]) -> [u8; 3]) -> Self {
        let mut out = self.clone();
        for (i, pixel) in out.data.chunks_exact_mut(3).enumerate() {
            let (x, y) = (i as u32 % self.width, i as u32 / self.width);
            pixel.copy_from_slice(&change(x, y, [pixel[0], pixel[1], pixel[2]]));
        }
        out
    }
}
