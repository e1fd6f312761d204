//! Bad inputs of the catalogue (docs/FAULTS.md) that need a history the generator's one night doesn't have: result files, a package that
//! is never finished, a second card for somebody who has one. Each ends in its code, and its neighbours go on.

use std::collections::BTreeMap;
use std::io::Cursor;

use card::{BatchId, RawApplication};
use ledger::book::Book;
use ledger::disk::Disk as _;
use ledger::entry::Entry;
use ledger::index::MemIndex;
use line::package::make::{make, write_csv};
use line::package::{
    ArchiveKind, Channel, Encoding, MANIFEST, Manifest, PackageLimits, PackageSpec, RECORDS_CSV, RecordsKind, Rows, SecretKey, Sink, Source, manifest, unpack,
};
use line::plan::{Plan, ReleaseMode};
use line::returns::{COLUMNS, Imported, import};
use testkit::world::{BESIDE, SimClock, SimDisk};

use super::plant::{NOW, broken, plan, run, stocked, world};

fn book(disk: &SimDisk) -> Book {
    Book::open(std::sync::Arc::new(disk.clone()), Box::new(MemIndex::default())).unwrap_or_else(|e| panic!("{e}")).0
}

fn batch() -> BatchId {
    BatchId::parse("B20261122-01").expect("an id")
}

fn finished(plan: &Plan) -> SimDisk {
    let disk = SimDisk::of(stocked(40, 5, Some(0.0)));
    run(&disk, plan).unwrap_or_else(|e| panic!("{e}"));
    disk
}

/// The outcome of importing these rows: counts, or the code of the refusal.
fn imported(disk: &SimDisk, rows: &[String]) -> Result<Imported, String> {
    let text = format!("{}\r\n{}", COLUMNS.join(","), rows.concat());
    let (world, mut book) = (world(disk, &SimClock::at(NOW + 1)).unwrap_or_else(|e| panic!("{e}")), book(disk));
    let done = import(&world, &mut book, &batch(), text.as_bytes(), NOW + 1);
    done.map_err(|fault| fault.to_string().split(' ').next().unwrap_or_default().to_owned())
}

fn good(number: &str, n: usize) -> String {
    format!("{n},{number},,,,,420100D156000005{n:016X},,,,,1-{n},,\r\n")
}

/// E14, E15: nothing of a refused file counts.
#[test]
fn result_files_that_contradict_the_batch_are_refused_whole() {
    let disk = finished(&plan(1));
    let ledger = book(&disk);
    let state = ledger.batch(&batch()).unwrap_or_else(|e| panic!("{e}")).expect("the batch");
    let cards = ledger.cut_of(&state).unwrap_or_else(|e| panic!("{e}")).cards;
    let number = |n: usize| cards[n].number.as_str();
    let before = ledger.view().head();
    drop(ledger);
    let failed = format!("2,{},,,,,,,,,,,print,jam\r\n", number(0));
    let many: Vec<String> = (0..=cards.len()).map(|n| good(number(n % cards.len()), n)).collect();
    for (what, rows, code) in [
        ("a card of no batch", vec![good("A00000003", 1)], "RES-01"),
        ("a card twice", vec![good(number(0), 1), good(number(0), 2)], "RES-02"),
        ("a chip twice", vec![good(number(0), 1), good(number(1), 1)], "RES-02"),
        ("good and spoiled", vec![good(number(0), 1), failed.clone()], "RES-02"),
        ("more cards than were made", many, "RES-04"),
        ("a number that is none", vec![good("ZZZ", 1)], "RES-08"),
    ] {
        assert_eq!(imported(&disk, &rows), Err(code.to_owned()), "{what}");
    }
    assert_eq!(book(&disk).view().head(), before, "nothing was written down");
    assert_eq!(imported(&disk, &[good(number(0), 1)]).map(|counts| counts.good), Ok(1));
    assert_eq!(imported(&disk, &[good(number(0), 1)]), Err("RES-06".to_owned()), "the same file");
    assert_eq!(imported(&disk, &[failed]), Err("RES-03".to_owned()), "good once, spoiled now");
    assert_eq!(broken(&disk), Vec::<String>::new());
}

/// E14: a result that comes before its batch was released.
#[test]
fn a_result_before_its_release_is_refused() {
    let disk = finished(&Plan { release: ReleaseMode::TwoPerson, ..plan(1) });
    assert_eq!(imported(&disk, &[good("A00000003", 1)]), Err("RES-05".to_owned()));
}

/// A01: a folder without its signature stays where it is, is spoken of once it is old, and holds nobody up.
#[test]
fn a_package_that_is_never_finished_waits_and_is_told() {
    for (alert_seconds, told) in [(3600, 0), (30, 1)] {
        let disk = SimDisk::of(stocked(40, 5, Some(0.0)));
        disk.put("inbox/00000-half/package.json", b"{");
        let summary = run(&disk, &Plan { incomplete_package_alert_seconds: alert_seconds, ..plan(1) });
        assert!(summary.is_ok_and(|s| s.intake.ingested > 30), "its neighbours go on");
        assert!(disk.read("inbox/00000-half/package.json").is_ok());
        let notes = book(&disk).view().read_from(1).flatten().filter(|r| matches!(&r.entry, Entry::Note(n) if n.code == "PKG-01")).count();
        assert_eq!(notes, told, "alert after {alert_seconds} s, 60 s old");
    }
}

