//! From a master key to a card's, in two levels, and the check value that tells one key from another (card-and-rules.md 6.4–6.6).
//! SM4 keys make SM4 keys and 3DES keys 3DES keys; what the factors are is the profile's and the caller's business.

use card::profile::chip::KeyAlgorithm;
use des::TdesEde2;
use sm4::Sm4;
use sm4::cipher::{BlockCipherEncrypt as _, KeyInit as _};
use zeroize::Zeroizing;

use crate::secret::{Key16, Place};

pub const FACTOR_BYTES: usize = 8;
pub const CHECK_BYTES: usize = 3;
/// Ends the first level's factor, after the six digits of the city: 社会保障, "sx".
pub const FIRST_LEVEL_END: &[u8; 2] = b"sx";

/// The first level's factor: a city's keys.
#[must_use]
pub fn first_factor(city: &[u8; 6]) -> [u8; FACTOR_BYTES] {
    let mut factor = [0; FACTOR_BYTES];
    factor[..6].copy_from_slice(city);
    factor[6..].copy_from_slice(FIRST_LEVEL_END);
    factor
}

/// What one step encrypts: the factor and its complement (6.5, 6.6).
#[must_use]
pub fn step_text(factor: &[u8; FACTOR_BYTES]) -> [u8; 16] {
    let mut text = [0; 16];
    text[..FACTOR_BYTES].copy_from_slice(factor);
    text[FACTOR_BYTES..].copy_from_slice(&factor.map(|b| !b));
    text
}

/// A key ready to derive others. Its schedule is wiped when dropped; boxed, so that moving it leaves no copy.
pub struct BlockKey(Box<Schedule>);

enum Schedule {
    Sm4(Sm4),
    TripleDes(TdesEde2),
}

impl Schedule {
    fn new(algorithm: KeyAlgorithm, key: &[u8; 16]) -> Self {
        match algorithm {
            KeyAlgorithm::Sm4 => Self::Sm4(Sm4::new(key.into())),
            KeyAlgorithm::TripleDes => Self::TripleDes(TdesEde2::new(key.into())),
        }
    }

    /// SM4: E(factor ‖ not factor), one block (6.6). 3DES: E(factor) ‖ E(not factor), two blocks (6.5).
    fn step(&self, factor: &[u8; FACTOR_BYTES], out: &mut [u8; 16]) {
        *out = step_text(factor);
        match self {
            Self::Sm4(cipher) => cipher.encrypt_block(out.into()),
            Self::TripleDes(cipher) => out.as_chunks_mut::<8>().0.iter_mut().for_each(|half| cipher.encrypt_block(half.into())),
        }
    }

    fn check(&self) -> [u8; CHECK_BYTES] {
        let mut block = [0; 16];
        match self {
            Self::Sm4(cipher) => cipher.encrypt_block((&mut block).into()),
            Self::TripleDes(cipher) => cipher.encrypt_block((&mut block.as_chunks_mut::<8>().0[0]).into()),
        }
        [block[0], block[1], block[2]]
    }
}

impl BlockKey {
    #[must_use]
    pub fn new(algorithm: KeyAlgorithm, key: &Key16) -> Self {
        Self(Box::new(Schedule::new(algorithm, key.expose())))
    }

    /// The key one level down, ready to derive others.
    #[must_use]
    pub fn below(&self, factor: &[u8; FACTOR_BYTES]) -> Self {
        let mut key = Zeroizing::new([0; 16]);
        self.derive(factor, &mut key);
        let algorithm = match *self.0 {
            Schedule::Sm4(_) => KeyAlgorithm::Sm4,
            Schedule::TripleDes(_) => KeyAlgorithm::TripleDes,
        };
        Self(Box::new(Schedule::new(algorithm, &key)))
    }

    /// The value of the key one level down. Whoever gives the room has to wipe it.
    pub(super) fn derive(&self, factor: &[u8; FACTOR_BYTES], out: &mut [u8; 16]) {
        self.0.step(factor, out);
    }

    /// The key one level down, to be wrapped at once.
    #[must_use]
    pub fn key_below(&self, factor: &[u8; FACTOR_BYTES]) -> Key16 {
        let mut key = Zeroizing::new([0; 16]);
        self.derive(factor, &mut key);
        Key16::take(&mut key)
    }

