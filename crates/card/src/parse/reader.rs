//! Takes one field at a time from a row: tidies it, refuses what may stand in no field, and keeps the reasons.
//! A value of a reason is a field's name and what was measured, never the field's content.

use jiff::civil::Date;

use crate::application::RawApplication;
use crate::profile::Profile;
use crate::reason::{Code, Reason};
use crate::text::{self, Unfit};

/// No birth, permit or document of a living person is older.
const YEAR_MIN: i16 = 1880;

pub struct Reader<'a> {
    raw: &'a RawApplication,
    pub day: Date,
    pub profile: &'a Profile,
    reasons: Vec<Reason>,
}

/// What a field held.
pub enum Field {
    Blank,
    /// Tidied: NFC, single spaces, no unfit character.
    Text(String),
    /// The reason has been given.
    Refused,
}

impl<'a> Reader<'a> {
    pub fn new(raw: &'a RawApplication, day: Date, profile: &'a Profile) -> Self {
        Self { raw, day, profile, reasons: Vec::new() }
    }

    pub fn into_reasons(self) -> Vec<Reason> {
        self.reasons
    }

    /// Keeps a reason, with the effect the profile gives its code.
    pub fn say(&mut self, code: Code, value: impl Into<String>, limit: impl Into<String>) {
        self.reasons.push(self.profile.reason(code, value, limit));
    }

    pub fn raw(&self, field: &str) -> &'a str {
        self.raw.get(field).trim()
    }

    /// A field that holds a name or free text: `Null` is somebody.
    pub fn text(&mut self, field: &'static str, chars_max: usize) -> Field {
        self.field(field, chars_max, text::stands_for_nothing, Code::Rec04)
    }

    /// A field that holds a code, number or word of a list: `NULL` is nothing.
    pub fn code(&mut self, field: &'static str) -> Field {
        self.field(field, self.profile.record.text_chars_max, text::stands_for_nothing_in_code, Code::Rec04)
    }

    /// A field that goes on labels: control characters are ADR-01 there.
    pub fn mail(&mut self, field: &'static str) -> Field {
        self.field(field, self.profile.record.address_chars_max, text::stands_for_nothing, Code::Adr01)
    }

    fn field(&mut self, field: &'static str, chars_max: usize, is_blank: fn(&str) -> bool, control: Code) -> Field {
        let raw = self.raw(field);
        if is_blank(raw) {
            return Field::Blank;
        }
        let chars = raw.chars().count();
        if chars > chars_max {
            self.say(Code::Rec03, format!("{field}: {chars} characters"), format!("{chars_max} characters"));
            return Field::Refused;
        }
        if let Some((c, kind)) = text::first_unfit(raw) {
            let code = if kind == Unfit::Control { control } else { Code::Rec05 };
            self.say(code, format!("{field}: {}", text::code_point(c)), "printable text");
            return Field::Refused;
        }
        let delimiter = self.profile.encode.delimiter;
        if raw.contains(delimiter) {
            // In the partner's file it would begin the next column.
            self.say(control, format!("{field}: {}", text::code_point(delimiter)), "printable text without the delimiter");
            return Field::Refused;
        }
        Field::Text(text::tidy(raw))
    }

    /// The text of a field that must have one.
    pub fn required(&mut self, field: &'static str, value: Field) -> Option<String> {
        match value {
            Field::Text(text) => Some(text),
            Field::Refused => None,
            Field::Blank => {
                self.say(Code::Rec02, field, "required");
                None
            }
        }
    }

    /// A word of a list, in any case; `None` when it isn't one.
    pub fn word<T: Copy>(&mut self, field: &'static str, word: &str, all: &[T], spelt: fn(T) -> &'static str) -> Option<T> {
        let found = all.iter().copied().find(|one| spelt(*one).eq_ignore_ascii_case(word));
        if found.is_none() {
            let list: Vec<&str> = all.iter().map(|one| spelt(*one)).collect();
            self.say(Code::Rec26, field, list.join(", "));
        }
        found
    }

    pub fn required_word<T: Copy>(&mut self, field: &'static str, all: &[T], spelt: fn(T) -> &'static str) -> Option<T> {
        let value = self.code(field);
        let word = self.required(field, value)?;
        self.word(field, &word, all, spelt)
    }

    pub fn required_date(&mut self, field: &'static str) -> Option<Date> {
        let value = self.code(field);
        let text = self.required(field, value)?;
        self.date(field, &text)
    }

    /// An ISO date; two-digit years, other orders and days that don't exist are refused.
    pub fn date(&mut self, field: &'static str, text: &str) -> Option<Date> {
        let bytes = text.as_bytes();
        let form = bytes.len() == 10 && bytes.iter().enumerate().all(|(i, b)| if i == 4 || i == 7 { *b == b'-' } else { b.is_ascii_digit() });
        if !form {
            self.say(Code::Rec11, format!("{field}: not YYYY-MM-DD"), "YYYY-MM-DD");
            return None;
        }
        match text.parse::<Date>() {
            Ok(date) if date.year() >= YEAR_MIN => Some(date),
            _ => {
                self.say(Code::Rec11, format!("{field}: no such day"), "YYYY-MM-DD");
                None
            }
        }
    }

    /// A date that has to lie on or before the day of arrival.
    pub fn past_date(&mut self, field: &'static str) -> Option<Date> {
        let date = self.required_date(field)?;
        if date > self.day {
            self.say(Code::Rec11, format!("{field}: in the future"), "the day of arrival");
            return None;
        }
        Some(date)
    }
}
