//! The dispatch room: from the cards of a batch to what goes on the boxes: bundles with packing lists, mail labels, the courier's
//! manifest, notices and e-card events. Everything is written to staging before the seal; nothing leaves from here.

pub mod bundles;
mod lines;
mod paper;
mod staff;

use std::io::Write;

use card::{Card, Delivery, Lane, Ordinal, OutletCode};
use ledger::book::Book;
use ledger::book::state::{ApplicationState, BatchState};
use ledger::entry::{BatchCut, FileDigest, JobMade};
use ledger::fault::Fault;
use ledger::publish::{Together, publish, publish_bytes};

use crate::job::{division, document_id, staging};
use crate::lists::List;
use crate::personalise::{BatchRules, data_of};
use crate::plan::{Plan, World};
use crate::ports::{Registers, Stage};
use crate::vault::Vault;
use lines::{
    COURIER_COLUMNS, PACKING_COLUMNS, applicant_notice, bundle_list, bundle_notice, courier_line, ecard_event, fee_text, json_line, label, packing_row,
};
use staff::StaffList;

/// Labels in one PDF: a roll an operator can handle, and a bound on memory.
const LABELS_PER_FILE: usize = 250;

/// The cards for one destination, contiguous in the batch.
#[derive(Clone, PartialEq, Eq)]
pub struct Bundle {
    /// 1-based, in the order of the batch.
    pub number: u32,
    pub lane: Lane,
    pub mail: bool,
    pub outlet: OutletCode,
    pub employer_code: Option<String>,
    /// 0-based positions in the batch, void ones included.
    pub positions: std::ops::Range<u32>,
    pub cards: u32,
}

/// What dispatch needs.
pub struct Dispatch<'a> {
    pub world: &'a World,
    pub plan: &'a Plan,
    pub vault: &'a Vault,
    pub registers: &'a dyn Registers,
    pub book: &'a Book,
    pub batch: &'a BatchState,
    pub cut: &'a BatchCut,
    pub rules: BatchRules<'a>,
}

/// What was written, and into how many bundles.
pub struct Dispatched {
    pub files: Vec<FileDigest>,
    pub bundles: Vec<Bundle>,
}

