//! ICAO 9303-3 §6: how letters of Latin alphabets become A–Z. One table for the machine-readable zone, the chip's GBK and likeness keys.
//! Letters of other scripts have no answer here: the field holds the passport's Latin name.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// What one letter may become: the first is ours, the others are allowed to states.
type Readings = &'static [&'static str];

/// Letters that lose more than a mark, or that have several readings. Upper case, sorted.
/// Up to U+1E9E from ICAO 9303-3 table A; the rest, marked *, by the custom of the countries that write them.
#[rustfmt::skip]
static SPECIAL: [(char, Readings); 46] = [
    ('Ä', &["AE", "A"]),          // U+00C4
    ('Å', &["AA", "A"]),          // U+00C5
    ('Æ', &["AE"]),               // U+00C6
    ('Ð', &["D"]),                // U+00D0
    ('Ñ', &["N", "NXX"]),         // U+00D1
    ('Ö', &["OE", "O"]),          // U+00D6
    ('Ø', &["OE", "O"]),          // U+00D8
    ('Ü', &["UE", "UXX", "U"]),   // U+00DC
    ('Þ', &["TH"]),               // U+00DE
    ('ß', &["SS"]),               // U+00DF
    ('Đ', &["D"]),                // U+0110
    ('Ħ', &["H"]),                // U+0126
    ('ı', &["I"]),                // U+0131
    ('Ĳ', &["IJ"]),               // U+0132
    ('ĸ', &["K", "Q"]),           // U+0138 *
    ('Ŀ', &["L"]),                // U+013F
    ('Ł', &["L"]),                // U+0141
    ('ŉ', &["N"]),                // U+0149
    ('Ŋ', &["N"]),                // U+014A
    ('Œ', &["OE"]),               // U+0152
    ('Ŧ', &["T"]),                // U+0166
    ('Ɓ', &["B"]),                // U+0181 *
    ('Ɔ', &["O"]),                // U+0186 *
    ('Ɖ', &["D"]),                // U+0189 *
    ('Ɗ', &["D"]),                // U+018A *
    ('Ǝ', &["E"]),                // U+018E *
    ('Ə', &["A", "E", "AE"]),     // U+018F * Azerbaijan
    ('Ɛ', &["E"]),                // U+0190 *
    ('Ƒ', &["F"]),                // U+0191 *
    ('Ɣ', &["G"]),                // U+0194 *
    ('Ɨ', &["I"]),                // U+0197 *
    ('Ƙ', &["K"]),                // U+0198 *
    ('Ɲ', &["N"]),                // U+019D *
    ('Ƥ', &["P"]),                // U+01A4 *
    ('Ƭ', &["T"]),                // U+01AC *
    ('Ʋ', &["V"]),                // U+01B2 *
    ('Ƴ', &["Y"]),                // U+01B3 *
    ('Ƶ', &["Z"]),                // U+01B5 *
    ('Ʒ', &["Z"]),                // U+01B7 * Skolt Sami
    ('Ǥ', &["G"]),                // U+01E4 * Skolt Sami
    ('Ǽ', &["AE"]),               // U+01FC
    ('Ǿ', &["OE", "O"]),          // U+01FE
    ('Ⱥ', &["A"]),                // U+023A *
    ('Ƀ', &["B"]),                // U+0243 *
    ('Ʉ', &["U"]),                // U+0244 *
    ('ẞ', &["SS"]),               // U+1E9E
];

static LETTERS: [&str; 26] = ["A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "K", "L", "M", "N", "O", "P", "Q", "R", "S", "T", "U", "V", "W", "X", "Y", "Z"];

/// Every allowed A–Z reading of a letter; `None` when it has none. Combining marks and apostrophe-like letters (okina) read as nothing.
#[must_use]
pub fn readings(c: char) -> Option<Readings> {
    if is_combining_mark(c) || matches!(c, '\u{02B9}'..='\u{02BF}') {
        return Some(&[""]);
    }
    let upper = upper(c);
    if let Ok(at) = SPECIAL.binary_search_by_key(&upper, |(letter, _)| *letter) {
        return Some(SPECIAL[at].1);
    }
    let base = if upper.is_ascii() { upper } else { std::iter::once(upper).nfd().next()? };
    let base = base.to_ascii_uppercase();
    base.is_ascii_uppercase().then(|| std::slice::from_ref(&LETTERS[usize::from(base as u8 - b'A')]))
}

/// Our reading of a letter.
#[must_use]
pub fn reading(c: char) -> Option<&'static str> {
    readings(c).map(|r| r[0])
}

/// Upper case where that is one letter; `ß`, `ŉ` and their like stay, and so does the long s: a stand-in, not a letter of passports.
fn upper(c: char) -> char {
    let mut upper = c.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(single), None) if c != 'ı' && c != 'ſ' => single,
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_so_that_every_letter_is_found() {
        assert!(SPECIAL.windows(2).all(|w| w[0].0 < w[1].0));
        for (letter, expected) in SPECIAL {
            assert_eq!(readings(letter), Some(expected), "{letter}");
        }
    }

    #[test]
    fn the_letters_of_icao_9303() {
        for (letters, expected) in [
            ("ÁÀÂÃĂĀĄáàâãăāą", "A"),
            ("ĆĈČĊÇćĉčċç", "C"),
            ("ĎĐÐďđð", "D"),
            ("ÉÈÊËĚĖĒĘĔéèêëěėēęĕ", "E"),
            ("ĜĞĠĢĝğġģ", "G"),
            ("ĤĦĥħ", "H"),
            ("ÍÌÎÏĨİĪĮĬIıíìîïĩīįĭi", "I"),
            ("Ĵĵ", "J"),
            ("Ķķ", "K"),
            ("ŁĹĽĻĿłĺľļŀ", "L"),
            ("ŃÑŇŅŊńñňņŋ", "N"),
            ("ÓÒÔÕŐŌŎóòôõőōŏ", "O"),
            ("ŔŘŖŕřŗ", "R"),
            ("ŚŜŠŞȘśŝšşș", "S"),
            ("ŤŢŦȚťţŧț", "T"),
            ("ÚÙÛŬŰŮŪŲŨúùûŭűůūųũ", "U"),
            ("Ŵŵ", "W"),
            ("ÝŶŸýŷÿ", "Y"),
            ("ŹŽŻźžż", "Z"),
            ("ÄÆäæǼǽ", "AE"),
            ("Åå", "AA"),
            ("ÖØŒöøœ", "OE"),
            ("Üü", "UE"),
            ("Þþ", "TH"),
            ("ßẞ", "SS"),
            ("Ĳĳ", "IJ"),
        ] {
            for c in letters.chars() {
                assert_eq!(reading(c), Some(expected), "{c}");
            }
        }
    }

    #[test]
    fn vietnamese_and_african_letters_read_too() {
        assert_eq!("ẦộỮđƠưɓɛŋɔƙə".chars().map(|c| reading(c).unwrap_or("?")).collect::<String>(), "AOUDOUBENOKA");
        assert_eq!("\u{301}ʻʼ".chars().map(reading).collect::<Vec<_>>(), [Some(""); 3]);
    }

    #[test]
    fn what_is_no_latin_letter_has_no_reading() {
        for c in ['а', 'Ω', '中', '1', '-', '\'', 'ɑ', 'Ａ', 'ſ', 'ﬁ'] {
            assert_eq!(readings(c), None, "{c}");
        }
    }
}
