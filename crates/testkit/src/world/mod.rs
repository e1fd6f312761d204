//! A world that fails: a disk in memory that loses what wasn't synced, refuses what it is told to refuse and reads back wrong bits,
//! with an inbox on the same disk and a clock that goes where it is sent. Seeded: the same seed fails in the same way.
//! It knows no file format and no rule; what must hold after a failure is asserted by who uses it (`tests/it/world.rs`).

mod clock;
mod destination;
mod disk;
mod entropy;
mod inbox;
mod loss;
mod state;

pub use clock::SimClock;
pub use destination::BESIDE;

pub use disk::{Failure, SimDisk};
pub use entropy::SimEntropy;
pub use inbox::SimInbox;
pub use loss::Loss;
pub use state::{State, digest_of};
