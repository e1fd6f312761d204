//! Dispatch (docs/formats/batch.md): bundles and their packing lists, the courier's list, e-card events. Every card made is in exactly
//! one of them (I-12), under its own record (I-10), going where its application says (I-11).

use card::{Keyed, Lane, Ordinal};
use ledger::entry::FileDigest;
use ledger::fault::Fault;
use serde::Deserialize;

use super::{Check, Seen, Wanted, agree};
use crate::csv::{Csv, Row};
use crate::files;
use crate::proof::{Invariant, Proofs};
use crate::stored::address_digest;
use crate::story::Application;

const BUNDLES: &str = "dispatch/bundles.csv";
const COURIER: &str = "dispatch/mail/courier.csv";
const ECARD_EVENTS: &str = "dispatch/ecard-events.jsonl";

/// A row of the list of bundles.
struct Bundle {
    number: u32,
    mail: bool,
    green: bool,
    outlet: String,
    employer_code: String,
    cards: u32,
    /// 1-based, both inclusive.
    first: u32,
    last: u32,
}

#[derive(Deserialize)]
struct EcardEvent {
    card_number: String,
    generation: u32,
}

/// Checks the files of dispatch: those of the manifest that no job made.
///
/// # Errors
/// The disk's.
pub(super) fn check(check: &Check, folder: &str, listed: &[FileDigest], proofs: &mut Proofs) -> Result<(), Fault> {
    let all: Vec<Wanted> = check.batch().jobs.keys().flat_map(|job| check.wanted(*job)).collect();
    let dispatch = Dispatch { check, folder, listed, all: &all };
    for file in listed {
        let path = format!("{folder}/{}", file.path);
        let Some(bytes) = files::expect_file(check.disk, &path, file, Invariant::I20, proofs)? else { continue };
        let bytes = (*bytes).as_ref();
        let compared = match file.path.as_str() {
            BUNDLES => dispatch.bundles(bytes, proofs),
            COURIER => dispatch.courier(bytes, proofs),
            ECARD_EVENTS => dispatch.ecard_events(bytes, proofs),
            path if path.ends_with(".csv") => dispatch.packing_list(path, bytes, proofs),
            _ => Ok(()),
        };
        if let Err(why) = compared {
            proofs.broken(Invariant::I12, format!("{path}: {why}"));
        }
    }
    let mail = all.iter().any(|w| dispatch.application(w).is_some_and(|a| a.facts.is_some_and(|f| f.mail)));
    for (path, needed) in [(BUNDLES, true), (COURIER, mail), (ECARD_EVENTS, true)] {
        proofs.check(Invariant::I12, !needed || dispatch.has(path), || format!("{}: no {path}", check.batch().id));
    }
    Ok(())
}

struct Dispatch<'a> {
    check: &'a Check<'a>,
    folder: &'a str,
    listed: &'a [FileDigest],
    /// Every card made, in order.
    all: &'a [Wanted<'a>],
}

