//! Seeded chance for everything generated: one stream per (seed, purpose), so that adding a draw in one place shifts no other.
//! Not for keys.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

/// A stream of chance, the same for the same seed and label on every machine.
pub struct Dice(ChaCha8Rng);

impl Dice {
    /// The stream of `label` under `seed`; `n` tells apart many of one kind.
    #[must_use]
    pub fn new(seed: u64, label: &str, n: u64) -> Self {
        let digest = card::ids::Digest::of(format!("{seed}\0{label}\0{n}").as_bytes());
        Self(ChaCha8Rng::from_seed(digest.0))
    }

    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// 0.0 ≤ x < 1.0.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// `low` ≤ x < `high`.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// A whole number below `n` (1 or more).
    pub fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.bits()) * n as u128) >> 64) as usize
    }

    /// `low` ≤ x ≤ `high`.
    pub fn within(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low + 1) as usize) as i64
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    pub fn chance(&mut self, share: f64) -> bool {
        self.unit() < share
    }

    /// Normal distribution (Box–Muller, one of the pair).
    pub fn normal(&mut self, mean: f64, sd: f64) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        mean + sd * radius * (std::f64::consts::TAU * self.unit()).cos()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_repeat_and_differ_by_label_and_number() {
        let draw = |seed, label, n| Dice::new(seed, label, n).bits();
        assert_eq!(draw(1, "a", 0), draw(1, "a", 0));
        assert_ne!(draw(1, "a", 0), draw(1, "b", 0));
        assert_ne!(draw(1, "a", 0), draw(1, "a", 1));
        assert_ne!(draw(1, "a", 0), draw(2, "a", 0));
    }

    #[test]
    fn draws_stay_in_their_range_and_reach_its_ends() {
        let mut dice = Dice::new(7, "range", 0);
        let seen: std::collections::BTreeSet<i64> = (0..200).map(|_| dice.within(-2, 2)).collect();
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), [-2, -1, 0, 1, 2]);
        let mean = (0..4000).map(|_| dice.normal(5.0, 2.0)).sum::<f64>() / 4000.0;
        assert!((mean - 5.0).abs() < 0.2, "{mean}");
    }
}
