//! Is `package.json` signed by the outlet it names? minisign, prehashed Ed25519 only: the older mode (`Ed`) is the same
//! scheme over the bare bytes, but a second way to sign is a second thing to confuse, and every minisign since 0.10 writes `ED`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use card::{Code, OutletCode, Reason};

use crate::package::keys::{ALGORITHM_KEY, ALGORITHM_PREHASHED, KeyId, shown};

const SIGNATURE_BYTES: usize = 74;
const PUBLIC_KEY_BYTES: usize = 42;

/// What the outlet register knows of a key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OutletKey {
    pub outlet: OutletCode,
    /// 56 characters of base64: the second line of a minisign public key file.
    pub public_key: String,
    /// `false`: expired, revoked, or its outlet is closed.
    pub in_force: bool,
}

/// Checks the signature of a manifest: `outlet` is the one the manifest names, `key_of` looks a key id up in the register.
/// Returns the id of the key that signed, as minisign shows it.
///
/// # Errors
/// SIG-01 … SIG-05.
pub fn verify(manifest: &[u8], signature: Option<&[u8]>, outlet: &OutletCode, key_of: impl FnOnce(KeyId) -> Option<OutletKey>) -> Result<String, Reason> {
    let (text, key_id) = read(signature)?;
    let unknown = |what: &str| Reason::new(Code::Sig03, format!("key {}: {what}", shown(key_id)), "a key in the outlet register");
    let key = key_of(key_id).ok_or_else(|| unknown("not in the register"))?;
    if !key.in_force {
        return Err(unknown("not in force"));
    }
    if check_public_key(&key.public_key) != Ok(key_id) {
        return Err(unknown("unusable in the register"));
    }
    verify_with(manifest, text, &key.public_key).map_err(|what| Reason::new(Code::Sig02, what, "a good signature"))?;
    if key.outlet != *outlet {
        return Err(Reason::new(Code::Sig04, format!("key of {}", key.outlet), outlet.as_str()));
    }
    Ok(shown(key_id))
}

/// The signature's text and the key it says it was made with, nothing verified.
///
/// # Errors
/// SIG-01, SIG-05.
pub fn read(signature: Option<&[u8]>) -> Result<(&str, KeyId), Reason> {
    let bytes = signature.ok_or_else(|| Reason::new(Code::Sig01, "no package.json.minisig", "a minisign signature"))?;
    let text = std::str::from_utf8(bytes).map_err(|_| sig05("not text"))?;
    signing_key(text).map(|key_id| (text, key_id))
}

/// `public_key`: 56 characters of base64.
///
/// # Errors
/// The signature isn't one of this message by this key, or either can't be read.
pub fn verify_with(manifest: &[u8], text: &str, public_key: &str) -> Result<(), &'static str> {
    let signature = minisign_verify::Signature::decode(text).map_err(|_| "the file can't be read")?;
    let key = minisign_verify::PublicKey::from_base64(public_key).map_err(|_| "the key can't be read")?;
    key.verify(manifest, &signature, false).map_err(|_| "manifest or comment were changed, or another key signed")
}

/// The key a signature file says it was made with; refuses every kind but minisign's prehashed Ed25519 in its four lines.
fn signing_key(text: &str) -> Result<KeyId, Reason> {
    let lines: Vec<&str> = text.lines().collect();
    let [untrusted, signature, trusted, global] = lines[..] else { return Err(sig05(&format!("{} lines", lines.len()))) };
    if !untrusted.starts_with("untrusted comment:") || !trusted.starts_with("trusted comment: ") {
        return Err(sig05("no comment lines"));
    }
    let bytes = STANDARD.decode(signature).map_err(|_| sig05("not base64"))?;
    if bytes.len() != SIGNATURE_BYTES || STANDARD.decode(global).map(|g| g.len()) != Ok(64) {
        return Err(sig05("signatures of another length"));
    }
    if bytes[..2] == ALGORITHM_KEY {
        return Err(sig05("legacy mode \"Ed\" (minisign -l)"));
    }
    if bytes[..2] != ALGORITHM_PREHASHED {
        return Err(sig05(&format!("algorithm 0x{:02x}{:02x}", bytes[0], bytes[1])));
    }
    Ok(key_id_of(&bytes))
}

fn sig05(what: &str) -> Reason {
    Reason::new(Code::Sig05, what, "minisign, prehashed Ed25519 (\"ED\")")
}

/// Checks a public key for the outlet register and returns its id: minisign, a point of the curve, not one of the few weak ones
/// under which a signature of anything verifies.
///
/// # Errors
/// What is wrong with it.
pub fn check_public_key(text: &str) -> Result<KeyId, String> {
    let bytes = STANDARD.decode(text.trim()).map_err(|_| "not base64".to_owned())?;
    if bytes.len() != PUBLIC_KEY_BYTES || bytes[..2] != ALGORITHM_KEY {
        return Err("not a minisign public key".to_owned());
    }
    let point = ed25519_compact::PublicKey::from_slice(&bytes[10..]).map_err(|_| "not a minisign public key".to_owned())?;
    point.validate().map_err(|_| "a weak or malformed key".to_owned())?;
    Ok(key_id_of(&bytes))
}

fn key_id_of(bytes: &[u8]) -> KeyId {
    let mut id = [0; 8];
    id.copy_from_slice(&bytes[2..10]);
    id
}
