//! The vendor's result file (制卡回盘, card-and-rules.md §8.2): 14 columns, read strictly, compared with the batch, written down
//! as good, spoiled or unknown, and passed on to each outlet in the same layout. A file is a claim; only agreement is recorded.

use std::collections::{BTreeMap, BTreeSet};

use card::reason::Code;
use card::{BatchId, Digest, OutletCode, card_number};
use ledger::book::Book;
use ledger::book::state::{BatchStage, BatchState, Fate, RemakeStage};
use ledger::entry::{CardResult, Entry, MachineResult, Millis, Results};
use ledger::fault::Fault;
use ledger::publish::publish_bytes;

use crate::lists::List;
use crate::plan::World;
use crate::remakes::owed;
use crate::stock;

/// Heading of the file, in order.
pub const COLUMNS: [&str; 14] = [
    "序号",
    "社保卡号",
    "社会保障号码",
    "姓名",
    "发卡日期",
    "卡有效期",
    "卡识别码",
    "卡复位码",
    "服务银行",
    "银行卡号",
    "个人帐户",
    "装箱位置",
    "失败环节",
    "失败原因",
];

/// Result file at most this large: 300,000 cards.
pub const FILE_BYTES_MAX: u64 = 128 << 20;
/// 失败原因 at most this long (card-and-rules.md §8.2).
const FAILURE_BYTES_MAX: usize = 50;

/// One row, understood.
struct Line {
    row: usize,
    columns: Vec<String>,
    result: CardResult,
}

/// Counts of an import.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Imported {
    pub good: u32,
    pub spoiled: u32,
    pub unknown: u32,
    /// Cards of the batch still without a result.
    pub outstanding: u32,
    /// Remakes the program asked for because of it, and cards revoked.
    pub remakes: u32,
    pub revoked: u32,
}

/// Imports a result file for a batch. All or nothing.
///
/// # Errors
/// `Fault::Refused` with RES-01 … RES-08 or CLS-05 and the first rows that are wrong; the disk or ledger fails.
pub fn import(world: &World, book: &mut Book, batch: &BatchId, bytes: &[u8], at: Millis) -> Result<Imported, Fault> {
    let refused = |code: Code, text: String| Fault::Refused { code, text };
    let state = book.batch(batch)?.ok_or_else(|| refused(Code::Res06, format!("batch {batch} is not known")))?;
    if state.stage < BatchStage::Released {
        return Err(refused(Code::Res05, format!("batch {batch} is {:?}", state.stage).to_lowercase()));
    }
    stock::still_open(book, batch)?;
    let digest = Digest::of(bytes);
    if let Some(earlier) = book.results_file(&digest)? {
        return Err(refused(Code::Res06, format!("this file was imported for batch {earlier}")));
    }
    let lines = read(bytes)?;
    if lines.len() > state.cards as usize {
        return Err(refused(Code::Res04, format!("{} rows, {} cards", lines.len(), state.cards)));
    }
    let by_outlet = compare(book, &state, &lines)?;
    publish_results(world, &state, &digest, &by_outlet, &lines)?;
    let results = lines.into_iter().map(|l| l.result).collect();
    book.record(&Entry::Results(Results { batch: batch.clone(), file: digest, cards: results, at }))?;
    let settled = owed::settle(&*world.disk, book, at)?;
    Ok(Imported { remakes: settled.requested as u32, revoked: settled.revoked as u32, ..count(book, &state)? })
}

fn read(bytes: &[u8]) -> Result<Vec<Line>, Fault> {
    let refused = |text: String| Fault::Refused { code: Code::Res08, text };
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(refused(format!("{} bytes, at most {FILE_BYTES_MAX}", bytes.len())));
    }
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text);
    let heading = reader.headers().map_err(|e| refused(csv_problem(&e)))?;
    if heading.iter().ne(COLUMNS) {
        return Err(refused(format!("the heading is not the {} columns of docs/formats/returns.md", COLUMNS.len())));
    }
    let mut lines = Vec::new();
    for (i, record) in reader.records().enumerate() {
        let record = record.map_err(|e| refused(csv_problem(&e)))?;
        lines.push(line(i + 2, &record).map_err(|why| refused(format!("line {}: {why}", i + 2)))?);
    }
    Ok(lines)
}

/// The position of a CSV error, without the data around it.
fn csv_problem(error: &csv::Error) -> String {
    let line = error.position().map_or(0, csv::Position::line);
    format!("line {line}: not UTF-8 CSV")
}

