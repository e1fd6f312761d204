//! Reading the lists the line writes: RFC 4180, UTF-8 with or without byte order mark, one heading line; a leading apostrophe before what a spreadsheet would
//! execute or alter is taken off again. Strict: anything else is an error with its line.

use std::borrow::Cow;

/// First characters a list puts an apostrophe before (docs/formats/batch.md).
const FORMULA_STARTS: [char; 12] = ['=', '+', '-', '@', '\t', '\r', '\n', '\0', '＝', '＋', '－', '＠'];

/// A list being read.
pub struct Csv<'a> {
    rest: &'a str,
    columns: Vec<String>,
    row: u64,
}

/// One row.
pub struct Row<'a> {
    values: Vec<Cow<'a, str>>,
    pub number: u64,
}

impl<'a> Csv<'a> {
    /// Reads the heading.
    ///
    /// # Errors
    /// Not UTF-8, or no heading.
    pub fn open(bytes: &'a [u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(bytes).map_err(|_| "not UTF-8".to_owned())?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut csv = Self { rest: text, columns: Vec::new(), row: 0 };
        let heading = csv.next_row()?.ok_or("no heading")?;
        csv.columns = heading.values.into_iter().map(Cow::into_owned).collect();
        Ok(csv)
    }

    /// Where a column is.
    ///
    /// # Errors
    /// There is none of that name.
    pub fn column(&self, name: &str) -> Result<usize, String> {
        self.columns.iter().position(|c| c == name).ok_or_else(|| format!("no column {name}"))
    }

    /// # Errors
    /// The row is malformed or has another number of values than the heading.
    pub fn next_row(&mut self) -> Result<Option<Row<'a>>, String> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        self.row += 1;
        let mut values = Vec::with_capacity(self.columns.len());
        loop {
            let (value, more) = self.value()?;
            values.push(value);
            if !more {
                break;
            }
        }
        if !self.columns.is_empty() && values.len() != self.columns.len() {
            return Err(format!("line {}: {} values under {} columns", self.row, values.len(), self.columns.len()));
        }
        Ok(Some(Row { values, number: self.row }))
    }

    /// One value, and whether another follows in the row.
    fn value(&mut self) -> Result<(Cow<'a, str>, bool), String> {
        let value = match self.rest.strip_prefix('"') {
            Some(quoted) => self.quoted(quoted)?,
            None => {
                let end = self.rest.find([',', '\r', '\n', '"']).unwrap_or(self.rest.len());
                let (value, rest) = self.rest.split_at(end);
                self.rest = rest;
                Cow::Borrowed(value)
            }
        };
        let (rest, more) = match self.rest.strip_prefix(',') {
            Some(rest) => (rest, true),
            None => (self.line_end()?, false),
        };
        self.rest = rest;
        Ok((value, more))
    }

    fn line_end(&self) -> Result<&'a str, String> {
        let after = self.rest.strip_prefix("\r\n").or_else(|| self.rest.strip_prefix('\n'));
        after.or_else(|| self.rest.is_empty().then_some("")).ok_or_else(|| format!("line {}: a stray quote or line end", self.row))
    }

    fn quoted(&mut self, text: &'a str) -> Result<Cow<'a, str>, String> {
        let mut from = 0;
        loop {
            let quote = from + text[from..].find('"').ok_or_else(|| format!("line {}: an open quote", self.row))?;
            if !text[quote + 1..].starts_with('"') {
                self.rest = &text[quote + 1..];
                let value = &text[..quote];
                return Ok(if value.contains('"') { Cow::Owned(value.replace("\"\"", "\"")) } else { Cow::Borrowed(value) });
            }
            from = quote + 2;
        }
    }
}

impl Row<'_> {
    /// The value in a column found before.
    pub fn get(&self, column: usize) -> &str {
        let value = self.values.get(column).map_or("", |v| v.as_ref());
        match value.strip_prefix('\'') {
            Some(inner) if inner.starts_with(FORMULA_STARTS) || is_long_number(inner) => inner,
            _ => value,
        }
    }
}

/// Sixteen digits and more, five and more with a zero in front, or digits with a power of ten: a spreadsheet would alter it
/// (docs/formats/batch.md).
fn is_long_number(text: &str) -> bool {
    let mut parts = text.splitn(2, ['e', 'E']);
    let all_digits = parts.clone().all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    all_digits && (text.len() >= 16 || (text.len() >= 5 && text.starts_with('0')) || parts.nth(1).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Result<Vec<Vec<String>>, String> {
        let mut csv = Csv::open(text.as_bytes())?;
        let mut all = Vec::new();
        while let Some(row) = csv.next_row()? {
            all.push((0..row.values.len()).map(|i| row.get(i).to_owned()).collect());
        }
        Ok(all)
    }

    #[test]
    fn quotes_line_ends_and_apostrophes_come_off() {
        let text = "a,b\r\n'=1,\"x\"\"y,\nz\"\r\nO'Neill,\r\n";
        assert_eq!(rows(text).unwrap(), [["=1", "x\"y,\nz"], ["O'Neill", ""]]);
        assert_eq!(rows("a,b,c,d\r\n'914201000081486627,'12E4,'010020,'0001\r\n").unwrap(), [["914201000081486627", "12E4", "010020", "'0001"]]);
        assert_eq!(rows(&format!("\u{feff}{text}")), rows(text), "a byte order mark is no part of the heading");
    }

    #[test]
    fn what_is_not_a_list_is_refused() {
        for bad in ["", "a,b\r\n1\r\n", "a\r\n\"open", "a\r\nx\"y\r\n", "a\r\n\"x\"y\r\n"] {
            assert!(rows(bad).is_err(), "{bad:?}");
        }
    }
}
