//! The face itself: how it is held, where it is, what covers it, how it is lit (photo.md §4.3). Measurements are pure functions of
//! pixels and mesh; what they mean is the profile's and `judge`'s business.

mod blobs;
mod eyes;
mod headgear;
mod ink;
mod judge;
mod landmarks;
mod light;
pub(crate) mod parts;
mod plate;
mod pose;
pub mod quality;
mod region;
#[cfg(test)]
mod sitter;
mod skin;
mod spots;
mod stencil;
#[cfg(test)]
mod tests;

use card::profile::photo::face::FaceRules;
use serde::{Deserialize, Serialize};

use crate::nets::{FaceBox, Faces, Mesh};
use crate::pixels::plane::Luma;
use crate::refusal::Area;
use crate::rgb::Rgb;
use blobs::Blob;
use landmarks::Landmarks;
use plate::Plate;
use region::Region;
use skin::{Likeness, Patches};
use stencil::Stencil;

pub use judge::judge;

/// What the face measures (photo.md §4.3). Lengths in photo pixels, angles in degrees, shares and ratios plain numbers.
/// Absent: not measured, because there is no mesh.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
pub struct FaceMeasurements {
    /// Boxes that count as faces.
    pub faces: u32,
    /// Width of the first box.
    pub first_face_width: Option<f64>,
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
    /// Corrected for yaw.
    pub inter_eye: f64,
    /// Eye midpoint to chin as a share of the photo's height.
    pub head_share: f64,
    pub eyes_open: f64,
    pub mouth_open: f64,
    pub eye_zone_luma_ratio: f64,
    pub eye_glare_share: f64,
    pub forehead_skin_share: f64,
    pub lower_face_skin_share: f64,
    /// Share of what is above the forehead that looks like cloth.
    pub cloth_share: f64,
    pub ink_share: f64,
    pub spots: u32,
    /// Darker cheek's mean luma beside the lighter's: 1 is even light.
    pub side_light: f64,
    pub natural_colour_distance: f64,
    /// The following are judged by no rule; ISO/IEC 29794-5 components are made of them. Eye midpoint to the left and right edge in
    /// distances between the eyes, to the upper and lower edge in distances from the eyes to the chin.
    pub crop_left: f64,
    pub crop_right: f64,
    pub margin_above: f64,
    pub margin_below: f64,
    pub illumination_uniformity: f64,
    /// Linear luminance 0..1 inside the face's outline.
    pub luminance_mean: f64,
    pub luminance_variance: f64,
    pub under_exposed_share: f64,
    pub over_exposed_share: f64,
    pub luminance_entropy_bits: f64,
}

/// Where on the photo each rule about the face looked. Absent: nothing to show.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct FaceAreas {
    pub whole: Option<Area>,
    pub second: Option<Area>,
    pub eyes: Option<Area>,
    pub mouth: Option<Area>,
    pub forehead: Option<Area>,
    pub lower_face: Option<Area>,
    pub above_forehead: Option<Area>,
    pub cheeks: Option<Area>,
    /// The largest stroke and speck.
    pub ink: Option<Area>,
    pub spot: Option<Area>,
}

/// Measures the faces of a photo. Without a whole mesh, or with one the network doesn't believe in, only counts are measured.
pub(crate) fn measure(rgb: &Rgb, luma: &Luma, faces: &Faces, rules: &FaceRules) -> (FaceMeasurements, FaceAreas) {
    let boxes = &faces.boxes;
    let second = boxes.iter().skip(1).max_by(|a, b| a.width.total_cmp(&b.width));
    let mut measured = FaceMeasurements {
        faces: boxes.len() as u32,
        first_face_width: boxes.first().map(|b| thousandths(f64::from(b.width))),
        second_face_width: second.map(|b| thousandths(f64::from(b.width))),
        presence: faces.mesh.as_ref().map(|m| thousandths(f64::from(m.presence))),
        mesh: None,
    };
    let mut areas = FaceAreas { whole: boxes.first().and_then(|b| area_of(b, rgb)), second: second.and_then(|b| area_of(b, rgb)), ..FaceAreas::default() };
    let believed = measured.presence.is_some_and(|p| p >= rules.presence_min);
    if let Some(face) = faces.mesh.as_ref().filter(|_| believed && !boxes.is_empty()).and_then(Landmarks::of) {
        measured.mesh = under_mesh(rgb, luma, &face, rules, &mut areas);
    }
    (measured, areas)
}

