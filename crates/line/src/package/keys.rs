//! Outlet keys on the outlet's side: made from a seed, read from a `minisign` secret key file, used to sign. Signing is
//! deterministic (RFC 8032), unlike the `minisign` program's, so that equal input gives equal packages; either verifies the other's.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use blake2::Digest as _;

type Blake2b256 = blake2::Blake2b<blake2::digest::consts::U32>;

/// Eight bytes that name a key, in the order they are stored in.
pub type KeyId = [u8; 8];

pub(crate) const ALGORITHM_KEY: [u8; 2] = *b"Ed";
pub(crate) const ALGORITHM_PREHASHED: [u8; 2] = *b"ED";
const CHECKSUM: [u8; 2] = *b"B2";
/// Where key id, secret key and check sum lie in minisign's secret key: after three algorithm marks, salt and two limits.
const KEY_ID_AT: usize = 54;
const SECRET_AT: usize = 62;
const CHECKSUM_AT: usize = 126;
const SECRET_FILE_BYTES: usize = 158;

/// A key as `minisign` shows it: 16 hex digits.
#[must_use]
pub fn shown(key_id: KeyId) -> String {
    format!("{:016X}", u64::from_le_bytes(key_id))
}

/// A signing key, decrypted. No `Debug`; wiped when dropped.
pub struct SecretKey {
    key_id: KeyId,
    /// Seed and public point, as Ed25519 stores them.
    secret: zeroize::Zeroizing<[u8; 64]>,
}

impl SecretKey {
    /// The key of a 32-byte seed; the same seed gives the same key and key id. For tests and demonstrations.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        // Hashed first: Ed25519 refuses a seed of zeros, and a demonstration's seed is often a small number.
        let digest = card::Digest::of(&[b"cardline outlet key".as_slice(), seed].concat());
        let pair = ed25519_compact::KeyPair::from_seed(ed25519_compact::Seed::new(digest.0));
        let mut key_id = [0; 8];
        key_id.copy_from_slice(&card::Digest::of(pair.pk.as_slice()).0[..8]);
        Self { key_id, secret: zeroize::Zeroizing::new(*pair.sk) }
    }

    /// Reads the text of a minisign secret key file, with its password if it has one.
    ///
    /// # Errors
    /// Not such a file, a wrong or missing password, or a damaged key; the text names no part of the key.
    pub fn from_minisign(text: &str, password: Option<&str>) -> Result<Self, String> {
        let boxed = minisign::SecretKeyBox::from_string(text).map_err(|_| NOT_A_KEY.to_owned())?;
        let key = match password {
            Some(password) => minisign::SecretKey::from_box(boxed, Some(password.to_owned())).map_err(|e| e.to_string())?,
            None => return unencrypted(text).and_then(|bytes| Self::from_stored(&bytes)).ok_or_else(|| NEEDS_PASSWORD.to_owned()),
        };
        Self::from_stored(&key.to_bytes()).ok_or_else(|| NOT_A_KEY.to_owned())
    }

    /// Reads the text of a minisign secret key file, asking for its password at the terminal if it has one.
    ///
    /// # Errors
    /// As [`SecretKey::from_minisign`]; there is no terminal.
    pub fn from_minisign_asking(text: &str) -> Result<Self, String> {
        if let Ok(key) = Self::from_minisign(text, None) {
            return Ok(key);
        }
        // Nobody is asked for the password of something that is no key.
        let stored = text.lines().nth(1).and_then(|line| STANDARD.decode(line.trim()).ok()).map(zeroize::Zeroizing::new);
        if stored.is_none_or(|bytes| bytes.len() != SECRET_FILE_BYTES) {
            return Err(NOT_A_KEY.to_owned());
        }
        let boxed = minisign::SecretKeyBox::from_string(text).map_err(|_| NOT_A_KEY.to_owned())?;
        let key = minisign::SecretKey::from_box(boxed, None).map_err(|e| e.to_string())?;
        Self::from_stored(&key.to_bytes()).ok_or_else(|| NOT_A_KEY.to_owned())
    }

    fn from_stored(bytes: &[u8]) -> Option<Self> {
        let key_id = bytes.get(KEY_ID_AT..SECRET_AT)?.try_into().ok()?;
        let secret: [u8; 64] = bytes.get(SECRET_AT..CHECKSUM_AT)?.try_into().ok()?;
        Some(Self { key_id, secret: zeroize::Zeroizing::new(secret) })
    }

    /// The text of an unencrypted minisign secret key file.
    #[must_use]
    pub fn to_minisign(&self) -> String {
        let mut bytes = vec![0; SECRET_FILE_BYTES];
        bytes[..2].copy_from_slice(&ALGORITHM_KEY);
        bytes[4..6].copy_from_slice(&CHECKSUM);
        bytes[KEY_ID_AT..SECRET_AT].copy_from_slice(&self.key_id);
        bytes[SECRET_AT..CHECKSUM_AT].copy_from_slice(&self.secret[..]);
        let sum = Blake2b256::new().chain_update(ALGORITHM_KEY).chain_update(&bytes[KEY_ID_AT..CHECKSUM_AT]).finalize();
        bytes[CHECKSUM_AT..].copy_from_slice(&sum);
        format!("untrusted comment: minisign unencrypted secret key {}\n{}\n", shown(self.key_id), STANDARD.encode(bytes))
    }

    #[must_use]
    pub fn key_id(&self) -> KeyId {
        self.key_id
    }

    fn point(&self) -> &[u8] {
        &self.secret[32..]
    }

    /// The public key as the outlet register holds it: 56 characters of base64.
    #[must_use]
    pub fn public_key(&self) -> String {
        STANDARD.encode([&ALGORITHM_KEY[..], &self.key_id, self.point()].concat())
    }

    /// The text of a minisign public key file.
    #[must_use]
    pub fn public_key_file(&self) -> String {
        format!("untrusted comment: minisign public key {}\n{}\n", shown(self.key_id), self.public_key())
    }

    /// The text of a `.minisig` file over `message`. `trusted_comment` is signed too; it must be one line.
    #[must_use]
    pub fn sign(&self, message: &[u8], trusted_comment: &str) -> String {
        let secret = ed25519_compact::SecretKey::new(*self.secret);
        let signature = secret.sign(blake2::Blake2b512::digest(message), None);
        let global = secret.sign([signature.as_slice(), trusted_comment.as_bytes()].concat(), None);
        let first = STANDARD.encode([&ALGORITHM_PREHASHED[..], &self.key_id, signature.as_slice()].concat());
        let comment = format!("untrusted comment: signature from key {}", shown(self.key_id));
        format!("{comment}\n{first}\ntrusted comment: {trusted_comment}\n{}\n", STANDARD.encode(global.as_slice()))
    }
}

