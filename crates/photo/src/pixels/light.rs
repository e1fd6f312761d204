//! Brightness: blank pictures and over-exposed faces. Darkness is deliberately not judged by the face's luma: deep skin would
//! fail (photo.md §4.3); an under-exposed photo shows in its background, which is then not white.

use super::oval::Oval;
use super::plane::Luma;

/// Mean and standard deviation of luma over the whole picture.
pub(crate) fn mean_and_sd(luma: &Luma) -> (f64, f64) {
    let (mut sum, mut squares) = (0u64, 0u64);
    for row in luma.rows() {
        sum += u64::from(row.iter().map(|v| u32::from(*v)).sum::<u32>());
        squares += u64::from(row.iter().map(|v| u32::from(*v) * u32::from(*v)).sum::<u32>());
    }
    let n = luma.values().len() as u64;
    let scaled_variance = u128::from(n) * u128::from(squares) - u128::from(sum) * u128::from(sum);
    (sum as f64 / n as f64, (scaled_variance as f64).sqrt() / n as f64)
}

/// Share of the oval's pixels at or above `luma_min`.
pub(crate) fn bright_share(luma: &Luma, oval: &Oval, luma_min: u32) -> f64 {
    let bright: usize = oval.rows().map(|(y, x)| luma.row(y)[x].iter().filter(|v| u32::from(**v) >= luma_min).count()).sum();
    bright as f64 / oval.pixels().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_and_deviation_are_exact() {
        assert_eq!(mean_and_sd(&Luma::from_fn(10, 10, |_, _| 200)), (200.0, 0.0));
        assert_eq!(mean_and_sd(&Luma::from_fn(10, 10, |x, _| if x < 5 { 0 } else { 100 })), (50.0, 50.0));
    }

    #[test]
    fn bright_counts_from_its_limit() {
        let luma = Luma::from_fn(100, 100, |x, _| if x < 50 { 246 } else { 247 });
        let share = bright_share(&luma, &Oval::new((100, 100), (49, 50), (30, 30)), 247);
        assert!((share - 0.5).abs() < 0.02, "{share}");
    }
}
