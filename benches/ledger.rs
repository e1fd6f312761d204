//! What durability costs: journal, vault, register look-up, index. `cargo bench -p plant --bench ledger`, in the folder that cargo uses
//! for temporary files: put it on the disk that matters. Chunks are of 256 applications, as the intake writes them.

use std::hint::black_box;
use std::sync::Arc;

use card::{BusinessType, Digest, Keyed, Lane, Ordinal, Outcome};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ledger::disk::Disk;
use ledger::entry::{Entry, Facts, Judged, JudgedApplication};
use ledger::{DataKey, Index, IndexBatch, Journal, SegmentReader, SegmentWriter, SledIndex};
use line::ports::{RegisterShelf as _, Snapshot};
use plant::{Durability, RealDisk, RegisterKind, Shelf};

const CHUNK: u64 = 256;
const PHOTO_BYTES: usize = 60_000;
const REGISTER_ROWS: u32 = 100_000;
const KEYS_PER_APPLICATION: u64 = 7;
const CACHE_BYTES: u64 = 16 << 20;

fn real_disk(durability: Durability) -> (tempfile::TempDir, Arc<dyn Disk>) {
    let folder = tempfile::Builder::new().tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a temporary folder");
    let (disk, _) = RealDisk::open(folder.path(), durability).expect("a disk");
    (folder, Arc::new(disk))
}

fn keyed(n: u64) -> Keyed {
    Keyed::of(&[7; 32], "bench", &[&n.to_le_bytes()])
}

fn judged(n: u64) -> JudgedApplication {
    let facts = Facts {
        business_type: BusinessType::New,
        lane: Lane::Normal,
        mail: false,
        document_key: keyed(n),
        ssn_key: keyed(n + 1),
        likeness_key: keyed(n + 2),
        content_key: keyed(n + 3),
        supersedes: None,
    };
    JudgedApplication {
        ordinal: Ordinal(n),
        application_id: format!("WH-001-{n:09}"),
        outcome: Outcome::Accepted,
        reasons: Vec::new(),
        photo: Some(Digest([1; 32])),
        photo_validated: Some(Digest([2; 32])),
        facts: Some(facts),
    }
}

fn chunk() -> Entry {
    Entry::Judged(Judged {
        package: 1,
        first_row: 0,
        vault_path: "vault/0000001/records-000000.seg".into(),
        vault_digest: Digest([3; 32]),
        applications: (0..CHUNK).map(judged).collect(),
        at: 0,
    })
}

fn journal(c: &mut Criterion) {
    let mut group = c.benchmark_group("journal");
    let entry = chunk();
    group.throughput(Throughput::Elements(CHUNK));
    for (name, durability) in [("commit", Durability::Full), ("commit without sync", Durability::None)] {
        let (_folder, disk) = real_disk(durability);
        let mut journal = Journal::create(disk, "bench").expect("a journal");
        group.bench_function(name, |b| b.iter(|| journal.record(black_box(&entry)).expect("a commit")));
    }
    let (_folder, disk) = real_disk(Durability::None);
    let mut journal = Journal::create(disk.clone(), "bench").expect("a journal");
    let chunks = 100_000 / CHUNK;
    for _ in 0..chunks {
        journal.append(&entry).expect("room");
    }
    journal.close().expect("a clean stop");
    group.throughput(Throughput::Elements(chunks * CHUNK));
    group.bench_function("open", |b| b.iter(|| Journal::open(disk.clone()).expect("a sound journal")));
    let (journal, _) = Journal::open(disk.clone()).expect("a sound journal");
    group.bench_function("read", |b| b.iter(|| journal.read_from(1).filter(Result::is_ok).count()));
    group.finish();
}

fn segment(c: &mut Criterion) {
    let mut group = c.benchmark_group("vault");
    let photo: Vec<u8> = (0..PHOTO_BYTES as u64).map(|n| keyed(n).0[0]).collect();
    let key = DataKey::new([3; 32].into());
    let write = |disk: &Arc<dyn Disk>| {
        let mut writer = SegmentWriter::create(disk.clone(), "package.seg", &key, [4; 16]).expect("a segment");
        for n in 0..CHUNK {
            writer.begin(&format!("photos/{n:09}.jpg"), false).expect("an entry");
            writer.write(&photo).expect("room");
            writer.end().expect("an entry");
        }
        writer.publish().expect("a segment")
    };
    group.throughput(Throughput::Bytes(CHUNK * PHOTO_BYTES as u64)).sample_size(20);
    for (name, durability) in [("write", Durability::Full), ("write without sync", Durability::None)] {
        let (_folder, disk) = real_disk(durability);
        group.bench_function(name, |b| b.iter(|| write(&disk)));
    }
    let (_folder, disk) = real_disk(Durability::None);
    write(&disk);
    let reader = SegmentReader::open(disk.map("package.seg").expect("a file"), &key).expect("a segment");
    group.throughput(Throughput::Bytes(PHOTO_BYTES as u64));
    group.bench_function("photo", |b| b.iter(|| reader.get(black_box("photos/000000100.jpg")).expect("sound").map(|bytes| bytes.len())));
    group.finish();
}

fn registers(c: &mut Criterion) {
    let mut group = c.benchmark_group("registers");
    let header = RegisterKind::Enrolment.columns().join(",");
    let rows: String = (0..REGISTER_ROWS).map(|n| format!("GBR{n:09},GBR,P{n:08},SAMPLE NAME,1990-02-28,active\n")).collect();
    let extract = format!("{header}\n{rows}");
    let (_folder, disk) = real_disk(Durability::None);
    let mut version = 0;
    let mut import = || {
        version += 1;
        plant::registers::import(&*disk, RegisterKind::Enrolment, version, extract.as_bytes()).expect("a good extract")
    };
    let imported = import();
    group.throughput(Throughput::Elements(REGISTER_ROWS.into())).sample_size(10);
    group.bench_function("import", |b| b.iter(&mut import));
    let named = Snapshot { kind: "enrolment".into(), version: 1, path: imported.path, digest: imported.digest };
    let shelf = Shelf::new(disk.clone());
    group.bench_function("open", |b| b.iter(|| shelf.open(std::slice::from_ref(&named)).expect("a sound snapshot")));
    let open = shelf.open(&[named]).expect("a sound snapshot");
    group.throughput(Throughput::Elements(1));
    group.bench_function("look up", |b| b.iter(|| open.enrolment(black_box("GBR000054321"))));
    group.finish();
}

fn index(c: &mut Criterion) {
    let mut group = c.benchmark_group("index");
    let folder = tempfile::Builder::new().tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a temporary folder");
    let (mut index, _) = SledIndex::open(&folder.path().join("index"), CACHE_BYTES, "bench").expect("an index");
    let mut next = 0_u64;
    group.throughput(Throughput::Elements(CHUNK)).sample_size(20);
    group.bench_function("chunk, applied and flushed", |b| {
        b.iter(|| {
            let mut batch = IndexBatch::default();
            for n in next..next + CHUNK * KEYS_PER_APPLICATION {
                batch.put([&b"k/"[..], &keyed(n).0, &n.to_be_bytes()].concat(), [5_u8; 60]);
            }
            next += CHUNK * KEYS_PER_APPLICATION;
            index.apply(batch).expect("a sound index");
            index.flush().expect("room");
        });
    });
    group.bench_function("get", |b| b.iter(|| index.get(black_box(&[&b"k/"[..], &keyed(77).0, &77_u64.to_be_bytes()].concat())).expect("a sound index")));
    group.finish();
}

criterion_group!(benches, journal, segment, registers, index);
criterion_main!(benches);
