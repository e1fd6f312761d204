//! Cards made again, night after night on a simulated plant: asked for, approved, first in their bundles, the old ones revoked when the new
//! are good; everything that must be refused; and killed at every operation. The last test is the command line's.

use std::collections::{BTreeMap, HashSet};

use card::profile::retention::Retention;
use card::{BatchId, Outcome, RawApplication};
use ledger::book::Book;
use ledger::book::state::{CardState, RemakeStage};
use ledger::disk::Disk as _;
use ledger::entry::{CardEventKind, Entry, Millis, RemakeCause, RemakeRefusal, RevocationCause, Role};
use ledger::fault::Fault;
use ledger::index::MemIndex;
use line::decide::{self, Author};
use line::package::SecretKey;
use line::people::{self, Newcomer, Signatory};
use line::purge::{self, Waits};
use line::remakes::words::{Word, say};
use line::remakes::{Ask, Asked, cards_of, owed, request};
use line::returns::{COLUMNS, Imported, import};
use testkit::world::{Loss, SimClock, SimDisk, State};

use crate::plant::{Plant, text};
use crate::world::handover::{key, opened};
use crate::world::inputs::{first_package, sent_again};
use crate::world::plant::{NOW, broken, difference, outputs, plan, run, run_at, stocked, world};

const HOUR: Millis = 3_600_000;
const DAY: Millis = 24 * HOUR;

type Named = (String, u32);
type Rows = Vec<BTreeMap<String, String>>;

/// Li and Chen are supervisors, Wu and He operators.
fn staff(book: &mut Book) {
    let li = key("li");
    for (person, role) in [("li", Role::Supervisor), ("chen", Role::Supervisor), ("wu", Role::Operator), ("he", Role::Operator)] {
        let by = (person != "li").then_some(Signatory { person: "li", key: &li });
        people::add(book, &Newcomer { person, name: "N", role, key: &key(person).public_key() }, by.as_ref(), NOW).unwrap();
    }
}

/// Packages of an outlet after its first: taken out of the inbox, to come later.
fn second_packages(disk: &SimDisk) -> BTreeMap<String, Vec<u8>> {
    let mut inbox: Vec<_> = disk.list("inbox").unwrap().into_iter().filter(|e| !e.is_dir).map(|e| e.name).collect();
    inbox.sort();
    let mut known = HashSet::new();
    let outlet = |name: &str| name[6..].split('.').next().unwrap_or_default().to_owned();
    let later = inbox.into_iter().filter(|name| !known.insert(outlet(name))).map(|name| format!("inbox/{name}"));
    later.map(|path| (path.clone(), disk.read(&path).unwrap())).inspect(|(path, _)| disk.remove(path).unwrap()).collect()
}

/// A plant after its first night; `split`: what its outlets sent after their first packages is still to come.
fn after_a_night(applications: u64, split: bool) -> (SimDisk, BTreeMap<String, Vec<u8>>) {
    let disk = SimDisk::of(stocked(applications, 5, Some(0.0)));
    let kept = if split { second_packages(&disk) } else { BTreeMap::new() };
    run(&disk, &plan(1)).unwrap_or_else(|e| panic!("{e}"));
    let mut book = opened(&disk);
    staff(&mut book);
    book.close().unwrap();
    disk.settle();
    (disk, kept)
}

fn night(disk: &SimDisk, at: Millis) -> BatchId {
    run_at(disk, &plan(1), &SimClock::at(at)).unwrap_or_else(|e| panic!("{e}")).batch.expect("a batch").batch
}

/// The cards of a batch that are given out at an outlet, in order.
fn given_out(book: &Book, batch: &BatchId) -> Vec<CardState> {
    let state = book.batch(batch).unwrap().unwrap();
    let cards = book.cut_of(&state).unwrap().cards.into_iter().map(|c| book.card(&c.number, c.generation).unwrap().unwrap());
    cards.filter(|c| !book.application(c.ordinal).unwrap().unwrap().facts.unwrap().mail).collect()
}

#[derive(Clone, Copy, PartialEq)]
enum Told {
    Good,
    Spoiled,
    Unknown,
}

/// A line of the vendor's file; a chip's number is never told twice.
fn told(card: &CardState, what: Told) -> String {
    let n = card.position as usize + 1000 * card.generation as usize + 100_000 * card.batch.as_str().bytes().map(usize::from).sum::<usize>();
    let (chip, step, why) = match what {
        Told::Good => (format!("420100D156000005{n:016X}"), "", ""),
        Told::Spoiled => (String::new(), "print", "jam"),
        Told::Unknown => (String::new(), "", ""),
    };
    format!("1,{},,,,,{chip},,,,,,{step},{why}\r\n", card.number)
}

