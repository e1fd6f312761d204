//! SIGKILL at many moments: the run is started again until it ends, and nothing shows that it was ever killed.

use std::time::{Duration, Instant};

use crate::plant::{Plant, assert_same};

/// Kills spread over a whole run.
const KILLS: u32 = 20;

#[test]
fn a_run_killed_twenty_times_ends_like_one_that_was_not() {
    let undisturbed = Plant::stocked(240, 33);
    let killed = undisturbed.copy();
    let started = Instant::now();
    undisturbed.ok(&["run", "--threads", "2"]);
    let whole = started.elapsed();
    let mut kills = 0;
    for i in 1..=KILLS {
        let mut child = killed.command(&["run", "--threads", "2"]).stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap();
        // Later and later, with some at the very start: every attempt gets further than the work already done needs.
        std::thread::sleep(whole.mul_f64(f64::from(i % 7 + 1) / 9.0).max(Duration::from_millis(5)));
        let ended = child.try_wait().unwrap().is_some();
        child.kill().unwrap();
        child.wait().unwrap();
        kills += u32::from(!ended);
        if ended {
            break;
        }
    }
    assert!(kills >= 1, "the machine was too fast to be killed");
    killed.ok(&["run", "--threads", "1"]);
    assert_same(&undisturbed.outputs(), &killed.outputs());
    let verified = killed.ok(&["verify"]);
    assert!(!verified.contains("BROKEN"), "{verified}");
}
