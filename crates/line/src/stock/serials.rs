//! Serials of blank cards: a prefix and a number, as the manufacturer prints them. Reads and writes them and ranges of them; where a card
//! is isn't known here.

use card::Code;
use ledger::book::state::LotState;
use ledger::entry::{SerialRange, StockReceived};
use ledger::fault::Fault;

/// Digits a number may have; more in front of them belong to the prefix.
const DIGITS_MAX: usize = 18;
const PREFIX_CHARS_MAX: usize = 24;
/// Between first and last of a range.
const TO: &str = "..";
/// Ranges of one argument.
const RANGES_MAX: usize = 10_000;
/// Ranges named in a message.
const SHOWN_MAX: usize = 8;

/// How the numbers of a lot are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// As numbers are: no zeros in front, no prefix.
    Decimal,
    /// As many characters for each, zeros in front.
    FixedWidth,
}

/// A serial taken apart.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Series {
    pub prefix: String,
    /// 0: as many digits as the number has.
    pub digits: u8,
    pub first: u64,
}

fn wrong(text: &str) -> Fault {
    Fault::refused(Code::Use01, format!("not a serial of this kind: {text:?}"))
}

/// The first serial of a lot.
///
/// # Errors
/// USE-01.
pub fn series(text: &str, form: Form) -> Result<Series, Fault> {
    let number_chars = text.bytes().rev().take(DIGITS_MAX).take_while(u8::is_ascii_digit).count();
    let (prefix, number) = text.split_at_checked(text.len() - number_chars).ok_or_else(|| wrong(text))?;
    let plain = prefix.len() <= PREFIX_CHARS_MAX && prefix.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let first = number.parse().ok().filter(|_| plain).ok_or_else(|| wrong(text))?;
    let digits = match form {
        Form::FixedWidth => number_chars as u8,
        Form::Decimal if prefix.is_empty() && (number == "0" || !number.starts_with('0')) => 0,
        Form::Decimal => return Err(wrong(text)),
    };
    Ok(Series { prefix: prefix.to_owned(), digits, first })
}

/// The largest number this many digits can write.
#[must_use]
pub fn largest(digits: u8) -> u64 {
    let digits = if digits == 0 { DIGITS_MAX as u32 } else { u32::from(digits) };
    10_u64.checked_pow(digits).map_or(u64::MAX, |n| n - 1)
}

/// The number in a serial, if it is written as those of the lot; whether the lot has it is another question.
#[must_use]
pub fn number(lot: &StockReceived, text: &str) -> Option<u64> {
    let number = text.strip_prefix(lot.prefix.as_str())?;
    let digits = number.bytes().all(|b| b.is_ascii_digit()) && (1..=DIGITS_MAX).contains(&number.len());
    let width = match lot.digits {
        0 => number == "0" || !number.starts_with('0'),
        digits => number.len() == usize::from(digits),
    };
    if digits && width { number.parse().ok() } else { None }
}

/// A serial, or a range `FIRST..LAST`.
#[must_use]
pub fn range(lot: &StockReceived, text: &str) -> Option<SerialRange> {
    let (first, last) = text.split_once(TO).unwrap_or((text, text));
    let range = SerialRange { first: number(lot, first)?, last: number(lot, last)? };
    (range.first <= range.last).then_some(range)
}

/// Ranges divided by commas: in order, joined where they touch.
///
/// # Errors
/// USE-01, STK-01, STK-02.
pub fn ranges(lot: &StockReceived, text: &str) -> Result<Vec<SerialRange>, Fault> {
    let parts: Vec<&str> = text.split(',').take(RANGES_MAX + 1).collect();
    if parts.len() > RANGES_MAX {
        return Err(Fault::refused(Code::Use01, format!("more than {RANGES_MAX} ranges")));
    }
    let found = parts.iter().map(|part| {
        let range = range(lot, part).ok_or_else(|| wrong(part))?;
        let within = lot.serials.first <= range.first && range.last <= lot.serials.last;
        if within { Ok(range) } else { Err(Fault::refused(Code::Stk01, format!("{part} is not of lot {}", lot.lot))) }
    });
    joined(found.collect::<Result<_, _>>()?).map_err(|serial| Fault::refused(Code::Stk02, written(lot, serial)))
}

