//! Proof sheets: many cards on A4 for people to look over. Which cards, and in what order, is the caller's business.

use std::sync::Arc;

use card::profile::face::{Colour, Weight};

use crate::Fault;
use crate::fonts::fonts;
use crate::page::{Item, Page, Text};
use crate::table::gate_text;

const SIZE_MM: [f64; 2] = [210.0, 297.0];
const MARGIN_MM: f64 = 12.0;
const TITLE_MM: f64 = 9.0;
const GAP_MM: f64 = 3.0;
const CAPTION_MM: f64 = 4.0;
const CAPTION_PT: f64 = 6.0;

/// One picture of the sheet: a page (usually a card's front) and what stands under it.
#[derive(Clone)]
pub struct Proof {
    pub page: Arc<Page>,
    pub caption: String,
}

/// The proofs in rows of `columns`, over as many A4 pages as needed, in order.
///
/// # Errors
/// [`Fault::MissingGlyphs`] for title or caption, [`Fault::Document`] for no columns or no proofs.
pub fn proof_sheet(title: &str, proofs: &[Proof], columns: usize) -> Result<Vec<Page>, Fault> {
    gate_text("title", title)?;
    proofs.iter().try_for_each(|p| gate_text("caption", &p.caption))?;
    let first = proofs.first().filter(|_| columns > 0).ok_or_else(|| Fault::Document("a proof sheet needs columns and proofs".to_owned()))?;
    let cell_mm = (SIZE_MM[0] - 2.0 * MARGIN_MM + GAP_MM) / columns as f64 - GAP_MM;
    let row_mm = first.page.height_mm * cell_mm / first.page.width_mm + CAPTION_MM + GAP_MM;
    let rows = ((SIZE_MM[1] - 2.0 * MARGIN_MM - TITLE_MM) / row_mm).floor().max(1.0) as usize;
    let sheets: Vec<&[Proof]> = proofs.chunks(rows * columns).collect();
    let titled = |n: usize| format!("{title} · {} / {}", n + 1, sheets.len());
    Ok(sheets.iter().enumerate().map(|(n, proofs)| sheet(&titled(n), proofs, columns, [cell_mm, row_mm])).collect())
}

fn sheet(title: &str, proofs: &[Proof], columns: usize, [cell_mm, row_mm]: [f64; 2]) -> Page {
    let mut page = Page::blank(SIZE_MM[0], SIZE_MM[1]);
    page.items.push(text(MARGIN_MM, MARGIN_MM + 4.0, 11.0, Weight::Bold, title));
    for (n, proof) in proofs.iter().enumerate() {
        let (column, row) = (n % columns, n / columns);
        let x_mm = MARGIN_MM + (cell_mm + GAP_MM) * column as f64;
        let y_mm = MARGIN_MM + TITLE_MM + row_mm * row as f64;
        let scale = cell_mm / proof.page.width_mm;
        page.items.push(Item::Inset { x_mm, y_mm, scale, page: Arc::clone(&proof.page) });
        let size_pt = caption_size_pt(&proof.caption, cell_mm);
        page.items.push(text(x_mm, y_mm + row_mm - GAP_MM - 1.2, size_pt, Weight::Regular, &proof.caption));
    }
    page
}

fn text(x_mm: f64, baseline_mm: f64, size_pt: f64, weight: Weight, text: &str) -> Item {
    Item::Text(Text { x_mm, baseline_mm, size_pt, weight, colour: Colour(0x20, 0x20, 0x20), text: text.to_owned(), tag: None })
}

/// A caption is never wider than its picture.
fn caption_size_pt(caption: &str, width_mm: f64) -> f64 {
    let natural = fonts().width_mm(caption, Weight::Regular, CAPTION_PT);
    if natural > width_mm { CAPTION_PT * width_mm / natural } else { CAPTION_PT }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{card, layout, portrait};
    use crate::{Faces, Photo, page_png};

    fn proofs(count: u32) -> Vec<Proof> {
        let faces = Faces::new(&layout()).ok().unwrap();
        let photo = Photo::new(portrait(1)).ok().unwrap();
        let proof = |n| {
            let [front, _] = faces.card_pages(&card(n, "ANNA LEE", None), &photo).ok().unwrap();
            Proof { page: Arc::new(front), caption: format!("{n} · A9{n:06}X") }
        };
        (1..=count).map(proof).collect()
    }

    #[test]
    fn eighty_cards_fit_one_sheet_in_eight_columns() {
        let pages = proof_sheet("B20250601-01", &proofs(80), 8).ok().unwrap();
        assert_eq!(pages.len(), 1);
        let insets = pages[0].items.iter().filter(|i| matches!(i, Item::Inset { .. })).count();
        assert_eq!(insets, 80);
        assert!(!page_png(&pages[0], 50.0).ok().unwrap().is_empty());
    }

    #[test]
    fn more_cards_take_more_sheets_and_none_is_lost() {
        let pages = proof_sheet("B20250601-01", &proofs(25), 2).ok().unwrap();
        let insets: usize = pages.iter().map(|p| p.items.iter().filter(|i| matches!(i, Item::Inset { .. })).count()).sum();
        assert!(pages.len() > 1);
        assert_eq!(insets, 25);
        for item in pages.iter().flat_map(|p| &p.items) {
            if let Item::Inset { x_mm, y_mm, scale, page, .. } = item {
                assert!(x_mm + page.width_mm * scale <= 198.01 && y_mm + page.height_mm * scale <= 285.0);
            }
        }
    }

    #[test]
    fn an_empty_sheet_is_refused() {
        assert!(matches!(proof_sheet("x", &[], 2), Err(Fault::Document(_))));
        assert!(matches!(proof_sheet("x", &proofs(1), 0), Err(Fault::Document(_))));
    }
}
