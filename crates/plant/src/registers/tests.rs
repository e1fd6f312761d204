//! Extracts in, rows out; what is wrong with an extract is said by line and column, and then nothing is imported.

use std::sync::Arc;

use base64::Engine as _;
use ledger::disk::Disk;
use line::ports::{Lookup, RegisterShelf as _, Registers, Snapshot};

use super::*;
use crate::{Durability, RealDisk};

fn disk() -> (tempfile::TempDir, Arc<dyn Disk>) {
    let folder = tempfile::tempdir().unwrap();
    let (disk, _) = RealDisk::open(folder.path(), Durability::None).unwrap();
    (folder, Arc::new(disk))
}

fn named(kind: RegisterKind, version: u32, imported: &Imported) -> Snapshot {
    Snapshot { kind: kind.name().into(), version, path: imported.path.clone(), digest: imported.digest }
}

fn opened(disk: &Arc<dyn Disk>, extracts: &[(RegisterKind, &str)]) -> Box<dyn Registers> {
    let snapshots: Vec<Snapshot> = extracts.iter().map(|(kind, csv)| named(*kind, 1, &import(&**disk, *kind, 1, csv.as_bytes()).unwrap())).collect();
    Shelf::new(disk.clone()).open(&snapshots).unwrap()
}

fn key(id: u8) -> String {
    let bytes = [&b"Ed"[..], &[id; 8], &[9; 32]].concat();
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn outlets() -> String {
    format!(
        "\u{feff}code,name,name_zh,division,address,postcode,phone,minisign_key,status\n\
         WH-001,First outlet,一号网点,420106,\"1 Road, Wuchang\",430070,027-1,{},open\r\n\
         WH-002,Second outlet,,420100,,,,,closed\n",
        key(7)
    )
}

const PERMITS: &str = "number,document_number,nationality,category,status,from,to,last_event,event_on,physical_card_held,employer_code\n\
    420000000001,P1,GBR,A,valid,2025-01-01,2026-12-31,renewed,2025-06-01,no,91420100MA00000001\n\
    420000000002,P2,D,B,valid,2025-01-01,2025-12-31,none,,yes,\n";
const ENROLMENT: &str = "ssn,nationality,document_number,name,birth_date,status\nGBR000001,GBR,P1,SAMPLE ANNA,1990-02-28,active\n";

#[test]
fn rows_are_found_by_their_keys() {
    let (_folder, disk) = disk();
    let outlets = outlets();
    let registers = opened(&disk, &[(RegisterKind::Outlets, &outlets), (RegisterKind::Permits, PERMITS)]);
    let Lookup::Found(outlet) = registers.outlet("WH-001") else { panic!("is there") };
    assert_eq!((outlet.name_zh.as_str(), outlet.address.as_str(), outlet.open), ("一号网点", "1 Road, Wuchang", true));
    assert!(matches!(registers.outlet_of_key([7; 8]), Lookup::Found(row) if row.code == "WH-001"));
    assert!(matches!(registers.outlet_of_key([8; 8]), Lookup::Unknown));
    assert!(matches!(registers.outlet("WH-002"), Lookup::Found(row) if !row.open && row.minisign_key.is_empty()));
    assert!(matches!(registers.outlet("WH-003"), Lookup::Unknown));
    assert!(matches!(registers.permit("420000000002"), Lookup::Found(row) if row.event_on.is_none() && row.physical_card_held && row.category == 'B'));
    assert!(matches!(registers.enrolment("GBR000001"), Lookup::NoRegister));
    let registers = opened(&disk, &[(RegisterKind::Enrolment, ENROLMENT)]);
    assert!(matches!(registers.enrolment("GBR000001"), Lookup::Found(row) if row.birth_date == jiff::civil::date(1990, 2, 28)));
}

#[test]
fn the_same_extract_gives_the_same_file_and_an_empty_one_is_a_register() {
    let (_folder, disk) = disk();
    let first = import(&*disk, RegisterKind::Permits, 1, PERMITS.as_bytes()).unwrap();
    let second = import(&*disk, RegisterKind::Permits, 2, PERMITS.as_bytes()).unwrap();
    assert_eq!((first.digest, first.rows, first.path.as_str()), (second.digest, 2, "registers/permits-000001.reg"));
    let header = ENROLMENT.lines().next().unwrap();
    let registers = opened(&disk, &[(RegisterKind::Enrolment, header)]);
    assert!(matches!(registers.enrolment("GBR000001"), Lookup::Unknown));
}

#[test]
fn a_bad_row_refuses_the_whole_extract_and_is_named_without_its_values() {
    let (_folder, disk) = disk();
    let bad =
        format!("{PERMITS}SECRET3,P3,GBR,Z,valid,2025-01-01,2026-12-31,new,,no,\nshort,row\n420000000001,P9,GBR,A,valid,2026-01-01,2025-01-01,new,,no,\n");
    let refused = import(&*disk, RegisterKind::Permits, 1, bad.as_bytes()).unwrap_err();
    let text = refused.to_string();
    assert_eq!(refused.exit_code(), 65);
    assert!(text.contains("3 bad rows\nline 4: category is none of A, B, C\nline 5: 2 fields instead of 11\nline 6: to is before from"), "{text}");
    assert!(!text.contains("SECRET"));
    assert_eq!(disk.list("registers").unwrap(), []);
}

#[test]
fn an_outlet_that_lists_cant_show_is_refused_by_line_and_character() {
    let (_folder, disk) = disk();
    let bad = outlets().replace("Second outlet,", "Second \u{1F600},").replace("一号网点", "一\u{200b}号");
    let text = import(&*disk, RegisterKind::Outlets, 1, bad.as_bytes()).unwrap_err().to_string();
    let lines = "2 bad rows\nline 2: name_zh holds '\\u{200b}' (U+200B), which the fonts lack\nline 3: name holds '\u{1F600}' (U+1F600), which the fonts lack";
    assert!(text.ends_with(lines), "{text}");
    assert_eq!(disk.list("registers").unwrap(), []);
}

#[test]
fn a_key_that_comes_twice_is_refused() {
    let (_folder, disk) = disk();
    let twice = format!("{ENROLMENT}FRA000001,FRA,P2,SAMPLE BEN,1991-01-01,active\nGBR000001,GBR,P1,SAMPLE ANNA,1990-02-28,active\n");
    let text = import(&*disk, RegisterKind::Enrolment, 1, twice.as_bytes()).unwrap_err().to_string();
    assert!(text.ends_with("1 bad rows\nline 4: ssn is the one of line 2"), "{text}");
    let shared_key = outlets().replace("WH-002,Second outlet,,420100,,,,,", &format!("WH-002,Second outlet,,420100,,,,{},", key(7)));
    assert!(import(&*disk, RegisterKind::Outlets, 1, shared_key.as_bytes()).unwrap_err().to_string().contains("minisign_key is the one of line 2"));
}

#[test]
fn only_the_first_bad_rows_are_named() {
    let (_folder, disk) = disk();
    let bad = format!("{}\n{}", ENROLMENT.lines().next().unwrap(), "x\n".repeat(50));
    let text = import(&*disk, RegisterKind::Enrolment, 1, bad.as_bytes()).unwrap_err().to_string();
    assert!(text.contains("50 bad rows") && text.contains("line 21:") && !text.contains("line 22:") && text.ends_with("… and 30 more"), "{text}");
}

#[test]
fn another_header_and_bytes_that_are_no_text_are_refused() {
    let (_folder, disk) = disk();
    for bad in ["", "ssn,name\n", &ENROLMENT.replace("ssn,nationality", "nationality,ssn")] {
        assert!(matches!(import(&*disk, RegisterKind::Enrolment, 1, bad.as_bytes()), Err(Fault::BadInput(_))), "{bad:?}");
    }
    let latin = ENROLMENT.as_bytes().to_vec().into_iter().map(|b| if b == b'B' { 0xE9 } else { b }).collect::<Vec<u8>>();
    assert!(import(&*disk, RegisterKind::Enrolment, 1, &latin[..]).unwrap_err().to_string().contains("line 2: ssn is not UTF-8"));
    assert!(matches!(RegisterKind::parse("stock"), Err(Fault::Usage(_))));
}

#[test]
fn every_flipped_bit_of_a_snapshot_is_noticed_when_it_is_opened() {
    let (_folder, disk) = disk();
    let imported = import(&*disk, RegisterKind::Enrolment, 1, ENROLMENT.as_bytes()).unwrap();
    let whole = disk.read(&imported.path).unwrap();
    for bit in (0..whole.len() * 8).step_by(5) {
        let mut flipped = whole.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        ledger::publish_bytes(&*disk, &imported.path, &flipped).unwrap();
        let opened = Shelf::new(disk.clone()).open(&[named(RegisterKind::Enrolment, 1, &imported)]);
        assert!(matches!(opened, Err(Fault::FileDamaged { .. })), "bit {bit}");
    }
}
