//! A night that writes keys to cards: keys from an encrypted file, an encode file a device could open, and no key anywhere else.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use card::Profile;
use card::profile::chip::KeyAlgorithm;
use chip::cps::CpsReader;
use chip::keys::check_value;
use chip::{Key16, Sm4Key, VendorReader};
use jiff::civil::date;
use plant::file_keys::{self, StoredKey};

use crate::plant::{Plant, assert_same, text};

pub const PASSPHRASE: &str = "a passphrase of the rehearsal";

/// The program with the passphrase on its standard input.
pub fn with_passphrase(plant: &Plant, args: &[&str], passphrase: &str) -> Output {
    asked(plant.command(args), passphrase)
}

/// As [`with_passphrase`], at another time.
pub fn with_passphrase_at(plant: &Plant, clock: &str, args: &[&str], passphrase: &str) -> Output {
    asked(plant.command_at(clock, args), passphrase)
}

fn asked(mut command: Command, passphrase: &str) -> Output {
    command.args(["--keys-passphrase-fd", "0"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    // A program that refuses before it asks closes its end.
    let _ = writeln!(child.stdin.take().expect("a pipe"), "{passphrase}");
    child.wait_with_output().expect("it ends")
}

#[track_caller]
pub fn fine(output: &Output) {
    assert!(output.status.success(), "{:?}: {}\n{}", output.status, text(&output.stdout), text(&output.stderr));
}

#[track_caller]
pub fn refused(output: &Output, code: &str) {
    assert!(!output.status.success() && text(&output.stderr).contains(code), "{:?}: {}", output.status, text(&output.stderr));
}

fn keyed(applications: u32, seed: u64) -> Plant {
    let plant = Plant::stocked(applications, seed);
    plant.configure("store", "\"file\"");
    fine(&with_passphrase(&plant, &["keys", "create"], PASSPHRASE));
    plant
}

fn stored(plant: &Plant) -> Vec<StoredKey> {
    let file = std::fs::read(plant.root.join("keys/card-keys.age")).unwrap();
    file_keys::open(&file, PASSPHRASE).ok().unwrap().keys
}

fn master<'a>(keys: &'a [StoredKey], label: &str) -> &'a StoredKey {
    keys.iter().find(|k| k.mark.label() == label).unwrap()
}

/// Key values of every card by its number, derived from the definitions (two levels), in the profile's order of folders and keys.
fn card_keys(plant: &Plant, keys: &[StoredKey]) -> BTreeMap<String, Vec<[u8; 16]>> {
    let layout = Profile::built_in("hubei-foreigner-2025", date(2026, 11, 22)).unwrap().chip;
    let in_order = layout.folder.iter().flat_map(|folder| layout.key.iter().filter(|k| k.folder == folder.id));
    let masters: Vec<[u8; 16]> = in_order.map(|k| *master(keys, &k.name).value().expose()).collect();
    let mut found = BTreeMap::new();
    for (_, bytes) in plant.files("batches").into_iter().filter(|(path, _)| path.contains("/encode/") && path.ends_with(".txt")) {
        let reader = VendorReader::open(&bytes).unwrap();
        let at = |name: &str| reader.columns().iter().position(|c| c == name).unwrap();
        let (number, division) = (at("card_number"), at("division"));
        for row in reader {
            let row = row.unwrap();
            let city: [u8; 6] = format!("{}00", &row[division][..4]).into_bytes().try_into().unwrap();
            let factor: [u8; 8] = row[number].as_bytes()[..8].try_into().unwrap();
            let first: [u8; 8] = std::array::from_fn(|i| if i < 6 { city[i] } else { b"sx"[i - 6] });
            found.insert(row[number].to_string(), masters.iter().map(|master| below(below(*master, &first), &factor)).collect());
        }
    }
    found
}

/// One step of the diversification: SM4 of the factor and its complement (card-and-rules.md 6.6).
fn below(mut key: [u8; 16], factor: &[u8; 8]) -> [u8; 16] {
    let mut block: [u8; 16] = std::array::from_fn(|i| if i < 8 { factor[i] } else { !factor[i - 8] });
    Sm4Key::new(&Key16::take(&mut key)).encrypt_block(&mut block);
    block
}

