//! The shift's count sheet: what became of the cards given out to a batch, serial by serial. Read strictly, held against the stock and the
//! batch, and written down whole or not at all.

use std::collections::{BTreeMap, BTreeSet};

use card::{BatchId, Code, Digest, card_number};
use ledger::book::Book;
use ledger::book::state::{BatchState, LotState, Run};
use ledger::entry::{Account, MachineResult, Millis, SerialCard, SerialRange, StockLeg};
use ledger::fault::Fault;

use super::{Move, Written, known_batch, lot, moved, serials, still_open};
use crate::devices::By;

/// Heading of the sheet, in order.
pub const COLUMNS: [&str; 4] = ["lot", "serial", "account", "card"];
/// A sheet at most this large: far beyond a night's cards.
pub const SHEET_BYTES_MAX: u64 = 16 << 20;

/// One row, understood.
struct Line {
    row: usize,
    lot: String,
    serials: SerialRange,
    to: Account,
    card: Option<String>,
}

/// The sheet and the lots it names.
struct Sheet {
    lots: BTreeMap<String, LotState>,
    lines: Vec<Line>,
}

fn refused(code: Code, row: usize, text: impl AsRef<str>) -> Fault {
    Fault::refused(code, format!("line {row}: {}", text.as_ref()))
}

/// Counts a sheet for a batch. All or nothing; the same sheet again says so and changes nothing. `skipped`: serials the sheet leaves out
/// between its own are known to be missing and stay on the line.
///
/// # Errors
/// STK-01 … STK-06, STK-08, CLS-05, AUT-01, AUT-02, AUT-04, AUT-05 with the first row that is wrong; the ledger fails.
pub fn count(book: &mut Book, batch: &BatchId, bytes: &[u8], skipped: bool, by: &By, at: Millis) -> Result<Written, Fault> {
    let state = known_batch(book, batch)?;
    let sheet = read(book, bytes)?;
    let digest = Digest::of(&[batch.as_str().as_bytes(), b"\n", bytes].concat());
    if book.sheet_counted(&digest)?.is_some() && sheet.lines.iter().all(|line| sheet.counted(line, batch)) {
        return Ok(Written::Before);
    }
    still_open(book, batch)?;
    sheet.once()?;
    let legs = sheet.legs(batch)?;
    if !skipped {
        sheet.none_skipped(batch)?;
    }
    let cards = sheet.cards(book, &state)?;
    not_more_good_than_cards(book, &state, &legs)?;
    moved(book, by, Move { batch: Some(batch.clone()), legs, cards, sheet: Some(digest) }, at)
}

fn read(book: &Book, bytes: &[u8]) -> Result<Sheet, Fault> {
    let wrong = |text: String| Fault::refused(Code::Stk06, text);
    if bytes.len() as u64 > SHEET_BYTES_MAX {
        return Err(wrong(format!("{} bytes, at most {SHEET_BYTES_MAX}", bytes.len())));
    }
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text);
    let heading = reader.headers().map_err(|e| wrong(csv_problem(&e)))?;
    if heading.iter().ne(COLUMNS) {
        return Err(wrong(format!("the heading is not {}", COLUMNS.join(","))));
    }
    let mut sheet = Sheet { lots: BTreeMap::new(), lines: Vec::new() };
    for (i, record) in reader.records().enumerate() {
        let record = record.map_err(|e| wrong(csv_problem(&e)))?;
        let line = sheet.line(book, i + 2, &record)?;
        sheet.lines.push(line);
    }
    if sheet.lines.is_empty() { Err(wrong("no row".to_owned())) } else { Ok(sheet) }
}

/// The position of a CSV error, without the data around it.
fn csv_problem(error: &csv::Error) -> String {
    let line = error.position().map_or(0, csv::Position::line);
    format!("line {line}: not UTF-8 CSV")
}

impl Sheet {
    fn line(&mut self, book: &Book, row: usize, record: &csv::StringRecord) -> Result<Line, Fault> {
        let wrong = |text: &str| refused(Code::Stk06, row, text);
        let [lot_id, serial, to, card] = [0, 1, 2, 3].map(|i| record.get(i).unwrap_or_default().trim());
        if record.len() != COLUMNS.len() {
            return Err(wrong("not four columns"));
        }
        if !self.lots.contains_key(lot_id) {
            let state = lot(book, lot_id).map_err(|fault| match fault {
                Fault::Refused { code, text } => refused(code, row, text),
                other => other,
            })?;
            self.lots.insert(lot_id.to_owned(), state);
        }
        let received = &self.lots[lot_id].received;
        let serials = serials::range(received, serial).ok_or_else(|| wrong("the serial is not written as those of its lot"))?;
        if serials.first < received.serials.first || serials.last > received.serials.last {
            return Err(refused(Code::Stk01, row, "a serial that is not of its lot"));
        }
        let to = Account::parse(to).filter(|to| !matches!(to, Account::Vault | Account::Line));
        let to = to.ok_or_else(|| wrong("the account is none of good, spoiled, test, returned"))?;
        let card = Some(card.to_owned()).filter(|card| !card.is_empty());
        if card.is_some() && (serials.count() != 1 || !matches!(to, Account::Good | Account::Spoiled)) {
            return Err(wrong("a card stands beside one serial, good or spoiled"));
        }
        Ok(Line { row, lot: lot_id.to_owned(), serials, to, card })
    }

    fn runs(&self, line: &Line) -> Vec<Run> {
        self.lots[&line.lot].within(line.serials)
    }

    /// The row says what is so already.
    fn counted(&self, line: &Line, batch: &BatchId) -> bool {
        self.runs(line).iter().all(|run| run.account == line.to && run.batch.as_ref() == Some(batch))
    }

