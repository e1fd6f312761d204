//! What is asked of a token, by the numbers of PKCS#11. The crate `cryptoki` has names for many mechanisms, not for these, and none for SM4.

use std::ffi::c_ulong;

use card::profile::chip::KeyAlgorithm;
use chip::keys::KeyFault;
use cryptoki::context::Pkcs11;
use cryptoki::mechanism::misc::KeyDerivationStringData;
use cryptoki::mechanism::vendor_defined::VendorDefinedMechanism;
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::KeyType;
use cryptoki::slot::Slot;

use crate::token_keys::Sm4Numbers;

const DES3_ECB: c_ulong = 0x0132;
const DES3_ECB_ENCRYPT_DATA: c_ulong = 0x1102;
const AES_ECB: c_ulong = 0x1081;
const AES_CMAC: c_ulong = 0x108A;
/// RFC 5649 in PKCS#11 3.0; and the older number some tokens have it under.
const AES_KEY_WRAP: [c_ulong; 2] = [0x210B, 0x210A];

/// A mechanism without parameters, or the type of one.
#[derive(Clone, Copy)]
pub struct Asked {
    kind: MechanismType,
}

impl Asked {
    /// `None` if the token hasn't it.
    fn of(context: &Pkcs11, slot: Slot, number: c_ulong) -> Option<Self> {
        let kind = by_number(number);
        context.get_mechanism_info(slot, kind).ok().map(|_| Self { kind })
    }

    pub fn plain(self) -> Mechanism<'static> {
        Mechanism::VendorDefined(VendorDefinedMechanism::new::<()>(self.kind, None))
    }

    /// Derivation by encrypting `text`.
    pub fn encrypting<'a>(self, text: &'a KeyDerivationStringData<'a>) -> Mechanism<'a> {
        Mechanism::VendorDefined(VendorDefinedMechanism::new(self.kind, Some(text)))
    }
}

#[allow(unsafe_code, reason = "the type is a transparent number, and has no constructor for numbers below the makers' own")]
fn by_number(number: c_ulong) -> MechanismType {
    // SAFETY: `MechanismType` is `#[repr(transparent)]` over a CK_MECHANISM_TYPE, which is a c_ulong; any value is valid. A size that differs
    // doesn't compile.
    unsafe { std::mem::transmute::<c_ulong, MechanismType>(number) }
}

/// How a cipher's keys are derived and used inside the token.
pub struct TokenCipher {
    pub key_type: KeyType,
    pub derive: Asked,
    pub encrypt: Asked,
    pub block_bytes: usize,
    /// The token sets the parity bits of such a key: what is wrapped has to be derived as bytes.
    pub has_parity: bool,
}

impl TokenCipher {
    /// # Errors
    /// What the token lacks.
    pub fn triple_des(context: &Pkcs11, slot: Slot) -> Result<Self, &'static str> {
        let derive = Asked::of(context, slot, DES3_ECB_ENCRYPT_DATA).ok_or("CKM_DES3_ECB_ENCRYPT_DATA")?;
        let encrypt = Asked::of(context, slot, DES3_ECB).ok_or("CKM_DES3_ECB")?;
        Ok(Self { key_type: KeyType::DES2, derive, encrypt, block_bytes: 8, has_parity: true })
    }

    /// # Errors
    /// What the token lacks.
    pub fn sm4(context: &Pkcs11, slot: Slot, numbers: Sm4Numbers) -> Result<Self, &'static str> {
        let key_type = KeyType::try_from(numbers.key_type as c_ulong).map_err(|_| "SM4 key type of the configuration's number")?;
        let derive = Asked::of(context, slot, numbers.derive as c_ulong).ok_or("SM4 derivation of the configuration's number")?;
        let encrypt = Asked::of(context, slot, numbers.encrypt as c_ulong).ok_or("SM4 encryption of the configuration's number")?;
        Ok(Self { key_type, derive, encrypt, block_bytes: 16, has_parity: false })
    }
}

pub fn lacks(what: &str) -> KeyFault {
    KeyFault::Lacks(what.to_owned())
}

/// What the token offers of what may be asked; each with the name it is missed under.
pub struct Offer {
    pub wrap: Result<Asked, &'static str>,
    pub mac: Result<Asked, &'static str>,
    pub aes: Result<Asked, &'static str>,
    pub triple_des: Result<TokenCipher, &'static str>,
    pub sm4: Option<Result<TokenCipher, &'static str>>,
}

impl Offer {
    pub fn of(context: &Pkcs11, slot: Slot, sm4: Option<Sm4Numbers>) -> Self {
        let wrap = AES_KEY_WRAP.iter().find_map(|number| Asked::of(context, slot, *number));
        Self {
            wrap: wrap.ok_or("CKM_AES_KEY_WRAP_KWP"),
            mac: Asked::of(context, slot, AES_CMAC).ok_or("CKM_AES_CMAC"),
            aes: Asked::of(context, slot, AES_ECB).ok_or("CKM_AES_ECB"),
            triple_des: TokenCipher::triple_des(context, slot),
            sm4: sm4.map(|numbers| TokenCipher::sm4(context, slot, numbers)),
        }
    }

    /// The cipher inside the token.
    ///
    /// # Errors
    /// The token lacks it; SM4 also where the configuration gives no numbers for it.
    pub fn cipher(&self, algorithm: KeyAlgorithm) -> Result<&TokenCipher, KeyFault> {
        let offered = match (algorithm, &self.sm4) {
            (KeyAlgorithm::TripleDes, _) => self.triple_des.as_ref(),
            (KeyAlgorithm::Sm4, Some(sm4)) => sm4.as_ref(),
            (KeyAlgorithm::Sm4, None) => Err(&"SM4 (the configuration gives no numbers for it)"),
        };
        offered.map_err(|what| lacks(what))
    }

    /// Whether keys of this cipher are looked for in the token; else they only come wrapped.
    pub fn is_asked_for(&self, algorithm: KeyAlgorithm) -> bool {
        algorithm == KeyAlgorithm::TripleDes || self.sm4.is_some()
    }
}
