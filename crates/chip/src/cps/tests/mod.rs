//! Round trips of the encode file, what its keys and MACs are, and its documented bytes.

mod hostile;

use card::profile::chip::{ChipLayout, Condition, KeyUse};
use card::{BatchId, Card};

use super::*;
use crate::image::{ChipImage, Content, Permission, decode, image, image_with_portrait};
use crate::keys::samples::{MAC, TRANSPORT, key, software, without_mac};
use crate::keys::{KeyRequest, SoftwareKeys};
use crate::samples::{card, profile, with_portrait};
use crate::sm::Sm4Key;

const JOB: u32 = 1;

fn batch() -> BatchId {
    BatchId::parse("B20250601-01").unwrap()
}

fn keyless() -> ChipLayout {
    let mut layout = profile().chip;
    layout.key.clear();
    layout.file.iter_mut().for_each(|f| f.access = Default::default());
    layout.reserved.iter_mut().for_each(|f| f.access = Default::default());
    layout
}

fn file_of(cards: &[Card], images: &[ChipImage], layout: &ChipLayout, keys: Option<&SoftwareKeys>) -> Vec<u8> {
    let writer = CpsWriter::new(layout, keys.map(|k| k as _)).ok().unwrap();
    let requests: Vec<KeyRequest> = cards.iter().map(|c| KeyRequest::new(c, profile().keys, None).unwrap()).collect();
    let derived = writer.derive(&requests).unwrap();
    let mut out = Vec::new();
    writer.header(&batch(), JOB, cards.len() as u32, &mut out);
    for (n, (card, image)) in cards.iter().zip(images).enumerate() {
        writer.card(card, image, &derived, n, &mut out).unwrap();
    }
    out
}

fn two_of(layout: &ChipLayout, keys: Option<&SoftwareKeys>) -> Vec<u8> {
    let cards = [card(1), card(2)];
    let images: Vec<ChipImage> = cards.iter().map(|c| image(c, layout).unwrap()).collect();
    file_of(&cards, &images, layout, keys)
}

fn two() -> Vec<u8> {
    let layout = profile().chip;
    two_of(&layout, Some(&software(&layout)))
}

fn read(bytes: &[u8]) -> Result<Vec<CpsCard<'_>>, String> {
    CpsReader::open(bytes)?.collect()
}

/// Where a run of bytes is, once.
fn find(bytes: &[u8], run: &[u8]) -> usize {
    let at: Vec<usize> = bytes.windows(run.len()).enumerate().filter(|(_, w)| *w == run).map(|(at, _)| at).collect();
    assert_eq!(at.len(), 1, "{run:02X?}");
    at[0]
}

#[test]
fn a_file_reads_back_to_the_same_chip() {
    let layout = profile().chip;
    let bytes = two();
    let reader = CpsReader::open(&bytes).unwrap();
    assert_eq!((reader.batch.as_str(), reader.job, reader.count), ("B20250601-01", 1, 2));
    for (wanted, read) in [card(1), card(2)].iter().zip(reader) {
        let read = read.unwrap();
        assert_eq!((read.position, read.generation, read.number), (wanted.position, wanted.generation, wanted.number.as_str()));
        assert_eq!(read.record, wanted.record_digest);
        let files = files_of(&read);
        assert!(files == image(wanted, &layout).unwrap().files);
        assert!(decode(&files, &layout).is_ok());
    }
    assert_eq!(cps_records(&bytes), Ok(vec![card(1).record_digest, card(2).record_digest]));
}