/// In order, joined where they touch; or the first serial that is in two of them.
///
/// # Errors
/// That serial.
pub fn joined(mut ranges: Vec<SerialRange>) -> Result<Vec<SerialRange>, u64> {
    ranges.sort_unstable();
    let mut all: Vec<SerialRange> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match all.last_mut() {
            Some(last) if range.first <= last.last => return Err(range.first),
            Some(last) if range.first == last.last + 1 => last.last = range.last,
            _ => all.push(range),
        }
    }
    Ok(all)
}

/// A serial as it is printed.
#[must_use]
pub fn written(lot: &StockReceived, serial: u64) -> String {
    format!("{}{serial:0width$}", lot.prefix, width = usize::from(lot.digits))
}

/// Ranges for people, the first few of many.
#[must_use]
pub fn shown(lot: &LotState, ranges: &[SerialRange]) -> String {
    let one = |r: &SerialRange| {
        let first = lot.written(r.first);
        if r.first == r.last { first } else { format!("{first}{TO}{}", lot.written(r.last)) }
    };
    let mut text = ranges.iter().take(SHOWN_MAX).map(one).collect::<Vec<_>>().join(",");
    if ranges.len() > SHOWN_MAX {
        text.push_str(&format!(" and {} ranges more", ranges.len() - SHOWN_MAX));
    }
    text
}

/// Ranges as they stand in texts that are signed: numbers alone.
pub(super) fn signed(ranges: &[SerialRange]) -> String {
    ranges.iter().map(|r| format!("{}-{}", r.first, r.last)).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lot(prefix: &str, digits: u8, first: u64, last: u64) -> StockReceived {
        let serials = SerialRange { first, last };
        StockReceived { lot: "L1".into(), prefix: prefix.into(), digits, serials, who: "cu".into(), signature: None, at: 1 }
    }

    #[test]
    fn serials_are_a_prefix_and_a_number() {
        let series = |text: &str, form| series(text, form).ok().map(|s| (s.prefix, s.digits, s.first));
        assert_eq!(series("CTL-000120", Form::FixedWidth), Some(("CTL-".to_owned(), 6, 120)));
        assert_eq!(series("120", Form::Decimal), Some((String::new(), 0, 120)));
        assert_eq!(series("89860012345678901234", Form::FixedWidth), Some(("89".to_owned(), 18, 860_012_345_678_901_234)));
        for wrong in ["", "ABC", "A 1", "A\n1", "卡1", "１２", "=1+1", &format!("{}1", "A".repeat(25))] {
            assert_eq!(series(wrong, Form::FixedWidth), None, "{wrong:?}");
        }
        for wrong in ["007", "A7", ""] {
            assert_eq!(series(wrong, Form::Decimal), None, "{wrong:?}");
        }
        assert_eq!([largest(1), largest(6), largest(0)], [9, 999_999, 999_999_999_999_999_999]);
    }

    #[test]
    fn a_serial_written_otherwise_is_not_the_lots() {
        let fixed = lot("A", 4, 1, 100);
        assert_eq!(number(&fixed, "A0007"), Some(7));
        for other in ["A7", "A00007", "B0007", "0007", "A-007", "A+007", "A٠٠٠٧", "A", ""] {
            assert_eq!(number(&fixed, other), None, "{other:?}");
        }
        let decimal = lot("", 0, 1, 100);
        assert_eq!((number(&decimal, "7"), number(&decimal, "07"), number(&decimal, "99999999999999999999")), (Some(7), None, None));
    }

    #[test]
    fn ranges_come_in_order_once_and_inside_the_lot() {
        let lot = lot("A", 4, 1, 100);
        let found = |text: &str| ranges(&lot, text).map(|all| signed(&all)).map_err(|f| f.to_string()[..6].to_owned());
        assert_eq!(found("A0005..A0007,A0001,A0008"), Ok("1-1,5-8".to_owned()));
        assert_eq!(found("A0005..A0007,A0007"), Err("STK-02".to_owned()));
        assert_eq!(found("A0099..A0101"), Err("STK-01".to_owned()));
        assert_eq!(found("A0007..A0005"), Err("USE-01".to_owned()));
        assert_eq!(found(""), Err("USE-01".to_owned()));
        assert_eq!(found(&"A0001,".repeat(RANGES_MAX + 1)), Err("USE-01".to_owned()));
    }
}
