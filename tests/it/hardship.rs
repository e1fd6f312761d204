//! A machine that lacks something: room, memory, the index that was there a moment ago, the machine itself. The run stops with a code or
//! goes on; the run after it ends like one nothing happened to. Refused system calls are `system_faults.rs`', kills `kill.rs`'.

use std::process::{Command, Output, Stdio};
use std::time::Duration;

use crate::plant::{Plant, assert_same, text};

fn ended_like(plant: &Plant, undisturbed: &Plant) {
    plant.ok(&["run"]);
    assert_same(&undisturbed.outputs(), &plant.outputs());
    let verified = plant.ok(&["verify"]);
    assert!(!verified.contains("BROKEN"), "{verified}");
}

fn stocked(applications: u32, seed: u64) -> (Plant, Plant) {
    let stocked = Plant::stocked(applications, seed);
    let undisturbed = stocked.copy();
    undisturbed.ok(&["run"]);
    (stocked, undisturbed)
}

#[test]
fn a_night_that_would_not_fit_is_not_begun() {
    let (stocked, undisturbed) = stocked(30, 131);
    let plant = stocked.copy();
    // A reserve no disk has free.
    plant.configure("reserve_mib", "16777216");
    let before = plant.files("inbox");
    let refused = plant.run(&["run"]);
    let said = text(&refused.stderr);
    assert_eq!(refused.status.code(), Some(73), "{said}");
    assert!(said.contains("DSK-01 ") && said.contains(" MiB are needed"), "{said}");
    assert_eq!(plant.files("inbox"), before);
    assert!(!plant.ok(&["ledger", "export"]).contains("RunStarted"), "nothing was begun");
    // The reserve is part of no output: `undisturbed` ran with another.
    plant.configure("reserve_mib", "1024");
    ended_like(&plant, &undisturbed);
}

/// `cardline run` with only so much address space.
fn run_within(plant: &Plant, kib: u64) -> Output {
    let program = plant.command(&["run", "--threads", "2"]);
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("ulimit -c 0; ulimit -v {kib}; exec \"$0\" \"$@\"")]).arg(program.get_program()).args(program.get_args());
    shell.output().expect("sh runs")
}

#[test]
fn a_run_that_gets_no_memory_dies_and_the_next_one_goes_on() {
    let (stocked, undisturbed) = stocked(120, 132);
    let mut died = 0;
    let mut kib = 12 << 10;
    // Every limit on the way to one that suffices: from not even starting to the largest thing a night asks for.
    loop {
        let plant = stocked.copy();
        let starved = run_within(&plant, kib);
        let enough = starved.status.success();
        died += u32::from(!enough);
        ended_like(&plant, &undisturbed);
        if enough {
            break;
        }
        kib += kib / 4;
        assert!(kib < 16 << 20, "16 GiB are enough for 120 applications: {}", text(&starved.stderr));
    }
    println!("{died} runs died for want of memory, the last limit was {kib} KiB");
    assert!(died > 3);
}

#[test]
fn an_index_that_is_deleted_while_a_run_is_on_costs_nothing() {
    let (stocked, undisturbed) = stocked(240, 133);
    let whole = undisturbed.journal_bytes() - stocked.journal_bytes();
    for tenth in [1, 5, 9] {
        let plant = stocked.copy();
        let mut child = plant.command(&["run", "--threads", "2"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        while plant.journal_bytes() < stocked.journal_bytes() + whole * tenth / 10 && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        // It may be writing there: what is left is as good a spoilt index as none.
        let _ = std::fs::remove_dir_all(plant.root.join("ledger/index"));
        let code = child.wait().unwrap().code();
        assert!(code.is_some_and(|code| [0, 73, 74, 75].contains(&code)), "{tenth}: {code:?}");
        ended_like(&plant, &undisturbed);
    }
}

/// The disk is moved to another machine after a kill: its lease names a process that can't be looked for.
#[test]
fn a_killed_run_goes_on_on_another_machine_with_the_same_outputs() {
    let (stocked, undisturbed) = stocked(60, 134);
    let plant = stocked.copy();
    let mut child = plant.command(&["run"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while plant.journal_bytes() <= stocked.journal_bytes() + 1_000 && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let lock = plant.root.join("ledger/lock");
    let mut lease: serde_json::Value = serde_json::from_slice(&std::fs::read(&lock).unwrap()).expect("the lease of a killed run");
    for (key, value) in [("host", "machine-before"), ("boot_id", "00000000-0000-4000-8000-000000000000")] {
        lease[key] = value.into();
    }
    std::fs::write(&lock, lease.to_string()).unwrap();
    let moved = plant.copy();
    let resumed = moved.run(&["run"]);
    let said = text(&resumed.stderr);
    assert!(resumed.status.success() && said.contains("machine-before") && said.contains("it ran on another machine"), "{said}");
    assert_same(&undisturbed.outputs(), &moved.outputs());
    moved.ok(&["verify"]);
}
