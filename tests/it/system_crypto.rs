//! Card keys and encode files held against software that isn't ours: OpenSSL's SM2 family and RFC 5649, a Python reader of BER. Without a
//! program that can do it a test says so and is skipped; `bash tests/setup.sh` fetches what it can.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use card::application::{Application, BusinessType, Delivery, DocumentType, Lane, Sex};
use card::profile::chip::KeyAlgorithm;
use card::{BatchId, Card, Keyed, OutletCode, Profile, card_number};
use chip::cps::{CpsReader, CpsWriter};
use chip::keys::{KeyMark, KeyRequest, SoftwareKeys, check_value, unwrap_key, wrap_key};
use chip::{Kek, Key16, Sm4Key, sm3};

const LENGTHS: [usize; 9] = [0, 1, 55, 56, 63, 64, 65, 1_000, 100_000];
const TRANSPORT: [u8; 16] = [0xA1; 16];
const MAC: [u8; 16] = [0xB2; 16];

fn run(program: &str, args: &[&str], input: &[u8]) -> Option<Vec<u8>> {
    let mut child = Command::new(program).args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().ok()?;
    let mut stdin = child.stdin.take()?;
    let input = input.to_vec();
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().ok()?;
    writer.join().ok()?;
    output.status.success().then_some(output.stdout)
}

fn openssl(args: &[&str], input: &[u8]) -> Vec<u8> {
    run("openssl", args, input).unwrap_or_else(|| panic!("openssl {} failed", args[..2].join(" ")))
}

