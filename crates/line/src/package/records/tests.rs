//! Rows in every encoding and form, and what spoils one row without its neighbours (C01, REC-01, REC-03, REC-32).

use std::io::{BufReader, Read};

use card::application::FIELDS;
use card::{Code, RawApplication};
use proptest::prelude::*;

use super::{REQUIRED_COLUMNS, Row, Rows};
use crate::package::PackageLimits;
use crate::package::make::{write_csv, write_jsonl};
use crate::package::manifest::{Encoding, RecordsKind};
use crate::package::testing::row;

fn rows(bytes: &[u8], kind: RecordsKind, encoding: Encoding) -> Vec<Row> {
    let limits = PackageLimits { row_bytes_max: 6000, ..PackageLimits::default() };
    // A small buffer, so that every border falls inside a row.
    let reader = BufReader::with_capacity(13, bytes);
    Rows::open(reader, kind, encoding, 1000, &limits).expect("in memory").map(|r| r.expect("in memory")).collect()
}

fn csv(bytes: &[u8]) -> Vec<Row> {
    rows(bytes, RecordsKind::Csv, Encoding::Utf8)
}

fn jsonl(text: &str) -> Vec<Row> {
    rows(text.as_bytes(), RecordsKind::Jsonl, Encoding::Utf8)
}

fn codes(row: &Row) -> Vec<Code> {
    row.reasons.iter().map(|r| r.code).collect()
}

/// A CSV of the required columns, each row its application id in every field.
fn small(ids: &[&str]) -> String {
    let line = |cells: Vec<&str>| cells.join(",") + "\r\n";
    let header = line(REQUIRED_COLUMNS.to_vec());
    ids.iter().fold(header, |text, id| text + &line(vec![id; REQUIRED_COLUMNS.len()]))
}

#[test]
fn every_form_gives_the_same_rows() {
    let wanted: Vec<RawApplication> = (1..=3).map(row).collect();
    for (encoding, mark) in [(Encoding::Utf8, false), (Encoding::Utf8, true), (Encoding::Gb18030, false), (Encoding::Gb18030, true)] {
        let bytes = write_csv(&wanted, encoding, mark).expect("in memory");
        let read = rows(&bytes, RecordsKind::Csv, encoding);
        assert!(read.iter().all(|r| r.reasons.is_empty()), "{encoding:?} {mark}");
        assert!(read.iter().map(|r| &r.raw).eq(&wanted), "{encoding:?} {mark}");
        assert_eq!(read.iter().map(|r| (r.number, r.line)).collect::<Vec<_>>(), [(1, 2), (2, 3), (3, 4)]);
    }
    let read = rows(&write_jsonl(&wanted), RecordsKind::Jsonl, Encoding::Utf8);
    assert!(read.iter().all(|r| r.reasons.is_empty()) && read.iter().map(|r| &r.raw).eq(&wanted));
}

#[test]
fn columns_come_in_any_order_and_optional_ones_may_be_absent() {
    let mut columns = REQUIRED_COLUMNS.to_vec();
    columns.reverse();
    let text = format!("{}\n{}\n", columns.join(","), columns.iter().map(|c| format!("<{c}>")).collect::<Vec<_>>().join(","));
    let read = csv(text.as_bytes());
    assert!(read[0].reasons.is_empty());
    assert_eq!(read[0].raw.get("name"), "<name>");
    assert_eq!(read[0].raw.get("name_zh"), "");
}

#[test]
fn quoting_follows_rfc_4180() {
    let text = small(&["a", "\"b,\"\"b\"\"\r\nb\"", "c"]);
    let read = csv(text.as_bytes());
    assert_eq!(read.iter().map(|r| r.raw.get("name")).collect::<Vec<_>>(), ["a", "b,\"b\"\r\nb", "c"]);
    let spaced = small(&["a", "b"]).replace("\r\n", "\n\n\r\n");
    assert_eq!(csv(spaced.as_bytes()).iter().map(|r| r.line).collect::<Vec<_>>(), [4, 7], "blank lines are passed and counted");
    assert_eq!(csv(small(&["a", "b"]).trim_end().as_bytes()).len(), 2, "the last line end may be missing");
}

#[test]
fn both_lines_of_a_zone_in_every_spelling() {
    let header = format!("{},mrz\n", REQUIRED_COLUMNS.join(","));
    let cells = ",".repeat(REQUIRED_COLUMNS.len() - 1);
    for zone in ["L1<|L2<", "\"L1<\nL2<\"", "\"L1<\r\nL2<\r\n\"", " L1<|L2< "] {
        assert_eq!(csv(format!("{header}{cells},{zone}\n").as_bytes())[0].raw.get("mrz"), "L1<|L2<", "{zone:?}");
    }
}

