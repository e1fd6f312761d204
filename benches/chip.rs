//! What encoding costs: chip image, vendor line with a 60 KB photo, record without keys, reading both files back, and a permit's signature.
//! `cargo bench -p chip`. Throughput is per card.

mod cards;

use std::hint::black_box;

use card::profile::{CHIP_PERMIT, HUBEI_FOREIGNER_2025};
use card::{Card, Profile};
use cards::card;
use chip::cps::CpsWriter;
use chip::permit::{PermitSigner as _, SoftwareSigner, verify};
use chip::{FileTree, Parts};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use jiff::civil::date;
use sm2::pkcs8::{EncodePrivateKey as _, LineEnding};

const PHOTO_BYTES: usize = 60_000;
const JOB_CARDS: usize = 100;

/// The two files of a job.
fn job(cards: &[Card], photo: &[u8], profile: &Profile) -> (Vec<u8>, Vec<u8>) {
    let (mut text, mut cps) = (Vec::new(), Vec::new());
    let tree = FileTree::of(&profile.chip).expect("a layout");
    let writer = CpsWriter::new(&profile.chip, None).expect("a layout");
    let none = writer.derive(&[]).expect("no keys");
    chip::vendor_header(&profile.encode, &mut text);
    writer.header(&cards[0].batch, 1, cards.len() as u32, &mut cps);
    for (n, card) in cards.iter().enumerate() {
        let image = tree.image(card, Parts::default()).ok().expect("fits");
        chip::vendor_line(card, &image, photo, &profile.encode, &mut text).expect("fits");
        writer.card(card, &image, &none, n, &mut cps).expect("fits");
    }
    (text, cps)
}

fn chip_benches(c: &mut Criterion) {
    let profile = Profile::built_in("hubei-foreigner-2025", date(2025, 6, 1)).expect("built in");
    let photo: Vec<u8> = (0..PHOTO_BYTES).map(|i| (i * 31 % 251) as u8).collect();
    let cards: Vec<Card> = (0..JOB_CARDS).map(card).collect();
    let (text, cps) = job(&cards, &photo, &profile);
    let mut one = c.benchmark_group("chip");
    one.throughput(Throughput::Elements(1));
    one.bench_function("check_texts", |b| b.iter(|| chip::check_texts(black_box(&cards[0].application), &profile.chip)));
    let tree = FileTree::of(&profile.chip).expect("a layout");
    one.bench_function("image", |b| b.iter(|| tree.image(black_box(&cards[0]), Parts::default()).ok().expect("fits")));
    one.throughput(Throughput::Elements(JOB_CARDS as u64));
    one.bench_function("image_line_cps", |b| b.iter(|| job(black_box(&cards), &photo, &profile)));
    one.bench_function("read_vendor", |b| b.iter(|| chip::vendor_records(black_box(&text))));
    one.bench_function("read_cps", |b| b.iter(|| chip::cps::cps_records(black_box(&cps))));
    one.finish();
}

/// A signed card against the signature alone, and the inspector's check. Whole jobs of signed cards are measured in `encode.rs`.
fn permit_benches(c: &mut Criterion) {
    let profile = Profile::parse(&format!("{HUBEI_FOREIGNER_2025}{CHIP_PERMIT}"), date(2025, 6, 1)).expect("the profile's own part");
    let pem = sm2::SecretKey::from_slice(&[7; 32]).expect("a key").to_pkcs8_pem(LineEnding::LF).expect("PEM");
    let signer = SoftwareSigner::from_pem(&pem, "K1").expect("a key");
    let tree = FileTree::of(&profile.chip).expect("a layout");
    let (card, key) = (card(1), signer.issuer_key());
    let signed = || tree.image(black_box(&card), Parts { portrait: None, signer: Some(&signer) }).ok().expect("fits");
    let image = signed();
    let mut group = c.benchmark_group("permit");
    group.throughput(Throughput::Elements(1));
    group.bench_function("sign_alone", |b| b.iter(|| signer.sign(black_box(&[7; 420]))));
    group.bench_function("image_signed", |b| b.iter(signed));
    group.bench_function("verify", |b| b.iter(|| verify(black_box(&image.files), &profile.chip, &key)));
    group.finish();
}

criterion_group!(benches, chip_benches, permit_benches);
criterion_main!(benches);
