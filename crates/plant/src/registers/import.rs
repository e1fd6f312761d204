//! Importing an extract: read once, row by row, straight into the snapshot's temporary file. One bad row refuses all of it, with
//! the first of them named; only then is anything published.

use std::io::{self, Read, Write};

use card::Digest;
use ledger::disk::Disk;
use ledger::fault::Fault;
use ledger::publish::publish;

use super::RegisterKind;
use super::file::SnapshotWriter;
use super::rows::{self, Line};

/// Bad rows named in a refusal; the rest are counted.
const REPORTED_MAX: usize = 20;

/// A published snapshot.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Imported {
    pub path: String,
    pub digest: Digest,
    pub rows: u64,
}

/// Imports a CSV extract (UTF-8, with or without BOM, header as [`RegisterKind::columns`]) as snapshot `version`. Memory: 32 bytes a row.
///
/// # Errors
/// [`Fault::BadInput`] naming line and column of the first bad rows, never a value; or the disk's. Nothing is published then.
pub fn import(disk: &dyn Disk, kind: RegisterKind, version: u32, extract: impl Read) -> Result<Imported, Fault> {
    let path = kind.path(version);
    disk.create_dir("registers").map_err(Fault::on("create folder", "registers"))?;
    let mut rows = 0;
    let info = publish(disk, &path, |out| {
        rows = write(out, kind, extract)?;
        Ok(())
    })?;
    Ok(Imported { path, digest: info.digest, rows })
}

fn write(out: &mut dyn Write, kind: RegisterKind, extract: impl Read) -> io::Result<u64> {
    // Rows end at LF, and fields are trimmed: with CRLF as terminator `csv` would number every line one too low.
    let ends = csv::Terminator::Any(b'\n');
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).terminator(ends).from_reader(extract);
    let mut snapshot = SnapshotWriter::start(out, kind)?;
    let mut bad = BadRows { kind, named: Vec::new(), count: 0 };
    let mut record = csv::ByteRecord::new();
    if !read(&mut reader, &mut record, kind)? || !is_header(&record, kind) {
        return Err(Fault::BadInput(format!("{}: the first line must be: {}", kind.name(), kind.columns().join(","))).into());
    }
    while read(&mut reader, &mut record, kind)? {
        if is_blank(&record) {
            continue;
        }
        let line = record.position().map_or(0, |p| u32::try_from(p.line()).unwrap_or(u32::MAX));
        if let Err(why) = add(&mut snapshot, kind, &record, line)? {
            bad.add(line, &why);
        }
    }
    for (table, earlier, line) in snapshot.sort() {
        let key = if table == 0 { kind.columns()[0] } else { "minisign_key" };
        bad.add(line, &format!("{key} is the one of line {earlier}"));
    }
    bad.end()?;
    let rows = snapshot.rows();
    snapshot.finish()?;
    Ok(rows)
}

/// The next record; `false` at the end.
fn read(reader: &mut csv::Reader<impl Read>, record: &mut csv::ByteRecord, kind: RegisterKind) -> io::Result<bool> {
    reader.read_byte_record(record).map_err(|error| match error.into_kind() {
        csv::ErrorKind::Io(e) => Fault::BadInput(format!("{}: the extract can't be read: {e}", kind.name())).into(),
        _ => Fault::BadInput(format!("{}: the extract is not CSV", kind.name())).into(),
    })
}

fn is_blank(record: &csv::ByteRecord) -> bool {
    record.len() == 1 && record[0].trim_ascii().is_empty()
}

fn is_header(record: &csv::ByteRecord, kind: RegisterKind) -> bool {
    const BOM: &[u8] = b"\xef\xbb\xbf";
    let first = record.get(0).unwrap_or_default();
    let first = first.strip_prefix(BOM).unwrap_or(first);
    let names = std::iter::once(first).chain(record.iter().skip(1)).map(<[u8]>::trim_ascii_end);
    names.eq(kind.columns().iter().map(|name| name.as_bytes()))
}

/// Outer error: the disk; inner: the row.
fn add(snapshot: &mut SnapshotWriter, kind: RegisterKind, record: &csv::ByteRecord, line: u32) -> io::Result<Result<(), String>> {
    let columns = kind.columns();
    if record.len() != columns.len() {
        return Ok(Err(format!("{} fields instead of {}", record.len(), columns.len())));
    }
    let fields = Line { columns, record };
    match kind {
        RegisterKind::Outlets => store(rows::outlet(&fields), |row| {
            let key_id = rows::key_id(&row.minisign_key);
            snapshot.add(row, [Some(row.code.as_bytes()), key_id.as_ref().map(|id| &id[..])], line)
        }),
        RegisterKind::Permits => store(rows::permit(&fields), |row| snapshot.add(row, [Some(row.number.as_bytes()), None], line)),
        RegisterKind::Enrolment => store(rows::enrolment(&fields), |row| snapshot.add(row, [Some(row.ssn.as_bytes()), None], line)),
    }
}

fn store<T>(row: Result<T, String>, add: impl FnOnce(&T) -> io::Result<()>) -> io::Result<Result<(), String>> {
    match row {
        Ok(row) => add(&row).map(Ok),
        Err(why) => Ok(Err(why)),
    }
}

struct BadRows {
    kind: RegisterKind,
    named: Vec<String>,
    count: u64,
}

impl BadRows {
    fn add(&mut self, line: u32, why: &str) {
        self.count += 1;
        if self.named.len() < REPORTED_MAX {
            self.named.push(format!("line {line}: {why}"));
        }
    }

    fn end(self) -> Result<(), Fault> {
        if self.count == 0 {
            return Ok(());
        }
        let rest = self.count - self.named.len() as u64;
        let more = if rest > 0 { format!("\n… and {rest} more") } else { String::new() };
        Err(Fault::BadInput(format!("{}: nothing imported, {} bad rows\n{}{more}", self.kind.name(), self.count, self.named.join("\n"))))
    }
}
