//! What an outlet hears: one line for every application it sent, and for everything that isn't simply accepted the code, the
//! measured value, the limit, both sentences and what to do. Written per package at intake and per outlet every night.

use std::collections::BTreeMap;
use std::io::{self, Write};

use card::reason::AnswerLane;
use card::{BatchId, Ordinal, Outcome, OutletCode, Reason};
use ledger::book::Book;
use ledger::book::state::{ApplicationState, BatchState, PackageState};
use ledger::entry::{FileDigest, PackageSetAside};
use ledger::fault::Fault;
use ledger::publish::Together;
use serde::Serialize;
use serde_json::json;

use crate::letter::Desk;
use crate::lists::List;
use crate::plan::{World, rfc3339};
use crate::vault::Vault;

/// Columns of `answers.csv`: one line per application and reason (docs/formats/package.md).
pub const COLUMNS: [&str; 16] = [
    "application_id",
    "package_id",
    "row",
    "receipt_number",
    "outcome",
    "batch",
    "card_number",
    "code",
    "effect",
    "value",
    "limit",
    "sentence_en",
    "sentence_zh",
    "todo_en",
    "todo_zh",
    "lane",
];

/// One application's answer, as a line of `answers.jsonl`.
#[derive(Serialize)]
struct Answer<'a> {
    application_id: &'a str,
    package_id: &'a str,
    /// 1-based row in the package's records.
    row: u32,
    /// What the outlet gave the applicant to ask with.
    receipt_number: Option<&'a str>,
    /// `accepted`, `held`, `rejected` or `produced`.
    outcome: &'static str,
    batch: Option<&'a str>,
    card_number: Option<&'a str>,
    reasons: Vec<AnswerReason<'a>>,
}

#[derive(Serialize)]
struct AnswerReason<'a> {
    code: &'static str,
    effect: card::Effect,
    value: &'a str,
    limit: &'a str,
    sentence_en: &'static str,
    sentence_zh: &'static str,
    todo_en: &'static str,
    todo_zh: &'static str,
    lane: AnswerLane,
}

impl<'a> From<&'a Reason> for AnswerReason<'a> {
    fn from(r: &'a Reason) -> Self {
        let d = r.code.definition();
        Self {
            code: d.text,
            effect: r.effect,
            value: &r.value,
            limit: &r.limit,
            sentence_en: d.en,
            sentence_zh: d.zh,
            todo_en: d.todo_en,
            todo_zh: d.todo_zh,
            lane: d.lane,
        }
    }
}

fn outcome_word(state: &ApplicationState) -> &'static str {
    match state.outcome {
        _ if state.has_card() => "produced",
        Outcome::Accepted => "accepted",
        Outcome::Held => "held",
        Outcome::Rejected => "rejected",
    }
}

fn answer<'a>(state: &'a ApplicationState, package_id: &'a str, receipt_number: Option<&'a str>) -> Answer<'a> {
    let place = state.place.as_ref().filter(|p| !p.void);
    Answer {
        application_id: &state.application_id,
        package_id,
        row: state.row + 1,
        receipt_number,
        outcome: outcome_word(state),
        batch: place.map(|p| p.batch.as_str()),
        card_number: place.map(|p| p.number.as_str()),
        reasons: state.reasons.iter().map(AnswerReason::from).collect(),
    }
}

/// Writes a package's answer: `returns/OUTLET/PACKAGE_ID/answers.csv`, `answers.jsonl`, `answer.json` with the counts, and the letter.
/// The outlet has it when the caller finishes it.
///
/// # Errors
/// The ledger, the vault or the disk fails.
pub fn write_package<'w>(world: &'w World, vault: &Vault, desk: &Desk, package: &PackageState) -> Result<(Together<'w>, Vec<FileDigest>), Fault> {
    let r = &package.received;
    let book = desk.book;
    let folder = format!("returns/{}/{}", r.outlet, r.package_id);
    let mut answer = Together::new(&*world.disk);
    answer.folder(&folder)?;
    let ordinals: Vec<Ordinal> = (0..u64::from(r.count)).map(|i| Ordinal(r.first_ordinal.0 + i)).collect();
    let mut counts = [0_u32; 3];
    for ordinal in &ordinals {
        if let Some(state) = book.application(*ordinal)? {
            counts[state.outcome as usize] += 1;
        }
    }
    assert_eq!(counts.iter().sum::<u32>(), r.count, "conservation: every application of package {} has one outcome", r.package);
    let shelf = Shelf { book, vault };
    let mut files = shelf.write_answers(&mut answer, &folder, "answers", &ordinals)?;
    let summary = json!({
        "format": "cardline-answer/1",
        "outlet": r.outlet.as_str(),
        "package_id": r.package_id,
        "sequence": r.sequence,
        "received_on": desk.plan.day(r.received_at).to_string(),
        "applications": r.count,
        "accepted": counts[Outcome::Accepted as usize],
        "held": counts[Outcome::Held as usize],
        "rejected": counts[Outcome::Rejected as usize],
        "package_reasons": r.reasons.iter().map(AnswerReason::from).collect::<Vec<_>>(),
    });
    files.push(write_json(&mut answer, &format!("{folder}/answer.json"), &summary)?);
    // Once the package is purged its letter is gone for good; the lists can always be written.
    if package.purged.is_none() {
        files.extend(desk.write_package(&mut answer, vault, package, &ordinals)?);
    }
    Ok((answer, files))
}

