//! Chance that comes out the same for the same seed: simulated worlds must be replayable. Not for keys of a real plant.

use std::sync::{Mutex, PoisonError};

use ledger::fault::Fault;
use line::ports::Entropy;

use crate::dice::Dice;

pub struct SimEntropy(Mutex<Dice>);

impl SimEntropy {
    /// `life` tells apart the processes of one world, so that a run after a crash draws other salts than the one before it.
    #[must_use]
    pub fn new(seed: u64, life: u64) -> Self {
        Self(Mutex::new(Dice::new(seed, "entropy", life)))
    }
}

impl Entropy for SimEntropy {
    fn fill(&self, out: &mut [u8]) -> Result<(), Fault> {
        let mut dice = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for part in out.chunks_mut(8) {
            part.copy_from_slice(&dice.bits().to_le_bytes()[..part.len()]);
        }
        Ok(())
    }
}
