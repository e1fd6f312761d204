//! Partner file formats as data: the columns of the vendor's encode file and its code mappings (card-and-rules.md §8.4).
//! Lists differ between provinces (§8.5): our words become the partner's codes here, never in code.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::application::{BusinessType, DocumentType, Lane, Sex};

/// What a column may be filled from. Any other source must be a constant.
pub const SOURCES: [&str; 41] = [
    "application_id",
    "bank",
    "batch",
    "birth_date",
    "business_type",
    "card_number",
    "chip_name",
    "chip_name_extension",
    "city_name",
    "delivery",
    "division",
    "document_expiry",
    "document_number",
    "document_type",
    "employer_code",
    "employer_name",
    "expires_on",
    "generation",
    "issued_on",
    "job",
    "lane",
    "loss_report",
    "name",
    "name_zh",
    "nationality",
    "nationality_iso",
    "old_card_number",
    "outlet",
    "phone",
    PHOTO,
    "position",
    "qr_payload",
    "receipt_number",
    RECORD_DIGEST,
    "sex",
    "slot",
    "ssn",
    "work_permit_category",
    "work_permit_from",
    "work_permit_number",
    "work_permit_to",
];

/// Base64 of the validated JPEG; always the last column.
pub const PHOTO: &str = "photo";
/// The digest all views of a card carry; every layout needs it.
pub const RECORD_DIGEST: &str = "record_digest";

/// The vendor's text file.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EncodeLayout {
    pub delimiter: char,
    pub encoding: TextEncoding,
    /// Columns in order, by name; each is filled from the source of its name unless `source` says otherwise.
    pub columns: Vec<String>,
    #[serde(default)]
    pub source: BTreeMap<String, String>,
    /// Values of sources that no card states.
    #[serde(default)]
    pub constant: BTreeMap<String, String>,
    /// By source: our word → the partner's code.
    #[serde(default)]
    pub map: BTreeMap<String, BTreeMap<String, String>>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum TextEncoding {
    #[serde(rename = "UTF-8")]
    Utf8,
    #[serde(rename = "GB18030")]
    Gb18030,
}

impl TextEncoding {
    /// As the file's header names it.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Gb18030 => "GB18030",
        }
    }
}

impl EncodeLayout {
    /// The source a column is filled from.
    #[must_use]
    pub fn source_of<'a>(&'a self, column: &'a str) -> &'a str {
        self.source.get(column).map_or(column, String::as_str)
    }

    /// Whether every line can be written and read back.
    ///
    /// # Errors
    /// Names the column or mapping that can't.
    pub fn check(&self) -> Result<(), String> {
        // Digits, letters and + / = stand in base64; a delimiter among them would end the photo.
        if !self.delimiter.is_ascii_punctuation() || "+/=-_\"#".contains(self.delimiter) {
            return Err(format!("encode.delimiter {:?}: must be ASCII punctuation that base64 and dates don't use", self.delimiter));
        }
        let mut seen = BTreeSet::new();
        for (i, column) in self.columns.iter().enumerate() {
            let name = !column.is_empty() && column.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
            if !name || !seen.insert(column) {
                return Err(format!("encode.columns: {column:?} is used twice or not made of a-z 0-9 _"));
            }
            let source = self.source_of(column);
            if !SOURCES.contains(&source) && !self.constant.contains_key(source) {
                return Err(format!("encode.columns: {column:?} has no source; {source:?} is no constant either"));
            }
            if source == PHOTO && i + 1 != self.columns.len() {
                return Err("encode.columns: the photo must be the last".to_owned());
            }
        }
        if !self.columns.iter().any(|c| c == RECORD_DIGEST) {
            return Err(format!("encode.columns: {RECORD_DIGEST} is missing"));
        }
        self.check_values()
    }

    /// Constants and codes must be writable, and a mapping must know every word of ours.
    fn check_values(&self) -> Result<(), String> {
        let values = self.constant.values().chain(self.map.values().flat_map(BTreeMap::values));
        if let Some(value) = values.into_iter().find(|v| v.contains(self.delimiter) || v.contains(char::is_control)) {
            return Err(format!("encode: the value {value:?} holds the delimiter or a control character"));
        }
        for (source, words) in our_words() {
            let missing = self.map.get(source).and_then(|map| words.into_iter().find(|word| !map.contains_key(*word)));
            if let Some(word) = missing {
                return Err(format!("encode.map.{source}: no code for {word:?}"));
            }
        }
        Ok(())
    }
}

/// Every word a mapped source may give.
fn our_words() -> [(&'static str, Vec<&'static str>); 5] {
    [
        ("business_type", BusinessType::ALL.map(BusinessType::text).to_vec()),
        ("delivery", vec!["outlet", "mail"]),
        ("document_type", DocumentType::ALL.map(DocumentType::text).to_vec()),
        ("lane", Lane::ALL.map(Lane::text).to_vec()),
        ("sex", Sex::ALL.map(Sex::text).to_vec()),
    ]
}

#[cfg(test)]
mod tests {
    use crate::profile::{HUBEI_FOREIGNER_2025, Profile};

    fn error_of(from: &str, to: &str) -> String {
        assert!(HUBEI_FOREIGNER_2025.contains(from), "{from}");
        let text = HUBEI_FOREIGNER_2025.replacen(from, to, 1);
        Profile::parse(&text, jiff::civil::date(2025, 6, 1)).err().unwrap_or_default()
    }

    #[test]
    fn layouts_that_cannot_be_read_back_are_refused() {
        assert!(error_of("delimiter = \"|\"", "delimiter = \"+\"").contains("delimiter"));
        assert!(error_of("delimiter = \"|\"", "delimiter = \"¦\"").contains("delimiter"));
        assert!(error_of("\"generation\",", "\"generatio\",").contains("generatio"));
        assert!(error_of("\"generation\",", "\"ssn\",").contains("used twice"));
        assert!(error_of("\"generation\",", "\"photo\",").contains("must be the last"));
        assert!(error_of("\"record_digest\",", "").contains("record_digest"));
        assert!(error_of("X = \"9\"", "").contains("no code for \"X\""));
        assert!(error_of("city_vendor = \"\"", "city_vendor = \"a|b\"").contains("holds the delimiter"));
        assert!(error_of("qr_payload = \"CL1:{card}\"", "qr_payload = \"CL1|{card}\"").contains("qr_payload"));
    }
}
