//! `cardline whatif`: judges the photos of a past day, or of everything held, again under another profile, from what was measured then.
//! Nothing is decoded and nothing is written.

use std::collections::BTreeMap;
use std::sync::Arc;

use card::{Ordinal, Outcome, Profile, Reason, Verdict};
use jiff::civil::Date;
use ledger::book::Book;
use ledger::book::state::ApplicationState;
use ledger::fault::Fault;
use line::plan::civil_day;
use line::validate::stored::StoredRecord;
use line::vault::Vault;
use plant::SystemEntropy;
use plant::keys::PlantKeys;
use serde_json::json;

use super::word;
use crate::cli::{Cli, WhatifArgs};
use crate::wiring;

pub fn whatif(cli: &Cli, args: &WhatifArgs) -> Result<u8, Fault> {
    let config = wiring::read_config(&cli.plant)?;
    let offset = config.utc_offset_minutes().unwrap_or(0);
    let (disk, book) = (wiring::disk(cli)?, wiring::look(cli)?);
    let day = args.day.as_deref().map(|d| d.parse::<Date>().map_err(|_| Fault::Usage(format!("--day: {d:?} is not YYYY-MM-DD")))).transpose()?;
    let profile = wiring::profile_file_or_id(&args.profile, day.unwrap_or_else(|| civil_day_of(cli, offset)))?;
    let keys = PlantKeys::open(&*disk)?;
    let vault = Vault::of(disk.clone(), Arc::new(keys.vault.clone()), Arc::new(SystemEntropy), &book);
    let ordinals = match day {
        Some(day) => of_day(&book, day, offset)?,
        None => book.held()?,
    };
    let mut sums = Sums::default();
    for ordinal in ordinals {
        let Some(state) = book.application(ordinal)? else { continue };
        let Ok(record) = vault.record(state.package, state.row) else {
            vault.check_key(state.package)?;
            sums.gone += 1;
            continue;
        };
        sums.looked_at += 1;
        if let Some(flip) = flip(&state, &record, &profile) {
            *sums.flips.entry((word(flip.before), word(flip.after.outcome))).or_default() += 1;
            print_flip(&state, &flip, args.json);
        }
    }
    sums.tell();
    Ok(0)
}

fn civil_day_of(cli: &Cli, offset: i32) -> Date {
    wiring::clock(cli).map_or_else(|_| wiring::today(), |clock| civil_day(clock.now(), offset))
}

/// Applications of the packages that were received on that day.
fn of_day(book: &Book, day: Date, offset: i32) -> Result<Vec<Ordinal>, Fault> {
    let mut found = Vec::new();
    for number in 0..book.next_numbers()?.0 {
        let Some(package) = book.package(number)?.filter(|p| civil_day(p.received.received_at, offset) == day) else { continue };
        let first = package.received.first_ordinal.0;
        found.extend((first..first + u64::from(package.received.count)).map(Ordinal));
    }
    Ok(found)
}

/// An outcome that would be another.
struct Flip {
    before: Outcome,
    after: Verdict,
    /// Codes that would be gone, and reasons that would be new.
    gone: Vec<&'static str>,
    new: Vec<Reason>,
}

/// What isn't about a stored measurement stays as it was found; so does what a person waived.
fn flip(state: &ApplicationState, record: &StoredRecord, profile: &Profile) -> Option<Flip> {
    let measurements = record.measurements.as_ref()?;
    let religious_headgear = record.application.as_ref().is_some_and(|a| a.religious_headgear);
    let mut reasons: Vec<Reason> = state.reasons.iter().filter(|r| !photo::is_judged_again(r.code)).cloned().collect();
    let again = photo::judge_again(measurements, religious_headgear, profile).into_iter().map(Reason::from);
    reasons.extend(again.filter(|r| !state.waived.iter().any(|w| w == r.code.text())));
    let after = Verdict::from_reasons(reasons);
    if after.outcome == state.outcome {
        return None;
    }
    let gone = state.reasons.iter().filter(|r| !after.reasons.iter().any(|n| n.code == r.code)).map(|r| r.code.text()).collect();
    let differs = |n: &&Reason| !state.reasons.iter().any(|r| r.code == n.code && r.effect == n.effect);
    let new = after.reasons.iter().filter(differs).cloned().collect();
    Some(Flip { before: state.outcome, after, gone, new })
}

fn print_flip(state: &ApplicationState, flip: &Flip, as_json: bool) {
    let (before, after) = (word(flip.before), word(flip.after.outcome));
    if as_json {
        let line = json!({"outlet": state.outlet.as_str(), "application_id": state.application_id, "before": before, "after": after, "gone": flip.gone, "new": flip.new});
        println!("{line}");
        return;
    }
    println!("{}/{}  {before} -> {after}", state.outlet, state.application_id);
    flip.gone.iter().for_each(|code| println!("  gone {code}"));
    flip.new.iter().for_each(|r| println!("  new  {} {} [{} / {}]", r.code, r.code.definition().en, r.value, r.limit));
}

#[derive(Default)]
struct Sums {
    looked_at: u64,
    /// Purged: nothing left to judge.
    gone: u64,
    flips: BTreeMap<(&'static str, &'static str), u64>,
}

impl Sums {
    fn tell(&self) {
        tell!("{} applications judged again, {} flip, {} purged", self.looked_at, self.flips.values().sum::<u64>(), self.gone);
        for ((before, after), count) in &self.flips {
            tell!("  {before} -> {after}: {count}");
        }
    }
}
