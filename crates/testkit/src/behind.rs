//! Proof that judging the background without the person mask changes no verdict: procedural portraits before every background,
//! judged with the growing deciding for itself and with the mask forced. The mask here is the painter's own truth.

use std::collections::BTreeMap;

use card::profile::photo::ground::GroundRules;
use card::{Code, Effect, Profile};
use photo::ground;
use photo::nets::{Mesh, PERSON_SIDE, PersonMask};
use rayon::prelude::*;

use crate::degrade::CATALOGUE;
use crate::dice::Dice;
use crate::jpeg::{self, Writing};
use crate::portrait::{Dye, Glasses, HEIGHT, Headwear, Look, WIDTH, dyed, points};
use crate::rgb::Rgb;

/// What the catalogue does to backgrounds, frames, light and sharpness.
const KINDS: [&str; 9] = ["background-", "frame-", "dark-", "cast-", "blur-", "recompressed-", "over-", "grey", "sepia"];

fn profile() -> Profile {
    Profile::built_in("hubei-foreigner-2025", jiff::civil::date(2025, 6, 1)).unwrap()
}

/// A sitter with the truth about where the background shows.
struct Shot {
    picture: Rgb,
    /// 1 background .. 0 person.
    behind: Vec<f64>,
    mesh: Mesh,
    mask: Vec<f32>,
}

impl Shot {
    fn new(seed: u64, look: &Look, dye: &Dye) -> Self {
        let before = |background| dyed(seed, &Look { background, ..look.clone() }, dye);
        let (picture, black) = (before([255; 3]), before([0; 3]));
        let light = |p: &[u8]| p.iter().map(|v| f64::from(*v)).sum::<f64>();
        let pairs = picture.data.chunks_exact(3).zip(black.data.chunks_exact(3));
        let behind: Vec<f64> = pairs.map(|(w, b)| ((light(w) - light(b)) / 750.0).clamp(0.0, 1.0)).collect();
        let mask = mask(&behind);
        Self { mesh: Mesh { points: points(seed, look), presence: 1.0 }, picture, behind, mask }
    }

    /// The background's light times a factor of the place (0..1 across and down).
    fn lit(&self, factor: impl Fn(f64, f64) -> f64) -> Rgb {
        self.picture.map(|x, y, old| {
            let s = self.behind[(y * WIDTH + x) as usize];
            let by = factor(f64::from(x) / f64::from(WIDTH), f64::from(y) / f64::from(HEIGHT));
            old.map(|v| (f64::from(v) * (1.0 - s + s * by)).round() as u8)
        })
    }

    fn spotted(&self, seed: u64, n: usize) -> Rgb {
        let mut dice = Dice::new(seed, "spots", n as u64);
        let spots: Vec<[f64; 3]> = (0..n).map(|_| [dice.unit(), dice.between(0.0, 0.7), dice.between(0.004, 0.02)]).collect();
        self.lit(|x, y| if spots.iter().any(|s| (x - s[0]).hypot((y - s[1]) * 1.23) < s[2]) { 0.6 } else { 1.0 })
    }
}

/// The share of a person in each of the network's pixels.
fn mask(behind: &[f64]) -> Vec<f32> {
    let run = |i: usize, side: u32| (i * side as usize / PERSON_SIDE)..((i + 1) * side as usize).div_ceil(PERSON_SIDE);
    let mean = |i: usize| {
        let (xs, ys) = (run(i % PERSON_SIDE, WIDTH), run(i / PERSON_SIDE, HEIGHT));
        let n = (xs.len() * ys.len()) as f64;
        let sum: f64 = ys.flat_map(|y| xs.clone().map(move |x| behind[y * WIDTH as usize + x])).sum();
        (1.0 - sum / n) as f32
    };
    (0..PERSON_SIDE * PERSON_SIDE).map(mean).collect()
}

/// Every picture to judge of one sitter, with its name.
fn pictures(shot: &Shot, seed: u64) -> Vec<(String, Vec<u8>)> {
    let file = |picture: &Rgb| jpeg::write(picture, &Writing { quality: 95, ..Writing::default() });
    let mut all = vec![("white".to_owned(), file(&shot.picture)), ("white, of a photo's size".to_owned(), jpeg::jpeg(&shot.picture))];
    let wanted = CATALOGUE.iter().filter(|d| KINDS.iter().any(|kind| d.name.starts_with(kind)) && !["grey-component", "frame-header-twice"].contains(&d.name));
    all.extend(wanted.map(|d| (d.name.to_owned(), d.apply(&shot.picture, seed))));
    for strength in [0.03, 0.06, 0.09, 0.12, 0.2, 0.4] {
        let mut add = |name: &str, picture: Rgb| all.push((format!("{name} {strength}"), file(&picture)));
        add("gradient down", shot.lit(|_, y| 1.0 - strength * y));
        add("gradient across", shot.lit(|x, _| 1.0 - strength * x));
        let soft = |x: f64, y: f64| 1.0 / (1.0 + ((((x - 0.8) / 0.32).powi(2) + ((y - 0.42) / 0.45).powi(2) - 1.0) * 5.0).exp());
        add("soft shadow", shot.lit(|x, y| 1.0 - strength * soft(x, y)));
        add("soft shadow left", shot.lit(|x, y| 1.0 - strength * soft(1.0 - x, y)));
        add("hard shadow", shot.lit(|x, y| if ((x - 0.58) / 0.36).hypot((y - 0.45) / 0.42) < 1.0 { 1.0 - strength } else { 1.0 }));
    }
    for n in [1, 2, 3, 10] {
        all.push((format!("spots {n}"), file(&shot.spotted(seed, n))));
    }
    all
}