/// The texts of a new key's two files: the secret one encrypted with a password (asked for at the terminal if there is none),
/// and the public one.
///
/// # Errors
/// No randomness, no terminal, or two passwords that differ.
pub fn new_encrypted(password: Option<&str>) -> Result<(zeroize::Zeroizing<String>, String), String> {
    let told = |e: minisign::PError| e.to_string();
    let pair = minisign::KeyPair::generate_encrypted_keypair(password.map(str::to_owned)).map_err(told)?;
    let secret = pair.sk.to_box(None).map_err(told)?.into_string();
    let public = pair.pk.to_box().map_err(told)?.into_string();
    Ok((zeroize::Zeroizing::new(secret), public))
}

/// The stored bytes of a key made with `minisign -W`. The crate refuses these: that program leaves their check sum empty.
fn unencrypted(text: &str) -> Option<Vec<u8>> {
    let bytes = STANDARD.decode(text.lines().nth(1)?.trim()).ok()?;
    let plain = bytes.len() == SECRET_FILE_BYTES && bytes[..2] == ALGORITHM_KEY && bytes[2..4] == [0, 0] && bytes[4..6] == CHECKSUM;
    let sum = Blake2b256::new().chain_update(ALGORITHM_KEY).chain_update(bytes.get(KEY_ID_AT..CHECKSUM_AT)?).finalize();
    let sound = bytes[CHECKSUM_AT..].iter().all(|b| *b == 0) || bytes[CHECKSUM_AT..] == sum[..];
    (plain && sound).then_some(bytes)
}

const NEEDS_PASSWORD: &str = "not an unencrypted minisign secret key file (a key with a password needs the password)";
const NOT_A_KEY: &str = "not a minisign secret key file";
