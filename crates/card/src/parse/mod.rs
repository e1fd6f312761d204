//! From a row as the outlet wrote it to an application we understand, with every reason on the way: all rules that need no
//! register, font or photo. What registers, fonts and other applications say is the line's business.

mod delivery;
mod document;
mod permit;
mod person;
mod reader;
mod request;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;

use jiff::civil::Date;

use crate::application::{Application, RawApplication};
use crate::profile::Profile;
use crate::reason::Reason;
pub use person::declares_headgear;
use reader::Reader;
pub use request::{APPLICATION_ID_CHARS_MAX, is_application_id};
#[cfg(test)]
pub use samples::sample_row;

/// How the package came (S4: two channels only).
#[derive(Clone, PartialEq, Eq)]
pub enum Channel {
    Individual,
    /// With the package's unified social credit code; whether a row names another is `employer::names_another`.
    Employer {
        code: String,
    },
}

/// What a row says. Personal: no `Debug`.
pub struct Parsed {
    /// Present when every field could be understood, whatever the reasons say about it: an expired document is understood, an impossible date isn't.
    pub application: Option<Application>,
    /// All reasons, in the order they were found; the verdict puts them in order of precedence.
    pub reasons: Vec<Reason>,
}

/// Judges one row on the day it arrived.
#[must_use]
pub fn parse(raw: &RawApplication, day: Date, channel: &Channel, profile: &Profile) -> Parsed {
    let mut reader = Reader::new(raw, day, profile);
    let application = read(&mut reader, channel);
    Parsed { application, reasons: reader.into_reasons() }
}

/// Every part is read before any is missed: all reasons are kept.
fn read(reader: &mut Reader<'_>, channel: &Channel) -> Option<Application> {
    let request = request::read(reader);
    let person = person::read(reader);
    let document = document::read(reader, &person);
    let permit = permit::read(reader);
    let photo = permit::read_photo(reader);
    let delivery = delivery::read(reader, channel);
    Some(Application {
        application_id: request.application_id?,
        business_type: request.business_type?,
        lane: request.lane?,
        name: person.name?,
        name_zh: person.name_zh?,
        sex: person.sex?,
        birth_date: person.birth_date?,
        nationality: person.nationality?,
        document_type: document.document_type?,
        document_number: document.number?,
        document_expiry: document.expiry?,
        mrz: document.mrz?,
        ssn: document.ssn?,
        work_permit_number: permit.number?,
        work_permit_category: permit.category?,
        work_permit_from: permit.from?,
        work_permit_to: permit.to?,
        employer_name: permit.employer_name?,
        employer_code: permit.employer_code?,
        photo: photo.file?,
        photo_taken_on: photo.taken_on?,
        religious_headgear: person.religious_headgear?,
        delivery: delivery.delivery?,
        phone: delivery.phone?,
        bank: delivery.bank?,
        receipt_number: request.receipt_number?,
        due_on: request.due_on?,
        supersedes: request.supersedes?,
        loss_report: request.loss_report?,
        old_card_number: request.old_card_number?,
    })
}
