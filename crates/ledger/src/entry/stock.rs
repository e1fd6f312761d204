//! What the journal says of blank cards and of a batch's close: lots, moves between accounts, destructions, and the counts a batch was
//! closed with. Serials are kept as ranges of the numbers in them; how they are written is the lot's.

use card::{BatchId, Digest};
use serde::{Deserialize, Serialize};

use super::{Millis, Role};

/// Where a card of a lot is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Account {
    /// With the custodian.
    Vault,
    /// Given out to a batch, and nobody has said yet what became of it.
    Line,
    Good,
    Spoiled,
    /// Used to set up or try a machine.
    Test,
    /// Left over, with the custodian or the manufacturer.
    Returned,
}

impl Account {
    pub const ALL: [Self; 6] = [Self::Vault, Self::Line, Self::Good, Self::Spoiled, Self::Test, Self::Returned];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Vault => "vault",
            Self::Line => "line",
            Self::Good => "good",
            Self::Spoiled => "spoiled",
            Self::Test => "test",
            Self::Returned => "returned",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|account| account.name() == text)
    }
}

/// Serials from `first` to `last`, both within: the numbers in them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct SerialRange {
    pub first: u64,
    pub last: u64,
}

impl SerialRange {
    #[must_use]
    pub fn count(self) -> u64 {
        (self.last - self.first.min(self.last)).saturating_add(1)
    }
}

/// A lot of blank cards, as it came from the manufacturer. All of it is in the vault now.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct StockReceived {
    pub lot: String,
    /// What stands before the number in every serial.
    pub prefix: String,
    /// Digits of the number, zeros in front; 0: as many as it has.
    pub digits: u8,
    pub serials: SerialRange,
    pub who: String,
    /// The text of a `.minisig` file (docs/formats/stock.md); `None` only in a plant without people.
    pub signature: Option<String>,
    pub at: Millis,
}

/// Cards of one lot that go from one account to another.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StockLeg {
    pub lot: String,
    pub from: Account,
    pub to: Account,
    /// In order, apart from one another.
    pub serials: Vec<SerialRange>,
}

/// The card a serial became.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SerialCard {
    pub lot: String,
    pub serial: u64,
    pub number: String,
    pub generation: u32,
}

/// Cards that were given out, counted or put back: all legs at once.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct StockMoved {
    /// Counted up from 1 over the plant's life.
    pub number: u64,
    /// The batch they go to or were counted for; none between vault and returned.
    pub batch: Option<BatchId>,
    pub legs: Vec<StockLeg>,
    pub cards: Vec<SerialCard>,
    /// Digest of the count sheet.
    pub sheet: Option<Digest>,
    pub who: String,
    pub signature: Option<String>,
    pub at: Millis,
}

/// How cards are destroyed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DestructionMethod {
    Shredded,
    /// Chip and face cut through.
    Punched,
    Burnt,
}

impl DestructionMethod {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Shredded => "shredded",
            Self::Punched => "punched",
            Self::Burnt => "burnt",
        }
    }
}

/// Cards of one account that are to be destroyed; they stay in it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StockShare {
    pub lot: String,
    pub account: Account,
    pub serials: Vec<SerialRange>,
}

/// A card by number, one nobody collected.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct UnclaimedCard {
    pub number: String,
    pub generation: u32,
}

/// Somebody asks for cards to be destroyed. They count as destroyed when two others have witnessed it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct DestructionAsked {
    /// Counted up from 1 over the plant's life.
    pub number: u64,
    pub method: DestructionMethod,
    pub shares: Vec<StockShare>,
    pub cards: Vec<UnclaimedCard>,
    pub person: String,
    /// The person's role when signing.
    pub role: Role,
    /// The text of a `.minisig` file over the text of docs/formats/stock.md.
    pub signature: String,
    pub at: Millis,
}

/// One person saw the cards destroyed.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct DestructionWitnessed {
    pub number: u64,
    pub person: String,
    pub role: Role,
    pub signature: String,
    pub at: Millis,
}

/// What a batch comes to at its close. Cards without an end keep it open, so none are counted here.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ClosingCounts {
    /// Cards cut: orders.
    pub cut: u32,
    pub good: u32,
    pub spoiled: u32,
    pub void: u32,
    /// `None`: no stock was kept when it was made.
    pub stock: Option<ClosingStock>,
}

/// Blank cards of a batch, as they lie at its close.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ClosingStock {
    pub issued: u64,
    pub good: u64,
    pub spoiled: u64,
    pub test: u64,
    pub returned: u64,
}

/// One person's word that the batch balances at these counts. Two people who say the same close it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct BatchReconciled {
    pub batch: BatchId,
    pub counts: ClosingCounts,
    pub person: String,
    pub role: Role,
    pub signature: String,
    pub at: Millis,
}
