//! What a segment promises: what went in comes out, whatever was damaged is noticed when touched, nothing panics.

use std::borrow::Cow;
use std::io::Read as _;
use std::sync::Arc;

use card::Digest;
use proptest::prelude::*;

use super::*;
use crate::disk::{Bytes, Disk as _};
use crate::memory_disk::MemoryDisk;

fn bytes(content: Vec<u8>) -> Bytes {
    Arc::new(content)
}

fn written(entries: &[(&str, bool, &[u8])]) -> Vec<u8> {
    let disk = MemoryDisk::default();
    let mut writer = SegmentWriter::create(Arc::new(disk.clone()), "vault/s").unwrap();
    for (name, compress, content) in entries {
        writer.begin(name, *compress).unwrap();
        writer.write(content).unwrap();
        let info = writer.end().unwrap();
        assert_eq!(info, EntryInfo { len_bytes: content.len() as u64, digest: Digest::of(content) });
    }
    let info = writer.publish().unwrap();
    let file = disk.read("vault/s").unwrap();
    assert_eq!((info.len_bytes, info.digest), (file.len() as u64, Digest::of(&file)));
    file
}

fn sample() -> Vec<u8> {
    written(&[("photos/b.jpg", false, &[7; 90]), ("applications.csv", true, &b"a,b,c\n".repeat(50)), ("photos/a.jpg", false, b"jpeg"), ("empty", true, b"")])
}

/// Opens, reads and verifies everything; the first thing wrong.
fn read_all(content: Vec<u8>) -> Result<usize, Damaged> {
    let reader = SegmentReader::open(bytes(content))?;
    for entry in reader.entries() {
        entry.content()?;
        entry.verify()?;
    }
    Ok(reader.count())
}

#[test]
fn entries_come_back_by_name_and_raw_ones_are_borrowed() {
    let reader = SegmentReader::open(bytes(sample())).unwrap();
    let names: Vec<&str> = reader.entries().map(|e| e.name()).collect();
    assert_eq!(names, ["applications.csv", "empty", "photos/a.jpg", "photos/b.jpg"]);
    assert!(matches!(reader.get("photos/a.jpg"), Ok(Some(Cow::Borrowed(b"jpeg")))));
    assert_eq!(reader.get("applications.csv").unwrap().unwrap(), b"a,b,c\n".repeat(50));
    assert_eq!(reader.get("empty").unwrap().unwrap().len(), 0);
    assert_eq!(reader.get("photos/c.jpg").unwrap(), None);
    assert_eq!(read_all(sample()), Ok(4));
    let mut streamed = Vec::new();
    reader.stream("applications.csv").unwrap().unwrap().read_to_end(&mut streamed).unwrap();
    assert_eq!(Digest::of(&streamed), reader.find("applications.csv").unwrap().digest());
}

#[test]
fn the_same_content_gives_the_same_bytes_however_it_was_cut_into_writes() {
    let content: Vec<u8> = (0..400_000u32).flat_map(|i| (i / 7 % 997).to_le_bytes()).collect();
    let disk = MemoryDisk::default();
    let mut writer = SegmentWriter::create(Arc::new(disk.clone()), "s").unwrap();
    writer.begin("records", true).unwrap();
    content.chunks(100_000).for_each(|chunk| writer.write(chunk).unwrap());
    writer.end().unwrap();
    writer.add("more", b"after a long one").unwrap();
    writer.publish().unwrap();
    assert!(disk.read("s").unwrap().len() < content.len() / 2, "it is packed");
    let reader = SegmentReader::open(bytes(disk.read("s").unwrap())).unwrap();
    assert_eq!(reader.get("records").unwrap().unwrap(), content);
    let again = MemoryDisk::default();
    let mut writer = SegmentWriter::create(Arc::new(again.clone()), "s").unwrap();
    writer.add("records", &content).unwrap();
    writer.add("more", b"after a long one").unwrap();
    writer.publish().unwrap();
    assert_eq!(again.read("s").unwrap(), disk.read("s").unwrap());
}

#[test]
fn the_bytes_are_the_published_ones() {
    let hex: String = written(&[("n", false, b"xyz")]).iter().map(|b| format!("{b:02x}")).collect();
    let head = "434c5641554c540a0100000000000000";
    let crc = crc32c::crc32c(b"xyz").swap_bytes();
    let row = format!("1000000000000000030000000000000003000000000000000000000001000000{crc:08x}{}", Digest::of(b"xyz"));
    assert_eq!(hex[..32], *head);
    assert_eq!(hex[32..38], *"78797a");
    assert_eq!(hex[38..38 + 136], row);
    assert_eq!(hex[174..176], *"6e");
    assert_eq!(hex[hex.len() - 72..hex.len() - 40], *"13000000000000000100000001000000");
    assert_eq!(hex[hex.len() - 16..], *"434c56454e440d0a");
}

