//! `report.html`: one self-contained page about a batch: the balance, reasons by outlet, throughput by stage, pictures of cards.
//! It shows the clock's findings, so it stands outside the signed manifest and outside byte-for-byte comparison.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use base64::Engine as _;
use card::{Ordinal, Outcome};
use ledger::book::Book;
use ledger::book::state::BatchState;
use ledger::entry::BatchCut;
use ledger::fault::Fault;
use ledger::publish::publish_bytes;

use crate::personalise::{BatchRules, card_of};
use crate::plan::{Plan, World};
use crate::ports::{Lookup, Registers};
use crate::vault::Vault;

/// Resolution of the pictures: enough to read a name on a screen.
const PROOF_DPI: f64 = 160.0;

/// Wall time of the stages so far and what went through them.
#[derive(Clone, Default)]
pub struct Throughput {
    pub stages: Vec<(&'static str, u64, f64)>,
}

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
        let mut page = String::new();
        let title = format!("Batch {} · 批次报告", self.batch.batch);
        let _ = write!(page, "<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title><style>{STYLE}</style><h1>{title}</h1>");
        let _ = write!(page, "<p>Profile {} · issued on {} · release {}</p>", self.batch.profile, self.rules.issued_on, self.batch.release_id);
        page.push_str(&self.balance()?);
        page.push_str(&self.reasons()?);
        page.push_str(&self.stages());
        page.push_str(&self.proofs()?);
        publish_bytes(&*self.world.disk, &format!("batches/{}/report.html", self.batch.batch), page.as_bytes())?;
        Ok(())
    }

    fn arrived(&self) -> impl Iterator<Item = Ordinal> + use<> {
        (self.batch.arrived_from.0..self.batch.arrived_until.0).map(Ordinal)
    }

    fn balance(&self) -> Result<String, Fault> {
        let mut counts = [0_u64; 3];
        let mut in_batch = 0;
        for ordinal in self.arrived() {
            if let Some(a) = self.book.application(ordinal)? {
                counts[a.outcome as usize] += 1;
                in_batch += u64::from(a.place.as_ref().is_some_and(|p| p.batch == self.batch.batch && !p.void));
            }
        }
        let arrived = self.batch.arrived_until.0 - self.batch.arrived_from.0;
        let [accepted, held, rejected] = [Outcome::Accepted, Outcome::Held, Outcome::Rejected].map(|o| counts[o as usize]);
        let made: u64 = self.book.jobs(&self.batch.batch)?.iter().map(|j| j.records.iter().flatten().count() as u64).sum();
        let void = u64::from(self.batch.cards) - made;
        let rows = [
            ("Applications arrived since the last night 到达申请", arrived),
            ("= accepted 受理", accepted),
            ("+ rejected 退回", rejected),
            ("+ held 待定", held),
            ("of these in this batch 进入本批次", in_batch),
            ("Card numbers taken 占用卡号", u64::from(self.batch.cards)),
            ("= cards made 制卡", made),
            ("+ void 作废", void),
            ("Jobs 作业", u64::from(self.batch.jobs)),
            ("Bundles 包", u64::from(self.batch.bundles)),
        ];
        let balanced = arrived == accepted + rejected + held;
        let mut table = String::from("<h2>Balance 平衡</h2><table>");
        for (name, n) in rows {
            let _ = write!(table, "<tr><td>{name}<td class=n>{n}");
        }
        let _ = write!(table, "</table><p class={0}>{0}</p>", if balanced { "balanced" } else { "UNBALANCED" });
        Ok(table)
    }

    fn reasons(&self) -> Result<String, Fault> {
        let mut by_outlet: BTreeMap<(String, card::Code, &'static str), u64> = BTreeMap::new();
        for ordinal in self.arrived() {
            let Some(a) = self.book.application(ordinal)? else { continue };
            let word = match a.outcome {
                Outcome::Accepted => continue,
                Outcome::Held => "held",
                Outcome::Rejected => "rejected",
            };
            if let Some(headline) = a.reasons.first() {
                *by_outlet.entry((a.outlet.to_string(), headline.code, word)).or_default() += 1;
            }
        }
        let mut table = String::from("<h2>Reasons by outlet 各网点原因</h2><table><tr><th>Outlet<th>Outcome<th>Code<th>Applications<th>Reason");
        for ((outlet, code, word), n) in by_outlet {
            let d = code.definition();
            let _ = write!(table, "<tr><td>{outlet}<td>{word}<td>{}<td class=n>{n}<td>{}<br>{}", d.text, d.en, d.zh);
        }
        table.push_str("</table>");
        Ok(table)
    }

    fn stages(&self) -> String {
        let mut table = String::from("<h2>Throughput 速度</h2><table><tr><th>Stage<th>Items<th>Seconds<th>Per second");
        for (name, items, seconds) in &self.throughput.stages {
            let _ = write!(table, "<tr><td>{name}<td class=n>{items}<td class=n>{seconds:.2}<td class=n>{:.0}", *items as f64 / seconds.max(1e-9));
        }
        table.push_str("</table>");
        table
    }

    fn proofs(&self) -> Result<String, Fault> {
        let mut out = String::from("<h2>Proof sheet 样张</h2><div class=proofs>");
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
                let _ = write!(out, "<img alt='card {}' src='data:image/png;base64,{}'>", card.number, base64::engine::general_purpose::STANDARD.encode(png));
            }
        }
        out.push_str("</div></html>\n");
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

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;color:#1b1f24}\
h1{font-size:1.6rem}h2{margin-top:2rem;font-size:1.15rem}table{border-collapse:collapse}td,th{padding:.25rem .8rem;border-bottom:1px solid #d7dce1;text-align:left}\
.n{text-align:right;font-variant-numeric:tabular-nums}.balanced{color:#0a7a3d;font-weight:600}.UNBALANCED{color:#b3261e;font-weight:700}\
.proofs{display:flex;flex-wrap:wrap;gap:.6rem}.proofs img{width:25.5rem;border:1px solid #c9ced4;border-radius:8px}";

#[cfg(test)]
mod tests {
    #[test]
    fn the_sample_spans_the_batch() {
        assert_eq!(super::sample(10, 4), [0, 3, 6, 9]);
        assert_eq!(super::sample(2, 9), [0, 1]);
        assert!(super::sample(0, 3).is_empty());
    }
}
