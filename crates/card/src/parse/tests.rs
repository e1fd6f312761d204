//! One row for every code the parser can give, each with exactly the codes and the outcome expected, and the people it must not refuse.

use super::samples::{DAY, zone_of};
use super::*;
use crate::application::{Delivery, Sex};
use crate::reason::{Code, Effect};
use crate::verdict::{Outcome, Verdict};
use proptest::prelude::*;

fn profile() -> Profile {
    Profile::built_in("hubei-foreigner-2025", DAY).unwrap()
}

fn judge(changes: &[(&str, &str)], channel: &Channel, profile: &Profile) -> (Verdict, Option<Application>) {
    let mut row = sample_row();
    for (field, value) in changes {
        row.set(field, *value);
    }
    if row.get("mrz") == "AS ROW" {
        row.set("mrz", zone_of(&row));
    }
    let parsed = parse(&row, DAY, channel, profile);
    (Verdict::from_reasons(parsed.reasons), parsed.application)
}

fn codes(verdict: &Verdict) -> Vec<&'static str> {
    verdict.reasons.iter().map(|r| r.code.text()).collect()
}

type Case = (&'static [(&'static str, &'static str)], &'static str, Outcome);
use Outcome::{Accepted, Held, Rejected};

type MailCase<'a> = (&'static [(&'static str, &'static str)], &'a Channel, &'static str, Outcome);

const MAILED: [(&str, &str); 4] = [("delivery", "mail"), ("mail_recipient", "Anna Example"), ("mail_address", "武汉市示例路1号"), ("mail_postcode", "430000")];

