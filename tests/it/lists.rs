//! What goes with the cards, as outlets, employers' staff and couriers get it: every card once, asked for by its receipt number; and the
//! cards nobody comes for.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

use testkit::world::SimDisk;

use crate::plant::{Plant, rows, text};
use crate::world::plant::{broken, plan, run, stocked};

/// A plant after its first night; nothing here changes it.
fn plant() -> &'static Plant {
    static PLANT: OnceLock<Plant> = OnceLock::new();
    PLANT.get_or_init(|| {
        let plant = Plant::stocked(160, 61);
        plant.ok(&["run"]);
        plant
    })
}

/// The employer's code; one of digits alone has an apostrophe before it, or a spreadsheet would round it.
fn code_of(row: &BTreeMap<String, String>) -> &str {
    let code = &row["employer_code"];
    let plain = code.strip_prefix('\'').unwrap_or(code);
    assert_eq!(plain.bytes().all(|b| b.is_ascii_digit()), plain.len() < code.len(), "{code}");
    plain
}

fn named(end: &str) -> Vec<(String, Vec<u8>)> {
    plant().files("batches").into_iter().filter(|(path, _)| path.ends_with(end)).collect()
}

/// Receipt numbers by application number, as the outlets' answers tell them.
fn told() -> BTreeMap<String, Option<String>> {
    let answers = plant().files("returns").into_iter().filter(|(path, _)| path.ends_with("answers.jsonl"));
    let lines = answers.flat_map(|(_, bytes)| text(&bytes).lines().map(str::to_owned).collect::<Vec<_>>());
    lines
        .map(|line| serde_json::from_str::<Value>(&line).unwrap())
        .map(|a| (a["application_id"].as_str().unwrap().to_owned(), a["receipt_number"].as_str().map(str::to_owned)))
        .collect()
}

/// A box of ten in trays of four: every list says in which a card lies, and `verify` holds them against one another.
#[test]
fn cards_lie_in_trays_one_after_the_other() {
    let mut plan = plan(1);
    plan.profile.packing.cards_per_tray = 4;
    let disk = SimDisk::of(stocked(60, 5, Some(0.0)));
    run(&disk, &plan).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(broken(&disk), Vec::<String>::new());
    let files = disk.state().files("batches");
    let listed: Vec<_> = files.iter().filter(|(path, _)| path.ends_with(".csv") && !path.ends_with("bundles.csv")).collect();
    let mut trays = BTreeSet::new();
    for (path, bytes) in &listed {
        for row in rows(bytes) {
            let (job, slot) = row["position"].split_once('-').unwrap();
            let tray = (slot.parse::<u32>().unwrap() - 1) / 4 + 1;
            assert_eq!((row["box"].as_str(), row["tray"].parse()), (job, Ok(tray)), "{path}");
            trays.insert(tray);
        }
    }
    assert_eq!(trays, BTreeSet::from([1, 2, 3]), "ten cards a box");
    let (path, bytes) = listed.iter().find(|(path, bytes)| path.contains("/bundle-") && text(bytes).contains(",2,0")).expect("a second tray");
    disk.put(path, text(bytes).replacen(",2,0", ",7,0", 1).as_bytes());
    assert!(broken(&disk).iter().any(|found| found.contains("I-12") || found.contains("I-20")), "{path}");
}

