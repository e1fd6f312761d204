//! What goes wrong with single records (faults.md §5.3): each fault changes a conforming person, row or register row and says which
//! verdict must follow. Only rules that exist are here; photos are `degrade`, packages `hostile`, pairs `pairs`.
//! Left out: DUP-05, because an order is one night and nobody has a card yet.

use card::register::PermitEvent;
use card::{Code, RawApplication};
use jiff::ToSpan as _;
use jiff::civil::Date;

use super::case::{Case, Fate, Photo};
use super::person::Person;

/// Where a fault makes sense.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Where {
    Anywhere,
    /// In the employer channel the package as a whole would fail, or the rule doesn't apply.
    Individual,
    Employer,
    /// Needs records in CSV: bytes are damaged after writing.
    Csv,
    /// Needs records in JSON lines, where a single row can have keys of its own.
    Jsonl,
}

/// One kind of fault.
pub struct RecordFault {
    pub name: &'static str,
    pub fate: Fate,
    pub place: Where,
    /// Applied before row and registers are written, which then agree with it.
    pub person: fn(&mut Person, Date),
    /// Applied after.
    pub case: fn(&mut Case, Date),
}

/// Stands in a CSV row for bytes that no encoding has; the packer replaces it.
pub const BAD_BYTES_MARK: &str = "BADBYTES";

/// Stands in a JSON row for a value after which a key of no field follows; the packer replaces it.
pub const UNKNOWN_KEY_MARK: &str = "UNKNOWNKEY";

const fn fault(name: &'static str, fate: Fate, case: fn(&mut Case, Date)) -> RecordFault {
    RecordFault { name, fate, place: Where::Anywhere, person: |_, _| {}, case }
}

const fn field(name: &'static str, fate: Fate, case: fn(&mut Case, Date)) -> RecordFault {
    fault(name, fate, case)
}

const fn born(name: &'static str, fate: Fate, person: fn(&mut Person, Date)) -> RecordFault {
    RecordFault { name, fate, place: Where::Anywhere, person, case: |_, _| {} }
}

const fn only(place: Where, fault: RecordFault) -> RecordFault {
    RecordFault { place, ..fault }
}

const fn no(code: Code) -> Fate {
    Fate::rejected(code)
}

const fn wait(code: Code) -> Fate {
    Fate::held(code)
}