fn results(disk: &SimDisk, batch: &BatchId, lines: &[String], at: Millis) -> Result<Imported, Fault> {
    let text = format!("{}\r\n{}", COLUMNS.join(","), lines.concat());
    let (world, mut book) = (world(disk, &SimClock::at(at))?, opened(disk));
    let imported = import(&world, &mut book, batch, text.as_bytes(), at)?;
    book.close()?;
    Ok(imported)
}

#[track_caller]
fn fine<T>(outcome: Result<T, Fault>) -> T {
    outcome.unwrap_or_else(|e| panic!("{e}"))
}

#[track_caller]
fn refused<T>(outcome: Result<T, Fault>, code: &str) {
    let Err(fault) = outcome else { panic!("not refused: {code}") };
    assert!(fault.to_string().starts_with(code), "{code} expected: {fault}");
}

fn ask(book: &mut Book, disk: &SimDisk, cards: &[Named], cause: RemakeCause, report: Option<&str>, who: &str) -> Result<Vec<Asked>, Fault> {
    let world = world(disk, &SimClock::at(NOW))?;
    request(book, &world.pepper, &Ask { cards, cause, report, who, at: NOW + 2 * HOUR })
}

fn word(book: &mut Book, card: &Named, refusal: Option<RemakeRefusal>, person: &str) -> Result<RemakeStage, Fault> {
    let key = key(person);
    say(book, &Word { card, refusal, by: Signatory { person, key: &key } }, NOW + 3 * HOUR).map(|state| state.stage)
}

fn approve(book: &mut Book, card: &Named, person: &str) -> Result<RemakeStage, Fault> {
    word(book, card, None, person)
}

fn event(book: &mut Book, card: &Named, kind: CardEventKind) -> Result<(), Fault> {
    let card = book.card(&card.0, card.1)?.expect("a card");
    decide::card_event(book, &card, kind, &Author { who: "he", reason: "", at: NOW + HOUR })
}

fn named(card: &CardState) -> Named {
    (card.number.clone(), card.generation)
}

fn csv(bytes: &[u8]) -> Rows {
    let mut csv = csv::Reader::from_reader(bytes);
    let heading = csv.headers().unwrap().clone();
    csv.records().map(|row| heading.iter().map(str::to_owned).zip(row.unwrap().iter().map(str::to_owned)).collect()).collect()
}

fn lists(disk: &SimDisk, folder: &str, wanted: impl Fn(&str) -> bool) -> Vec<(String, Rows)> {
    disk.state().files(folder).into_iter().filter(|(path, _)| wanted(path)).map(|(path, bytes)| (path, csv(&bytes))).collect()
}

fn packing(path: &str) -> bool {
    path.contains("/bundle-") && path.ends_with(".csv")
}

#[track_caller]
fn sound(disk: &SimDisk) {
    assert_eq!(broken(disk), Vec::<String>::new());
}

#[test]
fn spoiled_cards_come_first_in_the_next_bundles_under_their_numbers() {
    let (disk, later) = after_a_night(300, true);
    let book = opened(&disk);
    let batch = book.batches().unwrap()[0].batch.clone();
    let cards: Vec<CardState> = given_out(&book, &batch);
    drop(book);
    let lines: Vec<String> = cards.iter().map(|c| told(c, Told::Spoiled)).collect();
    let imported = fine(results(&disk, &batch, &lines, NOW + HOUR));
    assert_eq!((imported.spoiled as usize, imported.remakes as usize, imported.revoked), (cards.len(), cards.len(), 0));
    sound(&disk);
    let mut book = opened(&disk);
    assert!(book.remakes().unwrap().iter().all(|r| r.requested.who == "cardline" && r.requested.cause == RemakeCause::Spoiled && !r.requested.delivered));
    for card in &cards {
        assert_eq!(fine(approve(&mut book, &named(card), "li")), RemakeStage::Approved, "one supervisor is enough");
    }
    book.close().unwrap();
    later.iter().for_each(|(path, bytes)| disk.put(path, bytes));
    let threads = SimDisk::of(disk.state());
    let second = night(&disk, NOW + DAY);
    run_at(&threads, &plan(4), &SimClock::at(NOW + DAY)).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(difference(&outputs(&disk.state()), &outputs(&threads.state())), None, "the same bytes for any number of threads");
    let bundles = lists(&disk, &format!("batches/{second}"), packing);
    let mut mixed = 0;
    for (path, rows) in &bundles {
        let marks: Vec<bool> = rows.iter().map(|row| !row["remake_of"].is_empty()).collect();
        assert!(marks.is_sorted_by(|a, b| a >= b), "{path}: remakes first");
        mixed += usize::from(marks.contains(&true) && marks.contains(&false));
    }
    assert!(mixed > 0, "no bundle holds both");
    let book = opened(&disk);
    let marked: BTreeMap<String, String> =
        bundles.iter().flat_map(|(_, rows)| rows).map(|row| (row["card_number"].clone(), row["remake_of"].clone())).collect();
    for card in &cards {
        let again = book.card(&card.number, 2).unwrap().expect("the same number, the next generation");
        assert_eq!((again.ordinal, &again.batch), (card.ordinal, &second));
        assert_eq!(marked[&card.number], format!("{} generation 1 {batch}", card.number));
        assert_eq!(book.card(&card.number, 1).unwrap().unwrap().batch, batch, "the first card stays on record");
    }
    let sheets: String =
        disk.state().files(&format!("batches/{second}/print")).into_iter().filter(|(p, _)| p.ends_with(".json")).map(|(_, b)| text(&b)).collect();
    assert_eq!(sheets.matches("\"remake_of\"").count(), cards.len());
    drop(book);
    sound(&disk);
    ended(&disk, &second, &cards);
}

