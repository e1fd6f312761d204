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
    /// Where a second, small face is looked for at a larger scale: upper left corners of square tiles and their side.
    pub second_tiles_px: Vec<[u32; 2]>,
    pub second_tile_side_px: u32,
    /// Score from which a box in a tile counts, and the presence the mesh network must report for it.
    pub second_score_min: f64,
    pub second_presence_min: f64,
    /// The mesh network is asked about no more boxes of the tiles than this, the surest first.
    pub second_candidates_max: usize,
    /// Share of a tile's box that must lie beside the faces already known: else it is a part of one of them.
    pub second_apart_min: f64,
}
