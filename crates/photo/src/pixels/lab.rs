//! CIE L* and chroma of sRGB pixels, exact enough for thresholds and the same on every machine: tables made by plain
//! arithmetic at compile time, integers at run time (D65 white, IEC 61966-2-1, CIE 15).

/// f(t) of CIELAB is stored × 65,536.
const UNIT: f64 = 65_536.0;
const STEPS: usize = 4_096;

/// Linear light of an sRGB value, 0..65,535.
const LINEAR: [u32; 256] = linear();
/// f(t) for t = i / 4,095.
static F: [i32; STEPS] = f_table();
/// What each value of each channel adds to X, Y and Z, × 2³¹; the fourth number is there for the processor's sake.
static SHARES: [[[u32; 4]; 256]; 3] = [shares(0), shares(1), shares(2)];

/// Rows of sRGB → XYZ divided by the white point, × 32,768; each row sums to 32,768, so grey has no chroma.
const X: [u32; 3] = [14_220, 12_328, 6_220];
const Y: [u32; 3] = [6_969, 23_434, 2_365];
const Z: [u32; 3] = [582, 3_587, 28_599];

/// What counts as white: L* at least, C*ab at most.
pub(crate) struct White {
    f_min: i32,
    chroma_square_max: i64,
}

impl White {
    pub(crate) fn new(lightness_min: f64, chroma_max: f64) -> Self {
        let chroma_max = (chroma_max * UNIT) as i64;
        Self { f_min: ((lightness_min + 16.0) / 116.0 * UNIT) as i32, chroma_square_max: chroma_max.saturating_mul(chroma_max) }
    }

    pub(crate) fn is(&self, pixel: [u8; 3]) -> bool {
        let [x, y, z, _] = sums(pixel);
        let y = f_of(y);
        if y < self.f_min {
            return false;
        }
        let (a, b) = (500 * i64::from(f_of(x) - y), 200 * i64::from(y - f_of(z)));
        a * a + b * b <= self.chroma_square_max
    }
}

/// L*, a* and b* are given in these parts of one.
pub(crate) const PARTS: i32 = 64;

/// L*, a*, b* of a pixel × `PARTS`, and its luminance (BT.709, linear light) 0..255.
#[inline]
pub(crate) fn lab(pixel: [u8; 3]) -> ([i16; 3], u8) {
    let sums @ [_, light, ..] = sums(pixel);
    let [x, y, z, _] = sums.map(f_of);
    let parts = |v: i32| (v >> 10) as i16;
    ([parts((116 * y - (16 << 16)).max(0)), parts(500 * (x - y)), parts(200 * (y - z))], (light >> 23) as u8)
}

/// X, Y and Z of a pixel, × 2³¹.
#[inline]
fn sums([red, green, blue]: [u8; 3]) -> [u32; 4] {
    let [red, green, blue] = [&SHARES[0][usize::from(red)], &SHARES[1][usize::from(green)], &SHARES[2][usize::from(blue)]];
    std::array::from_fn(|k| red[k] + green[k] + blue[k])
}

#[inline]
fn f_of(sum: u32) -> i32 {
    // No sum is larger than 2³¹: the remainder only says so to the compiler.
    F[(sum >> 19) as usize % STEPS]
}

const fn shares(channel: usize) -> [[u32; 4]; 256] {
    let mut table = [[0; 4]; 256];
    let mut value = 0;
    while value < 256 {
        let light = LINEAR[value];
        table[value] = [light * X[channel], light * Y[channel], light * Z[channel], 0];
        value += 1;
    }
    table
}

const fn linear() -> [u32; 256] {
    let mut table = [0; 256];
    let mut i = 0;
    while i < 256 {
        let s = i as f64 / 255.0;
        let base = (s + 0.055) / 1.055;
        // base^2.4 = (base^(1/5))^12
        let fifth = root(base, 5, 1.0);
        let value = if s <= 0.04045 { s / 12.92 } else { power(fifth, 12) };
        table[i] = (value * 65_535.0 + 0.5) as u32;
        i += 1;
    }
    table
}

