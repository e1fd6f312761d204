//! The PDF backend: display lists to the bytes of one document, the same bytes for the same pages at any time and in any thread.
//! printpdf writes text, fonts and paths; photos, `/ID` and per-page resources are set in its object layer afterwards, so that photos are
//! copied once and nothing depends on printpdf's process-wide counter (faults.md F6). The file's shape is docs/formats/print.md.

mod objects;
mod ops;

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;

use jiff::civil::Date;
use printpdf::{FontId, Mm, OffsetDateTime, Op, PdfDocument, PdfFont, PdfPage, PdfSaveOptions};

use crate::fonts::FontKey;
use crate::page::{Item, Page, Photo};
use crate::{Fault, subset};
use ops::Canvas;

pub(crate) use ops::rounded_outline;

/// What a document is called and when it was made: the batch's frozen date, never the clock.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DocumentId {
    pub title: String,
    pub date: Date,
}

/// Everything seen so far of a document that is still taking pages.
struct Draft {
    pages: Vec<PdfPage>,
    /// Photos by number; `/P0`, `/P1`, … in the file.
    photos: Vec<Photo>,
    /// Backdrops by number; `/B0`, `/B1`, … in the file.
    backdrops: Vec<(Arc<Vec<Item>>, PdfPage)>,
    /// The photos and backdrops each page names.
    named: Vec<Named>,
    used: [BTreeSet<char>; 3],
}

/// What one page refers to.
#[derive(Default)]
struct Named {
    photos: BTreeSet<usize>,
    backdrop: Option<usize>,
}

/// A document put together, to be written once. It holds each photo once.
pub struct JobPdf(lopdf::Document);

impl JobPdf {
    /// Writes the file, in many small pieces.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_to(mut self, mut out: &mut dyn io::Write) -> io::Result<()> {
        self.0.save_to(&mut out)
    }
}

/// The bytes of one document of all pages: for lists, which are small. See [`assemble`].
///
/// # Errors
/// As [`assemble`]'s.
pub fn job_pdf(pages: impl IntoIterator<Item = Page>, id: &DocumentId) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::new();
    assemble(pages, id)?.write_to(&mut bytes).map_err(|e| Fault::Document(e.to_string()))?;
    Ok(bytes)
}

/// One document of all pages, in order. Pages are taken one at a time and turned into operations; photos are held once.
///
/// # Errors
/// [`Fault::Document`] without pages or when the document can't be assembled, [`Fault::Font`] when a vendored font can't be cut.
pub fn assemble(pages: impl IntoIterator<Item = Page>, id: &DocumentId) -> Result<JobPdf, Fault> {
    let mut draft = Draft { pages: Vec::new(), photos: Vec::new(), backdrops: Vec::new(), named: Vec::new(), used: Default::default() };
    for page in pages {
        draft.take(&page);
    }
    if draft.pages.is_empty() {
        return Err(Fault::Document("no pages".to_owned()));
    }
    draft.finish(id)
}

impl Draft {
    fn take(&mut self, page: &Page) {
        let mut named = Named::default();
        let backdrop = page.backdrop.as_ref().map(|items| self.backdrop(items, page));
        let mut canvas = Canvas::new(page, &mut self.used, &mut self.photos, &mut named.photos);
        canvas.mark(page.record_digest);
        if let Some(number) = backdrop {
            canvas.use_backdrop(number);
        }
        canvas.draw(&page.items);
        let ops = canvas.into_ops();
        named.backdrop = backdrop;
        self.pages.push(framed(page, ops));
        self.named.push(named);
    }

    /// The number of a backdrop; drawn when first seen.
    fn backdrop(&mut self, items: &Arc<Vec<Item>>, page: &Page) -> usize {
        if let Some(known) = self.backdrops.iter().position(|(known, _)| Arc::ptr_eq(known, items)) {
            return known;
        }
        let mut photos = BTreeSet::new();
        let mut canvas = Canvas::new(page, &mut self.used, &mut self.photos, &mut photos);
        canvas.draw(items);
        let ops = canvas.into_ops();
        self.backdrops.push((Arc::clone(items), framed(page, ops)));
        self.backdrops.len() - 1
    }

    fn finish(self, id: &DocumentId) -> Result<JobPdf, Fault> {
        let mut document = PdfDocument::new(&id.title);
        document.metadata.info = information(id)?;
        for key in FontKey::ALL {
            let characters = &self.used[key as usize];
            if !characters.is_empty() {
                let font = PdfFont::new(subset::subset(key, characters)?);
                document.resources.fonts.map.insert(FontId(key.resource().to_owned()), font);
            }
        }
        let page_count = self.pages.len();
        document.pages = self.pages;
        document.pages.extend(self.backdrops.into_iter().map(|(_, page)| page));
        let options = PdfSaveOptions { optimize: false, subset_fonts: false, secure: true, image_optimization: None };
        let mut warnings = Vec::new();
        let plain = document.to_lopdf_document(&options, &mut warnings);
        drop(document);
        objects::finished(plain, page_count, self.photos, &self.named, id).map(JobPdf)
    }
}

/// A printpdf page with its boxes: media with bleed, trim without.
fn framed(page: &Page, ops: Vec<Op>) -> PdfPage {
    let bleed = page.bleed_mm;
    let mut framed = PdfPage::new(Mm((page.width_mm + 2.0 * bleed) as f32), Mm((page.height_mm + 2.0 * bleed) as f32), ops);
    if bleed > 0.0 {
        let points = |mm: f64| Mm(mm as f32).into();
        // printpdf writes a box's four numbers as they are, where a PDF wants the upper right corner, not a size.
        framed.trim_box = printpdf::Rect::from_xywh(points(bleed), points(bleed), points(bleed + page.width_mm), points(bleed + page.height_mm));
    }
    framed
}

fn information(id: &DocumentId) -> Result<printpdf::PdfDocumentInfo, Fault> {
    let midnight = id.date.at(0, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC).map_err(|e| Fault::Document(e.to_string()))?;
    let moment = OffsetDateTime::from_unix_timestamp(midnight.timestamp().as_second()).map_err(|_| Fault::Document("date out of range".to_owned()))?;
    Ok(printpdf::PdfDocumentInfo {
        creation_date: moment,
        modification_date: moment,
        metadata_date: moment,
        document_title: id.title.clone(),
        producer: "cardline".to_owned(),
        creator: "cardline".to_owned(),
        ..printpdf::PdfDocumentInfo::default()
    })
}

#[cfg(test)]
mod tests;
