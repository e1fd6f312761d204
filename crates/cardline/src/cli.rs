//! What may be typed. What it means is in `commands/`, one file per command.

mod chip;
mod deliveries;
mod devices;
mod encode;
mod paper;
mod photo;
mod print;
mod remake;
mod stock;
mod upkeep;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use chip::{ChipArgs, ChipCommand, ChipScriptArgs, ChipShowArgs, ChipVerifyArgs, RecordsArg, ScriptFormat};
pub use deliveries::{DeliveriesCommand, DeliveriesImportArgs, DeliveriesListArgs};
pub use devices::{
    DeviceAddArgs, DeviceByArgs, DeviceKindArg, DeviceRemoveArgs, DevicesCommand, FoundArg, HandoverArgs, HandoverCommand, HandoverOpenArgs,
    HandoverResolveArgs, HandoverSendArgs,
};
pub use encode::{EncodeArgs, EncodeCommand, EncodeResolveArgs, EncodeWalkArgs, WholeArg};
pub use paper::{InspectArgs, ProofArgs};
pub use photo::{EngineArgs, PhotoCheckArgs, PhotoCommand, PhotoEvaluateArgs, PhotoLabelledArgs, PhotoSheetArgs, WhatifArgs};
pub use print::PrintArgs;
pub use remake::{CauseArg, RefusalArg, RemakeApproveArgs, RemakeByArgs, RemakeCards, RemakeCommand, RemakeListArgs, RemakeRefuseArgs, RemakeRequestArgs};
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

#[derive(Subcommand)]
pub enum PackageCommand {
    /// Build a package from a folder with `applications.csv` (or `.jsonl`) and `photos/`. Who sends it is said by flags or by a
    /// partial `package.json` in the folder.
    Make(Box<MakeArgs>),
    /// Say everything that is wrong with a package.
    Check {
        /// A package: a folder or an archive (docs/formats/package.md).
        file: PathBuf,
        /// The outlet's minisign public key file; without it the signature's form alone is checked.
        #[arg(long)]
        key: Option<PathBuf>,
        #[arg(long, default_value = "hubei-foreigner-2025")]
        profile: String,
        #[command(flatten)]
        engine: EngineArgs,
    },
}

#[derive(Args)]
pub struct MakeArgs {
    /// Folder with the records and `photos/`.
    #[arg(long)]
    pub from: PathBuf,
    /// Package to write: a name ending in .zip, .tar or .tar.zst.
    #[arg(long)]
    pub out: PathBuf,
    /// minisign secret key to sign with.
    #[arg(long)]
    pub key: Option<PathBuf>,
    /// File holding the key's password; without it the key must be unencrypted.
    #[arg(long)]
    pub password_file: Option<PathBuf>,
    #[arg(long)]
    pub outlet: Option<String>,
    #[arg(long)]
    pub package_id: Option<String>,
    #[arg(long)]
    pub sequence: Option<u64>,
    /// RFC 3339; default now.
    #[arg(long)]
    pub submitted_at: Option<String>,
    /// Encoding of the records; found by looking if left out.
    #[arg(long, value_enum)]
    pub encoding: Option<EncodingArg>,
    /// The employer's unified social credit code: makes it an employer package.
    #[arg(long, requires = "employer_name")]
    pub employer_code: Option<String>,
    #[arg(long)]
    pub employer_name: Option<String>,
    /// Designated staff, `NAME` or `NAME:PHONE`; may be given several times.
    #[arg(long)]
    pub staff: Vec<String>,
    /// Reference of the employer's letter of authorisation.
    #[arg(long)]
    pub letter: Option<String>,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum EncodingArg {
    #[value(name = "utf-8")]
    Utf8,
    #[value(name = "gb18030")]
    Gb18030,
}

#[derive(Subcommand)]
pub enum RegistersCommand {
    /// Import a CSV extract as a new snapshot.
    Import {
        #[arg(value_enum)]
        kind: RegisterKind,
        /// The neighbour's extract, CSV.
        file: PathBuf,
    },
    /// Snapshots in force.
    List,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum RegisterKind {
    Outlets,
    Permits,
    Enrolment,
}

impl RegisterKind {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Outlets => "outlets",
            Self::Permits => "permits",
            Self::Enrolment => "enrolment",
        }
    }
}

