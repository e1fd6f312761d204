//! What the journal says of batches and their cards: the cut, jobs, seal, release, dispatch, the machines' results and events of cards.

use card::{BatchId, Digest, Keyed, Ordinal};
use serde::{Deserialize, Serialize};

use super::{Millis, RegisterImported};

/// The batch: order, destinations and numbers, in one entry, before any output.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct BatchCut {
    pub batch: BatchId,
    /// Everything in the batch that shows a time shows this one.
    pub frozen_at: Millis,
    pub release_id: Digest,
    pub profile: String,
    pub cards_per_job: u32,
    /// Next free counter of every number range that was used, by prefix.
    pub numbers_next: Vec<(String, u64)>,
    /// Register snapshots in force at the cut: whatever is imported later, this batch is made with these.
    pub registers: Vec<RegisterImported>,
    /// Ordinals below this had arrived: the night's answers speak of them.
    pub arrived_until: Ordinal,
    pub cards: Vec<CutCard>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct CutCard {
    pub ordinal: Ordinal,
    /// 9 characters with the check character.
    pub number: String,
    pub generation: u32,
}

/// A job's files are durable in the staging folder.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct JobMade {
    pub batch: BatchId,
    /// 1-based.
    pub job: u32,
    pub files: Vec<FileDigest>,
    /// Record digests in slot order: what the four views must agree on. `None` is a void slot.
    pub records: Vec<Option<Keyed>>,
}

/// A file of a batch, relative to the batch's folder.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FileDigest {
    pub path: String,
    pub len_bytes: u64,
    pub digest: Digest,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct BatchSealed {
    pub batch: BatchId,
    /// Digest of `manifest.json`.
    pub manifest: Digest,
    pub cards: u32,
    pub void: u32,
    pub jobs: u32,
    pub bundles: u32,
    pub at: Millis,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct BatchReleased {
    pub batch: BatchId,
    /// `automatic`, or the people who released it.
    pub by: Vec<String>,
    pub manifest: Digest,
    pub at: Millis,
}

/// Notices and answers of the batch are out.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct BatchDispatched {
    pub batch: BatchId,
    pub files: Vec<FileDigest>,
    pub at: Millis,
}

/// A machine's result file for one batch.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Results {
    pub batch: BatchId,
    pub file: Digest,
    pub cards: Vec<CardResult>,
    pub at: Millis,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct CardResult {
    pub number: String,
    pub result: MachineResult,
    /// 卡识别码: 32 hex digits, from the chip.
    pub card_identification: Option<String>,
    /// Historical bytes of the answer to reset, hex.
    pub atr: Option<String>,
    pub box_position: Option<String>,
    /// 失败环节 and 失败原因.
    pub failure: Option<(String, String)>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MachineResult {
    Good,
    Spoiled,
    Unknown,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct CardEvent {
    pub number: String,
    pub generation: u32,
    pub kind: CardEventKind,
    pub who: String,
    pub at: Millis,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CardEventKind {
    Received,
    Collected,
    ActivatedSocialSecurity,
    ActivatedBank,
}

impl CardEventKind {
    /// For people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Collected => "collected",
            Self::ActivatedSocialSecurity => "activated: social security",
            Self::ActivatedBank => "activated: bank",
        }
    }
}

/// A batch's retention is over: its files are removed after this was written down, but for the manifest and its signature.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct BatchPurged {
    pub batch: BatchId,
    pub who: String,
    pub reason: String,
    pub at: Millis,
}