/// The cards of the second night are good: the old ones are revoked, once, and their outlets told.
fn ended(disk: &SimDisk, second: &BatchId, olds: &[CardState]) {
    let book = opened(disk);
    let lines: Vec<String> = given_out(&book, second).iter().map(|c| told(c, Told::Good)).collect();
    assert!(olds.iter().all(|c| book.revoked(&c.number, 1).unwrap().is_none()), "never before");
    drop(book);
    assert_eq!(fine(results(disk, second, &lines, NOW + DAY + HOUR)).revoked as usize, olds.len());
    let told = lists(disk, "returns", |path| path.contains("/revoked-"));
    let listed: Vec<_> = told.iter().flat_map(|(_, rows)| rows).collect();
    assert_eq!(listed.len(), olds.len());
    assert!(listed.iter().all(|r| (r["generation"].as_str(), r["replaced_by_generation"].as_str()) == ("1", "2") && r["card_number"] == r["replaced_by"]));
    let before = opened(disk).view().head();
    let (world, mut book) = (fine(world(disk, &SimClock::at(NOW + 2 * DAY))), opened(disk));
    assert_eq!(fine(owed::settle(&*world.disk, &mut book, NOW + 2 * DAY)), owed::Settled::default());
    assert_eq!(book.view().head(), before, "nothing is left to do");
    drop(book);
    run_at(disk, &plan(1), &SimClock::at(NOW + 2 * DAY)).unwrap_or_else(|e| panic!("{e}"));
    sound(disk);
    altered_lists_are_found(disk);
}

/// A list that lacks a card, names one twice, names one that lives, or lies with another outlet is no list of ours.
fn altered_lists_are_found(disk: &SimDisk) {
    let (path, bytes) = disk.state().files("returns").into_iter().find(|(p, _)| p.contains("/revoked-")).expect("a list");
    let list = text(&bytes);
    let (rest, last) = list.trim_end().rsplit_once("\r\n").expect("a heading and rows");
    let lives = last.replace(",remade,", ",replaced,").replacen("H0000", "H9999", 1);
    for altered in [format!("{rest}\r\n"), format!("{list}{last}\r\n"), format!("{list}{lives}\r\n"), format!("{rest}\r\n{lives}\r\n")] {
        disk.put(&path, altered.as_bytes());
        let found = broken(disk);
        assert!(found.len() == 1 && found[0].contains("I-32") && found[0].contains(&path), "{found:?}");
    }
    disk.put(&path, &bytes);
    let elsewhere = path.replace("revoked-", "revoked-B20010101-01-");
    disk.put(&elsewhere, &bytes);
    assert!(broken(disk).iter().any(|f| f.contains("I-32") && f.contains(&elsewhere)));
}