    /// Ranges of the sheet in one lot, with their rows, in order.
    fn of_lot(&self, lot: &str) -> Vec<(SerialRange, usize)> {
        let mut all: Vec<_> = self.lines.iter().filter(|line| line.lot == lot).map(|line| (line.serials, line.row)).collect();
        all.sort_unstable();
        all
    }

    fn once(&self) -> Result<(), Fault> {
        for lot in self.lots.values() {
            for pair in self.of_lot(&lot.received.lot).windows(2) {
                let ((before, earlier), (range, row)) = (pair[0], pair[1]);
                if range.first <= before.last {
                    let serial = lot.written(range.first);
                    return Err(refused(Code::Stk02, row.max(earlier), format!("{serial} stands in line {} too", row.min(earlier))));
                }
            }
        }
        Ok(())
    }

    /// What goes from where to where: from the line, or from good to spoiled where a card turned out bad.
    fn legs(&self, batch: &BatchId) -> Result<Vec<StockLeg>, Fault> {
        let mut legs: BTreeMap<(&str, Account, Account), Vec<SerialRange>> = BTreeMap::new();
        for line in &self.lines {
            for run in self.runs(line) {
                let mine = run.batch.as_ref() == Some(batch) && run.destruction.is_none();
                let may = run.account == Account::Line || (run.account, line.to) == (Account::Good, Account::Spoiled);
                if !mine || !may {
                    let of = run.batch.as_ref().map_or_else(String::new, |b| format!(" of {b}"));
                    let serials = serials::shown(&self.lots[&line.lot], &[run.serials]);
                    return Err(refused(Code::Stk03, line.row, format!("{serials} is in {}{of}", run.account.name())));
                }
                legs.entry((&line.lot, run.account, line.to)).or_default().push(run.serials);
            }
        }
        let leg = |((lot, from, to), ranges): ((&str, Account, Account), Vec<SerialRange>)| {
            let serials = serials::joined(ranges).map_err(|_| Fault::Invariant("a serial twice in a leg".to_owned()))?;
            Ok(StockLeg { lot: lot.to_owned(), from, to, serials })
        };
        legs.into_iter().map(leg).collect()
    }

    /// No serial on the line lies between those of the sheet without being named.
    fn none_skipped(&self, batch: &BatchId) -> Result<(), Fault> {
        for lot in self.lots.values() {
            let named = self.of_lot(&lot.received.lot);
            let mut gaps = named.windows(2).filter(|pair| pair[0].0.last + 1 < pair[1].0.first);
            let between = gaps.by_ref().flat_map(|pair| lot.within(SerialRange { first: pair[0].0.last + 1, last: pair[1].0.first - 1 }));
            let skipped: Vec<SerialRange> =
                between.filter(|run| run.account == Account::Line && run.batch.as_ref() == Some(batch)).map(|run| run.serials).collect();
            if !skipped.is_empty() {
                return Err(Fault::refused(Code::Stk04, format!("lot {}: {}", lot.received.lot, serials::shown(lot, &skipped))));
            }
        }
        Ok(())
    }

    /// The cards beside serials, each one of the batch, good once, and not good where its result says spoiled.
    fn cards(&self, book: &Book, batch: &BatchState) -> Result<Vec<SerialCard>, Fault> {
        let (mut good, mut cards) = (BTreeSet::new(), Vec::new());
        for line in &self.lines {
            let Some(number) = &line.card else { continue };
            let wrong = |text: &str| refused(Code::Stk08, line.row, format!("{} {text}", if card_number::is_valid(number) { number } else { "the card" }));
            let state = book.card_in_batch(number, &batch.batch)?.ok_or_else(|| wrong("is not of this batch"))?;
            if line.to == Account::Good {
                if !good.insert(number.clone()) || self.good_before(book, number, state.generation)? {
                    return Err(wrong("became two good cards"));
                }
                if state.result == Some(MachineResult::Spoiled) {
                    return Err(wrong("is spoiled, its result says"));
                }
            }
            cards.push(SerialCard { lot: line.lot.clone(), serial: line.serials.first, number: number.clone(), generation: state.generation });
        }
        Ok(cards)
    }

    /// A serial counted earlier became this card, is good, and stays so.
    fn good_before(&self, book: &Book, number: &str, generation: u32) -> Result<bool, Fault> {
        for (lot_id, serial) in book.serials_of(number, generation)? {
            let lot = lot(book, &lot_id)?;
            let at = SerialRange { first: serial, last: serial };
            let good = lot.within(at).iter().any(|run| run.account == Account::Good);
            let spoiled_now = self.lines.iter().any(|l| l.lot == lot_id && l.to == Account::Spoiled && (l.serials.first..=l.serials.last).contains(&serial));
            if good && !spoiled_now {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn not_more_good_than_cards(book: &Book, batch: &BatchState, legs: &[StockLeg]) -> Result<(), Fault> {
    let cards: u64 = book.jobs(&batch.batch)?.iter().map(|job| job.records.iter().flatten().count() as u64).sum();
    let before: u64 = book.lots()?.iter().map(|lot| lot.tally_of(&batch.batch).good).sum();
    let sum = |wanted: &dyn Fn(&StockLeg) -> bool| -> u64 { legs.iter().filter(|l| wanted(l)).flat_map(|l| &l.serials).map(|r| r.count()).sum() };
    let good = before + sum(&|l| l.to == Account::Good) - sum(&|l| l.from == Account::Good).min(before);
    if good <= cards { Ok(()) } else { Err(Fault::refused(Code::Stk05, format!("{good} good, {} has {cards} cards", batch.batch))) }
}
