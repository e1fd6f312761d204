//! What a card and its application give a field, as text; and which of it the chip can't hold, found before there is a card.

use std::borrow::Cow;

use card::application::{Application, Sex};
use card::name::{ChipName, chip_name};
use card::profile::chip::{ChipLayout, NAME_FIELDS, PERMIT_CARD_NUMBER};
use card::{Card, country};
use jiff::civil::Date;

use crate::problem::ChipProblem;
use crate::value::{ValueFault, encode_value};

pub(super) fn name_parts(application: &Application, layout: &ChipLayout) -> Result<ChipName, ChipProblem> {
    let [part1_max, part2_max] = NAME_FIELDS.map(|field| layout.len_of(field).unwrap_or(0));
    if part1_max == 0 {
        return Ok(ChipName { part1: Vec::new(), part2: Vec::new() });
    }
    chip_name(&application.name, part1_max, part2_max).map_err(|fault| ChipProblem::new("name", ValueFault::from(fault)))
}

/// Constants of the layout are not among these.
pub(super) fn text_of<'a>(card: &'a Card, field: &str) -> Option<Cow<'a, str>> {
    let of_card = match field {
        "card_number" | PERMIT_CARD_NUMBER => Some(Cow::from(&card.number)),
        "division" => Some(Cow::from(&card.division)),
        "qr_payload" => Some(Cow::from(&card.qr_payload)),
        "issued_on" => Some(Cow::from(compact(card.issued_on))),
        "expires_on" => Some(Cow::from(compact(card.expires_on))),
        _ => None,
    };
    of_card.or_else(|| text_of_application(&card.application, field))
}

/// What an application alone gives a field; `None` for fields of the card.
fn text_of_application<'a>(a: &'a Application, field: &str) -> Option<Cow<'a, str>> {
    Some(match field {
        "ssn" => Cow::from(&a.ssn),
        "sex" => Cow::from(sex_code(a.sex)),
        "birth_date" => Cow::from(compact(a.birth_date)),
        "document_number" => Cow::from(&a.document_number),
        "employer_code" => Cow::from(&a.employer_code),
        "employer_name" => Cow::from(&a.employer_name),
        "name_zh" => Cow::from(a.name_zh.as_deref().unwrap_or("")),
        "nationality" => Cow::from(&a.nationality),
        "nationality_iso" => Cow::from(nationality_iso(a)),
        "work_permit_category" => Cow::from(a.work_permit_category.to_string()),
        "work_permit_from" => Cow::from(compact(a.work_permit_from)),
        "work_permit_number" => Cow::from(&a.work_permit_number),
        "work_permit_to" => Cow::from(compact(a.work_permit_to)),
        _ => return None,
    })
}

/// GB/T 2261.1 as EF06 has it (card-and-rules.md §3.3).
fn sex_code(sex: Sex) -> &'static str {
    match sex {
        Sex::M => "1",
        Sex::F => "2",
        Sex::X => "9",
    }
}

/// ISO alpha-3 of the nationality: where the document's code is none (`D`, `GBN` …), the one the agency gave the social security number.
#[must_use]
pub fn nationality_iso(a: &Application) -> &str {
    if country::is_iso(&a.nationality) { &a.nationality } else { a.ssn.get(..3).unwrap_or("") }
}

/// `YYYYMMDD`.
pub fn compact(date: Date) -> String {
    format!("{:04}{:02}{:02}", date.year(), date.month(), date.day())
}

/// What of an application the chip can't hold: one text for each field, with what was measured. The same code encodes later.
#[must_use]
pub fn check_texts(application: &Application, layout: &ChipLayout) -> Vec<String> {
    let name = name_parts(application, layout).err().map(|p| p.to_string());
    let records = layout.file.iter().flat_map(|f| &f.record).filter(|r| !NAME_FIELDS.contains(&r.field.as_str()));
    let wrong = records.filter_map(|r| {
        let text = text_of_application(application, &r.field)?;
        encode_value(r.kind, r.len_bytes, &text).err().map(|fault| format!("{}: {fault}", r.field))
    });
    name.into_iter().chain(wrong).collect()
}