fn verdict(m: &ground::GroundMeasurements, rules: &GroundRules) -> Vec<(Code, Option<Effect>)> {
    ground::judge(m, None, rules).into_iter().map(|r| (r.code, r.band)).collect()
}

#[derive(Default)]
struct Count {
    photos: u32,
    asked: u32,
    found: u32,
    differ: Vec<String>,
}

fn judge(shot: &Shot, seed: u64, sitter: &str, profile: &Profile) -> Vec<(String, Count)> {
    let rules = profile.photo.ground.as_ref().unwrap();
    let mask = || PersonMask { shares: shot.mask.clone() };
    let one = |(name, file): (String, Vec<u8>)| {
        let rgb = photo::decode(&file, &profile.photo).unwrap_or_else(|r| panic!("{name}: {r}"));
        let (free, _) = ground::measure(&rgb, Some(&shot.mesh), &mut || Some(mask()), rules);
        let (forced, _) = ground::measure_by_mask(&rgb, Some(&shot.mesh), &mask(), rules);
        let (a, b) = (verdict(&free, rules), verdict(&forced, rules));
        let differ = if a == b { vec![] } else { vec![format!("{sitter} {seed} {name}: {a:?} {free:?} | {b:?} {forced:?}")] };
        (name, Count { photos: 1, asked: free.mask_asked.into(), found: u32::from(!b.is_empty()), differ })
    };
    pictures(shot, seed).into_iter().map(one).collect()
}

fn sitters() -> Vec<(&'static str, Look, Dye)> {
    let (plain, bare) = (Dye::default(), Look::default());
    let scarf = || Look { headwear: Headwear::Scarf, ..Look::default() };
    vec![
        ("own", bare.clone(), plain),
        ("white hair", bare.clone(), Dye { hair: Some([236, 234, 230]), ..plain }),
        ("grey hair", bare.clone(), Dye { hair: Some([190, 190, 192]), ..plain }),
        ("blond", bare.clone(), Dye { hair: Some([226, 196, 148]), ..plain }),
        ("white clothes", bare.clone(), Dye { clothes: Some([250, 250, 250]), ..plain }),
        ("light clothes", bare.clone(), Dye { clothes: Some([222, 222, 226]), ..plain }),
        ("scarf", scarf(), plain),
        ("light scarf", scarf(), Dye { scarf: Some([228, 222, 212]), ..plain }),
        ("white scarf", scarf(), Dye { scarf: Some([250, 250, 250]), clothes: Some([246, 246, 246]), ..plain }),
        ("cap", Look { headwear: Headwear::Cap, ..Look::default() }, plain),
        ("glasses, turned", Look { glasses: Glasses::Clear, yaw: 6.0, roll: 5.0, ..Look::default() }, plain),
    ]
}

/// Judges all sitters of so many seeds and says what differs.
fn compare(seeds: std::ops::Range<u64>) -> Vec<String> {
    let profile = profile();
    let work: Vec<_> = seeds.flat_map(|seed| sitters().into_iter().map(move |sitter| (seed, sitter))).collect();
    let one = |(seed, (name, look, dye)): &(u64, (&'static str, Look, Dye))| {
        judge(&Shot::new(*seed, look, dye), *seed, name, &profile).into_iter().map(|(what, count)| (*name, what, count)).collect::<Vec<_>>()
    };
    let all: Vec<_> = work.par_iter().flat_map_iter(one).collect();
    let mut by: BTreeMap<String, Count> = BTreeMap::new();
    for (sitter, what, count) in all {
        let key = if what.starts_with("white") { format!("{what} / {sitter}") } else { what };
        let sum = by.entry(key).or_default();
        (sum.photos, sum.asked, sum.found) = (sum.photos + count.photos, sum.asked + count.asked, sum.found + count.found);
        sum.differ.extend(count.differ);
    }
    for (what, count) in &by {
        println!("{what:40} photos {:5}  mask asked {:5}  with findings {:5}  verdict differs {}", count.photos, count.asked, count.found, count.differ.len());
    }
    by.into_values().flat_map(|count| count.differ).collect()
}

#[test]
fn without_the_mask_the_verdict_is_the_same() {
    let differ = compare(0..1);
    assert!(differ.is_empty(), "{} differ: {differ:#?}", differ.len());
}

/// The same over many; `cargo test --release -p testkit behind -- --ignored --nocapture`.
#[test]
#[ignore = "minutes"]
fn without_the_mask_the_verdict_is_the_same_over_many() {
    let differ = compare(100..140);
    assert!(differ.is_empty(), "{} differ: {differ:#?}", differ.len());
}
