//! One person's request for a card: as the outlet wrote it (`RawApplication`) and as we understand it (`Application`).
//! Neither has `Debug`: they are personal. How raw becomes typed is in `parse.rs`; which registers agree is the line's business.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// The columns of `applications.csv`, in the order `docs/formats/package.md` publishes them.
pub const FIELDS: [&str; 33] = [
    "application_id",
    "business_type",
    "lane",
    "name",
    "name_zh",
    "sex",
    "birth_date",
    "nationality",
    "document_type",
    "document_number",
    "document_expiry",
    "mrz",
    "ssn",
    "work_permit_number",
    "work_permit_category",
    "work_permit_from",
    "work_permit_to",
    "employer_name",
    "employer_code",
    "photo",
    "photo_taken_on",
    "religious_headgear",
    "delivery",
    "mail_recipient",
    "mail_address",
    "mail_postcode",
    "phone",
    "bank",
    "receipt_number",
    "due_on",
    "supersedes",
    "loss_report",
    "old_card_number",
];

/// One row as it came, decoded to text but not understood: values in the order of [`FIELDS`], missing ones empty.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RawApplication {
    pub values: Vec<String>,
}

impl RawApplication {
    /// The value of a published column; empty when the outlet left it out. Panics on a name not in [`FIELDS`] (a bug).
    #[must_use]
    pub fn get(&self, field: &str) -> &str {
        let at = FIELDS.iter().position(|f| *f == field).expect("a published field name");
        self.values.get(at).map_or("", String::as_str)
    }

    #[must_use]
    pub fn empty() -> Self {
        Self { values: vec![String::new(); FIELDS.len()] }
    }

    /// Sets a published column. Panics on a name not in [`FIELDS`] (a bug).
    pub fn set(&mut self, field: &str, value: impl Into<String>) {
        let at = FIELDS.iter().position(|f| *f == field).expect("a published field name");
        self.values[at] = value.into();
    }
}

/// Why a card is wanted (card-and-rules.md §8.5; partner codes are profile data).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BusinessType {
    New,
    ReplaceLost,
    ReplaceDamaged,
    RenewPermit,
    AlterPermit,
    SameNumber,
}

/// Green is made first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lane {
    Green,
    Normal,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Sex {
    M,
    F,
    X,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DocumentType {
    Passport,
    PrCard,
}

/// Where the finished card goes (S4: mailing is the applicant's choice, for individuals only).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Delivery {
    Outlet,
    Mail(Mail),
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    pub recipient: String,
    pub address: String,
    pub postcode: String,
}

/// An application whose every field was understood. Text is NFC, trimmed, free of control and invisible characters.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Application {
    pub application_id: String,
    pub business_type: BusinessType,
    pub lane: Lane,
    /// As in the passport's visual zone; Latin script.
    pub name: String,
    pub name_zh: Option<String>,
    pub sex: Sex,
    pub birth_date: Date,
    /// ICAO 9303-3 code as written in the document (`D`, `GBR`, …), without filler.
    pub nationality: String,
    pub document_type: DocumentType,
    pub document_number: String,
    pub document_expiry: Date,
    pub mrz: Option<[String; 2]>,
    /// Social security number: input, never generated (S3).
    pub ssn: String,
    pub work_permit_number: String,
    /// `A`, `B` or `C`.
    pub work_permit_category: char,
    pub work_permit_from: Date,
    pub work_permit_to: Date,
    pub employer_name: String,
    /// Unified social credit code, 18 characters (GB 32100).
    pub employer_code: String,
    /// File name of the photo inside the package.
    pub photo: String,
    pub photo_taken_on: Date,
    pub religious_headgear: bool,
    pub delivery: Delivery,
    pub phone: String,
    pub bank: String,
    pub receipt_number: Option<String>,
    pub due_on: Option<Date>,
    /// An earlier application, corrected and sent again.
    pub supersedes: Option<String>,
    pub loss_report: Option<String>,
    pub old_card_number: Option<String>,
}
