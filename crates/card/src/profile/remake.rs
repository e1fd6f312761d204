//! Which number a card gets that is made again, by cause, as data. When a card is made again is decided by `line::remakes`.

use serde::Deserialize;

/// The number of the card to come.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NumberRule {
    /// The parent's, in the next generation. Only of a card that never left the centre: else two cards of one number may be about.
    SameNumber,
    /// The next of its range, generation 1.
    NewNumber,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Remake {
    pub spoiled: NumberRule,
    pub damaged: NumberRule,
    pub lost: NumberRule,
    pub wrong_data: NumberRule,
}

/// Likely: a spoiled card's number is its person's already, in the registers and at the bank (card-and-rules.md 8.1), and the card itself never
/// left; of all others somebody may hold the old one.
impl Default for Remake {
    fn default() -> Self {
        Self { spoiled: NumberRule::SameNumber, damaged: NumberRule::NewNumber, lost: NumberRule::NewNumber, wrong_data: NumberRule::NewNumber }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_may_say_otherwise_and_nothing_unknown() {
        let rules: Remake = toml::from_str("lost = \"same-number\"").unwrap();
        assert_eq!((rules.lost, rules.spoiled, rules.damaged), (NumberRule::SameNumber, NumberRule::SameNumber, NumberRule::NewNumber));
        assert!(toml::from_str::<Remake>("lost = \"any\"").is_err() && toml::from_str::<Remake>("stolen = \"new-number\"").is_err());
    }
}