    /// Where it lies, for whoever locks memory.
    #[must_use]
    pub fn place(&self) -> Place {
        Place::of(&*self.0)
    }

    /// Its check value.
    #[must_use]
    pub fn check(&self) -> [u8; CHECK_BYTES] {
        self.0.check()
    }
}

/// Leftmost three bytes of a block of zeros under the key.
#[must_use]
pub fn check_value(algorithm: KeyAlgorithm, key: &Key16) -> [u8; CHECK_BYTES] {
    check_of(algorithm, key.expose())
}

pub(super) fn check_of(algorithm: KeyAlgorithm, key: &[u8; 16]) -> [u8; CHECK_BYTES] {
    Schedule::new(algorithm, key).check()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sm::Sm4Key;

    const MASTER: u128 = 0x0123_4567_89AB_CDEF_FEDC_BA98_7654_3210;

    fn key(value: u128) -> Key16 {
        Key16::take(&mut value.to_be_bytes())
    }

    #[test]
    fn the_first_factor_is_the_city_and_sx() {
        assert_eq!(first_factor(b"420100"), [0x34, 0x32, 0x30, 0x31, 0x30, 0x30, 0x73, 0x78]);
    }

    /// The published SM4 block: its text is a factor and its complement.
    #[test]
    fn an_sm4_step_is_one_block_of_factor_and_complement() {
        let factor = 0x0123_4567_89AB_CDEF_u64.to_be_bytes();
        let mut derived = [0; 16];
        BlockKey::new(KeyAlgorithm::Sm4, &key(MASTER)).derive(&factor, &mut derived);
        assert_eq!(u128::from_be_bytes(derived), 0x681E_DF34_D206_965E_86B3_E94F_536E_4246);
    }

    /// With equal halves 3DES is DES, and DES has its published vector: "Now is t" under 0123456789ABCDEF (FIPS 81).
    #[test]
    fn a_3des_step_is_two_blocks() {
        let master = key(0x0123_4567_89AB_CDEF_0123_4567_89AB_CDEF);
        let mut derived = [0; 16];
        BlockKey::new(KeyAlgorithm::TripleDes, &master).derive(b"Now is t", &mut derived);
        assert_eq!(derived[..8], 0x3FA4_0E8A_984D_4815_u64.to_be_bytes());
        // DES of the complement under the complemented key is the complement; so the other half is found from another key.
        let complement = key(0xFEDC_BA98_7654_3210_FEDC_BA98_7654_3210);
        let mut other = [0; 16];
        BlockKey::new(KeyAlgorithm::TripleDes, &complement).derive(b"Now is t", &mut other);
        assert_eq!(other[8..], derived[..8].iter().map(|b| !b).collect::<Vec<u8>>());
    }

    #[test]
    fn check_values_are_of_a_block_of_zeros() {
        let mut block = [0; 16];
        Sm4Key::new(&key(MASTER)).encrypt_block(&mut block);
        assert_eq!(check_value(KeyAlgorithm::Sm4, &key(MASTER)), block[..3]);
        // DES of zeros under 0123456789ABCDEF is D5D44FF720683D0D.
        assert_eq!(check_value(KeyAlgorithm::TripleDes, &key(0x0123_4567_89AB_CDEF_0123_4567_89AB_CDEF)), [0xD5, 0xD4, 0x4F]);
    }

    #[test]
    fn a_key_below_is_the_key_of_the_derived_value() {
        for algorithm in [KeyAlgorithm::Sm4, KeyAlgorithm::TripleDes] {
            let master = BlockKey::new(algorithm, &key(MASTER));
            let (city, card) = (first_factor(b"420100"), *b"H0000001");
            let (mut first, mut second) = ([0; 16], [0; 16]);
            master.derive(&city, &mut first);
            BlockKey::new(algorithm, &Key16::take(&mut first)).derive(&card, &mut second);
            let mut through = [0; 16];
            master.below(&city).derive(&card, &mut through);
            assert_eq!(through, second);
            assert_eq!(master.below(&city).below(&card).check(), check_value(algorithm, &Key16::take(&mut second)));
        }
    }
}
