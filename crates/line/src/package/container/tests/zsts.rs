//! zstd frames that would fill memory or disk (A04–A06, A18).

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use card::Code;

use crate::package::testing::{Kept, archive, codes_of, package, unpacked};
use crate::package::{ArchiveKind, PackageLimits, Source, Stop, unpack};

fn compressed(bytes: &[u8], window_log: u32) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).expect("an encoder");
    encoder.window_log(window_log).expect("a window");
    encoder.write_all(bytes).expect("in memory");
    encoder.finish().expect("in memory")
}

fn tar_of(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut header = tar::Header::new_ustar();
    header.set_size(bytes.len() as u64);
    header.set_mode(0o644);
    let mut builder = tar::Builder::new(Vec::new());
    builder.append_data(&mut header, name, bytes).expect("in memory");
    builder.into_inner().expect("in memory")
}

/// Counts what is read of it.
struct Counted(std::io::Cursor<Vec<u8>>, Arc<AtomicU64>);

impl std::io::Read for Counted {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let got = self.0.read(out)?;
        self.1.fetch_add(got as u64, Ordering::Relaxed);
        Ok(got)
    }
}

impl std::io::Seek for Counted {
    fn seek(&mut self, to: std::io::SeekFrom) -> std::io::Result<u64> {
        self.0.seek(to)
    }
}

#[test]
fn a05_a_bomb_stops_at_the_ratio() {
    let bomb = compressed(&tar_of("applications.csv", &vec![b'a'; 200 << 20]), 20);
    assert!(bomb.len() < 100_000, "{}", bomb.len());
    let mut sink = Kept::default();
    let Err(Stop::SetAside(reasons)) = unpack(archive(ArchiveKind::TarZst, &bomb), &PackageLimits::default(), &mut sink) else { panic!("passed") };
    assert_eq!(reasons[0].code, Code::Pkg05);
    assert!(sink.bytes <= 9 << 20, "{} bytes came out", sink.bytes);
}

#[test]
fn a05_a_flood_of_zeros_after_the_end_mark_is_a_bomb_too() {
    let bytes = [package(ArchiveKind::Tar, 1), vec![0; 100 << 20]].concat();
    assert_eq!(codes_of(ArchiveKind::TarZst, &compressed(&bytes, 20)), [Code::Pkg05]);
}

#[test]
fn a06_windows_beyond_8_mib_are_refused_before_decoding() {
    let tar = tar_of("applications.csv", &crate::package::testing::noise(1, 20 << 20));
    for window_log in 24..=27 {
        let read = Arc::new(AtomicU64::new(0));
        let bytes = compressed(&tar, window_log);
        let len_bytes = bytes.len() as u64;
        let reader = Box::new(Counted(std::io::Cursor::new(bytes), read.clone()));
        let source = Source::Archive { kind: ArchiveKind::TarZst, reader, len_bytes };
        assert_eq!(unpacked(source).err(), Some(vec![Code::Pkg05]), "{window_log}");
        assert!(read.load(Ordering::Relaxed) <= 18, "only the frame header is read");
    }
    assert_eq!(codes_of(ArchiveKind::TarZst, &compressed(&tar, 23)), []);
}

#[test]
fn a06_a_single_segment_frame_states_its_memory_as_its_size() {
    // Magic, descriptor with an 8-byte content size and the single-segment bit, 1 GiB.
    let mut head = vec![0x28, 0xB5, 0x2F, 0xFD, 0xE0];
    head.extend_from_slice(&(1u64 << 30).to_le_bytes());
    head.extend_from_slice(&[1, 0, 0, 0, 0]);
    assert_eq!(codes_of(ArchiveKind::TarZst, &head), [Code::Pkg05]);
}

#[test]
fn a18_a_frame_that_declares_more_than_a_package() {
    let mut head = vec![0x28, 0xB5, 0x2F, 0xFD, 0xC0, 0x58];
    head.extend_from_slice(&(5u64 << 30).to_le_bytes());
    head.extend_from_slice(&[1, 0, 0, 0]);
    assert_eq!(codes_of(ArchiveKind::TarZst, &head), [Code::Pkg14]);
}

#[test]
fn a04_one_frame_only() {
    let one = package(ArchiveKind::TarZst, 1);
    assert_eq!(codes_of(ArchiveKind::TarZst, &[one.clone(), compressed(b"more", 20)].concat()), [Code::Pkg04]);
    let skippable = [0x50, 0x2A, 0x4D, 0x18, 1, 0, 0, 0, 9];
    assert_eq!(codes_of(ArchiveKind::TarZst, &[one.clone(), skippable.to_vec()].concat()), [Code::Pkg04]);
    assert_eq!(codes_of(ArchiveKind::TarZst, &[skippable.to_vec(), one].concat()), [Code::Pkg03]);
}
