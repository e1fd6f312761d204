//! Print jobs against a printer that says what the test wants. Kills are in `print_kills.rs`, real bytes over IPP in `it/print.rs`.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use card::{BatchId, Code, Digest, Keyed, Ordinal, Profile};
use ledger::book::Book;
use ledger::book::state::HandoverStage;
use ledger::disk::Disk;
use ledger::entry::{
    BatchCut, BatchReleased, BatchSealed, DeviceAdded, DeviceKind, Entry, FileDigest, HandoverBegun, HandoverDone, JobMade, Millis, PrinterAdded,
};
use ledger::fault::Fault;
use ledger::index::MemIndex;
use ledger::publish::publish;
use line::ports::{Clock, Media, PrintOrder, PrintProgress, PrintStage, Printer, PrinterFault, PrinterState};
use line::print::{Desk, Printed, Printing, UNANSWERED_MAX};
use testkit::world::SimDisk;

use super::plant::NOW;

const PDF: &[u8] = b"the print file";
const SECOND: Millis = 1000;
/// Refusals that leave no doubt, as docs/formats/printing.md lists them.
const REFUSALS: [u16; 17] = [0x400, 0x401, 0x402, 0x403, 0x404, 0x406, 0x407, 0x409, 0x40a, 0x40b, 0x40c, 0x40d, 0x40e, 0x501, 0x503, 0x506, 0x507];

/// Seconds pass with every look.
#[derive(Default)]
pub struct Ticking(AtomicU64);

impl Clock for Ticking {
    fn now(&self) -> Millis {
        NOW
    }

    fn seconds(&self) -> f64 {
        self.0.fetch_add(1, Ordering::Relaxed) as f64
    }
}

/// What the printer answers; what it got.
pub struct Scripted {
    state: Result<PrinterState, PrinterFault>,
    validate: Result<(), PrinterFault>,
    print: Result<i32, PrinterFault>,
    progress: Vec<Result<PrintProgress, PrinterFault>>,
    got: Vec<(PrintOrder, Vec<u8>)>,
    pauses: u32,
}

fn lost() -> PrinterFault {
    PrinterFault::NoAnswer("gone".into())
}

fn status(status: u16) -> PrinterFault {
    PrinterFault::Status { status, text: "no".into() }
}

pub fn at(stage: PrintStage, impressions: u32) -> PrintProgress {
    PrintProgress { stage, impressions: Some(impressions), reasons: vec!["why".into()] }
}

impl Scripted {
    pub fn fine() -> Self {
        let media = vec![Media { name: "id-1".into(), x_hundredths_mm: 5398, y_hundredths_mm: 8560 }];
        let state = PrinterState {
            accepting: true,
            takes_pdf: true,
            prints_jobs: true,
            validates: true,
            sides: vec!["two-sided-long-edge".into()],
            media_ready: Some(media),
            ..PrinterState::default()
        };
        let progress = vec![Ok(at(PrintStage::UnderWay, 1)), Ok(at(PrintStage::Completed, 2))];
        Self { state: Ok(state), validate: Ok(()), print: Ok(7), progress, got: Vec::new(), pauses: 0 }
    }
}

impl Printer for Scripted {
    fn state(&mut self) -> Result<PrinterState, PrinterFault> {
        self.state.clone()
    }

    fn validate(&mut self, _: &PrintOrder) -> Result<(), PrinterFault> {
        self.validate.clone()
    }

    fn print(&mut self, order: &PrintOrder, pdf: &[u8]) -> Result<i32, PrinterFault> {
        self.got.push((order.clone(), pdf.to_vec()));
        self.print.clone()
    }

    /// The last answer stays.
    fn progress(&mut self, printer_job: i32) -> Result<PrintProgress, PrinterFault> {
        assert_eq!(printer_job, 7);
        if self.progress.len() > 1 { self.progress.remove(0) } else { self.progress[0].clone() }
    }

    fn pause(&mut self) {
        self.pauses += 1;
    }
}

/// A book that stays open: nobody else wants it here.
pub struct Kept<'a>(pub &'a mut Book);

impl Desk for Kept<'_> {
    fn book(&mut self) -> Result<&mut Book, Fault> {
        Ok(self.0)
    }

    fn leave(&mut self) -> Result<(), Fault> {
        Ok(())
    }
}

