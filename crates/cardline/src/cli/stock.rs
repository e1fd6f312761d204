//! What may be typed about blank cards and a batch's close. What it means is in `commands/`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

#[derive(Subcommand)]
pub enum StockCommand {
    /// Take a lot of blank cards into the vault.
    Receive(StockReceiveArgs),
    /// Give cards of the vault out to a batch.
    Issue(StockIssueArgs),
    /// Count what became of a batch's cards, by the shift's sheet (docs/formats/stock.md): the whole sheet or nothing of it.
    Count(StockCountArgs),
    /// Put cards that were left over back into the vault, or give cards of the vault back to the manufacturer.
    Put(StockPutArgs),
    /// Ask for cards to be destroyed: spoiled, test and returned ones by serial, unclaimed ones by card number.
    Destroy(StockDestroyArgs),
    /// Say, as one of two people, that the cards of a destruction were destroyed before your eyes.
    Witness(StockWitnessArgs),
    /// Every lot with its accounts, and destructions that wait for a witness; of one lot, where its serials are.
    List {
        lot: Option<String>,
        #[arg(long)]
        json: bool,
    },
}

/// Who moves or counts.
#[derive(Args)]
pub struct StockByArgs {
    /// Who does it: a custodian moves, an operator or supervisor counts.
    #[arg(long = "as", value_name = "ID")]
    pub by: String,
    /// That one's minisign secret key file; needed once the plant has people.
    #[arg(long, alias = "sign-key", value_name = "SECRETFILE")]
    pub key: Option<PathBuf>,
    /// File descriptor the key's passphrase comes from; without it the terminal asks.
    #[arg(long, alias = "sign-passphrase-fd", value_name = "N", requires = "key")]
    pub passphrase_fd: Option<u32>,
}

/// Who signs what only people of the register may say.
#[derive(Args)]
pub struct StockSignArgs {
    /// Who says it.
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
pub struct StockReceiveArgs {
    /// The lot's id: 2 to 24 letters, digits or . - _, a digit among them.
    pub lot: String,
    /// Its first serial, as printed on the card.
    #[arg(long, value_name = "SERIAL")]
    pub first: String,
    /// How many cards it has.
    #[arg(long, value_name = "N")]
    pub count: u64,
    /// How serials are written: all as long as the first, or as plain numbers.
    #[arg(long, value_enum, default_value = "fixed-width")]
    pub serials: FormArg,
    #[command(flatten)]
    pub by: StockByArgs,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum FormArg {
    FixedWidth,
    Decimal,
}

#[derive(Args)]
pub struct StockIssueArgs {
    pub batch: String,
    pub lot: String,
    /// Serials and ranges, divided by commas: CTL-000001..CTL-000500,CTL-000510.
    pub ranges: String,
    #[command(flatten)]
    pub by: StockByArgs,
}

#[derive(Args)]
pub struct StockCountArgs {
    pub batch: String,
    /// The sheet: CSV with the columns lot, serial, account, card.
    pub file: PathBuf,
    /// Serials the sheet leaves out between its own are missing: leave them on the line.
    #[arg(long)]
    pub skipped: bool,
    #[command(flatten)]
    pub by: StockByArgs,
}

#[derive(Args)]
pub struct StockPutArgs {
    pub lot: String,
    /// Serials and ranges, divided by commas.
    pub ranges: String,
    #[arg(long, value_enum)]
    pub to: BackArg,
    #[command(flatten)]
    pub by: StockByArgs,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum BackArg {
    Vault,
    Returned,
}

#[derive(Args)]
pub struct StockDestroyArgs {
    #[arg(required_unless_present = "unclaimed", requires = "ranges")]
    pub lot: Option<String>,
    /// Serials and ranges, divided by commas.
    pub ranges: Option<String>,
    /// Numbers of cards nobody collected.
    #[arg(long, value_name = "CARD", num_args = 1.., conflicts_with = "lot")]
    pub unclaimed: Vec<String>,
    #[arg(long, value_enum)]
    pub method: MethodArg,
    #[command(flatten)]
    pub by: StockSignArgs,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum MethodArg {
    Shredded,
    Punched,
    Burnt,
}

#[derive(Args)]
pub struct StockWitnessArgs {
    /// Number of the destruction.
    pub number: u64,
    #[command(flatten)]
    pub by: StockSignArgs,
}

#[derive(Args)]
pub struct ReconcileArgs {
    pub batch: String,
    /// One JSON object.
    #[arg(long)]
    pub json: bool,
    /// Say, as one of two people, that it balances; the second one's word closes it. Without this it is only shown.
    #[arg(long = "as", value_name = "ID", requires = "key")]
    pub who: Option<String>,
    /// That person's minisign secret key file.
    #[arg(long, alias = "sign-key", value_name = "SECRETFILE", requires = "who")]
    pub key: Option<PathBuf>,
    /// File descriptor the key's passphrase comes from; without it the terminal asks.
    #[arg(long, alias = "sign-passphrase-fd", value_name = "N", requires = "key")]
    pub passphrase_fd: Option<u32>,
}
