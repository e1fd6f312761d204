//! The foreigner's social security number (外国人社会保障号码): an input, checked for form and agreement, never generated
//! (card-and-rules.md §1). Whether it was assigned to this person is the enrolment register's word.

use crate::country;
use crate::profile::record::RecordRules;

/// What is wrong with a number; no part of the number itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SsnFault {
    /// Not `^[A-Z]{3}[0-9][A-Z0-9]{1,14}$`.
    Form,
    /// Its length, in characters, is outside the profile's window.
    Length(usize),
    /// The first three letters are no country of ISO 3166-1.
    Country,
    /// The prefix is of another country than the nationality.
    Prefix,
}

/// Prefix a nationality gives: the profile's settled mapping (`D` → `DEU`), else the ISO code itself; `None` where no rule is settled.
#[must_use]
pub fn prefix_of<'a>(nationality: &'a str, rules: &'a RecordRules) -> Option<&'a str> {
    match rules.ssn_prefix.get(nationality) {
        Some(prefix) => Some(prefix),
        None if country::is_iso(nationality) => Some(nationality),
        None => None,
    }
}

/// Checks form, length switch, country and (where `prefix` is known) agreement with the nationality.
///
/// # Errors
/// The first thing wrong.
pub fn check(ssn: &str, prefix: Option<&str>, rules: &RecordRules) -> Result<(), SsnFault> {
    let bytes = ssn.as_bytes();
    let form = (5..=18).contains(&bytes.len())
        && bytes[..3].iter().all(u8::is_ascii_uppercase)
        && bytes[3].is_ascii_digit()
        && bytes[4..].iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    if !form {
        return Err(SsnFault::Form);
    }
    let least = if rules.ssn_exact_length { rules.ssn_chars_max } else { rules.ssn_chars_min };
    if bytes.len() < least || bytes.len() > rules.ssn_chars_max {
        return Err(SsnFault::Length(bytes.len()));
    }
    match prefix {
        Some(prefix) if ssn[..3] == *prefix => Ok(()),
        _ if !country::is_iso(&ssn[..3]) => Err(SsnFault::Country),
        Some(_) => Err(SsnFault::Prefix),
        None => Ok(()),
    }
}

/// The part after country and reserved position. The number must have passed [`check`] before; a shorter one gives nothing.
#[must_use]
pub fn tail(ssn: &str) -> &str {
    ssn.get(4..).unwrap_or("")
}

/// A document number as the social security number carries it: letters and digits only (card-and-rules.md 1.4).
#[must_use]
pub fn document_tail(document_number: &str) -> String {
    document_number.chars().filter(char::is_ascii_alphanumeric).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Profile;
    use jiff::civil::date;
    use proptest::prelude::*;

    fn rules() -> RecordRules {
        Profile::built_in("hubei-foreigner-2025", date(2025, 6, 1)).unwrap().record
    }

    #[test]
    fn the_examples_of_the_annex() {
        let r = rules();
        assert_eq!(check("DEU0G012345678", prefix_of("D", &r), &r), Ok(()));
        assert_eq!(check("DNK0324578912056", prefix_of("DNK", &r), &r), Ok(()));
        assert_eq!(document_tail("G01234-5678"), tail("DEU0G012345678"));
    }

    #[test]
    fn wrong_numbers_say_why() {
        let r = rules();
        for (ssn, fault) in [
            ("", SsnFault::Form),
            ("deu0G012345678", SsnFault::Form),
            ("DEUAG012345678", SsnFault::Form),
            ("DEU0G01234567８", SsnFault::Form),
            ("DEU0G0123456781234567", SsnFault::Form),
            ("DEU01", SsnFault::Length(5)),
            ("ZAR0G012345678", SsnFault::Country),
            ("FRA0G012345678", SsnFault::Prefix),
        ] {
            assert_eq!(check(ssn, Some("DEU"), &r), Err(fault), "{ssn}");
        }
        let exact = RecordRules { ssn_exact_length: true, ..r };
        assert_eq!(check("DEU0G012345678", Some("DEU"), &exact), Err(SsnFault::Length(14)));
        assert_eq!(check("DEU0G0123456781234", Some("DEU"), &exact), Ok(()));
    }

    #[test]
    fn unsettled_nationalities_have_no_prefix() {
        let r = rules();
        assert_eq!(["GBD", "XXA", "RKS", "UNO"].map(|n| prefix_of(n, &r).is_some()), [false; 4]);
    }

    proptest! {
        #[test]
        fn every_short_document_number_makes_a_number_that_passes(number in "[A-Z0-9]{2,14}") {
            let r = rules();
            let ssn = format!("FRA0{number}");
            prop_assert_eq!(check(&ssn, Some("FRA"), &r), Ok(()));
            prop_assert_eq!(tail(&ssn), document_tail(&number));
        }

        #[test]
        fn any_text_is_answered(text in "\\PC{0,24}") {
            let _ = check(&text, Some("FRA"), &rules());
            let _ = tail(&text);
        }
    }
}