#[test]
fn an_employers_staff_gets_a_line_for_each_employee_to_sign() {
    let lists = named("-staff.csv");
    assert!(!lists.is_empty(), "a night with an employer's bundle");
    let bundles: Vec<_> = rows(&named("dispatch/bundles.csv")[0].1).into_iter().filter(|b| b["kind"] == "outlet" && !b["employer_code"].is_empty()).collect();
    assert_eq!(lists.len(), bundles.len(), "one for each employer's bundle, and no other");
    for (path, bytes) in &lists {
        let packing = rows(&plant().files("batches")[&path.replace("-staff.csv", ".csv")]);
        let staff = rows(bytes);
        let bundle = bundles.iter().find(|b| b["bundle"] == staff[0]["bundle"]).unwrap();
        assert_eq!(staff.len().to_string(), bundle["cards"]);
        for (theirs, packed) in staff.iter().zip(&packing) {
            for column in ["box", "tray", "position", "card_number", "generation", "name", "name_zh", "receipt_number", "record"] {
                assert_eq!(theirs[column], packed[column], "{path} {column}");
            }
            assert_eq!(theirs["employer_code"], bundle["employer_code"]);
            let code = code_of(theirs);
            assert_eq!(theirs["letter"], format!("AL-{}", &code[8..14]), "as the package's manifest says");
            assert!(theirs["staff"] == "示例专办员" && !theirs["employer"].is_empty());
        }
        let pdf = plant().root.join(path.replace(".csv", ".pdf"));
        let Ok(output) = Command::new("pdftotext").arg("-layout").arg(&pdf).arg("-").output() else { continue };
        let paper = text(&output.stdout);
        for row in &staff {
            assert!(paper.contains(&row["card_number"]) && paper.contains(&row["receipt_number"]), "{path}: {paper}");
        }
        for words in [staff[0]["letter"].as_str(), "示例专办员", "Signature", "Handed over by", "Received by"] {
            assert!(paper.contains(words), "{path}: {words}");
        }
    }
    plant().ok(&["verify"]);
}

#[test]
fn an_employer_is_told_of_each_bundle_and_so_is_its_outlet() {
    let notices: Vec<Value> = text(&named("notices.jsonl")[0].1).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let to = |whom: &str| notices.iter().filter(|n| n["to"] == whom).collect::<Vec<_>>();
    let lists = named("-staff.csv");
    assert_eq!((to("employer").len(), to("outlet").len()), (lists.len(), named(".csv").iter().filter(|(p, _)| p.contains("/bundle-")).count() - lists.len()));
    let mut with_receipts = 0;
    for (path, bytes) in &lists {
        let staff = rows(bytes);
        let notice =
            to("employer").into_iter().find(|n| n["bundle"].as_u64() == staff[0]["bundle"].parse().ok()).unwrap_or_else(|| panic!("{path}: no notice"));
        assert_eq!((notice["cards"].as_u64(), notice["employer_code"].as_str()), (Some(staff.len() as u64), Some(code_of(&staff[0]))));
        let receipts: Vec<&str> = staff.iter().map(|row| row["receipt_number"].as_str()).filter(|r| !r.is_empty()).collect();
        assert_eq!(notice["receipt_numbers"].as_array().unwrap().iter().map(|r| r.as_str().unwrap()).collect::<Vec<_>>(), receipts);
        with_receipts += receipts.len();
        for language in ["en", "zh"] {
            let said = notice[language].as_str().unwrap();
            assert!(said.contains(&staff[0]["letter"]) && said.contains(&staff[0]["box"]) && receipts.iter().take(20).all(|r| said.contains(r)), "{said}");
        }
        let whole = notice.to_string();
        assert!(staff.iter().all(|row| !whole.contains(&row["name"]) && !whole.contains(&row["card_number"])), "of no employee by name or card");
    }
    assert!(with_receipts > 0, "employers' applications have receipts too");
}

#[test]
fn the_receipt_number_is_wherever_somebody_asks_with_it() {
    let told = told();
    assert!(told.values().flatten().count() > 50 && told.values().any(Option::is_none), "some outlets give receipts");
    let produced = plant().files("returns").into_iter().filter(|(path, _)| path.contains("/night-") && path.ends_with(".csv"));
    for (path, bytes) in produced {
        for row in rows(&bytes) {
            assert_eq!(row["receipt_number"], told[&row["application_id"]].clone().unwrap_or_default(), "{path}");
        }
    }
    let packed: Vec<_> = named(".csv").into_iter().filter(|(path, _)| path.contains("/bundle-") && !path.ends_with("-staff.csv")).collect();
    for row in packed.iter().flat_map(|(_, bytes)| rows(bytes)) {
        assert_eq!(row["receipt_number"], told[&row["application_id"]].clone().unwrap_or_default());
    }
    let courier = rows(&named("mail/courier.csv")[0].1);
    assert!(courier.iter().any(|row| told.values().flatten().any(|r| *r == row["receipt_number"])));
    let notices = text(&named("notices.jsonl")[0].1);
    for notice in notices.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).filter(|n| n["to"] == "applicant") {
        let receipt = told[notice["application_id"].as_str().unwrap()].as_deref();
        assert_eq!(notice["receipt_number"].as_str(), receipt);
        let says = |language: &str| receipt.is_none_or(|r| notice[language].as_str().unwrap().contains(r));
        assert!(says("en") && says("zh"), "{notice}");
    }
}

