//! `verify --sample`: makes some of the jobs again from the vault, in memory, and compares them with what was written down (invariant
//! I-20). This is our own code a second time, to prove that it is deterministic; the independent look at the files is `audit`'s.

use std::collections::BTreeSet;

use card::{BatchId, Digest, Ordinal};
use ledger::book::Book;
use ledger::book::state::BatchState;
use ledger::entry::BatchCut;
use ledger::fault::Fault;

use crate::again::Again;
use crate::cli::Cli;

/// Shares are exact to a millionth.
const WHOLE: u64 = 1_000_000;

/// Which jobs are made again.
pub struct Sample {
    share: u64,
    seed: u64,
}

impl Sample {
    /// `text`: a percentage as `1%` or `0.5%`.
    ///
    /// # Errors
    /// It isn't one.
    pub fn parse(text: &str, seed: Option<u64>) -> Result<Self, Fault> {
        let wrong = || Fault::Usage(format!("--sample: {text:?} is not a percentage of jobs, such as 1%"));
        let percent: f64 = text.strip_suffix('%').and_then(|t| t.parse().ok()).ok_or_else(wrong)?;
        if !(percent > 0.0 && percent <= 100.0) {
            return Err(wrong());
        }
        let seed = seed.unwrap_or_else(|| std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), text));
        Ok(Self { share: (percent / 100.0 * WHOLE as f64).round() as u64, seed })
    }

    /// Which of a batch's jobs to make again: each with the probability asked for, and never none.
    fn of(&self, batch: &BatchId, jobs: &[u32]) -> Vec<u32> {
        let draw = |job: u32| {
            let digest = Digest::of(format!("{}\0{batch}\0{job}", self.seed).as_bytes());
            u64::from_be_bytes(std::array::from_fn(|i| digest.0[i]))
        };
        let chosen: Vec<u32> = jobs.iter().copied().filter(|job| draw(*job) % WHOLE < self.share).collect();
        if chosen.is_empty() { jobs.iter().copied().min_by_key(|job| draw(*job)).into_iter().collect() } else { chosen }
    }
}

/// Makes the sample of all sealed batches, or of one, again.
///
/// # Errors
/// CFG-02: a batch was made with another release of the program, so its bytes can't be made here. Or the plant can't be read.
pub fn jobs(cli: &Cli, only: Option<&BatchId>, sample: &Sample) -> Result<audit::Finding, Fault> {
    let again = Again::open(cli)?.with_card_keys()?;
    let mut finding =
        audit::Finding { id: "I-20", what: "cards made again from the vault, byte for byte the same", checked: 0, ok: true, detail: None, broken: 0 };
    tell!("the sample is that of --seed {}", sample.seed);
    let mut purged = 0;
    for batch in again.book.batches()? {
        if only.is_some_and(|id| *id != batch.batch) || batch.manifest.is_none() {
            continue;
        }
        let cut = again.book.cut_of(&batch)?;
        let left = left(&again.book, &batch, &cut)?;
        purged += u64::from(batch.jobs) - left.len() as u64;
        let jobs = sample.of(&batch.batch, &left);
        // Nothing left to make: then the release it was made with doesn't matter either.
        if !jobs.is_empty() {
            compare(&again, &batch, &cut, &jobs, &mut finding)?;
        }
    }
    if purged > 0 {
        let left_out = format!("{purged} jobs are left out: what they were made of was purged");
        finding.detail = Some(finding.detail.map_or(left_out.clone(), |broken| format!("{broken}; {left_out}")));
    }
    finding.ok = finding.broken == 0;
    Ok(finding)
}

/// The jobs that can still be made: nothing of the batch, and no package that one of their cards is made from, was purged.
fn left(book: &Book, batch: &BatchState, cut: &BatchCut) -> Result<Vec<u32>, Fault> {
    if batch.purged.is_some() {
        return Ok(Vec::new());
    }
    let mut left = BTreeSet::from_iter(1..=batch.jobs);
    for (job, cards) in (1..).zip(cut.cards.chunks(batch.cards_per_job as usize)) {
        for card in cards {
            if is_gone(book, batch, card.ordinal)? {
                left.remove(&job);
            }
        }
    }
    Ok(left.into_iter().collect())
}

/// A card of this batch can't be made again: its package was purged. A void slot needs none.
fn is_gone(book: &Book, batch: &BatchState, ordinal: Ordinal) -> Result<bool, Fault> {
    let application = book.application(ordinal)?;
    let made = application.filter(|a| a.place_in(&batch.batch).is_some_and(|p| !p.void));
    let Some(application) = made else { return Ok(false) };
    Ok(book.package(application.package)?.is_some_and(|p| p.purged.is_some()))
}

/// Makes the jobs again, one at a time.
fn compare(again: &Again, batch: &BatchState, cut: &BatchCut, jobs: &[u32], finding: &mut audit::Finding) -> Result<(), Fault> {
    for made in again.book.jobs(&batch.batch)?.iter().filter(|made| jobs.contains(&made.job)) {
        let difference = again.with_maker(batch, cut, |maker| {
            maker.make_folders()?;
            maker.differs(&again.book, made)
        })?;
        if let Some(difference) = difference {
            finding.detail.get_or_insert(format!("batch {}: {difference}", batch.batch));
            finding.broken += 1;
        }
        finding.checked += made.records.iter().flatten().count() as u64;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_a_percentage_and_a_seed_replays_it() {
        for bad in ["", "1", "0%", "-1%", "101%", "x%", "NaN%"] {
            assert!(Sample::parse(bad, None).is_err(), "{bad}");
        }
        let sample = |text: &str, seed| Sample::parse(text, Some(seed)).ok().map(|s| s.share);
        assert_eq!([sample("1%", 1), sample("100%", 1), sample("0.5%", 1)], [Some(10_000), Some(1_000_000), Some(5_000)]);
    }
}
