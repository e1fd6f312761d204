//! Pictures as networks want them: square, planar, scaled numbers; and the way back from a network's pixels to the photo's.

use fast_image_resize::FilterType;

use super::EngineFault;
use crate::rgb::Rgb;
use crate::scale;

/// Photo pixels to a network's numbers: `byte × scale + offset`.
#[derive(Clone, Copy)]
pub(super) struct Range {
    scale: f32,
    offset: f32,
}

impl Range {
    /// −1..1.
    pub const SIGNED: Self = Self { scale: 1.0 / 127.5, offset: -1.0 };
    /// 0..1.
    pub const UNIT: Self = Self { scale: 1.0 / 255.0, offset: 0.0 };
}

/// A part of the photo set into a network's square: a point of the square is `point × scale + offset` in the photo.
#[derive(Clone, Copy)]
pub(super) struct Placement {
    pub scale: f32,
    pub offset: [f32; 2],
}

/// Part `[left, top, width, height]` of a picture in the middle of a square of `side` pixels, its proportions kept, black around it.
pub(super) fn letterboxed(rgb: &Rgb, part: [u32; 4], side: usize, range: Range) -> Result<(Vec<f32>, Placement), EngineFault> {
    let [left, top, width, height] = part.map(|v| v as f32);
    let scale = width.max(height) / side as f32;
    let inner = [width, height].map(|length| ((length / scale).round() as u32).clamp(1, side as u32));
    let bytes = resampled(rgb, [left, top, width, height], inner)?;
    let margin = inner.map(|length| (side - length as usize) / 2);
    let mut planar = vec![range.offset; 3 * side * side];
    let [width, _] = inner.map(|length| length as usize);
    for (y, row) in bytes.chunks_exact(3 * width).enumerate() {
        spread(row, &mut planar, (y + margin[1]) * side + margin[0], side * side, range);
    }
    let offset = [left - margin[0] as f32 * scale, top - margin[1] as f32 * scale];
    Ok((planar, Placement { scale, offset }))
}

/// The whole picture stretched to a square of `side` pixels.
pub(super) fn stretched(rgb: &Rgb, side: usize, range: Range) -> Result<Vec<f32>, EngineFault> {
    let whole = [0, 0, rgb.width(), rgb.height()].map(|v| v as f32);
    let bytes = resampled(rgb, whole, [side as u32; 2])?;
    let mut planar = vec![0.0; 3 * side * side];
    spread(&bytes, &mut planar, 0, side * side, range);
    Ok(planar)
}

/// Pixels of three bytes into the three planes, from number `start` of each on.
fn spread(pixels: &[u8], planar: &mut [f32], start: usize, plane: usize, range: Range) {
    let pixels = pixels.as_chunks::<3>().0;
    for (channel, plane) in planar.chunks_exact_mut(plane).enumerate() {
        for (number, pixel) in plane[start..].iter_mut().zip(pixels) {
            *number = f32::from(pixel[channel]) * range.scale + range.offset;
        }
    }
}

fn resampled(rgb: &Rgb, part: [f32; 4], size: [u32; 2]) -> Result<Vec<u8>, EngineFault> {
    scale::resample(rgb, part, size, FilterType::Bilinear).ok_or_else(|| EngineFault("the picture can't be brought to the network's size".to_owned()))
}

/// A square in the photo that may be turned: `along` is the unit vector of its rows.
#[derive(Clone, Copy)]
pub(super) struct Square {
    pub centre: [f32; 2],
    pub side: f32,
    pub along: [f32; 2],
}

impl Square {
    /// The photo's place of `x`, `y` in the square, both 0..1 from its upper left corner.
    pub fn place(&self, x: f32, y: f32) -> [f32; 2] {
        let [u, v] = [x, y].map(|share| (share - 0.5) * self.side);
        let [cos, sin] = self.along;
        [self.centre[0] + u * cos - v * sin, self.centre[1] + u * sin + v * cos]
    }

    /// The square's pixels, `side` a row, between four pixels of the photo each; beyond its edge the edge's pixel goes on.
    pub fn sampled(&self, rgb: &Rgb, side: usize, range: Range) -> Vec<f32> {
        let mut planar = vec![0.0; 3 * side * side];
        let (red, rest) = planar.split_at_mut(side * side);
        let (green, blue) = rest.split_at_mut(side * side);
        let photo = Pixels { pixels: rgb.bytes().as_chunks().0, width: rgb.width(), height: rgb.height() };
        // `place` for all of a row, the parts that don't change worked out once, in its order: the same numbers to the last bit.
        let [cos, sin] = self.along;
        let middles: Vec<f32> = (0..side).map(|n| ((n as f32 + 0.5) / side as f32 - 0.5) * self.side).collect();
        let across: Vec<[f32; 2]> = middles.iter().map(|u| [self.centre[0] + u * cos, self.centre[1] + u * sin]).collect();
        let rows = red.chunks_exact_mut(side).zip(green.chunks_exact_mut(side)).zip(blue.chunks_exact_mut(side));
        for (((red, green), blue), v) in rows.zip(&middles) {
            let down = [-(v * sin), v * cos];
            for (i, [x, y]) in across.iter().enumerate() {
                let colour = between(&photo, [x + down[0], y + down[1]]);
                [red[i], green[i], blue[i]] = colour.map(|value| value * range.scale + range.offset);
            }
        }
        planar
    }
}

