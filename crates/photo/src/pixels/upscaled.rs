//! Whether a picture was enlarged: what is left of its detail beyond half the resolution, inside the face. A sharp camera leaves some,
//! a doubled picture hardly any.

use super::oval::Oval;
use super::plane::Luma;

/// Fine detail as a share of coarse: second differences between neighbours over those two pixels apart, the smaller of both directions.
/// White noise gives 1, a picture without detail beyond half its resolution about a quarter or less; 1 if there is no detail at all.
pub(crate) fn measure(luma: &Luma, oval: &Oval) -> f64 {
    let (mut across, mut down) = (Detail::default(), Detail::default());
    for (y, x) in oval.rows() {
        let row = luma.row(y);
        let rows: [&[u8]; 5] = std::array::from_fn(|i| luma.row(y + i - 2));
        for x in x {
            across.add(std::array::from_fn(|i| row[x + i - 2]));
            down.add(rows.map(|row| row[x]));
        }
    }
    across.share().min(down.share())
}

#[derive(Default)]
struct Detail {
    fine: u64,
    coarse: u64,
}

impl Detail {
    /// Five pixels in a line.
    fn add(&mut self, p: [u8; 5]) {
        let [a, b, c, d, e] = p.map(u64::from);
        self.fine += (b + d).abs_diff(2 * c);
        self.coarse += (a + e).abs_diff(2 * c);
    }

    fn share(&self) -> f64 {
        if self.coarse == 0 { 1.0 } else { self.fine as f64 / self.coarse as f64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(value: impl Fn(usize, usize) -> u8) -> f64 {
        measure(&Luma::from_fn(120, 120, value), &Oval::new((120, 120), (60, 60), (50, 50)))
    }

    #[test]
    fn doubling_a_picture_takes_its_fine_detail() {
        let noise = |x: usize, y: usize| ((x.wrapping_mul(0x9E37_79B1) ^ y.wrapping_mul(0x85EB_CA77)).wrapping_mul(0xC2B2_AE3D) >> 24) as u8;
        let sharp = of(noise);
        let between = |a: u8, b: u8| ((3 * u32::from(a) + u32::from(b)) / 4) as u8;
        let line = |x: usize, y: usize| between(noise(x / 2 + 1, y), noise(if x.is_multiple_of(2) { x / 2 } else { x / 2 + 2 }, y));
        let doubled = of(|x, y| between(line(x, y / 2 + 1), line(x, if y % 2 == 0 { y / 2 } else { y / 2 + 2 })));
        assert!((0.9..1.1).contains(&sharp) && doubled < 0.6, "{sharp} {doubled}");
        assert_eq!(of(|_, _| 7), 1.0);
    }
}
