//! Print jobs by the command line, on a small real plant, against a printer over IPP that answers what the test wants: what goes over the
//! wire, every refusal, and what is in doubt afterwards. Kills at every operation are in `world/print.rs`, a real IPP server in
//! `system_print.rs`.

use std::fs;
use std::process::Output;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use plant::PlantLock;

use crate::handover::{Bureau, fine, refused};
use crate::ipp_printer::{GET_JOB, GET_PRINTER, IppPrinter, PRINT_JOB, Reply, VALIDATE_JOB, answer, fine as prints, fine_but, http, job, printer, value};
use crate::plant::{Plant, text};

impl Bureau {
    pub fn printer(&self, device: &str, uri: &str) -> Output {
        let key = self.path("li.key");
        self.plant.run(&["devices", "add", device, "--kind", "printer", "--uri", uri, "--as", "li", "--key", &key])
    }

    pub fn print(&self, job: u32, device: &str) -> Output {
        self.plant.run(&["print", &format!("{}/{job}", self.batch), "--device", device, "--as", "wu"])
    }

    pub fn pdf(&self, job: u32) -> Vec<u8> {
        fs::read(self.plant.root.join("batches").join(&self.batch).join(format!("print/job-{job:04}.pdf"))).unwrap()
    }

    /// How the hand-overs in doubt stand in `status`.
    fn status(&self) -> String {
        self.plant.ok(&["status"])
    }
}

/// A bureau whose jobs have few cards, with a printer that follows the script.
fn bureau(seed: u64, script: impl Fn(&crate::ipp_printer::Got, usize) -> Reply + Send + 'static) -> (Bureau, IppPrinter) {
    let plant = Plant::stocked(24, seed);
    plant.configure("cards_per_job", "8");
    let bureau = Bureau::of(plant);
    let printer = IppPrinter::start(script);
    fine(&bureau.printer("ip-1", &printer.uri()));
    (bureau, printer)
}

#[test]
fn a_job_goes_over_the_wire_once_as_it_was_sealed() {
    let (b, printer) = bureau(181, prints);
    let said = fine(&b.print(1, "ip-1"));
    assert!(said.contains("/1 printed at ip-1 as hand-over 1, 80 sides"), "{said}");
    let sent = printer.got(PRINT_JOB);
    assert!(sent.len() == 1 && sent[0].document == b.pdf(1), "the sealed print file, once");
    for request in [&sent[0], &printer.got(VALIDATE_JOB)[0]] {
        assert_eq!(request.text("job-name"), format!("{}/1 token 1", b.batch));
        let texts = ["requesting-user-name", "document-format", "sides", "print-scaling", "printer-uri"].map(|name| request.text(name));
        assert_eq!(texts, ["wu", "application/pdf", "two-sided-long-edge", "none", printer.uri().as_str()]);
        assert_eq!([request.number("copies"), request.number("x-dimension"), request.number("y-dimension")], [Some(1), Some(5398), Some(8560)]);
        assert_eq!(request.values["ipp-attribute-fidelity"], [[1]]);
    }
    assert!(printer.got(VALIDATE_JOB)[0].document.is_empty());
    assert_eq!(printer.got(GET_JOB)[0].number("job-id"), Some(41));
    let again = fine(&b.print(1, "ip-1"));
    assert!(again.contains("before as hand-over 1") && again.contains("nothing was printed"), "{again}");
    assert_eq!(printer.got(PRINT_JOB).len(), 1);
    let shown = b.plant.ok(&["ledger", "show", "run-1"]);
    assert!(shown.contains("hand-over 1 to ip-1: the printer says completed, the printer's job 41, 80 sides"), "{shown}");
    let list = b.plant.ok(&["devices", "list"]);
    assert!(list.contains(&format!("ip-1  printer  {}  1 hand-overs", printer.uri())), "{list}");
    b.verified();
}

#[test]
fn a_print_file_goes_to_a_printer_or_in_an_envelope_never_both() {
    let (b, printer) = bureau(182, prints);
    let other = IppPrinter::start(prints);
    fine(&b.printer("ip-2", &other.uri()));
    fine(&b.print(1, "ip-1"));
    refused(&b.print(1, "ip-2"), 77, "HND-03");
    refused(&b.hand_over("pr-1", &["1"]), 77, "HND-03");
    fine(&b.hand_over("pr-1", &["2"]));
    refused(&b.print(2, "ip-1"), 77, "HND-03");
    let whole = fine(&b.hand_over("pr-1", &[]));
    assert!(whole.contains("job 3 print/job-0003.pdf handed over") && !whole.contains("job 1 print/job-0001.sheet"), "{whole}");
    fine(&b.hand_over("en-1", &[]));
    assert_eq!((printer.got(PRINT_JOB).len(), other.got(PRINT_JOB).len()), (1, 0));
    b.verified();
}

