//! Lists on A4: packing lists, handover lists, job sheets. A title, some lines, a table that runs over pages, signature lines.
//! What stands in the cells is the caller's business.

use card::profile::face::{Align, BoxMm, Colour, Weight};

use crate::fit::{ASCENT_EM, LEADING_EM, Sizes, block_em, fit, may_break};
use crate::fonts::{fonts, missing_glyphs};
use crate::page::{Item, MM_PER_PT, Page, Text};
use crate::{Fault, codes};

const PORTRAIT_MM: [f64; 2] = [210.0, 297.0];
const MARGIN_MM: f64 = 15.0;
const HEAD_COLOUR: Colour = Colour(0x14, 0x48, 0x7f);
const ZEBRA: Colour = Colour(0xf1, 0xf5, 0xfa);
const RULE: Colour = Colour(0x9d, 0xb4, 0xcd);
const INK: Colour = Colour(0x10, 0x10, 0x10);
const GREY: Colour = Colour(0x60, 0x60, 0x60);
const WHITE: Colour = Colour(0xff, 0xff, 0xff);

const TITLE_PT: f64 = 15.0;
const LINE_PT: f64 = 9.0;
const FOOT_PT: f64 = 7.5;
const CELL: Sizes = Sizes { max_pt: 8.5, min_pt: 6.5, break_pt: 7.5, step_pt: 0.5, lines_max: 2 };
const HEADING: Sizes = Sizes { max_pt: 8.5, min_pt: 6.0, break_pt: 7.0, step_pt: 0.5, lines_max: 2 };
/// Free space around the text of a cell.
const PAD_MM: f64 = 1.2;
const BARCODE_MM: [f64; 2] = [62.0, 11.0];
const SIGNATURE_MM: f64 = 14.0;
const FOOTER_MM: f64 = 8.0;

/// A column: its heading, its share of the width relative to the others, and how its cells align.
#[derive(Clone)]
pub struct Column {
    pub heading: String,
    pub share: f64,
    pub align: Align,
}

impl Column {
    #[must_use]
    pub fn left(heading: &str, share: f64) -> Self {
        Self { heading: heading.to_owned(), share, align: Align::Left }
    }

    #[must_use]
    pub fn right(heading: &str, share: f64) -> Self {
        Self { heading: heading.to_owned(), share, align: Align::Right }
    }
}

/// A list document. May hold names: no `Debug`.
#[derive(Clone, Default)]
pub struct Table {
    pub title: String,
    /// Lines under the title: destination, counts, batch.
    pub lines: Vec<String>,
    /// Printed as Code 128 beside the title, with its text.
    pub barcode: Option<String>,
    pub landscape: bool,
    pub columns: Vec<Column>,
    /// Cells in the order of the columns; missing ones are empty.
    pub rows: Vec<Vec<String>>,
    /// Rows are at least this high: room to sign in.
    pub row_mm_min: f64,
    /// Lines after the table.
    pub notes: Vec<String>,
    /// Each gets a line to sign on.
    pub signatures: Vec<String>,
    /// At the foot of every page, before the page number.
    pub footer: String,
}

/// The table as pages, ready for [`crate::job_pdf`].
///
/// # Errors
/// [`Fault::MissingGlyphs`] naming the part (`rows`, `title`, …), [`Fault::Code`] for a barcode text, [`Fault::Document`] without columns.
pub fn table_document(table: &Table) -> Result<Vec<Page>, Fault> {
    gate(table)?;
    if table.columns.is_empty() {
        return Err(Fault::Document("a table needs columns".to_owned()));
    }
    let mut sheet = Sheet::new(table);
    sheet.title()?;
    sheet.heading();
    for (number, row) in table.rows.iter().enumerate() {
        sheet.row(number, row);
    }
    sheet.closing();
    Ok(sheet.numbered())
}

