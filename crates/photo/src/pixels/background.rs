//! The white background, looked for in strips where a conforming photo shows nothing else: the top, left and right of the
//! head, and the sides down to the shoulders. Hair and shoulders may cut into them a little; that is what the share is for.

use card::profile::photo::PhotoRules;

use super::lab::White;
use crate::refusal::Area;
use crate::rgb::Rgb;

pub(crate) struct Background {
    /// White share of all strip pixels.
    pub share: f64,
    /// The strip with the smallest share.
    pub worst: Area,
}

pub(crate) fn measure(rgb: &Rgb, rules: &PhotoRules) -> Background {
    let white = White::new(rules.background_lightness_min, rules.background_chroma_max);
    let counts = strips(rgb, rules).map(|strip| (strip, count_white(rgb, strip, &white), u64::from(strip.width) * u64::from(strip.height)));
    let (good, all) = counts.iter().fold((0, 0), |(good, all), (_, g, a)| (good + g, all + a));
    // The smallest share without division: g1/a1 < g2/a2.
    let worst = counts.iter().min_by(|(_, g1, a1), (_, g2, a2)| (g1 * a2).cmp(&(g2 * a1))).expect("there are four strips");
    Background { share: good as f64 / all.max(1) as f64, worst: worst.0 }
}

/// Top left, top right, left side, right side. The top's middle is left out: tall hair may be cut by the edge.
fn strips(rgb: &Rgb, rules: &PhotoRules) -> [Area; 4] {
    let part = |side: u32, share: f64| ((f64::from(side) * share) as u32).min(side);
    let (width, height) = (rgb.width(), rgb.height());
    let top = part(height, rules.background_top_height_share);
    let corner = part(width, (1.0 - rules.background_head_width_share) / 2.0);
    let side = part(width, rules.background_side_width_share);
    let down = part(height, rules.background_side_height_share).saturating_sub(top);
    [
        Area { left: 0, top: 0, width: corner, height: top },
        Area { left: width - corner, top: 0, width: corner, height: top },
        Area { left: 0, top, width: side, height: down },
        Area { left: width - side, top, width: side, height: down },
    ]
}

fn count_white(rgb: &Rgb, strip: Area, white: &White) -> u64 {
    let columns = strip.left as usize..(strip.left + strip.width) as usize;
    let mut last = ([0; 3], white.is([0; 3]));
    let mut count = 0;
    for y in strip.top..strip.top + strip.height {
        for pixel in &rgb.row(y)[columns.clone()] {
            // Backgrounds repeat themselves; asking again would be most of the work.
            if *pixel != last.0 {
                last = (*pixel, white.is(*pixel));
            }
            count += u64::from(last.1);
        }
    }
    count
}
