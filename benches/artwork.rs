//! What printing costs: text gate and fit, the pages of a card, the print file of a job, a picture of a card.
//! `cargo bench -p artwork`. Throughput is per card.

mod cards;

use std::hint::black_box;

use artwork::{DocumentId, Faces, Photo, check_card_texts, job_pdf, page_png};
use card::{Card, Profile};
use cards::{JOB_CARDS, card};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use jiff::civil::{Date, date};

const DAY: Date = date(2025, 6, 1);

/// A noisy picture of about 60 KB, as a portrait is.
fn jpeg(seed: u32) -> Vec<u8> {
    let noise = |x: u32, y: u32| (x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(40_503) ^ seed).wrapping_mul(0x9e37_79b9) >> 28;
    let picture = image::RgbImage::from_fn(358, 441, |x, y| {
        let grain = noise(x, y) as u8;
        image::Rgb([120 + grain + (x / 4) as u8, 110 + grain, 100 + grain + (y / 5) as u8])
    });
    let mut bytes = Vec::new();
    image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, 92).encode_image(&picture).expect("a JPEG");
    bytes
}

fn benches(c: &mut Criterion) {
    let layout = Profile::built_in("hubei-foreigner-2025", DAY).expect("the profile").face;
    let faces = Faces::new(&layout).expect("a sound layout");
    let photo = Photo::new(jpeg(1)).expect("a photo");
    let mut group = c.benchmark_group("artwork");

    group.throughput(Throughput::Elements(1));
    let one = card(1).application;
    group.bench_function("check_card_texts", |b| b.iter(|| check_card_texts(black_box(&one), &layout)));
    let made = card(1);
    group.bench_function("card_pages", |b| b.iter(|| faces.card_pages(black_box(&made), &photo).expect("pages")));
    let [front, _] = faces.card_pages(&made, &photo).expect("pages");
    group.bench_function("page_png_150dpi", |b| b.iter(|| page_png(black_box(&front), 150.0).expect("a picture")));

    group.sample_size(10).throughput(Throughput::Elements(JOB_CARDS as u64));
    let cards: Vec<(Card, Photo)> = (0..JOB_CARDS).map(|n| (card(n), Photo::new(jpeg(n as u32)).expect("a photo"))).collect();
    let id = DocumentId { title: "B20250601-01 job 1".into(), date: DAY };
    group.bench_function("job_pdf_500_cards", |b| {
        b.iter(|| {
            let pages = cards.iter().flat_map(|(card, photo)| faces.card_pages(card, photo).expect("pages"));
            job_pdf(pages, &id).expect("a print file")
        });
    });
    group.finish();
}

criterion_group!(artwork, benches);
criterion_main!(artwork);
