//! The second engine: ONNX Runtime, from a shared library whose place the configuration says. Built in with the cargo feature
//! `onnxruntime`; it links nothing and fetches nothing. Not here: which engine a program asks (`engine.rs`).
//!
//! Threads are simpler than rten's (`rten_engine.rs`): ONNX Runtime knows nothing of rayon, and a session here has no threads of its own,
//! so a network runs on the thread that asks, be it a plain one or a worker of any pool, and never begins another's work. A session runs one
//! picture at a time (`Session::run` wants it alone), so each network keeps as many sessions as were ever asked at once and lends them out.
//! Each has its own copy of the weights: what a worker more costs in memory is in docs/decisions/0008-second-engine.md.
//!
//! The library runs with this program's rights. Whoever may write its file may do whatever this program may.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use card::ids::Digest;
use ort::environment::Environment;
use ort::logging::LogLevel;
use ort::session::Session;
use ort::session::builder::SessionBuilder;
use ort::value::TensorRef;

use super::models::{self, ModelFile};
use super::{ANCHOR_NUMBERS, ANCHORS, DETECTOR_SIDE, DetectorAnswer, EngineFault, MESH_POINTS, MESH_SIDE, MeshAnswer, Networks, PERSON_SIDE};

/// The minor version whose verdicts were held against rten's; another one is refused until it was held against them too.
const MINOR: u32 = 31;

/// The three networks run by ONNX Runtime.
pub struct OrtNetworks {
    identity: String,
    detector: Network<2>,
    mesh: Network<2>,
    person: Network<1>,
}

impl OrtNetworks {
    /// Loads the library, once in a process, and the vendored models.
    ///
    /// # Errors
    /// The library isn't there, isn't ONNX Runtime or is another version, or this process has loaded another one; a model isn't the one
    /// that was measured, or the library can't read it.
    pub fn load(library: &Path) -> Result<Self, EngineFault> {
        let library = Library::loaded(library)?;
        let engine = format!("onnxruntime 1.{MINOR} of {}", &library.digest.to_string()[..16]);
        let environment = &library.environment;
        Ok(Self {
            identity: models::identity(&engine, [&models::DETECTOR, &models::MESH_FOR_ORT, &models::PERSON]),
            detector: Network::load(environment, &models::DETECTOR, DETECTOR_SIDE, models::DETECTOR_OUTPUTS)?,
            mesh: Network::load(environment, &models::MESH_FOR_ORT, MESH_SIDE, models::MESH_OUTPUTS)?,
            person: Network::load(environment, &models::PERSON, PERSON_SIDE, models::PERSON_OUTPUTS)?,
        })
    }
}

impl Networks for OrtNetworks {
    fn identity(&self) -> Result<String, EngineFault> {
        Ok(self.identity.clone())
    }

    fn ready(&self) -> Result<(), EngineFault> {
        Ok(())
    }

    fn detect(&self, input: &[f32]) -> Result<DetectorAnswer, EngineFault> {
        let [boxes, scores] = self.detector.run(input, [ANCHORS * ANCHOR_NUMBERS, ANCHORS])?;
        Ok(DetectorAnswer { boxes, scores })
    }

    fn mesh(&self, input: &[f32]) -> Result<MeshAnswer, EngineFault> {
        let [points, presence] = self.mesh.run(input, [MESH_POINTS * 3, 1])?;
        Ok(MeshAnswer { points, presence: presence[0] })
    }

    fn person(&self, input: &[f32]) -> Result<Vec<f32>, EngineFault> {
        let [shares] = self.person.run(input, [PERSON_SIDE * PERSON_SIDE])?;
        Ok(shares)
    }

    /// Nothing to enter: a network runs on the thread that asks.
    fn as_worker(&self, body: &mut (dyn FnMut() + Send)) {
        body();
    }
}

/// The library this process has loaded. A process can't load a second one, nor put one away.
#[derive(Clone)]
struct Library {
    path: PathBuf,
    /// Of the whole file: two builds of one version are two engines.
    digest: Digest,
    environment: Environment,
}

impl Library {
    fn loaded(path: &Path) -> Result<Self, EngineFault> {
        // Kept for the life of the process: ONNX Runtime is not put away while sessions may still be at work.
        static LOADED: Mutex<Option<Library>> = Mutex::new(None);
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        match &*loaded {
            Some(library) if library.path == path => Ok(library.clone()),
            Some(library) => Err(about(path, &format!("this process has already loaded {}", library.path.display()))),
            None => Ok(loaded.insert(Self::load(path)?).clone()),
        }
    }

