//! A drawn portrait for tests and benches: nobody's face, but with the proportions, texture and file size of a conforming
//! photo. The testkit draws better ones; this crate mustn't depend on it.

use jpeg_encoder::{ColorType, Encoder, PixelDensity, SamplingFactor};

pub const WIDTH: usize = 358;
pub const HEIGHT: usize = 441;

/// A picture under construction: RGB, 8 bits.
#[derive(Clone)]
pub struct Picture(pub Vec<u8>);

/// How a picture is written.
#[derive(Clone, Copy)]
pub struct Coding {
    pub quality: u8,
    pub sampling: SamplingFactor,
    pub progressive: bool,
    pub optimised: bool,
    pub restart_interval: u16,
}

impl Default for Coding {
    fn default() -> Self {
        Self { quality: 96, sampling: SamplingFactor::F_1_1, progressive: false, optimised: false, restart_interval: 0 }
    }
}

impl Picture {
    pub fn map(&self, change: impl Fn(usize, usize, [u8; 3]) -> [u8; 3]) -> Self {
        let pixels = self.0.as_chunks::<3>().0.iter().enumerate();
        Self(pixels.flat_map(|(i, p)| change(i % WIDTH, i / WIDTH, *p)).collect())
    }

    pub fn jpeg(&self, coding: Coding) -> Vec<u8> {
        encode(&self.0, (WIDTH, HEIGHT), ColorType::Rgb, coding)
    }
}

/// Writes raw pixels of any size and colour type as a JPEG of 350 dpi.
pub fn encode(pixels: &[u8], (width, height): (usize, usize), colour: ColorType, coding: Coding) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, coding.quality);
    encoder.set_sampling_factor(coding.sampling);
    encoder.set_progressive(coding.progressive);
    encoder.set_optimized_huffman_tables(coding.optimised);
    encoder.set_density(PixelDensity::dpi(350));
    if coding.restart_interval > 0 {
        encoder.set_restart_interval(coding.restart_interval);
    }
    encoder.encode(pixels, width as u16, height as u16, colour).expect("a picture in memory can be encoded");
    out
}

/// Repeatable noise in −16..=15 from a place.
fn noise(x: usize, y: usize, seed: u32) -> i32 {
    let mut h = (x as u32).wrapping_mul(0x9E37_79B1) ^ (y as u32).wrapping_mul(0x85EB_CA77) ^ seed.wrapping_mul(0xC2B2_AE3D);
    h = (h ^ (h >> 15)).wrapping_mul(0x2C1B_3C6D);
    h = (h ^ (h >> 12)).wrapping_mul(0x297A_2D39);
    ((h ^ (h >> 15)) & 31) as i32 - 16
}

/// Whether a point lies in an ellipse.
fn within(x: usize, y: usize, (cx, cy): (i64, i64), (rx, ry): (i64, i64)) -> bool {
    let (dx, dy) = (x as i64 - cx, y as i64 - cy);
    dx * dx * ry * ry + dy * dy * rx * rx <= rx * rx * ry * ry
}

const SKINS: [[i32; 3]; 4] = [[236, 196, 172], [198, 140, 104], [156, 104, 74], [84, 54, 40]];

/// Draws the portrait of `seed`: white background, hair from 14 px below the upper edge, face 200 px wide, dark clothes.
pub fn portrait(seed: u32) -> Picture {
    let skin = SKINS[seed as usize % SKINS.len()];
    let mut pixels = Vec::with_capacity(WIDTH * HEIGHT * 3);
    for i in 0..WIDTH * HEIGHT {
        pixels.extend(pixel(i % WIDTH, i / WIDTH, skin, seed));
    }
    Picture(pixels)
}

fn pixel(x: usize, y: usize, skin: [i32; 3], seed: u32) -> [u8; 3] {
    let grain = noise(x, y, seed);
    let eye = within(x, y, (137, 222), (17, 8)) || within(x, y, (221, 222), (17, 8));
    let (base, grain) = match () {
        () if eye => ([70, 50, 40], grain),
        () if within(x, y, (179, 312), (32, 8)) => ([170, 80, 84], grain / 2),
        () if within(x, y, (179, 238), (100, 128)) => (skin.map(|c| c - (x as i32 - 179).abs() / 6), grain / 2),
        () if within(x, y, (179, 184), (112, 170)) => ([44, 32, 28], grain),
        () if within(x, y, (179, 470), (176, 110)) => ([40, 60, 96], grain),
        () => return [255; 3],
    };
    base.map(|c| (c + grain).clamp(0, 255) as u8)
}
