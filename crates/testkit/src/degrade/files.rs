//! Damage to whole files: cut, extended, of another kind or coding than agreed.

use crate::dice::Dice;
use crate::jpeg::{self, Writing};
use crate::rgb::Rgb;

/// An empty zip archive: makes the file readable as a zip too.
pub const EMPTY_ZIP: &[u8] = b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
/// Smallest size a cut file keeps, so that only the cut is wrong with it (except for the 10 % one).
const BYTES_KEPT_MIN: usize = 42_000;
/// Largest file to cut from.
const BYTES_WHOLE_MAX: usize = 99_500;

/// The first `percent` of a file, which keeps a conforming size where that is possible.
pub fn truncated(picture: &Rgb, percent: usize) -> Vec<u8> {
    let whole_min = (BYTES_KEPT_MIN * 100 / percent).min(88_000);
    let mut file = jpeg::sized(picture, whole_min..=BYTES_WHOLE_MAX, &Writing::default());
    file.truncate(file.len() * percent / 100);
    file
}

/// Cut, and an end-of-image marker put on so that it looks whole.
pub fn truncated_ended(picture: &Rgb) -> Vec<u8> {
    let mut file = truncated(picture, 90);
    file.extend([0xFF, 0xD9]);
    file
}

pub fn without_end(picture: &Rgb) -> Vec<u8> {
    let mut file = jpeg::jpeg(picture);
    file.truncate(file.len() - 2);
    file
}

pub fn with_tail(picture: &Rgb, tail: &[u8]) -> Vec<u8> {
    let mut file = jpeg::jpeg(picture);
    file.extend_from_slice(tail);
    file
}

/// A file far too small, filled up with zeros after its end.
pub fn padded_tail(picture: &Rgb) -> Vec<u8> {
    let mut file = jpeg::sized(picture, 12_000..=38_000, &Writing { quality: 85, ..Writing::default() });
    file.resize(45_000, 0);
    file
}

pub fn cmyk(picture: &Rgb) -> Vec<u8> {
    in_size(|quality| jpeg::write_cmyk(picture, &Writing { quality, ..Writing::default() }))
}

/// One grey component; noise makes it as heavy as a colour photo.
pub fn grey_component(picture: &Rgb) -> Vec<u8> {
    let noisy = jpeg::with_noise(picture, 3.0);
    in_size(|quality| jpeg::write_grey(&noisy, &Writing { quality, ..Writing::default() }))
}

pub fn progressive(picture: &Rgb, scans: u8) -> Vec<u8> {
    jpeg::sized(picture, jpeg::BYTES_AIM, &Writing { progressive_scans: Some(scans), ..Writing::default() })
}

pub fn density(picture: &Rgb, dots_per_inch: u16) -> Vec<u8> {
    jpeg::sized(picture, jpeg::BYTES_AIM, &Writing { dots_per_inch, ..Writing::default() })
}

pub fn halved_colour(picture: &Rgb) -> Vec<u8> {
    jpeg::sized(picture, jpeg::BYTES_AIM, &Writing { halved_colour: true, ..Writing::default() })
}

/// A PNG under a name that says jpg.
pub fn png(picture: &Rgb) -> Vec<u8> {
    let mut out = std::io::Cursor::new(Vec::new());
    let small = image::RgbImage::from_fn(picture.width, 100, |x, y| image::Rgb(picture.at(x, y + 100)));
    small.write_to(&mut out, image::ImageFormat::Png).expect("writing to memory");
    out.into_inner()
}

/// Another format's beginning and meaningless bytes of a photo's size.
pub fn foreign(seed: u64, magic: &[u8]) -> Vec<u8> {
    let mut dice = Dice::new(seed, "foreign", 0);
    let mut out = magic.to_vec();
    out.extend(std::iter::repeat_with(|| dice.bits() as u8).take(46_000));
    out
}

/// The first quality, from low to high, that reaches a conforming size.
fn in_size(write: impl Fn(u8) -> Vec<u8>) -> Vec<u8> {
    (80..=100).map(&write).find(|file| jpeg::BYTES_AIM.contains(&file.len())).unwrap_or_else(|| write(100))
}
