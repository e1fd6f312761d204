//! `cardline purge`: lets go what was kept as long as the profile allows, or says what would go (`--dry-run`).

use ledger::book::Book;
use ledger::fault::Fault;
use line::decide::Author;
use line::purge::{self, Due};

use crate::cli::{Cli, PurgeArgs};
use crate::people;
use crate::wiring::{self, OpenPlant};

/// Packages named one by one; more are only counted.
const SHOWN_MAX: usize = 20;

pub fn purge(cli: &Cli, args: &PurgeArgs) -> Result<u8, Fault> {
    let (who, reason) = (people::id(&args.who)?, people::reason(&args.reason)?);
    let mut open = wiring::open(cli, "purge")?;
    let outcome = walk(&mut open, who, reason, args.dry_run);
    open.finish(outcome)?.iter().for_each(|line| println!("{line}"));
    Ok(0)
}

/// What to tell about it.
fn walk(open: &mut OpenPlant, who: &str, reason: &str, dry_run: bool) -> Result<Vec<String>, Fault> {
    purge::may(&open.book, who, &open.config.scheduler.identity)?;
    let now = open.world.clock.now();
    let due = purge::due(&open.book, open.retention()?, now)?;
    let mut told = details(&open.book, &due)?;
    let counts = format!("{} packages, {} batches", due.packages.len(), due.batches.len());
    if dry_run {
        told.push(format!("would go      {counts}; nothing was done"));
        return Ok(told);
    }
    let finished = purge::finish(&open.world, &open.book)?;
    if finished > 0 {
        told.push(format!("finished      {finished} purged before a stop"));
    }
    purge::purge(&open.world, &mut open.book, &due, &Author { who, reason, at: now })?;
    told.push(format!("purged        {counts}"));
    Ok(told)
}

fn details(book: &Book, due: &Due) -> Result<Vec<String>, Fault> {
    let mut told = Vec::new();
    for number in due.packages.iter().take(SHOWN_MAX) {
        if let Some(package) = book.package(*number)? {
            let r = package.received;
            told.push(format!("over          package {number} ({} of {}): {} applications", r.package_id, r.outlet, r.count));
        }
    }
    told.extend(due.batches.iter().take(SHOWN_MAX).map(|batch| format!("over          batch {batch}")));
    told.extend(due.waiting.iter().take(SHOWN_MAX).map(|(number, waits)| format!("waits         package {number}: {}", waits.why())));
    told.push(format!("kept          {} packages whose days are not over, {} that wait for something", due.young, due.waiting.len()));
    Ok(told)
}
