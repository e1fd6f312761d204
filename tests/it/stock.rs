//! Blank cards through a whole night: given out, counted, destroyed, and the batch closed by two people; every refusal; a ledger that stops
//! anywhere; and operations at random against the plainest model there is.

use std::collections::BTreeMap;

use card::BatchId;
use ledger::book::Book;
use ledger::entry::{Account, DestructionMethod, Role, SerialRange};
use ledger::fault::Fault;
use line::devices::By;
use line::people::{self as register, Newcomer, Signatory};
use line::reconcile::close::{self, Closing};
use line::reconcile::{self, StockRule};
use line::stock::destroy::{Wanted, ask, witness};
use line::stock::serials::Form;
use line::stock::sheet::count;
use line::stock::{NewLot, Written, issue, put_back, receive};
use serde_json::Value;
use testkit::world::{Failure, Loss, SimClock, SimDisk, State};

use crate::people::{add, fine, keys_of, refused};
use crate::plant::{Plant, text};
use crate::world::handover::{key, opened};
use crate::world::plant::{NOW, broken, plan, run, stocked, world};

const EIO: i32 = 5;
const PLAIN: StockRule = StockRule { kept: None, production: false };

// A night of the program itself.

/// The batch of the plant's one night.
fn batch_of(plant: &Plant) -> String {
    let found = std::fs::read_dir(plant.root.join("batches")).unwrap().flatten().next().unwrap();
    found.file_name().into_string().unwrap()
}

/// Numbers of a batch's cards, in order; void slots have none.
fn numbers(plant: &Plant, batch: &str) -> Vec<String> {
    let sheets = plant.files("batches").into_iter().filter(|(path, _)| path.contains(batch) && path.ends_with(".sheet.json"));
    let of = |bytes: Vec<u8>| -> Vec<String> {
        let sheet: Value = serde_json::from_slice(&bytes).unwrap();
        sheet["slots"].as_array().unwrap().iter().map(|slot| slot["number"].as_str().unwrap().to_owned()).collect()
    };
    sheets.flat_map(|(_, bytes)| of(bytes)).collect()
}

/// A vendor's file for these cards: `spoiled` of them at the beginning, `unknown` after them, the others good.
fn results(plant: &Plant, numbers: &[String], spoiled: usize, unknown: usize) -> String {
    let mut file = line::returns::COLUMNS.join(",") + "\r\n";
    for (i, number) in numbers.iter().enumerate() {
        let row = match i {
            i if i < spoiled => format!("{i},{number},,,,,,,,,,,制卡,芯片写入失败\r\n"),
            i if i < spoiled + unknown => format!("{i},{number},,,,,,,,,,,,\r\n"),
            _ => format!("{i},{number},,,,,420100D156000005{i:016X},,,,,,,\r\n"),
        };
        file.push_str(&row);
    }
    written(plant, "result.csv", &file)
}

