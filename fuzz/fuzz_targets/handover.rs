//! What is inside an opened envelope. Inputs of the first kind get a sound front: their first line is the header, signed by the plant, the rest
//! is the file. What is taken is for this device and is the file of its header, whole and with nothing after it.
#![no_main]

use std::sync::LazyLock;

use card::Digest;
use libfuzzer_sys::fuzz_target;
use line::handover::inner::{Header, Reader, front, read};
use line::package::SecretKey;

const DEVICE: &str = "pr-1";
/// 2026-11-22T14:00:00Z.
const NOW: i64 = 1_795_356_000_000;

static PLANT: LazyLock<(SecretKey, String)> = LazyLock::new(|| {
    let key = SecretKey::from_seed(&[5; 32]);
    let public = key.public_key();
    (key, public)
});

/// Header and file behind a sound front, as far as a front can hold such a header.
fn signed(data: &[u8]) -> Vec<u8> {
    let end = data.iter().position(|b| *b == b'\n').unwrap_or(data.len());
    let (header, file) = (&data[..end], data.get(end + 1..).unwrap_or(&[]));
    [&front(header, &PLANT.0.sign(header, "fuzz")), file].concat()
}

fn taken(bytes: &[u8]) -> Option<(Header, Vec<u8>)> {
    let reader = Reader { device: DEVICE, plant_key: &PLANT.1, now: NOW, previous: None };
    let mut file = Vec::new();
    let header = read(&reader, &mut &bytes[..], &mut file).ok()?;
    Some((header, file))
}

fuzz_target!(|data: &[u8]| {
    let Some((which, rest)) = data.split_first() else { return };
    let bytes = if which % 2 == 0 { signed(rest) } else { rest.to_vec() };
    let Some((header, file)) = taken(&bytes) else { return };
    assert!(header.device == DEVICE && header.bytes == file.len() as u64 && header.sha256 == Digest::of(&file) && bytes.ends_with(&file));
    assert!(taken(&bytes[..bytes.len() - 1]).is_none(), "cut short");
    assert!(taken(&[&bytes[..], &[0]].concat()).is_none(), "something after the file");
});
