//! What is asked for: the application's own number, its kind, and what replacements and corrections refer to.

use jiff::civil::Date;

use super::document::read_reference;
use super::reader::{Field, Reader};
use crate::application::{BusinessType, Lane};
use crate::card_number;
use crate::reason::Code;
use crate::text;

/// Application numbers name files and appear in logs.
pub const APPLICATION_ID_CHARS_MAX: usize = 40;

pub struct Request {
    pub application_id: Option<String>,
    pub business_type: Option<BusinessType>,
    pub lane: Option<Lane>,
    pub receipt_number: Option<Option<String>>,
    pub due_on: Option<Option<Date>>,
    pub supersedes: Option<Option<String>>,
    pub loss_report: Option<Option<String>>,
    pub old_card_number: Option<Option<String>>,
}

pub fn read(reader: &mut Reader<'_>) -> Request {
    let application_id = read_id(reader, "application_id");
    let business_type = reader.required_word("business_type", &BusinessType::ALL, BusinessType::text);
    let supersedes = read_supersedes(reader, application_id.as_deref());
    Request {
        application_id,
        business_type,
        lane: read_lane(reader),
        receipt_number: read_reference(reader, "receipt_number"),
        due_on: read_due_on(reader),
        supersedes,
        loss_report: read_loss_report(reader, business_type),
        old_card_number: read_old_card_number(reader, business_type),
    }
}

/// Whether a text may be an application's number: 1–40 of `A-Z a-z 0-9 . _ -`, beginning with a letter or digit. Safe as a file name.
#[must_use]
pub fn is_application_id(text: &str) -> bool {
    let charset = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    charset && text.len() <= APPLICATION_ID_CHARS_MAX && text.starts_with(|c: char| c.is_ascii_alphanumeric())
}

fn read_id(reader: &mut Reader<'_>, field: &'static str) -> Option<String> {
    let value = reader.code(field);
    let text = reader.required(field, value)?;
    if !is_application_id(&text) {
        reader.say(Code::Rec26, field, format!("1-{APPLICATION_ID_CHARS_MAX} of A-Z a-z 0-9 . _ -"));
        return None;
    }
    Some(text)
}

fn read_supersedes(reader: &mut Reader<'_>, own: Option<&str>) -> Option<Option<String>> {
    if text::stands_for_nothing_in_code(reader.raw("supersedes")) {
        return Some(None);
    }
    let earlier = read_id(reader, "supersedes")?;
    if own == Some(earlier.as_str()) {
        reader.say(Code::Dup09, "supersedes: itself", "an earlier application");
        return None;
    }
    Some(Some(earlier))
}

fn read_lane(reader: &mut Reader<'_>) -> Option<Lane> {
    match reader.code("lane") {
        Field::Blank => Some(Lane::Normal),
        Field::Refused => None,
        Field::Text(word) => reader.word("lane", &word, &Lane::ALL, Lane::text),
    }
}

fn read_due_on(reader: &mut Reader<'_>) -> Option<Option<Date>> {
    match reader.code("due_on") {
        Field::Blank => Some(None),
        Field::Refused => None,
        Field::Text(text) => reader.date("due_on", &text).map(Some),
    }
}

fn read_loss_report(reader: &mut Reader<'_>, business_type: Option<BusinessType>) -> Option<Option<String>> {
    let report = read_reference(reader, "loss_report")?;
    if report.is_none() && business_type == Some(BusinessType::ReplaceLost) {
        reader.say(Code::Dup06, "loss_report: missing", "required for replace-lost");
    }
    Some(report)
}

/// The old card's number: needed where the old card is still there, and right wherever it is given.
fn read_old_card_number(reader: &mut Reader<'_>, business_type: Option<BusinessType>) -> Option<Option<String>> {
    let needed = matches!(business_type, Some(BusinessType::ReplaceDamaged | BusinessType::SameNumber));
    let number = match reader.code("old_card_number") {
        Field::Refused => return None,
        Field::Blank => {
            if needed {
                reader.say(Code::Dup06, "old_card_number: missing", "required for replace-damaged and same-number");
            }
            return Some(None);
        }
        Field::Text(number) => number.to_ascii_uppercase(),
    };
    if !card_number::is_valid(&number) {
        let code = if needed { Code::Dup06 } else { Code::Rec26 };
        reader.say(code, "old_card_number: check character", "8 characters and their check character");
        return None;
    }
    Some(Some(number))
}
