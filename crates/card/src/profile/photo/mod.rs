//! Rules about photos, as data: container limits, pixel thresholds and what each band does (photo.md §4).

pub mod face;
pub mod ground;

use serde::Deserialize;

/// Limits of a conforming photo. Shares are 0..1, lengths pixels unless the name says otherwise.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PhotoRules {
    pub bytes_min: u64,
    pub bytes_max: u64,
    /// Inside the limits but outside this window the size depends on what "K" means: accepted with a warning (PHO-23).
    pub bytes_sure_min: u64,
    pub bytes_sure_max: u64,
    /// A larger file is refused for its size and not read at all.
    pub read_bytes_max: u64,
    pub width_px: u32,
    pub height_px: u32,
    /// A claimed side longer than this is a bomb (PHO-06), not a wrong size (PHO-05).
    pub side_px_max: u32,
    /// Scans of a progressive or non-interleaved file.
    pub scans_max: u32,
    pub segments_max: u32,
    /// Huffman and quantisation tables defined in the whole file.
    pub tables_max: u32,
    /// Restart markers in the whole file.
    pub restarts_max: u32,
    pub metadata_bytes_max: u64,
    pub density_dpi: u32,
    /// Share of strip pixels with L* ≥ `background_lightness_min` and C*ab ≤ `background_chroma_max`.
    pub background_strip_share_reject_below: f64,
    pub background_lightness_min: f64,
    pub background_chroma_max: f64,
    /// The strips, as shares of width or height: the top strip's height, the side strips' width and how far down these go.
    pub background_top_height_share: f64,
    pub background_side_width_share: f64,
    pub background_side_height_share: f64,
    /// Middle part of the top strip that isn't looked at: tall hair may be cut by the edge.
    pub background_head_width_share: f64,
    pub frame_line_share_reject_above: f64,
    /// How far from the edge a frame line is looked for.
    pub frame_depth_px: u32,
    /// A line is a step of more than this many grey levels over two pixels.
    pub frame_step_grey: u32,
    pub grey_spread_p99_reject_below: f64,
    /// Deviation of chroma among pixels of equal luma: told apart from sepia, which the plain deviation of chroma isn't.
    pub grey_tint_sd_reject_below: f64,
    pub blockiness_review_above: f64,
    pub blockiness_reject_above: f64,
    /// Crete blur effect, 0 sharp .. 1 blurred.
    pub blur_review_above: f64,
    pub blur_reject_above: f64,
    pub bright_share_review_above: f64,
    /// Luma 0..255 from which a pixel counts as bright.
    pub bright_luma_min: u32,
    /// Until the face is looked for, sharpness and exposure are measured in this upright ellipse, which lies inside the face
    /// of every photo that meets the geometry rule: centre as a share of the height, half axes as shares of width and height.
    pub oval_centre_height_share: f64,
    pub oval_half_width_share: f64,
    pub oval_half_height_share: f64,
    pub blank_luma_sd_reject_below: f64,
    /// Without it no face is looked for and no network asked: the plain background rule stands alone.
    pub face: Option<face::FaceRules>,
    pub ground: Option<ground::GroundRules>,
}
