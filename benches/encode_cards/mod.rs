//! Invented cards, keys in software, and one job's encode file: what the benches of encoding share.

use std::hint::black_box;

use card::application::{Application, BusinessType, Delivery, DocumentType, Lane, Sex};
use card::profile::chip::KeyAlgorithm;
use card::{BatchId, Card, Keyed, OutletCode, Profile, card_number};
use chip::cps::CpsWriter;
use chip::keys::{KeyMark, KeyRequest, SoftwareKeys, check_value};
use chip::permit::PermitSigner;
use chip::{FileTree, Key16, Parts};
use jiff::civil::date;

pub const JOB_CARDS: usize = 500;
const CITIES: [&str; 3] = ["420100", "420500", "420600"];

pub fn card(n: usize) -> Card {
    Card {
        batch: BatchId::parse("B20250601-01").expect("a batch id"),
        position: n as u32 + 1,
        job: (n / JOB_CARDS) as u32 + 1,
        slot: (n % JOB_CARDS) as u32 + 1,
        number: card_number::number_at("H", n as u64).expect("a number"),
        generation: 1,
        remake_of: None,
        outlet: OutletCode::parse("WH-01").expect("an outlet"),
        division: CITIES[n % CITIES.len()].to_owned(),
        application: application(n),
        issued_on: date(2025, 6, 1),
        expires_on: date(2035, 6, 1),
        qr_payload: format!("CL1:{n}"),
        record_digest: Keyed([7; 16]),
    }
}

fn application(n: usize) -> Application {
    Application {
        application_id: format!("WH01-{n:06}"),
        business_type: BusinessType::New,
        lane: Lane::Normal,
        name: format!("ŁUKASZ EXAMPLE-{}", ["SØRENSEN", "NOWAK", "ZIELIŃSKI"][n % 3]),
        name_zh: Some("示例".to_owned()),
        sex: Sex::M,
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

pub fn keys(profile: &Profile) -> SoftwareKeys {
    let key = |n: u8| Key16::take(&mut [n; 16]);
    let mark = |label: &str, n: u8| KeyMark::new(label, 1, check_value(KeyAlgorithm::Sm4, &key(n))).expect("a label");
    let mut keys = SoftwareKeys::default();
    for (k, n) in profile.chip.key.iter().zip(1..) {
        keys.add_root(&mark(&k.name, n), k.algorithm, None, &key(n)).expect("its own check value");
    }
    keys.set_transport(&mark("TK", 100), &key(100)).expect("its own check value");
    keys.set_mac(&mark("MK", 101), &key(101)).expect("its own check value");
    keys
}

pub fn requests(cards: &[Card], profile: &Profile) -> Vec<KeyRequest> {
    cards.iter().map(|c| KeyRequest::new(c, profile.keys, None).expect("a division and a number")).collect()
}

/// One job's file as it leaves: a card's bytes are handed on and its buffer used again. Returns the bytes written.
pub fn job(cards: &[Card], profile: &Profile, tree: &FileTree, signer: Option<&dyn PermitSigner>, writer: &CpsWriter) -> usize {
    let derived = writer.derive(&requests(cards, profile)).expect("all keys are there");
    let mut out = Vec::new();
    writer.header(&cards[0].batch, cards[0].job, cards.len() as u32, &mut out);
    let mut bytes = out.len();
    for (n, card) in cards.iter().enumerate() {
        let image = tree.image(card, Parts { portrait: None, signer }).ok().expect("fits");
        out.clear();
        writer.card(card, &image, &derived, n, &mut out).expect("fits");
        bytes += black_box(&out).len();
    }
    bytes
}