#[test]
fn c01_bytes_outside_the_encoding_cost_one_row() {
    let mut bytes = small(&["a", "b", "c"]).into_bytes();
    bytes[small(&["a"]).len()] = 0xFF;
    let read = csv(&bytes);
    assert_eq!(read.iter().map(codes).collect::<Vec<_>>(), [vec![], vec![Code::Rec01], vec![]]);
    let gb = write_csv(&[row(1), row(2)], Encoding::Gb18030, false).expect("in memory");
    assert!(csv(&gb).iter().all(|r| codes(r) == [Code::Rec01]), "GB18030 declared as UTF-8");
    assert_eq!(csv(&gb)[0].reasons[0].value, "name_zh", "the field is named, not shown");
}

#[test]
fn c01_a_damaged_gb18030_letter_costs_one_row() {
    let mut bytes = write_csv(&[row(1), row(2), row(3)], Encoding::Gb18030, false).expect("in memory");
    let at = bytes.windows(4).enumerate().filter(|(_, w)| *w == [0xB0, 0xB2, 0xC4, 0xC8]).nth(1).expect("the second name").0;
    bytes[at + 3] = b' ';
    let read = rows(&bytes, RecordsKind::Csv, Encoding::Gb18030);
    assert_eq!(read.iter().map(codes).collect::<Vec<_>>(), [vec![], vec![Code::Rec01], vec![]]);
}

