//! Random damage to good packages: whatever comes, an answer and no panic, and never more out than allowed.

use proptest::prelude::*;

use crate::package::testing::{KINDS, Kept, archive, package};
use crate::package::{ArchiveKind, PackageLimits, Stop, unpack};

/// One change: replace, insert, remove or repeat bytes somewhere.
#[derive(Clone, Debug)]
enum Change {
    Set(usize, u8),
    Insert(usize, Vec<u8>),
    Remove(usize, usize),
    Repeat(usize, usize),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        4 => (any::<usize>(), any::<u8>()).prop_map(|(at, b)| Change::Set(at, b)),
        1 => (any::<usize>(), prop::collection::vec(any::<u8>(), 1..40)).prop_map(|(at, b)| Change::Insert(at, b)),
        1 => (any::<usize>(), 1usize..700).prop_map(|(at, n)| Change::Remove(at, n)),
        1 => (any::<usize>(), 1usize..700).prop_map(|(at, n)| Change::Repeat(at, n)),
    ]
}

fn apply(bytes: &mut Vec<u8>, change: &Change) {
    if bytes.is_empty() {
        return;
    }
    let len = bytes.len();
    match change {
        Change::Set(at, b) => bytes[at % len] = *b,
        Change::Insert(at, more) => drop(bytes.splice(at % len..at % len, more.iter().copied())),
        Change::Remove(at, n) => drop(bytes.drain(at % len..(at % len + n).min(len))),
        Change::Repeat(at, n) => {
            let part = bytes[at % len..(at % len + n).min(len)].to_vec();
            bytes.splice(at % len..at % len, part);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_packages_get_an_answer(which in 0usize..3, changes in prop::collection::vec(change(), 1..6)) {
        thread_local!(static GOOD: [Vec<u8>; 3] = KINDS.map(|k| package(k, 2)));
        let mut bytes = GOOD.with(|good| good[which].clone());
        changes.iter().for_each(|c| apply(&mut bytes, c));
        let mut sink = Kept::default();
        match unpack(archive(KINDS[which], &bytes), &PackageLimits::default(), &mut sink) {
            Ok(files) => prop_assert!(files.iter().map(|f| f.len_bytes).sum::<u64>() == sink.bytes),
            Err(Stop::SetAside(reasons)) => prop_assert!(!reasons.is_empty()),
            Err(Stop::Fault(error)) => prop_assert!(false, "a fault of memory? {error}"),
        }
        prop_assert!(sink.bytes <= 9 << 20);
    }

    #[test]
    fn anything_called_a_package_gets_an_answer(which in 0usize..3, bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        let mut sink = Kept::default();
        let stopped = unpack(archive(KINDS[which], &bytes), &PackageLimits::default(), &mut sink);
        prop_assert!(matches!(stopped, Err(Stop::SetAside(_))));
    }
}

#[test]
fn every_single_changed_bit_of_a_zip_or_frame_is_found_or_harmless() {
    for kind in [ArchiveKind::Zip, ArchiveKind::TarZst] {
        let good = package(kind, 1);
        let mut sink = Kept::default();
        let files = unpack(archive(kind, &good), &PackageLimits::default(), &mut sink).ok().expect("good");
        for at in (0..good.len()).step_by(7) {
            let mut bytes = good.clone();
            bytes[at] ^= 1 << (at % 8);
            let mut sink = Kept::default();
            if let Ok(other) = unpack(archive(kind, &bytes), &PackageLimits::default(), &mut sink) {
                assert!(other == files, "{kind:?} bit at {at} changed the files unseen");
            }
        }
    }
}
