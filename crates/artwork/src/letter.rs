//! Letters on A4, each thing said in two languages side by side: a letterhead, what it is about, figures, and cases with a picture.
//! Whose letter it is and what it says are the caller's business. A character no font has is shown as its code point: a letter always goes out.

use std::borrow::Cow;

use card::profile::face::{BoxMm, Colour, Weight};

use crate::fit::{ASCENT_EM, DESCENT_EM, LEADING_EM};
use crate::fonts::{fonts, missing_glyphs};
use crate::page::{Item, MM_PER_PT, Page, Photo, Text};
use crate::table::wrapped;

const SIZE_MM: [f64; 2] = [210.0, 297.0];
const LEFT_MM: f64 = 20.0;
const RIGHT_MM: f64 = 190.0;
const TOP_MM: f64 = 18.0;
/// Where the text of a page ends; the footer is below.
const BOTTOM_MM: f64 = 276.0;
const FOOT_MM: f64 = 285.0;
/// Between the two languages.
const GUTTER_MM: f64 = 6.0;
/// A case's picture: an ID photo's shape, and the space to its text.
const PICTURE_MM: [f64; 2] = [24.0, 29.6];
const PICTURE_GAP_MM: f64 = 5.0;
/// Room for a finding's code, left of its texts.
const CODE_MM: f64 = 16.0;

const BLUE: Colour = Colour(0x14, 0x48, 0x7f);
const INK: Colour = Colour(0x1c, 0x22, 0x29);
const GREY: Colour = Colour(0x5c, 0x66, 0x70);
const HAIRLINE: Colour = Colour(0xc9, 0xd2, 0xdc);
const TINT: Colour = Colour(0xf2, 0xf5, 0xf9);

const NAME_PT: f64 = 14.0;
const TITLE_PT: f64 = 15.0;
const FIGURE_PT: f64 = 17.0;
const HEADING_PT: f64 = 11.5;
const CASE_PT: f64 = 9.5;
const BODY_PT: f64 = 9.0;
const SMALL_PT: f64 = 7.5;

/// English and Chinese.
pub type Pair = [String; 2];

/// A letter. Holds names and photos: no `Debug`.
#[derive(Clone, Default)]
pub struct Letter {
    /// Who writes, as the letterhead names it: Chinese above, English below.
    pub sender: Pair,
    /// Address and telephone, at the right of the letterhead.
    pub sender_lines: Vec<String>,
    pub addressee: Vec<String>,
    /// Label and value: date, package, batch.
    pub particulars: Vec<(String, String)>,
    pub title: Pair,
    pub figures: Vec<Figure>,
    pub blocks: Vec<Block>,
    /// At the foot of every page, before the page number.
    pub footer: String,
}

/// A number worth seeing first.
#[derive(Clone)]
pub struct Figure {
    pub number: String,
    pub label: String,
    pub colour: Colour,
}

#[derive(Clone)]
pub enum Block {
    /// Text in both languages.
    Paragraph(Pair),
    /// Begins a part; a bar in its colour, and how many cases it holds.
    Heading {
        text: Pair,
        number: String,
        colour: Colour,
    },
    /// A line of a summary: a code, what it means, how many.
    Line {
        lead: String,
        text: Pair,
        number: String,
    },
    Case(Case),
    /// A remark, small.
    Note(Pair),
}

/// One application's part of the letter.
#[derive(Clone)]
pub struct Case {
    pub title: String,
    /// Row, receipt number: grey, beside the title.
    pub place: String,
    /// What became of it, at the right.
    pub outcome: String,
    pub colour: Colour,
    /// Whose it is; may be empty.
    pub name: String,
    pub picture: Option<Photo>,
    pub findings: Vec<Finding>,
    /// By when what is to happen.
    pub by: Pair,
    /// Said when the case runs on over the next page.
    pub continued: String,
}

/// What is wrong, what was measured, what to do.
#[derive(Clone)]
pub struct Finding {
    pub code: String,
    pub what: Pair,
    /// Measured value and limit, the same in both languages.
    pub measured: String,
    pub todo: Pair,
}