/// Every record fault.
pub static FAULTS: &[RecordFault] = &[
    only(Where::Csv, field("bytes-of-no-encoding", no(Code::Rec01), |c, _| c.row.set("bank", BAD_BYTES_MARK))),
    only(Where::Jsonl, field("key-of-no-field", no(Code::Rec32), |c, _| c.row.set("bank", UNKNOWN_KEY_MARK))),
    field("employer-name-blank", no(Code::Rec02), |c, _| c.row.set("employer_name", "   ")),
    field("document-number-na", no(Code::Rec02), |c, _| c.row.set("document_number", "N/A")),
    field("name-too-long", no(Code::Rec03), |c, _| c.row.set("name", "Lan ".repeat(60))),
    field("name-control", no(Code::Rec04), |c, _| append(&mut c.row, "name", "\u{7}a")),
    field("name-bidi", no(Code::Rec05), |c, _| append(&mut c.row, "name", "\u{202e}a")),
    field("name-zero-width", no(Code::Rec05), |c, _| append(&mut c.row, "name", "\u{200b}a")),
    field("name-emoji", no(Code::Rec05), |c, _| append(&mut c.row, "name", " \u{1f600}")),
    field("name-cyrillic", wait(Code::Rec06), |c, _| append(&mut c.row, "name", "\u{430}")),
    field("name-full-width", wait(Code::Rec07), |c, _| append(&mut c.row, "name", " \u{ff21}")),
    field("name-zh-rare", wait(Code::Rec08), |c, _| c.row.set("name_zh", "\u{2a6a5}\u{5b89}")),
    born("name-beyond-zone", wait(Code::Rec09), |p, _| {
        p.name.surname = "Bartholomew".to_owned();
        p.name.given = format!("Alexandrina Wilhelmina Constance {}", p.name.given);
    }),
    field("name-formula", no(Code::Rec10), |c, _| c.row.set("name", "=HYPERLINK(1)")),
    field("name-script", no(Code::Rec10), |c, _| c.row.set("name", "<script>alert(1)</script>")),
    field("birth-impossible", no(Code::Rec11), |c, _| c.row.set("birth_date", "1990-02-30")),
    field("birth-two-digit-year", no(Code::Rec11), |c, _| c.row.set("birth_date", "90-01-31")),
    born("under-age", wait(Code::Rec12), |p, today| p.birth_date = today.saturating_sub(12.years()).saturating_sub(40.days())),
    born("passport-expired", no(Code::Rec13), |p, today| {
        as_passport(p);
        p.expiry = today.saturating_sub(50.days());
    }),
    with_zone("mrz-check-digit", no(Code::Rec14), |c, _| bend_zone(&mut c.row)),
    with_zone("mrz-sex-differs", wait(Code::Rec15), |c, _| {
        let other = if c.row.get("sex") == "M" { "F" } else { "M" };
        c.row.set("sex", other);
    }),
    with_zone("mrz-name-differs", wait(Code::Rec15), |c, _| c.row.set("name", "Quillfeather Oxo")),
    RecordFault { person: |p, _| zero_in_number(p), case: |c, _| letter_for_zero(&mut c.row), ..fault("document-o-for-0", wait(Code::Rec16), |_, _| {}) },
    field("nationality-obsolete", no(Code::Rec17), |c, _| c.row.set("nationality", "ZAR")),
    born("nationality-chinese", wait(Code::Rec18), |p, _| another_nationality(p, "CHN")),
    born("nationality-stateless", wait(Code::Rec28), |p, _| another_nationality(p, "XXA")),
    field("ssn-form", no(Code::Rec19), |c, _| {
        let wrong = c.row.get("ssn").replacen('0', "Q", 1);
        c.row.set("ssn", wrong);
    }),
    field("ssn-not-enrolled", wait(Code::Rec23), |c, _| c.enrolment = None),
    field("ssn-of-another", wait(Code::Rec24), |c, _| {
        if let Some(row) = &mut c.enrolment {
            row.birth_date = row.birth_date.saturating_sub(400.days());
        }
    }),
    born("pr-number-wrong", no(Code::Rec27), |p, _| {
        as_pr_card(p);
        p.document_number = format!("{}42A", &p.document_number[..12]);
    }),
    born("pr-number-new-form", wait(Code::Rec31), new_pr_number),
    field("permit-number-form", no(Code::Rec20), |c, _| c.row.set("work_permit_number", "42-0001-X")),
    field("permit-number-missing", no(Code::Rec20), |c, _| c.row.set("work_permit_number", "")),
    field("permit-dates-crossed", no(Code::Rec29), |c, _| {
        let later = c.person.permit_to.saturating_add(10.days());
        c.row.set("work_permit_from", later.to_string());
    }),
    only(Where::Individual, field("employer-code-check", no(Code::Rec30), |c, _| bend_last(&mut c.row, "employer_code"))),
    field("sex-unknown-word", no(Code::Rec26), |c, _| c.row.set("sex", "Q")),
    field("delivery-unknown-word", no(Code::Rec26), |c, _| c.row.set("delivery", "pigeon")),
    field("permit-unknown", wait(Code::Prm01), |c, _| c.permit = None),
    born("permit-expired", no(Code::Prm02), |p, today| {
        p.permit_from = today.saturating_sub(700.days());
        p.permit_to = today.saturating_sub(9.days());
    }),
    field("permit-cancelled", no(Code::Prm03), |c, _| {
        if let Some(permit) = &mut c.permit {
            permit.last_event = PermitEvent::Cancelled;
            "cancelled".clone_into(&mut permit.status);
        }
    }),
    field("permit-category-differs", wait(Code::Prm04), |c, _| {
        if let Some(permit) = &mut c.permit {
            permit.category = if permit.category == 'A' { 'B' } else { 'A' };
        }
    }),
    RecordFault { person: |p, _| p.business_type = "new", case: |c, _| unchanged_permit(c), ..fault("permit-unchanged", no(Code::Prm05), |_, _| {}) },
    born("permit-not-begun", wait(Code::Prm06), |p, today| p.permit_from = today.saturating_add(45.days())),
    field("permit-other-employer", wait(Code::Prm07), |c, _| {
        if let Some(permit) = &mut c.permit {
            permit.employer_code = card::employer::with_check("91420100999999999").expect("17 characters of the alphabet");
        }
    }),
    only(Where::Individual, field("address-formula", no(Code::Adr01), |c, _| mail(&mut c.row, "=cmd|'/C calc'!A0"))),
    only(Where::Individual, field("address-printer-command", no(Code::Adr01), |c, _| mail(&mut c.row, "^XA^FO50,50^FDx^XZ"))),
    only(Where::Individual, field("address-missing", wait(Code::Adr02), |c, _| mail(&mut c.row, ""))),
    only(Where::Employer, field("mail-by-employer", no(Code::Emp03), |c, _| mail(&mut c.row, "湖北省武汉市示例路1号"))),
    RecordFault {
        person: |p, _| p.business_type = "replace-lost",
        case: |c, _| c.row.set("loss_report", ""),
        ..fault("loss-unreported", no(Code::Dup06), |_, _| {})
    },
    RecordFault {
        person: |p, _| p.business_type = "replace-damaged",
        case: |c, _| c.row.set("old_card_number", ""),
        ..fault("old-card-unnamed", no(Code::Dup06), |_, _| {})
    },
    field("supersedes-unknown", no(Code::Dup09), |c, _| c.row.set("supersedes", "NEVER-SENT-1")),
    field("photo-old", wait(Code::Pho15), |c, today| c.row.set("photo_taken_on", today.saturating_sub(9.months()).to_string())),
    field("photo-missing", no(Code::Pho25), |c, _| c.photo = Photo::Missing),
    field("photo-altered", no(Code::Man01), |c, _| {
        if let Photo::Good(n) = c.photo {
            c.photo = Photo::Altered(n);
        }
    }),
];

