//! Counts of an evaluation and the rates they stand for, with 95 % Wilson intervals.

use serde::Serialize;
use serde_json::{Value, json};

/// So many of so many.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug, Serialize)]
pub struct Rate {
    pub count: u64,
    pub of: u64,
}

/// Normal quantile of a two-sided 95 % interval.
const Z: f64 = 1.959_963_985;

impl Rate {
    pub fn add(&mut self, yes: bool) {
        self.count += u64::from(yes);
        self.of += 1;
    }

    pub fn share(self) -> f64 {
        if self.of == 0 { 0.0 } else { self.count as f64 / self.of as f64 }
    }

    /// Wilson's score interval: sound for rates near 0 and 1 too. All of 0..1 when nothing was counted.
    pub fn interval(self) -> (f64, f64) {
        if self.of == 0 {
            return (0.0, 1.0);
        }
        let (n, p) = (self.of as f64, self.share());
        let spread = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
        let (middle, scale) = (p + Z * Z / (2.0 * n), 1.0 + Z * Z / n);
        (((middle - spread) / scale).max(0.0), ((middle + spread) / scale).min(1.0))
    }

    pub fn json(self) -> Value {
        let (low, high) = self.interval();
        json!({"count": self.count, "of": self.of, "share": self.share(), "low": low, "high": high})
    }
}

impl std::fmt::Display for Rate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (low, high) = self.interval();
        write!(f, "{:>5} of {:<5} {:>6.2} % ({:.2}–{:.2})", self.count, self.of, 100.0 * self.share(), 100.0 * low, 100.0 * high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_wilsons() {
        let near = |rate: Rate, low: f64, high: f64| {
            let (l, h) = rate.interval();
            assert!((l - low).abs() < 5e-4 && (h - high).abs() < 5e-4, "{rate:?}: {l} {h}");
        };
        near(Rate { count: 0, of: 10 }, 0.0, 0.2775);
        near(Rate { count: 5, of: 10 }, 0.2366, 0.7634);
        near(Rate { count: 300, of: 300 }, 0.9874, 1.0);
        near(Rate::default(), 0.0, 1.0);
    }
}
