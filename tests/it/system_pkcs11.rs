//! Card keys in a token: SoftHSM against our own software and OpenSSL, and whole nights with it. Tests that load the token's library are in
//! `inside`, and run in a process of their own, because SoftHSM finds its tokens by the environment. `bash tests/setup.sh` installs it.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Output, Stdio};

use card::Profile;
use card::profile::HUBEI_FOREIGNER_2025;
use card::profile::chip::{ChipLayout, KeyAlgorithm};
use chip::cps::CpsReader;
use chip::keys::{BlockKey, TransportMode, WrappedKey, first_factor, unwrap_key};
use chip::{Kek, Key16, VendorReader};
use cryptoki::object::KeyType;
use jiff::civil::date;

use crate::keys::{encode_files, fine, leaks, needles, refused};
use crate::plant::{Plant, assert_same, text};
use crate::softhsm::{self, Folder, Use, put};

const KEK: [u8; 32] = *b"the key that wraps keys at rest.";
const TRANSPORT: [u8; 32] = *b"the key that keys travel under..";
const MAC: [u8; 16] = *b"seals card data.";

/// Master keys by their place in the layout; without a pattern a search for leaks could take for something else.
fn master(n: usize) -> [u8; 16] {
    std::array::from_fn(|i| (0x9D_u32.wrapping_mul(17 * n as u32 + i as u32 + 3) ^ 0x5A) as u8)
}

/// The profile with 3DES as the cipher of its first `count` keys.
fn profile_with(count: usize) -> String {
    HUBEI_FOREIGNER_2025.replacen("algorithm = \"SM4\"", "algorithm = \"3DES\"", count)
}

fn layout_with(count: usize) -> ChipLayout {
    Profile::parse(&profile_with(count), date(2026, 11, 22)).ok().expect("a profile").chip
}

/// Everything the layout asks for: 3DES keys and the keys of the way in the token, SM4 keys wrapped under its KEK.
fn fill(layout: &ChipLayout) {
    let (_context, session) = softhsm::writable();
    put(&session, "KEK", 1, KeyType::AES, &KEK, Use::Wrapping);
    put(&session, "TK-DEV", 3, KeyType::AES, &TRANSPORT, Use::Wrapping);
    put(&session, "MK-DEV", 1, KeyType::AES, &MAC, Use::Mac);
    for (n, key) in layout.key.iter().enumerate().filter(|(_, k)| k.algorithm == KeyAlgorithm::TripleDes) {
        put(&session, &key.name, key.version, KeyType::DES2, &master(n), Use::Deriving);
    }
}

fn wrapped(layout: &ChipLayout) -> Vec<WrappedKey> {
    let sm4 = layout.key.iter().enumerate().filter(|(_, k)| k.algorithm == KeyAlgorithm::Sm4);
    let wrap = |(n, k): (usize, &card::profile::chip::ChipKey)| {
        WrappedKey::make(&k.name, k.version, k.algorithm, None, &Key16::take(&mut master(n)), &Kek::take(&mut { KEK })).expect("a label")
    };
    sm4.map(wrap).collect()
}

/// The key of a card, from the definitions.
fn card_key(algorithm: KeyAlgorithm, master: [u8; 16], city: [u8; 6], factor: [u8; 8]) -> [u8; 16] {
    let root = BlockKey::new(algorithm, &Key16::take(&mut { master }));
    *root.below(&first_factor(&city)).key_below(&factor).expose()
}

/// The keys in a cryptogram of RFC 5649, opened by software that isn't the token's.
fn opened(cryptogram: &[u8]) -> Vec<[u8; 16]> {
    let transport = Kek::take(&mut { TRANSPORT });
    let (each, rest) = cryptogram.as_chunks::<24>();
    assert!(rest.is_empty());
    each.iter().map(|one| *unwrap_key(&transport, one).expect("a wrap of RFC 5649").expose()).collect()
}

fn openssl(args: &[&str], input: &[u8]) -> Vec<u8> {
    let mut child =
        std::process::Command::new("openssl").args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("openssl: bash tests/setup.sh");
    child.stdin.take().expect("a pipe").write_all(input).expect("written");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "openssl {args:?}");
    output.stdout
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn aes_cmac(data: &[u8]) -> String {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), data).expect("written");
    let (key, path) = (format!("hexkey:{}", hex(&MAC)), file.path().to_string_lossy().into_owned());
    let said = openssl(&["mac", "-cipher", "AES-128-CBC", "-macopt", &key, "-in", &path, "CMAC"], &[]);
    text(&said).trim().to_ascii_lowercase()
}

