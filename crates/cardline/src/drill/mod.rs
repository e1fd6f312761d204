//! The drill: the last packages of a plant are taken through the night again, and everything is done to that night that must not matter.
//! Power cuts, refusing disks and flipped bits in a plant in memory (`simulated.rs`); SIGKILL and a spoilt index of the program itself
//! in a folder of its own (`killed.rs`). The plant the packages are taken from is only read.

mod killed;
mod rewind;
pub mod simulated;

use std::path::Path;

use ledger::disk::Disk as _;
use ledger::fault::Fault;
use line::plan::Plan;
use testkit::dice::Dice;
use testkit::world::{Failure, Loss, SimClock, SimDisk, State};

use crate::cli::{Cli, DrillArgs};
use crate::wiring;
use rewind::Evening;
use simulated::{Outputs, broken, difference, outputs, run_at};

const EIO: i32 = 5;
const ENOSPC: i32 = 28;
const EROFS: i32 = 30;
/// Exit codes of a run the disk stopped: from "disk full" to "run again" (faults.md §3).
const EXIT_DISK_FULL: u8 = 73;
const EXIT_AGAIN: u8 = 75;
/// What a disk answers, and whether once or from then on.
const REFUSALS: [(&str, Failure); 5] = [
    ("one operation answers EIO", Failure::Once(EIO)),
    ("the disk is full", Failure::From(ENOSPC)),
    ("the disk fills up in the middle of a write", Failure::ShortThen(ENOSPC)),
    ("the disk is read-only", Failure::From(EROFS)),
    ("a write is cut short", Failure::ShortThen(EIO)),
];
/// Kinds of files whose every bit `verify` vouches for.
const VOUCHED: [&str; 4] = ["ledger", "vault", "batches", "registers"];

/// One exercise of the drill and how it went: what was done, or what went wrong.
pub struct Exercise {
    pub name: &'static str,
    pub outcome: Result<String, String>,
}

/// The night that is rehearsed, and what it must come to.
struct Night {
    start: State,
    clock: SimClock,
    plan: Plan,
    /// The plant after a night nothing happened to.
    end: State,
    wanted: Outputs,
    operations: u64,
    seed: u64,
}

/// All exercises, each told as it ends.
///
/// # Errors
/// There is no plant to rehearse with, or the undisturbed night itself fails.
pub fn drill(cli: &Cli, args: &DrillArgs, into: &Path, tell: &mut dyn FnMut(&Exercise)) -> Result<(), Fault> {
    let evening = rewind::evening(cli, args.packages)?;
    let config = wiring::read_config(&cli.plant)?;
    let profile = wiring::profile_at(&cli.plant, &config, evening.at)?;
    // One thread: the n-th operation is the same one on every run, so that a seed replays what it showed.
    let plan = Plan {
        release: line::plan::ReleaseMode::Automatic,
        ..wiring::settled(&config, profile.without_faces().without_signed_permits(), &config.photo.engine().networks(), "no card keys", Some(1))?
    };
    let night = Night::undisturbed(&evening, plan, args.seed)?;
    let sound = broken(&SimDisk::of(night.end.clone()));
    tell(&Exercise { name: "undisturbed", outcome: if sound.is_empty() { Ok(night.told(&evening)) } else { Err(sound.join("; ")) } });
    tell(&Exercise { name: "power cut", outcome: night.power_cuts(args.rounds) });
    tell(&Exercise { name: "refusing disk", outcome: night.refusals(args.rounds) });
    tell(&Exercise { name: "flipped bit", outcome: night.flipped_bits(args.bits) });
    let stage = killed::Stage { cli, night: &night, at: evening.at, into };
    let (kills, index) = stage.kills(args.kills)?;
    tell(&Exercise { name: "SIGKILL", outcome: kills });
    tell(&Exercise { name: "spoilt index", outcome: index });
    Ok(())
}

impl Night {
    fn undisturbed(evening: &Evening, plan: Plan, seed: u64) -> Result<Self, Fault> {
        let (disk, clock) = (SimDisk::of(evening.state.clone()), SimClock::at(evening.at));
        run_at(&disk, &plan, &clock)?;
        let (end, operations) = (disk.state(), disk.operations());
        let wanted = outputs(&end);
        Ok(Self { start: evening.state.clone(), clock, plan, end, wanted, operations, seed })
    }

