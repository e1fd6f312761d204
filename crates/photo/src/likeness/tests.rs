//! The hash under small edits and between different people, and the index over many hashes.

use super::*;
use crate::sample;

/// Repeatable chance (SplitMix64).
struct Chance(u64);

impl Chance {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn hash(&mut self) -> FaceHash {
        FaceHash(std::array::from_fn(|_| self.bits()))
    }

    /// `hash` with `n` different bits changed.
    fn changed(&mut self, hash: FaceHash, n: u32) -> FaceHash {
        let mut out = hash;
        while out.distance(&hash) < n {
            let bit = (self.bits() % 256) as usize;
            let one = 1 << (bit % 64);
            out.0[bit / 64] = (out.0[bit / 64] & !one) | (!hash.0[bit / 64] & one);
        }
        out
    }
}

fn by_comparing(all: &[(FaceHash, u64)], hash: &FaceHash, distance_max: u32) -> Vec<(u64, u32)> {
    let mut found: Vec<_> = all.iter().map(|(h, id)| (h.distance(hash), *id)).filter(|(d, _)| *d <= distance_max).collect();
    found.sort_unstable();
    found.into_iter().map(|(d, id)| (id, d)).collect()
}

#[test]
fn the_index_finds_what_comparing_all_finds() {
    let mut chance = Chance(7);
    let mut all: Vec<(FaceHash, u64)> = (0..20_000).map(|id| (chance.hash(), id)).collect();
    for i in 0..2_000usize {
        let near = chance.changed(all[i * 7 % 500].0, (i % 40) as u32);
        all.push((near, 20_000 + i as u64));
    }
    let mut index = HashIndex::new();
    index.extend(all[..15_000].iter().copied());
    all[15_000..].iter().for_each(|(hash, id)| index.insert(*hash, *id));
    let mut found = 0;
    for i in 0..300usize {
        let query = chance.changed(all[i].0, (i % 30) as u32);
        for distance_max in [0, 7, 15, 16, 24, 31, 40] {
            let expected = by_comparing(&all, &query, distance_max);
            assert!(index.near(&query, distance_max) == expected, "query {i}, distance {distance_max}");
            found += expected.len();
        }
    }
    assert!(found > 1_000, "{found}");
    assert!(HashIndex::new().near(&all[0].0, 24).is_empty() && index.len() == all.len());
}

/// The eyes of `sample::portrait`, moved and scaled as the picture was.
fn mesh(scale: f64, [dx, dy]: [f64; 2]) -> Mesh {
    let mut points = vec![[0.0f32; 3]; crate::nets::MESH_POINTS];
    for (corners, x) in EYES.iter().zip([137.0, 221.0]) {
        corners.iter().for_each(|i| points[*i] = [(x * scale + dx) as f32, (222.0 * scale + dy) as f32, 0.0]);
    }
    Mesh { points, presence: 1.0 }
}

fn rgb(picture: &sample::Picture) -> Rgb {
    Rgb::new(sample::WIDTH as u32, sample::HEIGHT as u32, picture.0.clone()).expect("a whole picture")
}

#[test]
fn an_edited_picture_stays_near() {
    for seed in 0..4 {
        let picture = sample::portrait(seed);
        let hash = FaceHash::of(&rgb(&picture), &mesh(1.0, [0.0; 2]));
        let from = |at: usize, by: i64, side: usize| (at as i64 - by).clamp(0, side as i64 - 1) as usize;
        let source = |x: usize, y: usize| {
            let i = (from(y, 7, sample::HEIGHT) * sample::WIDTH + from(x, -9, sample::WIDTH)) * 3;
            [picture.0[i], picture.0[i + 1], picture.0[i + 2]]
        };
        let edits = [
            ("brighter", picture.map(|_, _, p| p.map(|v| (f64::from(v) * 1.2).min(255.0) as u8)), [0.0; 2]),
            ("noise", picture.map(|x, y, p| p.map(|v| v.saturating_add(((x * 31 + y * 17 + x * y) % 12) as u8))), [0.0; 2]),
            ("moved", picture.map(|x, y, _| source(x, y)), [-9.0, 7.0]),
            ("another background", picture.map(|_, _, p| if p == [255; 3] { [90, 140, 200] } else { p }), [0.0; 2]),
        ];
        for (name, edited, by) in edits {
            let distance = hash.distance(&FaceHash::of(&rgb(&edited), &mesh(1.0, by)));
            // photo.md §4.4: up to 98 with another background.
            assert!(distance <= if name == "another background" { 98 } else { 24 }, "{seed} {name}: {distance}");
        }
    }
}

#[test]
fn the_bits_are_balanced_and_no_mesh_is_too_odd() {
    let picture = rgb(&sample::portrait(1));
    let hash = FaceHash::of(&picture, &mesh(1.0, [0.0; 2]));
    let ones = hash.0.iter().map(|w| w.count_ones()).sum::<u32>();
    assert!((126..=130).contains(&ones), "{ones}");
    for points in [vec![], vec![[f32::NAN; 3]; 468], vec![[1e30; 3]; 468], vec![[5.0; 3]; 468], vec![[-9e5; 3]; 468]] {
        let _ = FaceHash::of(&picture, &Mesh { points, presence: 1.0 });
    }
}
