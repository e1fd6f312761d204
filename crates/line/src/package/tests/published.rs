//! The example in docs/formats/package.md is a package: an outlet's programmer copies from it.

use card::parse::{Channel, parse};
use card::{Digest, OutletCode, Profile, RawApplication};

use crate::package::manifest::{Encoding, RecordsKind, parse as parse_manifest};
use crate::package::records::REQUIRED_COLUMNS;
use crate::package::signature::verify;
use crate::package::{OutletKey, PackageLimits, Rows};

const PAGE: &str = include_str!("../../../../../docs/formats/package.md");

/// The first block of the page fenced as `kind`, with its last line end.
fn block(kind: &str) -> String {
    let (_, after) = PAGE.split_once(&format!("```{kind}\n")).expect("a block of this kind");
    after.split_once("```").expect("its end").0.to_owned()
}

fn rows(text: &str, kind: RecordsKind) -> Vec<RawApplication> {
    let rows = Rows::open(text.as_bytes(), kind, Encoding::Utf8, 10, &PackageLimits::default()).expect("in memory");
    let rows = rows.map(|r| r.expect("in memory"));
    rows.inspect(|r| assert!(r.reasons.is_empty(), "{:?}", r.reasons)).map(|r| r.raw).collect()
}

#[test]
fn the_published_manifest_is_signed_and_fits_the_published_records() {
    let (json, csv) = (block("json"), block("csv"));
    let manifest = parse_manifest(json.as_bytes(), &PackageLimits::default()).ok().expect("a good manifest");
    let fact = manifest.files["applications.csv"];
    assert_eq!((fact.digest, fact.len_bytes), (Digest::of(csv.as_bytes()), csv.len() as u64));
    assert_eq!(manifest.count as usize, rows(&csv, RecordsKind::Csv).len());
    let public_key = block("pub").lines().nth(1).expect("two lines").to_owned();
    let key = OutletKey { outlet: OutletCode::parse("WH-01").expect("a code"), public_key, in_force: true };
    let signed = verify(json.as_bytes(), Some(block("minisig").as_bytes()), &manifest.outlet, |_| Some(key));
    assert!(signed.is_ok(), "{signed:?}");
}

#[test]
fn the_published_application_is_accepted_in_both_forms() {
    let day = jiff::civil::date(2025, 6, 1);
    let profile = Profile::built_in("hubei-foreigner-2025", day).expect("built in");
    for (text, kind) in [(block("csv"), RecordsKind::Csv), (block("jsonl"), RecordsKind::Jsonl)] {
        let parsed = parse(&rows(&text, kind)[0], day, &Channel::Individual, &profile);
        assert!(parsed.application.is_some() && parsed.reasons.is_empty(), "{kind:?}: {:?}", parsed.reasons);
    }
}

#[test]
fn every_column_is_in_the_page() {
    for column in card::application::FIELDS {
        let line = PAGE.lines().find(|l| l.starts_with('|') && l.contains(&format!("`{column}`")) && (l.contains("\u{25cf}") || l.contains("\u{25cb}")));
        let line = line.unwrap_or_else(|| panic!("{column} is not described"));
        assert_eq!(line.contains('\u{25cf}'), REQUIRED_COLUMNS.contains(&column), "{column}");
    }
}

#[test]
fn every_limit_is_in_the_page() {
    let limits = PackageLimits::default();
    for (text, value) in [
        ("| 4 GiB |", limits.package_bytes_max >> 30 == 4),
        ("| 25,000 |", limits.files_max == 25_000),
        ("| 1 MiB here", limits.photo_bytes_max == 1 << 20),
        ("| 256 MiB |", limits.records_bytes_max == 256 << 20),
        ("| 16 MiB, nested at most 32 deep |", limits.manifest_bytes_max == 16 << 20 && limits.json_depth_max == 32),
        ("| 4 KiB |", limits.signature_bytes_max == 4 << 10),
        ("| 64 KiB |", limits.row_bytes_max == 64 << 10),
        ("beyond the first 8 MiB | 20 : 1 |", limits.ratio_max == 20 && limits.ratio_free_bytes == 8 << 20 && limits.zstd_window_log_max == 23),
    ] {
        assert!(PAGE.contains(text) && value, "{text}");
    }
}