/// Tells an outlet why its package was set aside, in JSON and by a letter; only when the signature proved that it is that outlet's.
///
/// # Errors
/// The disk fails.
pub fn answer_set_aside(world: &World, desk: &Desk, aside: &PackageSetAside) -> Result<(), Fault> {
    let mut summary = json!({
        "format": "cardline-set-aside/1",
        "name": aside.name,
        "outlet": aside.outlet.as_ref().map(OutletCode::as_str),
        "package_id": aside.package_id,
        "at": rfc3339(aside.at),
        "reasons": aside.reasons.iter().map(AnswerReason::from).collect::<Vec<_>>(),
    });
    let mut answer = Together::new(&*world.disk);
    write_json(&mut answer, &format!("{}.reasons.json", aside.quarantine_path), &summary)?;
    if let Some(outlet) = &aside.outlet {
        let folder = format!("returns/{outlet}");
        create_dir(world, &folder)?;
        let name = aside.quarantine_path.rsplit('/').next().unwrap_or_default();
        let stem = format!("{folder}/set-aside-{name}");
        let letter = desk.write_set_aside(&mut answer, aside, outlet.as_str(), &stem)?;
        summary["letter"] = letter.iter().map(|f| json!({"path": f.path, "sha256": f.digest.to_string()})).collect();
        write_json(&mut answer, &format!("{stem}.json"), &summary)?;
    }
    answer.finish()
}

/// The night's answers, per outlet: everything that arrived since the last night, everything made tonight, everything still held.
///
/// # Errors
/// The ledger, the vault or the disk fails.
pub fn answer_night(world: &World, vault: &Vault, desk: &Desk, batch: &BatchState, cut: &[Ordinal]) -> Result<Vec<FileDigest>, Fault> {
    let book = desk.book;
    let shelf = Shelf { book, vault };
    let mut files = Vec::new();
    let mut answers = Together::new(&*world.disk);
    let mut earlier = arrived_earlier(book, batch, cut)?;
    for outlet in book.outlets()? {
        let mut ordinals = book.of_outlet(&outlet, batch.arrived_from, batch.arrived_until)?;
        ordinals.extend(book.held_of(&outlet)?);
        ordinals.extend(earlier.remove(&outlet).unwrap_or_default());
        ordinals.sort_unstable();
        ordinals.dedup();
        if ordinals.is_empty() {
            continue;
        }
        let folder = format!("returns/{outlet}");
        create_dir(world, &folder)?;
        let name = night_name(&batch.batch);
        files.extend(shelf.write_answers(&mut answers, &folder, &name, &ordinals)?);
        files.extend(desk.write_night(&mut answers, batch, outlet.as_str(), &format!("{folder}/{name}"), &ordinals)?);
        answers.finish_when_many()?;
    }
    answers.finish()?;
    Ok(files)
}

/// Made tonight but arrived before the last night: not in the night's range of ordinals.
fn arrived_earlier(book: &Book, batch: &BatchState, cut: &[Ordinal]) -> Result<BTreeMap<OutletCode, Vec<Ordinal>>, Fault> {
    let mut earlier: BTreeMap<OutletCode, Vec<Ordinal>> = BTreeMap::new();
    for ordinal in cut.iter().filter(|o| **o < batch.arrived_from) {
        if let Some(state) = book.application(*ordinal)? {
            earlier.entry(state.outlet).or_default().push(*ordinal);
        }
    }
    Ok(earlier)
}

fn night_name(batch: &BatchId) -> String {
    format!("night-{batch}")
}

fn create_dir(world: &World, folder: &str) -> Result<(), Fault> {
    world.disk.create_dir(folder).map_err(|e| Fault::io("create", folder, e))
}

fn write_json(files: &mut Together, path: &str, value: &serde_json::Value) -> Result<FileDigest, Fault> {
    let mut bytes = serde_json::to_vec_pretty(value).expect("plain JSON");
    bytes.push(b'\n');
    let info = files.write(path, |out| out.write_all(&bytes))?;
    Ok(FileDigest { path: path.to_owned(), len_bytes: info.len_bytes, digest: info.digest })
}