#[test]
fn a_delivered_card_needs_its_report_and_two_supervisors_and_gets_a_new_number() {
    let (disk, _) = after_a_night(16, false);
    let mut book = opened(&disk);
    let batch = book.batches().unwrap()[0].batch.clone();
    let cards = given_out(&book, &batch);
    let (old, lines) = (named(&cards[0]), cards.iter().map(|c| told(c, Told::Good)).collect::<Vec<_>>());
    drop(book);
    fine(results(&disk, &batch, &lines, NOW + HOUR));
    book = opened(&disk);
    fine(event(&mut book, &old, CardEventKind::Received));
    let one = [old.clone()];
    refused(ask(&mut book, &disk, &one, RemakeCause::Lost, None, "wu"), "DUP-06");
    refused(ask(&mut book, &disk, &one, RemakeCause::Lost, Some("  "), "wu"), "DUP-06");
    let asked = fine(ask(&mut book, &disk, &one, RemakeCause::Lost, Some("GS-2026-1"), "wu"));
    assert!(asked[0].delivered && !asked[0].before);
    assert!(fine(ask(&mut book, &disk, &one, RemakeCause::Lost, Some("GS-2026-1"), "wu"))[0].before, "asked again by the same");
    refused(ask(&mut book, &disk, &one, RemakeCause::Lost, Some("GS-2026-1"), "he"), "RMK-01");
    assert_eq!(fine(approve(&mut book, &old, "li")), RemakeStage::Requested);
    refused(approve(&mut book, &old, "li"), "AUT-03");
    refused(approve(&mut book, &old, "he"), "AUT-04");
    assert_eq!(fine(approve(&mut book, &old, "chen")), RemakeStage::Approved);
    refused(event(&mut book, &old, CardEventKind::Collected), "RMK-01");
    book.close().unwrap();
    sound(&disk);
    let second = night(&disk, NOW + DAY);
    let book = opened(&disk);
    let new = given_out(&book, &second).remove(0);
    assert!(new.generation == 1 && new.number != old.0 && new.ordinal == cards[0].ordinal, "a new number");
    assert_eq!(book.remake(&old.0, old.1).unwrap().unwrap().made, Some(named(&new)));
    drop(book);
    let imported = fine(results(&disk, &second, &[told(&new, Told::Good)], NOW + DAY + HOUR));
    assert_eq!(imported.revoked, 1);
    let mut book = opened(&disk);
    let revoked = book.revoked(&old.0, old.1).unwrap().unwrap();
    assert_eq!((revoked.cause, revoked.replaced_by), (RevocationCause::Remade, named(&new)));
    refused(event(&mut book, &old, CardEventKind::Collected), "RMK-04");
    refused(ask(&mut book, &disk, &one, RemakeCause::Lost, Some("GS-2026-2"), "wu"), "RMK-01");
    let journal: String = book.view().read_from(1).flatten().map(|r| format!("{:?}", r.entry)).collect();
    assert!(!journal.contains("GS-2026"), "the report's number isn't in the ledger");
    drop(book);
    sound(&disk);
}

#[test]
fn whoever_asked_decides_nothing_and_a_refused_request_may_be_followed_by_another() {
    let (disk, _) = after_a_night(16, false);
    let mut book = opened(&disk);
    let batch = book.batches().unwrap()[0].batch.clone();
    let cards = given_out(&book, &batch);
    drop(book);
    fine(results(&disk, &batch, &[told(&cards[0], Told::Good), told(&cards[1], Told::Spoiled)], NOW + HOUR));
    book = opened(&disk);
    let (good, spoiled) = (named(&cards[0]), named(&cards[1]));
    fine(ask(&mut book, &disk, std::slice::from_ref(&good), RemakeCause::Damaged, None, "li"));
    refused(approve(&mut book, &good, "li"), "AUT-03");
    assert_eq!(fine(word(&mut book, &good, Some(RemakeRefusal::NotNeeded), "chen")), RemakeStage::Refused);
    refused(approve(&mut book, &good, "chen"), "RMK-06");
    let again = fine(ask(&mut book, &disk, std::slice::from_ref(&good), RemakeCause::Damaged, None, "wu"));
    assert_eq!((again[0].request, again[0].delivered), (2, false));
    // It comes to its outlet meanwhile: that request says otherwise.
    fine(event(&mut book, &good, CardEventKind::Received));
    refused(approve(&mut book, &good, "li"), "RMK-06");
    assert_eq!(fine(word(&mut book, &good, Some(RemakeRefusal::Doubtful), "li")), RemakeStage::Refused);
    assert_eq!(fine(word(&mut book, &spoiled, Some(RemakeRefusal::NewApplication), "li")), RemakeStage::Refused);
    book.close().unwrap();
    sound(&disk);
    let nothing = run_at(&disk, &plan(1), &SimClock::at(NOW + DAY)).unwrap_or_else(|e| panic!("{e}"));
    assert!(nothing.batch.is_none(), "nothing was approved");
    assert!(opened(&disk).owed_requests().unwrap().is_empty(), "the program asks once");
    sound(&disk);
}

