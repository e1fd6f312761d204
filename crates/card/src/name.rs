//! The name as the chip, the machine-readable zone and the duplicate check see it. One set of functions for all of them,
//! so that print, chip and checks never cut a name in different places (faults.md C11).

use crate::latin;

/// The name field of a TD3 machine-readable zone (ICAO 9303-4).
pub const MRZ_NAME_CHARS: usize = 39;
/// The chip's name and its extension: tags 09 and 4E (card-and-rules.md 3.14).
pub const CHIP_NAME_BYTES: usize = 30;
pub const CHIP_NAME_MORE_BYTES: usize = 20;

/// A name in GBK, cut for the chip's two records. Personal: no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct ChipName {
    /// At most the first limit's bytes, ending with a whole character.
    pub part1: Vec<u8>,
    pub part2: Vec<u8>,
}

/// Why a text can't be put on the chip.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ChipTextFault {
    /// Bytes it would need, and the most there are.
    TooLong { bytes: usize, bytes_max: usize },
    /// GBK lacks the character and ICAO 9303-3 has no reading for it.
    NoReading(char),
}

/// Cuts a name into at most `part1_max` and `part2_max` bytes of GBK, never inside a character.
///
/// # Errors
/// It doesn't fit, or a character can be written neither in GBK nor in A–Z.
pub fn chip_name(name: &str, part1_max: usize, part2_max: usize) -> Result<ChipName, ChipTextFault> {
    let all = gbk(name)?;
    let cut = if all.len() <= part1_max { all.len() } else { whole_characters(&all, part1_max) };
    let (part1, part2) = all.split_at(cut);
    if part2.len() > part2_max {
        return Err(ChipTextFault::TooLong { bytes: all.len(), bytes_max: part1_max + part2_max });
    }
    Ok(ChipName { part1: part1.to_vec(), part2: part2.to_vec() })
}

/// The longest prefix of whole GBK characters within `limit` bytes.
fn whole_characters(bytes: &[u8], limit: usize) -> usize {
    let mut at = 0;
    loop {
        let step = if bytes.get(at).is_some_and(|b| *b >= 0x81) { 2 } else { 1 };
        if at + step > limit {
            return at;
        }
        at += step;
    }
}

/// A text in GBK; what GBK can't hold is written in A–Z by ICAO 9303-3.
///
/// # Errors
/// A character has neither.
pub fn gbk(text: &str) -> Result<Vec<u8>, ChipTextFault> {
    if text.is_ascii() {
        return Ok(text.as_bytes().to_vec());
    }
    // Nearly every text is GBK throughout: encoded in one go.
    let (bytes, _, unmappable) = encoding_rs::GBK.encode(text);
    if !unmappable && is_of_1995(&bytes) {
        return Ok(bytes.into_owned());
    }
    let mut out = Vec::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(c) = letters.next() {
        match gbk_char(c) {
            Some((bytes, len)) => out.extend_from_slice(&bytes[..len]),
            None => out.extend_from_slice(in_case_of(c, letters.peek().copied())?.as_bytes()),
        }
    }
    Ok(out)
}

/// The text the chip's bytes read back as.
///
/// # Errors
/// As [`gbk`].
pub fn chip_text(text: &str) -> Result<String, ChipTextFault> {
    let bytes = gbk(text)?;
    Ok(from_gbk(&bytes).unwrap_or_default())
}

/// Text of GBK bytes; `None` if they aren't GBK as [`gbk`] writes it.
#[must_use]
pub fn from_gbk(bytes: &[u8]) -> Option<String> {
    let text = encoding_rs::GBK.decode_without_bom_handling_and_without_replacement(bytes)?.into_owned();
    let same = gbk(&text).is_ok_and(|again| again == bytes);
    same.then_some(text)
}

/// One character in the GBK of 1995: what later editions added, readers of cards don't show.
fn gbk_char(c: char) -> Option<([u8; 2], usize)> {
    if c.is_ascii() {
        return Some(([c as u8, 0], 1));
    }
    let mut utf8 = [0; 4];
    let (bytes, _, unmappable) = encoding_rs::GBK.encode(c.encode_utf8(&mut utf8));
    match *bytes {
        [lead, trail] if !unmappable && !is_later_edition(lead, trail) => Some(([lead, trail], 2)),
        _ => None,
    }
}

/// Whether bytes of the encoder are all of that edition; it writes one character as a single byte that isn't ASCII.
fn is_of_1995(mut bytes: &[u8]) -> bool {
    loop {
        bytes = match *bytes {
            [] => return true,
            [0..=0x7F, ref rest @ ..] => rest,
            [lead @ 0x81..=0xFF, trail, ref rest @ ..] if !is_later_edition(lead, trail) => rest,
            _ => return false,
        }
    }
}

