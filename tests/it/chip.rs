//! Chip images as a person asks for them: by card, by application, from a file; permits checked; a portrait on the chip where the profile
//! has a place for one.

use std::path::{Path, PathBuf};

use card::application::{Application, BusinessType, Delivery, DocumentType, Lane, Sex};
use card::profile::{CHIP_PERMIT, CHIP_PORTRAIT, HUBEI_FOREIGNER_2025};
use card::{BatchId, Card, Keyed, OutletCode, Profile, card_number};
use chip::cps::CpsWriter;
use chip::permit::{PermitSigner, SoftwareSigner};
use chip::show::ShownImage;
use chip::{ChipImage, FileTree, Parts};
use jiff::civil::date;
use serde_json::Value;
use sm2::pkcs8::{EncodePrivateKey as _, EncodePublicKey as _, LineEnding};

use crate::plant::{Plant, text};

/// The profile that signs permits, for the program.
pub fn signing_profile_text() -> String {
    format!("{HUBEI_FOREIGNER_2025}{CHIP_PERMIT}")
}

pub fn signing_profile() -> Profile {
    Profile::parse(&signing_profile_text(), date(2025, 6, 1)).expect("the profile's own part")
}

pub fn secret(digit: u8) -> sm2::SecretKey {
    sm2::SecretKey::from_slice(&[digit; 32]).unwrap()
}

pub fn public_pem(secret: &sm2::SecretKey) -> String {
    secret.public_key().to_public_key_pem(LineEnding::LF).unwrap()
}

fn signer(digit: u8) -> SoftwareSigner {
    SoftwareSigner::from_pem(&secret(digit).to_pkcs8_pem(LineEnding::LF).unwrap(), "HB-2025-01").unwrap()
}

pub fn card(n: u32) -> Card {
    Card {
        batch: BatchId::parse("B20250601-01").unwrap(),
        position: n + 1,
        job: 1,
        slot: n + 1,
        tray: 1,
        number: card_number::number_at("H", u64::from(n)).unwrap(),
        generation: 1,
        remake_of: None,
        outlet: OutletCode::parse("WH-01").unwrap(),
        division: "420100".to_owned(),
        application: application(n),
        issued_on: date(2025, 6, 1),
        expires_on: date(2035, 6, 1),
        qr_payload: format!("CL1:{n}"),
        record_digest: Keyed([7; 16]),
    }
}

fn application(n: u32) -> Application {
    Application {
        application_id: format!("WH01-{n:06}"),
        business_type: BusinessType::New,
        lane: Lane::Normal,
        name: "EXAMPLE, ANNA".to_owned(),
        name_zh: Some("示例".to_owned()),
        sex: Sex::F,
        birth_date: date(1990, 2, 3),
        nationality: "POL".to_owned(),
        document_type: DocumentType::Passport,
        document_number: format!("X{n:08}"),
        document_expiry: date(2030, 1, 1),
        mrz: None,
        ssn: format!("POL0X{n:08}"),
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
        phone: "+86 27 8888 0000".to_owned(),
        bank: "示例银行".to_owned(),
        receipt_number: None,
        due_on: None,
        supersedes: None,
        loss_report: None,
        old_card_number: None,
    }
}

pub fn signed(card: &Card, signer: &dyn PermitSigner) -> ChipImage {
    let profile = signing_profile();
    FileTree::of(&profile.chip).unwrap().image(card, Parts { portrait: None, signer: Some(signer) }).ok().expect("an image")
}

/// Writes a chip image as `chip show --json` does.
pub fn dump(image: &ChipImage, to: &Path) {
    let shown = ShownImage::of(&image.files, &signing_profile().chip, None).unwrap();
    std::fs::write(to, shown.to_json()).unwrap();
}

fn batch_folder(plant: &Plant) -> PathBuf {
    std::fs::read_dir(plant.root.join("batches")).unwrap().flatten().next().expect("a batch").path()
}

fn sheet(batch: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(batch.join("print/job-0001.sheet.json")).unwrap()).unwrap()
}

fn objects(lines: &str) -> Vec<Value> {
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The text of a field, wherever it is.
fn field<'a>(image: &'a Value, name: &str) -> &'a str {
    let files = image["folders"].as_array().unwrap().iter().flat_map(|f| f["files"].as_array().unwrap());
    let mut records = files.filter_map(|f| f["records"].as_array()).flatten();
    records.find(|r| r["field"] == name).and_then(|r| r["text"].as_str()).unwrap_or("")
}