#[test]
fn access_and_keys_are_the_layouts() {
    let bytes = two();
    let one = &read(&bytes).unwrap()[0];
    let access: Vec<(u16, Permission, Permission)> = one.modules.iter().flat_map(|m| &m.files).map(|f| (f.id, f.access.read, f.access.update)).collect();
    assert_eq!(
        access,
        [
            (0xEF05, Permission::Free, Permission::Key(0x0B)),
            (0xEF06, Permission::Key(0x0A), Permission::Key(0x0B)),
            (0xEF07, Permission::Key(0x0A), Permission::Key(0x0B)),
            (0xEF08, Permission::Key(0x0A), Permission::Key(0x0B)),
            (0xEF0A, Permission::Free, Permission::Key(0x0C)),
            (0xEF16, Permission::Free, Permission::Key(0x0C)),
        ]
    );
    let keys: Vec<(u8, KeyUse)> = one.modules.iter().flat_map(|m| &m.keys.as_ref().unwrap().keys).map(|(k, _)| (k.id, k.purpose)).collect();
    let (internal, external) = (KeyUse::InternalAuthentication, KeyUse::ExternalAuthentication);
    assert_eq!(keys, [(0x01, internal), (0x0A, external), (0x0B, external), (0x0C, external)]);
}

/// What a device does: decrypt with a block of zeros first, see that the nonce is this card's, and that each key has its check value.
#[test]
fn a_device_finds_keys_that_have_their_check_values() {
    let bytes = two();
    let transport = Sm4Key::new(&key(TRANSPORT));
    for (n, one) in read(&bytes).unwrap().iter().enumerate() {
        let request = KeyRequest::new(&card(n as u32 + 1), profile().keys, None).unwrap();
        for (m, module) in one.modules.iter().enumerate() {
            let keys = module.keys.as_ref().unwrap();
            let mut clear = keys.cryptogram.to_vec();
            transport.decrypt_cbc(&[0; 16], &mut clear).unwrap();
            let (blocks, _) = clear.as_chunks::<16>();
            assert_eq!(blocks[0], request.nonce(m));
            for (value, (_, check)) in blocks[1..].iter().zip(&keys.keys) {
                let mut zeros = [0; 16];
                Sm4Key::of(value).encrypt_block(&mut zeros);
                assert_eq!(zeros[..3], *check);
            }
        }
    }
}

#[test]
fn the_mac_is_over_everything_before_it() {
    let bytes = two();
    for one in read(&bytes).unwrap() {
        assert_eq!(one.mac, Some(&Sm4Key::new(&key(MAC)).cmac(one.sealed)));
        assert!(one.sealed.starts_with(b"CARD"));
    }
}

/// No clear key, and no master, transport or MAC key, is anywhere in the file.
#[test]
fn no_key_value_is_in_the_file() {
    let layout = profile().chip;
    let bytes = two();
    for n in (1..=layout.key.len() as u8).chain([TRANSPORT, MAC]) {
        assert!(!bytes.windows(16).any(|w| w == [n; 16]));
    }
    for one in read(&bytes).unwrap() {
        for keys in one.modules.iter().filter_map(|m| m.keys.as_ref()) {
            let mut clear = keys.cryptogram.to_vec();
            Sm4Key::new(&key(TRANSPORT)).decrypt_cbc(&[0; 16], &mut clear).unwrap();
            assert!(clear.as_chunks::<16>().0[1..].iter().all(|value| !bytes.windows(16).any(|w| w == value)));
        }
    }
}

#[test]
fn without_keys_there_is_nothing_about_them() {
    let layout = keyless();
    let bytes = two_of(&layout, None);
    assert_eq!(bytes[28..32], [0, 2, 0, 0]);
    for one in read(&bytes).unwrap() {
        assert!(one.mac.is_none() && one.modules.iter().all(|m| m.keys.is_none()));
        assert!(one.modules.iter().all(|m| m.files.iter().all(|f| f.access.read == Permission::Free)));
        assert!(files_of(&one) == image(&card(one.position - 1), &layout).unwrap().files);
    }
}