#[test]
fn what_may_not_be_made_again_is_refused_with_its_code_all_or_nothing() {
    let (disk, _) = after_a_night(24, false);
    let mut book = opened(&disk);
    let batch = book.batches().unwrap()[0].batch.clone();
    let cards = given_out(&book, &batch);
    drop(book);
    fine(results(&disk, &batch, &[told(&cards[0], Told::Good), told(&cards[1], Told::Unknown), told(&cards[2], Told::Spoiled)], NOW + HOUR));
    book = opened(&disk);
    let [good, unknown, spoiled, untold] = [0, 1, 2, 3].map(|n| named(&cards[n]));
    let head = book.view().head();
    assert!(book.remake(&unknown.0, 1).unwrap().is_none(), "never of a card in doubt");
    for (what, card, cause, code) in [
        ("in doubt", &unknown, RemakeCause::Spoiled, "RMK-02"),
        ("no result", &untold, RemakeCause::Lost, "RMK-02"),
        ("no result", &untold, RemakeCause::Spoiled, "RMK-03"),
        ("good", &good, RemakeCause::Spoiled, "RMK-03"),
        ("spoiled", &spoiled, RemakeCause::Lost, "RMK-01"),
    ] {
        let outcome = ask(&mut book, &disk, std::slice::from_ref(card), cause, Some("R"), "wu");
        assert!(outcome.as_ref().is_err_and(|e| e.to_string().starts_with(code) && e.exit_code() == 77), "{what}: {:?}", outcome.map(|_| ()));
    }
    refused(ask(&mut book, &disk, std::slice::from_ref(&good), RemakeCause::Damaged, None, "nobody"), "AUT-01");
    refused(approve(&mut book, &good, "li"), "RMK-06");
    let many = [good.clone(), unknown.clone(), untold.clone()];
    let fault = ask(&mut book, &disk, &many, RemakeCause::Damaged, None, "wu").unwrap_err().to_string();
    assert!(fault.contains("2 of 3") && fault.contains(&unknown.0) && fault.contains(&untold.0) && !fault.contains(&good.0), "{fault}");
    assert_eq!(book.view().head(), head, "nothing was written down");
    let slots = [cards[0].position + 1];
    assert_eq!(fine(cards_of(&book, &batch, None, Some(&slots))), std::slice::from_ref(&good));
    assert_eq!(fine(cards_of(&book, &batch, Some(1), None)).len(), 10, "a whole job");
    for wrong in [cards_of(&book, &batch, Some(99), None), cards_of(&book, &batch, Some(1), Some(&[11])), cards_of(&book, &batch, None, Some(&[0]))] {
        assert!(matches!(wrong, Err(Fault::Usage(_))));
    }
    // A result that comes late doesn't bring a card back that is being made again.
    drop(book);
    refused(results(&disk, &batch, &[told(&cards[2], Told::Good)], NOW + 2 * HOUR), "RES-03");
    sound(&disk);
}

#[test]
fn an_open_request_keeps_its_package_and_a_purged_one_asks_for_a_new_application() {
    let (disk, _) = after_a_night(16, false);
    let mut book = opened(&disk);
    let batch = book.batches().unwrap()[0].batch.clone();
    let cards = given_out(&book, &batch);
    drop(book);
    let lines: Vec<String> = cards.iter().enumerate().map(|(n, c)| told(c, if n == 0 { Told::Spoiled } else { Told::Good })).collect();
    fine(results(&disk, &batch, &lines, NOW + HOUR));
    book = opened(&disk);
    let spoiled = book.application(cards[0].ordinal).unwrap().unwrap();
    let rules = Retention { produced_days: 30, refused_days: 30 };
    let due = |book: &Book| fine(purge::due(book, rules, NOW + 40 * DAY));
    let waits = |book: &Book| due(book).waiting.contains(&(spoiled.package, Waits::Remaking));
    assert!(waits(&book), "asked for");
    fine(approve(&mut book, &named(&cards[0]), "li"));
    assert!(waits(&book), "approved");
    let world = fine(world(&disk, &SimClock::at(NOW + 40 * DAY)));
    let gone = due(&book);
    let purged = cards.iter().find(|c| gone.packages.contains(&book.application(c.ordinal).unwrap().unwrap().package)).expect("a purged package");
    fine(purge::purge(&world, &mut book, &gone, &Author { who: "li", reason: "days over", at: NOW + 40 * DAY }));
    refused(ask(&mut book, &disk, &[named(purged)], RemakeCause::Damaged, None, "wu"), "RMK-05");
    book.close().unwrap();
    sound(&disk);
    night(&disk, NOW + 41 * DAY);
    assert!(opened(&disk).card(&cards[0].number, 2).unwrap().is_some(), "its package was still there");
    sound(&disk);
}

#[test]
fn a_remake_that_is_held_at_the_cut_stays_visible_and_is_made_when_nothing_holds_it() {
    let (disk, _) = after_a_night(16, false);
    let book = opened(&disk);
    let batch = book.batches().unwrap()[0].batch.clone();
    let card = given_out(&book, &batch).remove(0);
    drop(book);
    fine(results(&disk, &batch, &[told(&card, Told::Spoiled)], NOW + HOUR));
    let mut book = opened(&disk);
    fine(approve(&mut book, &named(&card), "li"));
    book.close().unwrap();
    // Permits end long before: the recheck at the cut says so.
    run_at(&disk, &plan(1), &SimClock::at(NOW + 9 * 365 * DAY)).unwrap_or_else(|e| panic!("{e}"));
    let book = opened(&disk);
    let application = book.application(card.ordinal).unwrap().unwrap();
    assert!(application.outcome != Outcome::Accepted && !application.reasons.is_empty() && !application.has_card(), "explained");
    assert_eq!(book.remake(&card.number, 1).unwrap().unwrap().stage, RemakeStage::Approved);
    assert!(book.batches().unwrap().len() == 1 && book.pool().unwrap().is_empty());
    drop(book);
    sound(&disk);
}

