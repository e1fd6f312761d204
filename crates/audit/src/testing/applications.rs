//! The applications of the test plant: their records, photos and verdicts, and the numbers of their cards. Nothing is written here.

use card::card_number::check_char;
use card::{Application, BusinessType, Code, Delivery, DocumentType, Effect, Keyed, Lane, Mail, Outcome, OutletCode, Reason, Sex};
use jiff::civil::date;
use ledger::entry::Facts;

use super::plant::PEPPER;

pub fn number(n: u32) -> String {
    let body = format!("H{n:07}");
    format!("{body}{}", check_char(&body).unwrap())
}

pub fn outlet(code: &str) -> OutletCode {
    OutletCode::parse(code).unwrap()
}

pub fn application(n: usize) -> Application {
    let delivery = if n == 3 {
        Delivery::Mail(Mail { recipient: "=EXAMPLE, \"ANNA\"".into(), address: "湖北省武汉市示例路1号".into(), postcode: "430000".into() })
    } else {
        Delivery::Outlet
    };
    Application {
        application_id: format!("A-{n}"),
        business_type: BusinessType::New,
        lane: Lane::Normal,
        name: format!("EXAMPLE, NUMBER {n}"),
        name_zh: None,
        sex: Sex::F,
        birth_date: date(1985, 8, 12),
        nationality: "SWE".into(),
        document_type: DocumentType::Passport,
        document_number: format!("X{n:08}"),
        document_expiry: date(2030, 1, 1),
        mrz: None,
        ssn: format!("SWE0X{n:08}"),
        work_permit_number: format!("420000{n:06}"),
        work_permit_category: 'A',
        work_permit_from: date(2025, 1, 1),
        work_permit_to: date(2026, 12, 31),
        employer_name: "示例".into(),
        employer_code: "91350100M000100Y43".into(),
        photo: format!("{n}.jpg"),
        photo_taken_on: date(2025, 5, 1),
        religious_headgear: false,
        delivery,
        phone: "1".into(),
        bank: "示例银行".into(),
        receipt_number: (n == 3 || n == 5).then(|| format!("R-{n}")),
        due_on: None,
        supersedes: None,
        loss_report: None,
        old_card_number: None,
    }
}

/// The photo as sent; the validated one is without its first four bytes.
pub fn photo(n: usize) -> Vec<u8> {
    format!("exif\u{1}photo {n} {}", "x".repeat(n * 10)).into_bytes()
}

pub fn validated(n: usize) -> Vec<u8> {
    photo(n)[4..].to_vec()
}

pub fn facts(a: &Application) -> Facts {
    let keyed = |domain: &str, parts: &[&[u8]]| Keyed::of(&PEPPER, domain, parts);
    Facts {
        business_type: a.business_type,
        lane: a.lane,
        mail: matches!(a.delivery, Delivery::Mail(_)),
        document_key: keyed("document", &[a.nationality.as_bytes(), a.document_number.as_bytes()]),
        ssn_key: keyed("ssn", &[a.ssn.as_bytes()]),
        likeness_key: keyed("likeness", &[a.name.as_bytes()]),
        content_key: keyed("content", &[&a.canonical()]),
        supersedes: None,
    }
}

/// Outcome and reasons of application `n` when it arrived: 2 is refused, 6 is held.
pub fn verdict(n: usize) -> (Outcome, Vec<Reason>) {
    match n {
        2 => (
            Outcome::Rejected,
            vec![Reason::with_effect(Code::Pho05, Effect::Reject, "357", "358"), Reason::with_effect(Code::Pho24, Effect::Warn, "=72", "350")],
        ),
        6 => (Outcome::Held, vec![Reason::with_effect(Code::Dup03, Effect::Hold, "package #0", "one")]),
        7 => (Outcome::Accepted, vec![Reason::with_effect(Code::Dup10, Effect::Warn, "12 bits", "more than 24 bits")]),
        _ => (Outcome::Accepted, Vec::new()),
    }
}
