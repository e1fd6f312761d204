//! What one photo costs: the strict decode every figure is compared with, the parts of an examination, and the whole of it.
//! `cargo bench -p photo`

#[path = "../crates/photo/src/sample.rs"]
#[allow(dead_code)] // the tests use more of it
mod sample;

use std::hint::black_box;

use card::Profile;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sample::{Coding, portrait};

fn photos(c: &mut Criterion) {
    let profile = Profile::built_in("hubei-foreigner-2025", "2025-06-01".parse().expect("a date")).expect("the built-in profile reads").without_faces();
    let photos: Vec<Vec<u8>> = (0..8).map(|seed| portrait(seed).jpeg(Coding::default())).collect();
    let rgb = photo::decode(&photos[0], &profile.photo).unwrap_or_else(|r| panic!("{r}"));
    let sitting = photo::Sitting { profile: &profile, networks: &photo::nets::Absent, religious_headgear: false };
    let mut group = c.benchmark_group("photo");
    group.throughput(Throughput::Elements(photos.len() as u64));
    let mut each = |name: &str, work: &dyn Fn(&[u8])| {
        group.bench_function(name, |b| b.iter(|| photos.iter().for_each(|p| work(black_box(p)))));
    };
    each("strict decode", &|p| drop(black_box(photo::decode(p, &profile.photo))));
    each("strip", &|p| drop(black_box(photo::strip(p))));
    each("container and coded data", &|p| {
        black_box(photo::parts::container(p, &profile.photo));
    });
    each("whole examine", &|p| drop(black_box(photo::examine(p, &sitting))));
    for (name, check) in photo::parts::CHECKS {
        group.throughput(Throughput::Elements(1));
        group.bench_function(*name, |b| b.iter(|| black_box(check(black_box(&rgb), &profile.photo))));
    }
    group.bench_function("thumbnail 90x110", |b| b.iter(|| black_box(photo::thumbnail(black_box(&rgb), 90, 110))));
    group.finish();
}

criterion_group!(benches, photos);
criterion_main!(benches);
