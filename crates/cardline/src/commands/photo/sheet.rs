//! `cardline photo sheet`: contact sheets of a folder for the two people who check by eye: the worst first, at the end a seeded sample
//! of those that passed.

use std::path::{Path, PathBuf};

use artwork::{Item, Page, Photo, Text, page_png};
use card::profile::face::{BoxMm, Colour, Weight};
use card::{Digest, Effect, Outcome, Verdict};
use ledger::fault::Fault;

use super::annotate::colour;
use super::{Room, on_all_cores, read, verdict_of, word, write};
use crate::cli::PhotoSheetArgs;

const COLUMNS: usize = 8;
const ROWS: usize = 10;
const CELL_MM: [f64; 2] = [34.0, 44.0];
const PHOTO_MM: [f64; 2] = [28.0, 34.5];
const DPI: f64 = 130.0;
/// Characters of a caption that fit a cell.
const CAPTION_CHARS: usize = 24;
/// A folder's entries with these endings are photos.
const ENDINGS: [&str; 2] = ["jpg", "jpeg"];

pub fn sheet(args: &PhotoSheetArgs) -> Result<u8, Fault> {
    let room = Room::open(&args.profile, &args.engine)?;
    let files = photos_in(&args.folder)?;
    let judged = on_all_cores(&*room.networks, files.len(), |at| Ok(verdict_of(&room.examine(&read(&files[at])?, false))))?;
    let looked_at = chosen(files.into_iter().zip(judged).collect(), args.seed, args.passed);
    let sheets: Vec<&[(PathBuf, Verdict)]> = looked_at.chunks(COLUMNS * ROWS).collect();
    for (n, cells) in sheets.iter().enumerate() {
        let out = numbered(&args.out, n, sheets.len());
        let png = page_png(&page(cells, &room)?, DPI).map_err(|e| Fault::BadInput(format!("{}: {e}", out.display())))?;
        write(&out, &png)?;
        println!("{}", out.display());
    }
    tell!("{} photos on {} sheets", looked_at.len(), sheets.len());
    Ok(0)
}

/// Sorted, so that nothing depends on the order a disk lists in.
fn photos_in(folder: &Path) -> Result<Vec<PathBuf>, Fault> {
    let unreadable = |e: std::io::Error| Fault::BadInput(format!("{}: {e}", folder.display()));
    let entries: Vec<PathBuf> = std::fs::read_dir(folder).map_err(unreadable)?.map(|e| e.map(|e| e.path())).collect::<Result<_, _>>().map_err(unreadable)?;
    let is_photo = |p: &PathBuf| p.extension().is_some_and(|e| ENDINGS.iter().any(|known| e.eq_ignore_ascii_case(known)));
    let mut files: Vec<PathBuf> = entries.into_iter().filter(is_photo).collect();
    files.sort();
    Ok(files)
}

/// What isn't accepted, worst first; then a sample of `passed` of the others.
fn chosen(all: Vec<(PathBuf, Verdict)>, seed: u64, passed: usize) -> Vec<(PathBuf, Verdict)> {
    let (mut good, mut bad): (Vec<_>, Vec<_>) = all.into_iter().partition(|(_, v)| v.outcome == Outcome::Accepted);
    bad.sort_by_key(|(file, v)| (risk(v), file.clone()));
    good.sort_by_key(|(file, _)| Digest::of(format!("{seed}\0{}", file.display()).as_bytes()).0);
    good.truncate(passed);
    bad.extend(good);
    bad
}

/// Smaller is worse: refused before held, then by how many grave reasons, then by the headline's precedence.
fn risk(v: &Verdict) -> (bool, std::cmp::Reverse<usize>, Option<card::Code>) {
    let grave = v.reasons.iter().filter(|r| r.effect != Effect::Warn).count();
    (v.outcome != Outcome::Rejected, std::cmp::Reverse(grave), v.reasons.first().map(|r| r.code))
}