#[derive(Args)]
pub struct ResolveArgs {
    /// Application number, or OUTLET/NUMBER where two outlets used it.
    pub application: String,
    #[arg(value_enum)]
    pub decision: DecisionArg,
    /// Why; kept with the decision.
    #[arg(long)]
    pub reason: String,
    /// Who does it.
    #[arg(long = "as", value_name = "ID")]
    pub who: String,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum DecisionArg {
    Accept,
    Reject,
}

#[derive(Args)]
pub struct WithdrawArgs {
    /// Application number, or OUTLET/NUMBER where two outlets used it.
    pub application: String,
    /// Why; kept with the decision.
    #[arg(long)]
    pub reason: String,
    /// Who does it.
    #[arg(long = "as", value_name = "ID")]
    pub who: String,
}

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

#[derive(Args)]
pub struct ReleaseArgs {
    pub batch: String,
    /// Who signs.
    #[arg(long = "as", value_name = "ID")]
    pub who: String,
    /// That person's minisign secret key file.
    #[arg(long, alias = "sign-key", value_name = "SECRETFILE")]
    pub key: PathBuf,
    /// File descriptor the key's passphrase comes from; without it the terminal asks.
    #[arg(long, alias = "sign-passphrase-fd", value_name = "N")]
    pub passphrase_fd: Option<u32>,
}

#[derive(Subcommand)]
pub enum PeopleCommand {
    /// Add a person. The first one needs no signature; later ones a supervisor's or custodian's.
    Add(PersonAddArgs),
    /// Everyone, removed people included.
    List,
    /// Remove a person. The id and the key are never given again.
    Remove(PersonRemoveArgs),
}

#[derive(Args)]
#[command(group(clap::ArgGroup::new("credential").required(true).args(["key", "new_key"])))]
pub struct PersonAddArgs {
    /// Short name they sign with; never given again.
    pub id: String,
    /// Their name.
    #[arg(long)]
    pub name: String,
    #[arg(long, value_enum)]
    pub role: RoleArg,
    /// The person's minisign public key file.
    #[arg(long, value_name = "PUBKEYFILE")]
    pub key: Option<PathBuf>,
    /// Make a key: the secret encrypted in FILE, for the person to take away, the public one in FILE.pub.
    #[arg(long, value_name = "FILE")]
    pub new_key: Option<PathBuf>,
    /// File descriptor the new key's passphrase comes from; without it the terminal asks.
    #[arg(long, value_name = "N", requires = "new_key")]
    pub passphrase_fd: Option<u32>,
    /// Supervisor or custodian who allows it.
    #[arg(long = "as", value_name = "ID", requires = "sign_key")]
    pub by: Option<String>,
    /// That one's minisign secret key file.
    #[arg(long, value_name = "SECRETFILE", requires = "by")]
    pub sign_key: Option<PathBuf>,
    /// File descriptor that key's passphrase comes from; without it the terminal asks.
    #[arg(long, value_name = "N", requires = "sign_key")]
    pub sign_passphrase_fd: Option<u32>,
}

#[derive(Args)]
pub struct PersonRemoveArgs {
    /// Short name they sign with; never given again.
    pub id: String,
    /// Supervisor or custodian who allows it.
    #[arg(long = "as", value_name = "ID")]
    pub by: String,
    /// That one's minisign secret key file.
    #[arg(long, alias = "sign-key", value_name = "SECRETFILE")]
    pub key: PathBuf,
    /// File descriptor the key's passphrase comes from; without it the terminal asks.
    #[arg(long, alias = "sign-passphrase-fd", value_name = "N")]
    pub passphrase_fd: Option<u32>,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum RoleArg {
    Operator,
    Supervisor,
    Custodian,
    Auditor,
}

#[derive(Subcommand)]
pub enum KeysCommand {
    /// Make the encrypted key file the configuration names: random keys for everything the profile writes. For development and rehearsals.
    Create {
        /// Make a key to sign work permits with, too; its certificate's reference, as it stands on the cards.
        #[arg(long, value_name = "CERTIFICATE")]
        permit_issuer: Option<String>,
    },
    /// Take down label, version and check value of every key of the token the profile and the configuration name, in the list the
    /// configuration names. Nights use these keys and no others; another list is another release, so do it between batches.
    Note,
    /// What the store holds: label, version, algorithm and check value, and the public key permits are checked with; never a secret.
    List,
    /// Print the public key permits are checked with (PEM), for `cardline chip verify --issuer-key`.
    IssuerKey,
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
