//! `cardline keys create|list`: the development store of the keys written to cards. A token's keys are made with the token's own tools.

use card::Code;
use card::profile::chip::KeyAlgorithm;
use ledger::fault::Fault;
use ledger::publish::publish_bytes;
use plant::SystemEntropy;
use plant::file_keys::{self, StoredKey};

use crate::cli::{Cli, KeysCommand};
use crate::config::{Config, KeyStore};
use crate::{card_keys, key_files, wiring};

pub fn keys(cli: &Cli, command: &KeysCommand) -> Result<u8, Fault> {
    match command {
        KeysCommand::Create => create(cli),
        KeysCommand::List => list(cli),
    }
}

fn create(cli: &Cli) -> Result<u8, Fault> {
    let open = wiring::open(cli, "keys create")?;
    let outcome = (|| {
        in_a_file(&open.config)?;
        let path = &open.config.keys.file;
        if card_keys::sealed_file(&*open.disk, &open.config)?.is_some() {
            return Err(Fault::refused(Code::Use01, format!("{path} is there already: keys of cards that were made are never written over")));
        }
        let keys = generate(&open.plan(None)?.profile.chip)?;
        let passphrase = key_files::card_keys_passphrase(cli.keys_passphrase_fd, true)?;
        publish_bytes(&*open.disk, path, &file_keys::seal(&keys, &passphrase, file_keys::WORK_FACTOR_LOG2)?)?;
        Ok(keys)
    })();
    show(&open.finish(outcome)?);
    Ok(0)
}

/// Random master keys for all the profile writes, and the two keys of the way to the machine.
fn generate(layout: &card::profile::chip::ChipLayout) -> Result<Vec<StoredKey>, Fault> {
    let of_the_card = layout.key.iter().map(|k| (k.name.as_str(), k.version, k.algorithm));
    let of_the_way = [(file_keys::TRANSPORT, 1, KeyAlgorithm::Sm4), (file_keys::MAC, 1, KeyAlgorithm::Sm4)];
    of_the_card.chain(of_the_way).map(|(label, version, algorithm)| file_keys::generate(label, version, algorithm, &SystemEntropy)).collect()
}

fn list(cli: &Cli) -> Result<u8, Fault> {
    let config = wiring::read_config(&cli.plant)?;
    in_a_file(&config)?;
    show(&card_keys::in_file(&*wiring::disk(cli)?, &config, cli.keys_passphrase_fd)?);
    Ok(0)
}

fn in_a_file(config: &Config) -> Result<(), Fault> {
    match config.keys.store {
        KeyStore::File => Ok(()),
        KeyStore::None => Err(Fault::refused(Code::Key04, "this plant has no key store: pipeline.toml, [keys] store")),
    }
}

fn show(keys: &[StoredKey]) {
    for key in keys {
        println!(
            "{}  version {}  {}  check value {}",
            key.mark.label(),
            key.mark.version(),
            file_keys::name_of(key.algorithm),
            file_keys::hex(&key.mark.check())
        );
    }
}
