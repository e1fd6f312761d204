//! `cardline held`: what waits, for whom, and why.

use card::OutletCode;
use ledger::fault::Fault;
use serde_json::json;

use crate::cli::Cli;
use crate::wiring;

pub fn held(cli: &Cli, outlet: Option<&str>, as_json: bool) -> Result<u8, Fault> {
    let outlet = outlet.map(OutletCode::parse).transpose().map_err(Fault::Usage)?;
    let book = wiring::look(cli)?;
    let ordinals = match &outlet {
        Some(outlet) => book.held_of(outlet)?,
        None => book.held()?,
    };
    for ordinal in &ordinals {
        let Some(a) = book.application(*ordinal)? else { continue };
        if as_json {
            println!("{}", json!({"outlet": a.outlet.as_str(), "application_id": a.application_id, "reasons": a.reasons}));
            continue;
        }
        println!("{}/{}", a.outlet, a.application_id);
        for r in a.reasons.iter().filter(|r| r.effect != card::Effect::Warn) {
            println!("  {} {} [{} / {}]  {}", r.code, r.code.definition().en, r.value, r.limit, r.code.definition().todo_en);
        }
    }
    tell!("{} held", ordinals.len());
    Ok(0)
}