impl Dispatch<'_> {
    fn has(&self, path: &str) -> bool {
        self.listed.iter().any(|f| f.path == path)
    }

    fn ordinal(&self, wanted: &Wanted) -> Ordinal {
        self.check.batch().cards[wanted.position as usize - 1].ordinal
    }

    fn application(&self, wanted: &Wanted) -> Option<&Application> {
        self.check.story.application(self.ordinal(wanted))
    }

    /// The stored record was there to be read.
    fn knows_route(&self, wanted: &Wanted) -> bool {
        let purged = self.application(wanted).is_some_and(|a| self.check.story.package_of(a).purged);
        self.check.vault_opened && !purged
    }

    /// Cards made at positions `first..=last`.
    fn between(&self, first: u32, last: u32) -> &[Wanted<'_>] {
        let from = self.all.partition_point(|w| w.position < first);
        let to = self.all.partition_point(|w| w.position <= last);
        self.all.get(from..to).unwrap_or_default()
    }

    fn bundles(&self, bytes: &[u8], proofs: &mut Proofs) -> Result<(), String> {
        let bundles = bundles(bytes)?;
        let id = &self.check.batch().id;
        let (mut sum, mut before) = (0_u64, 0);
        for (bundle, number) in bundles.iter().zip(1..) {
            let name = || format!("{id} bundle {}", bundle.number);
            let in_order = bundle.number == number && bundle.first > before && bundle.first <= bundle.last;
            proofs.check(Invariant::I12, in_order, || format!("{} overlaps another or is out of order", name()));
            before = bundle.last;
            let cards = self.between(bundle.first, bundle.last);
            proofs.check(Invariant::I12, cards.len() == bundle.cards as usize, || format!("{} says {} cards, {} were made", name(), bundle.cards, cards.len()));
            sum += u64::from(bundle.cards);
            for card in cards {
                let goes = self.application(card).is_some_and(|a| self.goes_with(a, bundle));
                proofs.check(Invariant::I11, goes, || format!("{}: position {} belongs elsewhere", name(), card.position));
            }
            let list = bundle.list();
            proofs.check(Invariant::I12, bundle.mail || self.has(&list), || format!("{}/{list} is missing", self.folder));
        }
        proofs.check(Invariant::I12, sum == self.all.len() as u64, || format!("{id}: {sum} cards in bundles, {} made", self.all.len()));
        let sealed = self.check.batch().sealed.as_ref().map_or(0, |s| s.bundles as usize);
        proofs.check(Invariant::I12, sealed == bundles.len(), || format!("{id}: sealed with {sealed} bundles, {} listed", bundles.len()));
        let lists = self.listed.iter().filter(|f| is_packing_list(&f.path)).count();
        let outlets = bundles.iter().filter(|b| !b.mail).count();
        proofs.check(Invariant::I12, lists == outlets, || format!("{id}: {lists} packing lists for {outlets} bundles"));
        Ok(())
    }

    fn goes_with(&self, a: &Application, bundle: &Bundle) -> bool {
        let package = self.check.story.package_of(a);
        let Some(facts) = a.facts else { return false };
        (facts.mail, facts.lane == Lane::Green, package.outlet.as_str(), package.employer_code.as_deref().unwrap_or(""))
            == (bundle.mail, bundle.green, bundle.outlet.as_str(), bundle.employer_code.as_str())
    }

    /// The rows of a list of cards, as views to compare; `each` looks at the rest of a row.
    fn cards_of(&self, bytes: &[u8], wanted: &[Wanted], mut each: impl FnMut(&Row, &Wanted) -> Result<(), String>) -> Result<Vec<Seen>, String> {
        let mut csv = Csv::open(bytes)?;
        let [number, generation, place, record] = ["card_number", "generation", "position", "record"].map(|c| csv.column(c));
        let (number, generation, place, record) = (number?, generation?, place?, record?);
        let mut seen = Vec::new();
        while let Some(row) = csv.next_row()? {
            let wrong = || format!("line {} can't be read", row.number);
            let position = position_of(row.get(place), self.check.batch().cards_per_job).ok_or_else(wrong)?;
            seen.push(Seen {
                position: Some(position),
                number: Some(row.get(number).to_owned()),
                generation: Some(row.get(generation).parse().map_err(|_| wrong())?),
                record: Some(Keyed::parse(row.get(record)).map_err(|_| wrong())?),
                photo: None,
            });
            if let Some(want) = wanted.get(seen.len() - 1) {
                each(&row, want)?;
            }
        }
        Ok(seen)
    }

    /// `dispatch/OUTLET/bundle-NNNN.csv`: the cards of one bundle, of that outlet and for it.
    fn packing_list(&self, path: &str, bytes: &[u8], proofs: &mut Proofs) -> Result<(), String> {
        let outlet = path.split('/').nth(1).unwrap_or_default();
        let mut csv = Csv::open(bytes)?;
        let place = csv.column("position")?;
        let at = |row: Option<Row>| row.and_then(|r| position_of(r.get(place), self.check.batch().cards_per_job));
        let first = at(csv.next_row()?).ok_or("empty")?;
        let (mut last, mut rows) = (first, 1);
        while let Some(row) = csv.next_row()? {
            last = at(Some(row)).ok_or("a row without a position")?;
            rows += 1;
        }
        let wanted = self.between(first, last);
        proofs.check(Invariant::I12, wanted.len() == rows, || format!("{}/{path} lists {rows} of {} cards", self.folder, wanted.len()));
        let seen = self.cards_of(bytes, wanted, |_, want| {
            let application = self.application(want);
            let here = application.is_some_and(|a| a.facts.is_some_and(|f| !f.mail) && self.check.story.package_of(a).outlet.as_str() == outlet);
            proofs.check(Invariant::I11, here, || format!("{}/{path}: position {} goes elsewhere", self.folder, want.position));
            Ok(())
        })?;
        agree(&format!("{}/{path}", self.folder), wanted, &seen, proofs);
        Ok(())
    }

    /// Every mailed card, to the address of its application.
    fn courier(&self, bytes: &[u8], proofs: &mut Proofs) -> Result<(), String> {
        let mailed: Vec<Wanted> = self.all.iter().filter(|w| self.application(w).is_some_and(|a| a.facts.is_some_and(|f| f.mail))).copied().collect();
        let csv = Csv::open(bytes)?;
        let [recipient, address, postcode] = ["recipient", "address", "postcode"].map(|c| csv.column(c));
        let (recipient, address, postcode) = (recipient?, address?, postcode?);
        let seen = self.cards_of(bytes, &mailed, |row, want| {
            if !self.knows_route(want) {
                return Ok(());
            }
            let to = address_digest(row.get(recipient), row.get(address), row.get(postcode));
            let route = self.check.routes.get(&self.ordinal(want));
            let same = route.is_some_and(|r| r.mail && r.address == to);
            proofs.check(Invariant::I11, same, || format!("{COURIER}: position {} goes to another address", want.position));
            Ok(())
        })?;
        proofs.check(Invariant::I12, seen.len() == mailed.len(), || format!("{COURIER}: {} lines for {} mailed cards", seen.len(), mailed.len()));
        agree(&format!("{}/{COURIER}", self.folder), &mailed, &seen, proofs);
        Ok(())
    }

    fn ecard_events(&self, bytes: &[u8], proofs: &mut Proofs) -> Result<(), String> {
        let mut count = 0;
        for (i, line) in bytes.split_inclusive(|b| *b == b'\n').enumerate() {
            let event: EcardEvent = serde_json::from_slice(line).map_err(|_| format!("line {} can't be read", i + 1))?;
            let same = self.all.get(i).is_some_and(|w| (event.card_number.as_str(), event.generation) == (w.number, w.generation));
            proofs.check(Invariant::I09, same, || format!("{}/{ECARD_EVENTS} line {}: not the card made", self.folder, i + 1));
            count += 1;
        }
        proofs.check(Invariant::I12, count == self.all.len(), || format!("{}/{ECARD_EVENTS}: {count} events for {} cards", self.folder, self.all.len()));
        Ok(())
    }
}

