//! The inspector's check: is this permit signed by the issuer, for this card? It reads a chip's files and needs no network, no secret and
//! no other file of ours.

use card::profile::chip::{ChipLayout, PERMIT_CARD_NUMBER, PERMIT_CERTIFICATE, PERMIT_SIGNATURE};
use jiff::civil::Date;

use super::{IssuerKey, permit_message, value_of};
use crate::image::{FileImage, FileTree};
use crate::problem::ChipProblem;
use crate::value::decode_value;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PermitFinding {
    Good,
    /// Somebody else's, or something it covers was changed.
    WrongSignature,
    /// The chip holds none.
    NoSignature,
    /// Made for a card with another number.
    OtherCard,
}

/// What the check found. Personal: no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct PermitCheck {
    pub finding: PermitFinding,
    /// Whose key it claims; empty where there is no signature.
    pub certificate: String,
    pub card_number: String,
    /// First and last day of the permit; both are always covered by the signature.
    pub from: Option<Date>,
    pub to: Option<Date>,
}

/// A permit's dates against a day.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum InForce {
    Yes,
    NotYet,
    Over,
}

impl PermitCheck {
    /// First and last day are within. What can't be read is not in force.
    #[must_use]
    pub fn in_force(&self, day: Date) -> InForce {
        match (self.from, self.to) {
            (Some(from), Some(_)) if day < from => InForce::NotYet,
            (Some(_), Some(to)) if day <= to => InForce::Yes,
            _ => InForce::Over,
        }
    }
}

/// Checks the signature of a chip's files.
///
/// # Errors
/// The profile signs no permits, or a record that is covered isn't there: these are files of another layout.
pub fn verify(files: &[FileImage], layout: &ChipLayout, key: &IssuerKey) -> Result<PermitCheck, ChipProblem> {
    let tree = FileTree::of(layout)?;
    if layout.permit.is_none() {
        return Err(ChipProblem::new("permit", "the profile signs none"));
    }
    Ok(PermitCheck {
        finding: finding(files, &tree, key)?,
        certificate: text_of(files, &tree, PERMIT_CERTIFICATE).unwrap_or_default(),
        card_number: text_of(files, &tree, "card_number").unwrap_or_default(),
        from: date_of(files, &tree, "work_permit_from"),
        to: date_of(files, &tree, "work_permit_to"),
    })
}

fn finding(files: &[FileImage], tree: &FileTree, key: &IssuerKey) -> Result<PermitFinding, ChipProblem> {
    let Some(signature) = signature_of(files, tree) else { return Ok(PermitFinding::NoSignature) };
    // Said before the signature is looked at: it is wrong for this card in either case, and this says why.
    if text_of(files, tree, PERMIT_CARD_NUMBER) != text_of(files, tree, "card_number") {
        return Ok(PermitFinding::OtherCard);
    }
    let message = permit_message(files, tree)?;
    Ok(if key.made(&message, signature) { PermitFinding::Good } else { PermitFinding::WrongSignature })
}

/// An unwritten record of a chip is all 00 or all FF.
fn signature_of<'f>(files: &'f [FileImage], tree: &FileTree) -> Option<&'f [u8]> {
    let unwritten = |bytes: &[u8]| bytes.iter().all(|b| *b == 0) || bytes.iter().all(|b| *b == 0xFF);
    value_of(files, tree, PERMIT_SIGNATURE).ok().filter(|bytes| !unwritten(bytes))
}

fn text_of(files: &[FileImage], tree: &FileTree, field: &str) -> Option<String> {
    let (_, record) = tree.record_of(field)?;
    decode_value(record.kind, value_of(files, tree, field).ok()?)
}

/// `YYYYMMDD`.
fn date_of(files: &[FileImage], tree: &FileTree, field: &str) -> Option<Date> {
    let text = text_of(files, tree, field)?;
    let digits = text.len() == 8 && text.bytes().all(|b| b.is_ascii_digit());
    Date::strptime("%Y%m%d", &text).ok().filter(|_| digits)
}