/// The inner face, from the brows to the chin and from cheek to cheek: centre and half axes in pixels.
#[must_use]
pub fn oval(mesh: &Mesh) -> Option<((i64, i64), (i64, i64))> {
    let face = Landmarks::of(mesh)?;
    let ([ex, ey], [cx, cy]) = (face.eye_middle(), face.at(landmarks::CHIN));
    let whole = |v: f64| v.round() as i64;
    let centre = (whole(ex + OVAL_DOWN * (cx - ex)), whole(ey + OVAL_DOWN * (cy - ey)));
    Some((centre, (whole(OVAL_WIDE * face_width(&face)), whole(OVAL_HIGH * face.eyes_to_chin()))))
}

/// The oval's middle between eyes and chin, its half axes as shares of the face's width and of T.
const OVAL_DOWN: f64 = 0.16;
const OVAL_WIDE: f64 = 0.36;
const OVAL_HIGH: f64 = 0.62;

fn face_width(face: &Landmarks) -> f64 {
    face.distance(landmarks::RIGHT_EAR, landmarks::LEFT_EAR)
}

/// `None` if the face lies outside the photo.
fn under_mesh(rgb: &Rgb, luma: &Luma, face: &Landmarks, rules: &FaceRules, areas: &mut FaceAreas) -> Option<MeshMeasurements> {
    let photo = Area { left: 0, top: 0, width: rgb.width(), height: rgb.height() };
    let outline = Region::polygon(&face.corners(&landmarks::OVAL, (1.0, 1.0)), photo);
    let whole = outline.area()?;
    let plate = plate_of(rgb, luma, face, whole);
    areas.whole = Some(whole);
    let mut measured = MeshMeasurements::default();
    held(face, rgb, &mut measured);
    covered(face, &plate, rules, &mut measured, areas);
    marked(face, &plate, rules, &mut measured, areas);
    lit(face, &plate, &outline, rules, &mut measured);
    Some(rounded(measured))
}

fn plate_of(rgb: &Rgb, luma: &Luma, face: &Landmarks, whole: Area) -> Plate {
    let photo = Area { left: 0, top: 0, width: rgb.width(), height: rgb.height() };
    Plate::of(rgb, luma, with_hair(whole, face.eyes_to_chin(), photo))
}

/// The face's rectangle with what is looked at above it.
fn with_hair(face: Area, eyes_to_chin: f64, photo: Area) -> Area {
    let above = ((headgear::TO + 0.02) * eyes_to_chin) as u32;
    let (left, top) = (face.left.saturating_sub(above), face.top.saturating_sub(above));
    let (right, bottom) = ((face.left + face.width + above).min(photo.width), face.top + face.height);
    Area { left, top, width: right - left, height: bottom - top }
}

/// Pose, place and size, lids and lips.
fn held(face: &Landmarks, rgb: &Rgb, m: &mut MeshMeasurements) {
    let pose = pose::measure(face);
    (m.roll, m.yaw, m.pitch) = (pose.roll, pose.yaw, pose.pitch);
    let ([x, y], apart, to_chin) = (face.eye_middle(), face.eye_distance().max(1.0), face.eyes_to_chin().max(1.0));
    let (width, height) = (f64::from(rgb.width()), f64::from(rgb.height()));
    m.face_width = face_width(face);
    m.eye_middle_x = x;
    m.eye_line_from_bottom = height - y;
    m.inter_eye = apart / pose.yaw.to_radians().cos().max(0.1);
    m.head_share = to_chin / height;
    (m.crop_left, m.crop_right) = (x / apart, (width - x) / apart);
    (m.margin_above, m.margin_below) = (y / to_chin, (height - y) / to_chin);
    m.eyes_open = eyes::openness(face);
    m.mouth_open = face.widest(&landmarks::LIP_GAPS);
}

