//! `cardline inspect BATCH [JOB]`: reads finished print files with qpdf, poppler and zbar and holds what they see against the cards, made
//! again from the vault: sizes, fonts, every text, photos byte for byte, codes. Exit 70 when anything differs.

use std::collections::BTreeMap;
use std::path::Path;

use artwork::{Page, Photo};
use card::{Code, Digest};
use ledger::book::state::{BatchState, JobState};
use ledger::fault::Fault;
use line::printed::Printed;
use line::proof::spread;
use plant::print_readers::PrintReaders;
use serde_json::json;

use super::super::EXIT_BROKEN;
use crate::again::Again;
use crate::cli::{Cli, InspectArgs};

/// Pages of a card.
const SIDES: usize = 2;
/// How far a page may be from its size.
const TOLERANCE_MM: f64 = 0.01;
/// As card printers print.
const DPI: u32 = 300;

/// One kind of look at one file.
struct Finding {
    what: &'static str,
    checked: usize,
    /// The first ones that differ, in words without anything personal.
    wrong: Vec<String>,
}

/// A card as it should be printed.
struct Wanted {
    position: u32,
    sides: [Page; SIDES],
    photo: Digest,
    qr: String,
}

pub fn inspect(cli: &Cli, args: &InspectArgs) -> Result<u8, Fault> {
    let again = Again::open(cli)?;
    let batch = again.sealed(&args.batch)?;
    let cut = again.book.cut_of(&batch)?;
    let jobs: Vec<JobState> = again.book.jobs(&batch.batch)?.into_iter().filter(|j| args.job.is_none_or(|wanted| j.job == wanted)).collect();
    if jobs.is_empty() {
        return Err(Fault::BadInput(format!("batch {} has no such job", batch.batch)));
    }
    let mut broken = 0;
    for job in &jobs {
        let findings = again.with_printed(&batch, &cut, |printed| {
            let wanted = wanted(printed, &again, job.job)?;
            let path = published(cli, &batch, job)?;
            if wanted.is_empty() { Ok(vec![void(&path)]) } else { looked_at(&PrintReaders::new(&path)?, &wanted, printed, args) }
        })?;
        broken += findings.iter().filter(|f| !f.wrong.is_empty()).count();
        findings.iter().for_each(|f| f.print(job.job, args.json));
    }
    Ok(if broken == 0 { 0 } else { EXIT_BROKEN })
}

/// The job's print file, wherever the batch is.
fn published(cli: &Cli, batch: &BatchState, job: &JobState) -> Result<std::path::PathBuf, Fault> {
    let released = cli.plant.join(format!("batches/{}", batch.batch));
    let folder = if released.is_dir() { released } else { cli.plant.join(line::job::staging(batch)) };
    let path = folder.join(format!("print/job-{:04}.pdf", job.job));
    if path.is_file() { Ok(path) } else { Err(Fault::refused(Code::Out01, format!("job {}: its print file is missing", job.job))) }
}

fn wanted(printed: &Printed, again: &Again, job: u32) -> Result<Vec<Wanted>, Fault> {
    let mut cards = Vec::new();
    for (_, state) in printed.applications(&again.book, Some(job))? {
        let unusable = |reason: card::Reason| Fault::BadInput(format!("job {job}: a card can't be made again: {}", reason.code.text()));
        let (card, photo) = printed.card(&state).map_err(unusable)?;
        let broken = |e: artwork::Fault| Fault::Invariant(format!("position {}: {e}", card.position));
        let sides = printed.faces.card_pages(&card, &Photo::new(photo.clone()).map_err(broken)?).map_err(broken)?;
        cards.push(Wanted { position: card.position, sides, photo: Digest::of(&photo), qr: card.qr_payload });
    }
    Ok(cards)
}

/// A job without a card has an empty print file.
fn void(path: &Path) -> Finding {
    let mut finding = Finding::new("an empty file of a job without cards");
    finding.hold(std::fs::metadata(path).is_ok_and(|m| m.len() == 0), || "the file is not empty".to_owned());
    finding
}

fn looked_at(readers: &PrintReaders, wanted: &[Wanted], printed: &Printed, args: &InspectArgs) -> Result<Vec<Finding>, Fault> {
    let pages = readers.page_sizes_mm()?;
    let mut findings = vec![sizes(&pages, wanted), fonts(readers)?, texts(readers, wanted)?];
    // A file that is too short was told of; what it has is looked at.
    let there = wanted.len().min(pages.len() / SIDES);
    let face = &printed.rules.profile.face;
    let has_qr = |side: &[card::profile::face::Element]| side.iter().any(|e| matches!(e.what, card::profile::face::What::Qr { .. }));
    let coded = [has_qr(&face.front), has_qr(&face.back)];
    let (mut photos, mut codes) = (Finding::new("photos, byte for byte the validated JPEG"), Finding::new("QR codes at 300 dpi"));
    for n in spread(there, args.cards.map_or(there, |n| n as usize)) {
        let pages = [n * SIDES + 1, n * SIDES + 2];
        photos.check_photo(readers, pages, &wanted[n])?;
        for page in pages.into_iter().zip(coded).filter(|(_, coded)| *coded).map(|(page, _)| page) {
            codes.check_code(readers, page, &wanted[n])?;
        }
    }
    findings.extend([photos, codes]);
    if args.structure {
        let mut structure = Finding::new("structure, by qpdf");
        let complaint = readers.structure()?;
        structure.hold(complaint.is_none(), || complaint.clone().unwrap_or_default());
        findings.push(structure);
    }
    Ok(findings)
}

