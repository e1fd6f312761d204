//! Rules about photos, as data: container limits, pixel thresholds and what each band does (photo.md §4).

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
    pub width_px: u32,
    pub height_px: u32,
    /// Scans of a progressive file.
    pub scans_max: u32,
    pub segments_max: u32,
    pub metadata_bytes_max: u64,
    pub density_dpi: u32,
    /// Share of strip pixels with L* ≥ `background_lightness_min` and C*ab ≤ `background_chroma_max`.
    pub background_strip_share_reject_below: f64,
    pub background_lightness_min: f64,
    pub background_chroma_max: f64,
    pub frame_line_share_reject_above: f64,
    pub grey_spread_p99_reject_below: f64,
    pub grey_chroma_sd_reject_below: f64,
    pub blockiness_review_above: f64,
    pub blockiness_reject_above: f64,
    /// Crete blur effect, 0 sharp .. 1 blurred.
    pub blur_review_above: f64,
    pub blur_reject_above: f64,
    pub bright_share_review_above: f64,
    pub blank_luma_sd_reject_below: f64,
}
