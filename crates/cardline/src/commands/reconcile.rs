//! `cardline reconcile BATCH`: the page a night closes with, and the word of the two people who close it.

use card::BatchId;
use ledger::book::state::Tally;
use ledger::entry::ClosingCounts;
use ledger::fault::Fault;
use line::people::Signatory;
use line::reconcile::close::{self, Closing};
use line::reconcile::{self, Blanks, Ends, Page, StockRule};
use serde_json::{Value, json};

use super::stock::batch;
use crate::cli::{Cli, ReconcileArgs};
use crate::config::Config;
use crate::{key_files, people, wiring};

pub fn reconcile(cli: &Cli, args: &ReconcileArgs) -> Result<u8, Fault> {
    let batch = batch(&args.batch)?;
    let rule = rule(&wiring::read_config(&cli.plant)?);
    let Some((who, key)) = args.who.as_deref().zip(args.key.as_deref()) else {
        let page = reconcile::page(&wiring::look(cli)?, &batch, rule)?;
        show(&page, args.json, None);
        return Ok(0);
    };
    let person = people::id(who)?;
    let key = key_files::secret(key, args.passphrase_fd)?;
    let mut open = wiring::open(cli, "reconcile")?;
    let at = open.world.clock.now();
    let outcome = close::say(&mut open.book, &batch, rule, &Signatory { person, key: &key }, at)
        .and_then(|closing| Ok((closing, reconcile::page(&open.book, &batch, rule)?)));
    let (closing, page) = open.finish(outcome)?;
    show(&page, args.json, Some(closing));
    Ok(0)
}

fn rule(config: &Config) -> StockRule {
    StockRule { kept: config.stock.kept, production: config.plant.production }
}

fn show(page: &Page, as_json: bool, closing: Option<Closing>) {
    if as_json {
        println!("{}", page_json(page));
    } else {
        lines(page).iter().for_each(|line| println!("{line}"));
        println!("{}", verdict(page, closing));
    }
}

fn lines(page: &Page) -> Vec<String> {
    let Page { batch: b, ends, .. } = page;
    let mut lines = vec![
        format!("{}  {}", b.batch, b.stage.name()),
        format!("orders     {} = {} cards made + {} void", ends.sum(), page.made, ends.sum() - page.made),
        format!("cards      {}", ends_text(ends)),
    ];
    lines.extend(page.outlets.iter().map(|(outlet, ends)| format!("  {outlet}  {}", ends_text(ends))));
    lines.push(format!("out        {} cards received or collected, of {} good", page.out, ends.good));
    lines.push(format!("stock      {}", blanks_text(page)));
    lines.extend(page.differences.iter().map(|d| format!("DIFFERS    {} {}: {}", d.code, d.code.definition().en.trim_end_matches('.'), d.text)));
    lines
}

fn ends_text(e: &Ends) -> String {
    format!(
        "{} = {} good + {} spoiled + {} unknown + {} in doubt + {} without a result + {} void",
        e.sum(),
        e.good,
        e.spoiled,
        e.unknown,
        e.in_doubt,
        e.without_result,
        e.void
    )
}

/// A closed batch shows what it was closed at: cards that went back to the vault since are another batch's to come.
fn blanks_text(page: &Page) -> String {
    match (page.closed, page.blanks) {
        (Some(ClosingCounts { stock: Some(s), .. }), _) => {
            format!("{} given out = {} good + {} spoiled + {} test + {} returned", s.issued, s.good, s.spoiled, s.test, s.returned)
        }
        (None, Blanks::Kept(t)) => {
            let Tally { line, good, spoiled, test, returned, .. } = t;
            format!("{} given out = {good} good + {spoiled} spoiled + {test} test + {returned} returned + {line} still on the line", t.sum())
        }
        (None, Blanks::NotKept { said: true }) => "none is kept in this plant, its configuration says: cards alone are reconciled".to_owned(),
        _ => "none was kept when this batch was cut: cards alone are reconciled".to_owned(),
    }
}

fn verdict(page: &Page, closing: Option<Closing>) -> String {
    let id: &BatchId = &page.batch.batch;
    match (page.closed.is_some(), closing) {
        (true, Some(Closing::Closed)) => format!("{id} is closed"),
        (true, _) => format!("{id} was closed before: nothing changed"),
        (false, _) if !page.differences.is_empty() => format!("{id} does not balance"),
        (false, _) if page.said_by.is_empty() => {
            format!("{id} balances; two people close it, a supervisor among them: `cardline reconcile {id} --as ID --key FILE`")
        }
        (false, _) => format!("{id} balances, says {}; it waits for another person, and one of the two must be a supervisor", page.said_by.join(", ")),
    }
}

fn page_json(page: &Page) -> Value {
    let outlets: serde_json::Map<String, Value> = page.outlets.iter().map(|(outlet, ends)| (outlet.to_string(), ends_json(ends))).collect();
    let differences: Vec<Value> = page.differences.iter().map(|d| json!({"code": d.code.text(), "text": d.text})).collect();
    let stock = match page.blanks {
        Blanks::Kept(t) => {
            json!({"kept": true, "issued": t.sum(), "good": t.good, "spoiled": t.spoiled, "test": t.test, "returned": t.returned, "line": t.line})
        }
        Blanks::NotKept { said } => json!({"kept": false, "said_by_configuration": said}),
    };
    json!({
        "batch": page.batch.batch.as_str(), "stage": page.batch.stage.name(), "made": page.made, "cards": ends_json(&page.ends), "outlets": outlets,
        "out": page.out, "stock": stock, "differences": differences, "balances": page.differences.is_empty(), "closed": page.closed,
        "said_by": page.said_by,
    })
}

fn ends_json(e: &Ends) -> Value {
    let Ends { good, spoiled, unknown, in_doubt, without_result, void } = *e;
    json!({
        "orders": e.sum(), "good": good, "spoiled": spoiled, "unknown": unknown, "in_doubt": in_doubt, "without_result": without_result, "void": void
    })
}
