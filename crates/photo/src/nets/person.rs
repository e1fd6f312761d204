//! Which pixels are the person's: the segmentation network over the whole photo.

use super::input::{Range, neighbours, stretched};
use super::{EngineFault, Networks, PERSON_SIDE, PersonMask, rounded};
use crate::rgb::Rgb;

/// The person mask of a photo.
///
/// # Errors
/// The engine fails.
pub fn mask(rgb: &Rgb, networks: &dyn Networks) -> Result<PersonMask, EngineFault> {
    let shares = networks.person(&stretched(rgb, PERSON_SIDE, Range::UNIT)?)?;
    if shares.len() != PERSON_SIDE * PERSON_SIDE {
        return Err(EngineFault("the person mask has another size".to_owned()));
    }
    Ok(PersonMask { shares: shares.into_iter().map(rounded).collect() })
}

impl PersonMask {
    /// The person's share, 0..1, at pixel `x`, `y` of a photo of `width` × `height`.
    #[must_use]
    pub fn share(&self, x: u32, y: u32, width: u32, height: u32) -> f32 {
        let across = neighbours(in_mask(x, width), PERSON_SIDE as u32);
        self.between(across, neighbours(in_mask(y, height), PERSON_SIDE as u32))
    }

    /// The person's share of every pixel of a photo of `width` × `height`, row after row.
    #[must_use]
    pub fn shares_of(&self, width: u32, height: u32) -> Vec<f32> {
        let across: Vec<_> = (0..width).map(|x| neighbours(in_mask(x, width), PERSON_SIDE as u32)).collect();
        let mut shares = Vec::with_capacity(width as usize * height as usize);
        for y in 0..height {
            let down = neighbours(in_mask(y, height), PERSON_SIDE as u32);
            shares.extend(across.iter().map(|across| self.between(*across, down)));
        }
        shares
    }

    fn between(&self, (left, right, x): (usize, usize, f32), (upper, lower, y): (usize, usize, f32)) -> f32 {
        let [upper, lower] = [upper, lower].map(|row| self.shares[row * PERSON_SIDE + left] * (1.0 - x) + self.shares[row * PERSON_SIDE + right] * x);
        upper * (1.0 - y) + lower * y
    }
}

/// The middle of a photo's pixel on the mask's side.
fn in_mask(pixel: u32, length: u32) -> f32 {
    (pixel as f32 + 0.5) / length as f32 * PERSON_SIDE as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_is_stretched_over_the_photo() {
        let shares = (0..PERSON_SIDE * PERSON_SIDE).map(|i| if i % PERSON_SIDE < PERSON_SIDE / 2 { 1.0 } else { 0.0 }).collect();
        let mask = PersonMask { shares };
        assert_eq!((mask.share(0, 0, 358, 441), mask.share(357, 440, 358, 441)), (1.0, 0.0));
        assert_eq!((mask.share(170, 200, 358, 441), mask.share(187, 200, 358, 441)), (1.0, 0.0));
        let all = mask.shares_of(358, 441);
        assert!((0..441).all(|y| (0..358).all(|x| all[(y * 358 + x) as usize] == mask.share(x, y, 358, 441))));
    }
}
