//! `applications.jsonl`. At most the rows asked for, numbered without a gap; rows nothing is wrong with read back as they are when they
//! are written again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use line::package::make::write_jsonl;
use line::package::{Encoding, PackageLimits, RecordsKind, Row, Rows};

const ROWS_MAX: u32 = 40;

fn rows(bytes: &[u8]) -> Vec<Row> {
    let limits = PackageLimits { row_bytes_max: 4 << 10, ..PackageLimits::default() };
    let rows = Rows::open(bytes, RecordsKind::Jsonl, Encoding::Utf8, ROWS_MAX, &limits).expect("memory");
    rows.map(|row| row.expect("memory")).collect()
}

fuzz_target!(|data: &[u8]| {
    let found = rows(data);
    assert!(found.len() <= ROWS_MAX as usize && found.iter().zip(1..).all(|(row, n)| row.number == n));
    let good: Vec<_> = found.into_iter().filter(|row| row.reasons.is_empty()).map(|row| row.raw).collect();
    let again = rows(&write_jsonl(&good));
    // Escapes may make a row longer than is taken; everything else must come back.
    if again.iter().all(|row| row.reasons.is_empty()) {
        assert!(again.into_iter().map(|row| row.raw).eq(good), "rows differ once they are written again");
    }
});
