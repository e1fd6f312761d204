//! The real program on a real kernel that refuses: system calls made to fail by strace, and a file system that fills up. What must hold
//! is what holds in the simulated world (tests/it/world): it stops with a code, runs again, and ends like a run nothing happened to.
//! A tiny file system needs the right to mount one; without it the test says so and is skipped.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::plant::{CLOCK, Plant, assert_same, text};

/// Exit codes of a run stopped by the world: no room, a failing device, stopped and resumable, not allowed (faults.md §3).
const STOPPED: [i32; 4] = [73, 74, 75, 77];

/// Syncs are real here: what isn't called can't be refused.
fn durable(plant: &Plant) {
    plant.configure("durability", "\"full\"");
}

fn ended_like(plant: &Plant, undisturbed: &Plant) {
    plant.ok(&["run"]);
    assert_same(&undisturbed.outputs(), &plant.outputs());
    let verified = plant.ok(&["verify"]);
    assert!(!verified.contains("BROKEN"), "{verified}");
}

/// Runs under strace with calls tampered with (`fdatasync:error=EIO:when=2`).
fn run_tampered(plant: &Plant, tampering: &str) -> Output {
    let call = tampering.split(':').next().expect("a call");
    let program = plant.command(&["run"]);
    let mut strace = Command::new("strace");
    strace.args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={call}"), "-e", &format!("inject={tampering}")]);
    strace.arg(program.get_program()).args(program.get_args());
    let output = strace.output().unwrap_or_else(|e| panic!("strace is missing ({e}): bash tests/setup.sh"));
    let said = text(&output.stderr);
    assert!(!said.contains("panicked"), "{tampering}: {said}");
    output
}

#[test]
fn system_calls_refused_by_the_kernel_stop_a_run_that_then_goes_on() {
    let stocked = Plant::stocked(30, 71);
    durable(&stocked);
    let undisturbed = stocked.copy();
    undisturbed.ok(&["run"]);
    let (mut runs, mut stopped) = (0, 0);
    for (call, errno) in [("fdatasync", "EIO"), ("fsync", "EIO"), ("write", "ENOSPC"), ("write", "EDQUOT"), ("rename", "EIO"), ("mkdir", "ENOSPC")] {
        for when in [2, 9, 30, 100] {
            let plant = stocked.copy();
            let code = run_tampered(&plant, &format!("{call}:error={errno}:when={when}")).status.code();
            runs += 1;
            // A call refused after the last of its kind, or one whose failure costs nothing, lets the run end.
            if code != Some(0) {
                assert!(code.is_some_and(|c| STOPPED.contains(&c)), "{call} {errno} {when}: {code:?}");
                stopped += 1;
            }
            ended_like(&plant, &undisturbed);
        }
    }
    println!("{stopped} of {runs} runs stopped by a refused call, all ended like one that was not");
    assert!(stopped * 2 > runs, "{stopped} of {runs} runs were stopped");
}

/// A signal that comes in the middle of a call is no failure: the call is made again.
#[test]
fn system_interrupted_calls_are_made_again() {
    let stocked = Plant::stocked(30, 73);
    durable(&stocked);
    let undisturbed = stocked.copy();
    undisturbed.ok(&["run"]);
    // In turn, so that a call that is made again succeeds at last. Opening a folder isn't among them: on a local disk nothing interrupts it,
    // and std doesn't make it again.
    for (call, when) in [("read", "20+3"), ("write", "20+3"), ("fdatasync", "20+3"), ("fsync", "20+3"), ("fallocate", "1+2"), ("ftruncate", "1+2")] {
        let plant = stocked.copy();
        let interrupted = run_tampered(&plant, &format!("{call}:error=EINTR:when={when}"));
        assert!(interrupted.status.success(), "{call}: {}", text(&interrupted.stderr));
        assert_same(&undisturbed.outputs(), &plant.outputs());
    }
}

