//! The font chain: Noto Sans (regular, bold), then Noto Sans SC. Which font draws a character, how wide text is, and which characters
//! no font has. Every text that is printed passes here first: a missing glyph is found before printing, never printed as a box.

use std::sync::OnceLock;

use card::profile::face::Weight;
use ttf_parser::{Face, GlyphId};

/// One of the vendored fonts (crates/artwork/fonts/README.md).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum FontKey {
    LatinRegular,
    LatinBold,
    Han,
}

impl FontKey {
    pub(crate) const ALL: [Self; 3] = [Self::LatinRegular, Self::LatinBold, Self::Han];

    /// The name of the font in a PDF's resources.
    pub(crate) fn resource(self) -> &'static str {
        match self {
            Self::LatinRegular => "Latin",
            Self::LatinBold => "LatinBold",
            Self::Han => "Han",
        }
    }

    /// PostScript name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::LatinRegular => "NotoSans-Regular",
            Self::LatinBold => "NotoSans-Bold",
            Self::Han => "NotoSansCJKsc-Regular",
        }
    }

    pub(crate) fn bytes(self) -> &'static [u8] {
        match self {
            Self::LatinRegular => include_bytes!("../fonts/NotoSans-Regular-card.ttf"),
            Self::LatinBold => include_bytes!("../fonts/NotoSans-Bold-card.ttf"),
            Self::Han => include_bytes!("../fonts/NotoSansSC-card.otf"),
        }
    }
}

/// The parsed chain; one per process, from [`fonts`].
pub struct Fonts {
    faces: [Face<'static>; 3],
}

/// The process's fonts, parsed on first use.
///
/// # Panics
/// A vendored font doesn't parse: a bug, caught by this crate's tests.
#[must_use]
pub fn fonts() -> &'static Fonts {
    static FONTS: OnceLock<Fonts> = OnceLock::new();
    FONTS.get_or_init(|| Fonts { faces: FontKey::ALL.map(|key| Face::parse(key.bytes(), 0).expect("a vendored font parses")) })
}

/// SHA-256 over the vendored fonts: part of a batch's release id.
#[must_use]
pub fn fonts_digest() -> card::Digest {
    let each: Vec<u8> = FontKey::ALL.iter().flat_map(|key| card::Digest::of(key.bytes()).0).collect();
    card::Digest::of(&each)
}

/// The characters of `text` that no font of the chain can draw, each once, in order of appearance. Control, invisible and
/// direction-changing characters count as missing: they would print as nothing.
#[must_use]
pub fn missing_glyphs(text: &str) -> Vec<char> {
    let chain = fonts();
    let mut missing = Vec::new();
    for c in text.chars().filter(|c| chain.glyph(Weight::Regular, *c).is_none()) {
        if !missing.contains(&c) {
            missing.push(c);
        }
    }
    missing
}

fn unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

impl Fonts {
    pub(crate) fn face(&self, key: FontKey) -> &Face<'static> {
        &self.faces[key as usize]
    }

    /// The first font of the chain that has the character.
    pub(crate) fn glyph(&self, weight: Weight, c: char) -> Option<(FontKey, GlyphId)> {
        if unprintable(c) {
            return None;
        }
        let first = match weight {
            Weight::Regular => FontKey::LatinRegular,
            Weight::Bold => FontKey::LatinBold,
        };
        let in_font = |key: FontKey| self.face(key).glyph_index(c).filter(|g| g.0 != 0).map(|g| (key, g));
        in_font(first).or_else(|| in_font(FontKey::LatinRegular)).or_else(|| in_font(FontKey::Han))
    }

    /// Advance width of one character in em; 0 for a missing one.
    pub(crate) fn advance_em(&self, weight: Weight, c: char) -> f64 {
        self.glyph(weight, c).map_or(0.0, |(key, glyph)| self.glyph_advance_em(key, glyph))
    }

    pub(crate) fn glyph_advance_em(&self, key: FontKey, glyph: GlyphId) -> f64 {
        let face = self.face(key);
        f64::from(face.glyph_hor_advance(glyph).unwrap_or(0)) / f64::from(face.units_per_em())
    }

    /// Width of a line in millimetres.
    #[must_use]
    pub fn width_mm(&self, text: &str, weight: Weight, size_pt: f64) -> f64 {
        text.chars().map(|c| self.advance_em(weight, c)).sum::<f64>() * size_pt * crate::MM_PER_PT
    }

    /// The text cut where the font changes: font and the byte range drawn with it. Missing characters are left out.
    pub(crate) fn runs<'a>(&self, text: &'a str, weight: Weight) -> Vec<(FontKey, &'a str)> {
        let mut runs: Vec<(FontKey, &'a str)> = Vec::new();
        let mut start = 0;
        let mut current = None;
        for (at, c) in text.char_indices() {
            let font = self.glyph(weight, c).map(|(key, _)| key);
            if font != current {
                push_run(&mut runs, current, &text[start..at]);
                (start, current) = (at, font);
            }
        }
        push_run(&mut runs, current, &text[start..]);
        runs
    }
}

fn push_run<'a>(runs: &mut Vec<(FontKey, &'a str)>, font: Option<FontKey>, text: &'a str) {
    if let Some(key) = font.filter(|_| !text.is_empty()) {
        runs.push((key, text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chain_covers_passports_and_gbk() {
        assert_eq!(missing_glyphs("Łukasz Świątek-Ó'Brien NGUYỄN THỊ ÁNH Þórbjörg Ǻ Ж 王秀英·〇 𠮷㛃䶮𬭎𫖮龘 ,。()"), Vec::<char>::new());
    }

    #[test]
    fn what_cannot_be_drawn_is_named_once() {
        assert_eq!(missing_glyphs("a\u{1F600}b\u{1F600}\u{627}"), vec!['\u{1F600}', '\u{627}']);
        assert_eq!(missing_glyphs("a\nb\u{202e}c\u{200b}"), vec!['\n', '\u{202e}', '\u{200b}']);
        assert_eq!(missing_glyphs("\u{e000}\u{10ffff}"), vec!['\u{e000}', '\u{10ffff}']);
    }

    #[test]
    fn text_is_cut_where_the_font_changes() {
        let runs = fonts().runs("Li 李 A", Weight::Bold);
        assert_eq!(runs, vec![(FontKey::LatinBold, "Li "), (FontKey::Han, "李"), (FontKey::LatinBold, " A")]);
        assert_eq!(fonts().runs("", Weight::Regular), vec![]);
    }

    #[test]
    fn widths_add_up() {
        let han = fonts().width_mm("中", Weight::Regular, 10.0);
        assert!((han - 10.0 * crate::MM_PER_PT).abs() < 1e-9, "a Chinese character is one em wide, not {han} mm");
        let both = fonts().width_mm("中A", Weight::Regular, 10.0);
        assert!((both - han - fonts().width_mm("A", Weight::Regular, 10.0)).abs() < 1e-9);
        assert!(fonts().width_mm("A", Weight::Bold, 10.0) > fonts().width_mm("A", Weight::Regular, 10.0));
    }

    #[test]
    fn names_and_bytes_belong_together() {
        for key in FontKey::ALL {
            let face = fonts().face(key);
            let bold = face.is_bold();
            assert_eq!(bold, key == FontKey::LatinBold, "{}", key.name());
            assert_eq!(face.glyph_index('中').is_some(), key == FontKey::Han, "{}", key.name());
        }
    }
}
