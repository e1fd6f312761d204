//! Display-list items to printpdf operations. Every item sets what it needs, so that pages don't depend on one another.

use std::collections::BTreeSet;
use std::sync::Arc;

use card::Keyed;
use card::profile::face::{BoxMm, Colour};
use printpdf::{
    Color, CurTransMat, FontId, Greyscale, Line, LinePoint, Op, PaintMode, PdfFontHandle, Point, Polygon, PolygonRing, Pt, Rect, Rgb, TextItem, WindingOrder,
    XObjectId, XObjectTransform,
};

use crate::fonts::fonts;
use crate::page::{Item, MM_PER_PT, Page, Photo, Text};

/// How far a Bézier handle lies from the corner of a quarter circle.
pub(crate) const CIRCLE_HANDLE: f64 = 0.552_284_75;

/// Collects the operations of one page.
pub(super) struct Canvas<'a> {
    ops: Vec<Op>,
    height_mm: f64,
    bleed_mm: f64,
    fill: Option<Colour>,
    used: &'a mut [BTreeSet<char>; 3],
    photos: &'a mut Vec<Photo>,
    named: &'a mut BTreeSet<usize>,
}

impl<'a> Canvas<'a> {
    pub(super) fn new(page: &Page, used: &'a mut [BTreeSet<char>; 3], photos: &'a mut Vec<Photo>, named: &'a mut BTreeSet<usize>) -> Self {
        Self { ops: Vec::new(), height_mm: page.height_mm, bleed_mm: page.bleed_mm, fill: None, used, photos, named }
    }

    pub(super) fn into_ops(self) -> Vec<Op> {
        self.ops
    }

    /// The invisible mark that says whose page this is: a marked-content point named after the record digest.
    pub(super) fn mark(&mut self, record_digest: Option<Keyed>) {
        if let Some(digest) = record_digest {
            self.ops.push(Op::Marker { id: format!("CLR-{digest}") });
        }
    }

    pub(super) fn use_backdrop(&mut self, number: usize) {
        self.ops.push(Op::UseXobject { id: XObjectId(format!("B{number}")), transform: XObjectTransform { no_auto_scale: true, ..Default::default() } });
    }

    pub(super) fn draw(&mut self, items: &[Item]) {
        items.iter().for_each(|item| self.item(item));
    }

    fn item(&mut self, item: &Item) {
        match item {
            Item::Text(text) => self.text(text),
            Item::Photo { at, photo } => self.photo(*at, photo),
            Item::Fill { at, colour, radius_mm } => self.filled(*at, *colour, *radius_mm),
            Item::Stroke { points_mm, width_mm, colour } => self.stroke(points_mm, *width_mm, *colour),
            Item::Modules { x_mm, y_mm, module_width_mm, module_height_mm, runs } => {
                self.modules([*module_width_mm, *module_height_mm], [*x_mm, *y_mm], runs);
            }
            Item::Inset { x_mm, y_mm, scale, page } => self.inset([*x_mm, *y_mm], *scale, page),
        }
    }

    fn x(&self, mm: f64) -> Pt {
        points(mm + self.bleed_mm)
    }

    fn y(&self, mm: f64) -> Pt {
        points(self.height_mm + self.bleed_mm - mm)
    }

    fn fill_with(&mut self, colour: Colour) {
        if self.fill != Some(colour) {
            self.ops.push(Op::SetFillColor { col: colour_of(colour) });
            self.fill = Some(colour);
        }
    }

    fn text(&mut self, text: &Text) {
        self.fill_with(text.colour);
        if let Some(tag) = text.tag {
            self.ops.push(Op::BeginMarkedContent { tag: tag.to_owned() });
        }
        self.ops.push(Op::StartTextSection);
        self.ops.push(Op::SetTextCursor { pos: Point { x: self.x(text.x_mm), y: self.y(text.baseline_mm) } });
        for (font, run) in fonts().runs(&text.text, text.weight) {
            self.used[font as usize].extend(run.chars());
            self.ops.push(Op::SetFont { font: PdfFontHandle::External(FontId(font.resource().to_owned())), size: Pt(rounded(text.size_pt)) });
            self.ops.push(Op::ShowText { items: vec![TextItem::Text(run.to_owned())] });
        }
        self.ops.push(Op::EndTextSection);
        if text.tag.is_some() {
            self.ops.push(Op::EndMarkedContent);
        }
    }

    fn photo(&mut self, at: BoxMm, photo: &Photo) {
        let known = self.photos.iter().rposition(|p| Arc::ptr_eq(&p.bytes, &photo.bytes));
        let number = known.unwrap_or_else(|| {
            self.photos.push(photo.clone());
            self.photos.len() - 1
        });
        self.named.insert(number);
        let transform = XObjectTransform {
            translate_x: Some(self.x(at.x_mm)),
            translate_y: Some(self.y(at.y_mm + at.height_mm)),
            scale_x: Some(points(at.width_mm).0),
            scale_y: Some(points(at.height_mm).0),
            no_auto_scale: true,
            ..Default::default()
        };
        self.ops.push(Op::UseXobject { id: XObjectId(format!("P{number}")), transform });
    }

