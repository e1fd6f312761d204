//! A plant of one night in memory: two packages of two outlets, eight applications (accepted, refused, held, one spoilt in the
//! making), one batch of two jobs, sent out, partly reported on. A test twists files before they are digested, or entries before
//! they are written, and gets a plant that is consistent but for that.

use std::collections::BTreeMap;

use card::register::OutletRow;
use card::{Application, BatchId, Code, Delivery, Digest, Keyed, Ordinal, Outcome, RawApplication, Reason};
use ledger::entry::*;
use ledger::envelope::{self, Form};
use ledger::segment::SegmentWriter;
use ledger::vault_key::{key_path, wrap};
use serde_json::json;

use super::applications::{application, facts, number, outlet, photo, validated, verdict};
use super::told::{Told, answers_csv, answers_jsonl, letter_html};
use super::{MemoryDisk, data_key, views};

pub const PEPPER: [u8; 32] = [7; 32];
/// The plant's key, a byte repeated; a package's is its number and 1.
pub const PLANT_KEY: u8 = 9;
pub const BATCH: &str = "B20250601-01";
const NIGHT: Millis = 1_748_736_000_000;
const JOB_CARDS: u32 = 2;

/// One card as its views show it.
#[derive(Clone)]
pub struct TestCard {
    pub position: u32,
    pub slot: u32,
    pub number: String,
    pub generation: u32,
    pub outlet: String,
    pub mail: bool,
    pub record: Keyed,
    pub receipt: String,
    pub photo: Vec<u8>,
}

type FileTwist = Box<dyn Fn(&str, &mut Vec<u8>)>;
type EntriesTwist = Box<dyn Fn(&mut Vec<Entry>)>;

/// What is to be wrong with a plant.
pub struct Twist {
    pub file: FileTwist,
    pub entries: EntriesTwist,
    /// Changes a record after it was judged, before it is stored.
    pub record: Box<dyn Fn(usize, &mut Application)>,
}

impl Default for Twist {
    fn default() -> Self {
        Self { file: Box::new(|_, _| {}), entries: Box::new(|_| {}), record: Box::new(|_, _| {}) }
    }
}

/// Changes a file before it is digested and signed.
pub fn file(path: &'static str, change: impl Fn(&mut Vec<u8>) + 'static) -> Twist {
    Twist {
        file: Box::new(move |p, bytes| {
            if p.ends_with(path) {
                change(bytes)
            }
        }),
        ..Twist::default()
    }
}

/// Changes the entries before they are written.
pub fn entries(change: impl Fn(&mut Vec<Entry>) + 'static) -> Twist {
    Twist { entries: Box::new(change), ..Twist::default() }
}

/// Applications 0–4 came in package 0 from WH-01, 5–7 in package 1 from WH-02.
const PACKAGES: [(&str, std::ops::Range<usize>); 2] = [("WH-01", 0..5), ("WH-02", 5..8)];
/// The employer package 1 comes from: code, name, staff, letter of authorisation.
const EMPLOYER: (&str, &str, &str, &str) = ("91350100M000100Y43", "示例公司", "Sample Clerk; 示例", "L-1");
/// In the order of the cut: ordinal; 4 is spoilt in the making; 3 goes by mail.
const CUT: [usize; 6] = [0, 1, 4, 5, 7, 3];
const SPOILT: usize = 4;

struct Builder<'a> {
    disk: MemoryDisk,
    twist: &'a Twist,
    entries: Vec<Entry>,
}

/// Builds the plant.
pub fn build(twist: &Twist) -> MemoryDisk {
    let mut builder = Builder { disk: MemoryDisk::default(), twist, entries: Vec::new() };
    let plant = minisign::KeyPair::generate_unencrypted_keypair().unwrap();
    builder.write("keys/plant.pub", plant.pk.to_box().unwrap().to_string().into_bytes());
    builder.entries.push(Entry::PlantCreated(PlantCreated { plant_id: "p".into(), program: "test".into(), at: NIGHT - 9 }));
    let outlets = ["WH-01", "WH-02"].map(|code| (code, minisign::KeyPair::generate_unencrypted_keypair().unwrap()));
    builder.register(&outlets);
    builder.run_started(1, "run", None);
    for (number, (_, key)) in (0..).zip(&outlets) {
        builder.package(number, key);
    }
    builder.set_aside();
    builder.batch(&plant);
    builder.entries.push(Entry::RunEnded(RunEnded { run: 1, exit: 3, at: NIGHT + 50 }));
    builder.reported();
    builder.journal();
    builder.disk
}

