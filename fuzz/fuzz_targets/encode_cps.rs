//! The binary encode file, read by its reader and, where that takes it, by the auditor's own and once more by the page that describes it
//! (docs/formats/cps.md): all see the same cards, and every byte of a stream is a group's. Inputs of the first kind get sound checksums first.
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

/// magic 6 | version 2 | batch 12 | job 4 | count 4, then the keys' length and the keys.
const HEADER_BYTES: usize = 28;
/// `CARD` | batch 12 | job 4 | position 4 | generation 4 | number 9 | record 16 | version 4, then the record's length and the record.
const CARD_BYTES: usize = 57;

/// Where the part that begins at `from` ends, its length being at `at`.
fn end(bytes: &[u8], from: usize, at: usize) -> Option<usize> {
    let len = bytes.get(from + at..from + at + 2)?;
    Some(from + at + 2 + usize::from(u16::from_be_bytes(len.try_into().ok()?)))
}

/// Puts the right checksum after every part, as far as they go.
fn mended(bytes: &mut [u8]) -> Option<()> {
    let (mut from, mut to) = (0, end(bytes, 0, HEADER_BYTES)?);
    loop {
        let crc = crc32c::crc32c(bytes.get(from..to)?);
        bytes.get_mut(to..to + 4)?.copy_from_slice(&crc.to_be_bytes());
        from = to + 4;
        to = end(bytes, from, CARD_BYTES)?;
    }
}

/// The groups of a stream, each with its bytes written again.
fn groups(mut stream: &[u8]) -> usize {
    let mut count = 0;
    while let [_, _, len, rest @ ..] = stream {
        let (len, value) = match (len, rest) {
            (0xFF, [high, low, value @ ..]) => (usize::from(u16::from_be_bytes([*high, *low])), value),
            (short, value) => (usize::from(*short), value),
        };
        stream = value.get(len..).expect("a group is cut off");
        count += 1;
    }
    assert!(stream.is_empty(), "bytes that are no group's");
    count
}

fn wanted_groups(module: &chip::cps::CpsModule, mac: bool) -> usize {
    let of_file = |f: &chip::cps::CpsFile| match &f.content {
        chip::cps::CpsContent::Records(records) => 1 + records.len(),
        chip::cps::CpsContent::Transparent(_) => 2,
        chip::cps::CpsContent::Reserved { .. } => 1,
    };
    1 + module.files.iter().map(of_file).sum::<usize>() + 3 * usize::from(module.keys.is_some()) + usize::from(mac)
}

fuzz_target!(|data: &[u8]| {
    let Some((which, bytes)) = data.split_first() else { return };
    let mut bytes = bytes.to_vec();
    if which % 2 == 0 {
        let _ = mended(&mut bytes);
    }
    let Ok(reader) = chip::cps::CpsReader::open(&bytes) else { return };
    let (batch, job, count, sealed) = (reader.batch.clone(), reader.job, reader.count as usize, reader.declared.mac.is_some());
    let Ok(cards) = reader.collect::<Result<Vec<_>, _>>() else { return };
    assert_eq!(cards.len(), count);
    let mut at = end(&bytes, 0, HEADER_BYTES).expect("it was read") + 4;
    for card in &cards {
        let to = end(&bytes, at, CARD_BYTES).expect("it was read");
        let whole = &bytes[at..to];
        let envelope = [&b"CARD"[..], batch.as_str().as_bytes(), &job.to_be_bytes(), &card.position.to_be_bytes(), &card.generation.to_be_bytes()].concat();
        assert!(whole.starts_with(&envelope) && whole[28..37] == *card.number.as_bytes() && whole[37..53] == card.record.0);
        assert!(whole.starts_with(card.sealed) && card.mac.is_some() == sealed);
        let last = card.modules.len() - 1;
        for (n, module) in card.modules.iter().enumerate() {
            assert_eq!(groups(module.stream), wanted_groups(module, sealed && n == last));
        }
        drop(chip::cps::files_of(card));
        at = to + 4;
    }
    assert_eq!(at, bytes.len());
    let theirs = encode::cps_cards(&bytes, batch.as_str(), job).unwrap_or_else(|why| panic!("only the auditor refuses: {why}"));
    let same = |(a, b): (&chip::cps::CpsCard, &Seen)| {
        (Some(a.position), Some(a.generation), Some(a.number), Some(a.record)) == (b.position, b.generation, b.number.as_deref(), b.record)
    };
    assert!(cards.len() == theirs.len() && cards.iter().zip(&theirs).all(same), "two readers, two lists of cards");
});