    fn told(&self, evening: &Evening) -> String {
        let Evening { packages, applications, .. } = evening;
        format!("{packages} packages, {applications} applications, {} output files, {} disk operations", self.wanted.len(), self.operations)
    }

    /// The run after a failure must end as if nothing had been.
    fn goes_on(&self, left: &State, story: &str) -> Result<(), String> {
        let disk = SimDisk::of(left.clone());
        run_at(&disk, &self.plan, &self.clock).map_err(|e| format!("{story}: the run after it: {e}"))?;
        if let Some(difference) = difference(&self.wanted, &outputs(&disk.state())) {
            return Err(format!("{story}: {difference}"));
        }
        let broken = broken(&disk);
        if broken.is_empty() { Ok(()) } else { Err(format!("{story}: {}", broken.join("; "))) }
    }

    /// A night with a failing operation; what it leaves, and whether it stopped.
    fn stopped_at(&self, operation: u64, failure: Failure, story: &str) -> Result<(State, bool), String> {
        let disk = SimDisk::of(self.start.clone());
        disk.fail(operation, failure);
        let fault = run_at(&disk, &self.plan, &self.clock).err();
        match &fault {
            // What the disk does is never a broken promise of ours, nor a reason not to start again.
            Some(fault) if !(EXIT_DISK_FULL..=EXIT_AGAIN).contains(&fault.exit_code()) => Err(format!("{story}: exit code {} for {fault}", fault.exit_code())),
            _ => Ok((disk.state(), fault.is_some())),
        }
    }

    fn operation(&self, dice: &mut Dice) -> u64 {
        1 + dice.below(self.operations.max(1) as usize) as u64
    }

    fn power_cuts(&self, rounds: u64) -> Result<String, String> {
        for n in 0..rounds {
            let mut dice = Dice::new(self.seed, "power", n);
            let at = self.operation(&mut dice);
            let loss = Loss::ALL[n as usize % Loss::ALL.len()];
            let story = format!("power cut at operation {at}, {loss:?}, seed {}", self.seed);
            let (state, stopped) = self.stopped_at(at, Failure::From(EIO), &story)?;
            if !stopped {
                return Err(format!("{story}: the night went on without power"));
            }
            self.goes_on(&state.after(loss, self.seed ^ n), &story)?;
        }
        Ok(format!("{rounds} times, {} models of what a power cut leaves: every night ended with the same outputs", Loss::ALL.len()))
    }

    fn refusals(&self, rounds: u64) -> Result<String, String> {
        let mut stops = 0;
        for n in 0..rounds {
            let at = self.operation(&mut Dice::new(self.seed, "refusal", n));
            let (what, failure) = REFUSALS[n as usize % REFUSALS.len()];
            let story = format!("{what} at operation {at}, seed {}", self.seed);
            let (state, stopped) = self.stopped_at(at, failure, &story)?;
            stops += u64::from(stopped);
            self.goes_on(&state.after(Loss::All, self.seed ^ n), &story)?;
        }
        Ok(format!("{rounds} times, {stops} nights stopped: every one went on to the same outputs"))
    }

    fn flipped_bits(&self, bits: u64) -> Result<String, String> {
        let files: Vec<(String, _)> =
            VOUCHED.iter().flat_map(|top| self.end.files(top)).filter(|(p, c)| !p.ends_with("report.html") && !c.is_empty()).collect();
        for n in 0..bits {
            let mut dice = Dice::new(self.seed, "bit", n);
            let (path, content) = dice.pick(&files);
            let mut bytes = content.to_vec();
            let (at, bit) = (dice.below(bytes.len()), dice.below(8));
            bytes[at] ^= 1 << bit;
            let disk = SimDisk::of(self.end.clone());
            disk.remove(path).map_err(|e| e.to_string())?;
            disk.put(path, &bytes);
            if broken(&disk).is_empty() {
                return Err(format!("bit {bit} of byte {at} of {path} was flipped and `verify` found nothing, seed {}", self.seed));
            }
        }
        Ok(format!("{bits} bits in {} files of the finished plant, one at a time: `verify` noticed every one", files.len()))
    }
}
