//! `labels.csv` of a labelled set: one line a photo. Every field is a plain word, so that no quoting is needed.

use card::Outcome;

use super::Planned;

pub const HEADER: &str = "file,verdict,reasons,group,religious_headgear,half\n";

/// A photo's line, with its end.
#[must_use]
pub fn line(p: &Planned) -> String {
    let declared = if p.declares_headgear() { "yes" } else { "no" };
    format!("{},{},{},{},{declared},{}\n", p.file, word(p.outcome()), p.reasons(), p.group.name(), p.half.name())
}

/// An outcome as labels name it.
#[must_use]
pub fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Accepted => "accepted",
        Outcome::Held => "held",
        Outcome::Rejected => "rejected",
    }
}