/// A fault of a passport: people with a permanent-residence card get one first.
const fn with_zone(name: &'static str, fate: Fate, case: fn(&mut Case, Date)) -> RecordFault {
    RecordFault { name, fate, place: Where::Anywhere, person: |p, _| as_passport(p), case }
}

fn as_passport(p: &mut Person) {
    p.pr_card = false;
    p.number_document(0, p.index);
}

fn as_pr_card(p: &mut Person) {
    p.pr_card = true;
    p.number_document(0, p.index);
}

fn another_nationality(p: &mut Person, code: &str) {
    code.clone_into(&mut p.nationality);
    as_passport(p);
}

/// 18 digits with the nationality's number and the birth date: how it enters the social security number nobody has said.
fn new_pr_number(p: &mut Person, _today: Date) {
    as_pr_card(p);
    let country = card::country::iso_number(p.iso()).unwrap_or(826);
    let body = format!("942{country:03}{}{:03}", p.birth_date.strftime("%Y%m%d"), p.index % 1000);
    let check = card::pr_card::check_char(body.as_bytes()).map_or('0', char::from);
    p.document_number = format!("{body}{check}");
}

/// A number of another length than everyone else's, so that it stays unique, with a zero to confuse.
fn zero_in_number(p: &mut Person) {
    as_passport(p);
    p.document_number = format!("Z0{}", &p.document_number[p.document_number.len() - 6..]);
    p.ssn = format!("{}0{}", p.iso(), p.document_number);
}

fn letter_for_zero(row: &mut RawApplication) {
    let confused = row.get("document_number").replacen('0', "O", 1);
    row.set("document_number", confused);
}

fn unchanged_permit(c: &mut Case) {
    if let Some(permit) = &mut c.permit {
        permit.last_event = PermitEvent::None;
        permit.event_on = None;
        permit.physical_card_held = true;
    }
}

fn append(row: &mut RawApplication, field: &str, text: &str) {
    let longer = format!("{}{text}", row.get(field));
    row.set(field, longer);
}

fn bend_zone(row: &mut RawApplication) {
    let zone = row.get("mrz");
    let (head, last) = zone.split_at(zone.len() - 1);
    let other = if last == "5" { "6" } else { "5" };
    let bent = format!("{head}{other}");
    row.set("mrz", bent);
}

fn bend_last(row: &mut RawApplication, field: &str) {
    let code = row.get(field);
    let (head, last) = code.split_at(code.len() - 1);
    let bent = format!("{head}{}", if last == "7" { "8" } else { "7" });
    row.set(field, bent);
}

fn mail(row: &mut RawApplication, address: &str) {
    for (field, value) in [("delivery", "mail"), ("mail_recipient", "收件人"), ("mail_address", address), ("mail_postcode", "430070")] {
        row.set(field, value);
    }
}
