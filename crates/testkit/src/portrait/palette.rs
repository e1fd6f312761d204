//! Colours of one invented person: skin, hair, eyes and clothes.

use super::Look;
use super::canvas::Colour;
use crate::dice::Dice;

/// From palest to deepest, as the six types of the Fitzpatrick scale.
const SKIN: [Colour; 6] = [[244.0, 208.0, 190.0], [232.0, 188.0, 162.0], [212.0, 160.0, 124.0], [182.0, 126.0, 92.0], [140.0, 94.0, 67.0], [92.0, 61.0, 45.0]];
const HAIR: [Colour; 8] = [
    [30.0, 24.0, 22.0],
    [60.0, 40.0, 28.0],
    [105.0, 70.0, 40.0],
    [170.0, 130.0, 80.0],
    [120.0, 120.0, 122.0],
    [20.0, 18.0, 20.0],
    [128.0, 62.0, 34.0],
    [42.0, 32.0, 28.0],
];
/// Never white (it would melt into the background) and never grey: pale skin over a grey suit reads as a black-and-white photo.
const CLOTHES: [Colour; 8] = [
    [24.0, 56.0, 118.0],
    [128.0, 28.0, 40.0],
    [22.0, 98.0, 62.0],
    [72.0, 44.0, 122.0],
    [18.0, 74.0, 140.0],
    [138.0, 72.0, 28.0],
    [104.0, 30.0, 96.0],
    [20.0, 92.0, 104.0],
];
const HAIR_OLD: [Colour; 3] = [[120.0, 120.0, 122.0], [146.0, 144.0, 142.0], [104.0, 98.0, 92.0]];
const SCARF: Colour = [40.0, 70.0, 92.0];
const IRIS: [Colour; 5] = [[70.0, 45.0, 30.0], [90.0, 70.0, 40.0], [70.0, 100.0, 130.0], [60.0, 90.0, 60.0], [40.0, 28.0, 22.0]];

/// Colours wanted instead of the sitter's own, also those that melt into a white background.
#[derive(Clone, Copy, Default, Debug)]
pub struct Dye {
    pub skin: Option<[u8; 3]>,
    pub hair: Option<[u8; 3]>,
    pub clothes: Option<[u8; 3]>,
    pub scarf: Option<[u8; 3]>,
}

pub struct Palette {
    pub skin: Colour,
    pub hair: Colour,
    pub clothes: Colour,
    pub iris: Colour,
    pub scarf: Colour,
}

impl Palette {
    pub fn of(dice: &mut Dice, look: &Look) -> Self {
        let drawn = dice.below(SKIN.len());
        let tone = look.skin.map_or(drawn, |tone| usize::from(tone.clamp(1, 6)) - 1);
        let skin = jitter(SKIN[tone], 5.0, 2.0, dice);
        let hair = jitter(*dice.pick(if look.old { &HAIR_OLD } else { &HAIR }), 5.0, 1.5, dice);
        let clothes = jitter(*dice.pick(&CLOTHES), 5.0, 4.0, dice);
        Self { skin, hair, clothes, iris: *dice.pick(&IRIS), scarf: SCARF }
    }

    pub fn dyed(self, dye: &Dye) -> Self {
        let colour = |own: Colour, new: Option<[u8; 3]>| new.map_or(own, |c| c.map(f64::from));
        Self {
            skin: colour(self.skin, dye.skin),
            hair: colour(self.hair, dye.hair),
            clothes: colour(self.clothes, dye.clothes),
            scarf: colour(self.scarf, dye.scarf),
            ..self
        }
    }
}

/// Shifts brightness and, less, each channel; both standard deviations in grey levels.
fn jitter(colour: Colour, brightness: f64, tint: f64, dice: &mut Dice) -> Colour {
    let shift = dice.normal(0.0, brightness);
    colour.map(|c| (c + shift + dice.normal(0.0, tint)).clamp(8.0, 246.0))
}

/// A colour darkened or tinted channel by channel.
pub fn tint(colour: Colour, by: Colour) -> Colour {
    [colour[0] * by[0], colour[1] * by[1], colour[2] * by[2]]
}

pub fn darker(colour: Colour, by: f64) -> Colour {
    tint(colour, [by; 3])
}
