//! The vendor's text file: one line a card, columns as the profile lists them, the photo in base64 at the end
//! (docs/formats/encode.md). Writes and strictly reads back.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use card::profile::encode::{EncodeLayout, PHOTO, RECORD_DIGEST, TextEncoding};
use card::{Card, Delivery, Keyed, division, name};

use crate::image::{ChipImage, compact, nationality_iso};
use crate::problem::ChipProblem;

/// First words of the header, before the encoding's name.
const MAGIC: &str = "#cardline-encode/1 ";
const LINE_END: &[u8] = b"\r\n";

/// The header: format, encoding, then the columns' names. ASCII, so that a reader can know the rest.
pub fn vendor_header(layout: &EncodeLayout, out: &mut Vec<u8>) {
    let mut header = format!("{MAGIC}{}", layout.encoding.text());
    for column in &layout.columns {
        header.push(layout.delimiter);
        header.push_str(column);
    }
    out.extend_from_slice(header.as_bytes());
    out.extend_from_slice(LINE_END);
}

/// The line of one card. On a problem `out` is left as it was.
///
/// # Errors
/// A value holds the delimiter or a control character, or the name on the chip isn't GBK.
pub fn vendor_line(card: &Card, image: &ChipImage, photo: &[u8], layout: &EncodeLayout, out: &mut Vec<u8>) -> Result<(), ChipProblem> {
    let before = out.len();
    let written = write_columns(card, image, photo, layout, out);
    if written.is_err() {
        out.truncate(before);
    }
    written
}

fn write_columns(card: &Card, image: &ChipImage, photo: &[u8], layout: &EncodeLayout, out: &mut Vec<u8>) -> Result<(), ChipProblem> {
    for (i, column) in layout.columns.iter().enumerate() {
        if i > 0 {
            out.push(layout.delimiter as u8);
        }
        match layout.source_of(column) {
            PHOTO => put_base64(photo, out),
            source => put_value(column, &value_of(card, image, layout, source)?, layout, out)?,
        }
    }
    out.extend_from_slice(LINE_END);
    Ok(())
}

fn put_base64(bytes: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + bytes.len().div_ceil(3) * 4, 0);
    let written = STANDARD.encode_slice(bytes, &mut out[start..]).expect("base64 has 4 characters for each 3 bytes begun");
    debug_assert_eq!(start + written, out.len());
}

fn put_value(column: &str, value: &str, layout: &EncodeLayout, out: &mut Vec<u8>) -> Result<(), ChipProblem> {
    if let Some(c) = value.chars().find(|c| *c == layout.delimiter || c.is_control()) {
        return Err(ChipProblem::new(column, card::text::code_point(c)));
    }
    match layout.encoding {
        TextEncoding::Utf8 => out.extend_from_slice(value.as_bytes()),
        // GB 18030 holds all of Unicode: nothing is lost.
        TextEncoding::Gb18030 => out.extend_from_slice(&encoding_rs::GB18030.encode(value).0),
    }
    Ok(())
}

/// What a source gives, in the partner's code where the profile maps it.
fn value_of<'a>(card: &'a Card, image: &'a ChipImage, layout: &'a EncodeLayout, source: &str) -> Result<Cow<'a, str>, ChipProblem> {
    let ours = card_value(card, source).or_else(|| application_value(card, source));
    let value = match (ours, source) {
        (Some(value), _) => value,
        (None, "chip_name") => gbk_text(source, &image.name.part1)?,
        (None, "chip_name_extension") => gbk_text(source, &image.name.part2)?,
        (None, _) => layout.constant.get(source).map(Cow::from).ok_or_else(|| ChipProblem::new(source, "no such source"))?,
    };
    match layout.map.get(source) {
        None => Ok(value),
        Some(codes) => codes.get(&*value).map(Cow::from).ok_or_else(|| ChipProblem::new(source, "no code for this value")),
    }
}

fn gbk_text(source: &str, bytes: &[u8]) -> Result<Cow<'static, str>, ChipProblem> {
    name::from_gbk(bytes).map(Cow::from).ok_or_else(|| ChipProblem::new(source, "not GBK"))
}

fn card_value<'a>(card: &'a Card, source: &str) -> Option<Cow<'a, str>> {
    Some(match source {
        "batch" => card.batch.as_str().into(),
        "card_number" => Cow::from(&card.number),
        "city_name" => division::find(&card.division).map_or("", |d| d.name_zh).into(),
        "division" => Cow::from(&card.division),
        "expires_on" => compact(card.expires_on).into(),
        "generation" => card.generation.to_string().into(),
        "issued_on" => compact(card.issued_on).into(),
        "job" => card.job.to_string().into(),
        "outlet" => card.outlet.as_str().into(),
        "position" => card.position.to_string().into(),
        "qr_payload" => Cow::from(&card.qr_payload),
        RECORD_DIGEST => card.record_digest.to_string().into(),
        "slot" => card.slot.to_string().into(),
        _ => return None,
    })
}

