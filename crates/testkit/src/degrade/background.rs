//! Damage to what lies behind the head: other colours, gradients, shadows, and frames around the picture.

use crate::rgb::Rgb;

/// Level (of the darkest channel) from which a pixel joined to the edge is background.
const WHITE_MIN: u8 = 236;
/// Around the background the head's soft edge is tinted too.
const EDGE_PIXELS: i64 = 3;

/// One colour everywhere behind the head.
pub fn flat(picture: &Rgb, colour: [u8; 3]) -> Rgb {
    behind(picture, |_, _| colour.map(|c| f64::from(c) / 255.0))
}

/// White at the top, falling to grey at the shoulders.
pub fn gradient(picture: &Rgb) -> Rgb {
    let height = f64::from(picture.height);
    behind(picture, |_, y| [1.0 - 0.75 * f64::from(y) / height; 3])
}

/// A dark shadow on the wall to the right of the head.
pub fn shadow(picture: &Rgb) -> Rgb {
    let (width, height) = (f64::from(picture.width), f64::from(picture.height));
    behind(picture, |x, y| {
        let (dx, dy) = ((f64::from(x) / width - 0.80) / 0.32, (f64::from(y) / height - 0.42) / 0.45);
        let depth = 1.0 / (1.0 + ((dx * dx + dy * dy - 1.0) * 5.0).exp());
        [1.0 - 0.45 * depth; 3]
    })
}

/// A line of `width` pixels, `inset` from every edge.
pub fn frame(picture: &Rgb, inset: u32, width: u32, colour: [u8; 3]) -> Rgb {
    picture.map(|x, y, old| {
        let depth = x.min(y).min(picture.width - 1 - x).min(picture.height - 1 - y);
        if (inset..inset + width).contains(&depth) { colour } else { old }
    })
}

/// Multiplies the background by a colour (0..1 per channel) depending on the place.
pub fn behind(picture: &Rgb, colour: impl Fn(u32, u32) -> [f64; 3]) -> Rgb {
    let share = background_share(picture);
    picture.map(|x, y, old| {
        let s = share[(y * picture.width + x) as usize];
        if s <= 0.0 {
            return old;
        }
        let by = colour(x, y);
        std::array::from_fn(|k| (f64::from(old[k]) * (1.0 - s + s * by[k])).round() as u8)
    })
}

/// 1 on the background, falling off over the head's soft edge by its brightness, 0 on the head.
pub fn background_share(picture: &Rgb) -> Vec<f64> {
    let is_background = flood(picture);
    let (width, height) = (i64::from(picture.width), i64::from(picture.height));
    let near = |x: i64, y: i64| {
        (-EDGE_PIXELS..=EDGE_PIXELS).any(|dy| {
            (-EDGE_PIXELS..=EDGE_PIXELS).any(|dx| {
                let (x, y) = (x + dx, y + dy);
                (0..width).contains(&x) && (0..height).contains(&y) && is_background[(y * width + x) as usize]
            })
        })
    };
    let at = |i: i64| {
        let (x, y) = (i % width, i / width);
        let brightness = f64::from(darkest(picture.at(x as u32, y as u32)));
        if is_background[i as usize] {
            1.0
        } else if near(x, y) {
            ((brightness - 120.0) / 130.0).clamp(0.0, 1.0)
        } else {
            0.0
        }
    };
    (0..width * height).map(at).collect()
}

/// Bright pixels joined to the top or side edges.
fn flood(picture: &Rgb) -> Vec<bool> {
    let (width, height) = (picture.width as usize, picture.height as usize);
    let mut seen = vec![false; width * height];
    let mut open: Vec<usize> = (0..width).chain((0..height).flat_map(|y| [y * width, y * width + width - 1])).collect();
    while let Some(i) = open.pop() {
        let pixel = [picture.data[i * 3], picture.data[i * 3 + 1], picture.data[i * 3 + 2]];
        if seen[i] || darkest(pixel) < WHITE_MIN {
            continue;
        }
        seen[i] = true;
        let (x, y) = (i % width, i / width);
        open.extend(
            [(x > 0).then(|| i - 1), (x + 1 < width).then_some(i + 1), (y > 0).then(|| i.wrapping_sub(width)), (y + 1 < height).then_some(i + width)]
                .into_iter()
                .flatten(),
        );
    }
    seen
}

fn darkest(pixel: [u8; 3]) -> u8 {
    pixel.into_iter().min().unwrap_or(0)
}