#[test]
fn every_flipped_bit_and_every_truncation_is_noticed() {
    let whole = sample();
    for bit in 0..whole.len() * 8 {
        let mut flipped = whole.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(read_all(flipped).is_err(), "bit {bit}");
    }
    for len in 0..whole.len() {
        assert!(read_all(whole[..len].to_vec()).is_err(), "cut at {len}");
    }
    assert!(read_all([&whole[..], b"x"].concat()).is_err());
}

#[test]
fn damage_to_one_entry_leaves_its_neighbours_readable() {
    let mut file = sample();
    file[HEADER_BYTES + 5] ^= 1;
    let reader = SegmentReader::open(bytes(file)).unwrap();
    assert!(reader.get("photos/b.jpg").is_err());
    assert!(reader.get("photos/a.jpg").is_ok());
}

#[test]
fn a_packed_entry_that_unpacks_to_another_length_is_refused() {
    let whole = written(&[("n", true, &[0; 5000])]);
    for claimed in [4999u64, 5001, 0] {
        let mut file = whole.clone();
        let index_at = file.len() - TRAILER_BYTES - ROW_BYTES - 1;
        file[index_at + 16..index_at + 24].copy_from_slice(&claimed.to_le_bytes());
        let crc = crc32c::crc32c(&file[index_at..file.len() - TRAILER_BYTES]);
        let trailer_at = file.len() - TRAILER_BYTES;
        file[trailer_at + 16..trailer_at + 20].copy_from_slice(&crc.to_le_bytes());
        let own = crc32c::crc32c(&file[trailer_at..trailer_at + 24]);
        file[trailer_at + 24..trailer_at + 28].copy_from_slice(&own.to_le_bytes());
        let reader = SegmentReader::open(bytes(file)).unwrap();
        assert!(reader.get("n").is_err(), "claimed {claimed}");
    }
}

#[test]
fn misuse_is_a_fault_and_an_abandoned_segment_leaves_nothing() {
    let disk = MemoryDisk::default();
    let mut writer = SegmentWriter::create(Arc::new(disk.clone()), "s").unwrap();
    assert!(matches!(writer.write(b"x"), Err(Fault::Invariant(_))));
    writer.begin("n", false).unwrap();
    assert!(matches!(writer.begin("m", false), Err(Fault::Invariant(_))));
    writer.end().unwrap();
    writer.add("n", b"twice").unwrap();
    assert!(matches!(writer.publish(), Err(Fault::Invariant(_))));
    SegmentWriter::create(Arc::new(disk.clone()), "s").unwrap().abandon();
    assert_eq!(disk.names(), [""; 0]);
}

#[test]
fn a_hundred_thousand_names_are_found() {
    let disk = MemoryDisk::default();
    let mut writer = SegmentWriter::create(Arc::new(disk.clone()), "s").unwrap();
    for i in 0..100_000u32 {
        writer.add(&format!("photos/{i}.jpg"), &i.to_le_bytes()).unwrap();
    }
    writer.publish().unwrap();
    let reader = SegmentReader::open(disk.map("s").unwrap()).unwrap();
    for i in (0..100_000u32).step_by(977) {
        assert_eq!(*reader.get(&format!("photos/{i}.jpg")).unwrap().unwrap(), i.to_le_bytes());
    }
    assert!(reader.find("photos/100000.jpg").is_none());
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(content in proptest::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(read_all(content).is_err());
    }

    #[test]
    fn a_forged_index_never_panics(patch in proptest::collection::vec((0usize..4 * ROW_BYTES, any::<u8>()), 1..20)) {
        let mut file = sample();
        let (names, trailer_at) = (46, file.len() - TRAILER_BYTES);
        let index_at = trailer_at - names - 4 * ROW_BYTES;
        patch.iter().for_each(|&(at, byte)| file[index_at + at] = byte);
        let crc = crc32c::crc32c(&file[index_at..trailer_at]);
        file[trailer_at + 16..trailer_at + 20].copy_from_slice(&crc.to_le_bytes());
        let own = crc32c::crc32c(&file[trailer_at..trailer_at + 24]);
        file[trailer_at + 24..trailer_at + 28].copy_from_slice(&own.to_le_bytes());
        let _ = read_all(file);
    }
}
