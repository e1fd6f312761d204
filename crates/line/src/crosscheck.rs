//! The four views of one card must carry one record digest (invariant I-10). Reads the published files back, by their published
//! formats, before the job is written down. A disagreement is a broken promise of ours and stops the run.

use card::Keyed;
use ledger::disk::Disk;
use ledger::entry::FileDigest;
use ledger::fault::Fault;
use serde::Deserialize;

/// Print file, encode files and job sheet name the same cards in the same order.
///
/// # Errors
/// `Fault::Invariant` naming the file and the first slot that differs; the disk's.
pub fn job_views_agree(disk: &dyn Disk, folder: &str, files: &[FileDigest], records: &[Option<Keyed>]) -> Result<(), Fault> {
    let wanted: Vec<Keyed> = records.iter().flatten().copied().collect();
    for FileDigest { path, .. } in files {
        let read = match path.rsplit_once('.').map(|(stem, end)| (stem.ends_with(".sheet"), end)) {
            Some((false, "pdf")) => print_records,
            Some((false, "txt")) => text_records,
            Some((false, "cps")) => chip::cps::cps_records,
            Some((true, "json")) => sheet_records,
            _ => continue,
        };
        let full = format!("{folder}/{path}");
        let bytes = disk.map(&full).map_err(|e| Fault::io("map", &full, e))?;
        let found = read((*bytes).as_ref());
        let found = found.map_err(|why| Fault::Invariant(format!("{path} can't be read back: {why}")))?;
        same(path, &wanted, &found)?;
    }
    Ok(())
}

fn same(path: &str, wanted: &[Keyed], found: &[Keyed]) -> Result<(), Fault> {
    if wanted == found {
        return Ok(());
    }
    let at = wanted.iter().zip(found).position(|(a, b)| a != b).unwrap_or(wanted.len().min(found.len()));
    Err(Fault::Invariant(format!("{path}: card {} of {} is not the record of its slot ({} found)", at + 1, wanted.len(), found.len())))
}

/// Front and back of a card carry the same mark; two pages make one record (docs/formats/print.md).
fn print_records(pdf: &[u8]) -> Result<Vec<Keyed>, String> {
    let marks = marks(pdf)?;
    if marks.len() % 2 != 0 || marks.chunks(2).any(|pair| pair[0] != pair[1]) {
        return Err("front and back differ".to_owned());
    }
    Ok(marks.chunks(2).map(|pair| pair[0]).collect())
}

/// Every `/CLR-<32 hex> MP` of the file, in order: page streams are written uncompressed.
fn marks(pdf: &[u8]) -> Result<Vec<Keyed>, String> {
    const START: &[u8] = b"/CLR-";
    let digits = |at: usize| pdf.get(at + START.len()..at + START.len() + 32).and_then(|d| std::str::from_utf8(d).ok()).ok_or("a mark is cut off");
    memchr::memmem::find_iter(pdf, START).map(|at| Keyed::parse(digits(at)?)).collect()
}

fn text_records(text: &[u8]) -> Result<Vec<Keyed>, String> {
    chip::vendor_records(text)
}

fn sheet_records(json: &[u8]) -> Result<Vec<Keyed>, String> {
    #[derive(Deserialize)]
    struct Sheet {
        slots: Vec<Slot>,
    }
    #[derive(Deserialize)]
    struct Slot {
        record: String,
    }
    let sheet: Sheet = serde_json::from_slice(json).map_err(|e| e.to_string())?;
    sheet.slots.iter().map(|s| Keyed::parse(&s.record)).collect()
}
