//! What is cut off, changed, moved or never written is refused; under right checksums too.

use card::profile::chip::KeyAlgorithm;
use proptest::prelude::*;

use super::*;
use crate::cps::bytes::{Cursor, put_group};

/// A change with right checksums again: of one card's bytes from `CARD` on.
fn changed(file: &[u8], change: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
    let header = CpsReader::open(file).unwrap();
    let start = file.len() - header_rest(file);
    let mut out = file[..start].to_vec();
    for (n, one) in read(file).unwrap().iter().enumerate() {
        let whole = one.sealed.as_ptr() as usize - file.as_ptr() as usize;
        let end = if n + 1 < header.count as usize { next_card(file, whole) } else { file.len() };
        let mut bytes = file[whole..end - 4].to_vec();
        if n == 0 {
            change(&mut bytes);
        }
        out.extend_from_slice(&bytes);
        out.extend_from_slice(&crc32c::crc32c(&bytes).to_be_bytes());
    }
    out
}

/// Bytes after the header.
fn header_rest(file: &[u8]) -> usize {
    let keys = usize::from(u16::from_be_bytes([file[28], file[29]]));
    file.len() - 30 - keys - 4
}

/// Envelope 53, version 4, length 2, then so many bytes and the checksum.
fn next_card(file: &[u8], at: usize) -> usize {
    at + 59 + usize::from(u16::from_be_bytes([file[at + 57], file[at + 58]])) + 4
}

#[test]
fn every_cut_and_every_addition_is_seen() {
    let bytes = two();
    for end in 0..bytes.len() {
        assert!(read(&bytes[..end]).is_err(), "{end}");
    }
    assert!(read(&[&bytes[..], &[0]].concat()).err().unwrap().contains("after the last card"));
}

#[test]
fn every_wrong_byte_is_seen() {
    let good = two();
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 0x40;
        assert!(read(&bad).is_err(), "{at}");
    }
}

/// With right checksums, what isn't content still has to be exactly as it is written.
#[test]
fn every_wrong_byte_of_the_frame_is_seen_under_right_checksums() {
    let good = two();
    assert!(read(&changed(&good, |_| ())).is_ok(), "the test's own tool");
    let starts = good.len() - header_rest(&good);
    let stream = find(&good[starts..next_card(&good, starts)], &[0x00, 0x62, 22]);
    // CARD, batch, job; then everything from the version to the folder's template.
    for at in (0..20).chain(53..stream + 25) {
        assert!(read(&changed(&good, |card| card[at] ^= 0x01)).is_err(), "{at}");
    }
}

/// Takes a card's streams apart, lets a test change their groups, and puts the card together again with right lengths and checksum.
fn regrouped(change: impl Fn(&mut Vec<(u16, Vec<u8>)>)) -> Vec<u8> {
    let good = two();
    let cards = read(&good).unwrap();
    let stream = cards[0].modules[1].stream;
    let mut cursor = Cursor { rest: stream };
    let mut groups = Vec::new();
    while !cursor.rest.is_empty() {
        let (dgi, value) = cursor.group().unwrap();
        groups.push((dgi, value.to_vec()));
    }
    change(&mut groups);
    let mut again = Vec::new();
    groups.iter().for_each(|(dgi, value)| put_group(*dgi, value, &mut again).unwrap());
    assert!(again.len() >= 0x100, "one form of length is enough here");
    changed(&good, |card| {
        let at = find(card, stream);
        let grown = again.len() as isize - stream.len() as isize;
        card.splice(at..at + stream.len(), again.clone());
        // Lengths before the stream: BER, data, application, record.
        for place in [at - 2, at - 6, at - 54, 57] {
            let len = i16::from_be_bytes([card[place], card[place + 1]]) as isize + grown;
            card[place..place + 2].copy_from_slice(&(len as u16).to_be_bytes());
        }
    })
}

