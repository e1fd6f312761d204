//! An engine that is made when it is first asked: most commands never look at a face.

use std::sync::OnceLock;

use super::{DetectorAnswer, EngineFault, MeshAnswer, Networks};

type Made = Result<Box<dyn Networks>, EngineFault>;

/// Makes its engine once, by whichever thread asks first; if that fails, every question is answered with why.
pub struct OnDemand {
    /// Where it is known without making the engine.
    identity: Option<String>,
    make: Box<dyn Fn() -> Made + Send + Sync>,
    made: OnceLock<Made>,
}

impl OnDemand {
    /// An engine that has to be made to know what it is.
    pub fn new(make: impl Fn() -> Made + Send + Sync + 'static) -> Self {
        Self { identity: None, make: Box::new(make), made: OnceLock::new() }
    }

    /// As [`OnDemand::new`], where `identity` is what the engine will say of itself.
    pub fn named(identity: String, make: impl Fn() -> Made + Send + Sync + 'static) -> Self {
        Self { identity: Some(identity), ..Self::new(make) }
    }

    fn engine(&self) -> Result<&dyn Networks, EngineFault> {
        self.made.get_or_init(|| (self.make)()).as_ref().map(|engine| &**engine).map_err(Clone::clone)
    }
}

impl Networks for OnDemand {
    fn identity(&self) -> Result<String, EngineFault> {
        self.identity.clone().map_or_else(|| self.engine()?.identity(), Ok)
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
        let networks = OnDemand::named("an engine".to_owned(), || {
            MADE.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            Ok(Box::new(Absent))
        });
        assert_eq!((networks.identity().as_deref(), made()), (Ok("an engine"), 0));
        assert!(networks.detect(&[]).is_err() && networks.mesh(&[]).is_err());
        assert_eq!(made(), 1);
    }

    #[test]
    fn an_engine_that_cannot_be_made_says_why_and_lets_the_work_go_on() {
        let networks = OnDemand::new(|| Err(EngineFault("no library".to_owned())));
        let mut ran = false;
        networks.as_worker(&mut || ran = true);
        let why = EngineFault("no library".to_owned());
        assert!(ran && networks.ready() == Err(why.clone()) && networks.identity() == Err(why));
    }
}
