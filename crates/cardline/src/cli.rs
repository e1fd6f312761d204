//! What may be typed. What it means is in `commands/`, one file per command.

mod chip;
mod decide;
mod deliveries;
mod devices;
mod encode;
mod package;
mod paper;
mod people;
mod photo;
mod print;
mod remake;
mod returns;
mod stock;
mod upkeep;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub use chip::{ChipArgs, ChipCommand, ChipScriptArgs, ChipShowArgs, ChipVerifyArgs, RecordsArg, ScriptFormat};
pub use decide::{DecisionArg, ResolveArgs, WithdrawArgs};
pub use deliveries::{DeliveriesCommand, DeliveriesImportArgs, DeliveriesListArgs};
pub use devices::{
    DeviceAddArgs, DeviceByArgs, DeviceKindArg, DeviceRemoveArgs, DevicesCommand, FoundArg, HandoverArgs, HandoverCommand, HandoverOpenArgs,
    HandoverResolveArgs, HandoverSendArgs,
};
pub use encode::{EncodeArgs, EncodeCommand, EncodeResolveArgs, EncodeWalkArgs, WholeArg};
pub use package::{EncodingArg, MakeArgs, PackageCommand, RegisterKind, RegistersCommand};
pub use paper::{InspectArgs, ProofArgs};
pub use people::{KeysCommand, PeopleCommand, PersonAddArgs, PersonRemoveArgs, ReleaseArgs, RoleArg};
pub use photo::{EngineArgs, PhotoCheckArgs, PhotoCommand, PhotoEvaluateArgs, PhotoLabelledArgs, PhotoSheetArgs, WhatifArgs};
pub use print::PrintArgs;
pub use remake::{CauseArg, RefusalArg, RemakeApproveArgs, RemakeByArgs, RemakeCards, RemakeCommand, RemakeListArgs, RemakeRefuseArgs, RemakeRequestArgs};
pub use returns::{EventArgs, EventKindArg, ReturnsCommand, UnclaimedArgs};
pub use stock::{
    BackArg, FormArg, MethodArg, ReconcileArgs, StockByArgs, StockCommand, StockCountArgs, StockDestroyArgs, StockIssueArgs, StockPutArgs, StockReceiveArgs,
    StockSignArgs, StockWitnessArgs,
};
pub use upkeep::{BackupArgs, DrillArgs, LedgerCommand, PurgeArgs, RestoreArgs, VerifyArgs};

