//! Fitting text into a box: the size steps down, then lines are added, then the text doesn't fit. Text is never clipped, squeezed or
//! broken inside a word. The same function decides at intake and at the press.

use card::profile::face::{TextStyle, Weight};

use crate::MM_PER_PT;
use crate::fonts::fonts;

/// From the baseline up to the top of the line, in em: above the highest ink of the Latin fonts' stacked capitals (Ễ, Ǻ).
pub(crate) const ASCENT_EM: f64 = 1.10;
/// From the baseline down to the bottom of the line, in em.
pub(crate) const DESCENT_EM: f64 = 0.30;
/// Baseline to baseline, in em.
pub(crate) const LEADING_EM: f64 = 1.30;

/// How far the size may step down, and into how many lines text may break.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Sizes {
    pub max_pt: f64,
    pub min_pt: f64,
    /// Below this size more lines are tried before the size steps further down.
    pub break_pt: f64,
    pub step_pt: f64,
    pub lines_max: usize,
}

impl From<&TextStyle> for Sizes {
    fn from(style: &TextStyle) -> Self {
        Self { max_pt: style.size_max_pt, min_pt: style.size_min_pt, break_pt: style.size_break_pt, step_pt: style.size_step_pt, lines_max: style.lines_max }
    }
}

/// Text that fits: its size and its lines, top to bottom.
#[derive(Clone, PartialEq, Debug)]
pub struct Fitted<'a> {
    pub size_pt: f64,
    pub lines: Vec<&'a str>,
}

/// The text doesn't fit at the smallest size and most lines.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Misfit {
    /// Width of the whole text on one line at the smallest size.
    pub needed_mm: f64,
    pub available_mm: f64,
}

impl Fitted<'_> {
    /// Height of all lines together.
    #[must_use]
    pub fn height_mm(&self) -> f64 {
        block_em(self.lines.len()) * self.size_pt * MM_PER_PT
    }
}

/// Height of a block of lines in em.
pub(crate) fn block_em(lines: usize) -> f64 {
    ASCENT_EM + DESCENT_EM + LEADING_EM * (lines.max(1) - 1) as f64
}

/// Fits `text` into a box of `width_mm` by `height_mm`. Lines break at spaces, after hyphens and beside Chinese characters.
///
/// # Errors
/// [`Misfit`] when even the smallest size on most lines is too large. Empty text always fits, on no line.
pub fn fit<'a>(text: &'a str, weight: Weight, width_mm: f64, height_mm: f64, sizes: &Sizes) -> Result<Fitted<'a>, Misfit> {
    if text.is_empty() {
        return Ok(Fitted { size_pt: sizes.max_pt, lines: Vec::new() });
    }
    let widths = advances(text, weight);
    let whole_em: f64 = widths.iter().map(|(_, _, em)| em).sum();
    for (lines_max, size_pt) in attempts(sizes) {
        let em_mm = size_pt * MM_PER_PT;
        if block_em(lines_max) * em_mm > height_mm || whole_em * em_mm > width_mm * lines_max as f64 {
            continue;
        }
        if let Some(lines) = broken(text, &widths, width_mm / em_mm, lines_max) {
            return Ok(Fitted { size_pt, lines });
        }
    }
    Err(Misfit { needed_mm: whole_em * sizes.min_pt * MM_PER_PT, available_mm: width_mm })
}

/// Lines and size in the order of preference: one line down to the size where breaking looks better, then more lines from the largest
/// size down, then one line of the smallest sizes.
fn attempts(sizes: &Sizes) -> impl Iterator<Item = (usize, f64)> + '_ {
    let fair = |size_pt: &f64| *size_pt >= sizes.break_pt - 1e-9;
    let one_fair = steps(sizes).filter(move |s| fair(s)).map(|s| (1, s));
    let more = (2..=sizes.lines_max).flat_map(|lines| steps(sizes).map(move |s| (lines, s)));
    let one_small = steps(sizes).filter(move |s| !fair(s)).map(|s| (1, s));
    one_fair.chain(more).chain(one_small)
}