fn is_later_edition(lead: u8, trail: u8) -> bool {
    match lead {
        0xA2 => trail == 0xE3,
        0xA6 => matches!(trail, 0xD9..=0xDF | 0xEC | 0xED | 0xF3),
        0xA8 => matches!(trail, 0xBC | 0xBF),
        0xA9 => matches!(trail, 0x89..=0x95),
        _ => lead == 0xFE,
    }
}

/// The A–Z reading in the case of its letter: `Ø` before a small letter is `Oe`, before a capital `OE`.
fn in_case_of(c: char, next: Option<char>) -> Result<String, ChipTextFault> {
    let reading = latin::reading(c).ok_or(ChipTextFault::NoReading(c))?;
    let next_is_small = next.is_some_and(char::is_lowercase);
    Ok(match reading.split_at_checked(1) {
        _ if c.is_lowercase() => reading.to_ascii_lowercase(),
        Some((first, rest)) if next_is_small => format!("{first}{}", rest.to_ascii_lowercase()),
        _ => reading.to_owned(),
    })
}

/// The name of a machine-readable zone, without the filler at its end, and whether it had to be cut.
#[derive(Clone, PartialEq, Eq)]
pub struct MrzName {
    pub text: String,
    /// Characters it would need uncut.
    pub chars_needed: usize,
}

/// The name as ICAO 9303-4 would write it in 39 characters: words joined by `<`; a comma divides primary and secondary identifier (`<<`).
/// A name without a comma is written as one identifier: which words are the surname is not for us to guess.
#[must_use]
pub fn mrz_name(name: &str) -> MrzName {
    let (primary, secondary) = name.split_once(',').unwrap_or((name, ""));
    let (primary, secondary) = (mrz_words(primary).join("<"), mrz_words(secondary).join("<"));
    let full = if secondary.is_empty() { primary.clone() } else { format!("{primary}<<{secondary}") };
    let chars_needed = full.len();
    let text = if chars_needed <= MRZ_NAME_CHARS { full } else { cut_for_mrz(&primary, &secondary, full) };
    MrzName { text, chars_needed }
}

/// ICAO 9303-4 §4.2.3: at least one letter of the secondary identifier stays.
fn cut_for_mrz(primary: &str, secondary: &str, full: String) -> String {
    let primary_max = MRZ_NAME_CHARS - 3;
    if secondary.is_empty() || primary.len() <= primary_max {
        return full[..MRZ_NAME_CHARS].to_owned();
    }
    format!("{}<<{}", primary[..primary_max].trim_end_matches('<'), &secondary[..1])
}

/// The words of a name in A–Z: spaces, hyphens and commas divide, all other punctuation is dropped. Letters without a reading are dropped too:
/// names that hold one are held before anybody compares them (REC-06).
#[must_use]
pub fn mrz_words(text: &str) -> Vec<String> {
    let word = |part: &str| part.chars().filter_map(latin::reading).collect::<String>();
    text.split([' ', '-', ',']).map(word).filter(|w| !w.is_empty()).collect()
}

/// A key equal for spellings of one name: transliterated, doubled vowels of transliteration folded, words in order of the alphabet.
/// Used with birth date and nationality to find a person behind a renewed passport (DUP-04); two people may share it.
#[must_use]
pub fn likeness(name: &str) -> String {
    let mut words: Vec<String> = mrz_words(name).iter().map(|w| fold(w)).collect();
    words.sort();
    words.join(" ")
}

