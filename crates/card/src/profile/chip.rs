//! The chip image as data: which field goes to which file and tag, how long, in which type (card-and-rules.md §3.3).
//! What the bytes are is the `chip` crate's business; here a layout is read and checked for sense.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::record::RecordRules;

/// What a record may take from the card. Any other field name must be a constant of the profile.
pub const FIELDS: [&str; 20] = [
    "birth_date",
    "card_number",
    "division",
    "document_number",
    "employer_code",
    EMPLOYER_FIELD,
    "expires_on",
    "issued_on",
    "name",
    "name_extension",
    "name_zh",
    "nationality",
    "nationality_iso",
    "qr_payload",
    "sex",
    "ssn",
    "work_permit_category",
    "work_permit_from",
    "work_permit_number",
    "work_permit_to",
];

/// The name is one text in two records; the second takes what the first can't hold.
pub const NAME_FIELDS: [&str; 2] = ["name", "name_extension"];
pub const EMPLOYER_FIELD: &str = "employer_name";
/// A record's length is one byte, and a TLV object's without the long form.
pub const RECORD_BYTES_MAX: usize = 127;
const SFI_MAX: u8 = 30;

/// Files of the chip, in the order they are written.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChipLayout {
    /// Values that no application states: unknown or assigned centrally (card-and-rules.md §9).
    #[serde(default)]
    pub constant: BTreeMap<String, String>,
    pub folder: Vec<ChipFolder>,
    pub file: Vec<ChipFile>,
    /// A picture on the chip; absent where the card has none.
    pub portrait: Option<ChipPortrait>,
    /// Keys a card gets, in the order they are written; empty where the vendor loads them all.
    #[serde(default)]
    pub key: Vec<ChipKey>,
}

/// A key of the card: what it is called, where it lies and what may be done with it (card-and-rules.md 6.7). Never its value.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChipKey {
    /// For example `RKSSSE`; the master key it is derived from has the same name.
    pub name: String,
    /// Two hex digits: what names the key in EXTERNAL and INTERNAL AUTHENTICATE.
    pub id: String,
    /// The folder whose files it opens.
    pub folder: String,
    pub version: u8,
    pub algorithm: KeyAlgorithm,
    #[serde(rename = "use")]
    pub purpose: KeyUse,
}

/// Block cipher of a card's key (card-and-rules.md 6.1: SM4 on cards of version 3.00).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
pub enum KeyAlgorithm {
    #[serde(rename = "SM4")]
    Sm4,
    /// Two keys, 16 bytes.
    #[serde(rename = "3DES")]
    TripleDes,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyUse {
    /// The card proves itself.
    InternalAuthentication,
    /// The terminal proves itself.
    ExternalAuthentication,
    /// Checks the MAC of a protected command.
    Maintenance,
}

/// Who may do something to a file.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Condition {
    #[default]
    Free,
    Never,
    /// After EXTERNAL AUTHENTICATE with the key of this name.
    Key(String),
}

impl TryFrom<String> for Condition {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Ok(match text.as_str() {
            "free" => Self::Free,
            "never" => Self::Never,
            "" => return Err("access is \"free\", \"never\" or a key's name".to_owned()),
            _ => Self::Key(text),
        })
    }
}

/// Access conditions of a file once the card is personalised.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Access {
    pub read: Condition,
    pub update: Condition,
}

/// A dedicated file that holds others.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChipFolder {
    /// As files name it, for example `DF01`.
    pub id: String,
    /// Name it is selected by, hex, 1–16 bytes.
    pub name_hex: String,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChipFile {
    /// Four hex digits, for example `EF05`; unique in its folder.
    pub id: String,
    pub folder: String,
    /// Short file identifier, 1–30; unique in the whole layout, because a DGI names a file by it alone.
    pub sfi: u8,
    #[serde(default)]
    pub access: Access,
    pub record: Vec<ChipRecord>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChipRecord {
    /// Two hex digits.
    pub tag: String,
    /// One of [`FIELDS`] or a constant.
    pub field: String,
    pub len_bytes: usize,
    pub kind: ValueKind,
}

/// How a value becomes bytes (card-and-rules.md 3.9).
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ValueKind {
    /// Digits, two to a byte, left-aligned, filled with `F`.
    Cn,
    /// ASCII, left-aligned, filled with `00`.
    An,
    /// GBK (what it lacks in A–Z by ICAO 9303-3), left-aligned, filled with `00`.
    Gbk,
}

/// A transparent file with a JPEG prepared by the caller.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChipPortrait {
    pub id: String,
    pub folder: String,
    pub sfi: u8,
    #[serde(default)]
    pub access: Access,
    pub width_px: u32,
    pub height_px: u32,
    pub bytes_max: usize,
}

impl ChipLayout {
    /// Length of the record that holds a field; `None` if the chip doesn't carry it.
    #[must_use]
    pub fn len_of(&self, field: &str) -> Option<usize> {
        self.file.iter().flat_map(|f| &f.record).find(|r| r.field == field).map(|r| r.len_bytes)
    }

