//! What a card's keys are derived from, as data (card-and-rules.md 6.4). Which keys it gets is `chip.rs`' `[[chip.key]]`; how they are
//! derived is the `chip` crate's business.

use serde::Deserialize;

/// Where the two factors of a card's keys come from.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KeyRules {
    pub city: CitySource,
    pub factor: FactorSource,
}

/// The city code in the first level's factor, from the outlet's division.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CitySource {
    /// Its first four digits and `00`: a district's cards have their city's keys.
    #[default]
    Prefecture,
    /// As it is.
    Division,
}

impl CitySource {
    /// The six digits; `None` if the division isn't six digits.
    #[must_use]
    pub fn city_of(self, division: &str) -> Option<[u8; 6]> {
        let mut city: [u8; 6] = division.as_bytes().try_into().ok().filter(|d: &[u8; 6]| d.iter().all(u8::is_ascii_digit))?;
        if self == Self::Prefecture {
            city[4..].copy_from_slice(b"00");
        }
        Some(city)
    }
}

/// The eight bytes of the second level's factor.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FactorSource {
    /// The card number without its check character: known when a job is made, whichever chip it will lie on.
    #[default]
    CardNumber,
    /// The last eight of the chip's historical bytes: given by a stock list or the reader.
    HistoricalBytes,
}

impl FactorSource {
    /// The factor; `None` if what it is taken from is missing or too short.
    #[must_use]
    pub fn factor_of(self, number: &str, historical: Option<&[u8]>) -> Option<[u8; 8]> {
        match self {
            Self::CardNumber => number.as_bytes().first_chunk().copied(),
            Self::HistoricalBytes => historical?.last_chunk().copied(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{HUBEI_FOREIGNER_2025, Profile};

    #[test]
    fn factors_come_from_where_the_profile_says() {
        assert_eq!(CitySource::Prefecture.city_of("420106"), Some(*b"420100"));
        assert_eq!(CitySource::Division.city_of("420106"), Some(*b"420106"));
        for none in ["", "42010", "4201060", "42O106"] {
            assert_eq!(CitySource::Prefecture.city_of(none), None, "{none}");
        }
        let historical = [0x00, 0x81, 0x54, 0x4C, 1, 0x86, 0x60, 0x42, 0x01, 9, 8, 7, 6];
        assert_eq!(FactorSource::CardNumber.factor_of("A12345674", Some(&historical)), Some(*b"A1234567"));
        assert_eq!(FactorSource::HistoricalBytes.factor_of("A12345674", Some(&historical)), Some([0x86, 0x60, 0x42, 0x01, 9, 8, 7, 6]));
        assert_eq!(FactorSource::HistoricalBytes.factor_of("A12345674", None), None);
        assert_eq!(FactorSource::HistoricalBytes.factor_of("A12345674", Some(&[1; 7])), None);
        assert_eq!(FactorSource::CardNumber.factor_of("A123456", None), None);
    }

    #[test]
    fn unknown_sources_are_refused() {
        let of = |to: &str| Profile::parse(&HUBEI_FOREIGNER_2025.replacen(r#"factor = "card-number""#, to, 1), jiff::civil::date(2025, 6, 1));
        assert!(of(r#"factor = "historical-bytes""#).is_ok_and(|p| p.keys.factor == FactorSource::HistoricalBytes));
        assert!(of(r#"factor = "serial""#).is_err());
        assert!(of("fator = 1").is_err());
    }
}
