//! `cardline stock receive|issue|count|put|destroy|witness|list`: blank cards by lot, serial and account; and how `status` shows them.

use std::path::Path;

use card::{BatchId, Code};
use ledger::book::Book;
use ledger::book::state::{Destruction, LotState, Tally};
use ledger::entry::{Account, DestructionMethod, Entry, Millis, StockMoved};
use ledger::fault::Fault;
use line::devices::By;
use line::people::Signatory;
use line::stock::destroy::{self, Wanted};
use line::stock::serials::{self, Form};
use line::stock::sheet::{self, SHEET_BYTES_MAX};
use line::stock::{self, NewLot, Written};
use serde_json::{Value, json};

use crate::cli::{
    BackArg, Cli, FormArg, MethodArg, StockByArgs, StockCommand, StockCountArgs, StockDestroyArgs, StockIssueArgs, StockPutArgs, StockReceiveArgs,
    StockSignArgs, StockWitnessArgs,
};
use crate::wiring::OpenPlant;
use crate::{key_files, people, wiring};

/// Batches named in the line of those that aren't closed.
const BATCHES_NAMED_MAX: usize = 3;

pub fn stock(cli: &Cli, command: &StockCommand) -> Result<u8, Fault> {
    match command {
        StockCommand::Receive(args) => receive(cli, args),
        StockCommand::Issue(args) => issue(cli, args),
        StockCommand::Count(args) => count(cli, args),
        StockCommand::Put(args) => put(cli, args),
        StockCommand::Destroy(args) => destroy(cli, args),
        StockCommand::Witness(args) => witness(cli, args),
        StockCommand::List { lot, json } => list(cli, lot.as_deref(), *json),
    }
}

fn receive(cli: &Cli, args: &StockReceiveArgs) -> Result<u8, Fault> {
    let form = match args.serials {
        FormArg::FixedWidth => Form::FixedWidth,
        FormArg::Decimal => Form::Decimal,
    };
    let new = NewLot { lot: &args.lot, first: &args.first, count: args.count, form };
    let written = changed(cli, "stock receive", &args.by, |open, by, at| stock::receive(&mut open.book, &new, by, at))?;
    said(written, &format!("lot {}: {} cards in the vault", args.lot, args.count))
}

fn issue(cli: &Cli, args: &StockIssueArgs) -> Result<u8, Fault> {
    let batch = batch(&args.batch)?;
    let issue = |open: &mut OpenPlant, by: &By, at| stock::issue(&mut open.book, &batch, &args.lot, &args.ranges, by, at);
    said(changed(cli, "stock issue", &args.by, issue)?, &format!("lot {}: given out to {batch}", args.lot))
}

fn count(cli: &Cli, args: &StockCountArgs) -> Result<u8, Fault> {
    let batch = batch(&args.batch)?;
    let bytes = sheet_bytes(&args.file)?;
    let count = |open: &mut OpenPlant, by: &By, at| sheet::count(&mut open.book, &batch, &bytes, args.skipped, by, at);
    said(changed(cli, "stock count", &args.by, count)?, &format!("{batch}: counted"))
}

fn sheet_bytes(path: &Path) -> Result<Vec<u8>, Fault> {
    use std::io::Read as _;
    let unreadable = |e: std::io::Error| Fault::BadInput(format!("{}: {e}", path.display()));
    let mut bytes = Vec::new();
    // One more than allowed, so that the line sees that it is too long.
    std::fs::File::open(path).and_then(|f| f.take(SHEET_BYTES_MAX + 1).read_to_end(&mut bytes)).map_err(unreadable)?;
    Ok(bytes)
}

fn put(cli: &Cli, args: &StockPutArgs) -> Result<u8, Fault> {
    let to = match args.to {
        BackArg::Vault => Account::Vault,
        BackArg::Returned => Account::Returned,
    };
    let put = |open: &mut OpenPlant, by: &By, at| stock::put_back(&mut open.book, &args.lot, &args.ranges, to, by, at);
    said(changed(cli, "stock put", &args.by, put)?, &format!("lot {}: now {}", args.lot, to.name()))
}

fn changed(cli: &Cli, command: &str, args: &StockByArgs, change: impl FnOnce(&mut OpenPlant, &By, Millis) -> Result<Written, Fault>) -> Result<Written, Fault> {
    let person = people::id(&args.by)?;
    let key = args.key.as_deref().map(|path| key_files::secret(path, args.passphrase_fd)).transpose()?;
    let by = key.as_ref().map_or(By::Named(person), |key| By::Signing(Signatory { person, key }));
    let mut open = wiring::open(cli, command)?;
    let at = open.world.clock.now();
    let outcome = change(&mut open, &by, at);
    open.finish(outcome)
}

