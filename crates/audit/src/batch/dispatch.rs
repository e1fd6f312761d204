//! Dispatch (docs/formats/batch.md): bundles and their packing lists, the courier's list, e-card events. Every card made is in exactly
//! one of them (I-12), under its own record (I-10), going where its application says (I-11).

use std::collections::BTreeMap;

use card::{Keyed, Lane, Ordinal};
use ledger::entry::FileDigest;
use ledger::fault::Fault;
use serde::Deserialize;

use super::{Check, Seen, Wanted, agree};
use crate::csv::{Csv, Row};
use crate::files;
use crate::proof::{Invariant, Proofs};
use crate::stored::{Route, address_digest, authority_digest, receipt_digest};
use crate::story::Application;

const BUNDLES: &str = "dispatch/bundles.csv";
const COURIER: &str = "dispatch/mail/courier.csv";
/// End of the name of the list an employer's staff hands cards over by.
const STAFF: &str = "-staff.csv";
const ECARD_EVENTS: &str = "dispatch/ecard-events.jsonl";
const NOTICES: &str = "dispatch/notices.jsonl";

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

/// First and last position of a list of cards, and its rows.
#[derive(PartialEq, Eq)]
struct Extent {
    first: u32,
    last: u32,
    rows: usize,
}

/// A line of the notices, as far as it is compared: one to an employer.
#[derive(Deserialize)]
struct Notice {
    to: String,
    outlet: String,
    employer_code: Option<String>,
    bundle: Option<u32>,
    cards: Option<u32>,
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
    let (mut bundles, mut extents, mut notices) = (Vec::new(), BTreeMap::new(), None);
    for file in listed {
        let path = format!("{folder}/{}", file.path);
        let Some(bytes) = files::expect_file(check.disk, &path, file, Invariant::I20, proofs)? else { continue };
        let bytes = (*bytes).as_ref();
        let compared = match file.path.as_str() {
            BUNDLES => dispatch.bundles(bytes, proofs).map(|all| bundles = all),
            COURIER => dispatch.courier(bytes, proofs),
            ECARD_EVENTS => dispatch.ecard_events(bytes, proofs),
            NOTICES => employers_notices(bytes).map(|all| notices = Some(all)),
            path if path.ends_with(".csv") => dispatch.packing_list(path, bytes, proofs).map(|extent| _ = extents.insert(path, extent)),
            _ => Ok(()),
        };
        if let Err(why) = compared {
            proofs.broken(Invariant::I12, format!("{path}: {why}"));
        }
    }
    dispatch.whole(&bundles, &extents, proofs);
    dispatch.employers_are_told(&bundles, notices.as_deref(), proofs);
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

    /// Every list shows its bundle from the first card to the last.
    fn whole(&self, bundles: &[Bundle], extents: &BTreeMap<&str, Extent>, proofs: &mut Proofs) {
        for bundle in bundles {
            let extent = Extent { first: bundle.first, last: bundle.last, rows: bundle.cards as usize };
            for list in [bundle.list(), bundle.staff_list()] {
                let same = extents.get(list.as_str()).is_none_or(|e| *e == extent);
                proofs.check(Invariant::I12, same, || format!("{}/{list} doesn't show all of its bundle", self.folder));
            }
        }
    }

