//! Coded causes: why an application was refused, held or warned about, or a package set aside.
//! The published list is `reason_table.rs`; codes are stable and never reused. What a code does by default can be
//! overridden by the profile, what it is called cannot.

use std::fmt;

use serde::{Deserialize, Serialize};

include!("reason_table.rs");

/// What a reason does to an application, mildest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    Warn,
    Hold,
    Reject,
}

/// What a code is about, which also says who meets it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// The whole package is set aside unread, held, or recognised as a repeat.
    Package,
    /// One application.
    Application,
    /// A run or command is refused, or a file a machine or operator gave us.
    Command,
}

/// Who has to move next (peers.md §7.5): the three lanes of an answer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AnswerLane {
    FixAtOutlet,
    WeWillRetry,
    OurSide,
}

/// One line of the published list.
pub struct Definition {
    pub code: Code,
    pub text: &'static str,
    pub scope: Scope,
    /// For scope `Application`: the default effect. For `Package`: `Reject` = quarantined, `Hold` = waits, `Warn` = noted.
    pub effect: Effect,
    pub lane: AnswerLane,
    pub en: &'static str,
    pub zh: &'static str,
    pub todo_en: &'static str,
    pub todo_zh: &'static str,
}

impl Code {
    /// The published text of the code, for example `PHO-05`.
    #[must_use]
    pub fn text(self) -> &'static str {
        self.definition().text
    }

    #[must_use]
    pub fn definition(self) -> &'static Definition {
        &DEFINITIONS[self as usize]
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        DEFINITIONS.iter().find(|d| d.text == text).map(|d| d.code)
    }

    /// The whole list, in order of precedence.
    pub fn all() -> impl Iterator<Item = &'static Definition> {
        DEFINITIONS.iter()
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

// Stored by its published text, so that the order of declaration may change without touching old ledgers.
impl Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.text())
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom(format!("unknown reason code {text:?}")))
    }
}

/// A coded cause with what was measured and what the limit is. Both texts are free of personal data: they go to the ledger.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Reason {
    pub code: Code,
    pub effect: Effect,
    pub value: String,
    pub limit: String,
}

impl Reason {
    /// A reason with the published default effect.
    #[must_use]
    pub fn new(code: Code, value: impl Into<String>, limit: impl Into<String>) -> Self {
        Self::with_effect(code, code.definition().effect, value, limit)
    }

    /// A reason whose effect was decided by a measured band (warn, review, reject), not by the code alone.
    #[must_use]
    pub fn with_effect(code: Code, effect: Effect, value: impl Into<String>, limit: impl Into<String>) -> Self {
        Self { code, effect, value: value.into(), limit: limit.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_enum_and_codes_are_unique() {
        let mut seen = std::collections::BTreeSet::new();
        for (i, d) in Code::all().enumerate() {
            assert_eq!(d.code as usize, i, "{}", d.text);
            assert!(seen.insert(d.text), "{} twice", d.text);
            assert_eq!(Code::parse(d.text), Some(d.code));
            for text in [d.en, d.zh, d.todo_en, d.todo_zh] {
                assert!(!text.is_empty(), "{} lacks a sentence", d.text);
            }
        }
    }
}
