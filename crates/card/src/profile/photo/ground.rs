//! Rules about what lies behind the person, as data: white, even, without spots (photo.md §4.3).

use serde::Deserialize;

/// Limits of a conforming background. Shares are 0..1, lengths pixels, levels and steps grey levels 0..255.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroundRules {
    /// White share of the background below which the photo is rejected, and below which a person looks at it.
    pub white_share_reject_below: f64,
    pub white_share_review_below: f64,
    /// White: L* at least, C*ab at most.
    pub lightness_min: f64,
    pub chroma_max: f64,
    /// Deviation of its luma, its mean gradient, and the step between its lightest and its darkest part.
    pub luma_sd_review_above: f64,
    pub gradient_review_above: f64,
    pub shade_step_review_above: f64,
    /// A spot differs from the background by more than this step and has so many pixels; a person looks at so many spots.
    pub spot_step: u32,
    pub spot_pixels_min: u32,
    pub spot_pixels_max: u32,
    pub spots_review_from: u32,
    /// Hair top to the upper edge. Tall hair may be cut by the edge if the eye line would otherwise fall below its own limit.
    pub hair_top_min: f64,
    pub hair_top_max: f64,
    pub hair_top_tolerance: f64,
    pub hair_cut_eye_line_min: f64,
    /// The mask's share of a person below which a pixel is background, and how far from the person it must be.
    pub person_share_max: f64,
    pub erosion_px: u32,
    /// Growing without the mask: largest step to a neighbour and to the background's colour …
    pub grown_step_max: u32,
    pub grown_distance_max: u32,
    /// … how different what stops it must be for an edge to be crisp, and which share of the edge may be softer …
    pub edge_distance_min: u32,
    pub soft_edge_share_max: f64,
    /// … the share of the surely free strips it must reach, and how much even grey beside the person may be a hard shadow.
    pub grown_fill_min: f64,
    pub shadowy_share_max: f64,
}
