//! What the journal says of devices: the register, hand-overs, and cards encoded at a reader here.

use card::reason::Reason;
use card::{BatchId, Digest};
use serde::{Deserialize, Serialize};

use super::{FileDigest, Millis, Role};

/// What a device makes of a job, and so which of its files it gets.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeviceKind {
    /// Print file and job sheet.
    Printer,
    /// Encode files.
    Encoder,
}

impl DeviceKind {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Printer => "printer",
            Self::Encoder => "encoder",
        }
    }
}

/// A device jobs are handed to: from here on the name and the key are its, and never another's.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct DeviceAdded {
    pub device: String,
    pub kind: DeviceKind,
    /// Public key envelopes are sealed to; the secret half was made in the device and never leaves it.
    pub recipient: String,
    /// It takes nothing that isn't in an envelope.
    pub sealed_only: bool,
    pub who: String,
    /// The text of a `.minisig` file (docs/formats/handover.md); `None` only in a plant without people.
    pub signature: Option<String>,
    pub at: Millis,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct DeviceRemoved {
    pub device: String,
    pub who: String,
    pub signature: Option<String>,
    pub at: Millis,
}

/// The token of one hand-over, used before any byte leaves: one file of one job to one device. Without its end it is in doubt.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct HandoverBegun {
    pub device: String,
    /// Counted up from 1 for each device, void ones included.
    pub number: u64,
    pub batch: BatchId,
    pub job: u32,
    pub file: FileDigest,
    pub cards: u32,
    /// Digest of the batch's `manifest.json`.
    pub manifest: Digest,
    /// Header of the hand-over that reached this device before, `None` for its first.
    pub previous: Option<Digest>,
    /// Digest of the inner header (docs/formats/handover.md), which follows from the fields above.
    pub header: Digest,
    /// Whole seconds.
    pub not_after: Millis,
    pub who: String,
    pub at: Millis,
}

/// The envelope lies where the device fetches it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct HandoverDone {
    pub device: String,
    pub number: u64,
    pub envelope_len_bytes: u64,
    pub envelope: Digest,
    pub at: Millis,
}

/// One person's word about a hand-over in doubt, after looking at the device. Two people who say the same settle it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct HandoverResolved {
    pub device: String,
    pub number: u64,
    pub arrived: bool,
    pub person: String,
    /// The person's role when signing.
    pub role: Role,
    pub reason: String,
    /// The text of a `.minisig` file over the text of docs/formats/handover.md.
    pub signature: String,
    pub at: Millis,
}

/// A card is about to be encoded here: written down before the first byte goes to the blank. Without its end it is in doubt.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct CardAttempted {
    pub batch: BatchId,
    pub job: u32,
    /// 0-based, in the batch.
    pub position: u32,
    pub number: String,
    pub generation: u32,
    /// Counted up from 1 for each card.
    pub attempt: u32,
    /// The encode file it is made from, as its job published it.
    pub file: FileDigest,
    /// As PC/SC calls it.
    pub reader: String,
    /// Keys for tests were written to it; else none.
    pub test_keys: bool,
    pub who: String,
    pub at: Millis,
}

/// What an attempt to encode a card came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AttemptResult {
    /// Written, read back, all of it equal.
    Good,
    /// The blank answered, and not as it must.
    Spoiled,
    /// It stopped answering.
    InDoubt,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct AttemptEnded {
    pub number: String,
    pub generation: u32,
    pub attempt: u32,
    pub result: AttemptResult,
    /// Data of this card may be on the blank: then the blank is this card, and no other becomes it.
    pub written: bool,
    /// Absent exactly where it is good.
    pub reason: Option<Reason>,
    pub at: Millis,
}

/// One person's word about an attempt in doubt, after looking at the card. Two people who say the same settle it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct AttemptResolved {
    pub number: String,
    pub generation: u32,
    pub attempt: u32,
    /// The card is whole; else it is spoiled.
    pub good: bool,
    pub person: String,
    /// The person's role when signing.
    pub role: Role,
    pub reason: String,
    /// The text of a `.minisig` file over the text of docs/formats/encoding.md.
    pub signature: String,
    pub at: Millis,
}
