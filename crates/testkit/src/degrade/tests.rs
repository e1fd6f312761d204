//! The catalogue against the photo checks themselves, over several portraits.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use card::{Code, Effect, Outcome, Profile, Reason, Verdict};
use photo::nets::RtenNetworks;
use rayon::prelude::*;

use super::*;
use crate::portrait::{Look, portrait};

fn verdict(file: &[u8]) -> Verdict {
    static NETWORKS: LazyLock<RtenNetworks> = LazyLock::new(|| RtenNetworks::load().unwrap());
    let profile = Profile::built_in("hubei-foreigner-2025", jiff::civil::date(2025, 6, 1)).unwrap();
    let findings = photo::examine(file, &photo::Sitting { profile: &profile, networks: &*NETWORKS, religious_headgear: false }).reasons;
    Verdict::from_reasons(findings.into_iter().map(|f| Reason::with_effect(f.code, f.effect, f.value, f.limit)).collect())
}

fn said(v: &Verdict) -> String {
    v.reasons.iter().map(|r| format!("{} {:?} {} ({}); ", r.code, r.effect, r.value, r.limit)).collect()
}

#[test]
fn conforming_portraits_have_no_finding() {
    let bad: Vec<String> = (0..16u64)
        .into_par_iter()
        .filter_map(|seed| {
            let v = verdict(&jpeg::jpeg(&portrait(seed, &Look::default())));
            (!v.reasons.is_empty()).then(|| format!("{seed}: {}", said(&v)))
        })
        .collect();
    assert!(bad.is_empty(), "{bad:#?}");
}

#[test]
fn every_degradation_gets_its_verdict() {
    let bad: Vec<String> = (0..3u64)
        .into_par_iter()
        .flat_map(|seed| {
            let picture = portrait(seed, &Look::default());
            CATALOGUE.par_iter().filter_map(move |d| complaint(d, &picture, seed)).collect::<Vec<_>>()
        })
        .collect();
    assert!(bad.is_empty(), "{bad:#?}");
}

fn complaint(d: &Degradation, picture: &Rgb, seed: u64) -> Option<String> {
    let v = verdict(&d.apply(picture, seed));
    let found: Vec<Code> = v.reasons.iter().map(|r| r.code).collect();
    let outcome_fits = v.outcome == d.outcome || d.is_borderline() && v.outcome != Outcome::Accepted;
    let headed = found.first() == d.codes.first() || d.is_borderline();
    let fits = outcome_fits && headed && d.codes.iter().all(|c| found.contains(c));
    (!fits).then(|| format!("{} (seed {seed}) wanted {:?} {:?}, got {:?}: {}", d.name, d.outcome, d.codes, v.outcome, said(&v)))
}

#[test]
fn names_are_unique_and_outcomes_agree_with_their_codes() {
    let names: BTreeSet<_> = CATALOGUE.iter().map(|d| d.name).collect();
    assert_eq!(names.len(), CATALOGUE.len());
    assert!(CATALOGUE.iter().all(|d| d.codes.is_empty() <= (d.outcome == Outcome::Accepted)));
    assert!(CATALOGUE.iter().filter(|d| d.outcome != Outcome::Accepted).all(|d| d.codes[0].definition().effect >= Effect::Hold));
    assert!(named("sepia").is_some() && named("no such").is_none());
}
