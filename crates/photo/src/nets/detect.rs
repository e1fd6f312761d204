//! Where the faces are: the detector's answer turned into boxes in the photo, over the whole frame and over tiles where a second, small
//! face may hide (photo.md §2.2). Whether one face is enough is the profile's business.

use card::profile::photo::face::FaceRules;

use super::input::{Placement, Range, letterboxed};
use super::{ANCHOR_NUMBERS, ANCHORS, DETECTOR_SIDE, DetectorAnswer, EngineFault, FaceBox, Faces, Networks, mesh, probability, rounded};
use crate::rgb::Rgb;

/// Boxes that share more than this of their union are one face: MediaPipe's number, part of the detector.
const SAME_FACE_OVERLAP: f32 = 0.3;
/// The detector's two grids: cells a side, anchors a cell.
const GRIDS: [(usize, usize); 2] = [(16, 2), (8, 6)];

/// All faces of a photo: the whole frame, every tile, and the mesh of the largest.
///
/// # Errors
/// The engine fails.
pub fn find_faces(rgb: &Rgb, rules: &FaceRules, networks: &dyn Networks) -> Result<Faces, EngineFault> {
    let mut faces = in_whole(rgb, rules, networks)?;
    in_tiles(rgb, rules, networks, &mut faces, |_| true)?;
    Ok(faces)
}

/// The faces the detector sees in the whole frame, down to a width of about 50 pixels, and the mesh of the largest.
///
/// # Errors
/// The engine fails.
pub fn in_whole(rgb: &Rgb, rules: &FaceRules, networks: &dyn Networks) -> Result<Faces, EngineFault> {
    let boxes = seen(rgb, [0, 0, rgb.width(), rgb.height()], rules.detector_score_min, networks)?;
    let mut faces = Faces { boxes: one_box_a_face(boxes), mesh: None };
    faces.boxes.sort_by(larger_first);
    measure_first(rgb, &mut faces, networks)?;
    Ok(faces)
}

/// Adds the small faces the detector sees in those of the rules' tiles for which `worth` (told left, top, width and height) says yes.
/// Most photos need none of them looked at: where a tile shows nothing but white and the person, no face hides.
///
/// # Errors
/// The engine fails.
pub fn in_tiles(rgb: &Rgb, rules: &FaceRules, networks: &dyn Networks, faces: &mut Faces, mut worth: impl FnMut([u32; 4]) -> bool) -> Result<(), EngineFault> {
    let mut found = Vec::new();
    for tile in tiles(rgb, rules).filter(|tile| worth(*tile)) {
        found.extend(seen(rgb, tile, rules.second_score_min, networks)?);
    }
    let is_another =
        |candidate: &FaceBox, known: &FaceBox| f64::from(candidate.width) <= rules.second_width_max_px && !covers(known, candidate, rules.second_apart_min);
    found.retain(|candidate| faces.boxes.iter().all(|known| is_another(candidate, known)));
    for candidate in one_box_a_face(found).into_iter().take(rules.second_candidates_max) {
        if mesh::of(rgb, &candidate, networks)?.presence >= rules.second_presence_min as f32 {
            faces.boxes.push(candidate);
        }
    }
    faces.boxes.sort_by(larger_first);
    if faces.mesh.is_none() {
        measure_first(rgb, faces, networks)?;
    }
    Ok(())
}

/// The rules' tiles as far as they lie in this photo.
pub fn tiles(rgb: &Rgb, rules: &FaceRules) -> impl Iterator<Item = [u32; 4]> {
    let [width, height] = [rgb.width(), rgb.height()];
    let side = rules.second_tile_side_px.max(1);
    rules.second_tiles_px.iter().filter_map(move |[left, top]| {
        let inside = *left < width && *top < height;
        inside.then(|| [*left, *top, side.min(width - left), side.min(height - top)])
    })
}

fn measure_first(rgb: &Rgb, faces: &mut Faces, networks: &dyn Networks) -> Result<(), EngineFault> {
    faces.mesh = faces.boxes.first().map(|first| mesh::of(rgb, first, networks)).transpose()?;
    Ok(())
}

/// What the detector is shown of a whole photo.
pub(crate) fn input_of_whole(rgb: &Rgb) -> Result<Vec<f32>, EngineFault> {
    letterboxed(rgb, [0, 0, rgb.width(), rgb.height()], DETECTOR_SIDE, Range::SIGNED).map(|(input, _)| input)
}

