//! Until when a card is valid: years from its issue, by the convention of the profile (card-and-rules.md §3.6).

use jiff::civil::{Date, date};

use crate::profile::record::{Feb29, Validity};

/// The last day of validity of a card issued on `issued_on`; the calendar's last day where the years lead beyond it.
/// 29 February first becomes the day the profile names, then the day less is taken where the convention asks for it.
#[must_use]
pub fn expires_on(issued_on: Date, rules: &Validity) -> Date {
    anniversary(issued_on, rules).unwrap_or(Date::MAX)
}

fn anniversary(issued_on: Date, rules: &Validity) -> Option<Date> {
    let year = i16::try_from(i64::from(issued_on.year()) + i64::from(rules.years)).ok()?;
    let anniversary = match Date::new(year, issued_on.month(), issued_on.day()) {
        Ok(day) => day,
        Err(_) if year <= 9999 && issued_on.month() == 2 => leapless(year, rules.feb_29),
        Err(_) => return None,
    };
    if rules.minus_one_day { anniversary.yesterday().ok() } else { Some(anniversary) }
}

fn leapless(year: i16, rule: Feb29) -> Date {
    match rule {
        Feb29::Feb28 => date(year, 2, 28),
        Feb29::Mar01 => date(year, 3, 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAME_DAY: Validity = Validity { years: 10, minus_one_day: false, feb_29: Feb29::Feb28 };

    #[test]
    fn both_conventions_of_the_samples() {
        assert_eq!(expires_on(date(2016, 9, 19), &SAME_DAY), date(2026, 9, 19));
        let less = Validity { minus_one_day: true, ..SAME_DAY };
        assert_eq!(expires_on(date(2021, 12, 3), &less), date(2031, 12, 2));
    }

    #[test]
    fn leap_day_is_defined() {
        let leap = date(2028, 2, 29);
        assert_eq!(expires_on(leap, &SAME_DAY), date(2038, 2, 28));
        let march = Validity { feb_29: Feb29::Mar01, ..SAME_DAY };
        assert_eq!(expires_on(leap, &march), date(2038, 3, 1));
        assert_eq!(expires_on(leap, &Validity { minus_one_day: true, ..march }), date(2038, 2, 28));
        assert_eq!(expires_on(leap, &Validity { years: 4, ..SAME_DAY }), date(2032, 2, 29));
    }

    #[test]
    fn the_end_of_the_calendar_is_no_panic() {
        assert_eq!(expires_on(date(9999, 2, 28), &SAME_DAY), Date::MAX);
        assert_eq!(expires_on(date(9996, 2, 29), &SAME_DAY), Date::MAX);
        assert_eq!(expires_on(date(2025, 1, 1), &Validity { years: u32::MAX, ..SAME_DAY }), Date::MAX);
    }
}
