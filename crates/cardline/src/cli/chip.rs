//! What may be typed to look at chip images. What it means is in `commands/chip/`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

#[derive(Subcommand)]
pub enum ChipCommand {
    /// Print what is, or is to be, on a card's chip: folders, files, records and fields. Personal data.
    Show(ChipShowArgs),
    /// Print the commands that personalise one test card (docs/formats/apdu.md): test mode only. Personal data.
    Script(ChipScriptArgs),
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

#[derive(Args)]
pub struct ChipScriptArgs {
    #[command(flatten)]
    pub chip: ChipArgs,
    /// Keys for test cards (docs/formats/apdu.md §3); without them the card gets no keys and no access conditions.
    #[arg(long, value_name = "FILE")]
    pub test_keys: Option<PathBuf>,
    #[arg(long, value_enum, default_value = "scriptor")]
    pub format: ScriptFormat,
    #[arg(long, value_enum, default_value = "fixed")]
    pub records: RecordsArg,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ScriptFormat {
    /// Commands alone; not for a card with keys, which asks for an answer to its challenge.
    Scriptor,
    /// Commands, and the status and data each must be answered with.
    Play,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RecordsArg {
    /// All records of a file of one length: any ISO 7816-4 card has them.
    Fixed,
    /// Each of its own length, found by its tag.
    Variable,
}