/// The text as the fonts can show it: `U+1F600` for a character none of them has.
#[must_use]
pub fn shown(text: &str) -> Cow<'_, str> {
    let missing = missing_glyphs(text);
    if missing.is_empty() {
        return Cow::Borrowed(text);
    }
    let each = |c: char| if missing.contains(&c) { format!("U+{:04X}", u32::from(c)) } else { c.to_string() };
    Cow::Owned(text.chars().map(each).collect())
}

/// The letter's pages, ready for [`crate::job_pdf`].
#[must_use]
pub fn letter_pages(letter: &Letter) -> Vec<Page> {
    let mut sheets = Sheets { done: Vec::new(), page: blank(), y_mm: TOP_MM };
    sheets.letterhead(letter);
    sheets.subject(letter);
    sheets.figures(&letter.figures);
    for block in &letter.blocks {
        sheets.block(block);
    }
    sheets.numbered(&letter.footer)
}

fn blank() -> Page {
    Page::blank(SIZE_MM[0], SIZE_MM[1])
}

/// Text of one style.
#[derive(Clone, Copy)]
struct Style {
    size_pt: f64,
    weight: Weight,
    colour: Colour,
}

impl Style {
    const fn new(size_pt: f64, weight: Weight, colour: Colour) -> Self {
        Self { size_pt, weight, colour }
    }

    fn line_mm(self) -> f64 {
        LEADING_EM * self.size_pt * MM_PER_PT
    }
}

const BODY: Style = Style::new(BODY_PT, Weight::Regular, INK);
const SMALL: Style = Style::new(SMALL_PT, Weight::Regular, GREY);

/// Items of a part that stays together, measured from its own top.
#[derive(Default)]
struct Part {
    items: Vec<Item>,
    height_mm: f64,
}

impl Part {
    /// A paragraph at `x_mm`, wrapped to `width_mm`; where it ends.
    fn text(&mut self, text: &str, [x_mm, y_mm]: [f64; 2], width_mm: f64, style: Style) -> f64 {
        let shown = shown(text);
        let mut bottom_mm = y_mm;
        for line in wrapped(&shown, width_mm, style.weight, style.size_pt) {
            let baseline_mm = bottom_mm + ASCENT_EM * style.size_pt * MM_PER_PT;
            self.line(line, x_mm, baseline_mm, style);
            bottom_mm += style.line_mm();
        }
        self.height_mm = self.height_mm.max(bottom_mm);
        bottom_mm
    }

    /// Both languages in two columns; where the longer one ends.
    fn pair(&mut self, pair: &Pair, [x_mm, y_mm]: [f64; 2], style: Style) -> f64 {
        let width_mm = (RIGHT_MM - x_mm - GUTTER_MM) / 2.0;
        // The Chinese font has one weight: bold figures among its characters would look like a mistake.
        let chinese = Style { weight: Weight::Regular, ..style };
        let columns = [(x_mm, style), (x_mm + width_mm + GUTTER_MM, chinese)];
        pair.iter().zip(columns).map(|(text, (x, style))| self.text(text, [x, y_mm], width_mm, style)).fold(y_mm, f64::max)
    }

    /// One line, ending at `right_mm`.
    fn right(&mut self, text: &str, right_mm: f64, baseline_mm: f64, style: Style) {
        let shown = shown(text);
        self.line(&shown, right_mm - fonts().width_mm(&shown, style.weight, style.size_pt), baseline_mm, style);
    }

    fn line(&mut self, text: &str, x_mm: f64, baseline_mm: f64, style: Style) {
        if !text.is_empty() {
            let Style { size_pt, weight, colour } = style;
            self.items.push(Item::Text(Text { x_mm, baseline_mm, size_pt, weight, colour, text: text.to_owned(), tag: None }));
        }
    }

    fn fill(&mut self, at: [f64; 4], colour: Colour, radius_mm: f64) {
        self.items.push(Item::Fill { at: BoxMm::from(at), colour, radius_mm });
    }
}

/// Pages being filled from top to bottom.
struct Sheets {
    done: Vec<Page>,
    page: Page,
    y_mm: f64,
}

