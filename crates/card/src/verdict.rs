//! What is said of one application: accepted, rejected or held, with every reason kept.

use serde::{Deserialize, Serialize};

use crate::reason::{Effect, Reason};

/// Where an application stands after it was judged.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    Accepted,
    Held,
    Rejected,
}

/// An outcome and all reasons for it, in the published order of precedence; the first is the headline.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Verdict {
    pub outcome: Outcome,
    pub reasons: Vec<Reason>,
}

impl Verdict {
    /// Orders the reasons by precedence, drops exact repeats and takes the gravest effect as the outcome.
    #[must_use]
    pub fn from_reasons(mut reasons: Vec<Reason>) -> Self {
        reasons.sort_by(|a, b| (std::cmp::Reverse(a.effect), a.code, &a.value).cmp(&(std::cmp::Reverse(b.effect), b.code, &b.value)));
        reasons.dedup();
        let outcome = match reasons.iter().map(|r| r.effect).max() {
            Some(Effect::Reject) => Outcome::Rejected,
            Some(Effect::Hold) => Outcome::Held,
            Some(Effect::Warn) | None => Outcome::Accepted,
        };
        Self { outcome, reasons }
    }

    #[must_use]
    pub fn headline(&self) -> Option<&Reason> {
        self.reasons.first()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reason::Code;

    #[test]
    fn the_gravest_reason_decides_and_comes_first() {
        let warn = Reason::with_effect(Code::Pho24, Effect::Warn, "72", "350");
        let hold = Reason::with_effect(Code::Pho14, Effect::Hold, "0.66", "0.60");
        let reject = Reason::with_effect(Code::Pho13, Effect::Reject, "0.40", "0.85");
        assert_eq!(Verdict::from_reasons(vec![]).outcome, Outcome::Accepted);
        assert_eq!(Verdict::from_reasons(vec![warn.clone()]).outcome, Outcome::Accepted);
        assert_eq!(Verdict::from_reasons(vec![warn.clone(), hold.clone()]).outcome, Outcome::Held);
        let v = Verdict::from_reasons(vec![warn, hold, reject.clone(), reject]);
        assert_eq!((v.outcome, v.reasons.len()), (Outcome::Rejected, 3));
        assert_eq!(v.headline().map(|r| r.code), Some(Code::Pho13));
    }
}