fn gate(table: &Table) -> Result<(), Fault> {
    let clean = |field: &str, text: &str| gate_text(field, text);
    clean("title", &table.title)?;
    clean("footer", &table.footer)?;
    table.lines.iter().try_for_each(|t| clean("lines", t))?;
    table.notes.iter().try_for_each(|t| clean("notes", t))?;
    table.signatures.iter().try_for_each(|t| clean("signatures", t))?;
    table.columns.iter().try_for_each(|c| clean("columns", &c.heading))?;
    table.rows.iter().flatten().try_for_each(|t| clean("rows", t))
}

pub(crate) fn gate_text(field: &str, text: &str) -> Result<(), Fault> {
    let characters = missing_glyphs(text);
    if characters.is_empty() { Ok(()) } else { Err(Fault::MissingGlyphs { field: field.to_owned(), characters }) }
}

/// Pages being filled from top to bottom.
struct Sheet<'a> {
    table: &'a Table,
    size_mm: [f64; 2],
    /// Left edge and width of every column.
    columns_mm: Vec<[f64; 2]>,
    done: Vec<Page>,
    page: Page,
    y_mm: f64,
}

impl<'a> Sheet<'a> {
    fn new(table: &'a Table) -> Self {
        let [short, long] = PORTRAIT_MM;
        let size_mm = if table.landscape { [long, short] } else { PORTRAIT_MM };
        let total: f64 = table.columns.iter().map(|c| c.share).sum();
        let mut left = MARGIN_MM;
        let place = |column: &Column| {
            let width = (size_mm[0] - 2.0 * MARGIN_MM) * column.share / total;
            left += width;
            [left - width, width]
        };
        let columns_mm = table.columns.iter().map(place).collect();
        Self { table, size_mm, columns_mm, done: Vec::new(), page: Page::blank(size_mm[0], size_mm[1]), y_mm: MARGIN_MM }
    }

    fn inner_width_mm(&self) -> f64 {
        self.size_mm[0] - 2.0 * MARGIN_MM
    }

    fn bottom_mm(&self) -> f64 {
        self.size_mm[1] - MARGIN_MM - FOOTER_MM
    }

    fn title(&mut self) -> Result<(), Fault> {
        let mut width = self.inner_width_mm();
        if let Some(code) = &self.table.barcode {
            width -= BARCODE_MM[0];
            let at = BoxMm::from([MARGIN_MM + width, self.y_mm, BARCODE_MM[0], BARCODE_MM[1]]);
            self.page.items.push(codes::code_128(code, "barcode", at)?);
            let x = at.x_mm + (at.width_mm - fonts().width_mm(code, Weight::Regular, FOOT_PT)) / 2.0;
            self.put(x, self.y_mm + BARCODE_MM[1] + 3.2, FOOT_PT, Weight::Regular, INK, code);
        }
        let (top, first) = (self.y_mm, self.done.len());
        self.paragraph(&self.table.title.clone(), width, TITLE_PT, Weight::Bold, HEAD_COLOUR);
        self.y_mm += 1.0;
        for line in &self.table.lines {
            self.paragraph(line, width, LINE_PT, Weight::Regular, INK);
        }
        let beside = if self.table.barcode.is_some() && self.done.len() == first { top + BARCODE_MM[1] + 5.0 } else { top };
        self.y_mm = self.y_mm.max(beside) + 3.0;
        Ok(())
    }

    /// Text over as many lines as it needs, breaking anywhere as a last resort.
    fn paragraph(&mut self, text: &str, width_mm: f64, size_pt: f64, weight: Weight, colour: Colour) {
        let em = size_pt * MM_PER_PT;
        for line in wrapped(text, width_mm, weight, size_pt) {
            if self.y_mm + LEADING_EM * em > self.bottom_mm() {
                self.turn();
            }
            self.put(MARGIN_MM, self.y_mm + ASCENT_EM * em, size_pt, weight, colour, line);
            self.y_mm += LEADING_EM * em;
        }
    }

