//! The program itself, as a process on a real disk, killed at times chance chooses; then with a spoilt index. It must end with the
//! outputs of a process that was left alone.

use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use card::Digest;
use ledger::disk::Disk;
use ledger::fault::Fault;
use testkit::dice::Dice;

use super::simulated::{Outputs, difference};
use super::{Night, rewind};
use crate::cli::Cli;
use crate::config::FILE_NAME;
use crate::wiring;

/// Runs started for each kill at most: a run that ends before its kill counts for nothing.
const RUNS_PER_KILL_MAX: u64 = 5;
/// Kills come within this share of an undisturbed run: what is done stays done, so later runs have less to do.
const WITHIN: f64 = 0.6;
/// The first bytes of the index's file, overwritten.
const SPOILT_BYTES: usize = 4096;

type Outcome = Result<String, String>;

pub struct Stage<'a> {
    pub cli: &'a Cli,
    pub night: &'a Night,
    pub at: i64,
    pub into: &'a Path,
}

impl Stage<'_> {
    /// How the kills went, and the run with a spoilt index after them.
    ///
    /// # Errors
    /// The folder can't be written, or no process can be started.
    pub fn kills(&self, kills: u64) -> Result<(Outcome, Outcome), Fault> {
        let texts = self.texts()?;
        let alone = self.laid_down("alone", &texts)?;
        let begun = Instant::now();
        if let Err(why) = self.finish(&alone) {
            return Ok((Err(format!("the run that was left alone: {why}")), Err("not tried".to_owned())));
        }
        let whole = begun.elapsed();
        let wanted = outputs(&alone)?;
        Ok((self.killed(kills, whole, &texts, &wanted)?, self.spoilt(&texts, &wanted)?))
    }

    /// Kills until there were enough; every run that came to its end before its kill is held to the outputs too.
    fn killed(&self, kills: u64, whole: Duration, texts: &[(String, String)], wanted: &Outputs) -> Result<Outcome, Fault> {
        let (mut plant, mut killed, mut runs) = (self.laid_down("killed", texts)?, 0, 0);
        let mut within = whole.mul_f64(WITHIN);
        while killed < kills && runs < kills * RUNS_PER_KILL_MAX {
            let delay = within.mul_f64(Dice::new(self.night.seed, "kill", runs).below(1_000) as f64 / 1_000.0);
            runs += 1;
            let status = self.run_and_kill(&plant, delay)?;
            if status.signal().is_some() {
                killed += 1;
                continue;
            }
            if !status.success() {
                return Ok(Err(format!("after {killed} kills `cardline run` ended with {status}")));
            }
            if let Err(why) = self.ended_like(&plant, wanted)? {
                return Ok(Err(format!("after {killed} kills: {why}")));
            }
            plant = self.laid_down("killed", texts)?;
            // The machine is quicker now than when the whole run was timed.
            within = delay;
        }
        let told = format!("{killed} of {runs} runs killed within {:.1} s of work", whole.as_secs_f64());
        if killed < kills {
            return Ok(Err(format!("{told}: the others had ended before; rehearse with more packages")));
        }
        Ok(self.ended_like(&plant, wanted)?.map(|()| format!("{told}: ended with the same outputs, `verify` in order")))
    }

    /// The plant's configuration, with a scheduler who may go on after a kill, and without a second person to wait for.
    fn texts(&self) -> Result<Vec<(String, String)>, Fault> {
        let read = |path: &str| std::fs::read_to_string(self.cli.plant.join(path)).map_err(|e| Fault::io("read", path, e));
        let config = wiring::read_config(&self.cli.plant)?;
        let mut table: toml::Table = read(FILE_NAME)?.parse().map_err(|e: toml::de::Error| Fault::Config(e.to_string()))?;
        let mut set = |section: &str, key: &str, value: &str| {
            let section = table.entry(section).or_insert_with(|| toml::Table::new().into());
            section.as_table_mut().map(|t| t.insert(key.to_owned(), value.into()));
        };
        set("scheduler", "identity", "drill");
        set("scheduler", "resume_reason", "drill");
        set("release", "mode", "automatic");
        // A rehearsal makes cards without keys, like the night it is compared with: nobody is there to give a passphrase.
        set("keys", "store", "none");
        let mut texts = vec![(FILE_NAME.to_owned(), table.to_string())];
        if !config.profile.file.is_empty() {
            texts.push((config.profile.file.clone(), unsigned(&read(&config.profile.file)?)?));
        }
        Ok(texts)
    }

    fn laid_down(&self, name: &str, texts: &[(String, String)]) -> Result<PathBuf, Fault> {
        let root = self.into.join(name);
        if root.exists() {
            std::fs::remove_dir_all(&root).map_err(|e| Fault::io("remove", root.display().to_string(), e))?;
        }
        rewind::lay_down(&self.night.start, &root, texts)?;
        Ok(root)
    }

    fn command(&self, plant: &Path, command: &str) -> Result<Command, Fault> {
        let program = std::env::current_exe().map_err(|e| Fault::Missing(e.to_string()))?;
        let mut process = Command::new(program);
        process.arg("--plant").arg(plant).arg("--clock").arg(line::plan::rfc3339(self.at)).arg(command);
        process.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(process)
    }

    /// How it ended: by the kill, or before it by itself.
    fn run_and_kill(&self, plant: &Path, delay: Duration) -> Result<ExitStatus, Fault> {
        let started = |e| Fault::io("start", "cardline", e);
        let mut child = self.command(plant, "run")?.spawn().map_err(started)?;
        std::thread::sleep(delay);
        child.kill().map_err(started)?;
        child.wait().map_err(started)
    }

    fn finish(&self, plant: &Path) -> Result<(), String> {
        for command in ["run", "verify"] {
            let mut process = self.command(plant, command).map_err(|e| e.to_string())?;
            let ended = process.stdout(Stdio::piped()).stderr(Stdio::piped()).output().map_err(|e| e.to_string())?;
            if !ended.status.success() {
                return Err(format!("`cardline {command}` ended with {}: {}", ended.status, why(&ended)));
            }
        }
        Ok(())
    }

    fn ended_like(&self, plant: &Path, wanted: &Outputs) -> Result<Result<(), String>, Fault> {
        if let Err(why) = self.finish(plant) {
            return Ok(Err(why));
        }
        Ok(difference(wanted, &outputs(plant)?).map_or(Ok(()), Err))
    }

    /// A finished plant whose index is rubbish: another run finds nothing to do, and everything as it was.
    fn spoilt(&self, texts: &[(String, String)], wanted: &Outputs) -> Result<Outcome, Fault> {
        let plant = self.laid_down("spoilt", texts)?;
        if let Err(why) = self.finish(&plant) {
            return Ok(Err(why));
        }
        let path = plant.join(wiring::INDEX).join("db");
        let unusable = |e| Fault::io("spoil", path.display().to_string(), e);
        let mut bytes = std::fs::read(&path).map_err(unusable)?;
        bytes.iter_mut().take(SPOILT_BYTES).for_each(|b| *b = !*b);
        std::fs::write(&path, bytes).map_err(unusable)?;
        let outcome = self.ended_like(&plant, wanted)?;
        if !plant.join(format!("{}.bad-1", wiring::INDEX)).exists() {
            return Ok(Err("the spoilt index was used: none was set aside".to_owned()));
        }
        Ok(outcome.map(|()| "set aside and folded anew from the journal: nothing else changed".to_owned()))
    }
}

