//! The pixels of the face and a little above, converted once for all measurements: luma, L*a*b*, luminance.

use std::ops::Range;

use super::region::Region;
use crate::pixels::lab::lab;
use crate::pixels::plane::Luma;
use crate::refusal::Area;
use crate::rgb::Rgb;

/// A colour in L*a*b*, × `lab::PARTS`.
pub(super) type Lab = [i16; 3];

pub(super) struct Plate {
    pub area: Area,
    pub luma: Vec<u8>,
    pub lab: Vec<Lab>,
    pub luminance: Vec<u8>,
}

impl Plate {
    /// `area` lies inside the picture.
    pub(super) fn of(rgb: &Rgb, luma: &Luma, area: Area) -> Self {
        let n = area.width as usize * area.height as usize;
        let mut plate = Self { area, luma: Vec::with_capacity(n), lab: Vec::with_capacity(n), luminance: Vec::with_capacity(n) };
        for y in area.top..area.top + area.height {
            let columns = area.left as usize..(area.left + area.width) as usize;
            plate.luma.extend_from_slice(&luma.row(y as usize)[columns.clone()]);
            plate.add(&rgb.row(y)[columns]);
        }
        plate
    }

    fn add(&mut self, row: &[[u8; 3]]) {
        let start = self.lab.len();
        self.lab.resize(start + row.len(), Lab::default());
        self.luminance.resize(start + row.len(), 0);
        for ((pixel, colour), luminance) in row.iter().zip(&mut self.lab[start..]).zip(&mut self.luminance[start..]) {
            (*colour, *luminance) = lab(*pixel);
        }
    }

    pub(super) fn width(&self) -> usize {
        self.area.width as usize
    }

    pub(super) fn height(&self) -> usize {
        self.area.height as usize
    }

    /// Places of the region's pixels in the planes; the region was made within `area`.
    pub(super) fn places<'a>(&'a self, region: &'a Region) -> impl Iterator<Item = usize> + 'a {
        self.runs(region).flatten()
    }

    /// The same, each row's run of places at once.
    pub(super) fn runs<'a>(&'a self, region: &'a Region) -> impl Iterator<Item = Range<usize>> + 'a {
        region.spans().iter().map(|(y, x)| {
            let start = (y - self.area.top) as usize * self.width();
            start + (x.start - self.area.left) as usize..start + (x.end - self.area.left) as usize
        })
    }

    /// The value a share of the region's luma isn't above; 0 for an empty region.
    pub(super) fn luma_at(&self, region: &Region, percent: u64) -> u8 {
        percentile(&histogram(self.places(region).map(|i| self.luma[i])), percent)
    }

    /// Mean of the region's luma.
    pub(super) fn mean_luma(&self, region: &Region) -> f64 {
        self.places(region).map(|i| u64::from(self.luma[i])).sum::<u64>() as f64 / region.pixels().max(1) as f64
    }

    /// Median of each of L*, a* and b*; `None` for an empty region.
    pub(super) fn median_colour(&self, region: &Region) -> Option<Lab> {
        let pixels = region.pixels() as usize;
        if pixels == 0 {
            return None;
        }
        let mut values: [Vec<i16>; 3] = std::array::from_fn(|_| Vec::with_capacity(pixels));
        self.runs(region).flat_map(|run| &self.lab[run]).for_each(|colour| values.iter_mut().zip(colour).for_each(|(values, v)| values.push(*v)));
        Some(values.map(|mut values| *values.select_nth_unstable(pixels / 2).1))
    }
}

pub(super) fn histogram(values: impl Iterator<Item = u8>) -> [u32; 256] {
    // Not a fold: that would carry the counts along by value, a copy for each pixel.
    let mut counts = [0; 256];
    values.for_each(|v| counts[usize::from(v)] += 1);
    counts
}

/// The smallest value that at least so many percent don't exceed.
pub(super) fn percentile(counts: &[u32; 256], percent: u64) -> u8 {
    let all: u64 = counts.iter().map(|n| u64::from(*n)).sum();
    let mut up_to = 0;
    for (value, count) in (0..=255).zip(counts) {
        up_to += u64::from(*count);
        if up_to * 100 >= all * percent {
            return value;
        }
    }
    255
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_reads_its_own_pixels() {
        let rgb = Rgb::new(20, 10, (0..200u32).flat_map(|i| [(i % 20) as u8 * 10; 3]).collect()).unwrap();
        let plate = Plate::of(&rgb, &Luma::of(&rgb), Area { left: 5, top: 2, width: 10, height: 6 });
        let region = Region::around([10.0, 5.0], (2.0, 1.0), plate.area);
        assert_eq!(plate.places(&region).map(|i| plate.luma[i]).collect::<Vec<_>>(), [80, 90, 100, 110, 80, 90, 100, 110]);
        assert_eq!((plate.luma_at(&region, 75), plate.mean_luma(&region)), (100, 95.0));
        assert!(plate.median_colour(&region).is_some_and(|[_, a, b]| a == 0 && b == 0));
        assert!(plate.median_colour(&Region::default()).is_none());
    }
}