/// Where an answer's words are: what became of an application in the book, its receipt number in the vault.
struct Shelf<'a> {
    book: &'a Book,
    vault: &'a Vault,
}

type Line<'a> = dyn FnMut(&mut dyn Write, &Answer) -> io::Result<()> + 'a;

impl Shelf<'_> {
    fn write_answers(&self, files: &mut Together, folder: &str, name: &str, ordinals: &[Ordinal]) -> Result<Vec<FileDigest>, Fault> {
        let receipts = self.receipts(ordinals)?;
        let mut csv_line = |w: &mut dyn Write, a: &Answer| w.write_all(&csv_lines(a));
        let mut json_line = |w: &mut dyn Write, a: &Answer| {
            serde_json::to_writer(&mut *w, a).map_err(io::Error::other)?;
            w.write_all(b"\n")
        };
        let head = List::new(&COLUMNS).into_bytes();
        Ok(vec![
            self.write_each(files, &format!("{folder}/{name}.csv"), &head, &receipts, &mut csv_line)?,
            self.write_each(files, &format!("{folder}/{name}.jsonl"), b"", &receipts, &mut json_line)?,
        ])
    }

    /// The applications with their receipt numbers: without one where none was given, or where the stored record is purged or damaged.
    /// What became of an application is told all the same.
    fn receipts(&self, ordinals: &[Ordinal]) -> Result<Vec<(Ordinal, Option<String>)>, Fault> {
        let mut receipts = Vec::with_capacity(ordinals.len());
        let mut last: Option<PackageState> = None;
        for ordinal in ordinals {
            let Some(state) = self.book.application(*ordinal)? else { continue };
            self.turn_to(&mut last, state.package)?;
            let purged = last.as_ref().is_some_and(|p| p.purged.is_some());
            receipts.push((*ordinal, if purged { None } else { self.vault.receipt_number(state.package, state.row)? }));
        }
        Ok(receipts)
    }

    /// Streams one line per application: the list may be longer than memory.
    fn write_each(
        &self,
        files: &mut Together,
        path: &str,
        head: &[u8],
        applications: &[(Ordinal, Option<String>)],
        line: &mut Line,
    ) -> Result<FileDigest, Fault> {
        let mut failed = None;
        let mut last: Option<PackageState> = None;
        let info = files.write(path, |w| {
            w.write_all(head)?;
            for (ordinal, receipt) in applications {
                let found = self.book.application(*ordinal).and_then(|state| {
                    let Some(state) = state else { return Ok(None) };
                    self.turn_to(&mut last, state.package)?;
                    Ok(Some(state))
                });
                match found {
                    Ok(Some(state)) => line(w, &answer(&state, last.as_ref().map_or("", |p| &p.received.package_id), receipt.as_deref()))?,
                    Ok(None) => {}
                    Err(fault) => {
                        failed = Some(fault);
                        return Err(io::Error::other("stopped"));
                    }
                }
            }
            Ok(())
        });
        match failed {
            Some(fault) => Err(fault),
            None => info.map(|i| FileDigest { path: path.to_owned(), len_bytes: i.len_bytes, digest: i.digest }),
        }
    }

    /// Keeps the package at hand: neighbours in a list mostly came in one.
    fn turn_to(&self, last: &mut Option<PackageState>, package: u64) -> Result<(), Fault> {
        if last.as_ref().is_none_or(|p| p.received.package != package) {
            *last = self.book.package(package)?;
        }
        Ok(())
    }
}

fn csv_lines(a: &Answer) -> Vec<u8> {
    let heading = List::new(&COLUMNS).into_bytes().len();
    let mut list = List::new(&COLUMNS);
    let row = a.row.to_string();
    let head = [a.application_id, a.package_id, &row, a.receipt_number.unwrap_or(""), a.outcome, a.batch.unwrap_or(""), a.card_number.unwrap_or("")];
    if a.reasons.is_empty() {
        list.row(head.into_iter().chain([""; 9]));
    }
    for r in &a.reasons {
        let (effect, lane) = (format!("{:?}", r.effect).to_lowercase(), lane_word(r.lane));
        let tail = [r.code, &effect, r.value, r.limit, r.sentence_en, r.sentence_zh, r.todo_en, r.todo_zh, lane];
        list.row(head.into_iter().chain(tail));
    }
    list.into_bytes().split_off(heading)
}

fn lane_word(lane: AnswerLane) -> &'static str {
    match lane {
        AnswerLane::FixAtOutlet => "fix-at-outlet",
        AnswerLane::WeWillRetry => "we-will-retry",
        AnswerLane::OurSide => "our-side",
    }
}