impl Dispatch<'_> {
    /// Writes all dispatch files of the batch in one walk over its cards. Running it again writes the same bytes.
    ///
    /// # Errors
    /// The ledger or the disk fails; a dispatch line's record digest differs from its job's (`Fault::Invariant`).
    pub fn write_all(&self) -> Result<Dispatched, Fault> {
        self.world.progress.stage(Stage::Dispatch, u64::from(self.batch.cards));
        let together = Together::new(&*self.world.disk);
        let mut walk = Walk { files: Vec::new(), bundles: Vec::new(), labels: Vec::new(), open: None, together };
        let jobs = self.book.jobs(&self.batch.batch)?;
        // Three files grow along the walk; each may be longer than memory.
        let events = self.publish_with("dispatch/ecard-events.jsonl", |events| {
            let notices = self.publish_with("dispatch/notices.jsonl", |notices| {
                let courier = self.publish_with("dispatch/mail/courier.csv", |courier| {
                    put(courier, &List::new(&COURIER_COLUMNS).into_bytes())?;
                    self.walk(&jobs, &mut walk, &mut Streams { events, notices, courier })
                })?;
                walk.files.push(courier);
                Ok(())
            })?;
            walk.files.push(notices);
            Ok(())
        })?;
        walk.files.push(events);
        walk.together.finish()?;
        walk.files.push(self.publish("dispatch/bundles.csv", bundle_list(&walk.bundles))?);
        walk.files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Dispatched { files: walk.files, bundles: walk.bundles })
    }

    fn walk(&self, jobs: &[JobMade], walk: &mut Walk<'_>, out: &mut Streams) -> Result<(), Fault> {
        for job in jobs {
            for (slot, made) in job.records.iter().enumerate() {
                let position = (job.job - 1) * self.rules.cards_per_job + slot as u32;
                let there = self.card(position)?;
                // Invariant I-10: the dispatch line of every card carries the digest its job carries.
                if there.as_ref().map(|(card, _)| card.record_digest) != *made {
                    return Err(Fault::Invariant(format!("dispatch line of position {} is not the record of its job", position + 1)));
                }
                if let Some((card, state)) = there {
                    self.pass(&card, &state, walk, out)?;
                }
            }
            self.world.progress.advance(Stage::Dispatch, job.records.len() as u64);
        }
        self.close_bundle(walk, out)?;
        self.close_labels(walk)
    }

    /// One card goes by: into its bundle, onto its label, and a line for everyone who must know.
    fn pass(&self, card: &Card, state: &ApplicationState, walk: &mut Walk<'_>, out: &mut Streams) -> Result<(), Fault> {
        let mail = matches!(card.application.delivery, Delivery::Mail(_));
        let key = (card.application.lane, mail, card.outlet.clone(), state.employer_code.clone());
        if walk.open.as_ref().is_some_and(|open| open.key() != key) {
            self.close_bundle(walk, out)?;
        }
        let employer = key.3.is_some();
        let number = walk.bundles.len() as u32 + 1;
        let open = walk.open.get_or_insert_with(|| OpenBundle::new(number, key, card.position - 1));
        open.add(card);
        if let Some(list) = &mut open.staff {
            list.add(self, state.package, &open.bundle, card)?;
        }
        put(out.events, &json_line(&ecard_event(card)))?;
        if mail || !employer {
            put(out.notices, &json_line(&applicant_notice(card)))?;
        }
        if mail {
            put(out.courier, &courier_line(card, &fee_text(self.plan.sender.mail_fee_cents)).unwrap_or_default())?;
            let broken = |e: artwork::Fault| Fault::Invariant(format!("label of position {}: {e}", card.position));
            walk.labels.extend(label(card, &self.plan.sender).map(|l| artwork::mail_label(&l)).transpose().map_err(broken)?);
            if walk.labels.len() == LABELS_PER_FILE {
                self.close_labels(walk)?;
            }
        }
        Ok(())
    }

    fn close_bundle(&self, walk: &mut Walk<'_>, out: &mut Streams) -> Result<(), Fault> {
        let Some(open) = walk.open.take() else { return Ok(()) };
        let bundle = open.bundle;
        if !bundle.mail {
            let stem = format!("dispatch/{}/bundle-{:04}", bundle.outlet, bundle.number);
            let mut lists = vec![(format!("{stem}.csv"), open.list.into_bytes()), (format!("{stem}.pdf"), self.packing_pdf(&bundle, open.rows)?)];
            if let Some(list) = open.staff {
                put(out.notices, &json_line(&list.notice(&bundle, self.batch.batch.as_str())))?;
                let (csv, pdf) = self.staff_lists(&bundle, list)?;
                lists.extend([(format!("{stem}-staff.csv"), csv), (format!("{stem}-staff.pdf"), pdf)]);
            }
            for (path, bytes) in lists {
                let info = walk.together.write(&self.in_staging(&path)?, |out| out.write_all(&bytes))?;
                walk.files.push(FileDigest { path, len_bytes: info.len_bytes, digest: info.digest });
            }
            walk.together.finish_when_many()?;
            put(out.notices, &json_line(&bundle_notice(&bundle, self.batch)))?;
        }
        walk.bundles.push(bundle);
        Ok(())
    }

    fn close_labels(&self, walk: &mut Walk<'_>) -> Result<(), Fault> {
        if walk.labels.is_empty() {
            return Ok(());
        }
        let file = walk.files.iter().filter(|f| f.path.starts_with("dispatch/mail/labels-")).count() + 1;
        let broken = |e: artwork::Fault| Fault::Invariant(format!("labels {file}: {e}"));
        let id = document_id(format!("{} labels {file}", self.batch.batch), self.rules.issued_on);
        let pdf = artwork::job_pdf(std::mem::take(&mut walk.labels), &id).map_err(broken)?;
        walk.files.push(self.publish(&format!("dispatch/mail/labels-{file:04}.pdf"), pdf)?);
        Ok(())
    }

    fn publish(&self, path: &str, bytes: Vec<u8>) -> Result<FileDigest, Fault> {
        let info = publish_bytes(&*self.world.disk, &self.in_staging(path)?, &bytes)?;
        Ok(FileDigest { path: path.to_owned(), len_bytes: info.len_bytes, digest: info.digest })
    }

    fn in_staging(&self, path: &str) -> Result<String, Fault> {
        let full = format!("{}/{path}", staging(self.batch));
        let folder = full.rsplit_once('/').map_or("", |(folder, _)| folder);
        self.world.disk.create_dir(folder).map_err(|e| Fault::io("create", folder, e))?;
        Ok(full)
    }

    /// Publishes a file written by `write`, whose own fault goes before the one of the half-written file.
    fn publish_with(&self, path: &str, write: impl FnOnce(&mut dyn Write) -> Result<(), Fault>) -> Result<FileDigest, Fault> {
        let full = self.in_staging(path)?;
        let mut failed = None;
        let info = publish(&*self.world.disk, &full, |w| {
            write(w).map_err(|fault| {
                failed = Some(fault);
                std::io::Error::other("stopped")
            })
        });
        match failed {
            Some(fault) => Err(fault),
            None => info.map(|i| FileDigest { path: path.to_owned(), len_bytes: i.len_bytes, digest: i.digest }),
        }
    }

    /// The card at a position as dispatch sees it, from the vault anew, with its application; `None` for a void one.
    fn card(&self, position: u32) -> Result<Option<(Card, ApplicationState)>, Fault> {
        let ordinal: Ordinal = self.cut.cards[position as usize].ordinal;
        let Some(state) = self.book.application(ordinal)? else { return Err(Fault::Invariant("a cut application is not in the book".to_owned())) };
        let Some(place) = state.place_in(&self.batch.batch).filter(|p| !p.void) else { return Ok(None) };
        let record = self.vault.record(state.package, state.row)?;
        let (Some(application), Some(photo)) = (record.application, state.photo_validated) else {
            return Err(Fault::Invariant(format!("position {} was made without a record", position + 1)));
        };
        let division = division(self.registers, &state);
        let card = data_of(state.outlet.clone(), place, application, &photo, &division, &self.rules);
        Ok(Some((card, state)))
    }
}

