//! `cardline backup` and `cardline restore`: a plant copied elsewhere under its lock, and brought back where there is none.

use card::Code;
use ledger::entry::{Entry, Note};
use ledger::fault::Fault;
use plant::backup::{self, Restore};

use crate::cli::{BackupArgs, Cli, RestoreArgs};
use crate::{people, wiring, witness};

pub fn backup(cli: &Cli, args: &BackupArgs) -> Result<u8, Fault> {
    let open = wiring::open(cli, "backup")?;
    let at = open.world.clock.now();
    let made = backup::back_up(&open.disk, &open.book.view(), &*open.world.signer, &args.to, args.with_keys, at);
    let manifest = open.finish(made)?;
    let bytes: u64 = manifest.files.iter().map(|f| f.bytes).sum();
    tell!("{} files, {bytes} bytes{}", manifest.files.len(), if args.with_keys { ", keys included" } else { "; keep keys/ apart from it" });
    println!("{}", witness::line(manifest.head(), at));
    Ok(0)
}

pub fn restore(cli: &Cli, args: &RestoreArgs) -> Result<u8, Fault> {
    let who = people::id(&args.who)?;
    let reason = people::reason(&args.reason)?;
    let witnessed = args.witness.as_deref().map(witness::places).transpose()?.unwrap_or_default();
    let manifest = backup::restore(&Restore { from: &args.from, to: &cli.plant, keys: args.keys.as_deref(), witnessed: &witnessed })?;
    let mut open = wiring::open(cli, "restore")?;
    let text = format!("by {who} ({reason}): backup of record {} made at {}", manifest.head_seq, line::plan::rfc3339(manifest.made_at));
    tell!("{} {text}", Code::Bak02);
    let at = open.world.clock.now();
    let noted = open.book.record(&Entry::Note(Note { code: Code::Bak02.text().to_owned(), text, at })).map(drop);
    open.finish(noted)?;
    println!("restored to {}", cli.plant.display());
    Ok(0)
}
