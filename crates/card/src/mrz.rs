//! The passport's machine-readable zone, TD3: two lines of 44 (ICAO 9303-4). Reads it, checks its digits, and says which
//! fields of an application disagree with it. Never repairs it, never shows it.

use jiff::civil::Date;

use crate::application::Sex;
use crate::country;
use crate::latin;
use crate::name;
use crate::ssn::document_tail;

pub const LINE_CHARS: usize = 44;
/// Where line 1 keeps the name.
const NAME_AT: usize = 5;

/// Why a text is no TD3 zone whose digits check.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum MrzFault {
    /// Characters without separators, instead of 88.
    Length(usize),
    /// A character other than `A-Z 0-9 <`.
    Charset(char),
    /// Line 1 doesn't begin with `P`.
    NotPassport,
    /// The parts whose check digit is wrong.
    Check(Vec<&'static str>),
}

/// The two lines of a zone: upper case, separators (line end, `|`, spaces) taken out, all check digits right.
///
/// # Errors
/// What is wrong with it.
pub fn read(text: &str) -> Result<[String; 2], MrzFault> {
    let zone: String = text.chars().filter(|c| !c.is_whitespace() && *c != '|').map(|c| c.to_ascii_uppercase()).collect();
    if let Some(wrong) = zone.chars().find(|c| !(c.is_ascii_uppercase() || c.is_ascii_digit() || *c == '<')) {
        return Err(MrzFault::Charset(wrong));
    }
    if zone.len() != 2 * LINE_CHARS {
        return Err(MrzFault::Length(zone.len()));
    }
    if !zone.starts_with('P') {
        return Err(MrzFault::NotPassport);
    }
    let (line1, line2) = zone.split_at(LINE_CHARS);
    match wrong_checks(line2) {
        wrong if wrong.is_empty() => Ok([line1.to_owned(), line2.to_owned()]),
        wrong => Err(MrzFault::Check(wrong)),
    }
}

/// The 7-3-1 check digit of a part of the zone; `None` for characters a zone can't hold.
#[must_use]
pub fn check_digit(part: &str) -> Option<char> {
    let mut sum = 0;
    for (byte, weight) in part.bytes().zip([7, 3, 1].into_iter().cycle()) {
        sum += weight * value(byte)?;
    }
    char::from_digit(sum % 10, 10)
}

fn value(byte: u8) -> Option<u32> {
    match byte {
        b'0'..=b'9' => Some(u32::from(byte - b'0')),
        b'A'..=b'Z' => Some(u32::from(byte - b'A') + 10),
        b'<' => Some(0),
        _ => None,
    }
}

/// Parts of line 2 whose check digit is wrong. An empty optional part may carry `<` instead of 0.
fn wrong_checks(line2: &str) -> Vec<&'static str> {
    let composite = format!("{}{}{}", &line2[..10], &line2[13..20], &line2[21..43]);
    let empty_optional = line2[28..42].bytes().all(|b| b == b'<');
    let parts = [
        ("document_number", &line2[..9], 9),
        ("birth_date", &line2[13..19], 19),
        ("document_expiry", &line2[21..27], 27),
        ("optional", &line2[28..42], 42),
        ("composite", composite.as_str(), 43),
    ];
    let right = |part: &str, at: usize| {
        let found = line2[at..].chars().next();
        check_digit(part) == found || (at == 42 && empty_optional && found == Some('<'))
    };
    parts.into_iter().filter(|(_, part, at)| !right(part, *at)).map(|(name, ..)| name).collect()
}

/// What an application says about the passport; `None` for what couldn't be understood and so isn't compared.
#[derive(Clone, Copy, Default)]
pub struct Claimed<'a> {
    pub name: Option<&'a str>,
    pub document_number: Option<&'a str>,
    pub nationality: Option<&'a str>,
    pub birth_date: Option<Date>,
    pub sex: Option<Sex>,
    pub document_expiry: Option<Date>,
}

/// Names of the application's fields that differ from the zone, in the order of the application. Lines must come from [`read`].
#[must_use]
pub fn differing(lines: &[String; 2], claimed: &Claimed) -> Vec<&'static str> {
    let line2 = lines[1].as_str();
    let agrees = [
        ("name", claimed.name.is_none_or(|n| name_agrees(n, &lines[0][NAME_AT..]))),
        ("sex", claimed.sex.is_none_or(|s| sex_agrees(s, &line2[20..21]))),
        ("birth_date", claimed.birth_date.is_none_or(|d| date_agrees(d, &line2[13..19]))),
        ("nationality", claimed.nationality.is_none_or(|n| country::clean_code(&line2[10..13]) == n)),
        ("document_number", claimed.document_number.is_none_or(|n| document_tail(n) == number(lines))),
        ("document_expiry", claimed.document_expiry.is_none_or(|d| date_agrees(d, &line2[21..27]))),
    ];
    agrees.into_iter().filter(|(_, agrees)| !agrees).map(|(field, _)| field).collect()
}