impl Sheets {
    /// Puts a part where the text has got to, on a new page if this one has no room for it and `after_mm` more.
    fn put(&mut self, part: Part, after_mm: f64) {
        if self.y_mm + part.height_mm + after_mm > BOTTOM_MM && self.y_mm > TOP_MM {
            self.turn();
        }
        self.page.items.extend(part.items.into_iter().map(|item| lowered(item, self.y_mm)));
        self.y_mm += part.height_mm;
    }

    fn turn(&mut self) {
        self.done.push(std::mem::replace(&mut self.page, blank()));
        self.y_mm = TOP_MM;
    }

    fn letterhead(&mut self, letter: &Letter) {
        let mut part = Part::default();
        let [english, chinese] = &letter.sender;
        let middle_mm = LEFT_MM + 105.0;
        let y = part.text(chinese, [LEFT_MM, 0.0], middle_mm - LEFT_MM, Style::new(NAME_PT, Weight::Bold, BLUE));
        part.text(english, [LEFT_MM, y], middle_mm - LEFT_MM, Style::new(BODY_PT, Weight::Regular, BLUE));
        let mut y = 1.6;
        for line in &letter.sender_lines {
            let shown = shown(line).into_owned();
            for text in wrapped(&shown, RIGHT_MM - middle_mm - 4.0, SMALL.weight, SMALL.size_pt) {
                part.right(text, RIGHT_MM, y + ASCENT_EM * SMALL_PT * MM_PER_PT, SMALL);
                y += SMALL.line_mm();
            }
        }
        part.height_mm = part.height_mm.max(y) + 2.0;
        part.fill([LEFT_MM, part.height_mm, RIGHT_MM - LEFT_MM, 0.7], BLUE, 0.0);
        part.height_mm += 9.0;
        self.put(part, 0.0);
    }

    /// To whom, when and about what.
    fn subject(&mut self, letter: &Letter) {
        let mut part = Part::default();
        let middle_mm = LEFT_MM + 100.0;
        let mut y = 0.0;
        for (n, line) in letter.addressee.iter().enumerate() {
            let weight = if n == 1 { Weight::Bold } else { Weight::Regular };
            y = part.text(line, [LEFT_MM, y], middle_mm - LEFT_MM - 4.0, Style { weight, ..BODY });
        }
        let mut y = 0.0;
        for (label, value) in &letter.particulars {
            part.text(label, [middle_mm, y], 28.0, Style::new(BODY_PT, Weight::Regular, GREY));
            y = part.text(value, [middle_mm + 28.0, y], RIGHT_MM - middle_mm - 28.0, BODY);
        }
        let [english, chinese] = &letter.title;
        let y = part.text(english, [LEFT_MM, part.height_mm + 8.0], RIGHT_MM - LEFT_MM, Style::new(TITLE_PT, Weight::Bold, BLUE));
        part.text(chinese, [LEFT_MM, y], RIGHT_MM - LEFT_MM, Style::new(TITLE_PT - 2.0, Weight::Regular, BLUE));
        part.height_mm += 4.0;
        self.put(part, 0.0);
    }

    fn figures(&mut self, figures: &[Figure]) {
        const GAP_MM: f64 = 4.0;
        const HEIGHT_MM: f64 = 18.0;
        if figures.is_empty() {
            return;
        }
        let mut part = Part::default();
        let width_mm = (RIGHT_MM - LEFT_MM + GAP_MM) / figures.len() as f64 - GAP_MM;
        for (n, figure) in figures.iter().enumerate() {
            let x_mm = LEFT_MM + n as f64 * (width_mm + GAP_MM);
            part.fill([x_mm, 0.0, width_mm, HEIGHT_MM], TINT, 0.0);
            part.fill([x_mm, 0.0, 1.0, HEIGHT_MM], figure.colour, 0.0);
            part.line(&shown(&figure.number), x_mm + 4.5, 9.2, Style::new(FIGURE_PT, Weight::Bold, figure.colour));
            part.line(&shown(&figure.label), x_mm + 4.5, 14.6, Style::new(SMALL_PT + 0.5, Weight::Regular, GREY));
        }
        part.height_mm = HEIGHT_MM + 6.0;
        self.put(part, 0.0);
    }

