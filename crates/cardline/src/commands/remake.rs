//! `cardline remake request|approve|refuse|list`: cards to be made again, and people's words about them.

use card::{BatchId, Code, Outcome};
use ledger::book::Book;
use ledger::book::state::{RemakeStage, RemakeState};
use ledger::entry::{RemakeCause, RemakeRefusal};
use ledger::fault::Fault;
use line::people::Signatory;
use line::plan::rfc3339;
use line::remakes::words::{Word, say};
use line::remakes::{Ask, cards_of, request};
use serde_json::json;

use crate::cli::{CauseArg, Cli, RefusalArg, RemakeApproveArgs, RemakeByArgs, RemakeCards, RemakeCommand, RemakeListArgs, RemakeRefuseArgs, RemakeRequestArgs};
use crate::{key_files, people, wiring};

/// Longest number of a report.
const REPORT_CHARS_MAX: usize = 64;
/// Slots named in one list.
const SLOTS_MAX: usize = 100_000;

type Named = (String, u32);

pub fn remake(cli: &Cli, command: &RemakeCommand) -> Result<u8, Fault> {
    match command {
        RemakeCommand::Request(args) => ask(cli, args),
        RemakeCommand::Approve(RemakeApproveArgs { cards, by }) => word(cli, cards, None, by),
        RemakeCommand::Refuse(RemakeRefuseArgs { cards, because, by }) => word(cli, cards, Some(refusal(*because)), by),
        RemakeCommand::List(args) => list(cli, args),
    }
}

fn ask(cli: &Cli, args: &RemakeRequestArgs) -> Result<u8, Fault> {
    let who = people::id(&args.who)?;
    if args.loss_report.as_ref().is_some_and(|r| r.chars().count() > REPORT_CHARS_MAX) {
        return Err(Fault::refused(Code::Use01, format!("--loss-report: at most {REPORT_CHARS_MAX} characters")));
    }
    let mut open = wiring::open(cli, "remake request")?;
    let outcome = (|| {
        let cards = chosen(&open.book, &args.cards)?;
        let (at, report) = (open.world.clock.now(), args.loss_report.as_deref());
        request(&mut open.book, &open.world.pepper, &Ask { cards: &cards, cause: cause(args.cause), report, who, at })
    })();
    for card in open.finish(outcome)? {
        let before = if card.before { "requested before" } else { "requested" };
        let people = if card.delivered { "two supervisors" } else { "one supervisor" };
        println!("{} {} {before}: waits for {people}", card.number, card.generation);
    }
    Ok(0)
}

/// Each card by itself: what refuses is told, the others' words stand.
fn word(cli: &Cli, cards: &RemakeCards, refusal: Option<RemakeRefusal>, by: &RemakeByArgs) -> Result<u8, Fault> {
    let person = people::id(&by.who)?;
    let key = key_files::secret(&by.key, by.passphrase_fd)?;
    let mut open = wiring::open(cli, if refusal.is_some() { "remake refuse" } else { "remake approve" })?;
    let outcome = (|| {
        let at = open.world.clock.now();
        let mut refused = None;
        for card in waiting(&open.book, cards)? {
            match say(&mut open.book, &Word { card: &card, refusal, by: Signatory { person, key: &key } }, at) {
                Ok(state) => println!("{} {} {}", card.0, card.1, stands(&open.book, &state)?),
                Err(fault @ Fault::Refused { .. }) => {
                    tell!("cardline: {fault}");
                    refused.get_or_insert(fault);
                }
                Err(fault) => return Err(fault),
            }
        }
        refused.map_or(Ok(()), Err)
    })();
    open.finish(outcome)?;
    Ok(0)
}

/// Of the cards of a batch or job those a request waits for; cards that were named are all meant.
fn waiting(book: &Book, args: &RemakeCards) -> Result<Vec<Named>, Fault> {
    let mut cards = chosen(book, args)?;
    if args.batch.is_some() {
        let mut found = Vec::new();
        for card in cards {
            if book.remake(&card.0, card.1)?.is_some_and(|r| r.stage == RemakeStage::Requested) {
                found.push(card);
            }
        }
        cards = found;
    }
    if cards.is_empty() { Err(Fault::refused(Code::Rmk06, "no request of these cards waits")) } else { Ok(cards) }
}

fn chosen(book: &Book, args: &RemakeCards) -> Result<Vec<Named>, Fault> {
    if let Some(batch) = &args.batch {
        let batch = BatchId::parse(batch).map_err(Fault::Usage)?;
        return cards_of(book, &batch, args.job, args.slots.as_deref().map(slots).transpose()?.as_deref());
    }
    args.cards.iter().map(|text| named(book, text)).collect()
}

/// NUMBER or NUMBER/GENERATION.
fn named(book: &Book, text: &str) -> Result<Named, Fault> {
    let none = || Fault::Usage("no such card; a card is NUMBER or NUMBER/GENERATION".to_owned());
    let (number, generation) = match text.split_once('/') {
        Some((number, generation)) => (number, Some(generation.parse::<u32>().map_err(|_| none())?)),
        None => (text, None),
    };
    let cards = book.cards_numbered(number)?;
    let card = cards.into_iter().rfind(|c| generation.is_none_or(|g| g == c.generation)).ok_or_else(none)?;
    Ok((card.number, card.generation))
}

