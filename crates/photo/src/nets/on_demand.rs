//! An engine that is made when it is first asked: most commands never look at a face.

use std::sync::OnceLock;

use super::{DetectorAnswer, EngineFault, MeshAnswer, Networks};

type Made = Result<Box<dyn Networks>, EngineFault>;

/// Makes its engine once, by whichever thread asks first; if that fails, every question is answered with why.
pub struct OnDemand {
    identity: String,
    make: Box<dyn Fn() -> Made + Send + Sync>,
    made: OnceLock<Made>,
}

impl OnDemand {
    /// `identity` is what the engine `make` makes will say of itself.
    pub fn new(identity: String, make: impl Fn() -> Made + Send + Sync + 'static) -> Self {
        Self { identity, make: Box::new(make), made: OnceLock::new() }
    }

    fn engine(&self) -> Result<&dyn Networks, EngineFault> {
        self.made.get_or_init(|| (self.make)()).as_ref().map(|engine| &**engine).map_err(Clone::clone)
    }
}

impl Networks for OnDemand {
    fn identity(&self) -> String {
        self.identity.clone()
    }

    fn ready(&self) -> Result<(), EngineFault> {
        self.engine()?.ready()
    }

    fn detect(&self, input: &[f32]) -> Result<DetectorAnswer, EngineFault> {
        self.engine()?.detect(input)
    }

    fn mesh(&self, input: &[f32]) -> Result<MeshAnswer, EngineFault> {
        self.engine()?.mesh(input)
    }

    fn person(&self, input: &[f32]) -> Result<Vec<f32>, EngineFault> {
        self.engine()?.person(input)
    }

    fn as_worker(&self, body: &mut (dyn FnMut() + Send)) {
        match self.engine() {
            Ok(engine) => engine.as_worker(body),
            // Each question inside will be answered with the fault.
            Err(_) => body(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Absent;
    use super::*;

    #[test]
    fn an_engine_is_made_once_and_only_when_it_is_asked() {
        static MADE: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let made = || MADE.load(std::sync::atomic::Ordering::SeqCst);
        let networks = OnDemand::new("an engine".to_owned(), || {
            MADE.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            Ok(Box::new(Absent))
        });
        assert_eq!((networks.identity().as_str(), made()), ("an engine", 0));
        assert!(networks.detect(&[]).is_err() && networks.mesh(&[]).is_err());
        assert_eq!(made(), 1);
    }

    #[test]
    fn an_engine_that_cannot_be_made_says_why_and_lets_the_work_go_on() {
        let networks = OnDemand::new(String::new(), || Err(EngineFault("no library".to_owned())));
        let mut ran = false;
        networks.as_worker(&mut || ran = true);
        assert!(ran && networks.ready() == Err(EngineFault("no library".to_owned())));
    }
}