#[test]
fn wrong_media_or_a_printer_that_is_not_ready_is_refused_and_uses_no_token() {
    let (b, printer) = bureau(183, |got, before| match (got.operation, before) {
        (GET_PRINTER, 0) => Reply::Status(0, printer(&[(21_000, 29_700), (21_590, 27_940)])),
        (GET_PRINTER, 1) => Reply::Status(0, Vec::new()),
        (VALIDATE_JOB, 0) => Reply::Status(0x040b, Vec::new()),
        _ => prints(got, before),
    });
    let output = b.print(1, "ip-1");
    refused(&output, 69, "PRN-05");
    let said = text(&output.stderr);
    assert!(said.contains("wanted: 53.98 × 85.60 mm") && said.contains("loaded: tray_0 (210.00 × 297.00 mm), tray_1"), "{said}");
    refused(&b.print(1, "ip-1"), 69, "PRN-04 the printer is not accepting jobs");
    let output = b.print(1, "ip-1");
    refused(&output, 69, "PRN-04 it would refuse the job: status 040b as the test wants?[2J");
    assert!(printer.got(PRINT_JOB).is_empty() && b.in_doubt() == 0);
    assert!(fine(&b.print(1, "ip-1")).contains("as hand-over 1"), "no token was used");
    b.verified();
}

/// A printer takes hours over a job: meanwhile the plant is everybody's, the job nobody's to settle, and the end waits for whoever has the plant.
#[test]
fn while_a_printer_is_at_work_the_plant_is_free() {
    let (at_work, may_end) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let (seen, ends) = (Arc::clone(&at_work), Arc::clone(&may_end));
    let (b, _printer) = bureau(188, move |got, before| match got.operation {
        GET_JOB if !ends.load(Ordering::SeqCst) => {
            seen.store(true, Ordering::SeqCst);
            Reply::Status(0, job(41, 5, 3))
        }
        _ => prints(got, before),
    });
    let other = IppPrinter::start(prints);
    fine(&b.printer("ip-2", &other.uri()));
    let until = |holds: &dyn Fn() -> bool| {
        let since = Instant::now();
        while !holds() {
            assert!(since.elapsed() < Duration::from_secs(120), "nothing happens");
            thread::sleep(Duration::from_millis(20));
        }
    };
    let standing = || serde_json::from_str::<serde_json::Value>(&b.plant.ok(&["status", "--json"])).unwrap();
    thread::scope(|scope| {
        let printing = scope.spawn(|| b.print(1, "ip-1"));
        until(&|| at_work.load(Ordering::SeqCst));
        let status = b.status();
        assert!(status.contains("/1 at ip-1 as hand-over 1: process ") && !status.contains("IN DOUBT"), "{status}");
        assert_eq!((standing()["printing"].as_array().unwrap().len(), b.in_doubt()), (1, 0));
        refused(&b.resolve_at("ip-1", "1", "arrived", "wu"), 75, "LCK-01 ip-1 is in use by process");
        refused(&b.print(2, "ip-1"), 75, "LCK-01 ip-1 is in use by process");
        refused(&b.print(1, "ip-2"), 77, "HND-01");
        assert!(fine(&b.print(2, "ip-2")).contains("as hand-over 1"), "another printer prints beside it");
        b.plant.ok(&["run"]);
        b.plant.ok(&["verify"]);
        let (plant, _) = PlantLock::take(&b.plant.root, "somebody", 0).unwrap();
        may_end.store(true, Ordering::SeqCst);
        thread::sleep(Duration::from_millis(1500));
        assert!(!printing.is_finished(), "its end is to be written down first");
        plant.release().unwrap();
        let said = fine(&printing.join().unwrap());
        assert!(said.contains("/1 printed at ip-1 as hand-over 1"), "{said}");
    });
    assert_eq!((standing()["printing"].as_array().unwrap().len(), b.in_doubt()), (0, 0));
    b.verified();
}

