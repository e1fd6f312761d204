//! Round trips, damage and hostile bytes of the binary encode file.

use card::{BatchId, Card};
use proptest::prelude::*;

use super::*;
use crate::image::{ChipImage, decode, image, image_with_portrait};
use crate::samples::{card, profile, with_portrait};

fn file(cards: &[Card], images: &[ChipImage]) -> Vec<u8> {
    let mut out = Vec::new();
    dgi_header(&BatchId::parse("B20250601-01").unwrap(), 3, cards.len() as u32, &mut out);
    for (card, image) in cards.iter().zip(images) {
        dgi_card(card, image, &mut out).unwrap();
    }
    out
}

fn two() -> (Vec<Card>, Vec<u8>) {
    let cards = vec![card(1), card(2)];
    let images: Vec<ChipImage> = cards.iter().map(|c| image(c, &profile().chip).unwrap()).collect();
    let bytes = file(&cards, &images);
    (cards, bytes)
}

#[test]
fn a_file_reads_back_to_the_same_chip() {
    let (cards, bytes) = two();
    let reader = DgiReader::open(&bytes).unwrap();
    assert_eq!((reader.batch.as_str(), reader.job, reader.count), ("B20250601-01", 3, 2));
    for (card, read) in cards.iter().zip(reader) {
        let read = read.unwrap();
        assert_eq!((read.position, read.generation, read.number), (card.position, card.generation, card.number.as_str()));
        assert_eq!(read.record, card.record_digest);
        let files = files_of(&read.groups).unwrap();
        assert!(files == image(card, &profile().chip).unwrap().files);
        assert!(decode(&files, &profile().chip).is_ok());
    }
    assert_eq!(dgi_records(&bytes), Ok(cards.iter().map(|c| c.record_digest).collect()));
}

/// The bytes of docs/formats/encode.md, so that another reader can be written from it.
#[test]
fn the_documented_bytes() {
    let (_, bytes) = two();
    assert_eq!(&bytes[..8], b"CLDGI\0\0\x01");
    assert_eq!(&bytes[8..28], b"B20250601-01\0\0\0\x03\0\0\0\x02");
    assert_eq!(&bytes[32..36], b"CARD");
    assert_eq!(&bytes[36..53], b"\0\0\0\x02\0\0\0\x01H00000012");
    let stream = &bytes[73..];
    assert_eq!(&stream[..10], [0x00, 0x62, 22, 0x62, 20, 0x82, 0x01, 0x38, 0x84, 15]);
    assert_eq!(&stream[25..49], [0x00, 0x62, 24, 0x62, 22, 0x80, 2, 0, 46, 0x82, 5, 5, 1, 0, 14, 6, 0x83, 2, 0xEF, 0x05, 0x86, 2, 0x00, 0x0B]);
    assert_eq!(&stream[49..58], [0x88, 1, 5 << 3, 0x05, 0x02, 3, 0x02, 1, b'1']);
    assert_eq!(&stream[58..67], [0x05, 0x03, 6, 0x03, 4, b'3', b'.', b'0', b'0']);
}

#[test]
fn a_picture_takes_the_long_form_and_reads_back() {
    let layout = with_portrait().chip;
    for len in [1, 254, 255, 256, 4_096] {
        let jpeg = vec![7; len];
        let image = image_with_portrait(&card(1), &layout, Some(&jpeg)).unwrap();
        let bytes = file(&[card(1)], std::slice::from_ref(&image));
        let read = DgiReader::open(&bytes).unwrap().next().unwrap().unwrap();
        assert!(files_of(&read.groups).unwrap() == image.files, "{len}");
    }
}

#[test]
fn an_unwritable_card_leaves_nothing() {
    let mut out = b"before".to_vec();
    let good = image(&card(1), &profile().chip).unwrap();
    let mut short = card(1);
    short.number.pop();
    assert!(dgi_card(&short, &good, &mut out).is_err());
    let mut empty = image_with_portrait(&card(1), &with_portrait().chip, Some(b"")).unwrap();
    assert!(dgi_card(&card(1), &empty, &mut out).is_err());
    empty.files.last_mut().unwrap().content = Content::Transparent(vec![0; 65_536]);
    assert!(dgi_card(&card(1), &empty, &mut out).is_err());
    assert_eq!(out, b"before");
}

