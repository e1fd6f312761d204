//! Ids people give on the command line, and the reasons they give. Whether an id is in the people register is the line's to say.

use card::Code;
use ledger::fault::Fault;

/// Longest id of a person.
const ID_CHARS_MAX: usize = 40;

/// # Errors
/// `USE-01`: not 2–40 of letters, digits, `.`, `-`, `_`, `@`.
pub fn id(text: &str) -> Result<&str, Fault> {
    let ok = (2..=ID_CHARS_MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_@".contains(&b));
    let refused = || Fault::Refused { code: Code::Use01, text: format!("--as: 2 to {ID_CHARS_MAX} letters, digits or . - _ @") };
    ok.then_some(text).ok_or_else(refused)
}

/// A reason goes to the ledger and to outlets: one line, no control characters.
///
/// # Errors
/// `USE-01`: empty, longer than 200 characters or with control characters.
pub fn reason(text: &str) -> Result<&str, Fault> {
    let trimmed = text.trim();
    let ok = !trimmed.is_empty() && trimmed.chars().count() <= 200 && !trimmed.chars().any(char::is_control);
    ok.then_some(trimmed).ok_or_else(|| Fault::Refused { code: Code::Use01, text: "--reason: one line of at most 200 characters".to_owned() })
}
