//! `cardline track APPLICATION|CARD`: everything the ledger says about it, in order, straight from the journal.

use card::Ordinal;
use ledger::book::Book;
use ledger::entry::{Entry, Millis};
use ledger::fault::Fault;
use line::plan::rfc3339;

use super::decide::find;
use super::encode::end_of;
use crate::cli::Cli;
use crate::wiring;

/// Whom the history is about.
struct Subject {
    ordinal: Ordinal,
    package: u64,
    /// Card numbers and generations it ever had.
    cards: Vec<(String, u32)>,
}

pub fn track(cli: &Cli, text: &str) -> Result<u8, Fault> {
    let book = wiring::look(cli)?;
    let subjects = if card::card_number::is_valid(text) {
        let cards = book.cards_numbered(text)?;
        let mut subjects = Vec::new();
        for c in cards {
            if let Some(a) = book.application(c.ordinal)? {
                subjects.push(Subject { ordinal: a.ordinal, package: a.package, cards: vec![(c.number, c.generation)] });
            }
        }
        subjects
    } else {
        let a = find(&book, text)?;
        let cards = a.places().map(|p| (p.number.clone(), p.generation)).collect();
        vec![Subject { ordinal: a.ordinal, package: a.package, cards }]
    };
    if subjects.is_empty() {
        return Err(Fault::Usage(format!("no application or card {text}")));
    }
    let (mut batches, places) = (Batches::new(), places(&book, &subjects)?);
    for record in book.view().read_from(1) {
        let record = record?;
        for subject in &subjects {
            lines(&record.entry, subject, &mut batches).into_iter().for_each(|(at, line)| println!("{}  #{}  {line}", rfc3339(at), record.seq));
        }
        super::deliveries::tracked(&record.entry, &places).into_iter().for_each(|(at, line)| println!("{}  #{}  {line}", rfc3339(at), record.seq));
    }
    Ok(0)
}

/// Where the subjects' cards lie: batch and 0-based position.
fn places(book: &Book, subjects: &[Subject]) -> Result<Vec<(String, u32)>, Fault> {
    let cards = subjects.iter().flat_map(|s| &s.cards).map(|(number, generation)| book.card(number, *generation));
    cards.filter_map(Result::transpose).map(|card| card.map(|c| (c.batch.to_string(), c.position))).collect()
}

/// Batches a subject was cut into, with its jobs there.
type Batches = std::collections::BTreeMap<String, u32>;