fn application_value<'a>(card: &'a Card, source: &str) -> Option<Cow<'a, str>> {
    let a = &card.application;
    let optional = |text: &'a Option<String>| Cow::from(text.as_deref().unwrap_or(""));
    Some(match source {
        "application_id" => Cow::from(&a.application_id),
        "bank" => Cow::from(&a.bank),
        "birth_date" => compact(a.birth_date).into(),
        "business_type" => a.business_type.text().into(),
        "delivery" => if matches!(a.delivery, Delivery::Mail(_)) { "mail" } else { "outlet" }.into(),
        "document_expiry" => compact(a.document_expiry).into(),
        "document_number" => Cow::from(&a.document_number),
        "document_type" => a.document_type.text().into(),
        "employer_code" => Cow::from(&a.employer_code),
        "employer_name" => Cow::from(&a.employer_name),
        "lane" => a.lane.text().into(),
        "loss_report" => optional(&a.loss_report),
        "name" => Cow::from(&a.name),
        "name_zh" => optional(&a.name_zh),
        "nationality" => Cow::from(&a.nationality),
        "nationality_iso" => nationality_iso(a).into(),
        "old_card_number" => optional(&a.old_card_number),
        "phone" => Cow::from(&a.phone),
        "receipt_number" => optional(&a.receipt_number),
        "sex" => a.sex.text().into(),
        "ssn" => Cow::from(&a.ssn),
        "work_permit_category" => a.work_permit_category.to_string().into(),
        "work_permit_from" => compact(a.work_permit_from).into(),
        "work_permit_number" => Cow::from(&a.work_permit_number),
        "work_permit_to" => compact(a.work_permit_to).into(),
        _ => return None,
    })
}

/// Reads a vendor file line by line; values borrow from the file where its encoding is UTF-8. Personal: no `Debug`.
pub struct VendorReader<'a> {
    columns: Vec<String>,
    delimiter: char,
    encoding: TextEncoding,
    rest: &'a [u8],
    line: usize,
}

/// The values of one line, in the order of the columns.
pub type VendorRow<'a> = Vec<Cow<'a, str>>;

impl<'a> VendorReader<'a> {
    /// # Errors
    /// The header is not one of this format.
    pub fn open(bytes: &'a [u8]) -> Result<Self, String> {
        let (header, rest) = take_line(bytes).ok_or("no header line")?;
        let header = std::str::from_utf8(header).ok().and_then(|h| h.strip_prefix(MAGIC)).ok_or("not an encode file of version 1")?;
        let encodings = [TextEncoding::Utf8, TextEncoding::Gb18030];
        let known = encodings.into_iter().find_map(|e| Some((e, header.strip_prefix(e.text())?)));
        let (encoding, columns) = known.ok_or("unknown encoding")?;
        let delimiter = columns.chars().next().filter(char::is_ascii_punctuation).ok_or("no columns")?;
        let columns = columns[1..].split(delimiter).map(str::to_owned).collect();
        Ok(Self { columns, delimiter, encoding, rest, line: 1 })
    }

    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// A second byte of GB 18030 may look like a delimiter, so text is decoded before it is divided.
    fn row(&self, line: &'a [u8]) -> Result<VendorRow<'a>, String> {
        let row: Option<VendorRow> = match self.encoding {
            TextEncoding::Utf8 => std::str::from_utf8(line).ok().map(|t| t.split(self.delimiter).map(Cow::from).collect()),
            TextEncoding::Gb18030 => gb18030(line).map(|t| t.split(self.delimiter).map(|v| v.to_owned().into()).collect()),
        };
        let row = row.ok_or_else(|| format!("line {}: not {}", self.line, self.encoding.text()))?;
        if row.len() != self.columns.len() {
            return Err(format!("line {}: {} columns of {}", self.line, row.len(), self.columns.len()));
        }
        // No early exit: this way it is done many bytes at a time, and lines hold photos.
        let control = line.iter().fold(false, |found, b| found | (*b < 0x20) | (*b == 0x7F));
        if control { Err(format!("line {}: control characters", self.line)) } else { Ok(row) }
    }
}

fn gb18030(line: &[u8]) -> Option<Cow<'_, str>> {
    encoding_rs::GB18030.decode_without_bom_handling_and_without_replacement(line)
}

impl<'a> Iterator for VendorReader<'a> {
    type Item = Result<VendorRow<'a>, String>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        self.line += 1;
        let Some((line, rest)) = take_line(self.rest) else {
            self.rest = &[];
            return Some(Err(format!("line {}: cut off", self.line)));
        };
        self.rest = rest;
        Some(self.row(line))
    }
}

/// The bytes before the next line end, and those after it.
fn take_line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = memchr::memchr(b'\n', bytes)?;
    let line = bytes[..at].strip_suffix(b"\r")?;
    Some((line, &bytes[at + 1..]))
}

