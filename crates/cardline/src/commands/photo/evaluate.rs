//! `cardline photo evaluate`: a folder of labelled photos against the verdicts they get. Per rule: caught, missed, false alarms; how many
//! conforming photos are refused or sent to a person, how many faulty ones pass; the same by group and by half.

use std::collections::BTreeMap;

use card::{Code, Outcome};
use ledger::fault::Fault;
use serde_json::{Value, json};

use super::labels::{self, Label};
use super::rates::Rate;
use super::spared::{self, Spared};
use super::{Room, on_all_cores, read, verdict_of};
use crate::cli::PhotoEvaluateArgs;

pub fn evaluate(args: &PhotoEvaluateArgs) -> Result<u8, Fault> {
    let room = Room::open(&args.profile, &args.engine)?;
    let place = args.folder.join("labels.csv");
    let text = std::fs::read_to_string(&place).map_err(|e| Fault::BadInput(format!("{}: {e}", place.display())))?;
    let labels = labels::parse(&text)?;
    let judged = on_all_cores(&*room.networks, labels.len(), |at| judge(&labels[at], &room, args))?;
    let mut tally = Tally::default();
    labels.iter().zip(&judged).for_each(|(label, judged)| tally.add(label, judged));
    if args.json {
        println!("{}", tally.json())
    } else {
        print!("{}", tally.text())
    }
    if args.spare_nothing {
        spared_of(&labels, &judged).for_each(|line| tell!("{line}"));
    }
    if args.wrong {
        labels.iter().zip(&judged).filter_map(|(label, judged)| wrong(label, judged)).for_each(|line| tell!("{line}"));
    }
    Ok(0)
}

/// What a photo got.
struct Judged {
    outcome: Outcome,
    codes: Vec<Code>,
    spared: Option<Spared>,
}

fn judge(label: &Label, room: &Room, args: &PhotoEvaluateArgs) -> Result<Judged, Fault> {
    let examination = room.examine(&read(&args.folder.join(&label.file))?, label.religious_headgear);
    let verdict = verdict_of(&examination);
    let spared = if args.spare_nothing { spared::ask(&examination, label.religious_headgear, room)? } else { None };
    Ok(Judged { outcome: verdict.outcome, codes: verdict.reasons.iter().map(|r| r.code).collect(), spared })
}

/// For how many photos something was spared, and each for which that made a difference.
fn spared_of<'a>(labels: &'a [Label], judged: &'a [Judged]) -> impl Iterator<Item = String> + 'a {
    let spared = || labels.iter().zip(judged).filter_map(|(label, judged)| Some((&label.file, judged.spared.as_ref()?)));
    let differ = spared().filter(|(_, s)| s.differs()).count();
    let closing = format!("mask and tiles spared on {} photos; with everything asked {differ} have other findings", spared().count());
    spared().filter(|(_, s)| s.differs()).map(|(file, s)| format!("{file}: {}", s.shown())).chain([closing])
}

/// A line about a photo that got another verdict than its label's, or lacks one of its reasons.
fn wrong(label: &Label, judged: &Judged) -> Option<String> {
    let right = label.outcome == judged.outcome && label.codes.iter().all(|c| judged.codes.contains(c));
    let names = |codes: &[Code]| codes.iter().map(|c| c.text()).collect::<Vec<_>>().join(" ");
    (!right).then(|| format!("{}: wanted {:?} {}, got {:?} {}", label.file, label.outcome, names(&label.codes), judged.outcome, names(&judged.codes)))
}

/// One rule: labels name what must be found, not all that may be, so that a finding on a photo with another fault is no false alarm.
#[derive(Default, Clone, Copy)]
struct Rule {
    caught: Rate,
    false_alarms: Rate,
    beside: u64,
}

/// How a set of photos fares.
#[derive(Default, Clone, Copy)]
struct Fares {
    /// Conforming photos refused, and sent to a person.
    rejected: Rate,
    reviewed: Rate,
    /// Faulty photos accepted.
    passed: Rate,
    /// Verdicts that are the labels'.
    right: Rate,
}

impl Fares {
    fn add(&mut self, label: &Label, judged: &Judged) {
        self.right.add(label.outcome == judged.outcome);
        if label.outcome == Outcome::Accepted {
            self.rejected.add(judged.outcome == Outcome::Rejected);
            self.reviewed.add(judged.outcome == Outcome::Held);
        } else {
            self.passed.add(judged.outcome == Outcome::Accepted);
        }
    }

    fn json(&self) -> Value {
        json!({
            "conforming_rejected": self.rejected.json(),
            "conforming_reviewed": self.reviewed.json(),
            "faulty_passed": self.passed.json(),
            "verdict_right": self.right.json(),
        })
    }

    fn text(&self, name: &str) -> String {
        format!("{name:<18} {}  {}  {}  {}\n", self.rejected, self.reviewed, self.passed, self.right)
    }
}

