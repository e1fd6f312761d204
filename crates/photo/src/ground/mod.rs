//! What lies behind the person: found by growing from the borders up to the person, with the network's mask only where that doesn't
//! decide (photo.md §4.3). Not the face, not the frame lines.

mod cells;
mod grown;
mod masked;
mod person;
mod tally;

use card::profile::photo::ground::GroundRules;
use card::{Code, Effect};
use serde::{Deserialize, Serialize};

use crate::nets::{Mesh, PersonMask};
use crate::pixels::plane::Luma;
use crate::refusal::{Area, Refusal};
use crate::rgb::Rgb;
use cells::{Cells, distance};
use grown::Grown;
use person::Face;

/// A person's topmost row has at least so many pixels of it: less is a stray hair.
const TOP_PIXELS: usize = 12;

/// What the background measures. Shares 0..1, luma 0..255, lengths photo pixels.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
pub struct GroundMeasurements {
    /// Share of the photo that was judged as background. 0: nothing of it was found, and the rest means nothing.
    pub background_share: f64,
    /// White share of the background.
    pub white_share: f64,
    /// Deviation of its luma, and mean gradient.
    pub luma_sd: f64,
    pub gradient: f64,
    /// Grey levels between its lightest and its darkest part: a soft shadow or a gradient.
    pub shade_step: f64,
    pub spots: u32,
    /// Distance of the person's topmost pixel (hair, headgear) from the upper edge.
    pub hair_top: Option<f64>,
    /// The eyes above the lower edge: it decides whether hair may be cut.
    pub eye_line_from_bottom: Option<f64>,
    /// Whether the person mask was asked.
    pub mask_asked: bool,
}

/// Where the background breaks a rule, for showing.
#[derive(Clone, Default, PartialEq, Debug)]
pub struct GroundAreas {
    pub not_white: Option<Area>,
    /// The darkest part.
    pub shade: Option<Area>,
    pub spots: Vec<Area>,
    /// From the upper edge to the hair.
    pub hair_top: Option<Area>,
}

/// Measures the background. `mask` is asked at most once, only for a face whose background growing alone doesn't settle; without an
/// answer the strips beside the head stand for the background.
#[must_use]
pub fn measure(rgb: &Rgb, mesh: Option<&Mesh>, mask: &mut dyn FnMut() -> Option<PersonMask>, rules: &GroundRules) -> (GroundMeasurements, GroundAreas) {
    measure_with(rgb, &Luma::of(rgb), mesh, mask, rules)
}

/// As [`measure`], of a photo whose luma is known.
pub(crate) fn measure_with(
    rgb: &Rgb,
    luma: &Luma,
    mesh: Option<&Mesh>,
    mask: &mut dyn FnMut() -> Option<PersonMask>,
    rules: &GroundRules,
) -> (GroundMeasurements, GroundAreas) {
    let Some(scene) = Scene::of(rgb, luma, mesh, rules) else { return Default::default() };
    if scene.grown.decisive {
        let inside = cells::eroded(&scene.grown.ground, scene.cells.size, rules.erosion_px);
        let found = scene.measured(&inside, None, rules);
        // Only what is plainly good is settled here: the mask may see more of a fault, and a spot or two may be all of three.
        if found.0.spots == 0 && judge(&found.0, None, rules).is_empty() {
            return found;
        }
    }
    let answer = scene.face.is_some().then(mask).flatten();
    let asked = scene.face.is_some();
    let (mut measured, areas) = match answer {
        Some(mask) => scene.by_mask(&mask, rules),
        None => scene.by_strips(rules),
    };
    measured.mask_asked = asked;
    (measured, areas)
}

/// As [`measure`] with the mask's background in every case: what [`measure`] must agree with.
#[must_use]
pub fn measure_by_mask(rgb: &Rgb, mesh: Option<&Mesh>, mask: &PersonMask, rules: &GroundRules) -> (GroundMeasurements, GroundAreas) {
    let luma = Luma::of(rgb);
    let Some(scene) = Scene::of(rgb, &luma, mesh, rules) else { return Default::default() };
    let (mut measured, areas) = scene.by_mask(mask, rules);
    measured.mask_asked = true;
    (measured, areas)
}

/// One photo, with what growing found.
struct Scene<'a> {
    rgb: &'a Rgb,
    luma: &'a Luma,
    cells: Cells,
    face: Option<Face>,
    grown: Grown,
}

impl<'a> Scene<'a> {
    /// `None` for a picture smaller than a few cells.
    fn of(rgb: &'a Rgb, luma: &'a Luma, mesh: Option<&Mesh>, rules: &GroundRules) -> Option<Self> {
        let cells = Cells::of(rgb);
        if cells.size.columns < 3 || cells.size.rows < 3 {
            return None;
        }
        let face = mesh.and_then(Face::of);
        let grown = grown::grow(&cells, face.as_ref(), rules);
        Some(Self { rgb, luma, cells, face, grown })
    }

    fn by_mask(&self, mask: &PersonMask, rules: &GroundRules) -> (GroundMeasurements, GroundAreas) {
        let size = self.cells.size;
        let mut ground = masked::ground(mask, size, [self.rgb.width() as usize, self.rgb.height() as usize], rules.person_share_max);
        if let Some(face) = &self.face {
            ground.iter_mut().enumerate().for_each(|(cell, inside)| *inside &= !face.beside_cheeks(size.place(cell)));
        }
        self.measured(&cells::eroded(&ground, size, rules.erosion_px), Some(mask), rules)
    }

    fn by_strips(&self, rules: &GroundRules) -> (GroundMeasurements, GroundAreas) {
        let mut inside = vec![false; self.cells.size.count()];
        grown::strips(self.cells.size).into_iter().for_each(|cell| inside[cell] = true);
        self.measured(&inside, None, rules)
    }

