//! JPEG files of a wanted kind and size. Sizes are reached as cameras reach them, by quality and by sensor noise, never by padding.

use jpeg_encoder::{ColorType, Encoder, PixelDensity, SamplingFactor};

use crate::dice::Dice;
use crate::rgb::Rgb;

/// Sizes a conforming photo aims at: inside the window every reading of "40K–100K" allows, with room to the edges.
pub const BYTES_AIM: std::ops::RangeInclusive<usize> = 42_000..=98_000;
const QUALITY_FIRST: u8 = 93;
const QUALITY_MIN: u8 = 30;
const QUALITY_MAX: u8 = 100;
/// Most noise added to reach a size, standard deviation in grey levels.
const NOISE_SD_MAX: f64 = 8.0;
/// Halvings of the noise looked through.
const NOISE_STEPS: u32 = 9;
/// How far above the smallest wanted size noise may take a file.
const BYTES_NEAR: usize = 1_500;

/// How to write one file.
#[derive(Clone)]
pub struct Writing {
    pub quality: u8,
    pub progressive_scans: Option<u8>,
    pub dots_per_inch: u16,
    /// 4:4:4, or 4:2:2 when halved.
    pub halved_colour: bool,
    /// APPn segments to add, with their number.
    pub segments: Vec<(u8, Vec<u8>)>,
}

impl Default for Writing {
    fn default() -> Self {
        Self { quality: QUALITY_FIRST, progressive_scans: None, dots_per_inch: 350, halved_colour: false, segments: Vec::new() }
    }
}

/// A baseline 4:4:4 JPEG of 350 dpi whose size falls within [`BYTES_AIM`].
#[must_use]
pub fn jpeg(picture: &Rgb) -> Vec<u8> {
    sized(picture, BYTES_AIM, &Writing::default())
}

/// One file, written exactly so.
#[must_use]
pub fn write(picture: &Rgb, how: &Writing) -> Vec<u8> {
    encode(&picture.data, picture.width, picture.height, ColorType::Rgb, how)
}

/// One-component grey of the picture's green channel.
#[must_use]
pub fn write_grey(picture: &Rgb, how: &Writing) -> Vec<u8> {
    let luma: Vec<u8> = picture.data.chunks_exact(3).map(|p| p[1]).collect();
    encode(&luma, picture.width, picture.height, ColorType::Luma, how)
}

/// Four components, as printers' software writes them.
#[must_use]
pub fn write_cmyk(picture: &Rgb, how: &Writing) -> Vec<u8> {
    let cmyk: Vec<u8> = picture.data.chunks_exact(3).flat_map(|p| [255 - p[0], 255 - p[1], 255 - p[2], 0]).collect();
    encode(&cmyk, picture.width, picture.height, ColorType::Cmyk, how)
}

fn encode(data: &[u8], width: u32, height: u32, colour: ColorType, how: &Writing) -> Vec<u8> {
    let mut out = Vec::with_capacity(64 * 1024);
    let mut encoder = Encoder::new(&mut out, how.quality);
    encoder.set_sampling_factor(if how.halved_colour { SamplingFactor::R_4_2_2 } else { SamplingFactor::R_4_4_4 });
    encoder.set_density(PixelDensity::dpi(how.dots_per_inch));
    if let Some(scans) = how.progressive_scans {
        encoder.set_progressive_scans(scans);
    }
    for (number, data) in &how.segments {
        encoder.add_app_segment(*number, data.clone()).expect("a segment shorter than 64 KiB");
    }
    let side = |n: u32| u16::try_from(n).expect("pictures here are far below 65,536 pixels a side");
    encoder.encode(data, side(width), side(height), colour).expect("writing to memory");
    out
}

/// A file whose size lies in `bytes`: the highest quality that isn't too large, then as much sensor noise (as from a higher ISO
/// setting) as it takes to be large enough. The best quality that gets there is used; 30 is the worst tried.
#[must_use]
pub fn sized(picture: &Rgb, bytes: std::ops::RangeInclusive<usize>, how: &Writing) -> Vec<u8> {
    let mut quality = how.quality;
    let mut file = write(picture, &Writing { quality, ..how.clone() });
    while file.len() < *bytes.start() && quality < QUALITY_MAX {
        quality += 1;
        file = write(picture, &Writing { quality, ..how.clone() });
    }
    loop {
        while file.len() > *bytes.end() && quality > QUALITY_MIN {
            quality -= 1;
            file = write(picture, &Writing { quality, ..how.clone() });
        }
        let how = Writing { quality, ..how.clone() };
        match if bytes.contains(&file.len()) { Some(file) } else { with_more_noise(picture, &bytes, &how) } {
            Some(file) => return file,
            None if quality <= QUALITY_MIN => return write(picture, &how),
            None => quality -= 1,
        }
        file = write(picture, &Writing { quality, ..how });
    }
}

/// Looks for the least noise that makes the file large enough; `None` when there is none near the wanted sizes' lower end.
fn with_more_noise(picture: &Rgb, bytes: &std::ops::RangeInclusive<usize>, how: &Writing) -> Option<Vec<u8>> {
    let (mut less, mut more) = (0.0, NOISE_SD_MAX);
    let bytes = *bytes.start()..=(*bytes.end()).min(*bytes.start() + BYTES_NEAR);
    for _ in 0..NOISE_STEPS {
        let middle = (less + more) / 2.0;
        let file = write(&with_noise(picture, middle), how);
        if bytes.contains(&file.len()) {
            return Some(file);
        }
        if file.len() < *bytes.start() { less = middle } else { more = middle }
    }
    None
}

/// Sensor noise of a standard deviation in grey levels; the same for the same picture.
#[must_use]
pub fn with_noise(picture: &Rgb, sd: f64) -> Rgb {
    let mut dice = Dice::new(u64::from(picture.data[picture.data.len() / 2]), "sensor noise", (sd * 100.0) as u64);
    let mut out = picture.clone();
    for value in &mut out.data {
        *value = (f64::from(*value) + dice.normal(0.0, sd)).round().clamp(0.0, 255.0) as u8;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::portrait::{Look, portrait};

    #[test]
    fn portraits_reach_the_wanted_size_and_read_back_as_they_were() {
        let picture = portrait(11, &Look::default());
        let file = jpeg(&picture);
        assert!(BYTES_AIM.contains(&file.len()), "{}", file.len());
        let back = image::load_from_memory(&file).unwrap().into_rgb8();
        assert_eq!(back.dimensions(), (358, 441));
        let error: f64 = back.as_raw().iter().zip(&picture.data).map(|(a, b)| f64::from(a.abs_diff(*b))).sum::<f64>() / picture.data.len() as f64;
        assert!(error < 2.0, "mean error {error}");
        assert_eq!(file, jpeg(&portrait(11, &Look::default())), "the same seed gives the same bytes");
    }

    #[test]
    fn narrow_windows_are_reached_too() {
        let picture = portrait(12, &Look::default());
        for window in [40_000..=40_959, 100_001..=102_400, 103_000..=110_000] {
            let file = sized(&picture, window.clone(), &Writing::default());
            assert!(window.contains(&file.len()), "{window:?}: {}", file.len());
        }
    }
}
