//! The walk of one photo through all checks, cheap first. Every reason that applies is kept; what couldn't be read safely
//! isn't judged further.

use std::panic::{AssertUnwindSafe, catch_unwind};

use card::profile::photo::PhotoRules;
use card::seeded::{Bug, has};
use card::{Code, Profile};

use crate::container::frame::Frame;
use crate::container::layout::Layout;
use crate::container::{marker, rules};
use crate::examination::{ContainerMeasurements, Examination, Finding, Measurements};
use crate::face::FaceAreas;
use crate::ground::{GroundAreas, GroundMeasurements};
use crate::likeness::FaceHash;
use crate::nets::{EngineFault, Faces, Mesh};
use crate::pixels::oval::Oval;
use crate::pixels::plane::Luma;
use crate::refusal::Refusal;
use crate::rgb::Rgb;
use crate::sitting::Sitting;
use crate::strip::{self, Stripped};
use crate::{decode, entropy, face, ground, nets, pixels};

/// Judges the bytes of one photo. Pure: the same bytes, profile and networks give the same result on every machine.
/// It never panics: a fault of ours or of the decoder becomes PHO-99 beside what was found until then.
#[must_use]
pub fn examine(jpeg: &[u8], sitting: &Sitting) -> Examination {
    let mut examination = Examination::default();
    if catch_unwind(AssertUnwindSafe(|| walk(jpeg, sitting, &mut examination))).is_err() {
        examination.pixels = None;
        examination.add(Refusal::new(Code::Pho99, "panic", "none"), sitting.profile);
    }
    examination
}

fn walk(jpeg: &[u8], sitting: &Sitting, examination: &mut Examination) {
    let profile = sitting.profile;
    let mut found = Vec::new();
    let stripped = container(jpeg, &profile.photo, &mut found, &mut examination.measurements.container);
    for refusal in found {
        examination.add(refusal, profile);
    }
    let Some((stripped, decodable)) = stripped else { return };
    // Decoding the stripped bytes: what is judged is what is kept and printed.
    let rgb = decodable.then(|| decode::strictly(&stripped.bytes, &profile.photo));
    examination.stripped = Some(stripped);
    match rgb {
        Some(Ok(rgb)) => picture(rgb, sitting, examination),
        Some(Err(refusal)) => examination.add(refusal, profile),
        None => {}
    }
}

/// Everything that looks at pixels.
fn picture(rgb: Rgb, sitting: &Sitting, examination: &mut Examination) {
    let rules = &sitting.profile.photo;
    let luma = Luma::of(&rgb);
    let seen = look(&rgb, &luma, sitting);
    if let Err(fault) = &seen {
        examination.add(Refusal::new(Code::Pho99, fault.to_string(), "none"), sitting.profile);
    }
    let seen = seen.unwrap_or_default();
    let mesh = seen.mesh(rules);
    examination.face_hash = mesh.map(|mesh| FaceHash::of(&rgb, mesh));
    let around = mesh.and_then(face::oval).map_or_else(|| Oval::central(&rgb, rules), |(centre, half)| Oval::new(size_of(&rgb), centre, half));
    let (pixels, pixel_areas) = pixels::measure(&rgb, &luma, &around, rules);
    let mut areas = Areas { pixels: pixel_areas, face: None, ground: seen.ground_areas };
    let measured = &mut examination.measurements;
    measured.pixels = Some(pixels);
    measured.ground = seen.ground;
    if let (Some(faces), Some(rules)) = (&seen.faces, &rules.face) {
        let (face, face_areas) = face::measure(&rgb, &luma, faces, rules);
        (measured.face, areas.face) = (Some(face), Some(face_areas));
    }
    let found = judge(measured, Some(&areas), sitting.religious_headgear, rules);
    examination.faces = seen.faces;
    examination.pixels = Some(rgb);
    for refusal in found {
        examination.add(refusal, sitting.profile);
    }
}

fn size_of(rgb: &Rgb) -> (usize, usize) {
    (rgb.width() as usize, rgb.height() as usize)
}

