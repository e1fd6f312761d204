//! The part of the picture where the face is taken to be.

use card::profile::photo::PhotoRules;

use crate::refusal::Area;
use crate::rgb::Rgb;

/// Far enough from the edges for every neighbour a measurement in the oval looks at.
const MARGIN_PX: usize = 5;

/// An upright ellipse as one span of columns for each of its rows.
pub(crate) struct Oval {
    top: usize,
    /// First column and the one after the last.
    spans: Vec<(usize, usize)>,
}

impl Oval {
    /// The profile's central ellipse, inside the face of every photo that meets the geometry rule.
    pub(crate) fn central(rgb: &Rgb, rules: &PhotoRules) -> Self {
        let (width, height) = (f64::from(rgb.width()), f64::from(rgb.height()));
        let whole = |x: f64| x as i64;
        Self::new(
            (rgb.width() as usize, rgb.height() as usize),
            (whole(width / 2.0), whole(height * rules.oval_centre_height_share)),
            (whole(width * rules.oval_half_width_share), whole(height * rules.oval_half_height_share)),
        )
    }

    /// Picture size, centre and half axes in pixels; what lies outside the picture or its margin is cut off.
    pub(crate) fn new((width, height): (usize, usize), (cx, cy): (i64, i64), (rx, ry): (i64, i64)) -> Self {
        let inside = |at: i64, side: usize| at.clamp(MARGIN_PX as i64, side.saturating_sub(MARGIN_PX).max(MARGIN_PX) as i64) as usize;
        let (top, bottom) = (inside(cy - ry, height), inside(cy + ry + 1, height));
        let span = |y: usize| {
            let dy = (y as i64 - cy).unsigned_abs();
            let square = (ry.unsigned_abs().pow(2)).saturating_sub(dy * dy);
            let half = (square * rx.unsigned_abs().pow(2) / ry.unsigned_abs().pow(2).max(1)).isqrt() as i64;
            (inside(cx - half, width), inside(cx + half + 1, width))
        };
        Self { top, spans: (top..bottom).map(span).collect() }
    }

    /// The same at half the scale, `margin` pixels from the edges of that picture.
    pub(crate) fn halved(&self, margin: usize, (width, height): (usize, usize)) -> Self {
        let inside = |at: usize, side: usize| at.clamp(margin, side.saturating_sub(margin).max(margin));
        let (first, last) = (self.top.div_ceil(2), (self.top + self.spans.len()).div_ceil(2));
        let (top, bottom) = (inside(first, height), inside(last, height));
        let span = |y: usize| {
            let (from, to) = self.spans.get(2 * y - self.top).copied().unwrap_or_default();
            (inside(from.div_ceil(2), width), inside(to / 2, width).max(inside(from.div_ceil(2), width)))
        };
        Self { top, spans: (top..bottom).map(span).collect() }
    }

    /// Each row with its span of columns.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (usize, std::ops::Range<usize>)> + '_ {
        self.spans.iter().enumerate().map(|(i, (from, to))| (self.top + i, *from..*to))
    }

    pub(crate) fn pixels(&self) -> usize {
        self.spans.iter().map(|(from, to)| to - from).sum()
    }

    pub(crate) fn area(&self) -> Area {
        let left = self.spans.iter().map(|s| s.0).min().unwrap_or(0) as u32;
        let right = self.spans.iter().map(|s| s.1).max().unwrap_or(0) as u32;
        Area { left, top: self.top as u32, width: right - left, height: self.spans.len() as u32 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ellipse_has_its_area_and_box() {
        let oval = Oval::new((358, 441), (179, 243), (72, 88));
        assert_eq!(oval.area(), Area { left: 107, top: 155, width: 145, height: 177 });
        let expected = std::f64::consts::PI * 72.5 * 88.5;
        assert!((oval.pixels() as f64 / expected - 1.0).abs() < 0.02);
    }

    #[test]
    fn at_half_the_scale_it_is_the_same_shape() {
        let (whole, half) = (Oval::new((358, 441), (179, 243), (72, 88)), Oval::new((179, 220), (89, 121), (36, 44)));
        let halved = whole.halved(3, (179, 220));
        assert!((halved.pixels() as f64 / half.pixels() as f64 - 1.0).abs() < 0.04);
        assert_eq!(Oval::new((100, 100), (0, 0), (500, 500)).halved(3, (50, 50)).area(), Area { left: 3, top: 3, width: 44, height: 44 });
        assert_eq!(Oval::new((9, 9), (4, 4), (9, 9)).halved(3, (4, 4)).pixels(), 0);
    }

    #[test]
    fn what_leaves_the_picture_is_cut() {
        let oval = Oval::new((100, 100), (0, 0), (500, 500));
        assert!(oval.rows().all(|(y, x)| (5..95).contains(&y) && x.start >= 5 && x.end <= 95));
        assert_eq!(Oval::new((3, 3), (1, 1), (9, 9)).pixels(), 0);
    }
}
