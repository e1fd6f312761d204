//! What portraits are painted on: a floating-point picture with soft-edged polygons, which remembers where hair and skin are visible
//! so that each gets its own grain. It knows nothing of faces.

use tiny_skia::{FillRule, Mask, PathBuilder, Transform};

use super::blur;

pub type Point = [f64; 2];
pub type Colour = [f64; 3];

/// What a surface is made of, for the grain put on at the end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Stuff {
    Hair,
    Skin,
    Other,
}

pub struct Canvas {
    pub width: usize,
    pub height: usize,
    pub pixels: Vec<[f32; 3]>,
    /// Visible share of hair and of skin per pixel, 0..1.
    pub hair: Vec<f32>,
    pub skin: Vec<f32>,
}

/// A rectangle of coverage values 0..1 placed on the canvas (it may reach over the canvas's edges).
pub struct Patch {
    pub x: i32,
    pub y: i32,
    pub width: usize,
    pub height: usize,
    pub cover: Vec<f32>,
}

impl Canvas {
    pub fn new(width: usize, height: usize, colour: Colour) -> Self {
        let n = width * height;
        Self { width, height, pixels: vec![colour.map(|c| c as f32); n], hair: vec![0.0; n], skin: vec![0.0; n] }
    }

    /// Paints a polygon in one colour with an edge softened by a Gaussian of `blur` canvas pixels.
    pub fn fill(&mut self, polygon: &[Point], colour: Colour, blur: f64, stuff: Stuff) {
        if let Some(patch) = Patch::polygon(polygon, blur) {
            self.paint(&patch, |_| colour.map(|c| c as f32), stuff);
        }
    }

    /// Paints a closed or open line of the given width.
    pub fn line(&mut self, points: &[Point], closed: bool, width: f64, colour: Colour) {
        if let Some(patch) = Patch::line(points, closed, width) {
            self.paint(&patch, |_| colour.map(|c| c as f32), Stuff::Other);
        }
    }

    /// Paints an open line whose edges are softened by a Gaussian of `blur` canvas pixels.
    pub fn soft_line(&mut self, points: &[Point], width: f64, blur: f64, colour: Colour) {
        if let Some(mut patch) = Patch::line_reaching(points, false, width, width + 3.0 * blur) {
            blur::gaussian(&mut patch.cover, patch.width, patch.height, blur);
            self.paint(&patch, |_| colour.map(|c| c as f32), Stuff::Skin);
        }
    }

    /// Paints with a colour per patch pixel (its index into `cover`).
    pub fn paint(&mut self, patch: &Patch, colour: impl Fn(usize) -> [f32; 3], stuff: Stuff) {
        let (hair, skin) = (f32::from(u8::from(stuff == Stuff::Hair)), f32::from(u8::from(stuff == Stuff::Skin)));
        for row in 0..patch.height {
            let y = patch.y + row as i32;
            if y < 0 || y >= self.height as i32 {
                continue;
            }
            for column in 0..patch.width {
                let x = patch.x + column as i32;
                let at = row * patch.width + column;
                let m = patch.cover[at];
                if m <= 0.0 || x < 0 || x >= self.width as i32 {
                    continue;
                }
                let i = y as usize * self.width + x as usize;
                let new = colour(at);
                for (old, new) in self.pixels[i].iter_mut().zip(new) {
                    *old += (new - *old) * m;
                }
                self.hair[i] += (hair - self.hair[i]) * m;
                self.skin[i] += (skin - self.skin[i]) * m;
            }
        }
    }
}

impl Patch {
    /// Coverage of a filled polygon (odd–even); `None` when it has no area.
    pub fn polygon(points: &[Point], blur: f64) -> Option<Self> {
        let mut patch = Self::from_path(points, true, 3.0 * blur, |path, mask, shift| mask.fill_path(path, FillRule::EvenOdd, true, shift))?;
        blur::gaussian(&mut patch.cover, patch.width, patch.height, blur);
        Some(patch)
    }

    fn line(points: &[Point], closed: bool, width: f64) -> Option<Self> {
        Self::line_reaching(points, closed, width, width)
    }

