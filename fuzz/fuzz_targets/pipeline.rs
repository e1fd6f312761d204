//! `pipeline.toml`: what is taken is within its ranges and taken again as the same; what isn't is refused with a line (CFG-…).
#![no_main]

use libfuzzer_sys::fuzz_target;

#[allow(dead_code)]
#[path = "../../crates/cardline/src/config/mod.rs"]
mod config;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match config::Config::parse(text, "pipeline.toml") {
        Ok(config) => {
            assert!((1..=2000).contains(&config.run.cards_per_job) && (16..=4096).contains(&config.run.permits));
            assert!(config.utc_offset_minutes().is_some_and(|m| m.abs() < 15 * 60));
            assert!(config::Config::parse(text, "pipeline.toml").ok().as_ref() == Some(&config));
        }
        Err(fault) => {
            let said = fault.to_string();
            assert!(said.starts_with("CFG-0") && said.contains("pipeline.toml:"), "{said}");
        }
    }
});