#[test]
fn an_approved_remake_that_is_withdrawn_has_ended_and_keeps_nothing() {
    let (disk, _) = after_a_night(16, false);
    let book = opened(&disk);
    let batch = book.batches().unwrap()[0].batch.clone();
    let cards = given_out(&book, &batch);
    drop(book);
    let lines: Vec<String> = cards.iter().enumerate().map(|(n, c)| told(c, if n == 0 { Told::Spoiled } else { Told::Good })).collect();
    fine(results(&disk, &batch, &lines, NOW + HOUR));
    let mut book = opened(&disk);
    fine(approve(&mut book, &named(&cards[0]), "li"));
    let state = book.application(cards[0].ordinal).unwrap().unwrap();
    fine(decide::withdraw(&mut book, &state, &Author { who: "he", reason: "left", at: NOW + 4 * HOUR }));
    assert!(book.pool().unwrap().is_empty());
    refused(ask(&mut book, &disk, &[named(&cards[0])], RemakeCause::Spoiled, None, "wu"), "RMK-05");
    let rules = Retention { produced_days: 30, refused_days: 30 };
    assert!(fine(purge::due(&book, rules, NOW + 20 * DAY)).packages.is_empty());
    let due = fine(purge::due(&book, rules, NOW + 40 * DAY));
    assert!(due.packages.contains(&state.package), "its days are over as any other's");
    let world = fine(world(&disk, &SimClock::at(NOW + 40 * DAY)));
    fine(purge::purge(&world, &mut book, &due, &Author { who: "li", reason: "days over", at: NOW + 40 * DAY }));
    book.close().unwrap();
    sound(&disk);
}

/// A plant after its night, and two persons of one outlet whose cards are given out there, sent again as `change` says.
fn sent_twice(change: impl Fn(&mut RawApplication)) -> (SimDisk, BatchId, [CardState; 2], Vec<u8>) {
    let disk = SimDisk::of(stocked(40, 5, Some(0.0)));
    let (manifest, rows, files) = first_package(&disk);
    run(&disk, &plan(1)).unwrap_or_else(|e| panic!("{e}"));
    let mut book = opened(&disk);
    staff(&mut book);
    let batch = book.batches().unwrap()[0].batch.clone();
    let state = |row: &RawApplication| book.application_of(&manifest.outlet, row.get("application_id")).unwrap().unwrap();
    let card =
        |row: &RawApplication| state(row).place.filter(|_| !state(row).facts.unwrap().mail).map(|p| book.card(&p.number, p.generation).unwrap().unwrap());
    let mut two: Vec<(RawApplication, CardState)> = rows.into_iter().filter_map(|row| card(&row).map(|card| (row, card))).take(2).collect();
    two.iter_mut().for_each(|(row, _)| change(row));
    let (rows, cards): (Vec<_>, Vec<_>) = two.into_iter().unzip();
    let sequence = book.sequence(&manifest.outlet).unwrap().unwrap().contiguous + 1;
    book.close().unwrap();
    let (_, package) = sent_again(&disk, &manifest, sequence, rows, files);
    (disk, batch, cards.try_into().ok().expect("two cards"), package)
}

#[test]
fn a_replacement_that_is_good_ends_its_holders_older_card_and_nothing_else_is_made_of_that() {
    let (disk, batch, [a, b], package) = sent_twice(|row| {
        row.set("business_type", "replace-lost");
        row.set("loss_report", "GS-7");
    });
    fine(results(&disk, &batch, &[told(&a, Told::Good), told(&b, Told::Good)], NOW + HOUR));
    let mut book = opened(&disk);
    fine(event(&mut book, &named(&a), CardEventKind::Received));
    book.close().unwrap();
    disk.put("inbox/99999-again.zip", &package);
    let second = night(&disk, NOW + DAY);
    let mut book = opened(&disk);
    let new = given_out(&book, &second);
    assert_eq!(new.len(), 2);
    refused(ask(&mut book, &disk, &[named(&a)], RemakeCause::Lost, Some("GS-8"), "wu"), "RMK-04");
    drop(book);
    let heirs: Vec<_> = new.iter().map(|n| (told(n, Told::Good), n)).collect();
    assert_eq!(fine(results(&disk, &second, &[heirs[0].0.clone()], NOW + DAY + HOUR)).revoked, 1);
    let mut book = opened(&disk);
    let ended: Vec<_> = [&a, &b].into_iter().filter_map(|c| book.revoked(&c.number, 1).unwrap()).collect();
    assert_eq!((ended.len(), ended[0].cause, &ended[0].replaced_by), (1, RevocationCause::Replaced, &named(heirs[0].1)), "not before its own is good");
    refused(ask(&mut book, &disk, &[(ended[0].number.clone(), 1)], RemakeCause::Lost, Some("GS-8"), "wu"), "RMK-04");
    drop(book);
    fine(results(&disk, &second, &[heirs[1].0.clone()], NOW + DAY + HOUR));
    let listed = lists(&disk, "returns", |path| path.ends_with(&format!("/revoked-{second}.csv")));
    assert_eq!((listed.len(), listed[0].1.len()), (1, 2), "the batch's list grows");
    run_at(&disk, &plan(1), &SimClock::at(NOW + 2 * DAY)).unwrap_or_else(|e| panic!("{e}"));
    sound(&disk);
}

