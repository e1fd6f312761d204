//! Rules about what lies behind the person, as data: white, even, without spots (photo.md §4.3).

use serde::Deserialize;

/// Limits of a conforming background. Shares are 0..1, lengths pixels, luma 0..255.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroundRules {
    /// White share of the background below which the photo is rejected, and below which a person looks at it.
    pub white_share_reject_below: f64,
    pub white_share_review_below: f64,
}
