//! Scripts played through real PC/SC: pcscd with a virtual reader, the test kit's card behind it, and software that isn't ours as a
//! second reader of the same card. `bash tests/setup.sh` installs it all; where a PC/SC service runs already, or we may not start one, a
//! line says that nothing is tested. The last part is `cardline encode` itself, fed as a person would.

use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::os::linux::net::TcpStreamExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use chip::apdu::{Act, Exchange, RecordForm, Step, play_text, read_play_text, scriptor_text};
use line::encode::{Played, Spoil, play};
use line::ports::ReaderFault;
use plant::reader::PcscReader;
use testkit::card::{Tear, VirtualCard};
use vpicc::VSmartCard;

use crate::cards::{blank, keys, reading, steps};
use crate::plant::{Plant, text};

/// Below the ports that outgoing connections are given (32768 and up on Linux), where the driver's own default lies.
const PORTS_FROM: u16 = 15_483;
const DRIVER: &str = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so";
const SOCKET: &str = "/run/pcscd/pcscd.comm";
const READER: &str = "Virtual PCD 00 00";
const PATIENCE: Duration = Duration::from_secs(20);
const LOOK: Duration = Duration::from_millis(20);
const SETUP: &str = "bash tests/setup.sh";

/// A machine has one PC/SC service, tests have one at a time.
static SERVICE: Mutex<()> = Mutex::new(());

struct Service {
    pcscd: Child,
    port: u16,
    _config: tempfile::TempDir,
    _turn: MutexGuard<'static, ()>,
}

impl Service {
    fn start() -> Option<Self> {
        let turn = SERVICE.lock().unwrap_or_else(PoisonError::into_inner);
        if UnixStream::connect(SOCKET).is_ok() {
            println!("SKIPPED: another PC/SC service runs on this machine");
            return None;
        }
        if !rustix::process::geteuid().is_root() {
            println!("SKIPPED: only root can start a PC/SC service");
            return None;
        }
        assert!(Path::new(DRIVER).is_file(), "{DRIVER} is missing: {SETUP}");
        let port = (PORTS_FROM..PORTS_FROM + 100).step_by(2).find(|p| is_free(*p) && is_free(p + 1)).expect("two free ports");
        let config = tempfile::tempdir().expect("a folder");
        let reader = format!("FRIENDLYNAME \"Virtual PCD\"\nDEVICENAME /dev/null:{port:#06X}\nLIBPATH {DRIVER}\nCHANNELID {port:#06X}\n");
        std::fs::write(config.path().join("vpcd"), reader).expect("a file");
        std::fs::create_dir_all("/run/pcscd").expect("a folder");
        let mut pcscd = Command::new("/usr/sbin/pcscd");
        pcscd.args(["--foreground", "--error", "--config"]).arg(config.path()).stdout(Stdio::null()).stderr(Stdio::null());
        let pcscd = pcscd.spawn().unwrap_or_else(|e| panic!("pcscd is missing ({e}): {SETUP}"));
        let service = Self { pcscd, port, _config: config, _turn: turn };
        wait("the virtual reader", || PcscReader::names().is_ok_and(|names| names.iter().any(|n| n == READER)));
        Some(service)
    }

    fn insert(&self, card: VirtualCard) -> Inserted {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).expect("vpcd listens");
        let mine = stream.try_clone().expect("a socket");
        let thread = thread::spawn(move || serve(stream, card));
        Inserted { stream: mine, thread }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if let Some(pid) = rustix::process::Pid::from_raw(self.pcscd.id() as i32) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        let _ = self.pcscd.wait();
    }
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).is_ok()
}

