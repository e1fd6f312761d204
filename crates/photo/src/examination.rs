//! What an examination leaves behind: findings with their effect, every measured number, and the photo as it goes on.

use card::{Code, Effect, Profile, Reason};
use serde::{Deserialize, Serialize};

use crate::face::FaceMeasurements;
use crate::ground::GroundMeasurements;
use crate::likeness::FaceHash;
use crate::nets::Faces;
use crate::refusal::{Area, Refusal};
use crate::rgb::Rgb;
use crate::strip::Stripped;

/// One broken rule and what it does to the application.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Finding {
    pub code: Code,
    pub effect: Effect,
    /// What was measured: numbers and format names only.
    pub value: String,
    pub limit: String,
    /// Where, if it has a place.
    pub area: Option<Area>,
}

impl Finding {
    pub(crate) fn of(refusal: Refusal, profile: &Profile) -> Self {
        let Refusal { code, value, limit, area, band } = refusal;
        Self { code, effect: effect(code, band, profile), value, limit, area }
    }
}

impl From<Finding> for Reason {
    fn from(f: Finding) -> Self {
        Self::with_effect(f.code, f.effect, f.value, f.limit)
    }
}

/// What the container was found to hold. Absent values weren't reached or aren't declared.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
pub struct ContainerMeasurements {
    pub file_bytes: u64,
    pub width_px: Option<u32>,
    pub height_px: Option<u32>,
    pub components: Option<u32>,
    pub precision_bits: Option<u32>,
    /// Number of the SOF marker: 0 baseline, 2 progressive.
    pub process: Option<u32>,
    pub segments: u32,
    pub metadata_bytes: u64,
    pub fill_bytes: u64,
    pub trailing_bytes: u64,
    pub scans: Option<u32>,
    pub restarts: Option<u32>,
    pub orientation: Option<u16>,
    /// The smaller of both directions.
    pub density_dpi: Option<u32>,
    /// Size of the stripped file.
    pub image_bytes: Option<u64>,
}

/// What the pixels measure (photo.md §4.3). Shares and ratios are plain numbers, luma is 0..255.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct PixelMeasurements {
    pub luma_mean: f64,
    pub luma_sd: f64,
    pub background_strip_share: f64,
    pub frame_line_share: f64,
    pub grey_spread_p99: f64,
    pub grey_tint_sd: f64,
    pub blockiness: f64,
    pub blur: f64,
    pub bright_share: f64,
}

/// Every number measured, also where nothing is wrong. `pixels` is absent if the photo couldn't be decoded safely.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
pub struct Measurements {
    pub container: ContainerMeasurements,
    pub pixels: Option<PixelMeasurements>,
    /// Absent where the profile has no rules about it.
    pub face: Option<FaceMeasurements>,
    pub ground: Option<GroundMeasurements>,
}

/// The result of examining one photo.
#[derive(Default)]
pub struct Examination {
    /// In the order of the checks, cheap first; `Verdict::from_reasons` puts them in order of precedence.
    pub reasons: Vec<Finding>,
    pub measurements: Measurements,
    /// The validated JPEG; absent if the file's markers couldn't be followed to its end.
    pub stripped: Option<Stripped>,
    /// By which the same picture is known again; absent without a face the networks believe in.
    pub face_hash: Option<FaceHash>,
    /// What the networks saw; absent where nobody asked them.
    pub faces: Option<Faces>,
    /// The decoded photo, so that a room needn't decode it again; absent if it couldn't be decoded safely.
    pub pixels: Option<Rgb>,
}

impl Examination {
    /// The gravest effect; `None` for a photo without findings.
    #[must_use]
    pub fn effect(&self) -> Option<Effect> {
        self.reasons.iter().map(|r| r.effect).max()
    }

    pub(crate) fn add(&mut self, refusal: Refusal, profile: &Profile) {
        self.reasons.push(Finding::of(refusal, profile));
    }
}

/// The profile's override if it has one, else the band's effect, else the code's.
fn effect(code: Code, band: Option<Effect>, profile: &Profile) -> Effect {
    profile.effects.get(code.text()).copied().or(band).unwrap_or(code.definition().effect)
}
