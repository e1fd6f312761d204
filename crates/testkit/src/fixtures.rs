//! The small set of photos kept in `fixtures/photos`: a few conforming ones and one of each kind of damage, with `labels.csv`
//! (file, expected verdict, expected reasons). Written anew with `TESTKIT_WRITE_FIXTURES=1 cargo test -p testkit fixtures`.

use std::io;
use std::path::Path;

use card::Outcome;

use crate::degrade::CATALOGUE;
use crate::jpeg::{self, Writing};
use crate::labelled::word;
use crate::portrait::{Glasses, Headwear, Look, portrait};

/// Seed of the portrait that is damaged.
const SEED: u64 = 15;
/// Variants of a damage that the generator makes but the set leaves out, to stay below 3 MB.
const LEFT_OUT: [&str; 27] = [
    "blur-2.5",
    "upscaled-4",
    "background-grey-225",
    "background-cream",
    "background-red",
    "frame-black-1",
    "frame-grey-2",
    "frame-red-4",
    "recompressed-30",
    "recompressed-20",
    "blur-3.5",
    "upscaled-5",
    "dark-0.35",
    "cast-green",
    "size-358x440",
    "truncated-50",
    "truncated-10",
    "polyglot-html",
    "bytes-ambiguous-high",
    "bytes-above",
    "arithmetic",
    "twelve-bit",
    "header-bomb-65500",
    "webp",
    "gif",
    "pdf",
    "metadata-bloat",
];

/// One photo of the set.
pub struct Fixture {
    pub file: String,
    pub bytes: Vec<u8>,
    pub outcome: Outcome,
    /// Codes in order, separated by spaces; empty for none.
    pub reasons: String,
}

/// The whole set, in the order of `labels.csv`.
#[must_use]
pub fn all() -> Vec<Fixture> {
    let picture = portrait(SEED, &Look::default());
    let damaged = CATALOGUE.iter().filter(|d| !LEFT_OUT.contains(&d.name)).map(|d| Fixture {
        file: format!("{}.jpg", d.name),
        bytes: d.apply(&picture, SEED),
        outcome: d.outcome,
        reasons: d.codes.iter().map(|c| c.text()).collect::<Vec<_>>().join(" "),
    });
    conforming().chain(damaged).collect()
}

fn conforming() -> impl Iterator<Item = Fixture> {
    let looks = [
        ("conforming", SEED, Look::default()),
        ("conforming-dark-skin", 6, Look::default()),
        ("conforming-glasses", 1, Look { glasses: Glasses::Clear, ..Look::default() }),
        ("conforming-headscarf", 3, Look { headwear: Headwear::Scarf, ..Look::default() }),
    ];
    looks.into_iter().map(|(name, seed, look)| Fixture {
        file: format!("{name}.jpg"),
        bytes: jpeg::sized(&portrait(seed, &look), jpeg::BYTES_AIM, &Writing::default()),
        outcome: Outcome::Accepted,
        reasons: String::new(),
    })
}

/// `labels.csv` of a set.
#[must_use]
pub fn labels(set: &[Fixture]) -> String {
    let lines = set.iter().map(|f| format!("{},{},{}\n", f.file, word(f.outcome), f.reasons));
    std::iter::once("file,verdict,reasons\n".to_owned()).chain(lines).collect()
}

/// Writes the set and its labels into a folder.
///
/// # Errors
/// The folder can't be written.
pub fn write(folder: &Path) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let set = all();
    for fixture in &set {
        std::fs::write(folder.join(&fixture.file), &fixture.bytes)?;
    }
    std::fs::write(folder.join("labels.csv"), labels(&set))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::LazyLock;

    use card::{Profile, Reason, Verdict};
    use photo::nets::RtenNetworks;

    const BYTES_MAX: u64 = 3_000_000;

    fn folder() -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/photos")
    }

    fn verdict(bytes: &[u8], scarf: bool) -> (Outcome, Vec<&'static str>) {
        let profile = Profile::built_in("hubei-foreigner-2025", jiff::civil::date(2025, 6, 1)).unwrap();
        static NETWORKS: LazyLock<RtenNetworks> = LazyLock::new(|| RtenNetworks::load().unwrap());
        let verdict = Verdict::from_reasons(
            photo::examine(bytes, &photo::Sitting { profile: &profile, networks: &*NETWORKS, religious_headgear: scarf })
                .reasons
                .into_iter()
                .map(Reason::from)
                .collect(),
        );
        (verdict.outcome, verdict.reasons.iter().map(|r| r.code.text()).collect())
    }

    #[test]
    fn the_kept_photos_are_the_generated_ones_and_get_their_verdicts() {
        if std::env::var_os("TESTKIT_WRITE_FIXTURES").is_some() {
            write(&folder()).unwrap();
        }
        let set = all();
        assert_eq!(std::fs::read_to_string(folder().join("labels.csv")).unwrap(), labels(&set));
        let mut total = 0;
        for fixture in &set {
            let scarf = fixture.file.contains("headscarf");
            let kept = std::fs::read(folder().join(&fixture.file)).unwrap();
            total += kept.len() as u64;
            let (outcome, codes) = verdict(&kept, scarf);
            assert_eq!(outcome, fixture.outcome, "{}: {codes:?}", fixture.file);
            assert!(fixture.reasons.split_whitespace().all(|c| codes.contains(&c)), "{}: {codes:?}", fixture.file);
            // Another machine's arithmetic may round a pixel differently: then the verdict has to be the same, not the bytes.
            assert!(kept == fixture.bytes || verdict(&fixture.bytes, scarf) == (outcome, codes), "{} is generated with another verdict", fixture.file);
        }
        assert!(total < BYTES_MAX, "{total} bytes");
    }
}
