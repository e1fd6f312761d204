//! One job: a machine pass of cards as a print file, two encode files (text and binary) and a job sheet. It depends on nothing but the cut batch, the
//! vault and the registers of the cut, so it can be made again at any time, the same to the byte. Writing it down is `jobs.rs`'.

use std::sync::Mutex;

use card::reason::Code;
use card::{Card, Keyed, Ordinal, Reason};
use chip::cps::{CpsFault, CpsWriter};
use chip::keys::{CardKeys, KeyRequest};
use ledger::book::Book;
use ledger::book::state::{ApplicationState, BatchState};
use ledger::disk::Disk;
use ledger::entry::{BatchCut, FileDigest, JobMade};
use ledger::fault::Fault;
use ledger::publish::{FileInfo, Together};
use rayon::prelude::*;

use crate::crosscheck;
use crate::job_sheet::Sheet;
use crate::personalise::{BatchRules, Chips, Personalised, personalise};
use crate::ports::{Lookup, Registers};
use crate::validate::stored::StoredRecord;
use crate::vault::Vault;

/// Folder of a batch until it is released; devices look at the other one.
#[must_use]
pub fn staging(batch: &BatchState) -> String {
    format!("batches/{}.staging", batch.batch)
}

/// What making a job needs; shared by all threads.
pub struct JobMaker<'a> {
    /// Where its files go: the plant's disk, or any other when a job is made again to be compared.
    pub out: &'a dyn Disk,
    pub vault: &'a Vault,
    pub registers: &'a dyn Registers,
    pub batch: &'a BatchState,
    pub cut: &'a BatchCut,
    pub rules: BatchRules<'a>,
    pub chips: &'a Chips<'a>,
    /// Derives the cards' keys; `None` where cards are made without.
    pub keys: Option<&'a dyn CardKeys>,
    pub faces: &'a artwork::Faces,
    /// Held while a print file is put together, by far the most a job has in memory: threads come to it one after the other, so that
    /// the peak of a night is that of one such file and doesn't grow with the chance of meeting. The price, on many cores: jobs can't be
    /// made faster than their print files one by one.
    pub press: Mutex<()>,
}

/// One job with its files published, but not yet written down: until then a next run makes it again, the same to the byte.
pub struct MadeJob {
    pub job: u32,
    pub files: Vec<FileDigest>,
    /// By slot; `None` for a void one.
    pub records: Vec<Option<Keyed>>,
    pub spoilt: Vec<(Ordinal, Reason)>,
}