/// Who initialises the chips loads the keys: the conditions name them all the same.
#[test]
fn without_keys_the_layouts_conditions_stand() {
    let layout = profile().chip;
    let (bytes, with_keys) = (two_of(&layout, None), two());
    assert_eq!(bytes[28..32], [0, 2, 0, 0]);
    for (bare, keyed) in read(&bytes).unwrap().iter().zip(read(&with_keys).unwrap()) {
        assert!(bare.mac.is_none() && bare.modules.iter().all(|m| m.keys.is_none()));
        assert!(files_of(bare) == files_of(&keyed) && files_of(bare) == image(&card(bare.position - 1), &layout).unwrap().files);
        assert!(files_of(bare).iter().any(|f| f.access.read == Permission::Key(0x0A)));
    }
    let no_transport = SoftwareKeys::default();
    assert!(CpsWriter::new(&layout, Some(&no_transport)).is_err_and(|f| f == CpsFault::Keys(KeyFault::NoTransport)));
}

#[test]
fn a_mac_key_alone_seals_a_card_without_keys_and_keys_alone_leave_it_unsealed() {
    let layout = keyless();
    let mac_only = software(&layout);
    let bytes = two_of(&layout, Some(&mac_only));
    let reader = CpsReader::open(&bytes).unwrap();
    assert!(reader.declared.transport.is_none() && reader.declared.mac.is_some());
    assert!(read(&bytes).unwrap().iter().all(|c| c.mac == Some(&Sm4Key::new(&key(MAC)).cmac(c.sealed))));
    let layout = profile().chip;
    let bytes = two_of(&layout, Some(&without_mac(&layout)));
    assert!(read(&bytes).unwrap().iter().all(|c| c.mac.is_none() && c.modules.iter().all(|m| m.keys.is_some())));
}

