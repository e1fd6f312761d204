//! Keys in software and one job's encode file: what the benches of encoding share.

use std::hint::black_box;

use card::profile::chip::KeyAlgorithm;
use card::{Card, Profile};
use chip::cps::CpsWriter;
use chip::keys::{KeyMark, KeyRequest, SoftwareKeys, check_value};
use chip::permit::PermitSigner;
use chip::{FileTree, Key16, Parts};

pub fn keys(profile: &Profile) -> SoftwareKeys {
    let key = |n: u8| Key16::take(&mut [n; 16]);
    let mark = |label: &str, n: u8| KeyMark::new(label, 1, check_value(KeyAlgorithm::Sm4, &key(n))).expect("a label");
    let mut keys = SoftwareKeys::default();
    for (k, n) in profile.chip.key.iter().zip(1..) {
        keys.add_root(&mark(&k.name, n), k.algorithm, None, &key(n)).expect("its own check value");
    }
    keys.set_transport(&mark("TK", 100), &key(100)).expect("its own check value");
    keys.set_mac(&mark("MK", 101), &key(101)).expect("its own check value");
    keys
}

pub fn requests(cards: &[Card], profile: &Profile) -> Vec<KeyRequest> {
    cards.iter().map(|c| KeyRequest::new(c, profile.keys, None).expect("a division and a number")).collect()
}

/// One job's file as it leaves: a card's bytes are handed on and its buffer used again. Returns the bytes written.
pub fn job(cards: &[Card], profile: &Profile, tree: &FileTree, signer: Option<&dyn PermitSigner>, writer: &CpsWriter) -> usize {
    let derived = writer.derive(&requests(cards, profile)).expect("all keys are there");
    let mut out = Vec::new();
    writer.header(&cards[0].batch, cards[0].job, cards.len() as u32, &mut out);
    let mut bytes = out.len();
    for (n, card) in cards.iter().enumerate() {
        let image = tree.image(card, Parts { portrait: None, signer }).ok().expect("fits");
        out.clear();
        writer.card(card, &image, &derived, n, &mut out).expect("fits");
        bytes += black_box(&out).len();
    }
    bytes
}
