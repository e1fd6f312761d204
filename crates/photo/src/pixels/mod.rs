//! The picture itself, as far as no face has to be found (photo.md §4.3): background, frame, colour, compression,
//! sharpness, light. Integer sums over pixels, one division at the end: the same numbers on every machine.

pub(crate) mod background;
pub(crate) mod blockiness;
pub(crate) mod blur;
pub(crate) mod frame_lines;
pub(crate) mod lab;
pub(crate) mod light;
pub(crate) mod monochrome;
pub(crate) mod oval;
pub(crate) mod plane;
pub(crate) mod upscaled;

use card::profile::photo::PhotoRules;
use card::{Code, Effect};

use crate::examination::PixelMeasurements;
use crate::refusal::{Area, Refusal};
use crate::rgb::Rgb;
use oval::Oval;
use plane::Luma;

/// Where on the photo each pixel rule looked.
pub(crate) struct PixelAreas {
    worst_strip: Area,
    line: Area,
    face: Area,
}

/// Measures everything. `oval` is where the face is taken to be.
pub(crate) fn measure(rgb: &Rgb, luma: &Luma, oval: &Oval, rules: &PhotoRules) -> (PixelMeasurements, PixelAreas) {
    let (luma_mean, luma_sd) = light::mean_and_sd(luma);
    let colour = monochrome::measure(rgb);
    let background = background::measure(rgb, rules);
    let line = frame_lines::measure(luma, rules);
    let measured = PixelMeasurements {
        luma_mean,
        luma_sd,
        background_strip_share: background.share,
        frame_line_share: line.share,
        grey_spread_p99: colour.spread_p99,
        grey_tint_sd: colour.tint_sd,
        blockiness: blockiness::measure(luma),
        blur: blur::measure(luma, oval),
        bright_share: light::bright_share(luma, oval, rules.bright_luma_min),
    };
    (measured, PixelAreas { worst_strip: background.worst, line: line.area, face: oval.area() })
}

/// What the measurements break. `areas` says where; without them findings have no place. The strips only count where the background
/// as a whole wasn't measured.
pub(crate) fn judge(m: &PixelMeasurements, areas: Option<&PixelAreas>, strips_count: bool, rules: &PhotoRules) -> Vec<Refusal> {
    let mut found = Vec::new();
    let mut add = |refusal: Option<Refusal>, area: Option<Area>| {
        found.extend(refusal.map(|r| if let Some(area) = area { r.at(area) } else { r }));
    };
    let face = areas.map(|a| a.face);
    add(below(Code::Pho11, "luma deviation", m.luma_sd, rules.blank_luma_sd_reject_below), None);
    add(uncoloured(m, rules), None);
    if strips_count {
        add(below(Code::Pho13, "white share", m.background_strip_share, rules.background_strip_share_reject_below), areas.map(|a| a.worst_strip));
    }
    add(above(Code::Pho16, "line share", m.frame_line_share, rules.frame_line_share_reject_above), areas.map(|a| a.line));
    add(banded(Code::Pho14, "blur", m.blur, rules.blur_review_above, rules.blur_reject_above), face);
    add(banded(Code::Pho19, "blockiness", m.blockiness, rules.blockiness_review_above, rules.blockiness_reject_above), None);
    add(above(Code::Pho18, "bright share", m.bright_share, rules.bright_share_review_above), face);
    found
}

/// Grey, or one tint: one finding, whichever shows first.
fn uncoloured(m: &PixelMeasurements, rules: &PhotoRules) -> Option<Refusal> {
    below(Code::Pho20, "colour spread", m.grey_spread_p99, rules.grey_spread_p99_reject_below)
        .or_else(|| below(Code::Pho20, "tint deviation", m.grey_tint_sd, rules.grey_tint_sd_reject_below))
}

pub(crate) fn below(code: Code, what: &str, value: f64, limit: f64) -> Option<Refusal> {
    (value < limit).then(|| Refusal::new(code, format!("{what} {value:.4}"), format!("at least {limit}")))
}

pub(crate) fn above(code: Code, what: &str, value: f64, limit: f64) -> Option<Refusal> {
    (value > limit).then(|| Refusal::new(code, format!("{what} {value:.4}"), format!("at most {limit}")))
}

/// Review above the first limit, reject above the second.
pub(crate) fn banded(code: Code, what: &str, value: f64, review: f64, reject: f64) -> Option<Refusal> {
    let severe = above(code, what, value, reject).map(|r| r.banded(Effect::Reject));
    severe.or_else(|| above(code, what, value, review).map(|r| r.banded(Effect::Hold)))
}
