//! The engine that is always there: rten, pure Rust. Here is how its threads and those of a room are the same threads (infer.md §5).
//!
//! rten runs a model inside a rayon pool. A worker of *another* rayon pool that waits for it goes on to steal the next picture in
//! the meantime, nested ever deeper, and all parallel work ends up in one thread. So a room's workers are plain threads, each of
//! which enters a pool of one thread of its own once ([`Networks::as_worker`]); everything it runs in there, networks included,
//! stays on that one thread. rten makes its global pool all the same, one idle thread for each physical core, unless the environment
//! says `RTEN_NUM_THREADS=1`: only the environment can, and changing that from inside a program isn't safe.

use std::cell::RefCell;
use std::sync::Arc;

use rten::{Model, ModelOptions, NodeId, OpRegistry, RunOptions, ThreadPool, Value, ValueView, op_registry};

use super::models::{self, ModelFile};
use super::{ANCHOR_NUMBERS, ANCHORS, DETECTOR_SIDE, DetectorAnswer, EngineFault, MESH_POINTS, MESH_SIDE, MeshAnswer, Networks, PERSON_SIDE};

const ENGINE: &str = "rten 0.27.0";

thread_local! {
    /// The pool of one thread that networks asked on this thread run in.
    static POOL: RefCell<Option<Arc<ThreadPool>>> = const { RefCell::new(None) };
}

/// The three networks run by rten. Weights are shared by all threads.
pub struct RtenNetworks {
    detector: Network<2>,
    mesh: Network<2>,
    person: Network<1>,
}

impl RtenNetworks {
    /// Reads the vendored models.
    ///
    /// # Errors
    /// A model isn't the one that was measured, or rten can't read it.
    pub fn load() -> Result<Self, EngineFault> {
        // rten simplifies a model in its global pool. Waiting for that on a rayon worker would let the worker begin other work, which
        // may ask for this very engine and wait for itself.
        off_rayon(|| {
            Ok(Self {
                detector: Network::load(&models::DETECTOR, DETECTOR_SIDE, models::DETECTOR_OUTPUTS)?,
                mesh: Network::load(&models::MESH, MESH_SIDE, models::MESH_OUTPUTS)?,
                person: Network::load(&models::PERSON, PERSON_SIDE, models::PERSON_OUTPUTS)?,
            })
        })
    }

    /// What [`Networks::identity`] will say, without loading anything.
    #[must_use]
    pub fn identity_of() -> String {
        models::identity(ENGINE, [&models::DETECTOR, &models::MESH, &models::PERSON])
    }
}

impl Networks for RtenNetworks {
    fn identity(&self) -> Result<String, EngineFault> {
        Ok(Self::identity_of())
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

    fn as_worker(&self, body: &mut (dyn FnMut() + Send)) {
        if POOL.with_borrow(Option::is_some) {
            return body();
        }
        let pool = Arc::new(ThreadPool::with_num_threads(1));
        pool.run(|| {
            let _entered = Entered::new(Arc::clone(&pool));
            body();
        });
    }
}

/// While it lives, networks asked on this thread run in the pool. Without its end the pool's thread would keep its own pool alive.
struct Entered;

impl Entered {
    fn new(pool: Arc<ThreadPool>) -> Self {
        POOL.set(Some(pool));
        Self
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        POOL.set(None);
    }
}

/// One model with the numbers of its nodes.
struct Network<const OUTPUTS: usize> {
    name: &'static str,
    model: Model,
    side: usize,
    input: NodeId,
    outputs: [NodeId; OUTPUTS],
}

impl<const OUTPUTS: usize> Network<OUTPUTS> {
    fn load(file: &ModelFile, side: usize, outputs: [&str; OUTPUTS]) -> Result<Self, EngineFault> {
        let fault = |why: &dyn std::fmt::Display| EngineFault(format!("{} in rten: {why}", file.name));
        let model = ModelOptions::with_ops(operators()).load_static_slice(file.checked()?).map_err(|e| fault(&e))?;
        let input = *model.input_ids().first().ok_or_else(|| fault(&"it has no input"))?;
        let mut nodes = [input; OUTPUTS];
        for (node, name) in nodes.iter_mut().zip(outputs) {
            *node = model.node_id(name).map_err(|e| fault(&e))?;
        }
        Ok(Self { name: file.name, model, side, input, outputs: nodes })
    }

    /// Runs the model on this thread: what it answers, each output as long as `lengths` says.
    fn run(&self, input: &[f32], lengths: [usize; OUTPUTS]) -> Result<[Vec<f32>; OUTPUTS], EngineFault> {
        let view = ValueView::from_shape([1, 3, self.side, self.side], input).map_err(|_| self.fault(&"the input has another size"))?;
        on_one_thread(|pool| {
            let options = RunOptions::default().with_thread_pool(Some(pool));
            let answers = self.model.run_n(vec![(self.input, view.into())], self.outputs, Some(options)).map_err(|e| self.fault(&e))?;
            let mut numbers = answers.map(numbers_of);
            for (numbers, length) in numbers.iter_mut().zip(lengths) {
                if numbers.len() != length {
                    return Err(self.fault(&"an output has another size"));
                }
            }
            Ok(numbers)
        })
    }

