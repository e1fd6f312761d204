//! Invented cards and generated photos for this crate's tests.

use card::profile::face::FaceLayout;
use card::{Application, BatchId, BusinessType, Card, Delivery, DocumentType, Keyed, Lane, OutletCode, Profile, Sex};
use jiff::civil::{Date, date};

const DAY: Date = date(2025, 6, 1);

/// A JPEG of 358 × 441 pixels that differs with `seed`.
pub(crate) fn portrait(seed: u32) -> Vec<u8> {
    let picture = image::RgbImage::from_fn(358, 441, |x, y| {
        let (dx, dy) = ((f64::from(x) - 179.0) / 90.0, (f64::from(y) - 200.0) / 125.0);
        let shoulders = f64::from(y) > 330.0 + (f64::from(x) - 179.0).abs() * 0.35;
        match (dx * dx + dy * dy < 1.0, shoulders) {
            (true, _) => image::Rgb([224, 172_u8.wrapping_add((seed % 40) as u8), 150]),
            (_, true) => image::Rgb([40, 60, 90_u8.wrapping_add((seed % 100) as u8)]),
            _ => image::Rgb([250, 250, 250]),
        }
    });
    let mut bytes = Vec::new();
    image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, 90).encode_image(&picture).unwrap();
    bytes
}

pub(crate) fn layout() -> FaceLayout {
    Profile::built_in("hubei-foreigner-2025", DAY).unwrap().face
}

pub(crate) fn application(name: &str, name_zh: Option<&str>) -> Application {
    Application {
        application_id: "A-1".into(),
        business_type: BusinessType::New,
        lane: Lane::Normal,
        name: name.into(),
        name_zh: name_zh.map(Into::into),
        sex: Sex::F,
        birth_date: date(1990, 2, 3),
        nationality: "UTO".into(),
        document_type: DocumentType::Passport,
        document_number: "X12345678".into(),
        document_expiry: date(2030, 1, 1),
        mrz: None,
        ssn: "UTO0X12345678".into(),
        work_permit_number: "42000120250001234".into(),
        work_permit_category: 'B',
        work_permit_from: date(2025, 3, 1),
        work_permit_to: date(2026, 2, 28),
        employer_name: "武汉东湖光电科技有限公司".into(),
        employer_code: "91420100MA00000000".into(),
        photo: "1.jpg".into(),
        photo_taken_on: date(2025, 5, 1),
        religious_headgear: false,
        delivery: Delivery::Outlet,
        phone: "13800000000".into(),
        bank: "ICBC".into(),
        receipt_number: None,
        due_on: None,
        supersedes: None,
        loss_report: None,
        old_card_number: None,
    }
}

pub(crate) fn card(position: u32, name: &str, name_zh: Option<&str>) -> Card {
    Card {
        batch: BatchId::parse("B20250601-01").unwrap(),
        position,
        job: 1,
        slot: position,
        tray: 1,
        number: format!("A9{position:06}X"),
        generation: 1,
        remake_of: None,
        outlet: OutletCode::parse("WH-01").unwrap(),
        division: "420100".into(),
        application: application(name, name_zh),
        issued_on: DAY,
        expires_on: date(2035, 6, 1),
        qr_payload: format!("CL1:A9{position:06}X"),
        record_digest: Keyed::of(&[7; 32], "test", &[&position.to_be_bytes()]),
    }
}
