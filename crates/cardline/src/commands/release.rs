//! `cardline release BATCH --as ID`: lets a sealed batch go. Two distinct people's signatures come with the people register.

use card::BatchId;
use ledger::fault::Fault;
use line::run::Starter;

use crate::cli::Cli;
use crate::{people, wiring};

pub fn release(cli: &Cli, batch: &str, who: &str) -> Result<u8, Fault> {
    let who = people::id(who)?;
    let batch = BatchId::parse(batch).map_err(|text| Fault::Refused { code: card::Code::Use01, text })?;
    let mut open = wiring::open(cli, "release")?;
    let plan = open.plan(None)?;
    let starter = Starter { command: "release".to_owned(), who: who.to_owned(), reason: None };
    line::run::release(&open.world, &plan, &mut open.book, &starter, &batch)?;
    println!("{batch} released by {who} and dispatched");
    open.close()
}