/// What the networks see, and the background that follows from it.
#[derive(Default)]
struct Seen {
    faces: Option<Faces>,
    ground: Option<GroundMeasurements>,
    ground_areas: Option<GroundAreas>,
}

impl Seen {
    /// The mesh, if the network that drew it sees a face.
    fn mesh(&self, rules: &PhotoRules) -> Option<&Mesh> {
        let presence_min = rules.face.as_ref().map_or(1.0, |face| face.presence_min);
        self.faces.as_ref()?.mesh.as_ref().filter(|mesh| f64::from(mesh.presence) >= presence_min)
    }
}

/// Detector and mesh always; the person mask only where the background doesn't show itself; the tiles in which a small second face may
/// hide only where something else than a plain background is.
fn look(rgb: &Rgb, luma: &Luma, sitting: &Sitting) -> Result<Seen, EngineFault> {
    let rules = &sitting.profile.photo;
    let Some(face_rules) = &rules.face else { return Ok(Seen::default()) };
    let mut seen = Seen { faces: Some(nets::detect::in_whole(rgb, face_rules, sitting.networks)?), ..Seen::default() };
    if let Some(ground_rules) = &rules.ground {
        let mut failed = None;
        let mut mask = || match nets::person::mask(rgb, sitting.networks) {
            Ok(mask) => Some(mask),
            Err(fault) => {
                failed = Some(fault);
                None
            }
        };
        let (ground, areas) = ground::measure_with(rgb, luma, seen.mesh(rules), &mut mask, ground_rules);
        if let Some(fault) = failed {
            return Err(fault);
        }
        (seen.ground, seen.ground_areas) = (Some(ground), Some(areas));
    }
    // What growing alone settled as plain shows the person and nothing else.
    let plain = seen.ground.as_ref().is_some_and(|ground| !ground.mask_asked && ground.background_share > 0.0);
    if !plain && let Some(faces) = &mut seen.faces {
        nets::detect::in_tiles(rgb, face_rules, sitting.networks, faces, |_| true)?;
    }
    Ok(seen)
}

/// Where on the photo each rule looked.
struct Areas {
    pixels: pixels::PixelAreas,
    face: Option<FaceAreas>,
    ground: Option<GroundAreas>,
}

/// What the measurements of a picture break. Without areas findings have no place.
fn judge(m: &Measurements, areas: Option<&Areas>, religious_headgear: bool, rules: &PhotoRules) -> Vec<Refusal> {
    let mut found = Vec::new();
    // A background of which nothing was found was not measured: the strips stand for it.
    let strips_count = m.ground.as_ref().is_none_or(|ground| ground.background_share == 0.0);
    found.extend(m.pixels.iter().flat_map(|pixels| pixels::judge(pixels, areas.map(|a| &a.pixels), strips_count, rules)));
    if let (Some(ground), Some(rules)) = (&m.ground, &rules.ground) {
        found.extend(ground::judge(ground, areas.and_then(|a| a.ground.as_ref()), rules));
    }
    if let (Some(face), Some(rules)) = (&m.face, &rules.face) {
        found.extend(face::judge(face, areas.and_then(|a| a.face.as_ref()), religious_headgear, rules));
    }
    if found.iter().any(|r| r.code == Code::Pho14) {
        // Cloth is told from hair by its smoothness, and a blurred picture is smooth everywhere.
        found.retain(|r| r.code != Code::Pho33);
    }
    found
}

/// What stored measurements break under a profile. Nothing is decoded. Findings with other codes than those of [`is_judged_again`] are
/// about what no number says, and stay as they were.
#[must_use]
pub fn judge_again(m: &Measurements, religious_headgear: bool, profile: &Profile) -> Vec<Finding> {
    let mut found: Vec<Refusal> = rules::file_size(m.container.file_bytes, &profile.photo).into_iter().collect();
    found.extend(m.container.image_bytes.and_then(|bytes| rules::padding(m.container.file_bytes, bytes, &profile.photo)));
    found.extend(judge(m, None, religious_headgear, &profile.photo));
    found.into_iter().map(|refusal| Finding::of(refusal, profile)).collect()
}

