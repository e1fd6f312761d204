//! An invented card for the tests of this crate.

use card::application::{Application, BusinessType, Delivery, DocumentType, Lane, Sex};
use card::profile::{CHIP_PERMIT, CHIP_PORTRAIT, HUBEI_FOREIGNER_2025};
use card::{BatchId, Card, Keyed, OutletCode, Profile, card_number};
use jiff::civil::{Date, date};

const DAY: Date = date(2025, 6, 1);

pub fn profile() -> Profile {
    Profile::built_in("hubei-foreigner-2025", DAY).unwrap()
}

pub fn with_portrait() -> Profile {
    with_part(CHIP_PORTRAIT)
}

pub fn with_permit() -> Profile {
    with_part(CHIP_PERMIT)
}

fn with_part(part: &str) -> Profile {
    Profile::parse(&format!("{HUBEI_FOREIGNER_2025}{part}"), DAY).unwrap()
}

pub fn card(n: u32) -> Card {
    let mut digest = [0; 16];
    digest[..4].copy_from_slice(&n.to_be_bytes());
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
        issued_on: DAY,
        expires_on: date(2035, 6, 1),
        qr_payload: format!("CL1:{n}"),
        record_digest: Keyed(digest),
    }
}

fn application(n: u32) -> Application {
    Application {
        application_id: format!("WH01-{n:06}"),
        business_type: BusinessType::New,
        lane: Lane::Green,
        name: "EXAMPLE, ANNA MARIA".to_owned(),
        name_zh: Some("安娜·示例".to_owned()),
        sex: Sex::F,
        birth_date: date(1985, 8, 12),
        nationality: "SWE".to_owned(),
        document_type: DocumentType::Passport,
        document_number: format!("X{n:08}"),
        document_expiry: date(2030, 1, 1),
        mrz: None,
        ssn: format!("SWE0X{n:08}"),
        work_permit_number: format!("420000{n:06}"),
        work_permit_category: 'A',
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