#[derive(Default)]
struct Kept(BTreeMap<String, Vec<u8>>, String);

impl Sink for Kept {
    fn begin(&mut self, name: &str) -> std::io::Result<()> {
        name.clone_into(&mut self.1);
        self.0.insert(name.to_owned(), Vec::new());
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.0.entry(self.1.clone()).or_default().extend_from_slice(bytes);
        Ok(())
    }

    fn end(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// First applications (`new`) of the first package that has some, before it is taken in.
pub fn first_package(disk: &SimDisk) -> (Manifest, Vec<RawApplication>, BTreeMap<String, Vec<u8>>) {
    let mut packages = disk.list("inbox").expect("an inbox").into_iter().filter_map(|entry| first_applications(disk, &entry.name));
    packages.next().expect("a package with first applications")
}

/// Their outlet sends them anew, under new application numbers.
fn sent_anew(disk: &SimDisk) -> (String, Vec<u8>) {
    let (manifest, rows, files) = first_package(disk);
    // Behind everything its outlet has sent: whatever lies between is a gap, which is told beside what is looked for here.
    sent_again(disk, &manifest, manifest.sequence + 1000, rows, files)
}

/// A package of these applications under new numbers, and its id.
pub fn sent_again(disk: &SimDisk, manifest: &Manifest, sequence: u64, mut rows: Vec<RawApplication>, files: BTreeMap<String, Vec<u8>>) -> (String, Vec<u8>) {
    for row in &mut rows {
        let again = format!("{}-N", row.get("application_id"));
        row.set("application_id", again);
    }
    let key = disk.read(&format!("{BESIDE}/keys/{}.key", manifest.outlet)).expect("a key");
    let key = SecretKey::from_minisign(&String::from_utf8_lossy(&key), None).expect("a key");
    let spec = PackageSpec {
        package_id: format!("{}-N", manifest.package_id),
        outlet: manifest.outlet.clone(),
        sequence,
        channel: Channel::Individual,
        submitted_at: "2026-11-22T12:00:00Z".to_owned(),
        count: rows.len() as u32,
        profile: manifest.profile.clone(),
        encoding: Encoding::Utf8,
        records: RecordsKind::Csv,
        employer: None,
    };
    let mine = |name: &str| rows.iter().any(|row| name.ends_with(row.get("photo").trim_start_matches("photos/")));
    let mut photos: BTreeMap<String, Vec<u8>> = files.into_iter().filter(|(name, _)| name.starts_with("photos/") && mine(name)).collect();
    let records = write_csv(&rows, Encoding::Utf8, false).expect("memory");
    let mut out = Cursor::new(Vec::new());
    make(&spec, &mut photos, &records, Some(&key), ArchiveKind::Zip, &mut out).ok().expect("a package");
    (spec.package_id, out.into_inner())
}

fn first_applications(disk: &SimDisk, name: &str) -> Option<(Manifest, Vec<RawApplication>, BTreeMap<String, Vec<u8>>)> {
    let (kind, limits) = (ArchiveKind::of_name(name)?, PackageLimits::default());
    let bytes = disk.read(&format!("inbox/{name}")).ok()?;
    let (mut kept, len_bytes) = (Kept::default(), bytes.len() as u64);
    unpack(Source::Archive { kind, len_bytes, reader: Box::new(Cursor::new(bytes)) }, &limits, &mut kept).ok()?;
    let manifest = manifest::parse(&kept.0[MANIFEST], &limits).ok().filter(|m| m.channel == Channel::Individual)?;
    let rows = Rows::new(kept.0.get(RECORDS_CSV)?.as_slice(), &manifest, &limits).expect("rows");
    let rows: Vec<RawApplication> = rows.map(|row| row.expect("a row").raw).filter(|raw| raw.get("business_type") == "new").collect();
    (!rows.is_empty()).then_some((manifest, rows, kept.0))
}

/// C28: whoever holds a valid card gets no second one.
#[test]
fn a_second_card_for_a_holder_is_refused() {
    let disk = SimDisk::of(stocked(40, 5, Some(0.0)));
    let (package, bytes) = sent_anew(&disk);
    run(&disk, &plan(1)).unwrap_or_else(|e| panic!("{e}"));
    disk.put("inbox/99999-again.zip", &bytes);
    run(&disk, &plan(1)).unwrap_or_else(|e| panic!("{e}"));
    let answers = disk.state().files("returns").into_iter().find(|(path, _)| path.contains(&package) && path.ends_with("answers.jsonl"));
    let answers = String::from_utf8(answers.expect("an answer").1.to_vec()).expect("text");
    let told: Vec<serde_json::Value> = answers.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert!(!told.is_empty());
    for line in told {
        let codes: Vec<&str> = line["reasons"].as_array().expect("reasons").iter().filter_map(|r| r["code"].as_str()).collect();
        assert!(line["outcome"] == "rejected" && codes.first() == Some(&"DUP-05"), "{codes:?}");
    }
    let made = book(&disk).view().read_from(1).flatten().filter(|r| matches!(&r.entry, Entry::BatchCut(_))).count();
    assert_eq!(made, 1, "the second night had nobody to make a card for");
}