/// `sheet.png` alone; `sheet-1.png`, `sheet-2.png` … when there are several.
fn numbered(out: &Path, n: usize, of: usize) -> PathBuf {
    if of <= 1 {
        return out.to_owned();
    }
    let stem = out.file_stem().map_or_else(|| "sheet".to_owned(), |s| s.to_string_lossy().into_owned());
    out.with_file_name(format!("{stem}-{}.png", n + 1))
}

fn page(cells: &[(PathBuf, Verdict)], room: &Room) -> Result<Page, Fault> {
    let rows = cells.len().div_ceil(COLUMNS).max(1);
    let mut page = Page::blank(CELL_MM[0] * COLUMNS as f64, CELL_MM[1] * rows as f64);
    for (n, (file, verdict)) in cells.iter().enumerate() {
        let corner = [CELL_MM[0] * (n % COLUMNS) as f64 + 3.0, CELL_MM[1] * (n / COLUMNS) as f64 + 1.0];
        page.items.extend(cell(corner, file, verdict, shown(file, room)?));
    }
    Ok(page)
}

/// The photo, if it decodes.
fn shown(file: &Path, room: &Room) -> Result<Option<Photo>, Fault> {
    let Ok(stripped) = photo::strip(&read(file)?) else { return Ok(None) };
    Ok(photo::decode(&stripped, &room.profile.photo).is_ok().then(|| Photo::new(stripped).ok()).flatten())
}

fn cell([left, top]: [f64; 2], file: &Path, verdict: &Verdict, photo: Option<Photo>) -> [Item; 3] {
    let at = BoxMm { x_mm: left, y_mm: top, width_mm: PHOTO_MM[0], height_mm: PHOTO_MM[1] };
    let picture = match photo {
        Some(photo) => Item::Photo { at, photo },
        None => Item::Fill { at, colour: Colour(200, 200, 200), radius_mm: 0.0 },
    };
    let headline = verdict.reasons.first().map_or("", |r| r.code.text());
    let ink = verdict.reasons.first().filter(|_| verdict.outcome != Outcome::Accepted).map_or(Colour(0, 110, 40), |r| colour(r.effect));
    let name = file.file_stem().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    let line = |n: f64, weight, colour, text: String| {
        let text = text.chars().take(CAPTION_CHARS).collect();
        Item::Text(Text { x_mm: left, baseline_mm: top + PHOTO_MM[1] + 3.0 * n, size_pt: 6.5, weight, colour, text, tag: None })
    };
    [picture, line(1.0, Weight::Regular, Colour(0, 0, 0), name), line(2.0, Weight::Bold, ink, format!("{} {headline}", word(verdict.outcome)))]
}

#[cfg(test)]
mod tests {
    use super::*;
    use card::{Code, Reason};

    fn verdict(codes: &[Code]) -> Verdict {
        Verdict::from_reasons(codes.iter().map(|c| Reason::new(*c, "", "")).collect())
    }

    #[test]
    fn the_worst_come_first_and_the_sample_of_passed_is_the_seeds() {
        let mut all = vec![(PathBuf::from("held"), verdict(&[Code::Pho12])), (PathBuf::from("refused"), verdict(&[Code::Pho13]))];
        all.push((PathBuf::from("refused-twice"), verdict(&[Code::Pho13, Code::Pho12])));
        all.extend((0..20).map(|n| (PathBuf::from(format!("good-{n}")), verdict(&[]))));
        let names = |seed| chosen(all.clone(), seed, 4).into_iter().map(|(f, _)| f.display().to_string()).collect::<Vec<_>>();
        assert_eq!(names(1)[..3], ["refused-twice", "refused", "held"]);
        assert_eq!((names(1).len(), names(1) == names(1), names(1) == names(2)), (7, true, false));
    }

    #[test]
    fn only_several_sheets_are_numbered() {
        let out = Path::new("a/sheet.png");
        assert_eq!(numbered(out, 0, 1), out);
        assert_eq!(numbered(out, 1, 2), Path::new("a/sheet-2.png"));
    }
}
