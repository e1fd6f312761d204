//! Parts of the photo bounded by mesh points: rows of pixels whose centres lie inside a polygon. Integer arithmetic only.

use std::ops::Range;

use super::landmarks::PARTS;
use crate::refusal::Area;

/// One span of columns per entry; a row may have several.
#[derive(Clone, Default)]
pub(super) struct Region {
    spans: Vec<(u32, Range<u32>)>,
}

impl Region {
    /// Corners in parts of a pixel; what lies outside `bounds` is cut off.
    pub(super) fn polygon(corners: &[[i32; 2]], bounds: Area) -> Self {
        let (top, bottom) = extent(corners.iter().map(|c| c[1]), bounds.top, bounds.height);
        let mut spans = Vec::with_capacity((bottom - top) as usize);
        let mut crossings = Vec::new();
        for y in top..bottom {
            crossed(corners, i64::from(y) * i64::from(PARTS) + i64::from(PARTS / 2), &mut crossings);
            spans.extend(crossings.as_chunks::<2>().0.iter().map(|[from, to]| (y, inside(*from, bounds)..inside(*to, bounds))));
        }
        spans.retain(|(_, x)| x.start < x.end);
        Self { spans }
    }

    /// An upright rectangle about a point; half sides in pixels.
    pub(super) fn around([x, y]: [f64; 2], (half_x, half_y): (f64, f64), bounds: Area) -> Self {
        let part = |v: f64| (v * f64::from(PARTS)).round() as i32;
        let (left, right, top, bottom) = (part(x - half_x), part(x + half_x), part(y - half_y), part(y + half_y));
        Self::polygon(&[[left, top], [right, top], [right, bottom], [left, bottom]], bounds)
    }

    pub(super) fn spans(&self) -> &[(u32, Range<u32>)] {
        &self.spans
    }

    pub(super) fn pixels(&self) -> u64 {
        self.spans.iter().map(|(_, x)| u64::from(x.end - x.start)).sum()
    }

    /// The rectangle around it; `None` if it is empty.
    pub(super) fn area(&self) -> Option<Area> {
        let (top, bottom) = (self.spans.iter().map(|s| s.0).min()?, self.spans.iter().map(|s| s.0 + 1).max()?);
        let (left, right) = (self.spans.iter().map(|s| s.1.start).min()?, self.spans.iter().map(|s| s.1.end).max()?);
        Some(Area { left, top, width: right - left, height: bottom - top })
    }

    pub(super) fn and(mut self, other: Self) -> Self {
        self.spans.extend(other.spans);
        self
    }
}

/// First and last-but-one row or column that values in parts of a pixel reach, within the bounds.
fn extent(values: impl Iterator<Item = i32> + Clone, from: u32, length: u32) -> (u32, u32) {
    let bounded = |v: i32| i64::from(v).clamp(i64::from(from), i64::from(from + length)) as u32;
    let low = bounded(values.clone().min().unwrap_or(0).div_euclid(PARTS));
    (low, bounded(values.max().unwrap_or(0).div_euclid(PARTS) + 1).max(low))
}

/// Where a horizontal line crosses the polygon's edges, in order, in parts of a pixel.
fn crossed(corners: &[[i32; 2]], y: i64, crossings: &mut Vec<i64>) {
    crossings.clear();
    for (i, a) in corners.iter().enumerate() {
        let b = corners[(i + 1) % corners.len()];
        let ([ax, ay], [bx, by]) = (a.map(i64::from), b.map(i64::from));
        if (ay <= y) != (by <= y) {
            crossings.push(ax + ((y - ay) * (bx - ax)).div_euclid(by - ay));
        }
    }
    crossings.sort_unstable();
}

/// The first column whose centre isn't left of the crossing.
fn inside(crossing: i64, bounds: Area) -> u32 {
    let column = (crossing - i64::from(PARTS / 2) + i64::from(PARTS) - 1).div_euclid(i64::from(PARTS));
    column.clamp(i64::from(bounds.left), i64::from(bounds.left + bounds.width)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Area = Area { left: 2, top: 1, width: 20, height: 20 };

    fn of(corners: &[[i32; 2]]) -> Region {
        Region::polygon(&corners.iter().map(|c| c.map(|v| v * PARTS)).collect::<Vec<_>>(), BOUNDS)
    }

    #[test]
    fn a_rectangle_holds_its_pixels_and_is_cut_at_the_bounds() {
        let square = of(&[[4, 5], [10, 5], [10, 8], [4, 8]]);
        assert_eq!((square.pixels(), square.area()), (18, Some(Area { left: 4, top: 5, width: 6, height: 3 })));
        assert_eq!(of(&[[-90, -90], [90, -90], [90, 90], [-90, 90]]).area(), Some(BOUNDS));
        assert_eq!(of(&[[40, 40], [50, 40], [50, 50]]).area(), None);
        assert_eq!(of(&[]).pixels(), 0);
    }

    #[test]
    fn a_hollow_has_two_spans() {
        let u = of(&[[4, 4], [6, 4], [6, 8], [10, 8], [10, 4], [12, 4], [12, 10], [4, 10]]);
        assert_eq!(u.spans().iter().filter(|s| s.0 == 5).count(), 2);
        assert_eq!(u.pixels(), 8 * 6 - 4 * 4);
    }
}
