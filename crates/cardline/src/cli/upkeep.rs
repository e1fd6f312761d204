//! What may be typed to look after a plant: proving, purging, copying, rehearsing. What it means is in `commands/`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Args)]
pub struct PurgeArgs {
    /// Say what would go; do nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Who purges: a supervisor, or the scheduler of the configuration.
    #[arg(long = "as", value_name = "ID")]
    pub who: String,
    /// Why; kept in the ledger.
    #[arg(long)]
    pub reason: String,
}

#[derive(Args)]
pub struct BackupArgs {
    /// An absent or empty folder.
    #[arg(long, value_name = "DIR")]
    pub to: PathBuf,
    /// Put the plant's keys in too: whoever has the backup can then read all of it.
    #[arg(long)]
    pub with_keys: bool,
}

#[derive(Args)]
pub struct RestoreArgs {
    #[arg(long, value_name = "DIR")]
    pub from: PathBuf,
    /// The plant's `keys` folder, kept apart from the backup.
    #[arg(long, value_name = "DIR")]
    pub keys: Option<PathBuf>,
    /// A line of `cardline ledger witness`, or a file of them: refuse a backup that lacks one.
    #[arg(long, value_name = "FILE|LINE")]
    pub witness: Option<String>,
    /// Who restores it.
    #[arg(long = "as", value_name = "ID")]
    pub who: String,
    /// Why; kept in the ledger.
    #[arg(long)]
    pub reason: String,
}

#[derive(Args)]
pub struct VerifyArgs {
    /// Only this batch.
    #[arg(long)]
    pub batch: Option<String>,
    /// Also make this share of the jobs again from the vault and compare every byte, e.g. `1%`; at least one job of each batch.
    #[arg(long, value_name = "SHARE")]
    pub sample: Option<String>,
    /// Chooses the sample (default: another one every time).
    #[arg(long, value_name = "N", requires = "sample")]
    pub seed: Option<u64>,
    #[arg(long)]
    pub json: bool,
    /// A line of `cardline ledger witness`, or a file of them: refuse a plant that lacks one (it was rolled back).
    #[arg(long, value_name = "FILE|LINE")]
    pub witness: Option<String>,
}

#[derive(Subcommand)]
pub enum LedgerCommand {
    /// Read the whole journal and compare the index with it; change nothing.
    Check,
    /// Set the index aside and fold it anew from the journal.
    Rebuild,
    /// Every entry as a JSON line: ids and digests, no names.
    Export,
    /// The entries of a batch (B20250115-01), a run (run-7), or one entry by its sequence number.
    Show {
        #[arg(value_name = "SEQ|BATCH|RUN")]
        what: String,
    },
    /// One line to keep outside the plant: sequence and hash of the last record, and the time.
    Witness,
}

#[derive(Args)]
pub struct DrillArgs {
    /// Where the drill may make its folder (default: beside the plant).
    #[arg(long, value_name = "DIR")]
    pub into: Option<PathBuf>,
    /// The newest packages to rehearse with, at most; 64 MiB of them at most.
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..))]
    pub packages: u64,
    /// Power cuts, and refusing disks.
    #[arg(long, value_name = "N", default_value_t = 12, value_parser = clap::value_parser!(u64).range(1..))]
    pub rounds: u64,
    /// Bits to flip, one at a time.
    #[arg(long, value_name = "N", default_value_t = 48, value_parser = clap::value_parser!(u64).range(1..))]
    pub bits: u64,
    /// Runs to kill.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
    pub kills: u64,
    /// Chooses what happens when. The same number gives the same power cuts, refusals and bits; kills hit a process where it is.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Keep the drill's folder when something failed.
    #[arg(long)]
    pub keep: bool,
    /// One JSON object a line.
    #[arg(long)]
    pub json: bool,
}