/// Runs a test of `inside` in a process that sees a token of its own.
fn within(test: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(token) = Folder::new(folder.path()) else { return };
    ran(&token, test);
}

fn ran(token: &Folder, test: &str) {
    let done = token.again(&["--exact", &format!("system_pkcs11::inside::{test}"), "--ignored", "--nocapture"]);
    let said = format!("{}{}", text(&done.stdout), text(&done.stderr));
    assert!(done.status.success() && said.contains("1 passed"), "{said}");
}

#[test]
fn system_pkcs11_gives_the_card_keys_of_the_software() {
    within("the_same_keys_as_the_software");
}

#[test]
fn system_pkcs11_a_token_with_sm4_derives_inside() {
    within("sm4_by_numbers");
}

#[test]
fn system_pkcs11_what_a_token_lacks_or_refuses_is_named() {
    within("faults_are_named");
}

#[test]
fn system_pkcs11_a_token_that_is_gone_is_said() {
    within("a_token_that_is_gone");
}

mod inside {
    use super::*;
    use card::Code;
    use chip::keys::{CardKeys as _, KeyFault, KeyMark, KeyRequest, SoftwareKeys, check_value, groups_of};
    use ledger::fault::Fault;
    use plant::pkcs11::{self, Pkcs11Keys};
    use plant::token_keys::{Held, KeyName, NotedKeys, Sm4Numbers, TokenSettings};
    use zeroize::Zeroizing;

    /// AES-128 plays SM4, which SoftHSM hasn't: blocks and keys of the same size, so everything but the cipher is the same.
    const AES_AS_SM4: Sm4Numbers = Sm4Numbers { key_type: 0x1F, encrypt: 0x1081, derive: 0x1104 };

    fn settings() -> TokenSettings {
        let name = |text: &str| KeyName::parse(text).unwrap();
        let (library, token) = (PathBuf::from(softhsm::LIBRARY), softhsm::LABEL.to_owned());
        TokenSettings { library, token, kek: Some(name("KEK/1")), transport: name("TK-DEV/3"), mac: Some(name("MK-DEV/1")), sm4: None }
    }

    fn pin() -> Result<Zeroizing<String>, Fault> {
        Ok(Zeroizing::new(softhsm::PIN.to_owned()))
    }

    fn requests() -> Vec<KeyRequest> {
        let of = |city: &[u8; 6], factor: &[u8; 8], n: u128| KeyRequest::of_factors(*city, *factor, (n << 16).to_be_bytes());
        vec![of(b"420100", b"H0000001", 1), of(b"420500", b"H0000002", 2), of(b"420100", b"H0000003", 3)]
    }

    fn code<T>(result: Result<T, Fault>) -> (Code, String) {
        match result {
            Err(Fault::Refused { code, text }) => (code, text),
            Err(other) => panic!("{other}"),
            Ok(_) => panic!("not refused"),
        }
    }

    fn opened_token(noted: &NotedKeys, wrapped: &[WrappedKey]) -> Result<Pkcs11Keys, Fault> {
        Pkcs11Keys::open(&settings(), noted, wrapped, pin)
    }

