//! `cardline verify`: the independent auditor on this plant. One line per invariant; exit 70 when one doesn't hold.

use card::{BatchId, Code};
use ledger::fault::Fault;
use serde_json::json;

use super::EXIT_BROKEN;
use crate::cli::{Cli, VerifyArgs};
use crate::rederive::{self, Sample};
use crate::{wiring, witness};

/// The invariant that speaks of witnessed places.
const WITNESS: &str = "I-18";

pub fn verify(cli: &Cli, args: &VerifyArgs) -> Result<u8, Fault> {
    let disk = wiring::disk(cli)?;
    let keys = plant::keys::PlantKeys::open(&*disk)?;
    let batch = args.batch.as_deref().map(BatchId::parse).transpose().map_err(Fault::Usage)?;
    let witnessed = args.witness.as_deref().map(witness::places).transpose()?.unwrap_or_default();
    let sample = args.sample.as_deref().map(|text| Sample::parse(text, args.seed)).transpose()?;
    let vault_key = Some(audit::PlantKey::new(*keys.vault.bytes()));
    let scope = audit::Scope { batch: batch.clone(), pepper: Some(keys.pepper.0), vault_key, witnessed };
    let (mut broken, mut rolled_back) = (0, None);
    let summary = audit::verify(&*disk, &scope, &mut |finding| {
        broken += u32::from(!finding.ok);
        if finding.id == WITNESS {
            rolled_back.clone_from(&finding.detail);
        }
        print_finding(finding, args.json);
    })?;
    if summary.purged_packages + summary.purged_batches > 0 && !args.json {
        println!("purged {} of {} packages, {} of {} batches", summary.purged_packages, summary.packages, summary.purged_batches, summary.batches);
    }
    if let Some(text) = rolled_back {
        return Err(Fault::refused(Code::Jrn03, text));
    }
    if let Some(sample) = sample {
        let finding = rederive::jobs(cli, batch.as_ref(), &sample)?;
        broken += u32::from(!finding.ok);
        print_finding(&finding, args.json);
    }
    if broken == 0 {
        return Ok(0);
    }
    tell!("{broken} invariants don't hold");
    Ok(EXIT_BROKEN)
}

fn print_finding(f: &audit::Finding, as_json: bool) {
    if as_json {
        println!("{}", json!({"id": f.id, "ok": f.ok, "checked": f.checked, "what": f.what, "detail": f.detail}));
        return;
    }
    println!("{f}");
}