#[test]
fn every_cut_and_every_addition_is_seen() {
    let (_, bytes) = two();
    for end in 0..bytes.len() {
        assert!(dgi_records(&bytes[..end]).is_err(), "{end}");
    }
    assert!(dgi_records(&[&bytes[..], &[0]].concat()).unwrap_err().contains("after the last card"));
}

#[test]
fn every_wrong_byte_is_seen() {
    let (_, good) = two();
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 0x40;
        assert!(dgi_records(&bad).is_err(), "{at}");
    }
}

/// With a right checksum the groups still have to be whole, minimal and belong to files.
#[test]
fn malformed_groups_are_refused() {
    let folder: &[u8] = &[0x62, 6, 0x82, 1, 0x38, 0x84, 1, b'F'];
    let records: &[u8] = &[0x62, 22, 0x80, 2, 0, 3, 0x82, 5, 5, 1, 0, 3, 1, 0x83, 2, 0xEF, 5, 0x86, 2, 0, 0, 0x88, 1, 5 << 3];
    let group = |dgi, value| Dgi { dgi, value };
    let good = [group(0x62, folder), group(0x62, records), group(0x0507, &[7, 1, 9][..])];
    assert!(files_of(&good).is_ok());
    for bad in [
        &[good[1], good[2]][..],
        &[good[0], good[2]],
        &[good[0], good[1]],
        &[good[0], good[1], good[1], good[2]],
        &[good[0], good[1], good[2], good[2]],
        &[good[0], good[1], group(0x0607, &[7, 1, 9])],
        &[good[0], good[1], group(0x0508, &[7, 1, 9])],
        &[good[0], good[1], group(0x0507, &[7, 2, 9])],
        &[good[0], good[1], group(0x0507, &[])],
        &[group(0x62, &folder[..7]), good[1], good[2]],
        &[group(0x62, &[0x62, 0]), good[1], good[2]],
    ] {
        assert!(files_of(bad).is_err());
    }
}

proptest! {
    #[test]
    fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..200), at in 0usize..2_000) {
        let _ = dgi_records(&bytes);
        let (_, mut good) = two();
        let at = at % good.len();
        good.splice(at..at, bytes.iter().copied());
        prop_assert!(bytes.is_empty() || dgi_records(&good).is_err());
    }

    #[test]
    fn groups_read_back_whatever_their_length(lens in proptest::collection::vec(1usize..700, 0..8)) {
        let mut stream = Vec::new();
        for len in &lens {
            write::put_dgi(0x0801, &vec![1; *len], &mut stream).unwrap();
        }
        let read = read::groups(&stream).unwrap();
        prop_assert_eq!(read.iter().map(|g| g.value.len()).collect::<Vec<_>>(), lens);
        prop_assert!(stream.is_empty() || read::groups(&stream[..stream.len() - 1]).is_err());
    }

    #[test]
    fn lengths_in_long_form_without_need_are_refused(len in 0u16..255) {
        let mut stream = vec![0x08, 0x01, 0xFF];
        stream.extend_from_slice(&len.to_be_bytes());
        stream.extend(vec![1; usize::from(len)]);
        prop_assert!(read::groups(&stream).is_err());
        prop_assert!(read::groups(&[0x08, 0x01, 0]).is_err());
    }

    #[test]
    fn any_groups_are_answered(groups in proptest::collection::vec((any::<u16>(), proptest::collection::vec(any::<u8>(), 0..30)), 0..6)) {
        let groups: Vec<Dgi> = groups.iter().map(|(dgi, value)| Dgi { dgi: if dgi % 3 == 0 { 0x62 } else { *dgi }, value }).collect();
        let _ = files_of(&groups);
    }
}
