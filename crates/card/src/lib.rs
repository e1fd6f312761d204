//! The words every other crate speaks: applications, reasons, verdicts, cards, numbers, the profile.
//! No files, no clock, no randomness, no threads: everything here is a value or a pure function.

pub mod application;
pub mod ids;
pub mod made;
pub mod profile;
pub mod reason;
pub mod verdict;

pub use application::{Application, BusinessType, Delivery, DocumentType, Lane, Mail, RawApplication, Sex};
pub use ids::{BatchId, Digest, Keyed, Ordinal, OutletCode};
pub use made::Card;
pub use profile::Profile;
pub use reason::{Code, Effect, Reason};
pub use verdict::{Outcome, Verdict};