    fn bundles(&self, bytes: &[u8], proofs: &mut Proofs) -> Result<Vec<Bundle>, String> {
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
            let list = bundle.staff_list();
            proofs.check(Invariant::I12, bundle.has_staff() == self.has(&list), || format!("{}/{list} is missing, or nobody's", self.folder));
        }
        proofs.check(Invariant::I12, sum == self.all.len() as u64, || format!("{id}: {sum} cards in bundles, {} made", self.all.len()));
        let sealed = self.check.batch().sealed.as_ref().map_or(0, |s| s.bundles as usize);
        proofs.check(Invariant::I12, sealed == bundles.len(), || format!("{id}: sealed with {sealed} bundles, {} listed", bundles.len()));
        let lists = self.listed.iter().filter(|f| is_packing_list(&f.path)).count();
        let staff = self.listed.iter().filter(|f| f.path.ends_with(STAFF)).count();
        let employers = bundles.iter().filter(|b| b.has_staff()).count();
        proofs.check(Invariant::I12, staff == employers, || format!("{id}: {staff} lists for the staff of {employers} employers' bundles"));
        let outlets = bundles.iter().filter(|b| !b.mail).count();
        proofs.check(Invariant::I12, lists == outlets, || format!("{id}: {lists} packing lists for {outlets} bundles"));
        Ok(bundles)
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
        // Lists of programs before this one named no trays.
        let (tray, mut trays) = (csv.column("tray").ok(), Trays::default());
        let mut seen = Vec::new();
        while let Some(row) = csv.next_row()? {
            let wrong = || format!("line {} can't be read", row.number);
            let position = position_of(row.get(place), self.check.batch().cards_per_job).ok_or_else(wrong)?;
            if let Some(tray) = tray {
                trays.hold(row.get(place), row.get(tray)).ok_or_else(|| format!("line {}: no such tray", row.number))?;
            }
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

    /// `dispatch/OUTLET/bundle-NNNN.csv` and `…-staff.csv`: the cards of one bundle, of that outlet and for it.
    fn packing_list(&self, path: &str, bytes: &[u8], proofs: &mut Proofs) -> Result<Extent, String> {
        let outlet = path.split('/').nth(1).unwrap_or_default();
        let csv = Csv::open(bytes)?;
        let receipt = csv.column("receipt_number")?;
        let staff = path.ends_with(STAFF).then(|| StaffColumns::of(&csv)).transpose()?;
        let extent = self.extent(bytes)?;
        let wanted = self.between(extent.first, extent.last);
        proofs.check(Invariant::I12, wanted.len() == extent.rows, || format!("{}/{path} lists {} of {} cards", self.folder, extent.rows, wanted.len()));
        let seen = self.cards_of(bytes, wanted, |row, want| {
            let application = self.application(want);
            let here = application.is_some_and(|a| a.facts.is_some_and(|f| !f.mail) && self.check.story.package_of(a).outlet.as_str() == outlet);
            proofs.check(Invariant::I11, here, || format!("{}/{path}: position {} goes elsewhere", self.folder, want.position));
            self.receipt(path, row.get(receipt), want, proofs);
            if let Some(staff) = &staff {
                self.staff(path, staff, row, want, proofs);
            }
            Ok(())
        })?;
        agree(&format!("{}/{path}", self.folder), wanted, &seen, proofs);
        Ok(extent)
    }

    fn extent(&self, bytes: &[u8]) -> Result<Extent, String> {
        let mut csv = Csv::open(bytes)?;
        let place = csv.column("position")?;
        let at = |row: Option<Row>| row.and_then(|r| position_of(r.get(place), self.check.batch().cards_per_job));
        let first = at(csv.next_row()?).ok_or("empty")?;
        let (mut last, mut rows) = (first, 1);
        while let Some(row) = csv.next_row()? {
            last = at(Some(row)).ok_or("a row without a position")?;
            rows += 1;
        }
        Ok(Extent { first, last, rows })
    }

    /// What the card's stored record says, where it can be known.
    fn route(&self, want: &Wanted) -> Option<Option<&Route>> {
        self.knows_route(want).then(|| self.check.routes.get(&self.ordinal(want)))
    }

    fn receipt(&self, path: &str, receipt: &str, want: &Wanted, proofs: &mut Proofs) {
        let Some(route) = self.route(want) else { return };
        let same = route.is_some_and(|r| r.receipt == receipt_digest(receipt));
        proofs.check(Invariant::I11, same, || format!("{}/{path}: position {} has another receipt number", self.folder, want.position));
    }

    /// The employer's staff may take this card: its own package says so.
    fn staff(&self, path: &str, columns: &StaffColumns, row: &Row, want: &Wanted, proofs: &mut Proofs) {
        let [code, employer, staff, letter] = columns.0.map(|c| row.get(c));
        let of_employer = self.application(want).is_some_and(|a| self.check.story.package_of(a).employer_code.as_deref() == Some(code));
        let authority = authority_digest(employer, staff, letter);
        let allowed = self.route(want).is_none_or(|route| route.is_some_and(|r| r.authority == authority));
        proofs.check(Invariant::I11, of_employer && allowed, || format!("{}/{path}: position {} is not theirs to take", self.folder, want.position));
    }

    /// Every mailed card, to the address of its application.
    fn courier(&self, bytes: &[u8], proofs: &mut Proofs) -> Result<(), String> {
        let mailed: Vec<Wanted> = self.all.iter().filter(|w| self.application(w).is_some_and(|a| a.facts.is_some_and(|f| f.mail))).copied().collect();
        let csv = Csv::open(bytes)?;
        let [recipient, address, postcode, receipt] = ["recipient", "address", "postcode", "receipt_number"].map(|c| csv.column(c));
        let (recipient, address, postcode, receipt) = (recipient?, address?, postcode?, receipt?);
        let seen = self.cards_of(bytes, &mailed, |row, want| {
            let Some(route) = self.route(want) else { return Ok(()) };
            self.receipt(COURIER, row.get(receipt), want, proofs);
            let to = address_digest(row.get(recipient), row.get(address), row.get(postcode));
            let same = route.is_some_and(|r| r.mail && r.address == to);
            proofs.check(Invariant::I11, same, || format!("{COURIER}: position {} goes to another address", want.position));
            Ok(())
        })?;
        proofs.check(Invariant::I12, seen.len() == mailed.len(), || format!("{COURIER}: {} lines for {} mailed cards", seen.len(), mailed.len()));
        agree(&format!("{}/{COURIER}", self.folder), &mailed, &seen, proofs);
        Ok(())
    }

    /// Every employer whose cards go to an outlet has one notice, of that bundle. Without bundles nothing more is said than that they lack.
    fn employers_are_told(&self, bundles: &[Bundle], notices: Option<&[Notice]>, proofs: &mut Proofs) {
        let Some(notices) = notices else { return };
        let told = notices.iter().map(|n| (n.bundle, n.cards, n.outlet.as_str(), n.employer_code.as_deref()));
        let wanted = bundles.iter().filter(|b| b.has_staff());
        let same = told.eq(wanted.map(|b| (Some(b.number), Some(b.cards), b.outlet.as_str(), Some(b.employer_code.as_str()))));
        proofs.check(Invariant::I12, same, || format!("{}/{NOTICES}: employers are told otherwise than their bundles are", self.folder));
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

    /// Where the list for the employer's staff must be.
    fn staff_list(&self) -> String {
        format!("dispatch/{}/bundle-{:04}{STAFF}", self.outlet, self.number)
    }

    /// An employer's staff takes its cards from the outlet.
    fn has_staff(&self) -> bool {
        !self.mail && !self.employer_code.is_empty()
    }
}

/// Where a list for an employer's staff names employer, staff and letter.
struct StaffColumns([usize; 4]);

impl StaffColumns {
    fn of(csv: &Csv) -> Result<Self, String> {
        let [code, employer, staff, letter] = ["employer_code", "employer", "staff", "letter"].map(|c| csv.column(c));
        Ok(Self([code?, employer?, staff?, letter?]))
    }
}

fn employers_notices(bytes: &[u8]) -> Result<Vec<Notice>, String> {
    let mut found = Vec::new();
    for (i, line) in bytes.split_inclusive(|b| *b == b'\n').enumerate() {
        let notice: Notice = serde_json::from_slice(line).map_err(|_| format!("line {} can't be read", i + 1))?;
        found.extend(Some(notice).filter(|n| n.to == "employer"));
    }
    Ok(found)
}

fn is_packing_list(path: &str) -> bool {
    path.ends_with(".csv") && !path.ends_with(STAFF) && ![BUNDLES, COURIER].contains(&path)
}

/// Trays are filled one after the other, all with the same number of cards: those a list can still mean.
struct Trays {
    least: u32,
    most: u32,
}

impl Default for Trays {
    fn default() -> Self {
        Self { least: 1, most: u32::MAX }
    }
}

impl Trays {
    /// Takes a card's slot and tray into account; `None` if no number of cards makes them fit together.
    fn hold(&mut self, place: &str, tray: &str) -> Option<()> {
        let before = place.split_once('-')?.1.parse::<u32>().ok()?.checked_sub(1)?;
        let tray: u32 = tray.parse().ok().filter(|tray| *tray > 0)?;
        self.least = self.least.max(before / tray + 1);
        self.most = self.most.min(before.checked_div(tray - 1).unwrap_or(u32::MAX));
        (self.least <= self.most).then_some(())
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trays_hold_the_same_number_of_cards_one_after_the_other() {
        let fit = |cards: &[(&str, &str)]| {
            let mut trays = Trays::default();
            cards.iter().all(|(place, tray)| trays.hold(place, tray).is_some())
        };
        assert!(fit(&[("0001-0001", "1"), ("0001-0050", "1"), ("0001-0051", "2"), ("0002-0001", "1"), ("0002-0101", "3")]));
        assert!(!fit(&[("0001-0050", "1"), ("0001-0049", "2")]), "a tray that ends before the one before it is full");
        assert!(!fit(&[("0001-0051", "2"), ("0002-0200", "2")]), "50 at most by one card, 100 at least by the other");
        for wrong in [("0001-0001", "0"), ("0001-0001", "2"), ("0001-0000", "1"), ("0001", "1"), ("0001-0001", "")] {
            assert!(!fit(&[wrong]), "{wrong:?}");
        }
    }
}
