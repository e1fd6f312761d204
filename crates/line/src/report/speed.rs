//! How long things took, by the wall clock: for the report and the closing line alone.

/// Items remembered as the slowest.
const SLOWEST_MAX: usize = 8;

/// Wall time of the stages so far and what went through them.
#[derive(Clone, Default)]
pub struct Throughput {
    /// Name, items, seconds.
    pub stages: Vec<(&'static str, u64, f64)>,
    pub slowest: Slowest,
}

impl Throughput {
    /// Seconds of all stages.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.stages.iter().map(|(_, _, seconds)| seconds).sum()
    }
}

/// The items that took longest, slowest first. Ids only.
#[derive(Clone, Default)]
pub struct Slowest(Vec<(String, f64)>);

impl Slowest {
    /// Takes an item in if it belongs among the slowest; `what` is asked only then.
    pub fn note(&mut self, seconds: f64, what: impl FnOnce() -> String) {
        let at = self.0.partition_point(|(_, other)| *other >= seconds);
        if at < SLOWEST_MAX {
            self.0.insert(at, (what(), seconds));
            self.0.truncate(SLOWEST_MAX);
        }
    }

    pub fn merge(&mut self, other: Self) {
        other.0.into_iter().for_each(|(what, seconds)| self.note(seconds, || what));
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, f64)> {
        self.0.iter().map(|(what, seconds)| (what.as_str(), *seconds))
    }
}

#[cfg(test)]
mod tests {
    use super::Slowest;

    #[test]
    fn only_the_slowest_are_kept_slowest_first() {
        let mut slowest = Slowest::default();
        (0..100_u32).for_each(|n| slowest.note(f64::from(n * 37 % 100), || n.to_string()));
        let kept: Vec<f64> = slowest.iter().map(|(_, seconds)| seconds).collect();
        assert_eq!(kept, [99.0, 98.0, 97.0, 96.0, 95.0, 94.0, 93.0, 92.0]);
        let mut more = Slowest::default();
        more.note(98.5, || "x".into());
        slowest.merge(more);
        assert_eq!(slowest.iter().nth(1), Some(("x", 98.5)));
    }
}
