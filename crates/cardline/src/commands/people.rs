//! `cardline people add|list|remove`: who belongs to the plant, and with which key they sign.

use ledger::entry::Role;
use ledger::fault::Fault;
use line::people::{self as register, Newcomer, Signatory};

use crate::cli::{Cli, PeopleCommand, PersonAddArgs, PersonRemoveArgs, RoleArg};
use crate::{key_files, people, wiring};

pub fn people(cli: &Cli, command: &PeopleCommand) -> Result<u8, Fault> {
    match command {
        PeopleCommand::Add(args) => add(cli, args),
        PeopleCommand::List => list(cli),
        PeopleCommand::Remove(args) => remove(cli, args),
    }
}

fn add(cli: &Cli, args: &PersonAddArgs) -> Result<u8, Fault> {
    let person = people::id(&args.id)?;
    let by = args.by.as_deref().map(people::id).transpose()?;
    let signing = args.sign_key.as_deref().map(|path| key_files::secret(path, args.sign_passphrase_fd)).transpose()?;
    let mut open = wiring::open(cli, "people add")?;
    let mut made = false;
    let outcome = (|| {
        if open.config.scheduler.identity == person {
            return Err(Fault::refused(card::Code::Use01, "this id is the scheduler's"));
        }
        let key = match (&args.key, &args.new_key) {
            (Some(file), _) => key_files::public(file)?,
            (None, Some(file)) => key_files::make(file, args.passphrase_fd).inspect(|_| made = true)?,
            (None, None) => return Err(Fault::Usage("--key or --new-key is needed".to_owned())),
        };
        let newcomer = Newcomer { person, name: args.name.trim(), role: role(args.role), key: &key };
        let by = by.zip(signing.as_ref()).map(|(person, key)| Signatory { person, key });
        register::add(&mut open.book, &newcomer, by.as_ref(), open.world.clock.now())
    })();
    if let (Err(Fault::Refused { .. }), Some(file)) = (&outcome, args.new_key.as_ref().filter(|_| made)) {
        // A key nobody may use is not left lying about.
        [file.clone(), key_files::public_path(file)].iter().for_each(|f| drop(std::fs::remove_file(f)));
    }
    open.finish(outcome)?;
    println!("{person} added as {}", role(args.role).name());
    Ok(0)
}

fn remove(cli: &Cli, args: &PersonRemoveArgs) -> Result<u8, Fault> {
    let (person, by) = (people::id(&args.id)?, people::id(&args.by)?);
    let key = key_files::secret(&args.key, args.passphrase_fd)?;
    let mut open = wiring::open(cli, "people remove")?;
    let outcome = register::remove(&mut open.book, person, &Signatory { person: by, key: &key }, open.world.clock.now());
    open.finish(outcome)?;
    println!("{person} removed");
    Ok(0)
}

fn list(cli: &Cli) -> Result<u8, Fault> {
    for p in wiring::look(cli)?.people()? {
        let state = if p.removed { "  removed" } else { "" };
        println!("{}  {}  {}  {}{state}", p.person, p.role.name(), p.key, p.name);
    }
    Ok(0)
}

fn role(role: RoleArg) -> Role {
    match role {
        RoleArg::Operator => Role::Operator,
        RoleArg::Supervisor => Role::Supervisor,
        RoleArg::Custodian => Role::Custodian,
        RoleArg::Auditor => Role::Auditor,
    }
}
