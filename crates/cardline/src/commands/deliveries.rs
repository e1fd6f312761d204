//! `cardline deliveries import FILE` and `deliveries list`: what couriers and outlets say became of mail and boxes, and what is to be done.

use card::Code;
use ledger::book::Book;
use ledger::entry::{DeliveryState, Entry, Millis};
use ledger::fault::Fault;
use line::deliveries::file::FILE_BYTES_MAX;
use line::deliveries::list::{Delivery, Standing, is_about, list, shown, standing};
use line::plan::rfc3339;
use serde_json::{Value, json};

use crate::cli::{Cli, DeliveriesCommand, DeliveriesImportArgs, DeliveriesListArgs};
use crate::{people, wiring};

/// Who imports in a plant without people that wasn't told who.
const NOBODY: &str = "cardline";

pub fn deliveries(cli: &Cli, command: &DeliveriesCommand) -> Result<u8, Fault> {
    match command {
        DeliveriesCommand::Import(args) => import(cli, args),
        DeliveriesCommand::List(args) => listed(cli, args),
    }
}

fn import(cli: &Cli, args: &DeliveriesImportArgs) -> Result<u8, Fault> {
    let who = args.who.as_deref().map(people::id).transpose()?;
    let unreadable = |e: std::io::Error| Fault::BadInput(format!("{}: {e}", args.file.display()));
    let length = std::fs::metadata(&args.file).map_err(unreadable)?.len();
    if length > FILE_BYTES_MAX {
        return Err(Fault::refused(Code::Dlv07, format!("{length} bytes, at most {FILE_BYTES_MAX}")));
    }
    let bytes = std::fs::read(&args.file).map_err(unreadable)?;
    let mut open = wiring::open(cli, "deliveries import")?;
    let at = open.world.clock.now();
    let outcome = may_import(&open.book, who).and_then(|()| line::deliveries::import(&mut open.book, &bytes, who.unwrap_or(NOBODY), at));
    let counts = open.finish(outcome)?;
    println!("{} delivered, {} returned, {} failed, {} known already", counts.delivered, counts.returned, counts.failed, counts.known);
    Ok(0)
}

/// In a plant with people, one of them.
fn may_import(book: &Book, who: Option<&str>) -> Result<(), Fault> {
    match who {
        Some(who) => line::people::known(book, who),
        None if line::people::any(book)? => Err(Fault::refused(Code::Aut01, "the plant has people: give --as")),
        None => Ok(()),
    }
}

fn listed(cli: &Cli, args: &DeliveriesListArgs) -> Result<u8, Fault> {
    let (book, now) = (wiring::look(cli)?, wiring::clock(cli)?.now());
    let days = match args.days {
        Some(days) => days,
        None => wiring::profile_at(&cli.plant, &wiring::read_config(&cli.plant)?, now)?.collection.unclaimed_days,
    };
    let states = args.state.map_or_else(|| vec![DeliveryState::Returned, DeliveryState::Failed], |s| vec![s.state()]);
    let found = list(&book, &states, days, now)?;
    found.iter().for_each(|d| println!("{}", if args.json { as_json(d).to_string() } else { as_line(d) }));
    tell!("{} letters and boxes", found.len());
    Ok(0)
}

fn as_json(d: &Delivery) -> Value {
    let (number, generation, application) = d.card.as_ref().map_or((None, None, None), |(n, g, a)| (Some(n), Some(g), Some(a)));
    let [en, zh] = &d.todo;
    json!({
        "order": d.reference,
        "state": d.line.state,
        "cause": d.line.cause,
        "at": rfc3339(d.line.at),
        "outlet": d.outlet.as_str(),
        "employer_code": d.employer_code,
        "card_number": number,
        "generation": generation,
        "application_id": application,
        "en": en,
        "zh": zh,
    })
}

fn as_line(d: &Delivery) -> String {
    let card = d
        .card
        .as_ref()
        .map_or_else(String::new, |(number, generation, application)| format!("  card {number} generation {generation}  application {application}"));
    let employer = d.employer_code.as_ref().map_or_else(String::new, |code| format!("  employer {code}"));
    let (at, what) = (rfc3339(d.line.at), shown(d.line.state, d.line.cause));
    format!("{}  {what} since {at}  outlet {}{employer}{card}\n    {}", d.reference, d.outlet, d.todo[0])
}

/// The line of `status`, where there is something to say.
pub fn status_line(book: &Book) -> Result<Option<String>, Fault> {
    let s = standing(book)?;
    Ok((s != Standing::default()).then(|| format!("deliveries    {} delivered, {} returned, {} failed", s.delivered, s.returned, s.failed)))
}

pub fn status_json(book: &Book) -> Result<Value, Fault> {
    let s = standing(book)?;
    Ok(json!({"delivered": s.delivered, "returned": s.returned, "failed": s.failed}))
}

/// The lines of `track`, for the card at one of these places (batch, 0-based position): when it is recorded, and what the courier says.
pub fn tracked(entry: &Entry, places: &[(String, u32)]) -> Vec<(Millis, String)> {
    let Entry::Deliveries(e) = entry else { return Vec::new() };
    let mine = e.lines.iter().filter(|line| places.iter().any(|(batch, position)| is_about(line, batch, *position)));
    mine.map(|line| {
        let what = if matches!(line.order, ledger::entry::Order::Mail { .. }) { "letter" } else { "box" };
        (e.at, format!("{what} {}, the courier says of {} (by {})", shown(line.state, line.cause), rfc3339(line.at), e.who))
    })
    .collect()
}
