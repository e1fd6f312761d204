//! The words every other crate speaks: applications, reasons, verdicts, cards, numbers, the profile.
//! No files, no clock, no randomness, no threads: everything here is a value or a pure function.

pub mod application;
pub mod canonical;
pub mod card_number;
pub mod country;
pub mod division;
pub mod employer;
pub mod ids;
pub mod latin;
pub mod made;
pub mod messages;
pub mod mrz;
pub mod name;
pub mod parse;
pub mod pr_card;
pub mod profile;
pub mod reason;
pub mod register;
pub mod seeded;
pub mod ssn;
pub mod text;
pub mod validity;
pub mod verdict;

pub use application::{Application, BusinessType, Delivery, DocumentType, Lane, Mail, RawApplication, Sex};
pub use ids::{BatchId, Digest, Keyed, Ordinal, OutletCode};
pub use made::{Card, RemakeOf};
pub use messages::{Language, Message};
pub use profile::Profile;
pub use reason::{Code, Effect, Reason};
pub use verdict::{Outcome, Verdict};
