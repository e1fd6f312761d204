//! What a night's encode files cost without photos: chip image, keys in software, CPS records; each alone, all together on one thread, and on
//! all; then with signed permits, beside the bare SM2 signature on as many threads. `cargo bench -p chip --bench encode`. Throughput is per
//! card. A million cards, and what they take of memory: `--bench million`.

mod cards;
mod encode_cards;

use std::hint::black_box;

use card::profile::{CHIP_PERMIT, HUBEI_FOREIGNER_2025};
use card::{Card, Profile};
use cards::{JOB_CARDS, card};
use chip::cps::CpsWriter;
use chip::keys::{CardKeys as _, JobKeys, groups_of};
use chip::permit::{DISTID, SoftwareSigner, permit_message};
use chip::{ChipImage, FileTree, Parts, Sm2Secret};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use encode_cards::{job, keys, requests};
use jiff::civil::date;
use rayon::prelude::*;
use sm2::dsa::signature::Signer as _;
use sm2::dsa::{Signature, SigningKey};

const JOBS: usize = 40;
/// Signing is several times the rest.
const SIGNED_JOBS: usize = 8;

fn image(card: &Card, tree: &FileTree) -> ChipImage {
    tree.image(card, Parts::default()).ok().expect("fits")
}

fn records(cards: &[Card], images: &[ChipImage], derived: &JobKeys, writer: &CpsWriter) -> usize {
    let mut out = Vec::new();
    for (n, (card, image)) in cards.iter().zip(images).enumerate() {
        out.clear();
        writer.card(card, image, derived, n, &mut out).expect("fits");
        black_box(&out);
    }
    out.len()
}

fn encode(c: &mut Criterion) {
    let profile = Profile::built_in("hubei-foreigner-2025", date(2025, 6, 1)).expect("built in");
    let keys = keys(&profile);
    let writer = CpsWriter::new(&profile.chip, Some(&keys)).expect("a transport key");
    let tree = FileTree::of(&profile.chip).expect("a layout");
    let cards: Vec<Card> = (0..JOBS * JOB_CARDS).map(card).collect();
    let one = &cards[..JOB_CARDS];
    let images: Vec<ChipImage> = one.iter().map(|c| image(c, &tree)).collect();
    let (groups, asked) = (groups_of(&profile.chip), requests(one, &profile));
    let derived = writer.derive(&asked).expect("all keys are there");
    let mut group = c.benchmark_group("encode");
    group.throughput(Throughput::Elements(JOB_CARDS as u64));
    group.bench_function("image", |b| b.iter(|| one.iter().map(|c| image(black_box(c), &tree).files.len()).sum::<usize>()));
    group.bench_function("keys", |b| b.iter(|| keys.derive(&groups, black_box(&asked)).expect("all keys are there")));
    group.bench_function("cps", |b| b.iter(|| records(one, &images, &derived, &writer)));
    group.bench_function("job_one_thread", |b| b.iter(|| job(black_box(one), &profile, &tree, None, &writer)));
    group.throughput(Throughput::Elements(cards.len() as u64));
    group.bench_function("jobs_all_threads", |b| b.iter(|| cards.par_chunks(JOB_CARDS).map(|cards| job(cards, &profile, &tree, None, &writer)).sum::<usize>()));
    group.finish();
}

fn read(c: &mut Criterion) {
    let profile = Profile::built_in("hubei-foreigner-2025", date(2025, 6, 1)).expect("built in");
    let keys = keys(&profile);
    let writer = CpsWriter::new(&profile.chip, Some(&keys)).expect("a transport key");
    let cards: Vec<Card> = (0..JOB_CARDS).map(card).collect();
    let derived = writer.derive(&requests(&cards, &profile)).expect("all keys are there");
    let mut file = Vec::new();
    writer.header(&cards[0].batch, 1, cards.len() as u32, &mut file);
    for (n, card) in cards.iter().enumerate() {
        writer.card(card, &chip::image(card, &profile.chip).expect("fits"), &derived, n, &mut file).expect("fits");
    }
    let mut group = c.benchmark_group("encode");
    group.throughput(Throughput::Elements(JOB_CARDS as u64));
    group.bench_function("read", |b| b.iter(|| chip::cps::cps_records(black_box(&file)).expect("as written").len()));
    group.finish();
}

/// The bar of signed cards: image, keys, records and signature, at 0.8 of the rate of signatures alone.
fn signed(c: &mut Criterion) {
    let profile = Profile::parse(&format!("{HUBEI_FOREIGNER_2025}{CHIP_PERMIT}"), date(2025, 6, 1)).expect("the profile's own part");
    let (keys, tree) = (keys(&profile), FileTree::of(&profile.chip).expect("a layout"));
    let writer = CpsWriter::new(&profile.chip, Some(&keys)).expect("a transport key");
    let signer = SoftwareSigner::new(&Sm2Secret::take(&mut [7; 32]), "HB-2025-01").expect("a key");
    let bare = SigningKey::from_slice(DISTID, &[7; 32]).expect("a key");
    let cards: Vec<Card> = (0..SIGNED_JOBS * JOB_CARDS).map(card).collect();
    let one = tree.image(&cards[0], Parts { portrait: None, signer: Some(&signer) }).ok().expect("fits");
    let message = permit_message(&one.files, &tree).expect("covered");
    let signatures = |count: usize| {
        for _ in 0..count {
            let signature: Signature = bare.sign(black_box(&message));
            black_box(signature);
        }
    };
    let mut group = c.benchmark_group("signed");
    group.sample_size(10).throughput(Throughput::Elements(JOB_CARDS as u64));
    group.bench_function("sm2_one_thread", |b| b.iter(|| signatures(JOB_CARDS)));
    group.bench_function("job_one_thread", |b| b.iter(|| job(black_box(&cards[..JOB_CARDS]), &profile, &tree, Some(&signer), &writer)));
    group.throughput(Throughput::Elements(cards.len() as u64));
    group.bench_function("sm2_all_threads", |b| b.iter(|| cards.par_chunks(JOB_CARDS).for_each(|c| signatures(c.len()))));
    let all = || cards.par_chunks(JOB_CARDS).map(|cards| job(cards, &profile, &tree, Some(&signer), &writer)).sum::<usize>();
    group.bench_function("jobs_all_threads", |b| b.iter(all));
    group.finish();
}

criterion_group!(benches, encode, signed, read);
criterion_main!(benches);
