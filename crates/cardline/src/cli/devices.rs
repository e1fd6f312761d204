//! What may be typed about devices and hand-overs. What it means is in `commands/`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

#[derive(Subcommand)]
pub enum DevicesCommand {
    /// Register a device: with the public key its envelopes are sealed to (the device makes that key; its secret half stays there), or a
    /// printer with the address it takes print jobs at.
    Add(DeviceAddArgs),
    /// Every device, removed ones included.
    List,
    /// Remove a device. Its name and key are never given again.
    Remove(DeviceRemoveArgs),
}

/// Who changes the register.
#[derive(Args)]
pub struct DeviceByArgs {
    /// Supervisor or custodian who allows it.
    #[arg(long = "as", value_name = "ID")]
    pub by: String,
    /// That one's minisign secret key file; needed once the plant has people.
    #[arg(long, alias = "sign-key", value_name = "SECRETFILE")]
    pub key: Option<PathBuf>,
    /// File descriptor the key's passphrase comes from; without it the terminal asks.
    #[arg(long, alias = "sign-passphrase-fd", value_name = "N", requires = "key")]
    pub passphrase_fd: Option<u32>,
}

#[derive(Args)]
pub struct DeviceAddArgs {
    /// 2 to 40 of a-z, 0-9, . - _; never given again.
    pub name: String,
    #[arg(long, value_enum)]
    pub kind: DeviceKindArg,
    /// The device's age public key.
    #[arg(long, value_name = "age1…", required_unless_present = "uri", conflicts_with = "uri")]
    pub recipient: Option<String>,
    /// A printer's IPP address: ipps://HOST/PATH, or ipp://HOST/PATH on this machine.
    #[arg(long, value_name = "URI", conflicts_with = "sealed_only")]
    pub uri: Option<String>,
    /// It takes nothing that isn't in an envelope.
    #[arg(long)]
    pub sealed_only: bool,
    #[command(flatten)]
    pub by: DeviceByArgs,
}

#[derive(Args)]
pub struct DeviceRemoveArgs {
    pub name: String,
    #[command(flatten)]
    pub by: DeviceByArgs,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum DeviceKindArg {
    Printer,
    Encoder,
}

#[derive(Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct HandoverArgs {
    #[command(subcommand)]
    pub command: Option<HandoverCommand>,
    #[command(flatten)]
    pub send: Option<HandoverSendArgs>,
}

#[derive(Args)]
pub struct HandoverSendArgs {
    /// A released batch.
    pub batch: String,
    /// One job of it; default: all of them, in order.
    pub job: Option<u32>,
    /// A device of `cardline devices list`: printers get print file and job sheet, encoders the encode files.
    #[arg(long, value_name = "NAME")]
    pub device: String,
    /// Where the envelopes are laid: a folder outside the plant.
    #[arg(long, value_name = "DIR")]
    pub to: PathBuf,
    /// Who hands over.
    #[arg(long = "as", value_name = "ID")]
    pub who: String,
    /// The device refuses the envelope after this (RFC 3339); default: as many hours as the configuration says.
    #[arg(long, value_name = "TIME")]
    pub not_after: Option<String>,
    /// A line of `cardline ledger witness`, or a file of them: refuse a plant that lacks one (it was rolled back).
    #[arg(long, value_name = "FILE|LINE")]
    pub witness: Option<String>,
}

#[derive(Subcommand)]
pub enum HandoverCommand {
    /// Say, as one of two people, what became of a hand-over in doubt, after looking at the device.
    Resolve(HandoverResolveArgs),
    /// The device maker's test tool: open an envelope as the device would, check all of it, write its file.
    Open(HandoverOpenArgs),
}

#[derive(Args)]
pub struct HandoverResolveArgs {
    /// The device's name.
    pub device: String,
    /// Number of the hand-over, as `cardline status` shows it.
    pub number: u64,
    #[arg(value_enum)]
    pub found: FoundArg,
    #[command(flatten)]
    pub word: WordArgs,
}

/// A person's signed word about something in doubt.
#[derive(Args)]
pub struct WordArgs {
    /// What was seen; kept with the word.
    #[arg(long)]
    pub reason: String,
    /// Who looked.
    #[arg(long = "as", value_name = "ID")]
    pub who: String,
    /// That person's minisign secret key file.
    #[arg(long, alias = "sign-key", value_name = "SECRETFILE")]
    pub key: PathBuf,
    /// File descriptor the key's passphrase comes from; without it the terminal asks.
    #[arg(long, alias = "sign-passphrase-fd", value_name = "N")]
    pub passphrase_fd: Option<u32>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FoundArg {
    Arrived,
    NotArrived,
}

#[derive(Args)]
pub struct HandoverOpenArgs {
    /// The envelope.
    pub file: PathBuf,
    /// The device's age identity file.
    #[arg(long, value_name = "KEY")]
    pub identity: PathBuf,
    /// The plant's minisign public key file (`keys/plant.pub`).
    #[arg(long, value_name = "PUB")]
    pub plant_key: PathBuf,
    /// The device's name.
    #[arg(long, value_name = "NAME")]
    pub device: String,
    /// Digest of the header the device took last: refuse a gap or a fork.
    #[arg(long, value_name = "SHA256")]
    pub previous: Option<String>,
    /// The plain file to write; never over one that is there.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}
