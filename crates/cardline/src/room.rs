//! Room on the disk before a run begins (faults.md G20): a night that can be seen not to fit isn't begun. An estimate: a disk that
//! fills up all the same stops the run with 73, and the next one goes on.

use card::Code;
use ledger::fault::Fault;
use line::run::Halves;

use crate::wiring::OpenPlant;

/// What a package becomes, beyond its own bytes, which leave the inbox: vault, quarantine and batch, in parts of a hundred of the bytes in
/// the inbox. `demo --applications 600`: 50.7 MB of packages became 122 MB.
const GROWTH_PERCENT: u64 = 150;
/// A card's part of print file, encode files, lists and job sheet. `demo --applications 600`: 66 MB for 435 cards.
const CARD_BYTES: u64 = 160_000;

/// # Errors
/// DSK-01: less is free than twice the estimate and the reserve of `pipeline.toml`; or the disk can't be asked.
pub fn check(open: &OpenPlant, halves: Halves) -> Result<(), Fault> {
    if open.config.plant.reserve_mib == 0 {
        return Ok(());
    }
    let arriving = if halves.intake { plant::inbox::bytes_waiting(&open.root).map_err(|e| Fault::io("list", "inbox", e))? } else { 0 };
    let waiting = if halves.produce { cards_to_make(open)? } else { 0 };
    let needed = needed_bytes(arriving, waiting, open.config.plant.reserve_mib);
    let free = open.disk.free_bytes()?;
    if free >= needed {
        return Ok(());
    }
    let text = format!("{} MiB are free, {} MiB are needed: {} MiB of packages and {waiting} cards are to come", free >> 20, needed >> 20, arriving >> 20);
    Err(Fault::refused(Code::Dsk01, text))
}

/// Accepted and not cut, or cut and not made yet.
fn cards_to_make(open: &OpenPlant) -> Result<u64, Fault> {
    let Some(batch) = open.book.open_batch()? else { return Ok(open.book.pool()?.len() as u64) };
    let made = open.book.jobs(&batch.batch)?.iter().map(|job| job.records.len() as u64).sum();
    Ok(u64::from(batch.cards).saturating_sub(made))
}

fn needed_bytes(arriving: u64, cards: u64, reserve_mib: u64) -> u64 {
    let estimate = (arriving / 100).saturating_mul(GROWTH_PERCENT).saturating_add(cards.saturating_mul(CARD_BYTES));
    estimate.saturating_mul(2).saturating_add(reserve_mib << 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reserve_comes_on_top_of_twice_what_is_to_come() {
        assert_eq!(needed_bytes(0, 0, 1024), 1 << 30);
        assert_eq!(needed_bytes(1_000_000, 0, 0), 3_000_000);
        assert_eq!(needed_bytes(0, 10, 1), (1 << 20) + 3_200_000);
        assert_eq!(needed_bytes(u64::MAX, u64::MAX, 0), u64::MAX);
    }
}