/// `3,7-9`, from 1.
fn slots(text: &str) -> Result<Vec<u32>, Fault> {
    let wrong = || Fault::refused(Code::Use01, "--slots: a list like 3,7-9, from 1");
    let mut found = Vec::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let bound = |t: &str| t.trim().parse::<u32>().ok().filter(|n| *n > 0).ok_or_else(wrong);
        let (first, last) = (bound(first)?, bound(last)?);
        if first > last || (last - first) as usize >= SLOTS_MAX.saturating_sub(found.len()) {
            return Err(wrong());
        }
        found.extend(first..=last);
    }
    Ok(found)
}

fn list(cli: &Cli, args: &RemakeListArgs) -> Result<u8, Fault> {
    let book = wiring::look(cli)?;
    let open = |r: &RemakeState| matches!(r.stage, RemakeStage::Requested | RemakeStage::Approved);
    for remake in book.remakes()?.iter().filter(|r| args.all || open(r)) {
        println!("{}", if args.json { as_json(&book, remake)? } else { as_line(&book, remake)? });
    }
    Ok(0)
}

/// How a request stands, in words; of one that is held or rejected in the pool with its reasons.
pub fn stands(book: &Book, remake: &RemakeState) -> Result<String, Fault> {
    let e = &remake.requested;
    Ok(match (remake.stage, &remake.made) {
        (RemakeStage::Requested, _) => {
            let words = book.remake_words(&e.number, e.generation, e.request)?;
            format!("waits for approval ({} of {})", remake.approvals(&words), remake.approvals_needed())
        }
        (RemakeStage::Made, Some((number, generation))) => format!("made again as {number} generation {generation}"),
        (RemakeStage::Refused, _) => "refused".to_owned(),
        (RemakeStage::Approved | RemakeStage::Made, _) => pooled(book, remake)?,
    })
}

fn pooled(book: &Book, remake: &RemakeState) -> Result<String, Fault> {
    let Some(a) = book.application(remake.requested.ordinal)? else { return Ok("approved".to_owned()) };
    let codes = a.reasons.iter().map(|r| r.code.text()).collect::<Vec<_>>().join(" ");
    Ok(match a.outcome {
        Outcome::Accepted => "approved: waits for the next cut".to_owned(),
        Outcome::Held => format!("approved, held at the cut: {codes}"),
        Outcome::Rejected => format!("approved, ended without a card: {codes}"),
    })
}

fn as_line(book: &Book, remake: &RemakeState) -> Result<String, Fault> {
    let e = &remake.requested;
    let delivered = if e.delivered { ", was delivered" } else { "" };
    let head = format!("{} generation {}  {}{delivered}, asked for by {} {}", e.number, e.generation, e.cause.name(), e.who, rfc3339(e.at));
    Ok(format!("{head}  {}", stands(book, remake)?))
}

fn as_json(book: &Book, remake: &RemakeState) -> Result<String, Fault> {
    let e = &remake.requested;
    let words = book.remake_words(&e.number, e.generation, e.request)?;
    let (application, card) = (book.application(e.ordinal)?, book.card(&e.number, e.generation)?);
    let value = json!({
        "card_number": e.number,
        "generation": e.generation,
        "request": e.request,
        "cause": e.cause.name(),
        "delivered": e.delivered,
        "reported": e.report.is_some(),
        "requested_by": e.who,
        "requested_at": rfc3339(e.at),
        "stage": remake.stage.name(),
        "stands": stands(book, remake)?,
        "approvals": remake.approvals(&words),
        "approvals_needed": remake.approvals_needed(),
        "outlet": application.as_ref().map(|a| a.outlet.as_str()),
        "application_id": application.as_ref().map(|a| a.application_id.as_str()),
        "batch": card.as_ref().map(|c| c.batch.as_str()),
        "position": card.as_ref().map(|c| c.position + 1),
        "made": remake.made.as_ref().map(|(number, generation)| json!({"card_number": number, "generation": generation})),
    });
    Ok(value.to_string())
}

fn cause(arg: CauseArg) -> RemakeCause {
    match arg {
        CauseArg::Spoiled => RemakeCause::Spoiled,
        CauseArg::Damaged => RemakeCause::Damaged,
        CauseArg::Lost => RemakeCause::Lost,
        CauseArg::WrongData => RemakeCause::WrongData,
    }
}

fn refusal(arg: RefusalArg) -> RemakeRefusal {
    match arg {
        RefusalArg::NotNeeded => RemakeRefusal::NotNeeded,
        RefusalArg::NewApplication => RemakeRefusal::NewApplication,
        RefusalArg::Doubtful => RemakeRefusal::Doubtful,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_a_list_of_numbers_and_spans() {
        assert_eq!(slots("3,7-9").unwrap(), [3, 7, 8, 9]);
        assert_eq!(slots(" 1 , 2-2").unwrap(), [1, 2]);
        for wrong in ["", "0", "3-1", "a", "1,,2", "1-", "-1", "1-4294967295", "99999999999", "1;2"] {
            assert_eq!(slots(wrong).unwrap_err().exit_code(), 64, "{wrong}");
        }
    }
}