/// Sizes from largest to smallest, the smallest always among them.
fn steps(sizes: &Sizes) -> impl Iterator<Item = f64> {
    let (max, min, step) = (sizes.max_pt, sizes.min_pt, sizes.step_pt);
    let count = ((max - min) / step - 1e-9).ceil().max(0.0) as usize;
    (0..count).map(move |i| max - step * i as f64).chain(std::iter::once(min))
}

/// Byte offset, character and advance in em.
fn advances(text: &str, weight: Weight) -> Vec<(usize, char, f64)> {
    let chain = fonts();
    text.char_indices().map(|(at, c)| (at, c, chain.advance_em(weight, c))).collect()
}

/// Greedy lines no wider than `width_em`; `None` when a word is wider or more than `lines_max` lines are needed.
fn broken<'a>(text: &'a str, widths: &[(usize, char, f64)], width_em: f64, lines_max: usize) -> Option<Vec<&'a str>> {
    let mut lines = Vec::with_capacity(lines_max);
    let mut first = 0;
    while first < widths.len() {
        if lines.len() == lines_max {
            return None;
        }
        let end = line_end(widths, first, width_em)?;
        let to = widths.get(end).map_or(text.len(), |(at, ..)| *at);
        lines.push(text[widths[first].0..to].trim_end_matches(' '));
        first = end + widths[end..].iter().take_while(|(_, c, _)| *c == ' ').count();
    }
    Some(lines)
}

/// One past the last character of the line that starts at `first`; trailing spaces take no room.
fn line_end(widths: &[(usize, char, f64)], first: usize, width_em: f64) -> Option<usize> {
    let mut used = 0.0;
    let mut last_break = None;
    for at in first..widths.len() {
        let (_, c, em) = widths[at];
        if at > first && may_break(widths[at - 1].1, c) {
            last_break = Some(at);
        }
        used += em;
        if used > width_em + 1e-9 && c != ' ' {
            return last_break;
        }
    }
    Some(widths.len())
}

/// Whether a line may end between two characters.
pub(crate) fn may_break(before: char, after: char) -> bool {
    if after == ' ' || closes(after) || opens(before) {
        return false;
    }
    before == ' ' || before == '-' || is_han(before) || is_han(after)
}

fn is_han(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe4f}' | '\u{ff00}'..='\u{ff60}' | '\u{20000}'..='\u{3ffff}')
}

/// Never first on a line: closing and dividing marks, narrow and full-width.
fn closes(c: char) -> bool {
    const FULL_WIDTH: &str = "\u{3001}\u{3002}\u{ff0c}\u{ff0e}\u{ff1b}\u{ff1a}\u{ff01}\u{ff1f}\u{ff09}\u{3011}\u{300b}\u{300d}\u{201d}\u{2019}\u{b7}";
    "!),.:;?]".contains(c) || FULL_WIDTH.contains(c)
}

