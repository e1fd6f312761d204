//! Invented cards, as many as wanted: what the benches of artwork and chip are made of.

use card::application::{Application, BusinessType, Delivery, DocumentType, Lane, Sex};
use card::{BatchId, Card, Keyed, OutletCode, card_number};
use jiff::civil::date;

/// Cards of a job as a plant makes it by default.
pub const JOB_CARDS: usize = 500;
const CITIES: [&str; 3] = ["420100", "420500", "420600"];

pub fn card(n: usize) -> Card {
    Card {
        batch: BatchId::parse("B20250601-01").expect("a batch id"),
        position: n as u32 + 1,
        job: (n / JOB_CARDS) as u32 + 1,
        slot: (n % JOB_CARDS) as u32 + 1,
        tray: 1,
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
        // Three signs, one of them another on every card: the fonts of a job are cut to what it uses.
        name_zh: char::from_u32(0x4e00 + (n as u32 * 7) % 14_000).map(|sign| format!("示例{sign}")),
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
