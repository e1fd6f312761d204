//! What the journal says became of mail and boxes.

use card::{BatchId, Digest};
use serde::{Deserialize, Serialize};

use super::Millis;

/// What a courier or outlet said became of mail and boxes: the lines of one file that said something new.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Deliveries {
    /// Digest of the file as it came.
    pub file: Digest,
    pub lines: Vec<DeliveryLine>,
    pub who: String,
    pub at: Millis,
}

/// What became of one thing that was sent.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DeliveryLine {
    pub batch: BatchId,
    pub order: Order,
    pub state: DeliveryState,
    /// Present exactly where it was not delivered.
    pub cause: Option<DeliveryCause>,
    /// When that was, as the courier says.
    pub at: Millis,
}

/// What is sent: a letter with one card, or the box of a bundle. Positions are 0-based, in the batch.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    Mail {
        position: u32,
    },
    /// `number` is 1-based; `first` and `last` are positions of cards, void ones may lie between them.
    Bundle {
        number: u32,
        first: u32,
        last: u32,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeliveryState {
    Delivered,
    /// It came back.
    Returned,
    /// Neither: it is with the courier, or nobody knows where.
    Failed,
}

impl DeliveryState {
    pub const ALL: [Self; 3] = [Self::Delivered, Self::Returned, Self::Failed];

    /// As the courier's file calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Returned => "returned",
            Self::Failed => "failed",
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeliveryCause {
    AddressUnknown,
    Refused,
    NotCollected,
    Damaged,
    Lost,
    Other,
}

impl DeliveryCause {
    pub const ALL: [Self; 6] = [Self::AddressUnknown, Self::Refused, Self::NotCollected, Self::Damaged, Self::Lost, Self::Other];

    /// As the courier's file calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AddressUnknown => "address-unknown",
            Self::Refused => "refused",
            Self::NotCollected => "not-collected",
            Self::Damaged => "damaged",
            Self::Lost => "lost",
            Self::Other => "other",
        }
    }
}