#[test]
fn groups_out_of_place_are_refused() {
    assert!(read(&regrouped(|_| ())).is_ok(), "the test's own tool");
    let at = |groups: &[(u16, Vec<u8>)], dgi: u16| groups.iter().position(|(d, _)| *d == dgi).unwrap();
    let refused: [(&str, &dyn Fn(&mut Vec<(u16, Vec<u8>)>)); 17] = [
        ("no MAC", &|g| drop(g.pop())),
        ("MAC twice", &|g| g.push(g.last().unwrap().clone())),
        ("MAC not last", &|g| {
            let last = g.len() - 1;
            g.swap(last, last - 1);
        }),
        ("short MAC", &|g| g.last_mut().unwrap().1.truncate(15)),
        ("no keys", &|g| drop(g.remove(at(g, DGI_KEYS)))),
        ("no checks", &|g| drop(g.remove(at(g, DGI_CHECKS)))),
        ("no templates", &|g| drop(g.remove(at(g, DGI_KEY_TEMPLATES)))),
        ("checks before keys", &|g| {
            let at = at(g, DGI_KEYS);
            g.swap(at, at + 1);
        }),
        ("a block too few", &|g| {
            let at = at(g, DGI_KEYS);
            g[at].1.truncate(16);
        }),
        ("a check too many", &|g| {
            let at = at(g, DGI_CHECKS);
            g[at].1.extend([1, 2, 3]);
        }),
        ("unknown group", &|g| g.insert(1, (0x8010, vec![1]))),
        ("a record of no file", &|g| g.insert(1, (0x0501, vec![1, 1, 1]))),
        ("a record twice", &|g| g.insert(2, g[2].clone())),
        ("a record missing", &|g| drop(g.remove(2))),
        ("a file made twice", &|g| g.insert(1, g[1].clone())),
        ("no folder", &|g| drop(g.remove(0))),
        ("its folder twice", &|g| g.insert(1, g[0].clone())),
    ];
    for (what, change) in refused {
        assert!(read(&regrouped(change)).is_err(), "{what}");
    }
}

#[test]
fn templates_that_are_never_written_are_refused() {
    let byte = |group: usize, at: usize, value: u8| read(&regrouped(|g| g[group].1[at] = value)).is_err();
    let file = 1; // 62 17 80 02 s s 82 05 05 01 l l n 83 02 i i 88 01 sfi 8C 03 03 u r
    for (at, value) in
        [(0, 0x6F), (1, 22), (3, 1), (5, 9), (8, 0x02), (9, 0x21), (11, 4), (12, 9), (19, 0x51), (19, 0), (22, 1), (23, 0x10), (24, 0x2F), (24, 0x20)]
    {
        assert!(byte(file, at, value), "{at}");
    }
    let templates = regrouped(|_| ());
    let last = read(&templates).unwrap()[0].modules[1].keys.clone().unwrap().keys[0].0;
    assert_eq!((last.id, last.version, last.algorithm), (0x0C, 1, KeyAlgorithm::Sm4));
    for (at, value) in [(0, 0xB8), (1, 14), (4, 0x20), (7, 2), (10, 8)] {
        assert!(read(&regrouped(|g| g.iter_mut().find(|(d, _)| *d == DGI_KEY_TEMPLATES).unwrap().1[at] = value)).is_err(), "{at}");
    }
}

#[test]
fn a_header_of_other_keys_is_refused() {
    let good = two();
    let header = |change: &dyn Fn(&mut Vec<u8>)| {
        let start = good.len() - header_rest(&good);
        let mut head = good[..start - 4].to_vec();
        change(&mut head);
        head.extend(crc32c::crc32c(&head).to_be_bytes());
        read(&[&head[..], &good[start..]].concat()).is_err()
    };
    assert!(!header(&|_| ()), "the test's own tool");
    assert!(header(&|h| h[7] = 1), "version 1");
    assert!(header(&|h| h[30] = 0x11), "a mode that is never taken");
    assert!(header(&|h| h[30] = 0x12), "another mode: the lists say otherwise");
    assert!(header(&|h| h[31] = 2), "another version of the transport key");
    assert!(header(&|h| h[33] ^= 1), "another check value");
    assert!(header(&|h| h[36] = b' '), "no label");
    assert!(header(&|h| h[42] = 9), "unknown MAC");
    assert!(header(&|h| drop(h.splice(28..54, [0, 2, 0, 0]))), "keys and MACs nobody declared");
    assert!(header(&|h| drop(h.splice(42..54, [0]))), "a length that isn't the keys'");
    assert!(
        header(&|h| {
            h.splice(42..54, [0]);
            h[29] = 13;
        }),
        "a MAC nobody declared"
    );
    assert!(header(&|h| h[27] = 3), "a card too few");
    assert!(header(&|h| h[27] = 1), "a card too many");
}

