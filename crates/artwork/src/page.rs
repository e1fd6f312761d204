//! The display list: what one page shows, in millimetres from its upper left corner, y down. Both backends draw exactly this;
//! nothing here measures or decides.

use std::sync::Arc;

use card::Keyed;
use card::profile::face::{BoxMm, Colour, Weight};

/// Millimetres in a typographic point.
pub const MM_PER_PT: f64 = 25.4 / 72.0;

/// One page. Personal when it shows a card: no `Debug`.
#[derive(Clone)]
pub struct Page {
    /// Trimmed size.
    pub width_mm: f64,
    pub height_mm: f64,
    /// The piece's corners: only pictures of it are rounded, the print never is.
    pub corner_radius_mm: f64,
    /// Printed beyond the trim on all four sides; items may reach into it with negative coordinates.
    pub bleed_mm: f64,
    /// The card this page belongs to: written into the page as an invisible mark (docs/formats/print.md).
    pub record_digest: Option<Keyed>,
    /// Drawn first and shared: pages with the same `Arc` store it once.
    pub backdrop: Option<Arc<Vec<Item>>>,
    pub items: Vec<Item>,
}

#[derive(Clone)]
pub enum Item {
    Text(Text),
    /// A JPEG, passed through to the PDF byte for byte.
    Photo {
        at: BoxMm,
        photo: Photo,
    },
    Fill {
        at: BoxMm,
        colour: Colour,
        radius_mm: f64,
    },
    /// A polyline.
    Stroke {
        points_mm: Vec<(f64, f64)>,
        width_mm: f64,
        colour: Colour,
    },
    /// Black modules of a QR code or the bars of a Code 128, as rectangles on a grid: `x, y, width, height` in modules.
    Modules {
        x_mm: f64,
        y_mm: f64,
        module_width_mm: f64,
        module_height_mm: f64,
        runs: Vec<[u16; 4]>,
    },
    /// A page drawn inside this one, cut to its shape (proof sheets).
    Inset {
        x_mm: f64,
        y_mm: f64,
        scale: f64,
        page: Arc<Page>,
    },
}

/// One line of text. Every character has a glyph and the line fits: whoever made the item has checked.
#[derive(Clone)]
pub struct Text {
    pub x_mm: f64,
    pub baseline_mm: f64,
    pub size_pt: f64,
    pub weight: Weight,
    pub colour: Colour,
    pub text: String,
    /// What the text is, when it is a value of the card: written around it in the PDF (docs/formats/print.md).
    pub tag: Option<&'static str>,
}

/// A validated JPEG. Cloning shares the bytes.
#[derive(Clone)]
pub struct Photo {
    pub(crate) bytes: Arc<[u8]>,
    pub(crate) width_px: u16,
    pub(crate) height_px: u16,
    pub(crate) components: u8,
}

impl Page {
    /// An empty page without bleed.
    #[must_use]
    pub fn blank(width_mm: f64, height_mm: f64) -> Self {
        Self { width_mm, height_mm, corner_radius_mm: 0.0, bleed_mm: 0.0, record_digest: None, backdrop: None, items: Vec::new() }
    }

    /// Every line of text of the page, the backdrop's first.
    pub fn texts(&self) -> impl Iterator<Item = &Text> {
        self.drawn().filter_map(|item| if let Item::Text(text) = item { Some(text) } else { None })
    }

    /// Backdrop first, then the page's own items.
    pub(crate) fn drawn(&self) -> impl Iterator<Item = &Item> {
        self.backdrop.iter().flat_map(|b| b.iter()).chain(&self.items)
    }
}
