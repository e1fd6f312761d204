//! `cardline devices add|list|remove`: which machines jobs are handed to, and the public key or address of each.

use card::Code;
use ledger::entry::DeviceKind;
use ledger::fault::Fault;
use line::devices::{self as register, By, NewDevice};
use line::people::Signatory;
use line::print::Address;
use plant::AgeEnvelope;

use crate::cli::{Cli, DeviceAddArgs, DeviceByArgs, DeviceKindArg, DeviceRemoveArgs, DevicesCommand};
use crate::wiring::OpenPlant;
use crate::{key_files, people, wiring};

pub fn devices(cli: &Cli, command: &DevicesCommand) -> Result<u8, Fault> {
    match command {
        DevicesCommand::Add(args) => add(cli, args),
        DevicesCommand::List => list(cli),
        DevicesCommand::Remove(args) => remove(cli, args),
    }
}

fn add(cli: &Cli, args: &DeviceAddArgs) -> Result<u8, Fault> {
    let kind = match args.kind {
        DeviceKindArg::Printer => DeviceKind::Printer,
        DeviceKindArg::Encoder => DeviceKind::Encoder,
    };
    let recipient = match (&args.uri, &args.recipient) {
        (Some(uri), _) => return add_printer(cli, args, kind, uri),
        (None, recipient) => recipient.as_deref().unwrap_or_default(),
    };
    let new = NewDevice { device: &args.name, kind, recipient, sealed_only: args.sealed_only };
    changed(cli, "devices add", &args.by, |open, by| register::add(&mut open.book, &AgeEnvelope, &new, by, open.world.clock.now()))?;
    println!("{} added as {}", args.name, kind.name());
    Ok(0)
}

fn add_printer(cli: &Cli, args: &DeviceAddArgs, kind: DeviceKind, uri: &str) -> Result<u8, Fault> {
    if kind != DeviceKind::Printer {
        return Err(Fault::refused(Code::Use01, "--uri is for printers; an encoder gets envelopes (--recipient)"));
    }
    let address = Address::parse(uri)?;
    changed(cli, "devices add", &args.by, |open, by| register::add_printer(&mut open.book, &args.name, &address, by, open.world.clock.now()))?;
    println!("{} added as printer at {address}", args.name);
    Ok(0)
}

fn remove(cli: &Cli, args: &DeviceRemoveArgs) -> Result<u8, Fault> {
    changed(cli, "devices remove", &args.by, |open, by| register::remove(&mut open.book, &args.name, by, open.world.clock.now()))?;
    println!("{} removed", args.name);
    Ok(0)
}

fn changed(cli: &Cli, command: &str, args: &DeviceByArgs, change: impl FnOnce(&mut OpenPlant, &By) -> Result<(), Fault>) -> Result<(), Fault> {
    let person = people::id(&args.by)?;
    let key = args.key.as_deref().map(|path| key_files::secret(path, args.passphrase_fd)).transpose()?;
    let by = key.as_ref().map_or(By::Named(person), |key| By::Signing(Signatory { person, key }));
    let mut open = wiring::open(cli, command)?;
    let outcome = change(&mut open, &by);
    open.finish(outcome)
}

fn list(cli: &Cli) -> Result<u8, Fault> {
    for d in wiring::look(cli)?.devices()? {
        let sealed = if d.sealed_only { "  sealed only" } else { "" };
        let state = if d.removed { "  removed" } else { "" };
        println!("{}  {}  {}  {} hand-overs{sealed}{state}", d.device, d.kind.name(), d.reached.text(), d.tokens);
    }
    Ok(0)
}