/// Batch card production: packages in, cards out, every application accounted for.
#[derive(Parser)]
#[command(name = "cardline", version, propagate_version = true)]
pub struct Cli {
    /// The plant: the one folder that holds everything.
    #[arg(long, global = true, default_value = "./plant", value_name = "DIR")]
    pub plant: PathBuf,
    /// Freeze the clock (RFC 3339): for rehearsals and comparisons. Outputs then show this time.
    #[arg(long, global = true, value_name = "TIME")]
    pub clock: Option<String>,
    /// File descriptor the passphrase of the card keys, or their token's PIN, comes from; without it the terminal asks.
    #[arg(long, global = true, value_name = "N")]
    pub keys_passphrase_fd: Option<u32>,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    /// Make a new plant.
    Init(InitArgs),
    /// Take in, judge and answer the packages in the inbox, then produce: the whole night.
    Run(RunArgs),
    /// The day side only: take in, judge and answer.
    Intake(RunArgs),
    /// The night side only: cut, make, seal, release, dispatch.
    Produce(RunArgs),
    /// Build or check an application package (the outlet's side).
    Package {
        #[command(subcommand)]
        command: PackageCommand,
    },
    /// Import and list the neighbours' registers.
    Registers {
        #[command(subcommand)]
        command: RegistersCommand,
    },
    /// Judge photos by the profile, without a plant.
    Photo {
        #[command(subcommand)]
        command: PhotoCommand,
    },
    /// Judge the photos of a past day, or of everything held, again under another profile; list which outcomes would flip, and why.
    ///
    /// Judges what was measured then: nothing is decoded, nothing is written.
    Whatif(WhatifArgs),
    /// Examine the photo on standard input and end: what a run asks a process of its own to do.
    #[command(hide = true)]
    ExamineApart,
    /// The published list of reasons.
    Reasons {
        code: Option<String>,
        /// As the page docs/REASONS.md.
        #[arg(long)]
        markdown: bool,
    },
    /// Profiles the program carries.
    Profiles,
    /// Applications that wait for a person or for something to arrive.
    Held {
        /// Only of this outlet.
        #[arg(long)]
        outlet: Option<String>,
        #[arg(long)]
        json: bool,
    },
    /// Decide a held application.
    Resolve(ResolveArgs),
    /// Take an application back before the cut.
    Withdraw(WithdrawArgs),
    /// Where everything stands.
    Status {
        #[arg(long)]
        json: bool,
    },
    /// Why an application is where it is.
    Explain { application: String },
    /// Everything that ever happened to an application or card.
    Track { application_or_card: String },
    /// Look at chip images and check signed permits.
    Chip {
        #[command(subcommand)]
        command: ChipCommand,
    },
    /// Vendor's result files.
    Returns {
        #[command(subcommand)]
        command: ReturnsCommand,
    },
    /// What became of mail and boxes on their way.
    Deliveries {
        #[command(subcommand)]
        command: DeliveriesCommand,
    },
    /// Record that a card was received, collected or activated.
    Event(EventArgs),
    /// Cards that wait for too long at their outlets or came back by mail, by outlet, oldest first.
    Unclaimed(UnclaimedArgs),
    /// Cards that are to be made again.
    Remake {
        #[command(subcommand)]
        command: RemakeCommand,
    },
    /// Sign the release of a sealed batch (two-person mode); the last signature needed lets it go.
    Release(ReleaseArgs),
    /// The plant's people and their keys.
    People {
        #[command(subcommand)]
        command: PeopleCommand,
    },
    /// The keys written to cards: make a development store, list what a store holds.
    Keys {
        #[command(subcommand)]
        command: KeysCommand,
    },
    /// Look at the ledger, take it elsewhere, rebuild its index.
    Ledger {
        #[command(subcommand)]
        command: LedgerCommand,
    },
    /// Destroy what was kept as long as the profile's retention allows.
    Purge(PurgeArgs),
    /// Re-read everything independently and prove the invariants.
    Verify(VerifyArgs),
    /// Copy the plant elsewhere, whole and signed; prints the line to keep as a witness.
    ///
    /// The packages' keys go with the vault, wrapped: a backup older than a purge still opens, with the plant's key, what was purged since.
    /// Destroy backups when their retention is over, as the vault's own.
    Backup(BackupArgs),
    /// Bring a backup back, as the plant named by `--plant`; never over a plant that is there.
    ///
    /// What was purged after the backup was made comes back with it: run `cardline purge` next.
    Restore(RestoreArgs),
    /// Rehearse the worst night on the plant's last packages: power cuts, full disks, flipped bits, kills, a spoilt index.
    ///
    /// The plant is only read. The rehearsed packages lie unencrypted in a folder of the drill's own until it ends; a drill that is
    /// itself killed leaves that folder (`cardline-drill-…`) behind: remove it.
    Drill(DrillArgs),
    /// Make a small plant with synthetic packages and run a whole night on it.
    Demo(DemoArgs),
    /// The devices jobs are handed to, and their keys.
    Devices {
        #[command(subcommand)]
        command: DevicesCommand,
    },
    /// Pictures of a sealed batch's cards for people: a contact sheet, the riskiest first, and each card of it front and back.
    Proof(ProofArgs),
    /// Read a sealed batch's print files with other programs (qpdf, poppler, zbar) and hold them against its cards.
    ///
    /// Pictures of pages lie in a folder of its own until it ends; if it is killed, that folder (`cardline-inspect-…`) is left: remove it.
    Inspect(InspectArgs),
    /// Hand a released batch's jobs over to a device: each file once, in an envelope only that device can open.
    Handover(HandoverArgs),
    /// Print a released job at a printer over IPP, once, and wait until it is printed.
    Print(PrintArgs),
    /// Encode the cards of a released job here, at a card reader, one blank after the other.
    Encode(EncodeArgs),
    /// Blank cards: lots, what is given out, what became of it, what is destroyed.
    Stock {
        #[command(subcommand)]
        command: StockCommand,
    },
    /// Hold a batch against what came of it; two people close it when nothing differs.
    Reconcile(ReconcileArgs),
}

#[derive(Args)]
pub struct InitArgs {
    /// Derive the plant's secrets from this number: for tests and rehearsals only.
    #[arg(long, value_name = "N")]
    pub test_seed: Option<u64>,
}

#[derive(Args, Clone, Default)]
pub struct RunArgs {
    /// Say what would be skipped, done and redone, and why; do nothing.
    #[arg(long)]
    pub plan: bool,
    /// One JSON object on stdout at the end.
    #[arg(long)]
    pub json: bool,
    /// Exit 3 when anything was rejected or held.
    #[arg(long)]
    pub strict: bool,
    /// Who runs it; needed after an unclean stop unless the configuration names a scheduler.
    #[arg(long = "as", value_name = "ID")]
    pub who: Option<String>,
    /// Why it is run again after an unclean stop.
    #[arg(long)]
    pub reason: Option<String>,
    /// Worker threads (default: one per core).
    #[arg(long, value_name = "N")]
    pub threads: Option<u64>,
    /// A line of `cardline ledger witness`, or a file of them: refuse a plant that lacks one (it was rolled back).
    #[arg(long, value_name = "FILE|LINE")]
    pub witness: Option<String>,
}

#[derive(Args)]
pub struct DemoArgs {
    /// Applications to invent.
    #[arg(long, default_value_t = 600)]
    pub applications: u64,
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Give ordinary applicants the hardest names there are; some can't be printed and are held.
    #[arg(long)]
    pub hard_names: bool,
    /// Make plant and packages, don't run.
    #[arg(long)]
    pub no_run: bool,
    /// Compare what came out with what was expected; exit 70 if anything differs.
    #[arg(long)]
    pub check: bool,
    #[arg(long)]
    pub json: bool,
    #[arg(long, value_name = "N")]
    pub threads: Option<u64>,
}
