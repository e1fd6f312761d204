//! `cardline photo check`: judges photo files by a profile, without a plant.

use std::path::Path;

use card::{Profile, Verdict};
use ledger::fault::Fault;
use serde_json::json;

use crate::cli::PhotoCommand;
use crate::wiring::{profile_file_or_id, today};

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

/// Prints one file's verdict; `true` if it isn't accepted.
fn check(file: &Path, profile: &Profile, as_json: bool) -> Result<bool, Fault> {
    let unreadable = |e: std::io::Error| Fault::BadInput(format!("{}: {e}", file.display()));
    let too_large = std::fs::metadata(file).map_err(unreadable)?.len() > READ_BYTES_MAX;
    let bytes = if too_large { Vec::new() } else { std::fs::read(file).map_err(unreadable)? };
    let examination = photo::examine(&bytes, profile);
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