    fn fault(&self, why: &dyn std::fmt::Display) -> EngineFault {
        EngineFault(format!("{} in rten: {why}", self.name))
    }
}

/// The operators the three models use: rten's others aren't built in.
fn operators() -> OpRegistry {
    op_registry!(Add, Concat, Conv, ConvTranspose, GlobalAveragePool, HardSwish, MaxPool, Mul, Pad, PRelu, Relu, Reshape, Resize, Sigmoid, Transpose)
}

/// No numbers if the output is of another kind.
fn numbers_of(value: Value) -> Vec<f32> {
    match value {
        Value::FloatTensor(numbers) => numbers.into_data(),
        _ => Vec::new(),
    }
}

/// Runs `body` so that no other picture's work can start inside it. A worker's pool is the one it entered; any other plain thread gets one
/// for its lifetime.
fn on_one_thread<R: Send>(body: impl FnOnce(Arc<ThreadPool>) -> R + Send) -> R {
    match POOL.with_borrow(Clone::clone) {
        Some(pool) => body(pool),
        None => off_rayon(|| {
            let pool = Arc::new(ThreadPool::with_num_threads(1));
            POOL.set(Some(Arc::clone(&pool)));
            body(pool)
        }),
    }
}

/// Runs `body` on this thread, or, where this is a rayon worker, on a thread of its own, which that worker waits for without stealing.
fn off_rayon<R: Send>(body: impl FnOnce() -> R + Send) -> R {
    if rayon::current_thread_index().is_none() {
        return body();
    }
    std::thread::scope(|scope| scope.spawn(body).join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn engine() -> &'static RtenNetworks {
        static ENGINE: std::sync::OnceLock<RtenNetworks> = std::sync::OnceLock::new();
        ENGINE.get_or_init(|| RtenNetworks::load().unwrap_or_else(|e| panic!("{e}")))
    }

    /// An input that isn't the same everywhere.
    fn wave(side: usize) -> Vec<f32> {
        (0..3 * side * side).map(|i| (i as f32 * 0.01).sin()).collect()
    }

    #[test]
    fn the_version_named_is_the_one_built_in() {
        let lock = include_str!("../../../../Cargo.lock");
        let version = ENGINE.strip_prefix("rten ").expect("rten");
        assert!(lock.contains(&format!("name = \"rten\"\nversion = \"{version}\"\n")), "{ENGINE}");
    }

    #[test]
    fn every_network_answers_with_numbers() {
        let seen = engine().detect(&wave(DETECTOR_SIDE)).expect("it runs");
        let mesh = engine().mesh(&wave(MESH_SIDE)).expect("it runs");
        let person = engine().person(&wave(PERSON_SIDE)).expect("it runs");
        for numbers in [seen.boxes, seen.scores, mesh.points, vec![mesh.presence], person.clone()] {
            assert!(!numbers.is_empty() && numbers.iter().all(|n| n.is_finite()));
        }
        assert!(person.iter().all(|share| (0.0..=1.0).contains(share)));
    }

    #[test]
    fn an_input_of_another_size_is_a_fault() {
        for length in [0, 1, 3 * 128 * 128 - 1, 3 * 256 * 256 + 1] {
            let input = vec![0.0; length];
            assert!(engine().detect(&input).is_err() && engine().mesh(&input).is_err() && engine().person(&input).is_err(), "{length}");
        }
    }

    #[test]
    fn inputs_that_are_no_numbers_are_survived() {
        for number in [f32::NAN, f32::INFINITY, f32::MAX] {
            let _ = engine().detect(&vec![number; 3 * DETECTOR_SIDE * DETECTOR_SIDE]);
            let _ = engine().mesh(&vec![number; 3 * MESH_SIDE * MESH_SIDE]);
            let _ = engine().person(&vec![number; 3 * PERSON_SIDE * PERSON_SIDE]);
        }
    }

    #[test]
    fn a_worker_runs_everything_on_one_thread() {
        let mut seen = Vec::new();
        engine().as_worker(&mut || {
            seen.push(std::thread::current().id());
            engine().as_worker(&mut || seen.push(std::thread::current().id()));
            assert_eq!(rayon::current_num_threads(), 1);
            assert!(engine().detect(&wave(DETECTOR_SIDE)).is_ok());
            rayon::scope(|scope| scope.spawn(|_| seen.push(std::thread::current().id())));
        });
        assert!(seen.len() == 3 && seen.iter().all(|id| *id == seen[0]));
        assert!(POOL.with_borrow(Option::is_none), "nothing is left behind on the thread that asked");
    }

    #[test]
    fn an_engine_can_be_made_by_a_worker_of_another_pool() {
        use rayon::prelude::*;
        static MADE: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("two threads");
        // Were other work begun while the engine is made, it would wait for the engine on the thread that makes it: for ever.
        let made = || *MADE.get_or_init(|| RtenNetworks::load().is_ok());
        assert!(pool.install(|| (0..24u32).into_par_iter().all(|_| made())));
    }

    #[test]
    fn a_foreign_rayon_worker_waits_without_taking_other_work() {
        engine();
        use rayon::prelude::*;
        thread_local!(static BUSY: std::cell::Cell<bool> = const { std::cell::Cell::new(false) });
        let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("two threads");
        let input = wave(DETECTOR_SIDE);
        let nested = pool.install(|| {
            (0..24u32)
                .into_par_iter()
                .map(|_| {
                    let nested = BUSY.replace(true);
                    engine().detect(&input).expect("it runs");
                    BUSY.set(false);
                    u32::from(nested)
                })
                .sum::<u32>()
        });
        assert_eq!(nested, 0, "one picture was begun inside another");
    }
}
