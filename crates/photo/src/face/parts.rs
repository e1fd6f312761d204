//! The checks of the face one by one, for the bench. Not for judging: use `measure`.

use card::profile::photo::face::FaceRules;

use super::landmarks::{self, Landmarks};
use super::plate::Plate;
use super::region::Region;
use super::skin::{self, Likeness, Patches};
use super::stencil::Stencil;
use super::{eyes, headgear, ink, light, plate_of, pose, spots};
use crate::nets::Mesh;
use crate::pixels::plane::Luma;
use crate::refusal::Area;
use crate::rgb::Rgb;

/// One face with what all checks share.
pub struct Laid {
    face: Landmarks,
    outline: Region,
    plate: Plate,
    patches: Patches,
    stencil: Stencil,
}

impl Laid {
    /// `None` if the mesh isn't whole or the face lies outside the photo.
    #[must_use]
    pub fn of(rgb: &Rgb, mesh: &Mesh) -> Option<Self> {
        let face = Landmarks::of(mesh)?;
        let outline = Region::polygon(&face.corners(&landmarks::OVAL, (1.0, 1.0)), Area { left: 0, top: 0, width: rgb.width(), height: rgb.height() });
        let plate = plate_of(rgb, &Luma::of(rgb), &face, outline.area()?);
        let (patches, stencil) = (Patches::of(&face, plate.area), Stencil::of(&face, &plate));
        Some(Self { face, outline, plate, patches, stencil })
    }
}

/// A check of the face, as a number.
pub type Check = fn(&Laid, &FaceRules) -> f64;

pub const CHECKS: &[(&str, Check)] = &[
    ("pose", |laid, _| pose::measure(&laid.face).yaw),
    ("eyes and mouth open", |laid, _| eyes::openness(&laid.face) + laid.face.widest(&landmarks::LIP_GAPS)),
    ("dark glasses", |laid, _| eyes::luma_ratio(&laid.face, &laid.plate, &laid.patches)),
    ("glare", |laid, rules| eyes::glare(&laid.plate, &eyes::glasses(&laid.face, &laid.plate), rules)),
    ("forehead covered", |laid, rules| skin::forehead_share(&laid.plate, &laid.patches, &Likeness::new(rules))),
    ("lower face covered", |laid, rules| skin::lower_face_share(&laid.plate, &laid.face, &laid.patches, &Likeness::new(rules)).0),
    ("headgear", |laid, rules| {
        let band = headgear::band(&laid.face, &laid.plate);
        headgear::cloth_share(&laid.plate, &band, &laid.patches, &Likeness::new(rules), rules)
    }),
    ("ink", |laid, rules| ink::measure(&laid.plate, &laid.stencil, rules).share),
    ("spots on the face", |laid, rules| spots::find(&laid.plate, &laid.stencil, rules).len() as f64),
    ("side light", |laid, _| light::evenness(&laid.plate, &laid.patches) + light::uniformity(&laid.plate, &laid.patches)),
    ("natural colour", |laid, rules| light::colour_distance(&laid.plate, &laid.patches, rules)),
    ("luminance of the face", |laid, _| light::luminance_of(&laid.plate, &laid.outline).entropy_bits),
];
