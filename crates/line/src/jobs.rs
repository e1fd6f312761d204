//! The jobs room: one machine pass of cards as a print file, two encode files and a job sheet. A job depends on nothing but
//! the cut batch and the vault, so jobs run in any order and on any thread. Each publishes its files as it makes them, so that no more
//! than one of them is in memory; a job exists once it is written down, and jobs are written down in order.

use std::sync::Mutex;

use card::reason::Code;
use card::{Card, Keyed, Ordinal, Outcome, Reason, Verdict};
use ledger::book::Book;
use ledger::book::state::{ApplicationState, BatchState};
use ledger::entry::{BatchCut, Cause, Entry, FileDigest, JobMade, Moved};
use ledger::fault::Fault;
use ledger::publish::{FileInfo, publish, publish_bytes};
use rayon::prelude::*;
use serde::Serialize;

use crate::crosscheck;
use crate::personalise::{BatchRules, Personalised, personalise};
use crate::plan::{Plan, World};
use crate::ports::{Lookup, Registers, Stage};
use crate::pump::pump;
use crate::validate::stored::StoredRecord;
use crate::vault::Vault;

/// Folder of a batch until it is released; devices look at the other one.
#[must_use]
pub fn staging(batch: &BatchState) -> String {
    format!("batches/{}.staging", batch.batch)
}

/// What making jobs needs; shared by all threads.
pub struct Jobs<'a> {
    pub world: &'a World,
    pub plan: &'a Plan,
    pub vault: &'a Vault,
    pub registers: &'a dyn Registers,
    pub batch: &'a BatchState,
    pub cut: &'a BatchCut,
    pub rules: BatchRules<'a>,
    pub faces: &'a artwork::Faces,
}

/// One job with its files published, but not yet written down: until then a next run makes it again, the same to the byte.
struct MadeJob {
    job: u32,
    files: Vec<FileDigest>,
    records: Vec<Option<Keyed>>,
    spoilt: Vec<(Ordinal, Reason)>,
}

