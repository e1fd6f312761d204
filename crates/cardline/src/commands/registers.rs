//! `cardline registers`: the neighbours' extracts as versioned snapshots. An import is all or nothing.

use ledger::entry::{Entry, RegisterImported};
use ledger::fault::Fault;
use line::plan::rfc3339;

use crate::cli::{Cli, RegisterKind, RegistersCommand};
use crate::wiring::{self, OpenPlant};

pub fn registers(cli: &Cli, command: &RegistersCommand) -> Result<u8, Fault> {
    match command {
        RegistersCommand::List => list(cli),
        RegistersCommand::Import { kind, file } => {
            let mut open = wiring::open(cli, "registers import")?;
            let imported = import(&mut open, *kind, file)?;
            println!("{} version {}: {} rows", imported.kind, imported.version, imported.rows);
            open.close()
        }
    }
}

/// Imports a CSV extract and writes it down.
///
/// # Errors
/// The file is refused, with the lines that are wrong; the disk or ledger fails.
pub fn import(open: &mut OpenPlant, kind: RegisterKind, file: &std::path::Path) -> Result<RegisterImported, Fault> {
    let unreadable = |e: std::io::Error| Fault::BadInput(format!("{}: {e}", file.display()));
    let mut reader = std::io::BufReader::with_capacity(1 << 20, std::fs::File::open(file).map_err(unreadable)?);
    let version = open.book.registers()?.iter().find(|r| r.kind == kind.name()).map_or(1, |r| r.version + 1);
    let imported = plant::registers::import(&*open.disk, port_kind(kind), version, &mut reader)?;
    let entry = RegisterImported {
        kind: kind.name().to_owned(),
        version,
        path: imported.path,
        digest: imported.digest,
        rows: imported.rows,
        at: open.world.clock.now(),
    };
    open.book.record(&Entry::RegisterImported(entry.clone()))?;
    Ok(entry)
}

fn port_kind(kind: RegisterKind) -> plant::RegisterKind {
    match kind {
        RegisterKind::Outlets => plant::RegisterKind::Outlets,
        RegisterKind::Permits => plant::RegisterKind::Permits,
        RegisterKind::Enrolment => plant::RegisterKind::Enrolment,
    }
}

fn list(cli: &Cli) -> Result<u8, Fault> {
    for r in wiring::look(cli)?.registers()? {
        println!("{}  version {}  {} rows  imported {}  {}", r.kind, r.version, r.rows, rfc3339(r.at), r.path);
    }
    Ok(0)
}
