//! What a token answers when it doesn't do what it was asked: its own word for it, never an argument.

use chip::keys::KeyFault;
use cryptoki::error::{Error, RvError};

/// A key that isn't as it should be, or the token.
pub enum Failure {
    Key(KeyFault),
    Token(Error),
}

impl From<KeyFault> for Failure {
    fn from(fault: KeyFault) -> Self {
        Self::Key(fault)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Token(error)
    }
}

impl Failure {
    /// Another session may do it.
    pub fn is_lost_session(&self) -> bool {
        matches!(self, Self::Token(Error::Pkcs11(RvError::SessionHandleInvalid | RvError::SessionClosed, _)))
    }

    pub fn into_fault(self) -> KeyFault {
        match self {
            Self::Key(fault) => fault,
            Self::Token(error) => KeyFault::Device(words(&error)),
        }
    }
}

/// In a line: the function's name and the standard's word. The crate's own text is a page.
pub fn words(error: &Error) -> String {
    match error {
        Error::Pkcs11(code, function) => format!("C_{function:?}: {code:?}"),
        other => other.to_string(),
    }
}