/// A released batch of two jobs with a card each, and two printers over IPP.
struct Night {
    disk: Arc<SimDisk>,
    book: Book,
    profile: Profile,
    clock: Ticking,
    /// Looks after which somebody has asked to stop.
    stop_after: u32,
}

pub fn printing<'a>(plant: &'a SimDisk, clock: &'a Ticking, profile: &'a Profile) -> Printing<'a> {
    Printing { plant, clock, profile, device: "ip-1", who: "wu", sides: "two-sided-long-edge", deadline_seconds: 60, stop: &|| false }
}

pub fn profile() -> Profile {
    Profile::built_in("hubei-foreigner-2025", jiff::civil::date(2026, 11, 22)).unwrap_or_else(|e| panic!("{e}"))
}

fn batch() -> BatchId {
    BatchId::parse("B20250601-01").unwrap()
}

fn print_file(job: u32) -> FileDigest {
    FileDigest { path: format!("print/job-{job:04}.pdf"), len_bytes: PDF.len() as u64, digest: Digest::of(PDF) }
}

fn sheet(job: u32) -> FileDigest {
    FileDigest { path: format!("print/job-{job:04}.sheet.json"), ..print_file(job) }
}

impl Night {
    fn new() -> Self {
        let disk = Arc::new(SimDisk::default());
        let listed: Vec<serde_json::Value> = [1, 2]
            .iter()
            .flat_map(|job| [print_file(*job), sheet(*job)])
            .map(|f| serde_json::json!({"path": f.path, "bytes": f.len_bytes, "sha256": f.digest.to_string()}))
            .collect();
        let manifest = serde_json::json!({ "files": listed }).to_string();
        let mut night = Self {
            book: Book::create(disk.clone(), Box::new(MemIndex::default()), "p").unwrap(),
            disk,
            profile: profile(),
            clock: Ticking::default(),
            stop_after: u32::MAX,
        };
        night.disk.create_dir(&format!("batches/{}/print", batch())).unwrap();
        night.lay("manifest.json", manifest.as_bytes());
        [1, 2].iter().flat_map(|job| [print_file(*job), sheet(*job)]).for_each(|f| night.lay(&f.path, PDF));
        let manifest = Digest::of(manifest.as_bytes());
        let cut = BatchCut {
            batch: batch(),
            frozen_at: NOW,
            release_id: Digest([0; 32]),
            profile: String::new(),
            cards_per_job: 1,
            numbers_next: vec![("H".into(), 2)],
            registers: Vec::new(),
            arrived_until: Ordinal(2),
            cards: Vec::new(),
        };
        let made = |job: u32| JobMade { batch: batch(), job, files: vec![print_file(job), sheet(job)], records: vec![Some(Keyed([1; 16]))] };
        night.tell(Entry::BatchCut(cut));
        night.tell(Entry::JobMade(made(1)));
        night.tell(Entry::JobMade(made(2)));
        night.tell(Entry::BatchSealed(BatchSealed { batch: batch(), manifest, cards: 2, void: 0, jobs: 2, bundles: 1, at: NOW }));
        night.tell(Entry::BatchReleased(BatchReleased { batch: batch(), by: vec!["automatic".into()], manifest, at: NOW }));
        for device in ["ip-1", "ip-2"] {
            let (device, uri) = (device.to_owned(), format!("ipps://{device}/ipp/print"));
            night.tell(Entry::PrinterAdded(PrinterAdded { device, uri, who: "li".into(), signature: None, at: NOW }));
        }
        night
    }

    fn lay(&self, path: &str, bytes: &[u8]) {
        publish(&*self.disk, &format!("batches/{}/{path}", batch()), |out| out.write_all(bytes)).unwrap();
    }

    fn tell(&mut self, entry: Entry) {
        self.book.record(&entry).unwrap();
    }

    fn print(&mut self, device: &str, job: u32, printer: &mut Scripted) -> Result<Printed, Fault> {
        let (looks, stop_after) = (Cell::new(0_u32), self.stop_after);
        let stop = || looks.replace(looks.get() + 1) >= stop_after;
        let printing = Printing { device, ..printing(&self.disk, &self.clock, &self.profile) };
        Printing { stop: &stop, ..printing }.print(&mut Kept(&mut self.book), &batch(), job, printer, &mut |_| ())
    }

