//! A decoded picture, 8-bit RGB. It has no `Debug`: it is somebody's face.

/// Width and height in pixels, three bytes a pixel, rows top to bottom without padding.
#[derive(Clone, PartialEq, Eq)]
pub struct Rgb {
    width: u32,
    height: u32,
    bytes: Vec<u8>,
}

impl Rgb {
    /// `None` unless `bytes` is exactly `width × height × 3` long and neither side is 0.
    #[must_use]
    pub fn new(width: u32, height: u32, bytes: Vec<u8>) -> Option<Self> {
        let expected = (width as usize).checked_mul(height as usize)?.checked_mul(3)?;
        (expected > 0 && bytes.len() == expected).then_some(Self { width, height, bytes })
    }

    #[must_use]
    pub fn width(&self) -> u32 {
        self.width
    }

    #[must_use]
    pub fn height(&self) -> u32 {
        self.height
    }

    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Nothing outside the picture.
    pub(crate) fn set(&mut self, x: u32, y: u32, colour: [u8; 3]) {
        if x < self.width && y < self.height {
            let at = (y as usize * self.width as usize + x as usize) * 3;
            self.bytes[at..at + 3].copy_from_slice(&colour);
        }
    }

    /// One row's pixels.
    pub(crate) fn row(&self, y: u32) -> &[[u8; 3]] {
        let width = self.width as usize;
        &self.bytes.as_chunks().0[y as usize * width..][..width]
    }
}
