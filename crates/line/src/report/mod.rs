//! `report.html`: the night on one self-contained page: the balance, why what was stopped was stopped and how that compares with the nights
//! before, throughput by stage, the finishing hour, pictures of cards. No scripts, nothing fetched; prints on A4. It shows the clock's
//! findings, so it stands outside the signed manifest and outside byte-for-byte comparison.

mod charts;
mod finish;
mod page;
mod speed;
mod tally;

use std::fmt::Write as _;

use base64::Engine as _;
use card::messages;
use card::{Message, Outcome};
use ledger::book::Book;
use ledger::book::state::BatchState;
use ledger::entry::BatchCut;
use ledger::fault::Fault;
use ledger::publish::publish_bytes;

use crate::personalise::{BatchRules, card_of};
use crate::plan::{Plan, World};
use crate::ports::{Lookup, Registers};
use crate::vault::Vault;
use finish::Finish;
pub use speed::{Slowest, Throughput};
use tally::Tally;

/// Resolution of the pictures: enough to read a name on a screen.
const PROOF_DPI: f64 = 160.0;

/// What the page is made from.
pub struct Report<'a> {
    pub world: &'a World,
    pub plan: &'a Plan,
    pub book: &'a Book,
    pub vault: &'a Vault,
    pub registers: &'a dyn Registers,
    pub batch: &'a BatchState,
    pub cut: &'a BatchCut,
    pub rules: BatchRules<'a>,
    pub faces: &'a artwork::Faces,
    pub throughput: &'a Throughput,
}

impl Report<'_> {
    /// Writes `batches/BATCH/report.html`.
    ///
    /// # Errors
    /// The ledger or the disk fails.
    pub fn write(&self) -> Result<(), Fault> {
        let mut night = Tally::of(self.book, self.batch)?;
        night.add_cards(self.book, self.batch, self.cut)?;
        let mut nights = tally::earlier(self.book, self.batch)?;
        nights.push(night);
        let night = nights.last().unwrap_or_else(|| unreachable!("tonight was just added"));
        let mut page = page::head(self.batch, self.rules.issued_on);
        page.push_str(&self.balance(night)?);
        page.push_str(&self.finish());
        page.push_str(&page::outlets(night));
        page.push_str(&page::reasons(&nights));
        page.push_str(&page::nights(&nights));
        page.push_str(&page::speed(self.throughput));
        page.push_str(&self.proofs()?);
        publish_bytes(&*self.world.disk, &format!("batches/{}/report.html", self.batch.batch), page.as_bytes())?;
        Ok(())
    }

    fn balance(&self, night: &Tally) -> Result<String, Fault> {
        let arrived = self.batch.arrived_until.0 - self.batch.arrived_from.0;
        let cards = u64::from(self.batch.cards);
        let made: u64 = self.book.jobs(&self.batch.batch)?.iter().map(|j| j.records.iter().flatten().count() as u64).sum();
        let [accepted, held, rejected] = [Outcome::Accepted, Outcome::Held, Outcome::Rejected].map(|o| night.outcome(o));
        let n = messages::count;
        let stages = [
            (Message::StageIntake, arrived, Message::OutOfIntake.said_with(&[("accepted", &n(accepted)), ("held", &n(held)), ("rejected", &n(rejected))])),
            (Message::StageCut, cards, Message::OutOfCut.said_with(&[("tonight", &n(night.in_batch)), ("earlier", &n(cards.saturating_sub(night.in_batch)))])),
            (Message::StageMade, cards, Message::OutOfMade.said_with(&[("made", &n(made)), ("void", &n(cards.saturating_sub(made)))])),
            (
                Message::StageDispatch,
                made,
                Message::OutOfDispatch.said_with(&[("bundles", &n(self.batch.bundles.into())), ("jobs", &n(self.batch.jobs.into()))]),
            ),
        ];
        let by_outlet = night.outlets.values().map(|o| o.made).sum::<u64>() == made;
        let balanced = arrived == night.arrived() && made <= cards && by_outlet;
        Ok(page::balance(&stages, balanced))
    }

    /// What the run's end says about the finishing hour; nothing where this run only dispatched.
    fn finish(&self) -> String {
        let seconds = self.throughput.seconds();
        if self.throughput.stages.is_empty() {
            return String::new();
        }
        let finish = Finish {
            now: self.world.clock.now(),
            seconds,
            cards: u64::from(self.batch.cards),
            by_minutes: self.plan.finish_by_minutes,
            utc_offset_minutes: self.plan.utc_offset_minutes,
        };
        page::finish(&finish)
    }

    fn proofs(&self) -> Result<String, Fault> {
        let mut out = page::heading(Message::Proofs) + "<div class=proofs>";
        for position in sample(self.batch.cards, self.plan.proof_cards) {
            let cut = &self.cut.cards[position as usize];
            let Some(state) = self.book.application(cut.ordinal)? else { continue };
            let Some(place) = state.place.as_ref().filter(|p| !p.void && p.batch == self.batch.batch) else { continue };
            let record = self.vault.record(state.package, state.row)?;
            let contents = self.vault.contents(state.package)?;
            let name = record.photo_entry();
            let Ok(Some(photo)) = contents.get(&name) else { continue };
            let division = match self.registers.outlet(state.outlet.as_str()) {
                Lookup::Found(row) => row.division,
                Lookup::NoRegister | Lookup::Unknown => String::new(),
            };
            let Ok((card, photo)) = card_of(&state, place, &record, &photo, &division, &self.rules) else { continue };
            let broken = |e: artwork::Fault| Fault::Invariant(format!("proof of position {}: {e}", position + 1));
            let photo = artwork::Photo::new(photo).map_err(broken)?;
            for page in self.faces.card_pages(&card, &photo).map_err(broken)? {
                let png = artwork::page_png(&page, PROOF_DPI).map_err(broken)?;
                let _ = write!(
                    out,
                    "<img alt='{}' src='data:image/png;base64,{}'>",
                    Message::ProofOf.said_with(&[("number", &card.number)]).join(" "),
                    base64::engine::general_purpose::STANDARD.encode(png)
                );
            }
        }
        out.push_str("</div></main></html>\n");
        Ok(out)
    }
}

/// Positions spread evenly over the batch, first and last included.
fn sample(cards: u32, wanted: usize) -> Vec<u32> {
    let wanted = (wanted as u32).min(cards);
    match wanted {
        0 => Vec::new(),
        1 => vec![0],
        n => (0..n).map(|i| (u64::from(i) * u64::from(cards - 1) / u64::from(n - 1)) as u32).collect(),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_sample_spans_the_batch() {
        assert_eq!(super::sample(10, 4), [0, 3, 6, 9]);
        assert_eq!(super::sample(2, 9), [0, 1]);
        assert!(super::sample(0, 3).is_empty());
    }
}
