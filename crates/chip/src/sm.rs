//! The Chinese ciphers as this crate uses them: SM3, and SM4 as a block, in CBC without padding, and as a CMAC. RustCrypto does the work.

use cbc::{Decryptor, Encryptor};
use cmac::{Cmac, Mac as _};
use sm3::{Digest as _, Sm3};
use sm4::Sm4;
use sm4::cipher::{Array, BlockCipherDecrypt as _, BlockCipherEncrypt as _, BlockModeDecrypt as _, BlockModeEncrypt as _, InnerIvInit as _, KeyInit as _};

use crate::secret::{Key16, Place};

/// Bytes of an SM4 block, and of its CMAC.
pub const SM4_BLOCK_BYTES: usize = 16;

/// SM3 of some bytes (GB/T 32905-2016).
#[must_use]
pub fn sm3(bytes: &[u8]) -> [u8; 32] {
    Sm3::digest(bytes).into()
}

/// An SM4 key ready for use (GB/T 32907-2016). Its schedule is wiped when dropped; boxed, so that moving it leaves no copy.
pub struct Sm4Key(Box<Sm4>);

impl Sm4Key {
    #[must_use]
    pub fn new(key: &Key16) -> Self {
        Self::of(key.expose())
    }

    /// Of bytes that are wiped elsewhere.
    pub(crate) fn of(key: &[u8; 16]) -> Self {
        Self(Box::new(Sm4::new(key.into())))
    }

    /// Where it lies, for whoever locks memory.
    #[must_use]
    pub fn place(&self) -> Place {
        Place::of(&*self.0)
    }

    /// One block, in place (GB/T 17964-2021: ECB).
    pub fn encrypt_block(&self, block: &mut [u8; SM4_BLOCK_BYTES]) {
        self.0.encrypt_block(block.into());
    }

    pub fn decrypt_block(&self, block: &mut [u8; SM4_BLOCK_BYTES]) {
        self.0.decrypt_block(block.into());
    }

    /// CBC without padding, in place (GB/T 17964-2021).
    ///
    /// # Errors
    /// The text isn't whole blocks; it is left as it was.
    pub fn encrypt_cbc(&self, iv: &[u8; SM4_BLOCK_BYTES], text: &mut [u8]) -> Result<(), NotWholeBlocks> {
        let (blocks, []) = Array::slice_as_chunks_mut(text) else { return Err(NotWholeBlocks) };
        Encryptor::inner_iv_init(&*self.0, iv.into()).encrypt_blocks(blocks);
        Ok(())
    }

    /// The other way.
    ///
    /// # Errors
    /// As [`Sm4Key::encrypt_cbc`].
    pub fn decrypt_cbc(&self, iv: &[u8; SM4_BLOCK_BYTES], text: &mut [u8]) -> Result<(), NotWholeBlocks> {
        let (blocks, []) = Array::slice_as_chunks_mut(text) else { return Err(NotWholeBlocks) };
        Decryptor::inner_iv_init(&*self.0, iv.into()).decrypt_blocks(blocks);
        Ok(())
    }

    /// CMAC of some bytes (GB/T 15852.1-2020, MAC algorithm 5; NIST SP 800-38B with SM4).
    #[must_use]
    pub fn cmac(&self, bytes: &[u8]) -> [u8; SM4_BLOCK_BYTES] {
        let mut mac = <Cmac<Sm4> as cmac::digest::common::InnerInit>::inner_init((*self.0).clone());
        mac.update(bytes);
        mac.finalize().into_bytes().into()
    }
}

/// A text for CBC isn't a multiple of 16 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NotWholeBlocks;

impl std::fmt::Display for NotWholeBlocks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "not a multiple of {SM4_BLOCK_BYTES} bytes")
    }
}

impl std::error::Error for NotWholeBlocks {}

#[cfg(test)]
mod tests {
    use super::*;

    /// Key and text of the example in GB/T 32907-2016, annex A.
    const EXAMPLE: [u8; 16] = 0x0123_4567_89AB_CDEF_FEDC_BA98_7654_3210_u128.to_be_bytes();

    #[test]
    fn sm3_of_the_standard() {
        let hex = |bytes: [u8; 32]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
        assert_eq!(hex(sm3(b"abc")), "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0");
        assert_eq!(hex(sm3(&b"abcd".repeat(16))), "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732");
    }

    #[test]
    fn sm4_of_the_standard() {
        let key = Sm4Key::of(&EXAMPLE);
        let mut block = EXAMPLE;
        key.encrypt_block(&mut block);
        assert_eq!(u128::from_be_bytes(block), 0x681E_DF34_D206_965E_86B3_E94F_536E_4246);
        key.decrypt_block(&mut block);
        assert_eq!(block, EXAMPLE);
    }

    /// The second example: a million times.
    #[test]
    fn sm4_of_the_standard_a_million_times() {
        let key = Sm4Key::of(&EXAMPLE);
        let mut block = EXAMPLE;
        (0..1_000_000).for_each(|_| key.encrypt_block(&mut block));
        assert_eq!(u128::from_be_bytes(block), 0x5952_98C7_C6FD_271F_0402_F804_C33D_3F66);
    }

    /// CBC is what its definition says, block by block.
    #[test]
    fn cbc_chains_its_blocks_and_reads_back() {
        let key = Sm4Key::of(&EXAMPLE);
        let (iv, plain) = ([9; 16], [1_u8; 48]);
        let mut text = plain;
        key.encrypt_cbc(&iv, &mut text).unwrap();
        let mut before = iv;
        for (cipher, plain) in text.as_chunks::<16>().0.iter().zip(plain.as_chunks::<16>().0) {
            let mut block: [u8; 16] = std::array::from_fn(|i| plain[i] ^ before[i]);
            key.encrypt_block(&mut block);
            assert_eq!(&block, cipher);
            before = block;
        }
        key.decrypt_cbc(&iv, &mut text).unwrap();
        assert_eq!(text, plain);
        let mut odd = [5; 17];
        assert!(key.encrypt_cbc(&iv, &mut odd).is_err() && key.decrypt_cbc(&iv, &mut odd).is_err());
        assert_eq!(odd, [5; 17]);
    }

    /// CMAC is what its definition says for one whole block: the text, and the first subkey, encrypted.
    #[test]
    fn cmac_of_one_block() {
        let key = Sm4Key::of(&EXAMPLE);
        let mut subkey = [0; 16];
        key.encrypt_block(&mut subkey);
        let doubled = u128::from_be_bytes(subkey) << 1 ^ if subkey[0] & 0x80 == 0 { 0 } else { 0x87 };
        let mut wanted = (u128::from_be_bytes(EXAMPLE) ^ doubled).to_be_bytes();
        key.encrypt_block(&mut wanted);
        assert_eq!(key.cmac(&EXAMPLE), wanted);
        assert_ne!(key.cmac(&EXAMPLE[..15]), wanted);
    }
}
