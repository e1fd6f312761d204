//! The PNG backend: the same display lists as pictures for proofs and the report. Not for printing.

use card::profile::face::{BoxMm, Colour};
use image::ImageDecoder as _;
use tiny_skia::{FillRule, FilterQuality, Mask, Paint, Path, PathBuilder, Pixmap, PixmapPaint, Rect, Stroke, Transform};

use crate::Fault;
use crate::fonts::fonts;
use crate::page::{Item, MM_PER_PT, Page, Photo, Text};
use crate::pdf::rounded_outline;

/// Largest side of a picture.
const SIDE_MAX_PX: u32 = 8_000;
/// Decoder's limit on a photo's side; far above the 358 × 441 that validation lets through.
const PHOTO_SIDE_MAX_PX: u32 = 4_096;
const MM_PER_INCH: f64 = 25.4;

/// The trimmed page as a PNG at `dpi`, on white.
///
/// # Errors
/// [`Fault::Document`] when the picture would be empty or over 8,000 pixels wide or high; [`Fault::Photo`] when a photo can't be decoded.
pub fn page_png(page: &Page, dpi: f64) -> Result<Vec<u8>, Fault> {
    let scale = dpi / MM_PER_INCH;
    let side = |mm: f64| Some((mm * scale).round() as u32).filter(|px| (1..=SIDE_MAX_PX).contains(px));
    let sized = side(page.width_mm).zip(side(page.height_mm)).and_then(|(w, h)| Pixmap::new(w, h));
    let mut pixmap = sized.ok_or_else(|| Fault::Document("picture size out of range".to_owned()))?;
    pixmap.fill(tiny_skia::Color::WHITE);
    let mut view = View { pixmap: &mut pixmap, transform: Transform::from_scale(scale as f32, scale as f32), mask: None };
    page.drawn().try_for_each(|item| view.item(item))?;
    pixmap.encode_png().map_err(|e| Fault::Document(e.to_string()))
}

/// A place to draw: the transform takes millimetres to pixels.
struct View<'a> {
    pixmap: &'a mut Pixmap,
    transform: Transform,
    mask: Option<Mask>,
}