    fn put(&mut self, x_mm: f64, baseline_mm: f64, size_pt: f64, weight: Weight, colour: Colour, text: &str) {
        if !text.is_empty() {
            self.page.items.push(Item::Text(Text { x_mm, baseline_mm, size_pt, weight, colour, text: text.to_owned(), tag: None }));
        }
    }

    fn band(&mut self, height_mm: f64, colour: Colour) {
        let at = BoxMm { x_mm: MARGIN_MM, y_mm: self.y_mm, width_mm: self.inner_width_mm(), height_mm };
        self.page.items.push(Item::Fill { at, colour, radius_mm: 0.0 });
    }

    fn heading(&mut self) {
        let cells: Vec<_> = self.table.columns.iter().zip(&self.columns_mm).map(|(c, at)| cell(&c.heading, at[1], Weight::Bold, &HEADING)).collect();
        let height = row_height_mm(&cells);
        self.band(height, HEAD_COLOUR);
        self.cells(&cells, height, Weight::Bold, WHITE);
        self.y_mm += height;
    }

    fn row(&mut self, number: usize, row: &[String]) {
        let blank = String::new();
        let texts = (0..self.columns_mm.len()).map(|n| row.get(n).unwrap_or(&blank));
        let cells: Vec<_> = texts.zip(&self.columns_mm).map(|(text, at)| cell(text, at[1], Weight::Regular, &CELL)).collect();
        let height = row_height_mm(&cells).max(self.table.row_mm_min);
        if self.y_mm + height > self.bottom_mm() {
            self.turn();
            self.heading();
        }
        if number % 2 == 1 {
            self.band(height, ZEBRA);
        }
        self.cells(&cells, height, Weight::Regular, INK);
        self.y_mm += height;
        let rule = BoxMm { x_mm: MARGIN_MM, y_mm: self.y_mm - 0.1, width_mm: self.inner_width_mm(), height_mm: 0.1 };
        self.page.items.push(Item::Fill { at: rule, colour: RULE, radius_mm: 0.0 });
    }

    fn cells(&mut self, cells: &[Cell<'_>], height_mm: f64, weight: Weight, colour: Colour) {
        for (n, cell) in cells.iter().enumerate() {
            let [left, width] = self.columns_mm[n];
            let em = cell.size_pt * MM_PER_PT;
            let top = self.y_mm + (height_mm - block_em(cell.lines.len()) * em) / 2.0;
            for (line_number, line) in cell.lines.iter().enumerate() {
                let slack = width - 2.0 * PAD_MM - fonts().width_mm(line, weight, cell.size_pt);
                let indent = match self.table.columns[n].align {
                    Align::Left => 0.0,
                    Align::Center => slack / 2.0,
                    Align::Right => slack,
                };
                self.put(left + PAD_MM + indent, top + (ASCENT_EM + LEADING_EM * line_number as f64) * em, cell.size_pt, weight, colour, line);
            }
        }
    }

    /// Notes and signature lines, kept together on one page.
    fn closing(&mut self) {
        let table = self.table;
        let needed = table.notes.len() as f64 * LINE_PT * MM_PER_PT * LEADING_EM + table.signatures.len().div_ceil(2) as f64 * SIGNATURE_MM + 4.0;
        if self.y_mm + needed > self.bottom_mm() {
            self.turn();
        }
        self.y_mm += 4.0;
        for note in &table.notes {
            self.paragraph(note, self.inner_width_mm(), LINE_PT, Weight::Regular, INK);
        }
        for pair in table.signatures.chunks(2) {
            self.y_mm += SIGNATURE_MM;
            for (n, signature) in pair.iter().enumerate() {
                self.signature(n, signature);
            }
        }
    }

    fn signature(&mut self, column: usize, label: &str) {
        let width = self.inner_width_mm() / 2.0;
        let left = MARGIN_MM + width * column as f64;
        let label_width = fonts().width_mm(label, Weight::Regular, LINE_PT) + 2.0;
        self.put(left, self.y_mm, LINE_PT, Weight::Regular, INK, label);
        let from = left + label_width.min(width * 0.6);
        let rule = BoxMm { x_mm: from, y_mm: self.y_mm + 0.6, width_mm: left + width - 6.0 - from, height_mm: 0.2 };
        self.page.items.push(Item::Fill { at: rule, colour: INK, radius_mm: 0.0 });
    }

    fn turn(&mut self) {
        let next = Page::blank(self.size_mm[0], self.size_mm[1]);
        self.done.push(std::mem::replace(&mut self.page, next));
        self.y_mm = MARGIN_MM;
    }

    /// All pages, each with footer and `page / pages`.
    fn numbered(mut self) -> Vec<Page> {
        self.turn();
        let mut done = std::mem::take(&mut self.done);
        let count = done.len();
        for (n, page) in done.iter_mut().enumerate() {
            std::mem::swap(&mut self.page, page);
            let baseline = self.size_mm[1] - MARGIN_MM + 1.0;
            let number = format!("{} / {count}", n + 1);
            let x = self.size_mm[0] - MARGIN_MM - fonts().width_mm(&number, Weight::Regular, FOOT_PT);
            self.put(MARGIN_MM, baseline, FOOT_PT, Weight::Regular, GREY, &self.table.footer.clone());
            self.put(x, baseline, FOOT_PT, Weight::Regular, GREY, &number);
            std::mem::swap(&mut self.page, page);
        }
        done
    }
}

struct Cell<'a> {
    size_pt: f64,
    lines: Vec<&'a str>,
}

