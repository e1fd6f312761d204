//! No engine at all: for profiles without rules about faces, and for tests that judge none.

use super::{DetectorAnswer, EngineFault, MeshAnswer, Networks};

/// Whoever asks it gets a fault.
pub struct Absent;

fn absent<T>() -> Result<T, EngineFault> {
    Err(EngineFault("there is no engine".to_owned()))
}

impl Networks for Absent {
    fn identity(&self) -> Result<String, EngineFault> {
        Ok("no engine".to_owned())
    }

    fn ready(&self) -> Result<(), EngineFault> {
        absent()
    }

    fn detect(&self, _: &[f32]) -> Result<DetectorAnswer, EngineFault> {
        absent()
    }

    fn mesh(&self, _: &[f32]) -> Result<MeshAnswer, EngineFault> {
        absent()
    }

    fn person(&self, _: &[f32]) -> Result<Vec<f32>, EngineFault> {
        absent()
    }

    fn as_worker(&self, body: &mut (dyn FnMut() + Send)) {
        body();
    }
}
