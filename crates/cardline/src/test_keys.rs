//! Keys for test cards, from a file that says that it is nothing else (docs/formats/apdu.md §3). No key of a plant comes this way.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use card::Code;
use chip::apdu::{KEY_BYTES, TestKey, TestKeys};
use ledger::fault::Fault;
use serde::Deserialize;

use crate::config::Config;

const FILE_BYTES_MAX: u64 = 1 << 16;
/// The one value of `format`.
const FORMAT: &str = "cardline-test-keys/1";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    format: String,
    transport: String,
    card: BTreeMap<String, String>,
}

/// # Errors
/// The file can't be read or isn't of its form. Never says what was in it.
pub fn read(path: &Path) -> Result<TestKeys, Fault> {
    let wrong = |why: &str| Fault::BadInput(format!("{}: {why}", path.display()));
    let mut text = String::new();
    File::open(path).and_then(|f| f.take(FILE_BYTES_MAX).read_to_string(&mut text)).map_err(|e| wrong(&e.to_string()))?;
    parse(&text).ok_or_else(|| wrong("not a file of test keys"))
}

fn parse(text: &str) -> Option<TestKeys> {
    let listed: Listed = toml::from_str(text).ok().filter(|l: &Listed| l.format == FORMAT)?;
    let card = listed.card.into_iter().map(|(name, hex)| Some((name, key(&hex)?))).collect::<Option<Vec<_>>>()?;
    Some(TestKeys { transport: key(&listed.transport)?, card })
}

fn key(hex: &str) -> Option<TestKey> {
    if hex.len() != 2 * KEY_BYTES || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; KEY_BYTES];
    for (byte, at) in bytes.iter_mut().zip((0..hex.len()).step_by(2)) {
        *byte = u8::from_str_radix(&hex[at..at + 2], 16).ok()?;
    }
    Some(TestKey(bytes))
}

/// What is for rehearsals isn't used where real cards are made (faults.md E03): neither test keys, nor a card that should have keys and
/// gets none.
///
/// # Errors
/// CFG-09.
pub fn fit_for(config: &Config, test_keys: bool, layout_has_keys: bool) -> Result<(), Fault> {
    let refused = |why: &str| Err(Fault::refused(Code::Cfg09, why));
    match (config.plant.production, test_keys) {
        (true, true) => refused("--test-keys: keys for tests are not for a production plant"),
        (true, false) if layout_has_keys => refused("the profile's cards have keys, and none but test keys can be written here"),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: &str =
        "format = \"cardline-test-keys/1\"\ntransport = \"77777777777777777777777777777777\"\n[card]\nIRK = \"000102030405060708090a0B0C0D0E0F\"\n";

    #[test]
    fn keys_are_read_and_anything_else_is_refused() {
        let keys = parse(KEYS).expect("keys");
        assert!(keys.transport.0 == [0x77; 16] && keys.card[0].0 == "IRK" && keys.card[0].1.0[15] == 0x0F);
        for (from, to) in [("/1", "/2"), ("[card]", "other = 1\n[card]"), ("0B0C", "0B0"), ("0B0C", "0Bxy"), ("0B0C", "é0C"), ("format", "#")] {
            assert!(parse(&KEYS.replace(from, to)).is_none(), "{from} -> {to}");
        }
    }

    #[test]
    fn a_production_plant_takes_no_test_keys_and_leaves_no_card_open() {
        let config = |text: &str| Config::parse(text, "pipeline.toml").unwrap_or_else(|e| panic!("{e}"));
        let production = config("[plant]\nproduction = true\n");
        assert!(fit_for(&production, true, true).is_err_and(|e| e.to_string().starts_with("CFG-09") && e.exit_code() == 78));
        assert!(fit_for(&production, false, true).is_err() && fit_for(&production, false, false).is_ok());
        assert!(fit_for(&config(""), true, true).is_ok() && fit_for(&config(""), false, true).is_ok());
    }
}