    /// Two keys of each cipher, SM4 with a key of one city beside the master.
    #[test]
    #[ignore = "runs in a process with a token of its own"]
    fn the_same_keys_as_the_software() {
        if !softhsm::is_here() {
            return;
        }
        let layout = layout_with(2);
        fill(&layout);
        let mut all = wrapped(&layout);
        let wuhan = WrappedKey::make("UKDF01", 1, KeyAlgorithm::Sm4, Some(*b"420100"), &Key16::take(&mut { MAC }), &Kek::take(&mut { KEK })).unwrap();
        all.push(wuhan);
        let noted = pkcs11::note(&settings(), &layout, &all, pin).ok().unwrap();
        assert!(NotedKeys::parse(&noted.to_text()).is_ok_and(|read| read == noted));
        assert_eq!(noted.roots.iter().filter(|r| r.held == Held::Token).count(), 2);
        let token = opened_token(&noted, &all).ok().unwrap();
        assert_eq!(token.places().len(), 3, "only keys that came wrapped lie here");

        let mut software = SoftwareKeys::default();
        for (n, key) in layout.key.iter().enumerate() {
            let value = Key16::take(&mut master(n));
            let mark = KeyMark::new(&key.name, key.version, check_value(key.algorithm, &value)).unwrap();
            assert!(noted.roots.iter().any(|r| r.mark == mark && r.algorithm == key.algorithm), "{}: the token's check value is ours", key.name);
            software.add_root(&mark, key.algorithm, None, &value).unwrap();
        }
        software.add_wrapped_root(&all[all.len() - 1], &Kek::take(&mut { KEK })).unwrap();
        let over = Key16::take(&mut [0x33; 16]);
        software.set_transport(&KeyMark::new("TK", 1, check_value(KeyAlgorithm::Sm4, &over)).unwrap(), &over).unwrap();

        let (groups, cards) = (groups_of(&layout), requests());
        let (inside, ours) = (token.derive(&groups, &cards).unwrap(), software.derive(&groups, &cards).unwrap());
        for (n, g) in (0..cards.len()).flat_map(|n| (0..groups.len()).map(move |g| (n, g))) {
            let ((wrapped, checks), (cryptogram, wanted)) = (inside.get(n, g).unwrap(), ours.get(n, g).unwrap());
            let mut clear = cryptogram.to_vec();
            chip::Sm4Key::new(&over).decrypt_cbc(&[0; 16], &mut clear).unwrap();
            assert!(opened(wrapped) == clear.as_chunks::<16>().0[1..], "card {n}, folder {g}");
            assert_eq!(checks, wanted);
        }
        let again = token.derive(&groups, &cards[1..2]).unwrap();
        assert_eq!(again.get(0, 0), inside.get(1, 0), "the same request, the same bytes");
        let mac = token.mac(b"the data of a card").unwrap();
        assert_eq!(hex(&mac), aes_cmac(b"the data of a card"));
        let declared = token.declared().transport.clone().unwrap();
        assert_eq!((declared.0, declared.1.label(), declared.1.version()), (TransportMode::AesKwp, "TK-DEV", 3));

        let missing = token.derive(&groups_of(&layout_with(0)), &cards).err().unwrap();
        assert_eq!(missing, KeyFault::Missing { label: "IRK".to_owned(), version: 1 });
        // Four threads at once, each with a session of its own.
        std::thread::scope(|scope| {
            let jobs: Vec<_> = (0..4).map(|_| scope.spawn(|| token.derive(&groups, &cards).unwrap())).collect();
            for job in jobs {
                assert_eq!(job.join().unwrap().get(2, 0), inside.get(2, 0));
            }
        });
    }

    #[test]
    #[ignore = "runs in a process with a token of its own"]
    fn sm4_by_numbers() {
        if !softhsm::is_here() {
            return;
        }
        let layout = layout_with(0);
        fill(&layout);
        {
            let (_context, session) = softhsm::writable();
            for (n, key) in layout.key.iter().enumerate() {
                put(&session, &key.name, key.version, KeyType::AES, &master(n), Use::Deriving);
            }
        }
        let settings = TokenSettings { sm4: Some(AES_AS_SM4), kek: None, ..settings() };
        let noted = pkcs11::note(&settings, &layout, &[], pin).ok().unwrap();
        let token = Pkcs11Keys::open(&settings, &noted, &[], pin).ok().unwrap();
        assert!(token.places().is_empty(), "no key is held here");
        let groups = groups_of(&layout);
        let derived = token.derive(&groups, &requests()).unwrap();
        let aes = |key: &[u8; 16], block: &[u8]| openssl(&["enc", "-aes-128-ecb", "-nopad", "-K", &hex(key)], block);
        let step = |key: &[u8; 16], factor: &[u8; 8]| -> [u8; 16] { aes(key, &chip::keys::step_text(factor)).try_into().unwrap() };
        let (wrapped, checks) = derived.get(1, 0).unwrap();
        let wanted: Vec<[u8; 16]> = (0..3).map(|n| step(&step(&master(n), b"420500sx"), b"H0000002")).collect();
        assert_eq!(opened(wrapped), wanted);
        let check = |key: &[u8; 16]| -> [u8; 3] { *aes(key, &[0; 16]).first_chunk().unwrap() };
        assert_eq!(checks, wanted.iter().map(check).collect::<Vec<_>>());
        assert_eq!(noted.roots[0].mark.check(), check(&master(0)));

        let lacking = TokenSettings { sm4: Some(Sm4Numbers { derive: 0x8000_0401, ..AES_AS_SM4 }), ..settings };
        let (code, said) = code(Pkcs11Keys::open(&lacking, &noted, &[], pin));
        assert_eq!(code, Code::Key07, "{said}");
    }