impl View<'_> {
    fn item(&mut self, item: &Item) -> Result<(), Fault> {
        match item {
            Item::Text(text) => self.text(text),
            Item::Photo { at, photo } => return self.photo(*at, photo),
            Item::Fill { at, colour, radius_mm } => self.fill(box_path(*at, *radius_mm), *colour, true),
            Item::Stroke { points_mm, width_mm, colour } => self.stroke(points_mm, *width_mm, *colour),
            Item::Modules { x_mm, y_mm, module_width_mm, module_height_mm, runs } => {
                self.modules([*module_width_mm, *module_height_mm], [*x_mm, *y_mm], runs);
            }
            Item::Inset { x_mm, y_mm, scale, page } => return self.inset([*x_mm, *y_mm], *scale, page),
        }
        Ok(())
    }

    fn fill(&mut self, path: Option<Path>, colour: Colour, anti_alias: bool) {
        if let Some(path) = path {
            let paint = Paint { anti_alias, ..paint_of(colour) };
            self.pixmap.fill_path(&path, &paint, FillRule::Winding, self.transform, self.mask.as_ref());
        }
    }

    fn text(&mut self, text: &Text) {
        let chain = fonts();
        let em_mm = text.size_pt * MM_PER_PT;
        let mut x_mm = text.x_mm;
        let mut line = PathBuilder::new();
        for (key, glyph) in text.text.chars().filter_map(|c| chain.glyph(text.weight, c)) {
            let mut outline = Outline { path: &mut line, unit_mm: em_mm / f64::from(chain.face(key).units_per_em()), x_mm, baseline_mm: text.baseline_mm };
            let _ = chain.face(key).outline_glyph(glyph, &mut outline);
            x_mm += chain.glyph_advance_em(key, glyph) * em_mm;
        }
        self.fill(line.finish(), text.colour, true);
    }

    fn stroke(&mut self, points_mm: &[(f64, f64)], width_mm: f64, colour: Colour) {
        let mut line = PathBuilder::new();
        for (n, (x, y)) in points_mm.iter().enumerate() {
            if n == 0 { line.move_to(*x as f32, *y as f32) } else { line.line_to(*x as f32, *y as f32) }
        }
        if let Some(path) = line.finish() {
            let stroke = Stroke { width: width_mm as f32, ..Stroke::default() };
            self.pixmap.stroke_path(&path, &paint_of(colour), &stroke, self.transform, self.mask.as_ref());
        }
    }

    fn modules(&mut self, [width_mm, height_mm]: [f64; 2], [x_mm, y_mm]: [f64; 2], runs: &[[u16; 4]]) {
        let mut path = PathBuilder::new();
        for [x, y, width, height] in runs.iter().map(|run| run.map(f64::from)) {
            let rect = Rect::from_xywh((x_mm + x * width_mm) as f32, (y_mm + y * height_mm) as f32, (width * width_mm) as f32, (height * height_mm) as f32);
            rect.into_iter().for_each(|r| path.push_rect(r));
        }
        self.fill(path.finish(), Colour(0, 0, 0), true);
    }

    /// Scaled down first with an area filter: a photo is larger than its place at screen resolutions.
    fn photo(&mut self, at: BoxMm, photo: &Photo) -> Result<(), Fault> {
        let sized = |mm: f64, scale: f32| ((mm * f64::from(scale)).round() as u32).max(1);
        let (width, height) = (sized(at.width_mm, self.transform.sx), sized(at.height_mm, self.transform.sy));
        let picture = decoded(photo)?;
        let (width, height) = (width.min(picture.width()), height.min(picture.height()));
        let small = image::imageops::resize(&picture, width, height, image::imageops::FilterType::Triangle);
        let opaque: Vec<u8> = small.pixels().flat_map(|p| [p.0[0], p.0[1], p.0[2], 255]).collect();
        let size = tiny_skia::IntSize::from_wh(width, height).ok_or(Fault::Photo("no size"))?;
        let source = Pixmap::from_vec(opaque, size).ok_or(Fault::Photo("no size"))?;
        let (sx, sy) = (at.width_mm / f64::from(width), at.height_mm / f64::from(height));
        let place = self.transform.pre_concat(Transform::from_row(sx as f32, 0.0, 0.0, sy as f32, at.x_mm as f32, at.y_mm as f32));
        let paint = PixmapPaint { quality: FilterQuality::Bilinear, ..PixmapPaint::default() };
        self.pixmap.draw_pixmap(0, 0, source.as_ref(), &paint, place, self.mask.as_ref());
        Ok(())
    }

    fn inset(&mut self, [x_mm, y_mm]: [f64; 2], scale: f64, page: &Page) -> Result<(), Fault> {
        let transform = self.transform.pre_concat(Transform::from_row(scale as f32, 0.0, 0.0, scale as f32, x_mm as f32, y_mm as f32));
        let whole = BoxMm { x_mm: 0.0, y_mm: 0.0, width_mm: page.width_mm, height_mm: page.height_mm };
        let mut mask = Mask::new(self.pixmap.width(), self.pixmap.height());
        if let Some((mask, path)) = mask.as_mut().zip(box_path(whole, page.corner_radius_mm)) {
            mask.fill_path(&path, FillRule::Winding, true, transform);
        }
        let mut view = View { pixmap: self.pixmap, transform, mask };
        page.drawn().try_for_each(|item| view.item(item))
    }
}

fn paint_of(Colour(r, g, b): Colour) -> Paint<'static> {
    let mut paint = Paint::default();
    paint.set_color_rgba8(r, g, b, 255);
    paint
}

fn box_path(at: BoxMm, radius_mm: f64) -> Option<Path> {
    if radius_mm <= 0.0 {
        return Rect::from_xywh(at.x_mm as f32, at.y_mm as f32, at.width_mm as f32, at.height_mm as f32).map(PathBuilder::from_rect);
    }
    let mut path = PathBuilder::new();
    for corner in rounded_outline(at, radius_mm).chunks_exact(4) {
        let [p, a, b, q] = [0, 1, 2, 3].map(|i| (corner[i].0.0 as f32, corner[i].0.1 as f32));
        if path.is_empty() {
            path.move_to(p.0, p.1)
        } else {
            path.line_to(p.0, p.1)
        }
        path.cubic_to(a.0, a.1, b.0, b.1, q.0, q.1);
    }
    path.close();
    path.finish()
}

fn decoded(photo: &Photo) -> Result<image::RgbImage, Fault> {
    let unreadable = |_| Fault::Photo("can't be decoded");
    let mut decoder = image::codecs::jpeg::JpegDecoder::new(std::io::Cursor::new(&photo.bytes)).map_err(unreadable)?;
    let mut limits = image::Limits::default();
    (limits.max_image_width, limits.max_image_height) = (Some(PHOTO_SIDE_MAX_PX), Some(PHOTO_SIDE_MAX_PX));
    decoder.set_limits(limits).map_err(unreadable)?;
    image::DynamicImage::from_decoder(decoder).map(image::DynamicImage::into_rgb8).map_err(unreadable)
}

