//! What may be typed to encode cards at a reader of this machine. What it means is in `commands/encode.rs`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::RecordsArg;
use super::devices::WordArgs;

#[derive(Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct EncodeArgs {
    #[command(subcommand)]
    pub command: Option<EncodeCommand>,
    #[command(flatten)]
    pub walk: Option<EncodeWalkArgs>,
}

#[derive(Args)]
pub struct EncodeWalkArgs {
    /// A job of a released batch: BATCH/JOB, for example B20250601-01/2.
    pub job: String,
    /// The card reader, by the whole name PC/SC gives it.
    #[arg(long, value_name = "NAME")]
    pub reader: String,
    /// Who encodes.
    #[arg(long = "as", value_name = "ID")]
    pub who: String,
    /// Keys for test cards (docs/formats/apdu.md §3); without them cards get no keys and no access conditions. Never in a production plant.
    #[arg(long, value_name = "FILE")]
    pub test_keys: Option<PathBuf>,
    #[arg(long, value_enum, default_value = "fixed")]
    pub records: RecordsArg,
    /// Begin with the card at this position of the batch.
    #[arg(long, value_name = "POSITION")]
    pub from: Option<u32>,
    /// At most so many cards.
    #[arg(long, value_name = "N")]
    pub count: Option<u32>,
    /// Only the card at this position; also one whose last blank was spoiled with nothing of it on it.
    #[arg(long, value_name = "N", conflicts_with_all = ["from", "count", "retry"])]
    pub position: Option<u32>,
    /// Also cards whose last blank was spoiled with nothing of them on it.
    #[arg(long)]
    pub retry: bool,
    /// How long a blank is waited for, and for the last card to be taken out.
    #[arg(long, value_name = "SECONDS", default_value = "120")]
    pub wait_seconds: u64,
    /// Exit 3 if a card of this walk isn't good.
    #[arg(long)]
    pub strict: bool,
    /// A line of `cardline ledger witness`, or a file of them: refuse a plant that lacks one (it was rolled back).
    #[arg(long, value_name = "FILE|LINE")]
    pub witness: Option<String>,
}

#[derive(Subcommand)]
pub enum EncodeCommand {
    /// Say, as one of two people, what a card in doubt is, after looking at it.
    Resolve(EncodeResolveArgs),
}

#[derive(Args)]
pub struct EncodeResolveArgs {
    /// The card's number.
    pub card: String,
    #[arg(value_enum)]
    pub found: WholeArg,
    /// Which of the cards with this number; default the newest.
    #[arg(long)]
    pub generation: Option<u32>,
    #[command(flatten)]
    pub word: WordArgs,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum WholeArg {
    Good,
    Spoiled,
}
