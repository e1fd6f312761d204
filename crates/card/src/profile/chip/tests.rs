//! Layouts that can't be written are refused, by name.

use crate::profile::{CHIP_PERMIT, CHIP_PORTRAIT, HUBEI_FOREIGNER_2025, Profile};

fn error_of(from: &str, to: &str) -> String {
    assert!(HUBEI_FOREIGNER_2025.contains(from), "{from}");
    let text = HUBEI_FOREIGNER_2025.replacen(from, to, 1);
    Profile::parse(&text, jiff::civil::date(2025, 6, 1)).err().unwrap_or_default()
}

#[test]
fn layouts_that_cannot_be_written_are_refused() {
    assert!(error_of(r#"tag = "08""#, r#"tag = "8""#).contains("two hex digits"));
    assert!(error_of(r#"tag = "09""#, r#"tag = "08""#).contains("once in a file"));
    assert!(error_of(r#"field = "ssn", len_bytes = 18"#, r#"field = "ssn", len_bytes = 128"#).contains("1-127"));
    assert!(error_of(r#"field = "ssn", len_bytes = 18"#, r#"field = "ssn", len_bytes = 17"#).contains("ssn may have 18"));
    assert!(error_of(r#"field = "ssn""#, r#"field = "snn""#).contains("neither"));
    assert!(error_of("sfi = 6\n", "sfi = 5\n").contains("unique"));
    assert!(error_of("sfi = 6\n", "sfi = 31\n").contains("sfi 1-30"));
    assert!(error_of(r#"spec_version = "3.00""#, r#"spec_version = "3.000""#).contains("doesn't fit"));
    assert!(error_of(r#"folder = "DF01""#, r#"folder = "DF02""#).contains("declared folder"));
    assert!(error_of(r#"kind = "cn""#, r#"kind = "bcd""#).contains("bcd"));
    assert!(error_of(r#"update = "UKSSSE""#, r#"update = "IRK""#).contains("no key for external authentication"));
    assert!(error_of(r#"id = "0A""#, r#"id = "A""#).contains("two hex digits"));
    assert!(error_of(r#"id = "0A""#, r#"id = "01""#).contains("unique"));
    assert!(error_of(r#"read = "RKSSSE""#, r#"read = """#).contains("a key's name"));
}

/// The profile with a part that isn't in it; then changed.
fn with_part(part: &str, from: &str, to: &str) -> Result<Profile, String> {
    let text = format!("{HUBEI_FOREIGNER_2025}{part}");
    assert!(text.contains(from), "{from}");
    Profile::parse(&text.replacen(from, to, 1), jiff::civil::date(2025, 6, 1))
}

/// As the parts' own comments say, a profile over Hubei's may hold just them.
#[test]
fn parts_go_over_the_built_in_profile() {
    let text = format!("id = \"x\"\ntitle = \"x\"\nbased_on = \"hubei-foreigner-2025\"\napplies_from = \"2025-02-01\"\n{CHIP_PORTRAIT}{CHIP_PERMIT}");
    let chip = Profile::parse(&text, jiff::civil::date(2025, 6, 1)).ok().unwrap().chip;
    assert!(chip.portrait.is_some() && chip.permit.is_some() && chip.file.len() == 4);
}

#[test]
fn files_are_opened_by_keys_of_their_own_folder() {
    assert!(error_of(r#"read = "RKSSSE", update = "UKSSSE""#, r#"read = "RKSSSE", update = "UKDF01""#).contains("in its folder"));
    assert!(error_of(r#"id = "0A""#, r#"id = "00""#).contains("01-FE"));
}

#[test]
fn reserved_files_have_a_place_and_a_size() {
    assert!(error_of("size_bytes = 1_024", "size_bytes = 0").contains("at least 1"));
    assert!(error_of("sfi = 7\n", "sfi = 6\n").contains("unique"));
    assert!(error_of("size_bytes = 1_024", "size_bytes = 65_536").contains("65536"));
}

#[test]
fn a_portrait_takes_the_place_kept_for_it() {
    let sizes = |p: Profile| p.chip.reserved_files().map(|r| r.size_bytes).collect::<Vec<_>>();
    assert_eq!(with_part(CHIP_PORTRAIT, "x", "x").map(sizes), Ok(vec![1_024]));
    assert_eq!(sizes(Profile::built_in("hubei-foreigner-2025", jiff::civil::date(2025, 6, 1)).unwrap()), [1_024, 4_096]);
    let error = |from: &str, to: &str| with_part(CHIP_PORTRAIT, from, to).err().unwrap_or_default();
    assert!(error("quality_min = 35", "quality_min = 86").contains("the least first"));
    assert!(error("quality_max = 85", "quality_max = 101").contains("1 to 100"));
    assert!(error("bytes_max = 4_096", "bytes_max = 65_536").contains("1 to 65535"));
    assert!(error("width_px = 102", "width_px = 0").contains("width_px"));
}

#[test]
fn a_permit_is_signed_whole_or_not_at_all() {
    let error = |from: &str, to: &str| with_part(CHIP_PERMIT, from, to).err().unwrap_or_default();
    assert_eq!(error("x", "x"), "");
    assert!(error(r#""card_number", "expires_on""#, r#""expires_on""#).contains("must name card_number"));
    assert!(error(r#""name_extension", "sex""#, r#""sex""#).contains("must name name_extension"));
    assert!(error(r#""birth_date", "nat"#, r#""sex", "nat"#).contains("named once"));
    assert!(error(r#""birth_date", "nat"#, r#""document_number", "nat"#).contains("in one record"));
    assert!(error(r#"len_bytes = 64, kind = "bin""#, r#"len_bytes = 64, kind = "an""#).contains("64 bytes of kind bin"));
    assert!(error("len_bytes = 64", "len_bytes = 63").contains("64 bytes"));
    assert!(error(r#"field = "permit_certificate""#, r#"field = "permit_signature""#).contains("exactly"));
    assert!(error(r#"field = "permit_certificate""#, r#"field = "ssn""#).contains("neither"));
    assert!(error("sfi = 23", "sfi = 22").contains("unique"));
    assert!(error_of(r#"field = "ssn""#, r#"field = "permit_signature""#).contains("neither"), "only in its own file");
}
