//! Gaussian softening of one-channel pictures: exact kernel for small radii, three box passes for large ones.

/// Above this standard deviation (pixels) three box passes are as good and much faster.
const BOX_FROM_SIGMA: f64 = 4.0;

/// Softens in place; the edge repeats outwards. `sigma` ≤ 0 does nothing.
pub fn gaussian(values: &mut [f32], width: usize, height: usize, sigma: f64) {
    gaussian_xy(values, width, height, sigma, sigma);
}

/// As [`gaussian`] with a standard deviation per axis.
pub fn gaussian_xy(values: &mut [f32], width: usize, height: usize, sigma_x: f64, sigma_y: f64) {
    if width == 0 || height == 0 {
        return;
    }
    if sigma_x > 0.0 {
        values.chunks_exact_mut(width).for_each(|row| line(row, sigma_x));
    }
    if sigma_y > 0.0 {
        let mut turned = transpose(values, width, height);
        turned.chunks_exact_mut(height).for_each(|row| line(row, sigma_y));
        values.copy_from_slice(&transpose(&turned, height, width));
    }
}

fn line(row: &mut [f32], sigma: f64) {
    if sigma < BOX_FROM_SIGMA {
        convolve(row, &kernel(sigma));
    } else {
        boxes(sigma).into_iter().for_each(|radius| box_pass(row, radius));
    }
}

fn transpose(values: &[f32], width: usize, height: usize) -> Vec<f32> {
    let mut out = vec![0.0; values.len()];
    for (y, row) in values.chunks_exact(width).enumerate() {
        for (x, v) in row.iter().enumerate() {
            out[x * height + y] = *v;
        }
    }
    out
}

fn kernel(sigma: f64) -> Vec<f32> {
    let radius = (3.0 * sigma).ceil() as i32;
    let raw: Vec<f64> = (-radius..=radius).map(|i| (-0.5 * (f64::from(i) / sigma).powi(2)).exp()).collect();
    let sum: f64 = raw.iter().sum();
    raw.iter().map(|v| (v / sum) as f32).collect()
}

fn convolve(row: &mut [f32], kernel: &[f32]) {
    let radius = kernel.len() / 2;
    let mut wide = vec![row[0]; radius];
    wide.extend_from_slice(row);
    wide.extend(std::iter::repeat_n(row[row.len() - 1], radius));
    for (out, window) in row.iter_mut().zip(wide.windows(kernel.len())) {
        *out = window.iter().zip(kernel).map(|(v, k)| v * k).sum();
    }
}

/// Radii of three boxes whose variances add up to the Gaussian's.
fn boxes(sigma: f64) -> [usize; 3] {
    let width = (4.0 * sigma * sigma + 1.0).sqrt();
    let radius = ((width - 1.0) / 2.0).round() as usize;
    [radius; 3]
}

fn box_pass(row: &mut [f32], radius: usize) {
    let last = row.len() - 1;
    let source = row.to_vec();
    let at = |i: isize| source[i.clamp(0, last as isize) as usize];
    let span = radius as isize;
    let mut sum: f64 = (-span..=span).map(|i| f64::from(at(i))).sum();
    let scale = 1.0 / (2 * radius + 1) as f64;
    for (i, out) in row.iter_mut().enumerate() {
        *out = (sum * scale) as f32;
        sum += f64::from(at(i as isize + span + 1)) - f64::from(at(i as isize - span));
    }
}

/// Shrinks covered areas: each value becomes the smallest within `radius` pixels in both directions.
pub fn erode(values: &mut [f32], width: usize, height: usize, radius: usize) {
    values.chunks_exact_mut(width).for_each(|row| minimum(row, radius));
    let mut turned = transpose(values, width, height);
    turned.chunks_exact_mut(height).for_each(|row| minimum(row, radius));
    values.copy_from_slice(&transpose(&turned, height, width));
}

fn minimum(row: &mut [f32], radius: usize) {
    let source = row.to_vec();
    for (i, out) in row.iter_mut().enumerate() {
        let window = &source[i.saturating_sub(radius)..(i + radius + 1).min(source.len())];
        *out = window.iter().copied().fold(f32::MAX, f32::min);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spread(sigma: f64) -> (f64, f64) {
        let n = 201;
        let mut values = vec![0.0; n * n];
        values[100 * n + 100] = 1.0;
        gaussian(&mut values, n, n, sigma);
        let mass: f64 = values.iter().map(|v| f64::from(*v)).sum();
        let variance: f64 = values.iter().enumerate().map(|(i, v)| ((i % n) as f64 - 100.0).powi(2) * f64::from(*v)).sum::<f64>() / mass;
        (mass, variance.sqrt())
    }

    #[test]
    fn a_point_spreads_by_sigma_and_keeps_its_mass() {
        for sigma in [0.8, 2.2, 3.9, 4.4, 18.0] {
            let (mass, sd) = spread(sigma);
            assert!((mass - 1.0).abs() < 1e-3, "{sigma}: {mass}");
            assert!((sd - sigma).abs() < 0.06 * sigma + 0.02, "{sigma}: {sd}");
        }
    }

    #[test]
    fn erosion_shrinks_by_its_radius() {
        let mut values: Vec<f32> = (0..20 * 20).map(|i| f32::from(u8::from((5..15).contains(&(i % 20)) && (5..15).contains(&(i / 20))))).collect();
        erode(&mut values, 20, 20, 2);
        assert_eq!(values.iter().filter(|v| **v > 0.5).count(), 36);
    }
}