#[rustfmt::skip]
const CASES: &[Case] = &[
    // Required fields, lengths, characters
    (&[("name", "")], "REC-02", Rejected),
    (&[("name", "  ")], "REC-02", Rejected),
    (&[("name", "N/A")], "REC-02", Rejected),
    (&[("employer_name", "n/a")], "REC-02", Rejected),
    (&[("photo", "")], "REC-02", Rejected),
    (&[("ssn", "NULL")], "REC-02", Rejected),
    (&[("application_id", "")], "REC-02", Rejected),
    (&[("name", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")], "REC-03", Rejected),
    (&[("employer_name", "A very long employer name that goes on and on and on and on and on and on and on and on and on and on and on and on and on")], "REC-03", Rejected),
    (&[("employer_name", "示示示示示示示示示示示示示示示示示示示示示示示示示示示示示示示示示示示示示示示示示示示示示示示示示示示示示示示示示示示示示")], "REC-03", Rejected),
    (&[("document_number", "X12345678901234"), ("ssn", "SWE0X1234567890123")], "REC-03 REC-25", Rejected),
    (&[("name", "ANNA\u{0}EXAMPLE")], "REC-04", Rejected),
    (&[("name", "ANNA\nEXAMPLE")], "REC-04", Rejected),
    (&[("name", "\u{1b}[31mANNA")], "REC-04", Rejected),
    (&[("bank", "示例\u{85}银行")], "REC-04", Rejected),
    (&[("name", "ANNA\u{202e}EXAMPLE")], "REC-05", Rejected),
    (&[("name", "AN\u{200b}NA EXAMPLE")], "REC-05", Rejected),
    (&[("name", "ANNA \u{e0041}")], "REC-05", Rejected),
    (&[("name", "ANNA 😀")], "REC-05", Rejected),
    (&[("name", "ANNA \u{e000}")], "REC-05", Rejected),
    (&[("employer_name", "Example\u{fe0f}")], "REC-05", Rejected),
    // Names
    (&[("name", "ERIKSSON \u{430}NNA")], "REC-06", Held),
    (&[("name", "Анна Иванова")], "REC-06", Held),
    (&[("name", "\u{251}nna Example")], "REC-06", Held),
    (&[("name", "ＡNNA EXAMPLE")], "REC-07", Held),
    (&[("name", "SO\u{fb01}A EXAMPLE")], "REC-07", Held),
    (&[("name", "Roſa Example")], "REC-07", Held),
    (&[("name_zh", "安娜Ａ")], "REC-07", Held),
    (&[("name", "WOLFESCHLEGELSTEINHAUSENBERGERDORFF ANNA")], "REC-09", Held),
    (&[("name", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")], "REC-09", Held),
    (&[("employer_name", "Example|Company")], "REC-04", Rejected),
    (&[("name", "=HYPERLINK(\"x\")")], "REC-10", Rejected),
    (&[("name", "@SUM")], "REC-10", Rejected),
    (&[("name", "-2+3")], "REC-10", Rejected),
    (&[("name", "-ANNA")], "REC-10", Rejected),
    (&[("name", "<script>alert</script>")], "REC-10", Rejected),
    (&[("name", "{{7*7}}")], "REC-10", Rejected),
    (&[("name", "ANNA %s")], "REC-10", Rejected),
    (&[("name", "'; DROP TABLE x")], "REC-10", Rejected),
    (&[("name", "ANNA 2")], "REC-10", Rejected),
    (&[("name", "'''")], "REC-10", Rejected),
    (&[("name", "ANNA\u{301}\u{302}\u{303}\u{304}\u{305}")], "REC-10", Rejected),
    (&[("name_zh", "ANNA")], "REC-10", Rejected),
    (&[("name_zh", "安娜<b>")], "REC-10", Rejected),
    // Dates and age
    (&[("birth_date", "1985-02-30")], "REC-11", Rejected),
    (&[("birth_date", "85-02-20")], "REC-11", Rejected),
    (&[("birth_date", "12/08/1985")], "REC-11", Rejected),
    (&[("birth_date", "１985-08-12")], "REC-11", Rejected),
    (&[("birth_date", "2025-06-02")], "REC-11", Rejected),
    (&[("birth_date", "1894-05-31")], "REC-11", Rejected),
    (&[("birth_date", "0001-01-01")], "REC-11", Rejected),
    (&[("photo_taken_on", "2025-06-02")], "REC-11", Rejected),
    (&[("due_on", "soon")], "REC-11", Rejected),
    (&[("birth_date", "2009-06-02")], "REC-12", Held),
    // Document and machine-readable zone
    (&[("document_expiry", "2025-05-31")], "REC-13", Rejected),
    (&[("mrz", "P<SWE")], "REC-14", Rejected),
    (&[("mrz", "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<L898902C36UTO7408123F1204159ZE184226B<<<<<10")], "REC-14", Rejected),
    (&[("mrz", "P<SWEOTHER<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<<<<X123456785SWE8508122F3001019<<<<<<<<<<<<<<<0")], "REC-15", Held),
    (&[("document_number", "XO2345678"), ("ssn", "SWE0X02345678")], "REC-16", Held),
    (&[("document_number", "X1234.5678*")], "REC-26", Rejected),
    (&[("document_number", "X-1")], "REC-26", Rejected),
    (&[("nationality", "ZAR")], "REC-17", Rejected),
    (&[("nationality", "Sweden")], "REC-17", Rejected),
    (&[("nationality", "UTO")], "REC-17", Rejected),
    (&[("nationality", "CHN")], "REC-18", Held),
    (&[("nationality", "TWN")], "REC-18", Held),
    (&[("nationality", "GBN"), ("ssn", "GBR0X12345678")], "REC-28", Held),
    (&[("nationality", "XXA")], "REC-28", Held),
    (&[("nationality", "RKS")], "REC-28", Held),
    (&[("ssn", "SWE")], "REC-19", Rejected),
    (&[("ssn", "swe0X12345678")], "REC-19", Rejected),
    (&[("ssn", "NOR0X12345678")], "REC-19", Rejected),
    (&[("ssn", "ZZZ0X12345678")], "REC-19", Rejected),
    (&[("ssn", "SWE0X87654321")], "REC-25", Accepted),
    (&[("document_type", "pr-card"), ("document_number", "SWE32457891205"), ("ssn", "SWE0324578912056")], "REC-27", Rejected),
    (&[("document_type", "pr-card"), ("document_number", "DNK324578912056"), ("ssn", "SWE0324578912056")], "REC-27", Rejected),
    (&[("document_type", "pr-card"), ("document_number", "942752198508120010")], "REC-27", Rejected),
    (&[("document_type", "pr-card"), ("document_number", "942752198508120015")], "REC-31", Held),
    // Permit and employer
    (&[("work_permit_number", "")], "REC-20", Rejected),
    (&[("work_permit_number", "42-00")], "REC-20", Rejected),
    (&[("work_permit_number", "42000")], "REC-20", Rejected),
    (&[("work_permit_number", "420000000000000000001")], "REC-20", Rejected),
    (&[("work_permit_from", "2027-01-01")], "REC-29", Rejected),
    (&[("work_permit_to", "2025-05-31")], "PRM-02", Rejected),
    (&[("employer_code", "91350100M000100Y44")], "REC-30", Rejected),
    (&[("employer_code", "91350100M000100Y4")], "REC-30", Rejected),
    (&[("photo_taken_on", "2024-11-30")], "PHO-15", Held),
    // Lists and forms
    (&[("business_type", "renew")], "REC-26", Rejected),
    (&[("lane", "red")], "REC-26", Rejected),
    (&[("sex", "W")], "REC-26", Rejected),
    (&[("document_type", "visa")], "REC-26", Rejected),
    (&[("work_permit_category", "D")], "REC-26", Rejected),
    (&[("religious_headgear", "maybe")], "REC-26", Rejected),
    (&[("delivery", "drone")], "REC-26", Rejected),
    (&[("photo", "../../etc/passwd.jpg")], "REC-26", Rejected),
    (&[("photo", "face.png")], "REC-26", Rejected),
    (&[("application_id", "../x")], "REC-26", Rejected),
    (&[("application_id", ".hidden")], "REC-26", Rejected),
    (&[("application_id", "A/B")], "REC-26", Rejected),
    (&[("application_id", "A1234567890123456789012345678901234567890")], "REC-26", Rejected),
    (&[("phone", "call me")], "REC-26", Rejected),
    (&[("phone", "12")], "REC-26", Rejected),
    (&[("bank", "=1+1")], "REC-26", Rejected),
    (&[("receipt_number", "=1")], "REC-26", Rejected),
    (&[("old_card_number", "A12345675")], "REC-26", Rejected),
    (&[("supersedes", "no such/number")], "REC-26", Rejected),
    (&[("supersedes", "WH01-2025-000001")], "DUP-09", Rejected),
    // Replacements
    (&[("business_type", "replace-lost")], "DUP-06", Rejected),
    (&[("business_type", "replace-damaged")], "DUP-06", Rejected),
    (&[("business_type", "same-number")], "DUP-06", Rejected),
    (&[("business_type", "same-number"), ("old_card_number", "A12345675")], "DUP-06", Rejected),
    (&[("business_type", "same-number"), ("old_card_number", "A12345674")], "", Accepted),
    (&[("business_type", "replace-lost"), ("loss_report", "挂失-2025-001")], "", Accepted),
    // What is cleaned or optional
    (&[("mrz", "AS ROW")], "", Accepted),
    (&[("document_number", " x123 45678 ")], "", Accepted),
    (&[("name", "  Anna   Mari\u{61}\u{301} ")], "", Accepted),
    (&[("name", "O\u{2019}NEILL\u{2010}MÜLLER")], "", Accepted),
    (&[("name_zh", "")], "", Accepted),
    (&[("name_zh", "安娜•示例")], "", Accepted),
    (&[("lane", "")], "", Accepted),
    (&[("religious_headgear", "")], "", Accepted),
    (&[("photo", "photos/WH01-2025-000001.JPG")], "", Accepted),
    (&[("nationality", "DEU"), ("ssn", "DEU0X12345678")], "", Accepted),
    (&[("nationality", "D<<"), ("ssn", "DEU0X12345678")], "", Accepted),
    (&[("document_type", "pr-card"), ("document_number", "SWE324578912056"), ("ssn", "SWE0324578912056")], "", Accepted),
    (&[("birth_date", "2009-06-01")], "", Accepted),
    (&[("document_expiry", "2025-06-01")], "", Accepted),
    (&[("photo_taken_on", "2024-12-01")], "", Accepted),
    (&[("sex", "X"), ("mrz", "AS ROW")], "", Accepted),
    (&[("name", "SUKARNO")], "", Accepted),
    (&[("name", "Null")], "", Accepted),
];

#[test]
fn the_sample_has_no_fault() {
    let (verdict, application) = judge(&[], &Channel::Individual, &profile());
    assert_eq!(codes(&verdict), Vec::<&str>::new());
    assert!(application.is_some());
}

#[test]
fn every_row_has_exactly_its_reasons() {
    let profile = profile();
    for (changes, expected, outcome) in CASES {
        let (verdict, _) = judge(changes, &Channel::Individual, &profile);
        assert_eq!(codes(&verdict).join(" "), *expected, "{changes:?}");
        assert_eq!(verdict.outcome, *outcome, "{changes:?}");
    }
}

/// What is held or warned about must still be understood: a person may accept it.
#[test]
fn what_is_not_rejected_is_an_application() {
    let profile = profile();
    for (changes, _, outcome) in CASES.iter().filter(|(.., outcome)| *outcome != Rejected) {
        let (_, application) = judge(changes, &Channel::Individual, &profile);
        assert!(application.is_some(), "{changes:?} {outcome:?}");
    }
}

#[test]
fn mail_is_for_individuals_and_needs_everything() {
    let profile = profile();
    let with = |more: &[(&'static str, &'static str)]| [&MAILED[..], more].concat();
    let (individual, employer) = (&Channel::Individual, &Channel::Employer { code: "91350100M000100Y43".to_owned() });
    #[rustfmt::skip]
    let cases: &[MailCase<'_>] = &[
        (&[], individual, "", Accepted),
        (&[], employer, "EMP-03", Rejected),
        (&[("mail_recipient", "")], individual, "ADR-02", Held),
        (&[("mail_address", "N/A")], individual, "ADR-02", Held),
        (&[("mail_postcode", "43000")], individual, "ADR-02", Held),
        (&[("phone", "")], individual, "ADR-02", Held),
        (&[("mail_address", "=cmd|' /C calc'!A0")], individual, "ADR-01", Rejected),
        (&[("mail_address", "Road 1 ^XA^FO")], individual, "ADR-01", Rejected),
        (&[("mail_recipient", "Anna\u{1b}E")], individual, "ADR-01", Rejected),
        (&[("mail_recipient", "Anna\u{202e}")], individual, "REC-05", Rejected),
        (&[("mail_address", "1234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345")], individual, "REC-03", Rejected),
    ];
    for &(more, channel, expected, outcome) in cases {
        let (verdict, application) = judge(&with(more), channel, &profile);
        assert_eq!((codes(&verdict).join(" ").as_str(), verdict.outcome), (expected, outcome), "{more:?}");
        assert!(outcome == Rejected || matches!(application.unwrap().delivery, Delivery::Mail(_)));
    }
    assert_eq!(codes(&judge(&[], employer, &profile).0), Vec::<&str>::new());
    assert_eq!(codes(&judge(&[("phone", "")], employer, &profile).0), ["REC-02"]);
}

#[test]
fn all_reasons_are_kept() {
    let profile = profile();
    let (verdict, application) =
        judge(&[("name", ""), ("birth_date", "x"), ("ssn", "1"), ("employer_code", "1"), ("sex", "?")], &Channel::Individual, &profile);
    assert_eq!(codes(&verdict), ["REC-02", "REC-02", "REC-11", "REC-19", "REC-30"], "a question mark stands for nothing");
    assert!(application.is_none());
    let (verdict, _) = judge(&[("mrz", "AS ROW"), ("nationality", "CHN")], &Channel::Individual, &profile);
    assert_eq!(codes(&verdict), ["REC-18"]);
}

#[test]
fn the_zone_is_compared_with_every_field() {
    let profile = profile();
    let zone = zone_of(&sample_row());
    for (field, value, more) in [
        ("name", "EXAMPLE, ANNE MARIA", None),
        ("sex", "M", None),
        ("birth_date", "1985-08-13", None),
        ("nationality", "NOR", Some("REC-19")),
        ("document_number", "X12345679", Some("REC-25")),
        ("document_expiry", "2030-01-02", None),
    ] {
        let (verdict, _) = judge(&[("mrz", &zone), (field, value)], &Channel::Individual, &profile);
        let reason = verdict.reasons.iter().find(|r| r.code == Code::Rec15).unwrap();
        assert_eq!(reason.value, field);
        assert!(verdict.reasons.iter().all(|r| r.code == Code::Rec15 || Some(r.code.text()) == more), "{field}");
    }
    let (verdict, _) = judge(&[("mrz", &zone), ("document_number", "XI2345678"), ("ssn", "SWE0XI2345678")], &Channel::Individual, &profile);
    assert_eq!(codes(&verdict), ["REC-16"]);
}

#[test]
fn an_understood_row_is_clean() {
    let profile = profile();
    let changes = [
        ("document_number", "x12345678"),
        ("name", " José  O\u{2019}NEILL "),
        ("sex", "x"),
        ("photo", "photos/a.jpg"),
        ("nationality", "d<<"),
        ("ssn", "DEU0X12345678"),
    ];
    let application = judge(&changes, &Channel::Individual, &profile).1.unwrap();
    assert_eq!((application.document_number.as_str(), application.nationality.as_str(), application.photo.as_str()), ("X12345678", "D", "a.jpg"));
    assert!(application.name == "José O'NEILL" && application.sex == Sex::X);
    assert!(application.receipt_number.is_none() & application.due_on.is_none());
}

#[test]
fn the_profile_decides_between_two_outcomes() {
    let text = format!(
        "{}\n[[change]]\napplies_from = \"2025-02-01\"\n[change.effects]\nREC-13 = \"hold\"\n[change.record]\ndocument_valid_months_min = 6\nphone_required = false\nspecimen_nationality_allowed = true\n[change.record.ssn_prefix]\nUTO = \"UTO\"\n",
        crate::profile::HUBEI_FOREIGNER_2025
    );
    let profile = Profile::parse(&text, DAY).unwrap();
    let (verdict, application) = judge(&[("document_expiry", "2025-11-30"), ("phone", "")], &Channel::Individual, &profile);
    assert_eq!((codes(&verdict), verdict.outcome), (vec!["REC-13"], Held));
    assert_eq!(application.unwrap().phone, "");
    let (verdict, _) = judge(&[("nationality", "UTO"), ("ssn", "UTO0X12345678")], &Channel::Individual, &profile);
    assert_eq!(verdict.outcome, Accepted);
}

/// Names as passports of many countries spell them: none may raise a reason, and each agrees with its own zone.
#[test]
fn nobody_is_refused_for_their_name() {
    let profile = profile();
    for line in include_str!("people.txt").lines().filter(|l| !l.starts_with('#')) {
        let (nationality, name) = line.split_once(' ').unwrap();
        let prefix = if nationality == "D" { "DEU" } else { nationality };
        let ssn = format!("{prefix}0X12345678");
        let changes = [("nationality", nationality), ("name", name), ("ssn", &ssn), ("mrz", "AS ROW")];
        let (verdict, application) = judge(&changes, &Channel::Individual, &profile);
        assert_eq!(codes(&verdict), Vec::<&str>::new(), "{line}");
        assert!(application.unwrap().name == name, "{line}");
    }
    let nationalities: std::collections::BTreeSet<&str> =
        include_str!("people.txt").lines().filter(|l| !l.starts_with('#')).filter_map(|l| l.split(' ').next()).collect();
    assert!(nationalities.len() >= 60, "{}", nationalities.len());
}

#[test]
fn canonical_bytes_tell_applications_apart() {
    let profile = profile();
    let bytes = |changes: &[(&str, &str)]| judge(changes, &Channel::Individual, &profile).1.unwrap().canonical();
    let base = bytes(&[]);
    assert_eq!(base, bytes(&[("lane", "")]), "a default is what it stands for");
    for change in [("receipt_number", "R1"), ("loss_report", "R1"), ("name", "EXAMPLE, ANN"), ("name_zh", ""), ("religious_headgear", "yes"), ("mrz", "AS ROW")]
    {
        assert_ne!(base, bytes(&[change]), "{change:?}");
    }
    let mut expected = b"application/1\0".to_vec();
    expected.extend_from_slice(b"\0\0\0\x10WH01-2025-000001\0\0\0\x03new\0\0\0\x06normal");
    assert!(base.starts_with(&expected));
    assert!(base.ends_with(&[0xFF; 20]), "five absent values");
}

proptest! {
    /// Nothing an outlet can type makes the parser fail, and no reason repeats what was typed.
    #[test]
    fn any_row_is_answered(values in proptest::collection::vec("\\PC{0,40}", 33)) {
        let parsed = parse(&RawApplication { values: values.clone() }, DAY, &Channel::Individual, &profile());
        prop_assert!(parsed.application.is_none());
        for reason in &parsed.reasons {
            prop_assert!(!values.iter().any(|v| v.chars().count() > 8 && reason.value.contains(v.as_str())));
        }
    }

    /// A wrong value in one field never hides another's reasons, and an application without a rejecting reason is there.
    #[test]
    fn one_wild_field_leaves_the_rest(at in 0usize..33, value in "\\PC{0,30}") {
        let mut row = sample_row();
        row.values[at] = value;
        let parsed = parse(&row, DAY, &Channel::Individual, &profile());
        let rejected = parsed.reasons.iter().any(|r| r.effect == Effect::Reject);
        prop_assert!(rejected || parsed.application.is_some());
    }
}
