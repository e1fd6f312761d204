//! The dispatch room: from the cards of a batch to what goes on the boxes: bundles with packing lists, mail labels, the courier's
//! manifest, notices and e-card events. Everything is written to staging before the seal; nothing leaves from here.

use std::io::Write;

use card::{Card, Delivery, Lane, Message, Ordinal, OutletCode};
use ledger::book::Book;
use ledger::book::state::BatchState;
use ledger::entry::{BatchCut, FileDigest, JobMade};
use ledger::fault::Fault;
use ledger::publish::{Together, publish, publish_bytes};
use serde_json::json;

use crate::job::{document_id, staging, table_pdf};
use crate::lists::List;
use crate::personalise::BatchRules;
use crate::plan::{Plan, Sender, World};
use crate::ports::{Lookup, Registers, Stage};
use crate::validate::record_digest;
use crate::vault::Vault;

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
                if let Some((card, employer_code)) = there {
                    self.pass(&card, employer_code, walk, out)?;
                }
            }
            self.world.progress.advance(Stage::Dispatch, job.records.len() as u64);
        }
        self.close_bundle(walk, out)?;
        self.close_labels(walk)
    }

    /// One card goes by: into its bundle, onto its label, and a line for everyone who must know.
    fn pass(&self, card: &Card, employer_code: Option<String>, walk: &mut Walk<'_>, out: &mut Streams) -> Result<(), Fault> {
        let mail = matches!(card.application.delivery, Delivery::Mail(_));
        let key = (card.application.lane, mail, card.outlet.clone(), employer_code);
        if walk.open.as_ref().is_some_and(|open| open.key() != key) {
            self.close_bundle(walk, out)?;
        }
        let employer = key.3.is_some();
        let number = walk.bundles.len() as u32 + 1;
        let open = walk.open.get_or_insert_with(|| OpenBundle::new(number, key, card.position - 1));
        open.add(card);
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
            let lists = [(format!("{stem}.csv"), open.list.into_bytes()), (format!("{stem}.pdf"), self.packing_pdf(&bundle, open.rows)?)];
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

    /// The card at a position as dispatch sees it, from the vault anew, with its employer package's code; `None` for a void one.
    fn card(&self, position: u32) -> Result<Option<(Card, Option<String>)>, Fault> {
        let ordinal: Ordinal = self.cut.cards[position as usize].ordinal;
        let Some(state) = self.book.application(ordinal)? else { return Err(Fault::Invariant("a cut application is not in the book".to_owned())) };
        let Some(place) = state.place.as_ref().filter(|p| !p.void && p.batch == self.batch.batch) else { return Ok(None) };
        let record = self.vault.record(state.package, state.row)?;
        let (Some(application), Some(photo)) = (record.application, state.photo_validated) else {
            return Err(Fault::Invariant(format!("position {} was made without a record", position + 1)));
        };
        let division = match self.registers.outlet(state.outlet.as_str()) {
            Lookup::Found(outlet) => outlet.division,
            Lookup::NoRegister | Lookup::Unknown => String::new(),
        };
        let card = Card {
            batch: place.batch.clone(),
            position: position + 1,
            job: position / self.rules.cards_per_job + 1,
            slot: position % self.rules.cards_per_job + 1,
            number: place.number.clone(),
            generation: place.generation,
            outlet: state.outlet.clone(),
            division,
            issued_on: self.rules.issued_on,
            expires_on: self.rules.expires_on(),
            qr_payload: String::new(),
            record_digest: record_digest(&application, &photo, &place.number, place.generation, self.rules.pepper),
            application,
        };
        Ok(Some((card, state.employer_code)))
    }

    fn packing_pdf(&self, bundle: &Bundle, rows: Vec<Vec<String>>) -> Result<Vec<u8>, Fault> {
        let outlet = match self.registers.outlet(bundle.outlet.as_str()) {
            Lookup::Found(row) => format!("{}  {} {}", bundle.outlet, row.name, row.name_zh),
            Lookup::NoRegister | Lookup::Unknown => bundle.outlet.to_string(),
        };
        let said = Message::both;
        let lane = if bundle.lane == Lane::Green { format!("{}   ", said(Message::GreenChannel)) } else { String::new() };
        let employer = bundle.employer_code.as_ref().map_or_else(String::new, |code| format!("   {} {code}", said(Message::Employer)));
        let table = artwork::Table {
            title: said(Message::PackingList),
            lines: vec![
                format!("{lane}{} {outlet}{employer}", said(Message::Outlet)),
                [
                    format!("{} {}", said(Message::Batch), self.batch.batch),
                    format!("{} {}", said(Message::Bundle), bundle.number),
                    format!("{} {}", said(Message::Cards), bundle.cards),
                ]
                .join("   "),
            ],
            barcode: Some(format!("{}-{:04}", self.batch.batch, bundle.number)),
            columns: [
                (Message::Box, 0.8),
                (Message::Position, 1.3),
                (Message::Card, 1.4),
                (Message::Name, 3.2),
                (Message::NameZh, 1.4),
                (Message::Application, 2.0),
                (Message::Receipt, 1.2),
            ]
            .map(|(heading, share)| artwork::Column::left(&said(heading), share))
            .to_vec(),
            rows,
            signatures: [Message::PackedBy, Message::CountedBy, Message::ReceivedBy].map(said).to_vec(),
            footer: format!("{} bundle {}", self.batch.batch, bundle.number),
            ..artwork::Table::default()
        };
        table_pdf(&table, format!("{} bundle {}", self.batch.batch, bundle.number), self.rules.issued_on)
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
}

type BundleKey = (Lane, bool, OutletCode, Option<String>);

impl OpenBundle {
    fn new(number: u32, (lane, mail, outlet, employer_code): BundleKey, first: u32) -> Self {
        let bundle = Bundle { number, lane, mail, outlet, employer_code, positions: first..first, cards: 0 };
        Self { bundle, list: List::new(&PACKING_COLUMNS), rows: Vec::new() }
    }

    fn key(&self) -> BundleKey {
        (self.bundle.lane, self.bundle.mail, self.bundle.outlet.clone(), self.bundle.employer_code.clone())
    }

    fn add(&mut self, card: &Card) {
        self.bundle.positions.end = card.position;
        self.bundle.cards += 1;
        if !self.bundle.mail {
            let row = packing_row(&self.bundle, card);
            self.list.row(row.iter().map(String::as_str));
            self.rows.push([1, 2, 3, 5, 6, 7, 8].map(|i| row[i].clone()).to_vec());
        }
    }
}

const PACKING_COLUMNS: [&str; 10] = ["bundle", "box", "position", "card_number", "generation", "name", "name_zh", "application_id", "receipt_number", "record"];
const COURIER_COLUMNS: [&str; 11] =
    ["order", "card_number", "generation", "recipient", "address", "postcode", "phone", "fee_yuan", "box", "position", "record"];

/// The electronic card's issuer learns of card and permit (S3: the e-card follows the physical one).
fn ecard_event(card: &Card) -> serde_json::Value {
    json!({
        "event": "card-produced",
        "ssn": card.application.ssn,
        "card_number": card.number,
        "generation": card.generation,
        "issued_on": card.issued_on.to_string(),
        "expires_on": card.expires_on.to_string(),
        "work_permit_number": card.application.work_permit_number,
        "work_permit_category": card.application.work_permit_category.to_string(),
        "work_permit_to": card.application.work_permit_to.to_string(),
    })
}

fn bundle_list(bundles: &[Bundle]) -> Vec<u8> {
    let mut list = List::new(&["bundle", "kind", "lane", "outlet", "employer_code", "cards", "first_position", "last_position"]);
    for b in bundles {
        let kind = if b.mail { "mail" } else { "outlet" };
        let lane = if b.lane == Lane::Green { "green" } else { "normal" };
        let numbers = [b.number, b.cards, b.positions.start + 1, b.positions.end].map(|n| n.to_string());
        let [number, cards, first, last] = &numbers;
        list.row([number.as_str(), kind, lane, b.outlet.as_str(), b.employer_code.as_deref().unwrap_or(""), cards, first, last]);
    }
    list.into_bytes()
}

fn packing_row(bundle: &Bundle, card: &Card) -> [String; 10] {
    let a = &card.application;
    [
        bundle.number.to_string(),
        format!("{:04}", card.job),
        format!("{:04}-{:04}", card.job, card.slot),
        card.number.clone(),
        card.generation.to_string(),
        a.name.clone(),
        a.name_zh.clone().unwrap_or_default(),
        a.application_id.clone(),
        a.receipt_number.clone().unwrap_or_default(),
        card.record_digest.to_string(),
    ]
}

/// Order number on label and courier list: batch and position.
fn order(card: &Card) -> String {
    format!("{}-{:06}", card.batch, card.position)
}

fn courier_line(card: &Card, fee: &str) -> Option<Vec<u8>> {
    let Delivery::Mail(mail) = &card.application.delivery else { return None };
    let mut list = List::new(&COURIER_COLUMNS);
    let heading = List::new(&COURIER_COLUMNS).into_bytes().len();
    let (order, generation, box_number, position) =
        (order(card), card.generation.to_string(), format!("{:04}", card.job), format!("{:04}-{:04}", card.job, card.slot));
    let record = card.record_digest.to_string();
    list.row([
        order.as_str(),
        &card.number,
        &generation,
        &mail.recipient,
        &mail.address,
        &mail.postcode,
        &card.application.phone,
        fee,
        &box_number,
        &position,
        &record,
    ]);
    Some(list.into_bytes().split_off(heading))
}

fn label(card: &Card, sender: &Sender) -> Option<artwork::MailLabel> {
    let Delivery::Mail(mail) = &card.application.delivery else { return None };
    let fee = (sender.mail_fee_cents > 0).then(|| format!("{} {} CNY", Message::MailFee.both(), fee_text(sender.mail_fee_cents)));
    let receipt = card.application.receipt_number.as_ref().map(|r| format!("{} {r}", Message::Receipt.both()));
    Some(artwork::MailLabel {
        sender: vec![sender.name_zh.clone(), sender.name.clone(), sender.address.clone(), sender.phone.clone()],
        recipient: mail.recipient.clone(),
        phone: card.application.phone.clone(),
        address: mail.address.clone(),
        postcode: mail.postcode.clone(),
        barcode: format!("{}-{}", card.number, order(card)),
        references: [Some(order(card)), receipt, fee].into_iter().flatten().collect(),
    })
}

fn fee_text(cents: u32) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

fn json_line(value: &serde_json::Value) -> Vec<u8> {
    let mut line = serde_json::to_vec(value).expect("plain JSON");
    line.push(b'\n');
    line
}

fn bundle_notice(bundle: &Bundle, batch: &BatchState) -> serde_json::Value {
    let to = if bundle.employer_code.is_some() { "employer" } else { "outlet" };
    let [en, zh] =
        Message::NoticeBundle.said_with(&[("cards", &bundle.cards.to_string()), ("batch", batch.batch.as_str()), ("outlet", bundle.outlet.as_str())]);
    json!({
        "to": to,
        "outlet": bundle.outlet.as_str(),
        "employer_code": bundle.employer_code,
        "batch": batch.batch.as_str(),
        "bundle": bundle.number,
        "cards": bundle.cards,
        "en": en,
        "zh": zh,
    })
}

fn applicant_notice(card: &Card) -> serde_json::Value {
    let [en, zh] = match &card.application.delivery {
        Delivery::Outlet => Message::NoticeCollect.said_with(&[("outlet", card.outlet.as_str())]),
        Delivery::Mail(_) => Message::NoticeMailed.said(),
    };
    json!({
        "to": "applicant",
        "outlet": card.outlet.as_str(),
        "application_id": card.application.application_id,
        "phone": card.application.phone,
        "receipt_number": card.application.receipt_number,
        "en": en,
        "zh": zh,
    })
}