fn said(written: Written, text: &str) -> Result<u8, Fault> {
    match written {
        Written::Now => println!("{text}"),
        Written::Before => println!("{text}, written down before: nothing changed"),
    }
    Ok(0)
}

pub(super) fn batch(text: &str) -> Result<BatchId, Fault> {
    BatchId::parse(text).map_err(|why| Fault::refused(Code::Use01, why))
}

fn destroy(cli: &Cli, args: &StockDestroyArgs) -> Result<u8, Fault> {
    let method = match args.method {
        MethodArg::Shredded => DestructionMethod::Shredded,
        MethodArg::Punched => DestructionMethod::Punched,
        MethodArg::Burnt => DestructionMethod::Burnt,
    };
    let wanted = match (&args.lot, &args.ranges) {
        (Some(lot), Some(ranges)) => Wanted::Serials { lot, ranges },
        _ => Wanted::Unclaimed(&args.unclaimed),
    };
    let number = signed(cli, "stock destroy", &args.by, |book, by, at| destroy::ask(book, &wanted, method, by, at))?;
    println!("destruction {number}: waits for two witnesses, a supervisor among them: `cardline stock witness {number}`");
    Ok(0)
}

fn witness(cli: &Cli, args: &StockWitnessArgs) -> Result<u8, Fault> {
    let done = signed(cli, "stock witness", &args.by, |book, by, at| destroy::witness(book, args.number, by, at))?;
    let stands = if done { "destroyed" } else { "waits for another witness; one of the two must be a supervisor" };
    println!("destruction {}: {stands}", args.number);
    Ok(0)
}

fn signed<T>(cli: &Cli, command: &str, args: &StockSignArgs, act: impl FnOnce(&mut Book, &Signatory, Millis) -> Result<T, Fault>) -> Result<T, Fault> {
    let person = people::id(&args.who)?;
    let key = key_files::secret(&args.key, args.passphrase_fd)?;
    let mut open = wiring::open(cli, command)?;
    let at = open.world.clock.now();
    let outcome = act(&mut open.book, &Signatory { person, key: &key }, at);
    open.finish(outcome)
}

fn list(cli: &Cli, lot: Option<&str>, as_json: bool) -> Result<u8, Fault> {
    let book = wiring::look(cli)?;
    let lots = match lot {
        Some(id) => vec![stock::lot(&book, id)?],
        None => book.lots()?,
    };
    let open: Vec<Destruction> = book.destructions()?.into_iter().filter(|d| !d.done).collect();
    if as_json {
        let runs = lot.is_some();
        let lots: Vec<Value> = lots.iter().map(|l| lot_json(l, runs)).collect();
        println!("{}", json!({"lots": lots, "destructions_open": open.iter().map(destruction_json).collect::<Vec<_>>()}));
        return Ok(0);
    }
    for l in &lots {
        println!("{}", lot_line(l));
        if lot.is_some() {
            run_lines(l);
        }
    }
    for d in &open {
        println!("{}", destruction_line(&book, d)?);
    }
    Ok(0)
}

fn lot_line(l: &LotState) -> String {
    let Tally { vault, line, good, spoiled, test, returned, destroyed, spoiled_destroyed } = l.tally();
    let (lot, serials) = (&l.received.lot, serials::shown(l, &[l.received.serials]));
    format!(
        "{lot}  {serials}: {} = {vault} vault + {line} line + {good} good + {spoiled} spoiled + {test} test + {returned} returned; {destroyed} destroyed, \
         {} spoiled await destruction",
        l.received.serials.count(),
        spoiled - spoiled_destroyed
    )
}

fn run_lines(l: &LotState) {
    for run in &l.runs {
        let batch = run.batch.as_ref().map_or_else(String::new, |b| format!("  {b}"));
        let destruction = run.destruction.map_or_else(String::new, |n| format!("  destruction {n}{}", if run.destroyed { "" } else { ", waits" }));
        println!("  {}  {}{batch}{destruction}", serials::shown(l, &[run.serials]), run.account.name());
    }
}

fn lot_json(l: &LotState, runs: bool) -> Value {
    let t = l.tally();
    let written = |serial| l.written(serial);
    let mut value = json!({
        "lot": l.received.lot, "first": written(l.received.serials.first), "last": written(l.received.serials.last), "cards": t.sum(),
        "vault": t.vault, "line": t.line, "good": t.good, "spoiled": t.spoiled, "test": t.test, "returned": t.returned, "destroyed": t.destroyed,
        "spoiled_awaiting_destruction": t.spoiled - t.spoiled_destroyed,
    });
    if runs {
        let run = |r: &ledger::book::state::Run| {
            json!({"first": written(r.serials.first), "last": written(r.serials.last), "account": r.account.name(),
                "batch": r.batch.as_ref().map(BatchId::as_str), "destruction": r.destruction, "destroyed": r.destroyed})
        };
        value["runs"] = l.runs.iter().map(run).collect();
    }
    value
}

