//! `cardline returns import FILE`: the vendor's result for a batch.

use card::BatchId;
use ledger::book::state::BatchStage;
use ledger::fault::Fault;

use crate::cli::{Cli, ReturnsCommand};
use crate::wiring;

pub fn returns(cli: &Cli, command: &ReturnsCommand) -> Result<u8, Fault> {
    let ReturnsCommand::Import { file, batch } = command;
    let length = std::fs::metadata(file).map_err(|e| Fault::BadInput(format!("{}: {e}", file.display())))?.len();
    if length > line::returns::FILE_BYTES_MAX {
        return Err(Fault::BadInput(format!("{}: {length} bytes, at most {}", file.display(), line::returns::FILE_BYTES_MAX)));
    }
    let bytes = std::fs::read(file).map_err(|e| Fault::BadInput(format!("{}: {e}", file.display())))?;
    let mut open = wiring::open(cli, "returns import")?;
    let batch = match batch {
        Some(text) => BatchId::parse(text).map_err(Fault::Usage)?,
        None => {
            let batches = open.book.batches()?;
            let last = batches.into_iter().rfind(|b| b.stage == BatchStage::Dispatched);
            last.ok_or_else(|| Fault::Usage("no batch was dispatched yet".to_owned()))?.batch
        }
    };
    let at = open.world.clock.now();
    let counts = line::returns::import(&open.world, &mut open.book, &batch, &bytes, at)?;
    println!("{batch}: {} good, {} spoiled, {} unknown, {} without a result", counts.good, counts.spoiled, counts.unknown, counts.outstanding);
    if counts.remakes > 0 {
        println!("{batch}: {} cards to be made again wait for approval (cardline remake list)", counts.remakes);
    }
    if counts.revoked > 0 {
        println!("{batch}: {} replaced cards revoked", counts.revoked);
    }
    open.close()
}
