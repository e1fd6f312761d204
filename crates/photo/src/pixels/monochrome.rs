//! Black-and-white or sepia photos stored as colour: either no pixel has colour, or the colour follows from the brightness
//! alone. In a real photo skin, lips, hair and clothes of the same brightness differ in colour.

use crate::rgb::Rgb;

pub(crate) struct Colour {
    /// 99th percentile of max(R, G, B) − min(R, G, B): near 0 for grey.
    pub spread_p99: f64,
    /// Standard deviation of chroma (Cb and Cr together) among pixels of equal luma: near 0 for any single tint.
    pub tint_sd: f64,
}

/// Every third pixel of every third row: 17,500 of them settle it.
const STRIDE: usize = 3;

pub(crate) fn measure(rgb: &Rgb) -> Colour {
    let mut spreads = [0u32; 256];
    let mut levels = [Level::default(); 256];
    for y in (0..rgb.height()).step_by(STRIDE) {
        for [r, g, b] in rgb.row(y).iter().step_by(STRIDE) {
            let spread = r.max(g).max(b) - r.min(g).min(b);
            spreads[usize::from(spread)] += 1;
            let [r, g, b] = [*r, *g, *b].map(i32::from);
            // BT.601; chroma × 256.
            let luma = (77 * r + 150 * g + 29 * b + 128) >> 8;
            levels[luma as usize].add(-43 * r - 85 * g + 128 * b, 128 * r - 107 * g - 21 * b);
        }
    }
    let pixels: i64 = levels.iter().map(|l| l.count).sum();
    let squares: f64 = levels.iter().map(Level::squares_about_mean).sum();
    Colour { spread_p99: f64::from(percentile_99(&spreads)), tint_sd: (squares / pixels.max(1) as f64).sqrt() / 256.0 }
}

/// The chroma of all pixels of one luma.
#[derive(Clone, Copy, Default)]
struct Level {
    count: i64,
    cb: i64,
    cr: i64,
    squares: i64,
}

impl Level {
    fn add(&mut self, cb: i32, cr: i32) {
        let (cb, cr) = (i64::from(cb), i64::from(cr));
        self.count += 1;
        self.cb += cb;
        self.cr += cr;
        self.squares += cb * cb + cr * cr;
    }

    fn squares_about_mean(&self) -> f64 {
        let n = self.count.max(1);
        (n * self.squares - self.cb * self.cb - self.cr * self.cr) as f64 / n as f64
    }
}

/// The smallest value that at least 99 % don't exceed.
fn percentile_99(histogram: &[u32; 256]) -> u32 {
    let all: u64 = histogram.iter().map(|n| u64::from(*n)).sum();
    let mut up_to = 0;
    for (value, count) in (0..).zip(histogram) {
        up_to += u64::from(*count);
        if up_to * 100 >= all * 99 {
            return value;
        }
    }
    255
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_percentile_is_where_it_should_be() {
        let mut histogram = [0; 256];
        (histogram[3], histogram[200]) = (99, 1);
        assert_eq!(percentile_99(&histogram), 3);
        (histogram[3], histogram[200]) = (98, 2);
        assert_eq!(percentile_99(&histogram), 200);
    }

    #[test]
    fn a_tint_that_follows_luma_has_no_deviation_and_two_colours_have() {
        let of = |pixel: fn(u8) -> [u8; 3]| measure(&Rgb::new(60, 60, (0..3600u32).flat_map(|i| pixel((i % 60) as u8)).collect()).unwrap());
        let sepia = of(|v| [v * 4, v * 3, v * 2]);
        assert!(sepia.spread_p99 > 100.0 && sepia.tint_sd == 0.0, "{}", sepia.tint_sd);
        // Luma 127 and 127: 77·200 + 150·100 + 29·76 ≈ 77·60 + 150·144 + 29·216.
        let two = of(|v| if v % 2 == 0 { [200, 100, 76] } else { [60, 144, 216] });
        assert!(two.tint_sd > 40.0, "{}", two.tint_sd);
    }
}
