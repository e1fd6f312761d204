//! Portraits of people who don't exist: a seeded head on the canonical mesh, painted as a 358 × 441 identity photo.
//! The look says pose, expression, headwear and background; file formats are `jpeg.rs`, damage is `degrade`.

mod accessories;
mod blur;
mod canvas;
mod face;
mod grain;
mod head;
mod mesh;
mod palette;

pub(crate) use blur::gaussian;
use canvas::Canvas;
use head::SUPERSAMPLE;
pub use palette::Dye;

use crate::dice::Dice;
use crate::rgb::Rgb;

pub const WIDTH: u32 = 358;
pub const HEIGHT: u32 = 441;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Headwear {
    None,
    /// A cap over the brow: refusable.
    Cap,
    /// A headscarf that leaves the face free: allowed for religion.
    Scarf,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Glasses {
    None,
    Clear,
    Sun,
}

/// Where a portrait is placed beside what the geometry rule asks.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Placing {
    /// Size of the head as a share of a conforming one.
    pub scale: f64,
    /// Picture pixels to the right and down.
    pub right: f64,
    pub down: f64,
}

/// What a portrait shows. Angles in degrees: positive yaw turns to the viewer's right, pitch up, roll clockwise.
#[derive(Clone, Debug)]
pub struct Look {
    pub yaw: f64,
    pub pitch: f64,
    pub roll: f64,
    /// 1 open, 0.5 squinting, 0 closed.
    pub eyes: f64,
    /// 0 closed, 1 open, 2.2 wide open.
    pub mouth: f64,
    pub background: [u8; 3],
    pub headwear: Headwear,
    pub glasses: Glasses,
    /// A surgical mask.
    pub mask: bool,
    /// Lamps mirrored in the glasses: no effect without them.
    pub glare: bool,
    /// Skin tone 1 (palest) to 6 (deepest); `None` leaves it to the seed.
    pub skin: Option<u8>,
    /// Grey hair and lines in the face.
    pub old: bool,
    /// The back of the head is shown: no face at all.
    pub from_behind: bool,
    pub placing: Placing,
}

/// Where things truly are in a portrait. Lengths in picture pixels from the upper left corner: a pixel's middle is at + 0.5.
#[derive(Clone, Debug)]
pub struct Truth {
    /// The mesh's 468 vertices.
    pub points: Vec<[f64; 2]>,
    /// As in the look.
    pub yaw: f64,
    pub pitch: f64,
    pub roll: f64,
    /// Upper edge of hair or headgear.
    pub hair_top: f64,
}

impl Truth {
    #[must_use]
    pub fn eye_middle(&self) -> [f64; 2] {
        let [right, left] = self.eyes();
        [(right[0] + left[0]) / 2.0, (right[1] + left[1]) / 2.0]
    }

    /// Middles of the sitter's right and left eye.
    #[must_use]
    pub fn eyes(&self) -> [[f64; 2]; 2] {
        [mesh::RIGHT_EYE, mesh::LEFT_EYE].map(|eye| {
            let sum = eye.iter().fold([0.0; 2], |s, i| [s[0] + self.points[*i][0], s[1] + self.points[*i][1]]);
            sum.map(|v| v / eye.len() as f64)
        })
    }

    /// From the middle of the eyes to the chin, as a share of the picture's height.
    #[must_use]
    pub fn head_share(&self) -> f64 {
        let ([eye_x, eye_y], chin) = (self.eye_middle(), self.points[mesh::CHIN]);
        (chin[0] - eye_x).hypot(chin[1] - eye_y) / f64::from(HEIGHT)
    }

    /// Cheek to cheek at the ears.
    #[must_use]
    pub fn face_width(&self) -> f64 {
        let [right, left] = mesh::CHEEKS.map(|i| self.points[i]);
        (right[0] - left[0]).hypot(right[1] - left[1])
    }
}

impl Default for Look {
    /// Conforming: frontal, neutral, bareheaded, before white.
    fn default() -> Self {
        Self {
            yaw: 0.0,
            pitch: 0.0,
            roll: 0.0,
            eyes: 1.0,
            mouth: 0.0,
            background: [255; 3],
            headwear: Headwear::None,
            glasses: Glasses::None,
            mask: false,
            glare: false,
            skin: None,
            old: false,
            from_behind: false,
            placing: Placing { scale: 1.0, right: 0.0, down: 0.0 },
        }
    }
}

/// The portrait of person `seed` with the given look, 358 × 441; the same for the same arguments.
#[must_use]
pub fn portrait(seed: u64, look: &Look) -> Rgb {
    portrait_with_truth(seed, look).0
}

/// As [`portrait`], with where everything was drawn.
#[must_use]
pub fn portrait_with_truth(seed: u64, look: &Look) -> (Rgb, Truth) {
    drawn(seed, look, &Dye::default())
}

/// Where the mesh's points lie in the portrait of that person and look, in picture pixels; depth isn't told.
#[must_use]
pub fn points(seed: u64, look: &Look) -> Vec<[f32; 3]> {
    portrait_with_truth(seed, look).1.points.iter().map(|p| [p[0] as f32, p[1] as f32, 0.0]).collect()
}

/// As [`portrait`] with some colours chosen.
#[must_use]
pub fn dyed(seed: u64, look: &Look, dye: &Dye) -> Rgb {
    drawn(seed, look, dye).0
}

fn drawn(seed: u64, look: &Look, dye: &Dye) -> (Rgb, Truth) {
    let dice = |part| Dice::new(seed, part, 0);
    let palette = palette::Palette::of(&mut dice("palette"), look).dyed(dye);
    let points = head::vertices(&mut dice("head"), look);
    let cut = face::Cut::of(&mut dice("cut"));
    let top = face::top(&cut, look.headwear);
    let camera = head::Camera::new(look, &points, top, &mut dice("placing"));
    let scale = SUPERSAMPLE as usize;
    let mut canvas = Canvas::new(WIDTH as usize * scale, HEIGHT as usize * scale, look.background.map(f64::from));
    let sitter = face::Sitter::new(&points, &camera, &palette, look);
    sitter.paint(&mut canvas, &cut, &mut dice("paint"));
    grain::texture(&mut canvas, &mut dice("texture"));
    accessories::paint(&mut canvas, &sitter);
    let truth = Truth {
        points: sitter.on_canvas.iter().map(|p| p.map(|v| v / SUPERSAMPLE)).collect(),
        yaw: look.yaw,
        pitch: look.pitch,
        roll: look.roll,
        hair_top: camera.project(top)[1] / SUPERSAMPLE,
    };
    (grain::photograph(&canvas, scale, &mut dice("sensor")), truth)
}

#[cfg(test)]
mod tests;