fn written(plant: &Plant, name: &str, content: &str) -> String {
    let path = plant.root.join(name);
    std::fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

/// A command in somebody's name, signed with their key.
fn by(plant: &Plant, person: &str, args: &[&str]) -> std::process::Output {
    let secret = keys_of(plant, person).0;
    plant.run(&[args, &["--as", person, "--key", &secret]].concat())
}

/// A plant whose night is over, with li (supervisor), wu and he (operators), cu (custodian), au (auditor) and a lot of 200 received before it.
fn after_the_night(seed: u64) -> (Plant, String, Vec<String>) {
    let plant = Plant::stocked(60, seed);
    plant.configure("proof_cards", "0");
    fine(&add(&plant, "li", "supervisor", None));
    for (person, role) in [("wu", "operator"), ("he", "operator"), ("cu", "custodian"), ("au", "auditor")] {
        fine(&add(&plant, person, role, Some("li")));
    }
    fine(&by(&plant, "cu", &["stock", "receive", "L1", "--first", "CTL-000101", "--count", "200"]));
    plant.ok(&["run"]);
    let batch = batch_of(&plant);
    let numbers = numbers(&plant, &batch);
    (plant, batch, numbers)
}

fn serial(n: usize) -> String {
    format!("CTL-{:06}", 101 + n)
}

/// The sheet of a night in which card i was made of blank i: `spoiled` at the beginning, and behind the last one a test card and two left over.
fn sheet(numbers: &[String], spoiled: usize) -> String {
    let mut rows = "lot,serial,account,card\r\n".to_owned();
    for (i, number) in numbers.iter().enumerate() {
        let account = if i < spoiled { "spoiled" } else { "good" };
        rows.push_str(&format!("L1,{},{account},{number}\r\n", serial(i)));
    }
    let n = numbers.len();
    rows + &format!("L1,{},test,\r\nL1,{}..{},returned,\r\n", serial(n), serial(n + 1), serial(n + 2))
}

fn page(plant: &Plant, batch: &str) -> Value {
    serde_json::from_str(&plant.ok(&["reconcile", batch, "--json"])).unwrap()
}

fn codes(page: &Value) -> Vec<&str> {
    page["differences"].as_array().unwrap().iter().map(|d| d["code"].as_str().unwrap()).collect()
}

#[test]
fn a_night_is_given_out_counted_destroyed_and_closed_by_two() {
    let (plant, batch, numbers) = after_the_night(81);
    let n = numbers.len();
    assert!(n > 20);
    assert_eq!(codes(&page(&plant, &batch)), ["CLS-01"]);
    let ranges = format!("{}..{}", serial(0), serial(n + 2));
    fine(&by(&plant, "cu", &["stock", "issue", &batch, "L1", &ranges]));
    assert!(fine(&by(&plant, "cu", &["stock", "issue", &batch, "L1", &ranges])).contains("written down before"), "given out once");
    plant.ok(&["returns", "import", &results(&plant, &numbers, 3, 0)]);
    assert_eq!(codes(&page(&plant, &batch)), ["CLS-02", "CLS-03", "CLS-04"]);
    refused(&by(&plant, "wu", &["reconcile", &batch]), 77, "CLS-02");
    let file = written(&plant, "sheet.csv", &sheet(&numbers, 3));
    fine(&by(&plant, "wu", &["stock", "count", &batch, &file]));
    assert!(fine(&by(&plant, "wu", &["stock", "count", &batch, &file])).contains("written down before"), "counted once");
    let shown = page(&plant, &batch);
    assert!(codes(&shown).is_empty() && shown["balances"] == true, "{shown}");
    assert_eq!((shown["stock"]["issued"].as_u64(), shown["stock"]["good"].as_u64()), (Some(n as u64 + 3), Some(n as u64 - 3)));
    let of_outlets: u64 = shown["outlets"].as_object().unwrap().values().map(|o| o["good"].as_u64().unwrap()).sum();
    assert_eq!(of_outlets, n as u64 - 3, "outlet by outlet the same cards");
    // Two people, a supervisor among them.
    refused(&by(&plant, "cu", &["reconcile", &batch]), 77, "AUT-04");
    assert!(fine(&by(&plant, "wu", &["reconcile", &batch])).contains("waits for another person"));
    refused(&by(&plant, "wu", &["reconcile", &batch]), 77, "AUT-03");
    assert!(fine(&by(&plant, "he", &["reconcile", &batch])).contains("one of the two must be a supervisor"), "two operators are not enough");
    assert!(plant.ok(&["status"]).contains("not closed    1 batches"));
    assert!(fine(&by(&plant, "li", &["reconcile", &batch])).contains(&format!("{batch} is closed")));
    assert!(fine(&by(&plant, "li", &["reconcile", &batch])).contains("nothing changed"));
    // Destroyed before two witnesses.
    let spoiled = format!("{}..{}", serial(0), serial(2));
    fine(&by(&plant, "cu", &["stock", "destroy", "L1", &spoiled, "--method", "shredded"]));
    refused(&by(&plant, "cu", &["stock", "witness", "1"]), 77, "DST-02");
    refused(&by(&plant, "au", &["stock", "witness", "1"]), 77, "AUT-04");
    assert!(fine(&by(&plant, "wu", &["stock", "witness", "1"])).contains("waits for another"));
    refused(&by(&plant, "wu", &["stock", "witness", "1"]), 77, "DST-02");
    let lot = |plant: &Plant| serde_json::from_str::<Value>(&plant.ok(&["stock", "list", "--json"])).unwrap()["lots"][0].clone();
    assert_eq!((lot(&plant)["spoiled_awaiting_destruction"].as_u64(), lot(&plant)["destroyed"].as_u64()), (Some(3), Some(0)));
    assert!(fine(&by(&plant, "li", &["stock", "witness", "1"])).contains("destroyed"));
    assert_eq!((lot(&plant)["spoiled_awaiting_destruction"].as_u64(), lot(&plant)["destroyed"].as_u64()), (Some(0), Some(3)));
    refused(&by(&plant, "he", &["stock", "witness", "1"]), 77, "DST-03");
    refused(&by(&plant, "he", &["stock", "witness", "2"]), 77, "DST-03");
    refused(&by(&plant, "cu", &["stock", "destroy", "L1", &spoiled, "--method", "burnt"]), 77, "DST-01");
    // The leftovers go back, and the page still shows what the batch was closed at.
    fine(&by(&plant, "cu", &["stock", "put", "L1", &format!("{}..{}", serial(n + 1), serial(n + 2)), "--to", "vault"]));
    assert!(plant.ok(&["reconcile", &batch]).contains(&format!("{} given out", n + 3)));
    assert!(plant.ok(&["track", &numbers[5]]).contains("of lot L1 counted by wu"));
    let whole = plant.ok(&["verify"]);
    assert!(["I-04 ok", "I-05 ok", "I-06 ok"].iter().all(|line| whole.contains(line)), "{whole}");
    plant.ok(&["ledger", "check"]);
}

#[test]
fn a_closed_batch_takes_nothing_more() {
    let (plant, batch, numbers) = after_the_night(82);
    let n = numbers.len();
    fine(&by(&plant, "cu", &["stock", "issue", &batch, "L1", &format!("{}..{}", serial(0), serial(n + 2))]));
    plant.ok(&["returns", "import", &results(&plant, &numbers[..n - 1], 1, 0)]);
    fine(&by(&plant, "wu", &["stock", "count", &batch, &written(&plant, "sheet.csv", &sheet(&numbers, 1))]));
    assert_eq!(codes(&page(&plant, &batch)), ["CLS-01", "CLS-02"], "one card has no result yet");
    let rest = results(&plant, &numbers[n - 1..], 0, 0).to_owned();
    let late = std::fs::read_to_string(&rest).unwrap().replace("420100D1560000050000000000000000", "420100D156000005FFFFFFFFFFFFFFFF");
    plant.ok(&["returns", "import", &written(&plant, "rest.csv", &late)]);
    fine(&by(&plant, "wu", &["reconcile", &batch]));
    fine(&by(&plant, "li", &["reconcile", &batch]));
    let again = written(&plant, "late.csv", &late.replace("FFFFFFFFFFFFFFFF", "FFFFFFFFFFFFFFFE"));
    refused(&plant.run(&["returns", "import", &again]), 77, "CLS-05");
    refused(&by(&plant, "cu", &["stock", "issue", &batch, "L1", &serial(n + 9)]), 77, "CLS-05");
    refused(&by(&plant, "wu", &["stock", "count", &batch, &written(&plant, "more.csv", &sheet(&numbers, 2))]), 77, "CLS-05");
    plant.ok(&["verify"]);
}

#[test]
fn a_sheet_is_counted_whole_or_not_at_all() {
    let (plant, batch, numbers) = after_the_night(83);
    let n = numbers.len();
    fine(&by(&plant, "cu", &["stock", "issue", &batch, "L1", &format!("{}..{}", serial(0), serial(n + 2))]));
    let journal = plant.journal_bytes();
    let refuse = |rows: &str, exit: i32, code: &str| {
        let file = written(&plant, "wrong.csv", &format!("lot,serial,account,card\r\n{rows}"));
        refused(&by(&plant, "wu", &["stock", "count", &batch, &file]), exit, code);
    };
    let [s0, s1, s2, s9] = [0, 1, 2, 199].map(serial);
    refuse(&format!("L9,{s0},good,\r\n"), 65, "STK-01");
    refuse("L1,CTL-000999,good,\r\n", 65, "STK-01");
    refuse(&format!("L1,{s0},good,\r\nL1,{s0}..{s1},spoiled,\r\n"), 65, "STK-02 line 3");
    refuse(&format!("L1,{s9},good,\r\n"), 65, "STK-03 line 2");
    refuse(&format!("L1,{s0},good,\r\nL1,{s2},good,\r\n"), 65, "STK-04");
    refuse(&format!("L1,{s0}..{},good,\r\n", serial(n + 2)), 65, "STK-05");
    refuse(&format!("L1,{s0},lost,\r\n"), 65, "STK-06 line 2");
    refuse(&format!("L1,{s0},vault,\r\n"), 65, "STK-06 line 2");
    refuse(&format!("L1,{s0},good\r\n"), 65, "STK-06 line 2");
    refuse("L1,101,good,\r\n", 65, "STK-06 line 2");
    refuse(&format!("L1,{s0}..{s1},good,{}\r\n", numbers[0]), 65, "STK-06 line 2");
    refuse("", 65, "STK-06");
    refuse(&format!("L1,{s0},good,A00000003\r\n"), 65, "STK-08 line 2");
    refuse(&format!("L1,{s0},good,=cmd|'/c calc'!A0\r\n"), 65, "STK-08 line 2: the card is not");
    refuse(&format!("L1,{s0},good,{0}\r\nL1,{s1},good,{0}\r\n", numbers[0]), 65, "STK-08 line 3");
    for hostile in [&b"\xff\xfe\x00"[..], b"lot,serial\r\n", b"lot,serial,account,card\r\nL1,\xff\xff,good,\r\n", b"\x00", b""] {
        std::fs::write(plant.root.join("wrong.csv"), hostile).unwrap();
        let file = plant.root.join("wrong.csv");
        refused(&by(&plant, "wu", &["stock", "count", &batch, file.to_str().unwrap()]), 65, "STK-06");
    }
    let huge = std::fs::File::create(plant.root.join("huge.csv")).unwrap();
    huge.set_len((16 << 20) + 1).unwrap();
    refused(&by(&plant, "wu", &["stock", "count", &batch, plant.root.join("huge.csv").to_str().unwrap()]), 65, "STK-06");
    let file = written(&plant, "sheet.csv", &sheet(&numbers, 0));
    refused(&by(&plant, "cu", &["stock", "count", &batch, &file]), 77, "AUT-04");
    refused(&plant.run(&["stock", "count", &batch, &file, "--as", "wu"]), 77, "AUT-05");
    assert_eq!(plant.journal_bytes(), journal, "nothing was written down");
    // A spoiled card named good; and one that turned out bad after it was counted good.
    plant.ok(&["returns", "import", &results(&plant, &numbers, 1, 0)]);
    refuse(&format!("L1,{s0},good,{}\r\n", numbers[0]), 65, "STK-08 line 2");
    fine(&by(&plant, "wu", &["stock", "count", &batch, &written(&plant, "first.csv", &format!("lot,serial,account,card\r\nL1,{s0}..{s1},good,\r\n"))]));
    fine(&by(&plant, "wu", &["stock", "count", &batch, &written(&plant, "second.csv", &format!("lot,serial,account,card\r\nL1,{s0},spoiled,\r\n"))]));
    refuse(&format!("L1,{s0},good,\r\n"), 65, "STK-03");
    plant.ok(&["verify"]);
}

/// G47: the machine pulls two cards at once; nobody finds the second one.
#[test]
fn a_double_feed_keeps_the_batch_open_and_names_the_serials() {
    let (plant, batch, numbers) = after_the_night(84);
    let n = numbers.len();
    fine(&by(&plant, "cu", &["stock", "issue", &batch, "L1", &format!("{}..{}", serial(0), serial(n))]));
    plant.ok(&["returns", "import", &results(&plant, &numbers, 0, 0)]);
    let rows = format!("lot,serial,account,card\r\nL1,{}..{},good,\r\nL1,{}..{},good,\r\n", serial(0), serial(3), serial(5), serial(n));
    let file = written(&plant, "sheet.csv", &rows);
    let said = by(&plant, "wu", &["stock", "count", &batch, &file]);
    refused(&said, 65, "STK-04");
    assert!(text(&said.stderr).contains(&serial(4)), "{}", text(&said.stderr));
    fine(&by(&plant, "wu", &["stock", "count", &batch, &file, "--skipped"]));
    let said = by(&plant, "li", &["reconcile", &batch]);
    refused(&said, 77, "CLS-03");
    assert!(text(&said.stderr).contains(&serial(4)), "{}", text(&said.stderr));
    // It stuck behind another.
    fine(&by(&plant, "wu", &["stock", "count", &batch, &written(&plant, "found.csv", &format!("lot,serial,account,card\r\nL1,{},spoiled,\r\n", serial(4)))]));
    fine(&by(&plant, "wu", &["reconcile", &batch]));
    fine(&by(&plant, "li", &["reconcile", &batch]));
    plant.ok(&["verify"]);
}

#[test]
fn lots_are_received_once_and_moved_by_the_custodian_alone() {
    let (plant, batch, _) = after_the_night(85);
    let receive = |lot: &str, first: &str, count: &str| by(&plant, "cu", &["stock", "receive", lot, "--first", first, "--count", count]);
    assert!(fine(&receive("L1", "CTL-000101", "200")).contains("written down before"));
    refused(&receive("L1", "CTL-000101", "201"), 65, "STK-07");
    refused(&receive("L2", "CTL-000300", "5"), 65, "STK-07");
    fine(&receive("L2", "CTL-000301", "5"));
    for (lot, first, count) in
        [("wang", "A1", "5"), ("L3", "A 1", "5"), ("L3", "A1", "0"), ("L3", "A1", "10"), ("L3", "A0000001", "1000001"), ("../1", "A1", "1")]
    {
        refused(&receive(lot, first, count), 64, "USE-01");
    }
    refused(&by(&plant, "wu", &["stock", "receive", "L4", "--first", "B1", "--count", "1"]), 77, "AUT-04");
    refused(&plant.run(&["stock", "receive", "L4", "--first", "B1", "--count", "1", "--as", "cu"]), 77, "AUT-05");
    refused(&by(&plant, "wu", &["stock", "issue", &batch, "L1", &serial(0)]), 77, "AUT-04");
    let wrong_key = keys_of(&plant, "wu").0;
    refused(&plant.run(&["stock", "issue", &batch, "L1", &serial(0), "--as", "cu", "--key", &wrong_key]), 77, "AUT-02");
    let issue = |ranges: &str| by(&plant, "cu", &["stock", "issue", &batch, "L1", ranges]);
    refused(&issue("CTL-000999"), 65, "STK-01");
    refused(&issue(&format!("{0},{0}", serial(0))), 65, "STK-02");
    refused(&issue("101"), 64, "USE-01");
    fine(&issue(&serial(0)));
    refused(&issue(&format!("{}..{}", serial(0), serial(1))), 65, "STK-03");
    refused(&by(&plant, "cu", &["stock", "put", "L1", &serial(0), "--to", "vault"]), 65, "STK-03");
    // Back to the manufacturer, and no longer to be given out.
    fine(&by(&plant, "cu", &["stock", "put", "L2", "CTL-000301..CTL-000305", "--to", "returned"]));
    refused(&by(&plant, "cu", &["stock", "issue", &batch, "L2", "CTL-000301"]), 65, "STK-03");
    refused(&by(&plant, "cu", &["stock", "destroy", "L1", &serial(0), "--method", "punched"]), 77, "DST-01");
    assert!(plant.ok(&["stock", "list", "L1"]).contains(&format!("{}  line  {batch}", serial(0))));
    plant.ok(&["verify"]);
}

#[test]
fn a_card_nobody_collected_is_destroyed_and_then_nobodys() {
    let (plant, batch, numbers) = after_the_night(86);
    let n = numbers.len();
    plant.ok(&["returns", "import", &results(&plant, &numbers, 0, 0)]);
    fine(&by(&plant, "cu", &["stock", "issue", &batch, "L1", &format!("{}..{}", serial(0), serial(n + 2))]));
    fine(&by(&plant, "wu", &["stock", "count", &batch, &written(&plant, "sheet.csv", &sheet(&numbers, 0))]));
    plant.ok(&["event", &numbers[0], "received", "--as", "wu"]);
    plant.ok(&["event", &numbers[1], "collected", "--as", "wu"]);
    let destroy = |number: &str| by(&plant, "cu", &["stock", "destroy", "--unclaimed", number, "--method", "shredded"]);
    refused(&destroy(&numbers[1]), 77, "DST-01");
    fine(&destroy(&numbers[0]));
    refused(&destroy(&numbers[0]), 77, "DST-01");
    assert_eq!(plant.run(&["event", &numbers[0], "collected", "--as", "wu"]).status.code(), Some(77));
    fine(&by(&plant, "wu", &["stock", "witness", "1"]));
    fine(&by(&plant, "li", &["stock", "witness", "1"]));
    assert!(plant.ok(&["stock", "list", "L1"]).contains(&format!("{}  good  {batch}  destruction 1", serial(0))));
    plant.ok(&["verify"]);
}

/// Cards alone where no stock is kept; and never in silence where real cards are made.
#[test]
fn a_plant_without_stock_says_so() {
    let plant = Plant::stocked(40, 87);
    plant.ok(&["run"]);
    let (batch, config) = (batch_of(&plant), plant.root.join("pipeline.toml"));
    let numbers = numbers(&plant, &batch);
    plant.ok(&["returns", "import", &results(&plant, &numbers, 1, 1)]);
    let said = plant.ok(&["reconcile", &batch]);
    assert!(said.contains("none was kept when this batch was cut") && said.contains("CLS-01") && said.contains("1 unknown"), "{said}");
    fine(&add(&plant, "li", "supervisor", None));
    fine(&add(&plant, "wu", "operator", Some("li")));
    let fixed = results(&plant, &numbers[1..2], 0, 0);
    plant.ok(&["returns", "import", &fixed]);
    let default = std::fs::read_to_string(&config).unwrap();
    let real = default.replace("production = false", "production = true").replace("durability = \"none\"", "durability = \"full\"");
    std::fs::write(&config, &real).unwrap();
    refused(&by(&plant, "wu", &["reconcile", &batch]), 77, "CLS-07");
    std::fs::write(&config, real.replace("# kept = true", "kept = true")).unwrap();
    refused(&by(&plant, "wu", &["reconcile", &batch]), 77, "CLS-02");
    std::fs::write(&config, real.replace("# kept = true", "kept = false")).unwrap();
    let said = fine(&by(&plant, "wu", &["reconcile", &batch]));
    assert!(said.contains("none is kept in this plant"), "{said}");
    fine(&by(&plant, "li", &["reconcile", &batch]));
    let closed = plant.closing(&["reconcile", &batch, "--json"]);
    assert_eq!((closed["closed"]["stock"].is_null(), closed["closed"]["good"].as_u64()), (true, Some(numbers.len() as u64 - 1)));
    plant.ok(&["verify"]);
}

// The same in a simulated plant, whose ledger can stop anywhere.

/// A batch sent out with a good result for every card; li (supervisor), wu (operator), cu (custodian); everything durable.
fn ready() -> (State, BatchId, Vec<String>) {
    let disk = SimDisk::of(stocked(8, 5, Some(0.0)));
    run(&disk, &plan(1)).unwrap_or_else(|e| panic!("{e}"));
    let mut book = opened(&disk);
    let batch = book.batches().unwrap()[0].clone();
    let li = key("li");
    for (person, role) in [("li", Role::Supervisor), ("wu", Role::Operator), ("cu", Role::Custodian)] {
        let (secret, by) = (key(person), (person != "li").then_some(Signatory { person: "li", key: &li }));
        register::add(&mut book, &Newcomer { person, name: "N", role, key: &secret.public_key() }, by.as_ref(), NOW).unwrap();
    }
    let numbers: Vec<String> = book.cut_of(&batch).unwrap().cards.into_iter().map(|c| c.number).collect();
    let mut rows = line::returns::COLUMNS.join(",") + "\r\n";
    numbers.iter().enumerate().for_each(|(i, number)| rows.push_str(&format!("{i},{number},,,,,420100D156000005{i:016X},,,,,,,\r\n")));
    let clock = SimClock::at(NOW + 1000);
    line::returns::import(&world(&disk, &clock).unwrap(), &mut book, &batch.batch, rows.as_bytes(), NOW + 1000).unwrap_or_else(|e| panic!("{e}"));
    book.close().unwrap();
    disk.settle();
    (disk.state(), batch.batch, numbers)
}

fn at_work<T>(person: &str, act: impl FnOnce(&By) -> T) -> T {
    let secret = key(person);
    act(&By::Signing(Signatory { person, key: &secret }))
}

fn signing<T>(person: &str, act: impl FnOnce(&Signatory) -> T) -> T {
    let secret = key(person);
    act(&Signatory { person, key: &secret })
}

/// What was said before need not be said again.
fn unless_said<T>(outcome: Result<T, Fault>, codes: &[&str]) -> Result<(), Fault> {
    match outcome {
        Err(Fault::Refused { code, .. }) if codes.contains(&code.text()) => Ok(()),
        other => other.map(drop),
    }
}

/// An evening, done from the start each time: what is done already stays as it is.
fn evening(book: &mut Book, batch: &BatchId, cards: usize) -> Result<(), Fault> {
    let new = NewLot { lot: "L1", first: "A0001", count: 40, form: Form::FixedWidth };
    at_work("cu", |by| receive(book, &new, by, NOW + 2000))?;
    if book.stock_numbers()?.0 == 0 {
        at_work("cu", |by| issue(book, batch, "L1", &format!("A0001..A{:04}", cards + 2), by, NOW + 2000))?;
    }
    let sheet = format!("lot,serial,account,card\nL1,A0001..A{cards:04},good,\nL1,A{:04}..A{:04},spoiled,\n", cards + 1, cards + 2);
    at_work("wu", |by| count(book, batch, sheet.as_bytes(), false, by, NOW + 2000))?;
    let spoiled = format!("A{:04}..A{:04}", cards + 1, cards + 2);
    let wanted = Wanted::Serials { lot: "L1", ranges: &spoiled };
    unless_said(signing("cu", |by| ask(book, &wanted, DestructionMethod::Shredded, by, NOW + 2000)), &["DST-01"])?;
    for person in ["wu", "li"] {
        unless_said(signing(person, |by| witness(book, 1, by, NOW + 2000)), &["DST-02", "DST-03"])?;
        unless_said(signing(person, |by| close::say(book, batch, PLAIN, by, NOW + 2000)), &["AUT-03"])?;
    }
    Ok(())
}

#[test]
fn wherever_the_ledger_stops_doing_it_again_finishes_it() {
    let (start, batch, numbers) = ready();
    let mut stops = 0;
    for at in 1.. {
        let mut through = false;
        for loss in Loss::ALL {
            let disk = SimDisk::of(start.clone());
            let mut book = opened(&disk);
            disk.fail(disk.operations() + at, Failure::From(EIO));
            through = evening(&mut book, &batch, numbers.len()).is_ok();
            drop(book);
            let after = SimDisk::of(disk.state().after(loss, at));
            let story = format!("{loss:?} after operation {at}");
            let mut book = opened(&after);
            evening(&mut book, &batch, numbers.len()).unwrap_or_else(|e| panic!("{story}: {e}"));
            assert_eq!(book.stock_numbers().unwrap(), (2, 1), "{story}: everything once");
            let t = book.lot("L1").unwrap().unwrap().tally();
            assert_eq!((t.good, t.spoiled, t.destroyed, t.line), (numbers.len() as u64, 2, 2, 0), "{story}");
            assert!(book.closed(&batch).unwrap().is_some(), "{story}");
            drop(book);
            assert_eq!(broken(&after), Vec::<String>::new(), "{story}");
            stops += 1;
        }
        if through {
            break;
        }
    }
    assert!(stops > 8 * 6, "{stops}");
}

/// What stands between two people's words: a result that changes the counts.
#[test]
fn words_about_other_counts_close_nothing() {
    let (start, batch, numbers) = ready();
    let disk = SimDisk::of(start);
    let mut book = opened(&disk);
    let n = numbers.len();
    assert_eq!(signing("wu", |by| close::say(&mut book, &batch, PLAIN, by, NOW + 2000)).ok(), Some(Closing::Waits));
    let new = NewLot { lot: "L1", first: "A0001", count: 40, form: Form::FixedWidth };
    at_work("cu", |by| receive(&mut book, &new, by, NOW + 3000)).unwrap_or_else(|e| panic!("{e}"));
    at_work("cu", |by| issue(&mut book, &batch, "L1", &format!("A0001..A{n:04}"), by, NOW + 3000)).unwrap_or_else(|e| panic!("{e}"));
    let sheet = format!("lot,serial,account,card\nL1,A0001..A{n:04},good,\n");
    at_work("wu", |by| count(&mut book, &batch, sheet.as_bytes(), false, by, NOW + 3000)).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(signing("li", |by| close::say(&mut book, &batch, PLAIN, by, NOW + 4000)).ok(), Some(Closing::Waits), "wu's word was about other counts");
    assert!(reconcile::page(&book, &batch, PLAIN).is_ok_and(|page| page.said_by == ["li"]));
    assert_eq!(signing("wu", |by| close::say(&mut book, &batch, PLAIN, by, NOW + 5000)).ok(), Some(Closing::Closed));
    assert_eq!(signing("wu", |by| close::say(&mut book, &batch, PLAIN, by, NOW + 5000)).ok(), Some(Closing::ClosedBefore));
    drop(book);
    assert_eq!(broken(&disk), Vec::<String>::new());
}

/// A generator that gives the same numbers everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// A card of the model: its account and whether its destruction was asked for.
type Card = (Account, bool);

/// What an operation would do, by the plainest rules: the accounts it may take cards from, and where they go.
fn goes(model: &BTreeMap<u64, Card>, ranges: SerialRange, ways: &[(Account, Account)]) -> Option<Vec<(u64, Account)>> {
    (ranges.first..=ranges.last)
        .map(|serial| {
            let (account, doomed) = model.get(&serial)?;
            let way = ways.iter().find(|(from, _)| from == account).filter(|_| !doomed)?;
            Some((serial, way.1))
        })
        .collect()
}

#[test]
fn operations_at_random_keep_every_card_in_one_account() {
    use Account::{Good, Line, Returned, Spoiled, Test, Vault};
    const CARDS: u64 = 60;
    let (start, batch, numbers) = ready();
    for seed in 0..12 {
        let disk = SimDisk::of(start.clone());
        let (mut book, mut dice) = (opened(&disk), Dice(seed));
        let new = NewLot { lot: "L1", first: "A0001", count: CARDS, form: Form::FixedWidth };
        at_work("cu", |by| receive(&mut book, &new, by, NOW + 2000)).unwrap_or_else(|e| panic!("{e}"));
        let mut model: BTreeMap<u64, Card> = (1..=CARDS).map(|serial| (serial, (Vault, false))).collect();
        let (mut done, mut not) = (0, 0);
        for step in 0..120 {
            let first = 1 + dice.roll(CARDS + 2);
            let range = SerialRange { first, last: first + dice.roll(6) };
            let ranges = format!("A{:04}..A{:04}", range.first, range.last);
            let at = NOW + 3000 + step;
            let good = model.values().filter(|(account, _)| *account == Good).count();
            let (expected, happened) = match dice.roll(6) {
                0 | 1 => (goes(&model, range, &[(Vault, Line)]), at_work("cu", |by| issue(&mut book, &batch, "L1", &ranges, by, at))),
                2 => {
                    let (to, from) = if dice.roll(2) == 0 { (Vault, Returned) } else { (Returned, Vault) };
                    (goes(&model, range, &[(from, to)]), at_work("cu", |by| put_back(&mut book, "L1", &ranges, to, by, at)))
                }
                3 => {
                    let wanted = Wanted::Serials { lot: "L1", ranges: &ranges };
                    let asked = signing("cu", |by| ask(&mut book, &wanted, DestructionMethod::Burnt, by, at));
                    (goes(&model, range, &[(Spoiled, Spoiled), (Test, Test), (Returned, Returned)]), asked.map(|_| Written::Now))
                }
                _ => {
                    let to = [Good, Spoiled, Test, Returned][dice.roll(4) as usize];
                    let ways: &[(Account, Account)] = if to == Spoiled { &[(Line, to), (Good, to)] } else { &[(Line, to)] };
                    let sheet = format!("lot,serial,account,card\nL1,{ranges},{},\n", to.name());
                    let would = goes(&model, range, ways).filter(|moved| to != Good || good + moved.len() <= numbers.len());
                    (would, at_work("wu", |by| count(&mut book, &batch, sheet.as_bytes(), true, by, at)))
                }
            };
            let asked = book.stock_numbers().unwrap().1;
            match (&expected, &happened) {
                (Some(moved), Ok(Written::Now)) => {
                    let newly_doomed = book.destruction(asked).unwrap().filter(|d| d.asked.at == at).is_some();
                    moved.iter().for_each(|(serial, to)| {
                        let card = model.get_mut(serial).unwrap();
                        *card = (*to, newly_doomed);
                    });
                    done += 1;
                }
                (None, Err(fault)) => {
                    assert!(matches!(fault, Fault::Refused { .. }), "{fault}");
                    not += 1;
                }
                (_, Ok(Written::Before)) => not += 1,
                (expected, happened) => panic!("seed {seed} step {step}: {ranges}: {expected:?}, but {:?}", happened.as_ref().map_err(ToString::to_string)),
            }
            let lot = book.lot("L1").unwrap().unwrap();
            let lies: BTreeMap<u64, Card> = lot
                .runs
                .iter()
                .flat_map(|run| (run.serials.first..=run.serials.last).map(|serial| (serial, (run.account, run.destruction.is_some()))))
                .collect();
            assert_eq!(lies, model, "seed {seed} step {step}: {ranges}");
            assert_eq!(lot.runs.iter().map(|run| run.serials.count()).sum::<u64>(), CARDS, "no serial twice");
        }
        assert!(done > 10 && not > 10, "{done} done, {not} refused");
        drop(book);
        assert_eq!(broken(&disk), Vec::<String>::new(), "seed {seed}");
    }
}
