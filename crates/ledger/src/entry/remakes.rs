//! What the journal says of cards that are made again: requests, people's words, and the end of the cards they replace.

use card::{Keyed, Ordinal};
use serde::{Deserialize, Serialize};

use super::{Millis, Role};

/// Why a card is made again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RemakeCause {
    /// A machine, or a reader here, spoiled it.
    Spoiled,
    Damaged,
    Lost,
    WrongData,
}

impl RemakeCause {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Spoiled => "spoiled",
            Self::Damaged => "damaged",
            Self::Lost => "lost",
            Self::WrongData => "wrong-data",
        }
    }
}

/// Somebody, or the program itself, asks that a card be made again: the parent of the card to come.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct RemakeRequested {
    pub number: String,
    pub generation: u32,
    /// Counted up from 1 for each card; a refused request may be followed by another.
    pub request: u32,
    pub ordinal: Ordinal,
    pub cause: RemakeCause,
    /// Person's id, or `cardline`.
    pub who: String,
    /// The outlet or its holder had the card: it needs a report, and two approvals.
    pub delivered: bool,
    /// Keyed digest of the report's number.
    pub report: Option<Keyed>,
    pub at: Millis,
}

/// One person's approval of a request. With as many as the request needs the application is back in the pool.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct RemakeApproved {
    pub number: String,
    pub generation: u32,
    pub request: u32,
    pub person: String,
    /// The person's role when signing.
    pub role: Role,
    /// The text of a `.minisig` file over the text of docs/formats/remakes.md.
    pub signature: String,
    pub at: Millis,
}

/// Why a request was refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RemakeRefusal {
    /// The card is good, or was found.
    NotNeeded,
    /// The person is to apply anew.
    NewApplication,
    /// What was reported isn't believed.
    Doubtful,
}

impl RemakeRefusal {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NotNeeded => "not-needed",
            Self::NewApplication => "new-application",
            Self::Doubtful => "doubtful",
        }
    }
}

/// A person refuses a request: it has ended.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct RemakeRefused {
    pub number: String,
    pub generation: u32,
    pub request: u32,
    pub because: RemakeRefusal,
    pub person: String,
    pub role: Role,
    /// The text of a `.minisig` file over the text of docs/formats/remakes.md.
    pub signature: String,
    pub at: Millis,
}

/// Why a card is valid no more.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RevocationCause {
    /// It was made again.
    Remade,
    /// Its holder's later application was made.
    Replaced,
}

impl RevocationCause {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Remade => "remade",
            Self::Replaced => "replaced",
        }
    }
}

/// A card is valid no more, because the one that replaces it is good.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct CardRevoked {
    pub number: String,
    pub generation: u32,
    pub cause: RevocationCause,
    /// Number and generation of the card that replaces it.
    pub replaced_by: (String, u32),
    pub at: Millis,
}
