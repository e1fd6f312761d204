//! Keys inside the token: found by label and version, told from others by the check value the token gives for them.

use chip::keys::{CHECK_BYTES, KeyFault, KeyMark};
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;

use super::failure::Failure;
use super::mechanism::Asked;
use crate::token_keys::KeyName;

/// A key of the token and what may be said of it.
pub struct Found {
    pub handle: ObjectHandle,
    pub mark: KeyMark,
}

/// The secret key whose `CKA_LABEL` is the label and whose `CKA_ID` is the version, one byte. `None` if there is none.
///
/// # Errors
/// There are several, it is of another type, or the token fails.
pub fn find(session: &Session, name: &KeyName, of: &KeyType, encrypt: Asked, block_bytes: usize) -> Result<Option<Found>, Failure> {
    let Some(handle) = handle_of(session, name, of)? else { return Ok(None) };
    let check = check_value(session, handle, encrypt, block_bytes)?;
    let check = check.ok_or_else(|| KeyFault::Device(format!("gives no check value of key {name}: CKA_CHECK_VALUE or CKA_ENCRYPT")))?;
    let mark = KeyMark::new(&name.label, name.version, check).map_err(KeyFault::Device)?;
    Ok(Some(Found { handle, mark }))
}

/// As [`find`], of a key whose check value nobody asks for.
///
/// # Errors
/// As [`find`].
pub fn handle_of(session: &Session, name: &KeyName, of: &KeyType) -> Result<Option<ObjectHandle>, Failure> {
    let wanted = [Attribute::Class(ObjectClass::SECRET_KEY), Attribute::Label(name.label.clone().into_bytes()), Attribute::Id(vec![name.version])];
    let [handle] = session.find_objects(&wanted)?[..] else {
        let several = session.find_objects(&wanted)?.len();
        return if several == 0 { Ok(None) } else { Err(KeyFault::Device(format!("has {several} keys {name}")).into()) };
    };
    match session.get_attributes(handle, &[AttributeType::KeyType])?.as_slice() {
        [Attribute::KeyType(held)] if held == of => Ok(Some(handle)),
        _ => Err(KeyFault::Device(format!("has another kind of key as {name}")).into()),
    }
}

/// What the token says the check value is; else a block of zeros under the key, if it may encrypt.
fn check_value(session: &Session, handle: ObjectHandle, encrypt: Asked, block_bytes: usize) -> Result<Option<[u8; CHECK_BYTES]>, Failure> {
    // Not every token has the attribute, and asking for one it hasn't is an error for some.
    if let Ok(held) = session.get_attributes(handle, &[AttributeType::CheckValue])
        && let [Attribute::CheckValue(check)] = held.as_slice()
        && let Ok(check) = check.as_slice().try_into()
    {
        return Ok(Some(check));
    }
    Ok(zeros(session, handle, encrypt, block_bytes).ok())
}

/// Leftmost bytes of a block of zeros under a key.
///
/// # Errors
/// The token refuses.
pub fn zeros(session: &Session, handle: ObjectHandle, encrypt: Asked, block_bytes: usize) -> Result<[u8; CHECK_BYTES], Failure> {
    let block = session.encrypt(&encrypt.plain(), handle, &[0; 16][..block_bytes])?;
    let check = block.first_chunk().ok_or_else(|| KeyFault::Device("encrypts to nothing".to_owned()))?;
    Ok(*check)
}

/// # Errors
/// What was noted isn't what is there.
pub fn same(noted: &KeyMark, found: &KeyMark) -> Result<(), KeyFault> {
    if noted == found { Ok(()) } else { Err(KeyFault::WrongCheck { label: noted.label().to_owned(), version: noted.version() }) }
}

#[must_use]
pub fn missing(name: &KeyName) -> KeyFault {
    KeyFault::Missing { label: name.label.clone(), version: name.version }
}