/// The document number of the zone, without filler.
#[must_use]
pub fn number(lines: &[String; 2]) -> &str {
    lines[1][..9].trim_end_matches('<')
}

/// Whether two document numbers differ only where O and 0, or I and 1, stand for each other.
#[must_use]
pub fn confusable(a: &str, b: &str) -> bool {
    let folded = |t: &str| document_tail(t).replace('O', "0").replace('I', "1");
    document_tail(a) != document_tail(b) && folded(a) == folded(b)
}

fn sex_agrees(sex: Sex, zone: &str) -> bool {
    match sex {
        Sex::M => zone == "M",
        Sex::F => zone == "F",
        Sex::X => zone == "<" || zone == "X",
    }
}

/// Unknown parts of a date are filler in the zone and agree with anything.
fn date_agrees(date: Date, zone: &str) -> bool {
    let written = date.strftime("%y%m%d").to_string();
    written.bytes().zip(zone.bytes()).all(|(a, b)| a == b || b == b'<')
}

/// Whether a name is the zone's name: any state's transliteration, words joined or divided differently, surname first or last,
/// and, when the zone's field is full, shortened or dropped words (ICAO 9303-4 §4.2.3).
#[must_use]
pub fn name_agrees(name: &str, zone: &str) -> bool {
    let words: Vec<&str> = name.split([' ', '-', ',']).filter(|w| w.chars().any(|c| latin::readings(c).is_some())).collect();
    let zone_words: Vec<&str> = zone.split('<').filter(|w| !w.is_empty()).collect();
    let zone_letters = zone_words.concat();
    // A cut may fall on the filler between two words.
    let full = zone.trim_end_matches('<').len() + 1 >= name::MRZ_NAME_CHARS && name::mrz_name(name).chars_needed >= name::MRZ_NAME_CHARS;
    (0..words.len()).any(|first| {
        let turned = || words[first..].iter().chain(&words[..first]).copied();
        let all = turned().flat_map(str::chars);
        reads_as(all, &zone_letters, false) || (full && is_shortened(turned(), &zone_words))
    })
}

/// Each word of the zone begins a word of the name, in order; words between may be missing.
fn is_shortened<'a>(mut words: impl Iterator<Item = &'a str>, zone_words: &[&str]) -> bool {
    !zone_words.is_empty() && zone_words.iter().all(|zone| words.any(|word| reads_as(word.chars(), zone, true)))
}

/// Whether letters, each in any allowed reading, spell `text` (at most 63 letters); with `prefix`, whether some first part of them does.
fn reads_as(letters: impl Iterator<Item = char>, text: &str, prefix: bool) -> bool {
    if text.len() > 63 {
        return false;
    }
    // Bit p: the letters so far can spell the first p letters of the text.
    let mut reached = 1_u64;
    let end = 1_u64 << text.len();
    for letter in letters {
        let Some(readings) = latin::readings(letter) else { continue };
        reached = readings.iter().fold(0, |next, reading| next | advance(reached, reading, text));
        if reached == 0 || (prefix && reached & end != 0) {
            break;
        }
    }
    reached & end != 0
}

