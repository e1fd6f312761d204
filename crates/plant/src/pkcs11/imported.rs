//! Keys that cross the token's border: a root key of a cipher the token hasn't comes out to be held in locked memory, a card key derived
//! here goes in to be wrapped. Neither way is a value ever left in a buffer of the library's.

use chip::keys::{KeyFault, WRAPPED_BYTES, WrappedKey};
use chip::{Kek, Key16};
use cryptoki::object::{Attribute, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use zeroize::{Zeroize as _, Zeroizing};

use super::failure::Failure;
use super::mechanism::Asked;

/// A key wrapped under the token's KEK. It is unwrapped inside, wrapped again under a key of this moment, and opened here: so the value never
/// has to be readable in the token, and is never in memory that isn't wiped.
///
/// # Errors
/// It can't be unwrapped, isn't the key its check value is of, or the token fails.
pub fn out(session: &Session, wrap: Asked, kek: ObjectHandle, wrapped: &WrappedKey) -> Result<Key16, Failure> {
    let (label, version) = (wrapped.mark.label().to_owned(), wrapped.mark.version());
    let inside = session.unwrap_key(&wrap.plain(), kek, &wrapped.wrapped, &of_the_session(KeyType::GENERIC_SECRET, &[Attribute::Extractable(true)]));
    let inside = inside
        .map_err(Failure::from)
        .map_err(|failure| if failure.is_lost_session() { failure } else { KeyFault::Unwrap { label: label.clone(), version }.into() })?;
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *bytes).map_err(|e| KeyFault::Device(format!("no random numbers: {e}")))?;
    let moment = Kek::take(&mut bytes);
    let over = into(session, KeyType::AES, moment.expose(), Attribute::Wrap(true))?;
    let again = wrapped_under(session, wrap, over, inside)?;
    session.destroy_object(over)?;
    session.destroy_object(inside)?;
    let rewrapped = WrappedKey { wrapped: again, ..wrapped.clone() };
    Ok(rewrapped.open(&moment)?)
}

/// A key of ours inside the token, for as long as the session.
///
/// # Errors
/// The token refuses.
pub fn into(session: &Session, kind: KeyType, value: &[u8], purpose: Attribute) -> Result<ObjectHandle, Failure> {
    let mut template = of_the_session(kind, &[purpose]);
    template.push(Attribute::Value(value.to_vec()));
    let made = session.create_object(&template);
    if let Some(Attribute::Value(copy)) = template.last_mut() {
        copy.zeroize();
    }
    Ok(made?)
}

/// # Errors
/// The token refuses, or its wrap isn't RFC 5649's.
pub fn wrapped_under(session: &Session, wrap: Asked, over: ObjectHandle, key: ObjectHandle) -> Result<[u8; WRAPPED_BYTES], Failure> {
    let wrapped = session.wrap_key(&wrap.plain(), over, key)?;
    // Some tokens give the number to a wrap with PKCS#7 padding: that is longer.
    let exact = wrapped.try_into().map_err(|other: Vec<u8>| KeyFault::Lacks(format!("wrap of RFC 5649: a key wraps to {} bytes", other.len())))?;
    Ok(exact)
}

/// A secret key that is gone with its session.
pub fn of_the_session(kind: KeyType, more: &[Attribute]) -> Vec<Attribute> {
    let mut template = vec![
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::KeyType(kind),
        Attribute::Token(false),
        Attribute::Private(true),
        Attribute::Sensitive(true),
    ];
    template.extend_from_slice(more);
    template
}
