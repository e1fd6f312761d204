//! `photo evaluate --spare-nothing`: the check leaves the person mask and the second-face tiles out where the background shows itself
//! (docs/decisions/0005-faces.md). Here they are asked all the same, and what they change is counted. It changes no verdict.

use card::{Code, Effect};
use ledger::fault::Fault;
use photo::{Examination, ground, nets, parts};

use super::Room;

/// What asking everything would have found, where the check spared something.
pub struct Spared {
    found: Vec<(Code, Effect)>,
    found_with_all: Vec<(Code, Effect)>,
}

impl Spared {
    pub fn differs(&self) -> bool {
        self.found != self.found_with_all
    }

    pub fn shown(&self) -> String {
        let codes = |found: &[(Code, Effect)]| found.iter().map(|(code, effect)| format!("{code} {effect:?}")).collect::<Vec<_>>().join(", ");
        format!("found [{}], with everything asked [{}]", codes(&self.found), codes(&self.found_with_all))
    }
}

/// `None` where nothing was spared: not decoded, no face, or the mask was asked.
pub fn ask(examination: &Examination, religious_headgear: bool, room: &Room) -> Result<Option<Spared>, Fault> {
    let rules = &room.profile.photo;
    let (Some(rgb), Some(faces), Some(seen)) = (&examination.pixels, &examination.faces, &examination.measurements.ground) else { return Ok(None) };
    let (Some(face_rules), Some(ground_rules)) = (&rules.face, &rules.ground) else { return Ok(None) };
    let Some(mesh) = faces.mesh.as_ref().filter(|mesh| f64::from(mesh.presence) >= face_rules.presence_min) else { return Ok(None) };
    if seen.mask_asked || seen.background_share == 0.0 {
        return Ok(None);
    }
    let engine = |fault: nets::EngineFault| Fault::Missing(fault.to_string());
    let mask = nets::person::mask(rgb, &*room.networks).map_err(engine)?;
    let mut all = examination.measurements.clone();
    all.ground = Some(ground::measure_by_mask(rgb, Some(mesh), &mask, ground_rules).0);
    let with_tiles = nets::find_faces(rgb, face_rules, &*room.networks).map_err(engine)?;
    all.face = Some(parts::face(rgb, &with_tiles, face_rules));
    let judged = |m| photo::judge_again(m, religious_headgear, &room.profile).into_iter().map(|f| (f.code, f.effect)).collect();
    Ok(Some(Spared { found: judged(&examination.measurements), found_with_all: judged(&all) }))
}