/// Dark glass, glare, what covers forehead and lower face, what is worn above.
fn covered(face: &Landmarks, plate: &Plate, rules: &FaceRules, m: &mut MeshMeasurements, areas: &mut FaceAreas) {
    let (patches, likeness) = (Patches::of(face, plate.area), Likeness::new(rules));
    let glasses = eyes::glasses(face, plate);
    m.eye_zone_luma_ratio = eyes::luma_ratio(face, plate, &patches);
    m.eye_glare_share = eyes::glare(plate, &glasses, rules);
    m.forehead_skin_share = skin::forehead_share(plate, &patches, &likeness);
    let (lower, lower_face) = skin::lower_face_share(plate, face, &patches, &likeness);
    m.lower_face_skin_share = lower;
    let above = headgear::band(face, plate);
    m.cloth_share = headgear::cloth_share(plate, &above, &patches, &likeness, rules);
    let [right, left] = glasses;
    areas.eyes = right.and(left).area();
    areas.mouth = Region::polygon(&face.corners(&landmarks::OUTER_LIPS, (1.2, 1.2)), plate.area).area();
    areas.forehead = patches.forehead.area();
    areas.cheeks = patches.cheeks().area();
    (areas.lower_face, areas.above_forehead) = (lower_face.area(), above.area());
}

/// Ink and specks.
fn marked(face: &Landmarks, plate: &Plate, rules: &FaceRules, m: &mut MeshMeasurements, areas: &mut FaceAreas) {
    let stencil = Stencil::of(face, plate);
    let ink = ink::measure(plate, &stencil, rules);
    let spots = spots::find(plate, &stencil, rules);
    m.ink_share = ink.share;
    m.spots = spots.len() as u32;
    areas.ink = ink.worst.map(|blob| on_photo(&blob, plate));
    areas.spot = spots.first().map(|blob| on_photo(blob, plate));
}

fn lit(face: &Landmarks, plate: &Plate, outline: &Region, rules: &FaceRules, m: &mut MeshMeasurements) {
    let patches = Patches::of(face, plate.area);
    m.side_light = light::evenness(plate, &patches);
    m.illumination_uniformity = light::uniformity(plate, &patches);
    m.natural_colour_distance = light::colour_distance(plate, &patches, rules);
    let luminance = light::luminance_of(plate, outline);
    (m.luminance_mean, m.luminance_variance) = (luminance.mean, luminance.variance);
    (m.under_exposed_share, m.over_exposed_share) = (luminance.under, luminance.over);
    m.luminance_entropy_bits = luminance.entropy_bits;
}

fn on_photo(blob: &Blob, plate: &Plate) -> Area {
    Area { left: plate.area.left + blob.left as u32, top: plate.area.top + blob.top as u32, width: blob.width() as u32, height: blob.height() as u32 }
}

/// The part of a box that is on the photo.
fn area_of(face: &FaceBox, rgb: &Rgb) -> Option<Area> {
    let part = |from: f32, length: f32, side: u32| {
        let bounded = |v: f32| v.round().clamp(0.0, side as f32) as u32;
        (bounded(from), bounded(from + length).saturating_sub(bounded(from)))
    };
    let ((left, width), (top, height)) = (part(face.left, face.width, rgb.width()), part(face.top, face.height, rgb.height()));
    (width > 0 && height > 0).then_some(Area { left, top, width, height })
}

fn thousandths(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}

/// Lengths and angles to a thousandth, shares and ratios to a tenth of that: every engine and machine gives the same numbers.
fn rounded(mut m: MeshMeasurements) -> MeshMeasurements {
    for value in [&mut m.roll, &mut m.yaw, &mut m.pitch, &mut m.face_width, &mut m.eye_middle_x, &mut m.eye_line_from_bottom, &mut m.inter_eye] {
        *value = thousandths(*value);
    }
    let shares = [
        &mut m.head_share,
        &mut m.eyes_open,
        &mut m.mouth_open,
        &mut m.eye_zone_luma_ratio,
        &mut m.eye_glare_share,
        &mut m.forehead_skin_share,
        &mut m.lower_face_skin_share,
        &mut m.cloth_share,
        &mut m.ink_share,
        &mut m.side_light,
        &mut m.natural_colour_distance,
        &mut m.crop_left,
        &mut m.crop_right,
        &mut m.margin_above,
        &mut m.margin_below,
        &mut m.illumination_uniformity,
        &mut m.luminance_mean,
        &mut m.luminance_variance,
        &mut m.under_exposed_share,
        &mut m.over_exposed_share,
        &mut m.luminance_entropy_bits,
    ];
    for value in shares {
        *value = (*value * 1e4).round() / 1e4;
    }
    m
}
