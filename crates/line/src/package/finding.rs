//! What stops a package: a coded refusal, or a fault of the world. A `Finding` also says where, for the outlet's own eyes.

use std::io;

use card::{Code, Reason};

/// A reason and the place it was found: an entry, a row, a key. The place may name a file as the outlet named it, so it is
/// shown to the outlet (`cardline package check`) and never written to the ledger; it has no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Finding {
    pub place: String,
    pub reason: Reason,
}

/// Why reading a package ended early.
pub enum Stop<R = Reason> {
    /// The package is set aside with these reasons; nothing more of it is read. A reason of effect `Hold` (PKG-18) means: leave it.
    SetAside(Vec<R>),
    /// Reading or storing failed; says nothing about the package.
    Fault(io::Error),
}

impl From<Stop<Finding>> for Stop<Reason> {
    fn from(stop: Stop<Finding>) -> Self {
        match stop {
            Stop::SetAside(findings) => Stop::SetAside(findings.into_iter().map(|f| f.reason).collect()),
            Stop::Fault(error) => Stop::Fault(error),
        }
    }
}

impl<R> From<io::Error> for Stop<R> {
    fn from(error: io::Error) -> Self {
        Stop::Fault(error)
    }
}

/// A stop with places, as everything inside this module passes it on.
pub(crate) type Halt = Stop<Finding>;

/// One refusal: place, code, measured value, limit.
pub(crate) fn refuse(place: &str, code: Code, value: impl Into<String>, limit: impl Into<String>) -> Halt {
    Stop::SetAside(vec![finding(place, code, value, limit)])
}

pub(crate) fn finding(place: &str, code: Code, value: impl Into<String>, limit: impl Into<String>) -> Finding {
    Finding { place: place.to_owned(), reason: Reason::new(code, value, limit) }
}

/// Bytes of a foreign name as printable ASCII: everything else becomes `\u{…}` or `\x…`, at most 120 characters of it.
#[must_use]
pub fn escaped(raw: &[u8]) -> String {
    let mut out = String::new();
    for chunk in raw.utf8_chunks() {
        for c in chunk.valid().chars() {
            if c.is_ascii_graphic() || c == ' ' { out.push(c) } else { out.extend(c.escape_unicode()) }
        }
        for b in chunk.invalid() {
            out.push_str(&format!("\\x{b:02x}"));
        }
        if out.len() > NAME_SHOWN_CHARS_MAX {
            out.truncate(NAME_SHOWN_CHARS_MAX);
            out.push_str("...");
            break;
        }
    }
    out
}

const NAME_SHOWN_CHARS_MAX: usize = 120;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_names_are_shown_as_plain_ascii() {
        assert_eq!(escaped(b"photos/a.jpg"), "photos/a.jpg");
        assert_eq!(escaped("a\u{202e}gpj".as_bytes()), "a\\u{202e}gpj");
        assert_eq!(escaped(b"a\xff\n"), "a\\xff\\u{a}");
        assert!(escaped(&[b'x'; 9000]).len() < 130);
    }
}
