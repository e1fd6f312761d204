//! Places of the journal kept outside the plant: `SEQUENCE HASH TIME` on a line. A plant that lacks one was rolled back (JRN-03).

use std::path::Path;

use card::{Code, Digest};
use ledger::entry::Millis;
use ledger::fault::Fault;
use ledger::journal::{Head, JournalView};
use line::plan::rfc3339;

/// Longest file of witness lines read: one a night for a long life.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// The line to keep.
#[must_use]
pub fn line(head: Head, at: Millis) -> String {
    format!("{} {} {}", head.seq, head.hash, rfc3339(at))
}

fn parse(line: &str) -> Option<Head> {
    let mut words = line.split_whitespace();
    let (seq, hash, time) = (words.next()?.parse().ok()?, Digest::parse(words.next()?).ok()?, words.next());
    let whole = words.next().is_none() && time.is_none_or(|t| t.parse::<jiff::Timestamp>().is_ok());
    (whole && seq > 0).then_some(Head { seq, hash })
}

/// The places a `--witness` argument names: itself a line, or a file of such lines.
///
/// # Errors
/// USE-01: neither, or a line of the file is none.
pub fn places(text: &str) -> Result<Vec<Head>, Fault> {
    if let Some(place) = parse(text) {
        return Ok(vec![place]);
    }
    let wrong = |why: String| Fault::refused(Code::Use01, format!("--witness: {why}"));
    let content = read(Path::new(text)).map_err(|e| wrong(format!("neither a line \"SEQUENCE HASH TIME\" nor a file of them: {e}")))?;
    let lines = content.lines().enumerate().filter(|(_, l)| !l.trim().is_empty());
    let places: Vec<Head> =
        lines.map(|(i, l)| parse(l).ok_or_else(|| wrong(format!("line {} is not \"SEQUENCE HASH TIME\"", i + 1)))).collect::<Result<_, _>>()?;
    if places.is_empty() { Err(wrong("the file is empty".to_owned())) } else { Ok(places) }
}

fn read(path: &Path) -> std::io::Result<String> {
    if std::fs::metadata(path)?.len() > FILE_BYTES_MAX {
        return Err(std::io::Error::other("too long"));
    }
    std::fs::read_to_string(path)
}

/// Refuses a journal that lacks one of these places.
///
/// # Errors
/// JRN-03; the journal can't be read.
pub fn demand(journal: &JournalView, places: &[Head]) -> Result<(), Fault> {
    for place in places {
        if !journal.holds(*place)? {
            let text = format!("the journal ends with record {} and lacks the witnessed record {} {}", journal.head().seq, place.seq, place.hash);
            return Err(Fault::refused(Code::Jrn03, text));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_reads_back_and_other_texts_do_not() {
        let head = Head { seq: 12, hash: Digest::of(b"x") };
        let written = line(head, 1_737_000_000_000);
        assert_eq!(places(&written).unwrap(), [head]);
        assert_eq!(places(written.rsplit_once(' ').unwrap().0).unwrap(), [head], "the time is for people");
        for wrong in ["", "12", "0 ba", &format!("{written} more"), &written.replace("12 ", "0 "), "/no/such/file"] {
            assert_eq!(places(wrong).unwrap_err().exit_code(), 64, "{wrong}");
        }
    }

    #[test]
    fn a_file_may_hold_many_lines_and_all_count() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("w");
        let heads = [Head { seq: 1, hash: Digest::of(b"a") }, Head { seq: 9, hash: Digest::of(b"b") }];
        std::fs::write(&file, format!("{}\n\n{}\n", line(heads[0], 0), line(heads[1], 0))).unwrap();
        assert_eq!(places(file.to_str().unwrap()).unwrap(), heads);
        std::fs::write(&file, "1 x\n").unwrap();
        assert!(places(file.to_str().unwrap()).unwrap_err().to_string().contains("line 1"));
    }
}
