//! The identity document, its machine-readable zone, and the social security number that carries its number.

use jiff::ToSpan as _;
use jiff::civil::Date;

use super::person::Person;
use super::reader::{Field, Reader};
use crate::application::DocumentType;
use crate::mrz::{self, Claimed, MrzFault};
use crate::pr_card::{self, PrFault, PrNumber};
use crate::reason::Code;
use crate::ssn::{self, SsnFault};
use crate::text;

/// No state issues passports with shorter numbers.
const NUMBER_CHARS_MIN: usize = 4;

pub struct Document {
    pub document_type: Option<DocumentType>,
    pub number: Option<String>,
    pub expiry: Option<Date>,
    pub mrz: Option<Option<[String; 2]>>,
    pub ssn: Option<String>,
}

pub fn read(reader: &mut Reader<'_>, person: &Person) -> Document {
    let document_type = reader.required_word("document_type", &DocumentType::ALL, DocumentType::text);
    let number = read_number(reader);
    let expiry = read_expiry(reader);
    let pr = match (document_type, &number) {
        (Some(DocumentType::PrCard), Some(number)) => Some(check_pr(reader, number, person)),
        _ => None,
    };
    let mrz = read_mrz(reader);
    if let Some(Some(lines)) = &mrz {
        let passport = document_type == Some(DocumentType::Passport);
        compare_mrz(reader, lines, person, number.as_deref().filter(|_| passport), expiry.filter(|_| passport));
    }
    let tail = number.as_deref().and_then(|n| expected_tail(n, document_type, pr));
    let ssn = read_ssn(reader, person.nationality.as_deref(), tail.as_deref());
    Document { document_type, number: number.filter(|_| pr != Some(None)), expiry, mrz, ssn }
}

/// Case and spaces are cleaned, nothing else (faults.md C20).
fn read_number(reader: &mut Reader<'_>) -> Option<String> {
    let value = reader.code("document_number");
    let text = reader.required("document_number", value)?;
    let number: String = text.chars().filter(|c| *c != ' ').map(|c| c.to_ascii_uppercase()).collect();
    if let Some(c) = number.chars().find(|c| !(c.is_ascii_uppercase() || c.is_ascii_digit() || "-./".contains(*c))) {
        reader.say(Code::Rec26, format!("document_number: {}", text::code_point(c)), "A-Z, 0-9, - . /");
        return None;
    }
    let chars = ssn::document_tail(&number).len();
    if chars < NUMBER_CHARS_MIN {
        reader.say(Code::Rec26, format!("document_number: {chars} letters and digits"), format!("at least {NUMBER_CHARS_MIN}"));
        return None;
    }
    Some(number)
}

fn read_expiry(reader: &mut Reader<'_>) -> Option<Date> {
    let expiry = reader.required_date("document_expiry")?;
    let months = reader.profile.record.document_valid_months_min;
    let needed = reader.day.saturating_add(i64::from(months).months());
    if expiry < needed {
        let value = if expiry < reader.day { "document_expiry: expired" } else { "document_expiry: too soon" };
        reader.say(Code::Rec13, value, format!("valid on {needed}"));
    }
    Some(expiry)
}

/// `None` when the number is wrong; its reason has been given.
fn check_pr(reader: &mut Reader<'_>, number: &str, person: &Person) -> Option<PrNumber> {
    let iso = person.nationality.as_deref().and_then(|n| ssn::prefix_of(n, &reader.profile.record));
    match pr_card::read(number, iso, person.birth_date) {
        Ok(PrNumber::New) => {
            reader.say(Code::Rec31, "document_number: 18 characters", "a settled rule");
            Some(PrNumber::New)
        }
        Ok(PrNumber::Old) => Some(PrNumber::Old),
        Err(fault) => {
            let what = match fault {
                PrFault::Form => "form",
                PrFault::Check => "check character",
                PrFault::Nationality => "differs from nationality",
                PrFault::BirthDate => "differs from birth_date",
            };
            reader.say(Code::Rec27, format!("document_number: {what}"), "15 or 18 characters as on the card");
            None
        }
    }
}

fn read_mrz(reader: &mut Reader<'_>) -> Option<Option<[String; 2]>> {
    let raw = reader.raw("mrz");
    if text::stands_for_nothing_in_code(raw) {
        return Some(None);
    }
    let (value, limit) = match mrz::read(raw) {
        Ok(lines) => return Some(Some(lines)),
        Err(MrzFault::Length(chars)) => (format!("mrz: {chars} characters"), "2 x 44 characters"),
        Err(MrzFault::Charset(c)) => (format!("mrz: {}", text::code_point(c)), "A-Z, 0-9, <"),
        Err(MrzFault::NotPassport) => ("mrz: line 1".to_owned(), "P"),
        Err(MrzFault::Check(parts)) => (format!("mrz: {}", parts.join(", ")), "check digits 7-3-1"),
    };
    reader.say(Code::Rec14, value, limit);
    None
}

