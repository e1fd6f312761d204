//! The parts of an examination one by one, for the bench. Not for judging: use `examine`.

use card::profile::photo::PhotoRules;
use card::profile::photo::face::FaceRules;

use crate::examination::ContainerMeasurements;
use crate::face::FaceMeasurements;
use crate::nets::Faces;
use crate::refusal::Refusal;
use crate::rgb::Rgb;
use crate::{examine, face, nets, pixels};

/// Container rules, the walk over the coded data and stripping; gives the number of findings.
#[must_use]
pub fn container(jpeg: &[u8], rules: &PhotoRules) -> usize {
    let mut found: Vec<Refusal> = Vec::new();
    let _ = examine::container(jpeg, rules, &mut found, &mut ContainerMeasurements::default());
    found.len()
}

/// A check of the pixels, as a number.
pub type Check = fn(&Rgb, &PhotoRules) -> f64;

/// Each check with the luma plane it needs made anew, and all together.
pub const CHECKS: &[(&str, Check)] = &[
    ("luma plane", |rgb, _| f64::from(pixels::plane::Luma::of(rgb).row(0)[0])),
    ("background", |rgb, rules| pixels::background::measure(rgb, rules).share),
    ("grey and sepia", |rgb, _| pixels::monochrome::measure(rgb).tint_sd),
    ("luma plane + frame lines", |rgb, rules| pixels::frame_lines::measure(&pixels::plane::Luma::of(rgb), rules).share),
    ("luma plane + blockiness", |rgb, _| pixels::blockiness::measure(&pixels::plane::Luma::of(rgb))),
    ("luma plane + blur", |rgb, rules| pixels::blur::measure(&pixels::plane::Luma::of(rgb), &pixels::oval::Oval::central(rgb, rules))),
    ("luma plane + upscaled", |rgb, rules| pixels::upscaled::measure(&pixels::plane::Luma::of(rgb), &pixels::oval::Oval::central(rgb, rules))),
    ("luma plane + light", |rgb, _| pixels::light::mean_and_sd(&pixels::plane::Luma::of(rgb)).1),
    ("luma plane + all pixel checks", |rgb, rules| pixels::measure(rgb, &pixels::plane::Luma::of(rgb), &pixels::oval::Oval::central(rgb, rules), rules).0.blur),
];

/// Each check of the face, with all they share made before.
pub use face::parts::{CHECKS as FACE_CHECKS, Laid};

/// What is cut out of a good photo for the networks: the detector's input and, around the first box, the mesh network's. Gives a number of it.
#[must_use]
pub fn inputs(rgb: &Rgb, faces: &Faces) -> f32 {
    let detector = nets::detect::input_of_whole(rgb).map_or(0.0, |input| input[0]);
    detector + faces.boxes.first().map_or(0.0, |first| nets::mesh::input(rgb, first)[0])
}

/// All checks of the face together, with the luma plane they need made anew.
#[must_use]
pub fn face(rgb: &Rgb, faces: &Faces, rules: &FaceRules) -> FaceMeasurements {
    face::measure(rgb, &pixels::plane::Luma::of(rgb), faces, rules).0
}