impl Jobs<'_> {
    /// Makes every job of the batch the ledger doesn't have yet.
    ///
    /// # Errors
    /// The ledger or the disk fails, or the run was asked to stop (`Fault::Stopped`).
    pub fn make_all(&self, book: &Mutex<&mut Book>, pool: &rayon::ThreadPool) -> Result<(), Fault> {
        let made: std::collections::BTreeSet<u32> = lock(book).jobs(&self.batch.batch)?.iter().map(|j| j.job).collect();
        let missing: Vec<u32> = (1..=self.batch.jobs).filter(|j| !made.contains(j)).collect();
        self.world.progress.stage(Stage::Jobs, u64::from(self.batch.cards));
        self.world.progress.advance(Stage::Jobs, u64::from(self.batch.cards) - missing.iter().map(|j| self.span(*j).len() as u64).sum::<u64>());
        for folder in ["print", "encode", "dispatch"] {
            let path = format!("{}/{folder}", staging(self.batch));
            self.world.disk.create_dir(&path).map_err(|e| Fault::io("create", &path, e))?;
        }
        let feed = |put: &mut crate::pump::Put<u32>| {
            missing.iter().take_while(|_| !self.world.stopping()).all(|job| put(*job));
            Ok(())
        };
        pump(pool, self.plan.threads, feed, |job| self.make(job, book), |made| self.settle(made?, book))?;
        let all = lock(book).jobs(&self.batch.batch)?.len() as u32 == self.batch.jobs;
        if all { Ok(()) } else { Err(Fault::Stopped("between two jobs; run again to go on".to_owned())) }
    }

    fn span(&self, job: u32) -> std::ops::Range<usize> {
        let size = self.batch.cards_per_job as usize;
        let first = (job as usize - 1) * size;
        first..(first + size).min(self.cut.cards.len())
    }

    fn make(&self, job: u32, book: &Mutex<&mut Book>) -> Result<MadeJob, Fault> {
        let states = self.states(job, book)?;
        let outcomes: Vec<Result<Option<Personalised>, (Ordinal, Reason)>> = states.par_iter().map(|state| self.make_card(state)).collect();
        let (mut cards, mut spoilt) = (Vec::new(), Vec::new());
        for (outcome, state) in outcomes.into_iter().zip(&states) {
            match outcome {
                Ok(card) => cards.push(card),
                Err(reason) => {
                    // A key can be restored: that is no reason to spoil a card.
                    self.vault.check_key(state.package)?;
                    spoilt.push(reason);
                    cards.push(None);
                }
            }
        }
        let records: Vec<Option<Keyed>> = cards.iter().map(|c| c.as_ref().map(|c| c.card.record_digest)).collect();
        let files = self.files(job, cards)?;
        crosscheck::job_views_agree(&*self.world.disk, &staging(self.batch), &files, &records)?;
        Ok(MadeJob { job, files, records, spoilt })
    }

    fn states(&self, job: u32, book: &Mutex<&mut Book>) -> Result<Vec<ApplicationState>, Fault> {
        let book = lock(book);
        let missing = || Fault::Invariant("a cut application is not in the book".to_owned());
        self.cut.cards[self.span(job)].iter().map(|c| book.application(c.ordinal)?.ok_or_else(missing)).collect()
    }

    /// `None` for a slot whose number is void already.
    fn make_card(&self, state: &ApplicationState) -> Result<Option<Personalised>, (Ordinal, Reason)> {
        let Some(place) = state.place.as_ref().filter(|p| !p.void && p.batch == self.batch.batch) else { return Ok(None) };
        let unusable = |what: &str| (state.ordinal, self.rules.profile.reason(Code::Out03, what, "as validated"));
        let record: StoredRecord = self.vault.record(state.package, state.row).map_err(|_| unusable("record unreadable"))?;
        let contents = self.vault.contents(state.package).map_err(|_| unusable("contents unreadable"))?;
        let photo = contents.get(&record.photo_entry()).ok().flatten().ok_or_else(|| unusable("photo unreadable"))?;
        let division = self.division(state);
        personalise(state, place, &record, &photo, &division, &self.rules).map(Some).map_err(|reason| (state.ordinal, reason))
    }

    fn division(&self, state: &ApplicationState) -> String {
        match self.registers.outlet(state.outlet.as_str()) {
            Lookup::Found(outlet) => outlet.division,
            Lookup::NoRegister | Lookup::Unknown => String::new(),
        }
    }

    fn files(&self, job: u32, cards: Vec<Option<Personalised>>) -> Result<Vec<FileDigest>, Fault> {
        let made = || cards.iter().flatten();
        let header = |out: &mut Vec<u8>| chip::vendor_header(&self.rules.profile.encode, out);
        let line = |c: &Personalised, out: &mut Vec<u8>| chip::vendor_line(&c.card, &c.image, &c.photo, &self.rules.profile.encode, out);
        let text = self.encode_file(&format!("encode/job-{job:04}.txt"), made(), header, line)?;
        let header = |out: &mut Vec<u8>| chip::dgi_header(&self.batch.batch, job, made().count() as u32, out);
        let dgi = self.encode_file(&format!("encode/job-{job:04}.dgi"), made(), header, |c, out| chip::dgi_card(&c.card, &c.image, out))?;
        let (print, cards) = self.print_file(job, cards)?;
        let mut files = vec![print, text, dgi];
        let sheet = Sheet::new(self, job, &cards, &files);
        files.push(self.publish(&format!("print/job-{job:04}.sheet.json"), &sheet.to_json())?);
        files.push(self.publish(&format!("print/job-{job:04}.sheet.pdf"), &sheet.to_pdf(self)?)?);
        Ok(files)
    }

    fn publish(&self, path: &str, bytes: &[u8]) -> Result<FileDigest, Fault> {
        let FileInfo { len_bytes, digest } = publish_bytes(&*self.world.disk, &self.staged(path), bytes)?;
        Ok(FileDigest { path: path.to_owned(), len_bytes, digest })
    }

    /// An encode file, a card at a time: in memory it would be the largest thing of the night.
    fn encode_file<'c>(
        &self,
        path: &str,
        cards: impl Iterator<Item = &'c Personalised>,
        header: impl FnOnce(&mut Vec<u8>),
        line: impl Fn(&Personalised, &mut Vec<u8>) -> Result<(), chip::ChipProblem>,
    ) -> Result<FileDigest, Fault> {
        let FileInfo { len_bytes, digest } = publish(&*self.world.disk, &self.staged(path), |file| {
            let mut bytes = Vec::new();
            header(&mut bytes);
            file.write_all(&bytes)?;
            for c in cards {
                bytes.clear();
                // Every value was gated at intake; what still can't be written is a broken promise, not bad data.
                line(c, &mut bytes).map_err(|e| Fault::Invariant(format!("{path}, position {}: {e}", c.card.position)))?;
                file.write_all(&bytes)?;
            }
            Ok(())
        })?;
        Ok(FileDigest { path: path.to_owned(), len_bytes, digest })
    }

    /// The print file, and the cards without the photos, which it has taken.
    fn print_file(&self, job: u32, cards: Vec<Option<Personalised>>) -> Result<(FileDigest, Vec<Option<Card>>), Fault> {
        let path = format!("print/job-{job:04}.pdf");
        let broken = |e: artwork::Fault| Fault::Invariant(format!("{path}: {e}"));
        let mut pages = Vec::with_capacity(cards.len() * 2);
        let mut without_photos = Vec::with_capacity(cards.len());
        for c in cards {
            if let Some(Personalised { card, photo, .. }) = &c {
                pages.extend(self.faces.card_pages(card, &artwork::Photo::new(photo.clone()).map_err(broken)?).map_err(broken)?);
            }
            without_photos.push(c.map(|c| c.card));
        }
        if pages.is_empty() {
            return Ok((self.publish(&path, b"")?, without_photos));
        }
        let id = document_id(format!("{} job {job}", self.batch.batch), self.rules.issued_on);
        let pdf = artwork::assemble(pages, &id).map_err(broken)?;
        let FileInfo { len_bytes, digest } = publish(&*self.world.disk, &self.staged(&path), |file| pdf.write_to(file))?;
        Ok((FileDigest { path, len_bytes, digest }, without_photos))
    }

    /// Where a file of the batch is until it is released.
    fn staged(&self, path: &str) -> String {
        format!("{}/{path}", staging(self.batch))
    }

    /// Writes a job down. Spoilt slots are written down first, so that a kill in between changes nothing.
    fn settle(&self, made: MadeJob, book: &Mutex<&mut Book>) -> Result<(), Fault> {
        let cards = made.records.len() as u64;
        self.write_down_spoilt(&made, book)?;
        lock(book).record(&Entry::JobMade(JobMade { batch: self.batch.batch.clone(), job: made.job, files: made.files, records: made.records }))?;
        self.world.progress.advance(Stage::Jobs, cards);
        Ok(())
    }

    fn write_down_spoilt(&self, made: &MadeJob, book: &Mutex<&mut Book>) -> Result<(), Fault> {
        let mut book = lock(book);
        for (ordinal, reason) in &made.spoilt {
            let Verdict { reasons, .. } = Verdict::from_reasons(vec![reason.clone()]);
            let moved =
                Moved { ordinal: *ordinal, outcome: Outcome::Held, reasons, cause: Cause::Spoilt, who: "cardline".to_owned(), at: self.batch.frozen_at };
            book.append(&Entry::Moved(moved))?;
        }
        book.commit()
    }
}

