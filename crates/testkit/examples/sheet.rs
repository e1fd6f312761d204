use testkit::portrait::*;
use testkit::rgb::Rgb;
fn main() {
    let d = Look::default;
    let mut looks: Vec<(u64, Look)> = (0..7).map(|s| (s, d())).collect();
    looks.push((1, Look { yaw: 20.0, ..d() }));
    looks.push((2, Look { pitch: 15.0, ..d() }));
    looks.push((0, Look { glasses: Glasses::Sun, ..d() }));
    looks.push((1, Look { glasses: Glasses::Clear, ..d() }));
    looks.push((2, Look { headwear: Headwear::Cap, ..d() }));
    looks.push((3, Look { headwear: Headwear::Scarf, ..d() }));
    looks.push((4, Look { mask: true, ..d() }));
    looks.push((5, Look { mouth: 1.5, eyes: 0.05, roll: 8.0, ..d() }));
    if std::env::args().nth(2).is_some() { looks = (0..40).map(|s| (s, d())).collect(); }
    let cols = if looks.len() > 15 { 8 } else { 5 };
    let rows = looks.len() as u32 / cols;
    let mut sheet = image::RgbImage::new(358 * cols, 441 * rows);
    let t = std::time::Instant::now();
    for (i, (s, l)) in looks.iter().enumerate() {
        let p: Rgb = portrait(*s, l);
        let (ox, oy) = ((i as u32 % cols) * 358, (i as u32 / cols) * 441);
        for y in 0..441 { for x in 0..358 { sheet.put_pixel(ox + x, oy + y, image::Rgb(p.at(x, y))); } }
    }
    eprintln!("{:?} each", t.elapsed() / looks.len() as u32);
    sheet.save(std::env::args().nth(1).unwrap()).unwrap();
}
