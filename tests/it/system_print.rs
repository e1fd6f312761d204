//! Print jobs to an IPP server that isn't ours: ippeveprinter, which keeps what it gets. It announces itself and needs D-Bus and Avahi for
//! that: both are started here on a bus of their own, Avahi on the loopback interface only. `bash tests/setup.sh` installs them.

use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use card::Digest;

use crate::handover::{Bureau, fine, refused};
use crate::plant::{Plant, text};

const SETUP: &str = "bash tests/setup.sh";
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(50);
/// Where a system's own Avahi says that it runs.
const AVAHI: &str = "/run/avahi-daemon/pid";
/// Below the ports that outgoing connections are given.
const PORTS: std::ops::Range<u16> = 18_631..18_731;

/// A machine has one Avahi, tests have one at a time.
static SERVICE: Mutex<()> = Mutex::new(());

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A bus and Avahi on it, and a folder for what printers keep.
struct Service {
    folder: tempfile::TempDir,
    _avahi: Running,
    _bus: Running,
    _turn: MutexGuard<'static, ()>,
}

fn wait(what: &str, mut until: impl FnMut() -> bool) {
    let since = Instant::now();
    while !until() {
        assert!(since.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        thread::sleep(LOOK);
    }
}

#[track_caller]
fn started(command: &mut Command) -> Running {
    Running(command.spawn().unwrap_or_else(|e| panic!("{:?} is missing ({e}): {SETUP}", command.get_program())))
}

impl Service {
    fn start() -> Option<Self> {
        let turn = SERVICE.lock().unwrap_or_else(PoisonError::into_inner);
        if !rustix::process::geteuid().is_root() {
            println!("SKIPPED: only root can start Avahi");
            return None;
        }
        let alive = |pid: String| Path::new("/proc").join(pid.trim()).exists();
        if fs::read_to_string(AVAHI).is_ok_and(alive) {
            println!("SKIPPED: another Avahi runs on this machine");
            return None;
        }
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        let bus = format!(
            "<busconfig><type>system</type><listen>unix:path={}</listen><auth>EXTERNAL</auth><policy context=\"default\"><allow user=\"*\"/><allow own=\"*\"/>\
             <allow send_destination=\"*\"/><allow receive_sender=\"*\"/></policy></busconfig>",
            at("bus").display()
        );
        fs::write(at("bus.conf"), bus).expect("a file");
        let avahi = "[server]\nuse-ipv4=yes\nuse-ipv6=no\nallow-interfaces=lo\n[publish]\npublish-workstation=no\n";
        fs::write(at("avahi.conf"), avahi).expect("a file");
        let quiet = |command: &mut Command| -> Running { started(command.stdout(Stdio::null()).stderr(Stdio::null())) };
        let config = format!("--config-file={}", at("bus.conf").display());
        let bus = quiet(Command::new("dbus-daemon").args([&config, "--nofork", "--nopidfile"]));
        wait("the bus", || at("bus").exists());
        let mut avahi = Command::new("/usr/sbin/avahi-daemon");
        avahi.args(["--no-chroot", "--no-drop-root", "--no-rlimits", "-f"]).arg(at("avahi.conf")).env("DBUS_SYSTEM_BUS_ADDRESS", address(folder.path()));
        let avahi = quiet(&mut avahi);
        Some(Self { folder, _avahi: avahi, _bus: bus, _turn: turn })
    }

    /// A printer with this media in it; `script` is what prints a job.
    fn printer(&self, name: &str, media: (i32, i32), script: &str) -> Press {
        let place = self.folder.path().join(name);
        fs::create_dir_all(place.join("spool")).expect("a folder");
        fs::write(place.join("card.conf"), attributes(media)).expect("a file");
        fs::write(place.join("print.sh"), script).expect("a file");
        fs::set_permissions(place.join("print.sh"), fs::Permissions::from_mode(0o755)).expect("may run");
        let port = PORTS.clone().find(|p| TcpListener::bind((Ipv4Addr::LOCALHOST, *p)).is_ok()).expect("a free port");
        let mut press = Press { name: name.to_owned(), place, port, bus: address(self.folder.path()), running: None };
        press.start();
        press
    }
}

fn address(folder: &Path) -> String {
    format!("unix:path={}", folder.join("bus").display())
}

/// What the printer says of itself, in ippeveprinter's own form.
fn attributes((x, y): (i32, i32)) -> String {
    let name = if (x, y) == (5398, 8560) { "iso_id-1_53.98x85.6mm" } else { "iso_a4_210x297mm" };
    let size = format!("MEMBER integer x-dimension {x}\n MEMBER integer y-dimension {y}");
    format!(
        "ATTR mimeMediaType document-format-supported application/pdf\nATTR mimeMediaType document-format-default application/pdf\n\
         ATTR keyword sides-supported one-sided,two-sided-long-edge,two-sided-short-edge\nATTR keyword sides-default one-sided\n\
         ATTR keyword print-scaling-supported none\nATTR keyword print-scaling-default none\n\
         ATTR keyword media-supported {name}\nATTR keyword media-default {name}\nATTR keyword media-ready {name}\n\
         ATTR collection media-size-supported {{\n {size}\n}}\n\
         ATTR collection media-col-ready {{\n MEMBER collection media-size {{\n {size}\n }}\n MEMBER keyword media-size-name {name}\n}}\n\
         ATTR keyword media-col-supported media-size\n"
    )
}

/// One ippeveprinter.
struct Press {
    name: String,
    place: PathBuf,
    port: u16,
    bus: String,
    running: Option<Running>,
}

impl Press {
    fn start(&mut self) {
        let mut command = Command::new("/usr/sbin/ippeveprinter");
        command.args(["-p", &self.port.to_string(), "-n", "localhost", "-k", "-d"]).arg(self.place.join("spool"));
        command.arg("-a").arg(self.place.join("card.conf")).arg("-c").arg(self.place.join("print.sh")).arg("-K").arg(self.place.join("keys"));
        command.arg(format!("cardline {}", self.name)).env("DBUS_SYSTEM_BUS_ADDRESS", &self.bus);
        // Without Avahi it ends at once; then it is only too early.
        wait("the printer", || {
            let listens = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok();
            let runs = self.running.as_mut().is_some_and(|r| matches!(r.0.try_wait(), Ok(None)));
            if !listens && !runs {
                self.running = Some(started(command.stdout(Stdio::null()).stderr(Stdio::null())));
            }
            listens
        });
    }

    fn kill(&mut self) {
        self.running = None;
    }

    fn uri(&self, scheme: &str, host: &str) -> String {
        format!("{scheme}://{host}:{}/ipp/print", self.port)
    }

    /// Digests of the print files it got, in no order.
    fn kept(&self) -> Vec<Digest> {
        let spool = fs::read_dir(self.place.join("spool")).expect("a folder").flatten().map(|e| e.path());
        let pdfs = spool.filter(|p| p.extension().is_some_and(|x| x == "pdf"));
        let mut found: Vec<Digest> = pdfs.map(|p| Digest::of(&fs::read(p).expect("readable"))).collect();
        found.sort_by_key(|d| d.0);
        found
    }
}

/// Counts sides as the job has them, and is done.
const PRINTS: &str = "#!/bin/sh\necho 'ATTR: job-impressions-completed=4' >&2\nexit 0\n";

/// Jobs of two cards.
fn bureau(applications: u32, seed: u64) -> Bureau {
    let plant = Plant::stocked(applications, seed);
    plant.configure("cards_per_job", "2");
    Bureau::of(plant)
}

fn jobs(b: &Bureau) -> u32 {
    let print = b.plant.root.join("batches").join(&b.batch).join("print");
    fs::read_dir(print).unwrap().flatten().filter(|e| e.file_name().to_string_lossy().ends_with("sheet.json")).count() as u32
}

fn digests(b: &Bureau, jobs: std::ops::RangeInclusive<u32>) -> Vec<Digest> {
    let mut found: Vec<Digest> = jobs.map(|job| Digest::of(&b.pdf(job))).collect();
    found.sort_by_key(|d| d.0);
    found
}

#[test]
fn system_twenty_jobs_are_printed_each_once_byte_for_byte() {
    let Some(service) = Service::start() else { return };
    let press = service.printer("twenty", (5398, 8560), PRINTS);
    let b = bureau(64, 191);
    assert!(jobs(&b) >= 20, "{} jobs", jobs(&b));
    fine(&b.printer("ip-1", &press.uri("ipp", "localhost")));
    for job in 1..=20 {
        let said = fine(&b.print(job, "ip-1"));
        assert!(said.contains(&format!("/{job} printed at ip-1 as hand-over {job}")), "{said}");
    }
    assert_eq!(press.kept(), digests(&b, 1..=20));
    for job in 1..=20 {
        assert!(fine(&b.print(job, "ip-1")).contains("nothing was printed"));
    }
    assert_eq!(press.kept().len(), 20, "asked again it prints nothing");
    b.verified();
}

#[test]
fn system_wrong_media_is_refused_with_its_names_and_nothing_is_printed() {
    let Some(service) = Service::start() else { return };
    let (a4, cards) = (service.printer("paper", (21_000, 29_700), PRINTS), service.printer("cards", (5398, 8560), PRINTS));
    let b = bureau(8, 192);
    fine(&b.printer("ip-1", &a4.uri("ipp", "localhost")));
    fine(&b.printer("ip-2", &cards.uri("ipp", "localhost")));
    let output = b.print(1, "ip-1");
    refused(&output, 69, "PRN-05");
    let said = text(&output.stderr);
    assert!(said.contains("wanted: 53.98 × 85.60 mm") && said.contains("loaded: iso_a4_210x297mm (210.00 × 297.00 mm)"), "{said}");
    assert_eq!((a4.kept().len(), b.in_doubt()), (0, 0));
    assert!(fine(&b.print(1, "ip-2")).contains("as hand-over 1"));
    assert_eq!(cards.kept(), digests(&b, 1..=1));
    b.verified();
}

#[test]
fn system_a_printer_killed_in_the_middle_leaves_its_job_in_doubt_and_prints_nothing_twice() {
    let Some(service) = Service::start() else { return };
    let mut press = service.printer("killed", (5398, 8560), "#!/bin/sh\nexec sleep 600\n");
    let b = bureau(8, 193);
    fine(&b.printer("ip-1", &press.uri("ipp", "localhost")));
    let job = format!("{}/1", b.batch);
    let mut command = b.plant.command(&["print", &job, "--device", "ip-1", "--as", "wu"]);
    let printing = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    wait("the job", || press.kept() == digests(&b, 1..=1));
    press.kill();
    let output = printing.wait_with_output().expect("an end");
    refused(&output, 75, "PRN-07");
    assert_eq!(b.in_doubt(), 1);
    fs::write(press.place.join("print.sh"), PRINTS).expect("writable");
    press.start();
    refused(&b.print(1, "ip-1"), 77, "HND-01");
    refused(&b.print(2, "ip-1"), 77, "HND-01");
    assert_eq!(press.kept(), digests(&b, 1..=1), "nothing was sent again");
    for person in ["wu", "li"] {
        fine(&b.resolve_at("ip-1", "1", "arrived", person));
    }
    assert!(fine(&b.print(1, "ip-1")).contains("nothing was printed"));
    fine(&b.print(2, "ip-1"));
    assert_eq!(press.kept(), digests(&b, 1..=2));
    b.verified();
}

/// A certificate authority and a certificate for `localhost` under it, where ippeveprinter looks.
fn certified(place: &Path) -> PathBuf {
    let keys = place.join("keys");
    fs::create_dir_all(&keys).expect("a folder");
    let openssl = |args: &[&str]| {
        let output = Command::new("openssl").args(args).current_dir(&keys).output().unwrap_or_else(|e| panic!("openssl is missing ({e}): {SETUP}"));
        assert!(output.status.success(), "{args:?}: {}", text(&output.stderr));
    };
    let name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
    let ca = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Test CA"];
    openssl(&ca);
    openssl(&[&["req", "-newkey", "rsa:2048", "-nodes", "-keyout", "localhost.key", "-out", "localhost.csr"], &name[..]].concat());
    let sign =
        ["x509", "-req", "-in", "localhost.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "30", "-copy_extensions", "copy", "-out", "localhost.crt"];
    openssl(&sign);
    keys.join("ca.pem")
}

#[test]
fn system_a_printer_over_tls_is_believed_by_its_certificate_alone() {
    let Some(service) = Service::start() else { return };
    let (place, other) = (service.folder.path().join("sealed"), service.folder.path().join("other"));
    let (ca, stranger) = (certified(&place), certified(&other));
    let press = service.printer("sealed", (5398, 8560), PRINTS);
    let b = bureau(8, 194);
    fine(&b.printer("ip-1", &press.uri("ipps", "localhost")));
    fine(&b.printer("ip-2", &press.uri("ipps", "127.0.0.1")));
    let trust = |path: &Path| b.plant.configure("ca", &format!("{:?}", path.to_str().unwrap()));
    refused(&b.print(1, "ip-1"), 69, "PRN-03");
    trust(&stranger);
    refused(&b.print(1, "ip-1"), 69, "PRN-03");
    trust(&ca);
    refused(&b.print(1, "ip-2"), 69, "PRN-03");
    assert!(press.kept().is_empty());
    assert!(fine(&b.print(1, "ip-1")).contains("as hand-over 1"));
    assert_eq!(press.kept(), digests(&b, 1..=1));
    b.verified();
}
