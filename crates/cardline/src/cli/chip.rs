//! What may be typed to look at chip images. What it means is in `commands/chip/`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Subcommand)]
pub enum ChipCommand {
    /// Print what is, or is to be, on a card's chip: folders, files, records and fields. Personal data.
    Show(ChipShowArgs),
    /// Check work permits offline, by their signature and their dates; exit 65 if any isn't good.
    Verify(ChipVerifyArgs),
}

/// Which chips.
#[derive(Args)]
pub struct ChipArgs {
    /// A file: an encode file (`.cps`) or a chip image (JSON, of `chip show --json`). Or a card of the plant: its number, or its
    /// application, NUMBER or OUTLET/NUMBER.
    #[arg(value_name = "CARD|FILE")]
    pub what: String,
    /// Of an encode file, only the card at this position of its batch.
    #[arg(long, value_name = "POSITION")]
    pub card: Option<u32>,
    /// A profile the program carries, or a profile's file; default the plant's, without a plant hubei-foreigner-2025.
    #[arg(long)]
    pub profile: Option<String>,
}

#[derive(Args)]
pub struct ChipShowArgs {
    #[command(flatten)]
    pub chip: ChipArgs,
    /// One JSON object a line (docs/formats/chip-image.md), which these commands read again.
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct ChipVerifyArgs {
    #[command(flatten)]
    pub chip: ChipArgs,
    /// The issuer's SM2 public key, PEM.
    #[arg(long, value_name = "FILE")]
    pub issuer_key: PathBuf,
    /// The day the permit must be in force (YYYY-MM-DD); default today.
    #[arg(long, value_name = "DATE")]
    pub on: Option<String>,
}
