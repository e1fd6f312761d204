//! Damage to the picture's pixels as cameras, lights, scanners and careless programs do it.

use crate::dice::Dice;
use crate::jpeg::{self, Writing};
use crate::portrait::{HEIGHT, WIDTH, gaussian};
use crate::rgb::Rgb;

/// Grey stored in three equal components.
pub fn grey(picture: &Rgb) -> Rgb {
    picture.map(|_, _, p| [luma(p).round() as u8; 3])
}

/// Yellow-brown paper tone over a grey picture; white stays nearly white.
pub fn sepia(picture: &Rgb) -> Rgb {
    picture.map(|_, _, p| [1.0, 0.97, 0.90].map(|by| (luma(p) * by).round() as u8))
}

/// Compressed hard once, then saved again at high quality.
pub fn recompressed(picture: &Rgb, quality: u8) -> Rgb {
    let once = jpeg::write(picture, &Writing { quality, ..Writing::default() });
    let back = image::load_from_memory(&once).expect("a file written a line above").into_rgb8();
    Rgb { width: back.width(), height: back.height(), data: back.into_raw() }
}

/// Out of focus by a Gaussian of `sigma` pixels.
pub fn blurred(picture: &Rgb, sigma: f64) -> Rgb {
    let (width, height) = (picture.width as usize, picture.height as usize);
    let mut out = picture.clone();
    for channel in 0..3 {
        let mut plane: Vec<f32> = picture.data.iter().skip(channel).step_by(3).map(|v| f32::from(*v)).collect();
        gaussian(&mut plane, width, height, sigma);
        out.data.iter_mut().skip(channel).step_by(3).zip(plane).for_each(|(v, new)| *v = new.round().clamp(0.0, 255.0) as u8);
    }
    out
}

/// Focused on what is in front of the person: the face is soft, the clothes keep their grain (and the file its size, which a
/// wholly soft picture reaches only with noise over the face).
pub fn focus_missed(picture: &Rgb, sigma: f64) -> Rgb {
    const CLOTHES_FROM_PERCENT: usize = 80;
    const GRAIN_SD: f64 = 25.0;
    let mut out = blurred(picture, sigma);
    let from = picture.height as usize * CLOTHES_FROM_PERCENT / 100 * picture.width as usize * 3;
    let grained = crate::jpeg::with_noise(&out, GRAIN_SD);
    out.data[from..].copy_from_slice(&grained.data[from..]);
    out
}

/// A small picture blown up by a whole factor.
pub fn upscaled(picture: &Rgb, factor: u32) -> Rgb {
    let small = resized(picture, picture.width / factor, picture.height / factor);
    resized(&small, picture.width, picture.height)
}

pub fn resized(picture: &Rgb, width: u32, height: u32) -> Rgb {
    let buffer = image::RgbImage::from_raw(picture.width, picture.height, picture.data.clone()).expect("three bytes a pixel");
    let out = image::imageops::resize(&buffer, width, height, image::imageops::FilterType::Triangle);
    Rgb { width, height, data: out.into_raw() }
}

/// Darker in the middle tones, by up to four grey levels; black and white stay.
pub fn darker(picture: &Rgb) -> Rgb {
    picture.map(|_, _, p| p.map(|v| v - ((u32::from(v) * (255 - u32::from(v))) >> 12) as u8))
}

/// Lying on its side.
pub fn turned(picture: &Rgb) -> Rgb {
    let mut out = Rgb::filled(picture.height, picture.width, [0; 3]);
    for y in 0..picture.height {
        for x in 0..picture.width {
            out.set(picture.height - 1 - y, x, picture.at(x, y));
        }
    }
    out
}

/// All light times a factor; what passes white is lost.
pub fn exposed(picture: &Rgb, factor: f64) -> Rgb {
    cast(picture, [factor; 3])
}

/// So much light that the face itself is lost, whatever its tone: dark skin needs more for that than pale skin.
pub fn over_exposed(picture: &Rgb) -> Rgb {
    let (width, height) = (picture.width, picture.height);
    let middle = (height * 2 / 5..height * 7 / 10).flat_map(|y| (width * 2 / 5..width * 3 / 5).map(move |x| (x, y)));
    let (sum, count) = middle.fold((0.0, 0.0), |(sum, n), (x, y)| (sum + luma(picture.at(x, y)), n + 1.0));
    exposed(picture, 340.0 * count / f64::max(sum, 1.0))
}

/// Each channel times its factor.
pub fn cast(picture: &Rgb, factors: [f64; 3]) -> Rgb {
    picture.map(|_, _, p| std::array::from_fn(|k| (f64::from(p[k]) * factors[k]).round().min(255.0) as u8))
}

/// A wall without a person, with enough noise to weigh as much as a portrait.
pub fn blank(seed: u64) -> Rgb {
    let mut dice = Dice::new(seed, "blank", 0);
    let mut out = Rgb::filled(WIDTH, HEIGHT, [246; 3]);
    out.data.iter_mut().for_each(|v| *v = dice.normal(246.0, 2.0).round().clamp(0.0, 255.0) as u8);
    out
}

fn luma(p: [u8; 3]) -> f64 {
    0.299 * f64::from(p[0]) + 0.587 * f64::from(p[1]) + 0.114 * f64::from(p[2])
}
