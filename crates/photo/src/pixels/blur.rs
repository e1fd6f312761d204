//! Sharpness as the no-reference blur effect of Crete et al. (SPIE 2007): blur the picture once more and see how much of its
//! steps between neighbours is lost. A sharp picture loses much, a blurred one little. Measured at half the scale: a face out of
//! focus has lost everything there too, while the grain of a sensor and of the file's own quantisation, which looks perfectly
//! sharp at full scale, is averaged away.
//!
//! On six public-domain portraits of real people a Gaussian blur of 1.5 px gives the same values at either scale (0.59 to 0.72); with
//! noise of 3 grey levels over it the full scale says 0.28 to 0.46, as of a sharp picture, and this one 0.51 to 0.67
//! (docs/decisions/0006-blur-at-half-scale.md, which also says where the limits come from).

use super::oval::Oval;
use super::plane::{HALVED_SUM, Halved, Luma};

/// Half the 5-pixel window. Neighbouring window means differ by (value entering − value leaving) / 5, so that the blurred
/// picture never has to be made.
const HALF: usize = 2;
const WINDOW: u16 = 5;
/// Steps up to one grey level are rounding.
const NOISE_STEP: u16 = HALVED_SUM;

/// 0 sharp .. 1 blurred: the worse of both directions inside the oval; 1 if nothing there has a step beyond noise.
pub(crate) fn measure(luma: &Luma, oval: &Oval) -> f64 {
    of_halved(&luma.halved(), &oval.halved(HALF + 1, (luma.width() / 2, luma.height() / 2)))
}

fn of_halved(luma: &Halved, oval: &Oval) -> f64 {
    let (mut across, mut down) = (Loss::default(), Loss::default());
    for (y, x) in oval.rows() {
        let row = luma.row(y);
        let part = |from: usize| &row[x.start + from - HALF - 1..x.end + from - HALF - 1];
        across.add(part(HALF + 1), part(HALF), part(2 * HALF + 1), part(0));
        let at = |y: usize| &luma.row(y)[x.clone()];
        down.add(at(y), at(y - 1), at(y + HALF), at(y - HALF - 1));
    }
    across.effect().max(down.effect())
}

/// Steps of the picture and how much of them a second blur takes, both × 5.
#[derive(Default)]
struct Loss {
    steps: u64,
    lost: u64,
}

impl Loss {
    /// A run of pixels, their neighbours before, and what enters and leaves the window between the two.
    fn add(&mut self, here: &[u16], before: &[u16], entering: &[u16], leaving: &[u16]) {
        let (mut steps, mut lost) = (0u32, 0u32);
        for (((h, b), e), l) in here.iter().zip(before).zip(entering).zip(leaving) {
            let step = h.abs_diff(*b);
            let step = if step > NOISE_STEP { WINDOW * step } else { 0 };
            steps += u32::from(step);
            lost += u32::from(step.saturating_sub(e.abs_diff(*l)));
        }
        self.steps += u64::from(steps);
        self.lost += u64::from(lost);
    }

    fn effect(&self) -> f64 {
        if self.steps == 0 { 1.0 } else { (self.steps - self.lost) as f64 / self.steps as f64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(value: impl Fn(usize, usize) -> u8) -> f64 {
        measure(&Luma::from_fn(240, 240, value), &Oval::new((240, 240), (120, 120), (100, 100)))
    }

    #[test]
    fn sharp_is_low_and_smooth_is_high() {
        let checks = of(|x, y| if (x / 4 + y / 4) % 2 == 0 { 0 } else { 255 });
        let ramp = of(|x, y| (x.min(180) + y / 8) as u8);
        assert!(checks <= 0.2, "{checks}");
        assert!(ramp > 0.9, "a ramp loses next to nothing to a blur: {ramp}");
        assert_eq!(of(|_, _| 90), 1.0);
    }

    /// Noise of so many grey levels at most, the same on every call.
    fn noise(x: usize, y: usize, most: usize) -> usize {
        (x * 7919 + y * 104_729 + x * y * 31) % 251 * most / 250
    }

    #[test]
    fn grain_over_a_blurred_face_does_not_make_it_sharp() {
        let soft = |x: usize, y: usize| 90.0 + 60.0 * (x as f64 / 14.0).sin() * (y as f64 / 14.0).cos();
        let clean = of(|x, y| soft(x, y) as u8);
        let grained = of(|x, y| (soft(x, y) as usize + noise(x, y, 8)) as u8);
        assert!(clean > 0.85 && grained > 0.70, "{clean} {grained}");
    }

    #[test]
    fn the_effect_is_that_of_really_blurring() {
        let luma = Luma::from_fn(120, 40, |x, y| noise(x, y, 250) as u8).halved();
        let blurred = |x: usize, y: usize| (x - HALF..=x + HALF).map(|i| f64::from(luma.row(y)[i])).sum::<f64>() / 5.0;
        let oval = Oval::new((60, 20), (30, 10), (20, 4));
        let (mut steps, mut lost) = (0.0, 0.0);
        let mut across = Loss::default();
        for (y, span) in oval.rows() {
            let row = luma.row(y);
            across.add(&row[span.clone()], &row[span.start - 1..span.end - 1], &row[span.start + 2..span.end + 2], &row[span.start - 3..span.end - 3]);
            for x in span {
                let step = row[x].abs_diff(row[x - 1]);
                if step <= NOISE_STEP {
                    continue;
                }
                let step = f64::from(step);
                steps += step;
                lost += (step - (blurred(x, y) - blurred(x - 1, y)).abs()).max(0.0);
            }
        }
        assert!((across.effect() - (steps - lost) / steps).abs() < 1e-9);
    }
}
