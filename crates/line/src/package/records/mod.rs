//! Streams a package's records: one `RawApplication` a row, with what is wrong with the row as such (encoding, columns, length).
//! What its fields mean is `card::parse`'s business. One bad row never stops its neighbours; memory is one row.

mod csv;
mod jsonl;
mod text;

#[cfg(test)]
mod tests;

use std::io::{self, BufRead, Cursor, Read};

use card::{Code, RawApplication, Reason};

use crate::package::limits::PackageLimits;
use crate::package::manifest::{Encoding, Manifest, RecordsKind};

/// Between the two lines of a machine-readable zone in `RawApplication`'s `mrz`, whatever the file used.
pub const MRZ_SEPARATOR: char = '|';

/// Columns every records file must have; the others are where they apply.
pub const REQUIRED_COLUMNS: [&str; 19] = [
    "application_id",
    "business_type",
    "name",
    "sex",
    "birth_date",
    "nationality",
    "document_type",
    "document_number",
    "document_expiry",
    "ssn",
    "work_permit_number",
    "work_permit_category",
    "work_permit_from",
    "work_permit_to",
    "employer_name",
    "employer_code",
    "photo",
    "photo_taken_on",
    "delivery",
];

/// One row. Personal: no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Row {
    /// 1 for the first application.
    pub number: u32,
    /// Line of the file it begins on, 1-based.
    pub line: u64,
    /// Fields that could not be decoded hold U+FFFD; of a row that could not be split, all are empty.
    pub raw: RawApplication,
    /// REC-01, REC-03 and REC-32, if any.
    pub reasons: Vec<Reason>,
}

/// The rows of a records file, in order; ends after one row more than the manifest counts (enough for MAN-03).
pub struct Rows<R> {
    form: Form<R>,
    number: u32,
    rows_max: u32,
}

enum Form<R> {
    Csv(Box<csv::CsvRows<Unmarked<R>>>),
    Jsonl(Box<jsonl::JsonRows<Unmarked<R>>>),
}

/// The file after its byte order mark.
type Unmarked<R> = io::Chain<Cursor<Vec<u8>>, R>;

impl<R: BufRead> Rows<R> {
    /// # Errors
    /// The file can't be read.
    pub fn new(reader: R, manifest: &Manifest, limits: &PackageLimits) -> io::Result<Self> {
        Self::open(reader, manifest.records, manifest.encoding, manifest.count.saturating_add(1), limits)
    }

    /// As [`Rows::new`], for a file without a manifest; ends after `rows_max` rows.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn open(reader: R, kind: RecordsKind, encoding: Encoding, rows_max: u32, limits: &PackageLimits) -> io::Result<Self> {
        let (reader, foreign) = unmark(reader, encoding)?;
        let form = match kind {
            RecordsKind::Csv => Form::Csv(Box::new(csv::CsvRows::new(reader, encoding, limits, foreign)?)),
            RecordsKind::Jsonl => Form::Jsonl(Box::new(jsonl::JsonRows::new(reader, limits, foreign))),
        };
        Ok(Self { form, number: 0, rows_max })
    }
}

impl<R: BufRead> Iterator for Rows<R> {
    type Item = io::Result<Row>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.number >= self.rows_max {
            return None;
        }
        let split = match &mut self.form {
            Form::Csv(rows) => rows.next_row(),
            Form::Jsonl(rows) => rows.next_row(),
        };
        let row = split.transpose()?;
        self.number += 1;
        Some(row.map(|s| Row { number: self.number, line: s.line, raw: s.raw, reasons: s.reasons }))
    }
}

/// A row before it has its number.
struct Split {
    line: u64,
    raw: RawApplication,
    reasons: Vec<Reason>,
}

impl Split {
    fn unreadable(line: u64, reason: Reason) -> Self {
        Self { line, raw: RawApplication::empty(), reasons: vec![reason] }
    }
}

fn rec32(value: impl Into<String>) -> Reason {
    Reason::new(Code::Rec32, value, "the columns of docs/formats/package.md")
}

fn too_long(limits_bytes: usize) -> Reason {
    Reason::new(Code::Rec03, format!("a row of more than {limits_bytes} bytes"), format!("{limits_bytes} bytes a row"))
}

/// Takes a byte order mark away. One of another encoding than declared spoils every row (REC-01).
fn unmark<R: BufRead>(mut reader: R, encoding: Encoding) -> io::Result<(Unmarked<R>, Option<Reason>)> {
    const MARKS: [(&[u8], Option<Encoding>, &str); 4] = [
        (b"\xef\xbb\xbf", Some(Encoding::Utf8), "a UTF-8 byte order mark"),
        (b"\x84\x31\x95\x33", Some(Encoding::Gb18030), "a GB18030 byte order mark"),
        (b"\xff\xfe", None, "a UTF-16 byte order mark"),
        (b"\xfe\xff", None, "a UTF-16 byte order mark"),
    ];
    let mut head = Vec::with_capacity(4);
    reader.by_ref().take(4).read_to_end(&mut head)?;
    let mut foreign = None;
    if let Some((mark, of, what)) = MARKS.iter().find(|(mark, ..)| head.starts_with(mark)) {
        head.drain(..mark.len());
        if *of != Some(encoding) {
            foreign = Some(Reason::new(Code::Rec01, *what, text::name_of(encoding)));
        }
    }
    Ok((Cursor::new(head).chain(reader), foreign))
}
