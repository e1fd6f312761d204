//! The job's pages through krilla.

use artwork::{Item, MM_PER_PT, Text};
use card::profile::face::{BoxMm, Colour, Weight};
use krilla::Document;
use krilla::color::rgb;
use krilla::geom::{Path, PathBuilder, Point, Rect, Size, Transform};
use krilla::graphic::Graphic;
use krilla::image::Image;
use krilla::num::NormalizedF32;
use krilla::page::PageSettings;
use krilla::paint::{Fill, Stroke};
use krilla::surface::Surface;
use krilla::text::{Font, TextDirection};

use crate::Job;

pub const REGULAR: &[u8] = include_bytes!("../../../crates/artwork/fonts/NotoSans-Regular-card.ttf");
pub const BOLD: &[u8] = include_bytes!("../../../crates/artwork/fonts/NotoSans-Bold-card.ttf");
pub const HAN: &[u8] = include_bytes!("../../../crates/artwork/fonts/NotoSansSC-card.otf");
/// How far a Bézier handle lies from the corner of a quarter circle.
const CIRCLE_HANDLE: f64 = 0.552_284_75;

struct Fonts {
    regular: (Font, ttf_parser::Face<'static>),
    bold: (Font, ttf_parser::Face<'static>),
    han: Font,
}

/// The whole job as one document.
pub fn document(job: &Job) -> Vec<u8> {
    let font = |bytes: &'static [u8]| Font::new(bytes.into(), 0).expect("a vendored font");
    let face = |bytes: &'static [u8]| ttf_parser::Face::parse(bytes, 0).expect("a vendored font");
    let fonts = Fonts { regular: (font(REGULAR), face(REGULAR)), bold: (font(BOLD), face(BOLD)), han: font(HAN) };
    let mut document = Document::new();
    // The backdrops of front and back, drawn once.
    let mut backdrops: [Option<Graphic>; 2] = [None, None];
    for (n, page) in job.pages.iter().enumerate() {
        let size = PageSettings::from_wh(pt(page.width_mm), pt(page.height_mm)).expect("a size");
        let mut started = document.start_page_with(size);
        let mut surface = started.surface();
        let backdrop = backdrops[n % 2].get_or_insert_with(|| {
            let mut stream = surface.stream_builder();
            let mut apart = stream.surface();
            draw(page.backdrop.iter().flat_map(|b| b.iter()), &[], &fonts, &mut apart);
            apart.finish();
            Graphic::new(stream.finish(), false)
        });
        surface.draw_graphic(backdrop.clone());
        draw(page.items.iter(), &job.photos[n / 2], &fonts, &mut surface);
        surface.finish();
        started.finish();
    }
    document.finish().expect("a document")
}

fn draw<'a>(items: impl Iterator<Item = &'a Item>, photo: &[u8], fonts: &Fonts, surface: &mut Surface) {
    for item in items {
        match item {
            Item::Text(text) => line_of_text(text, fonts, surface),
            Item::Photo { at, .. } => picture(*at, photo, surface),
            Item::Fill { at, colour, radius_mm } => {
                surface.set_fill(Some(fill(*colour)));
                surface.draw_path(&rounded(*at, *radius_mm));
            }
            Item::Stroke { points_mm, width_mm, colour } => stroke(points_mm, *width_mm, *colour, surface),
            Item::Modules { x_mm, y_mm, module_width_mm, module_height_mm, runs } => {
                let mut path = PathBuilder::new();
                for [x, y, width, height] in runs.iter().map(|r| r.map(f64::from)) {
                    let corner = [pt(x_mm + x * module_width_mm), pt(y_mm + y * module_height_mm)];
                    let size = [pt(width * module_width_mm), pt(height * module_height_mm)];
                    path.push_rect(Rect::from_xywh(corner[0], corner[1], size[0], size[1]).expect("a rectangle"));
                }
                surface.set_fill(Some(fill(Colour(0, 0, 0))));
                surface.draw_path(&path.finish().expect("a code"));
            }
            Item::Inset { .. } => unreachable!("cards hold no other pages"),
        }
    }
}

fn line_of_text(text: &Text, fonts: &Fonts, surface: &mut Surface) {
    surface.set_fill(Some(fill(text.colour)));
    let (latin, face) = if text.weight == Weight::Bold { &fonts.bold } else { &fonts.regular };
    let mut x = pt(text.x_mm);
    for (is_latin, run) in runs(&text.text, face) {
        let font = if is_latin { latin } else { &fonts.han };
        surface.draw_text(Point::from_xy(x, pt(text.baseline_mm)), font.clone(), text.size_pt as f32, &run, false, TextDirection::LeftToRight);
        x += pt(artwork::fonts().width_mm(&run, text.weight, text.size_pt));
    }
}

/// The text in pieces of one font: the Latin one has it, or the Chinese one.
pub fn runs(text: &str, latin: &ttf_parser::Face) -> Vec<(bool, String)> {
    let mut runs: Vec<(bool, String)> = Vec::new();
    for c in text.chars() {
        let is_latin = latin.glyph_index(c).is_some();
        match runs.last_mut().filter(|(last, _)| *last == is_latin) {
            Some((_, run)) => run.push(c),
            None => runs.push((is_latin, c.to_string())),
        }
    }
    runs
}

fn picture(at: BoxMm, photo: &[u8], surface: &mut Surface) {
    let image = Image::from_jpeg(photo.to_vec().into(), false).expect("a JPEG");
    surface.push_transform(&Transform::from_translate(pt(at.x_mm), pt(at.y_mm)));
    surface.draw_image(image, Size::from_wh(pt(at.width_mm), pt(at.height_mm)).expect("a size"));
    surface.pop();
}

fn stroke(points_mm: &[(f64, f64)], width_mm: f64, colour: Colour, surface: &mut Surface) {
    let mut path = PathBuilder::new();
    for (n, (x, y)) in points_mm.iter().enumerate() {
        if n == 0 { path.move_to(pt(*x), pt(*y)) } else { path.line_to(pt(*x), pt(*y)) }
    }
    surface.set_fill(None);
    surface.set_stroke(Some(Stroke { paint: rgb(colour).into(), width: pt(width_mm), ..Stroke::default() }));
    surface.draw_path(&path.finish().expect("a line"));
    surface.set_stroke(None);
}

fn rounded(at: BoxMm, radius_mm: f64) -> Path {
    let [left, top, right, bottom] = [at.x_mm, at.y_mm, at.x_mm + at.width_mm, at.y_mm + at.height_mm].map(pt);
    let (radius, handle) = (pt(radius_mm), pt(radius_mm * (1.0 - CIRCLE_HANDLE)));
    let mut path = PathBuilder::new();
    path.move_to(left + radius, top);
    path.line_to(right - radius, top);
    path.cubic_to(right - handle, top, right, top + handle, right, top + radius);
    path.line_to(right, bottom - radius);
    path.cubic_to(right, bottom - handle, right - handle, bottom, right - radius, bottom);
    path.line_to(left + radius, bottom);
    path.cubic_to(left + handle, bottom, left, bottom - handle, left, bottom - radius);
    path.line_to(left, top + radius);
    path.cubic_to(left, top + handle, left + handle, top, left + radius, top);
    path.close();
    path.finish().expect("a box")
}

fn fill(colour: Colour) -> Fill {
    Fill { paint: rgb(colour).into(), opacity: NormalizedF32::ONE, rule: Default::default() }
}

fn rgb(colour: Colour) -> rgb::Color {
    rgb::Color::new(colour.0, colour.1, colour.2)
}

fn pt(mm: f64) -> f32 {
    (mm / MM_PER_PT) as f32
}
