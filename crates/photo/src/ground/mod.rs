//! What lies behind the person: found by growing from the borders up to the person, with the network's mask only where that doesn't
//! decide (photo.md §4.3). Not the face, not the frame lines.

use serde::{Deserialize, Serialize};

/// What the background measures. Shares 0..1, luma 0..255, lengths photo pixels.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
pub struct GroundMeasurements {
    /// White share of the background.
    pub white_share: f64,
    /// Deviation of its luma, and mean gradient.
    pub luma_sd: f64,
    pub gradient: f64,
    pub spots: u32,
    /// Distance of the person's topmost pixel (hair, headgear) from the upper edge.
    pub hair_top: Option<f64>,
    /// Whether the person mask was asked.
    pub mask_asked: bool,
}
