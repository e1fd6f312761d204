//! Keys of test cards, and the little a script does with them. Keys of a plant are another type and never become these.

use crate::sm::{SM4_BLOCK_BYTES, Sm4Key};

pub const KEY_BYTES: usize = 16;
/// A challenge is one block of the cipher.
pub const CHALLENGE_BYTES: usize = SM4_BLOCK_BYTES;
/// Leftmost bytes of a block of zeros under the key.
pub(super) const CHECK_BYTES: usize = 3;

/// A key that stands in a script as it is, because it guards nothing. No `Debug` all the same.
#[derive(Clone, PartialEq, Eq)]
pub struct TestKey(pub [u8; KEY_BYTES]);

/// What a script for a card with keys needs. Made from keys somebody declares to be for tests: there is no way here from a key store.
#[derive(Clone)]
pub struct TestKeys {
    /// The blank card's: what the others are sent under.
    pub transport: TestKey,
    /// By the names of the profile's `[[chip.key]]`.
    pub card: Vec<(String, TestKey)>,
}

impl TestKeys {
    pub(super) fn find(&self, name: &str) -> Option<&TestKey> {
        self.card.iter().find(|(n, _)| n == name).map(|(_, key)| key)
    }
}

/// The challenge under the key: one block of SM4.
#[must_use]
pub fn cryptogram(key: &TestKey, challenge: [u8; CHALLENGE_BYTES]) -> [u8; SM4_BLOCK_BYTES] {
    let mut block = challenge;
    Sm4Key::of(&key.0).encrypt_block(&mut block);
    block
}

pub(super) fn check_value(key: &TestKey) -> [u8; CHECK_BYTES] {
    let [a, b, c, ..] = cryptogram(key, [0; SM4_BLOCK_BYTES]);
    [a, b, c]
}
