//! Smaller versions of a photo, for proof sheets and the chip portrait.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

use crate::rgb::Rgb;

/// Resizes to `width × height` pixels (a 0 becomes 1) with a Lanczos filter. The same bytes on every machine: the resizer's
/// vector code equals its plain code for 8-bit pixels (faults.md F8). It doesn't keep the aspect ratio: the caller chooses.
#[must_use]
pub fn thumbnail(rgb: &Rgb, width: u32, height: u32) -> Rgb {
    let (width, height) = (width.max(1), height.max(1));
    let source = ImageRef::new(rgb.width(), rgb.height(), rgb.bytes(), PixelType::U8x3).expect("an Rgb has exactly its pixels");
    let mut target = Image::new(width, height, PixelType::U8x3);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3));
    Resizer::new().resize(&source, &mut target, &options).expect("both images are whole and of one pixel type");
    Rgb::new(width, height, target.into_vec()).expect("the resizer's image has exactly its pixels")
}
