fn main() {
    let p = card::Profile::built_in("hubei-foreigner-2025", "2025-06-01".parse().unwrap()).unwrap();
    for f in std::env::args().skip(1) {
        let b = std::fs::read(&f).unwrap();
        let e = photo::examine(&b, &p);
        let c: Vec<String> = e.reasons.iter().map(|r| format!("{}/{:?}[{}]", r.code, r.effect, r.value)).collect();
        let n = std::path::Path::new(&f).file_name().unwrap().to_str().unwrap();
        match &e.measurements.pixels {
            Some(m) => println!(
                "{n} {} bg={:.3} line={:.3} spread={} tint={:.2} block={:.3} blur={:.3} bright={:.3} sd={:.1} {}",
                b.len(),
                m.background_strip_share,
                m.frame_line_share,
                m.grey_spread_p99,
                m.grey_tint_sd,
                m.blockiness,
                m.blur,
                m.bright_share,
                m.luma_sd,
                c.join(" ")
            ),
            None => println!("{n} {} NOPIX {}", b.len(), c.join(" ")),
        }
    }
}
