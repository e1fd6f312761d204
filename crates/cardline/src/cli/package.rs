//! What may be typed for packages and registers. What it means is in `commands/package.rs` and `commands/registers.rs`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::EngineArgs;

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
