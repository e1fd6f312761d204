//! The release id: one digest over everything that shapes an output: program version, profile, fonts and the output-shaping part
//! of the configuration. A batch is finished with the release it was cut with (CFG-02).

use card::{Digest, Profile};

use crate::config::Config;

/// Threads, permits, cache and report settings don't shape outputs and may change between a stop and its resume.
#[must_use]
pub fn release_id(config: &Config, profile: &Profile) -> Digest {
    // How a batch is released is part of it: nobody gets around two people by changing a word between seal and release.
    let shaping = format!(
        "{:?}|{:?}|{}|{}|{:?}",
        config.sender, config.plant.utc_offset, config.run.cards_per_job, config.packages.unsigned_allowed, config.release.mode
    );
    let parts = [
        concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION")).to_owned(),
        format!("{} {}", profile.digest, profile.applies_from),
        artwork::fonts_digest().to_string(),
        Digest::of(shaping.as_bytes()).to_string(),
    ];
    Digest::of(parts.join("\n").as_bytes())
}
