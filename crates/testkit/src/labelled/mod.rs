//! The labelled set that thresholds are chosen and reported on: invented portraits, conforming and with every degradation, each with the
//! verdict it must get, its group and its half. Seeded; one photo is made at a time, so that a set may be larger than memory.
//! It judges nothing.

mod labels;

use card::Outcome;

use crate::degrade::{self, Degradation, Shot};
use crate::dice::Dice;
use crate::jpeg;
use crate::portrait::{Glasses, Headwear, Look, portrait};
pub use labels::{HEADER, line, word};

/// Who is in the picture, as error rates are split.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Group {
    /// Skin tone 1 (palest) to 6 (deepest).
    Skin(u8),
    ClearGlasses,
    /// Worn for religion, declared.
    Headscarf,
    /// Grey hair and lines.
    Old,
}

/// Every group, in the order of the labels.
pub const GROUPS: [Group; 9] =
    [Group::Skin(1), Group::Skin(2), Group::Skin(3), Group::Skin(4), Group::Skin(5), Group::Skin(6), Group::ClearGlasses, Group::Headscarf, Group::Old];

impl Group {
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Skin(tone) => format!("skin-{tone}"),
            Self::ClearGlasses => "clear-glasses".to_owned(),
            Self::Headscarf => "headscarf".to_owned(),
            Self::Old => "age-old".to_owned(),
        }
    }

    /// A conforming look of this group: small turns, as people hold themselves.
    fn look(self, dice: &mut Dice) -> Look {
        let plain = Look { yaw: dice.between(-3.0, 3.0), pitch: dice.between(-4.0, 4.0), roll: dice.between(-2.5, 2.5), ..Look::default() };
        match self {
            Self::Skin(tone) => Look { skin: Some(tone), ..plain },
            Self::ClearGlasses => Look { glasses: Glasses::Clear, ..plain },
            Self::Headscarf => Look { headwear: Headwear::Scarf, ..plain },
            Self::Old => Look { old: true, ..plain },
        }
    }
}

/// Thresholds are chosen on one half and reported on the other. No person is in both.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Half {
    Choosing,
    HeldOut,
}

impl Half {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Choosing => "choosing",
            Self::HeldOut => "held-out",
        }
    }
}

/// One photo of the set before it is made.
#[derive(Clone)]
pub struct Planned {
    pub file: String,
    pub group: Group,
    pub half: Half,
    /// `None`: conforms.
    pub fault: Option<&'static Degradation>,
    /// Of the person: no two photos of a set show the same one.
    person: u64,
}

/// How many photos a set has.
#[derive(Clone, Copy)]
pub struct Size {
    /// Conforming portraits of each group in each half.
    pub conforming: u64,
    /// Portraits of each degradation in each half; groups take turns.
    pub degraded: u64,
}

impl Size {
    /// As many conforming portraits as asked, a tenth as many of each degradation (at least 3).
    #[must_use]
    pub fn of(conforming: u64) -> Self {
        Self { conforming, degraded: (conforming / 10).max(3) }
    }
}

/// The whole set in the order of its labels; nothing is drawn yet.
pub fn plan(seed: u64, size: Size) -> impl Iterator<Item = Planned> {
    let good = GROUPS.iter().map(move |group| (Some(*group), None, size.conforming));
    let bad = degrade::all().map(move |fault| (None, Some(fault), size.degraded));
    let kinds = good.chain(bad).flat_map(|(group, fault, count)| [Half::Choosing, Half::HeldOut].map(|half| (group, fault, half, count)));
    let each = kinds.flat_map(|(group, fault, half, count)| (0..count).map(move |n| (group, fault, half, n)));
    each.enumerate().map(move |(at, (group, fault, half, n))| {
        let group = group.unwrap_or(GROUPS[at % GROUPS.len()]);
        let kind = fault.map_or_else(|| format!("conforming-{}", group.name()), |f| f.name.to_owned());
        let person = Dice::new(seed, "person of a labelled set", at as u64).bits();
        Planned { file: format!("{kind}-{}-{n:04}.jpg", half.name()), group, half, fault, person }
    })
}

impl Planned {
    /// The file's bytes; the same on every call.
    #[must_use]
    pub fn make(&self) -> Vec<u8> {
        let look = self.group.look(&mut Dice::new(self.person, "look", 0));
        let picture = portrait(self.person, &look);
        self.fault.map_or_else(|| jpeg::jpeg(&picture), |fault| fault.apply_to(&Shot { picture: &picture, seed: self.person, look: &look }))
    }

    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.fault.map_or(Outcome::Accepted, |fault| fault.outcome)
    }

    /// Codes that must be found, separated by spaces.
    #[must_use]
    pub fn reasons(&self) -> String {
        self.fault.map_or_else(String::new, |fault| fault.codes.iter().map(|c| c.text()).collect::<Vec<_>>().join(" "))
    }

    /// Whether the application declares headgear worn for religion. A fault's own headgear is never declared.
    #[must_use]
    pub fn declares_headgear(&self) -> bool {
        self.group == Group::Headscarf && !self.reasons().contains("PHO-33")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const SMALL: Size = Size { conforming: 2, degraded: 1 };

    #[test]
    fn a_set_names_every_group_degradation_and_half_once() {
        let set: Vec<Planned> = plan(1, SMALL).collect();
        let faults = degrade::all().count();
        assert_eq!(set.len(), 2 * (2 * GROUPS.len() + faults));
        assert_eq!(set.iter().map(|p| &p.file).collect::<BTreeSet<_>>().len(), set.len());
        assert_eq!(set.iter().map(|p| p.person).collect::<BTreeSet<_>>().len(), set.len(), "no person twice");
        assert_eq!(set.iter().filter(|p| p.half == Half::HeldOut).count() * 2, set.len());
    }

    #[test]
    fn the_same_seed_makes_the_same_photo_and_another_seed_another() {
        let first = |seed| plan(seed, SMALL).next().map(|p| p.make());
        assert!(first(1) == first(1));
        assert!(first(1) != first(2));
    }

    #[test]
    fn only_headscarves_are_declared_and_never_a_cap() {
        for p in plan(3, Size { conforming: 1, degraded: 9 }) {
            assert_eq!(p.declares_headgear(), p.group == Group::Headscarf && p.fault.is_none_or(|f| f.name != "cap"), "{}", p.file);
        }
    }
}