    fn block(&mut self, block: &Block) {
        let mut part = Part::default();
        match block {
            Block::Paragraph(pair) => {
                part.pair(pair, [LEFT_MM, 0.0], BODY);
                part.height_mm += 3.0;
                self.put(part, 0.0);
            }
            // With some room for what it heads.
            Block::Heading { text, number, colour } => self.put(heading(text, number, *colour), 45.0),
            Block::Line { lead, text, number } => self.put(summary_line(lead, text, number), 0.0),
            Block::Note(pair) => {
                part.pair(pair, [LEFT_MM, 1.5], SMALL);
                self.put(part, 0.0);
            }
            Block::Case(case) => self.case(case),
        }
    }

    /// A case stays on one page when a page can hold it; else it runs on, finding by finding.
    fn case(&mut self, case: &Case) {
        let whole = case_part(case, &case.findings, true, true);
        if whole.height_mm <= BOTTOM_MM - TOP_MM {
            return self.put(whole, 0.0);
        }
        let mut rest = case.findings.as_slice();
        let mut first = true;
        while !rest.is_empty() {
            let holds = |n: &usize| case_part(case, &rest[..*n], first, *n == rest.len()).height_mm <= BOTTOM_MM - TOP_MM;
            let fitting = (1..=rest.len()).take_while(holds).last().unwrap_or(1);
            let (these, those) = rest.split_at(fitting);
            self.put(case_part(case, these, first, those.is_empty()), 0.0);
            (rest, first) = (those, false);
        }
    }

    /// All pages, each with its footer and `page / pages`.
    fn numbered(mut self, footer: &str) -> Vec<Page> {
        self.turn();
        let count = self.done.len();
        for (n, page) in self.done.iter_mut().enumerate() {
            let mut part = Part::default();
            part.fill([LEFT_MM, FOOT_MM - 4.5, RIGHT_MM - LEFT_MM, 0.15], HAIRLINE, 0.0);
            part.line(&shown(footer), LEFT_MM, FOOT_MM, SMALL);
            part.right(&format!("{} / {count}", n + 1), RIGHT_MM, FOOT_MM, SMALL);
            page.items.append(&mut part.items);
        }
        self.done
    }
}

fn heading(text: &Pair, number: &str, colour: Colour) -> Part {
    let mut part = Part::default();
    let style = Style::new(HEADING_PT, Weight::Bold, colour);
    let y_mm = 6.0;
    let [english, chinese] = text;
    let both = format!("{english}  {chinese}");
    let bottom = part.text(&both, [LEFT_MM + 4.5, y_mm], RIGHT_MM - LEFT_MM - 24.0, style);
    part.right(number, RIGHT_MM, y_mm + ASCENT_EM * HEADING_PT * MM_PER_PT, style);
    part.fill([LEFT_MM, y_mm, 1.6, bottom - y_mm], colour, 0.0);
    part.height_mm += 2.5;
    part
}

fn summary_line(lead: &str, text: &Pair, number: &str) -> Part {
    let mut part = Part::default();
    let first_mm = 1.1 + ASCENT_EM * BODY_PT * MM_PER_PT;
    part.line(&shown(lead), LEFT_MM, first_mm, Style { weight: Weight::Bold, ..BODY });
    part.right(number, RIGHT_MM, first_mm, BODY);
    let (x_mm, right_mm) = (LEFT_MM + 20.0, RIGHT_MM - 14.0);
    let width_mm = (right_mm - x_mm - GUTTER_MM) / 2.0;
    for (n, language) in text.iter().enumerate() {
        part.text(language, [x_mm + n as f64 * (width_mm + GUTTER_MM), 1.1], width_mm, BODY);
    }
    part.height_mm += 1.1;
    part.fill([LEFT_MM, part.height_mm - 0.075, RIGHT_MM - LEFT_MM, 0.15], HAIRLINE, 0.0);
    part
}