#[test]
fn a_card_is_shown_by_number_by_application_and_from_its_file() {
    let plant = Plant::stocked(60, 91);
    plant.ok(&["run"]);
    let batch = batch_folder(&plant);
    let slot = sheet(&batch)["slots"][2].clone();
    let (number, position) = (slot["number"].as_str().unwrap(), slot["position"].to_string());
    let encode = batch.join("encode/job-0001.cps");
    let by_number = plant.ok(&["chip", "show", number]);
    for wanted in
        [&format!("card {number}  generation 1  position {position}"), "sx1.sh.社会保障", "read key 0A RKSSSE", "reserved, 1024 bytes", "UKDF01  DF01 0C"]
    {
        assert!(by_number.contains(wanted), "{wanted} in {by_number}");
    }
    assert_eq!(plant.ok(&["chip", "show", encode.to_str().unwrap(), "--card", &position]), by_number);
    let history = plant.ok(&["track", number]);
    assert!(history.contains("cut into batch"), "the number is a card's");
    let one = plant.ok(&["chip", "show", number, "--json"]);
    let text_file = std::fs::read_to_string(batch.join("encode/job-0001.txt")).unwrap();
    let line = text_file.lines().find(|l| l.contains(&format!("|{number}|"))).unwrap();
    assert_eq!(field(&objects(&one)[0], "card_number"), number);
    for name in ["ssn", "work_permit_number", "name"] {
        assert!(line.contains(&format!("|{}|", field(&objects(&one)[0], name))), "{name} as in the vendor's text");
    }
    let columns: Vec<&str> = text_file.lines().next().unwrap().split('|').collect();
    let at = |name: &str| line.split('|').nth(columns.iter().position(|c| *c == name).unwrap() - 1).unwrap();
    let application = format!("{}/{}", at("outlet"), at("application_id"));
    assert_eq!(plant.ok(&["chip", "show", &application]), by_number);
    let all = plant.ok(&["chip", "show", encode.to_str().unwrap(), "--json"]);
    let numbers: Vec<String> = objects(&all).iter().map(|image| field(image, "card_number").to_owned()).collect();
    let wanted: Vec<String> = sheet(&batch)["slots"].as_array().unwrap().iter().map(|s| s["number"].as_str().unwrap().to_owned()).collect();
    assert_eq!(numbers, wanted, "every card, in order");
    let dump = plant.root.join("card.json");
    std::fs::write(&dump, &one).unwrap();
    assert_eq!(plant.ok(&["chip", "show", dump.to_str().unwrap()]), by_number);
    assert_eq!(plant.ok(&["chip", "show", dump.to_str().unwrap(), "--json"]), one);
}

#[test]
fn what_cannot_be_shown_is_said_and_nothing_panics() {
    let plant = Plant::stocked(40, 92);
    plant.ok(&["run"]);
    let encode = std::fs::read(batch_folder(&plant).join("encode/job-0001.cps")).unwrap();
    let show = |bytes: &[u8], more: &[&str]| {
        let file = plant.root.join("file");
        std::fs::write(&file, bytes).unwrap();
        let output = plant.run(&[&["chip", "show", file.to_str().unwrap()], more].concat());
        (output.status.code(), text(&output.stderr))
    };
    let mut spoilt = encode.clone();
    spoilt[200] ^= 1;
    for bytes in [&b""[..], b"x", b"{", b"{}", b"{\"format\":\"cardline-chip-image/2\",\"folders\":[]}", &[0xFF; 300], &encode[..encode.len() / 2], &spoilt] {
        let (code, said) = show(bytes, &[]);
        assert!(code == Some(65) && said.starts_with("cardline: ") && !said.contains("internal fault"), "{code:?} {said}");
    }
    assert_eq!(show(&encode, &["--card", "4000"]).0, Some(65));
    for unknown in ["A00000003", "H0000000X", "no-such-file", "../../x", ""] {
        assert_eq!(plant.run(&["chip", "show", unknown]).status.code(), Some(64), "{unknown}");
    }
}

