//! `cardline explain APPLICATION`: where it stands and why, in both languages, with what to do.

use card::{Code, Outcome};
use ledger::fault::Fault;
use line::plan::rfc3339;

use super::decide::find;
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
    if !a.waived.is_empty() {
        println!("\naccepted by a person in spite of: {}", a.waived.join(" "));
    }
    Ok(0)
}
