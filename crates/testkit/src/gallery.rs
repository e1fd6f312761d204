//! Photos by the hundred thousand: a few portraits are rendered once, each photo is one of them seen again — moved, mirrored, lit and
//! noised a little differently, always before white. Distinct bytes for every number, the same for the same (seed, number).

use rayon::prelude::*;

use crate::jpeg::{self, BYTES_AIM, Writing};
use crate::portrait::{Glasses, HEIGHT, Headwear, Look, WIDTH, portrait_with_truth};
use crate::rgb::Rgb;

/// Sizes to calibrate a base's quality for: small files encode fastest.
const BYTES_CALIBRATED: std::ops::RangeInclusive<usize> = 46_000..=60_000;
/// Length of the noise strip photos read at different places; a power of two.
const NOISE_LENGTH: usize = 1 << 20;
/// Movement in picture pixels, each way.
const SHIFT_MAX: i64 = 3;
/// Tone gains, each way: 28 moves the middle level by 7.
const TONE_MAX: i32 = 28;
const WARMTH_MAX: i32 = 6;
/// As drawn, from the eyes to the chin; it is measured a little smaller (0.48 as 0.454, where the profile ends at 0.45).
const HEAD_SHARE_MAX: f64 = 0.46;

/// Rendered bases, ready to be varied.
pub struct Gallery {
    seed: u64,
    bases: Vec<Base>,
    noise: Vec<i8>,
}

struct Base {
    picture: Rgb,
    mirrored: Rgb,
    quality: u8,
}

/// How one photo differs from its base.
struct Variation {
    base: usize,
    mirrored: bool,
    dx: i64,
    dy: i64,
    /// How far each byte of a row is moved in tone: the level in the middle by a quarter of it. One value per channel, repeated.
    gains: Vec<i32>,
    noise_from: usize,
    /// Grey levels per unit of noise, in 1/64.
    noise_gain: i32,
}

impl Gallery {
    /// Renders `bases` (at least one) conforming portraits in parallel.
    #[must_use]
    pub fn new(seed: u64, bases: usize) -> Self {
        let render = |i: usize| Base::render(seed.wrapping_mul(1_000_003).wrapping_add(i as u64), &look_of(i));
        let bases = (0..bases.max(1)).into_par_iter().map(render).collect();
        Self { seed, bases, noise: noise_strip(seed) }
    }

    /// The `n`-th photo: a conforming JPEG of 358 × 441.
    #[must_use]
    pub fn photo(&self, n: u64) -> Vec<u8> {
        let variation = self.variation(n);
        let picture = self.picture_of(&variation);
        let quality = self.bases[variation.base].quality;
        let file = jpeg::write(&picture, &Writing { quality, ..Writing::default() });
        if BYTES_AIM.contains(&file.len()) { file } else { jpeg::jpeg(&picture) }
    }

    /// The pixels of the `n`-th photo, for damaging them further.
    #[must_use]
    pub fn picture(&self, n: u64) -> Rgb {
        self.picture_of(&self.variation(n))
    }

    /// Whether the `n`-th photo shows a headscarf: its application must declare it.
    #[must_use]
    pub fn wears_scarf(&self, n: u64) -> bool {
        look_of((n % self.bases.len() as u64) as usize).headwear == Headwear::Scarf
    }

    fn variation(&self, n: u64) -> Variation {
        let mut state = scramble(self.seed ^ scramble(n));
        let mut next = || {
            state = scramble(state.wrapping_add(0x9E37_79B9_7F4A_7C15));
            state
        };
        let shift = |bits: u64| (bits % (2 * SHIFT_MAX as u64 + 1)) as i64 - SHIFT_MAX;
        let light = (next() % (2 * TONE_MAX as u64 + 1)) as i32 - TONE_MAX;
        let warmth = (next() % (2 * WARMTH_MAX as u64 + 1)) as i32 - WARMTH_MAX;
        Variation {
            base: (n % self.bases.len() as u64) as usize,
            mirrored: next() & 1 == 1,
            dx: shift(next()),
            dy: shift(next()),
            gains: [light + warmth, light, light - warmth].repeat(WIDTH as usize),
            noise_from: next() as usize % NOISE_LENGTH,
            noise_gain: 40 + (next() % 25) as i32,
        }
    }