    #[test]
    #[ignore = "runs in a process with a token of its own"]
    fn faults_are_named() {
        if !softhsm::is_here() {
            return;
        }
        let layout = layout_with(1);
        fill(&layout);
        let all = wrapped(&layout);
        // Before anybody is logged in: a login is the process's.
        let asked = std::cell::Cell::new(0);
        let wrong = || {
            asked.set(asked.get() + 1);
            Ok(Zeroizing::new("111111".to_owned()))
        };
        let (refusal, said) = code(pkcs11::note(&settings(), &layout, &all, wrong));
        assert!(refusal == Code::Key04 && said.contains("the PIN is wrong") && asked.get() == 1, "{said}");
        assert!(!said.contains("111111"));
        let nobody = || -> Result<Zeroizing<String>, Fault> { panic!("there is nothing to give the PIN to") };
        let other = TokenSettings { token: "another".to_owned(), ..settings() };
        assert_eq!(code(pkcs11::note(&other, &layout, &all, nobody)).0, Code::Key04);
        let no_library = TokenSettings { library: PathBuf::from("/usr/lib/no-such-token.so"), ..settings() };
        assert_eq!(code(pkcs11::note(&no_library, &layout, &all, nobody)).0, Code::Key04);

        let noted = pkcs11::note(&settings(), &layout, &all, pin).ok().unwrap();
        let next = TokenSettings { transport: KeyName::parse("TK-DEV/4").unwrap(), ..settings() };
        assert_eq!(code(pkcs11::note(&next, &layout, &all, pin)), (Code::Key03, "token: key TK-DEV version 4: missing".to_owned()));
        assert_eq!(code(pkcs11::note(&settings(), &layout, &all[1..], pin)).0, Code::Key03, "a wrapped key is missing");
        assert_eq!(code(opened_token(&noted, &all[1..])).0, Code::Key03);
        let mut mixed = all.clone();
        mixed[0].wrapped[7] ^= 1;
        assert_eq!(code(opened_token(&noted, &mixed)), (Code::Key03, "token: key RKSSSE version 1: can't be unwrapped".to_owned()));
        // Every key of the list is held against what is there.
        for (n, line) in noted.to_text().lines().enumerate().skip(1) {
            let check = line.split(' ').nth(5).unwrap();
            let other = noted.to_text().replacen(check, if check == "000000" { "000001" } else { "000000" }, 1);
            let (refusal, said) = code(opened_token(&NotedKeys::parse(&other).ok().unwrap(), &all));
            assert!(refusal == Code::Key03 && said.contains("not the key its check value is of"), "line {n}: {said}");
        }
        let mut without = settings();
        without.mac = None;
        let noted = pkcs11::note(&without, &layout, &all, pin).ok().unwrap();
        assert_eq!(Pkcs11Keys::open(&without, &noted, &all, pin).ok().unwrap().mac(b""), Err(KeyFault::NoMac));
        without.kek = None;
        assert_eq!(code(pkcs11::note(&without, &layout, &all, pin)).0, Code::Key06, "no KEK is named");
        let (_context, session) = softhsm::writable();
        put(&session, "TK-DEV", 3, KeyType::AES, &TRANSPORT, Use::Wrapping);
        assert!(code(pkcs11::note(&settings(), &layout, &all, pin)).1.contains("2 keys TK-DEV/3"));
    }

    #[test]
    #[ignore = "runs in a process with a token of its own"]
    fn a_token_that_is_gone() {
        if !softhsm::is_here() {
            return;
        }
        let layout = layout_with(2);
        fill(&layout);
        let all = wrapped(&layout);
        let noted = pkcs11::note(&settings(), &layout, &all, pin).ok().unwrap();
        let token = opened_token(&noted, &all).ok().unwrap();
        let groups = groups_of(&layout);
        assert!(token.derive(&groups, &requests()).is_ok());
        // The library ends under its user's feet, as that of a token does whose plug is drawn.
        cryptoki::context::Pkcs11::new(softhsm::LIBRARY).unwrap().finalize().unwrap();
        for fault in [token.derive(&groups, &requests()).err().unwrap(), token.mac(b"data").unwrap_err()] {
            assert_eq!(fault.code(), Code::Key06, "{fault}");
            assert!(fault.to_string().starts_with("the key device failed: "), "{fault}");
        }
    }