    fn load(path: &Path) -> Result<Self, EngineFault> {
        // Otherwise the name would be looked for in folders nobody configured.
        if !path.is_absolute() {
            return Err(about(path, &"the library's path must be absolute"));
        }
        let digest = Digest::of(&std::fs::read(path).map_err(|e| about(path, &e))?);
        match ort::util::probe(path) {
            Some(MINOR) => {}
            Some(other) => return Err(about(path, &format!("this is ONNX Runtime 1.{other}, and 1.{MINOR} is wanted"))),
            None => return Err(about(path, &"this is no library of ONNX Runtime for this machine")),
        }
        let environment = ort::init_from(path).map_err(|e| about(path, &e))?.with_telemetry(false).build().map_err(|e| about(path, &e))?;
        environment.set_log_level(LogLevel::Error);
        Ok(Self { path: path.to_owned(), digest, environment })
    }
}

fn about(path: &Path, why: &dyn std::fmt::Display) -> EngineFault {
    EngineFault(format!("{}: {why}", path.display()))
}

/// One model, and its sessions that nobody asks just now.
struct Network<const OUTPUTS: usize> {
    name: &'static str,
    model: &'static [u8],
    side: usize,
    outputs: [&'static str; OUTPUTS],
    environment: Environment,
    idle: Mutex<Vec<Session>>,
}

impl<const OUTPUTS: usize> Network<OUTPUTS> {
    fn load(environment: &Environment, file: &ModelFile, side: usize, outputs: [&'static str; OUTPUTS]) -> Result<Self, EngineFault> {
        let (model, environment) = (file.checked()?, environment.clone());
        let network = Self { name: file.name, model, side, outputs, environment, idle: Mutex::new(Vec::new()) };
        let first = network.session()?;
        let has = |name: &str| first.outputs().iter().any(|output| output.name() == name);
        if let Some(missing) = outputs.iter().find(|name| !has(name)) {
            return Err(network.fault(&format!("it has no output {missing}")));
        }
        network.give_back(first);
        Ok(network)
    }

    fn session(&self) -> Result<Session, EngineFault> {
        let mut builder = on_one_thread(&self.environment).map_err(|e| self.fault(&e))?;
        builder.commit_from_memory(self.model).map_err(|e| self.fault(&e))
    }

    fn lend(&self) -> Result<Session, EngineFault> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        idle.map_or_else(|| self.session(), Ok)
    }

    fn give_back(&self, session: Session) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(session);
    }

    /// Runs the model on this thread: what it answers, each output as long as `lengths` says. A session that fails is not used again.
    fn run(&self, input: &[f32], lengths: [usize; OUTPUTS]) -> Result<[Vec<f32>; OUTPUTS], EngineFault> {
        if input.len() != 3 * self.side * self.side {
            return Err(self.fault(&"the input has another size"));
        }
        let mut session = self.lend()?;
        let view = TensorRef::from_array_view(([1, 3, self.side, self.side], input)).map_err(|e| self.fault(&e))?;
        let answers = session.run(ort::inputs![view]).map_err(|e| self.fault(&e))?;
        let mut numbers = self.outputs.map(|_| Vec::new());
        for ((numbers, name), length) in numbers.iter_mut().zip(self.outputs).zip(lengths) {
            let (_, answer) = answers[name].try_extract_tensor::<f32>().map_err(|e| self.fault(&e))?;
            if answer.len() != length {
                return Err(self.fault(&"an output has another size"));
            }
            numbers.extend_from_slice(answer);
        }
        drop(answers);
        self.give_back(session);
        Ok(numbers)
    }

    fn fault(&self, why: &dyn std::fmt::Display) -> EngineFault {
        EngineFault(format!("{} in ONNX Runtime: {why}", self.name))
    }
}

/// What makes sessions that run on the thread that asks, and compute the same every time.
fn on_one_thread(environment: &Environment) -> ort::Result<SessionBuilder> {
    Ok(Session::builder(environment)?
        .with_intra_threads(1)?
        .with_inter_threads(1)?
        .with_parallel_execution(false)?
        .with_intra_op_spinning(false)?
        .with_inter_op_spinning(false)?
        .with_deterministic_compute(true)?
        .with_log_level(LogLevel::Error)?)
}

#[cfg(test)]
mod tests;
