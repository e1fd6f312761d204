//! SM2 keys in PEM: the issuer's public one, and a signer that has the secret one in memory, for rehearsals and plants without a module.

use std::hint::black_box;

use card::profile::chip::PERMIT_SIGNATURE_BYTES;
use sm2::dsa::signature::{Signer as _, Verifier as _};
use sm2::dsa::{Signature, SigningKey, VerifyingKey};
use sm2::elliptic_curve::sec1::ToSec1Point as _;
use sm2::pkcs8::{DecodePrivateKey as _, DecodePublicKey as _, EncodePublicKey as _, LineEnding};
use sm2::{PublicKey, SecretKey};

use super::{DISTID, PermitSigner, SignFault};
use crate::keys::CHECK_BYTES;
use crate::secret::{Place, Sm2Secret};
use crate::sm::sm3;

/// The public key permits are checked with.
pub struct IssuerKey(VerifyingKey);

impl IssuerKey {
    /// Reads `-----BEGIN PUBLIC KEY-----` (SPKI) of a key on the curve of SM2.
    ///
    /// # Errors
    /// It isn't one.
    pub fn from_pem(pem: &str) -> Result<Self, String> {
        let wrong = |_| "not an SM2 public key in PEM".to_owned();
        let key = PublicKey::from_public_key_pem(pem).map_err(wrong)?;
        VerifyingKey::new(DISTID, key).map(Self).map_err(|_| "not an SM2 public key in PEM".to_owned())
    }

    /// As [`IssuerKey::from_pem`] reads it.
    ///
    /// # Errors
    /// None that is known.
    pub fn to_pem(&self) -> Result<String, String> {
        PublicKey::from(&self.0).to_public_key_pem(LineEnding::LF).map_err(|e| e.to_string())
    }

    /// Tells one key from another: the leftmost three bytes of SM3 of its point, uncompressed.
    #[must_use]
    pub fn check_value(&self) -> [u8; CHECK_BYTES] {
        let [a, b, c, ..] = sm3(PublicKey::from(&self.0).to_sec1_point(false).as_bytes());
        [a, b, c]
    }

    pub(super) fn made(&self, message: &[u8], signature: &[u8]) -> bool {
        Signature::from_slice(signature).is_ok_and(|signature| self.0.verify(message, &signature).is_ok())
    }
}

/// Signs with a key in memory. The same message gets the same signature: its nonce is derived from key and message, as RFC 6979 does,
/// with SM3. No `Debug`.
pub struct SoftwareSigner {
    key: Box<SigningKey>,
    certificate: String,
}

impl SoftwareSigner {
    /// Reads `-----BEGIN PRIVATE KEY-----` (PKCS#8, unencrypted). Wiping the text is the caller's business.
    ///
    /// # Errors
    /// It isn't an SM2 key.
    pub fn from_pem(pem: &str, certificate: &str) -> Result<Self, String> {
        let wrong = || "not an SM2 private key in PEM".to_owned();
        let secret = SecretKey::from_pkcs8_pem(pem).map_err(|_| wrong())?;
        let key = SigningKey::new(DISTID, &secret).map_err(|_| wrong())?;
        Ok(Self { key: Box::new(key), certificate: certificate.to_owned() })
    }

    /// Where the key lies, for whoever locks memory.
    #[must_use]
    pub fn place(&self) -> Place {
        Place::of(&*self.key)
    }

    /// Of the secret half alone, as a key store holds it.
    ///
    /// # Errors
    /// It isn't a number from 1 to the order of the curve less 1.
    pub fn new(secret: &Sm2Secret, certificate: &str) -> Result<Self, String> {
        let key = SigningKey::from_slice(DISTID, secret.expose()).map_err(|_| "not an SM2 private key".to_owned())?;
        Ok(Self { key: Box::new(key), certificate: certificate.to_owned() })
    }

    /// What the cards it signs are checked with.
    #[must_use]
    pub fn issuer_key(&self) -> IssuerKey {
        IssuerKey(self.key.verifying_key().clone())
    }
}

impl PermitSigner for SoftwareSigner {
    fn sign(&self, message: &[u8]) -> Result<[u8; PERMIT_SIGNATURE_BYTES], SignFault> {
        let signature: Signature = self.key.try_sign(message).map_err(|_| SignFault("the key can't sign".to_owned()))?;
        signature.to_bytes().as_slice().try_into().map_err(|_| SignFault("a signature of another length".to_owned()))
    }

    fn certificate(&self) -> &str {
        &self.certificate
    }
}

/// The library wipes secret keys but not signing keys: another key is written over this one.
impl Drop for SoftwareSigner {
    fn drop(&mut self) {
        let mut one = [0; 32];
        one[31] = 1;
        if let Ok(other) = SigningKey::from_slice(DISTID, &one) {
            *self.key = other;
            black_box(&self.key);
        }
    }
}