#[test]
fn permits_are_checked_by_signature_and_by_date() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let nowhere = Plant::at(&at("no-plant"));
    std::fs::write(at("k1.pem"), public_pem(&secret(1))).unwrap();
    std::fs::write(at("k2.pem"), public_pem(&secret(2))).unwrap();
    std::fs::write(at("profile.toml"), signing_profile_text()).unwrap();
    let image = signed(&card(1), &signer(1));
    dump(&image, &at("good.json"));
    let check = |image: &str, key: &str, more: &[&str]| {
        let (image, key, profile) = (at(image), at(key), at("profile.toml"));
        let args = ["chip", "verify", image.to_str().unwrap(), "--issuer-key", key.to_str().unwrap(), "--profile", profile.to_str().unwrap()];
        let output = nowhere.run(&[&args[..], more].concat());
        (output.status.code(), text(&output.stdout) + &text(&output.stderr))
    };
    let (code, said) = check("good.json", "k1.pem", &["--on", "2026-12-31"]);
    assert_eq!((code, said.as_str()), (Some(0), "H00000012  good, signed by HB-2025-01; permit 2025-01-01 to 2026-12-31, in force on 2026-12-31\n"));
    assert_eq!(check("good.json", "k1.pem", &[]).0, Some(0), "the clock's day is within");
    for (image, key, on, code, words) in [
        ("good.json", "k1.pem", "2027-01-01", 65, "expired"),
        ("good.json", "k1.pem", "2024-12-31", 65, "not yet valid"),
        ("good.json", "k2.pem", "2026-01-01", 65, "wrong signature"),
        ("good.json", "good.json", "2026-01-01", 65, "not an SM2 public key"),
        ("good.json", "k3.pem", "2026-01-01", 65, "k3.pem"),
        ("k1.pem", "k1.pem", "2026-01-01", 65, "cardline: "),
        ("good.json", "k1.pem", "yesterday", 64, "no date"),
    ] {
        let (found, said) = check(image, key, &["--on", on]);
        assert!(found == Some(code) && said.contains(words), "{words}: {found:?} {said}");
    }
    let good = std::fs::read_to_string(at("good.json")).unwrap();
    let refused = |from: &str, to: &str, words: &str| {
        assert!(good.contains(from), "{from}");
        std::fs::write(at("changed.json"), good.replace(from, to)).unwrap();
        let (code, said) = check("changed.json", "k1.pem", &["--on", "2026-01-01"]);
        assert!(code == Some(65) && said.contains(words), "{words}: {code:?} {said}");
    };
    // The permit prolonged by ten years; another card's number; nothing written yet.
    refused("20261231", "20361231", "wrong signature");
    refused("\"tag\":\"07\",\"hex\":\"483030303030303132\"", "\"tag\":\"07\",\"hex\":\"483030303030303230\"", "other card");
    let signature = objects(&good)[0]["folders"][1]["files"].as_array().unwrap().last().unwrap()["records"][2]["hex"].as_str().unwrap().to_owned();
    refused(&signature, &"00".repeat(64), "no signature");
    let plain = nowhere.run(&["chip", "verify", at("good.json").to_str().unwrap(), "--issuer-key", at("k1.pem").to_str().unwrap()]);
    assert!(plain.status.code() == Some(65) && text(&plain.stderr).contains("the profile signs none"), "{}", text(&plain.stderr));
}

/// An encode file holds many: each gets its line, and one that isn't good fails the check.
#[test]
fn every_permit_of_an_encode_file_is_checked() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(at("k1.pem"), public_pem(&secret(1))).unwrap();
    std::fs::write(at("profile.toml"), signing_profile_text()).unwrap();
    let write = |keys: [u8; 3]| {
        let mut file = Vec::new();
        let profile = signing_profile();
        let writer = CpsWriter::new(&profile.chip, None).unwrap();
        let none = writer.derive(&[]).unwrap();
        writer.header(&BatchId::parse("B20250601-01").unwrap(), 1, 3, &mut file);
        for (n, key) in (1..).zip(keys) {
            writer.card(&card(n), &signed(&card(n), &signer(key)), &none, 0, &mut file).unwrap();
        }
        std::fs::write(at("job.cps"), file).unwrap();
    };
    let nowhere = Plant::at(Path::new(&at("no-plant")));
    let args = ["chip", "verify", &at("job.cps"), "--issuer-key", &at("k1.pem"), "--profile", &at("profile.toml"), "--on", "2026-01-01"];
    write([1, 1, 1]);
    assert_eq!(nowhere.ok(&args).matches("good, signed by").count(), 3);
    write([1, 2, 1]);
    let output = nowhere.run(&args);
    let said = text(&output.stdout);
    assert_eq!((output.status.code(), said.lines().count(), said.matches("good, ").count()), (Some(65), 3, 2), "{said}");
    assert_eq!(nowhere.run(&[&args[..], &["--card", "2"]].concat()).status.code(), Some(0));
    assert_eq!(nowhere.run(&[&args[..], &["--card", "3"]].concat()).status.code(), Some(65));
}

#[test]
fn a_portrait_goes_onto_the_chip_where_the_profile_has_a_place() {
    let plant = Plant::stocked(40, 93);
    std::fs::write(plant.root.join("portrait.toml"), format!("{HUBEI_FOREIGNER_2025}{CHIP_PORTRAIT}")).unwrap();
    plant.configure("file", "\"portrait.toml\"");
    plant.ok(&["run"]);
    let encode = batch_folder(&plant).join("encode/job-0001.cps");
    let images = objects(&plant.ok(&["chip", "show", encode.to_str().unwrap(), "--json"]));
    assert!(images.len() > 5);
    let mut portraits = std::collections::BTreeSet::new();
    for image in &images {
        let files = image["folders"][0]["files"].as_array().unwrap();
        let ids: Vec<&str> = files.iter().map(|f| f["id"].as_str().unwrap()).collect();
        assert_eq!(ids, ["EF05", "EF06", "EF08", "EF07"], "in the place that was kept for it");
        let hex = files[2]["transparent"].as_str().unwrap();
        assert!(hex.starts_with("FFD8FF") && hex.ends_with("FFD9") && hex.len() / 2 <= 4_096, "{}", hex.len() / 2);
        // Height 126 and width 102 in a frame of a baseline JPEG.
        assert!(hex.contains("FFC0001108007E0066"), "a baseline frame of its size");
        portraits.insert(hex.to_owned());
    }
    assert!(portraits.len() > images.len() / 2, "people differ");
    // Every job made again from the vault: the same bytes.
    plant.ok(&["verify", "--sample", "100%"]);
}
