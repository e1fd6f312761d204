//! Key values in memory: no `Debug`, no `Clone`, wiped when dropped, compared in constant time. Where they come from and whether their pages
//! are locked is the caller's business.

use subtle::ConstantTimeEq as _;
use zeroize::Zeroize as _;

/// Where a secret lies: an address and so many bytes, never what they are. It is good as long as the secret's owner lives.
#[derive(Clone, Copy)]
pub struct Place {
    pub address: *const u8,
    pub bytes: usize,
}

impl Place {
    pub(crate) fn of<T>(secret: &T) -> Self {
        Self { address: std::ptr::from_ref(secret).cast(), bytes: size_of::<T>() }
    }
}

/// A card's, master, batch, transport or MAC key: SM4, or 3DES with two keys.
pub type Key16 = Secret<16>;
/// A key that wraps others: AES-256.
pub type Kek = Secret<32>;
/// The secret half of an SM2 key: a number, big-endian.
pub type Sm2Secret = Secret<32>;

/// `N` secret bytes. They lie on the heap, so that moving the owner leaves no copy behind.
pub struct Secret<const N: usize>(Box<[u8; N]>);

impl<const N: usize> Secret<N> {
    /// Takes the bytes over: the source is wiped. Keys are made of the caller's entropy; this crate has none.
    #[must_use]
    pub fn take(source: &mut [u8; N]) -> Self {
        let mut held = Box::new([0; N]);
        held.copy_from_slice(source);
        source.zeroize();
        Self(held)
    }

    /// As [`Secret::take`], of a slice; `None` (the source wiped all the same) if it has another length.
    #[must_use]
    pub fn take_slice(source: &mut [u8]) -> Option<Self> {
        let mut held = Box::new([0; N]);
        let fits = source.len() == N;
        if fits {
            held.copy_from_slice(source);
        }
        source.zeroize();
        fits.then_some(Self(held))
    }

    /// The value itself, for a cipher or to be wrapped. Whoever copies it has to wipe the copy.
    #[must_use]
    pub fn expose(&self) -> &[u8; N] {
        &self.0
    }

    /// Whether two secrets are the same, in a time that doesn't say where they differ.
    #[must_use]
    pub fn same(&self, other: &Self) -> bool {
        self.0.as_slice().ct_eq(other.0.as_slice()).into()
    }
}

impl<const N: usize> Drop for Secret<N> {
    fn drop(&mut self) {
        self.0.as_mut_slice().zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_source_is_wiped_whether_it_fits_or_not() {
        let mut source = [7; 16];
        let key = Key16::take(&mut source);
        assert_eq!((source, key.expose()), ([0; 16], &[7; 16]));
        let mut long = [7; 17];
        assert!(Key16::take_slice(&mut long).is_none());
        assert_eq!(long, [0; 17]);
        let mut fits = [7; 16];
        assert!(Key16::take_slice(&mut fits).is_some_and(|k| k.same(&key)));
        assert!(!Key16::take(&mut [8; 16]).same(&key));
    }
}
