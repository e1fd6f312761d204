//! The letters beside answers: the page for people speaks of exactly the applications that were not accepted, with their own codes
//! (docs/formats/batch.md, "Letters"). What else stands in it, and the PDF, is held against the ledger's digest alone.

use std::collections::BTreeMap;

use card::{Effect, Ordinal, Outcome};
use ledger::entry::PackageSetAside;

use crate::proof::{Invariant, Proofs};
use crate::story::{Application, Package, Story};

/// Applications a letter shows at most.
const CASES_MAX: usize = 500;
/// What an application's part of the page begins with; a `"` in any text is escaped.
const CASE: &str = "<article data-package=\"";

/// Where a package's letter lies.
pub fn paths(package: &Package) -> [String; 2] {
    ["html", "pdf"].map(|form| format!("returns/{}/{}/letter.{form}", package.outlet, package.package_id))
}

/// Holds a page against the applications it must speak of.
pub fn check(story: &Story, bytes: &[u8], ordinals: &[Ordinal], proofs: &mut Proofs) -> Result<(), String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "not UTF-8".to_owned())?;
    let mut waiting = BTreeMap::new();
    for ordinal in ordinals {
        let Some(application) = story.application(*ordinal).filter(|a| !a.has_card() && matches!(a.outcome, Some(Outcome::Held | Outcome::Rejected))) else {
            continue;
        };
        let package = story.package_of(application);
        waiting.insert((package.package_id.as_str(), ordinal.0 - package.first_ordinal.0 + 1), (*ordinal, application));
    }
    let total = waiting.len();
    for case in text.split(CASE).skip(1) {
        let (package, row, codes) = told(case).ok_or("a case that can't be read")?;
        let (ordinal, application) = waiting.remove(&(package, row)).ok_or_else(|| format!("row {row} is shown twice or has no place here"))?;
        proofs.check(Invariant::I02, codes == stopping(application), || format!("application #{} was not told its own codes", ordinal.0));
    }
    let shown = total - waiting.len();
    if waiting.is_empty() || shown == CASES_MAX { Ok(()) } else { Err(format!("it shows {shown} of {total} applications")) }
}

/// The page has one case: the package that was set aside, with its codes and every word that is said of them.
pub fn is_about(bytes: &[u8], e: &PackageSetAside) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let cases: Vec<_> = text.split(CASE).skip(1).map(told).collect();
    let codes = e.reasons.iter().map(|r| r.code.text()).collect::<Vec<_>>().join(" ");
    let wanted = Some((e.package_id.as_deref().unwrap_or_default(), 0, codes));
    let said = e.reasons.iter().map(|r| r.code.definition()).all(|d| [d.en, d.zh].iter().all(|sentence| text.contains(&escaped(sentence))));
    cases == [wanted] && said
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

/// Package, row and codes of a case.
fn told(case: &str) -> Option<(&str, u64, String)> {
    let (package, rest) = case.split_once("\" data-row=\"")?;
    let (row, rest) = rest.split_once("\" data-codes=\"")?;
    let (codes, _) = rest.split_once("\">")?;
    Some((package, row.parse().ok()?, codes.to_owned()))
}

fn stopping(application: &Application) -> String {
    let codes = application.codes.iter().filter(|(_, effect)| *effect > Effect::Warn).map(|(code, _)| code.text());
    codes.collect::<Vec<_>>().join(" ")
}