fn wait(what: &str, mut until: impl FnMut() -> bool) {
    let since = Instant::now();
    while !until() {
        assert!(since.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        thread::sleep(LOOK);
    }
}

/// A card in the reader, until it is taken out or loses its power.
struct Inserted {
    stream: TcpStream,
    thread: JoinHandle<VirtualCard>,
}

impl Inserted {
    fn take_out(self, reader: &mut PcscReader) -> VirtualCard {
        reader.release();
        self.pull(reader)
    }

    /// Out of a reader that somebody else may be using.
    fn pull(self, reader: &PcscReader) -> VirtualCard {
        let _ = self.stream.shutdown(Shutdown::Both);
        let card = self.thread.join().expect("the card's thread");
        // Unless the service has seen the reader empty it takes the next card for this one.
        wait("the empty reader", || reader.has_card() == Ok(false));
        card
    }
}

/// The card on its thread; a card without power is one that isn't there.
struct Powered {
    card: VirtualCard,
    atr: Vec<u8>,
    lost: bool,
}

impl VSmartCard for Powered {
    fn atr(&self) -> &[u8] {
        &self.atr
    }

    fn power_on(&mut self) {
        self.card.reset();
    }

    fn reset(&mut self) {
        self.card.reset();
    }

    fn execute(&mut self, command: &[u8]) -> Vec<u8> {
        let answer = self.card.transmit(command);
        self.lost = answer.is_empty();
        answer
    }
}

fn serve(stream: TcpStream, card: VirtualCard) -> VirtualCard {
    let mine = stream.try_clone().expect("a socket");
    let mut connection = vpicc::Connection::from(stream);
    let mut powered = Powered { atr: card.atr(), card, lost: false };
    // vpcd writes a length and what it is the length of apart, and waits for our word in between: a delayed one is 40 ms late.
    while mine.set_quickack(true).is_ok() && connection.poll(&mut powered).is_ok() && !powered.lost {}
    let _ = mine.shutdown(Shutdown::Both);
    powered.card
}

fn reader() -> PcscReader {
    PcscReader::open(READER).unwrap_or_else(|e| panic!("{e}"))
}

/// Plays as soon as the reader has seen the card.
fn played(reader: &mut PcscReader, steps: &[Step]) -> Played {
    let mut outcome = None;
    wait("the card in the reader", || {
        outcome = play(reader, steps).ok();
        outcome.is_some()
    });
    outcome.expect("waited for")
}

fn exchanges(steps: &[Step]) -> Vec<&Exchange> {
    steps.iter().filter_map(|s| if let Act::Send(e) = &s.act { Some(e) } else { None }).collect()
}

fn tool(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).stdin(Stdio::null()).output().unwrap_or_else(|e| panic!("{program} is missing ({e}): {SETUP}"));
    // These end with 0 whatever a card answers: what they print is what counts.
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Answers as scriptor prints them: `< ` and bytes, going on in further lines, up to a colon and what the status means.
fn scriptor_answers(printed: &str) -> Vec<Vec<u8>> {
    let mut answers = Vec::new();
    let mut open: Option<String> = None;
    for line in printed.lines() {
        let (text, ends) = line.split_once(" : ").map_or((line, false), |(bytes, _)| (bytes, true));
        match (text.strip_prefix("< ").filter(|t| !t.starts_with("OK:")), &mut open) {
            (Some(first), None) => open = Some(first.to_owned()),
            (None, Some(bytes)) => bytes.extend([" ", text]),
            _ => continue,
        }
        if ends {
            answers.push(bytes(&open.take().expect("an answer")));
        }
    }
    answers
}

fn bytes(text: &str) -> Vec<u8> {
    text.split_whitespace().map(|pair| u8::from_str_radix(pair, 16).unwrap_or_else(|_| panic!("{pair:?} in {text:?}"))).collect()
}

fn by_scriptor(steps: &[Step]) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("card.apdu");
    std::fs::write(&file, scriptor_text(steps).expect("nobody authenticates")).expect("a file");
    let printed = tool("scriptor", &["-r", READER, file.to_str().expect("a path")]);
    let answers = scriptor_answers(&printed);
    let wanted: Vec<Vec<u8>> = exchanges(steps).iter().map(|e| [&e.data[..], &e.sw.to_be_bytes()].concat()).collect();
    assert_eq!(answers.len(), wanted.len(), "{printed}");
    for (n, (answer, wanted)) in answers.iter().zip(&wanted).enumerate() {
        assert!(answer == wanted, "answer {n} of {}", wanted.len());
    }
}