fn destruction_line(book: &Book, d: &Destruction) -> Result<String, Fault> {
    let seen: Vec<String> = book.witnesses(d.asked.number)?.into_iter().map(|w| w.person).collect();
    let seen = if seen.is_empty() { "nobody witnessed it yet".to_owned() } else { format!("witnessed by {}", seen.join(", ")) };
    Ok(format!("destruction {}: {} cards to be {}, asked for by {}; {seen}", d.asked.number, cards_of(d), d.asked.method.name(), d.asked.person))
}

fn destruction_json(d: &Destruction) -> Value {
    json!({"number": d.asked.number, "cards": cards_of(d), "method": d.asked.method.name(), "asked_by": d.asked.person})
}

/// Serials, or where no serial is known the cards themselves.
fn cards_of(d: &Destruction) -> u64 {
    let serials: u64 = d.asked.shares.iter().flat_map(|s| &s.serials).map(|r| r.count()).sum();
    serials.max(d.asked.cards.len() as u64)
}

/// How `status` shows stock: a line for each lot with cards left, destructions that wait, and batches that aren't closed.
pub fn status_lines(book: &Book) -> Result<Vec<String>, Fault> {
    let mut lines: Vec<String> = book.lots()?.iter().filter(|l| is_open(l)).map(|l| format!("stock         {}", lot_line(l))).collect();
    for d in book.destructions()?.iter().filter(|d| !d.done) {
        lines.push(format!("stock         {}", destruction_line(book, d)?));
    }
    let open = not_closed(book)?;
    if !open.is_empty() {
        let named: Vec<&str> = open.iter().take(BATCHES_NAMED_MAX).map(BatchId::as_str).collect();
        let more = if open.len() > named.len() { ", …" } else { "" };
        lines.push(format!("not closed    {} batches: {}{more} (`cardline reconcile BATCH`)", open.len(), named.join(", ")));
    }
    Ok(lines)
}

/// The same for `status --json`.
pub fn status_json(book: &Book) -> Result<Value, Fault> {
    let lots: Vec<Value> = book.lots()?.iter().filter(|l| is_open(l)).map(|l| lot_json(l, false)).collect();
    let open: Vec<String> = not_closed(book)?.iter().map(BatchId::to_string).collect();
    Ok(json!({"lots": lots, "batches_not_closed": open}))
}

fn is_open(l: &LotState) -> bool {
    let t = l.tally();
    t.vault + t.line > 0
}

fn not_closed(book: &Book) -> Result<Vec<BatchId>, Fault> {
    let mut open = Vec::new();
    for batch in book.batches()? {
        if book.closed(&batch.batch)?.is_none() {
            open.push(batch.batch);
        }
    }
    Ok(open)
}

/// An entry of stock or a close for `ledger show`; `None` for any other.
pub fn headline(entry: &Entry) -> Option<String> {
    Some(match entry {
        Entry::StockReceived(e) => format!("lot {} received: {} cards, by {}", e.lot, e.serials.count(), e.who),
        Entry::StockMoved(e) => move_line(e),
        Entry::DestructionAsked(e) => {
            let cards = e.shares.iter().flat_map(|s| &s.serials).map(|r| r.count()).sum::<u64>().max(e.cards.len() as u64);
            format!("destruction {}: {cards} cards to be {}, asked for by {} ({})", e.number, e.method.name(), e.person, e.role.name())
        }
        Entry::DestructionWitnessed(e) => format!("destruction {} witnessed by {} ({})", e.number, e.person, e.role.name()),
        Entry::BatchReconciled(e) => {
            let c = &e.counts;
            format!("batch {} balances: {} = {} good + {} spoiled + {} void, says {} ({})", e.batch, c.cut, c.good, c.spoiled, c.void, e.person, e.role.name())
        }
        _ => return None,
    })
}

fn move_line(e: &StockMoved) -> String {
    let leg = |l: &ledger::entry::StockLeg| {
        let count: u64 = l.serials.iter().map(|r| r.count()).sum();
        format!("{count} of {} from {} to {}", l.lot, l.from.name(), l.to.name())
    };
    let batch = e.batch.as_ref().map_or_else(String::new, |b| format!(" for {b}"));
    format!("stock move {}{batch}: {}, by {}", e.number, e.legs.iter().map(leg).collect::<Vec<_>>().join("; "), e.who)
}
