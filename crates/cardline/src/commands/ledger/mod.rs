//! `cardline ledger check|rebuild|export|show|witness`: the ledger looked at, carried elsewhere, its index made anew.

mod check;
mod show;

use std::io::{self, BufWriter, Write};

use card::Digest;
use ledger::entry::Entry;
use ledger::fault::Fault;
use ledger::journal::{JournalView, Record};
use serde::Serialize;

use crate::cli::{Cli, LedgerCommand};
use crate::{wiring, witness};

pub fn ledger(cli: &Cli, command: &LedgerCommand) -> Result<u8, Fault> {
    match command {
        LedgerCommand::Check => check::check(cli),
        LedgerCommand::Rebuild => rebuild(cli),
        LedgerCommand::Export => export(cli),
        LedgerCommand::Show { what } => show::show(cli, what),
        LedgerCommand::Witness => print_witness(cli),
    }
}

fn journal(cli: &Cli) -> Result<JournalView, Fault> {
    Ok(JournalView::open(wiring::disk(cli)?)?.0)
}

/// Opening says on stderr where the old index went (IDX-01), and writes it down.
fn rebuild(cli: &Cli) -> Result<u8, Fault> {
    let open = wiring::open_rebuilding(cli, "ledger rebuild")?;
    println!("index rebuilt from {} records", open.book.view().head().seq);
    open.close()
}

fn print_witness(cli: &Cli) -> Result<u8, Fault> {
    let head = journal(cli)?.head();
    println!("{}", witness::line(head, wiring::clock(cli)?.now()));
    Ok(0)
}

/// A record as it is exported.
#[derive(Serialize)]
struct Exported<'a> {
    seq: u64,
    hash: Digest,
    entry: &'a Entry,
}

fn export(cli: &Cli) -> Result<u8, Fault> {
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    for record in journal(cli)?.read_from(1) {
        if !put(&mut out, record?)? {
            return Ok(0);
        }
    }
    told(out.flush()).map(|_| 0)
}

fn put(out: &mut dyn Write, mut record: Record) -> Result<bool, Fault> {
    without_names(&mut record.entry);
    let line = Exported { seq: record.seq, hash: record.hash, entry: &record.entry };
    told(serde_json::to_writer(&mut *out, &line).map_err(io::Error::from).and_then(|()| out.write_all(b"\n")))
}

/// The plant's own people are the only ones the ledger names; an export leaves their names at home.
fn without_names(entry: &mut Entry) {
    if let Entry::PersonAdded(added) = entry {
        added.name.clear();
    }
}

/// Whether anyone still reads: a reader that has seen enough is no fault.
fn told(written: io::Result<()>) -> Result<bool, Fault> {
    match written {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(e) => Err(Fault::io("write", "standard output", e)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ledger::entry::{PersonAdded, Role};

    #[test]
    fn an_exported_line_holds_ids_and_digests_in_hex_and_no_names() {
        let added = PersonAdded { person: "li".into(), name: "Li Na".into(), role: Role::Supervisor, key: "K".into(), approval: None, at: 7 };
        let mut out = Vec::new();
        assert!(put(&mut out, Record { seq: 3, hash: Digest([0xab; 32]), entry: Entry::PersonAdded(added) }).unwrap());
        let line: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!((line["seq"].as_u64(), line["hash"].as_str()), (Some(3), Some("ab".repeat(32).as_str())));
        assert_eq!((&line["entry"]["PersonAdded"]["person"], &line["entry"]["PersonAdded"]["name"]), (&"li".into(), &"".into()));
        assert!(out.ends_with(b"}\n"));
    }
}
