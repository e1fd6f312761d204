//! What outlets were told, held against where their applications stood at that moment: one outcome for each, and for every refusal
//! or hold its codes (I-02, I-32). Called while the journal is read, so that "that moment" is exact.

use std::collections::BTreeMap;

use card::{Code, Digest, Ordinal, Outcome};
use ledger::disk::{Bytes, Disk};
use ledger::entry::{BatchDispatched, FileDigest, PackageAnswered, PackageSetAside};
use ledger::fault::Fault;
use serde::Deserialize;

use crate::csv::Csv;
use crate::proof::{Invariant, Proofs};
use crate::story::{Application, Story};
use crate::{files, letters};

/// A line of `answers.jsonl`, as far as it is compared.
#[derive(Deserialize)]
struct Line {
    package_id: String,
    row: u32,
    outcome: String,
    reasons: Vec<LineReason>,
}

#[derive(Deserialize)]
struct LineReason {
    code: String,
}

/// Counts in `answer.json`.
#[derive(Deserialize)]
struct Counts {
    applications: u32,
    accepted: u32,
    held: u32,
    rejected: u32,
}

/// Files on the disk that aren't what a package's last answer so far says. A later answer, to the package sent again, replaces them.
#[derive(Default)]
pub struct Differing(BTreeMap<u64, Vec<String>>);

impl Differing {
    /// No later answer came.
    pub fn settle(self, proofs: &mut Proofs) {
        self.0.into_values().flatten().for_each(|path| proofs.broken(Invariant::I32, format!("{path} is not the file that was written")));
    }
}

/// Holds a package's answer against its applications. Files the outlet has taken away can't be read again; that is noted.
///
/// # Errors
/// The disk's.
pub fn package(disk: &dyn Disk, story: &Story, e: &PackageAnswered, differing: &mut Differing, proofs: &mut Proofs) -> Result<(), Fault> {
    differing.0.remove(&e.package);
    let Some(package) = usize::try_from(e.package).ok().and_then(|n| story.packages.get(n)) else { return Ok(()) };
    let folder = format!("returns/{}/{}/", package.outlet, package.package_id);
    let wanted = ["answers.csv", "answers.jsonl", "answer.json"].map(|name| format!("{folder}{name}"));
    let ordinals: Vec<Ordinal> = (0..u64::from(package.count)).map(|i| Ordinal(package.first_ordinal.0 + i)).collect();
    let wanted: Vec<String> = wanted.into_iter().chain(letters::paths(package)).collect();
    let named = wanted.iter().all(|w| e.files.iter().any(|f| f.path == *w)) && e.files.len() == wanted.len();
    proofs.check(Invariant::I32, named, || format!("package {}: its answer isn't the files of the format", e.package));
    for file in &e.files {
        let Some(bytes) = there(disk, file, proofs)? else { continue };
        let bytes = (*bytes).as_ref();
        if !is_as_written(bytes, file) {
            differing.0.entry(e.package).or_default().push(file.path.clone());
            continue;
        }
        proofs.held(Invariant::I32, 1);
        let compared = match file.path.rsplit('.').next() {
            Some("jsonl") => lines(story, bytes, &ordinals, proofs),
            Some("csv") => rows(story, bytes, &ordinals, proofs),
            Some("html") => letters::check(story, bytes, &ordinals, proofs),
            Some("pdf") => Ok(()),
            _ => counts(story, bytes, &ordinals, proofs),
        };
        if let Err(why) = compared {
            proofs.broken(Invariant::I32, format!("{}: {why}", file.path));
        }
    }
    Ok(())
}

/// Holds the night's answers against the applications they must speak of: what came since the last night, what was made, what is held.
///
/// # Errors
/// The disk's.
pub fn night(disk: &dyn Disk, story: &Story, e: &BatchDispatched, proofs: &mut Proofs) -> Result<(), Fault> {
    let Some(batch) = story.batch(&e.batch) else { return Ok(()) };
    let arrived = |o: Ordinal| batch.arrived_from <= o && o < batch.arrived_until;
    let index = |o: Ordinal| story.application(o).and_then(|a| a.place).is_some_and(|p| story.batches[p.batch as usize].id == e.batch);
    let mut by_outlet = BTreeMap::<&str, Vec<Ordinal>>::new();
    for (i, application) in story.applications.iter().enumerate() {
        let ordinal = Ordinal(i as u64);
        // Judged or not: a package still being judged has nothing to say yet.
        if application.outcome.is_some() && (arrived(ordinal) || index(ordinal) || application.outcome == Some(Outcome::Held)) {
            by_outlet.entry(story.package_of(application).outlet.as_str()).or_default().push(ordinal);
        }
    }
    for (outlet, ordinals) in by_outlet {
        for end in ["csv", "jsonl", "html", "pdf"] {
            let path = format!("returns/{outlet}/night-{}.{end}", e.batch);
            let Some(file) = e.files.iter().find(|f| f.path == path) else {
                proofs.broken(Invariant::I32, format!("{path}: the outlet got no answer that night"));
                continue;
            };
            let Some(bytes) = there(disk, file, proofs)? else { continue };
            let bytes = (*bytes).as_ref();
            if !proofs.check(Invariant::I32, is_as_written(bytes, file), || format!("{path} is not the file that was written")) {
                continue;
            }
            let compared = match end {
                "csv" => rows(story, bytes, &ordinals, proofs),
                "jsonl" => lines(story, bytes, &ordinals, proofs),
                "html" => letters::check(story, bytes, &ordinals, proofs),
                _ => Ok(()),
            };
            if let Err(why) = compared {
                proofs.broken(Invariant::I32, format!("{path}: {why}"));
            }
        }
    }
    Ok(())
}