/// What the walk over the cards gathers.
struct Walk<'a> {
    /// Packing lists written but not published yet.
    together: Together<'a>,
    files: Vec<FileDigest>,
    bundles: Vec<Bundle>,
    labels: Vec<artwork::Page>,
    open: Option<OpenBundle>,
}

/// The files that grow with every card.
struct Streams<'a> {
    events: &'a mut dyn Write,
    notices: &'a mut dyn Write,
    courier: &'a mut dyn Write,
}

fn put(out: &mut dyn Write, bytes: &[u8]) -> Result<(), Fault> {
    out.write_all(bytes).map_err(|e| Fault::io("write", "dispatch", e))
}

/// The bundle being packed.
struct OpenBundle {
    bundle: Bundle,
    list: List,
    rows: Vec<Vec<String>>,
    /// Of an employer's cards that go to an outlet.
    staff: Option<StaffList>,
}

type BundleKey = (Lane, bool, OutletCode, Option<String>);

impl OpenBundle {
    fn new(number: u32, (lane, mail, outlet, employer_code): BundleKey, first: u32) -> Self {
        let staff = (!mail && employer_code.is_some()).then(StaffList::new);
        let bundle = Bundle { number, lane, mail, outlet, employer_code, positions: first..first, cards: 0 };
        Self { bundle, list: List::new(&PACKING_COLUMNS), rows: Vec::new(), staff }
    }

    fn key(&self) -> BundleKey {
        self.bundle.key()
    }

    fn add(&mut self, card: &Card) {
        self.bundle.positions.end = card.position;
        self.bundle.cards += 1;
        if !self.bundle.mail {
            let row = packing_row(&self.bundle, card);
            self.list.row(row.iter().map(String::as_str));
            self.rows.push([1, 2, 3, 4, 6, 7, 8, 9, 11].map(|i| row[i].clone()).to_vec());
        }
    }
}