pub fn encode_files(plant: &Plant) -> BTreeMap<String, Vec<u8>> {
    let mut files = plant.files("batches");
    files.retain(|path, _| path.ends_with(".cps"));
    files
}

/// Every way a key is likely to be written, as bytes to look for: raw, hex in both cases, base64 at each of its three places in a text.
fn forms(key: &[u8; 16]) -> Vec<Vec<u8>> {
    let hex = |upper: bool| -> Vec<u8> { key.iter().flat_map(|b| if upper { format!("{b:02X}") } else { format!("{b:02x}") }.into_bytes()).collect() };
    let shifted = |before: usize| {
        let padded: Vec<u8> = std::iter::repeat_n(0, before).chain(key.iter().copied()).collect();
        let text = STANDARD.encode(&padded).into_bytes();
        // Only the characters that come of the key alone.
        text[(before * 8).div_ceil(6)..(padded.len() * 8) / 6].to_vec()
    };
    vec![key.to_vec(), hex(false), hex(true), shifted(0), shifted(1), shifted(2)]
}

/// Which of the keys are in the bytes, and in which form.
pub fn leaks(bytes: &[u8], wanted: &BTreeMap<[u8; 8], Vec<Vec<u8>>>) -> usize {
    let begins = |at: usize| bytes[at..].first_chunk::<8>().and_then(|head| wanted.get(head));
    (0..bytes.len()).filter(|at| begins(*at).is_some_and(|forms| forms.iter().any(|form| bytes[*at..].starts_with(form)))).count()
}

pub fn needles(keys: &[[u8; 16]]) -> BTreeMap<[u8; 8], Vec<Vec<u8>>> {
    let mut by_head: BTreeMap<[u8; 8], Vec<Vec<u8>>> = BTreeMap::new();
    for form in keys.iter().flat_map(forms) {
        by_head.entry(*form.first_chunk().unwrap()).or_default().push(form);
    }
    by_head
}

#[test]
fn a_night_with_keys_writes_them_for_the_device_and_nowhere_else() {
    let plant = keyed(60, 5);
    let run = with_passphrase(&plant, &["run"], PASSPHRASE);
    fine(&run);
    let keys = stored(&plant);
    let of_cards = card_keys(&plant, &keys);
    assert!(of_cards.len() > 20);

    // The device: opens each card's keys with the transport key, checks the MAC over all its data.
    let (transport, mac) = (Sm4Key::new(master(&keys, file_keys::TRANSPORT).value()), Sm4Key::new(master(&keys, file_keys::MAC).value()));
    let mut seen = BTreeSet::new();
    for bytes in encode_files(&plant).values() {
        for card in CpsReader::open(bytes).unwrap() {
            let card = card.unwrap();
            assert_eq!(card.mac.copied(), Some(mac.cmac(card.sealed)));
            let mut opened = Vec::new();
            for module in card.modules.iter().filter_map(|m| m.keys.as_ref()) {
                let mut cryptogram = module.cryptogram.to_vec();
                transport.decrypt_cbc(&[0; 16], &mut cryptogram).unwrap();
                opened.extend_from_slice(&cryptogram.as_chunks::<16>().0[1..]);
            }
            assert!(opened == of_cards[card.number], "the keys of {}", card.number);
            assert!(seen.insert(card.number.to_owned()));
        }
    }
    assert_eq!(seen.len(), of_cards.len(), "every card once");

    // What is shown of them is the check value alone.
    let (number, keys_of_it) = of_cards.first_key_value().unwrap();
    let check = check_value(KeyAlgorithm::Sm4, &Key16::take(&mut { keys_of_it[1] }));
    let shown = plant.ok(&["chip", "show", number]);
    let line = shown.lines().find(|l| l.contains("RKSSSE") && l.contains(&file_keys::hex(&check)));
    assert!(line.is_some(), "{} in {shown}", file_keys::hex(&check));

    // Nobody else: not one key, master or derived, in any file of the plant or on the terminal.
    let all: Vec<[u8; 16]> = keys.iter().map(|k| *k.value().expose()).chain(of_cards.into_values().flatten()).collect();
    let wanted = needles(&all);
    let said = with_passphrase(&plant, &["keys", "list"], PASSPHRASE);
    fine(&said);
    assert!(text(&said.stdout).contains("RKSSSE  version 1  SM4  check value "));
    for (path, bytes) in plant.files("") {
        assert_eq!(leaks(&bytes, &wanted), 0, "a key in {path}");
    }
    for bytes in [&run.stdout, &run.stderr, &said.stdout, &said.stderr] {
        assert_eq!(leaks(bytes, &wanted), 0, "a key on the terminal");
    }
    // The search finds what is there.
    let planted = [b"..", STANDARD.encode([b"x", &all[0][..]].concat()).as_bytes(), all[1].as_slice()].concat();
    assert_eq!(leaks(&planted, &wanted), 2);

    plant.ok(&["verify"]);
    fine(&with_passphrase(&plant, &["verify", "--sample", "100%"], PASSPHRASE));
}

