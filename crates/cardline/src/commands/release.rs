//! `cardline release BATCH --as ID --key FILE`: one person's signature under a sealed batch. The last one needed lets it go.

use card::{BatchId, Code};
use ledger::fault::Fault;
use line::people::Signatory;
use line::run::Released;

use crate::cli::{Cli, ReleaseArgs};
use crate::{key_files, people, wiring};

pub fn release(cli: &Cli, args: &ReleaseArgs) -> Result<u8, Fault> {
    let person = people::id(&args.who)?;
    let batch = BatchId::parse(&args.batch).map_err(|text| Fault::Refused { code: Code::Use01, text })?;
    let key = key_files::secret(&args.key, args.passphrase_fd)?;
    let mut open = wiring::open(cli, "release")?;
    let by = Signatory { person, key: &key };
    let outcome = open.plan(None).and_then(|plan| line::run::release(&open.world, &plan, &mut open.book, &batch, &by));
    match open.finish(outcome)? {
        Released::Waits(needed) => println!("{batch} {needed}"),
        Released::By(people) => println!("{batch} released by {} and dispatched", people.join(", ")),
        Released::Before(people) => println!("{batch} was released by {} before; nothing was done", people.join(", ")),
    }
    Ok(0)
}
