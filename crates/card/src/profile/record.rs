//! Rules about records, validity and card numbers, as data.

use serde::Deserialize;

/// Limits on what an application may say (card-and-rules.md §0–2, §5, §8; faults.md §5.3).
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordRules {
    /// Photo age on the day of arrival (S4: within 6 months).
    pub photo_age_months_max: u32,
    /// Identity document must be valid this long after the day of production.
    pub document_valid_months_min: u32,
    /// Holders younger than this are held for the guardian's consent.
    pub holder_age_years_min: u32,
    pub holder_age_years_max: u32,
    /// Social security number: total length, and whether only `ssn_chars_max` exactly is allowed (card-and-rules.md 1.11).
    pub ssn_chars_min: usize,
    pub ssn_chars_max: usize,
    pub ssn_exact_length: bool,
    /// Longest name in characters, before it is fitted to card and chip.
    pub name_chars_max: usize,
    /// Longest name the machine-readable zone can hold (TD3: 39).
    pub name_mrz_chars_max: usize,
    pub permit_number_chars_min: usize,
    pub permit_number_chars_max: usize,
    pub text_chars_max: usize,
    pub address_chars_max: usize,
    /// Package older than this on arrival waits for confirmation (RPL-05).
    pub package_age_days_max: u32,
    /// Tolerated clock difference of an outlet (RPL-06).
    pub package_skew_minutes_max: u32,
    /// A gap in an outlet's sequence holds the later package (RPL-03).
    pub sequence_gaps_hold: bool,
    /// Specimen nationality `UTO` is refused in production.
    pub specimen_nationality_allowed: bool,
    /// ICAO codes outside ISO 3166 whose social-security prefix is settled; others wait for a person (card-and-rules.md 1.15, 5.2).
    pub ssn_prefix: std::collections::BTreeMap<String, String>,
    /// Longest document number, letters and digits only: no rule says how a longer one enters the social security number (card-and-rules.md 1.10).
    pub document_number_chars_max: usize,
    /// Vendors and banks want both (card-and-rules.md §8.2).
    pub phone_required: bool,
    pub bank_required: bool,
    pub qr_payload_chars_max: usize,
    /// Text of the QR code; `{permit}` and `{card}` are replaced. Opaque, no personal data.
    pub qr_payload: String,
}

/// How long a card is valid (card-and-rules.md §3.6: both conventions occur).
#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Validity {
    pub years: u32,
    /// `true`: the day before the anniversary; `false`: the anniversary itself.
    pub minus_one_day: bool,
    /// What 29 February becomes in a year that lacks it: `"feb-28"` or `"mar-01"`.
    pub feb_29: Feb29,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Feb29 {
    #[serde(rename = "feb-28")]
    Feb28,
    #[serde(rename = "mar-01")]
    Mar01,
}

/// Card numbers a division may use: an 8-character body made of `prefix` and a decimal counter, first to last inclusive.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NumberRange {
    /// Division of the outlet (6 digits), or `*` for any that has no range of its own.
    pub division: String,
    /// One or more leading letters or digits.
    pub prefix: String,
    pub first: u64,
    pub last: u64,
}
