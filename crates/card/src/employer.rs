//! The employer's unified social credit code (统一社会信用代码, GB 32100-2015): 18 characters, the last a check character.

use crate::application::RawApplication;

pub const CODE_CHARS: usize = 18;

/// The 31 characters of GB 32100: no I, O, S, V, Z. A character's place is its value.
const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
/// Powers of 3 modulo 31.
const WEIGHTS: [usize; 17] = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];

/// What a code lacks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CodeFault {
    /// Not 18 characters of the alphabet.
    Form,
    /// The check character is wrong.
    Check,
}

/// Checks a code in upper case without spaces.
///
/// # Errors
/// What is wrong with it.
pub fn check_code(code: &str) -> Result<(), CodeFault> {
    let bytes = code.as_bytes();
    if bytes.len() != CODE_CHARS {
        return Err(CodeFault::Form);
    }
    let mut sum = 0;
    for (byte, weight) in bytes.iter().zip(WEIGHTS) {
        sum += value(*byte).ok_or(CodeFault::Form)? * weight;
    }
    let check = value(bytes[CODE_CHARS - 1]).ok_or(CodeFault::Form)?;
    if (31 - sum % 31) % 31 == check { Ok(()) } else { Err(CodeFault::Check) }
}

fn value(byte: u8) -> Option<usize> {
    ALPHABET.iter().position(|a| *a == byte)
}

/// The code with its check character, from 17 characters of the alphabet; `None` if they aren't.
#[must_use]
pub fn with_check(body: &str) -> Option<String> {
    if body.len() != CODE_CHARS - 1 {
        return None;
    }
    let sum: usize = body.bytes().zip(WEIGHTS).map(|(b, w)| value(b).map(|v| v * w)).sum::<Option<usize>>()?;
    Some(format!("{body}{}", char::from(ALPHABET[(31 - sum % 31) % 31])))
}

/// Upper case, no spaces: the only cleaning a code gets.
#[must_use]
pub fn clean_code(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_uppercase()).collect()
}

/// Whether a row names an employer other than its package's (EMP-02 for the whole package). A blank code is another matter (REC-02).
#[must_use]
pub fn names_another(row: &RawApplication, package_code: &str) -> bool {
    let code = clean_code(row.get("employer_code"));
    !code.is_empty() && code != clean_code(package_code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_code_made_by_hand_checks() {
        // GB 32100-2015's own example of the layout: body 9135010 0M000100Y4, check 3.
        assert_eq!(check_code("91350100M000100Y43"), Ok(()));
        assert_eq!(with_check("91350100M000100Y4").as_deref(), Some("91350100M000100Y43"));
    }

    #[test]
    fn wrong_codes_say_why() {
        assert_eq!(check_code("91350100M000100Y44"), Err(CodeFault::Check));
        for bad in ["", "91350100M000100Y4", "91350100M000100Y4Ｉ", "91350100I000100Y43", "91350100m000100Y43"] {
            assert_eq!(check_code(bad), Err(CodeFault::Form), "{bad}");
        }
        assert_eq!(clean_code(" 91350100m000 100y43 "), "91350100M000100Y43");
    }

    #[test]
    fn another_employer_is_noticed_and_a_blank_is_not() {
        let mut row = RawApplication::empty();
        assert!(!names_another(&row, "91350100M000100Y43"));
        row.set("employer_code", "91350100m000100y43");
        assert!(!names_another(&row, "91350100M000100Y43"));
        assert!(names_another(&row, "91420100M000100Y43"));
    }

    proptest! {
        #[test]
        fn one_wrong_character_is_always_seen(body in "[0-9A-HJ-NP-RTUW-Y]{17}", at in 0usize..17, other in 0usize..31) {
            let code = with_check(&body).unwrap();
            prop_assert_eq!(check_code(&code), Ok(()));
            let mut wrong = code.clone().into_bytes();
            wrong[at] = ALPHABET[other];
            let wrong = String::from_utf8(wrong).unwrap();
            prop_assert_eq!(wrong == code, check_code(&wrong).is_ok());
        }
    }
}