    #[track_caller]
    fn refused(&mut self, device: &str, job: u32, printer: &mut Scripted, code: Code) -> String {
        let fault = self.print(device, job, printer).expect_err("a refusal");
        assert!(matches!(&fault, Fault::Refused { code: found, .. } if *found == code), "{fault}");
        fault.to_string()
    }

    fn stage(&self, number: u64) -> Option<HandoverStage> {
        self.book.handover("ip-1", number).unwrap().map(|h| h.stage)
    }
}

#[test]
fn a_job_is_printed_once_with_its_own_bytes_and_name() {
    let (mut night, mut printer) = (Night::new(), Scripted::fine());
    let printed = night.print("ip-1", 2, &mut printer).unwrap();
    assert_eq!(printed, Printed { number: 1, impressions: Some(2), before: false });
    let (order, bytes) = &printer.got[0];
    assert_eq!((order.name.as_str(), order.who.as_str(), bytes.as_slice()), ("B20250601-01/2 token 1", "wu", PDF));
    assert_eq!(night.stage(1), Some(HandoverStage::Arrived));
    let again = night.print("ip-1", 2, &mut printer).unwrap();
    assert!(again.before && printer.got.len() == 1, "asked again it prints nothing");
    assert_eq!(night.print("ip-1", 1, &mut Scripted::fine()).unwrap().number, 2);
}

#[test]
fn what_the_printer_says_before_it_gets_anything_uses_no_token() {
    let mut night = Night::new();
    let said = |change: fn(&mut Scripted)| {
        let mut printer = Scripted::fine();
        change(&mut printer);
        printer
    };
    let a4 = |p: &mut Scripted| {
        let media = vec![Media { name: "iso_a4_210x297mm".into(), x_hundredths_mm: 21_000, y_hundredths_mm: 29_700 }];
        p.state = p.state.clone().map(|s| PrinterState { media_ready: Some(media), ..s });
    };
    for (mut printer, code) in [
        (said(|p| p.state = Err(lost())), Code::Prn03),
        (said(|p| p.validate = Err(lost())), Code::Prn03),
        (said(|p| p.validate = Err(status(0x040b))), Code::Prn04),
        (said(|p| p.state = p.state.clone().map(|s| PrinterState { accepting: false, ..s })), Code::Prn04),
        (said(a4), Code::Prn05),
    ] {
        night.refused("ip-1", 1, &mut printer, code);
        assert!(printer.got.is_empty() && night.stage(1).is_none());
    }
}

#[test]
fn only_a_refusal_of_what_was_asked_makes_a_token_void() {
    let mut night = Night::new();
    for (number, refusal) in (1..).zip(REFUSALS) {
        let mut printer = Scripted::fine();
        printer.print = Err(status(refusal));
        night.refused("ip-1", 1, &mut printer, Code::Prn06);
        assert_eq!(night.stage(number), Some(HandoverStage::Void), "{refusal:04x}");
    }
    assert_eq!(night.print("ip-1", 1, &mut Scripted::fine()).unwrap().number, REFUSALS.len() as u64 + 1);
    for unclear in [0x0405, 0x0408, 0x0410, 0x0411, 0x0500, 0x0504, 0x0505, 0x0508, 0xffff] {
        let (mut night, mut printer) = (Night::new(), Scripted::fine());
        printer.print = Err(status(unclear));
        night.refused("ip-1", 1, &mut printer, Code::Prn07);
        assert_eq!(night.stage(1), Some(HandoverStage::InDoubt), "{unclear:04x}");
    }
}

#[test]
fn what_has_no_clear_end_is_in_doubt_and_stops_the_printer_and_the_job() {
    let endings: [fn(&mut Scripted); 5] = [
        |p| p.print = Err(lost()),
        |p| p.progress = vec![Ok(at(PrintStage::Aborted, 0))],
        |p| p.progress = vec![Ok(at(PrintStage::Canceled, 1))],
        |p| p.progress = vec![Ok(at(PrintStage::UnderWay, 0))],
        |p| p.progress = vec![Err(lost())],
    ];
    for (nth, ending) in endings.iter().enumerate() {
        let (mut night, mut printer) = (Night::new(), Scripted::fine());
        ending(&mut printer);
        night.refused("ip-1", 1, &mut printer, Code::Prn07);
        assert_eq!((night.stage(1), printer.got.len()), (Some(HandoverStage::InDoubt), 1), "ending {nth}");
        let mut fine = Scripted::fine();
        night.refused("ip-1", 1, &mut fine, Code::Hnd01);
        night.refused("ip-1", 2, &mut fine, Code::Hnd01);
        night.refused("ip-2", 1, &mut fine, Code::Hnd01);
        assert!(fine.got.is_empty(), "ending {nth}");
        night.print("ip-2", 2, &mut fine).unwrap();
    }
}

