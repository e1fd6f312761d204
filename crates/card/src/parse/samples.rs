//! A row without fault, of an invented person, and a machine-readable zone for whatever a row says. For tests of this crate.

use jiff::civil::Date;

use crate::application::RawApplication;
use crate::mrz::check_digit;
use crate::name::mrz_name;

pub const DAY: Date = jiff::civil::date(2025, 6, 1);

/// A row that is accepted on [`DAY`] without a reason.
pub fn sample_row() -> RawApplication {
    let mut row = RawApplication::empty();
    for (field, value) in [
        ("application_id", "WH01-2025-000001"),
        ("business_type", "new"),
        ("lane", "normal"),
        ("name", "EXAMPLE, ANNA MARIA"),
        ("name_zh", "安娜·示例"),
        ("sex", "F"),
        ("birth_date", "1985-08-12"),
        ("nationality", "SWE"),
        ("document_type", "passport"),
        ("document_number", "X12345678"),
        ("document_expiry", "2030-01-01"),
        ("ssn", "SWE0X12345678"),
        ("work_permit_number", "420000123456"),
        ("work_permit_category", "A"),
        ("work_permit_from", "2025-01-01"),
        ("work_permit_to", "2026-12-31"),
        ("employer_name", "湖北示例科技有限公司"),
        ("employer_code", "91350100M000100Y43"),
        ("photo", "WH01-2025-000001.jpg"),
        ("photo_taken_on", "2025-05-01"),
        ("religious_headgear", "no"),
        ("delivery", "outlet"),
        ("phone", "+86 27 8888 0000"),
        ("bank", "示例银行"),
    ] {
        row.set(field, value);
    }
    row
}

/// The zone of a row's passport: right check digits, whatever the row holds.
pub fn zone_of(row: &RawApplication) -> String {
    let date = |field: &str| row.get(field).replace('-', "")[2..].to_owned();
    let checked = |part: &str| format!("{part}{}", check_digit(part).unwrap());
    let number = checked(&format!("{:<<9}", row.get("document_number")));
    let birth = checked(&date("birth_date"));
    let expiry = checked(&date("document_expiry"));
    let sex = row.get("sex").replace('X', "<");
    let optional = "<".repeat(15);
    let composite = check_digit(&format!("{number}{birth}{expiry}{optional}")).unwrap();
    let nationality = format!("{:<<3}", row.get("nationality"));
    let line1 = format!("P<{nationality}{:<<39}", mrz_name(row.get("name")).text);
    format!("{line1}\n{number}{nationality}{birth}{sex}{expiry}{optional}{composite}")
}
