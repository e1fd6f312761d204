//! What may be typed for people, their releases and the card keys. What it means is in `commands/people.rs`, `release.rs` and `keys.rs`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

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
