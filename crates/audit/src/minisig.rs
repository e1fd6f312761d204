//! minisign signatures: of packages by their outlets, of batch manifests by the plant. Verifying is `minisign-verify`'s; which key
//! counts is decided here.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minisign_verify::{PublicKey, Signature};

/// Id of the key a `.minisig` text says it was made with, as minisign shows it: 16 hex digits.
pub fn key_id(signature: &str) -> Option<String> {
    let bytes = STANDARD.decode(signature.lines().nth(1)?.trim()).ok()?;
    shown(bytes.get(2..10)?)
}

/// Id of a public key: 56 characters of base64, or a minisign public key file.
pub fn key_id_of_public(key: &str) -> Option<String> {
    shown(STANDARD.decode(base64_of(key)).ok()?.get(2..10)?)
}

/// Whether the file is the one text our own signer writes for its signature: minisign covers neither the comment above it nor
/// what follows it, so they are held to what they must be.
pub fn is_as_written(signature: &str) -> bool {
    let lines: Vec<&str> = signature.lines().collect();
    let [_, first, trusted, global] = lines[..] else { return false };
    let id = key_id(signature).unwrap_or_default();
    signature == format!("untrusted comment: signature from key {id}\n{first}\n{trusted}\n{global}\n")
}

fn shown(id: &[u8]) -> Option<String> {
    Some(format!("{:016X}", u64::from_le_bytes(id.try_into().ok()?)))
}

fn base64_of(key: &str) -> &str {
    key.trim().lines().last().unwrap_or("").trim()
}

/// Whether `signature` is one of `message` by `key`, in minisign's prehashed mode.
///
/// # Errors
/// What can't be read or doesn't fit.
pub fn verify(message: &[u8], signature: &str, key: &str) -> Result<(), &'static str> {
    // Base64 with stray bits would be a second text of one signature.
    let canonical = [1, 3].iter().all(|n| signature.lines().nth(*n).is_some_and(|line| STANDARD.decode(line).is_ok()));
    if !canonical {
        return Err("the signature can't be read");
    }
    let key = PublicKey::from_base64(base64_of(key)).map_err(|_| "the key can't be read")?;
    let signature = Signature::decode(signature).map_err(|_| "the signature can't be read")?;
    key.verify(message, &signature, false).map_err(|_| "the signature isn't one of this file")
}