    /// A line with `reach` pixels of room around it.
    fn line_reaching(points: &[Point], closed: bool, width: f64, reach: f64) -> Option<Self> {
        Self::from_path(points, closed, reach, |path, mask, shift| {
            let stroke = tiny_skia::Stroke { width: width as f32, line_join: tiny_skia::LineJoin::Round, ..Default::default() };
            if let Some(outline) = path.stroke(&stroke, 1.0) {
                mask.fill_path(&outline, FillRule::Winding, true, shift);
            }
        })
    }

    fn from_path(points: &[Point], closed: bool, reach: f64, draw: impl Fn(&tiny_skia::Path, &mut Mask, Transform)) -> Option<Self> {
        let margin = reach.ceil() + 2.0;
        let bound = |axis: usize| points.iter().map(|p| p[axis]).fold((f64::MAX, f64::MIN), |(low, high), v| (low.min(v), high.max(v)));
        let ((left, right), (top, bottom)) = (bound(0), bound(1));
        let (x, y) = ((left - margin).floor(), (top - margin).floor());
        let (width, height) = ((right + margin - x).ceil() as u32, (bottom + margin - y).ceil() as u32);
        let mut mask = Mask::new(width, height)?;
        draw(&path_of(points, closed)?, &mut mask, Transform::from_translate(-x as f32, -y as f32));
        let cover = mask.data().iter().map(|v| f32::from(*v) / 255.0).collect();
        Some(Self { x: x as i32, y: y as i32, width: width as usize, height: height as usize, cover })
    }

    /// Multiplies the coverage by another patch's (nothing outside it).
    pub fn clip(&mut self, other: &Self) {
        self.weigh(other, |m| m);
    }

    /// Removes what another patch covers.
    pub fn cut(&mut self, other: &Self) {
        self.weigh(other, |m| 1.0 - m);
    }

    fn weigh(&mut self, other: &Self, weight: impl Fn(f32) -> f32) {
        for row in 0..self.height {
            for column in 0..self.width {
                let m = other.at(self.x + column as i32, self.y + row as i32);
                self.cover[row * self.width + column] *= weight(m);
            }
        }
    }

    fn at(&self, x: i32, y: i32) -> f32 {
        let (column, row) = (x - self.x, y - self.y);
        let inside = (0..self.width as i32).contains(&column) && (0..self.height as i32).contains(&row);
        if inside { self.cover[row as usize * self.width + column as usize] } else { 0.0 }
    }
}

fn path_of(points: &[Point], closed: bool) -> Option<tiny_skia::Path> {
    let mut builder = PathBuilder::new();
    let (first, rest) = points.split_first()?;
    builder.move_to(first[0] as f32, first[1] as f32);
    rest.iter().for_each(|p| builder.line_to(p[0] as f32, p[1] as f32));
    if closed {
        builder.close();
    }
    builder.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SQUARE: [Point; 4] = [[10.0, 10.0], [30.0, 10.0], [30.0, 30.0], [10.0, 30.0]];

    #[test]
    fn a_fill_covers_its_inside_and_nothing_far_away() {
        let mut canvas = Canvas::new(40, 40, [255.0; 3]);
        canvas.fill(&SQUARE, [10.0, 20.0, 30.0], 1.0, Stuff::Skin);
        let at = |x: usize, y: usize| canvas.pixels[y * 40 + x];
        assert!((at(20, 20)[0] - 10.0).abs() < 1.0 && at(2, 2) == [255.0; 3]);
        assert!(canvas.skin[20 * 40 + 20] > 0.99 && canvas.hair[20 * 40 + 20] == 0.0);
    }

    #[test]
    fn polygons_over_the_edge_are_cut_off() {
        let mut canvas = Canvas::new(20, 20, [255.0; 3]);
        canvas.fill(&[[-50.0, -50.0], [70.0, -50.0], [70.0, 70.0], [-50.0, 70.0]], [0.0; 3], 0.0, Stuff::Hair);
        assert!(canvas.pixels.iter().all(|p| *p == [0.0; 3]));
    }

    #[test]
    fn cutting_leaves_a_hole() {
        let mut patch = Patch::polygon(&SQUARE, 0.0).unwrap();
        patch.cut(&Patch::polygon(&[[15.0, 15.0], [25.0, 15.0], [25.0, 25.0], [15.0, 25.0]], 0.0).unwrap());
        assert_eq!((patch.at(20, 20), patch.at(12, 12), patch.at(-9, 99)), (0.0, 1.0, 0.0));
    }
}
