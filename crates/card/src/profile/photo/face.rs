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
    /// Beside a face the whole frame showed, a larger one would have been seen there too.
    pub second_width_max_px: f64,
    pub second_apart_min: f64,
    pub roll_review_above_deg: f64,
    pub roll_reject_above_deg: f64,
    pub yaw_review_above_deg: f64,
    pub yaw_reject_above_deg: f64,
    pub pitch_review_below_deg: f64,
    pub pitch_review_above_deg: f64,
    /// Where the face is and how large, before `landmark_tolerance_px`.
    pub eye_middle_x_min_px: f64,
    pub eye_middle_x_max_px: f64,
    pub eye_line_from_bottom_min_px: f64,
    pub face_width_min_px: f64,
    pub face_width_max_px: f64,
    /// Error of the landmarks that is allowed on each of the lengths above.
    pub landmark_tolerance_px: f64,
    pub inter_eye_min_px: f64,
    pub inter_eye_max_px: f64,
    pub head_share_min: f64,
    pub head_share_max: f64,
    /// Gap of the lids and of the lips as a share of the distance from the eyes to the chin.
    pub eyes_open_min: f64,
    pub mouth_open_max: f64,
    /// Luma of the eyes' surroundings beside skin: lower is dark glass.
    pub eye_luma_ratio_min: f64,
    /// White from this luma and up to this chroma; the largest white blob's share of the zone of one glass.
    pub glare_luma_min: u32,
    pub glare_chroma_max: f64,
    pub glare_share_max: f64,
    /// Colour distance up to which a pixel is the sitter's skin, with lightness weighing so much.
    pub skin_distance_max: f64,
    pub skin_lightness_weight: f64,
    /// A beard's hair: darker than skin by at least this L*, and up to this chroma.
    pub beard_darker_by_min: f64,
    pub beard_chroma_max: f64,
    pub forehead_skin_share_min: f64,
    pub lower_face_skin_share_min: f64,
    /// Ink: chroma above this, hue outside skin's range, in strokes up to this wide.
    pub ink_chroma_min: f64,
    pub skin_hue_from_deg: f64,
    pub skin_hue_to_deg: f64,
    pub ink_width_max_px: u32,
    pub ink_share_max: f64,
    /// Of the face burnt out by light: above this its colour isn't judged.
    pub over_exposed_share_max: f64,
    /// A speck: so many grey levels from what is around it, so many pixels, its box filled so far, on skin that changes so little.
    pub spot_depth_min: u32,
    pub spot_pixels_min: u32,
    pub spot_filled_min: f64,
    pub spot_ring_spread_max: u32,
    /// More specks than this are for a person to see.
    pub spots_max: u32,
    /// Mean luma of the darker cheek beside the lighter.
    pub side_light_min: f64,
    /// Natural range of the cheeks' mean a* and b*, and the distance from it that is too far.
    pub natural_a_min: f64,
    pub natural_a_max: f64,
    pub natural_b_min: f64,
    pub natural_b_max: f64,
    pub natural_colour_distance_max: f64,
    /// Cloth above the forehead: a hue hair doesn't have from this chroma, or smooth (sum of six steps) from this lightness.
    pub cloth_chroma_min: f64,
    pub cloth_lightness_min: f64,
    pub cloth_step_max: u32,
    pub cloth_background_lightness_min: f64,
    pub cloth_share_max: f64,
    /// Bits in which two photos' face hashes may differ and be one picture.
    pub same_picture_bits_max: u32,
}