/// `MUELLER`, `MUXXLLER` and `MULLER` are one name to a key.
fn fold(word: &str) -> String {
    let mut out = word.to_owned();
    for (from, to) in [("UXX", "U"), ("NXX", "N"), ("AE", "A"), ("OE", "O"), ("UE", "U"), ("AA", "A")] {
        out = out.replace(from, to);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cut(name: &str) -> Option<(usize, usize)> {
        chip_name(name, 30, 20).ok().map(|n| (n.part1.len(), n.part2.len()))
    }

    #[test]
    fn names_are_split_at_whole_characters() {
        assert_eq!(cut("ANNA EXAMPLE"), Some((12, 0)));
        assert_eq!(cut(&"A".repeat(50)), Some((30, 20)));
        assert_eq!(cut(&"A".repeat(51)), None);
        assert_eq!(cut(&"中".repeat(15)), Some((30, 0)));
        assert_eq!(cut(&format!("A{}", "中".repeat(15))), Some((29, 2)));
        assert_eq!(cut(&format!("A{}", "中".repeat(24))), Some((29, 20)));
        assert_eq!(cut(&format!("A{}", "中".repeat(25))), None, "51 bytes");
        assert_eq!(cut(&format!("A{}B", "中".repeat(24))), None, "50 bytes, but the split costs one");
    }

    #[test]
    fn what_gbk_lacks_is_transliterated_in_its_case() {
        let read = |t: &str| chip_text(t).ok();
        assert_eq!(read("ŁUKASZ Żółć").as_deref(), Some("LUKASZ Zólc"));
        assert_eq!(read("Ørsted ØRSTED Øresund Straße").as_deref(), Some("Oersted OERSTED Oeresund Strasse"));
        assert_eq!(read("é中").as_deref(), Some("é中"), "GBK has these");
        assert_eq!(chip_text("อ").err(), Some(ChipTextFault::NoReading('อ')));
        assert_eq!(chip_text("€").err(), Some(ChipTextFault::NoReading('€')));
    }

    /// A text is what its characters are, wherever they stand: all of the plane's, between two that are GBK.
    #[test]
    fn a_text_is_encoded_as_its_characters_are() {
        for c in ('\0'..='\u{FFFF}').chain(['\u{20000}', '\u{1F600}']) {
            let alone = match gbk_char(c) {
                Some((bytes, len)) => Ok(bytes[..len].to_vec()),
                None => in_case_of(c, Some('中')).map(String::into_bytes),
            };
            let wanted = alone.map(|bytes| [&[0xD6, 0xD0], &bytes[..], &[0xD6, 0xD0]].concat());
            assert!(gbk(&format!("中{c}中")) == wanted, "{}", crate::text::code_point(c));
        }
    }

    #[test]
    fn characters_of_later_editions_are_not_gbk() {
        for c in ['ǹ', 'ḿ', '〾', '⿰', '䶮', '\u{FE10}'] {
            assert_eq!(gbk_char(c), None, "{}", crate::text::code_point(c));
        }
        assert_eq!(from_gbk(&[0xA8, 0xBF]), None);
        assert_eq!(from_gbk(&[0xD6]), None);
        assert_eq!(from_gbk(&[0xD6, 0xD0]).as_deref(), Some("中"));
    }

    #[test]
    fn the_mrz_name_follows_icao() {
        assert_eq!(mrz_name("ERIKSSON, ANNA MARIA").text, "ERIKSSON<<ANNA<MARIA");
        assert_eq!(mrz_name("O'Néill-Müller, Seán").text, "ONEILL<MUELLER<<SEAN");
        assert_eq!(mrz_name("SUKARNO").text, "SUKARNO");
        assert_eq!(mrz_name("St. John Col·lell A/L").text, "ST<JOHN<COLLELL<AL");
        let long = mrz_name(&format!("{}, ANNA", "B".repeat(40)));
        assert_eq!((long.text.len(), long.chars_needed), (39, 46));
        assert!(long.text.ends_with("B<<A"));
    }

    #[test]
    fn spellings_of_one_name_share_a_key_and_twins_do_not() {
        assert_eq!(likeness("Müller, Jörg-Uwe"), likeness("JORG UWE MUELLER"));
        assert_eq!(likeness("Åse Ñandú"), likeness("NANDU ASE"));
        assert_ne!(likeness("ANNA EXAMPLE"), likeness("ANNE EXAMPLE"));
    }

    proptest! {
        #[test]
        fn the_two_parts_are_the_name(name in "[A-Z a-zé中文ŁØ'-]{0,40}") {
            if let Ok(parts) = chip_name(&name, 30, 20) {
                prop_assert!(parts.part1.len() <= 30 && parts.part2.len() <= 20);
                prop_assert!(parts.part2.is_empty() || parts.part1.len() >= 29);
                let (one, two) = (from_gbk(&parts.part1), from_gbk(&parts.part2));
                prop_assert!(one.is_some() && two.is_some(), "a character was cut");
                prop_assert_eq!(one.unwrap() + &two.unwrap(), chip_text(&name).ok().unwrap());
            } else {
                prop_assert!(gbk(&name).ok().unwrap().len() >= 50);
            }
        }

        #[test]
        fn mrz_names_hold_only_what_a_zone_may(name in "\\PC{0,80}") {
            let zone = mrz_name(&name);
            prop_assert!(zone.text.len() <= MRZ_NAME_CHARS);
            prop_assert!(zone.text.bytes().all(|b| b.is_ascii_uppercase() || b == b'<'));
        }
    }
}