impl Builder<'_> {
    /// Writes a file, twisted; what was written.
    fn write(&mut self, path: &str, mut bytes: Vec<u8>) -> Vec<u8> {
        (self.twist.file)(path, &mut bytes);
        self.disk.put(path, bytes.clone());
        bytes
    }

    /// As [`Builder::write`], as it is written down; `base` is left off the path.
    fn file(&mut self, base: &str, path: &str, bytes: Vec<u8>) -> FileDigest {
        let bytes = self.write(&format!("{base}{path}"), bytes);
        FileDigest { path: path.to_owned(), len_bytes: bytes.len() as u64, digest: Digest::of(&bytes) }
    }

    fn run_started(&mut self, run: u64, command: &str, reason: Option<&str>) {
        let started = RunStarted {
            run,
            command: command.into(),
            who: "op-1".into(),
            reason: reason.map(Into::into),
            resumes: None,
            release_id: Digest([1; 32]),
            at: NIGHT,
        };
        self.entries.push(Entry::RunStarted(started));
    }

    fn register(&mut self, outlets: &[(&str, minisign::KeyPair)]) {
        let mut bytes = [&b"CLREG\r\n\x1a"[..], &1_u32.to_le_bytes(), &0_u32.to_le_bytes(), &[0; 8]].concat();
        for (code, key) in outlets {
            let row = OutletRow {
                code: (*code).into(),
                name: "Sample".into(),
                name_zh: String::new(),
                division: "420100".into(),
                address: String::new(),
                postcode: String::new(),
                phone: String::new(),
                minisign_key: key.pk.to_base64(),
                open: true,
            };
            let row = bincode::serialize(&row).unwrap();
            bytes.extend_from_slice(&(row.len() as u32).to_le_bytes());
            bytes.extend_from_slice(&row);
        }
        let tables = bytes.len() as u64;
        bytes.extend_from_slice(&[tables.to_le_bytes(), 0_u64.to_le_bytes(), 0_u64.to_le_bytes()].concat());
        let path = "registers/outlets-000001.reg";
        let bytes = self.write(path, bytes);
        self.entries.push(Entry::RegisterImported(RegisterImported {
            kind: "outlets".into(),
            version: 1,
            path: path.into(),
            digest: Digest::of(&bytes),
            rows: 2,
            at: NIGHT - 5,
        }));
    }

    fn package(&mut self, package: u64, key: &minisign::KeyPair) {
        let (code, rows) = PACKAGES[package as usize].clone();
        let mut files = BTreeMap::from([("applications.csv".to_owned(), b"rows".to_vec())]);
        files.extend(rows.clone().map(|n| (format!("photos/{n}.jpg"), photo(n))));
        let listed: BTreeMap<_, _> =
            files.iter().map(|(name, bytes)| (name, json!({ "sha256": Digest::of(bytes).to_string(), "bytes": bytes.len() }))).collect();
        let mut manifest =
            json!({ "format": "cardline-package/1", "package_id": format!("P{package}"), "outlet": code, "sequence": 1, "count": rows.len(), "files": listed });
        let employer = (package == 1).then_some(EMPLOYER);
        if let Some((code, name, staff, letter)) = employer {
            let staff: Vec<_> = staff.split("; ").map(|name| json!({ "name": name })).collect();
            manifest["employer"] = json!({ "code": code, "name": name, "staff": staff, "letter": letter });
        }
        let mut manifest = serde_json::to_vec(&manifest).unwrap();
        (self.twist.file)(&format!("{package}/package.json"), &mut manifest);
        let signature = minisign::sign(Some(&key.pk), &key.sk, manifest.as_slice(), Some("package"), None).unwrap().to_string();
        let digest = Digest::of(&manifest);
        files.insert("package.json".into(), manifest);
        files.insert("package.json.minisig".into(), signature.clone().into_bytes());
        let path = format!("vault/{package:08}/contents.seg");
        let wrapped = wrap(&data_key(PLANT_KEY), "p", package, &data_key(package as u8 + 1), [6; 24]);
        self.write(&key_path(package), wrapped.to_vec());
        let vault_digest = self.segment(&path, &files);
        self.entries.push(Entry::PackageReceived(PackageReceived {
            package,
            outlet: outlet(code),
            package_id: format!("P{package}"),
            sequence: 1,
            channel: if employer.is_some() { "employer" } else { "individual" }.into(),
            employer_code: employer.map(|(code, ..)| code.into()),
            manifest: digest,
            signed_by: crate::minisig::key_id(&signature),
            submitted_at: NIGHT - 100,
            received_at: NIGHT,
            first_ordinal: Ordinal(rows.start as u64),
            count: rows.len() as u32,
            vault_path: path,
            vault_digest,
            container: "x.zip".into(),
            reasons: Vec::new(),
        }));
        self.judged(package, rows.clone());
        self.answered(package, code, rows);
    }

    /// A package of WH-01 that was not let in.
    fn set_aside(&mut self) {
        let reasons = vec![Reason::new(Code::Rpl04, "1", "2 or more")];
        let words = |r: &Reason| {
            let d = r.code.definition();
            json!({ "code": d.text, "value": r.value, "limit": r.limit, "sentence_en": d.en, "sentence_zh": d.zh, "todo_en": d.todo_en, "todo_zh": d.todo_zh })
        };
        let page =
            |d: &card::reason::Definition| format!("<article data-package=\"P9\" data-row=\"0\" data-codes=\"{}\"><p>{}</p><p>{}</p>", d.text, d.en, d.zh);
        let forms = [("html", page(reasons[0].code.definition()).into_bytes()), ("pdf", b"%PDF-1.7".to_vec())];
        let stem = "returns/WH-01/set-aside-000001-x.zip";
        let letter = forms.each_ref().map(|(form, bytes)| json!({ "path": format!("{stem}.{form}"), "sha256": Digest::of(bytes).to_string() }));
        let told = json!({ "package_id": "P9", "reasons": reasons.iter().map(words).collect::<Vec<_>>(), "letter": letter });
        forms.into_iter().for_each(|(form, bytes)| _ = self.write(&format!("{stem}.{form}"), bytes));
        self.write(&format!("{stem}.json"), serde_json::to_vec(&told).unwrap());
        let (outlet, package_id, quarantine_path) = (Some(outlet("WH-01")), Some("P9".into()), "quarantine/000001-x.zip".into());
        self.entries.push(Entry::PackageSetAside(PackageSetAside { name: "x.zip".into(), outlet, package_id, quarantine_path, reasons, at: NIGHT }));
    }

    fn segment(&mut self, path: &str, files: &BTreeMap<String, Vec<u8>>) -> Digest {
        let package: u8 = path.split('/').nth(1).unwrap().parse().unwrap();
        let mut salt = [0; 16];
        salt.copy_from_slice(&Digest::of(path.as_bytes()).0[..16]);
        let mut writer = SegmentWriter::create(self.disk.shared(), path, &data_key(package + 1), salt).unwrap();
        for (name, bytes) in files {
            let mut bytes = bytes.clone();
            (self.twist.file)(&format!("{path}#{name}"), &mut bytes);
            writer.begin(name, !name.starts_with("photos/")).unwrap();
            writer.write(&bytes).unwrap();
            writer.end().unwrap();
        }
        writer.publish().unwrap().digest
    }

    fn judged(&mut self, package: u64, rows: std::ops::Range<usize>) {
        let (mut records, mut applications) = (BTreeMap::new(), Vec::new());
        let first = rows.start;
        // Of each photo a hash; the last one is the second's again, and says so.
        let hashes: Vec<(u32, [u64; 4], Option<(u64, u32)>)> =
            rows.clone().map(|n| ((n - first) as u32, [n as u64 % 6; 4], (n == 7).then_some((1, 12)))).collect();
        records.insert("face-hashes".to_owned(), envelope::seal(Form { kind: 17, schema: 1, bytes_max: 1 << 16 }, &hashes).unwrap());
        for (row, n) in rows.enumerate() {
            let (outcome, reasons) = verdict(n);
            let a = application(n);
            let (sent, kept) = (Digest::of(&photo(n)), Digest::of(&validated(n)));
            let mut stored = a.clone();
            (self.twist.record)(n, &mut stored);
            let mut raw = RawApplication::empty();
            raw.set("photo", format!("{n}.jpg"));
            let record = (raw, Some(stored), &reasons, Some(sent), Some(kept), None::<u8>);
            let record = envelope::seal(Form { kind: 16, schema: 2, bytes_max: 1 << 18 }, &record).unwrap();
            records.insert(format!("row-{row:07}"), record);
            let (photo, photo_validated) = (Some(sent), Some(kept));
            applications.push(JudgedApplication {
                ordinal: Ordinal(n as u64),
                application_id: format!("A-{n}"),
                outcome,
                reasons,
                photo,
                photo_validated,
                facts: Some(facts(&a)),
            });
        }
        let vault_path = format!("vault/{package:08}/records-00000.rec");
        let vault_digest = self.segment(&vault_path, &records);
        self.entries.push(Entry::Judged(Judged { package, first_row: 0, vault_path, vault_digest, applications, at: NIGHT }));
    }

    fn answered(&mut self, package: u64, code: &str, rows: std::ops::Range<usize>) {
        let told: Vec<Told> = rows.clone().map(|n| Told::of(n, verdict(n), false)).collect();
        let count = |outcome| rows.clone().filter(|n| verdict(*n).0 == outcome).count();
        let counts =
            json!({ "applications": rows.len(), "accepted": count(Outcome::Accepted), "held": count(Outcome::Held), "rejected": count(Outcome::Rejected) });
        let folder = format!("returns/{code}/P{package}");
        let files = vec![
            self.file("", &format!("{folder}/answers.csv"), answers_csv(&told)),
            self.file("", &format!("{folder}/answers.jsonl"), answers_jsonl(&told)),
            self.file("", &format!("{folder}/answer.json"), serde_json::to_vec(&counts).unwrap()),
            self.file("", &format!("{folder}/letter.html"), letter_html(&told)),
            self.file("", &format!("{folder}/letter.pdf"), b"%PDF".to_vec()),
        ];
        self.entries.push(Entry::PackageAnswered(PackageAnswered { package, files, at: NIGHT }));
    }

    fn cards(&self) -> Vec<Option<TestCard>> {
        let card = |(position, n): (usize, &usize)| {
            let a = application(*n);
            let (kept, own) = (validated(*n), number(position as u32));
            let record = Keyed::of(&PEPPER, "record", &[&a.canonical(), &Digest::of(&kept).0, own.as_bytes(), &1_u32.to_be_bytes()]);
            (*n != SPOILT).then(|| TestCard {
                position: position as u32 + 1,
                slot: position as u32 % JOB_CARDS + 1,
                number: own,
                generation: 1,
                outlet: outlet_of(*n).into(),
                mail: matches!(a.delivery, Delivery::Mail(_)),
                record,
                receipt: a.receipt_number.unwrap_or_default(),
                photo: kept,
            })
        };
        CUT.iter().enumerate().map(card).collect()
    }

    fn batch(&mut self, plant: &minisign::KeyPair) {
        let batch = BatchId::parse(BATCH).unwrap();
        let cut = |(i, n): (usize, &usize)| CutCard { ordinal: Ordinal(*n as u64), number: number(i as u32), generation: 1 };
        self.entries.push(Entry::BatchCut(BatchCut {
            batch: batch.clone(),
            frozen_at: NIGHT,
            release_id: Digest([1; 32]),
            profile: "hubei-foreigner-2025".into(),
            cards_per_job: JOB_CARDS,
            numbers_next: vec![("H".into(), CUT.len() as u64)],
            registers: Vec::new(),
            arrived_until: Ordinal(8),
            cards: CUT.iter().enumerate().map(cut).collect(),
        }));
        let reasons = vec![Reason::new(Code::Out03, "photo differs", "as validated")];
        let spoilt = Moved { ordinal: Ordinal(SPOILT as u64), outcome: Outcome::Held, reasons, cause: Cause::Spoilt, who: "cardline".into(), at: NIGHT };
        self.entries.push(Entry::Moved(spoilt));
        let cards = self.cards();
        let mut listed = Vec::new();
        for (job, slots) in (1..).zip(cards.chunks(JOB_CARDS as usize)) {
            listed.extend(self.job(&batch, job, slots));
        }
        let cards: Vec<TestCard> = cards.into_iter().flatten().collect();
        listed.extend(self.dispatch(&cards));
        self.seal(&batch, &cards, listed, plant);
        let files = self.night_answers();
        self.write(&format!("batches/{BATCH}/report.html"), b"<p>".to_vec());
        self.entries.push(Entry::BatchDispatched(BatchDispatched { batch, files, at: NIGHT }));
    }

    fn job(&mut self, batch: &BatchId, job: u32, slots: &[Option<TestCard>]) -> Vec<FileDigest> {
        let cards: Vec<TestCard> = slots.iter().flatten().cloned().collect();
        let void: Vec<u32> = slots.iter().zip(1..).filter(|(c, _)| c.is_none()).map(|(_, slot)| slot).collect();
        let mut files = vec![
            (format!("print/job-{job:04}.pdf"), views::print(&cards)),
            (format!("encode/job-{job:04}.txt"), views::text(&cards)),
            (format!("encode/job-{job:04}.cps"), views::cps(BATCH, job, &cards)),
        ];
        for (path, bytes) in &mut files {
            (self.twist.file)(&format!("batches/{BATCH}/{path}"), bytes);
        }
        files.push((format!("print/job-{job:04}.sheet.json"), views::sheet(BATCH, job, &void, &files, &cards)));
        let (last, first) = files.split_last().unwrap();
        let base = format!("batches/{BATCH}/");
        let mut digests = Vec::new();
        for (path, bytes) in first {
            self.disk.put(&format!("{base}{path}"), bytes.clone());
            digests.push(FileDigest { path: path.clone(), len_bytes: bytes.len() as u64, digest: Digest::of(bytes) });
        }
        digests.push(self.file(&base, &last.0, last.1.clone()));
        let records = slots.iter().map(|c| c.as_ref().map(|c| c.record)).collect();
        self.entries.push(Entry::JobMade(JobMade { batch: batch.clone(), job, files: digests.clone(), records }));
        digests
    }

    fn dispatch(&mut self, cards: &[TestCard]) -> Vec<FileDigest> {
        let list = |cards: &[TestCard], bundle: u32| {
            let row = |c: &TestCard| format!("{bundle},{:04},1,{},{},1,N,,A,{},{}\r\n", job_of(c), place(c), c.number, c.receipt, c.record);
            format!(
                "bundle,box,tray,position,card_number,generation,name,name_zh,application_id,receipt_number,record\r\n{}",
                cards.iter().map(row).collect::<String>()
            )
        };
        let courier = |c: &TestCard| {
            format!(
                "{BATCH}-{:06},{},1,{},\"'=EXAMPLE, \"\"ANNA\"\"\",湖北省武汉市示例路1号,430000,1,0.00,{:04},1,{},{}\r\n",
                c.position,
                c.number,
                c.receipt,
                job_of(c),
                place(c),
                c.record
            )
        };
        let staff = |c: &TestCard| {
            let (code, name, staff, letter) = EMPLOYER;
            format!("2,{code},{name},{staff},{letter},{:04},1,{},{},1,N,,{},{}\r\n", job_of(c), place(c), c.number, c.receipt, c.record)
        };
        let staff_head = "bundle,employer_code,employer,staff,letter,box,tray,position,card_number,generation,name,name_zh,receipt_number,record\r\n";
        let staff: String = cards[2..4].iter().map(staff).collect();
        let head = "order,card_number,generation,receipt_number,recipient,address,postcode,phone,fee_yuan,box,tray,position,record\r\n";
        let mailed: String = cards.iter().filter(|c| c.mail).map(courier).collect();
        let bundles = "bundle,kind,lane,outlet,employer_code,cards,first_position,last_position\r\n\
            1,outlet,normal,WH-01,,2,1,2\r\n2,outlet,normal,WH-02,91350100M000100Y43,2,4,5\r\n3,mail,normal,WH-01,,1,6,6\r\n";
        let event = |c: &TestCard| json!({ "event": "card-produced", "card_number": c.number, "generation": 1 }).to_string() + "\n";
        let base = format!("batches/{BATCH}/");
        vec![
            self.file(&base, "dispatch/WH-01/bundle-0001.csv", list(&cards[..2], 1).into_bytes()),
            self.file(&base, "dispatch/WH-02/bundle-0002.csv", list(&cards[2..4], 2).into_bytes()),
            self.file(&base, "dispatch/WH-02/bundle-0002-staff.csv", format!("{staff_head}{staff}").into_bytes()),
            self.file(&base, "dispatch/bundles.csv", bundles.as_bytes().to_vec()),
            self.file(&base, "dispatch/ecard-events.jsonl", cards.iter().map(event).collect::<String>().into_bytes()),
            self.file(&base, "dispatch/mail/courier.csv", format!("{head}{mailed}").into_bytes()),
        ]
    }

    fn seal(&mut self, batch: &BatchId, cards: &[TestCard], mut listed: Vec<FileDigest>, plant: &minisign::KeyPair) {
        listed.sort_by(|a, b| a.path.cmp(&b.path));
        let file = |f: &FileDigest| json!({ "path": f.path, "bytes": f.len_bytes, "sha256": f.digest.to_string() });
        let manifest = json!({
            "format": "cardline-batch/1", "batch": BATCH, "profile": "hubei-foreigner-2025", "release_id": Digest([1; 32]).to_string(), "issued_on": "2025-06-01",
            "applications": CUT.len(), "cards": cards.len(), "void": CUT.len() - cards.len(), "jobs": 3, "bundles": 3, "files": listed.iter().map(file).collect::<Vec<_>>(),
        });
        let path = format!("batches/{BATCH}/manifest.json");
        let bytes = self.write(&path, serde_json::to_vec_pretty(&manifest).unwrap());
        let id = crate::minisig::key_id_of_public(&plant.pk.to_base64()).unwrap();
        let comment = format!("signature from key {id}");
        let signature = minisign::sign(Some(&plant.pk), &plant.sk, bytes.as_slice(), Some("batch"), Some(&comment)).unwrap();
        self.write(&format!("{path}.minisig"), signature.to_string().into_bytes());
        let manifest = Digest::of(&bytes);
        let sealed = BatchSealed { batch: batch.clone(), manifest, cards: cards.len() as u32, void: 1, jobs: 3, bundles: 3, at: NIGHT };
        self.entries.push(Entry::BatchSealed(sealed));
        self.entries.push(Entry::BatchReleased(BatchReleased { batch: batch.clone(), by: vec!["automatic".into()], manifest, at: NIGHT }));
    }

    fn night_answers(&mut self) -> Vec<FileDigest> {
        let mut files = Vec::new();
        for (code, rows) in PACKAGES {
            let told = |n: usize| match n {
                SPOILT => Told::of(n, (Outcome::Held, vec![Reason::new(Code::Out03, "photo differs", "as validated")]), false),
                n => Told::of(n, verdict(n), CUT.contains(&n)),
            };
            let told: Vec<Told> = rows.map(told).collect();
            files.push(self.file("", &format!("returns/{code}/night-{BATCH}.csv"), answers_csv(&told)));
            files.push(self.file("", &format!("returns/{code}/night-{BATCH}.jsonl"), answers_jsonl(&told)));
            files.push(self.file("", &format!("returns/{code}/night-{BATCH}.html"), letter_html(&told)));
            files.push(self.file("", &format!("returns/{code}/night-{BATCH}.pdf"), b"%PDF".to_vec()));
        }
        files
    }

    /// Results of three cards, and the life of one.
    fn reported(&mut self) {
        let result =
            |position: u32, result| CardResult { number: number(position), result, card_identification: None, atr: None, box_position: None, failure: None };
        let batch = BatchId::parse(BATCH).unwrap();
        let cards = vec![result(0, MachineResult::Good), result(1, MachineResult::Spoiled), result(3, MachineResult::Unknown)];
        self.entries.push(Entry::Results(Results { batch, file: Digest([5; 32]), cards, at: NIGHT + 60 }));
        for kind in [CardEventKind::Received, CardEventKind::Collected, CardEventKind::ActivatedBank] {
            self.entries.push(Entry::CardEvent(CardEvent { number: number(0), generation: 1, kind, who: "clerk".into(), at: NIGHT + 70 }));
        }
    }

    fn journal(&mut self) {
        (self.twist.entries)(&mut self.entries);
        let mut journal = ledger::Journal::create(self.disk.shared(), "p").unwrap().with_segment_bytes(3000);
        for (i, entry) in self.entries.iter().enumerate() {
            journal.append(entry).unwrap();
            // Commits of one and of two records.
            if i % 3 != 1 {
                journal.commit().unwrap();
            }
        }
        journal.close().unwrap();
    }
}

fn outlet_of(n: usize) -> &'static str {
    if n < 5 { "WH-01" } else { "WH-02" }
}

fn job_of(c: &TestCard) -> u32 {
    (c.position - 1) / JOB_CARDS + 1
}

fn place(c: &TestCard) -> String {
    format!("{:04}-{:04}", job_of(c), c.slot)
}
