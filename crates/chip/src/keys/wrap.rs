//! Card keys wrapped under an AES-256 key, as hardware modules do it: RFC 5649 (NIST SP 800-38F, KWP).

use aes_kw::{KeyInit as _, KwpAes256};
use zeroize::Zeroizing;

use crate::secret::{Kek, Key16};

/// Bytes of a wrapped 16-byte key.
pub const WRAPPED_BYTES: usize = 24;

/// A 16-byte key, wrapped.
#[must_use]
pub fn wrap_key(kek: &Kek, key: &Key16) -> [u8; WRAPPED_BYTES] {
    let mut wrapped = [0; WRAPPED_BYTES];
    KwpAes256::new(kek.expose().into()).wrap_key(key.expose(), &mut wrapped).expect("the room is 8 bytes more than the key");
    wrapped
}

/// The key in `wrapped`; `None` if it was wrapped with another one, was changed or isn't of 16 bytes.
#[must_use]
pub fn unwrap_key(kek: &Kek, wrapped: &[u8; WRAPPED_BYTES]) -> Option<Key16> {
    let mut room = Zeroizing::new([0; WRAPPED_BYTES]);
    let key = KwpAes256::new(kek.expose().into()).unwrap_key(wrapped, &mut *room).ok()?;
    let mut key = Zeroizing::new(<[u8; 16]>::try_from(key).ok()?);
    Some(Key16::take(&mut key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use aes_kw::KwpAes192;

    fn hex(text: &str) -> Vec<u8> {
        text.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
    }

    /// RFC 5649 §6 has two examples, both with a key of 192 bits.
    #[test]
    fn the_rfcs_examples() {
        let kek = KwpAes192::new(hex("5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8")[..].try_into().unwrap());
        for (key, wrapped) in [
            ("c37b7e6492584340bed12207808941155068f738", "138bdeaa9b8fa7fc61f97742e72248ee5ae6ae5360d1ae6a5f54f373fa543b6a"),
            ("466f7250617369", "afbeb0f07dfbf5419200f2ccb50bb24f"),
        ] {
            let mut room = [0; 32];
            assert_eq!(kek.wrap_key(&hex(key), &mut room).unwrap(), hex(wrapped));
            assert_eq!(kek.unwrap_key(&hex(wrapped), &mut room).unwrap(), hex(key));
        }
    }

    /// `openssl enc -id-aes256-wrap-pad -iv A65959A6` of OpenSSL 3.0.
    #[test]
    fn openssls_wrap() {
        let wrapped = wrap_key(&Kek::take(&mut [3; 32]), &Key16::take(&mut [5; 16]));
        assert_eq!(wrapped[..], hex("6ad4e94c68903293e41665a70e28a678a5577f41beb6724f"));
    }

    #[test]
    fn a_key_comes_back_and_a_changed_one_does_not() {
        let (kek, key) = (Kek::take(&mut [3; 32]), Key16::take(&mut [5; 16]));
        let wrapped = wrap_key(&kek, &key);
        assert!(unwrap_key(&kek, &wrapped).is_some_and(|k| k.same(&key)));
        assert!(unwrap_key(&Kek::take(&mut [4; 32]), &wrapped).is_none());
        for bit in 0..WRAPPED_BYTES * 8 {
            let mut changed = wrapped;
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(unwrap_key(&kek, &changed).is_none(), "{bit}");
        }
    }

    /// A wrap of another length has the same number of bytes, and isn't taken.
    #[test]
    fn shorter_keys_are_refused() {
        let mut wrapped = [0; WRAPPED_BYTES];
        KwpAes256::new(&[3; 32].into()).wrap_key(&[5; 15], &mut wrapped).unwrap();
        assert!(unwrap_key(&Kek::take(&mut [3; 32]), &wrapped).is_none());
    }
}
