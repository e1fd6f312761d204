//! What the journal says of the plant's own people: the register and the signatures of releases.

use card::{BatchId, Digest};
use serde::{Deserialize, Serialize};

use super::Millis;

/// What a person of the plant may do (faults.md §8): roles are kept apart, one person has one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Operator,
    Supervisor,
    Custodian,
    Auditor,
}

impl Role {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Supervisor => "supervisor",
            Self::Custodian => "custodian",
            Self::Auditor => "auditor",
        }
    }
}

/// A person's signature under a change of the people register (docs/formats/people.md).
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Approval {
    pub person: String,
    /// The text of a `.minisig` file.
    pub signature: String,
}

/// A person of the plant: from here on the id and the key are theirs, and never anyone else's.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct PersonAdded {
    pub person: String,
    pub name: String,
    pub role: Role,
    /// minisign public key: 56 characters of base64.
    pub key: String,
    /// `None` only for the first person of a plant.
    pub approval: Option<Approval>,
    pub at: Millis,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct PersonRemoved {
    pub person: String,
    pub approval: Approval,
    pub at: Millis,
}

/// One of the signatures a batch is released with (two-person release).
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ReleaseSigned {
    pub batch: BatchId,
    /// Digest of the `manifest.json` that was signed.
    pub manifest: Digest,
    pub person: String,
    /// The person's role when signing.
    pub role: Role,
    /// The text of a `.minisig` file over the text of docs/formats/people.md.
    pub signature: String,
    pub at: Millis,
}
