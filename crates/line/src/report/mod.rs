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
use ledger::fault::Fault;
use ledger::publish::publish_bytes;

use crate::plan::{Plan, World};
use crate::printed::Printed;
use crate::proof::spread;
use finish::Finish;
pub use speed::{Slowest, Throughput, Timed};
use tally::{Packages, Tally};

/// Resolution of the pictures: enough to read a name on a screen.
const PROOF_DPI: f64 = 160.0;

/// What the page is made from.
pub struct Report<'a> {
    pub world: &'a World,
    pub plan: &'a Plan,
    pub book: &'a Book,
    pub printed: &'a Printed<'a>,
    pub throughput: &'a Throughput,
}

impl Report<'_> {
    /// Writes `batches/BATCH/report.html`.
    ///
    /// # Errors
    /// The ledger or the disk fails.
    pub fn write(&self) -> Result<(), Fault> {
        let Printed { batch, cut, .. } = *self.printed;
        let mut night = Tally::of(self.book, batch)?;
        night.add_cards(self.book, batch, cut)?;
        let mut nights = tally::earlier(self.book, batch)?;
        nights.push(night);
        let night = nights.last().unwrap_or_else(|| unreachable!("tonight was just added"));
        let mut page = page::head(batch, self.printed.rules.issued_on);
        let packages = Packages::of(self.book, batch)?;
        page.push_str(&self.balance(night, &packages)?);
        page.push_str(&self.finish());
        page.push_str(&page::outlets(night));
        page.push_str(&page::reasons(&nights));
        page.push_str(&page::set_aside(&packages.set_aside));
        page.push_str(&page::nights(&nights));
        page.push_str(&page::speed(self.throughput));
        page.push_str(&self.proofs()?);
        publish_bytes(&*self.world.disk, &format!("batches/{}/report.html", batch.batch), page.as_bytes())?;
        Ok(())
    }

    fn balance(&self, night: &Tally, packages: &Packages) -> Result<String, Fault> {
        let arrived = self.printed.batch.arrived_until.0 - self.printed.batch.arrived_from.0;
        let cards = u64::from(self.printed.batch.cards);
        let made: u64 = self.book.jobs(&self.printed.batch.batch)?.iter().map(|j| j.records.iter().flatten().count() as u64).sum();
        let [accepted, held, rejected] = [Outcome::Accepted, Outcome::Held, Outcome::Rejected].map(|o| night.outcome(o));
        let n = messages::count;
        let (received, aside) = (packages.received, packages.set_aside.len() as u64);
        let stages = [
            (Message::StagePackages, received + aside, Message::OutOfPackages.said_with(&[("received", &n(received)), ("aside", &n(aside))])),
            (Message::StageIntake, arrived, Message::OutOfIntake.said_with(&[("accepted", &n(accepted)), ("held", &n(held)), ("rejected", &n(rejected))])),
            (Message::StageCut, cards, Message::OutOfCut.said_with(&[("tonight", &n(night.in_batch)), ("earlier", &n(cards.saturating_sub(night.in_batch)))])),
            (Message::StageMade, cards, Message::OutOfMade.said_with(&[("made", &n(made)), ("void", &n(cards.saturating_sub(made)))])),
            (
                Message::StageDispatch,
                made,
                Message::OutOfDispatch.said_with(&[("bundles", &n(self.printed.batch.bundles.into())), ("jobs", &n(self.printed.batch.jobs.into()))]),
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
            cards: u64::from(self.printed.batch.cards),
            by_minutes: self.plan.finish_by_minutes,
            utc_offset_minutes: self.plan.utc_offset_minutes,
        };
        page::finish(&finish)
    }

    fn proofs(&self) -> Result<String, Fault> {
        let mut out = page::heading(Message::Proofs) + "<div class=proofs>";
        let Printed { batch, cut, .. } = *self.printed;
        for at in spread(batch.cards as usize, self.plan.proof_cards) {
            let Some(state) = self.book.application(cut.cards[at].ordinal)? else { continue };
            if state.place_in(&batch.batch).is_none_or(|p| p.void) {
                continue;
            }
            let Ok((card, photo)) = self.printed.card(&state) else { continue };
            let broken = |e: artwork::Fault| Fault::Invariant(format!("proof of position {}: {e}", at + 1));
            let photo = artwork::Photo::new(photo).map_err(broken)?;
            for page in self.printed.faces.card_pages(&card, &photo).map_err(broken)? {
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
