//! The release id: one digest over everything that shapes an output: program version, profile, fonts, face networks, card keys and the
//! output-shaping part of the configuration. A batch is finished with the release it was cut with (CFG-02).

use card::{Digest, Profile};

use crate::config::Config;

/// Threads, permits, cache and report settings don't shape outputs and may change between a stop and its resume.
#[must_use]
pub fn release_id(config: &Config, profile: &Profile, engine: &str, keys: &str) -> Digest {
    with_fonts(config, profile, [engine, keys], artwork::fonts_digest())
}

fn with_fonts(config: &Config, profile: &Profile, [engine, keys]: [&str; 2], fonts: Digest) -> Digest {
    // How a batch is released is part of it: nobody gets around two people by changing a word between seal and release.
    let shaping = format!(
        "{:?}|{:?}|{}|{}|{:?}",
        config.sender, config.plant.utc_offset, config.run.cards_per_job, config.packages.unsigned_allowed, config.release.mode
    );
    let parts = [
        concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION")).to_owned(),
        format!("{} {}", profile.digest, profile.applies_from),
        fonts.to_string(),
        engine.to_owned(),
        keys.to_owned(),
        Digest::of(shaping.as_bytes()).to_string(),
    ];
    Digest::of(parts.join("\n").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_font_template_engine_or_key_store_is_another_release() {
        let day = jiff::civil::date(2026, 11, 22);
        let (config, profile) = (Config::default(), Profile::built_in("hubei-foreigner-2025", day).unwrap());
        let ours = release_id(&config, &profile, "engine", "keys");
        assert_eq!(ours, with_fonts(&config, &profile, ["engine", "keys"], artwork::fonts_digest()));
        assert_ne!(ours, with_fonts(&config, &profile, ["engine", "keys"], Digest::of(b"another font")));
        assert_ne!(ours, release_id(&config, &profile, "another engine", "keys"));
        assert_ne!(ours, release_id(&config, &profile, "engine", "other keys"));
        // The template is part of the profile.
        let (_, text) = card::profile::BUILT_IN[0];
        let same = Profile::parse(text, day).unwrap();
        let moved = Profile::parse(&text.replacen("[0.0, 11.0, 85.60, 42.98]", "[0.0, 11.5, 85.60, 42.48]", 1), day).unwrap();
        assert_eq!(ours, release_id(&config, &same, "engine", "keys"));
        assert_ne!(ours, release_id(&config, &moved, "engine", "keys"));
    }
}