/// Adds a glyph's outline to a path in millimetres; font units point up.
struct Outline<'a> {
    path: &'a mut PathBuilder,
    unit_mm: f64,
    x_mm: f64,
    baseline_mm: f64,
}

impl Outline<'_> {
    fn at(&self, x: f32, y: f32) -> (f32, f32) {
        ((self.x_mm + f64::from(x) * self.unit_mm) as f32, (self.baseline_mm - f64::from(y) * self.unit_mm) as f32)
    }
}

impl ttf_parser::OutlineBuilder for Outline<'_> {
    fn move_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.path.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.path.line_to(x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let ((x1, y1), (x, y)) = (self.at(x1, y1), self.at(x, y));
        self.path.quad_to(x1, y1, x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let ((x1, y1), (x2, y2), (x, y)) = (self.at(x1, y1), self.at(x2, y2), self.at(x, y));
        self.path.cubic_to(x1, y1, x2, y2, x, y);
    }

    fn close(&mut self) {
        self.path.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Faces;
    use crate::testing::{card, layout, portrait};
    use card::profile::face::Weight;

    fn pixels(page: &Page, dpi: f64) -> image::RgbImage {
        image::load_from_memory(&page_png(page, dpi).ok().unwrap()).unwrap().into_rgb8()
    }

    fn near(a: image::Rgb<u8>, b: [i32; 3]) -> bool {
        a.0.iter().zip(b).all(|(x, y)| (i32::from(*x) - y).abs() < 16)
    }

    #[test]
    fn a_card_is_drawn_where_the_layout_says() {
        let photo = Photo::new(portrait(3)).ok().unwrap();
        let [front, back] = Faces::new(&layout()).ok().unwrap().card_pages(&card(1, "ANNA", None), &photo).ok().unwrap();
        let picture = pixels(&front, 300.0);
        assert_eq!((picture.width(), picture.height()), (1011, 638));
        let at = |x_mm: f64, y_mm: f64| *picture.get_pixel((x_mm / 25.4 * 300.0) as u32, (y_mm / 25.4 * 300.0) as u32);
        assert!(near(at(2.0, 2.0), [0x14, 0x48, 0x7f]), "the band: {:?}", at(2.0, 2.0));
        assert!(near(at(17.0, 30.0), [224, 175, 150]), "the face: {:?}", at(17.0, 30.0));
        assert!(pixels(&back, 300.0).pixels().filter(|p| p.0 == [0, 0, 0]).count() > 10_000, "the QR code");
    }

    #[test]
    fn every_font_leaves_ink() {
        for (text, weight) in [("Ł", Weight::Regular), ("Ł", Weight::Bold), ("王", Weight::Regular), ("𠮷", Weight::Bold)] {
            let mut page = Page::blank(20.0, 10.0);
            page.items.push(Item::Text(Text { x_mm: 5.0, baseline_mm: 8.0, size_pt: 16.0, weight, colour: Colour(0, 0, 0), text: text.into(), tag: None }));
            let ink = pixels(&page, 150.0).enumerate_pixels().filter(|(_, _, p)| p.0[0] < 128).map(|(x, y, _)| (x, y)).collect::<Vec<_>>();
            assert!(ink.len() > 50, "{text}");
            let (left, bottom) = (5.0 / 25.4 * 150.0, 8.9 / 25.4 * 150.0);
            assert!(ink.iter().all(|(x, y)| f64::from(*x) > left - 2.0 && f64::from(*y) < bottom), "{text} stands on its baseline");
        }
    }

    #[test]
    fn impossible_pictures_are_refused() {
        let page = Page::blank(85.6, 53.98);
        assert!(page_png(&page, 0.0).is_err());
        assert!(page_png(&page, 1e6).is_err());
        assert!(page_png(&page, f64::NAN).is_err());
        let mut broken = Page::blank(85.6, 53.98);
        let photo = Photo::new(portrait(1)[..400].to_vec());
        if let Ok(photo) = photo {
            broken.items.push(Item::Photo { at: BoxMm::from([0.0, 0.0, 26.0, 32.0]), photo });
            assert!(matches!(page_png(&broken, 100.0), Err(Fault::Photo(_))));
        }
    }
}
