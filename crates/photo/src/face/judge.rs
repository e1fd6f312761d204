//! What measurements of the face break under a profile. Only stored numbers are looked at, so that a past day can be judged again.

use card::profile::photo::face::FaceRules;
use card::{Code, Effect};

use super::{FaceAreas, FaceMeasurements, MeshMeasurements};
use crate::pixels::{above, banded, below};
use crate::refusal::{Area, Refusal};

/// Every broken rule about the face. `areas` says where; without them findings have no place.
#[must_use]
pub fn judge(m: &FaceMeasurements, areas: Option<&FaceAreas>, religious_headgear: bool, rules: &FaceRules) -> Vec<Refusal> {
    let nowhere = FaceAreas::default();
    let mut found = Found { refusals: Vec::new(), areas: areas.unwrap_or(&nowhere) };
    let Some(mesh) = face_of(m, rules, &mut found) else { return found.refusals };
    pose(mesh, rules, &mut found);
    place(mesh, rules, &mut found);
    expression(mesh, rules, &mut found);
    let skin = Skin::of(mesh, rules);
    cover(mesh, religious_headgear, skin, rules, &mut found);
    marks_and_light(mesh, skin, rules, &mut found);
    found.refusals
}

struct Found<'a> {
    refusals: Vec<Refusal>,
    areas: &'a FaceAreas,
}

impl Found<'_> {
    fn add(&mut self, refusal: Option<Refusal>, area: Option<Area>) {
        self.refusals.extend(refusal.map(|r| if let Some(area) = area { r.at(area) } else { r }));
    }

    fn whole(&mut self, refusal: Option<Refusal>) {
        self.add(refusal, self.areas.whole);
    }
}

/// There must be one face and no second.
fn face_of<'m>(m: &'m FaceMeasurements, rules: &FaceRules, found: &mut Found) -> Option<&'m MeshMeasurements> {
    if m.faces > 1 {
        let width = m.second_face_width.map_or_else(String::new, |w| format!(", second {w:.0} px wide"));
        found.add(Some(Refusal::new(Code::Pho27, format!("faces {}{width}", m.faces), "1")), found.areas.second);
    }
    let presence = m.presence.unwrap_or(0.0);
    if m.faces == 0 {
        found.add(Some(Refusal::new(Code::Pho26, "faces 0", "1")), None);
        return None;
    }
    if m.mesh.is_none() || presence < rules.presence_min {
        let refusal = Refusal::new(Code::Pho26, format!("face presence {presence:.3}"), format!("at least {}", rules.presence_min));
        found.whole(Some(refusal));
        return None;
    }
    m.mesh.as_ref()
}

/// Each angle is named.
fn pose(m: &MeshMeasurements, rules: &FaceRules, found: &mut Found) {
    found.whole(turned("roll", m.roll, rules.roll_review_above_deg, rules.roll_reject_above_deg));
    found.whole(turned("yaw", m.yaw, rules.yaw_review_above_deg, rules.yaw_reject_above_deg));
    found.whole(outside(Code::Pho28, "pitch", m.pitch, rules.pitch_review_below_deg, rules.pitch_review_above_deg).map(|r| r.banded(Effect::Hold)));
}

fn turned(what: &str, angle: f64, review: f64, reject: f64) -> Option<Refusal> {
    let refusal = banded(Code::Pho28, what, angle.abs(), review, reject)?;
    Some(Refusal { value: format!("{what} {angle:.1}°"), limit: format!("{}° either way", refusal.limit), ..refusal })
}

fn outside(code: Code, what: &str, value: f64, low: f64, high: f64) -> Option<Refusal> {
    (!(low..=high).contains(&value)).then(|| Refusal::new(code, format!("{what} {value:.4}"), format!("{low} to {high}")))
}

