//! `cardline resolve`, `withdraw` and `event`: one person, one decision, one ledger entry.

use ledger::book::Book;
use ledger::book::state::ApplicationState;
use ledger::entry::CardEventKind;
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
    let mut open = wiring::open(cli, "resolve")?;
    let state = find(&open.book, &args.application)?;
    let decision = match args.decision {
        DecisionArg::Accept => Decision::Accept,
        DecisionArg::Reject => Decision::Reject,
    };
    decide::resolve(&mut open.book, &state, decision, &Author { who, reason, at: open.world.clock.now() })?;
    println!("{}/{} {}", state.outlet, state.application_id, if decision == Decision::Accept { "accepted" } else { "rejected" });
    open.close()
}

pub fn withdraw(cli: &Cli, args: &WithdrawArgs) -> Result<u8, Fault> {
    let (who, reason) = (people::id(&args.who)?, people::reason(&args.reason)?);
    let mut open = wiring::open(cli, "withdraw")?;
    let state = find(&open.book, &args.application)?;
    decide::withdraw(&mut open.book, &state, &Author { who, reason, at: open.world.clock.now() })?;
    println!("{}/{} withdrawn", state.outlet, state.application_id);
    open.close()
}

pub fn event(cli: &Cli, args: &EventArgs) -> Result<u8, Fault> {
    let who = people::id(&args.who)?;
    let mut open = wiring::open(cli, "event")?;
    let cards = open.book.cards_numbered(&args.card)?;
    let chosen = cards.iter().rfind(|c| args.generation.is_none_or(|g| g == c.generation));
    let card = chosen.ok_or_else(|| Fault::Usage(format!("no card {}", args.card)))?;
    let kind = match args.kind {
        EventKindArg::Received => CardEventKind::Received,
        EventKindArg::Collected => CardEventKind::Collected,
        EventKindArg::ActivatedSocialSecurity => CardEventKind::ActivatedSocialSecurity,
        EventKindArg::ActivatedBank => CardEventKind::ActivatedBank,
    };
    decide::card_event(&mut open.book, card, kind, &Author { who, reason: "", at: open.world.clock.now() })?;
    println!("{} {kind:?}", card.number);
    open.close()
}
