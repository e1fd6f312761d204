//! The last look of a portrait: strands in hair, tone and pores in skin, then the camera — shrinking and sensor noise.

use super::canvas::Canvas;
use super::head::SUPERSAMPLE as SS;
use super::{HEIGHT, WIDTH, blur};
use crate::dice::Dice;
use crate::rgb::Rgb;

/// Standard deviation of the sensor's noise in grey levels; the background is clipped at white like a real over-lit one.
const SENSOR_NOISE: f32 = 1.0;

/// Puts strands on what shows hair and uneven tone on what shows skin.
pub fn texture(canvas: &mut Canvas, dice: &mut Dice) {
    let strands = noise(canvas, dice, 0.8 * SS, 2.5 * SS);
    let tone = noise(canvas, dice, 6.0 * SS, 6.0 * SS);
    let pores = noise(canvas, dice, 0.0, 0.0);
    for (i, pixel) in canvas.pixels.iter_mut().enumerate() {
        let add = strands[i] * 60.0 * canvas.hair[i] + (tone[i] * 28.0 + pores[i] * 5.0) * canvas.skin[i];
        pixel.iter_mut().for_each(|c| *c += add);
    }
}

/// White noise of standard deviation 1, softened per axis (which lowers its deviation).
fn noise(canvas: &Canvas, dice: &mut Dice, sigma_x: f64, sigma_y: f64) -> Vec<f32> {
    let mut values: Vec<f32> = std::iter::repeat_with(|| quick_normal(dice)).take(canvas.pixels.len() / 4 + 1).flatten().collect();
    values.truncate(canvas.pixels.len());
    blur::gaussian_xy(&mut values, canvas.width, canvas.height, sigma_x, sigma_y);
    values
}

/// Four nearly normal numbers (sum of four bytes each would need 128 bits; eight nibbles do) of standard deviation 1.
fn quick_normal(dice: &mut Dice) -> [f32; 4] {
    let bits = dice.bits();
    std::array::from_fn(|lane| {
        let word = (bits >> (16 * lane)) as u16;
        let sum: u16 = (0..4).map(|k| (word >> (4 * k)) & 15).sum();
        // Four uniform nibbles: mean 30, variance 4 · (16² − 1) / 12 = 85.
        (f32::from(sum) - 30.0) / 9.219_544
    })
}

/// Shrinks the canvas to the picture's size and adds the sensor's noise.
pub fn photograph(canvas: &Canvas, scale: usize, dice: &mut Dice) -> Rgb {
    let mut out = Rgb::filled(WIDTH, HEIGHT, [0; 3]);
    let share = 1.0 / (scale * scale) as f32;
    for (i, pixel) in out.data.chunks_exact_mut(3).enumerate() {
        let (x, y) = (i % WIDTH as usize, i / WIDTH as usize);
        let mut sum = [0.0f32; 3];
        for row in 0..scale {
            let start = (y * scale + row) * canvas.width + x * scale;
            canvas.pixels[start..start + scale].iter().for_each(|p| sum = std::array::from_fn(|k| sum[k] + p[k].clamp(0.0, 255.0)));
        }
        let grain = quick_normal(dice);
        for (k, value) in pixel.iter_mut().enumerate() {
            *value = (sum[k] * share + grain[k] * SENSOR_NOISE + 0.5).clamp(0.0, 255.0) as u8;
        }
    }
    out
}