#[test]
fn who_has_only_a_spoiled_card_may_apply_anew_once_no_remake_is_open() {
    let (disk, batch, [over, waits], package) = sent_twice(|_| {});
    fine(results(&disk, &batch, &[told(&over, Told::Spoiled), told(&waits, Told::Spoiled)], NOW + HOUR));
    let mut book = opened(&disk);
    fine(word(&mut book, &named(&over), Some(RemakeRefusal::NewApplication), "li"));
    book.close().unwrap();
    disk.put("inbox/99999-again.zip", &package);
    let second = night(&disk, NOW + DAY);
    let mut book = opened(&disk);
    let made = given_out(&book, &second);
    let same_person = |card: &CardState| fine(book.cards_of_person(&book.application(over.ordinal).unwrap().unwrap())).contains(card);
    assert!(made.len() == 1 && same_person(&made[0]) && made[0].ordinal != over.ordinal, "a new application, a new card; the other waits for its remake");
    refused(ask(&mut book, &disk, &[named(&over)], RemakeCause::Spoiled, None, "wu"), "RMK-04");
    drop(book);
    run_at(&disk, &plan(1), &SimClock::at(NOW + 2 * DAY)).unwrap_or_else(|e| panic!("{e}"));
    sound(&disk);
}

/// The whole of a remake after the first night, each step as the program takes it; what was done before a stop refuses, and that is all.
fn whole(disk: &SimDisk, batch: &BatchId, card: &CardState) -> Result<(), Fault> {
    let done_before = |outcome: Result<(), Fault>| match outcome {
        Err(Fault::Refused { .. }) => Ok(()),
        other => other,
    };
    done_before(results(disk, batch, &[told(card, Told::Spoiled)], NOW + HOUR).map(drop))?;
    let mut book = Book::open(std::sync::Arc::new(disk.clone()), Box::new(MemIndex::default()))?.0;
    owed::settle(disk, &mut book, NOW + HOUR)?;
    done_before(approve(&mut book, &named(card), "li").map(drop))?;
    book.close()?;
    if opened(disk).card(&card.number, 2)?.is_none() || opened(disk).open_batch()?.is_some() {
        run_at(disk, &plan(1), &SimClock::at(NOW + DAY))?;
    }
    let new = opened(disk).card(&card.number, 2)?.ok_or_else(|| Fault::Invariant("not made again".to_owned()))?;
    done_before(results(disk, &new.batch, &[told(&new, Told::Good)], NOW + DAY + HOUR).map(drop))?;
    run_at(disk, &plan(1), &SimClock::at(NOW + 2 * DAY)).map(drop)
}

#[test]
fn wherever_a_remake_is_killed_it_comes_to_the_same_end() {
    let (disk, _) = after_a_night(6, false);
    let start: State = disk.state();
    let book = opened(&disk);
    let batch = book.batches().unwrap()[0].batch.clone();
    let card = given_out(&book, &batch).remove(0);
    drop(book);
    let undisturbed = SimDisk::of(start.clone());
    undisturbed.record();
    fine(whole(&undisturbed, &batch, &card));
    let (states, _) = undisturbed.recorded();
    let wanted = outputs(&undisturbed.state());
    let mut seen = HashSet::new();
    for (at, state) in states.iter().enumerate() {
        let loss = Loss::ALL[at % Loss::ALL.len()];
        let after = state.after(loss, at as u64);
        if !seen.insert(after.digest()) {
            continue;
        }
        let again = SimDisk::of(after);
        fine(whole(&again, &batch, &card));
        let story = format!("{loss:?} after operation {at} of {}", states.len());
        assert_eq!(difference(&wanted, &outputs(&again.state())), None, "{story}");
        let book = opened(&again);
        let entries: Vec<Entry> = book.view().read_from(1).flatten().map(|r| r.entry).collect();
        let count = |is: fn(&Entry) -> bool| entries.iter().filter(|e| is(e)).count();
        assert_eq!(count(|e| matches!(e, Entry::RemakeRequested(_))), 1, "{story}");
        assert_eq!(count(|e| matches!(e, Entry::CardRevoked(_))), 1, "{story}");
        assert_eq!(count(|e| matches!(e, Entry::BatchCut(_))), 2, "{story}");
        drop(book);
        assert_eq!(broken(&again), Vec::<String>::new(), "{story}");
    }
    assert!(seen.len() > 50, "{} different disks", seen.len());
}