fn advance(reached: u64, reading: &str, text: &str) -> u64 {
    let fits = |at: &usize| reached >> at & 1 == 1 && text[*at..].starts_with(reading);
    (0..=text.len()).filter(fits).fold(0, |next, at| next | 1 << (at + reading.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    const LINE1: &str = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<";
    const SPECIMEN: &str = "L898902C36UTO7408122F1204159ZE184226B<<<<<10";
    const SYNTHETIC: &str = "X123456785UTO9001011M3001019<<<<<<<<<<<<<<<6";

    fn zone(line1: &str, line2: &str) -> [String; 2] {
        [line1.to_owned(), line2.to_owned()]
    }

    #[test]
    fn the_specimens_check() {
        assert!(read(&format!("{LINE1}\n{SPECIMEN}")).is_ok());
        assert!(read(&format!("{LINE1} | {}", SYNTHETIC.to_lowercase())).is_ok());
        let zero = format!("{}0{}", &SYNTHETIC[..42], &SYNTHETIC[43..]);
        assert!(read(&format!("{LINE1}{zero}")).is_ok(), "0 for empty optional data");
    }

    #[test]
    fn wrong_zones_say_why() {
        assert_eq!(read("P<"), Err(MrzFault::Length(2)));
        assert_eq!(read(""), Err(MrzFault::Length(0)));
        assert_eq!(read(&format!("{LINE1}{}", SPECIMEN.replace('L', "é"))), Err(MrzFault::Charset('é')));
        assert_eq!(read(&format!("I{}{SPECIMEN}", &LINE1[1..])), Err(MrzFault::NotPassport));
        let other_birth = SPECIMEN.replace("740812", "740813");
        assert_eq!(read(&format!("{LINE1}{other_birth}")), Err(MrzFault::Check(vec!["birth_date", "composite"])));
        let other_composite = format!("{}1", &SPECIMEN[..43]);
        assert_eq!(read(&format!("{LINE1}{other_composite}")), Err(MrzFault::Check(vec!["composite"])));
        let filler_for_used = format!("{}<{}", &SPECIMEN[..42], &SPECIMEN[43..]);
        assert_eq!(read(&format!("{LINE1}{filler_for_used}")), Err(MrzFault::Check(vec!["optional", "composite"])));
    }

    #[test]
    fn agreement_names_the_fields_that_differ() {
        let lines = zone(LINE1, SPECIMEN);
        let claimed = Claimed {
            name: Some("Anna Maria Eriksson"),
            document_number: Some("L898902C3"),
            nationality: Some("UTO"),
            birth_date: Some(date(1974, 8, 12)),
            sex: Some(Sex::F),
            document_expiry: Some(date(2012, 4, 15)),
        };
        assert!(differing(&lines, &claimed).is_empty());
        let other = Claimed { name: Some("Anna Maria Erikson"), sex: Some(Sex::X), birth_date: Some(date(1974, 8, 13)), ..claimed };
        assert_eq!(differing(&lines, &other), ["name", "sex", "birth_date"]);
        let other = Claimed { document_number: Some("L898902C4"), nationality: Some("SWE"), document_expiry: Some(date(2013, 4, 15)), ..claimed };
        assert_eq!(differing(&lines, &other), ["nationality", "document_number", "document_expiry"]);
        assert!(differing(&lines, &Claimed::default()).is_empty());
    }

    #[test]
    fn unknown_date_parts_agree_with_any() {
        assert!(date_agrees(date(1974, 8, 12), "74<<<<"));
        assert!(!date_agrees(date(1974, 8, 12), "75<<<<"));
    }

    #[test]
    fn names_agree_across_transliterations_and_orders() {
        let pad = |name: &str| format!("{name:<<39}");
        for (field, zone) in [
            ("Jörg Müller", "MUELLER<<JOERG"),
            ("Jörg Müller", "MULLER<<JORG"),
            ("Jörg Müller", "MUXXLLER<<JOERG"),
            ("O'Néill-Müller Seán", "ONEILL<MUELLER<<SEAN"),
            ("Åse Ñandú", "NXXANDU<<AASE"),
            ("Nguyễn Thị Ánh", "NGUYEN<<THI<ANH"),
            ("Ramasamy A/L Muthu", "RAMASAMY<A<L<MUTHU"),
            ("Van der Berg, Jan", "VANDER<BERG<<JAN"),
            ("Sukarno", "SUKARNO"),
            ("ƏLİYEV RƏNA", "ALIYEV<<RANA"),
        ] {
            assert!(name_agrees(field, &pad(zone)), "{field}");
        }
        assert!(!name_agrees("Anna Example", &pad("EXAMPLE<<ANNE")));
        assert!(!name_agrees("Anna Example", &pad("EXAMPLE")), "a short zone is not shortened");
        assert!(!name_agrees("", &pad("")));
    }

    #[test]
    fn full_zones_may_be_shortened() {
        let name = "NILAVADHANANANDA CHAYAPA DEJTHAMRONG KRASUANG";
        assert!(name_agrees(name, "NILAVADHANANANDA<<CHAYAPA<DEJTHAMRONG<K"));
        assert!(name_agrees(name, "NILAVADHANANANDA<<CHAYAPA<DEJTHAMRO<KRA"));
        assert!(!name_agrees(name, "NILAVADHANANANDA<<CHAYAPA<DEJTHAMRONG<B"));
    }

    #[test]
    fn confusable_numbers_are_told_from_different_ones() {
        assert!(confusable("XO1234I", "X012341"));
        assert!(!confusable("X01234", "X01234"));
        assert!(!confusable("X01234", "X01235"));
    }

    proptest! {
        #[test]
        fn any_text_is_answered(text in "\\PC{0,100}") {
            let _ = read(&text);
            let _ = name_agrees(&text, "EXAMPLE<<ANNA<<<<<<<<<<<<<<<<<<<<<<<<<<");
        }

        /// A zone made from a name agrees with that name, however long.
        #[test]
        fn a_zone_agrees_with_its_own_name(name in "[A-ZÄÖÜØÑÉ][A-ZÄÖÜØÑÉa-z' -]{0,60}") {
            let zone = format!("{:<<39}", name::mrz_name(&name).text);
            prop_assert!(name_agrees(&name, &zone));
        }

        /// 7-3-1 sees every single wrong digit (weights are prime to 10).
        #[test]
        fn a_wrong_digit_is_seen(part in "[0-9]{1,9}", at in 0usize..9, other in 0u8..10) {
            let at = at % part.len();
            let mut wrong = part.clone().into_bytes();
            wrong[at] = b'0' + other;
            let wrong = String::from_utf8(wrong).unwrap();
            prop_assert_eq!(wrong == part, check_digit(&wrong) == check_digit(&part));
        }
    }
}
