//! The marked picture of one examination, as a PNG: what `photo check --annotate` writes.

use std::path::Path;

use artwork::{MARKED_DPI, Mark, Photo, marked_photo, page_png};
use card::Effect;
use card::profile::face::Colour;
use ledger::fault::Fault;
use photo::{Examination, Finding};

use super::write;

/// Writes `NAME.marked.png` into the folder.
pub fn annotate(file: &Path, examination: &Examination, folder: &Path) -> Result<(), Fault> {
    let name = file.file_name().map_or_else(|| "photo".to_owned(), |n| n.to_string_lossy().into_owned());
    let undrawable = |e: artwork::Fault| Fault::BadInput(format!("{}: {e}", file.display()));
    let png = page_png(&marked_photo(picture(examination), &marks(&examination.reasons)), MARKED_DPI).map_err(undrawable)?;
    write(&folder.join(format!("{name}.marked.png")), &png)
}

/// The validated photo, if it could be decoded.
pub fn picture(examination: &Examination) -> Option<Photo> {
    examination.pixels.as_ref()?;
    Photo::new(examination.stripped.as_ref()?.bytes.clone()).ok()
}

fn marks(findings: &[Finding]) -> Vec<Mark> {
    let mut findings: Vec<&Finding> = findings.iter().collect();
    findings.sort_by_key(|f| std::cmp::Reverse(f.effect));
    findings.into_iter().map(mark).collect()
}

fn mark(f: &Finding) -> Mark {
    let d = f.code.definition();
    let measured = format!("{} / {}", f.value, f.limit);
    let area_px = f.area.map(|a| [a.left, a.top, a.width, a.height]);
    Mark { area_px, colour: colour(f.effect), lines: vec![f.code.text().to_owned(), measured, d.en.to_owned(), d.zh.to_owned()] }
}

pub fn colour(effect: Effect) -> Colour {
    match effect {
        Effect::Warn => Colour(20, 90, 180),
        Effect::Hold => Colour(200, 110, 0),
        Effect::Reject => Colour(200, 0, 20),
    }
}
