//! The chip image as data: which field goes to which file and tag, how long, in which type (card-and-rules.md §3.3).
//! What the bytes are is the `chip` crate's business; here a layout is read, and in `check.rs` checked for sense.

mod check;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::Deserialize;

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

/// What only the file of `[chip.permit]` holds: the number the signature is bound to, whose key made it, and the signature itself.
pub const PERMIT_FIELDS: [&str; 3] = [PERMIT_CARD_NUMBER, PERMIT_CERTIFICATE, PERMIT_SIGNATURE];
pub const PERMIT_CARD_NUMBER: &str = "permit_card_number";
pub const PERMIT_CERTIFICATE: &str = "permit_certificate";
pub const PERMIT_SIGNATURE: &str = "permit_signature";
/// r and s, 32 bytes each.
pub const PERMIT_SIGNATURE_BYTES: usize = 64;
/// Without these a signature would say nothing of whose permit it is, for how long, or on which card.
pub const PERMIT_COVERS_ALWAYS: [&str; 6] = ["card_number", "ssn", "name", "work_permit_number", "work_permit_from", "work_permit_to"];

/// A record's length is one byte, and a TLV object's without the long form.
pub const RECORD_BYTES_MAX: usize = 127;
pub const SFI_MAX: u8 = 30;

/// Files of the chip, in the order they are written.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChipLayout {
    /// Values that no application states: unknown or assigned centrally (card-and-rules.md §9).
    #[serde(default)]
    pub constant: BTreeMap<String, String>,
    pub folder: Vec<ChipFolder>,
    pub file: Vec<ChipFile>,
    /// Files that are made empty.
    #[serde(default)]
    pub reserved: Vec<ChipReserved>,
    /// A signature over holder and permit; absent where the cards have none.
    pub permit: Option<ChipPermit>,
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
    /// Bytes as they are, exactly as many as the record has; as text they are hex.
    Bin,
}

/// A transparent file with a small JPEG of the holder.
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
    /// JPEG quality, 1–100: the first that is tried …
    pub quality_max: u8,
    /// … and the least, below which a picture that doesn't fit is not made.
    pub quality_min: u8,
}

/// A transparent file that is made with its size and written by somebody else, or never.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChipReserved {
    pub id: String,
    pub folder: String,
    pub sfi: u8,
    #[serde(default)]
    pub access: Access,
    pub size_bytes: u16,
}

/// A signature by which an inspector checks holder and permit without a network.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChipPermit {
    /// Fields that are signed, in this order; at least [`PERMIT_COVERS_ALWAYS`].
    pub covers: Vec<String>,
    /// Holds one record for each of [`PERMIT_FIELDS`].
    pub file: ChipFile,
}

impl ChipLayout {
    /// Length of the record that holds a field; `None` if the chip doesn't carry it.
    #[must_use]
    pub fn len_of(&self, field: &str) -> Option<usize> {
        self.record_files().flat_map(|f| &f.record).find(|r| r.field == field).map(|r| r.len_bytes)
    }

    /// Every file of records, that of the permit's signature last.
    pub fn record_files(&self) -> impl Iterator<Item = &ChipFile> {
        self.file.iter().chain(self.permit.iter().map(|p| &p.file))
    }

    /// Files made empty. One whose place the portrait or the permit's signature takes is not among them.
    pub fn reserved_files(&self) -> impl Iterator<Item = &ChipReserved> {
        let portrait = self.portrait.iter().map(|p| (&p.folder, &p.id));
        let taken: Vec<_> = portrait.chain(self.permit.iter().map(|p| (&p.file.folder, &p.file.id))).collect();
        self.reserved.iter().filter(move |r| !taken.contains(&(&r.folder, &r.id)))
    }
}

impl ChipKey {
    /// The number that names the key to the card; `None` if the profile was never checked.
    #[must_use]
    pub fn id_byte(&self) -> Option<u8> {
        u8::from_str_radix(&self.id, 16).ok().filter(|id| self.id.len() == 2 && !matches!(id, 0 | 0xFF))
    }
}
