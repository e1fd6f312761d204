//! `verify --sample`: makes some of the jobs again from the vault, in memory, and compares them with what was written down (invariant
//! I-20). This is our own code a second time, to prove that it is deterministic; the independent look at the files is `audit`'s.

use std::collections::BTreeSet;
use std::sync::Arc;

use card::{BatchId, Code, Digest, Ordinal, Profile};
use ledger::book::Book;
use ledger::book::state::BatchState;
use ledger::entry::BatchCut;
use ledger::fault::Fault;
use line::job::JobMaker;
use line::personalise::{BatchRules, Chips};
use line::plan::civil_day;
use line::vault::Vault;
use photo::nets::{Networks as _, OnDemand};
use plant::keys::PlantKeys;
use plant::{RealDisk, Shelf, SystemEntropy};
use testkit::world::SimDisk;

use crate::cli::Cli;
use crate::config::Config;
use crate::release_id::release_id;
use crate::{card_keys, wiring};

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

/// What stays the same for all batches.
struct Again<'a> {
    cli: &'a Cli,
    config: Config,
    networks: OnDemand,
    disk: Arc<RealDisk>,
    keys: PlantKeys,
    opened: card_keys::Opened,
    book: Book,
}

/// Makes the sample of all sealed batches, or of one, again.
///
/// # Errors
/// CFG-02: a batch was made with another release of the program, so its bytes can't be made here. Or the plant can't be read.
pub fn jobs(cli: &Cli, only: Option<&BatchId>, sample: &Sample) -> Result<audit::Finding, Fault> {
    let disk = wiring::disk(cli)?;
    let book = wiring::look(cli)?;
    let config = wiring::read_config(&cli.plant)?;
    let (networks, keys) = (config.photo.engine().networks(), PlantKeys::open(&*disk)?);
    let opened = card_keys::open(&*disk, &config, cli.keys_passphrase_fd)?;
    let again = Again { cli, networks, config, keys, opened, disk, book };
    let mut finding =
        audit::Finding { id: "I-20", what: "cards made again from the vault, byte for byte the same", checked: 0, ok: true, detail: None, broken: 0 };
    tell!("the sample is that of --seed {}", sample.seed);
    let mut purged = 0;
    for batch in again.book.batches()? {
        if only.is_some_and(|id| *id != batch.batch) || batch.manifest.is_none() {
            continue;
        }
        let cut = again.book.cut_of(&batch)?;
        let left = again.left(&batch, &cut)?;
        purged += u64::from(batch.jobs) - left.len() as u64;
        let jobs = sample.of(&batch.batch, &left);
        // Nothing left to make: then the release it was made with doesn't matter either.
        if !jobs.is_empty() {
            again.batch(&batch, &cut, &jobs, &mut finding)?;
        }
    }
    if purged > 0 {
        let left_out = format!("{purged} jobs are left out: what they were made of was purged");
        finding.detail = Some(finding.detail.map_or(left_out.clone(), |broken| format!("{broken}; {left_out}")));
    }
    finding.ok = finding.broken == 0;
    Ok(finding)
}

impl Again<'_> {
    fn profile(&self, batch: &BatchState) -> Result<Profile, Fault> {
        let profile = wiring::profile_at(&self.cli.plant, &self.config, batch.frozen_at)?;
        let here = release_id(&self.config, &profile, &self.networks.identity().map_err(wiring::no_engine)?, &card_keys::identity(&*self.disk, &self.config)?);
        if here == batch.release_id {
            return Ok(profile);
        }
        Err(Fault::refused(
            Code::Cfg02,
            format!("batch {} was made with release {}, this is {here}: it can't be made again here", batch.batch, batch.release_id),
        ))
    }

    /// The jobs that can still be made: nothing of the batch, and no package that one of their cards is made from, was purged.
    fn left(&self, batch: &BatchState, cut: &BatchCut) -> Result<Vec<u32>, Fault> {
        if batch.purged.is_some() {
            return Ok(Vec::new());
        }
        let mut left = BTreeSet::from_iter(1..=batch.jobs);
        for (job, cards) in (1..).zip(cut.cards.chunks(batch.cards_per_job as usize)) {
            for card in cards {
                if self.is_gone(batch, card.ordinal)? {
                    left.remove(&job);
                }
            }
        }
        Ok(left.into_iter().collect())
    }

    /// A card of this batch can't be made again: its package was purged. A void slot needs none.
    fn is_gone(&self, batch: &BatchState, ordinal: Ordinal) -> Result<bool, Fault> {
        let application = self.book.application(ordinal)?;
        let made = application.filter(|a| a.place.as_ref().is_some_and(|p| !p.void && p.batch == batch.batch));
        let Some(application) = made else { return Ok(false) };
        Ok(self.book.package(application.package)?.is_some_and(|p| p.purged.is_some()))
    }

    fn batch(&self, batch: &BatchState, cut: &BatchCut, jobs: &[u32], finding: &mut audit::Finding) -> Result<(), Fault> {
        let profile = self.profile(batch)?;
        let registers = line::registers::open(&Shelf::new(self.disk.clone()), &cut.registers)?;
        let vault = Vault::of(self.disk.clone(), Arc::new(self.keys.vault.clone()), Arc::new(SystemEntropy), &self.book);
        let faces = artwork::Faces::new(&profile.face).map_err(|e| Fault::Config(format!("card layout of profile {}: {e}", profile.id)))?;
        let chips = Chips::of(&profile, self.opened.signer.as_deref())?;
        for made in self.book.jobs(&batch.batch)?.iter().filter(|made| jobs.contains(&made.job)) {
            let issued_on = civil_day(batch.frozen_at, self.config.utc_offset_minutes().unwrap_or(0));
            let rules = BatchRules { profile: &profile, pepper: &self.keys.pepper, issued_on, cards_per_job: batch.cards_per_job };
            // In memory: personal data is written nowhere but in the plant. One job at a time.
            let scratch = SimDisk::default();
            let maker = JobMaker {
                out: &scratch,
                vault: &vault,
                registers: &*registers,
                batch,
                cut,
                rules,
                chips: &chips,
                keys: self.opened.keys.as_deref(),
                faces: &faces,
                press: Default::default(),
            };
            maker.make_folders()?;
            if let Some(difference) = maker.differs(&self.book, made)? {
                finding.detail.get_or_insert(format!("batch {}: {difference}", batch.batch));
                finding.broken += 1;
            }
            finding.checked += made.records.iter().flatten().count() as u64;
        }
        Ok(())
    }
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