/// The record digests of a vendor file, in order.
///
/// # Errors
/// The file is not of the format; says the line.
pub fn vendor_records(text: &[u8]) -> Result<Vec<Keyed>, String> {
    let reader = VendorReader::open(text)?;
    let at = reader.columns.iter().position(|c| c == RECORD_DIGEST).ok_or("no record_digest column")?;
    reader.map(|row| Keyed::parse(&row?[at])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::image;
    use crate::samples::{card, profile};
    use proptest::prelude::*;

    const PHOTO_BYTES: &[u8] = &[0xFF, 0xD8, 0xFF, 0xE0, 7];

    fn file(cards: &[Card], layout: &EncodeLayout) -> Vec<u8> {
        let mut out = Vec::new();
        vendor_header(layout, &mut out);
        for card in cards {
            vendor_line(card, &image(card, &profile().chip).unwrap(), PHOTO_BYTES, layout, &mut out).unwrap();
        }
        out
    }

    fn rows(bytes: &[u8]) -> Vec<std::collections::BTreeMap<String, String>> {
        let reader = VendorReader::open(bytes).unwrap();
        let columns = reader.columns().to_vec();
        reader.map(|row| columns.iter().cloned().zip(row.unwrap().into_iter().map(Cow::into_owned)).collect()).collect()
    }

    #[test]
    fn a_line_holds_every_column_in_the_partners_codes() {
        let layout = profile().encode;
        let row = &rows(&file(&[card(7)], &layout))[0];
        for (column, value) in [
            ("province_batch", "B20250601-01"),
            ("city_name", "武汉市"),
            ("priority", "1"),
            ("issued_on", "20250601"),
            ("expires_on", "20350601"),
            ("chip_name", "EXAMPLE, ANNA MARIA"),
            ("chip_name_extension", ""),
            ("ssn", "SWE0X00000007"),
            ("sex", "2"),
            ("business_type", "1"),
            ("document_type", "08"),
            ("nationality", "SWE"),
            ("print_name_zh", "安娜·示例"),
            ("collection", "1"),
            ("guardian_name", ""),
            ("record_digest", "00000007000000000000000000000000"),
            ("photo", "/9j/4Ac="),
        ] {
            assert_eq!(row[column], value, "{column}");
        }
        assert_eq!(row.len(), 52);
    }

    #[test]
    fn both_encodings_read_back_the_same() {
        let mut layout = profile().encode;
        let mut one = card(1);
        // 亅 is 81 7C in GBK: its second byte looks like the delimiter.
        one.application.employer_name = "亅示例".to_owned();
        let cards = [one, card(2)];
        let utf8 = file(&cards, &layout);
        layout.encoding = TextEncoding::Gb18030;
        let gb = file(&cards, &layout);
        assert_ne!(utf8, gb);
        assert_eq!(rows(&utf8), rows(&gb));
        assert_eq!(vendor_records(&gb), Ok(cards.iter().map(|c| c.record_digest).collect()));
    }

    #[test]
    fn a_value_that_would_break_the_line_is_refused_and_leaves_nothing() {
        let layout = profile().encode;
        let mut out = b"before".to_vec();
        for bad in ["A|B", "A\nB", "A\u{85}B"] {
            let mut card = crate::samples::card(1);
            card.application.employer_name = bad.to_owned();
            let plain = image(&crate::samples::card(1), &profile().chip).unwrap();
            let problem = vendor_line(&card, &plain, PHOTO_BYTES, &layout, &mut out).err().unwrap();
            assert_eq!((problem.field.as_str(), out.as_slice()), ("employer_name", &b"before"[..]));
            assert!(!problem.to_string().contains(bad));
        }
    }

    #[test]
    fn files_that_are_not_of_the_format_are_refused() {
        let good = file(&[card(1), card(2)], &profile().encode);
        let text = String::from_utf8(good.clone()).unwrap();
        for bad in [
            String::new(),
            "x".to_owned(),
            text.replacen("encode/1", "encode/2", 1),
            text.replacen("UTF-8", "UTF-7", 1),
            text.replacen("\r\n", "\n", 1),
            text.replacen("record_digest", "record", 1),
            text.replacen("00000001000000000000000000000000", "0000000100000000000000000000000g", 1),
            text.replacen("|20350601|", "|2035|0601|", 1),
            text.replacen("20350601", "2035\t0601", 1),
            text[..text.len() - 1].to_owned(),
        ] {
            assert!(vendor_records(bad.as_bytes()).is_err(), "{}", &bad[..bad.len().min(40)]);
        }
        let mut not_utf8 = good;
        let at = not_utf8.len() - 10;
        not_utf8[at] = 0xFF;
        assert!(vendor_records(&not_utf8).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = vendor_records(&bytes);
            let mut good = file(&[crate::samples::card(1)], &profile().encode);
            for (i, byte) in bytes.iter().enumerate().take(3) {
                let at = (i * 977 + usize::from(*byte)) % good.len();
                good[at] ^= byte;
            }
            let _ = vendor_records(&good);
        }

        #[test]
        fn photos_read_back(photo in proptest::collection::vec(any::<u8>(), 0..200)) {
            let card = crate::samples::card(1);
            let layout = profile().encode;
            let mut out = Vec::new();
            vendor_header(&layout, &mut out);
            vendor_line(&card, &image(&card, &profile().chip).unwrap(), &photo, &layout, &mut out).unwrap();
            prop_assert_eq!(STANDARD.decode(&rows(&out)[0]["photo"]).unwrap(), photo);
        }
    }
}
