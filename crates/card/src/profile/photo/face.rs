//! Rules about the face, as data: how many, how large, where, how it is held, what covers it (photo.md §4.3).

use serde::Deserialize;

/// Limits of a conforming face. Lengths are pixels, angles degrees, shares and ratios 0..1.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaceRules {
    /// Score from which a box of the detector counts as a face.
    pub detector_score_min: f64,
    /// Presence the mesh network must report for its face to be one.
    pub presence_min: f64,
}