const fn f_table() -> [i32; STEPS] {
    let mut table = [0; STEPS];
    // Downwards, so that each root is a good first guess, from above, for the next.
    let mut cube_root = 1.0;
    let mut i = STEPS;
    while i > 0 {
        i -= 1;
        let t = i as f64 / (STEPS - 1) as f64;
        cube_root = root(t, 3, cube_root);
        let f = if t > 216.0 / 24_389.0 { cube_root } else { (24_389.0 / 27.0 * t + 16.0) / 116.0 };
        table[i] = (f * UNIT + 0.5) as i32;
    }
    table
}

/// The `n`-th root of `x` in 0..=1 by Newton's method from a guess not below it, until a step changes nothing that matters.
const fn root(x: f64, n: u32, mut guess: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    let mut step = 1.0;
    while step > 1e-12 {
        step = (guess - x / power(guess, n - 1)) / n as f64;
        guess -= step;
    }
    guess
}

const fn power(x: f64, n: u32) -> f64 {
    let mut product = 1.0;
    let mut i = 0;
    while i < n {
        product *= x;
        i += 1;
    }
    product
}

#[cfg(test)]
mod tests {
    use super::*;

    /// CIELAB by the book, in floating point.
    fn lab([r, g, b]: [u8; 3]) -> (f64, f64) {
        let lin = |v: u8| {
            let s = f64::from(v) / 255.0;
            if s <= 0.04045 { s / 12.92 } else { ((s + 0.055) / 1.055).powf(2.4) }
        };
        let f = |t: f64| if t > 216.0 / 24_389.0 { t.cbrt() } else { (24_389.0 / 27.0 * t + 16.0) / 116.0 };
        let (r, g, b) = (lin(r), lin(g), lin(b));
        let x = f((0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047);
        let y = f(0.2126729 * r + 0.7151522 * g + 0.0721750 * b);
        let z = f((0.0193339 * r + 0.1191920 * g + 0.9503041 * b) / 1.08883);
        (116.0 * y - 16.0, (500.0 * (x - y)).hypot(200.0 * (y - z)))
    }

    #[test]
    fn white_agrees_with_the_formula_away_from_the_very_limit() {
        let white = White::new(92.0, 6.0);
        let mut seen = [0; 2];
        for i in 0..64 * 64 * 64u32 {
            let pixel = [192 + (i % 64), 192 + (i / 64 % 64), 192 + (i / 4096)].map(|v| v as u8);
            let (l, c) = lab(pixel);
            let expected = l >= 92.0 && c <= 6.0;
            seen[usize::from(expected)] += 1;
            if (l - 92.0).abs() > 0.05 && (c - 6.0).abs() > 0.15 {
                assert_eq!(white.is(pixel), expected, "{pixel:?}: L {l} C {c}");
            }
        }
        assert!(seen.iter().all(|n| *n > 1_000));
    }

    #[test]
    fn lab_agrees_with_the_formula() {
        // The table of f is coarse for the darkest colours; no rule looks at chroma there.
        for i in 0..24 * 24 * 24u32 {
            let pixel = [i % 24, i / 24 % 24, i / 576].map(|v| (v * 8 + 71) as u8);
            let ((l, c), ([l_, a_, b_], _)) = (lab(pixel), super::lab(pixel));
            let parts = |v: i16| f64::from(v) / f64::from(PARTS);
            assert!((parts(l_) - l).abs() < 0.2, "{pixel:?}");
            assert!((parts(a_).hypot(parts(b_)) - c).abs() < 0.8, "{pixel:?}");
        }
        assert_eq!((super::lab([255; 3]), super::lab([0; 3])), (([6400, 0, 0], 255), ([0; 3], 0)));
    }

    #[test]
    fn grey_has_no_chroma() {
        let white = White::new(0.0, 0.0);
        assert!((0..=255).all(|v| white.is([v; 3])));
    }
}
