//! The walk of one photo through all checks, cheap first. Every reason that applies is kept; what couldn't be read safely
//! isn't judged further.

use std::panic::{AssertUnwindSafe, catch_unwind};

use card::profile::photo::PhotoRules;
use card::seeded::{Bug, has};
use card::{Code, Profile};

use crate::container::frame::Frame;
use crate::container::layout::Layout;
use crate::container::{marker, rules};
use crate::examination::{ContainerMeasurements, Examination};
use crate::refusal::Refusal;
use crate::rgb::Rgb;
use crate::strip::{self, Stripped};
use crate::{decode, entropy, pixels};

/// Judges the bytes of one photo by the profile. Pure: the same bytes and profile give the same result on every machine.
/// It never panics: a fault of ours or of the decoder becomes PHO-99 beside what was found until then.
#[must_use]
pub fn examine(jpeg: &[u8], profile: &Profile) -> Examination {
    let mut examination = Examination::default();
    if catch_unwind(AssertUnwindSafe(|| walk(jpeg, profile, &mut examination))).is_err() {
        examination.pixels = None;
        examination.add(Refusal::new(Code::Pho99, "panic", "none"), profile);
    }
    examination
}

fn walk(jpeg: &[u8], profile: &Profile, examination: &mut Examination) {
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
        Some(Ok(rgb)) => picture(rgb, profile, examination),
        Some(Err(refusal)) => examination.add(refusal, profile),
        None => {}
    }
}

/// Everything that looks at pixels.
fn picture(rgb: Rgb, profile: &Profile, examination: &mut Examination) {
    let mut found = Vec::new();
    let oval = pixels::oval::Oval::central(&rgb, &profile.photo);
    // The face stage belongs here: it finds the face in `rgb`, adds its own findings (PHO-12) to `found`, and its oval takes
    // the place of the central one, so that sharpness and exposure are measured in the real face.
    examination.measurements.pixels = Some(pixels::judge(&rgb, &oval, &profile.photo, &mut found));
    examination.pixels = Some(rgb);
    for refusal in found {
        examination.add(refusal, profile);
    }
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