fn sizes(seen: &[[f64; 2]], wanted: &[Wanted]) -> Finding {
    let mut finding = Finding::new("pages of the card's size, within 0.01 mm");
    finding.hold(seen.len() == wanted.len() * SIDES, || format!("{} pages, not {}", seen.len(), wanted.len() * SIDES));
    for (n, (size, page)) in seen.iter().zip(wanted.iter().flat_map(|w| &w.sides)).enumerate() {
        let [width, height] = [page.width_mm, page.height_mm].map(|mm| mm + 2.0 * page.bleed_mm);
        let near = (size[0] - width).abs() <= TOLERANCE_MM && (size[1] - height).abs() <= TOLERANCE_MM;
        finding.hold(near, || format!("page {}: {:.3} × {:.3} mm", n + 1, size[0], size[1]));
    }
    finding
}

fn fonts(readers: &PrintReaders) -> Result<Finding, Fault> {
    let mut finding = Finding::new("fonts embedded, cut to what is used, mapped to Unicode");
    let fonts = readers.fonts()?;
    finding.hold(!fonts.is_empty(), || "no font at all".to_owned());
    for font in fonts {
        finding.hold(font.embedded && font.subset && font.unicode, || format!("{font:?}"));
    }
    Ok(finding)
}

/// Each line of a page is found in what is read from it, and no character more is there.
fn texts(readers: &PrintReaders, wanted: &[Wanted]) -> Result<Finding, Fault> {
    let mut finding = Finding::new("texts of every page, no character more or less");
    let seen = readers.texts()?;
    finding.hold(seen.len() == wanted.len() * SIDES, || format!("text of {} pages, not {}", seen.len(), wanted.len() * SIDES));
    for (n, (read, page)) in seen.iter().zip(wanted.iter().flat_map(|w| &w.sides)).enumerate() {
        let read = solid(read);
        for text in page.texts() {
            finding.hold(read.contains(&solid(&text.text)), || format!("page {}: {} reads otherwise", n + 1, text.tag.unwrap_or("a fixed text")));
        }
        let all: String = page.texts().map(|t| solid(&t.text)).collect();
        finding.hold(tally(&all) == tally(&read), || format!("page {}: other characters than those set", n + 1));
    }
    Ok(finding)
}

/// Without the white space, which a reader of print puts where it thinks best.
fn solid(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

fn tally(text: &str) -> BTreeMap<char, usize> {
    let mut tally = BTreeMap::new();
    text.chars().for_each(|c| *tally.entry(c).or_default() += 1);
    tally
}

impl Finding {
    fn new(what: &'static str) -> Self {
        Self { what, checked: 0, wrong: Vec::new() }
    }

    fn hold(&mut self, ok: bool, words: impl FnOnce() -> String) {
        self.checked += 1;
        if !ok {
            self.wrong.push(words());
        }
    }

    fn check_photo(&mut self, readers: &PrintReaders, pages: [usize; SIDES], wanted: &Wanted) -> Result<(), Fault> {
        let mut seen = Vec::new();
        for page in pages {
            seen.extend(readers.pictures(page)?.iter().map(|bytes| Digest::of(bytes)));
        }
        self.hold(seen == [wanted.photo], || format!("position {}: {} pictures, or another one", wanted.position, seen.len()));
        Ok(())
    }

    fn check_code(&mut self, readers: &PrintReaders, page: usize, wanted: &Wanted) -> Result<(), Fault> {
        let seen = readers.symbols(page, DPI)?;
        self.hold(seen == [wanted.qr.as_str()], || format!("position {}: {} codes, or another text", wanted.position, seen.len()));
        Ok(())
    }

    fn print(&self, job: u32, as_json: bool) {
        let (ok, first) = (self.wrong.is_empty(), self.wrong.first());
        if as_json {
            println!("{}", json!({"job": job, "ok": ok, "checked": self.checked, "wrong": self.wrong.len(), "what": self.what, "first": first}));
            return;
        }
        let word = if ok { "ok" } else { "WRONG" };
        let more = first.map(|first| format!("; {} wrong, first: {first}", self.wrong.len())).unwrap_or_default();
        println!("job {job:>4} {word:<5} {}: {}{more}", self.what, self.checked);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_counted_not_only_found() {
        assert_eq!(solid(" A\u{3000}B\n"), "AB");
        assert_ne!(tally("AAB"), tally("ABB"));
        assert_eq!(tally("BAA"), tally("ABA"));
    }
}