fn lines(entry: &Entry, s: &Subject, batches: &mut Batches) -> Vec<(Millis, String)> {
    let codes = |reasons: &[card::Reason]| reasons.iter().map(|r| r.code.text()).collect::<Vec<_>>().join(" ");
    let mine = |number: &str, generation: u32| s.cards.iter().any(|(n, g)| n == number && *g == generation);
    let line = match entry {
        Entry::PackageReceived(e) if e.package == s.package => (e.received_at, format!("received in package {} of {}", e.package_id, e.outlet)),
        Entry::Judged(e) => match e.applications.iter().find(|a| a.ordinal == s.ordinal) {
            Some(a) => (e.at, format!("judged: {:?} {}", a.outcome, codes(&a.reasons)).to_lowercase_first()),
            None => return Vec::new(),
        },
        Entry::PackageAnswered(e) if e.package == s.package => (e.at, "outlet answered".to_owned()),
        Entry::Moved(e) if e.ordinal == s.ordinal => (e.at, format!("{:?} ({:?} by {}) {}", e.outcome, e.cause, e.who, codes(&e.reasons)).to_lowercase_first()),
        Entry::BatchCut(e) => match e.cards.iter().position(|c| c.ordinal == s.ordinal) {
            Some(i) => {
                batches.insert(e.batch.to_string(), i as u32 / e.cards_per_job.max(1) + 1);
                (
                    e.frozen_at,
                    format!("cut into batch {} at position {} with card number {} generation {}", e.batch, i + 1, e.cards[i].number, e.cards[i].generation),
                )
            }
            None => return Vec::new(),
        },
        Entry::StockMoved(e) => {
            let found = e.cards.iter().filter(|c| mine(&c.number, c.generation));
            return found.map(|c| (e.at, format!("blank {} of lot {} counted by {}", c.serial, c.lot, e.who))).collect();
        }
        Entry::DestructionAsked(e) if e.cards.iter().any(|c| mine(&c.number, c.generation)) => {
            (e.at, format!("destruction {} asked for by {}", e.number, e.person))
        }
        Entry::BatchReconciled(e) if batches.contains_key(e.batch.as_str()) => (e.at, format!("batch {} balances, says {}", e.batch, e.person)),
        Entry::BatchSealed(e) if batches.contains_key(e.batch.as_str()) => (e.at, format!("batch {} sealed", e.batch)),
        Entry::ReleaseSigned(e) if batches.contains_key(e.batch.as_str()) => (e.at, format!("release of batch {} signed by {}", e.batch, e.person)),
        Entry::BatchReleased(e) if batches.contains_key(e.batch.as_str()) => (e.at, format!("batch {} released ({})", e.batch, e.by.join(", "))),
        Entry::BatchDispatched(e) if batches.contains_key(e.batch.as_str()) => (e.at, format!("batch {} dispatched", e.batch)),
        Entry::PackagePurged(e) if e.package == s.package => (e.at, format!("package purged by {}: {}", e.who, e.reason)),
        Entry::BatchPurged(e) if batches.contains_key(e.batch.as_str()) => (e.at, format!("batch {} purged by {}: {}", e.batch, e.who, e.reason)),
        Entry::Results(e) if batches.contains_key(e.batch.as_str()) => {
            let found = e.cards.iter().filter(|c| s.cards.iter().any(|(n, _)| *n == c.number));
            return found.map(|c| (e.at, format!("machine result: {:?}", c.result).to_lowercase_first())).collect();
        }
        Entry::CardEvent(e) if mine(&e.number, e.generation) => (e.at, format!("{} (by {})", e.kind.name(), e.who)),
        Entry::HandoverBegun(e) if batches.get(e.batch.as_str()) == Some(&e.job) => {
            (e.at, format!("hand-over {} to {} begun by {}: {}", e.number, e.device, e.who, e.file.path))
        }
        Entry::CardAttempted(e) if mine(&e.number, e.generation) => (e.at, format!("encoding attempted in {} by {} (attempt {})", e.reader, e.who, e.attempt)),
        Entry::AttemptEnded(e) if mine(&e.number, e.generation) => (e.at, format!("encoding: {}", end_of(e))),
        Entry::AttemptResolved(e) if mine(&e.number, e.generation) => {
            (e.at, format!("encoding in doubt: {}, says {}, because: {}", if e.good { "good" } else { "spoiled" }, e.person, e.reason))
        }
        _ => match remade(entry, &mine) {
            Some(line) => line,
            None => return Vec::new(),
        },
    };
    vec![line]
}

/// A card made again, or ended.
pub fn remade(entry: &Entry, mine: &dyn Fn(&str, u32) -> bool) -> Option<(Millis, String)> {
    let line = match entry {
        Entry::RemakeRequested(e) if mine(&e.number, e.generation) => {
            let delivered = if e.delivered { ", was delivered" } else { "" };
            (e.at, format!("remake of {} generation {} requested by {}: {}{delivered}", e.number, e.generation, e.who, e.cause.name()))
        }
        Entry::RemakeApproved(e) if mine(&e.number, e.generation) => {
            (e.at, format!("remake of {} generation {} approved by {}", e.number, e.generation, e.person))
        }
        Entry::RemakeRefused(e) if mine(&e.number, e.generation) => {
            (e.at, format!("remake of {} generation {} refused by {}: {}", e.number, e.generation, e.person, e.because.name()))
        }
        Entry::CardRevoked(e) if mine(&e.number, e.generation) => {
            let (by, generation) = &e.replaced_by;
            (e.at, format!("card {} generation {} revoked: {} by {by} generation {generation}", e.number, e.generation, e.cause.name()))
        }
        _ => return None,
    };
    Some(line)
}

trait LowercaseFirst {
    fn to_lowercase_first(self) -> String;
}

impl LowercaseFirst for String {
    fn to_lowercase_first(mut self) -> String {
        if let Some(first) = self.get_mut(..1) {
            first.make_ascii_lowercase();
        }
        self
    }
}
