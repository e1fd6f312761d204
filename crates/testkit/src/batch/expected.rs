//! What must come of every application and package, written as `expected.jsonl` beside the packages, and the comparison with what
//! did come of them.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Write};

use card::Outcome;
use serde::{Deserialize, Serialize};

/// One line of `expected.jsonl`: a package, or an application of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "kebab-case")]
pub enum Expectation {
    Package {
        /// Name in the inbox.
        package: String,
        /// `received`, `quarantined` or `repeated`.
        outcome: String,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        code: Option<String>,
        fault: String,
    },
    Application {
        package: String,
        outlet: String,
        application_id: String,
        outcome: Outcome,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        code: Option<String>,
        fault: String,
    },
}

/// How many of what was made.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Expected {
    pub packages: u64,
    pub packages_quarantined: u64,
    pub packages_repeated: u64,
    pub applications: u64,
    pub accepted: u64,
    pub rejected: u64,
    pub held: u64,
}

impl Expected {
    pub(super) fn count(&mut self, line: &Expectation) {
        match line {
            Expectation::Package { outcome, .. } => {
                self.packages += 1;
                self.packages_quarantined += u64::from(outcome == "quarantined");
                self.packages_repeated += u64::from(outcome == "repeated");
            }
            Expectation::Application { outcome, .. } => {
                self.applications += 1;
                *match outcome {
                    Outcome::Accepted => &mut self.accepted,
                    Outcome::Held => &mut self.held,
                    Outcome::Rejected => &mut self.rejected,
                } += 1;
            }
        }
    }
}

pub(super) fn write_line(out: &mut dyn Write, line: &Expectation) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}

/// Reads `expected.jsonl`.
///
/// # Errors
/// The text can't be read or isn't what `generate` wrote.
pub fn read(text: impl BufRead) -> io::Result<Vec<Expectation>> {
    text.lines().map(|line| Ok(serde_json::from_str(&line?)?)).collect()
}

/// What really came of an application.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Actual {
    pub outlet: String,
    pub application_id: String,
    pub outcome: Outcome,
    /// All codes, the headline first.
    pub codes: Vec<String>,
}

/// What really came of a package that was not simply received.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ActualPackage {
    /// Name in the inbox.
    pub package: String,
    /// `quarantined` or `repeated`.
    pub outcome: String,
    pub codes: Vec<String>,
}

/// Where expectation and fact part. One line of text each, without personal data; empty means all is as expected.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Differences {
    pub compared: u64,
    pub lines: Vec<String>,
}

/// Compares every application (by outlet and number; a number sent twice has two outcomes, in any order).
///
/// An expected code must be the headline; of an accepted application it must be among the warnings, which stand in no order of importance to
/// it. Where none is expected there may be warnings only.
#[must_use]
pub fn compare(expected: &[Expectation], actual: &[Actual]) -> Differences {
    let mut found: BTreeMap<(&str, &str), Vec<&Actual>> = BTreeMap::new();
    for a in actual {
        found.entry((&a.outlet, &a.application_id)).or_default().push(a);
    }
    let mut differences = Differences::default();
    for line in expected {
        let Expectation::Application { outlet, application_id, outcome, code, fault, .. } = line else { continue };
        differences.compared += 1;
        let there = found.get_mut(&(outlet.as_str(), application_id.as_str()));
        let wanted = said(*outcome, code.as_deref());
        match there.and_then(|list| list.iter().position(|a| fits(a, *outcome, code.as_deref())).map(|at| list.remove(at))) {
            Some(_) => {}
            None => {
                let got = found.get(&(outlet.as_str(), application_id.as_str())).and_then(|list| list.first());
                let got = got.map_or_else(|| "nothing".to_owned(), |a| said(a.outcome, Some(&a.codes.join(" "))));
                differences.lines.push(format!("{outlet} {application_id} ({fault}): wanted {wanted}, got {got}"));
            }
        }
    }
    let known: std::collections::BTreeSet<(&str, &str)> = expected.iter().filter_map(key).collect();
    let unknown = found.keys().filter(|k| !known.contains(*k));
    differences.lines.extend(unknown.map(|(outlet, id)| format!("{outlet} {id}: not expected at all")));
    differences
}

