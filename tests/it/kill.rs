//! SIGKILL at many moments: the run is started again until it ends, and nothing shows that it was ever killed.

use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Stdio};
use std::time::Duration;

use crate::plant::{Plant, assert_same};

/// Kills of live runs in one night, spread over all its work.
const KILLS: u64 = 20;
/// A run that ends before its kill counts for nothing; so many runs in all are more than enough.
const RUNS_MAX: u32 = 60;
const SIGKILL: i32 = 9;
/// How often the journal is looked at.
const LOOK: Duration = Duration::from_millis(1);

#[test]
fn a_run_killed_twenty_times_ends_like_one_that_was_not() {
    nights(1);
}

/// 25 nights, each killed at other moments.
#[test]
#[ignore = "minutes long even in release: docs/RELIABILITY.md says how to run it"]
fn campaign_five_hundred_kills() {
    nights(25);
}

#[test]
#[ignore = "an hour long even in release: docs/RELIABILITY.md says how to run it"]
fn ten_thousand_kills() {
    nights(500);
}

/// The same night again and again, killed [`KILLS`] times each.
fn nights(nights: u64) {
    let stocked = Plant::stocked(240, 33);
    let undisturbed = stocked.copy();
    undisturbed.ok(&["run", "--threads", "2"]);
    for night in 0..nights {
        killed_night(&stocked, &undisturbed, night * 1_000 / nights);
        if (night + 1) % 25 == 0 && night + 1 < nights {
            println!("{} kills in {} nights so far", (night + 1) * KILLS, night + 1);
        }
    }
    println!("{} kills in {nights} nights, every night ended as one that was not killed", nights * KILLS);
}

/// `shift`: how far, in thousandths of a step, the kills come later than in the first night.
fn killed_night(stocked: &Plant, undisturbed: &Plant, shift: u64) {
    let whole = undisturbed.journal_bytes().saturating_sub(stocked.journal_bytes());
    let mut plant = stocked.copy();
    let (mut kills, mut runs) = (0, 0);
    while kills < KILLS {
        runs += 1;
        assert!(runs <= RUNS_MAX, "only {kills} of {runs} runs were still alive when they were killed");
        // Further with every kill, in ever smaller steps: the night's second half writes a seventh of the journal and gets a third of the kills.
        let ahead = ((KILLS - kills) * 1_000 - shift).pow(2);
        let until = stocked.journal_bytes() + whole - whole * ahead / ((KILLS + 1) * 1_000).pow(2);
        if killed_alive(&plant, moment(kills, shift, until)) {
            kills += 1;
        } else {
            ended_like(&plant, undisturbed);
            plant = stocked.copy();
        }
    }
    plant.ok(&["run", "--threads", "1"]);
    ended_like(&plant, undisturbed);
}

/// When a run is killed.
enum Moment {
    /// While it starts: it has found out what the last one left behind, or not even that.
    After(Duration),
    /// When its journal has grown to so many bytes, and grown at all.
    Written(u64),
}

/// Every fifth kill comes early, before the run has written anything.
fn moment(kill: u64, shift: u64, until: u64) -> Moment {
    if kill % 5 == 4 { Moment::After(Duration::from_micros(3_000 * kill + 3 * shift)) } else { Moment::Written(until) }
}

/// Starts a run and kills it at its moment. `false`: it had ended, successfully, before.
fn killed_alive(plant: &Plant, moment: Moment) -> bool {
    let before = plant.journal_bytes();
    let said = tempfile::NamedTempFile::new().unwrap();
    let mut child = plant.command(&["run", "--threads", "2"]).stdout(Stdio::null()).stderr(said.reopen().unwrap()).spawn().unwrap();
    match moment {
        Moment::After(delay) => std::thread::sleep(delay),
        Moment::Written(until) => wait_for(&mut child, || plant.journal_bytes() > before.max(until)),
    }
    child.kill().unwrap();
    let status = child.wait().unwrap();
    // Only a process that was alive can have died of the signal.
    let killed = status.signal() == Some(SIGKILL);
    assert!(killed || status.success(), "{status}: {}", std::fs::read_to_string(said.path()).unwrap());
    killed
}

/// SIGTERM finishes the chunk, writes it down and says "run again" (75); Ctrl-C is the same to the program.
#[test]
fn a_run_that_is_asked_to_stop_ends_cleanly_and_goes_on() {
    let stocked = Plant::stocked(240, 34);
    let undisturbed = stocked.copy();
    undisturbed.ok(&["run"]);
    let plant = stocked.copy();
    let mut child = plant.command(&["run", "--threads", "1"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_for(&mut child, || plant.journal_bytes() > stocked.journal_bytes() + 1_000);
    assert!(std::process::Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(75));
    // The stop was clean: nobody has to say who goes on, and why.
    plant.ok(&["run"]);
    ended_like(&plant, &undisturbed);
}

fn wait_for(child: &mut Child, reached: impl Fn() -> bool) {
    while !reached() && child.try_wait().unwrap().is_none() {
        std::thread::sleep(LOOK);
    }
}

fn ended_like(plant: &Plant, undisturbed: &Plant) {
    assert_same(&undisturbed.outputs(), &plant.outputs());
    let verified = plant.ok(&["verify"]);
    assert!(!verified.contains("BROKEN"), "{verified}");
}