/// Why a package was set aside, as its outlet is told.
#[derive(Deserialize)]
struct SetAside {
    package_id: Option<String>,
    reasons: Vec<SetAsideReason>,
    #[serde(default)]
    letter: Vec<LetterFile>,
}

#[derive(Deserialize)]
struct LetterFile {
    path: String,
    sha256: String,
}

#[derive(Deserialize)]
struct SetAsideReason {
    code: String,
    value: String,
    limit: String,
    sentence_en: String,
    sentence_zh: String,
    todo_en: String,
    todo_zh: String,
}

/// Holds what an outlet was told of a package that was not let in against the ledger's reasons, word by word: the ledger keeps no
/// digest of that file.
///
/// # Errors
/// The disk's.
pub fn set_aside(disk: &dyn Disk, e: &PackageSetAside, proofs: &mut Proofs) -> Result<(), Fault> {
    proofs.check(Invariant::I02, !e.reasons.is_empty(), || format!("{} was set aside without a reason", e.quarantine_path));
    let (Some(outlet), Some(name)) = (&e.outlet, e.quarantine_path.rsplit('/').next()) else { return Ok(()) };
    let path = format!("returns/{outlet}/set-aside-{name}.json");
    let Some(bytes) = files::open(disk, &path)? else {
        proofs.answers_gone += 1;
        return Ok(());
    };
    let mut told: Option<SetAside> = serde_json::from_slice((*bytes).as_ref()).ok();
    let letter = told.as_mut().map(|t| std::mem::take(&mut t.letter)).unwrap_or_default();
    let same = told.is_some_and(|t| t.package_id == e.package_id && t.reasons.len() == e.reasons.len() && t.reasons.iter().zip(&e.reasons).all(same_words));
    proofs.check(Invariant::I02, same, || format!("{path} doesn't say what the ledger does"));
    set_aside_letter(disk, e, path.trim_end_matches(".json"), &letter, proofs)
}

/// The letter beside it is the one its JSON names, and speaks of the package and its codes; programs before had none.
fn set_aside_letter(disk: &dyn Disk, e: &PackageSetAside, stem: &str, named: &[LetterFile], proofs: &mut Proofs) -> Result<(), Fault> {
    for form in ["html", "pdf"] {
        let path = format!("{stem}.{form}");
        let digest = named.iter().find(|f| f.path == path).map(|f| f.sha256.as_str());
        let Some(bytes) = files::open(disk, &path)? else {
            proofs.answers_gone += u64::from(digest.is_some());
            continue;
        };
        let bytes = (*bytes).as_ref();
        let written = digest == Some(Digest::of(bytes).to_string().as_str());
        let same = written && (form == "pdf" || letters::is_about(bytes, e));
        proofs.check(Invariant::I02, same, || format!("{path} doesn't say what the ledger does"));
    }
    Ok(())
}

fn same_words((told, reason): (&SetAsideReason, &card::Reason)) -> bool {
    let published = reason.code.definition();
    let words = [&told.code, &told.value, &told.limit, &told.sentence_en, &told.sentence_zh, &told.todo_en, &told.todo_zh];
    words.into_iter().eq([published.text, &reason.value, &reason.limit, published.en, published.zh, published.todo_en, published.todo_zh])
}

/// The answer file, unless its outlet has taken it away.
fn there(disk: &dyn Disk, file: &FileDigest, proofs: &mut Proofs) -> Result<Option<Bytes>, Fault> {
    let bytes = files::open(disk, &file.path)?;
    match &bytes {
        Some(bytes) => proofs.bytes_read += (**bytes).as_ref().len() as u64,
        None => proofs.answers_gone += 1,
    }
    Ok(bytes)
}

