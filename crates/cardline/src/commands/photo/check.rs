//! `cardline photo check`: what is found in each file, as text or as one JSON object a line.

use std::path::Path;
use std::time::Instant;

use ledger::fault::Fault;
use serde_json::{Value, json};

use super::{Room, annotate, components, make_folder, read, verdict_of, word};
use crate::cli::PhotoCheckArgs;

pub fn check(args: &PhotoCheckArgs) -> Result<u8, Fault> {
    let room = Room::open(&args.profile, &args.engine)?;
    if let Some(folder) = &args.annotate {
        make_folder(folder)?;
    }
    let mut refused = false;
    for file in &args.files {
        refused |= one(file, &room, args)?;
    }
    Ok(if refused { 3 } else { 0 })
}

/// The mesh's 468 points as `[x, y]` in photo pixels, to a tenth; `null` where no mesh was drawn.
fn landmarks(examination: &photo::Examination) -> Option<Vec<[f64; 2]>> {
    let tenth = |v: f32| (f64::from(v) * 10.0).round() / 10.0;
    let mesh = examination.faces.as_ref()?.mesh.as_ref()?;
    Some(mesh.points.iter().map(|[x, y, _]| [tenth(*x), tenth(*y)]).collect())
}

/// Prints one file's verdict; `true` if it isn't accepted.
fn one(file: &Path, room: &Room, args: &PhotoCheckArgs) -> Result<bool, Fault> {
    let bytes = read(file)?;
    let begun = Instant::now();
    let examination = room.examine(&bytes, args.religious_headgear);
    let milliseconds = (begun.elapsed().as_secs_f64() * 1e6).round() / 1e3;
    let verdict = verdict_of(&examination);
    if let Some(folder) = &args.annotate {
        annotate::annotate(file, &examination, folder)?;
    }
    if args.json {
        let measurements = serde_json::to_value(&examination.measurements).unwrap_or(Value::Null);
        let components = components::of(&measurements);
        let line = json!({
            "file": file.display().to_string(),
            "verdict": word(verdict.outcome),
            "reasons": examination.reasons,
            "measurements": measurements,
            "components": components,
            "landmarks": landmarks(&examination),
            "milliseconds": milliseconds,
        });
        println!("{line}");
    } else {
        println!("{}: {}", file.display(), word(verdict.outcome));
        for r in &verdict.reasons {
            println!("  {} {} [{} / {}]", r.code, r.code.definition().en, r.value, r.limit);
        }
    }
    Ok(verdict.outcome != card::Outcome::Accepted)
}
