//! Writes records files: what `records` reads.

use std::io;

use card::RawApplication;
use card::application::FIELDS;
use serde_json::{Map, Value};

use crate::package::manifest::Encoding;
use crate::package::records::MRZ_SEPARATOR;

const UTF8_MARK: &[u8] = b"\xef\xbb\xbf";
const GB18030_MARK: &[u8] = b"\x84\x31\x95\x33";

/// `applications.csv` with all columns in the published order; `mark` puts the byte order mark first.
///
/// # Errors
/// Never for rows in memory, short of a bug in the writer.
pub fn write_csv<'r>(rows: impl IntoIterator<Item = &'r RawApplication>, encoding: Encoding, mark: bool) -> io::Result<Vec<u8>> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    writer.write_record(FIELDS)?;
    for row in rows {
        writer.write_record(&row.values)?;
    }
    let text = writer.into_inner().map_err(|e| io::Error::other(e.to_string()))?;
    let (bytes, mark_bytes) = match encoding {
        Encoding::Utf8 => (text, UTF8_MARK),
        Encoding::Gb18030 => (encoding_rs::GB18030.encode(&String::from_utf8_lossy(&text)).0.into_owned(), GB18030_MARK),
    };
    Ok(if mark { [mark_bytes, &bytes].concat() } else { bytes })
}

/// `applications.jsonl`: empty fields left out, `mrz` as an array, `religious_headgear` as a boolean where it is one.
#[must_use]
pub fn write_jsonl<'r>(rows: impl IntoIterator<Item = &'r RawApplication>) -> Vec<u8> {
    let mut out = Vec::new();
    for row in rows {
        let fields = FIELDS.iter().zip(&row.values).filter(|(_, value)| !value.is_empty());
        let object: Map<String, Value> = fields.map(|(field, value)| ((*field).to_owned(), json_value(field, value))).collect();
        serde_json::to_writer(&mut out, &object).expect("plain data serialises");
        out.push(b'\n');
    }
    out
}

fn json_value(field: &str, text: &str) -> Value {
    match (field, text, text.split_once(MRZ_SEPARATOR)) {
        ("religious_headgear", "true" | "false", _) => Value::Bool(text == "true"),
        ("mrz", _, Some((first, second))) => Value::from(vec![first, second]),
        _ => Value::from(text),
    }
}
