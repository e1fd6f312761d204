//! `cardline unclaimed`: cards that wait longer than they should, and where they lie.

use std::sync::Arc;

use card::OutletCode;
use ledger::fault::Fault;
use line::plan::rfc3339;
use line::unclaimed::{Unclaimed, list};
use line::vault::Vault;
use plant::SystemEntropy;
use plant::keys::PlantKeys;
use serde_json::json;

use crate::cli::{Cli, UnclaimedArgs};
use crate::wiring;

pub fn unclaimed(cli: &Cli, args: &UnclaimedArgs) -> Result<u8, Fault> {
    let outlet = args.outlet.as_deref().map(OutletCode::parse).transpose().map_err(Fault::Usage)?;
    let (book, now) = (wiring::look(cli)?, wiring::clock(cli)?.now());
    let days = match args.days {
        Some(days) => days,
        None => wiring::profile_at(&cli.plant, &wiring::read_config(&cli.plant)?, now)?.collection.unclaimed_days,
    };
    let disk = wiring::disk(cli)?;
    let vault = Vault::of(disk.clone(), Arc::new(PlantKeys::open(&*disk)?.vault), Arc::new(SystemEntropy), &book);
    let waiting = list(&book, outlet.as_ref(), days, now)?;
    for card in &waiting {
        let purged = book.package(card.package)?.is_none_or(|p| p.purged.is_some());
        let receipt = if purged { None } else { vault.receipt_number(card.package, card.row)? };
        println!("{}", if args.json { as_json(card, receipt.as_deref(), purged) } else { as_line(card, receipt.as_deref(), purged) });
    }
    tell!("{} unclaimed for more than {days} days", waiting.len());
    Ok(0)
}

fn place(card: &Unclaimed) -> (String, String) {
    (format!("{:04}", card.job), format!("{:04}-{:04}", card.job, card.slot))
}

fn as_json(card: &Unclaimed, receipt: Option<&str>, purged: bool) -> String {
    let (box_number, position) = place(card);
    json!({
        "outlet": card.outlet.as_str(),
        "card_number": card.number,
        "generation": card.generation,
        "application_id": card.application_id,
        "receipt_number": receipt,
        "purged": purged,
        "at_centre": card.at_centre,
        "received_at": rfc3339(card.received_at),
        "days": card.days,
        "batch": card.batch.as_str(),
        "box": box_number,
        "position": position,
    })
    .to_string()
}

fn as_line(card: &Unclaimed, receipt: Option<&str>, purged: bool) -> String {
    let (_, position) = place(card);
    let receipt = match receipt {
        Some(number) => format!("  receipt {number}"),
        // An outlet's own words: with the package they are gone, and never were in the ledger.
        None if purged => "  receipt purged".to_owned(),
        None => String::new(),
    };
    let (outlet, number, generation) = (&card.outlet, &card.number, card.generation);
    format!(
        "{outlet}  {number} generation {generation}  {} days {}since {}  {} {position}  application {}{receipt}",
        card.days,
        if card.at_centre { "at the centre (letter returned) " } else { "" },
        rfc3339(card.received_at),
        card.batch,
        card.application_id
    )
}
