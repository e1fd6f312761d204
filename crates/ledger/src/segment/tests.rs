//! What a segment promises: what went in comes out with its key and with no other, whatever was damaged is noticed when touched,
//! nothing panics.

use std::io::Read as _;
use std::sync::Arc;

use card::Digest;
use proptest::prelude::*;

use super::*;
use crate::disk::{Bytes, Disk as _};
use crate::memory_disk::MemoryDisk;

const SALT: [u8; SALT_BYTES] = [5; SALT_BYTES];

fn key(n: u8) -> DataKey {
    DataKey::new(zeroize::Zeroizing::new([n; KEY_BYTES]))
}

fn create(disk: &MemoryDisk, path: &str) -> SegmentWriter {
    SegmentWriter::create(Arc::new(disk.clone()), path, &key(1), SALT).unwrap()
}

fn open(content: Vec<u8>) -> Result<SegmentReader, Unreadable> {
    SegmentReader::open(bytes(content), &key(1))
}

fn bytes(content: Vec<u8>) -> Bytes {
    Arc::new(content)
}

fn written(entries: &[(&str, bool, &[u8])]) -> Vec<u8> {
    let disk = MemoryDisk::default();
    let mut writer = create(&disk, "vault/s");
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
fn read_all(content: Vec<u8>) -> Result<usize, Unreadable> {
    let reader = open(content)?;
    for entry in reader.entries() {
        entry.content()?;
        entry.verify()?;
    }
    Ok(reader.count())
}

#[test]
fn entries_come_back_by_name() {
    let reader = open(sample()).unwrap();
    let names: Vec<&str> = reader.entries().map(|e| e.name()).collect();
    assert_eq!(names, ["applications.csv", "empty", "photos/a.jpg", "photos/b.jpg"]);
    assert_eq!(reader.get("photos/a.jpg").unwrap().unwrap(), b"jpeg");
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
    let mut writer = create(&disk, "s");
    writer.begin("records", true).unwrap();
    content.chunks(100_000).for_each(|chunk| writer.write(chunk).unwrap());
    writer.end().unwrap();
    writer.add("more", b"after a long one").unwrap();
    writer.publish().unwrap();
    assert!(disk.read("s").unwrap().len() < content.len() / 2, "it is packed");
    let reader = open(disk.read("s").unwrap()).unwrap();
    assert_eq!(reader.get("records").unwrap().unwrap(), content);
    let again = MemoryDisk::default();
    let mut writer = create(&again, "s");
    writer.add("records", &content).unwrap();
    writer.add("more", b"after a long one").unwrap();
    writer.publish().unwrap();
    assert_eq!(again.read("s").unwrap(), disk.read("s").unwrap());
}

/// Written by hand from FORMAT.md §3: header, one sealed chunk, the sealed index, the trailer.
#[test]
fn the_bytes_are_the_published_ones() {
    use chacha20poly1305::aead::AeadInOut as _;
    use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
    let aead = XChaCha20Poly1305::new(&[1; 32].into());
    let front = [&b"CLVAULT\n"[..], &2_u32.to_le_bytes(), &[0; 4]].concat();
    let sealed = |entry: u32, content: &[u8]| {
        let nonce: [u8; 24] = [&[5; 16][..], &entry.to_le_bytes(), &0x8000_0000_u32.to_le_bytes()].concat().try_into().unwrap();
        let mut out = content.to_vec();
        let tag = aead.encrypt_inout_detached(&XNonce::from(nonce), &front, out.as_mut_slice().into()).unwrap();
        [&out[..], &tag].concat()
    };
    let header = [&front[..], &[5; 16]].concat();
    let entry = sealed(0, b"xyz");
    let numbers = [&32_u64.to_le_bytes()[..], &19_u64.to_le_bytes(), &3_u64.to_le_bytes(), &0_u32.to_le_bytes(), &1_u16.to_le_bytes(), &[0; 2]].concat();
    let row = [&numbers[..], &crc32c::crc32c(&entry).to_le_bytes(), &Digest::of(b"xyz").0, &0_u32.to_le_bytes(), b"n"].concat();
    let index = sealed(u32::MAX, &row);
    let trailer = [&51_u64.to_le_bytes()[..], &1_u32.to_le_bytes(), &1_u32.to_le_bytes(), &crc32c::crc32c(&index).to_le_bytes(), &[0; 4]].concat();
    let crc = crc32c::crc32c(&[&header[..], &trailer].concat()).to_le_bytes();
    let page = [&header[..], &entry, &index, &trailer, &crc, b"CLVEND\r\n"].concat();
    assert_eq!(written(&[("n", false, b"xyz")]), page);
}

#[test]
fn nothing_opens_with_another_key_and_that_is_told_from_damage() {
    let file = sample();
    assert_eq!(SegmentReader::open(bytes(file.clone()), &key(2)).err(), Some(Unreadable::OtherKey));
    assert!(matches!(Unreadable::OtherKey.at("vault/s"), Fault::Refused { code: Code::Key02, .. }));
    let mut flipped = file;
    flipped[16] ^= 1;
    assert!(matches!(SegmentReader::open(bytes(flipped), &key(1)).err(), Some(Unreadable::Damaged { .. })), "a salt that isn't the file's own");
}

#[test]
fn nothing_that_went_in_lies_open_in_the_file() {
    let file = written(&[("photos/secret-name.jpg", false, &[0xAB; 200_000]), ("records", true, b"an applicant's name")]);
    for open in [&b"secret-name"[..], &[0xAB; 12], b"applicant", Digest::of(&[0xAB; 200_000]).0.as_slice()] {
        assert!(!file.windows(open.len()).any(|w| w == open), "{open:?}");
    }
}

#[test]
fn another_salt_gives_other_bytes_of_the_same_content() {
    let disk = MemoryDisk::default();
    let mut writer = SegmentWriter::create(Arc::new(disk.clone()), "s", &key(1), [6; SALT_BYTES]).unwrap();
    writer.begin("n", false).unwrap();
    writer.write(b"xyz").unwrap();
    writer.end().unwrap();
    writer.publish().unwrap();
    let (one, other) = (written(&[("n", false, b"xyz")]), disk.read("s").unwrap());
    let same = one.iter().zip(&other).skip(HEADER_BYTES).take(19).filter(|(a, b)| a == b).count();
    assert!(same < 8, "{same} of 19 bytes alike");
    assert_eq!(open(other).unwrap().get("n").unwrap().unwrap(), b"xyz");
}

/// Around the border of a chunk, raw and packed, whole and streamed.
#[test]
fn entries_of_any_number_of_chunks_come_back() {
    for len in [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES, 3 * CHUNK_BYTES + 5] {
        let content: Vec<u8> = (0..len as u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let file = written(&[("raw", false, &content), ("packed", true, &content)]);
        let reader = open(file).unwrap();
        for name in ["raw", "packed"] {
            assert!(reader.get(name).unwrap().unwrap() == content, "{name} of {len} bytes");
            let mut streamed = Vec::new();
            reader.stream(name).unwrap().unwrap().read_to_end(&mut streamed).unwrap();
            assert!(streamed == content, "{name} of {len} bytes, streamed");
        }
        let stored = reader.find("raw").unwrap().row.stored_bytes;
        assert_eq!((stored, content_len(stored)), (sealed_len(len as u64), Some(len as u64)));
    }
    assert_eq!([0, 15, 65_552 + 16, 65_552 + 15].map(content_len), [None; 4], "nothing is sealed to these lengths");
}

/// Chunks swapped, repeated or left out, with every checksum made right again: the seals say no.
#[test]
fn chunks_in_another_order_or_number_are_refused() {
    let sealed = CHUNK_BYTES + TAG_BYTES;
    let whole = written(&[("n", false, &vec![7; 2 * CHUNK_BYTES])]);
    let cipher = seal::Cipher::new(&key(1), SALT);
    let entry = &whole[HEADER_BYTES..HEADER_BYTES + 2 * sealed];
    let (first, second) = entry.split_at(sealed);
    assert!(cipher.open_all(0, entry).is_some());
    assert!(cipher.open_all(1, entry).is_none(), "another entry's");
    for forged in [[second, first].concat(), [first, first].concat(), [second, second].concat(), first.to_vec(), second.to_vec()] {
        assert!(cipher.open_all(0, &forged).is_none());
        let mut streamed = Vec::new();
        assert!(seal::Opening::new(&cipher, 0, &forged).read_to_end(&mut streamed).is_err());
    }
}

#[test]
fn an_older_and_a_later_version_are_told() {
    for (version, told) in [(1_u32, "CFG-07"), (3, "reads up to 2")] {
        let mut file = sample();
        file[8..12].copy_from_slice(&version.to_le_bytes());
        let fault = open(file).err().unwrap().at("vault/s").to_string();
        assert!(fault.contains(told), "{fault}");
    }
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
    let reader = open(file).unwrap();
    assert!(reader.get("photos/b.jpg").is_err());
    assert!(reader.get("photos/a.jpg").is_ok());
}

/// The file with its index changed by `forge` and sealed anew, as only the key's holder could.
fn forged(mut file: Vec<u8>, forge: impl FnOnce(&mut [u8])) -> Vec<u8> {
    let trailer_at = file.len() - TRAILER_BYTES;
    let index_at = u64::from_le_bytes(file[trailer_at..trailer_at + 8].try_into().unwrap()) as usize;
    let cipher = seal::Cipher::new(&key(1), SALT);
    let mut plain = cipher.open_all(INDEX_ENTRY, &file[index_at..trailer_at]).unwrap();
    forge(&mut plain);
    let mut sealing = seal::Sealing::new(INDEX_ENTRY, Vec::new());
    let mut sealed = Vec::new();
    let mut put = |bytes: &[u8]| {
        sealed.extend_from_slice(bytes);
        Ok(())
    };
    sealing.push(&cipher, &plain, &mut put).unwrap();
    sealing.finish(&cipher, &mut put).unwrap();
    file[index_at..trailer_at].copy_from_slice(&sealed);
    file[trailer_at + 16..trailer_at + 20].copy_from_slice(&crc32c::crc32c(&sealed).to_le_bytes());
    let own = crc32c::crc32c_append(crc32c::crc32c(&file[..HEADER_BYTES]), &file[trailer_at..trailer_at + 24]);
    file[trailer_at + 24..trailer_at + 28].copy_from_slice(&own.to_le_bytes());
    file
}

#[test]
fn a_packed_entry_that_unpacks_to_another_length_is_refused() {
    let whole = written(&[("n", true, &[0; 5000])]);
    assert!(open(forged(whole.clone(), |_| ())).unwrap().get("n").is_ok());
    for claimed in [4999u64, 5001, 0] {
        let file = forged(whole.clone(), |index| index[16..24].copy_from_slice(&claimed.to_le_bytes()));
        assert!(open(file).unwrap().get("n").is_err(), "claimed {claimed}");
    }
}

#[test]
fn misuse_is_a_fault_and_an_abandoned_segment_leaves_nothing() {
    let disk = MemoryDisk::default();
    let mut writer = create(&disk, "s");
    assert!(matches!(writer.write(b"x"), Err(Fault::Invariant(_))));
    writer.begin("n", false).unwrap();
    assert!(matches!(writer.begin("m", false), Err(Fault::Invariant(_))));
    writer.end().unwrap();
    writer.add("n", b"twice").unwrap();
    assert!(matches!(writer.publish(), Err(Fault::Invariant(_))));
    create(&disk, "s").abandon();
    assert_eq!(disk.names(), [""; 0]);
}

#[test]
fn a_hundred_thousand_names_are_found() {
    let disk = MemoryDisk::default();
    let mut writer = create(&disk, "s");
    for i in 0..100_000u32 {
        writer.add(&format!("photos/{i}.jpg"), &i.to_le_bytes()).unwrap();
    }
    writer.publish().unwrap();
    let reader = open(disk.read("s").unwrap()).unwrap();
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
        let file = forged(sample(), |index| patch.iter().for_each(|&(at, byte)| index[at] = byte));
        let _ = read_all(file);
    }
}
