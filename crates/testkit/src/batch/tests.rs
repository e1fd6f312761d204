//! The generator against the readers of the line: parser, photo checks, package checks.

use std::collections::BTreeMap;
use std::io::{self, Cursor, Seek, Write};
use std::sync::{Arc, Mutex};

use card::parse::{Channel, parse};
use card::{Code, Profile, Reason, Verdict};
use jiff::civil::date;
use line::package::signature::{OutletKey, verify};
use line::package::{ArchiveKind, MANIFEST, PackageLimits, SIGNATURE, Sink, Source, Stop, count_reason, judge_files, manifest, unpack};

use super::case::{Case, Fate};
use super::faults::{FAULTS, Where};
use super::hostile::{Good, HOSTILE};
use super::making::Making;
use super::*;

const TODAY: Date = date(2025, 9, 1);

/// Files in memory.
#[derive(Clone, Default)]
struct Memory(Arc<Mutex<BTreeMap<String, Vec<u8>>>>);

struct Kept {
    path: String,
    bytes: Cursor<Vec<u8>>,
    into: Memory,
}

impl Destination for Memory {
    fn create(&mut self, path: &str) -> io::Result<Box<dyn Writing>> {
        Ok(Box::new(Kept { path: path.to_owned(), bytes: Cursor::default(), into: self.clone() }))
    }
}

impl Write for Kept {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.bytes.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Kept {
    fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
        self.bytes.seek(to)
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.into.0.lock().unwrap().insert(self.path.clone(), std::mem::take(&mut self.bytes).into_inner());
    }
}

fn order(applications: u64) -> Order {
    Order { portraits: 2, ..Order::new(applications, 7, TODAY) }
}

fn files(order: &Order) -> (Expected, BTreeMap<String, Vec<u8>>) {
    let memory = Memory::default();
    let expected = generate(order, &mut memory.clone()).unwrap();
    let files = std::mem::take(&mut *memory.0.lock().unwrap());
    (expected, files)
}

fn profile() -> Profile {
    Profile::built_in("hubei-foreigner-2025", TODAY).unwrap()
}

fn judged(case: &Case, employer: bool) -> Verdict {
    let channel = if employer { Channel::Employer { code: case.person.employer.code.clone() } } else { Channel::Individual };
    Verdict::from_reasons(parse(&case.row, TODAY, &channel, &profile()).reasons)
}

fn said(v: &Verdict) -> String {
    v.reasons.iter().map(|r| format!("{} {} ({}); ", r.code, r.value, r.limit)).collect()
}

#[test]
fn an_order_is_made_to_the_number_and_the_same_each_time() {
    let (expected, one) = files(&order(70));
    assert_eq!((expected.applications, expected.accepted + expected.held + expected.rejected), (70, 70));
    let lines = read(&one["expected.jsonl"][..]).unwrap();
    assert_eq!(lines.len() as u64, expected.applications + expected.packages);
    assert!(expected.packages_quarantined >= HOSTILE.len() as u64 && expected.packages_repeated == 1);
    let (_, two) = files(&order(70));
    assert!(one == two, "an order gives the same bytes each time");
    assert!(["registers/outlets.csv", "registers/permits.csv", "registers/enrolment.csv", "keys/WH-01.key"].iter().all(|f| one.contains_key(*f)));
}

#[test]
fn conforming_applicants_of_all_nationalities_pass_the_parser() {
    let (order, mut memory) = (order(40), Memory::default());
    let mut making = Making::new(&order, &mut memory).unwrap();
    let mut nationalities = std::collections::BTreeSet::new();
    for _ in 0..1_500 {
        let case = making.conforming(0, None);
        let verdict = judged(&case, false);
        assert!(verdict.reasons.is_empty(), "{}: {}", case.person.name.shown(false), said(&verdict));
        nationalities.insert(case.person.nationality);
    }
    assert!(nationalities.len() > 60, "{}", nationalities.len());
}

/// Codes that registers, neighbours, fonts or photos give: not the parser's to find.
fn is_of_the_parser(code: Code) -> bool {
    let elsewhere =
        [Code::Rec01, Code::Rec32, Code::Rec08, Code::Rec23, Code::Rec24, Code::Prm01, Code::Prm03, Code::Prm04, Code::Prm05, Code::Prm06, Code::Prm07];
    !elsewhere.contains(&code) && ![Code::Dup09, Code::Pho25, Code::Man01].contains(&code)
}