fn is_as_written(bytes: &[u8], file: &FileDigest) -> bool {
    bytes.len() as u64 == file.len_bytes && Digest::of(bytes) == file.digest
}

fn outcome_word(a: &Application) -> &'static str {
    match a.outcome {
        _ if a.has_card() => "produced",
        Some(Outcome::Accepted) => "accepted",
        Some(Outcome::Held) => "held",
        Some(Outcome::Rejected) => "rejected",
        None => "not judged",
    }
}

/// What one application was told.
struct Told<'a> {
    package_id: &'a str,
    row: u32,
    outcome: &'a str,
    codes: Vec<&'a str>,
}

fn compare(story: &Story, ordinal: Ordinal, told: &Told, proofs: &mut Proofs) -> Result<(), String> {
    let application = story.application(ordinal).ok_or("an application that never came")?;
    let package = story.package_of(application);
    let row = (ordinal.0 - package.first_ordinal.0) as u32 + 1;
    if (told.package_id, told.row) != (package.package_id.as_str(), row) {
        return Err(format!("row {row} of package {} is missing, doubled or out of place", application.package));
    }
    let same = told.outcome == outcome_word(application);
    proofs.check(Invariant::I32, same, || format!("application #{} was told another outcome than it has", ordinal.0));
    let published = told.codes.iter().all(|c| Code::parse(c).is_some());
    let codes = application.codes.iter().map(|(c, _)| c.text()).eq(told.codes.iter().copied());
    proofs.check(Invariant::I02, published && codes, || format!("application #{} was not told its own codes", ordinal.0));
    Ok(())
}

fn lines(story: &Story, bytes: &[u8], ordinals: &[Ordinal], proofs: &mut Proofs) -> Result<(), String> {
    let mut lines = bytes.split_inclusive(|b| *b == b'\n');
    for ordinal in ordinals {
        let line = lines.next().ok_or_else(|| format!("no line for application #{}", ordinal.0))?;
        let line: Line = serde_json::from_slice(line).map_err(|_| format!("the line of application #{} can't be read", ordinal.0))?;
        let codes = line.reasons.iter().map(|r| r.code.as_str()).collect();
        compare(story, *ordinal, &Told { package_id: &line.package_id, row: line.row, outcome: &line.outcome, codes }, proofs)?;
    }
    if lines.next().is_some() { Err("more lines than applications".to_owned()) } else { Ok(()) }
}

/// One row for each application and reason.
fn rows(story: &Story, bytes: &[u8], ordinals: &[Ordinal], proofs: &mut Proofs) -> Result<(), String> {
    let mut csv = Csv::open(bytes)?;
    let [package_id, row, receipt, outcome, code] = ["package_id", "row", "receipt_number", "outcome", "code"].map(|name| csv.column(name));
    let (package_id, row, receipt, outcome, code) = (package_id?, row?, receipt?, outcome?, code?);
    for ordinal in ordinals {
        let reasons = story.application(*ordinal).map_or(0, |a| a.codes.len());
        let mut group = Vec::new();
        for _ in 0..reasons.max(1) {
            group.push(csv.next_row()?.ok_or_else(|| format!("no row for application #{}", ordinal.0))?);
        }
        let first = &group[0];
        let number = first.get(row).parse().map_err(|_| format!("line {}: no row number", first.number))?;
        let together = group.iter().all(|r| [package_id, row, receipt, outcome].iter().all(|c| r.get(*c) == first.get(*c)));
        if !together {
            return Err(format!("line {}: rows of two applications mixed", first.number));
        }
        let codes = if reasons == 0 { Vec::new() } else { group.iter().map(|r| r.get(code)).collect() };
        compare(story, *ordinal, &Told { package_id: first.get(package_id), row: number, outcome: first.get(outcome), codes }, proofs)?;
    }
    if csv.next_row()?.is_some() { Err("more rows than applications and reasons".to_owned()) } else { Ok(()) }
}

fn counts(story: &Story, bytes: &[u8], ordinals: &[Ordinal], proofs: &mut Proofs) -> Result<(), String> {
    let told: Counts = serde_json::from_slice(bytes).map_err(|_| "not the format".to_owned())?;
    let count = |outcome| ordinals.iter().filter(|o| story.application(**o).is_some_and(|a| a.outcome == Some(outcome))).count() as u32;
    let [accepted, held, rejected] = [Outcome::Accepted, Outcome::Held, Outcome::Rejected].map(count);
    let right = (told.applications, told.accepted, told.held, told.rejected) == (ordinals.len() as u32, accepted, held, rejected);
    proofs.check(Invariant::I01, right, || "a package's answer counts its applications otherwise".to_owned());
    Ok(())
}
