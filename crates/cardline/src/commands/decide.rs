//! `cardline resolve`, `withdraw` and `event`: one person, one decision, one ledger entry.

use ledger::book::Book;
use ledger::book::state::ApplicationState;
use ledger::entry::{CardEventKind, Millis};
use ledger::fault::Fault;
use line::decide::{self, Author, Decision};

use crate::cli::{Cli, DecisionArg, EventArgs, EventKindArg, ResolveArgs, WithdrawArgs};
use crate::{people, wiring};

/// Finds an application by `NUMBER` or `OUTLET/NUMBER`.
///
/// # Errors
/// `Fault::Usage`: none, or more than one outlet used the number.
pub fn find(book: &Book, text: &str) -> Result<ApplicationState, Fault> {
    let (outlet, number) = text.split_once('/').map_or((None, text), |(outlet, number)| (Some(outlet), number));
    let mut found = book.applications_numbered(number)?;
    found.retain(|a| outlet.is_none_or(|o| a.outlet.as_str() == o));
    match found.len() {
        0 => Err(Fault::Usage(format!("no application {text}"))),
        1 => Ok(found.remove(0)),
        _ => Err(Fault::Usage(format!("{} outlets used the number {number}: write OUTLET/{number}", found.len()))),
    }
}

pub fn resolve(cli: &Cli, args: &ResolveArgs) -> Result<u8, Fault> {
    let (who, reason) = (people::id(&args.who)?, people::reason(&args.reason)?);
    let decision = match args.decision {
        DecisionArg::Accept => Decision::Accept,
        DecisionArg::Reject => Decision::Reject,
    };
    let said = decided(cli, "resolve", who, |book, at| {
        let state = find(book, &args.application)?;
        decide::resolve(book, &state, decision, &Author { who, reason, at })?;
        let word = if decision == Decision::Accept { "accepted" } else { "rejected" };
        Ok(format!("{}/{} {word}", state.outlet, state.application_id))
    })?;
    println!("{said}");
    Ok(0)
}

pub fn withdraw(cli: &Cli, args: &WithdrawArgs) -> Result<u8, Fault> {
    let (who, reason) = (people::id(&args.who)?, people::reason(&args.reason)?);
    let said = decided(cli, "withdraw", who, |book, at| {
        let state = find(book, &args.application)?;
        decide::withdraw(book, &state, &Author { who, reason, at })?;
        Ok(format!("{}/{} withdrawn", state.outlet, state.application_id))
    })?;
    println!("{said}");
    Ok(0)
}

pub fn event(cli: &Cli, args: &EventArgs) -> Result<u8, Fault> {
    let who = people::id(&args.who)?;
    let kind = match args.kind {
        EventKindArg::Received => CardEventKind::Received,
        EventKindArg::Collected => CardEventKind::Collected,
        EventKindArg::ActivatedSocialSecurity => CardEventKind::ActivatedSocialSecurity,
        EventKindArg::ActivatedBank => CardEventKind::ActivatedBank,
    };
    let said = decided(cli, "event", who, |book, at| {
        let cards = book.cards_numbered(&args.card)?;
        let chosen = cards.iter().rfind(|c| args.generation.is_none_or(|g| g == c.generation));
        let card = chosen.ok_or_else(|| Fault::Usage(format!("no card {}", args.card)))?;
        decide::card_event(book, card, kind, &Author { who, reason: "", at })?;
        Ok(format!("{} {}", card.number, kind.name()))
    })?;
    println!("{said}");
    Ok(0)
}

/// Opens the plant for one decision of one person, who must be in the register if there is one, and ends cleanly whatever came of it.
fn decided(cli: &Cli, command: &str, who: &str, decide: impl FnOnce(&mut Book, Millis) -> Result<String, Fault>) -> Result<String, Fault> {
    let mut open = wiring::open(cli, command)?;
    let at = open.world.clock.now();
    let outcome = line::people::known(&open.book, who).and_then(|()| decide(&mut open.book, at));
    open.finish(outcome)
}
