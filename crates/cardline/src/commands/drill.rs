//! `cardline drill`: rehearses the worst night on the plant's own last packages, in memory and in a folder of its own.

use ledger::fault::Fault;
use serde_json::json;

use super::EXIT_BROKEN;
use crate::cli::{Cli, DrillArgs};
use crate::drill;

pub fn drill(cli: &Cli, args: &DrillArgs) -> Result<u8, Fault> {
    let made = |e: std::io::Error| Fault::io("create", "the drill's folder", e);
    let mut builder = tempfile::Builder::new();
    builder.prefix("cardline-drill-");
    // Beside the plant: the same kind of disk, and not one in memory, which runs refuse.
    let beside = cli.plant.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(std::path::Path::new("."));
    let folder = builder.tempdir_in(args.into.as_deref().unwrap_or(beside)).map_err(made)?;
    let mut failed = 0;
    drill::drill(cli, args, folder.path(), &mut |exercise| {
        let (ok, text) = match &exercise.outcome {
            Ok(text) => (true, text),
            Err(text) => (false, text),
        };
        failed += u32::from(!ok);
        if args.json {
            println!("{}", json!({"exercise": exercise.name, "ok": ok, "text": text}));
        } else {
            println!("{:6} {:14} {text}", if ok { "ok" } else { "FAILED" }, exercise.name);
        }
    })?;
    if failed > 0 && args.keep {
        tell!("kept in {}", folder.keep().display());
    }
    Ok(if failed == 0 { 0 } else { EXIT_BROKEN })
}
