//! Keys for the tests of this crate.

use card::profile::chip::{ChipLayout, KeyAlgorithm};

use super::{KeyMark, SoftwareKeys, check_value};
use crate::secret::Key16;

pub const TRANSPORT: u8 = 100;
pub const MAC: u8 = 101;

pub fn key(n: u8) -> Key16 {
    Key16::take(&mut [n; 16])
}

pub fn mark(label: &str, algorithm: KeyAlgorithm, key: &Key16) -> KeyMark {
    KeyMark::new(label, 1, check_value(algorithm, key)).unwrap()
}

/// Master keys 1, 2 … in the layout's order, transport key 100.
pub fn without_mac(layout: &ChipLayout) -> SoftwareKeys {
    let mut keys = SoftwareKeys::default();
    for (n, k) in layout.key.iter().enumerate() {
        let master = key(n as u8 + 1);
        keys.add_root(&mark(&k.name, k.algorithm, &master), k.algorithm, None, &master).unwrap();
    }
    keys.set_transport(&mark("TK-DEV", KeyAlgorithm::Sm4, &key(TRANSPORT)), &key(TRANSPORT)).unwrap();
    keys
}

/// The same, and MAC key 101.
pub fn software(layout: &ChipLayout) -> SoftwareKeys {
    let mut keys = without_mac(layout);
    keys.set_mac(&mark("MK-DEV", KeyAlgorithm::Sm4, &key(MAC)), &key(MAC)).unwrap();
    keys
}
