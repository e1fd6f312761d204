//! Who the card is for: names, sex, birth date, nationality, headgear.

use jiff::ToSpan as _;
use jiff::civil::Date;
use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

use super::reader::{Field, Reader};
use crate::application::{RawApplication, Sex};
use crate::country::{self, Country};
use crate::latin;
use crate::name;
use crate::reason::Code;
use crate::ssn;
use crate::text;

/// Marks on one letter: no orthography stacks more after composition.
const MARKS_ON_A_LETTER_MAX: usize = 3;
/// Code points shown in one reason.
const CODE_POINTS_SHOWN_MAX: usize = 8;

/// A field is `None` when it couldn't be understood; an absent optional one is `Some(None)`.
pub struct Person {
    pub name: Option<String>,
    pub name_zh: Option<Option<String>>,
    pub sex: Option<Sex>,
    pub birth_date: Option<Date>,
    pub nationality: Option<String>,
    pub religious_headgear: Option<bool>,
}

pub fn read(reader: &mut Reader<'_>) -> Person {
    Person {
        name: read_name(reader),
        name_zh: read_name_zh(reader),
        sex: reader.required_word("sex", &Sex::ALL, Sex::text),
        birth_date: read_birth_date(reader),
        nationality: read_nationality(reader),
        religious_headgear: read_headgear(reader),
    }
}

fn read_name(reader: &mut Reader<'_>) -> Option<String> {
    let value = reader.text("name", reader.profile.record.name_chars_max);
    let name = text::plain_punctuation(&reader.required("name", value)?);
    if let Some(c) = name.chars().find(|c| is_stand_in(*c)) {
        reader.say(Code::Rec07, format!("name: {}", text::code_point(c)), "ordinary letters");
    }
    let strange = strange_letters(&name);
    if !strange.is_empty() {
        reader.say(Code::Rec06, format!("name: {}", strange.join(", ")), "Latin letters");
    }
    if let Some(what) = no_passport_name(&name) {
        reader.say(Code::Rec10, format!("name: {what}"), "letters, space, ' - . , / between letters");
        return None;
    }
    fit_name(reader, &name);
    Some(name)
}

/// Compatibility forms, but not the letters among them that ICAO 9303-3 lists (Ĳ, Ŀ).
fn is_stand_in(c: char) -> bool {
    latin::readings(c).is_none() && text::first_compatibility_form(c.encode_utf8(&mut [0; 4])).is_some()
}

/// Letters that ICAO 9303-3 can't read as A–Z, with their place: other scripts and Latin look-alikes. Stand-ins have their own reason.
fn strange_letters(name: &str) -> Vec<String> {
    let strange = |c: char| is_letter(c) && latin::readings(c).is_none() && !is_stand_in(c);
    let places = name.chars().enumerate().filter(|(_, c)| strange(*c));
    places.map(|(i, c)| format!("{} at {}", text::code_point(c), i + 1)).take(CODE_POINTS_SHOWN_MAX).collect()
}

fn is_letter(c: char) -> bool {
    c.general_category_group() == GeneralCategoryGroup::Letter
}

fn is_mark(c: char) -> bool {
    c.general_category_group() == GeneralCategoryGroup::Mark
}

/// What no passport name has: a code point, or where punctuation stands wrongly. `None` for a name.
fn no_passport_name(name: &str) -> Option<String> {
    let letters: Vec<char> = name.chars().collect();
    let between_letters = |i: usize| i > 0 && is_letter(letters[i - 1]) && letters.get(i + 1).is_some_and(|c| is_letter(*c));
    let allowed = |i: usize, c: char| is_letter(c) || is_mark(c) || " '-.,".contains(c) || ("·/".contains(c) && between_letters(i));
    if let Some((i, c)) = letters.iter().enumerate().find(|(i, c)| !allowed(*i, **c)) {
        return Some(format!("{} at {}", text::code_point(*c), i + 1));
    }
    let first = letters.iter().find(|c| **c != '\'').copied().unwrap_or(' ');
    if !is_letter(first) {
        return Some(format!("begins with {}", text::code_point(letters[0])));
    }
    let stacked = letters.windows(MARKS_ON_A_LETTER_MAX + 1).any(|w| w.iter().all(|c| is_mark(*c)));
    stacked.then(|| format!("more than {MARKS_ON_A_LETTER_MAX} marks on a letter"))
}