impl JobMaker<'_> {
    /// Positions of a job's cards in the batch.
    #[must_use]
    pub fn span(&self, job: u32) -> std::ops::Range<usize> {
        let size = self.batch.cards_per_job as usize;
        let first = (job as usize - 1) * size;
        first..(first + size).min(self.cut.cards.len())
    }

    /// Makes the folders jobs are published in.
    ///
    /// # Errors
    /// The disk fails.
    pub fn make_folders(&self) -> Result<(), Fault> {
        for folder in ["print", "encode", "dispatch"] {
            let path = self.staged(folder);
            self.out.create_dir(&path).map_err(|e| Fault::io("create", &path, e))?;
        }
        Ok(())
    }

    /// The applications of a job, by slot.
    ///
    /// # Errors
    /// The index fails, or the book lacks one (`Fault::Invariant`).
    pub fn states(&self, book: &Book, job: u32) -> Result<Vec<ApplicationState>, Fault> {
        let missing = || Fault::Invariant("a cut application is not in the book".to_owned());
        self.cut.cards[self.span(job)].iter().map(|c| book.application(c.ordinal)?.ok_or_else(missing)).collect()
    }

    /// Makes a job again and compares: the first of its files that is not what was written down, in words. Compares digests; that the
    /// files on the plant's disk still have them is the auditor's to say.
    ///
    /// # Errors
    /// As [`JobMaker::make`].
    pub fn differs(&self, book: &Book, before: &JobMade) -> Result<Option<String>, Fault> {
        let again = self.make(before.job, &self.states(book, before.job)?)?;
        if again.records != before.records {
            return Ok(Some(format!("job {}: other records", before.job)));
        }
        let unlike = |file: &&FileDigest| !again.files.contains(file);
        let missing = before.files.iter().find(unlike).map(|f| format!("{} is not what is made now", f.path));
        let more = (again.files.len() > before.files.len()).then(|| format!("job {}: more files than before", before.job));
        Ok(missing.or(more))
    }

    /// Makes and publishes a job's files. `states`: its applications, by slot.
    ///
    /// # Errors
    /// KEY-01, KEY-02, KEY-03, KEY-10; the disk fails, or a promise of ours is broken: two views of a card differ, a gated text can't be set.
    pub fn make(&self, job: u32, states: &[ApplicationState]) -> Result<MadeJob, Fault> {
        let outcomes: Vec<Result<Option<Personalised>, (Ordinal, Reason)>> =
            states.par_iter().map(|state| self.make_card(state)).collect::<Result<_, Fault>>()?;
        let (mut cards, mut spoilt) = (Vec::new(), Vec::new());
        for (outcome, state) in outcomes.into_iter().zip(states) {
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
        crosscheck::job_views_agree(self.out, &staging(self.batch), &files, &records)?;
        Ok(MadeJob { job, files, records, spoilt })
    }

    /// `None` for a slot whose number is void already.
    fn make_card(&self, state: &ApplicationState) -> Result<Result<Option<Personalised>, (Ordinal, Reason)>, Fault> {
        let Some(place) = state.place_in(&self.batch.batch).filter(|p| !p.void) else { return Ok(Ok(None)) };
        let (record, photo) = match stored(self.vault, state) {
            Ok(stored) => stored,
            Err(what) => return Ok(Err((state.ordinal, self.rules.profile.reason(Code::Out03, what, "as validated")))),
        };
        let made = personalise(state, place, &record, &photo, &division(self.registers, state), &self.rules, self.chips)?;
        Ok(made.map(Some).map_err(|reason| (state.ordinal, reason)))
    }

    fn files(&self, job: u32, cards: Vec<Option<Personalised>>) -> Result<Vec<FileDigest>, Fault> {
        let mut files = Together::new(self.out);
        let all = self.write_files(job, cards, &mut files)?;
        files.finish()?;
        Ok(all)
    }

    fn write_files(&self, job: u32, cards: Vec<Option<Personalised>>, together: &mut Together) -> Result<Vec<FileDigest>, Fault> {
        let made = || cards.iter().flatten();
        let header = |out: &mut Vec<u8>| chip::vendor_header(&self.rules.profile.encode, out);
        let line = |c: &Personalised, out: &mut Vec<u8>| chip::vendor_line(&c.card, &c.image, &c.photo, &self.rules.profile.encode, out);
        let text = self.encode_file(together, &format!("encode/job-{job:04}.txt"), made(), header, line)?;
        let cps = self.cps_file(together, job, &made().collect::<Vec<_>>())?;
        let (print, cards) = self.print_file(together, job, cards)?;
        let mut files = vec![print, text, cps];
        let sheet = Sheet::new(self, job, &cards, &files);
        files.push(self.write(together, &format!("print/job-{job:04}.sheet.json"), &sheet.to_json())?);
        files.push(self.write(together, &format!("print/job-{job:04}.sheet.pdf"), &sheet.to_pdf(self.rules.issued_on)?)?);
        Ok(files)
    }

    /// The binary encode file: all of a job's keys are derived in one call, because a token may want to.
    fn cps_file(&self, together: &mut Together, job: u32, cards: &[&Personalised]) -> Result<FileDigest, Fault> {
        let path = format!("encode/job-{job:04}.cps");
        let broken = |fault: CpsFault| match fault {
            CpsFault::Chip(problem) => Fault::Invariant(format!("{path}: {problem}")),
            CpsFault::Keys(fault) => Fault::refused(fault.code(), format!("{path}: {fault}")),
        };
        let writer = CpsWriter::new(&self.rules.profile.chip, self.keys).map_err(broken)?;
        // No stock list is read yet: a profile that takes the factor from the chip's historical bytes is refused here.
        let request = |c: &&Personalised| KeyRequest::new(&c.card, self.rules.profile.keys, None).map_err(|fault| broken(fault.into()));
        let requests = cards.iter().filter(|_| self.keys.is_some()).map(request).collect::<Result<Vec<_>, _>>()?;
        let derived = writer.derive(&requests).map_err(|fault| broken(fault.into()))?;
        let mut bytes = Vec::new();
        let FileInfo { len_bytes, digest } = together.write(&self.staged(&path), |file| {
            writer.header(&self.batch.batch, job, cards.len() as u32, &mut bytes);
            file.write_all(&bytes)?;
            for (n, c) in cards.iter().enumerate() {
                bytes.clear();
                writer.card(&c.card, &c.image, &derived, n, &mut bytes).map_err(broken)?;
                file.write_all(&bytes)?;
            }
            Ok(())
        })?;
        Ok(FileDigest { path: path.clone(), len_bytes, digest })
    }

    fn write(&self, together: &mut Together, path: &str, bytes: &[u8]) -> Result<FileDigest, Fault> {
        let FileInfo { len_bytes, digest } = together.write(&self.staged(path), |file| file.write_all(bytes))?;
        Ok(FileDigest { path: path.to_owned(), len_bytes, digest })
    }

    /// An encode file, a card at a time: in memory it would be the largest thing of the night.
    fn encode_file<'c>(
        &self,
        together: &mut Together,
        path: &str,
        cards: impl Iterator<Item = &'c Personalised>,
        header: impl FnOnce(&mut Vec<u8>),
        line: impl Fn(&Personalised, &mut Vec<u8>) -> Result<(), chip::ChipProblem>,
    ) -> Result<FileDigest, Fault> {
        let FileInfo { len_bytes, digest } = together.write(&self.staged(path), |file| {
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
    fn print_file(&self, together: &mut Together, job: u32, cards: Vec<Option<Personalised>>) -> Result<(FileDigest, Vec<Option<Card>>), Fault> {
        let path = format!("print/job-{job:04}.pdf");
        let broken = |e: artwork::Fault| Fault::Invariant(format!("{path}: {e}"));
        let _alone = self.press.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut pages = Vec::with_capacity(cards.len() * 2);
        let mut without_photos = Vec::with_capacity(cards.len());
        for c in cards {
            if let Some(Personalised { card, photo, .. }) = &c {
                pages.extend(self.faces.card_pages(card, &artwork::Photo::new(photo.clone()).map_err(broken)?).map_err(broken)?);
            }
            without_photos.push(c.map(|c| c.card));
        }
        if pages.is_empty() {
            return Ok((self.write(together, &path, b"")?, without_photos));
        }
        let id = document_id(format!("{} job {job}", self.batch.batch), self.rules.issued_on);
        let pdf = artwork::assemble(pages, &id).map_err(broken)?;
        let FileInfo { len_bytes, digest } = together.write(&self.staged(&path), |file| pdf.write_to(file))?;
        Ok((FileDigest { path, len_bytes, digest }, without_photos))
    }

    /// Where a file of the batch is until it is released.
    fn staged(&self, path: &str) -> String {
        format!("{}/{path}", staging(self.batch))
    }
}

/// An application's record and photo in the vault, or which of it can't be read.
pub(crate) fn stored(vault: &Vault, state: &ApplicationState) -> Result<(StoredRecord, Vec<u8>), &'static str> {
    let record: StoredRecord = vault.record(state.package, state.row).map_err(|_| "record unreadable")?;
    let contents = vault.contents(state.package).map_err(|_| "contents unreadable")?;
    let photo = contents.get(&record.photo_entry()).ok().flatten().ok_or("photo unreadable")?;
    Ok((record, photo))
}

/// The division of the outlet an application came from; empty where no register says.
pub(crate) fn division(registers: &dyn Registers, state: &ApplicationState) -> String {
    match registers.outlet(state.outlet.as_str()) {
        Lookup::Found(outlet) => outlet.division,
        Lookup::NoRegister | Lookup::Unknown => String::new(),
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
