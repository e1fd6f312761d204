//! What may be typed to have cards made again. What it means is in `commands/remake.rs`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

#[derive(Subcommand)]
pub enum RemakeCommand {
    /// Ask that cards be made again: all of them, or none.
    Request(RemakeRequestArgs),
    /// Approve, as a supervisor, what somebody else or the program asked for.
    Approve(RemakeApproveArgs),
    /// Refuse, as a supervisor, what was asked for.
    Refuse(RemakeRefuseArgs),
    /// Requests and how they stand.
    List(RemakeListArgs),
}

/// Which cards: by number, or by where they were made.
#[derive(Args)]
pub struct RemakeCards {
    /// Card numbers, each of the newest generation, or NUMBER/GENERATION.
    #[arg(value_name = "CARD", required_unless_present = "batch")]
    pub cards: Vec<String>,
    /// The cards of this batch.
    #[arg(long, conflicts_with = "cards")]
    pub batch: Option<String>,
    /// Only of this job of the batch.
    #[arg(long, requires = "batch")]
    pub job: Option<u32>,
    /// Only these slots of the job, or positions of the batch where no job is named: 3,7-9.
    #[arg(long, value_name = "LIST", requires = "batch")]
    pub slots: Option<String>,
}

#[derive(Args)]
pub struct RemakeRequestArgs {
    #[command(flatten)]
    pub cards: RemakeCards,
    #[arg(long, value_enum)]
    pub cause: CauseArg,
    /// Number of the loss or damage report; needed for a card that was delivered. Only its keyed digest is kept.
    #[arg(long, value_name = "NUMBER")]
    pub loss_report: Option<String>,
    /// Who asks.
    #[arg(long = "as", value_name = "ID")]
    pub who: String,
}

/// Whose word it is.
#[derive(Args)]
pub struct RemakeByArgs {
    /// The supervisor.
    #[arg(long = "as", value_name = "ID")]
    pub who: String,
    /// That person's minisign secret key file.
    #[arg(long, alias = "sign-key", value_name = "SECRETFILE")]
    pub key: PathBuf,
    /// File descriptor the key's passphrase comes from; without it the terminal asks.
    #[arg(long, alias = "sign-passphrase-fd", value_name = "N")]
    pub passphrase_fd: Option<u32>,
}

#[derive(Args)]
pub struct RemakeApproveArgs {
    #[command(flatten)]
    pub cards: RemakeCards,
    #[command(flatten)]
    pub by: RemakeByArgs,
}

#[derive(Args)]
pub struct RemakeRefuseArgs {
    #[command(flatten)]
    pub cards: RemakeCards,
    #[arg(long, value_enum)]
    pub because: RefusalArg,
    #[command(flatten)]
    pub by: RemakeByArgs,
}

#[derive(Args)]
pub struct RemakeListArgs {
    /// Also those refused or made.
    #[arg(long)]
    pub all: bool,
    #[arg(long)]
    pub json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum CauseArg {
    /// A machine or a reader spoiled it.
    Spoiled,
    Damaged,
    Lost,
    WrongData,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum RefusalArg {
    /// The card is good, or was found.
    NotNeeded,
    /// The person is to apply anew.
    NewApplication,
    /// What was reported isn't believed.
    Doubtful,
}