#[test]
fn a_print_that_is_killed_is_at_work_no_more() {
    let at_work = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&at_work);
    let (b, _printer) = bureau(189, move |got, before| {
        seen.fetch_or(got.operation == GET_JOB, Ordering::SeqCst);
        if got.operation == GET_JOB { Reply::Status(0, job(41, 5, 3)) } else { prints(got, before) }
    });
    let mut printing = b.plant.command(&["print", &format!("{}/1", b.batch), "--device", "ip-1", "--as", "wu"]).spawn().unwrap();
    while !at_work.load(Ordering::SeqCst) && printing.try_wait().unwrap().is_none() {
        thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(b.in_doubt(), 0);
    printing.kill().unwrap();
    printing.wait().unwrap();
    assert!(b.in_doubt() == 1 && b.status().contains("IN DOUBT      hand-over 1 to ip-1"));
    b.plant.ok(&["run"]);
    refused(&b.print(1, "ip-1"), 77, "HND-01");
    for person in ["wu", "li"] {
        fine(&b.resolve_at("ip-1", "1", "arrived", person));
    }
    assert!(fine(&b.print(1, "ip-1")).contains("nothing was printed"));
    b.verified();
}

#[test]
fn a_job_the_printer_refused_may_be_printed_again() {
    let (b, printer) = bureau(184, fine_but(PRINT_JOB, |before| if before == 0 { Reply::Status(0x0507, Vec::new()) } else { Reply::Status(0, job(5, 3, 0)) }));
    refused(&b.print(1, "ip-1"), 69, "PRN-06");
    assert_eq!(b.in_doubt(), 0);
    let shown = b.plant.ok(&["ledger", "show", "run-1"]);
    assert!(shown.contains("hand-over 1 to ip-1: the printer says refused, status 0507"), "{shown}");
    assert!(fine(&b.print(1, "ip-1")).contains("as hand-over 2"));
    assert_eq!(printer.got(PRINT_JOB)[1].text("job-name"), format!("{}/1 token 2", b.batch));
    b.verified();
}

#[test]
fn a_job_cut_off_on_its_way_is_in_doubt_until_two_people_have_looked() {
    let (b, printer) = bureau(185, fine_but(PRINT_JOB, |before| if before == 0 { Reply::HangUp } else { Reply::Status(0, job(5, 3, 0)) }));
    refused(&b.print(1, "ip-1"), 75, "PRN-07");
    assert_eq!(b.in_doubt(), 1);
    let status = b.status();
    assert!(status.contains("IN DOUBT      hand-over 1 to ip-1: print/job-0001.pdf"), "{status}");
    refused(&b.print(1, "ip-1"), 77, "HND-01");
    refused(&b.print(2, "ip-1"), 77, "HND-01");
    refused(&b.hand_over("pr-1", &["1"]), 77, "HND-01");
    assert_eq!(printer.got(PRINT_JOB).len(), 1, "nothing was sent again");
    b.verified();
    fine(&b.resolve_at("ip-1", "1", "not-arrived", "wu"));
    refused(&b.print(1, "ip-1"), 77, "HND-01");
    fine(&b.resolve_at("ip-1", "1", "not-arrived", "li"));
    assert!(fine(&b.print(1, "ip-1")).contains("as hand-over 2"));
    b.verified();
}

