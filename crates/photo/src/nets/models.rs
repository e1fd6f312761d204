//! The vendored files of the networks (models/README.md) and the digests they must have. Not how they are run.

use card::ids::Digest;

use super::EngineFault;

/// A model built into the program.
pub(crate) struct ModelFile {
    pub name: &'static str,
    sha256: &'static str,
    bytes: &'static [u8],
}

macro_rules! model {
    ($name:literal, $sha256:literal) => {
        ModelFile { name: $name, sha256: $sha256, bytes: include_bytes!(concat!("../../models/", $name)) }
    };
}

pub(crate) const DETECTOR: ModelFile = model!("face_detection_short_range.onnx", "25a2254ccb1f0b61c763b5cc8777df35d0a56b4c56a2249f1fcc5695133bf23d");
pub(crate) const MESH: ModelFile = model!("face_landmark.onnx", "30c07fe2702c605a9ade558c88f9e8b3fcf6fa0500329da75b3ee2d1c1d70c66");
/// The same network in the operators ONNX Runtime is faster with.
#[cfg(feature = "onnxruntime")]
pub(crate) const MESH_FOR_ORT: ModelFile = model!("face_landmark_relu.onnx", "9632622e6fb342f9cc643b1bfd57413b3c217e2fe9a71fac6f44b159343c5a6b");
pub(crate) const PERSON: ModelFile = model!("selfie_segmentation.onnx", "5e0fb5090cf8596b495e3a6839e9a8cb1d660f4b673be98c5d26ba1e00d78f25");

/// Names of the models' inputs and outputs that are asked for by name.
pub(crate) const DETECTOR_OUTPUTS: [&str; 2] = ["regressors", "classificators"];
pub(crate) const MESH_OUTPUTS: [&str; 2] = ["conv2d_21", "conv2d_31"];
pub(crate) const PERSON_OUTPUTS: [&str; 1] = ["activation_10"];

impl ModelFile {
    /// The bytes, if they are the ones that were measured.
    pub fn checked(&self) -> Result<&'static [u8], EngineFault> {
        if Digest::of(self.bytes).to_string() == self.sha256 {
            Ok(self.bytes)
        } else {
            Err(EngineFault(format!("{} is not the file that was measured: its SHA-256 differs", self.name)))
        }
    }
}

/// Engine and models in one line, for a batch's release: two engines, or two sets of models, never share one.
pub(crate) fn identity(engine: &str, models: [&ModelFile; 3]) -> String {
    let [detector, mesh, person] = models.map(|model| &model.sha256[..16]);
    format!("{engine}, detector {detector}, mesh {mesh}, person {person}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vendored_files_are_the_measured_ones() {
        for model in [DETECTOR, MESH, PERSON] {
            assert!(model.checked().is_ok(), "{}", model.name);
        }
        #[cfg(feature = "onnxruntime")]
        assert!(MESH_FOR_ORT.checked().is_ok(), "{}", MESH_FOR_ORT.name);
    }

    #[test]
    fn another_file_is_a_fault_that_names_it() {
        let other = ModelFile { name: "face_landmark.onnx", bytes: &PERSON.bytes[1..], ..MESH };
        let fault = other.checked().expect_err("other bytes");
        assert!(fault.0.contains("face_landmark.onnx"), "{fault}");
    }
}
