//! Which cards of a batch people look at before it leaves, and why: those most likely to look wrong first, then a seeded sample of the
//! others. Draws nothing and writes nothing.

use card::{Code, Digest};
use ledger::book::state::ApplicationState;
use ledger::entry::Cause;

/// Why a card is worth a look, gravest first.
#[derive(Clone, PartialEq, Debug)]
pub enum Risk {
    /// A person let it through after it was held.
    Decided,
    /// It passed with a warning.
    Warned(Code),
    /// A character outside the Chinese characters and scripts people read every day.
    RareCharacter(char),
    /// A text is set on more than one line.
    Lines { field: &'static str, lines: usize },
    /// A text is set about as small as the layout allows.
    Small { field: &'static str, size_pt: f64 },
    /// Nothing: the seed chose it.
    Sample,
}

impl Risk {
    /// How much one of these makes a card worth looking at.
    fn weight(&self) -> u32 {
        match self {
            Self::Decided => 16,
            Self::Warned(_) => 8,
            Self::RareCharacter(_) => 4,
            Self::Lines { .. } => 2,
            Self::Small { .. } => 1,
            Self::Sample => 0,
        }
    }
}

impl std::fmt::Display for Risk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Decided => f.write_str("decided by a person"),
            Self::Warned(code) => f.write_str(code.text()),
            Self::RareCharacter(c) => write!(f, "U+{:04X}", u32::from(*c)),
            Self::Lines { field, lines } => write!(f, "{field}: {lines} lines"),
            Self::Small { field, size_pt } => write!(f, "{field}: {size_pt} pt"),
            Self::Sample => f.write_str("sample"),
        }
    }
}

/// One card to look at.
#[derive(Clone, PartialEq, Debug)]
pub struct Pick {
    /// 0-based position in the batch.
    pub position: u32,
    /// Never empty.
    pub why: Vec<Risk>,
}

/// What speaks for a look at one card. `application` is what it is printed from.
#[must_use]
pub fn risks(state: &ApplicationState, application: &card::Application, layout: &card::profile::face::FaceLayout) -> Vec<Risk> {
    let decided = (state.cause == Some(Cause::Resolved) || !state.waived.is_empty()).then_some(Risk::Decided);
    let warned = state.reasons.iter().map(|r| Risk::Warned(r.code));
    let names = [Some(&application.name), application.name_zh.as_ref(), Some(&application.employer_name)];
    let rare = names.into_iter().flatten().flat_map(|n| n.chars()).find(|c| is_rare(*c)).map(Risk::RareCharacter);
    let tight = artwork::tight_texts(application, layout).into_iter().map(|t| match t.lines {
        0 | 1 => Risk::Small { field: t.field, size_pt: t.size_pt },
        lines => Risk::Lines { field: t.field, lines },
    });
    decided.into_iter().chain(warned).chain(rare).chain(tight).collect()
}

/// Outside ASCII, Latin-1, Latin Extended-A and the CJK block of every day: where a font is most likely to be wrong.
fn is_rare(c: char) -> bool {
    !matches!(u32::from(c), 0x20..=0x17F | 0x2010..=0x2027 | 0x3000..=0x303F | 0x4E00..=0x9FA5 | 0xFF00..=0xFF5E)
}

/// At most `count` cards: the riskiest first, up to three quarters of them, the rest a sample of those without any risk (of all others, if
/// there are too few), chosen by `seed`. The same input gives the same cards in the same order.
#[must_use]
pub fn choose(mut all: Vec<Pick>, count: usize, seed: u64) -> Vec<Pick> {
    let total = |pick: &Pick| pick.why.iter().map(Risk::weight).sum::<u32>();
    all.sort_by_key(|pick| (std::cmp::Reverse(total(pick)), pick.position));
    let risky = all.iter().filter(|pick| total(pick) > 0).count();
    let first = risky.min(count.div_ceil(4) * 3).min(count);
    let mut others = all.split_off(first);
    let drawn = |pick: &Pick| Digest::of(format!("{seed}\0{}", pick.position).as_bytes()).0;
    others.sort_by_key(|pick| (total(pick) > 0, drawn(pick)));
    others.truncate(count - first);
    others.iter_mut().filter(|pick| pick.why.is_empty()).for_each(|pick| pick.why.push(Risk::Sample));
    all.extend(others);
    all
}

/// `wanted` numbers below `count`, spread evenly, first and last among them.
#[must_use]
pub fn spread(count: usize, wanted: usize) -> Vec<usize> {
    let wanted = wanted.min(count);
    let at = |i: usize| if wanted < 2 { 0 } else { i * (count - 1) / (wanted - 1) };
    (0..wanted).map(at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_has_first_and_last() {
        assert_eq!((spread(10, 4), spread(2, 9), spread(5, 1)), (vec![0, 3, 6, 9], vec![0, 1], vec![0]));
        assert!(spread(0, 3).is_empty() && spread(3, 0).is_empty());
    }

    fn pick(position: u32, why: &[Risk]) -> Pick {
        Pick { position, why: why.to_vec() }
    }

    fn batch() -> Vec<Pick> {
        let mut all: Vec<Pick> = (0..100).map(|n| pick(n, &[])).collect();
        all[70].why = vec![Risk::Small { field: "name", size_pt: 7.0 }];
        all[30].why = vec![Risk::Decided];
        all[90].why = vec![Risk::Warned(Code::Pho12), Risk::Lines { field: "name", lines: 2 }];
        all
    }

    #[test]
    fn the_riskiest_come_first_and_the_sample_is_the_seeds() {
        let positions = |seed| choose(batch(), 8, seed).iter().map(|p| p.position).collect::<Vec<_>>();
        assert_eq!(positions(1)[..3], [30, 90, 70]);
        assert_eq!((positions(1).len(), positions(1) == positions(1), positions(1) == positions(2)), (8, true, false));
        assert!(choose(batch(), 8, 1)[3..].iter().all(|p| p.why == [Risk::Sample]));
    }

    #[test]
    fn a_quarter_is_left_to_the_sample_however_many_are_risky() {
        let all: Vec<Pick> = (0..100).map(|n| pick(n, if n < 60 { &[Risk::Decided] } else { &[] })).collect();
        let chosen = choose(all.clone(), 80, 5);
        assert_eq!(chosen.len(), 80);
        assert_eq!(chosen[..60].iter().map(|p| p.position).collect::<Vec<_>>(), (0..60).collect::<Vec<_>>());
        assert_eq!(choose(all.clone(), 8, 5).iter().filter(|p| p.position >= 60).count(), 2);
        let mut positions: Vec<u32> = choose(all, 500, 5).iter().map(|p| p.position).collect();
        positions.sort_unstable();
        assert_eq!(positions, (0..100).collect::<Vec<_>>(), "none is lost, none twice");
        assert!(choose(Vec::new(), 8, 5).is_empty() && choose(batch(), 0, 5).is_empty());
    }

    #[test]
    fn rare_is_what_people_do_not_read_every_day() {
        assert!(['𠮷', '㛃', '䶮', 'Ễ', 'Ж', 'ئ'].into_iter().all(is_rare));
        assert!(['A', 'Ł', 'é', '王', '·', '\''].into_iter().all(|c| !is_rare(c)));
    }
}
