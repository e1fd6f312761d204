//! A batch held against what came of it: orders against cards, cards against results, blanks given out against blanks counted. Says every
//! difference with its code; changes nothing. Who closes it is `close.rs`'.

pub mod close;

use std::collections::BTreeMap;

use card::{BatchId, Code, OutletCode};
use ledger::book::Book;
use ledger::book::state::{AttemptStage, BatchStage, BatchState, CardState, Fate, LotState, Tally};
use ledger::entry::{Account, ClosingCounts, ClosingStock, SerialRange};
use ledger::fault::Fault;

use crate::encode::ATTEMPTS_MAX;
use crate::stock::serials;

/// Cards named in a difference.
const NAMED_MAX: usize = 5;

/// What a plant says of its stock: `[stock] kept` of its configuration, and whether real cards are made there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StockRule {
    /// `None`: as the ledger shows.
    pub kept: Option<bool>,
    pub production: bool,
}

/// How cards of a batch ended, or didn't.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Ends {
    pub good: u32,
    pub spoiled: u32,
    pub unknown: u32,
    pub in_doubt: u32,
    pub without_result: u32,
    pub void: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    Good,
    Spoiled,
    Unknown,
    InDoubt,
    WithoutResult,
    Void,
}

impl Ends {
    fn add(&mut self, end: End) {
        *match end {
            End::Good => &mut self.good,
            End::Spoiled => &mut self.spoiled,
            End::Unknown => &mut self.unknown,
            End::InDoubt => &mut self.in_doubt,
            End::WithoutResult => &mut self.without_result,
            End::Void => &mut self.void,
        } += 1;
    }

    /// Orders.
    #[must_use]
    pub fn sum(&self) -> u32 {
        self.good + self.spoiled + self.open() + self.void
    }

    fn open(&self) -> u32 {
        self.unknown + self.in_doubt + self.without_result
    }
}

/// The batch's blanks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Blanks {
    /// Lots of which cards were given out to it, all together.
    Kept(Tally),
    /// No stock was kept when it was made: the configuration says so, or no lot was there before it was cut.
    NotKept { said: bool },
}

/// One thing that doesn't agree.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    pub code: Code,
    pub text: String,
}

/// The page a night closes with.
pub struct Page {
    pub batch: BatchState,
    /// Slots that carry a card.
    pub made: u32,
    pub ends: Ends,
    pub outlets: BTreeMap<OutletCode, Ends>,
    pub blanks: Blanks,
    /// Cards received, collected or activated.
    pub out: u32,
    pub differences: Vec<Difference>,
    /// What it was closed at.
    pub closed: Option<ClosingCounts>,
    /// Who has said that it balances at these counts.
    pub said_by: Vec<String>,
}

impl Page {
    /// What two people sign, if it balances.
    #[must_use]
    pub fn counts(&self) -> ClosingCounts {
        let Ends { good, spoiled, void, .. } = self.ends;
        let stock = match self.blanks {
            Blanks::Kept(t) => Some(ClosingStock { issued: t.sum(), good: t.good, spoiled: t.spoiled, test: t.test, returned: t.returned }),
            Blanks::NotKept { .. } => None,
        };
        ClosingCounts { cut: self.ends.sum(), good, spoiled, void, stock }
    }
}

/// Draws the page up.
///
/// # Errors
/// There is no such batch; the ledger fails.
pub fn page(book: &Book, id: &BatchId, rule: StockRule) -> Result<Page, Fault> {
    let batch = book.batch(id)?.ok_or_else(|| Fault::Usage(format!("no batch {id}")))?;
    let lots = book.lots()?;
    let cards = Cards::of(book, &batch)?;
    let blanks = blanks(&batch, &lots, rule);
    let mut page = Page {
        made: cards.made,
        ends: cards.ends,
        outlets: BTreeMap::new(),
        blanks,
        out: cards.out,
        differences: Vec::new(),
        closed: book.closed(id)?,
        said_by: Vec::new(),
        batch,
    };
    if page.closed.is_none() {
        page.differences = differences(book, &page, &cards, &lots, rule)?;
    }
    page.outlets = cards.outlets;
    let counts = page.counts();
    page.said_by = book.closing_words(id)?.into_iter().filter(|w| w.counts == counts).map(|w| w.person).collect();
    Ok(page)
}

/// The batch's cards, walked once.
#[derive(Default)]
struct Cards {
    made: u32,
    ends: Ends,
    outlets: BTreeMap<OutletCode, Ends>,
    out: u32,
    /// The first cards without an end, and the first that are out without being good.
    open: Vec<String>,
    out_not_good: Vec<String>,
    out_not_good_count: u32,
}