/// Whether there is an OpenSSL that has SM3 and SM4; says so where there is none.
fn has_sm() -> bool {
    let key = "00000000000000000000000000000000";
    let sm3 = run("openssl", &["dgst", "-sm3", "-r"], b"abc").is_some();
    let sm4 = run("openssl", &["enc", "-sm4-ecb", "-nopad", "-K", key], &[0; 16]).is_some();
    if !(sm3 && sm4) {
        println!("SKIPPED: no openssl, or one without SM3 and SM4");
    }
    sm3 && sm4
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// Bytes that repeat nowhere near; the same in every run.
fn noise(len: usize, seed: u8) -> Vec<u8> {
    (0..len).map(|i| sm3(&[&[seed][..], &(i as u32 / 32).to_be_bytes()].concat())[i % 32]).collect()
}

fn noise16(seed: u8) -> [u8; 16] {
    noise(16, seed).try_into().expect("sixteen bytes")
}

fn sm4(key: [u8; 16]) -> Sm4Key {
    Sm4Key::new(&Key16::take(&mut { key }))
}

#[test]
fn system_sm3_is_openssls() {
    if !has_sm() {
        return;
    }
    for len in LENGTHS {
        let text = noise(len, 1);
        let theirs = openssl(&["dgst", "-sm3", "-r"], &text);
        assert!(theirs.starts_with(hex(&sm3(&text)).as_bytes()), "{len}");
    }
}

#[test]
fn system_sm4_blocks_are_openssls_both_ways() {
    if !has_sm() {
        return;
    }
    for seed in 0..20 {
        let (key, block) = (noise16(seed), noise16(seed + 100));
        let mut ours = block;
        sm4(key).encrypt_block(&mut ours);
        assert_eq!(openssl(&["enc", "-sm4-ecb", "-nopad", "-K", &hex(&key)], &block), ours);
        assert_eq!(openssl(&["enc", "-d", "-sm4-ecb", "-nopad", "-K", &hex(&key)], &ours), block);
        let mut back = openssl(&["enc", "-sm4-ecb", "-nopad", "-K", &hex(&key)], &block).try_into().expect("a block");
        sm4(key).decrypt_block(&mut back);
        assert_eq!(back, block);
    }
}

#[test]
fn system_sm4_cbc_is_openssls_both_ways() {
    if !has_sm() {
        return;
    }
    for blocks in [1, 2, 3, 5, 64, 1_000] {
        let (key, iv, text) = (noise16(1), noise16(2), noise(blocks * 16, 3));
        let (k, i) = (hex(&key), hex(&iv));
        let mut ours = text.clone();
        sm4(key).encrypt_cbc(&iv, &mut ours).expect("whole blocks");
        assert_eq!(openssl(&["enc", "-d", "-sm4-cbc", "-nopad", "-K", &k, "-iv", &i], &ours), text);
        let mut theirs = openssl(&["enc", "-sm4-cbc", "-nopad", "-K", &k, "-iv", &i], &text);
        assert_eq!(theirs, ours);
        sm4(key).decrypt_cbc(&iv, &mut theirs).expect("whole blocks");
        assert_eq!(theirs, text);
    }
}

fn openssl_cmac(key: [u8; 16], text: &[u8]) -> String {
    let mac = openssl(&["mac", "-cipher", "SM4-CBC", "-macopt", &format!("hexkey:{}", hex(&key)), "-in", "-", "CMAC"], text);
    String::from_utf8_lossy(&mac).trim().to_lowercase()
}

#[test]
fn system_sm4_cmac_is_openssls() {
    if !has_sm() {
        return;
    }
    for len in LENGTHS.into_iter().chain([15, 16, 17, 32]) {
        let (key, text) = (noise16(7), noise(len, 8));
        assert_eq!(hex(&sm4(key).cmac(&text)), openssl_cmac(key, &text), "{len}");
    }
}

/// The 3DES check value and the wraps of RFC 5649, both ways.
#[test]
fn system_wraps_and_check_values_are_openssls() {
    let mode = ["enc", "-id-aes256-wrap-pad", "-iv", "A65959A6", "-K"];
    let args = |kek: &[u8]| mode.iter().map(|a| (*a).to_owned()).chain([hex(kek)]).collect::<Vec<_>>();
    if run("openssl", &args(&[0; 32]).iter().map(String::as_str).collect::<Vec<_>>(), &[0; 16]).is_none() {
        println!("SKIPPED: no openssl, or one without id-aes256-wrap-pad");
        return;
    }
    for seed in 0..20 {
        let (mut kek, key) = (<[u8; 32]>::try_from(noise(32, seed)).expect("32 bytes"), noise16(seed + 100));
        let mut with = args(&kek);
        let ours = wrap_key(&Kek::take(&mut kek.clone()), &Key16::take(&mut { key }));
        let theirs = openssl(&with.iter().map(String::as_str).collect::<Vec<_>>(), &key);
        assert_eq!(theirs, ours);
        let opened = unwrap_key(&Kek::take(&mut kek), &theirs.try_into().expect("24 bytes")).expect("it opens");
        assert_eq!(opened.expose(), &key);
        with.push("-d".to_owned());
        assert_eq!(openssl(&with.iter().map(String::as_str).collect::<Vec<_>>(), &ours), key);
        let zeros = openssl(&["enc", "-des-ede", "-nopad", "-K", &hex(&key)], &[0; 8]);
        assert_eq!(check_value(KeyAlgorithm::TripleDes, &Key16::take(&mut { key })), zeros[..3]);
    }
}

fn card(n: u32) -> Card {
    Card {
        batch: BatchId::parse("B20250601-01").expect("a batch id"),
        position: n + 1,
        job: 1,
        slot: n + 1,
        tray: 1,
        number: card_number::number_at("H", u64::from(n)).expect("a number"),
        generation: 1,
        remake_of: None,
        outlet: OutletCode::parse("WH-01").expect("an outlet"),
        division: ["420106", "420500"][n as usize % 2].to_owned(),
        application: application(n),
        issued_on: jiff::civil::date(2025, 6, 1),
        expires_on: jiff::civil::date(2035, 6, 1),
        qr_payload: format!("CL1:{n}"),
        record_digest: Keyed([7; 16]),
    }
}

fn application(n: u32) -> Application {
    let date = jiff::civil::date;
    Application {
        application_id: format!("WH01-{n:06}"),
        business_type: BusinessType::New,
        lane: Lane::Normal,
        name: format!("EXAMPLE-{}", "ÅSA ".repeat(n as usize % 8 + 1).trim()),
        name_zh: Some("示例".to_owned()),
        sex: Sex::F,
        birth_date: date(1990, 2, 3),
        nationality: "SWE".to_owned(),
        document_type: DocumentType::Passport,
        document_number: format!("X{n:08}"),
        document_expiry: date(2030, 1, 1),
        mrz: None,
        ssn: format!("SWE0X{n:08}"),
        work_permit_number: format!("420000{n:06}"),
        work_permit_category: 'B',
        work_permit_from: date(2025, 1, 1),
        work_permit_to: date(2026, 12, 31),
        employer_name: "湖北示例科技有限公司".to_owned(),
        employer_code: "91350100M000100Y43".to_owned(),
        photo: format!("{n}.jpg"),
        photo_taken_on: date(2025, 5, 1),
        religious_headgear: false,
        delivery: Delivery::Outlet,
        phone: String::new(),
        bank: String::new(),
        receipt_number: None,
        due_on: None,
        supersedes: None,
        loss_report: None,
        old_card_number: None,
    }
}

fn master(n: usize) -> [u8; 16] {
    [n as u8 + 1; 16]
}

fn profile() -> Profile {
    Profile::built_in("hubei-foreigner-2025", jiff::civil::date(2025, 6, 1)).expect("built in")
}

/// A file of twenty cards with four keys each, the second of them 3DES.
fn twenty(profile: &Profile) -> Vec<u8> {
    let mut keys = SoftwareKeys::default();
    let key = |mut value: [u8; 16]| Key16::take(&mut value);
    let mark = |label: &str, algorithm, value| KeyMark::new(label, 1, check_value(algorithm, &key(value))).expect("a label");
    for (n, k) in profile.chip.key.iter().enumerate() {
        keys.add_root(&mark(&k.name, k.algorithm, master(n)), k.algorithm, None, &key(master(n))).expect("its own check value");
    }
    keys.set_transport(&mark("TK", KeyAlgorithm::Sm4, TRANSPORT), &key(TRANSPORT)).expect("its own check value");
    keys.set_mac(&mark("MK", KeyAlgorithm::Sm4, MAC), &key(MAC)).expect("its own check value");
    let writer = CpsWriter::new(&profile.chip, Some(&keys)).expect("a transport key");
    let cards: Vec<Card> = (0..20).map(card).collect();
    let requests: Vec<KeyRequest> = cards.iter().map(|c| KeyRequest::new(c, profile.keys, None).expect("a division")).collect();
    let derived = writer.derive(&requests).expect("all keys are there");
    let mut out = Vec::new();
    writer.header(&cards[0].batch, 1, 20, &mut out);
    for (n, card) in cards.iter().enumerate() {
        writer.card(card, &chip::image(card, &profile.chip).expect("fits"), &derived, n, &mut out).expect("fits");
    }
    out
}

fn with_3des() -> Profile {
    let mut profile = profile();
    profile.chip.key[1].algorithm = KeyAlgorithm::TripleDes;
    profile
}

/// One level down, by OpenSSL alone.
fn derive(algorithm: KeyAlgorithm, key: &[u8], factor: &[u8]) -> Vec<u8> {
    let text: Vec<u8> = factor.iter().copied().chain(factor.iter().map(|b| !b)).collect();
    let cipher = if algorithm == KeyAlgorithm::Sm4 { "-sm4-ecb" } else { "-des-ede" };
    openssl(&["enc", cipher, "-nopad", "-K", &hex(key)], &text)
}

/// What a device does with a card, by OpenSSL alone: check the MAC, decrypt the keys; they are those derived from the master keys.
#[test]
fn system_openssl_finds_the_keys_of_twenty_cards() {
    if !has_sm() {
        return;
    }
    let profile = with_3des();
    let file = twenty(&profile);
    for (n, read) in CpsReader::open(&file).expect("as written").enumerate() {
        let read = read.expect("as written");
        assert_eq!(hex(read.mac.expect("sealed")), openssl_cmac(MAC, read.sealed));
        let cryptograms = read.modules.iter().filter_map(|m| m.keys.as_ref());
        let found: Vec<Vec<u8>> = cryptograms
            .flat_map(|keys| {
                let clear = openssl(&["enc", "-d", "-sm4-cbc", "-nopad", "-K", &hex(&TRANSPORT), "-iv", &hex(&[0; 16])], keys.cryptogram);
                clear[16..].chunks(16).map(<[u8]>::to_vec).collect::<Vec<_>>()
            })
            .collect();
        let city = ["420100sx", "420500sx"][n % 2].as_bytes();
        for (k, key) in profile.chip.key.iter().enumerate() {
            let first = derive(key.algorithm, &master(k), city);
            assert_eq!(found[k], derive(key.algorithm, &first, &read.number.as_bytes()[..8]), "card {n}, key {k}");
        }
        assert_eq!(found.len(), profile.chip.key.len());
    }
}

/// A strict reader in another language: data groups to the last byte, and every BER object in them through pyemv, which refuses wrong lengths.
const READER: &str = r#"
import sys
from pyemv import tlv
def ber(value):
    objects = tlv.decode(value)
    assert tlv.encode(objects) == value, "not as it was read"
    return objects
total = 0
for line in sys.stdin:
    stream, order = bytes.fromhex(line), []
    while stream:
        assert len(stream) >= 3, "cut off"
        dgi, length, at = stream[:2], stream[2], 3
        if length == 255:
            length, at = int.from_bytes(stream[3:5], "big"), 5
            assert length >= 255, "long without need"
        value, stream = stream[at:at + length], stream[at + length:]
        assert length and len(value) == length, "cut off"
        order.append(dgi.hex())
        if dgi == b"\x00\x62":
            assert list(ber(value)) == ["62"]
        elif dgi == b"\x00\xb9":
            templates = [value[n:n + 17] for n in range(0, len(value), 17)]
            assert all(list(ber(t)) == ["B9"] for t in templates)
        elif 1 <= dgi[0] <= 30:
            assert list(ber(value)) == [f"{dgi[1]:02X}"], "a record under its own tag"
        else:
            assert dgi in (b"\x80\x00", b"\x90\x00", b"\x7f\xff"), "unknown"
        total += 1
    ends = ["00b9", "8000", "9000"]
    assert order[0] == "0062" and [d for d in order if d in ends] == ends and order[-1] in ("9000", "7fff")
print(total)
"#;

/// The Python that tests/setup.sh makes, or the one CARDLINE_PYTHON names.
fn python() -> Option<PathBuf> {
    let named = std::env::var_os("CARDLINE_PYTHON").map(PathBuf::from);
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")));
    let made = cache.map(|cache| cache.join("cardline/python/bin/python"));
    let found = named.or(made).filter(|python| run(&python.to_string_lossy(), &["-c", "import pyemv.tlv"], b"").is_some());
    if found.is_none() {
        println!("SKIPPED: no Python with pyemv: bash tests/setup.sh makes one, or CARDLINE_PYTHON names it");
    }
    found
}

#[test]
fn system_pyemv_reads_every_stream_to_its_last_byte() {
    let Some(python) = python() else { return };
    let file = twenty(&profile());
    let mut lines = String::new();
    for card in CpsReader::open(&file).expect("as written") {
        card.expect("as written").modules.iter().for_each(|m| lines += &format!("{}\n", hex(m.stream)));
    }
    let python = python.to_string_lossy();
    let groups = run(&python, &["-c", READER], lines.as_bytes()).expect("every stream is read");
    // Of each card: two folders, the files, their records, three groups about keys in either folder, a MAC.
    let records: usize = profile().chip.file.iter().map(|f| f.record.len()).sum();
    let files = profile().chip.file.len() + profile().chip.reserved.len();
    let wanted = 20 * (2 + files + records + 6 + 1);
    assert_eq!(String::from_utf8_lossy(&groups).trim(), wanted.to_string());
    let cut = &lines[..lines.len() - 3];
    assert!(run(&python, &["-c", READER], cut.as_bytes()).is_none(), "it sees a byte that is missing");
}

/// The same wraps in Python's cryptography.
#[test]
fn system_python_opens_our_wraps() {
    let Some(python) = python() else { return };
    let (kek, key) = (noise(32, 9), noise16(10));
    let wrapped = wrap_key(&Kek::take(&mut kek.clone().try_into().expect("32 bytes")), &Key16::take(&mut { key }));
    let opens = "import sys\nfrom cryptography.hazmat.primitives.keywrap import aes_key_unwrap_with_padding as u\nprint(u(*map(bytes.fromhex, sys.stdin.read().split())).hex())";
    let opened = run(&python.to_string_lossy(), &["-c", opens], format!("{} {}", hex(&kek), hex(&wrapped)).as_bytes()).expect("it opens");
    assert_eq!(String::from_utf8_lossy(&opened).trim(), hex(&key));
}
