//! Pictures at other sizes.

use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::U8x3;
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};

use crate::rgb::Rgb;

/// Part `[left, top, width, height]` of a picture at another size, every pixel counted.
pub(crate) fn resample(rgb: &Rgb, part: [f32; 4], [width, height]: [u32; 2], filter: FilterType) -> Option<Vec<u8>> {
    let [left, top, part_width, part_height] = part.map(f64::from);
    // Of one pixel type by name: the resizer's general call compiles every type it knows, which is most of this crate's build.
    let source = TypedImageRef::<U8x3>::from_buffer(rgb.width(), rgb.height(), rgb.bytes()).ok()?;
    let mut bytes = vec![0; width as usize * height as usize * 3];
    let mut target = TypedImage::<U8x3>::from_buffer(width, height, &mut bytes).ok()?;
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(filter)).crop(left, top, part_width, part_height);
    Resizer::new().resize_typed(&source, &mut target, &options).ok()?;
    drop(target);
    Some(bytes)
}
