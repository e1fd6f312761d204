//! What printing costs: text gate and fit, the pages of a card, the print file of a job, a picture of a card.
//! `cargo bench -p artwork`. Throughput is per card.

use std::hint::black_box;

use artwork::{DocumentId, Faces, Photo, check_card_texts, job_pdf, page_png};
use card::{Application, BatchId, BusinessType, Card, Delivery, DocumentType, Keyed, Lane, OutletCode, Profile, Sex};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use jiff::civil::{Date, date};

const DAY: Date = date(2025, 6, 1);
const JOB_CARDS: u32 = 500;

fn application(n: u32) -> Application {
    Application {
        application_id: format!("A-{n}"),
        business_type: BusinessType::New,
        lane: Lane::Normal,
        name: format!("ŁUKASZ JAN ŚWIĄTEK-{}", ["KOWALSKI", "NOWAK", "ZIELIŃSKI"][n as usize % 3]),
        name_zh: Some(format!("卢卡斯{}", char::from_u32(0x4e00 + n * 7).unwrap_or('王'))),
        sex: Sex::M,
        birth_date: date(1990, 2, 3),
        nationality: "UTO".into(),
        document_type: DocumentType::Passport,
        document_number: format!("X{n:08}"),
        document_expiry: date(2030, 1, 1),
        mrz: None,
        ssn: format!("UTO0X{n:08}"),
        work_permit_number: format!("420001{n:011}"),
        work_permit_category: 'B',
        work_permit_from: date(2025, 3, 1),
        work_permit_to: date(2026, 2, 28),
        employer_name: "武汉东湖光电科技有限公司".into(),
        employer_code: "91420100MA00000000".into(),
        photo: format!("{n}.jpg"),
        photo_taken_on: date(2025, 5, 1),
        religious_headgear: false,
        delivery: Delivery::Outlet,
        phone: "13800000000".into(),
        bank: "ICBC".into(),
        receipt_number: None,
        due_on: None,
        supersedes: None,
        loss_report: None,
        old_card_number: None,
    }
}

fn card(n: u32) -> Card {
    Card {
        batch: BatchId::parse("B20250601-01").expect("a batch id"),
        position: n,
        job: 1,
        slot: n,
        number: format!("A9{n:06}X"),
        generation: 1,
        remake_of: None,
        outlet: OutletCode::parse("WH-01").expect("an outlet code"),
        division: "420100".into(),
        application: application(n),
        issued_on: DAY,
        expires_on: date(2035, 6, 1),
        qr_payload: format!("CL1:A9{n:06}X"),
        record_digest: Keyed::of(&[7; 32], "bench", &[&n.to_be_bytes()]),
    }
}

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
    let one = application(1);
    group.bench_function("check_card_texts", |b| b.iter(|| check_card_texts(black_box(&one), &layout)));
    let made = card(1);
    group.bench_function("card_pages", |b| b.iter(|| faces.card_pages(black_box(&made), &photo).expect("pages")));
    let [front, _] = faces.card_pages(&made, &photo).expect("pages");
    group.bench_function("page_png_150dpi", |b| b.iter(|| page_png(black_box(&front), 150.0).expect("a picture")));

    group.sample_size(10).throughput(Throughput::Elements(u64::from(JOB_CARDS)));
    let cards: Vec<(Card, Photo)> = (1..=JOB_CARDS).map(|n| (card(n), Photo::new(jpeg(n)).expect("a photo"))).collect();
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