impl Cards {
    fn of(book: &Book, batch: &BatchState) -> Result<Self, Fault> {
        let slots: Vec<bool> = book.jobs(&batch.batch)?.iter().flat_map(|job| job.records.iter().map(Option::is_some)).collect();
        let mut cards = Self { made: slots.iter().filter(|made| **made).count() as u32, ..Self::default() };
        for (position, cut) in book.cut_of(batch)?.cards.iter().enumerate() {
            // A job that isn't made yet may still void its slots: until then its cards have no result.
            let void = slots.get(position) == Some(&false);
            let card = book.card(&cut.number, cut.generation)?;
            let end = if void { End::Void } else { end_of(book, card.as_ref())? };
            let outlet = book.application(cut.ordinal)?.map(|a| a.outlet);
            cards.add(&cut.number, end, outlet, card.is_some_and(|c| !c.events.is_empty()));
        }
        Ok(cards)
    }

    fn add(&mut self, number: &str, end: End, outlet: Option<OutletCode>, out: bool) {
        self.ends.add(end);
        if let Some(outlet) = outlet {
            self.outlets.entry(outlet).or_default().add(end);
        }
        let name = |list: &mut Vec<String>| {
            if list.len() < NAMED_MAX {
                list.push(number.to_owned());
            }
        };
        if matches!(end, End::Unknown | End::InDoubt | End::WithoutResult) {
            name(&mut self.open);
        }
        if out {
            self.out += 1;
            if end != End::Good {
                name(&mut self.out_not_good);
                self.out_not_good_count += 1;
            }
        }
    }
}

/// As [`Book::fate`] has it; a card no blank here could become, and none is left for, is spoiled too.
fn end_of(book: &Book, card: Option<&CardState>) -> Result<End, Fault> {
    let Some(card) = card else { return Ok(End::WithoutResult) };
    let tried = || book.attempt(&card.number, card.generation);
    Ok(match book.fate(card)? {
        Fate::Good => End::Good,
        Fate::Spoiled => End::Spoiled,
        Fate::InDoubt if tried()?.is_some_and(|a| a.stage == AttemptStage::InDoubt) => End::InDoubt,
        Fate::InDoubt => End::Unknown,
        Fate::Open if tried()?.is_some_and(|a| a.attempted.attempt >= ATTEMPTS_MAX) => End::Spoiled,
        Fate::Open => End::WithoutResult,
    })
}

/// Stock counts for a batch that got some, or that was cut when there were lots; a plant may also say that it always does.
fn blanks(batch: &BatchState, lots: &[LotState], rule: StockRule) -> Blanks {
    let given_out = lots.iter().any(|lot| lot.tally_of(&batch.batch).sum() > 0);
    let there = lots.iter().any(|lot| lot.seq < batch.cut_seq);
    if !given_out && !there && rule.kept != Some(true) {
        return Blanks::NotKept { said: rule.kept == Some(false) };
    }
    Blanks::Kept(lots.iter().map(|lot| lot.tally_of(&batch.batch)).fold(Tally::default(), Tally::plus))
}

fn differences(book: &Book, page: &Page, cards: &Cards, lots: &[LotState], rule: StockRule) -> Result<Vec<Difference>, Fault> {
    let mut found = Vec::new();
    let mut say = |code, text: String| found.push(Difference { code, text });
    let Ends { unknown, in_doubt, without_result, good, .. } = page.ends;
    if page.ends.open() > 0 {
        let named = named(&cards.open, page.ends.open());
        say(Code::Cls01, format!("{unknown} unknown, {in_doubt} in doubt, {without_result} without a result: {named}"));
    }
    for h in book.handovers_in_doubt()?.iter().map(|h| &h.begun).filter(|h| h.batch == page.batch.batch) {
        say(Code::Cls01, format!("hand-over {} to {} is in doubt", h.number, h.device));
    }
    match page.blanks {
        Blanks::Kept(tally) => of_blanks(&tally, page, lots, &mut say),
        Blanks::NotKept { said } if rule.production && !said => say(Code::Cls07, "no lot was received before it was cut".to_owned()),
        Blanks::NotKept { .. } => {}
    }
    if page.batch.stage != BatchStage::Dispatched {
        say(Code::Cls06, format!("it is {}", page.batch.stage.name()));
    }
    if cards.out_not_good_count > 0 {
        let named = named(&cards.out_not_good, cards.out_not_good_count);
        say(Code::Cls08, format!("{} cards are out, {good} are good: {named}", page.out));
    }
    Ok(found)
}

fn of_blanks(tally: &Tally, page: &Page, lots: &[LotState], say: &mut impl FnMut(Code, String)) {
    let Ends { good, spoiled, .. } = page.ends;
    if tally.good != u64::from(good) {
        say(Code::Cls02, format!("{} good serials, {good} good cards", tally.good));
    }
    for lot in lots {
        let on_line: Vec<SerialRange> = lot.serials_of(&page.batch.batch, Account::Line);
        if !on_line.is_empty() {
            let count: u64 = on_line.iter().map(|r| r.count()).sum();
            say(Code::Cls03, format!("{count} of lot {} are still on the line: {}", lot.received.lot, serials::shown(lot, &on_line)));
        }
    }
    if tally.spoiled < u64::from(spoiled) {
        say(Code::Cls04, format!("{} spoiled serials, {spoiled} spoiled cards", tally.spoiled));
    }
}

fn named(numbers: &[String], of: u32) -> String {
    let more = of as usize - numbers.len();
    let rest = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!("{}{rest}", numbers.join(", "))
}
