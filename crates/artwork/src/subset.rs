//! A font cut down to the characters one document uses, in the form printpdf embeds. printpdf without its layout engine embeds whole
//! fonts (verify.md §6.3), so it only ever sees these. docs/decisions/0003-fonts-and-pdf.md

use std::collections::{BTreeMap, BTreeSet};

use allsorts::binary::read::ReadScope;
use allsorts::font_data::FontData;
use allsorts::subset::{CmapTarget, SubsetProfile, subset as cut};
use printpdf::{FontMetrics, FontType, ParsedFont, PdfFontMetricsStub};
use sha2::{Digest as _, Sha256};
use ttf_parser::GlyphId;

use crate::Fault;
use crate::fonts::{FontKey, fonts};

/// The font `key` with just `characters`, which it must have (others are left out).
///
/// # Errors
/// [`Fault::Font`] when the vendored font can't be cut: not a fault of any record.
pub(crate) fn subset(key: FontKey, characters: &BTreeSet<char>) -> Result<ParsedFont, Fault> {
    let face = fonts().face(key);
    let by_character: BTreeMap<char, GlyphId> = characters.iter().filter_map(|c| face.glyph_index(*c).map(|g| (*c, g))).collect();
    let mut glyphs: Vec<u16> = by_character.values().map(|g| g.0).chain(std::iter::once(0)).collect();
    glyphs.sort_unstable();
    glyphs.dedup();
    let bytes = program(key, &glyphs)?;
    let new_id = |old: GlyphId| glyphs.binary_search(&old.0).unwrap_or(0) as u16;
    Ok(ParsedFont {
        original_bytes: bytes,
        font_index: 0,
        font_name: Some(format!("{}+{}", tag(&by_character), key.name())),
        codepoint_to_glyph: by_character.iter().map(|(c, old)| (u32::from(*c), new_id(*old))).collect(),
        glyph_widths: glyphs.iter().map(|old| (new_id(GlyphId(*old)), face.glyph_hor_advance(GlyphId(*old)).unwrap_or(0))).collect(),
        units_per_em: face.units_per_em(),
        font_metrics: FontMetrics { ascent: face.ascender(), descent: face.descender() },
        font_type: if key == FontKey::Han { FontType::OpenTypeCFF(()) } else { FontType::TrueType },
        pdf_font_metrics: metrics(face),
    })
}

/// The font program holding `glyphs` (ascending, 0 first), renumbered from 0 in that order.
fn program(key: FontKey, glyphs: &[u16]) -> Result<Vec<u8>, Fault> {
    let fault = |what: String| Fault::Font(format!("{}: {what}", key.name()));
    let file = ReadScope::new(key.bytes()).read::<FontData<'_>>().map_err(|e| fault(e.to_string()))?;
    let provider = file.table_provider(0).map_err(|e| fault(e.to_string()))?;
    cut(&provider, glyphs, &SubsetProfile::Pdf, CmapTarget::Unicode).map_err(|e| fault(e.to_string()))
}

fn metrics(face: &ttf_parser::Face<'_>) -> PdfFontMetricsStub {
    let ink = face.global_bounding_box();
    PdfFontMetricsStub {
        units_per_em: face.units_per_em(),
        x_min: ink.x_min,
        y_min: ink.y_min,
        x_max: ink.x_max,
        y_max: ink.y_max,
        us_weight_class: face.weight().to_number(),
        ..PdfFontMetricsStub::default()
    }
}

/// Six capitals that mark a subset (ISO 32000-1, 9.6.4), from the characters it holds: the same document gets the same tag.
fn tag(characters: &BTreeMap<char, GlyphId>) -> String {
    let mut hash = Sha256::new();
    characters.keys().for_each(|c| hash.update(u32::from(*c).to_be_bytes()));
    hash.finalize().iter().take(6).map(|byte| char::from(b'A' + byte % 26)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(face: &ttf_parser::Face<'_>, glyph: GlyphId) -> Option<ttf_parser::Rect> {
        face.glyph_bounding_box(glyph)
    }

    #[test]
    fn a_subset_draws_the_same_glyphs() {
        for (key, text) in [(FontKey::LatinRegular, "Łukasz ỄÁ"), (FontKey::LatinBold, "Zoë Ǻ"), (FontKey::Han, "王𠮷㛃·〇")] {
            let font = subset(key, &text.chars().collect()).ok().unwrap();
            let small = ttf_parser::Face::parse(&font.original_bytes, 0).unwrap();
            let whole = fonts().face(key);
            for c in text.chars() {
                let new = GlyphId(font.codepoint_to_glyph[&u32::from(c)]);
                let old = whole.glyph_index(c).unwrap();
                assert_ne!(new.0, 0, "{c}");
                assert_eq!(drawn(&small, new), drawn(whole, old), "{c}");
                assert_eq!(Some(font.glyph_widths[&new.0]), whole.glyph_hor_advance(old), "{c}");
            }
            assert!(font.original_bytes.len() < 20_000, "{} bytes", font.original_bytes.len());
        }
    }

    #[test]
    fn the_tag_follows_the_characters() {
        let name = |text: &str| subset(FontKey::LatinRegular, &text.chars().collect()).ok().unwrap().font_name.unwrap();
        assert_eq!(name("abc"), name("cba"));
        assert_ne!(name("abc"), name("abd"));
        assert!(name("abc").ends_with("+NotoSans-Regular"));
    }

    #[test]
    fn characters_the_font_lacks_are_left_out() {
        let font = subset(FontKey::LatinRegular, &"a王".chars().collect()).ok().unwrap();
        assert_eq!(font.codepoint_to_glyph.len(), 1);
    }
}
