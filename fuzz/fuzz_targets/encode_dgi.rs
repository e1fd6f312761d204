//! The binary data groups, read by the line's cross-check and by the auditor's own reader: what both understand is the same cards.
//! Inputs of the first kind get sound checksums first.
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

/// magic 8 | batch 12 | job 4 | count 4, then the checksum.
const HEADER_BYTES: usize = 28;
/// `CARD` | position 4 | generation 4 | number 9 | record 16 | length 4, then the groups and the checksum.
const CARD_BYTES: usize = 41;

fn mended(bytes: &mut [u8]) -> Option<()> {
    let mut put = |from: usize, to: usize| {
        let crc = crc32c::crc32c(bytes.get(from..to)?);
        bytes.get_mut(to..to + 4)?.copy_from_slice(&crc.to_be_bytes());
        let next = to + 4;
        let length = bytes.get(next + CARD_BYTES - 4..next + CARD_BYTES)?;
        Some((next, next + CARD_BYTES + u32::from_be_bytes(length.try_into().ok()?) as usize))
    };
    let mut span = (0, HEADER_BYTES);
    loop {
        span = put(span.0, span.1)?;
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((which, bytes)) = data.split_first() else { return };
    let mut bytes = bytes.to_vec();
    if which % 2 == 0 {
        let _ = mended(&mut bytes);
    }
    let Ok(reader) = chip::DgiReader::open(&bytes) else { return };
    let (batch, job, count) = (reader.batch.clone(), reader.job, reader.count as usize);
    let Ok(ours) = reader.collect::<Result<Vec<_>, _>>() else { return };
    assert_eq!(ours.len(), count);
    ours.iter().for_each(|card| drop(chip::files_of(&card.groups)));
    let theirs = encode::dgi_cards(&bytes, batch.as_str(), job).unwrap_or_else(|why| panic!("only the auditor refuses: {why}"));
    let same = |(a, b): (&chip::DgiCard, &Seen)| {
        (Some(a.position), Some(a.generation), Some(a.number), Some(a.record)) == (b.position, b.generation, b.number.as_deref(), b.record)
    };
    assert!(ours.len() == theirs.len() && ours.iter().zip(&theirs).all(same), "two readers, two lists of cards");
});
