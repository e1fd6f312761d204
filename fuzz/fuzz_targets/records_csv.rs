//! `applications.csv`, in UTF-8 and GB 18030. At most the rows asked for, numbered without a gap; rows nothing is wrong with read back
//! as they are when they are written again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use line::package::make::write_csv;
use line::package::{Encoding, PackageLimits, RecordsKind, Row, Rows};

const ROWS_MAX: u32 = 40;

fn rows(bytes: &[u8], encoding: Encoding) -> Vec<Row> {
    let limits = PackageLimits { row_bytes_max: 4 << 10, ..PackageLimits::default() };
    let rows = Rows::open(bytes, RecordsKind::Csv, encoding, ROWS_MAX, &limits).expect("memory");
    rows.map(|row| row.expect("memory")).collect()
}

fuzz_target!(|data: &[u8]| {
    let Some((which, bytes)) = data.split_first() else { return };
    let encoding = if which % 2 == 0 { Encoding::Utf8 } else { Encoding::Gb18030 };
    let found = rows(bytes, encoding);
    assert!(found.len() <= ROWS_MAX as usize && found.iter().zip(1..).all(|(row, n)| row.number == n));
    let good: Vec<_> = found.into_iter().filter(|row| row.reasons.is_empty()).map(|row| row.raw).collect();
    if good.is_empty() {
        // A header alone: not worth csv-core's table a second time.
        return;
    }
    // Twice the room: quotes double what needs them. In UTF-8, which can write every character.
    let again = rows(&write_csv(&good, Encoding::Utf8, false).expect("memory"), Encoding::Utf8);
    if again.iter().all(|row| row.reasons.is_empty()) {
        assert!(again.into_iter().map(|row| row.raw).eq(good), "rows differ once they are written again");
    }
});