#[test]
fn every_record_fault_gets_its_verdict() {
    let (order, mut memory) = (order(40), Memory::default());
    let mut making = Making::new(&order, &mut memory).unwrap();
    let mut wrong = Vec::new();
    for fault in FAULTS {
        for _ in 0..12 {
            let case = making.faulty(0, None, fault);
            let verdict = judged(&case, fault.place == Where::Employer);
            let got = Fate { outcome: verdict.outcome, headline: verdict.headline().map(|r| r.code) };
            let wanted = if is_of_the_parser(fault.fate.headline.unwrap()) { fault.fate } else { Fate::ACCEPTED };
            if got != wanted {
                wrong.push(format!("{}: {:?} {}", fault.name, verdict.outcome, said(&verdict)));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[derive(Default)]
struct Unpacked(Vec<(String, Vec<u8>)>);

impl Sink for Unpacked {
    fn begin(&mut self, name: &str) -> io::Result<()> {
        self.0.push((name.to_owned(), Vec::new()));
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.last_mut().expect("begun").1.extend_from_slice(bytes);
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What the line's package checks say of a file, in the order the ingest room asks them.
fn package_codes(file: Vec<u8>, extension: &str, keys: &BTreeMap<[u8; 8], OutletKey>) -> Vec<Code> {
    let Some(kind) = ArchiveKind::of_name(&format!("x.{extension}")) else { return vec![Code::Pkg19] };
    let len_bytes = file.len() as u64;
    let mut sink = Unpacked::default();
    let limits = PackageLimits::default();
    let codes = |reasons: Vec<Reason>| reasons.into_iter().map(|r| r.code).collect::<Vec<_>>();
    let found = match unpack(Source::Archive { kind, reader: Box::new(Cursor::new(file)), len_bytes }, &limits, &mut sink) {
        Ok(found) => found,
        Err(Stop::SetAside(reasons)) => return codes(reasons),
        Err(Stop::Fault(e)) => panic!("a fault: {e}"),
    };
    let get = |name: &str| sink.0.iter().find(|(n, _)| n == name).map(|(_, bytes)| bytes.as_slice());
    let bytes = get(MANIFEST).expect("a manifest");
    let manifest = match manifest::parse(bytes, &limits) {
        Ok(manifest) => manifest,
        Err(reasons) => return codes(reasons),
    };
    if let Err(reason) = verify(bytes, get(SIGNATURE), &manifest.outlet, |id| keys.get(&id).cloned()) {
        return vec![reason.code];
    }
    let mut all = codes(judge_files(&manifest, &found).set_aside);
    all.extend(count_reason(&manifest, 6).map(|r| r.code));
    all
}

#[test]
fn every_hostile_package_is_set_aside_for_its_reason() {
    let (order, mut memory) = (order(40), Memory::default());
    let mut making = Making::new(&order, &mut memory).unwrap();
    let outlet = making.outlets.len() - 2;
    let frame = making.frame(outlet, "none");
    let cases: Vec<Case> = (0..6).map(|_| making.conforming(outlet, None)).collect();
    let known =
        |o: &outlets::Outlet| (o.key.key_id(), OutletKey { outlet: card::OutletCode::parse(&o.code).unwrap(), public_key: o.key.public_key(), in_force: true });
    let keys: BTreeMap<[u8; 8], OutletKey> = making.outlets.iter().map(known).collect();
    let good = || Good {
        parts: making.parts(&frame, &cases, 1).unwrap(),
        key: outlets::key_of(order.seed, &making.outlets[outlet].code),
        other_key: outlets::key_of(order.seed, &making.outlets[0].code),
    };
    assert_eq!(package_codes(pack::archive(ArchiveKind::Zip, &good().parts.sealed(&good().key)).unwrap(), "zip", &keys), []);
    // EMP-02 needs every row compared with the manifest: the ingest room's own test.
    for kind in HOSTILE.iter().filter(|k| k.code != Code::Emp02) {
        let found = package_codes((kind.file)(good()).unwrap(), kind.extension, &keys);
        assert_eq!(found.first(), Some(&kind.code), "{}: {found:?}", kind.name);
    }
}
