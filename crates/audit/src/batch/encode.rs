//! Encode files: the vendor's text (docs/formats/encode.md) and the binary one (docs/formats/cps.md), as far as they say which card each line
//! or record is for. Read anew from those pages; what the chip's files hold is not looked at here.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use card::{Digest, Keyed};

use super::Seen;

const TEXT_MAGIC: &str = "#cardline-encode/1 ";
const CPS_MAGIC: &[u8] = b"CLDGI\0\0\x02";
const CPS_VERSION: &[u8] = b"02.1";

/// The cards of a vendor file, line by line. Columns are found by their names; partners may rename all but `record_digest`.
///
/// # Errors
/// The file hasn't the published shape; says the line.
pub(super) fn text_cards(bytes: &[u8]) -> Result<Vec<Seen>, String> {
    let mut lines = Lines { rest: bytes, line: 0 };
    let header = lines.next().ok_or("no header")??;
    let header = std::str::from_utf8(header).ok().and_then(|h| h.strip_prefix(TEXT_MAGIC)).ok_or("not an encode file of version 1")?;
    let encoding = header.find(|c: char| c.is_ascii_punctuation() && c != '-').ok_or("no columns")?;
    let (encoding, columns) = header.split_at(encoding);
    let delimiter = columns.as_bytes()[0];
    let columns: Vec<&str> = columns[1..].split(char::from(delimiter)).collect();
    let layout = Layout {
        two_bytes: encoding == "GB18030",
        delimiter,
        count: columns.len(),
        record: columns.iter().position(|c| *c == "record_digest").ok_or("no column record_digest")?,
        named: ["position", "card_number", "generation", "photo"].map(|name| columns.iter().position(|c| *c == name)),
    };
    let mut cards = Vec::new();
    while let Some(line) = lines.next() {
        let number = lines.line;
        cards.push(layout.card(line?).map_err(|why| format!("line {number}: {why}"))?);
    }
    Ok(cards)
}

struct Layout {
    two_bytes: bool,
    delimiter: u8,
    count: usize,
    record: usize,
    named: [Option<usize>; 4],
}

impl Layout {
    fn card(&self, line: &[u8]) -> Result<Seen, String> {
        let values = self.split(line);
        if values.len() != self.count {
            return Err(format!("{} values under {} columns", values.len(), self.count));
        }
        let text = |at: usize| std::str::from_utf8(values[at]).map_err(|_| "not text".to_owned());
        let [position, number, generation, photo] = self.named;
        let parsed = |at: Option<usize>| at.map(|at| text(at)?.parse().map_err(|_| "not a number".to_owned())).transpose();
        let photo = photo.map(|at| STANDARD.decode(values[at]).map_err(|_| "the photo is not base64".to_owned())).transpose()?;
        Ok(Seen {
            position: parsed(position)?,
            number: number.map(|at| text(at).map(str::to_owned)).transpose()?,
            generation: parsed(generation)?,
            record: Some(Keyed::parse(text(self.record)?)?),
            photo: photo.map(|jpeg| Digest::of(&jpeg)),
        })
    }

    /// Values of a line. In GB 18030 the second byte of a character may look like the delimiter.
    fn split<'a>(&self, line: &'a [u8]) -> Vec<&'a [u8]> {
        if !self.two_bytes {
            return line.split(|b| *b == self.delimiter).collect();
        }
        let (mut values, mut from, mut at) = (Vec::new(), 0, 0);
        while at < line.len() {
            let in_four = line.get(at + 1).is_some_and(u8::is_ascii_digit);
            match line[at] {
                b if b == self.delimiter => {
                    values.push(&line[from..at]);
                    from = at + 1;
                    at += 1;
                }
                0x81..=0xfe => at += if in_four { 4 } else { 2 },
                _ => at += 1,
            }
        }
        values.push(&line[from.min(line.len())..]);
        values
    }
}

/// Lines that each end in CR LF.
struct Lines<'a> {
    rest: &'a [u8],
    line: usize,
}

impl<'a> Iterator for Lines<'a> {
    type Item = Result<&'a [u8], String>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        self.line += 1;
        let end = memchr::memchr(b'\n', self.rest);
        let line = end.and_then(|end| self.rest[..end].strip_suffix(b"\r"));
        self.rest = end.map_or(&[], |end| &self.rest[end + 1..]);
        Some(line.ok_or_else(|| format!("line {}: cut off", self.line)))
    }
}

/// The cards of a binary file (docs/formats/cps.md): a header with batch 12, job 4, count 4, a part about its keys with its length 2,
/// CRC32C 4; then each card: `CARD`, batch 12, job 4, position 4, generation 4, number 9, record 16, `02.1`, a record with its length 2, CRC32C 4.
/// What is in the record, its keys and its MAC are the device's to judge.
///
/// # Errors
/// The file hasn't the published shape, or is another job's.
pub(super) fn cps_cards(bytes: &[u8], batch: &str, job: u32) -> Result<Vec<Seen>, String> {
    let mut reader = Bytes { rest: bytes, since: bytes };
    reader.exactly(CPS_MAGIC).ok_or("not an encode file of version 2")?;
    reader.exactly(batch.as_bytes()).ok_or("another batch's")?;
    reader.number().filter(|n| *n == job).ok_or("another job's")?;
    let count = reader.number().ok_or("cut off")?;
    reader.part().ok_or("cut off")?;
    reader.checksum().ok_or("the header's checksum is wrong")?;
    let mut cards = Vec::new();
    while !reader.rest.is_empty() {
        cards.push(reader.card(batch, job).ok_or_else(|| format!("card {}: another job's, cut off or its checksum is wrong", cards.len() + 1))?);
    }
    if cards.len() == count as usize { Ok(cards) } else { Err(format!("{} cards, the header says {count}", cards.len())) }
}

struct Bytes<'a> {
    rest: &'a [u8],
    /// What the next checksum covers begins here.
    since: &'a [u8],
}

impl<'a> Bytes<'a> {
    fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(n)?;
        self.rest = rest;
        Some(taken)
    }

    fn exactly(&mut self, bytes: &[u8]) -> Option<()> {
        (self.take(bytes.len())? == bytes).then_some(())
    }

    fn number(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }

    fn checksum(&mut self) -> Option<()> {
        let covered = &self.since[..self.since.len() - self.rest.len()];
        let right = self.number()? == crc32c::crc32c(covered);
        self.since = self.rest;
        right.then_some(())
    }

    /// A length of two bytes and so many bytes.
    fn part(&mut self) -> Option<()> {
        let len = u16::from_be_bytes(self.take(2)?.try_into().ok()?);
        self.take(usize::from(len)).map(|_| ())
    }

    fn card(&mut self, batch: &str, job: u32) -> Option<Seen> {
        self.exactly(b"CARD")?;
        self.exactly(batch.as_bytes())?;
        self.number().filter(|n| *n == job)?;
        let (position, generation) = (self.number()?, self.number()?);
        let number = std::str::from_utf8(self.take(9)?).ok()?.to_owned();
        let record = Keyed(self.take(16)?.try_into().ok()?);
        self.exactly(CPS_VERSION)?;
        self.part()?;
        self.checksum()?;
        Some(Seen { position: Some(position), generation: Some(generation), number: Some(number), record: Some(record), photo: None })
    }
}
