//! Which engine runs the networks: what a plant's configuration or a command's flag can ask for. There is no falling back: an engine that
//! can't be used is a fault that says why. How each runs them is `rten_engine.rs` and `ort_engine.rs`.

use std::path::{Path, PathBuf};

use super::{EngineFault, Networks, OnDemand, RtenNetworks};

/// An engine, not made yet.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Engine {
    /// Built in, pure Rust.
    #[default]
    Rten,
    /// ONNX Runtime, from this library.
    OnnxRuntime { library: PathBuf },
}

impl Engine {
    /// The networks run by this engine; made when they are first asked.
    #[must_use]
    pub fn networks(&self) -> OnDemand {
        match self {
            Self::Rten => OnDemand::named(RtenNetworks::identity_of(), || Ok(Box::new(RtenNetworks::load()?))),
            Self::OnnxRuntime { library } => {
                let library = library.clone();
                OnDemand::new(move || onnxruntime(&library))
            }
        }
    }
}

#[cfg(feature = "onnxruntime")]
fn onnxruntime(library: &Path) -> Result<Box<dyn Networks>, EngineFault> {
    Ok(Box::new(super::OrtNetworks::load(library)?))
}

#[cfg(not(feature = "onnxruntime"))]
fn onnxruntime(library: &Path) -> Result<Box<dyn Networks>, EngineFault> {
    Err(EngineFault(format!("{}: this program was built without ONNX Runtime (cargo feature `onnxruntime`)", library.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(library: &str) -> String {
        let networks = Engine::OnnxRuntime { library: PathBuf::from(library) }.networks();
        let fault = networks.identity().expect_err("no such library");
        assert!(networks.ready() == Err(fault.clone()) && networks.detect(&[]).is_err_and(|e| e == fault), "one fault, whatever is asked");
        assert!(fault.0.starts_with(library), "{fault}");
        fault.0
    }

    #[test]
    fn the_default_says_what_it_is_and_runs() {
        let networks = Engine::default().networks();
        assert_eq!(networks.identity(), Ok(RtenNetworks::identity_of()));
        assert_eq!(networks.ready(), Ok(()));
    }

    #[cfg(not(feature = "onnxruntime"))]
    #[test]
    fn a_program_without_the_second_engine_says_so_and_runs_no_other() {
        assert!(fault("/usr/lib/libonnxruntime.so").contains("built without ONNX Runtime (cargo feature `onnxruntime`)"));
    }

    #[cfg(feature = "onnxruntime")]
    #[test]
    fn a_library_that_is_missing_named_loosely_or_no_library_is_refused() {
        assert!(fault("/nonexistent/libonnxruntime.so").contains("No such file"));
        assert!(fault("libonnxruntime.so").contains("must be absolute"));
        let text = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        assert!(fault(text).contains("no library of ONNX Runtime"));
    }
}
