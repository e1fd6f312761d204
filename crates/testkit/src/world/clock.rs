//! A clock that shows what it is told to show, as far off or backwards as it likes.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use ledger::entry::Millis;
use line::ports::Clock;

#[derive(Clone, Default)]
pub struct SimClock(Arc<AtomicI64>);

impl SimClock {
    #[must_use]
    pub fn at(now: Millis) -> Self {
        Self(Arc::new(AtomicI64::new(now)))
    }
}

impl Clock for SimClock {
    fn now(&self) -> Millis {
        self.0.load(Ordering::Relaxed)
    }

    /// Rates don't matter in a simulated world.
    fn seconds(&self) -> f64 {
        0.0
    }
}
