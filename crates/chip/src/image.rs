//! The chip image of one card: its files and records as the profile's layout places them, and back to fields.

use std::borrow::Cow;

use card::application::{Application, Sex};
use card::name::{ChipName, chip_name, from_gbk};
use card::profile::chip::{ChipFile, ChipLayout, ChipPortrait, ChipRecord, NAME_FIELDS};
use card::{Card, country};
use jiff::civil::Date;

use crate::problem::ChipProblem;
use crate::value::{decode_value, encode_value, fill};

/// Everything written to one chip. Personal: no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct ChipImage {
    pub files: Vec<FileImage>,
    /// The name as the chip's two records hold it, unfilled: the vendor's line carries the same.
    pub name: ChipName,
}

/// One elementary file.
#[derive(Clone, PartialEq, Eq)]
pub struct FileImage {
    /// Name the folder is selected by.
    pub folder: Vec<u8>,
    pub id: u16,
    pub sfi: u8,
    pub content: Content,
}

#[derive(Clone, PartialEq, Eq)]
pub enum Content {
    Records(Vec<ChipRecordImage>),
    Transparent(Vec<u8>),
}

/// One record: what the chip answers is tag, length (one byte), value.
#[derive(Clone, PartialEq, Eq)]
pub struct ChipRecordImage {
    pub tag: u8,
    pub value: Vec<u8>,
}

/// The image of a card without a picture.
///
/// # Errors
/// A field doesn't fit its record; [`check_texts`] finds that of an application beforehand.
pub fn image(card: &Card, layout: &ChipLayout) -> Result<ChipImage, ChipProblem> {
    image_with_portrait(card, layout, None)
}

/// The image of a card with the picture the layout asks for: a JPEG prepared by the caller.
///
/// # Errors
/// As [`image`]; the layout has a portrait and none is given, or the other way round, or it has too many bytes.
pub fn image_with_portrait(card: &Card, layout: &ChipLayout, portrait: Option<&[u8]>) -> Result<ChipImage, ChipProblem> {
    let name = name_parts(&card.application, layout)?;
    let file = |f: &ChipFile| -> Result<FileImage, ChipProblem> {
        let records = f.record.iter().map(|r| record(card, layout, &name, r)).collect::<Result<_, _>>()?;
        place(layout, &f.id, &f.folder, f.sfi, Content::Records(records))
    };
    let mut files = layout.file.iter().map(file).collect::<Result<Vec<_>, _>>()?;
    match (&layout.portrait, portrait) {
        (Some(p), Some(jpeg)) => files.push(portrait_file(layout, p, jpeg)?),
        (None, None) => {}
        (wanted, _) => return Err(ChipProblem::new("portrait", if wanted.is_some() { "missing" } else { "not in the layout" })),
    }
    Ok(ChipImage { files, name })
}

fn portrait_file(layout: &ChipLayout, p: &ChipPortrait, jpeg: &[u8]) -> Result<FileImage, ChipProblem> {
    if jpeg.len() > p.bytes_max {
        return Err(ChipProblem::new("portrait", format!("{} bytes, at most {}", jpeg.len(), p.bytes_max)));
    }
    place(layout, &p.id, &p.folder, p.sfi, Content::Transparent(jpeg.to_vec()))
}

fn place(layout: &ChipLayout, id: &str, folder: &str, sfi: u8, content: Content) -> Result<FileImage, ChipProblem> {
    // The profile checks its layout when it is read; a layout made elsewhere may still be wrong.
    let wrong = || ChipProblem::new(id, "not a file of the layout");
    let name_hex = layout.folder.iter().find(|f| f.id == folder).map(|f| f.name_hex.as_str()).ok_or_else(wrong)?;
    Ok(FileImage { folder: unhex(name_hex).ok_or_else(wrong)?, id: u16::from_str_radix(id, 16).map_err(|_| wrong())?, sfi, content })
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| std::str::from_utf8(pair).ok().and_then(|p| u8::from_str_radix(p, 16).ok())).collect()
}

fn record(card: &Card, layout: &ChipLayout, name: &ChipName, r: &ChipRecord) -> Result<ChipRecordImage, ChipProblem> {
    let problem = |what: &dyn std::fmt::Display| ChipProblem::new(&r.field, what);
    let tag = u8::from_str_radix(&r.tag, 16).map_err(|_| problem(&"no tag"))?;
    let value = match r.field.as_str() {
        "name" => fill(name.part1.clone(), r.len_bytes),
        "name_extension" => fill(name.part2.clone(), r.len_bytes),
        field => {
            let text = text_of(card, layout, field).ok_or_else(|| problem(&"no such field"))?;
            encode_value(r.kind, r.len_bytes, &text)
        }
    };
    Ok(ChipRecordImage { tag, value: value.map_err(|e| problem(&e))? })
}