/// Whether findings with this code follow from stored measurements alone.
#[must_use]
pub fn is_judged_again(code: Code) -> bool {
    use Code::*;
    let of_the_file = matches!(code, Pho01 | Pho21 | Pho23);
    let of_the_picture = matches!(code, Pho11 | Pho13 | Pho14 | Pho16 | Pho17 | Pho18 | Pho19 | Pho20 | Pho37 | Pho38);
    let of_the_face = matches!(code, Pho12 | Pho26 | Pho27 | Pho28 | Pho29 | Pho30 | Pho31 | Pho32 | Pho33 | Pho34 | Pho35 | Pho36 | Pho39);
    of_the_file || of_the_picture || of_the_face
}

/// All container rules. Gives the stripped file where the markers led to its end, and whether it may be decoded.
pub(crate) fn container(jpeg: &[u8], rules: &PhotoRules, found: &mut Vec<Refusal>, measured: &mut ContainerMeasurements) -> Option<(Stripped, bool)> {
    measured.file_bytes = jpeg.len() as u64;
    found.extend(rules::file_size(measured.file_bytes, rules));
    if jpeg.is_empty() || measured.file_bytes > rules.read_bytes_max {
        return None;
    }
    if let Some(refusal) = rules::not_a_jpeg(jpeg) {
        found.push(refusal);
        return None;
    }
    let layout = Layout::read(jpeg, rules.segments_max);
    measure_layout(&layout, measured);
    rules::structure(&layout, rules, found);
    rules::orientation(&layout, found, measured);
    found.extend(rules::density(&layout, rules, measured));
    let frame = rules::frame(&layout, found);
    let sound = frame.is_some_and(|frame| frame_rules(&layout, &frame, rules, found, measured));
    if layout.broken.is_some() {
        return None;
    }
    let stripped = Stripped { bytes: strip::write(&layout, jpeg.len()) };
    measured.image_bytes = Some(stripped.bytes.len() as u64);
    found.extend(rules::padding(measured.file_bytes, stripped.bytes.len() as u64, rules));
    Some((stripped, sound))
}

fn measure_layout(layout: &Layout<'_>, measured: &mut ContainerMeasurements) {
    measured.segments = layout.segments.len() as u32;
    measured.metadata_bytes = layout.metadata_bytes();
    measured.fill_bytes = layout.fill_bytes;
    measured.trailing_bytes = layout.trailing_bytes;
}

/// What follows from the frame, the walk over the coded data last. Gives whether the file may be decoded.
fn frame_rules(layout: &Layout<'_>, frame: &Frame, rules: &PhotoRules, found: &mut Vec<Refusal>, measured: &mut ContainerMeasurements) -> bool {
    measured.width_px = Some(frame.width);
    measured.height_px = Some(frame.height);
    measured.components = Some(frame.components.len() as u32);
    measured.precision_bits = Some(u32::from(frame.precision_bits));
    measured.process = Some(u32::from(frame.marker - marker::SOF0));
    let mut unreadable: Vec<Refusal> = rules::size(frame, rules).into_iter().chain(rules::depth(frame, layout)).collect();
    rules::colour_coding(layout, frame, &mut unreadable);
    let readable = unreadable.is_empty() && layout.broken.is_none();
    found.append(&mut unreadable);
    found.extend(rules::colour_profile(layout));
    let scattered = rules::scattered_scans(frame, layout);
    let decodable = scattered.is_none();
    found.extend(scattered);
    if frame.marker == marker::SOF2 {
        found.push(Refusal::new(Code::Pho22, "progressive", "baseline"));
    }
    if !readable {
        return false;
    }
    match entropy::walk(layout, frame, rules) {
        Ok(tally) => {
            measured.scans = Some(tally.scans);
            measured.restarts = Some(tally.restarts);
            decodable
        }
        Err(_) if has(Bug::CutPhotoAccepted) => decodable,
        Err(refusal) => {
            found.push(refusal);
            false
        }
    }
}
