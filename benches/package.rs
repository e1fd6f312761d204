//! Reading packages: what one application costs to unpack and verify, and one row to split and decode.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::io::{self, Cursor};

use card::{OutletCode, RawApplication};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use line::package::make::{make, write_csv, write_jsonl};
use line::package::signature::verify;
use line::package::{
    ArchiveKind, Channel, Encoding, OutletKey, PackageLimits, PackageSpec, RecordsKind, Rows, SecretKey, Sink, Source, judge_files, manifest, unpack,
};

const APPLICATIONS: usize = 200;
const PHOTO_BYTES: usize = 61_000;

fn row(number: usize) -> RawApplication {
    let mut row = RawApplication::empty();
    for (i, value) in row.values.iter_mut().enumerate() {
        *value = format!("{number}-{i} of an invented application");
    }
    row.set("name_zh", "\u{793a}\u{4f8b}\u{59d3}\u{540d}");
    row
}

fn photo(seed: usize) -> Vec<u8> {
    let mut state = seed as u64 * 7919 + 1;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    (0..PHOTO_BYTES).map(|_| next()).collect()
}

fn outlet() -> OutletCode {
    OutletCode::parse("WH-01").expect("a code")
}

fn package(kind: ArchiveKind, key: &SecretKey) -> Vec<u8> {
    let spec = PackageSpec {
        package_id: "BENCH-1".to_owned(),
        outlet: outlet(),
        sequence: 1,
        channel: Channel::Individual,
        submitted_at: "2025-06-01T09:30:00+08:00".to_owned(),
        count: APPLICATIONS as u32,
        profile: None,
        encoding: Encoding::Utf8,
        records: RecordsKind::Csv,
        employer: None,
    };
    let mut photos: BTreeMap<String, Vec<u8>> = (0..APPLICATIONS).map(|i| (format!("photos/{i}.jpg"), photo(i))).collect();
    let rows: Vec<RawApplication> = (0..APPLICATIONS).map(row).collect();
    let records = write_csv(&rows, Encoding::Utf8, false).expect("in memory");
    let mut out = Cursor::new(Vec::new());
    assert!(make(&spec, &mut photos, &records, Some(key), kind, &mut out).is_ok(), "a good package");
    out.into_inner()
}

/// Keeps the manifest and its signature, lets everything else go.
#[derive(Default)]
struct Small(Vec<Vec<u8>>);

impl Sink for Small {
    fn begin(&mut self, _: &str) -> io::Result<()> {
        self.0.push(Vec::new());
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.0.len() <= 2 {
            self.0[..].last_mut().expect("begun").extend_from_slice(bytes);
        }
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn take_in(kind: ArchiveKind, bytes: &[u8], public_key: &str) -> usize {
    let limits = PackageLimits::default();
    let mut sink = Small::default();
    let source = Source::Archive { kind, reader: Box::new(Cursor::new(bytes.to_vec())), len_bytes: bytes.len() as u64 };
    let Ok(files) = unpack(source, &limits, &mut sink) else { panic!("a good package") };
    let manifest = manifest::parse(&sink.0[0], &limits).ok().expect("a good manifest");
    let key = OutletKey { outlet: outlet(), public_key: public_key.to_owned(), in_force: true };
    assert!(verify(&sink.0[0], Some(&sink.0[1]), &manifest.outlet, |_| Some(key)).is_ok());
    assert!(judge_files(&manifest, &files).set_aside.is_empty());
    files.len()
}

fn unpack_and_verify(c: &mut Criterion) {
    let key = SecretKey::from_seed(&[1; 32]);
    let public_key = key.public_key();
    let mut group = c.benchmark_group("package/unpack_and_verify");
    group.throughput(Throughput::Elements(APPLICATIONS as u64)).sample_size(10);
    for kind in [ArchiveKind::Zip, ArchiveKind::Tar, ArchiveKind::TarZst] {
        let bytes = package(kind, &key);
        group.bench_function(kind.extension(), |b| b.iter(|| take_in(kind, black_box(&bytes), &public_key)));
    }
    group.finish();
}

fn records(c: &mut Criterion) {
    const ROWS: usize = 2_000;
    let rows: Vec<RawApplication> = (0..ROWS).map(row).collect();
    let forms = [
        ("csv_utf8", RecordsKind::Csv, Encoding::Utf8, write_csv(&rows, Encoding::Utf8, false).expect("in memory")),
        ("csv_gb18030", RecordsKind::Csv, Encoding::Gb18030, write_csv(&rows, Encoding::Gb18030, false).expect("in memory")),
        ("jsonl", RecordsKind::Jsonl, Encoding::Utf8, write_jsonl(&rows)),
    ];
    let mut group = c.benchmark_group("package/row");
    group.throughput(Throughput::Elements(ROWS as u64)).sample_size(20);
    for (name, kind, encoding, bytes) in &forms {
        group.bench_function(*name, |b| {
            b.iter(|| {
                let rows = Rows::open(black_box(bytes.as_slice()), *kind, *encoding, u32::MAX, &PackageLimits::default()).expect("in memory");
                rows.filter(|r| r.as_ref().is_ok_and(|r| r.reasons.is_empty())).count()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, unpack_and_verify, records);
criterion_main!(benches);
