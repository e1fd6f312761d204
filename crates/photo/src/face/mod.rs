//! The face itself: how it is held, where it is, what covers it, how it is lit (photo.md §4.3). Measurements are pure functions of
//! pixels and mesh; what they mean is the profile's and `judge`'s business.

use serde::{Deserialize, Serialize};

/// What the face measures (photo.md §4.3). Lengths in photo pixels, angles in degrees, shares and ratios plain numbers.
/// Absent: not measured, because there is no mesh.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
pub struct FaceMeasurements {
    /// Boxes that count as faces.
    pub faces: u32,
    /// Width of the largest box beside the first.
    pub second_face_width: Option<f64>,
    /// Probability the mesh network gives of there being a face.
    pub presence: Option<f64>,
    pub mesh: Option<MeshMeasurements>,
}

/// What the mesh and the pixels under it measure.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
pub struct MeshMeasurements {
    pub roll: f64,
    pub yaw: f64,
    pub pitch: f64,
    pub face_width: f64,
    pub eye_middle_x: f64,
    pub eye_line_from_bottom: f64,
    pub inter_eye: f64,
    /// Eye midpoint to chin as a share of the photo's height.
    pub head_share: f64,
    pub eyes_open: f64,
    pub mouth_open: f64,
    pub eye_zone_luma_ratio: f64,
    pub eye_glare_share: f64,
    pub forehead_skin_share: f64,
    pub lower_face_skin_share: f64,
    pub ink_share: f64,
    pub spots: u32,
    pub side_light: f64,
    pub natural_colour_distance: f64,
}