#[test]
fn system_cards_twenty_are_played_through_pcscd() {
    let Some(service) = Service::start() else { return };
    let (mut reader, keys) = (reader(), keys());
    let mut sent = 0;
    for n in 0..20 {
        let records = if n % 2 == 0 { RecordForm::Fixed } else { RecordForm::VariableTlv };
        let script = steps(n, records, Some(&keys).filter(|_| n % 4 < 2));
        // As it would come from a file.
        let script = read_play_text(&play_text(&script)).expect("our own text");
        let inserted = service.insert(blank());
        assert_eq!(played(&mut reader, &script), Played::Good, "card {n}");
        sent += inserted.take_out(&mut reader).commands();
    }
    println!("20 cards, {sent} commands, no mismatch");
}

#[test]
fn system_cards_scriptor_reads_what_we_wrote_and_writes_what_we_read() {
    let Some(service) = Service::start() else { return };
    let ours = steps(1, RecordForm::Fixed, None);
    let inserted = service.insert(blank());
    assert_eq!(played(&mut reader(), &ours), Played::Good);
    by_scriptor(reading(&ours));
    inserted.take_out(&mut reader());
    let theirs = steps(2, RecordForm::VariableTlv, None);
    let inserted = service.insert(blank());
    wait("the card in the reader", || reader().has_card() == Ok(true));
    by_scriptor(&theirs);
    assert_eq!(played(&mut reader(), reading(&theirs)), Played::Good);
    inserted.take_out(&mut reader());
}

#[test]
fn system_cards_opensc_sees_the_same_files() {
    let Some(service) = Service::start() else { return };
    let script = steps(1, RecordForm::Fixed, None);
    let inserted = service.insert(blank());
    assert_eq!(played(&mut reader(), &script), Played::Good);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("explore");
    std::fs::write(&file, "cd aid:7378312E73682EC9E7BBE1B1A3D5CF\ninfo EF06\ncat EF06\n").expect("a file");
    let printed = tool("opensc-explorer", &["-c", "default", "-r", "0", file.to_str().expect("a path")]);
    assert!(printed.contains("Linear fixed") && printed.contains("EF06"), "{printed}");
    // Every record it dumps is the one we wrote.
    let dumped = printed.to_ascii_uppercase();
    let dumped: String = dumped.lines().filter_map(hex_column).flat_map(|h| h.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).collect();
    let records: Vec<&Exchange> =
        exchanges(reading(&script)).into_iter().filter(|e| e.command[1] == 0xB2 && e.command[3] == 0x34 && !e.data.is_empty()).collect();
    assert_eq!(records.len(), 7);
    for record in records {
        let hex: String = record.data.iter().map(|b| format!("{b:02X}")).collect();
        assert!(dumped.contains(&hex), "record {} in {printed}", record.command[2]);
    }
    let select = "00A4040C0F7378312E73682EC9E7BBE1B1A3D5CF";
    let printed = tool("opensc-tool", &["-c", "default", "-r", "0", "-s", select, "-s", "00:B2:06:2C:0E"]);
    assert_eq!(printed.matches("SW1=0x90, SW2=0x00").count(), 2, "{printed}");
    assert!(printed.contains("07 09 48 30 30 30 30 30 30 31 32"), "the card number: {printed}");
    inserted.take_out(&mut reader());
}

/// Bytes of a line of a hex dump: `00000000: 08 12 50 4F …  ..PO`.
fn hex_column(line: &str) -> Option<&str> {
    let (offset, rest) = line.split_once(':')?;
    (offset.len() == 8 && offset.bytes().all(|b| b.is_ascii_hexdigit())).then(|| rest.get(..49.min(rest.len())).unwrap_or(""))
}