#[test]
fn questions_left_unanswered_now_and_then_are_asked_again() {
    let (mut night, mut printer) = (Night::new(), Scripted::fine());
    let rounds = std::iter::repeat_n(Err(lost()), UNANSWERED_MAX as usize - 1).chain([Ok(at(PrintStage::UnderWay, 1))]);
    printer.progress = rounds.clone().chain(rounds).chain([Ok(at(PrintStage::Completed, 2))]).collect();
    assert_eq!(night.print("ip-1", 1, &mut printer).unwrap().impressions, Some(2));
    assert!(printer.pauses >= 2 * UNANSWERED_MAX);
}

#[test]
fn a_stop_before_it_is_sent_sends_nothing_and_one_while_it_prints_leaves_it_in_doubt() {
    let (mut night, mut printer) = (Night::new(), Scripted::fine());
    night.stop_after = 0;
    assert!(matches!(night.print("ip-1", 1, &mut printer), Err(Fault::Stopped(_))));
    assert!(printer.got.is_empty() && night.stage(1).is_none());
    night.stop_after = 1;
    let said = night.refused("ip-1", 1, &mut printer, Code::Prn07);
    assert!(said.contains("stopped") && said.contains("job 7"), "{said}");
}

#[test]
fn a_job_goes_one_way_only() {
    let mut night = Night::new();
    let device = |name: &str, sealed_only| {
        let recipient = format!("age1{name}");
        DeviceAdded { device: name.into(), kind: DeviceKind::Printer, recipient, sealed_only, who: "li".into(), signature: None, at: NOW }
    };
    night.tell(Entry::DeviceAdded(device("pr-1", false)));
    night.tell(Entry::DeviceAdded(device("pr-2", true)));
    for name in ["pr-1", "pr-2"] {
        night.refused(name, 1, &mut Scripted::fine(), Code::Prn01);
    }
    night.refused("ip-9", 1, &mut Scripted::fine(), Code::Hnd02);
    let header = Digest([9; 32]);
    let (manifest, who) = (Digest([1; 32]), "wu".to_owned());
    let mut token = HandoverBegun {
        device: "pr-1".into(),
        number: 1,
        batch: batch(),
        job: 1,
        file: sheet(1),
        cards: 1,
        manifest,
        previous: None,
        header,
        not_after: NOW + SECOND,
        who,
        at: NOW,
    };
    night.tell(Entry::HandoverBegun(token.clone()));
    night.refused("ip-1", 1, &mut Scripted::fine(), Code::Hnd01);
    let done = HandoverDone { device: "pr-1".into(), number: 1, envelope_len_bytes: 1, envelope: header, at: NOW };
    night.tell(Entry::HandoverDone(done));
    night.refused("ip-1", 1, &mut Scripted::fine(), Code::Hnd03);
    night.print("ip-1", 2, &mut Scripted::fine()).unwrap();
    night.refused("ip-2", 2, &mut Scripted::fine(), Code::Hnd03);
    // What leaves for an encoder doesn't stand in the way.
    (token.number, token.job, token.file.path) = (2, 1, "encode/job-0001.txt".into());
    assert!(night.print("ip-2", 3, &mut Scripted::fine()).is_err_and(|fault| fault.exit_code() == 64), "there is no third job");
}

#[test]
fn changed_bytes_never_leave() {
    let mut night = Night::new();
    night.disk.remove(&format!("batches/{}/print/job-0001.pdf", batch())).unwrap();
    night.lay("print/job-0001.pdf", b"the print filf");
    let mut printer = Scripted::fine();
    night.refused("ip-1", 1, &mut printer, Code::Out01);
    night.disk.remove(&format!("batches/{}/manifest.json", batch())).unwrap();
    night.lay("manifest.json", b"{\"files\":[]}");
    night.refused("ip-1", 2, &mut printer, Code::Out01);
    assert!(printer.got.is_empty() && night.stage(1).is_none());
}
