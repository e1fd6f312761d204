//! 卡号, the card number: 8 characters and a check character as GB 11714 computes it (card-and-rules.md §3.4).
//! Which numbers are taken is the ledger's business; here a counter of a range becomes a number.

use crate::profile::record::NumberRange;

/// Characters before the check character.
pub const BODY_CHARS: usize = 8;
/// Readers read nine characters only (card-and-rules.md 3.17).
pub const NUMBER_CHARS: usize = 9;

const WEIGHTS: [u32; BODY_CHARS] = [3, 7, 9, 10, 5, 8, 4, 2];

/// The check character of a body of 8 characters `0-9 A-Z`; `None` if it isn't one.
#[must_use]
pub fn check_char(body: &str) -> Option<char> {
    if body.len() != BODY_CHARS {
        return None;
    }
    let mut sum = 0;
    for (byte, weight) in body.bytes().zip(WEIGHTS) {
        sum += value(byte)? * weight;
    }
    match 11 - sum % 11 {
        10 => Some('X'),
        11 => Some('0'),
        digit => char::from_digit(digit, 10),
    }
}

fn value(byte: u8) -> Option<u32> {
    match byte {
        b'0'..=b'9' => Some(u32::from(byte - b'0')),
        b'A'..=b'Z' => Some(u32::from(byte - b'A') + 10),
        _ => None,
    }
}

/// Whether `text` is 9 characters with a right check character.
#[must_use]
pub fn is_valid(text: &str) -> bool {
    text.is_ascii() && text.len() == NUMBER_CHARS && check_char(&text[..BODY_CHARS]) == text[BODY_CHARS..].chars().next()
}

/// The card number of a prefix at `counter`; `None` when the two don't make 8 characters. Where a range ends is the caller's to see.
#[must_use]
pub fn number_at(prefix: &str, counter: u64) -> Option<String> {
    let digits = BODY_CHARS.checked_sub(prefix.len())?;
    let body = format!("{prefix}{counter:0digits$}");
    let check = check_char(&body)?;
    Some(format!("{body}{check}"))
}

/// Whether the ranges of a profile can give numbers and never the same one twice.
///
/// # Errors
/// Names the range whose prefix or counters can't form 8 characters, or the two that overlap.
pub fn check_ranges(ranges: &[NumberRange]) -> Result<(), String> {
    for (i, range) in ranges.iter().enumerate() {
        let whole = range.first <= range.last && number_at(&range.prefix, range.first).is_some() && number_at(&range.prefix, range.last).is_some();
        if !whole || range.prefix.is_empty() {
            return Err(format!("number_range {}: prefix {:?} and {}..={} don't form {BODY_CHARS} characters", i + 1, range.prefix, range.first, range.last));
        }
        if let Some(j) = ranges[..i].iter().position(|other| overlap(range, other)) {
            return Err(format!("number_range {} and {} overlap", j + 1, i + 1));
        }
    }
    Ok(())
}

fn overlap(a: &NumberRange, b: &NumberRange) -> bool {
    // The ledger counts by prefix. Bodies of equal length order as their text does, whatever their prefixes.
    let body = |r: &NumberRange, counter| number_at(&r.prefix, counter).map(|n| n[..BODY_CHARS].to_owned());
    a.prefix == b.prefix || (body(a, a.first) <= body(b, b.last) && body(b, b.first) <= body(a, a.last))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn range(prefix: &str, first: u64, last: u64) -> NumberRange {
        NumberRange { division: "*".to_owned(), prefix: prefix.to_owned(), first, last }
    }

    #[test]
    fn published_vectors() {
        let vectors = [
            ("00000000", '0'),
            ("00000005", '1'),
            ("X0000001", '9'),
            ("B0000001", '9'),
            ("A0000000", '3'),
            ("A1234567", '4'),
            ("T0000000", '1'),
            ("T0000001", 'X'),
            ("T0000002", '8'),
            ("ZZZZZZZZ", '3'),
        ];
        for (body, check) in vectors {
            assert_eq!(check_char(body), Some(check), "{body}");
            assert!(is_valid(&format!("{body}{check}")));
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for bad in ["", "A12345674", "A1234567", "a12345674X", "A1234567４", "A123456744", "A-2345674"] {
            assert_eq!(is_valid(bad), bad == "A12345674", "{bad}");
        }
        assert_eq!(check_char("a1234567"), None);
    }

    #[test]
    fn a_counter_fills_eight_characters_or_none() {
        assert!(number_at("A9", 7).is_some_and(|n| n.starts_with("A9000007")));
        assert!(number_at("A9", 999_999).is_some());
        assert_eq!(number_at("A9", 1_000_000), None, "too wide for 8 characters");
        assert_eq!(number_at("ABCDEFGHI", 0), None);
        assert_eq!(number_at("a", 0), None);
    }

    #[test]
    fn ranges_that_could_give_a_number_twice_are_refused() {
        assert!(check_ranges(&[range("A9", 0, 999_999), range("H", 0, 9_999_999)]).is_ok());
        assert!(check_ranges(&[range("A", 0, 9_999_999), range("A9", 0, 5)]).is_err());
        assert!(check_ranges(&[range("A", 0, 5), range("A", 6, 9)]).is_err(), "one counter a prefix");
        assert!(check_ranges(&[range("a", 0, 5)]).is_err());
        assert!(check_ranges(&[range("", 0, 5)]).is_err());
        assert!(check_ranges(&[range("A", 5, 4)]).is_err());
    }

    proptest! {
        #[test]
        fn numbers_of_a_range_are_valid_and_distinct(a in 0u64..10_000_000, b in 0u64..10_000_000) {
            let (x, y) = (number_at("H", a).unwrap(), number_at("H", b).unwrap());
            prop_assert!(is_valid(&x) && is_valid(&y));
            prop_assert_eq!(a == b, x == y);
        }

        /// Every weight is prime to 11, so one wrong character is always seen, save X for its own value plus 11.
        #[test]
        fn a_wrong_digit_is_seen(body in "[0-9]{8}", at in 0usize..8, other in 0u8..10) {
            let mut wrong = body.clone().into_bytes();
            wrong[at] = b'0' + other;
            let wrong = String::from_utf8(wrong).unwrap();
            prop_assert_eq!(wrong == body, check_char(&wrong) == check_char(&body));
        }
    }
}