#[test]
fn system_cards_one_pulled_out_in_the_middle_is_in_doubt() {
    let Some(service) = Service::start() else { return };
    let keys = keys();
    let script = steps(1, RecordForm::Fixed, Some(&keys));
    let mut reader = reader();
    for (at, tear) in [(1, Tear::BeforeEffect), (9, Tear::BeforeAnswer), (40, Tear::BeforeEffect), (90, Tear::BeforeAnswer)] {
        let mut card = blank();
        card.cut_power_at(at, tear);
        let inserted = service.insert(card);
        assert!(matches!(played(&mut reader, &script), Played::InDoubt { .. }), "{at} {tear:?}");
        let card = inserted.take_out(&mut reader);
        assert_eq!(card.commands(), at + 1, "nothing is sent to it any more");
        let inserted = service.insert(card);
        let again = played(&mut reader, &script);
        assert!(again == Played::Good || matches!(again, Played::Spoiled { why: Spoil::NotBlank, .. }), "{again:?}");
        inserted.take_out(&mut reader);
    }
    assert_eq!(play(&mut reader, &script), Err(ReaderFault::NoCard), "an empty reader is no card in doubt");
}

#[test]
fn system_cards_an_unknown_reader_is_named() {
    let Some(_service) = Service::start() else { return };
    let Err(fault) = PcscReader::open("No Such Reader") else { panic!("there is none") };
    assert!(fault.exit_code() == 69 && fault.to_string().contains(READER), "{fault}");
}

/// How long an empty reader stays empty: whoever watches it looks more often.
const EMPTY: Duration = Duration::from_millis(300);

struct Encoded {
    exit: Option<i32>,
    /// Lines of standard output.
    cards: Vec<String>,
    pile: Vec<VirtualCard>,
}

/// Runs `cardline encode` and puts in one blank after the other as it asks for them.
fn encoded(service: &Service, plant: &Plant, args: &[&str], blanks: Vec<VirtualCard>) -> Encoded {
    let all = [&["encode"], args, &["--reader", READER, "--as", "wu", "--wait-seconds", "20"]].concat();
    let mut child = plant.command(&all).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    let watching = reader();
    let (mut inside, mut pile, mut blanks) = (None::<Inserted>, Vec::new(), blanks.into_iter());
    let mut said = String::new();
    for line in BufReader::new(child.stderr.take().expect("a pipe")).lines().map_while(Result::ok) {
        said.push_str(&line);
        if line.contains("put the next blank in") {
            pile.extend(inside.take().map(|card| card.pull(&watching)));
            thread::sleep(EMPTY);
            inside = blanks.next().map(|card| service.insert(card));
        }
    }
    let output = child.wait_with_output().expect("it ends");
    pile.extend(inside.take().map(|card| card.pull(&watching)));
    let (exit, cards) = (output.status.code(), text(&output.stdout).lines().map(str::to_owned).collect());
    println!("{said}");
    Encoded { exit, cards, pile }
}