fn name_parts(application: &Application, layout: &ChipLayout) -> Result<ChipName, ChipProblem> {
    let [part1_max, part2_max] = NAME_FIELDS.map(|field| layout.len_of(field).unwrap_or(0));
    if part1_max == 0 {
        return Ok(ChipName { part1: Vec::new(), part2: Vec::new() });
    }
    chip_name(&application.name, part1_max, part2_max).map_err(|fault| ChipProblem::new("name", crate::value::ValueFault::from(fault)))
}

fn text_of<'a>(card: &'a Card, layout: &'a ChipLayout, field: &str) -> Option<Cow<'a, str>> {
    let of_card = match field {
        "card_number" => Some(Cow::from(&card.number)),
        "division" => Some(Cow::from(&card.division)),
        "qr_payload" => Some(Cow::from(&card.qr_payload)),
        "issued_on" => Some(Cow::from(compact(card.issued_on))),
        "expires_on" => Some(Cow::from(compact(card.expires_on))),
        _ => None,
    };
    of_card.or_else(|| text_of_application(&card.application, field)).or_else(|| layout.constant.get(field).map(Cow::from))
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

/// Reads files back by the layout: each field with its text, in the layout's order; the name's two records together as `name`.
///
/// # Errors
/// A file or record is missing, left over, of another length, or its bytes are not what is ever written.
pub fn decode(files: &[FileImage], layout: &ChipLayout) -> Result<Vec<(String, String)>, ChipProblem> {
    let mut fields = Vec::new();
    let mut name = Vec::new();
    for wanted in &layout.file {
        let file = files.iter().find(|f| format!("{:04X}", f.id) == wanted.id.to_ascii_uppercase() && f.sfi == wanted.sfi);
        let records = match file.map(|f| &f.content) {
            Some(Content::Records(records)) if records.len() == wanted.record.len() => records,
            _ => return Err(ChipProblem::new(&wanted.id, "missing or of another form")),
        };
        for (record, layout) in records.iter().zip(&wanted.record) {
            read_record(record, layout, &mut fields, &mut name)?;
        }
    }
    if files.len() != layout.file.len() + usize::from(layout.portrait.is_some()) {
        return Err(ChipProblem::new("files", format!("{} files, layout has {}", files.len(), layout.file.len())));
    }
    let whole_name = from_gbk(&name).ok_or_else(|| ChipProblem::new("name", "not GBK"))?;
    fields.push(("name".to_owned(), whole_name));
    Ok(fields)
}

fn read_record(record: &ChipRecordImage, layout: &ChipRecord, fields: &mut Vec<(String, String)>, name: &mut Vec<u8>) -> Result<(), ChipProblem> {
    let problem = |what: &str| ChipProblem::new(&layout.field, what);
    if format!("{:02X}", record.tag) != layout.tag.to_ascii_uppercase() || record.value.len() != layout.len_bytes {
        return Err(problem("another tag or length"));
    }
    let text = decode_value(layout.kind, &record.value).ok_or_else(|| problem("bytes that are never written"))?;
    if NAME_FIELDS.contains(&layout.field.as_str()) {
        let end = record.value.iter().position(|b| *b == 0).unwrap_or(record.value.len());
        name.extend_from_slice(&record.value[..end]);
    } else {
        fields.push((layout.field.clone(), text));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{card, profile, with_portrait};
    use proptest::prelude::*;

    fn value(image: &ChipImage, id: u16, tag: u8) -> &[u8] {
        let file = image.files.iter().find(|f| f.id == id).unwrap();
        let Content::Records(records) = &file.content else { panic!("records") };
        &records.iter().find(|r| r.tag == tag).unwrap().value
    }

    #[test]
    fn records_are_where_the_specification_puts_them() {
        let image = image(&card(1), &profile().chip).unwrap();
        assert_eq!(value(&image, 0xEF05, 0x03), b"3.00");
        assert_eq!(value(&image, 0xEF05, 0x05), [0x20, 0x25, 0x06, 0x01]);
        assert_eq!(value(&image, 0xEF05, 0x06), [0x20, 0x35, 0x06, 0x01]);
        assert_eq!(value(&image, 0xEF05, 0x04), [0x42, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]);
        assert_eq!(value(&image, 0xEF06, 0x08), b"SWE0X00000001\0\0\0\0\0");
        assert_eq!(value(&image, 0xEF06, 0x0A), b"2");
        assert_eq!(value(&image, 0xEF06, 0x0D), [0x19, 0x85, 0x08, 0x12]);
        assert_eq!(value(&image, 0xEF0A, 0x01), b"SWE");
        assert_eq!(&value(&image, 0xEF16, 0x01)[..12], b"420000000001");
        assert_eq!(value(&image, 0xEF16, 0x03).len(), 120);
        assert!(
            image.files.iter().all(|f| f.id != 0xEF05 || !matches!(&f.content, Content::Records(r) if r.iter().any(|r| r.tag == 1))),
            "the card's own code"
        );
        assert_eq!(image.files[0].folder, b"sx1.sh.\xC9\xE7\xBB\xE1\xB1\xA3\xD5\xCF");
    }

    #[test]
    fn long_names_go_on_in_the_second_record() {
        let mut card = card(1);
        card.application.name = "A".repeat(33);
        let made = image(&card, &profile().chip).unwrap();
        assert_eq!((value(&made, 0xEF06, 0x09), &value(&made, 0xEF06, 0x4E)[..4]), (&[b'A'; 30][..], &b"AAA\0"[..]));
        card.application.name = "A".repeat(51);
        let problem = image(&card, &profile().chip).err().unwrap();
        assert_eq!((problem.field.as_str(), problem.what.as_str()), ("name", "51 bytes, at most 50"));
    }

    #[test]
    fn special_nationalities_take_the_agencys_code() {
        let mut card = card(1);
        card.application.nationality = "D".to_owned();
        card.application.ssn = "DEU0X1234567".to_owned();
        assert_eq!(value(&image(&card, &profile().chip).unwrap(), 0xEF0A, 0x01), b"DEU");
    }

    #[test]
    fn what_will_not_fit_is_known_beforehand() {
        let mut a = card(1).application;
        assert_eq!(check_texts(&a, &profile().chip), Vec::<String>::new());
        a.name = "N".repeat(60);
        a.employer_name = "บริษัท".to_owned();
        assert_eq!(check_texts(&a, &profile().chip), ["name: 60 bytes, at most 50", "employer_name: U+0E1A"]);
    }

    #[test]
    fn a_portrait_is_there_exactly_when_the_layout_has_one() {
        let (plain, pictured) = (profile().chip, with_portrait().chip);
        assert!(image_with_portrait(&card(1), &plain, Some(b"jpeg")).is_err());
        assert!(image(&card(1), &pictured).is_err());
        assert!(image_with_portrait(&card(1), &pictured, Some(&[0; 5_000])).is_err());
        let made = image_with_portrait(&card(1), &pictured, Some(b"jpeg")).unwrap();
        assert!(matches!(&made.files.last().unwrap().content, Content::Transparent(b) if b == b"jpeg"));
        assert!(decode(&made.files, &pictured).is_ok());
    }

    #[test]
    fn wrong_images_are_not_read() {
        let layout = profile().chip;
        let good = image(&card(1), &layout).unwrap().files;
        let wrong = |change: &dyn Fn(&mut Vec<FileImage>)| {
            let mut files = good.clone();
            change(&mut files);
            decode(&files, &layout).is_err()
        };
        assert!(wrong(&|f| drop(f.pop())));
        assert!(wrong(&|f| f.push(f[0].clone())));
        assert!(wrong(&|f| f[0].sfi = 9));
        assert!(wrong(&|f| f[0].content = Content::Transparent(vec![])));
        assert!(wrong(&|f| with_first(f, |r| r.tag = 0x0F)));
        assert!(wrong(&|f| with_first(f, |r| r.value.push(0))));
        assert!(wrong(&|f| with_first(f, |r| r.value[0] = 7)));
    }

    fn with_first(files: &mut [FileImage], change: impl Fn(&mut ChipRecordImage)) {
        if let Content::Records(records) = &mut files[0].content {
            change(&mut records[0]);
        }
    }

    proptest! {
        #[test]
        fn every_image_reads_back(n in 0u32..1_000_000, name in "[A-ZÅÄÖŁ][A-Za-zéø' -]{0,24}", employer in "[a-z示例公司（）]{1,50}", permit in "[A-Z0-9]{6,20}") {
            let layout = profile().chip;
            let mut card = card(n);
            card.application.name = name.clone();
            card.application.employer_name = employer.clone();
            card.application.work_permit_number = permit.clone();
            let image = image(&card, &layout).unwrap();
            let fields: std::collections::BTreeMap<_, _> = decode(&image.files, &layout).unwrap().into_iter().collect();
            prop_assert_eq!(fields["name"].clone(), card::name::chip_text(&name).ok().unwrap());
            prop_assert_eq!(&fields["employer_name"], &employer);
            prop_assert_eq!(&fields["work_permit_number"], &permit);
            prop_assert_eq!(&fields["ssn"], &card.application.ssn);
            prop_assert_eq!(&fields["card_number"], &card.number);
            prop_assert_eq!(fields["birth_date"].as_str(), "19850812");
            prop_assert_eq!(&fields["qr_payload"], &card.qr_payload);
        }
    }
}
