//! Smaller versions of a photo, for proof sheets and the chip portrait.

use fast_image_resize::FilterType;

use crate::rgb::Rgb;
use crate::scale::resample;

/// Resizes to `width × height` pixels (a 0 becomes 1) with a Lanczos filter. The same bytes on every machine: the resizer's
/// vector code equals its plain code for 8-bit pixels (faults.md F8). It doesn't keep the aspect ratio: the caller chooses.
#[must_use]
pub fn thumbnail(rgb: &Rgb, width: u32, height: u32) -> Rgb {
    let size @ [width, height] = [width.max(1), height.max(1)];
    let whole = [0.0, 0.0, rgb.width() as f32, rgb.height() as f32];
    let bytes = resample(rgb, whole, size, FilterType::Lanczos3).expect("the whole of a picture and a size that isn't empty");
    Rgb::new(width, height, bytes).expect("the resizer's image has exactly its pixels")
}