/// A profile's text without signatures over permits: there is no key to make them.
fn unsigned(profile: &str) -> Result<String, Fault> {
    let mut table: toml::Table = profile.parse().map_err(|e: toml::de::Error| Fault::Config(e.to_string()))?;
    let permit = table.get_mut("chip").and_then(|chip| chip.as_table_mut()?.remove("permit"));
    Ok(permit.map_or_else(|| profile.to_owned(), |_| table.to_string()))
}

/// What the program said of its failure: the first violation `verify` found, or its last line.
fn why(ended: &Output) -> String {
    let said = [&ended.stdout, &ended.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
    let violation = said[0].lines().find(|line| line.contains("the first:"));
    violation.or(said[1].lines().last()).unwrap_or("nothing said").trim().to_owned()
}

/// As [`super::simulated::outputs`], of a plant on a real disk.
fn outputs(root: &Path) -> Result<Outputs, Fault> {
    let (disk, _) = plant::RealDisk::open(root, plant::Durability::None)?;
    let mut found = Outputs::new();
    for top in ["batches", "returns", "quarantine", "inbox"] {
        gather(&disk, top, &mut found)?;
    }
    Ok(found)
}

fn gather(disk: &dyn Disk, folder: &str, found: &mut Outputs) -> Result<(), Fault> {
    for entry in disk.list(folder).map_err(|e| Fault::io("list", folder, e))? {
        let path = format!("{folder}/{}", entry.name);
        if entry.is_dir {
            gather(disk, &path, found)?;
        } else if entry.name != "report.html" {
            found.insert(path.clone(), Digest::of(&disk.read(&path).map_err(|e| Fault::io("read", &path, e))?));
        }
    }
    Ok(())
}
