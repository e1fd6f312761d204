//! The vendor's text file, read by the line's cross-check and by the auditor's own reader: what both understand is the same cards in the
//! same order, and what the line's reader takes has as many values in each line as columns.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[allow(dead_code)]
#[path = "../../crates/audit/src/batch/encode.rs"]
mod encode;

/// What `audit::batch` calls a card in one view.
#[allow(dead_code)]
#[derive(Default)]
struct Seen {
    position: Option<u32>,
    number: Option<String>,
    generation: Option<u32>,
    record: Option<card::Keyed>,
    photo: Option<card::Digest>,
}

fuzz_target!(|data: &[u8]| {
    let ours = chip::vendor_records(data);
    if let Ok(reader) = chip::VendorReader::open(data) {
        let columns = reader.columns().len();
        assert!(reader.flatten().all(|row| row.len() == columns));
    }
    if let (Ok(ours), Ok(theirs)) = (ours, encode::text_cards(data)) {
        let theirs: Vec<_> = theirs.into_iter().filter_map(|seen| seen.record).collect();
        assert!(ours == theirs, "two readers, two lists of cards");
    }
});
