//! What may be typed about mail and boxes that were sent. What it means is in `commands/deliveries.rs`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use ledger::entry::DeliveryState;

#[derive(Subcommand)]
pub enum DeliveriesCommand {
    /// Import a courier's or outlet's file of what became of mail and boxes (docs/formats/deliveries.md).
    Import(DeliveriesImportArgs),
    /// Mail and boxes that did not arrive, and what to do about each.
    List(DeliveriesListArgs),
}

#[derive(Args)]
pub struct DeliveriesImportArgs {
    /// The courier's file, 4 columns.
    pub file: PathBuf,
    /// Who does it; needed in a plant with people.
    #[arg(long = "as", value_name = "ID")]
    pub who: Option<String>,
}

#[derive(Args)]
pub struct DeliveriesListArgs {
    /// Only with this state; default: what was returned or failed.
    #[arg(long, value_enum)]
    pub state: Option<DeliveryStateArg>,
    /// Days after which returned mail is destroyed; default: the profile's `unclaimed_days`.
    #[arg(long, value_name = "N")]
    pub days: Option<u32>,
    /// One JSON object a line.
    #[arg(long)]
    pub json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum DeliveryStateArg {
    Delivered,
    Returned,
    Failed,
}

impl DeliveryStateArg {
    #[must_use]
    pub fn state(self) -> DeliveryState {
        match self {
            Self::Delivered => DeliveryState::Delivered,
            Self::Returned => DeliveryState::Returned,
            Self::Failed => DeliveryState::Failed,
        }
    }
}
