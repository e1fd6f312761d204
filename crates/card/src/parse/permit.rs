//! The work permit and the employer as the record states them, and the photo's name and age. What the permit register says comes later.

use jiff::ToSpan as _;
use jiff::civil::Date;

use super::reader::{Field, Reader};
use crate::employer::{self, CodeFault};
use crate::name;
use crate::profile::chip::EMPLOYER_FIELD;
use crate::reason::Code;

/// Folder of the photos inside a package; an outlet may write it or leave it out.
const PHOTO_FOLDER: &str = "photos/";

pub struct Permit {
    pub number: Option<String>,
    pub category: Option<char>,
    pub from: Option<Date>,
    pub to: Option<Date>,
    pub employer_name: Option<String>,
    pub employer_code: Option<String>,
}

pub fn read(reader: &mut Reader<'_>) -> Permit {
    let (number, category) = (read_number(reader), read_category(reader));
    let (from, to) = (reader.required_date("work_permit_from"), reader.required_date("work_permit_to"));
    check_period(reader, from, to);
    Permit { number, category, from, to, employer_name: read_employer_name(reader), employer_code: read_employer_code(reader) }
}

/// Opaque: no structure or check digit is published (card-and-rules.md 2.3). Missing is REC-20 too.
fn read_number(reader: &mut Reader<'_>) -> Option<String> {
    let rules = &reader.profile.record;
    let limit = format!("{}-{} letters and digits", rules.permit_number_chars_min, rules.permit_number_chars_max);
    let number = match reader.code("work_permit_number") {
        Field::Refused => return None,
        Field::Blank => {
            reader.say(Code::Rec20, "work_permit_number: missing", limit);
            return None;
        }
        Field::Text(number) => number,
    };
    let chars = number.chars().count();
    if !number.bytes().all(|b| b.is_ascii_alphanumeric()) {
        reader.say(Code::Rec20, "work_permit_number: other characters", limit);
        return None;
    }
    if !(rules.permit_number_chars_min..=rules.permit_number_chars_max).contains(&chars) {
        reader.say(Code::Rec20, format!("work_permit_number: {chars} characters"), limit);
        return None;
    }
    Some(number)
}

fn read_category(reader: &mut Reader<'_>) -> Option<char> {
    reader.required_word("work_permit_category", &['A', 'B', 'C'], |c| match c {
        'A' => "A",
        'B' => "B",
        _ => "C",
    })
}

/// A permit that isn't valid yet is the register's word (PRM-06), asked again every night.
fn check_period(reader: &mut Reader<'_>, from: Option<Date>, to: Option<Date>) {
    if let (Some(from), Some(to)) = (from, to)
        && from > to
    {
        reader.say(Code::Rec29, "work_permit_from after work_permit_to", "from on or before to");
    }
    if to.is_some_and(|to| to < reader.day) {
        reader.say(Code::Prm02, "work_permit_to", format!("valid on {}", reader.day));
    }
}

/// The employer's name goes on the chip: it has to fit there whole. Whether GBK has its characters, the chip says.
fn read_employer_name(reader: &mut Reader<'_>) -> Option<String> {
    let value = reader.text("employer_name", reader.profile.record.text_chars_max);
    let name = reader.required("employer_name", value)?;
    let bytes_max = reader.profile.chip.len_of(EMPLOYER_FIELD).unwrap_or(usize::MAX);
    match name::gbk(&name) {
        Ok(gbk) if gbk.len() > bytes_max => {
            reader.say(Code::Rec03, format!("employer_name: {} bytes GBK", gbk.len()), format!("{bytes_max} bytes"));
            None
        }
        _ => Some(name),
    }
}

fn read_employer_code(reader: &mut Reader<'_>) -> Option<String> {
    let value = reader.code("employer_code");
    let code = employer::clean_code(&reader.required("employer_code", value)?);
    match employer::check_code(&code) {
        Ok(()) => Some(code),
        Err(fault) => {
            let what = if fault == CodeFault::Form { "form" } else { "check character" };
            reader.say(Code::Rec30, format!("employer_code: {what}"), "18 characters, GB 32100");
            None
        }
    }
}

/// File name (without its folder) and the day it was taken.
pub struct Photo {
    pub file: Option<String>,
    pub taken_on: Option<Date>,
}

pub fn read_photo(reader: &mut Reader<'_>) -> Photo {
    Photo { file: read_photo_name(reader), taken_on: read_taken_on(reader) }
}

fn read_photo_name(reader: &mut Reader<'_>) -> Option<String> {
    let value = reader.text("photo", reader.profile.record.text_chars_max);
    let path = reader.required("photo", value)?;
    let file = path.strip_prefix(PHOTO_FOLDER).unwrap_or(&path);
    let lower = file.to_ascii_lowercase();
    let kind = lower.ends_with(".jpg") || lower.ends_with(".jpeg");
    if !kind || file.starts_with('.') || file.contains(['/', '\\', ':']) {
        reader.say(Code::Rec26, "photo", "a .jpg file of the package's photos folder");
        return None;
    }
    Some(file.to_owned())
}

fn read_taken_on(reader: &mut Reader<'_>) -> Option<Date> {
    let taken_on = reader.past_date("photo_taken_on")?;
    let months = reader.profile.record.photo_age_months_max;
    let oldest = reader.day.saturating_sub(i64::from(months).months());
    if taken_on < oldest {
        reader.say(Code::Pho15, "photo_taken_on", format!("{oldest} or later"));
    }
    Some(taken_on)
}
