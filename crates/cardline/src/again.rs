//! A sealed batch of this plant made ready to be made again in memory: same profile, registers, vault and release. For whoever compares
//! (`verify --sample`), pictures (`proof`) or looks at what was printed (`inspect`). Writes nothing.

use std::sync::Arc;

use card::{BatchId, Code, Profile};
use ledger::book::Book;
use ledger::book::state::BatchState;
use ledger::entry::BatchCut;
use ledger::fault::Fault;
use line::job::JobMaker;
use line::personalise::{BatchRules, Chips};
use line::plan::civil_day;
use line::printed::Printed;
use line::vault::Vault;
use photo::nets::{Networks as _, OnDemand};
use plant::keys::PlantKeys;
use plant::{RealDisk, Shelf, SystemEntropy};
use testkit::world::SimDisk;

use crate::cli::Cli;
use crate::config::Config;
use crate::release_id::release_id;
use crate::{card_keys, wiring};

/// What stays the same for all batches.
pub struct Again<'a> {
    cli: &'a Cli,
    config: Config,
    networks: OnDemand,
    disk: Arc<RealDisk>,
    keys: PlantKeys,
    opened: card_keys::Opened,
    pub book: Book,
}

impl<'a> Again<'a> {
    /// # Errors
    /// The plant can't be read.
    pub fn open(cli: &'a Cli) -> Result<Self, Fault> {
        let disk = wiring::disk(cli)?;
        let book = wiring::look(cli)?;
        let config = wiring::read_config(&cli.plant)?;
        let (networks, keys) = (config.photo.engine().networks(), PlantKeys::open(&*disk)?);
        Ok(Self { cli, networks, config, keys, opened: card_keys::Opened::default(), disk, book })
    }

    /// With the cards' keys and the permits' signer: whole jobs can be made again.
    ///
    /// # Errors
    /// KEY-03, KEY-04.
    pub fn with_card_keys(mut self) -> Result<Self, Fault> {
        self.opened = card_keys::open(&*self.disk, &self.config, self.cli.keys_passphrase_fd)?;
        Ok(self)
    }

    /// A batch that is sealed, and of which nothing was purged.
    ///
    /// # Errors
    /// There is no such batch.
    pub fn sealed(&self, text: &str) -> Result<BatchState, Fault> {
        let id = BatchId::parse(text).map_err(Fault::Usage)?;
        let batch = self.book.batch(&id)?.ok_or_else(|| Fault::BadInput(format!("there is no batch {id}")))?;
        match (&batch.manifest, &batch.purged) {
            (None, _) => Err(Fault::BadInput(format!("batch {id} is not sealed yet"))),
            (_, Some(purged)) => Err(Fault::BadInput(format!("batch {id} was purged by {}", purged.who))),
            (Some(_), None) => Ok(batch),
        }
    }

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

    /// Does `work` with the batch's cards as they are printed.
    ///
    /// # Errors
    /// CFG-02: the batch was made with another release of the program. The plant can't be read, or `work` fails.
    pub fn with_printed<T>(&self, batch: &BatchState, cut: &BatchCut, work: impl FnOnce(&Printed) -> Result<T, Fault>) -> Result<T, Fault> {
        let profile = self.profile(batch)?;
        let registers = line::registers::open(&Shelf::new(self.disk.clone()), &cut.registers)?;
        let vault = Vault::of(self.disk.clone(), Arc::new(self.keys.vault.clone()), Arc::new(SystemEntropy), &self.book);
        let faces = artwork::Faces::new(&profile.face).map_err(|e| Fault::Config(format!("card layout of profile {}: {e}", profile.id)))?;
        let issued_on = civil_day(batch.frozen_at, self.config.utc_offset_minutes().unwrap_or(0));
        let rules = BatchRules { profile: &profile, pepper: &self.keys.pepper, issued_on, cards_per_job: batch.cards_per_job };
        work(&Printed { vault: &vault, registers: &*registers, batch, cut, rules, faces: &faces })
    }

    /// Does `work` with what makes the batch's jobs, into memory: personal data is written nowhere but in the plant.
    ///
    /// # Errors
    /// As [`Again::with_printed`]; KEY-10: a signer is needed and there is none.
    pub fn with_maker<T>(&self, batch: &BatchState, cut: &BatchCut, work: impl FnOnce(&JobMaker) -> Result<T, Fault>) -> Result<T, Fault> {
        self.with_printed(batch, cut, |printed| {
            let Printed { vault, registers, batch, cut, faces, .. } = *printed;
            let BatchRules { profile, pepper, issued_on, cards_per_job } = printed.rules;
            let rules = BatchRules { profile, pepper, issued_on, cards_per_job };
            let chips = Chips::of(profile, self.opened.signer.as_deref())?;
            let keys = self.opened.keys.as_deref();
            work(&JobMaker { out: &SimDisk::default(), vault, registers, batch, cut, rules, chips: &chips, keys, faces, press: Default::default() })
        })
    }
}
