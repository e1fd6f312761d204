//! Card keys from a token (SoftHSM), four a card: master keys in the token (3DES), and master keys of a cipher it hasn't (SM4) that come wrapped;
//! and the MAC over a card. `cargo bench -p plant --features pkcs11 --bench pkcs11`. Without SoftHSM it says so and ends.
//! Throughput is per card; the CPU time of a card is printed beside, because a busy machine shows in the first and not in the second.

use std::hint::black_box;
use std::path::PathBuf;
use std::time::Instant;

use card::Profile;
use card::profile::chip::{ChipLayout, KeyAlgorithm};
use chip::keys::{CardKeys as _, JobKeys, KeyGroup, KeyRequest, WrappedKey, groups_of};
use chip::{Kek, Key16};
use criterion::{Criterion, Throughput};
use cryptoki::object::KeyType;
use jiff::civil::date;
use plant::pkcs11::{self, Pkcs11Keys};
use plant::token_keys::{KeyName, TokenSettings};
use zeroize::Zeroizing;

#[path = "../tests/it/softhsm.rs"]
mod softhsm;

use softhsm::{Folder, Use, put};

const JOB_CARDS: usize = 500;
const KEK: [u8; 32] = [0x4B; 32];

fn layout(algorithm: KeyAlgorithm) -> ChipLayout {
    let mut layout = Profile::built_in("hubei-foreigner-2025", date(2026, 11, 22)).expect("a profile").chip;
    layout.key.iter_mut().for_each(|key| key.algorithm = algorithm);
    layout
}

fn settings() -> TokenSettings {
    let name = |text: &str| KeyName::parse(text).expect("a name");
    TokenSettings {
        library: PathBuf::from(softhsm::LIBRARY),
        token: softhsm::LABEL.to_owned(),
        kek: Some(name("KEK/1")),
        transport: name("TRANSPORT/1"),
        mac: Some(name("MAC/1")),
        sm4: None,
    }
}

fn fill() {
    let (_context, session) = softhsm::writable();
    put(&session, "KEK", 1, KeyType::AES, &KEK, Use::Wrapping);
    put(&session, "TRANSPORT", 1, KeyType::AES, &[0x54; 32], Use::Wrapping);
    put(&session, "MAC", 1, KeyType::AES, &[0x4D; 16], Use::Mac);
    for (n, key) in layout(KeyAlgorithm::TripleDes).key.iter().enumerate() {
        put(&session, &key.name, key.version, KeyType::DES2, &std::array::from_fn::<u8, 16, _>(|i| (16 * n + i) as u8), Use::Deriving);
    }
}

fn keys(layout: &ChipLayout) -> Pkcs11Keys {
    let kek = Kek::take(&mut KEK.clone());
    let wrap = |(n, key): (usize, &card::profile::chip::ChipKey)| {
        WrappedKey::make(&key.name, key.version, KeyAlgorithm::Sm4, None, &Key16::take(&mut [n as u8 + 1; 16]), &kek).expect("a label")
    };
    let wrapped: Vec<WrappedKey> = layout.key.iter().enumerate().map(wrap).collect();
    let pin = || Ok(Zeroizing::new(softhsm::PIN.to_owned()));
    let noted = pkcs11::note(&settings(), layout, &wrapped, pin).ok().expect("keys");
    Pkcs11Keys::open(&settings(), &noted, &wrapped, pin).ok().expect("a token")
}

fn requests() -> Vec<KeyRequest> {
    (0..JOB_CARDS as u64).map(|n| KeyRequest::of_factors(*b"420100", n.to_be_bytes(), u128::from(n << 16).to_be_bytes())).collect()
}

fn derive(keys: &Pkcs11Keys, groups: &[KeyGroup], cards: &[KeyRequest]) -> JobKeys {
    keys.derive(groups, cards).expect("keys of a job")
}

/// CPU time of a card, measured once more apart from criterion.
fn told(name: &str, cards: usize, work: impl FnOnce()) {
    let (cpu, clock) = (plant::cpu_seconds(), Instant::now());
    work();
    let (cpu, wall) = (plant::cpu_seconds() - cpu, clock.elapsed().as_secs_f64());
    println!("{name}: {:.0} us CPU and {:.0} us a card, {:.0} cards/s", cpu / cards as f64 * 1e6, wall / cards as f64 * 1e6, cards as f64 / wall);
}

fn all(c: &mut Criterion) {
    let mut group = c.benchmark_group("pkcs11");
    group.sample_size(10).throughput(Throughput::Elements(JOB_CARDS as u64));
    let cards = requests();
    for (name, algorithm) in [("3DES in the token", KeyAlgorithm::TripleDes), ("SM4 beside the token", KeyAlgorithm::Sm4)] {
        let layout = layout(algorithm);
        assert_eq!(layout.key.len(), 4, "keys of a card");
        let (keys, groups) = (keys(&layout), groups_of(&layout));
        told(name, JOB_CARDS, || drop(black_box(derive(&keys, &groups, &cards))));
        group.bench_function(format!("{name}, 4 keys a card"), |b| b.iter(|| black_box(derive(&keys, &groups, &cards))));
    }
    let (keys, data) = (keys(&layout(KeyAlgorithm::TripleDes)), vec![7; 2048]);
    group.bench_function("MAC over 2 KiB", |b| b.iter(|| (0..JOB_CARDS).for_each(|_| drop(black_box(keys.mac(&data))))));
    group.finish();
}

fn main() {
    if softhsm::is_here() {
        fill();
        all(&mut Criterion::default().configure_from_args());
        return Criterion::default().configure_from_args().final_summary();
    }
    let folder = std::env::temp_dir().join(format!("cardline-pkcs11-bench-{}", std::process::id()));
    if let Some(token) = Folder::new(&folder) {
        let args: Vec<String> = std::env::args().skip(1).collect();
        let done = token.again(&args.iter().map(String::as_str).collect::<Vec<_>>());
        print!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
        assert!(done.status.success());
        let _ = std::fs::remove_dir_all(&folder);
    }
}