fn line(row: usize, record: &csv::StringRecord) -> Result<Line, String> {
    if record.len() != COLUMNS.len() {
        return Err(format!("{} columns, not {}", record.len(), COLUMNS.len()));
    }
    let columns: Vec<String> = record.iter().map(|v| v.trim().to_owned()).collect();
    let text = |i: usize| Some(columns[i].clone()).filter(|v| !v.is_empty());
    if !card_number::is_valid(&columns[1]) {
        return Err("社保卡号 is not a card number".to_owned());
    }
    if columns[13].len() > FAILURE_BYTES_MAX {
        return Err(format!("失败原因 is longer than {FAILURE_BYTES_MAX} bytes"));
    }
    if let Some(code) = text(6)
        && !is_card_identification(&code)
    {
        return Err("卡识别码 is not of the form division, RID, serial, check".to_owned());
    }
    let failure = (text(12).is_some() || text(13).is_some()).then(|| (columns[12].clone(), columns[13].clone()));
    // Good needs the chip's own identification; neither that nor a failure is a card nobody can account for.
    let result = match (&failure, text(6)) {
        (Some(_), _) => MachineResult::Spoiled,
        (None, Some(_)) => MachineResult::Good,
        (None, None) => MachineResult::Unknown,
    };
    let result = CardResult { number: columns[1].clone(), result, card_identification: text(6), atr: text(7), box_position: text(11), failure };
    Ok(Line { row, columns, result })
}

/// `^\d{6}D156000005[0-9A-F]{16}$` (card-and-rules.md 3.19).
fn is_card_identification(code: &str) -> bool {
    let b = code.as_bytes();
    let hex = |b: &u8| b.is_ascii_digit() || (b'A'..=b'F').contains(b);
    b.len() == 32 && b[..6].iter().all(u8::is_ascii_digit) && &b[6..16] == b"D156000005" && b[16..].iter().all(hex)
}

/// Every row is a card of this batch, once, not contradicting an earlier result; rows sorted to their outlets.
fn compare(book: &Book, batch: &BatchState, lines: &[Line]) -> Result<BTreeMap<OutletCode, Vec<usize>>, Fault> {
    let refused = |code: Code, row: usize, text: &str| Fault::Refused { code, text: format!("line {row}: {text}") };
    let (mut numbers, mut chips) = (BTreeSet::new(), BTreeSet::new());
    let mut by_outlet: BTreeMap<OutletCode, Vec<usize>> = BTreeMap::new();
    for (i, line) in lines.iter().enumerate() {
        if !numbers.insert(&line.result.number) {
            return Err(refused(Code::Res02, line.row, "the card is named twice"));
        }
        if line.result.card_identification.as_ref().is_some_and(|c| !chips.insert(c.clone())) {
            return Err(refused(Code::Res02, line.row, "卡识别码 is named twice"));
        }
        let Some(card) = book.card_in_batch(&line.result.number, &batch.batch)? else {
            return Err(refused(Code::Res01, line.row, "no card of this batch"));
        };
        let known = |r: MachineResult| r != MachineResult::Unknown && r != line.result.result;
        if card.result.is_some_and(known) {
            return Err(refused(Code::Res03, line.row, "contradicts an earlier result"));
        }
        let remaking = book.remake(&card.number, card.generation)?.is_some_and(|r| r.stage != RemakeStage::Refused);
        if line.result.result == MachineResult::Good && remaking && card.result.is_none() && book.fate(&card)? != Fate::Good && !book.was_delivered(&card)? {
            return Err(refused(Code::Res03, line.row, "a remake of the card is under way"));
        }
        let Some(application) = book.application(card.ordinal)? else { continue };
        if application.place_in(&batch.batch).is_some_and(|p| p.void) {
            return Err(refused(Code::Res01, line.row, "the number is void"));
        }
        by_outlet.entry(application.outlet).or_default().push(i);
    }
    Ok(by_outlet)
}

/// Passes each outlet its own rows in the layout they came in: `returns/OUTLET/results-BATCH-DIGEST.csv`.
fn publish_results(world: &World, batch: &BatchState, file: &Digest, by_outlet: &BTreeMap<OutletCode, Vec<usize>>, lines: &[Line]) -> Result<(), Fault> {
    for (outlet, rows) in by_outlet {
        let mut list = List::new(&COLUMNS);
        for row in rows {
            list.row(lines[*row].columns.iter().map(String::as_str));
        }
        let folder = format!("returns/{outlet}");
        world.disk.create_dir(&folder).map_err(|e| Fault::io("create", &folder, e))?;
        let path = format!("{folder}/results-{}-{}.csv", batch.batch, &file.to_string()[..8]);
        publish_bytes(&*world.disk, &path, &list.into_bytes())?;
    }
    Ok(())
}

fn count(book: &Book, batch: &BatchState) -> Result<Imported, Fault> {
    let mut imported = Imported::default();
    for cut in book.cut_of(batch)?.cards {
        match book.card(&cut.number, cut.generation)?.and_then(|c| c.result) {
            Some(MachineResult::Good) => imported.good += 1,
            Some(MachineResult::Spoiled) => imported.spoiled += 1,
            Some(MachineResult::Unknown) => imported.unknown += 1,
            None => imported.outstanding += 1,
        }
    }
    Ok(imported)
}