/// The bytes of docs/formats/cps.md, so that another reader can be written from it.
#[test]
fn the_documented_bytes() {
    let bytes = two();
    assert_eq!(bytes[..28], *b"CLDGI\0\0\x02B20250601-01\0\0\0\x01\0\0\0\x02");
    assert_eq!(bytes[28..32], [0, 24, 0x10, 1]);
    assert_eq!((&bytes[35..42], bytes[42], bytes[43]), (&b"\x06TK-DEV"[..], 1, 1));
    assert_eq!(&bytes[47..54], b"\x06MK-DEV");
    let record = &bytes[58..];
    assert_eq!(record[..37], *b"CARDB20250601-01\0\0\0\x01\0\0\0\x02\0\0\0\x01H00000012");
    assert_eq!(record[53..57], *b"02.1");
    let list = &record[59..];
    assert_eq!(list[..7], [0, 28, 0, b'0', b'0', 0, 2]);
    assert_eq!((list[7], &list[8..14], list[23], &list[24..30]), (15, &b"sx1.sh"[..], 6, &[0xD1, 0x56, 0, 0, 5, 0][..]));
    let application = &list[32..];
    assert_eq!((application[0], application[1], application[17], application[18]), (27, 15, 10, 1));
    assert_eq!((application[19], &application[23..28]), (1, &[0x20, 0x10, 1, 0x80, 0][..]));
    assert_eq!(application[28..53], *b"\0\x17\0\0\x14\x13\x0F\x01\xEF\0\x0C\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
    assert_eq!(application[53..55], [0, 0]);
    assert_eq!(application[57..59], [0xEF, 0x82]);
    let stream = &application[61..];
    assert_eq!(stream[..10], [0x00, 0x62, 22, 0x62, 20, 0x82, 0x01, 0x38, 0x84, 15]);
    assert_eq!(stream[25..47], [0x00, 0x62, 25, 0x62, 23, 0x80, 2, 0, 46, 0x82, 5, 5, 1, 0, 14, 6, 0x83, 2, 0xEF, 0x05, 0x88, 1]);
    assert_eq!(stream[47..53], [5 << 3, 0x8C, 3, 3, 0x2B, 0]);
    assert_eq!(stream[53..59], [0x05, 0x02, 3, 0x02, 1, b'1']);
    let keys = &stream[find(&stream[..600], &[0x00, 0xB9, 51])..];
    assert_eq!(keys[3..20], [0xB9, 15, 0x95, 1, 0x40, 0x80, 1, 3, 0x81, 1, 16, 0x82, 1, 0x01, 0x83, 1, 1]);
    assert_eq!(keys[54..57], [0x80, 0, 64]);
    assert_eq!(keys[121..124], [0x90, 0, 9]);
    assert_eq!(bytes[bytes.len() - 24..bytes.len() - 21], [0x7F, 0xFF, 16]);
    assert_eq!(bytes[bytes.len() - 5], 0);
}

#[test]
fn a_picture_takes_the_long_form_and_reads_back() {
    let layout = with_portrait().chip;
    for len in [1, 254, 255, 256, 4_096] {
        let image = image_with_portrait(&card(1), &layout, Some(&vec![7; len])).unwrap();
        let bytes = file_of(&[card(1)], std::slice::from_ref(&image), &layout, Some(&software(&layout)));
        assert!(files_of(&read(&bytes).unwrap()[0]) == image.files, "{len}");
    }
}

/// BER lengths of the data of an application: 7F and FF are the last of their forms.
#[test]
fn streams_of_every_length_read_back() {
    let mut layout = with_portrait().chip;
    layout.key.clear();
    layout.file.clear();
    layout.reserved.clear();
    let portrait = layout.portrait.as_mut().unwrap();
    portrait.access = Default::default();
    for len in (1..300).step_by(7).chain([73, 74, 75, 76, 77, 200, 201, 202, 203, 204, 205]) {
        let image = image_with_portrait(&card(1), &layout, Some(&vec![7; len])).unwrap();
        let bytes = file_of(&[card(1)], std::slice::from_ref(&image), &layout, None);
        assert!(files_of(&read(&bytes).unwrap()[0]) == image.files, "{len}");
    }
}

#[test]
fn an_unwritable_card_leaves_nothing() {
    let layout = with_portrait().chip;
    let keys = software(&layout);
    let writer = CpsWriter::new(&layout, Some(&keys)).ok().unwrap();
    let request = KeyRequest::new(&card(1), profile().keys, None).unwrap();
    let derived = writer.derive(&[request]).unwrap();
    let mut out = b"before".to_vec();
    let good = image_with_portrait(&card(1), &layout, Some(b"jpeg")).unwrap();
    let mut short = card(1);
    short.number.pop();
    assert!(writer.card(&short, &good, &derived, 0, &mut out).is_err());
    assert!(matches!(writer.card(&card(1), &good, &derived, 1, &mut out), Err(CpsFault::Keys(_))), "keys of no such card");
    let mut bad = good.clone();
    for bytes in [0, 65_000, 65_536] {
        bad.files.iter_mut().find(|f| f.sfi == 8).unwrap().content = Content::Transparent(vec![0; bytes]);
        assert!(writer.card(&card(1), &bad, &derived, 0, &mut out).is_err(), "{bytes}");
    }
    for change in [|i: &mut ChipImage| i.files[0].access.read = Permission::Key(0x0F), |i: &mut ChipImage| i.files[0].folder.push(0)] {
        let mut bad = good.clone();
        change(&mut bad);
        assert!(writer.card(&card(1), &bad, &derived, 0, &mut out).is_err());
    }
    assert_eq!(out, b"before");
    assert!(writer.card(&card(1), &good, &derived, 0, &mut out).is_ok());
}

#[test]
fn access_that_cannot_be_expressed_is_refused() {
    let refused = |change: &dyn Fn(&mut ChipLayout)| {
        let mut layout = profile().chip;
        let keys = software(&layout);
        change(&mut layout);
        CpsWriter::new(&layout, Some(&keys)).is_err()
    };
    assert!(!refused(&|l| l.file[0].access.read = Condition::Never));
    assert!(refused(&|l| l.file[0].access.read = Condition::Key("UKDF01".to_owned())), "a key of another folder");
    assert!(refused(&|l| l.file[0].access.read = Condition::Key("NONE".to_owned())));
    assert!(refused(&|l| l.key[1].id = "0F".to_owned()), "no security environment has that number");
}
