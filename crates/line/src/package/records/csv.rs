//! `applications.csv`: RFC 4180 with a header row in any order. Rows are split by `csv-core` into a buffer of fixed size.

use std::io::{self, BufRead};

use card::application::FIELDS;
use card::{Code, RawApplication, Reason};
use csv_core::ReadRecordResult;

use super::text::{decode, name_of};
use super::{MRZ_SEPARATOR, REQUIRED_COLUMNS, Split, rec32, too_long};
use crate::package::limits::PackageLimits;
use crate::package::manifest::Encoding;

/// Most columns a header may have before it is only called too many.
const COLUMNS_MAX: usize = 128;

pub(super) struct CsvRows<R> {
    reader: R,
    core: csv_core::Reader,
    encoding: Encoding,
    /// Unquoted bytes of the row; field `i` ends at `ends[i]`.
    row: Vec<u8>,
    ends: Vec<usize>,
    /// Place of each column's value in `FIELDS`; `None` is a column we don't know.
    columns: Vec<Option<usize>>,
    /// Line ends that were passed without the splitter seeing them.
    lines_skipped: u64,
    /// What is wrong with every row.
    everywhere: Vec<Reason>,
}

/// How a row came out of the splitter.
enum Got {
    Fields(usize),
    TooLong,
    TooManyColumns,
}

impl<R: BufRead> CsvRows<R> {
    pub(super) fn new(reader: R, encoding: Encoding, limits: &PackageLimits, foreign: Option<Reason>) -> io::Result<Self> {
        let (row, ends) = (vec![0; limits.row_bytes_max], vec![0; COLUMNS_MAX]);
        let mut rows = Self {
            reader,
            // Not a clone of one made before, which would save time: csv-core's `Clone` of 0.1.13 leaves its tables out.
            core: csv_core::Reader::new(),
            encoding,
            row,
            ends,
            columns: Vec::new(),
            lines_skipped: 0,
            everywhere: foreign.into_iter().collect(),
        };
        match rows.split()? {
            Some(Got::Fields(count)) => rows.read_header(count),
            Some(_) => rows.everywhere.push(rec32("a header of too many columns")),
            None => {}
        }
        Ok(rows)
    }

    pub(super) fn next_row(&mut self) -> io::Result<Option<Split>> {
        let line = self.skip_line_ends()?;
        let Some(got) = self.split()? else { return Ok(None) };
        let mut split = match got {
            Got::TooLong => Split::unreadable(line, too_long(self.row.len())),
            Got::TooManyColumns => Split::unreadable(line, rec32(format!("more than {COLUMNS_MAX} columns"))),
            Got::Fields(count) if count != self.columns.len() => Split::unreadable(line, rec32(format!("{count} fields, {} columns", self.columns.len()))),
            Got::Fields(_) => self.read_fields(line),
        };
        split.reasons.extend(self.everywhere.iter().cloned());
        Ok(Some(split))
    }

    /// Passes blank lines and what is left of the last line end; the line the next row begins on.
    fn skip_line_ends(&mut self) -> io::Result<u64> {
        loop {
            let next = self.reader.fill_buf()?.first().copied();
            let Some(end @ (b'\r' | b'\n')) = next else { break };
            self.lines_skipped += u64::from(end == b'\n');
            self.reader.consume(1);
        }
        Ok(self.core.line() + self.lines_skipped)
    }

    /// Splits the next row into `row` and `ends`; empty lines are skipped.
    fn split(&mut self) -> io::Result<Option<Got>> {
        let (mut filled, mut fields, mut fault) = (0, 0, None);
        loop {
            let input = self.reader.fill_buf()?;
            let (result, read, wrote, ended) = self.core.read_record(input, &mut self.row[filled..], &mut self.ends[fields..]);
            self.reader.consume(read);
            (filled, fields) = (filled + wrote, fields + ended);
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => (filled, fault) = (0, Some(Got::TooLong)),
                ReadRecordResult::OutputEndsFull => (fields, fault) = (0, fault.or(Some(Got::TooManyColumns))),
                ReadRecordResult::Record => return Ok(Some(fault.unwrap_or(Got::Fields(fields)))),
                ReadRecordResult::End => return Ok(None),
            }
        }
    }

    fn field(&self, at: usize) -> &[u8] {
        let from = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.row[from..self.ends[at]]
    }

    fn read_header(&mut self, count: usize) {
        let columns: Vec<Option<usize>> = (0..count).map(|i| FIELDS.iter().position(|f| f.as_bytes() == self.field(i).trim_ascii())).collect();
        for (i, column) in columns.iter().enumerate() {
            match column {
                None => self.everywhere.push(rec32(format!("column {} is unknown", i + 1))),
                Some(at) if columns[..i].contains(column) => self.everywhere.push(rec32(format!("column {} twice", FIELDS[*at]))),
                Some(_) => {}
            }
        }
        let has = |name: &str| columns.iter().flatten().any(|at| FIELDS[*at] == name);
        let missing: Vec<&str> = REQUIRED_COLUMNS.into_iter().filter(|name| !has(name)).collect();
        if !missing.is_empty() {
            self.everywhere.push(rec32(format!("missing: {}", missing.join(" "))));
        }
        self.columns = columns;
    }

    fn read_fields(&self, line: u64) -> Split {
        let mut split = Split { line, raw: RawApplication::empty(), reasons: Vec::new() };
        for (i, column) in self.columns.iter().enumerate() {
            let Some(at) = *column else { continue };
            let (text, good) = decode(self.field(i), self.encoding);
            if !good {
                split.reasons.push(Reason::new(Code::Rec01, FIELDS[at], name_of(self.encoding)));
            }
            split.raw.values[at] = if FIELDS[at] == "mrz" { joined_lines(&text) } else { text.into_owned() };
        }
        split
    }
}

/// The two lines of a zone may be written with a line end or `|` between them.
fn joined_lines(text: &str) -> String {
    text.trim().lines().map(str::trim).filter(|l| !l.is_empty()).collect::<Vec<_>>().join(MRZ_SEPARATOR.encode_utf8(&mut [0; 4]))
}