/// Compares the packages that were set aside or recognised.
#[must_use]
pub fn compare_packages(expected: &[Expectation], actual: &[ActualPackage]) -> Differences {
    let found: BTreeMap<&str, &ActualPackage> = actual.iter().map(|a| (a.package.as_str(), a)).collect();
    let mut differences = Differences::default();
    for line in expected {
        let Expectation::Package { package, outcome, code, fault } = line else { continue };
        differences.compared += 1;
        let got = found.get(package.as_str());
        let right = match (outcome.as_str(), got) {
            ("received", None) => true,
            (_, Some(a)) => a.outcome == *outcome && (outcome == "repeated" || a.codes.first().map(String::as_str) == code.as_deref()),
            _ => false,
        };
        if !right {
            let got = got.map_or_else(|| "received".to_owned(), |a| format!("{} {}", a.outcome, a.codes.join(" ")));
            differences.lines.push(format!("package {package} ({fault}): wanted {outcome} {}, got {got}", code.as_deref().unwrap_or("")));
        }
    }
    differences
}

fn key(line: &Expectation) -> Option<(&str, &str)> {
    match line {
        Expectation::Application { outlet, application_id, .. } => Some((outlet, application_id)),
        Expectation::Package { .. } => None,
    }
}

fn fits(actual: &Actual, outcome: Outcome, code: Option<&str>) -> bool {
    let told = if outcome == Outcome::Accepted { &actual.codes[..] } else { &actual.codes[..actual.codes.len().min(1)] };
    actual.outcome == outcome && code.is_none_or(|code| told.iter().any(|c| c == code))
}

fn said(outcome: Outcome, codes: Option<&str>) -> String {
    let outcome = format!("{outcome:?}").to_lowercase();
    [outcome.as_str(), codes.unwrap_or("")].join(" ").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(id: &str, outcome: Outcome, code: Option<&str>) -> Expectation {
        let [package, outlet, fault] = ["p.zip", "WH-01", "none"].map(str::to_owned);
        Expectation::Application { package, outlet, application_id: id.to_owned(), outcome, code: code.map(str::to_owned), fault }
    }

    fn got(id: &str, outcome: Outcome, codes: &[&str]) -> Actual {
        Actual { outlet: "WH-01".to_owned(), application_id: id.to_owned(), outcome, codes: codes.iter().map(|c| (*c).to_owned()).collect() }
    }

    #[test]
    fn agreement_is_silent_and_every_difference_is_named() {
        let expected = [
            wanted("1", Outcome::Accepted, None),
            wanted("2", Outcome::Held, Some("DUP-03")),
            wanted("2", Outcome::Accepted, None),
            wanted("3", Outcome::Rejected, Some("REC-14")),
            wanted("5", Outcome::Accepted, Some("DUP-10")),
        ];
        let actual = [
            got("1", Outcome::Accepted, &["REC-25"]),
            got("2", Outcome::Accepted, &[]),
            got("2", Outcome::Held, &["DUP-03"]),
            got("3", Outcome::Rejected, &["REC-14", "PHO-13"]),
            got("5", Outcome::Accepted, &["REC-25", "DUP-10"]),
        ];
        assert_eq!(compare(&expected, &actual), Differences { compared: 5, lines: vec![] });
        let wrong = [
            got("1", Outcome::Held, &["REC-08"]),
            got("2", Outcome::Held, &["DUP-03"]),
            got("3", Outcome::Rejected, &["PHO-13"]),
            got("4", Outcome::Accepted, &[]),
            got("5", Outcome::Accepted, &["REC-25"]),
        ];
        assert_eq!(compare(&expected, &wrong).lines.len(), 5);
    }

    #[test]
    fn packages_are_compared_by_name_and_code() {
        let line = |package: &str, outcome: &str, code: Option<&str>| Expectation::Package {
            package: package.to_owned(),
            outcome: outcome.to_owned(),
            code: code.map(str::to_owned),
            fault: String::new(),
        };
        let expected = [line("a", "received", None), line("b", "quarantined", Some("SIG-02")), line("c", "repeated", None)];
        let actual =
            |package: &str, outcome: &str, code: &str| ActualPackage { package: package.to_owned(), outcome: outcome.to_owned(), codes: vec![code.to_owned()] };
        assert!(compare_packages(&expected, &[actual("b", "quarantined", "SIG-02"), actual("c", "repeated", "RPL-01")]).lines.is_empty());
        assert_eq!(compare_packages(&expected, &[actual("a", "quarantined", "SIG-02"), actual("b", "quarantined", "SIG-01")]).lines.len(), 3);
    }

    #[test]
    fn lines_read_back() {
        let lines = [wanted("1", Outcome::Held, Some("REC-08"))];
        let mut text = Vec::new();
        write_line(&mut text, &lines[0]).unwrap();
        assert_eq!(read(&text[..]).unwrap(), lines);
    }
}
