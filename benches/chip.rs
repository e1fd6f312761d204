//! What encoding costs: chip image, vendor line with a 60 KB photo, record without keys, reading both files back, and a permit's signature.
//! `cargo bench -p chip`. Throughput is per card.

use std::hint::black_box;

use card::application::{Application, BusinessType, Delivery, DocumentType, Lane, Sex};
use card::profile::{CHIP_PERMIT, HUBEI_FOREIGNER_2025};
use card::{BatchId, Card, Keyed, OutletCode, Profile, card_number};
use chip::cps::CpsWriter;
use chip::permit::{PermitSigner as _, SoftwareSigner, verify};
use chip::{FileTree, Parts};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use jiff::civil::date;
use sm2::pkcs8::{EncodePrivateKey as _, LineEnding};

const PHOTO_BYTES: usize = 60_000;
const JOB_CARDS: u32 = 100;

fn card(n: u32) -> Card {
    Card {
        batch: BatchId::parse("B20250601-01").expect("a batch id"),
        position: n + 1,
        job: 1,
        slot: n + 1,
        number: card_number::number_at("H", u64::from(n)).expect("a number"),
        generation: 1,
        remake_of: None,
        outlet: OutletCode::parse("WH-01").expect("an outlet"),
        division: "420100".to_owned(),
        application: application(n),
        issued_on: date(2025, 6, 1),
        expires_on: date(2035, 6, 1),
        qr_payload: format!("CL1:{n}"),
        record_digest: Keyed([7; 16]),
    }
}

fn application(n: u32) -> Application {
    Application {
        application_id: format!("WH01-{n:06}"),
        business_type: BusinessType::New,
        lane: Lane::Normal,
        name: format!("ŁUKASZ EXAMPLE-{}", ["SØRENSEN", "NOWAK", "ZIELIŃSKI"][n as usize % 3]),
        name_zh: Some("示例".to_owned()),
        sex: Sex::M,
        birth_date: date(1990, 2, 3),
        nationality: "POL".to_owned(),
        document_type: DocumentType::Passport,
        document_number: format!("X{n:08}"),
        document_expiry: date(2030, 1, 1),
        mrz: None,
        ssn: format!("POL0X{n:08}"),
        work_permit_number: format!("420000{n:06}"),
        work_permit_category: 'B',
        work_permit_from: date(2025, 1, 1),
        work_permit_to: date(2026, 12, 31),
        employer_name: "湖北示例科技有限公司".to_owned(),
        employer_code: "91350100M000100Y43".to_owned(),
        photo: format!("{n}.jpg"),
        photo_taken_on: date(2025, 5, 1),
        religious_headgear: false,
        delivery: Delivery::Outlet,
        phone: "+86 27 8888 0000".to_owned(),
        bank: "示例银行".to_owned(),
        receipt_number: None,
        due_on: None,
        supersedes: None,
        loss_report: None,
        old_card_number: None,
    }
}

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
    one.throughput(Throughput::Elements(u64::from(JOB_CARDS)));
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