    fn filled(&mut self, at: BoxMm, colour: Colour, radius_mm: f64) {
        self.fill_with(colour);
        if radius_mm > 0.0 {
            let polygon = self.rounded_box(at, radius_mm, PaintMode::Fill);
            self.ops.push(Op::DrawPolygon { polygon });
            return;
        }
        let rectangle = Rect {
            x: self.x(at.x_mm),
            y: self.y(at.y_mm + at.height_mm),
            width: points(at.width_mm),
            height: points(at.height_mm),
            mode: Some(PaintMode::Fill),
            winding_order: None,
        };
        self.ops.push(Op::DrawRectangle { rectangle });
    }

    /// A closed outline with quarter-circle corners.
    fn rounded_box(&self, at: BoxMm, radius_mm: f64, mode: PaintMode) -> Polygon {
        let points = rounded_outline(at, radius_mm).into_iter().map(|((x, y), bezier)| LinePoint { p: Point { x: self.x(x), y: self.y(y) }, bezier }).collect();
        Polygon { rings: vec![PolygonRing { points }], mode, winding_order: WindingOrder::NonZero }
    }

    fn stroke(&mut self, points_mm: &[(f64, f64)], width_mm: f64, colour: Colour) {
        self.ops.push(Op::SetOutlineColor { col: colour_of(colour) });
        self.ops.push(Op::SetOutlineThickness { pt: points(width_mm) });
        let line = points_mm.iter().map(|(x, y)| LinePoint { p: Point { x: self.x(*x), y: self.y(*y) }, bezier: false }).collect();
        self.ops.push(Op::DrawLine { line: Line { points: line, is_closed: false } });
    }

    /// Rectangles in module units under a scaled, downward y axis: short numbers, exact edges.
    fn modules(&mut self, module_mm: [f64; 2], at_mm: [f64; 2], runs: &[[u16; 4]]) {
        self.fill_with(Colour(0, 0, 0));
        self.ops.push(Op::SaveGraphicsState);
        let [width, height] = module_mm.map(|mm| (mm / MM_PER_PT) as f32);
        self.ops.push(Op::SetTransformationMatrix { matrix: CurTransMat::Raw([width, 0.0, 0.0, -height, self.x(at_mm[0]).0, self.y(at_mm[1]).0]) });
        self.ops.extend(runs.iter().map(|run| {
            let [x, y, width, height] = run.map(|n| Pt(f32::from(n)));
            Op::DrawRectangle { rectangle: Rect { x, y, width, height, mode: Some(PaintMode::Fill), winding_order: None } }
        }));
        self.ops.push(Op::RestoreGraphicsState);
    }

    /// Another page in this one's coordinates; it is drawn as if alone, then the surroundings are restored.
    fn inset(&mut self, at_mm: [f64; 2], scale: f64, page: &Page) {
        self.ops.push(Op::SaveGraphicsState);
        let lower = self.y(at_mm[1] + page.height_mm * scale).0;
        self.ops.push(Op::SetTransformationMatrix { matrix: CurTransMat::Raw([scale as f32, 0.0, 0.0, scale as f32, self.x(at_mm[0]).0, lower]) });
        let outer = (self.height_mm, self.bleed_mm, self.fill.take());
        (self.height_mm, self.bleed_mm) = (page.height_mm, 0.0);
        let whole = BoxMm { x_mm: 0.0, y_mm: 0.0, width_mm: page.width_mm, height_mm: page.height_mm };
        let clip = self.rounded_box(whole, page.corner_radius_mm, PaintMode::Clip);
        self.ops.push(Op::DrawPolygon { polygon: clip });
        page.drawn().for_each(|item| self.item(item));
        (self.height_mm, self.bleed_mm, self.fill) = outer;
        self.ops.push(Op::RestoreGraphicsState);
    }
}

/// Corner points of a rounded box, clockwise from the upper left; `true` marks Bézier handles.
pub(crate) fn rounded_outline(at: BoxMm, radius_mm: f64) -> Vec<((f64, f64), bool)> {
    let r = radius_mm.min(at.width_mm / 2.0).min(at.height_mm / 2.0);
    let h = r * (1.0 - CIRCLE_HANDLE);
    let (l, t, right, bottom) = (at.x_mm, at.y_mm, at.x_mm + at.width_mm, at.y_mm + at.height_mm);
    let corner = |start: (f64, f64), a: (f64, f64), b: (f64, f64), end: (f64, f64)| [(start, false), (a, true), (b, true), (end, false)];
    [
        corner((right - r, t), (right - h, t), (right, t + h), (right, t + r)),
        corner((right, bottom - r), (right, bottom - h), (right - h, bottom), (right - r, bottom)),
        corner((l + r, bottom), (l + h, bottom), (l, bottom - h), (l, bottom - r)),
        corner((l, t + r), (l, t + h), (l + h, t), (l + r, t)),
    ]
    .concat()
}

/// Thousandths of a point: finer than any printer, short in the file.
fn rounded(points: f64) -> f32 {
    ((points * 1000.0).round() / 1000.0) as f32
}

fn points(mm: f64) -> Pt {
    Pt(rounded(mm / MM_PER_PT))
}

/// Greys are written as grey, so that black text is printed with the black panel only.
fn colour_of(Colour(r, g, b): Colour) -> Color {
    let share = |byte: u8| rounded(f64::from(byte) / 255.0);
    if r == g && g == b {
        return Color::Greyscale(Greyscale { percent: share(r), icc_profile: None });
    }
    Color::Rgb(Rgb { r: share(r), g: share(g), b: share(b), icc_profile: None })
}
