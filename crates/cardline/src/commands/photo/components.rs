//! Our measurements under the component names of ISO/IEC 29794-5, with a quality 0–100 where the standard's mapping is known
//! (photo.md §1.1). Components we have no measure for are left out; one whose mapping isn't known has no quality.

use serde_json::{Map, Value, json};

/// From an examination's measurements as JSON; what wasn't measured is left out.
pub fn of(measurements: &Value) -> Value {
    let mut out = Map::new();
    for (name, place, quality) in COMPONENTS {
        if let Some(raw) = measurements.pointer(place).and_then(Value::as_f64) {
            out.insert((*name).to_owned(), json!({"raw": raw, "quality": quality.map(|q| q(raw).clamp(0.0, 100.0).round())}));
        }
    }
    Value::Object(out)
}

type Mapping = Option<fn(f64) -> f64>;

const COMPONENTS: &[(&str, &str, Mapping)] = &[
    ("BackgroundUniformity", "/ground/gradient", Some(|v| 190.0 * (1.0 - sigmoid(v, 10.0, 100.0)))),
    ("IlluminationUniformity", "/face/mesh/side_light", Some(|v| 100.0 * v.max(0.0).powf(0.3))),
    ("OverExposurePrevention", "/pixels/bright_share", None),
    ("Sharpness", "/pixels/blur", None),
    ("NoCompressionArtifacts", "/pixels/blockiness", None),
    ("NaturalColour", "/face/mesh/natural_colour_distance", None),
    ("SingleFacePresent", "/face/faces", None),
    ("EyesOpen", "/face/mesh/eyes_open", Some(|v| 100.0 * sigmoid(v, 0.02, 0.01))),
    ("MouthClosed", "/face/mesh/mouth_open", Some(|v| 100.0 * (1.0 - sigmoid(v, 0.2, 0.06)))),
    ("InterEyeDistance", "/face/mesh/inter_eye", None),
    ("HeadSize", "/face/mesh/head_share", None),
    ("HeadPoseYaw", "/face/mesh/yaw", Some(upright)),
    ("HeadPosePitch", "/face/mesh/pitch", Some(upright)),
    ("HeadPoseRoll", "/face/mesh/roll", Some(upright)),
];

/// 100 cos² of an angle in degrees.
fn upright(degrees: f64) -> f64 {
    100.0 * degrees.to_radians().cos().max(0.0).powi(2)
}

fn sigmoid(value: f64, middle: f64, width: f64) -> f64 {
    1.0 / (1.0 + ((middle - value) / width).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn qualities_fall_as_the_measure_gets_worse_and_unmeasured_components_are_left_out() {
        let quality = |place: &str, value: f64| {
            let mesh = json!({"face": {"mesh": {place: value}}});
            of(&mesh).as_object().and_then(|o| o.values().next()).and_then(|c| c["quality"].as_f64())
        };
        assert_eq!(quality("roll", 0.0), Some(100.0));
        assert_eq!(quality("roll", 60.0), Some(25.0));
        assert_eq!(quality("roll", 120.0), Some(0.0));
        assert_eq!(quality("eyes_open", 0.02), Some(50.0));
        assert!(quality("mouth_open", 0.0) > quality("mouth_open", 0.3));
        assert_eq!(quality("inter_eye", 90.0), None);
        assert_eq!(of(&json!({"face": null})), json!({}));
    }
}