/// Never last on a line: opening marks, narrow and full-width.
fn opens(c: char) -> bool {
    const FULL_WIDTH: &str = "\u{ff08}\u{3010}\u{300a}\u{300c}\u{201c}\u{2018}";
    "([".contains(c) || FULL_WIDTH.contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: Sizes = Sizes { max_pt: 10.0, min_pt: 5.5, break_pt: 7.0, step_pt: 0.5, lines_max: 2 };

    fn fitted(text: &str, width_mm: f64, height_mm: f64) -> Result<(f64, Vec<String>), Misfit> {
        fit(text, Weight::Bold, width_mm, height_mm, &NAME).map(|f| (f.size_pt, f.lines.iter().map(|l| (*l).to_owned()).collect()))
    }

    #[test]
    fn short_text_takes_the_largest_size() {
        assert_eq!(fitted("ANNA LEE", 48.0, 8.0), Ok((10.0, vec!["ANNA LEE".to_owned()])));
    }

    #[test]
    fn the_size_steps_down_before_a_second_line_is_taken() {
        let (size, lines) = fitted("ALEXANDRA KONSTANTINOPOULOU", 48.0, 8.0).unwrap();
        assert_eq!(lines.len(), 1);
        assert!((7.0..10.0).contains(&size), "{size}");
        let (size, lines) = fitted("ALEXANDRA KONSTANTINOPOULOU VAN DER WESTHUIZEN", 48.0, 8.0).unwrap();
        assert_eq!(lines.len(), 2, "at {size} pt");
        assert_eq!(lines.join(" "), "ALEXANDRA KONSTANTINOPOULOU VAN DER WESTHUIZEN");
        assert!(size >= 7.0, "{size}");
    }

    #[test]
    fn a_single_long_word_goes_below_the_breaking_size() {
        let (size, lines) = fitted("RAMASUBRAMANIAMVENKATANARASIMHARAJ", 48.0, 8.4).unwrap();
        assert_eq!(lines.len(), 1);
        assert!((5.5..7.0).contains(&size), "{size}");
    }

    #[test]
    fn what_does_not_fit_says_by_how_much() {
        let misfit = fitted("ALEXANDRA KONSTANTINOPOULOU VAN DER WESTHUIZEN", 20.0, 8.0).unwrap_err();
        assert!(misfit.needed_mm > 40.0, "{misfit:?}");
        assert!((misfit.available_mm - 20.0).abs() < 1e-9);
        assert!(fitted("LLANFAIRPWLLGWYNGYLLGOGERYCHWYRNDROBWLLLLANTYSILIOGOGOGOCH", 48.0, 8.0).is_err(), "a word is never broken");
        assert!(fitted("ANNA", 48.0, 1.0).is_err(), "too low for any size");
    }

    #[test]
    fn fitted_lines_are_no_wider_and_no_higher_than_the_box() {
        for text in
            ["ANNA-LENA VON HOHENLOHE-LANGENBURG ZU SCHILLINGSFÜRST", "亚历山德拉·康斯坦丁诺普洛斯·范德韦斯特惠曾", "NGUYỄN THỊ HỒNG ÁNH 阮氏红英 WITH MORE"]
        {
            let f = fit(text, Weight::Bold, 40.0, 8.4, &NAME).unwrap();
            assert!(f.height_mm() <= 8.4);
            assert!(f.lines.iter().all(|l| fonts().width_mm(l, Weight::Bold, f.size_pt) <= 40.0 + 1e-9));
            assert_eq!(f.lines.concat().replace(' ', ""), text.replace(' ', ""));
        }
    }

    #[test]
    fn chinese_breaks_anywhere_but_not_before_a_closing_mark() {
        assert!(may_break('武', '汉'));
        assert!(!may_break('汉', '\u{ff09}'));
        assert!(!may_break('\u{ff08}', '武'));
        assert!(may_break('-', 'L') && may_break(' ', 'L') && !may_break('A', 'L') && !may_break('A', ' '));
    }

    #[test]
    fn nothing_fits_everywhere() {
        assert_eq!(fit("", Weight::Regular, 0.0, 0.0, &NAME).unwrap().lines.len(), 0);
    }

    /// The line's ascent and descent hold the ink of every Latin glyph that a passport name can show.
    #[test]
    fn ink_stays_inside_the_line() {
        for key in [crate::fonts::FontKey::LatinRegular, crate::fonts::FontKey::LatinBold, crate::fonts::FontKey::Han] {
            let face = fonts().face(key);
            let em = f64::from(face.units_per_em());
            let printable = ('A'..='\u{24f}').chain('\u{1e00}'..='\u{1eff}').chain('\u{4e00}'..='\u{9fa5}');
            for (c, ink) in printable.filter_map(|c| face.glyph_index(c).and_then(|g| face.glyph_bounding_box(g)).map(|b| (c, b))) {
                assert!(f64::from(ink.y_max) / em <= ASCENT_EM, "{c} rises to {}", f64::from(ink.y_max) / em);
                assert!(f64::from(-ink.y_min) / em <= DESCENT_EM, "{c} falls to {}", f64::from(ink.y_min) / em);
            }
        }
    }
}