/// A photo as one run of pixels.
struct Pixels<'a> {
    pixels: &'a [[u8; 3]],
    width: u32,
    height: u32,
}

/// The colour at a place between pixel centres.
#[inline]
fn between(photo: &Pixels<'_>, place: [f32; 2]) -> [f32; 3] {
    let (left, right, x) = neighbours(place[0], photo.width);
    let (upper, lower, y) = neighbours(place[1], photo.height);
    let mix = |row: usize| {
        let start = row * photo.width as usize;
        let (left, right) = (photo.pixels[start + left], photo.pixels[start + right]);
        [0, 1, 2].map(|channel| f32::from(left[channel]) * (1.0 - x) + f32::from(right[channel]) * x)
    };
    let (upper, lower) = (mix(upper), mix(lower));
    [0, 1, 2].map(|channel| upper[channel] * (1.0 - y) + lower[channel] * y)
}

/// The two pixels of a line of `length` between whose centres `at` lies, and the second one's share.
#[inline]
pub(super) fn neighbours(at: f32, length: u32) -> (usize, usize, f32) {
    let last = (length - 1) as f32;
    // `max` first: a place that is no number becomes 0.
    let at = (at - 0.5).max(0.0).min(last);
    let first = at as u32;
    (first as usize, (first + 1).min(length - 1) as usize, at - first as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Red grows to the right, green downwards.
    fn ramp(width: u32, height: u32) -> Rgb {
        let bytes = (0..width * height).flat_map(|i| [(i % width) as u8, (i / width) as u8, 7]).collect();
        Rgb::new(width, height, bytes).expect("the size fits")
    }

    #[test]
    fn an_upright_square_of_the_photos_scale_is_the_photo() {
        let rgb = ramp(20, 20);
        let square = Square { centre: [10.0, 10.0], side: 8.0, along: [1.0, 0.0] };
        let planar = square.sampled(&rgb, 8, Range { scale: 1.0, offset: 0.0 });
        assert_eq!(planar[..8], [6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0]);
        assert_eq!((planar[64], planar[64 + 56], planar[128]), (6.0, 13.0, 7.0));
    }

    #[test]
    fn a_square_turned_by_a_quarter_reads_columns() {
        let square = Square { centre: [10.0, 10.0], side: 8.0, along: [0.0, 1.0] };
        let planar = square.sampled(&ramp(20, 20), 8, Range { scale: 1.0, offset: 0.0 });
        assert_eq!((planar[0], planar[7]), (13.0, 13.0), "its first row is a column");
        assert_eq!((planar[64], planar[64 + 7]), (6.0, 13.0));
    }

    #[test]
    fn beyond_the_photo_its_edge_goes_on() {
        let rgb = ramp(20, 20);
        let photo = Pixels { pixels: rgb.bytes().as_chunks().0, width: 20, height: 20 };
        for place in [[-50.0, -9.0], [f32::NAN, f32::NEG_INFINITY]] {
            assert_eq!(between(&photo, place), [0.0, 0.0, 7.0]);
        }
        assert_eq!(between(&photo, [f32::INFINITY, 99.0]), [19.0, 19.0, 7.0]);
    }

    #[test]
    fn a_letterbox_leads_back_to_the_photo() {
        let rgb = Rgb::new(64, 128, vec![255; 64 * 128 * 3]).expect("the size fits");
        let (planar, placement) = letterboxed(&rgb, [0, 0, 64, 128], 32, Range::SIGNED).expect("any picture fits");
        assert_eq!((planar[7], planar[8], planar[23], planar[24]), (-1.0, 1.0, 1.0, -1.0), "half a square, in the middle");
        assert_eq!((placement.scale, placement.offset), (4.0, [-32.0, 0.0]));
    }

    #[test]
    fn the_thinnest_picture_fits() {
        for (width, height) in [(1, 1), (1, 4000), (4000, 1)] {
            let rgb = Rgb::new(width, height, vec![9; (width * height * 3) as usize]).expect("the size fits");
            assert!(letterboxed(&rgb, [0, 0, width, height], 128, Range::SIGNED).is_ok(), "{width} × {height}");
            assert!(stretched(&rgb, 256, Range::UNIT).is_ok());
        }
    }
}
