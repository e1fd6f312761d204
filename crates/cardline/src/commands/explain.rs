//! `cardline explain APPLICATION`: where it stands and why, in both languages, with what to do; and, for the plant's own people only, with
//! which other application it shares a picture.

use std::sync::Arc;

use card::{Code, Outcome};
use ledger::book::Book;
use ledger::book::state::{ApplicationState, HandoverStage, Place};
use ledger::fault::Fault;
use line::plan::rfc3339;
use line::validate::stored::Nearest;
use line::vault::Vault;
use plant::SystemEntropy;
use plant::keys::PlantKeys;

use super::decide::find;
use super::remake::stands;
use crate::cli::Cli;
use crate::wiring;

pub fn explain(cli: &Cli, application: &str) -> Result<u8, Fault> {
    let book = wiring::look(cli)?;
    let a = find(&book, application)?;
    let package = book.package(a.package)?;
    let package_id = package.as_ref().map_or("", |p| p.received.package_id.as_str());
    println!("{}/{}  package {package_id}  row {}", a.outlet, a.application_id, a.row + 1);
    if let Some(purged) = package.as_ref().and_then(|p| p.purged.as_ref()) {
        // Its record and photo are gone for good; a new card needs a new application.
        println!("{} purged {} by {}: {}", Code::Prg01, rfc3339(purged.at), purged.who, purged.reason);
    }
    match (&a.place, a.outcome) {
        (Some(place), _) if !place.void => {
            println!("produced: card {} generation {} in batch {}, position {}", place.number, place.generation, place.batch, place.position + 1);
            remade(&book, &a, place)?;
            doubt(&book, place)?;
            encoded(&book, place)?;
        }
        (_, Outcome::Accepted) => println!("accepted: waits for the next cut"),
        (_, Outcome::Held) => println!("held: waits for someone or something"),
        (_, Outcome::Rejected) => println!("rejected"),
    }
    if let Some(cause) = a.cause {
        println!("moved there by: {cause:?}");
    }
    for r in &a.reasons {
        let d = r.code.definition();
        println!(
            "\n{} ({})  measured: {}   limit: {}\n  {}\n  {}\n  -> {}\n  -> {}",
            d.text,
            format!("{:?}", r.effect).to_lowercase(),
            r.value,
            r.limit,
            d.en,
            d.zh,
            d.todo_en,
            d.todo_zh
        );
    }
    if a.reasons.iter().any(|r| r.code == Code::Dup10) {
        println!("\n{}", other_photo(cli, &book, &a));
    }
    if !a.waived.is_empty() {
        println!("\naccepted by a person in spite of: {}", a.waived.join(" "));
    }
    Ok(0)
}

/// What becomes of the card, where it is to be made again, was made for another, or is valid no more.
fn remade(book: &Book, a: &ApplicationState, place: &Place) -> Result<(), Fault> {
    if let Some(parent) = &place.remake_of {
        println!("made for {} again", parent.mark());
    }
    if let Some(remake) = book.remake(&place.number, place.generation)? {
        println!("remake ({}): {}", remake.requested.cause.name(), stands(book, &remake)?);
    }
    for p in a.places().filter(|p| !p.void) {
        if let Some(revoked) = book.revoked(&p.number, p.generation)? {
            println!("card {} generation {} revoked {}: {}", p.number, p.generation, rfc3339(revoked.at), revoked.cause.name());
        }
    }
    Ok(())
}

/// Says so where nobody knows whether the card's job reached its device.
fn doubt(book: &Book, place: &Place) -> Result<(), Fault> {
    let Some(batch) = book.batch(&place.batch)? else { return Ok(()) };
    let job = place.position / batch.cards_per_job.max(1) + 1;
    for h in book.handovers_of(&place.batch, job)?.iter().filter(|h| h.stage == HandoverStage::InDoubt) {
        println!("{} hand-over {} of its job {job} to {} is in doubt", Code::Hnd01, h.begun.number, h.begun.device);
    }
    Ok(())
}

/// How the card's encoding here stands, where it was attempted.
fn encoded(book: &Book, place: &Place) -> Result<(), Fault> {
    let Some(last) = book.attempt(&place.number, place.generation)? else { return Ok(()) };
    let why = last.reason.as_ref().map_or_else(String::new, |r| format!(": {} {}", r.code, r.value));
    let a = &last.attempted;
    println!("encoded here: {} (attempt {} in {}, {}){why}", last.stage.name(), a.attempt, a.reader, rfc3339(a.at));
    Ok(())
}

/// Who sent the picture before, in words. It is in the vault, because no outlet may be told of another's application; without the vault's
/// key, or after a purge, nobody is.
fn other_photo(cli: &Cli, book: &Book, a: &ApplicationState) -> String {
    match nearest(cli, book, a) {
        Ok(Some((near, other))) => format!("the picture came before: {}/{}, {} of 256 bits differ", other.outlet, other.application_id, near.bits),
        Ok(None) => "who sent the picture before isn't known any more".to_owned(),
        Err(fault) => format!("who sent the picture before is in the vault: {fault}"),
    }
}

fn nearest(cli: &Cli, book: &Book, a: &ApplicationState) -> Result<Option<(Nearest, ApplicationState)>, Fault> {
    let disk = wiring::disk(cli)?;
    let keys = PlantKeys::open(&*disk)?;
    let vault = Vault::of(disk.clone(), Arc::new(keys.vault.clone()), Arc::new(SystemEntropy), book);
    let stored = vault.face_hashes(a.package, a.row)?;
    let Some(near) = stored.iter().find(|s| s.row == a.row).and_then(|s| s.nearest) else { return Ok(None) };
    Ok(book.application(near.ordinal)?.map(|other| (near, other)))
}