#[test]
fn the_same_keys_give_the_same_bytes_on_any_number_of_threads() {
    let one = keyed(40, 6);
    let two = one.copy();
    fine(&with_passphrase(&one, &["run", "--threads", "1"], PASSPHRASE));
    fine(&with_passphrase(&two, &["run", "--threads", "2"], PASSPHRASE));
    assert!(!encode_files(&one).is_empty());
    assert_same(&one.outputs(), &two.outputs());
}

#[test]
fn a_store_that_cant_be_opened_stops_the_night_before_it_begins() {
    let plant = Plant::stocked(20, 7);
    refused(&with_passphrase(&plant, &["keys", "create"], PASSPHRASE), "KEY-04");
    plant.configure("store", "\"file\"");
    let before = plant.journal_bytes();
    refused(&with_passphrase(&plant, &["run"], PASSPHRASE), "KEY-04 keys/card-keys.age is missing");
    fine(&with_passphrase(&plant, &["keys", "create"], PASSPHRASE));
    refused(&with_passphrase(&plant, &["keys", "create"], PASSPHRASE), "USE-01");
    refused(&with_passphrase(&plant, &["run"], "another"), "KEY-04");
    assert_eq!(plant.journal_bytes(), before, "nothing was begun");
    // The day side needs no keys.
    plant.ok(&["intake"]);
    plant.configure("production", "true");
    refused(&with_passphrase(&plant, &["run"], PASSPHRASE), "CFG-09");
}

#[test]
fn a_batch_is_finished_with_the_keys_it_was_cut_with() {
    let plant = keyed(40, 8);
    plant.configure("mode", "\"two-person\"");
    fine(&with_passphrase(&plant, &["run"], PASSPHRASE));
    let file = plant.root.join("keys/card-keys.age");
    std::fs::rename(&file, plant.root.join("keys/before.age")).unwrap();
    fine(&with_passphrase(&plant, &["keys", "create"], PASSPHRASE));
    refused(&with_passphrase(&plant, &["verify", "--sample", "100%"], PASSPHRASE), "CFG-02");
    std::fs::rename(plant.root.join("keys/before.age"), &file).unwrap();
    fine(&with_passphrase(&plant, &["verify", "--sample", "100%"], PASSPHRASE));
}

#[test]
fn a_plant_with_keys_rehearses_without_them() {
    let plant = keyed(50, 8);
    // An hour after the registers came in, as on any real plant.
    fine(&with_passphrase_at(&plant, "2026-11-22T15:00:00Z", &["run"], PASSPHRASE));
    let told = plant.ok(&["drill", "--json", "--packages", "2", "--rounds", "2", "--kills", "1", "--bits", "2"]);
    assert!(told.contains("SIGKILL") && !told.contains("\"ok\":false"), "{told}");
}
