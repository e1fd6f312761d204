//! Whole nights of packages, invented: outlets with keys, employers, applicants of 66 nationalities, registers, both channels, every
//! encoding and container, and a known share of everything that can be wrong, with the outcome each must have. Streams: memory is one
//! package, whatever the order's size. Behind `cardline demo`; reading a plant's real outcomes is the caller's business.

mod case;
mod destination;
mod expected;
mod faults;
mod hard_names;
mod history;
mod hostile;
mod making;
mod mrz;
mod names;
mod outlets;
mod pack;
mod pairs;
mod person;
mod registers;
#[cfg(test)]
mod tests;

use std::io;

use jiff::civil::Date;

pub use destination::{Destination, Folder, Writing};
pub use expected::{Actual, ActualPackage, Differences, Expectation, Expected, compare, compare_packages, read};

/// What to make.
#[derive(Clone, Debug)]
pub struct Order {
    /// Applications that will be judged (those of packages set aside come on top).
    pub applications: u64,
    pub seed: u64,
    /// The day the packages will be taken in: ages and validities are counted from it.
    pub today: Date,
    /// Share of applications with a fault; `None` for [`Order::SHARE`], more where the order is too small to show every fault.
    pub faulty_share: Option<f64>,
    /// Portraits rendered; every photo is one of them seen again.
    pub portraits: usize,
    /// Every ordinary applicant has one of the hardest names: long, stacked, rare, some not printable.
    pub hard_names: bool,
}

impl Order {
    pub const SHARE: f64 = 0.06;
    /// Below this many faulty applications some kind of fault would be missing.
    const FAULTY_FOR_ALL: f64 = 150.0;
    const SHARE_MAX: f64 = 0.25;
    /// Fewest applications an order can have: the fixed packages of its end need them.
    pub const APPLICATIONS_MIN: u64 = 40;
    const PORTRAITS_MIN: u64 = 8;
    const PORTRAITS_MAX: u64 = 64;

    #[must_use]
    pub fn new(applications: u64, seed: u64, today: Date) -> Self {
        // Rendering one takes as long as all else about a hundred applications.
        let portraits = (applications / 8).clamp(Self::PORTRAITS_MIN, Self::PORTRAITS_MAX) as usize;
        Self { applications: applications.max(Self::APPLICATIONS_MIN), seed, today, faulty_share: None, portraits, hard_names: false }
    }

    fn share(&self) -> f64 {
        let for_all = (Self::FAULTY_FOR_ALL / self.applications as f64).min(Self::SHARE_MAX);
        self.faulty_share.unwrap_or_else(|| for_all.max(Self::SHARE))
    }
}

/// Makes the order's packages, registers, keys and `expected.jsonl`; the same for the same order. Gives what must come of it.
///
/// Files: `inbox/NNNNN-OUTLET-…` (taken in by name, so in the order made), `registers/{outlets,permits,enrolment}.csv`,
/// `keys/OUTLET.{key,pub}`, `expected.jsonl`.
///
/// # Errors
/// The destination fails.
pub fn generate(order: &Order, out: &mut dyn Destination) -> io::Result<Expected> {
    making::Making::new(order, out)?.all()
}
