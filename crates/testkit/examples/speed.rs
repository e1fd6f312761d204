use testkit::*;
fn cpu() -> f64 { let s = std::fs::read_to_string("/proc/self/stat").unwrap(); let f: Vec<&str> = s.split(' ').collect(); (f[13].parse::<f64>().unwrap() + f[14].parse::<f64>().unwrap()) * 10.0 }
fn main() {
    let g = gallery::Gallery::new(1, 8);
    let t = cpu();
    for n in 0..400 { std::hint::black_box(g.picture(n)); }
    eprintln!("picture {:?} ms", (cpu() - t) / 400.0);
    let t = cpu();
    let mut s = 0; let mut mx = 0; let mut mn = usize::MAX;
    for n in 0..400 { let l = g.photo(n).len(); s += l; mx = mx.max(l); mn = mn.min(l); }
    eprintln!("photo {:?} ms mean {} min {} max {}", (cpu() - t) / 400.0, s / 400, mn, mx);
}