#[test]
fn c01_marks_of_other_encodings_cost_every_row() {
    let good = small(&["a"]);
    for (mark, encoding) in
        [(&b"\xff\xfe"[..], Encoding::Utf8), (b"\xfe\xff", Encoding::Gb18030), (b"\xef\xbb\xbf", Encoding::Gb18030), (b"\x84\x31\x95\x33", Encoding::Utf8)]
    {
        let read = rows(&[mark, good.as_bytes()].concat(), RecordsKind::Csv, encoding);
        assert_eq!(codes(&read[0]), [Code::Rec01], "{mark:x?}");
    }
    let utf16: Vec<u8> = b"\xff\xfe".iter().copied().chain(good.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    assert!(csv(&utf16).iter().all(|r| codes(r).contains(&Code::Rec01)));
}

#[test]
fn rec32_headers_that_are_not_ours() {
    let good = small(&["a", "b"]);
    let expect = |text: String, what: &str| {
        let read = csv(text.as_bytes());
        assert_eq!(read.len(), 2, "{what}");
        assert!(read.iter().all(|r| distinct(r) == [Code::Rec32]), "{what}: {:?}", codes(&read[0]));
        read[0].reasons[0].value.clone()
    };
    assert_eq!(expect(good.replacen("birth_date", "MUSTERMANN", 1), "unknown"), "column 5 is unknown");
    assert_eq!(expect(good.replacen("birth_date", "name", 1), "twice"), "column name twice");
    let missing = format!("{}\n", REQUIRED_COLUMNS[1..].join(",")) + &format!("{}\n", ",".repeat(REQUIRED_COLUMNS.len() - 2)).repeat(2);
    assert_eq!(expect(missing, "missing"), "missing: application_id");
    assert!(csv(b"").is_empty());
    assert!(csv(small(&[]).as_bytes()).is_empty());
}

/// `unknown` and `twice` also leave a required column out: both are said, as two reasons of one code.
fn distinct(row: &Row) -> Vec<Code> {
    let mut codes = codes(row);
    codes.dedup();
    codes
}

#[test]
fn rec32_rows_of_another_width() {
    let mut text = small(&["a"]);
    text.push_str("only,three,cells\r\n");
    text.push_str(&small(&["c"])[small(&[]).len()..]);
    text.push_str(&",".repeat(500));
    let read = csv(text.as_bytes());
    assert_eq!(read.iter().map(distinct).collect::<Vec<_>>(), [vec![], vec![Code::Rec32], vec![], vec![Code::Rec32]]);
}

#[test]
fn rec03_a_row_too_long_is_skipped_in_bounded_memory() {
    let long = "x".repeat(100_000);
    let read = csv(small(&["a", &long, "c"]).as_bytes());
    assert_eq!(read.iter().map(codes).collect::<Vec<_>>(), [vec![], vec![Code::Rec03], vec![]]);
    let unclosed = small(&["a"]) + "\"" + &small(&["b", "c"]).repeat(50);
    let read = csv(unclosed.as_bytes());
    assert_eq!(read.iter().map(codes).collect::<Vec<_>>(), [vec![], vec![Code::Rec03]]);
    let line = |id: &str| String::from_utf8(write_jsonl(&[row(1)])).expect("text").replace("WH01-00001", id);
    let read = jsonl(&(line("a") + &line(&long) + &line("c")));
    assert_eq!(read.iter().map(codes).collect::<Vec<_>>(), [vec![], vec![Code::Rec03], vec![]]);
}

#[test]
fn rows_end_one_after_the_count() {
    let endless = std::io::repeat(b'\n').take(0).chain(std::io::Cursor::new(small(&["a"; 50])));
    let rows = Rows::open(BufReader::new(endless), RecordsKind::Csv, Encoding::Utf8, 4, &PackageLimits::default()).expect("in memory");
    assert_eq!(rows.count(), 4);
}

#[test]
fn json_lines_are_objects_of_texts() {
    let good = String::from_utf8(write_jsonl(&[row(1)])).expect("text");
    for (what, bad) in [
        ("number", good.replacen("\"1990-01-31\"", "1990", 1)),
        ("float", good.replacen("\"1990-01-31\"", "1.5", 1)),
        ("object", good.replacen("\"1990-01-31\"", "{}", 1)),
        ("boolean elsewhere", good.replacen("\"1990-01-31\"", "true", 1)),
        ("unknown key", good.replacen("\"sex\"", "\"MUSTERMANN\":\"\",\"sex\"", 1)),
        ("key twice", good.replacen("\"sex\"", "\"name\":\"\",\"sex\"", 1)),
        ("zone of three", good.replacen("\"mrz\":[", "\"mrz\":[\"\",", 1)),
        ("array line", format!("[{}]\n", good.trim())),
        ("not JSON", "MUSTERMANN\n".to_owned()),
        ("two objects", format!("{} {}\n", good.trim(), good.trim())),
        ("deep", format!("{{\"name\":{}{}}}\n", "[".repeat(900), "]".repeat(900))),
    ] {
        let read = jsonl(&format!("{good}{bad}{good}"));
        assert_eq!(read.iter().map(distinct).collect::<Vec<_>>(), [vec![], vec![Code::Rec32], vec![]], "{what}");
        assert!(!format!("{:?}", read[1].reasons).contains("MUSTERMANN"), "{what}");
    }
    let blanks = format!("\n{good}\r\n  \n{}", good.trim());
    assert_eq!(jsonl(&blanks).iter().map(|r| (r.number, r.line, r.reasons.len())).collect::<Vec<_>>(), [(1, 2, 0), (2, 5, 0)]);
    let nothing = good.replacen("\"sex\":\"F\"", "\"sex\":null", 1).replacen("false", "true", 1);
    assert_eq!((jsonl(&nothing)[0].raw.get("sex"), jsonl(&nothing)[0].raw.get("religious_headgear")), ("", "true"));
    let less = jsonl("{\"application_id\":\"a\"}\n");
    assert!(less[0].reasons[0].value.starts_with("missing: business_type"));
    let mut bytes = good.clone().into_bytes();
    bytes[20] = 0xFF;
    let read = rows(&[&bytes, good.as_bytes()].concat(), RecordsKind::Jsonl, Encoding::Utf8);
    assert_eq!(read.iter().map(codes).collect::<Vec<_>>(), [vec![Code::Rec01], vec![]]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_goes_through_csv_and_json_unchanged(cells in prop::collection::vec("[^\r]{0,12}", FIELDS.len()..=FIELDS.len())) {
        let mut row = RawApplication::empty();
        row.values = cells;
        for field in ["mrz", "religious_headgear"] {
            row.set(field, "");
        }
        row.set("application_id", "a");
        let bytes = write_csv(&[row.clone()], Encoding::Utf8, false).expect("in memory");
        let read = rows(&bytes, RecordsKind::Csv, Encoding::Utf8);
        prop_assert!(read.len() == 1 && read[0].raw == row && read[0].reasons.is_empty());
        let read = rows(&write_jsonl(&[row.clone()]), RecordsKind::Jsonl, Encoding::Utf8);
        prop_assert!(read.len() == 1 && read[0].raw == row);
    }

    #[test]
    fn any_bytes_are_rows_or_not(bytes in prop::collection::vec(any::<u8>(), 0..600), json in any::<bool>(), gb in any::<bool>()) {
        let kind = if json { RecordsKind::Jsonl } else { RecordsKind::Csv };
        for row in rows(&bytes, kind, if gb { Encoding::Gb18030 } else { Encoding::Utf8 }) {
            prop_assert!(!row.reasons.is_empty() && row.raw.values.len() == FIELDS.len());
        }
    }
}
