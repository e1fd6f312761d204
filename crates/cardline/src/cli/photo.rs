//! What may be typed to judge photos. What it means is in `commands/photo/`.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand};
use ledger::fault::Fault;
use photo::nets::Engine;

const PROFILE: &str = "hubei-foreigner-2025";

#[derive(Subcommand)]
pub enum PhotoCommand {
    /// Judge photo files; one JSON object a line with `--json`.
    Check(PhotoCheckArgs),
    /// Compare labelled photos with the verdicts they get: per rule, and by group and half.
    Evaluate(PhotoEvaluateArgs),
    /// Contact sheets of a folder, 80 photos each, the worst first.
    Sheet(PhotoSheetArgs),
    /// Write a set of invented, labelled photos for `evaluate`.
    Labelled(PhotoLabelledArgs),
}

/// What runs the face networks, for commands without a plant's configuration.
#[derive(Args)]
pub struct EngineArgs {
    /// Run the face networks by this library of ONNX Runtime instead of rten, in a program built with the cargo feature `onnxruntime`.
    #[arg(long, value_name = "LIBRARY")]
    onnxruntime: Option<PathBuf>,
}

impl EngineArgs {
    /// # Errors
    /// The path is empty, or relative to a folder that is gone.
    pub fn engine(&self) -> Result<Engine, Fault> {
        let Some(library) = &self.onnxruntime else { return Ok(Engine::Rten) };
        let library = std::path::absolute(library).map_err(|e| Fault::Usage(format!("--onnxruntime: {e}")))?;
        Ok(Engine::OnnxRuntime { library })
    }
}

#[derive(Args)]
pub struct PhotoCheckArgs {
    /// JPEG files.
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    #[arg(long, default_value = PROFILE)]
    pub profile: String,
    #[command(flatten)]
    pub engine: EngineArgs,
    /// The application declares headgear worn for religion.
    #[arg(long)]
    pub religious_headgear: bool,
    #[arg(long)]
    pub json: bool,
    /// Write each photo with its findings marked, as a PNG, into this folder.
    #[arg(long, value_name = "DIR")]
    pub annotate: Option<PathBuf>,
}

#[derive(Args)]
pub struct PhotoEvaluateArgs {
    /// Folder with the photos and `labels.csv` (docs/photo-commands.md).
    pub folder: PathBuf,
    #[arg(long, default_value = PROFILE)]
    pub profile: String,
    #[command(flatten)]
    pub engine: EngineArgs,
    #[arg(long)]
    pub json: bool,
    /// Name each photo that got another verdict than its label's, on standard error.
    #[arg(long)]
    pub wrong: bool,
    /// Ask the mask and every tile also where the check spares them, and say on standard error where that changes what is found.
    #[arg(long)]
    pub spare_nothing: bool,
}

#[derive(Args)]
pub struct PhotoSheetArgs {
    pub folder: PathBuf,
    #[arg(long, default_value = "sheet.png")]
    pub out: PathBuf,
    #[arg(long, default_value = PROFILE)]
    pub profile: String,
    #[command(flatten)]
    pub engine: EngineArgs,
    /// Which of the passed photos are in the sample.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// How many of the passed photos to show.
    #[arg(long, default_value_t = 16, value_name = "N")]
    pub passed: usize,
}

#[derive(Args)]
pub struct PhotoLabelledArgs {
    pub folder: PathBuf,
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Conforming portraits of each group in each half.
    #[arg(long, default_value_t = 20, value_name = "N")]
    pub count: u64,
    /// Portraits of each degradation in each half; default a tenth of N, at least 3.
    #[arg(long, value_name = "N")]
    pub degraded: Option<u64>,
    /// Only the half that nothing was chosen on.
    #[arg(long)]
    pub held_out: bool,
}

#[derive(Args)]
#[command(group(ArgGroup::new("which").required(true).args(["day", "held"])))]
pub struct WhatifArgs {
    /// A profile the program carries, or a profile's file.
    #[arg(long)]
    pub profile: String,
    /// Applications received on this day (YYYY-MM-DD).
    #[arg(long)]
    pub day: Option<String>,
    /// Everything that is held now.
    #[arg(long)]
    pub held: bool,
    /// One JSON object a line.
    #[arg(long)]
    pub json: bool,
}