/// The sync under way is told while it lasts, and the ledger keeps the longest. Nothing is given up.
#[test]
fn system_a_slow_disk_is_told_and_waited_for() {
    let stocked = Plant::stocked(30, 74);
    durable(&stocked);
    stocked.configure("slow_disk_seconds", "1");
    let undisturbed = stocked.copy();
    undisturbed.ok(&["run"]);
    let plant = stocked.copy();
    let slow = run_tampered(&plant, "fdatasync:delay_enter=3000000:when=9");
    let said = text(&slow.stderr);
    assert!(slow.status.success() && said.contains("DSK-02 sync of "), "{said}");
    assert_same(&undisturbed.outputs(), &plant.outputs());
    assert!(plant.ok(&["ledger", "export"]).contains("DSK-02"));
    plant.ok(&["verify"]);
}

/// A file system of 48 MiB in a file, mounted while this lives.
struct Tiny {
    folder: tempfile::TempDir,
}

impl Tiny {
    fn mounted() -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
        let (image, at) = (folder.path().join("image"), folder.path().join("at"));
        std::fs::File::create(&image).and_then(|f| f.set_len(48 << 20)).and_then(|()| std::fs::create_dir(&at)).map_err(|e| e.to_string())?;
        let run = |program: &str, args: &[&Path]| {
            let done = Command::new(program).args(args).stdout(Stdio::null()).output().map_err(|e| format!("{program}: {e}"))?;
            if done.status.success() { Ok(()) } else { Err(format!("{program}: {}", text(&done.stderr).trim())) }
        };
        run("mkfs.ext4", &[Path::new("-q"), Path::new("-m0"), &image])?;
        run("mount", &[Path::new("-oloop"), &image, &at])?;
        Ok(Self { folder })
    }

    fn at(&self) -> std::path::PathBuf {
        self.folder.path().join("at")
    }

    /// Takes room until only so many bytes are left.
    fn leave(&self, bytes: u64) {
        let room = free_bytes(&self.at());
        let filler = std::fs::File::create(self.at().join("filler")).unwrap();
        let taken = vec![7_u8; usize::try_from(room.saturating_sub(bytes)).unwrap()];
        std::io::Write::write_all(&mut &filler, &taken).unwrap();
        filler.sync_all().unwrap();
    }

    fn give_back(&self) {
        std::fs::remove_file(self.at().join("filler")).unwrap();
    }
}

impl Drop for Tiny {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.at()).status();
    }
}

fn free_bytes(at: &Path) -> u64 {
    let output = Command::new("df").args(["--output=avail", "-B1"]).arg(at).output().expect("df runs");
    text(&output.stdout).lines().last().and_then(|l| l.trim().parse().ok()).expect("a number of bytes")
}

#[test]
fn system_a_file_system_that_fills_up_stops_a_run_that_then_goes_on() {
    let stocked = Plant::stocked(60, 72);
    durable(&stocked);
    stocked.configure("reserve_mib", "0");
    let undisturbed = stocked.copy();
    undisturbed.ok(&["run"]);
    let tiny = match Tiny::mounted() {
        Ok(tiny) => tiny,
        Err(why) => return println!("skipped: no file system of its own could be mounted ({why})"),
    };
    let mut stopped = 0;
    for left_kib in [64, 256, 1_024, 2_048, 4_096, 6_144] {
        let root = tiny.at().join("plant");
        let copied = Command::new("cp").arg("-a").arg(&stocked.root).arg(&root).status().unwrap();
        assert!(copied.success());
        tiny.leave(left_kib << 10);
        let plant = Plant::at(&root);
        let full = plant.run(&["run"]);
        let said = text(&full.stderr);
        assert!(!said.contains("panicked"), "{left_kib} KiB: {said}");
        tiny.give_back();
        if !full.status.success() {
            assert_eq!(full.status.code(), Some(73), "{left_kib} KiB: {said}");
            stopped += 1;
        }
        ended_like(&plant, &undisturbed);
        std::fs::remove_dir_all(&root).unwrap();
    }
    println!("{stopped} of 6 runs stopped by a full file system, all ended like one that was not; clock {CLOCK}");
    assert!(stopped >= 3, "{stopped} of 6 runs were stopped");
}
