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
}

impl Default for Look {
    /// Conforming: frontal, neutral, bareheaded, before white.
    fn default() -> Self {
        Self { yaw: 0.0, pitch: 0.0, roll: 0.0, eyes: 1.0, mouth: 0.0, background: [255; 3], headwear: Headwear::None, glasses: Glasses::None, mask: false }
    }
}

/// The portrait of person `seed` with the given look, 358 × 441; the same for the same arguments.
#[must_use]
pub fn portrait(seed: u64, look: &Look) -> Rgb {
    dyed(seed, look, &Dye::default())
}

/// Where the mesh's points lie in the portrait of that person and look, in picture pixels (z in centimetres towards the viewer).
#[must_use]
pub fn points(seed: u64, look: &Look) -> Vec<[f32; 3]> {
    let camera = head::Camera::new(look, WIDTH, HEIGHT);
    let place = |p: [f64; 3]| {
        let [x, y] = camera.project(p).map(|v| (v / SUPERSAMPLE) as f32);
        [x, y, camera.turn(p)[2] as f32]
    };
    head::vertices(&mut Dice::new(seed, "head", 0), look).into_iter().map(place).collect()
}

/// As [`portrait`] with some colours chosen.
#[must_use]
pub fn dyed(seed: u64, look: &Look, dye: &Dye) -> Rgb {
    let dice = |part| Dice::new(seed, part, 0);
    let palette = palette::Palette::of(&mut dice("palette")).dyed(dye);
    let points = head::vertices(&mut dice("head"), look);
    let camera = head::Camera::new(look, WIDTH, HEIGHT);
    let scale = SUPERSAMPLE as usize;
    let mut canvas = Canvas::new(WIDTH as usize * scale, HEIGHT as usize * scale, look.background.map(f64::from));
    let sitter = face::Sitter::new(&points, &camera, &palette, look);
    sitter.paint(&mut canvas, &mut dice("paint"));
    grain::texture(&mut canvas, &mut dice("texture"));
    accessories::paint(&mut canvas, &sitter);
    grain::photograph(&canvas, scale, &mut dice("sensor"))
}
