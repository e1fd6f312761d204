//! `cardline photo …`: judging photo files by a profile, without a plant. What the commands share is here: reading a file, the one place
//! that takes the networks, and examining many files at once.

mod annotate;
mod check;
mod components;
mod evaluate;
mod labelled;
mod labels;
mod rates;
mod sheet;
mod spared;
pub mod whatif;

use std::io::Read as _;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use card::{Outcome, Profile, Verdict};
use ledger::fault::Fault;
use photo::nets::Networks;
use photo::{Examination, Sitting};

use crate::cli::{Cli, EngineArgs, PhotoCommand};
use crate::wiring::{clock, no_engine, profile_at, profile_file_or_id, read_config, today};

/// Files larger than any photo are not even read.
const READ_BYTES_MAX: u64 = 16 << 20;

pub fn photo(command: &PhotoCommand) -> Result<u8, Fault> {
    match command {
        PhotoCommand::Check(args) => check::check(args),
        PhotoCommand::Evaluate(args) => evaluate::evaluate(args),
        PhotoCommand::Sheet(args) => sheet::sheet(args),
        PhotoCommand::Labelled(args) => labelled::labelled(args),
    }
}

/// Examines the photo on standard input as the plant's profile has it on the day of `--clock`. That it ends is the answer.
///
/// # Errors
/// There is no plant, or the photo can't be read.
pub fn examine_apart(cli: &Cli) -> Result<u8, Fault> {
    plant::apart::confine();
    let config = read_config(&cli.plant)?;
    let profile = profile_at(&cli.plant, &config, clock(cli)?.now())?;
    let networks = Arc::new(config.photo.engine().networks());
    let mut jpeg = Vec::new();
    std::io::stdin().take(READ_BYTES_MAX).read_to_end(&mut jpeg).map_err(|e| Fault::io("read", "standard input", e))?;
    std::hint::black_box(Room { profile, networks }.examine(&jpeg, false));
    Ok(0)
}

/// Where photos are judged by a command: under one profile, by one engine.
struct Room {
    profile: Profile,
    networks: Arc<dyn Networks>,
}

impl Room {
    /// An engine that can't be used is refused here (CFG-08), or every photo would be held for it.
    fn open(profile: &str, engine: &EngineArgs) -> Result<Self, Fault> {
        let profile = profile_file_or_id(profile, today())?;
        let networks = Arc::new(engine.engine()?.networks());
        networks.ready().map_err(no_engine)?;
        Ok(Self { profile, networks })
    }

    fn examine(&self, jpeg: &[u8], religious_headgear: bool) -> Examination {
        photo::examine(jpeg, &Sitting { profile: &self.profile, networks: &*self.networks, religious_headgear })
    }
}

/// Findings as a verdict: in order of precedence.
fn verdict_of(examination: &Examination) -> Verdict {
    Verdict::from_reasons(examination.reasons.iter().cloned().map(card::Reason::from).collect())
}

/// An outcome as photos have it.
fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Accepted => "pass",
        Outcome::Held => "review",
        Outcome::Rejected => "reject",
    }
}

/// The file's bytes; none of one that is larger than any photo.
fn read(file: &Path) -> Result<Vec<u8>, Fault> {
    let unreadable = |e: std::io::Error| Fault::BadInput(format!("{}: {e}", file.display()));
    let too_large = std::fs::metadata(file).map_err(unreadable)?.len() > READ_BYTES_MAX;
    if too_large { Ok(Vec::new()) } else { std::fs::read(file).map_err(unreadable) }
}

fn write(file: &Path, bytes: &[u8]) -> Result<(), Fault> {
    std::fs::write(file, bytes).map_err(|e| Fault::io("write", file.display().to_string(), e))
}

fn make_folder(folder: &Path) -> Result<(), Fault> {
    std::fs::create_dir_all(folder).map_err(|e| Fault::io("make", folder.display().to_string(), e))
}

/// `work` for each number below `count`, on one thread a core, the answers in order. The first fault ends it. Plain threads, each inside
/// the engine: never a pool of ours around a pool of the engine's.
fn on_all_cores<T: Send>(networks: &dyn Networks, count: usize, work: impl Fn(usize) -> Result<T, Fault> + Sync) -> Result<Vec<T>, Fault> {
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, Result<T, Fault>)>> = Mutex::new(Vec::with_capacity(count));
    let take = || {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            if at >= count {
                return;
            }
            let answer = work(at);
            if answer.is_err() {
                next.store(count, Ordering::Relaxed);
            }
            done.lock().unwrap_or_else(PoisonError::into_inner).push((at, answer));
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(count) {
            scope.spawn(|| networks.as_worker(&mut || take()));
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, answer)| answer).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_come_in_order_and_the_first_fault_is_given() {
        let double = |n: usize| Ok(2 * n);
        assert_eq!(on_all_cores(&photo::nets::Absent, 50, double).ok(), Some((0..50).map(|n| 2 * n).collect()));
        let odd = |n: usize| if n == 7 { Err(Fault::BadInput("seven".to_owned())) } else { Ok(n) };
        assert!(on_all_cores(&photo::nets::Absent, 50, odd).is_err());
        assert_eq!(on_all_cores(&photo::nets::Absent, 0, double).ok(), Some(vec![]));
    }
}
