//! Numbers of the foreigner's permanent-residence card, old (15) and new (18, since 2023-12-01): card-and-rules.md 1.12–1.14.

use jiff::civil::Date;

use crate::country::iso_number;

/// GB 11643 weights of the first 17 digits, and the check characters by remainder modulo 11.
const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const CHECK: &[u8; 11] = b"10X98765432";

/// A number whose own form is right.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PrNumber {
    /// `^[A-Z]{3}\d{12}$`: country, region, birth date, sequence. Its date part is not checked: the annex's own example has none.
    Old,
    /// `9`, region, nationality by number, birth date, sequence, check character.
    New,
}

/// What is wrong with a number; none of it says the number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PrFault {
    Form,
    Check,
    Nationality,
    BirthDate,
}

/// Reads a number in upper case without spaces and compares it with the holder. `iso` is the nationality's ISO alpha-3 code, if it has one.
///
/// # Errors
/// The form or check character is wrong, or the number names another nationality or birth date.
pub fn read(number: &str, iso: Option<&str>, birth_date: Option<Date>) -> Result<PrNumber, PrFault> {
    match number.len() {
        15 => read_old(number, iso),
        18 => read_new(number, iso, birth_date),
        _ => Err(PrFault::Form),
    }
}

fn read_old(number: &str, iso: Option<&str>) -> Result<PrNumber, PrFault> {
    let bytes = number.as_bytes();
    if !bytes[..3].iter().all(u8::is_ascii_uppercase) || !bytes[3..].iter().all(u8::is_ascii_digit) {
        return Err(PrFault::Form);
    }
    match iso {
        Some(iso) if number[..3] != *iso => Err(PrFault::Nationality),
        _ => Ok(PrNumber::Old),
    }
}

fn read_new(number: &str, iso: Option<&str>, birth_date: Option<Date>) -> Result<PrNumber, PrFault> {
    let bytes = number.as_bytes();
    let form = bytes[0] == b'9' && bytes[..17].iter().all(u8::is_ascii_digit) && (bytes[17].is_ascii_digit() || bytes[17] == b'X');
    if !form {
        return Err(PrFault::Form);
    }
    if check_char(&bytes[..17]) != Some(bytes[17]) {
        return Err(PrFault::Check);
    }
    if iso.and_then(iso_number).is_some_and(|n| format!("{n:03}") != number[3..6]) {
        return Err(PrFault::Nationality);
    }
    match birth_date {
        Some(day) if day.strftime("%Y%m%d").to_string() != number[6..14] => Err(PrFault::BirthDate),
        _ => Ok(PrNumber::New),
    }
}

/// The check character of 17 digits.
#[must_use]
pub fn check_char(digits: &[u8]) -> Option<u8> {
    if digits.len() != WEIGHTS.len() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let sum: u32 = digits.iter().zip(WEIGHTS).map(|(d, w)| u32::from(d - b'0') * w).sum();
    Some(CHECK[(sum % 11) as usize])
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    fn new_number(body: &str) -> String {
        format!("{body}{}", char::from(check_char(body.as_bytes()).unwrap()))
    }

    #[test]
    fn old_numbers_name_their_country() {
        assert_eq!(read("DNK324578912056", Some("DNK"), None), Ok(PrNumber::Old));
        assert_eq!(read("DNK324578912056", Some("SWE"), None), Err(PrFault::Nationality));
        assert_eq!(read("DNK32457891205X", Some("DNK"), None), Err(PrFault::Form));
        assert_eq!(read("", None, None), Err(PrFault::Form));
    }

    #[test]
    fn new_numbers_agree_with_the_holder() {
        // Invented: region 42, Denmark 208, born 1985-03-07.
        let number = new_number("94220819850307001");
        let born = Some(date(1985, 3, 7));
        assert_eq!(read(&number, Some("DNK"), born), Ok(PrNumber::New));
        assert_eq!(read(&number, Some("SWE"), born), Err(PrFault::Nationality));
        assert_eq!(read(&number, Some("DNK"), Some(date(1985, 3, 8))), Err(PrFault::BirthDate));
        let last = number.as_bytes()[17];
        let wrong = format!("{}{}", &number[..17], if last == b'0' { '1' } else { '0' });
        assert_eq!(read(&wrong, Some("DNK"), born), Err(PrFault::Check));
        assert_eq!(read("84220819850307001X", None, None), Err(PrFault::Form));
        assert_eq!(read("９４２２０８", None, None), Err(PrFault::Form));
    }

    proptest! {
        #[test]
        fn one_wrong_digit_is_always_seen(body in "9[0-9]{16}", at in 1usize..17, other in 0u8..10) {
            let number = new_number(&body);
            let mut wrong = number.clone().into_bytes();
            wrong[at] = b'0' + other;
            let wrong = String::from_utf8(wrong).unwrap();
            prop_assert_eq!(wrong == number, read(&wrong, None, None) != Err(PrFault::Check));
        }

        #[test]
        fn any_text_is_answered(text in "\\PC{0,20}") {
            let _ = read(&text, Some("DNK"), Some(date(1985, 3, 7)));
        }
    }
}
