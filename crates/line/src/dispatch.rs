//! The dispatch room: from the cards of a batch to what goes on the boxes: bundles with packing lists, mail labels, the courier's
//! manifest, notices and e-card events. Everything is written to staging before the seal; nothing leaves from here.

use card::{Card, Delivery, Keyed, Lane, Ordinal, OutletCode};
use ledger::book::Book;
use ledger::book::state::BatchState;
use ledger::entry::{BatchCut, FileDigest};
use ledger::fault::Fault;
use ledger::publish::{publish, publish_bytes};
use serde_json::json;

use crate::jobs::{document_id, staging, table_pdf};
use crate::lists::List;
use crate::personalise::BatchRules;
use crate::plan::{Plan, Sender, World};
use crate::ports::{Lookup, Registers, Stage};
use crate::validate::record_digest;
use crate::validate::stored::StoredRecord;
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
    /// Writes all dispatch files of the batch. Running it again writes the same bytes.
    ///
    /// # Errors
    /// The ledger or the disk fails; a dispatch line's record digest differs from its job's (`Fault::Invariant`).
    pub fn write_all(&self) -> Result<Dispatched, Fault> {
        self.world.progress.stage(Stage::Dispatch, u64::from(self.batch.cards));
        self.agrees_with_jobs()?;
        let bundles = self.bundles()?;
        let mut files = vec![self.publish("dispatch/bundles.csv", bundle_list(&bundles))?];
        for bundle in bundles.iter().filter(|b| !b.mail) {
            files.extend(self.packing_list(bundle)?);
            self.world.progress.advance(Stage::Dispatch, u64::from(bundle.cards));
        }
        files.extend(self.mail(&bundles)?);
        files.push(self.notices(&bundles)?);
        files.push(self.ecard_events()?);
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Dispatched { files, bundles })
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

    /// A file too long to hold in memory: one line a card.
    fn publish_lines(&self, path: &str, mut each: impl FnMut(&Card, &StoredRecord) -> Option<Vec<u8>>, head: Vec<u8>) -> Result<FileDigest, Fault> {
        let full = self.in_staging(path)?;
        let mut failed = None;
        let info = publish(&*self.world.disk, &full, |w| {
            w.write_all(&head)?;
            for position in 0..self.batch.cards {
                match self.card(position) {
                    Ok(Some((card, record))) => w.write_all(&each(&card, &record).unwrap_or_default())?,
                    Ok(None) => {}
                    Err(fault) => {
                        failed = Some(fault);
                        return Err(std::io::Error::other("stopped"));
                    }
                }
            }
            Ok(())
        });
        match failed {
            Some(fault) => Err(fault),
            None => info.map(|i| FileDigest { path: path.to_owned(), len_bytes: i.len_bytes, digest: i.digest }),
        }
    }

    /// The card at a position as dispatch sees it, from the vault anew; `None` for a void one.
    fn card(&self, position: u32) -> Result<Option<(Card, StoredRecord)>, Fault> {
        let ordinal: Ordinal = self.cut.cards[position as usize].ordinal;
        let Some(state) = self.book.application(ordinal)? else { return Err(Fault::Invariant("a cut application is not in the book".to_owned())) };
        let Some(place) = state.place.as_ref().filter(|p| !p.void && p.batch == self.batch.batch) else { return Ok(None) };
        let record = self.vault.record(state.package, state.row)?;
        let (Some(application), Some(photo)) = (record.application.clone(), state.photo_validated) else {
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
        Ok(Some((card, record)))
    }

    /// Invariant I-10 across the batch: the dispatch line of every card carries the digest its job carries.
    fn agrees_with_jobs(&self) -> Result<(), Fault> {
        for job in self.book.jobs(&self.batch.batch)? {
            for (slot, made) in job.records.iter().enumerate() {
                let position = (job.job - 1) * self.rules.cards_per_job + slot as u32;
                let here: Option<Keyed> = self.card(position)?.map(|(card, _)| card.record_digest);
                if here != *made {
                    return Err(Fault::Invariant(format!("dispatch line of position {} is not the record of its job", position + 1)));
                }
            }
        }
        Ok(())
    }

    fn bundles(&self) -> Result<Vec<Bundle>, Fault> {
        let mut bundles: Vec<Bundle> = Vec::new();
        for position in 0..self.batch.cards {
            let Some((card, _)) = self.card(position)? else { continue };
            let state = self.book.application(self.cut.cards[position as usize].ordinal)?;
            let employer_code = state.and_then(|s| s.employer_code);
            let mail = matches!(card.application.delivery, Delivery::Mail(_));
            let same = |b: &Bundle| (b.lane, b.mail, &b.outlet, &b.employer_code) == (card.application.lane, mail, &card.outlet, &employer_code);
            match bundles.last_mut().filter(|b| same(b)) {
                Some(bundle) => {
                    bundle.positions.end = position + 1;
                    bundle.cards += 1;
                }
                None => bundles.push(Bundle {
                    number: bundles.len() as u32 + 1,
                    lane: card.application.lane,
                    mail,
                    outlet: card.outlet.clone(),
                    employer_code,
                    positions: position..position + 1,
                    cards: 1,
                }),
            }
        }
        Ok(bundles)
    }

    fn packing_list(&self, bundle: &Bundle) -> Result<[FileDigest; 2], Fault> {
        let stem = format!("dispatch/{}/bundle-{:04}", bundle.outlet, bundle.number);
        let mut list = List::new(&["bundle", "box", "position", "card_number", "generation", "name", "name_zh", "application_id", "receipt_number", "record"]);
        let mut rows = Vec::new();
        for position in bundle.positions.clone() {
            let Some((card, _)) = self.card(position)? else { continue };
            let row = packing_row(bundle, &card);
            list.row(row.iter().map(String::as_str));
            rows.push(vec![row[1].clone(), row[2].clone(), row[3].clone(), row[5].clone(), row[6].clone(), row[7].clone(), row[8].clone()]);
        }
        let pdf = self.packing_pdf(bundle, rows)?;
        Ok([self.publish(&format!("{stem}.csv"), list.into_bytes())?, self.publish(&format!("{stem}.pdf"), pdf)?])
    }

    fn packing_pdf(&self, bundle: &Bundle, rows: Vec<Vec<String>>) -> Result<Vec<u8>, Fault> {
        let outlet = match self.registers.outlet(bundle.outlet.as_str()) {
            Lookup::Found(row) => format!("{}  {} {}", bundle.outlet, row.name, row.name_zh),
            Lookup::NoRegister | Lookup::Unknown => bundle.outlet.to_string(),
        };
        let lane = if bundle.lane == Lane::Green { "Green channel 绿色通道   " } else { "" };
        let employer = bundle.employer_code.as_ref().map_or_else(String::new, |code| format!("   Employer 单位 {code}"));
        let table = artwork::Table {
            title: "Packing list 装箱清单".to_owned(),
            lines: vec![
                format!("{lane}Outlet 网点 {outlet}{employer}"),
                format!("Batch 批次 {}   Bundle 包 {}   Cards 卡数 {}", self.batch.batch, bundle.number, bundle.cards),
            ],
            barcode: Some(format!("{}-{:04}", self.batch.batch, bundle.number)),
            columns: [
                ("Box 箱", 0.8),
                ("Position 位置", 1.3),
                ("Card 卡号", 1.4),
                ("Name 姓名", 3.2),
                ("中文名", 1.4),
                ("Application 申请编号", 2.0),
                ("Receipt 回执", 1.2),
            ]
            .map(|(heading, share)| artwork::Column::left(heading, share))
            .to_vec(),
            rows,
            signatures: ["Packed by 装箱", "Counted by 清点", "Received by 签收"].map(str::to_owned).to_vec(),
            footer: format!("{} bundle {}", self.batch.batch, bundle.number),
            ..artwork::Table::default()
        };
        table_pdf(&table, format!("{} bundle {}", self.batch.batch, bundle.number), self.rules.issued_on)
    }

    fn mail(&self, bundles: &[Bundle]) -> Result<Vec<FileDigest>, Fault> {
        let mail: Vec<&Bundle> = bundles.iter().filter(|b| b.mail).collect();
        if mail.is_empty() {
            return Ok(Vec::new());
        }
        let columns = ["order", "card_number", "generation", "recipient", "address", "postcode", "phone", "fee_yuan", "box", "position", "record"];
        let head = List::new(&columns).into_bytes();
        let fee = fee_text(self.plan.sender.mail_fee_cents);
        let mut files = vec![self.publish_lines("dispatch/mail/courier.csv", |card, _| courier_line(card, &columns, &fee), head)?];
        let positions: Vec<u32> = mail.iter().flat_map(|b| b.positions.clone()).collect();
        for (i, chunk) in positions.chunks(LABELS_PER_FILE).enumerate() {
            files.push(self.labels(i + 1, chunk)?);
            self.world.progress.advance(Stage::Dispatch, chunk.len() as u64);
        }
        Ok(files)
    }

    fn labels(&self, file: usize, positions: &[u32]) -> Result<FileDigest, Fault> {
        let mut labels = Vec::new();
        for position in positions {
            let Some((card, _)) = self.card(*position)? else { continue };
            let broken = |e: artwork::Fault| Fault::Invariant(format!("label of position {}: {e}", position + 1));
            labels.extend(label(&card, &self.plan.sender).map(|l| artwork::mail_label(&l)).transpose().map_err(broken)?);
        }
        let broken = |e: artwork::Fault| Fault::Invariant(format!("labels {file}: {e}"));
        let pdf = artwork::job_pdf(labels, &document_id(format!("{} labels {file}", self.batch.batch), self.rules.issued_on)).map_err(broken)?;
        self.publish(&format!("dispatch/mail/labels-{file:04}.pdf"), pdf)
    }

    /// One line for whoever sends messages: to outlets and employers per bundle, to applicants per card.
    fn notices(&self, bundles: &[Bundle]) -> Result<FileDigest, Fault> {
        let head: Vec<u8> = bundles.iter().filter(|b| !b.mail).flat_map(|b| json_line(&bundle_notice(b, self.batch))).collect();
        let individual = |card: &Card, employer: bool| !employer || matches!(card.application.delivery, Delivery::Mail(_));
        let book = self.book;
        let each = |card: &Card, _: &StoredRecord| {
            let state = book.application(self.cut.cards[card.position as usize - 1].ordinal).ok().flatten();
            let employer = state.is_some_and(|s| s.employer_code.is_some());
            individual(card, employer).then(|| json_line(&applicant_notice(card)))
        };
        self.publish_lines("dispatch/notices.jsonl", each, head)
    }

    /// The electronic card's issuer learns of card and permit (S3: the e-card follows the physical one).
    fn ecard_events(&self) -> Result<FileDigest, Fault> {
        let event = |card: &Card| {
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
        };
        self.publish_lines("dispatch/ecard-events.jsonl", |card, _| Some(json_line(&event(card))), Vec::new())
    }
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

fn courier_line(card: &Card, columns: &[&str], fee: &str) -> Option<Vec<u8>> {
    let Delivery::Mail(mail) = &card.application.delivery else { return None };
    let mut list = List::new(columns);
    let heading = List::new(columns).into_bytes().len();
    let (order, generation, box_number, position) = (order(card), card.generation.to_string(), format!("{:04}", card.job), format!("{:04}-{:04}", card.job, card.slot));
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
    let fee = (sender.mail_fee_cents > 0).then(|| format!("Fee 邮费 {} CNY", fee_text(sender.mail_fee_cents)));
    let receipt = card.application.receipt_number.as_ref().map(|r| format!("Receipt 回执 {r}"));
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
    json!({
        "to": to,
        "outlet": bundle.outlet.as_str(),
        "employer_code": bundle.employer_code,
        "batch": batch.batch.as_str(),
        "bundle": bundle.number,
        "cards": bundle.cards,
        "en": format!("{} cards of batch {} are on their way to outlet {}.", bundle.cards, batch.batch, bundle.outlet),
        "zh": format!("批次 {} 的 {} 张社会保障卡已发往网点 {}。", batch.batch, bundle.cards, bundle.outlet),
    })
}

fn applicant_notice(card: &Card) -> serde_json::Value {
    let (en, zh) = match &card.application.delivery {
        Delivery::Outlet => (
            format!("Your social security card is made. Outlet {} will tell you when to collect it.", card.outlet),
            format!("您的社会保障卡已制作完成,网点 {} 将通知您领取。", card.outlet),
        ),
        Delivery::Mail(_) => ("Your social security card is made and will be mailed to you.".to_owned(), "您的社会保障卡已制作完成,将邮寄给您。".to_owned()),
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
