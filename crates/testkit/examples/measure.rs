use rayon::prelude::*;
use testkit::{jpeg, portrait::*, rgb::Rgb, degrade};
fn m(file: &[u8]) -> (photo::PixelMeasurements, String) {
    let p = card::Profile::built_in("hubei-foreigner-2025", jiff::civil::date(2025, 6, 1)).unwrap();
    let e = photo::examine(file, &p);
    (e.measurements.pixels.unwrap(), e.reasons.iter().map(|r| format!("{} {:?} ", r.code, r.effect)).collect())
}
fn main() {
    let n: u64 = std::env::args().nth(1).unwrap().parse().unwrap();
    let pics: Vec<(u64, Rgb)> = (0..n).into_par_iter().map(|s| (s, portrait(s, &Look::default()))).collect();
    let show = |name: &str, f: &(dyn Fn(&Rgb) -> Rgb + Sync)| {
        let all: Vec<_> = pics.par_iter().map(|(s, p)| { let j = jpeg::jpeg(&f(p)); (*s, j.len(), m(&j)) }).collect();
        let rng = |g: &dyn Fn(&photo::PixelMeasurements) -> f64| all.iter().map(|(_, _, (p, _))| g(p)).fold((f64::MAX, f64::MIN), |(a, b), v| (a.min(v), b.max(v)));
        println!("{name}: chroma {:.4?} blocki {:.3?} blur {:.3?} strip {:.3?} line {:.2?} bright {:.3?} lumasd {:.1?}", rng(&|p| p.grey_tint_sd), rng(&|p| p.blockiness), rng(&|p| p.blur), rng(&|p| p.background_strip_share), rng(&|p| p.frame_line_share), rng(&|p| p.bright_share), rng(&|p| p.luma_sd));
        let mut hist = std::collections::BTreeMap::new();
        for (s, _, (_, r)) in &all { let e: &mut Vec<u64> = hist.entry(r.clone()).or_default(); e.push(*s); }
        for (r, s) in hist { println!("    {:?} x{} e.g. {:?}", r, s.len(), &s[..s.len().min(5)]); }
    };
    show("conforming", &|p| p.clone());
    if n > 60 { return; }
    for s in [0.8, 1.0, 1.2, 1.5, 2.0, 2.5] { show(&format!("blur {s}"), &|p| degrade::optics::blurred(p, s)); }
    for s in [2, 3, 4] { show(&format!("up {s}"), &|p| degrade::optics::upscaled(p, s)); }
    for s in [10, 30, 50, 60, 70] { show(&format!("q {s}"), &|p| degrade::optics::recompressed(p, s)); }
    for s in [0.35, 0.55, 0.7, 1.6, 2.2, 3.0] { show(&format!("exp {s}"), &|p| degrade::optics::exposed(p, s)); }
}
