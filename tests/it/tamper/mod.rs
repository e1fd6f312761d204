//! Tamper: a finished plant is changed in one place, and `verify` must notice, whatever the place. Bits are flipped in every kind of
//! file; records, lines, blocks and whole files are removed, moved, doubled and altered, also by someone who mends checksums and the
//! chain. The judge is `audit::verify` as the command calls it, over the whole plant, with nothing left out.
//! Not here: the index (it may be deleted), `report.html` (shows the clock), and what outlets own: inbox and quarantine.

mod edits;
pub mod journal;
pub mod plant;
pub mod vault;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use testkit::dice::Dice;

use edits::Edit;
use plant::{Change, Finished, KINDS};

/// How many bits or edits of a campaign a normal test run makes.
const SAMPLE: u64 = 250;
/// The bar, for each of the two campaigns.
const ALL: u64 = 10_000;

/// The seed of a campaign; `CARDLINE_SEED` replays one.
fn seed() -> u64 {
    std::env::var("CARDLINE_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(1)
}

/// What a campaign did and which invariants noticed it.
#[derive(Default)]
struct Tally {
    by_kind: BTreeMap<String, u64>,
    by_invariant: BTreeMap<String, u64>,
    unseen: Vec<String>,
}

impl Tally {
    fn count(&mut self, kind: &str, noticed_by: &[String], story: impl FnOnce() -> String) {
        *self.by_kind.entry(kind.to_owned()).or_default() += 1;
        for id in noticed_by {
            *self.by_invariant.entry(id.clone()).or_default() += 1;
        }
        if noticed_by.is_empty() {
            self.unseen.push(story());
        }
    }

    /// The closing line, and the verdict.
    fn close(&self, what: &str) {
        let listed = |counts: &BTreeMap<String, u64>| {
            counts.iter().fold(String::new(), |mut text, (name, n)| {
                let _ = write!(text, " {name} {n},");
                text
            })
        };
        let total: u64 = self.by_kind.values().sum();
        println!("{total} {what} (seed {}), {} not noticed;{} noticed by{}", seed(), self.unseen.len(), listed(&self.by_kind), listed(&self.by_invariant));
        assert!(self.unseen.is_empty(), "not noticed: {:#?}", &self.unseen[..self.unseen.len().min(20)]);
    }
}

/// Single bits: first every kind of file in turn, then any file of it, then any bit of it.
fn flip_bits(count: u64) {
    let plant = Finished::get();
    let mut tally = Tally::default();
    for n in 0..count {
        let mut dice = Dice::new(seed(), "flip", n);
        let kind = KINDS[n as usize % KINDS.len()];
        let path = dice.pick(plant.of_kind(kind));
        let mut bytes = plant.bytes(path).to_vec();
        let (at, bit) = (dice.below(bytes.len()), dice.below(8));
        bytes[at] ^= 1 << bit;
        let noticed = plant.noticed(&[Change::put(path, bytes)], false);
        tally.count(kind, &noticed, || format!("bit {bit} of byte {at} of {path}"));
    }
    tally.close("bits flipped");
}

/// Edits: every way in turn, at a place chance chooses.
fn edit_records(count: u64) {
    let plant = Finished::get();
    let mut tally = Tally::default();
    for n in 0..count {
        let mut dice = Dice::new(seed(), "edit", n);
        let edit = Edit::ALL[n as usize % Edit::ALL.len()];
        let done = edit.make(plant, &mut dice);
        let noticed = plant.noticed(&done.changes, edit.needs_witness());
        tally.count(&edit.name(), &noticed, || format!("{}: {}", edit.name(), done.story));
    }
    tally.close("records edited");
}

#[test]
fn a_sample_of_flipped_bits_is_noticed() {
    flip_bits(SAMPLE);
}

#[test]
fn a_sample_of_edited_records_is_noticed() {
    edit_records(SAMPLE);
}

/// The judge isn't simply always angry: the plant as it was left, and one looked at twice, are in order, with and without a witness.
#[test]
fn an_untouched_plant_is_in_order() {
    let plant = Finished::get();
    assert_eq!(plant.noticed(&[], false), Vec::<String>::new());
    assert_eq!(plant.noticed(&[], true), Vec::<String>::new());
    let path = &plant.of_kind("journal")[0];
    assert_eq!(plant.noticed(&[Change::put(path, plant.bytes(path).to_vec())], true), Vec::<String>::new());
}

/// A journal forged well enough that only what was written down elsewhere shows it: this is what the witness is for.
#[test]
fn a_forged_chain_with_its_mark_is_caught_by_the_witness() {
    let plant = Finished::get();
    for n in 0..20 {
        let done = edits::rolled_back(plant, &mut Dice::new(seed(), "back", n));
        let noticed = plant.noticed(&done.changes, true);
        assert!(noticed.contains(&"I-18".to_owned()), "{}: {noticed:?}", done.story);
    }
}

/// Somebody who holds a package's key can seal what he likes; the ledger knows what was sealed.
#[test]
fn a_vault_file_sealed_anew_with_its_own_key_is_noticed() {
    let plant = Finished::get();
    for path in plant.of_kind("vault records").iter().chain(plant.of_kind("vault contents")) {
        let key = plant.package_key(path);
        let mut open = vault::unsealed(plant.bytes(path), &key).expect("sealed with that key");
        assert!(vault::sealed(&open, &key).is_some_and(|again| again == plant.bytes(path)), "{path}: the forger knows the format");
        open[ledger::segment::HEADER_BYTES] ^= 1;
        let forged = vault::sealed(&open, &key).expect("room for its seals");
        assert_ne!(plant.noticed(&[Change::put(path, forged)], true), Vec::<String>::new(), "{path}");
    }
}

#[test]
#[ignore = "ten thousand audits: release only, docs/RELIABILITY.md"]
fn ten_thousand_flipped_bits_are_noticed() {
    flip_bits(ALL);
}

#[test]
#[ignore = "ten thousand audits: release only, docs/RELIABILITY.md"]
fn ten_thousand_edited_records_are_noticed() {
    edit_records(ALL);
}
