//! The job sheet: what the operator of the machine has in hand, for people (PDF) and for programs (JSON).

use card::{Card, Message, RemakeOf};
use jiff::civil::Date;
use ledger::entry::FileDigest;
use ledger::fault::Fault;
use serde::Serialize;

use crate::job::{JobMaker, table_pdf};

/// What the operator of the machine has in hand: what, how many, in which order, with which digests.
#[derive(Serialize)]
pub struct Sheet {
    format: &'static str,
    batch: String,
    job: u32,
    jobs: u32,
    issued_on: String,
    profile: String,
    cards: usize,
    void_slots: Vec<usize>,
    files: Vec<SheetFile>,
    slots: Vec<SheetSlot>,
}

#[derive(Serialize)]
struct SheetFile {
    path: String,
    bytes: u64,
    sha256: String,
}

#[derive(Serialize)]
struct SheetSlot {
    slot: u32,
    position: u32,
    number: String,
    generation: u32,
    lane: card::Lane,
    delivery: &'static str,
    outlet: String,
    record: String,
    /// The card this one is made for again.
    #[serde(skip_serializing_if = "Option::is_none")]
    remake_of: Option<RemakeOf>,
}

impl Sheet {
    #[must_use]
    pub fn new(maker: &JobMaker, job: u32, cards: &[Option<Card>], files: &[FileDigest]) -> Self {
        let void_slots = cards.iter().enumerate().filter(|(_, c)| c.is_none()).map(|(i, _)| i + 1).collect();
        let file = |f: &FileDigest| SheetFile { path: f.path.clone(), bytes: f.len_bytes, sha256: f.digest.to_string() };
        Self {
            format: "cardline-job-sheet/1",
            batch: maker.batch.batch.to_string(),
            job,
            jobs: maker.batch.jobs,
            issued_on: maker.rules.issued_on.to_string(),
            profile: maker.batch.profile.clone(),
            cards: cards.iter().flatten().count(),
            void_slots,
            files: files.iter().map(file).collect(),
            slots: cards.iter().flatten().map(SheetSlot::of).collect(),
        }
    }

    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).expect("a sheet is plain data");
        bytes.push(b'\n');
        bytes
    }

    /// # Errors
    /// The list can't be set.
    pub fn to_pdf(&self, issued_on: Date) -> Result<Vec<u8>, Fault> {
        let said = Message::both;
        let job = Message::JobOf.said_with(&[("job", &self.job.to_string()), ("jobs", &self.jobs.to_string())]);
        let heading = vec![
            [format!("{} {}", said(Message::Batch), self.batch), job.join(" ")].join("   "),
            [
                format!("{} {}", said(Message::Cards), self.cards),
                format!("{} {}", said(Message::VoidSlots), self.void_slots.len()),
                format!("{} {}", said(Message::Issued), self.issued_on),
            ]
            .join("   "),
        ];
        let files = self.files.iter().map(|f| format!("{}  {} bytes  SHA-256 {}", f.path, f.bytes, f.sha256));
        let remakes = self.slots.iter().any(|s| s.remake_of.is_some());
        let table = artwork::Table {
            title: said(Message::JobSheet),
            lines: heading.into_iter().chain(files).collect(),
            barcode: Some(format!("{}-{:04}", self.batch, self.job)),
            columns: [
                (Message::Slot, 1.0),
                (Message::Place, 1.2),
                (Message::Card, 1.6),
                (Message::Generation, 0.8),
                (Message::Outlet, 1.8),
                (Message::Route, 1.2),
                (Message::Record, 2.4),
            ]
            .into_iter()
            .chain(remakes.then_some((Message::RemakeOf, 2.0)))
            .map(|(heading, share)| artwork::Column::left(&said(heading), share))
            .collect(),
            rows: self.slots.iter().map(|s| s.row(remakes)).collect(),
            signatures: [Message::Operator, Message::CheckedBy, Message::GoodSpoiled].map(said).to_vec(),
            footer: format!("{} job {}", self.batch, self.job),
            ..artwork::Table::default()
        };
        table_pdf(&table, format!("{} sheet {}", self.batch, self.job), issued_on)
    }
}

impl SheetSlot {
    /// On paper; `remakes`: with the card it is made for again.
    fn row(&self, remakes: bool) -> Vec<String> {
        let mut row = vec![
            self.slot.to_string(),
            self.position.to_string(),
            self.number.clone(),
            self.generation.to_string(),
            self.outlet.clone(),
            self.delivery.to_owned(),
            self.record[..16].to_owned(),
        ];
        row.extend(remakes.then(|| self.remake_of.as_ref().map_or_else(String::new, RemakeOf::mark)));
        row
    }

    fn of(card: &Card) -> Self {
        let mail = matches!(card.application.delivery, card::Delivery::Mail(_));
        Self {
            slot: card.slot,
            position: card.position,
            number: card.number.clone(),
            generation: card.generation,
            lane: card.application.lane,
            delivery: if mail { "mail" } else { "outlet" },
            outlet: card.outlet.to_string(),
            record: card.record_digest.to_string(),
            remake_of: card.remake_of.clone(),
        }
    }
}