    /// Whether the layout can be written and holds what the record rules let in.
    ///
    /// # Errors
    /// Names the file and record that can't be.
    pub fn check(&self, rules: &RecordRules) -> Result<(), String> {
        self.check_folders()?;
        let mut places = BTreeSet::new();
        let mut sfis = BTreeSet::new();
        for file in &self.file {
            self.check_place(&file.id, &file.folder, file.sfi, &mut places, &mut sfis)?;
            self.check_records(file)?;
            self.check_access(&file.id, &file.access)?;
        }
        self.check_keys()?;
        if let Some(p) = &self.portrait {
            self.check_place(&p.id, &p.folder, p.sfi, &mut places, &mut sfis)?;
            self.check_access(&p.id, &p.access)?;
            if p.bytes_max > usize::from(u16::MAX) {
                return Err(format!("chip.portrait: bytes_max {} is over {}", p.bytes_max, u16::MAX));
            }
        }
        self.check_fields(rules)
    }

    fn check_folders(&self) -> Result<(), String> {
        for (i, folder) in self.folder.iter().enumerate() {
            let hex = &folder.name_hex;
            let name = !hex.is_empty() && hex.len() <= 32 && hex.len() % 2 == 0 && hex.bytes().all(|b| b.is_ascii_hexdigit());
            if !name || self.folder[..i].iter().any(|other| other.id == folder.id) {
                return Err(format!("chip.folder {}: name_hex must be 1-16 bytes of hex, id used once", folder.id));
            }
        }
        Ok(())
    }

    fn check_place(&self, id: &str, folder: &str, sfi: u8, places: &mut BTreeSet<String>, sfis: &mut BTreeSet<u8>) -> Result<(), String> {
        let hex = id.len() == 4 && id.bytes().all(|b| b.is_ascii_hexdigit());
        if !hex || !self.folder.iter().any(|f| f.id == folder) {
            return Err(format!("chip.file {folder}/{id}: id must be 4 hex digits in a declared folder"));
        }
        if !places.insert(format!("{folder}/{id}")) || !(1..=SFI_MAX).contains(&sfi) || !sfis.insert(sfi) {
            return Err(format!("chip.file {folder}/{id}: id and sfi must be unique, sfi 1-{SFI_MAX}"));
        }
        Ok(())
    }

    fn check_keys(&self) -> Result<(), String> {
        let mut seen = BTreeSet::new();
        for key in &self.key {
            let id = u8::from_str_radix(&key.id, 16).ok().filter(|_| key.id.len() == 2);
            if id.is_none() || !self.folder.iter().any(|f| f.id == key.folder) {
                return Err(format!("chip.key {}: id must be two hex digits, folder a declared one", key.name));
            }
            if key.name.is_empty() || !seen.insert(key.name.clone()) || !seen.insert(format!("{}/{}", key.folder, key.id)) {
                return Err(format!("chip.key {}: name and id must be unique", key.name));
            }
        }
        Ok(())
    }

    fn check_access(&self, id: &str, access: &Access) -> Result<(), String> {
        let opens = |key: &ChipKey, name: &str| key.name == name && key.purpose == KeyUse::ExternalAuthentication;
        for condition in [&access.read, &access.update] {
            if let Condition::Key(name) = condition
                && !self.key.iter().any(|k| opens(k, name))
            {
                return Err(format!("chip.file {id}: access by {name}, which is no key for external authentication"));
            }
        }
        Ok(())
    }

    fn check_records(&self, file: &ChipFile) -> Result<(), String> {
        let mut tags = BTreeSet::new();
        for record in &file.record {
            let at = format!("chip.file {}, record {} ({})", file.id, record.tag, record.field);
            let tag = u8::from_str_radix(&record.tag, 16).ok().filter(|t| record.tag.len() == 2 && !matches!(t, 0 | 0xFF));
            if !tag.is_some_and(|t| tags.insert(t)) {
                return Err(format!("{at}: tag must be two hex digits 01-FE, once in a file"));
            }
            if !(1..=RECORD_BYTES_MAX).contains(&record.len_bytes) {
                return Err(format!("{at}: len_bytes must be 1-{RECORD_BYTES_MAX}"));
            }
            if !FIELDS.contains(&record.field.as_str()) {
                self.check_constant(record).map_err(|e| format!("{at}: {e}"))?;
            }
        }
        Ok(())
    }

    fn check_constant(&self, record: &ChipRecord) -> Result<(), String> {
        let value = self.constant.get(&record.field).ok_or("neither a field of the card nor a constant")?;
        let fits = match record.kind {
            ValueKind::Cn => value.len() <= 2 * record.len_bytes && value.bytes().all(|b| b.is_ascii_digit()),
            ValueKind::An => value.len() <= record.len_bytes && value.is_ascii(),
            ValueKind::Gbk => crate::name::gbk(value).is_ok_and(|v| v.len() <= record.len_bytes),
        };
        if fits { Ok(()) } else { Err("the constant doesn't fit its record".to_owned()) }
    }

    /// What the rules let in must fit; a name needs its two records together.
    fn check_fields(&self, rules: &RecordRules) -> Result<(), String> {
        let longest = [("ssn", rules.ssn_chars_max), ("work_permit_number", rules.permit_number_chars_max), ("qr_payload", rules.qr_payload_chars_max)];
        for (field, chars_max) in longest {
            if let Some(len) = self.len_of(field).filter(|len| *len < chars_max) {
                return Err(format!("chip: {field} may have {chars_max} characters, its record has {len} bytes"));
            }
        }
        match NAME_FIELDS.map(|f| self.len_of(f).is_some()) {
            [false, true] => Err("chip: name_extension without name".to_owned()),
            _ => Ok(()),
        }
    }
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
}