#[test]
fn system_cards_a_job_is_encoded_by_the_command() {
    let Some(service) = Service::start() else { return };
    let plant = Plant::stocked(60, 512);
    let batch = plant.closing(&["run", "--json"])["batch"].as_str().expect("a batch").to_owned();
    let job = format!("{batch}/1");
    let mut blanks: Vec<VirtualCard> = (0..20).map(|_| blank()).collect();
    blanks[11].cut_power_at(30, Tear::BeforeAnswer);
    let inserted = service.insert(blank());
    assert_eq!(played(&mut reader(), &steps(1, RecordForm::Fixed, None)), Played::Good);
    blanks[4] = inserted.take_out(&mut reader());
    let Encoded { exit, cards, pile } = encoded(&service, &plant, &[&job, "--count", "20"], blanks);
    assert_eq!((exit, cards.len(), pile.len()), (Some(0), 21, 20), "{cards:?}");
    let field = |line: &str, n: usize| line.split(' ').nth(n).expect("a field").to_owned();
    for (n, line) in cards[..20].iter().enumerate() {
        let wanted = [(4, "spoiled"), (11, "in-doubt")].into_iter().find(|(at, _)| *at == n).map_or("good", |(_, word)| word);
        assert_eq!(field(line, 4), wanted, "{line}");
    }
    assert!(cards[4].contains(" ENC-01 not-blank") && cards[11].contains(" ENC-07 "), "{cards:?}");
    assert!(cards[20].starts_with(&format!("{job}: ")) && cards[20].contains("= 18 good + 1 spoiled + 1 in doubt + "), "{}", cards[20]);
    // What is said of every good card is what the plant would write anew on another.
    for (line, card) in cards[..20].iter().zip(&pile).filter(|(line, _)| line.ends_with("good")) {
        let script = plant.ok(&["chip", "script", &field(line, 1), "--format", "play"]);
        let script = read_play_text(&script).expect("our own text");
        let inserted = service.insert(card.clone());
        assert_eq!(played(&mut reader(), reading(&script)), Played::Good, "{line}");
        inserted.take_out(&mut reader());
    }
    // Asked again it goes on: what is in doubt is left, what was spoiled with nothing on it comes when asked for.
    let Encoded { exit, cards: more, .. } = encoded(&service, &plant, &[&job, "--count", "2", "--retry", "--strict"], vec![blank(), blank()]);
    assert_eq!((exit, more.len(), field(&more[0], 1), field(&more[0], 3)), (Some(0), 3, field(&cards[4], 1), "2".to_owned()), "{more:?}");
    assert!(more[..2].iter().all(|line| line.ends_with("good") && field(line, 1) != field(&cards[11], 1)), "{more:?}");
    let status = plant.ok(&["status"]);
    assert!(status.contains(&format!("encoded here  {batch} job 1: ")) && status.contains(&format!("IN DOUBT      card {}", field(&cards[11], 1))), "{status}");
    let told = plant.ok(&["track", &field(&cards[4], 1)]);
    assert!(told.contains("encoding: spoiled, ENC-01") && told.contains("nothing of the card is on the blank") && told.contains("encoding: good"), "{told}");
    let shown = plant.ok(&["ledger", "show", &batch]);
    assert!(shown.contains(&format!("attempt 1 at card {}", field(&cards[0], 1))), "{shown}");
    let verified = plant.ok(&["verify"]);
    assert!(verified.contains("I-33 ok") && !verified.contains("BROKEN"), "{verified}");
}

#[test]
fn system_cards_a_walk_without_blanks_ends_and_can_go_on() {
    let Some(service) = Service::start() else { return };
    let plant = Plant::stocked(40, 513);
    let batch = plant.closing(&["run", "--json"])["batch"].as_str().expect("a batch").to_owned();
    let job = format!("{batch}/1");
    let walk = ["encode", &job, "--reader", READER, "--as", "wu", "--wait-seconds", "1"];
    let output = plant.run(&walk);
    assert!(output.status.code() == Some(75) && text(&output.stdout).contains("= 0 good"), "{}", text(&output.stderr));
    let other = plant.run(&["encode", &job, "--reader", "No Such Reader", "--as", "wu"]);
    assert!(other.status.code() == Some(69) && text(&other.stderr).contains(READER), "{}", text(&other.stderr));
    // A card that is in when the walk begins is nobody's next blank.
    let inserted = service.insert(blank());
    wait("the card in the reader", || reader().has_card() == Ok(true));
    assert_eq!(plant.run(&walk).status.code(), Some(75));
    assert_eq!(inserted.take_out(&mut reader()).commands(), 0);
    assert_eq!(plant.ok(&["verify"]).matches("BROKEN").count(), 0);
}