    fn measured(&self, inside: &[bool], mask: Option<&PersonMask>, rules: &GroundRules) -> (GroundMeasurements, GroundAreas) {
        let (mut measured, mut areas) = tally::measure(self.rgb, self.luma, &self.cells, inside, rules);
        let Some(face) = &self.face else { return (measured, areas) };
        measured.eye_line_from_bottom = Some(f64::from(self.rgb.height()) - face.eye_line);
        measured.hair_top = self.hair_top(face, mask, rules);
        areas.hair_top = measured.hair_top.and_then(|top| self.above_head(face, top));
        (measured, areas)
    }

    /// By the pixels wherever hair stands out from the background; a mask is less exact and asked only where it doesn't.
    fn hair_top(&self, face: &Face, mask: Option<&PersonMask>, rules: &GroundRules) -> Option<f64> {
        let seen = self.seen_top(face, rules);
        let Some(mask) = mask else { return seen };
        let masked = masked::top(mask, self.rgb.height() as usize, TOP_PIXELS / 2);
        let agree = seen.zip(masked).is_some_and(|(seen, masked)| (seen - masked).abs() <= 2.0 * rules.hair_top_tolerance);
        if agree { seen } else { masked }
    }

    /// The first row above the face with enough pixels that are clearly not background. A frame's rows at the edge aren't hair: what
    /// spans the head's whole width there is passed over.
    fn seen_top(&self, face: &Face, rules: &GroundRules) -> Option<f64> {
        let inside = |x: f64| (x.max(0.0) as usize).min(self.rgb.width() as usize);
        let columns = inside(face.left)..inside(face.right);
        let rows = 0..(face.eye_line.max(0.0) as u32).min(self.rgb.height());
        let person = |y: u32| self.rgb.row(y)[columns.clone()].iter().filter(|p| distance(**p, self.grown.colour) >= rules.edge_distance_min).count();
        rows.into_iter()
            .find(|y| person(*y) >= TOP_PIXELS && (*y + 4..*y + 8).all(|below| below < self.rgb.height() && person(below) >= TOP_PIXELS))
            .map(f64::from)
    }

    fn above_head(&self, face: &Face, top: f64) -> Option<Area> {
        let left = (face.left.max(0.0) as u32).min(self.rgb.width());
        let right = (face.right.max(0.0) as u32).min(self.rgb.width());
        (right > left).then(|| Area { left, top: 0, width: right - left, height: (top as u32).max(1) })
    }
}

/// What the background breaks, from stored measurements alone; `areas` says where, if the photo was just measured.
#[must_use]
pub fn judge(m: &GroundMeasurements, areas: Option<&GroundAreas>, rules: &GroundRules) -> Vec<Refusal> {
    [
        white(m, rules).map(|r| placed(r, areas.and_then(|a| a.not_white))),
        uneven(m, rules).map(|r| placed(r, areas.and_then(|a| a.shade))),
        spotted(m, rules).map(|r| placed(r, areas.and_then(|a| a.spots.first().copied()))),
        hair(m, rules).map(|r| placed(r, areas.and_then(|a| a.hair_top))),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn placed(refusal: Refusal, area: Option<Area>) -> Refusal {
    Refusal { area, ..refusal }
}

/// Without any background to be seen a person decides.
fn white(m: &GroundMeasurements, rules: &GroundRules) -> Option<Refusal> {
    if m.background_share <= 0.0 {
        return Some(Refusal::new(Code::Pho13, "background not seen", "some background").banded(Effect::Hold));
    }
    let below = |limit: f64, effect| {
        (m.white_share < limit).then(|| Refusal::new(Code::Pho13, format!("white share {:.4}", m.white_share), format!("at least {limit}")).banded(effect))
    };
    below(rules.white_share_reject_below, Effect::Reject).or_else(|| below(rules.white_share_review_below, Effect::Hold))
}

/// One finding, whichever shows first.
fn uneven(m: &GroundMeasurements, rules: &GroundRules) -> Option<Refusal> {
    let above = |what: &str, value: f64, limit: f64| {
        (value > limit).then(|| Refusal::new(Code::Pho37, format!("{what} {value:.3}"), format!("at most {limit}")).banded(Effect::Hold))
    };
    above("luma deviation", m.luma_sd, rules.luma_sd_review_above)
        .or_else(|| above("gradient", m.gradient, rules.gradient_review_above))
        .or_else(|| above("shade step", m.shade_step, rules.shade_step_review_above))
}

fn spotted(m: &GroundMeasurements, rules: &GroundRules) -> Option<Refusal> {
    let many = m.spots >= rules.spots_review_from;
    many.then(|| Refusal::new(Code::Pho17, format!("background spots {}", m.spots), format!("fewer than {}", rules.spots_review_from)).banded(Effect::Hold))
}

fn hair(m: &GroundMeasurements, rules: &GroundRules) -> Option<Refusal> {
    let top = m.hair_top?;
    let (low, high) = (rules.hair_top_min - rules.hair_top_tolerance, rules.hair_top_max + rules.hair_top_tolerance);
    // Cut hair is a fault only where the picture could have shown more of it without the eyes falling below their limit.
    let room = m.eye_line_from_bottom.is_some_and(|eyes| eyes - rules.hair_cut_eye_line_min > rules.hair_top_min - top + rules.hair_top_tolerance);
    let wrong = top > high || (top < low && room);
    wrong.then(|| {
        Refusal::new(Code::Pho12, format!("hair top {top:.1} px"), format!("{} to {} px", rules.hair_top_min, rules.hair_top_max)).banded(Effect::Hold)
    })
}