    fn picture_of(&self, variation: &Variation) -> Rgb {
        let base = &self.bases[variation.base];
        let base = if variation.mirrored { &base.mirrored } else { &base.picture };
        let mut out = Rgb::filled(WIDTH, HEIGHT, [255; 3]);
        let row_bytes = WIDTH as usize * 3;
        for (y, row) in out.data.chunks_exact_mut(row_bytes).enumerate() {
            let from = (y as i64 - variation.dy).clamp(0, i64::from(HEIGHT) - 1) as usize;
            let source = &base.data[from * row_bytes..(from + 1) * row_bytes];
            let start = (variation.noise_from + y * row_bytes) & (NOISE_LENGTH - 1);
            let noise = &self.noise[start..start + row_bytes];
            vary_row(row, source, noise, variation);
        }
        out
    }
}

fn vary_row(row: &mut [u8], source: &[u8], noise: &[i8], variation: &Variation) {
    let width = WIDTH as i64;
    let (left, right) = (variation.dx.max(0) as usize * 3, (width + variation.dx.min(0)) as usize * 3);
    let start = (-variation.dx).max(0) as usize * 3;
    let moved = source[start..start + right - left].iter().zip(&variation.gains[left..right]).zip(&noise[left..right]);
    for (pixel, ((old, gain), grain)) in row[left..right].iter_mut().zip(moved) {
        let old = i32::from(*old);
        // A parabola over the levels: black and white stay, the middle moves.
        let toned = old + ((old * (255 - old) * gain) >> 16);
        *pixel = (toned + ((i32::from(*grain) * variation.noise_gain) >> 6)).clamp(0, 255) as u8;
    }
    repeat_edges(row, left, right);
}

/// Fills what the movement uncovered with the outermost pixel.
fn repeat_edges(row: &mut [u8], left: usize, right: usize) {
    for x in (0..left).step_by(3) {
        row.copy_within(left..left + 3, x);
    }
    for x in (right..row.len()).step_by(3) {
        row.copy_within(right - 3..right, x);
    }
}

impl Base {
    fn render(seed: u64, look: &Look) -> Self {
        let picture = conforming(seed, look);
        let sizes = (86..=99).map(|quality| (quality, jpeg::write(&picture, &Writing { quality, ..Writing::default() }).len()));
        let fits = sizes.into_iter().find(|(_, size)| BYTES_CALIBRATED.contains(size));
        let mirrored = picture.map(|x, y, _| picture.at(WIDTH - 1 - x, y));
        Self { picture, mirrored, quality: fits.map_or(95, |(quality, _)| quality) }
    }
}

/// The first person from this seed on whose face isn't too long for the rule about heads (PHO-12); a few are drawn so.
fn conforming(seed: u64, look: &Look) -> Rgb {
    let mut person = seed;
    loop {
        let (picture, truth) = portrait_with_truth(person, look);
        if truth.head_share() <= HEAD_SHARE_MAX {
            return picture;
        }
        person = scramble(person);
    }
}

/// All conform: some wear clear glasses, some a headscarf for their religion.
fn look_of(base: usize) -> Look {
    let headwear = if base % 16 == 11 { Headwear::Scarf } else { Headwear::None };
    let glasses = if base % 8 == 5 { Glasses::Clear } else { Glasses::None };
    Look { headwear, glasses, ..Look::default() }
}

/// Triangular noise of −2..=2, long enough for a row to be read from any place.
fn noise_strip(seed: u64) -> Vec<i8> {
    let mut state = scramble(seed ^ 0x6E_6F69_7365);
    let strip = std::iter::repeat_with(|| {
        state = scramble(state.wrapping_add(1));
        (state % 3) as i8 + ((state >> 32) % 3) as i8 - 2
    });
    strip.take(NOISE_LENGTH + WIDTH as usize * 3).collect()
}