/// A cell fits by size, then by lines, and grows the row when it must: nothing is cut off.
fn cell<'a>(text: &'a str, width_mm: f64, weight: Weight, sizes: &Sizes) -> Cell<'a> {
    let inner = width_mm - 2.0 * PAD_MM;
    match fit(text, weight, inner, f64::INFINITY, sizes) {
        Ok(fitted) => Cell { size_pt: fitted.size_pt, lines: fitted.lines },
        Err(_) => Cell { size_pt: sizes.min_pt, lines: wrapped(text, inner, weight, sizes.min_pt) },
    }
}

fn row_height_mm(cells: &[Cell<'_>]) -> f64 {
    let text = cells.iter().map(|c| block_em(c.lines.len()) * c.size_pt * MM_PER_PT).fold(0.0, f64::max);
    text + 1.2
}

/// Lines no wider than `width_mm`, broken between words where possible, inside a word where not.
pub(crate) fn wrapped(text: &str, width_mm: f64, weight: Weight, size_pt: f64) -> Vec<&str> {
    let chain = fonts();
    let mut lines = Vec::new();
    let (mut start, mut used, mut before, mut candidate) = (0, 0.0, None, None);
    for (at, c) in text.char_indices() {
        let advance = chain.advance_em(weight, c) * size_pt * MM_PER_PT;
        if at > start && before.is_some_and(|b| may_break(b, c)) {
            candidate = Some(at);
        }
        if used + advance > width_mm && at > start && c != ' ' {
            let cut = candidate.take().unwrap_or(at);
            lines.push(text[start..cut].trim_end());
            start = cut;
            used = chain.width_mm(&text[cut..at], weight, size_pt);
        }
        used += advance;
        before = Some(c);
    }
    lines.push(text[start..].trim_end());
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(rows: usize) -> Table {
        Table {
            title: "装箱单 Packing list".into(),
            lines: vec!["网点 Outlet WH-01 · 武汉江汉服务网点".into(), format!("卡数 Cards: {rows}")],
            barcode: Some("B20250601-01/WH-01".into()),
            columns: vec![Column::right("位置 Pos.", 1.0), Column::left("姓名 Name", 4.0), Column::left("卡号 Card", 2.0)],
            rows: (1..=rows).map(|n| vec![n.to_string(), format!("ANNA NUMBER {n}"), format!("A9{n:06}X")]).collect(),
            signatures: vec!["移交人 Handed over by".into(), "接收人 Received by".into()],
            footer: "B20250601-01".into(),
            ..Table::default()
        }
    }

    fn texts(page: &Page) -> Vec<&Text> {
        page.items.iter().filter_map(|i| if let Item::Text(t) = i { Some(t) } else { None }).collect()
    }

    #[test]
    fn every_row_is_printed_once_under_a_heading() {
        let pages = table_document(&list(200)).ok().unwrap();
        assert!(pages.len() > 3);
        let all: Vec<String> = pages.iter().flat_map(texts).map(|t| t.text.clone()).collect();
        for n in 1..=200 {
            assert_eq!(all.iter().filter(|t| **t == format!("A9{n:06}X")).count(), 1, "row {n}");
        }
        for (n, page) in pages.iter().enumerate() {
            let texts: Vec<_> = texts(page).iter().map(|t| t.text.as_str()).collect();
            assert!(texts.contains(&"姓名 Name"), "page {}", n + 1);
            assert!(texts.contains(&format!("{} / {}", n + 1, pages.len()).as_str()));
        }
        assert!(all.iter().any(|t| t == "接收人 Received by"));
    }

    #[test]
    fn nothing_leaves_the_page_or_its_cell() {
        let mut table = list(3);
        table.rows[0][1] = "X".repeat(300);
        table.rows[1][1] = "亚历山德拉·康斯坦丁诺普洛斯".repeat(6);
        table.rows[2].truncate(1);
        let pages = table_document(&table).ok().unwrap();
        let name_right = MARGIN_MM + (210.0 - 2.0 * MARGIN_MM) * 5.0 / 7.0;
        let mut seen = String::new();
        for text in pages.iter().flat_map(texts) {
            let right = text.x_mm + fonts().width_mm(&text.text, text.weight, text.size_pt);
            assert!(text.x_mm >= MARGIN_MM && right <= 210.0 - MARGIN_MM + 0.01 && text.baseline_mm < 297.0);
            if text.text.starts_with('X') {
                assert!(right <= name_right);
                seen.push_str(&text.text);
            }
        }
        assert_eq!(seen.len(), 300, "a long word is broken, not cut off");
    }

    #[test]
    fn long_headings_and_rows_to_sign_in_run_over_pages() {
        let mut table = list(60);
        table.row_mm_min = 9.0;
        table.lines = (0..120).map(|n| format!("专办员 Staff {n}")).collect();
        let pages = table_document(&table).ok().unwrap();
        let all: Vec<&Text> = pages.iter().flat_map(texts).collect();
        assert!(all.iter().all(|t| t.baseline_mm < 297.0 - MARGIN_MM + 2.0));
        for n in 0..120 {
            assert_eq!(all.iter().filter(|t| t.text == format!("专办员 Staff {n}")).count(), 1, "line {n}");
        }
        let cards = pages.iter().flat_map(|page| texts(page).into_iter().filter(|t| t.text.starts_with("ANNA")).map(|t| t.baseline_mm).collect::<Vec<_>>());
        let baselines: Vec<f64> = cards.collect();
        assert_eq!(baselines.len(), 60);
        assert!(baselines.windows(2).all(|two| two[1] < two[0] || two[1] - two[0] > 8.99), "every row is as high as was asked");
    }

    #[test]
    fn characters_without_a_glyph_are_refused_by_name() {
        let mut table = list(1);
        table.rows[0][1] = "ANNA \u{1F600}".into();
        let fault = table_document(&table).err().unwrap();
        assert_eq!(fault, Fault::MissingGlyphs { field: "rows".into(), characters: vec!['\u{1F600}'] });
        assert_eq!(fault.to_string(), "rows: the fonts lack U+1F600");
        table.columns.clear();
        table.rows.clear();
        assert!(matches!(table_document(&table), Err(Fault::Document(_))));
    }
}