    /// For nights: the program is another process.
    #[test]
    #[ignore = "runs in a process with a token of its own"]
    fn fill_for_a_night() {
        if softhsm::is_here() {
            fill(&layout_with(2));
        }
    }
}

/// A plant whose keys are in a token, two of them 3DES, and their list taken down.
struct Night {
    plant: Plant,
    token: Folder,
    folder: tempfile::TempDir,
}

impl Night {
    fn new(applications: u32, seed: u64) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let token = Folder::new(folder.path())?;
        ran(&token, "fill_for_a_night");
        let plant = Plant::stocked(applications, seed);
        std::fs::write(plant.root.join("profile.toml"), profile_with(2)).expect("written");
        std::fs::create_dir_all(plant.root.join("keys/wrapped")).expect("a folder");
        for key in wrapped(&layout_with(2)) {
            std::fs::write(plant.root.join(format!("keys/wrapped/{}.txt", key.mark.label())), key.to_text()).expect("written");
        }
        let text = |value: &str| format!("\"{value}\"");
        for (key, value) in [("id", ""), ("file", "profile.toml"), ("store", "pkcs11"), ("module", softhsm::LIBRARY), ("label", softhsm::LABEL)] {
            plant.configure(key, &text(value));
        }
        for (key, value) in [("transport", "TK-DEV/3"), ("mac", "MK-DEV/1"), ("kek", "KEK/1")] {
            plant.configure(key, &text(value));
        }
        let night = Self { plant, token, folder };
        refused(&night.cardline(&["run"], softhsm::PIN), "KEY-04 keys/token-keys.txt: missing");
        fine(&night.cardline(&["keys", "note"], softhsm::PIN));
        Some(night)
    }

    fn cardline(&self, args: &[&str], pin: &str) -> Output {
        self.cardline_on(&self.plant, args, pin)
    }

    fn cardline_on(&self, plant: &Plant, args: &[&str], pin: &str) -> Output {
        let mut command = plant.command(args);
        command.args(["--keys-passphrase-fd", "0"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.token.seen_by(&mut command).spawn().expect("the program starts");
        let _ = writeln!(child.stdin.take().expect("a pipe"), "{pin}");
        child.wait_with_output().expect("it ends")
    }
}

/// Key values of every card by its number, in the layout's order of folders and keys.
fn of_cards(plant: &Plant) -> BTreeMap<String, Vec<[u8; 16]>> {
    let layout = layout_with(2);
    let keys = |folder: &str| layout.key.iter().enumerate().filter(|(_, k)| k.folder == *folder).collect::<Vec<_>>();
    let in_order: Vec<_> = layout.folder.iter().flat_map(|f| keys(&f.id)).collect();
    let mut found = BTreeMap::new();
    for (_, bytes) in plant.files("batches").into_iter().filter(|(path, _)| path.contains("/encode/") && path.ends_with(".txt")) {
        let reader = VendorReader::open(&bytes).expect("a vendor's file");
        let at = |name: &str| reader.columns().iter().position(|c| c == name).expect("a column");
        let (number, division) = (at("card_number"), at("division"));
        for row in reader {
            let row = row.expect("a row");
            let city: [u8; 6] = format!("{}00", &row[division][..4]).into_bytes().try_into().expect("six digits");
            let factor: [u8; 8] = *row[number].as_bytes().first_chunk().expect("a number");
            found.insert(row[number].to_string(), in_order.iter().map(|(n, k)| card_key(k.algorithm, master(*n), city, factor)).collect());
        }
    }
    found
}

#[test]
fn system_pkcs11_a_night_writes_keys_for_the_device_and_nowhere_else() {
    let Some(night) = Night::new(60, 5) else { return };
    let other = night.plant.copy();
    let run = night.cardline(&["run", "--threads", "2"], softhsm::PIN);
    fine(&run);
    let wanted = of_cards(&night.plant);
    assert!(wanted.len() > 20);
    let mut seen = 0;
    for bytes in encode_files(&night.plant).values() {
        for card in CpsReader::open(bytes).expect("an encode file") {
            let card = card.expect("a card");
            let keys: Vec<[u8; 16]> = card.modules.iter().filter_map(|m| m.keys.as_ref()).flat_map(|k| opened(k.cryptogram)).collect();
            assert!(keys == wanted[card.number], "the keys of {}", card.number);
            if seen % 8 == 0 {
                assert_eq!(hex(card.mac.expect("a MAC")), aes_cmac(card.sealed));
            }
            seen += 1;
        }
    }
    assert_eq!(seen, wanted.len(), "every card once");

    // A key of the token or of a card is in no file of the plant, nor on the terminal; nor is the PIN.
    let halves = [KEK, TRANSPORT].into_iter().flat_map(|key| key.as_chunks::<16>().0.to_vec());
    let all: Vec<[u8; 16]> = (0..4).map(master).chain([MAC]).chain(halves).chain(wanted.into_values().flatten()).collect();
    let needles = needles(&all);
    let listed = night.plant.run(&["keys", "list"]);
    fine(&listed);
    assert!(text(&listed.stdout).contains("IRK  version 1  3DES  check value ") && text(&listed.stdout).contains("  transport"), "{}", text(&listed.stdout));
    let said = [&run.stdout, &run.stderr, &listed.stdout, &listed.stderr].map(|bytes| ("the terminal".to_owned(), bytes.clone()));
    for (path, bytes) in night.plant.files("").into_iter().chain(said) {
        assert_eq!(leaks(&bytes, &needles), 0, "a key in {path}");
        assert!(!bytes.windows(softhsm::PIN.len()).any(|w| w == softhsm::PIN.as_bytes()), "the PIN in {path}");
    }
    night.plant.ok(&["verify"]);
    fine(&night.cardline(&["verify", "--sample", "100%"], softhsm::PIN));

    fine(&night.cardline_on(&other, &["run", "--threads", "1"], softhsm::PIN));
    assert_same(&night.plant.outputs(), &other.outputs());
}

#[test]
fn system_pkcs11_a_token_that_cant_be_used_stops_the_night_before_it_begins() {
    let Some(night) = Night::new(20, 7) else { return };
    let before = night.plant.journal_bytes();
    refused(&night.cardline(&["keys", "note"], softhsm::PIN), "USE-01");
    refused(&night.cardline(&["keys", "create"], softhsm::PIN), "KEY-04 a token's keys are made with the token's own tools");
    let began = night.plant.journal_bytes();
    refused(&night.cardline(&["run"], "000000"), "KEY-04 token: the PIN is wrong");
    night.plant.configure("label", "\"another\"");
    refused(&night.cardline(&["run"], softhsm::PIN), "KEY-04 token: there is none with the label");
    night.plant.configure("label", &format!("\"{}\"", softhsm::LABEL));
    // Another transport key than was taken down.
    let list = night.plant.root.join("keys/token-keys.txt");
    let noted = std::fs::read_to_string(&list).expect("a list");
    std::fs::write(&list, noted.replace("TK-DEV 3", "TK-DEV 4")).expect("written");
    refused(&night.cardline(&["run"], softhsm::PIN), "KEY-03 token: key TK-DEV version 4: missing");
    std::fs::write(&list, &noted).expect("written");
    std::fs::remove_dir_all(night.folder.path().join("tokens")).expect("removed");
    std::fs::create_dir(night.folder.path().join("tokens")).expect("a folder");
    refused(&night.cardline(&["run"], softhsm::PIN), "KEY-04 token: there is none with the label");
    assert_eq!(night.plant.journal_bytes(), began, "nothing was begun");
    assert!(began >= before);
    // The day side needs no keys.
    night.plant.ok(&["intake"]);
}

#[test]
fn system_pkcs11_a_batch_is_finished_with_the_keys_it_was_cut_with() {
    let Some(night) = Night::new(40, 8) else { return };
    night.plant.configure("mode", "\"two-person\"");
    fine(&night.cardline(&["run"], softhsm::PIN));
    let list = night.plant.root.join("keys/token-keys.txt");
    let noted = std::fs::read_to_string(&list).expect("a list");
    std::fs::write(&list, noted.lines().filter(|l| !l.starts_with("mac ")).map(|l| format!("{l}\n")).collect::<String>()).expect("written");
    refused(&night.cardline(&["verify", "--sample", "100%"], softhsm::PIN), "CFG-02");
    std::fs::write(&list, noted).expect("written");
    fine(&night.cardline(&["verify", "--sample", "100%"], softhsm::PIN));
}