/// REC-15 names the fields that differ; a number that differs only in O/0 or I/1 is REC-16 instead.
fn compare_mrz(reader: &mut Reader<'_>, lines: &[String; 2], person: &Person, number: Option<&str>, expiry: Option<Date>) {
    let claimed = Claimed {
        name: person.name.as_deref(),
        document_number: number,
        nationality: person.nationality.as_deref(),
        birth_date: person.birth_date,
        sex: person.sex,
        document_expiry: expiry,
    };
    let mut differing = mrz::differing(lines, &claimed);
    if number.is_some_and(|n| mrz::confusable(n, mrz::number(lines))) {
        differing.retain(|field| *field != "document_number");
        reader.say(Code::Rec16, "document_number and mrz", "the same characters");
    }
    if !differing.is_empty() {
        reader.say(Code::Rec15, differing.join(", "), "as in the machine-readable zone");
    }
}

/// What should follow the reserved position (card-and-rules.md 1.4, 1.6); `None` where no rule is settled.
fn expected_tail(number: &str, document_type: Option<DocumentType>, pr: Option<Option<PrNumber>>) -> Option<String> {
    match (document_type?, pr) {
        (DocumentType::Passport, _) => Some(ssn::document_tail(number)),
        (DocumentType::PrCard, Some(Some(PrNumber::Old))) => Some(number[3..].to_owned()),
        (DocumentType::PrCard, _) => None,
    }
}

fn read_ssn(reader: &mut Reader<'_>, nationality: Option<&str>, tail: Option<&str>) -> Option<String> {
    check_tail_length(reader, tail);
    let value = reader.code("ssn");
    let ssn = reader.required("ssn", value)?;
    let rules = &reader.profile.record;
    let prefix = nationality.filter(|n| crate::country::country(n) != crate::country::Country::Chinese).and_then(|n| ssn::prefix_of(n, rules));
    if let Err(fault) = ssn::check(&ssn, prefix, rules) {
        let what = match fault {
            SsnFault::Form => "form".to_owned(),
            SsnFault::Length(chars) => format!("{chars} characters"),
            SsnFault::Country => "country".to_owned(),
            SsnFault::Prefix => "prefix differs from nationality".to_owned(),
        };
        reader.say(Code::Rec19, format!("ssn: {what}"), format!("CCC0 and the document number, {}-{} characters", rules.ssn_chars_min, rules.ssn_chars_max));
        return None;
    }
    compare_tail(reader, &ssn, tail);
    Some(ssn)
}

/// No rule shortens a long number (card-and-rules.md 1.10).
fn check_tail_length(reader: &mut Reader<'_>, tail: Option<&str>) {
    let chars_max = reader.profile.record.document_number_chars_max;
    if let Some(chars) = tail.map(str::len).filter(|chars| *chars > chars_max) {
        reader.say(Code::Rec03, format!("document_number: {chars} letters and digits"), format!("{chars_max} letters and digits"));
    }
}

/// A renewed document makes the tail differ, so that only warns (card-and-rules.md 1.9).
fn compare_tail(reader: &mut Reader<'_>, ssn: &str, tail: Option<&str>) {
    match tail {
        Some(tail) if mrz::confusable(tail, ssn::tail(ssn)) => reader.say(Code::Rec16, "document_number and ssn", "the same characters"),
        Some(tail) if tail != ssn::tail(ssn) => reader.say(Code::Rec25, "ssn", "the document number"),
        _ => {}
    }
}

/// Reads an optional code of letters, digits and a few signs; used for references that outlets number themselves.
pub fn read_reference(reader: &mut Reader<'_>, field: &'static str) -> Option<Option<String>> {
    match reader.code(field) {
        Field::Blank => Some(None),
        Field::Refused => None,
        Field::Text(text) => {
            let form = text.chars().next().is_some_and(char::is_alphanumeric) && text.chars().all(|c| c.is_alphanumeric() || " ._-/()（）〔〕[]#".contains(c));
            if !form {
                reader.say(Code::Rec26, field, "letters, digits, . _ - / ( )");
                return None;
            }
            Some(Some(text))
        }
    }
}
