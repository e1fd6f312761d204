//! The three networks of the photo room behind one trait: face detector, 468-point face mesh, person mask (infer.md). What goes into
//! and comes out of a network is here; what the numbers mean is `detect.rs`, `mesh.rs` and `person.rs`.

mod absent;
mod canonical;
pub mod detect;
mod engine;
mod input;
pub mod mesh;
mod models;
mod on_demand;
#[cfg(feature = "onnxruntime")]
pub mod ort_engine;
pub mod person;
pub mod rten_engine;

use std::fmt;

pub use absent::Absent;
pub use canonical::{CanonicalMesh, canonical};
pub use detect::find_faces;
pub use engine::Engine;
pub use on_demand::OnDemand;
#[cfg(feature = "onnxruntime")]
pub use ort_engine::OrtNetworks;
pub use rten_engine::RtenNetworks;

/// Sides of the networks' square inputs in pixels.
pub const DETECTOR_SIDE: usize = 128;
pub const MESH_SIDE: usize = 192;
pub const PERSON_SIDE: usize = 256;
/// Anchors of the detector, and numbers it gives for each: box (4), six points (12).
pub const ANCHORS: usize = 896;
pub const ANCHOR_NUMBERS: usize = 16;
pub const MESH_POINTS: usize = 468;

/// What the detector answers: `boxes` has `ANCHORS × ANCHOR_NUMBERS` numbers in input pixels, `scores` one logit an anchor.
pub struct DetectorAnswer {
    pub boxes: Vec<f32>,
    pub scores: Vec<f32>,
}

/// What the mesh network answers: x, y, z in input pixels for each of the 468 points; the logit of there being a face.
pub struct MeshAnswer {
    pub points: Vec<f32>,
    pub presence: f32,
}

/// An engine that runs the three networks. One value is shared by all threads; a picture is the unit of parallel work.
/// Inputs are planar RGB, `3 × side × side` numbers, rows top to bottom.
pub trait Networks: Send + Sync {
    /// Name and version of the engine, and the digests of its models: part of a batch's release.
    ///
    /// # Errors
    /// The engine has to be made to know, and can't be.
    fn identity(&self) -> Result<String, EngineFault>;

    /// Whether it can be asked at all; asked once before a night begins.
    ///
    /// # Errors
    /// The engine or a model can't be loaded.
    fn ready(&self) -> Result<(), EngineFault>;

    /// `input` is −1..1, 128 × 128.
    ///
    /// # Errors
    /// The engine fails.
    fn detect(&self, input: &[f32]) -> Result<DetectorAnswer, EngineFault>;

    /// `input` is 0..1, 192 × 192.
    ///
    /// # Errors
    /// The engine fails.
    fn mesh(&self, input: &[f32]) -> Result<MeshAnswer, EngineFault>;

    /// `input` is 0..1, 256 × 256; the answer is the probability of each pixel to belong to a person, `256 × 256`, 0..1.
    ///
    /// # Errors
    /// The engine fails.
    fn person(&self, input: &[f32]) -> Result<Vec<f32>, EngineFault>;

    /// Runs `body` on this thread as a worker of the engine: networks run inside it use no other thread. Called once at the start of
    /// each worker thread of a room; never from a worker of another pool (infer.md §5).
    fn as_worker(&self, body: &mut (dyn FnMut() + Send));
}

/// The engine failed; says how, never what was in the picture.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EngineFault(pub String);

impl fmt::Display for EngineFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "face networks: {}", self.0)
    }
}

impl std::error::Error for EngineFault {}

/// A face's box in the photo, in pixels, with the detector's score and its six points (eyes, nose, mouth, ears; right is the sitter's).
#[derive(Clone, PartialEq, Debug)]
pub struct FaceBox {
    pub left: f32,
    pub top: f32,
    pub width: f32,
    pub height: f32,
    pub score: f32,
    pub points: [[f32; 2]; 6],
}

/// The face's mesh in the photo: x, y and z of the 468 points in photo pixels (z grows away from the viewer), and the probability of a face.
/// A mesh is made for every box; where its presence is below the profile's `presence_min`, there is no face in it.
#[derive(Clone, PartialEq, Debug)]
pub struct Mesh {
    pub points: Vec<[f32; 3]>,
    pub presence: f32,
}

/// The person's share of each pixel at 256 × 256, stretched over the whole photo.
pub struct PersonMask {
    /// `PERSON_SIDE × PERSON_SIDE`, 0..1.
    pub shares: Vec<f32>,
}

/// The faces of a photo: every box, the largest first, and the mesh of the first.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Faces {
    pub boxes: Vec<FaceBox>,
    pub mesh: Option<Mesh>,
}

/// What a network gives, to a thousandth: processors differ in the last bits, stored numbers mustn't (infer.md §4).
pub(crate) fn rounded(number: f32) -> f32 {
    (number * 1000.0).round() / 1000.0
}

/// The probability a logit stands for, to a thousandth.
pub(crate) fn probability(logit: f32) -> f32 {
    rounded(1.0 / (1.0 + (-logit).exp()))
}