/// splitmix64's finaliser: quick, well mixed, one-to-one.
fn scramble(x: u64) -> u64 {
    let x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_number_gives_other_bytes_of_conforming_size_and_the_same_again() {
        let gallery = Gallery::new(5, 3);
        let files: Vec<Vec<u8>> = (0..120).into_par_iter().map(|n| gallery.photo(n)).collect();
        assert!(files.iter().all(|f| BYTES_AIM.contains(&f.len())));
        assert_eq!(files.iter().collect::<BTreeSet<_>>().len(), files.len());
        assert!(files[17] == Gallery::new(5, 3).photo(17));
        assert!(files[17] != Gallery::new(6, 3).photo(17));
    }

    #[test]
    fn the_background_stays_white() {
        let gallery = Gallery::new(5, 2);
        for n in 0..40 {
            let picture = gallery.picture(n);
            let corners = [(2, 2), (355, 2), (2, 150), (355, 150)].map(|(x, y)| picture.at(x, y));
            assert!(corners.iter().flatten().all(|v| *v >= 248), "{corners:?}");
        }
    }
}

/// Which photos of a gallery are one picture to the line, as its networks and its hash see them. Photos of one portrait may be: they are one
/// drawing seen again, so nights made of them carry warnings (DUP-10) nobody planned, and rightly.
#[cfg(test)]
mod pictures {
    use super::*;
    use card::Profile;
    use photo::likeness::FaceHash;

    fn hash(jpeg: &[u8], networks: &photo::nets::RtenNetworks, profile: &Profile) -> FaceHash {
        let examination = photo::examine(jpeg, &photo::Sitting { profile, networks, religious_headgear: true });
        examination.face_hash.expect("a face in every photo of a gallery")
    }

    /// Sorted distances: of photos of different portraits, of one portrait, of photos and themselves saved anew.
    fn distances(bases: usize, of_each: u64) -> [Vec<u32>; 3] {
        let profile = Profile::built_in("hubei-foreigner-2025", jiff::civil::date(2025, 6, 1)).unwrap();
        let networks = photo::nets::RtenNetworks::load().unwrap_or_else(|e| panic!("{e}"));
        let gallery = Gallery::new(7, bases);
        let hashes: Vec<FaceHash> = (0..bases as u64 * of_each).into_par_iter().map(|n| hash(&gallery.photo(n), &networks, &profile)).collect();
        let anew = |n: usize| hash(&crate::degrade::saved_anew(&gallery.photo(n as u64)), &networks, &profile).distance(&hashes[n]);
        let [mut others, mut one] = [Vec::new(), Vec::new()];
        for (i, hash) in hashes.iter().enumerate() {
            for (j, earlier) in hashes[..i].iter().enumerate() {
                if (i - j) % bases == 0 { &mut one } else { &mut others }.push(hash.distance(earlier));
            }
        }
        let mut all = [others, one, (0..bases).into_par_iter().map(anew).collect()];
        all.iter_mut().for_each(|sorted| sorted.sort_unstable());
        all
    }

    /// The profile's limit, up to which two photos are one picture (photo.md §4.4).
    const BITS_MAX: u32 = 24;

    #[test]
    fn portraits_are_different_pictures_and_a_photo_saved_anew_is_the_same() {
        let [others, _, same] = distances(12, 1);
        assert!(others[0] > BITS_MAX && same[same.len() - 1] <= BITS_MAX, "{others:?} {same:?}");
    }

    /// The figures over many; `cargo test --release -p testkit pictures -- --ignored --nocapture`.
    #[test]
    #[ignore = "a minute"]
    fn distances_of_many() {
        let all = distances(64, 6);
        for (name, sorted) in ["different portraits", "one portrait", "saved anew"].iter().zip(&all) {
            let at = |percent: usize| sorted[(sorted.len() - 1) * percent / 100];
            let near = sorted.iter().filter(|bits| **bits <= BITS_MAX).count();
            println!("{name}: {} pairs, {near} up to {BITS_MAX} bits; 0 1 10 50 90 99 100 %: {:?}", sorted.len(), [0, 1, 10, 50, 90, 99, 100].map(at));
        }
        assert!(all[0][0] > BITS_MAX && all[2][63] <= BITS_MAX);
    }
}
