//! The signature over holder and permit (docs/formats/chip-image.md §3): which bytes are signed, who signs, and where the signature lies.
//! Whether one is good says `verify.rs`. Which certificate a key has, and whether it may still be used, is not known here.

mod key;
#[cfg(test)]
pub(crate) mod tests;
mod verify;

use card::profile::chip::{PERMIT_CERTIFICATE, PERMIT_SIGNATURE, PERMIT_SIGNATURE_BYTES};

pub use key::{IssuerKey, SoftwareSigner};
pub use verify::{InForce, PermitCheck, PermitFinding, verify};

use crate::image::{Content, FileImage, FileTree, ImageFault};
use crate::problem::ChipProblem;
use crate::value::encode_value;

/// Under which identity SM2 signs and verifies (GM/T 0009: the default where none is agreed).
pub const DISTID: &str = "1234567812345678";
/// What the message begins with: no signature made for another purpose, or by another version of this format, is one over a permit.
const DOMAIN: &[u8] = b"cardline-work-permit/1\0";

/// What a signer is tried with: no permit, of no version.
const TRIAL: &[u8] = b"cardline-permit-trial/1\0";

/// Signs permits: a key in memory, or in a module that keeps it.
pub trait PermitSigner: Send + Sync {
    /// r and s, 32 bytes each, of SM2 with SM3 over the message under [`DISTID`]. The same message gets the same signature: a card that is
    /// made again is the same card.
    ///
    /// # Errors
    /// The key can't be used now. Nothing is wrong with the message.
    fn sign(&self, message: &[u8]) -> Result<[u8; PERMIT_SIGNATURE_BYTES], SignFault>;

    /// Whose key it is, as it stands on the card.
    fn certificate(&self) -> &str;
}

/// The signer failed. The text names no data.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignFault(pub String);

impl std::fmt::Display for SignFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SignFault {}

/// The signer as a layout wants it: tried out where permits are signed, left out where they aren't.
///
/// # Errors
/// There is none where one is wanted; its certificate's name has no room on the chip; it fails, or signs one message in two ways.
pub fn ready<'s>(tree: &FileTree, signer: Option<&'s dyn PermitSigner>) -> Result<Option<&'s dyn PermitSigner>, SignFault> {
    let fault = |why: &str| Err(SignFault(why.to_owned()));
    let Some((_, record)) = tree.record_of(PERMIT_CERTIFICATE) else { return Ok(None) };
    let Some(signer) = signer else { return fault("the profile wants signed work permits, and nobody signs them") };
    let certificate = signer.certificate();
    if certificate.is_empty() || encode_value(record.kind, record.len_bytes, certificate).is_err() {
        return Err(SignFault(format!("the certificate's reference {certificate:?} isn't one of 1-{} characters", record.len_bytes)));
    }
    if signer.sign(TRIAL)? != signer.sign(TRIAL)? {
        return fault("it signs the same message differently each time: no card could be made again");
    }
    Ok(Some(signer))
}

/// The bytes that are signed: the domain, the certificate's record, then the covered records in the profile's order, each as length and
/// name of its field, length and bytes of its value as the chip holds it. The card number is always among them.
///
/// # Errors
/// The layout signs nothing, or a record that is covered is missing.
pub fn permit_message(files: &[FileImage], tree: &FileTree) -> Result<Vec<u8>, ChipProblem> {
    let permit = tree.layout.permit.as_ref().ok_or_else(|| ChipProblem::new("permit", "the profile signs none"))?;
    let mut message = Vec::with_capacity(512);
    message.extend_from_slice(DOMAIN);
    for field in std::iter::once(PERMIT_CERTIFICATE).chain(permit.covers.iter().map(String::as_str)) {
        put(field.as_bytes(), &mut message)?;
        put(value_of(files, tree, field)?, &mut message)?;
    }
    Ok(message)
}

/// Records and names are far below 256 bytes; a length of one byte is enough for both.
fn put(bytes: &[u8], message: &mut Vec<u8>) -> Result<(), ChipProblem> {
    message.push(u8::try_from(bytes.len()).map_err(|_| ChipProblem::new("permit", "a value over 255 bytes"))?);
    message.extend_from_slice(bytes);
    Ok(())
}

/// The bytes of a field's record, wherever the layout puts it.
fn value_of<'f>(files: &'f [FileImage], tree: &FileTree, field: &str) -> Result<&'f [u8], ChipProblem> {
    let missing = || ChipProblem::new(field, "missing");
    let (place, record) = tree.record_of(field).ok_or_else(missing)?;
    let file = files.iter().find(|f| f.folder == place.folder && f.id == place.id).ok_or_else(missing)?;
    match &file.content {
        Content::Records(records) => {
            records.iter().find(|r| r.tag == record.tag && r.value.len() == record.len_bytes).map(|r| &r.value[..]).ok_or_else(missing)
        }
        Content::Transparent(_) | Content::Reserved { .. } => Err(missing()),
    }
}

/// Signs files that are whole but for the signature.
pub(crate) fn put_signature(files: &mut [FileImage], tree: &FileTree, signer: &dyn PermitSigner) -> Result<(), ImageFault> {
    let signature = signer.sign(&permit_message(files, tree)?).map_err(ImageFault::Signer)?;
    let missing = || ChipProblem::new(PERMIT_SIGNATURE, "missing");
    let (place, record) = tree.record_of(PERMIT_SIGNATURE).ok_or_else(missing)?;
    let file = files.iter_mut().find(|f| f.folder == place.folder && f.id == place.id).ok_or_else(missing)?;
    if let Content::Records(records) = &mut file.content {
        records.iter_mut().filter(|r| r.tag == record.tag).for_each(|r| r.value = signature.to_vec());
    }
    Ok(())
}
