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
use crate::refusal::Refusal;
use crate::rgb::Rgb;
use oval::Oval;
use plane::Luma;

/// Measures everything and adds what is out of bounds to `found`. `oval` is where the face is taken to be.
pub(crate) fn judge(rgb: &Rgb, oval: &Oval, rules: &PhotoRules, found: &mut Vec<Refusal>) -> PixelMeasurements {
    let luma = Luma::of(rgb);
    let (luma_mean, luma_sd) = light::mean_and_sd(&luma);
    let colour = monochrome::measure(rgb);
    let background = background::measure(rgb, rules);
    let line = frame_lines::measure(&luma, rules);
    let blockiness = blockiness::measure(&luma);
    let blur = blur::measure(&luma, oval);
    let bright_share = light::bright_share(&luma, oval, rules.bright_luma_min);
    let face = oval.area();

    found.extend(below(Code::Pho11, "luma deviation", luma_sd, rules.blank_luma_sd_reject_below));
    found.extend(uncoloured(&colour, rules));
    found.extend(below(Code::Pho13, "white share", background.share, rules.background_strip_share_reject_below).map(|r| r.at(background.worst)));
    found.extend(above(Code::Pho16, "line share", line.share, rules.frame_line_share_reject_above).map(|r| r.at(line.area)));
    found.extend(banded(Code::Pho14, "blur", blur, rules.blur_review_above, rules.blur_reject_above).map(|r| r.at(face)));
    found.extend(banded(Code::Pho19, "blockiness", blockiness, rules.blockiness_review_above, rules.blockiness_reject_above));
    found.extend(above(Code::Pho18, "bright share", bright_share, rules.bright_share_review_above).map(|r| r.at(face)));
    PixelMeasurements {
        luma_mean,
        luma_sd,
        background_strip_share: background.share,
        frame_line_share: line.share,
        grey_spread_p99: colour.spread_p99,
        grey_tint_sd: colour.tint_sd,
        blockiness,
        blur,
        bright_share,
    }
}

/// Grey, or one tint: one finding, whichever shows first.
fn uncoloured(colour: &monochrome::Colour, rules: &PhotoRules) -> Option<Refusal> {
    below(Code::Pho20, "colour spread", colour.spread_p99, rules.grey_spread_p99_reject_below)
        .or_else(|| below(Code::Pho20, "tint deviation", colour.tint_sd, rules.grey_tint_sd_reject_below))
}

fn below(code: Code, what: &str, value: f64, limit: f64) -> Option<Refusal> {
    (value < limit).then(|| Refusal::new(code, format!("{what} {value:.4}"), format!("at least {limit}")))
}

fn above(code: Code, what: &str, value: f64, limit: f64) -> Option<Refusal> {
    (value > limit).then(|| Refusal::new(code, format!("{what} {value:.4}"), format!("at most {limit}")))
}

/// Review above the first limit, reject above the second.
fn banded(code: Code, what: &str, value: f64, review: f64, reject: f64) -> Option<Refusal> {
    let severe = above(code, what, value, reject).map(|r| r.banded(Effect::Reject));
    severe.or_else(|| above(code, what, value, review).map(|r| r.banded(Effect::Hold)))
}
