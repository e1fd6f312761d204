//! A judged application as it is kept in the vault: what was sent, what was understood, what was measured, by what its photo is known again.
//! Personal; it never leaves the vault. The night reads it again by package and row.

use card::reason::{Code, Reason};
use card::{Application, Digest, Ordinal, RawApplication};
use ledger::envelope::Form;
use photo::Area;
use photo::likeness::FaceHash;
use serde::{Deserialize, Serialize};

/// Envelope of these records (kinds are given out in crates/ledger/FORMAT.md).
pub const FORM: Form = Form { kind: 16, schema: 2, bytes_max: 256 * 1024 };
/// Envelope of the face hashes of one vault file of records.
pub const FACE_HASHES_FORM: Form = Form { kind: 17, schema: 1, bytes_max: 64 * 1024 };
/// Name of their entry in it: apart from the records, so that reading a plant's hashes doesn't mean reading everything it has of everybody.
pub const FACE_HASHES: &str = "face-hashes";
/// Rows in one vault file of records; the unit of commit at intake (faults.md §3.4).
pub const ROWS_PER_FILE: u32 = 256;

#[derive(Clone, Serialize, Deserialize)]
pub struct StoredRecord {
    pub raw: RawApplication,
    pub application: Option<Application>,
    /// Findings that don't depend on registers, neighbours or the day's permit status.
    pub reasons: Vec<Reason>,
    pub photo: Option<Digest>,
    pub photo_validated: Option<Digest>,
    pub measurements: Option<photo::Measurements>,
    /// Where the photo breaks which rule, in its pixels.
    pub marks: Vec<(Code, Area)>,
}

/// By which a row's photo is known again. The hash of a face is personal: like the record it goes with its package's key.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub struct StoredHash {
    pub row: u32,
    pub hash: FaceHash,
    /// The photo its reason is about; without a reason the nearest of all that came before it, if one was near enough to be found.
    pub nearest: Option<Nearest>,
}

/// An earlier application's photo and the bits in which the two hashes differ.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Nearest {
    pub ordinal: Ordinal,
    pub bits: u32,
}

impl StoredRecord {
    /// Name of the row's photo in its package's contents as the row says it, understood or not.
    #[must_use]
    pub fn photo_name(&self) -> String {
        photo_entry(self.raw.get("photo").trim())
    }

    /// Name of the row's photo in its package's contents; empty when the record was not understood.
    #[must_use]
    pub fn photo_entry(&self) -> String {
        self.application.as_ref().map_or_else(String::new, |a| photo_entry(&a.photo))
    }

    /// The receipt number as understood; of a record that was not understood as it was sent, if it can stand in a line. Empty if there is none.
    #[must_use]
    pub fn receipt_number(&self) -> &str {
        let raw = self.raw.get("receipt_number").trim();
        let in_line = raw.chars().count() <= RECEIPT_CHARS_MAX && !raw.chars().any(char::is_control);
        match &self.application {
            Some(application) => application.receipt_number.as_deref().unwrap_or(""),
            None if in_line => raw,
            None => "",
        }
    }

    /// The number the outlet gave, if that much could be read, else its row: safe to log.
    #[must_use]
    pub fn raw_id(&self, row: u32) -> String {
        let id = self.raw.get("application_id").trim();
        let safe = !id.is_empty() && id.len() <= APPLICATION_ID_CHARS_MAX && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
        if safe { id.to_owned() } else { format!("row-{}", row + 1) }
    }
}

/// Longest receipt number told of a record that was not understood; the profile's `text_chars_max` bounds the others.
const RECEIPT_CHARS_MAX: usize = 120;
/// Longest application number taken over into the ledger.
const APPLICATION_ID_CHARS_MAX: usize = 40;

/// Where a photo named in a record lies inside its package.
#[must_use]
pub fn photo_entry(name: &str) -> String {
    format!("photos/{}", name.strip_prefix("photos/").unwrap_or(name))
}

/// Vault file holding a row's record.
#[must_use]
pub fn records_path(package: u64, row: u32) -> String {
    format!("vault/{package:08}/records-{:05}.rec", row / ROWS_PER_FILE)
}

/// Vault file holding everything a package contained.
#[must_use]
pub fn contents_path(package: u64) -> String {
    format!("{}/contents.seg", package_folder(package))
}

/// Where everything the vault has of a package lies.
#[must_use]
pub fn package_folder(package: u64) -> String {
    format!("vault/{package:08}")
}

/// Name of a row's entry in its records file.
#[must_use]
pub fn entry_name(row: u32) -> String {
    format!("row-{row:07}")
}