fn place(m: &MeshMeasurements, rules: &FaceRules, found: &mut Found) {
    let slack = rules.landmark_tolerance_px;
    let within = |what, value: f64, low, high, slack| {
        let broken = !(low - slack..=high + slack).contains(&value);
        broken.then(|| Refusal::new(Code::Pho12, format!("{what} {value:.1} px"), format!("{low} to {high} px")))
    };
    found.whole(within("eye middle from the left", m.eye_middle_x, rules.eye_middle_x_min_px, rules.eye_middle_x_max_px, slack));
    let low = m.eye_line_from_bottom < rules.eye_line_from_bottom_min_px - slack;
    let refusal = || {
        Refusal::new(
            Code::Pho12,
            format!("eye line {:.1} px from the bottom", m.eye_line_from_bottom),
            format!("at least {} px", rules.eye_line_from_bottom_min_px),
        )
    };
    found.whole(low.then(refusal));
    found.whole(within("face width", m.face_width, rules.face_width_min_px, rules.face_width_max_px, slack));
    found.whole(within("eye distance", m.inter_eye, rules.inter_eye_min_px, rules.inter_eye_max_px, 0.0));
    found.whole(outside(Code::Pho12, "head share", m.head_share, rules.head_share_min, rules.head_share_max));
}

fn expression(m: &MeshMeasurements, rules: &FaceRules, found: &mut Found) {
    found.add(below(Code::Pho29, "eye opening", m.eyes_open, rules.eyes_open_min), found.areas.eyes);
    found.add(above(Code::Pho30, "lip gap", m.mouth_open, rules.mouth_open_max), found.areas.mouth);
}

/// Whether the colour of the face can be asked for. Where light has burnt it out or a mask lies over it, what is measured against skin would
/// be told as ink, a cover or a cast that isn't there, and the outlet would look for the wrong fault.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Skin {
    Seen,
    Covered,
    /// Over-exposed, which the exposure of the whole face says (PHO-18).
    BurntOut,
}

impl Skin {
    fn of(m: &MeshMeasurements, rules: &FaceRules) -> Self {
        match () {
            () if m.over_exposed_share > rules.over_exposed_share_max => Self::BurntOut,
            () if m.lower_face_skin_share < rules.lower_face_skin_share_min => Self::Covered,
            () => Self::Seen,
        }
    }
}

/// Headgear declared for religion may cover the forehead, never the lower face.
fn cover(m: &MeshMeasurements, religious_headgear: bool, skin: Skin, rules: &FaceRules, found: &mut Found) {
    found.add(below(Code::Pho31, "eye luma ratio", m.eye_zone_luma_ratio, rules.eye_luma_ratio_min), found.areas.eyes);
    if skin == Skin::BurntOut {
        return;
    }
    found.add(above(Code::Pho39, "glare share", m.eye_glare_share, rules.glare_share_max), found.areas.eyes);
    if !religious_headgear {
        found.add(below(Code::Pho32, "forehead skin share", m.forehead_skin_share, rules.forehead_skin_share_min), found.areas.forehead);
        found.add(above(Code::Pho33, "cloth share above the forehead", m.cloth_share, rules.cloth_share_max), found.areas.above_forehead);
    }
    found.add(below(Code::Pho32, "lower face skin share", m.lower_face_skin_share, rules.lower_face_skin_share_min), found.areas.lower_face);
}

fn marks_and_light(m: &MeshMeasurements, skin: Skin, rules: &FaceRules, found: &mut Found) {
    if skin == Skin::Seen {
        found.add(above(Code::Pho34, "ink share", m.ink_share, rules.ink_share_max), found.areas.ink);
        found.add(above(Code::Pho36, "colour distance", m.natural_colour_distance, rules.natural_colour_distance_max), found.areas.cheeks);
    }
    let spots =
        (m.spots > rules.spots_max).then(|| Refusal::new(Code::Pho17, format!("spots on the face {}", m.spots), format!("at most {}", rules.spots_max)));
    found.add(spots, found.areas.spot);
    found.whole(below(Code::Pho35, "darker cheek beside the lighter", m.side_light, rules.side_light_min));
}
