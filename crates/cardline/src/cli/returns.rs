//! What may be typed of cards that were made. What it means is in `commands/returns.rs`, `decide.rs` and `unclaimed.rs`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

#[derive(Subcommand)]
pub enum ReturnsCommand {
    /// Import the vendor's 14-column result for a batch.
    Import {
        /// The vendor's file, 14 columns (docs/formats/returns.md).
        file: PathBuf,
        /// The batch the file is for; default: the last one dispatched.
        #[arg(long)]
        batch: Option<String>,
    },
}

#[derive(Args)]
pub struct EventArgs {
    /// Card number.
    pub card: String,
    #[arg(value_enum)]
    pub kind: EventKindArg,
    /// Who does it.
    #[arg(long = "as", value_name = "ID")]
    pub who: String,
    /// Generation, where a number was issued more than once; default: the newest.
    #[arg(long)]
    pub generation: Option<u32>,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum EventKindArg {
    Received,
    Collected,
    ActivatedSocialSecurity,
    ActivatedBank,
}

#[derive(Args)]
pub struct UnclaimedArgs {
    /// Days a card may wait; default: the profile's `unclaimed_days`.
    #[arg(long, value_name = "N")]
    pub days: Option<u32>,
    /// Only at this outlet.
    #[arg(long, value_name = "CODE")]
    pub outlet: Option<String>,
    /// One JSON object a line.
    #[arg(long)]
    pub json: bool,
}
