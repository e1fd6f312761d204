//! `cardline keys create|note|list|issuer-key`: the development store of the keys written to cards and of the key permits are signed with, and
//! what is known of a token's keys. A token's keys are made with the token's own tools.

use card::Code;
use card::profile::chip::{ChipLayout, KeyAlgorithm};
use chip::keys::KeyMark;
use ledger::fault::Fault;
use ledger::publish::publish_bytes;
use plant::SystemEntropy;
use plant::file_keys::{self, Stored, StoredKey};
use plant::permit_key::{self, PermitKey};
use plant::token_keys::{Held, NotedKeys};

use crate::cli::{Cli, KeysCommand};
use crate::config::{Config, KeyStore};
use crate::{card_keys, key_files, wiring};

pub fn keys(cli: &Cli, command: &KeysCommand) -> Result<u8, Fault> {
    match command {
        KeysCommand::Create { permit_issuer } => create(cli, permit_issuer.as_deref()),
        KeysCommand::Note => note(cli),
        KeysCommand::List => list(cli),
        KeysCommand::IssuerKey => issuer_key(cli),
    }
}

fn create(cli: &Cli, permit_issuer: Option<&str>) -> Result<u8, Fault> {
    let open = wiring::open(cli, "keys create")?;
    let outcome = (|| {
        in_a_file(&open.config)?;
        let path = &open.config.keys.file;
        if card_keys::file_of(&*open.disk, path)?.is_some() {
            return Err(Fault::refused(Code::Use01, format!("{path} is there already: keys of cards that were made are never written over")));
        }
        let layout = open.plan(None)?.profile.chip;
        if layout.permit.is_some() && permit_issuer.is_none() {
            return Err(Fault::Usage("the profile wants signed work permits: --permit-issuer CERTIFICATE".to_owned()));
        }
        let issuer = permit_issuer.map(|certificate| PermitKey::generate(certificate, &SystemEntropy)).transpose()?;
        let stored = Stored { keys: generate(&layout)?, issuer };
        let passphrase = key_files::card_keys_passphrase(cli.keys_passphrase_fd, true)?;
        publish_bytes(&*open.disk, path, &file_keys::seal(&stored, &passphrase, file_keys::WORK_FACTOR_LOG2)?)?;
        Ok(stored)
    })();
    show(&open.finish(outcome)?)?;
    Ok(0)
}

/// Random master keys for all the profile writes, and the two keys of the way to the machine.
fn generate(layout: &ChipLayout) -> Result<Vec<StoredKey>, Fault> {
    let of_the_card = layout.key.iter().map(|k| (k.name.as_str(), k.version, k.algorithm));
    let of_the_way = [(file_keys::TRANSPORT, 1, KeyAlgorithm::Sm4), (file_keys::MAC, 1, KeyAlgorithm::Sm4)];
    of_the_card.chain(of_the_way).map(|(label, version, algorithm)| file_keys::generate(label, version, algorithm, &SystemEntropy)).collect()
}

fn note(cli: &Cli) -> Result<u8, Fault> {
    let open = wiring::open(cli, "keys note")?;
    let outcome = (|| {
        in_a_token(&open.config)?;
        let path = &open.config.keys.token.list;
        if card_keys::file_of(&*open.disk, path)?.is_some() {
            return Err(Fault::refused(Code::Use01, format!("{path} is there already: move it away, between batches, to take the keys down anew")));
        }
        let noted = card_keys::token::note(&*open.disk, &open.config, &open.plan(None)?.profile.chip, cli.keys_passphrase_fd)?;
        publish_bytes(&*open.disk, path, noted.to_text().as_bytes())?;
        Ok(noted)
    })();
    show_noted(&open.finish(outcome)?);
    Ok(0)
}

fn list(cli: &Cli) -> Result<u8, Fault> {
    let config = wiring::read_config(&cli.plant)?;
    if config.keys.store == KeyStore::Pkcs11 {
        show_noted(&card_keys::token::noted(&*wiring::disk(cli)?, &config)?);
    } else {
        show(&opened(cli)?)?;
    }
    Ok(0)
}

fn issuer_key(cli: &Cli) -> Result<u8, Fault> {
    let none = || Fault::refused(Code::Key10, "the store holds no key to sign permits with: `cardline keys create --permit-issuer` makes one");
    print!("{}", pem(&opened(cli)?.issuer.ok_or_else(none)?)?);
    Ok(0)
}

fn opened(cli: &Cli) -> Result<Stored, Fault> {
    let config = wiring::read_config(&cli.plant)?;
    in_a_file(&config)?;
    card_keys::in_file(&*wiring::disk(cli)?, &config, cli.keys_passphrase_fd)
}

fn in_a_file(config: &Config) -> Result<(), Fault> {
    match config.keys.store {
        KeyStore::File => Ok(()),
        KeyStore::Pkcs11 => Err(Fault::refused(Code::Key04, "a token's keys are made with the token's own tools")),
        KeyStore::None => Err(Fault::refused(Code::Key04, "this plant has no key store: pipeline.toml, [keys] store")),
    }
}

fn in_a_token(config: &Config) -> Result<(), Fault> {
    match config.keys.store {
        KeyStore::Pkcs11 => Ok(()),
        _ => Err(Fault::refused(Code::Key04, "this plant's keys are in no token: pipeline.toml, [keys] store")),
    }
}

fn show_noted(noted: &NotedKeys) {
    let line = |mark: &KeyMark, cipher: &str, more: &str| {
        println!("{}  version {}  {cipher}  check value {}{more}", mark.label(), mark.version(), file_keys::hex(&mark.check()));
    };
    for root in &noted.roots {
        let city = root.city.as_ref().and_then(|c| std::str::from_utf8(c).ok()).map_or_else(String::new, |city| format!("  city {city}"));
        let held = if root.held == Held::Wrapped { "  wrapped" } else { "" };
        line(&root.mark, file_keys::name_of(root.algorithm), &format!("{city}{held}"));
    }
    line(&noted.transport, "AES", "  transport");
    noted.mac.iter().for_each(|mark| line(mark, "AES", "  MAC"));
}

fn show(stored: &Stored) -> Result<(), Fault> {
    for StoredKey { mark, algorithm, .. } in &stored.keys {
        let (algorithm, check) = (file_keys::name_of(*algorithm), file_keys::hex(&mark.check()));
        println!("{}  version {}  {algorithm}  check value {check}", mark.label(), mark.version());
    }
    if let Some(issuer) = &stored.issuer {
        let (mark, check) = (&issuer.mark, file_keys::hex(&issuer.mark.check()));
        println!("{}  version {}  {}  check value {check}  signs permits, checked with", mark.label(), mark.version(), permit_key::ALGORITHM);
        print!("{}", pem(issuer)?);
    }
    Ok(())
}

fn pem(issuer: &PermitKey) -> Result<String, Fault> {
    issuer.public()?.to_pem().map_err(Fault::Invariant)
}