fn case_part(case: &Case, findings: &[Finding], first: bool, last: bool) -> Part {
    let mut part = Part::default();
    part.fill([LEFT_MM, 0.0, RIGHT_MM - LEFT_MM, 0.15], HAIRLINE, 0.0);
    let mut y = case_head(&mut part, case, first);
    let picture = case.picture.as_ref().filter(|_| first);
    let x_mm = if case.picture.is_some() { LEFT_MM + PICTURE_MM[0] + PICTURE_GAP_MM } else { LEFT_MM };
    if let Some(photo) = picture {
        part.items.push(Item::Photo { at: BoxMm::from([LEFT_MM, y + 0.8, PICTURE_MM[0], PICTURE_MM[1]]), photo: photo.clone() });
        part.height_mm = part.height_mm.max(y + 0.8 + PICTURE_MM[1]);
    }
    for finding in findings {
        y = finding_part(&mut part, finding, [x_mm, y]);
    }
    if last {
        part.pair(&case.by, [x_mm + CODE_MM, y + 0.3], Style::new(BODY_PT, Weight::Bold, BLUE));
    }
    part.height_mm += 3.5;
    part
}

/// Which application it is; where what it says begins.
fn case_head(part: &mut Part, case: &Case, first: bool) -> f64 {
    let strong = Style::new(CASE_PT, Weight::Bold, INK);
    let baseline_mm = 1.6 + ASCENT_EM * CASE_PT * MM_PER_PT;
    let outcome_mm = fonts().width_mm(&shown(&case.outcome), Weight::Bold, BODY_PT);
    let place = if first { case.place.clone() } else { format!("{} ({})", case.place, case.continued) };
    let width_mm = RIGHT_MM - LEFT_MM - outcome_mm - 6.0;
    let title_mm = fonts().width_mm(&shown(&case.title), Weight::Bold, CASE_PT);
    let place_mm = fonts().width_mm(&shown(&place), Weight::Regular, BODY_PT);
    part.right(&case.outcome, RIGHT_MM, baseline_mm, Style::new(BODY_PT, Weight::Bold, case.colour));
    let mut y = part.text(&case.title, [LEFT_MM, 1.6], width_mm, strong);
    if title_mm + 3.0 + place_mm <= width_mm {
        part.line(&shown(&place), LEFT_MM + title_mm + 3.0, baseline_mm, Style::new(BODY_PT, Weight::Regular, GREY));
    } else {
        y = part.text(&place, [LEFT_MM, y], width_mm, Style::new(BODY_PT, Weight::Regular, GREY));
    }
    if first && !case.name.is_empty() {
        y = part.text(&case.name, [LEFT_MM, y], RIGHT_MM - LEFT_MM, BODY);
    }
    y + 1.0
}

/// Code and what is wrong; the numbers; what to do.
fn finding_part(part: &mut Part, finding: &Finding, [x_mm, y_mm]: [f64; 2]) -> f64 {
    let text_mm = x_mm + CODE_MM;
    part.text(&finding.code, [x_mm, y_mm], CODE_MM, Style::new(BODY_PT, Weight::Bold, BLUE));
    let mut y = part.pair(&finding.what, [text_mm, y_mm], BODY);
    y = part.text(&finding.measured, [text_mm, y + 0.2], RIGHT_MM - text_mm, SMALL);
    part.pair(&finding.todo, [text_mm, y + 0.2], BODY) + DESCENT_EM * BODY_PT * MM_PER_PT
}

fn lowered(item: Item, by_mm: f64) -> Item {
    match item {
        Item::Text(text) => Item::Text(Text { baseline_mm: text.baseline_mm + by_mm, ..text }),
        Item::Photo { at, photo } => Item::Photo { at: BoxMm { y_mm: at.y_mm + by_mm, ..at }, photo },
        Item::Fill { at, colour, radius_mm } => Item::Fill { at: BoxMm { y_mm: at.y_mm + by_mm, ..at }, colour, radius_mm },
        other => other,
    }
}

#[cfg(test)]
mod tests;
