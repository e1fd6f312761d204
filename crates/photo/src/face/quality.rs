//! Our measurements under the component names of ISO/IEC 29794-5, with the 0–100 value where the mapping is known (photo.md §1.1). They
//! are for comparing with other systems; no rule judges by them. What needs networks we don't have is left out or has no value.

use super::{FaceMeasurements, MeshMeasurements};
use crate::examination::PixelMeasurements;
use crate::ground::GroundMeasurements;

/// One quality component: what we measured for it, and its value if our measurement is the standard's.
#[derive(Clone, PartialEq, Debug)]
pub struct Component {
    pub name: &'static str,
    pub raw: f64,
    /// 0 worst .. 100 best.
    pub value: Option<u8>,
}

/// All components for which something was measured.
#[must_use]
pub fn components(face: Option<&FaceMeasurements>, pixels: Option<&PixelMeasurements>, ground: Option<&GroundMeasurements>) -> Vec<Component> {
    let mut all = Vec::new();
    if let Some(ground) = ground {
        all.push(valued("BackgroundUniformity", ground.gradient, 190.0 * (1.0 - sigmoid(ground.gradient, 10.0, 100.0))));
    }
    if let Some(face) = face {
        all.extend(single_face(face));
        all.extend(face.mesh.iter().flat_map(|m| lighting(m).into_iter().chain(subject(m)).chain(framing(m))));
    }
    if let Some(pixels) = pixels {
        all.push(unvalued("Sharpness", pixels.blur));
        all.push(unvalued("CompressionArtifacts", pixels.blockiness));
    }
    all
}

/// Area of the second face beside the first.
fn single_face(face: &FaceMeasurements) -> Option<Component> {
    let ratio = face.second_face_width.unwrap_or(0.0) / face.first_face_width.filter(|w| *w > 0.0)?;
    Some(valued("SingleFacePresent", ratio * ratio, 100.0 * (1.0 - ratio * ratio)))
}

fn lighting(m: &MeshMeasurements) -> [Component; 7] {
    let mean = m.luminance_mean;
    let spread = 60.0 * m.luminance_variance;
    [
        valued("IlluminationUniformity", m.illumination_uniformity, 100.0 * m.illumination_uniformity.powf(0.3)),
        valued("LuminanceMean", mean, 100.0 * sigmoid(mean, 0.2, 0.05) * (1.0 - sigmoid(mean, 0.8, 0.05))),
        valued("LuminanceVariance", m.luminance_variance, 100.0 * (spread / (spread + 1.0) * std::f64::consts::PI).sin()),
        valued("UnderExposurePrevention", m.under_exposed_share, 120.0 * (0.832 - sigmoid(m.under_exposed_share, 0.92, 0.05))),
        unvalued("OverExposurePrevention", m.over_exposed_share),
        valued("DynamicRange", m.luminance_entropy_bits, 12.5 * m.luminance_entropy_bits),
        valued("NaturalColour", m.natural_colour_distance, 200.0 * (1.0 - sigmoid(m.natural_colour_distance, 0.0, 10.0))),
    ]
}

fn subject(m: &MeshMeasurements) -> [Component; 9] {
    let upright = |degrees: f64| 100.0 * degrees.to_radians().cos().max(0.0).powi(2);
    [
        valued("EyesOpen", m.eyes_open, 100.0 * sigmoid(m.eyes_open, 0.02, 0.01)),
        valued("MouthClosed", m.mouth_open, 100.0 * (1.0 - sigmoid(m.mouth_open, 0.2, 0.06))),
        unvalued("EyesVisible", m.eye_zone_luma_ratio),
        unvalued("MouthOcclusionPrevention", m.lower_face_skin_share),
        unvalued("FaceOcclusionPrevention", m.forehead_skin_share.min(m.lower_face_skin_share)),
        unvalued("NoHeadCoverings", m.cloth_share),
        valued("HeadPoseYaw", m.yaw, upright(m.yaw)),
        valued("HeadPosePitch", m.pitch, upright(m.pitch)),
        valued("HeadPoseRoll", m.roll, upright(m.roll)),
    ]
}

fn framing(m: &MeshMeasurements) -> [Component; 6] {
    [
        valued("InterEyeDistance", m.inter_eye, 100.0 * sigmoid(m.inter_eye, 70.0, 20.0)),
        valued("HeadSize", m.head_share, 200.0 * (1.0 - sigmoid((m.head_share - 0.45).abs(), 0.0, 0.05))),
        valued("LeftwardCropOfTheFaceImage", m.crop_left, 100.0 * sigmoid(m.crop_left, 0.9, 0.1)),
        valued("RightwardCropOfTheFaceImage", m.crop_right, 100.0 * sigmoid(m.crop_right, 0.9, 0.1)),
        valued("MarginAboveOfTheFaceImage", m.margin_above, 100.0 * sigmoid(m.margin_above, 1.4, 0.1)),
        valued("MarginBelowOfTheFaceImage", m.margin_below, 100.0 * sigmoid(m.margin_below, 1.8, 0.1)),
    ]
}

fn valued(name: &'static str, raw: f64, value: f64) -> Component {
    Component { name, raw, value: Some(value.round().clamp(0.0, 100.0) as u8) }
}

fn unvalued(name: &'static str, raw: f64) -> Component {
    Component { name, raw, value: None }
}

fn sigmoid(x: f64, middle: f64, width: f64) -> f64 {
    1.0 / (1.0 + ((middle - x) / width).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(name: &str, m: MeshMeasurements) -> Option<u8> {
        let face = FaceMeasurements { faces: 1, first_face_width: Some(200.0), mesh: Some(m), ..FaceMeasurements::default() };
        components(Some(&face), None, None).into_iter().find(|c| c.name == name).unwrap().value
    }

    #[test]
    fn values_are_those_of_the_published_mappings() {
        let m = || MeshMeasurements::default();
        assert_eq!(value("InterEyeDistance", MeshMeasurements { inter_eye: 70.0, ..m() }), Some(50));
        assert_eq!(value("HeadSize", MeshMeasurements { head_share: 0.45, ..m() }), Some(100));
        assert_eq!(value("HeadPoseYaw", MeshMeasurements { yaw: -45.0, ..m() }), Some(50));
        assert_eq!(value("IlluminationUniformity", MeshMeasurements { illumination_uniformity: 0.1, ..m() }), Some(50));
        assert_eq!(value("DynamicRange", MeshMeasurements { luminance_entropy_bits: 7.2, ..m() }), Some(90));
        assert_eq!(value("EyesOpen", MeshMeasurements { eyes_open: 0.02, ..m() }), Some(50));
        assert_eq!(value("LuminanceVariance", MeshMeasurements { luminance_variance: 1.0 / 60.0, ..m() }), Some(100));
        assert_eq!(value("SingleFacePresent", m()), Some(100));
        assert_eq!(value("OverExposurePrevention", m()), None);
    }

    #[test]
    fn a_second_face_of_half_the_width_leaves_three_quarters() {
        let face = FaceMeasurements { first_face_width: Some(200.0), second_face_width: Some(100.0), ..FaceMeasurements::default() };
        assert_eq!(components(Some(&face), None, None), [Component { name: "SingleFacePresent", raw: 0.25, value: Some(75) }]);
    }
}