impl Bundle {
    /// Where its packing list must be.
    fn list(&self) -> String {
        format!("dispatch/{}/bundle-{:04}.csv", self.outlet, self.number)
    }
}

fn is_packing_list(path: &str) -> bool {
    path.ends_with(".csv") && ![BUNDLES, COURIER].contains(&path)
}

/// `JOB-SLOT` as the 1-based position in the batch.
fn position_of(place: &str, cards_per_job: u32) -> Option<u32> {
    let (job, slot) = place.split_once('-')?;
    let (job, slot): (u32, u32) = (job.parse().ok()?, slot.parse().ok()?);
    job.checked_sub(1)?.checked_mul(cards_per_job)?.checked_add(slot)
}

fn bundles(bytes: &[u8]) -> Result<Vec<Bundle>, String> {
    let mut csv = Csv::open(bytes)?;
    let columns = ["bundle", "kind", "lane", "outlet", "employer_code", "cards", "first_position", "last_position"];
    let at: Vec<usize> = columns.iter().map(|c| csv.column(c)).collect::<Result<_, _>>()?;
    let mut bundles = Vec::new();
    while let Some(row) = csv.next_row()? {
        let number = |i: usize| row.get(at[i]).parse::<u32>().map_err(|_| format!("line {} can't be read", row.number));
        bundles.push(Bundle {
            number: number(0)?,
            mail: row.get(at[1]) == "mail",
            green: row.get(at[2]) == "green",
            outlet: row.get(at[3]).to_owned(),
            employer_code: row.get(at[4]).to_owned(),
            cards: number(5)?,
            first: number(6)?,
            last: number(7)?,
        });
    }
    Ok(bundles)
}