#[test]
fn cards_nobody_comes_for_are_listed_by_outlet_the_oldest_first() {
    let plant = Plant::stocked(80, 62);
    plant.ok(&["run"]);
    let lists = plant.files("batches").into_iter().filter(|(path, _)| path.contains("/bundle-") && !path.ends_with("-staff.csv") && path.ends_with(".csv"));
    let cards: Vec<(String, BTreeMap<String, String>)> = lists
        .flat_map(|(path, bytes)| {
            let outlet = path.split('/').rev().nth(1).unwrap().to_owned();
            rows(&bytes).into_iter().map(move |row| (outlet.clone(), row)).collect::<Vec<_>>()
        })
        .collect();
    let first = cards.iter().find(|(outlet, _)| cards.iter().filter(|(o, _)| o == outlet).count() >= 3).expect("an outlet with three cards");
    let same: Vec<_> = cards.iter().filter(|(outlet, _)| *outlet == first.0).take(3).collect();
    let other = cards.iter().find(|(outlet, _)| *outlet != first.0).unwrap();
    let event = |clock: &str, card: &BTreeMap<String, String>, kind: &str| {
        let output = plant.run_at(clock, &["event", &card["card_number"], kind, "--as", "outlet1"]);
        assert!(output.status.success(), "{}", text(&output.stderr));
    };
    event("2026-12-02T00:00:00Z", &same[1].1, "received");
    event("2026-12-03T00:00:00Z", &same[0].1, "received");
    event("2026-12-03T00:00:00Z", &same[2].1, "received");
    event("2026-12-03T00:00:00Z", &other.1, "received");
    event("2026-12-09T00:00:00Z", &same[2].1, "collected");
    let listed = |clock: &str, flags: &[&str]| -> Vec<Value> {
        let output = plant.run_at(clock, &[&["unclaimed", "--json"], flags].concat());
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    assert!(listed("2027-12-02T00:00:00Z", &[]).is_empty(), "the year is not over to the minute");
    let one = listed("2027-12-02T00:00:01Z", &[]);
    assert_eq!(one.len(), 1);
    for column in ["card_number", "application_id", "box", "position"] {
        assert_eq!(one[0][column].as_str(), Some(same[1].1[column].as_str()));
    }
    assert_eq!((one[0]["outlet"].as_str(), one[0]["days"].as_i64()), (Some(first.0.as_str()), Some(365)));
    assert_eq!(one[0]["receipt_number"].as_str().unwrap_or_default(), same[1].1["receipt_number"]);
    let all = listed("2027-12-09T00:00:00Z", &[]);
    let numbers: Vec<&str> = all.iter().filter(|c| c["outlet"] == first.0.as_str()).map(|c| c["card_number"].as_str().unwrap()).collect();
    assert_eq!(numbers, [same[1].1["card_number"].as_str(), same[0].1["card_number"].as_str()], "the oldest first, the collected one not");
    assert_eq!(all.len(), 3);
    let theirs = listed("2026-12-20T00:00:00Z", &["--days", "3", "--outlet", &other.0]);
    assert_eq!(theirs.iter().map(|c| c["card_number"].as_str().unwrap()).collect::<Vec<_>>(), [other.1["card_number"].as_str()]);
    let shown = plant.run_at("2027-12-09T00:00:00Z", &["unclaimed"]);
    assert!(text(&shown.stdout).contains(&same[1].1["position"]) && !text(&shown.stdout).contains(&same[1].1["name"]), "where it lies, not whose it is");
}
