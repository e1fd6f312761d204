//! `cardline photo check`: judges photo files by a profile, without a plant.

use std::io::Read as _;
use std::path::Path;

use card::{Profile, Verdict};
use ledger::fault::Fault;
use photo::Sitting;
use serde_json::json;

use crate::cli::{Cli, PhotoCommand};
use crate::wiring::{clock, networks, profile_at, profile_file_or_id, read_config, today};

/// Files larger than any photo are not even read.
const READ_BYTES_MAX: u64 = 16 << 20;

pub fn photo(command: &PhotoCommand) -> Result<u8, Fault> {
    let PhotoCommand::Check { files, profile, json } = command;
    let profile = profile_file_or_id(profile, today())?;
    let mut refused = false;
    for file in files {
        refused |= check(file, &profile, *json)?;
    }
    Ok(if refused { 3 } else { 0 })
}

/// Examines the photo on standard input as the plant's profile has it on the day of `--clock`. That it ends is the answer.
///
/// # Errors
/// There is no plant, or the photo can't be read.
pub fn examine_apart(cli: &Cli) -> Result<u8, Fault> {
    plant::apart::confine();
    let profile = profile_at(&cli.plant, &read_config(&cli.plant)?, clock(cli)?.now())?;
    let mut jpeg = Vec::new();
    std::io::stdin().take(READ_BYTES_MAX).read_to_end(&mut jpeg).map_err(|e| Fault::io("read", "standard input", e))?;
    std::hint::black_box(photo::examine(&jpeg, &Sitting { profile: &profile, networks: &*networks(), religious_headgear: false }));
    Ok(0)
}

/// Prints one file's verdict; `true` if it isn't accepted.
fn check(file: &Path, profile: &Profile, as_json: bool) -> Result<bool, Fault> {
    let unreadable = |e: std::io::Error| Fault::BadInput(format!("{}: {e}", file.display()));
    let too_large = std::fs::metadata(file).map_err(unreadable)?.len() > READ_BYTES_MAX;
    let bytes = if too_large { Vec::new() } else { std::fs::read(file).map_err(unreadable)? };
    let examination = photo::examine(&bytes, &Sitting { profile, networks: &*networks(), religious_headgear: false });
    let verdict = Verdict::from_reasons(examination.reasons.into_iter().map(card::Reason::from).collect());
    let word = match verdict.outcome {
        card::Outcome::Accepted => "pass",
        card::Outcome::Held => "review",
        card::Outcome::Rejected => "reject",
    };
    if as_json {
        println!("{}", json!({"file": file.display().to_string(), "verdict": word, "reasons": verdict.reasons, "measurements": examination.measurements}));
    } else {
        println!("{}: {word}", file.display());
        for r in &verdict.reasons {
            println!("  {} {} [{} / {}]", r.code, r.code.definition().en, r.value, r.limit);
        }
    }
    Ok(verdict.outcome != card::Outcome::Accepted)
}