#[test]
fn the_same_cards_give_the_same_bytes_one_by_one_or_together() {
    let layout = profile().chip;
    let keys = software(&layout);
    let all = two();
    let alone = file_of(&[card(2)], &[image(&card(2), &layout).unwrap()], &layout, Some(&keys));
    assert!(all.ends_with(&alone[alone.len() - header_rest(&alone)..]));
}

#[test]
#[ignore = "writes fuzz/seeds/encode_cps: by hand, when the format has changed"]
fn write_fuzz_seeds() {
    let folder = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/seeds/encode_cps"));
    std::fs::create_dir_all(folder).unwrap();
    let pictured = with_portrait().chip;
    let picture = image_with_portrait(&card(1), &pictured, Some(&[7; 300])).unwrap();
    let pictured = file_of(&[card(1)], &[picture], &pictured, Some(&without_mac(&pictured)));
    for (name, first, file) in [("keys", 0, two()), ("as-it-is", 1, two()), ("no-keys", 0, two_of(&keyless(), None)), ("picture", 0, pictured)] {
        std::fs::write(folder.join(name), [&[first][..], &file].concat()).unwrap();
    }
}

proptest! {
    #[test]
    fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..200), at in 0usize..2_000) {
        let _ = read(&bytes);
        let mut good = two();
        let at = at % good.len();
        good.splice(at..at, bytes.iter().copied());
        prop_assert!(bytes.is_empty() || read(&good).is_err());
    }

    /// Under right checksums a change is refused, or changes only what the MAC is for: content, cryptograms, identity.
    #[test]
    fn changes_under_right_checksums_are_answered(at in 0usize..2_000, byte in any::<u8>()) {
        let good = two();
        let bad = changed(&good, |card| {
            let at = at % card.len();
            card[at] = byte;
        });
        if let Ok(cards) = read(&bad) {
            let mac = Sm4Key::new(&key(MAC)).cmac(cards[0].sealed);
            prop_assert!(bad == good || cards[0].mac != Some(&mac));
        }
    }

    #[test]
    fn groups_read_back_whatever_their_length(lens in proptest::collection::vec(1usize..700, 0..8)) {
        let mut stream = Vec::new();
        lens.iter().for_each(|len| put_group(0x0801, &vec![1; *len], &mut stream).unwrap());
        let mut cursor = Cursor { rest: &stream };
        for len in &lens {
            prop_assert_eq!(cursor.group().unwrap().1.len(), *len);
        }
        prop_assert!(cursor.rest.is_empty());
    }

    #[test]
    fn lengths_longer_than_needed_are_refused(len in 0u16..255) {
        let value = vec![1; usize::from(len)];
        let group = [&[0x08, 0x01, 0xFF][..], &len.to_be_bytes(), &value].concat();
        let long = Cursor { rest: &group }.group().is_err();
        prop_assert!(long);
        let empty = Cursor { rest: &[0x08, 0x01, 0] }.group().is_err();
        prop_assert!(empty);
        let ber = [&[0x82][..], &len.to_be_bytes(), &value].concat();
        let long = Cursor { rest: &ber }.part_ber().is_err();
        prop_assert!(long);
        let ber = [&[0x81, len as u8][..], &value].concat();
        prop_assert_eq!(Cursor { rest: &ber }.part_ber().is_ok(), len >= 0x80);
    }
}