#[test]
fn whatever_has_no_clear_end_is_in_doubt() {
    let (b, printer) = bureau(186, |got, before| match (got.operation, before) {
        (PRINT_JOB, 1) => Reply::HangUpAfter,
        (PRINT_JOB, 2) => Reply::Status(0x0411, Vec::new()),
        (PRINT_JOB, 3) => Reply::Raw(http(b"no ipp")),
        (PRINT_JOB, 4) => Reply::Status(0, Vec::new()),
        (PRINT_JOB, 5) => Reply::Raw(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n".to_vec()),
        (GET_JOB, 0) => Reply::Status(0, job(41, 5, 3)),
        (GET_JOB, 1) => Reply::Status(0, job(41, 8, 0)),
        _ => prints(got, before),
    });
    for number in 1..=6 {
        let output = b.print(1, "ip-1");
        refused(&output, 75, "PRN-07");
        let said = text(&output.stderr);
        if number == 1 {
            assert!(said.contains("printing, 3 of 16 sides") && said.contains("is aborted after 0 sides"), "{said}");
        }
        assert_eq!(b.in_doubt(), 1, "print {number}");
        for person in ["wu", "li"] {
            fine(&b.resolve_at("ip-1", &number.to_string(), "not-arrived", person));
        }
    }
    fine(&b.print(1, "ip-1"));
    assert_eq!(printer.got(PRINT_JOB).len(), 7);
    b.verified();
}

#[test]
fn answers_that_make_no_sense_are_refused_before_anything_is_sent() {
    // A text with a language whose length goes beyond it: readers that trust it die.
    let mut beyond = vec![4];
    value(&mut beyond, 0x35, "printer-state-message", &[0xff, 0xff, b'e', b'n']);
    let numbered = |groups: &[u8]| {
        answer(0, *b"####", groups).iter().fold(Vec::new(), |mut out, b| {
            // Four marks stand for one number.
            if !(*b == b'#' && out.last() == Some(&b'#')) {
                out.push(*b);
            }
            out
        })
    };
    let answers: Vec<Vec<u8>> = vec![
        http(b""),
        http(b"\x02\x00\x00\x00"),
        http(&[0xff; 4096]),
        numbered(&beyond),
        answer(0, [0; 4], &printer(&[(5398, 8560)])),
        b"HTTP/1.1 307 Temporary Redirect\r\nLocation: http://localhost:1/\r\nContent-Length: 0\r\n\r\n".to_vec(),
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n".to_vec(),
        b"SSH-2.0-x\r\n".to_vec(),
    ];
    let count = answers.len();
    let (b, printer) = bureau(187, move |got, before| match answers.get(before).filter(|_| got.operation == GET_PRINTER) {
        Some(bytes) => Reply::Raw(bytes.clone()),
        None => prints(got, before),
    });
    for nth in 0..count {
        let output = b.print(1, "ip-1");
        assert!(output.status.code() == Some(69) && text(&output.stderr).contains("PRN-03"), "answer {nth}: {}", text(&output.stderr));
    }
    assert!(printer.got(PRINT_JOB).is_empty());
    fine(&b.print(1, "ip-1"));
    b.verified();
}

#[test]
fn what_goes_to_a_printer_takes_no_way_round() {
    let (b, printer) = bureau(188, prints);
    let job = format!("{}/1", b.batch);
    let mut command = b.plant.command(&["print", &job, "--device", "ip-1", "--as", "wu"]);
    let proxy = IppPrinter::start(prints);
    for name in ["http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"] {
        command.env(name, format!("http://localhost:{}", proxy.port));
    }
    fine(&command.output().unwrap());
    assert_eq!((printer.got(PRINT_JOB).len(), proxy.got(PRINT_JOB).len()), (1, 0));
}

#[test]
fn printers_are_registered_by_who_may_at_an_address_that_stays_closed() {
    let (b, printer) = bureau(189, prints);
    for uri in ["ipp://192.0.2.7/ipp/print", "http://localhost/ipp/print", "ipp://localhost", "ipps://u:p@h/p"] {
        refused(&b.printer("ip-2", uri), 77, "PRN-02");
    }
    refused(&b.printer("ip-2", &printer.uri()), 77, "HND-04");
    refused(&b.printer("ip-1", "ipps://other.example/p"), 77, "HND-04");
    refused(&b.printer("pr-1", "ipps://other.example/p"), 77, "HND-04");
    let (key, uri) = (b.path("wu.key"), "ipps://other.example/p");
    refused(&b.plant.run(&["devices", "add", "ip-2", "--kind", "printer", "--uri", uri, "--as", "wu", "--key", &key]), 77, "AUT-04");
    refused(&b.plant.run(&["devices", "add", "ip-2", "--kind", "printer", "--uri", uri, "--as", "li"]), 77, "AUT-05");
    refused(&b.plant.run(&["devices", "add", "ip-2", "--kind", "encoder", "--uri", uri, "--as", "li"]), 64, "USE-01");
    assert_eq!(b.plant.run(&["devices", "add", "ip-2", "--kind", "printer", "--as", "li"]).status.code(), Some(64), "neither key nor address");
    refused(&b.print(1, "pr-1"), 77, "PRN-01");
    refused(&b.print(1, "ip-9"), 77, "HND-02");
    fs::create_dir(b.at("tray-ip-1")).unwrap();
    refused(&b.hand_over("ip-1", &["1"]), 77, "PRN-01");
    let job = format!("{}/1", b.batch);
    refused(&b.plant.run(&["print", &job, "--device", "ip-1", "--as", "cu"]), 77, "AUT-04");
    assert_eq!(b.print(99, "ip-1").status.code(), Some(64));
    b.plant.configure("ca", "\"nowhere.pem\"");
    fine(&b.printer("ip-2", uri));
    assert_eq!(b.print(1, "ip-2").status.code(), Some(78));
    b.plant.configure("ca", "\"pipeline.toml\"");
    refused(&b.print(1, "ip-2"), 69, "PRN-03 [print] ca holds no certificate");
    let li = b.path("li.key");
    fine(&b.plant.run(&["devices", "remove", "ip-1", "--as", "li", "--key", &li]));
    refused(&b.print(1, "ip-1"), 77, "HND-02");
    fine(&b.printer("ip-3", &printer.uri()));
    fine(&b.print(1, "ip-3"));
    b.verified();
}