pub(crate) fn lock<'a, 'b>(book: &'a Mutex<&'b mut Book>) -> std::sync::MutexGuard<'a, &'b mut Book> {
    book.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// What the operator of the machine has in hand: what, how many, in which order, with which digests.
#[derive(Serialize)]
struct Sheet {
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
}

impl Sheet {
    fn new(jobs: &Jobs, job: u32, cards: &[Option<Card>], files: &[FileDigest]) -> Self {
        let void_slots = cards.iter().enumerate().filter(|(_, c)| c.is_none()).map(|(i, _)| i + 1).collect();
        let file = |f: &FileDigest| SheetFile { path: f.path.clone(), bytes: f.len_bytes, sha256: f.digest.to_string() };
        Self {
            format: "cardline-job-sheet/1",
            batch: jobs.batch.batch.to_string(),
            job,
            jobs: jobs.batch.jobs,
            issued_on: jobs.rules.issued_on.to_string(),
            profile: jobs.batch.profile.clone(),
            cards: cards.iter().flatten().count(),
            void_slots,
            files: files.iter().map(file).collect(),
            slots: cards.iter().flatten().map(SheetSlot::of).collect(),
        }
    }

    fn to_json(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).expect("a sheet is plain data");
        bytes.push(b'\n');
        bytes
    }

    fn to_pdf(&self, jobs: &Jobs) -> Result<Vec<u8>, Fault> {
        let heading = vec![
            format!("Batch {}   Job {} of {}   批次 {} 作业 {}/{}", self.batch, self.job, self.jobs, self.batch, self.job, self.jobs),
            format!("Cards 卡数 {}   Void slots 空位 {}   Issued 发卡日期 {}", self.cards, self.void_slots.len(), self.issued_on),
        ];
        let files = self.files.iter().map(|f| format!("{}  {} bytes  SHA-256 {}", f.path, f.bytes, f.sha256));
        let rows = self.slots.iter().map(|s| {
            vec![
                s.slot.to_string(),
                s.position.to_string(),
                s.number.clone(),
                s.generation.to_string(),
                s.outlet.clone(),
                s.delivery.to_owned(),
                s.record[..16].to_owned(),
            ]
        });
        let table = artwork::Table {
            title: "Job sheet 作业单".to_owned(),
            lines: heading.into_iter().chain(files).collect(),
            barcode: Some(format!("{}-{:04}", self.batch, self.job)),
            columns: [
                ("Slot 槽位", 1.0),
                ("Position 序号", 1.2),
                ("Card 卡号", 1.6),
                ("Gen. 代", 0.8),
                ("Outlet 网点", 1.8),
                ("Route 去向", 1.2),
                ("Record 记录", 2.4),
            ]
            .map(|(heading, share)| artwork::Column::left(heading, share))
            .to_vec(),
            rows: rows.collect(),
            signatures: ["Operator 操作员", "Checked by 复核", "Good / Spoiled 合格 / 废卡"].map(str::to_owned).to_vec(),
            footer: format!("{} job {}", self.batch, self.job),
            ..artwork::Table::default()
        };
        table_pdf(&table, format!("{} sheet {}", self.batch, self.job), jobs.rules.issued_on)
    }
}

pub(crate) fn document_id(title: String, date: jiff::civil::Date) -> artwork::DocumentId {
    artwork::DocumentId { title, date }
}

/// A list as the bytes of a PDF.
pub(crate) fn table_pdf(table: &artwork::Table, title: String, date: jiff::civil::Date) -> Result<Vec<u8>, Fault> {
    let broken = |e: artwork::Fault| Fault::Invariant(format!("{title}: {e}"));
    artwork::job_pdf(artwork::table_document(table).map_err(broken)?, &document_id(title.clone(), date)).map_err(broken)
}

impl SheetSlot {
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
        }
    }
}
