//! Rows of the neighbours' registers, as the centre imports them. Permit and enrolment rows are personal: no `Debug`.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// `outlets`: who may send packages and receive cards.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutletRow {
    pub code: String,
    pub name: String,
    pub name_zh: String,
    /// GB/T 2260, 6 digits.
    pub division: String,
    pub address: String,
    pub postcode: String,
    pub phone: String,
    /// minisign public key, base64 (the second line of a `.pub` file); empty if the outlet has none yet.
    pub minisign_key: String,
    pub open: bool,
}

/// Last thing that happened to a permit (S1: "no change, no replacement").
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PermitEvent {
    /// Nothing since the reform of 2024-12-01: the physical permit stays valid, no card is due.
    None,
    New,
    Renewed,
    Altered,
    Cancelled,
}

/// `permits`: an extract of the Work Management System.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PermitRow {
    pub number: String,
    pub document_number: String,
    pub nationality: String,
    /// `A`, `B` or `C`.
    pub category: char,
    /// `valid`, `suspended`, `cancelled`, `expired` as the system spells it.
    pub status: String,
    pub from: Date,
    pub to: Date,
    pub last_event: PermitEvent,
    pub event_on: Option<Date>,
    /// An old physical work permit is still in the holder's hands.
    pub physical_card_held: bool,
    /// Unified social credit code of the employer; empty when the extract doesn't carry it.
    pub employer_code: String,
}

/// `enrolment`: social security numbers the agency has assigned.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolmentRow {
    pub ssn: String,
    pub nationality: String,
    pub document_number: String,
    pub name: String,
    pub birth_date: Date,
    /// `active` or what else the agency says.
    pub status: String,
}
