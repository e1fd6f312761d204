//! What the journal says of printers reached over IPP. The token of a print job is a `HandoverBegun`.

use serde::{Deserialize, Serialize};

use super::Millis;

/// A printer that is reached over IPP, in the register of devices: from here on the name is its, and never another's.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct PrinterAdded {
    pub device: String,
    /// Where it is: `ipp://` on this machine, `ipps://` anywhere, in the one spelling of docs/formats/printing.md.
    pub uri: String,
    pub who: String,
    /// The text of a `.minisig` file (docs/formats/printing.md); `None` only in a plant without people.
    pub signature: Option<String>,
    pub at: Millis,
}

/// What a printer said became of a print job.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PrintOutcome {
    /// All of it is printed.
    Completed,
    /// Refused for what was asked, before it took the job: its token is void.
    Refused,
    /// Given up by the printer. How much is printed isn't known: it stays in doubt.
    Aborted,
    /// Ended by somebody at the printer. It stays in doubt.
    Canceled,
}

impl PrintOutcome {
    /// For people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Refused => "refused",
            Self::Aborted => "aborted",
            Self::Canceled => "canceled",
        }
    }
}

/// The end of a print job whose token is a `HandoverBegun`, as its printer told it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct PrintEnded {
    pub device: String,
    /// Of the hand-over.
    pub number: u64,
    pub outcome: PrintOutcome,
    /// IPP status of a refusal; absent otherwise.
    pub status: Option<u16>,
    /// The printer's own number of the job; absent where it took none.
    pub printer_job: Option<i32>,
    /// Sides printed, as far as the printer counts them.
    pub impressions: Option<u32>,
    pub at: Millis,
}