#[test]
fn the_command_line_asks_lists_approves_and_explains() {
    let plant = Plant::stocked(60, 47);
    let batch = plant.closing(&["run", "--json"])["batch"].as_str().unwrap().to_owned();
    let keys = tempfile::tempdir().unwrap();
    let file = |name: &str| keys.path().join(name).to_str().unwrap().to_owned();
    for (person, role) in [("li", "supervisor"), ("wu", "operator")] {
        let mut seed = [0; 32];
        seed[..person.len()].copy_from_slice(person.as_bytes());
        let key = SecretKey::from_seed(&seed);
        std::fs::write(file(&format!("{person}.key")), key.to_minisign()).unwrap();
        std::fs::write(file(&format!("{person}.pub")), key.public_key_file()).unwrap();
        let (public, signing) = (file(&format!("{person}.pub")), file("li.key"));
        let mut args = vec!["people", "add", person, "--name", "N", "--role", role, "--key", &public];
        args.extend(if person == "li" { vec![] } else { vec!["--as", "li", "--sign-key", &signing] });
        plant.ok(&args);
    }
    let sheet = std::fs::read(plant.root.join(format!("batches/{batch}/print/job-0001.sheet.json"))).unwrap();
    let sheet: serde_json::Value = serde_json::from_slice(&sheet).unwrap();
    let numbers: Vec<&str> = sheet["slots"].as_array().unwrap().iter().map(|s| s["number"].as_str().unwrap()).collect();
    let result = file("result.csv");
    let good = format!("2,{},,,,,420100D156000005{:016X},,,,,,,\r\n", numbers[1], 7);
    std::fs::write(&result, format!("{}\r\n1,{},,,,,,,,,,,print,jam\r\n{good}", COLUMNS.join(","), numbers[0])).unwrap();
    let said = plant.ok(&["returns", "import", &result]);
    assert!(said.contains("1 cards to be made again"), "{said}");
    let list = |flags: &[&str]| -> Vec<serde_json::Value> {
        let lines = plant.ok(&[&["remake", "list", "--json"], flags].concat());
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let listed = list(&[]);
    assert_eq!((listed.len(), listed[0]["card_number"].as_str(), listed[0]["requested_by"].as_str()), (1, Some(numbers[0]), Some("cardline")));
    assert!(plant.ok(&["remake", "list"]).contains("waits for approval (0 of 1)"));
    let refused = plant.run(&["remake", "request", "--batch", &batch, "--job", "1", "--slots", "1-2", "--cause", "spoiled", "--as", "wu"]);
    let told = text(&refused.stderr);
    assert!(refused.status.code() == Some(77) && told.contains("2 of 2") && told.contains("RMK-01") && told.contains("RMK-03"), "{told}");
    plant.ok(&["remake", "request", &format!("{}/1", numbers[1]), "--cause", "damaged", "--as", "wu"]);
    let key = file("li.key");
    plant.ok(&["remake", "refuse", numbers[1], "--because", "not-needed", "--as", "li", "--key", &key]);
    let said = plant.ok(&["remake", "approve", "--batch", &batch, "--as", "li", "--key", &key]);
    assert!(said.starts_with(numbers[0]) && said.contains("waits for the next cut"), "{said}");
    let night = plant.run_at("2026-11-23T14:00:00Z", &["produce"]);
    assert!(night.status.success(), "{}", text(&night.stderr));
    assert!(list(&[]).is_empty() && list(&["--all"]).len() == 2);
    let tracked = plant.ok(&["track", numbers[0]]);
    for line in ["remake of", "requested by cardline: spoiled", "approved by li", "generation 2"] {
        assert!(tracked.contains(line), "{line}: {tracked}");
    }
    let id = list(&["--all"]).iter().find(|r| r["card_number"] == numbers[0]).unwrap()["application_id"].as_str().unwrap().to_owned();
    assert!(plant.ok(&["explain", &id]).contains(&format!("made for {} generation 1 {batch} again", numbers[0])));
    let verified = plant.run_at("2026-11-23T15:00:00Z", &["verify", "--sample", "100%"]);
    assert!(verified.status.success(), "{}{}", text(&verified.stdout), text(&verified.stderr));
}