/// What the detector sees in one part of the photo; several boxes a face.
fn seen(rgb: &Rgb, part: [u32; 4], score_min: f64, networks: &dyn Networks) -> Result<Vec<FaceBox>, EngineFault> {
    let (input, placement) = letterboxed(rgb, part, DETECTOR_SIDE, Range::SIGNED)?;
    let answer = networks.detect(&input)?;
    if answer.boxes.len() != ANCHORS * ANCHOR_NUMBERS || answer.scores.len() != ANCHORS {
        return Err(EngineFault("the detector's answer has another size".to_owned()));
    }
    Ok(decoded(&answer, score_min as f32, placement))
}

fn decoded(answer: &DetectorAnswer, score_min: f32, placement: Placement) -> Vec<FaceBox> {
    let numbers = answer.boxes.as_chunks::<ANCHOR_NUMBERS>().0;
    let scored = anchors().zip(numbers).zip(&answer.scores).map(|(both, logit)| (both, probability(*logit)));
    scored.filter(|(_, score)| *score >= score_min).filter_map(|((anchor, numbers), score)| boxed(anchor, numbers, score, placement)).collect()
}

/// Centres of the anchors in input pixels, in the order of the detector's answer.
fn anchors() -> impl Iterator<Item = [f32; 2]> {
    GRIDS.into_iter().flat_map(|(cells, each)| {
        let cell = DETECTOR_SIDE as f32 / cells as f32;
        (0..cells * cells * each).map(move |i| [i / each % cells, i / each / cells].map(|n| (n as f32 + 0.5) * cell))
    })
}

/// One anchor's sixteen numbers: centre and size of the box, then the six points, each relative to the anchor. `None` if one is no number.
fn boxed(anchor: [f32; 2], numbers: &[f32; ANCHOR_NUMBERS], score: f32, placement: Placement) -> Option<FaceBox> {
    let at = |i: usize| [0, 1].map(|axis| (numbers[2 * i + axis] + anchor[axis]) * placement.scale + placement.offset[axis]);
    let centre = at(0);
    let [width, height] = [numbers[2], numbers[3]].map(|length| length * placement.scale);
    let whole = numbers.iter().all(|n| n.is_finite()) && width > 0.0 && height > 0.0;
    whole.then(|| FaceBox { left: centre[0] - width / 2.0, top: centre[1] - height / 2.0, width, height, score, points: std::array::from_fn(|i| at(i + 2)) })
}

/// Boxes that overlap are one face; its box is their mean, weighted by score.
fn one_box_a_face(mut boxes: Vec<FaceBox>) -> Vec<FaceBox> {
    boxes.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut faces = Vec::new();
    while let Some(best) = boxes.first().cloned() {
        let (same, others): (Vec<_>, Vec<_>) = boxes.into_iter().partition(|other| overlap(&best, other) > SAME_FACE_OVERLAP);
        // A box without overlap even with itself would come back for ever.
        boxes = if same.is_empty() { others[1..].to_vec() } else { others };
        faces.push(mean(&best, &same));
    }
    faces
}

fn mean(best: &FaceBox, same: &[FaceBox]) -> FaceBox {
    let weight: f32 = same.iter().map(|one| one.score).sum();
    if weight <= 0.0 {
        return best.clone();
    }
    let mean = |number: &dyn Fn(&FaceBox) -> f32| rounded(same.iter().map(|one| number(one) * one.score).sum::<f32>() / weight);
    FaceBox {
        left: mean(&|one| one.left),
        top: mean(&|one| one.top),
        width: mean(&|one| one.width),
        height: mean(&|one| one.height),
        score: best.score,
        points: std::array::from_fn(|i| [0, 1].map(|axis| mean(&|one| one.points[i][axis]))),
    }
}

fn larger_first(a: &FaceBox, b: &FaceBox) -> std::cmp::Ordering {
    (b.width * b.height).total_cmp(&(a.width * a.height))
}

fn intersection(a: &FaceBox, b: &FaceBox) -> f32 {
    let across = (a.left + a.width).min(b.left + b.width) - a.left.max(b.left);
    let down = (a.top + a.height).min(b.top + b.height) - a.top.max(b.top);
    across.max(0.0) * down.max(0.0)
}

/// The boxes' common part as a share of their union.
fn overlap(a: &FaceBox, b: &FaceBox) -> f32 {
    let common = intersection(a, b);
    common / (a.width * a.height + b.width * b.height - common)
}

/// Whether less than `apart_min` of the candidate lies beside a face that is known: then it is a part of that face seen in a tile.
fn covers(known: &FaceBox, candidate: &FaceBox, apart_min: f64) -> bool {
    let apart = 1.0 - intersection(known, candidate) / (candidate.width * candidate.height);
    f64::from(apart) < apart_min
}