#[derive(Default)]
struct Tally {
    all: Fares,
    groups: BTreeMap<String, Fares>,
    halves: BTreeMap<String, Fares>,
    rules: BTreeMap<String, Rule>,
    /// Conforming photos.
    conforming: u64,
}

impl Tally {
    fn add(&mut self, label: &Label, judged: &Judged) {
        self.all.add(label, judged);
        if !label.group.is_empty() {
            self.groups.entry(label.group.clone()).or_default().add(label, judged);
        }
        if !label.half.is_empty() {
            self.halves.entry(label.half.clone()).or_default().add(label, judged);
        }
        let conforms = label.outcome == Outcome::Accepted && label.codes.is_empty();
        self.conforming += u64::from(conforms);
        for code in &label.codes {
            self.rule(*code).caught.add(judged.codes.contains(code));
        }
        for code in judged.codes.iter().filter(|code| !label.codes.contains(code)) {
            let rule = self.rule(*code);
            if conforms { rule.false_alarms.count += 1 } else { rule.beside += 1 }
        }
    }

    fn rule(&mut self, code: Code) -> &mut Rule {
        self.rules.entry(code.text().to_owned()).or_default()
    }

    fn false_alarms(&self, rule: &Rule) -> Rate {
        Rate { of: self.conforming, ..rule.false_alarms }
    }

    fn json(&self) -> Value {
        let split = |of: &BTreeMap<String, Fares>| of.iter().map(|(name, fares)| (name.clone(), fares.json())).collect::<serde_json::Map<_, _>>();
        let rule = |r: &Rule| json!({"caught": r.caught.json(), "missed": r.caught.of - r.caught.count, "false_alarms": self.false_alarms(r).json(), "beside_other_faults": r.beside});
        let rules: serde_json::Map<_, _> = self.rules.iter().map(|(name, r)| (name.clone(), rule(r))).collect();
        json!({"photos": self.all.right.of, "all": self.all.json(), "rules": rules, "groups": split(&self.groups), "halves": split(&self.halves)})
    }

    fn text(&self) -> String {
        let mut out = format!("{} photos\n\n{:<8} {:<36} {:>6}  {:<36} {:>6}\n", self.all.right.of, "rule", "caught", "missed", "false alarms", "beside");
        for (name, r) in &self.rules {
            let missed = r.caught.of - r.caught.count;
            out += &format!("{name:<8} {:<36} {missed:>6}  {:<36} {:>6}\n", r.caught.to_string(), self.false_alarms(r).to_string(), r.beside);
        }
        out += &format!("\n{:<18} conforming rejected · conforming reviewed · faulty passed · verdict right\n", "");
        out += &self.all.text("all");
        for (name, fares) in self.halves.iter().chain(&self.groups) {
            out += &fares.text(name);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(outcome: Outcome, codes: &[Code], group: &str) -> Label {
        Label { file: "x.jpg".to_owned(), outcome, codes: codes.to_vec(), group: group.to_owned(), religious_headgear: false, half: "held-out".to_owned() }
    }

    #[test]
    fn each_photo_is_counted_where_it_belongs() {
        use Outcome::*;
        let mut tally = Tally::default();
        let mut add = |wanted, codes: &[Code], got, found: &[Code], group| {
            tally.add(&label(wanted, codes, group), &Judged { outcome: got, codes: found.to_vec(), spared: None })
        };
        add(Accepted, &[], Accepted, &[], "a");
        add(Accepted, &[], Held, &[Code::Pho12], "b");
        add(Rejected, &[Code::Pho13], Rejected, &[Code::Pho13, Code::Pho12], "a");
        add(Held, &[Code::Pho12], Accepted, &[], "b");
        let j = tally.json();
        assert_eq!(j["rules"]["PHO-13"]["caught"]["count"], 1);
        assert_eq!((&j["rules"]["PHO-12"]["missed"], &j["rules"]["PHO-12"]["beside_other_faults"]), (&json!(1), &json!(1)));
        assert_eq!((&j["rules"]["PHO-12"]["false_alarms"]["count"], &j["rules"]["PHO-12"]["false_alarms"]["of"]), (&json!(1), &json!(2)));
        assert_eq!((&j["groups"]["b"]["conforming_reviewed"]["count"], &j["groups"]["a"]["conforming_reviewed"]["count"]), (&json!(1), &json!(0)));
        assert_eq!((&j["halves"]["held-out"]["faulty_passed"]["count"], &j["all"]["faulty_passed"]["of"]), (&json!(1), &json!(2)));
        assert!(tally.text().contains("PHO-12") && tally.text().contains("held-out"));
    }

    #[test]
    fn a_missing_reason_is_wrong_even_with_the_right_verdict() {
        let wanted = label(Outcome::Rejected, &[Code::Pho13], "");
        let got = |codes: &[Code]| Judged { outcome: Outcome::Rejected, codes: codes.to_vec(), spared: None };
        assert!(wrong(&wanted, &got(&[Code::Pho20])).is_some());
        assert!(wrong(&wanted, &got(&[Code::Pho20, Code::Pho13])).is_none());
    }
}
