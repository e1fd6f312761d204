//! Lists people open in spreadsheets: CSV by RFC 4180 that no spreadsheet can be made to obey (faults.md E17, §8 exports).

use std::borrow::Cow;

/// First characters a spreadsheet would take for a formula, full-width forms included (OWASP ASVS 5.0 1.2.10).
const FORMULA_STARTS: [char; 12] = ['=', '+', '-', '@', '\t', '\r', '\n', '\0', '＝', '＋', '－', '＠'];

/// Before the heading: without it a spreadsheet on a Chinese desk takes UTF-8 for GB18030, and every name for rubbish.
pub const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Digits a spreadsheet keeps of a number; of a longer one the rest becomes zeros, and is gone once the list is saved.
const DIGITS_KEPT: usize = 15;
/// Zeros in front are gone too. Of a box (`0001`) nothing is lost with them; of a postcode or a telephone number it is.
const BOX_DIGITS: usize = 4;

/// The value as it may stand in a list: an apostrophe before anything a spreadsheet would execute, or would take for a number and alter.
#[must_use]
pub fn inert(value: &str) -> Cow<'_, str> {
    if value.starts_with(FORMULA_STARTS) || loses_digits(value) { Cow::Owned(format!("'{value}")) } else { Cow::Borrowed(value) }
}

/// Whether a spreadsheet takes the text for a number and shows another: more digits than it keeps (an employer's code of 18), or a power of
/// ten (`12E4`), or zeros in front of more digits than a box has (`010020`).
fn loses_digits(value: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let power = value.split_once(['e', 'E']).is_some_and(|(number, power)| digits(number) && digits(power));
    let long = value.len() > DIGITS_KEPT || (value.len() > BOX_DIGITS && value.starts_with('0'));
    power || (long && digits(value))
}

/// Builds a CSV text in memory: byte order mark, CRLF, every value made inert.
pub struct List {
    writer: csv::Writer<Vec<u8>>,
    columns: usize,
    rows: u64,
}

impl List {
    #[must_use]
    pub fn new(columns: &[&str]) -> Self {
        let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(BYTE_ORDER_MARK.as_bytes().to_vec());
        writer.write_record(columns).expect("writing to memory");
        Self { writer, columns: columns.len(), rows: 0 }
    }

    /// Adds a row. Panics if it has another number of columns than the heading (a bug).
    pub fn row<'a>(&mut self, values: impl IntoIterator<Item = &'a str>) {
        let row: Vec<Cow<str>> = values.into_iter().map(inert).collect();
        assert_eq!(row.len(), self.columns, "a row as wide as its heading");
        self.writer.write_record(row.iter().map(|v| v.as_bytes())).expect("writing to memory");
        self.rows += 1;
    }

    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.writer.into_inner().expect("writing to memory")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_made_inert_and_quotes_doubled() {
        for start in ["=HYPERLINK(1)", "+1", "-2+3", "@SUM", "\tx", "＝1"] {
            assert!(inert(start).starts_with('\''), "{start}");
        }
        assert_eq!(inert("O'Néill-Müller"), "O'Néill-Müller");
        for number in ["914201000081486627", "12E4", "52e1234", "010020", "02787654321"] {
            assert_eq!(inert(number), format!("'{number}"), "its digits would be lost");
        }
        for kept in ["430070", "0001", "123456789012345", "91420100007958606K", "E12", "12E", "2026-11-24", "0001-0001"] {
            assert_eq!(inert(kept), kept);
        }
        let mut list = List::new(&["a", "b"]);
        list.row(["=1", "x\"y,\nz"]);
        assert_eq!(String::from_utf8(list.into_bytes()).unwrap(), "\u{feff}a,b\r\n'=1,\"x\"\"y,\nz\"\r\n");
    }
}
