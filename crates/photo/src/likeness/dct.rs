//! The low frequencies of a small square by the discrete cosine transform, in integers: the same on every machine.

/// Side of the square.
pub(super) const SIDE: usize = 32;
/// Frequencies kept along each side, and in all.
const LOW: usize = 16;
pub(super) const KEPT: usize = LOW * LOW;
/// cos(π / 64): the cosines of all its multiples follow from it by addition.
const FIRST: f64 = 0.998_795_456_205_172_4;
/// Cosines are stored × 4,096.
const UNIT: f64 = 4_096.0;

/// cos(π u (2x + 1) / 64) for frequency u and place x; u = 0 gives way to u = 16 on each axis' own mean (see `low`).
static COSINES: [[i32; SIDE]; LOW + 1] = cosines();

/// The frequencies (u, v), both below 16, without the mean, which says only how bright the square is: (16, 0) takes its place.
pub(super) fn low(cells: &[i32; SIDE * SIDE]) -> [i64; KEPT] {
    let mut rows = [[0i64; LOW + 1]; SIDE];
    for (row, out) in cells.as_chunks::<SIDE>().0.iter().zip(&mut rows) {
        for (value, cosines) in out.iter_mut().zip(&COSINES) {
            *value = row.iter().zip(cosines).map(|(c, k)| i64::from(*c) * i64::from(*k)).sum();
        }
    }
    let at = |u: usize, v: usize| -> i64 { rows.iter().zip(&COSINES[v]).map(|(row, k)| row[u] / 16 * i64::from(*k)).sum() };
    std::array::from_fn(|k| if k == 0 { at(LOW, 0) } else { at(k % LOW, k / LOW) })
}

const fn cosines() -> [[i32; SIDE]; LOW + 1] {
    // Of all multiples of π / 64 up to a full turn, by cos (n + 1)t = 2 cos t cos nt − cos (n − 1)t up to a quarter turn, then by symmetry.
    let mut of = [0.0; 33];
    of[0] = 1.0;
    of[1] = FIRST;
    let mut n = 2;
    while n < 33 {
        of[n] = 2.0 * FIRST * of[n - 1] - of[n - 2];
        n += 1;
    }
    let mut table = [[0; SIDE]; LOW + 1];
    let mut u = 0;
    while u <= LOW {
        let mut x = 0;
        while x < SIDE {
            let turn = u * (2 * x + 1) % 128;
            let half = if turn > 64 { 128 - turn } else { turn };
            let value = if half > 32 { -of[64 - half] } else { of[half] };
            table[u][x] = (value * UNIT + if value < 0.0 { -0.5 } else { 0.5 }) as i32;
            x += 1;
        }
        u += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_holds_cosines() {
        for (u, row) in COSINES.iter().enumerate() {
            for (x, value) in row.iter().enumerate() {
                let cosine = (std::f64::consts::PI * u as f64 * (2 * x + 1) as f64 / 64.0).cos();
                assert!((f64::from(*value) - cosine * UNIT).abs() < 0.51, "{u} {x}");
            }
        }
    }

    #[test]
    fn one_wave_gives_one_frequency() {
        let cells = std::array::from_fn(|i| COSINES[3][i % SIDE] / 16 * (COSINES[5][i / SIDE] / 16));
        let low = low(&cells);
        let largest = (0..KEPT).max_by_key(|k| low[*k].abs()).unwrap();
        assert_eq!(largest, 5 * LOW + 3);
        assert!((0..KEPT).filter(|k| *k != largest).all(|k| low[k].abs() * 100 < low[largest].abs()));
    }
}