/// REC-09: the name has to fit the machine-readable zone. Chip and card are asked by those who write them.
fn fit_name(reader: &mut Reader<'_>, name: &str) {
    let (needed, chars_max) = (name::mrz_name(name).chars_needed, reader.profile.record.name_mrz_chars_max);
    if needed > chars_max {
        reader.say(Code::Rec09, format!("name: {needed} characters in A-Z"), format!("{chars_max} characters"));
    }
}

fn read_name_zh(reader: &mut Reader<'_>) -> Option<Option<String>> {
    let name = match reader.text("name_zh", reader.profile.record.name_chars_max) {
        Field::Blank => return Some(None),
        Field::Refused => return None,
        Field::Text(name) => one_middle_dot(&name),
    };
    if let Some(c) = text::first_compatibility_form(&name) {
        reader.say(Code::Rec07, format!("name_zh: {}", text::code_point(c)), "ordinary characters");
        return Some(Some(name));
    }
    let allowed = |c: char| is_han(c) || c.is_ascii_alphabetic() || "· .".contains(c);
    let wrong = name.chars().find(|c| !allowed(*c)).or_else(|| name.chars().next().filter(|_| !name.chars().any(is_han)));
    if let Some(c) = wrong {
        reader.say(Code::Rec10, format!("name_zh: {}", text::code_point(c)), "Chinese characters, ·");
        return None;
    }
    Some(Some(name))
}

/// Keyboards have many dots for the one between the parts of a foreign name.
fn one_middle_dot(name: &str) -> String {
    name.replace(['\u{2022}', '\u{2027}', '\u{22C5}', '\u{30FB}', '\u{FF65}'], "·")
}

fn is_han(c: char) -> bool {
    matches!(c, '\u{3007}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{323AF}')
}

fn read_birth_date(reader: &mut Reader<'_>) -> Option<Date> {
    let birth_date = reader.past_date("birth_date")?;
    let rules = &reader.profile.record;
    let age = age_years(birth_date, reader.day);
    if age > rules.holder_age_years_max {
        reader.say(Code::Rec11, format!("birth_date: {age} years ago"), format!("{} years", rules.holder_age_years_max));
        return None;
    }
    if age < rules.holder_age_years_min {
        reader.say(Code::Rec12, format!("{age} years"), format!("{} years", rules.holder_age_years_min));
    }
    Some(birth_date)
}

/// Full years from birth to `day`; who is born on 29 February comes of age on 28 February.
fn age_years(birth_date: Date, day: Date) -> u32 {
    let years = u32::try_from(day.year() - birth_date.year()).unwrap_or(0);
    match birth_date.checked_add(i64::from(years).years()) {
        Ok(birthday) if birthday > day => years.saturating_sub(1),
        _ => years,
    }
}

fn read_nationality(reader: &mut Reader<'_>) -> Option<String> {
    let value = reader.code("nationality");
    let code = country::clean_code(&reader.required("nationality", value)?);
    let rules = &reader.profile.record;
    match country::country(&code) {
        Country::Unknown => reader.say(Code::Rec17, "nationality", "ICAO 9303-3"),
        Country::Specimen if !rules.specimen_nationality_allowed => reader.say(Code::Rec17, "nationality: specimen", "ICAO 9303-3"),
        Country::Specimen => return Some(code),
        Country::Chinese => {
            reader.say(Code::Rec18, "nationality", "a foreign nationality");
            return Some(code);
        }
        Country::Iso | Country::IcaoOnly => {
            if ssn::prefix_of(&code, rules).is_none() {
                reader.say(Code::Rec28, "nationality", "a settled prefix");
            }
            return Some(code);
        }
    }
    None
}

const HEADGEAR_WORDS: [(&str, bool); 6] = [("no", false), ("yes", true), ("false", false), ("true", true), ("0", false), ("1", true)];

/// Whether a row declares headgear worn for religion, in one of the words a row may use, whatever else is wrong with it.
#[must_use]
pub fn declares_headgear(raw: &RawApplication) -> bool {
    let said = raw.get("religious_headgear").trim();
    HEADGEAR_WORDS.iter().any(|(word, worn)| *worn && word.eq_ignore_ascii_case(said))
}

fn read_headgear(reader: &mut Reader<'_>) -> Option<bool> {
    match reader.code("religious_headgear") {
        Field::Blank => Some(false),
        Field::Refused => None,
        Field::Text(word) => reader.word("religious_headgear", &word, &HEADGEAR_WORDS, |(word, _)| word).map(|(_, worn)| worn),
    }
}
